//! Runs a chapter's program and sorts what it prints by block.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a block gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// What it printed.
    pub text: String,
    /// Whether more than the limit was printed, and the rest is not in `text`.
    pub cut: bool,
    /// Whether text was left without a line end: a notebook shows it with the next block, or not at all.
    pub unfinished: bool,
    /// What it displayed, by type.
    pub parts: BTreeMap<String, String>,
    /// The message that a block which has to panic did panic with.
    pub panic: Option<String>,
}

impl Output {
    /// What is said beside what it displayed: its caption (the first line) and the text for those who do not see it.
    pub fn words(&self) -> (&str, &str) {
        let text = self.parts.get("text/plain").map_or("", String::as_str);
        text.split_once('\n').unwrap_or((text, ""))
    }
}

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A panic: its message and its place in the program's source, where known.
    Panic(String, Option<(usize, usize)>),
    /// An error that `?` passed on, and its place.
    Error(String, Option<(usize, usize)>),
    /// It did not panic.
    Survived,
    /// The block ran for too long.
    Timeout,
    /// It printed more than this many bytes and did not stop.
    Endless(usize),
    /// It showed two parts of one type, of which a notebook keeps only the later.
    Twice(String),
    /// A part was larger than the limit.
    TooLarge(String, usize),
    /// The process was killed by a signal, or ended itself; the end of what it wrote to stderr.
    Died(String, String),
    /// It could not be started.
    NotStarted(String),
}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The outputs of the blocks that were reached.
    pub outputs: BTreeMap<usize, Output>,
    /// What ended it early, in which block.
    pub failure: Option<(usize, Failure)>,
}

/// What a run may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a block may run.
    pub time: Duration,
    /// How many bytes of text of a block are kept.
    pub text: usize,
    /// How many bytes a displayed part may have.
    pub part: usize,
}

/// A block that prints this many times the limit is not going to stop.
const ENDLESS: usize = 1024;

/// Runs a program in a folder, with variables for its environment.
pub fn run(program: &Path, folder: &Path, env: &BTreeMap<String, String>, limits: Limits) -> Run {
    let nonce = nonce();
    let child = Command::new(program)
        .current_dir(folder)
        .env("LITERATE_NONCE", &nonce)
        .envs(env)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    match child {
        Ok(child) => watch(child, &nonce, limits),
        Err(error) => {
            let message = format!(
                "the chapter's program could not be started in {}: {error}",
                folder.display()
            );
            Run {
                failure: Some((0, Failure::NotStarted(message))),
                ..Run::default()
            }
        }
    }
}

/// A word that no chapter prints by chance.
fn nonce() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    format!("literate-{random:016x}-{:x}", std::process::id())
}

