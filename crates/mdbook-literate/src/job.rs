//! A chapter's program on its way from source to outputs.

use std::collections::{BTreeMap, BTreeSet};

use crate::cache::Entry;
use crate::chapter::{Chapter, Mark};
use crate::config::Config;
use crate::engine::{Outcome, Refusal};
use crate::program::{Program, Purpose};
use crate::report::Report;
use crate::run::{Failure, Limits, Output};

/// One program of a chapter on its way.
pub(crate) struct Job<'a> {
    pub(crate) chapter: usize,
    pub(crate) program: Program,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) entry: Option<Entry>,
    pub(crate) failure: Option<(usize, Failure, BTreeMap<usize, Output>)>,
    pub(crate) config: &'a Config,
}

impl Job<'_> {
    /// The end of the path of its source.
    pub(crate) fn source(&self) -> String {
        format!("src/bin/{}.rs", self.name)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            time: self.config.time_limit,
            text: self.config.output_limit,
            part: self.config.display_limit,
        }
    }
}

/// Tells the chapter what its program gave.
pub(crate) fn conclude(job: Job<'_>, chapter: &Chapter, outcome: &mut Outcome) {
    let limits = job.limits();
    let entry = job.entry.clone().unwrap_or_default();
    let reports: Vec<_> = entry
        .errors
        .iter()
        .map(|error| chapter.compile_report(&job.program, &job.source(), error))
        .collect();
    match job.program.purpose {
        Purpose::Chapter => {
            outcome.program = Some(job.program.text.clone());
            outcome.problems.extend(reports);
            outcome.outputs = entry.outputs.unwrap_or_default();
            if let Some((block, failure, outputs)) = job.failure {
                let (block, report) = chapter.run_report(&job.program, block, &failure, limits);
                outcome.problems.push((Some(block), report));
                outcome.outputs = outputs;
            }
            let failed = outcome
                .problems
                .iter()
                .filter_map(|(block, _)| *block)
                .collect::<BTreeSet<_>>();
            let warnings = chapter_warnings(chapter, &outcome.outputs, job.config);
            outcome.problems.extend(
                warnings
                    .into_iter()
                    .filter(|(block, _)| block.is_none_or(|block| !failed.contains(&block))),
            );
        }
        Purpose::CompileFail(block) => {
            let Mark::CompileFail(codes) = &chapter.blocks[block].mark else {
                return;
            };
            let expected = |report: &Report| {
                codes.is_empty()
                    || report
                        .code
                        .as_ref()
                        .is_some_and(|code| codes.contains(code))
            };
            let here = reports
                .iter()
                .filter(|(at, _)| *at == Some(block))
                .map(|(_, report)| report);
            match (
                here.clone().find(|report| expected(report)),
                here.clone().next(),
            ) {
                (Some(report), _) => {
                    let error = report.title.clone();
                    let alone = chapter.alone(block);
                    let mut reports = entry
                        .errors
                        .iter()
                        .map(|error| alone.compile_report(&job.program, &job.source(), error));
                    let own = reports.find(|(at, report)| *at == Some(block) && expected(report));
                    let message = own
                        .map(|(_, report)| report.render(&alone.source.files, false))
                        .unwrap_or_default();
                    outcome.refusals.insert(block, Refusal { error, message });
                }
                (None, Some(other)) => {
                    let found = other.code.as_deref().unwrap_or("an error without a code");
                    let mut report = other.clone();
                    report.title = format!(
                        "this block must fail with {}, but fails with {found}: {}",
                        codes.join(" or "),
                        other.title
                    );
                    outcome.problems.push((Some(block), report));
                }
                // The blocks before it have errors, which are reported already.
                (None, None) if !reports.is_empty() => {}
                (None, None) => {
                    let report =
                        Report::error("this block is marked `compile_fail`, but it compiles")
                            .at(chapter.block_mark(block));
                    outcome.problems.push((Some(block), report));
                }
            }
        }
    }
}

/// What is not as it should be in a chapter that ran.
fn chapter_warnings(
    chapter: &Chapter,
    outputs: &BTreeMap<usize, Output>,
    config: &Config,
) -> Vec<(Option<usize>, Report)> {
    let mut warnings = Vec::new();
    for (block, output) in outputs {
        if output.cut {
            let report = Report::warning(format!(
                "this block printed more than {} bytes; the rest is cut",
                config.output_limit
            ));
            let report = report
                .at(chapter.block_mark(*block))
                .help("`output-limit` in book.toml sets how many are shown");
            warnings.push((Some(*block), report));
        }
        if output.unfinished {
            let report = Report {
                error: config.notebooks,
                ..Report::warning("this block prints a line without ending it")
            };
            let report = report
                .at(chapter.block_mark(*block))
                .note("a notebook would show that line with the next block, or lose it");
            warnings.push((Some(*block), report.help("print its end with `println!`")));
        }
    }
    warnings
}
