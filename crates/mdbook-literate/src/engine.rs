//! Gets the outputs of all chapters: from the cache, or by compiling and running what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use serde::Serialize;

use crate::cache::{Cache, Entry, Key, write_whole};
use crate::chapter::Chapter;
use crate::compile::{Compiled, Diagnostic, compile};
use crate::config::Config;
use crate::job::{Job, conclude};
use crate::package::{Binary, Package};
use crate::program::{Program, Purpose};
use crate::report::{Report, Summary};
use crate::run::{Output, Run, run};
use crate::toolchain::target_folder;

/// What is known of a chapter.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What its blocks gave, as far as they were reached.
    pub outputs: BTreeMap<usize, Output>,
    /// What the compiler says of blocks that must not compile.
    pub refusals: BTreeMap<usize, Refusal>,
    /// What is wrong, and in which block.
    pub problems: Vec<(Option<usize>, Report)>,
    /// The program that was run.
    pub program: Option<String>,
    /// Whether anything of it was compiled now.
    pub compiled: bool,
    /// Whether it was run now.
    pub ran: bool,
}

/// What the compiler says of a block that must not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error in one line.
    pub error: String,
    /// The whole message. Its lines count within the block.
    pub message: String,
}

impl Outcome {
    /// Whether the chapter fails the build.
    pub fn broken(&self) -> bool {
        self.problems.iter().any(|(_, report)| report.error)
    }
}

/// Gets the outcomes of chapters, in their order.
///
/// # Errors
///
/// When something is wrong that concerns no chapter: the settings, Cargo, the file system.
pub fn outcomes(
    chapters: &[Chapter],
    config: &Config,
    renderer: &str,
) -> Result<Vec<Outcome>, String> {
    let mut jobs = Vec::new();
    for (at, chapter) in chapters.iter().enumerate() {
        if !chapter.broken_includes.is_empty() {
            continue;
        }
        let programs = Program::of(chapter, &config.prelude)
            .into_iter()
            .chain(Program::failing(chapter, &config.prelude));
        jobs.extend(programs.map(|program| Job {
            chapter: at,
            name: binary_name(&chapter.path, &program.purpose),
            key: String::new(),
            program,
            entry: None,
            failure: None,
            config,
        }));
    }
    let mut outcomes: Vec<Outcome> = chapters
        .iter()
        .map(|chapter| Outcome {
            problems: broken_includes(chapter),
            ..Outcome::default()
        })
        .collect();
    let folder = target_folder(&config.root).join("literate");
    if !jobs.is_empty() {
        if !config.working_dir().is_dir() {
            return Err(format!(
                "book.toml: `preprocessor.literate.working-dir` is {}, which is no folder",
                config.working_dir.display()
            ));
        }
        bring(&mut jobs, &folder, config, chapters, &mut outcomes)?;
    }
    for job in jobs {
        let chapter = &chapters[job.chapter];
        conclude(job, chapter, &mut outcomes[job_chapter(chapters, chapter)]);
    }
    write_report(&folder, renderer, chapters, &outcomes);
    Ok(outcomes)
}

fn job_chapter(chapters: &[Chapter], chapter: &Chapter) -> usize {
    chapters
        .iter()
        .position(|other| std::ptr::eq(other, chapter))
        .expect("the chapter is one of them")
}