enum Piece {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

fn watch(mut child: Child, nonce: &str, limits: Limits) -> Run {
    let (sender, receiver) = channel();
    forward(
        child.stdout.take().expect("stdout is piped"),
        sender.clone(),
        Piece::Out,
    );
    forward(
        child.stderr.take().expect("stderr is piped"),
        sender,
        Piece::Err,
    );
    let mut sorter = Sorter::new(nonce, limits);
    let mut begun = Instant::now();
    let mut stopped = None;
    loop {
        let Some(left) = limits.time.checked_sub(begun.elapsed()) else {
            stopped = Some(Failure::Timeout);
            break;
        };
        let block = sorter.block;
        match receiver.recv_timeout(left) {
            Ok(Piece::Out(bytes)) => sorter.out(&bytes),
            Ok(Piece::Err(bytes)) => sorter.err(&bytes),
            Err(RecvTimeoutError::Timeout) => {
                stopped = Some(Failure::Timeout);
                break;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if sorter.block != block {
            begun = Instant::now();
        }
        if sorter.failure.is_some() {
            break;
        }
    }
    let early = stopped.is_some() || sorter.failure.is_some();
    if early {
        let _ = child.kill();
    }
    let status = child.wait();
    sorter.finish(stopped, status)
}

fn forward(mut from: impl Read + Send + 'static, to: Sender<Piece>, piece: fn(Vec<u8>) -> Piece) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.send(piece(buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
}

/// Sorts the bytes of a run.
struct Sorter<'a> {
    nonce: &'a str,
    limits: Limits,
    outputs: BTreeMap<usize, Output>,
    block: Option<usize>,
    /// How much the block has printed.
    printed: usize,
    /// Bytes of stdout that are no whole line yet.
    pending: Vec<u8>,
    /// The part that is being received.
    part: Option<(String, String, usize)>,
    stderr: Vec<u8>,
    done: bool,
    failure: Option<Failure>,
}

const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";

impl<'a> Sorter<'a> {
    fn new(nonce: &'a str, limits: Limits) -> Sorter<'a> {
        Sorter {
            nonce,
            limits,
            outputs: BTreeMap::new(),
            block: None,
            printed: 0,
            pending: Vec::new(),
            part: None,
            stderr: Vec::new(),
            done: false,
            failure: None,
        }
    }

    fn out(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(length) = self.pending[start..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.pending[start..start + length]).into_owned();
            self.line(line.strip_suffix('\r').unwrap_or(&line));
            start += length + 1;
        }
        self.pending.drain(..start);
        // A line without end is text as well.
        let longest = self
            .limits
            .text
            .max(self.limits.part)
            .saturating_mul(2)
            .saturating_add(4096);
        if self.pending.len() > longest {
            let line = String::from_utf8_lossy(&self.pending).into_owned();
            self.pending.clear();
            self.line(&line);
        }
    }

    fn line(&mut self, line: &str) {
        if let Some((text, event)) = line.split_once(self.nonce) {
            // Text that no line end follows stands before the mark.
            if !text.is_empty() {
                self.unfinished(text);
            }
            self.event(event.trim_start());
        } else {
            self.content(line);
        }
    }

    fn event(&mut self, event: &str) {
        let (kind, argument) = event.split_once(' ').unwrap_or((event, ""));
        match kind {
            "block" => {
                self.block = argument.parse().ok();
                self.printed = 0;
                self.part = None;
                if let Some(block) = self.block {
                    self.outputs.entry(block).or_default();
                }
            }
            "panicked" => {
                let message = unescape(argument);
                if let Some(output) = self.output() {
                    output.panic = Some(message);
                }
            }
            "done" => self.done = true,
            _ => {}
        }
    }

    fn output(&mut self) -> Option<&mut Output> {
        self.outputs.get_mut(&self.block?)
    }

    fn content(&mut self, line: &str) {
        if let Some((mime, mut data, size)) = self.part.take() {
            if line == END {
                self.displayed(mime, data);
                return;
            }
            let size = size + line.len() + 1;
            if size > self.limits.part {
                self.failure = Some(Failure::TooLarge(mime, self.limits.part));
                return;
            }
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(line);
            self.part = Some((mime, data, size));
        } else if let Some(at) = line.find(BEGIN) {
            if at > 0 {
                self.unfinished(&line[..at]);
            }
            let mime = line[at + BEGIN.len()..]
                .split(' ')
                .next()
                .unwrap_or_default();
            self.part = Some((mime.to_owned(), String::new(), 0));
        } else {
            self.text(line);
        }
    }

    fn unfinished(&mut self, text: &str) {
        self.content(text);
        if let Some(output) = self.output() {
            output.unfinished = true;
        }
    }

    fn displayed(&mut self, mime: String, data: String) {
        let Some(output) = self.output() else { return };
        if output.parts.insert(mime.clone(), data).is_some() {
            self.failure = Some(Failure::Twice(mime));
        }
    }

    fn text(&mut self, line: &str) {
        self.printed += line.len() + 1;
        let (printed, limit) = (self.printed, self.limits.text);
        let Some(output) = self.output() else { return };
        if printed <= limit {
            output.text.push_str(line);
            output.text.push('\n');
        } else if !output.cut {
            let room = limit.saturating_sub(output.text.len());
            let end = (0..=room.min(line.len()))
                .rev()
                .find(|at| line.is_char_boundary(*at))
                .unwrap_or(0);
            if end > 0 {
                output.text.push_str(&line[..end]);
                output.text.push('\n');
            }
            output.cut = true;
        }
        if printed > limit.saturating_mul(ENDLESS) {
            self.failure = Some(Failure::Endless(limit.saturating_mul(ENDLESS)));
        }
    }

    fn err(&mut self, bytes: &[u8]) {
        self.stderr.extend_from_slice(bytes);
        // What a program writes to stderr is no output; its end may tell why it died.
        if self.stderr.len() > 1 << 20 {
            self.stderr.drain(..self.stderr.len() - (1 << 19));
        }
    }

    fn finish(mut self, stopped: Option<Failure>, status: std::io::Result<ExitStatus>) -> Run {
        if !self.pending.is_empty() {
            let rest = std::mem::take(&mut self.pending);
            self.line(&String::from_utf8_lossy(&rest));
        }
        let failure = self.failure.take().or(stopped).or_else(|| {
            if self.done {
                return None;
            }
            let stderr = String::from_utf8_lossy(&self.stderr).into_owned();
            Some(
                self.told(&stderr)
                    .unwrap_or_else(|| Failure::Died(end(status), tail(&stderr, self.nonce))),
            )
        });
        let block = self.block.unwrap_or(0);
        Run {
            outputs: self.outputs,
            failure: failure.map(|failure| (block, failure)),
        }
    }

    /// The last failure that the program told of.
    fn told(&self, stderr: &str) -> Option<Failure> {
        let told = stderr
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(self.nonce))?;
        let mut words = told.trim_start().splitn(4, ' ');
        let kind = words.next()?;
        let (line, column): (usize, usize) =
            (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let message = unescape(words.next().unwrap_or_default());
        let place = (line > 0).then_some((line, column));
        match kind {
            "panic" => Some(Failure::Panic(message, place)),
            "error" => Some(Failure::Error(message, place)),
            "survived" => Some(Failure::Survived),
            _ => None,
        }
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, if char == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some('r')) => plain.push('\r'),
            ('\\', Some(escaped)) => plain.push(escaped),
            (char, _) => plain.push(char),
        }
    }
    plain
}

