//! The other end of a [process](crate::process): reads orders, a line each, and answers each with a line.
//!
//! | order | what it does | answer |
//! |---|---|---|
//! | `version` | | the library's version |
//! | `load` FILE WORK | gets ready for the work (JSON) on the file's numbers | the passes that the library can do |
//! | `results` FILE | writes what these passes compute | |
//! | `time` PASS SECONDS | does a pass again and again, for about so long or a few times | how many milliseconds each took |
//! | `settle` | forgets the work: what the process holds then is what it holds without any | |
//! | `memory` PASS | does a pass three times | how many bytes that took at most above what it held without work |
//!
//! Between the words are tabs. An answer that starts with `error ` is none.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use convcore::safetensors;

use crate::work::Pass;
use crate::{Library, Ready, Result, memory};

/// Obeys until there are no more orders.
pub fn serve(library: Library) -> Result<()> {
    let mut server = Server {
        library,
        ready: None,
        idle: None,
    };
    let mut answers = std::io::stdout().lock();
    for order in std::io::stdin().lock().lines() {
        let order = order?;
        let words: Vec<&str> = order.split('\t').collect();
        match server.obey(&words) {
            Ok(answer) => writeln!(answers, "{answer}")?,
            Err(error) => writeln!(answers, "error {}", error.to_string().replace('\n', " "))?,
        }
        answers.flush()?;
    }
    Ok(())
}

/// Whether a turn goes on. While the others had theirs, the system may have taken memory back, and gives it again slowly:
/// a few runs are needed until that is over.
fn lasts(runs: usize, so_far: f64, seconds: f64) -> bool {
    runs == 0 || so_far < seconds || runs < 8 && so_far < 2.0
}

struct Server {
    library: Library,
    ready: Option<Box<dyn Ready>>,
    /// What the process held before it had any work.
    idle: Option<u64>,
}

impl Server {
    fn obey(&mut self, words: &[&str]) -> Result<String> {
        match words {
            ["version"] => return Ok(self.library.version().ok_or("no version")?.into()),
            ["settle"] => {
                self.ready = None;
                self.idle = memory::held();
                return Ok(String::new());
            }
            ["load", file, work] => {
                self.ready = None;
                let work = serde_json::from_str(work)?;
                let ready = self
                    .ready
                    .insert(self.library.prepare(&work, Path::new(file))?);
                let passes: Vec<String> = ready.passes().iter().map(Pass::to_string).collect();
                return Ok(passes.join(" "));
            }
            _ => {}
        }
        let ready = self.ready.as_mut().ok_or("nothing is loaded")?;
        match words {
            ["results", file] => {
                safetensors::save(file, &ready.results()?)?;
                Ok(String::new())
            }
            ["time", pass, seconds] => {
                let pass = pass.parse()?;
                let seconds: f64 = seconds.parse()?;
                let mut times = Vec::new();
                let begun = Instant::now();
                while lasts(times.len(), begun.elapsed().as_secs_f64(), seconds) {
                    let start = Instant::now();
                    ready.run(pass)?;
                    times.push((start.elapsed().as_secs_f64() * 1e3).to_string());
                }
                Ok(times.join(" "))
            }
            ["memory", pass] => {
                let pass = pass.parse()?;
                memory::forget_peak()?;
                for _ in 0..3 {
                    ready.run(pass)?;
                }
                let peak = memory::peak().zip(self.idle);
                let (peak, idle) = peak.ok_or(
                    "how much memory a process has is known on Linux alone, after `settle`",
                )?;
                Ok(peak.saturating_sub(idle).to_string())
            }
            _ => Err(format!("no such order: {words:?}").into()),
        }
    }
}
