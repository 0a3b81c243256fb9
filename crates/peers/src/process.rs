//! A library in a process of its own, with as many threads as it was started with.
//!
//! Most libraries can only be told once, by the environment, how many threads to use. And one that has a process of its
//! own neither warms nor fills another's memory. [`serve`](crate::serve) says what is spoken.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use convcore::safetensors;

use crate::work::{Pass, Work};
use crate::{Library, Result, Tensors};

/// The option that makes this program a server.
pub const SERVE: &str = "--serve";

/// The script that serves for PyTorch.
const PYTORCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pytorch.py");

/// A running library.
pub struct Process {
    library: Library,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    results: PathBuf,
}

impl Process {
    /// Starts a library on so many threads; `python` is the interpreter that has PyTorch.
    pub fn start(library: Library, threads: usize, python: &str, folder: &Path) -> Result<Process> {
        let mut command = if library == Library::PyTorch {
            let mut command = Command::new(python);
            command.args(["-B", PYTORCH]);
            command
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.args([SERVE, library.name()]);
            command
        };
        let threads = threads.to_string();
        let mut child = command
            .envs([
                ("RAYON_NUM_THREADS", &threads),
                ("OMP_NUM_THREADS", &threads),
                ("MKL_NUM_THREADS", &threads),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", library.name()))?;
        Ok(Process {
            library,
            orders: child.stdin.take().ok_or("no pipe")?,
            answers: BufReader::new(child.stdout.take().ok_or("no pipe")?),
            results: folder.join(format!("{}.safetensors", library.name())),
            child,
        })
    }

    /// Which library it is.
    pub fn library(&self) -> Library {
        self.library
    }

    /// The library's version.
    pub fn version(&mut self) -> Result<String> {
        self.ask("version")
    }

    /// Gets ready for the work on a file's numbers; which of its passes the library can do.
    pub fn load(&mut self, work: &Work, data: &Path) -> Result<Vec<Pass>> {
        let work = serde_json::to_string(work)?;
        let passes = self.ask(&format!("load\t{}\t{work}", data.display()))?;
        let parsed = passes.split_whitespace().map(str::parse);
        Ok(parsed.collect::<std::result::Result<_, _>>()?)
    }

    /// What these passes compute.
    pub fn results(&mut self) -> Result<Tensors> {
        self.ask(&format!("results\t{}", self.results.display()))?;
        let results = safetensors::load(&self.results)?;
        std::fs::remove_file(&self.results)?;
        Ok(results)
    }

    /// Does a pass again and again, for about so many seconds; how many milliseconds each took.
    pub fn time(&mut self, pass: Pass, seconds: f64) -> Result<Vec<f64>> {
        let times = self.ask(&format!("time\t{pass}\t{seconds}"))?;
        let parsed = times.split_whitespace().map(str::parse);
        Ok(parsed.collect::<std::result::Result<_, _>>()?)
    }

    /// Forgets all work: what the process holds now is what it holds without any.
    pub fn settle(&mut self) -> Result<()> {
        self.ask("settle").map(drop)
    }

    /// How many bytes a pass takes at most, data included, above what the process held before it had any data.
    pub fn memory(&mut self, pass: Pass) -> Result<f64> {
        Ok(self.ask(&format!("memory\t{pass}"))?.parse()?)
    }

    fn ask(&mut self, order: &str) -> Result<String> {
        let name = self.library.name();
        writeln!(self.orders, "{order}")
            .and_then(|()| self.orders.flush())
            .map_err(|_| format!("{name} has ended"))?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(format!("{name} has ended; what it said stands above").into());
        }
        match answer.trim_end().strip_prefix("error ") {
            Some(error) => Err(format!("{name}: {error}").into()),
            None => Ok(answer.trim_end().into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is lost if these fail: a process is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