/// Gives each job its entry or its failure.
fn bring(
    jobs: &mut [Job<'_>],
    folder: &Path,
    config: &Config,
    chapters: &[Chapter],
    outcomes: &mut [Outcome],
) -> Result<(), String> {
    let package = Package::new(folder, config);
    let shared = package.key(config)?;
    for job in jobs.iter_mut() {
        let mut key = Key::new();
        key.add(&shared)
            .add(&job.name)
            .add(&job.program.text)
            .add(config.working_dir().as_os_str().as_encoded_bytes());
        for (name, value) in &config.env {
            key.add(name).add(value);
        }
        key.add(config.output_limit.to_le_bytes())
            .add(config.display_limit.to_le_bytes());
        job.key = key.text();
    }
    let cache = Cache::new(folder.join("cache"));
    let load = |jobs: &mut [Job<'_>]| {
        jobs.iter_mut()
            .filter(|job| job.entry.is_none())
            .for_each(|job| job.entry = cache.get(&job.key))
    };
    load(jobs);
    if jobs.iter().all(|job| job.entry.is_some()) {
        return Ok(());
    }
    let cannot = |error: std::io::Error| format!("{} cannot be written: {error}", folder.display());
    fs::create_dir_all(folder).map_err(cannot)?;
    let lock = File::create(folder.join("lock")).map_err(cannot)?;
    if lock.try_lock().is_err() {
        eprintln!("literate: waiting for another build of the book");
        lock.lock().map_err(cannot)?;
        load(jobs);
    }
    let names: BTreeSet<String> = jobs.iter().map(|job| job.name.clone()).collect();
    let missing: Vec<usize> = (0..jobs.len())
        .filter(|at| jobs[*at].entry.is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let binaries: Vec<Binary> = missing
        .iter()
        .map(|at| Binary {
            name: jobs[*at].name.clone(),
            source: jobs[*at].program.text.clone(),
        })
        .collect();
    package.write(&binaries, &names).map_err(cannot)?;
    let mut told = BTreeSet::new();
    for at in &missing {
        outcomes[jobs[*at].chapter].compiled = true;
        if told.insert(jobs[*at].chapter) {
            eprintln!("literate: compiling {}", chapters[jobs[*at].chapter].file());
        }
    }
    let (compiled, runs) = compile_and_run(&package, &binaries, &missing, jobs, chapters, &cache)?;
    if let Some(said) = compiled.cargo {
        return Err(format!(
            "cargo could not compile the chapters\n{}",
            said.trim_end()
        ));
    }
    for (at, run) in runs {
        outcomes[jobs[at].chapter].ran = true;
        match run.failure {
            None => {
                jobs[at].entry = Some(Entry {
                    outputs: Some(run.outputs),
                    errors: Vec::new(),
                })
            }
            Some((block, failure)) => jobs[at].failure = Some((block, failure, run.outputs)),
        }
    }
    if !compiled.crates.is_empty() {
        let root = format!("{}{}", config.root.display(), std::path::MAIN_SEPARATOR);
        let said = compiled.crates.join("\n").replace(&root, "");
        return Err(format!(
            "a crate that the chapters use does not compile\n\n{}",
            said.trim_end()
        ));
    }
    for at in missing {
        let job = &mut jobs[at];
        if let Some(errors) = compiled.errors.get(&job.name) {
            // "aborting due to 2 previous errors" speaks of no place.
            let errors: Vec<Diagnostic> = errors
                .iter()
                .filter(|error| {
                    !error.spans.is_empty() || errors.iter().all(|error| error.spans.is_empty())
                })
                .cloned()
                .collect();
            let in_code = errors.iter().all(|error| {
                error
                    .spans
                    .iter()
                    .any(|span| span.file_name.replace('\\', "/").ends_with(&job.source()))
            });
            let entry = Entry {
                outputs: None,
                errors,
            };
            if in_code {
                cache.put(&job.key, &entry).map_err(cannot)?;
            }
            job.entry = Some(entry);
        } else if matches!(job.program.purpose, Purpose::CompileFail(_)) {
            let entry = Entry {
                outputs: Some(BTreeMap::new()),
                errors: Vec::new(),
            };
            cache.put(&job.key, &entry).map_err(cannot)?;
            job.entry = Some(entry);
        }
    }
    cache.prune(&jobs.iter().map(|job| job.key.clone()).collect::<Vec<_>>());
    Ok(())
}

/// Compiles what is missing; each program runs as soon as it is ready.
fn compile_and_run(
    package: &Package,
    binaries: &[Binary],
    missing: &[usize],
    jobs: &[Job<'_>],
    chapters: &[Chapter],
    cache: &Cache,
) -> Result<(Compiled, Vec<(usize, Run)>), String> {
    let begun = Instant::now();
    let (sender, receiver) = channel::<(usize, PathBuf)>();
    let (receiver, runs) = (Mutex::new(receiver), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism()
        .map_or(1, |count| count.get())
        .min(missing.len());
    let compiled = thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = receiver.lock().expect("no worker panics").recv();
                    let Ok((at, program)) = next else { break };
                    let job = &jobs[at];
                    let file = chapters[job.chapter].file();
                    let start = Instant::now();
                    let run = run(
                        &program,
                        &job.config.working_dir(),
                        &job.config.env,
                        job.limits(),
                    );
                    let done = if run.failure.is_none() {
                        "ran"
                    } else {
                        "stopped"
                    };
                    eprintln!(
                        "literate: {done} {file} ({:.1} s)",
                        start.elapsed().as_secs_f64()
                    );
                    if run.failure.is_none() {
                        // Kept at once: a build that is killed loses only what was not done yet.
                        let entry = Entry {
                            outputs: Some(run.outputs.clone()),
                            errors: Vec::new(),
                        };
                        if let Err(error) = cache.put(&job.key, &entry) {
                            eprintln!("literate: the outputs of {file} cannot be kept: {error}");
                        }
                    }
                    runs.lock().expect("no worker panics").push((at, run));
                }
            });
        }
        let sender = sender;
        compile(
            package,
            binaries,
            std::io::stderr().is_terminal(),
            |name, program| {
                if let Some(at) = missing.iter().find(|at| {
                    jobs[**at].name == name && jobs[**at].program.purpose == Purpose::Chapter
                }) {
                    eprintln!(
                        "literate: compiled {} ({:.1} s)",
                        chapters[jobs[*at].chapter].file(),
                        begun.elapsed().as_secs_f64()
                    );
                    let _ = sender.send((*at, program));
                }
            },
        )
    })?;
    Ok((compiled, runs.into_inner().expect("no worker panics")))
}

