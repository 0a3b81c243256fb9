//! Has the libraries do the same work in turns, and keeps how long each took.
//!
//! A turn is a slice of time in which a library does a pass again and again. The libraries' turns alternate, so that
//! whatever else the machine does befalls all alike; the median of all times counts.

use std::path::{Path, PathBuf};

use convcore::safetensors;

use crate::compare::compare;
use crate::process::Process;
use crate::work::{Kind, Pass, Work};
use crate::{Library, Result, peak, work};

/// Whoever has used up this many seconds for a pass has no more turns for it.
const ENOUGH: f64 = 10.0;

/// What is run, and how.
pub struct Plan {
    /// What is to be done.
    pub works: Vec<Work>,
    /// By whom, convcore first.
    pub libraries: Vec<Library>,
    /// The length of a turn, in seconds.
    pub slice: f64,
    /// How many turns each has.
    pub rounds: usize,
    /// The interpreter that has PyTorch.
    pub python: String,
    /// For the files that the processes exchange.
    pub folder: PathBuf,
}

/// A table of times.
pub struct Table {
    /// How many threads each library had.
    pub threads: usize,
    /// How many billions of multiplications and additions a second these threads can do at most.
    pub peak: f64,
    /// The libraries, convcore first.
    pub libraries: Vec<Library>,
    /// A line for each pass of each work.
    pub lines: Vec<Line>,
}

/// What a pass of some work took.
pub struct Line {
    /// The work's name.
    pub name: String,
    /// What the work is.
    pub work: String,
    /// The pass.
    pub pass: Pass,
    /// How much of the peak convcore reaches, where that is known.
    pub share: Option<f64>,
    /// The libraries' median times in milliseconds (or bytes, in a table of memory); none where a library cannot do this.
    pub medians: Vec<Option<f64>>,
}

impl Plan {
    /// The libraries and their versions. It fails where one of them cannot be started.
    pub fn versions(&self) -> Result<String> {
        let version = |&library: &Library| {
            let mut process = Process::start(library, 1, &self.python, &self.folder)?;
            Ok(format!("{} {}", library.name(), process.version()?))
        };
        let versions = self.libraries.iter().map(version);
        Ok(versions.collect::<Result<Vec<_>>>()?.join(", "))
    }

    /// Runs everything on so many threads, and tells of each line as soon as it is there.
    pub fn times(&self, threads: usize, mut tell: impl FnMut(&Line)) -> Result<Table> {
        let peak = peak::gigaflops(threads);
        let mut lines = Vec::new();
        for work in &self.works {
            eprintln!("── {} on {threads} thread(s)", work.title());
            let data = self.folder.join("data.safetensors");
            safetensors::save(&data, &work.data())?;
            let mut processes = self.start(work, &data, threads)?;
            for &pass in work.passes() {
                let medians = self.turns(&mut processes, pass)?;
                let gigaflop = work.gigaflop(pass);
                let share = medians[0].filter(|_| gigaflop > 0.0);
                let line = Line {
                    name: work.name.clone(),
                    work: work.title(),
                    pass,
                    share: share.map(|median| gigaflop / median * 1e3 / peak),
                    medians,
                };
                tell(&line);
                lines.push(line);
            }
        }
        Ok(Table {
            threads,
            peak,
            libraries: self.libraries.clone(),
            lines,
        })
    }

    /// Starts all libraries on the work, and makes sure that they compute the same.
    fn start(&self, work: &Work, data: &Path, threads: usize) -> Result<Vec<(Process, Vec<Pass>)>> {
        let mut processes = Vec::new();
        let mut ours = None;
        for &library in &self.libraries {
            let mut process = Process::start(library, threads, &self.python, &self.folder)?;
            let passes = process.load(work, data)?;
            let results = process.results()?;
            match &ours {
                None => ours = Some(results),
                Some(ours) => compare(ours, library.name(), &results, &passes)
                    .map_err(|error| format!("{}: {error}", work.title()))?,
            }
            processes.push((process, passes));
        }
        Ok(processes)
    }

    fn turns(
        &self,
        processes: &mut [(Process, Vec<Pass>)],
        pass: Pass,
    ) -> Result<Vec<Option<f64>>> {
        let mut times = vec![Vec::new(); processes.len()];
        for _ in 0..self.rounds {
            for ((process, passes), times) in processes.iter_mut().zip(&mut times) {
                let used: f64 = times.iter().sum();
                if passes.contains(&pass) && used < 1e3 * ENOUGH {
                    times.extend(process.time(pass, self.slice)?);
                }
            }
        }
        Ok(times.into_iter().map(median).collect())
    }

    /// How many bytes each pass takes at most, data included: each library in a new process for each pass.
    pub fn memory(&self, threads: usize, mut tell: impl FnMut(&Line)) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for work in &self.works {
            eprintln!("── memory of {} on {threads} thread(s)", work.title());
            let (data, first) = (
                self.folder.join("data.safetensors"),
                self.folder.join("first.safetensors"),
            );
            let small = small(work);
            safetensors::save(&data, &work.data())?;
            safetensors::save(&first, &small.data())?;
            for &pass in work.passes() {
                let bytes = |&library: &Library| -> Result<Option<f64>> {
                    let mut process = Process::start(library, threads, &self.python, &self.folder)?;
                    // What a library loads and makes once is not the work's.
                    process.load(&small, &first)?;
                    process.results()?;
                    process.settle()?;
                    let can = process.load(work, &data)?.contains(&pass);
                    can.then(|| process.memory(pass)).transpose()
                };
                let line = Line {
                    name: work.name.clone(),
                    work: work.title(),
                    pass,
                    share: None,
                    medians: self.libraries.iter().map(bytes).collect::<Result<_>>()?,
                };
                tell(&line);
                lines.push(line);
            }
        }
        Ok(lines)
    }
}

/// The same work on one small image.
fn small(work: &Work) -> Work {
    let mut work = work.clone();
    match &mut work.kind {
        Kind::Convolution { input, .. }
        | Kind::MaxPool { input, .. }
        | Kind::AveragePool { input, .. } => *input = [1, input[1], 32, 32],
        Kind::LeNet => return small(&work::fixed()[0]),
    }
    work
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}