/// How a process ended, in words.
fn end(status: std::io::Result<ExitStatus>) -> String {
    let status = match status {
        Ok(status) => status,
        Err(error) => return format!("the program's end is unknown: {error}"),
    };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            4 => " (SIGILL: illegal instruction)",
            6 => " (SIGABRT: aborted)",
            7 => " (SIGBUS)",
            8 => " (SIGFPE)",
            9 => " (SIGKILL: killed; out of memory?)",
            11 => " (SIGSEGV: invalid memory access)",
            15 => " (SIGTERM: terminated)",
            _ => "",
        };
        return format!("the program was killed by signal {signal}{name}");
    }
    match status.code() {
        Some(code) => format!("the program ended itself with exit code {code}"),
        None => "the program ended".to_owned(),
    }
}

/// The last lines of what a program wrote to stderr.
fn tail(stderr: &str, nonce: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with(nonce))
        .collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        time: Duration::from_secs(5),
        text: 20,
        part: 100,
    };

    fn sort(out: &str) -> Sorter<'static> {
        let mut sorter = Sorter::new("N0NCE", LIMITS);
        // In pieces, as a pipe may deliver it.
        out.as_bytes().chunks(3).for_each(|bytes| sorter.out(bytes));
        sorter
    }

    #[test]
    fn text_goes_to_its_block_even_without_a_line_end() {
        let sorter = sort("N0NCE block 0\none\ntwoN0NCE block 2\nthree\nN0NCE done\n");
        assert_eq!(sorter.outputs[&0].text, "one\ntwo\n");
        assert_eq!(sorter.outputs[&2].text, "three\n");
        assert!(sorter.outputs[&0].unfinished && !sorter.outputs[&2].unfinished);
        assert!(sorter.done);
    }

    #[test]
    fn a_displayed_part_is_no_text() {
        let sorter =
            sort("N0NCE block 0\nEVCXR_BEGIN_CONTENT text/plain\n\na\n\nb\nEVCXR_END_CONTENT\nc\n");
        // As the kernel does it: empty lines at the start are lost.
        assert_eq!(sorter.outputs[&0].parts["text/plain"], "a\n\nb");
        assert_eq!(sorter.outputs[&0].text, "c\n");
    }

    #[test]
    fn two_parts_of_one_type_are_a_mistake() {
        let part = "EVCXR_BEGIN_CONTENT a/b\nx\nEVCXR_END_CONTENT\n";
        assert_eq!(
            sort(&format!("N0NCE block 0\n{part}{part}")).failure,
            Some(Failure::Twice("a/b".to_owned()))
        );
    }

    #[test]
    fn text_beyond_the_limit_is_cut_at_a_character() {
        let sorter = sort("N0NCE block 0\n0123456789\n01234567ééé\nmore\n");
        assert_eq!(sorter.outputs[&0].text, "0123456789\n01234567\n");
        assert!(sorter.outputs[&0].cut);
    }
}