fn broken_includes(chapter: &Chapter) -> Vec<(Option<usize>, Report)> {
    let report = |broken: &crate::include::BrokenInclude| {
        Report::error(broken.message.as_str()).at(chapter.mark_at(broken.origin, 0, usize::MAX))
    };
    chapter
        .broken_includes
        .iter()
        .map(|broken| (None, report(broken)))
        .collect()
}

/// A name for a chapter's program that Cargo takes, whatever the chapter's file is called.
fn binary_name(path: &str, purpose: &Purpose) -> String {
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".md");
    let word: String = stem
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .take(40)
        .collect();
    let hash = Key::new().add(path).text();
    match purpose {
        Purpose::Chapter => format!("ch_{word}_{}", &hash[..8]),
        Purpose::CompileFail(block) => format!("ch_{word}_{}_fail{}", &hash[..8], block + 1),
    }
}

/// What was done, for programs: `target/literate/report-<renderer>.json`.
fn write_report(folder: &Path, renderer: &str, chapters: &[Chapter], outcomes: &[Outcome]) {
    #[derive(Serialize)]
    struct Line<'a> {
        chapter: &'a str,
        compiled: bool,
        ran: bool,
        problems: Vec<Summary>,
    }
    let lines: Vec<_> = chapters
        .iter()
        .zip(outcomes)
        .map(|(chapter, outcome)| Line {
            chapter: chapter.file(),
            compiled: outcome.compiled,
            ran: outcome.ran,
            problems: outcome
                .problems
                .iter()
                .map(|(_, report)| report.summary())
                .collect(),
        })
        .collect();
    let text = serde_json::to_vec_pretty(&lines).expect("a report is JSON");
    if let Err(error) = write_whole(&folder.join(format!("report-{renderer}.json")), &text) {
        eprintln!("literate: the report cannot be written: {error}");
    }
}
