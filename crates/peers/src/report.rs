//! Tables as Markdown, with what they come to.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Library;
use crate::table::{Line, Table};
use crate::work::{Pass, Work};

/// The head of a table of times.
pub fn head(libraries: &[Library]) -> String {
    let mut cells = vec!["work".to_owned(), "pass".to_owned()];
    for (at, library) in libraries.iter().enumerate() {
        cells.push(format!("{} ms", library.name()));
        if at == 0 {
            cells.push("share of peak".to_owned());
        }
    }
    if libraries.contains(&Library::PyTorch) {
        cells.push("ratio to PyTorch".to_owned());
    }
    cells.push("ratio to the best in Rust".to_owned());
    let rule = ["---"; 2]
        .into_iter()
        .chain(vec!["--:"; cells.len() - 2])
        .collect::<Vec<_>>();
    format!("| {} |\n|{}|\n", cells.join(" | "), rule.join("|"))
}

/// A line of a table of times.
pub fn row(libraries: &[Library], line: &Line) -> String {
    let mut cells = vec![line.title(), line.pass.to_string()];
    for (at, &median) in line.medians.iter().enumerate() {
        cells.push(time(median));
        if at == 0 {
            cells.push(share(line));
        }
    }
    if libraries.contains(&Library::PyTorch) {
        cells.push(number(line.ratio(libraries, &[Library::PyTorch])));
    }
    cells.push(number(line.ratio(libraries, &RUST)));
    format!("| {} |\n", cells.join(" | "))
}

fn number(value: Option<f64>) -> String {
    value.map_or("—".into(), |value| format!("{value:.2}"))
}

/// Milliseconds, to three figures.
fn time(median: Option<f64>) -> String {
    let text = |median: f64| match median {
        0.0..10.0 => format!("{median:.2}"),
        10.0..100.0 => format!("{median:.1}"),
        _ => format!("{median:.0}"),
    };
    median.map_or("—".into(), text)
}

fn share(line: &Line) -> String {
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    line.share.map_or(String::new(), percent)
}

/// The head and the lines of a table of memory.
pub fn memory_head(libraries: &[Library]) -> String {
    let names: Vec<String> = libraries
        .iter()
        .map(|library| format!("{} MB", library.name()))
        .collect();
    let rule = "--:|".repeat(names.len() + 1);
    format!(
        "| work | pass | {} | ratio to PyTorch |\n|---|---|{rule}\n",
        names.join(" | ")
    )
}

/// A line of a table of memory.
pub fn memory_row(libraries: &[Library], line: &Line) -> String {
    let mut cells = vec![line.title(), line.pass.to_string()];
    let megabytes = |bytes: f64| format!("{:.0}", bytes / 1e6);
    cells.extend(
        line.medians
            .iter()
            .map(|bytes| bytes.map_or("—".into(), megabytes)),
    );
    let ratio = line.ratio(libraries, &[Library::PyTorch]);
    cells.push(ratio.map_or("—".into(), |ratio| format!("{ratio:.2}")));
    format!("| {} |\n", cells.join(" | "))
}

/// The other libraries in Rust.
const RUST: [Library; 3] = [Library::Burn, Library::Candle, Library::Tract];

impl Line {
    /// The work's name, and what it is.
    fn title(&self) -> String {
        format!("{}: {}", self.name, self.work)
    }

    /// The share of the peak, if the line is one of this pass.
    fn share_of(&self, pass: Pass) -> Option<f64> {
        self.share.filter(|_| self.pass == pass)
    }

    /// The fastest of some libraries, and its time; none where none of them does this.
    fn fastest(&self, libraries: &[Library], of: &[Library]) -> Option<(Library, f64)> {
        let theirs = libraries.iter().zip(&self.medians);
        theirs
            .filter(|(library, _)| of.contains(library))
            .filter_map(|(&library, median)| Some((library, (*median)?)))
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// convcore's time as a multiple of that of the fastest of these libraries; none where none of them does this.
    pub fn ratio(&self, libraries: &[Library], of: &[Library]) -> Option<f64> {
        Some(self.medians[0]? / self.fastest(libraries, of)?.1)
    }
}

/// What a table comes to: the ratios' geometric means, how many lines convcore is ahead on, and the shares of the peak.
pub fn verdict(table: &Table) -> String {
    let ratios = |of: &[Library]| -> Vec<(f64, &Line)> {
        let ratio = |line| Some((Line::ratio(line, &table.libraries, of)?, line));
        table.lines.iter().filter_map(ratio).collect()
    };
    let mean = |ratios: &[(f64, &Line)]| {
        let logarithms = ratios.iter().map(|(ratio, _)| ratio.ln());
        (logarithms.sum::<f64>() / ratios.len() as f64).exp()
    };
    let mut text = String::new();
    for library in &table.libraries[1..] {
        let ratios = ratios(&[*library]);
        if !ratios.is_empty() {
            text += &format!(
                "- Geometric mean of the ratios to {}: {:.2}, over {} lines.\n",
                library.name(),
                mean(&ratios),
                ratios.len()
            );
        }
    }
    for (name, of) in [
        ("every library in Rust", &RUST[..]),
        ("PyTorch", &[Library::PyTorch][..]),
    ] {
        let ratios = ratios(of);
        let Some((worst, line)) = ratios.iter().max_by(|(a, _), (b, _)| a.total_cmp(b)) else {
            continue;
        };
        text += &format!(
            "- Ahead of {name} on {} of {} lines; the highest ratio is {worst:.2} ({}, {}).\n",
            ratios.iter().filter(|(ratio, _)| *ratio < 1.0).count(),
            ratios.len(),
            line.title(),
            line.pass
        );
    }
    for pass in [Pass::Forward, Pass::Gradients] {
        let share = |line| Some((Line::share_of(line, pass)?, line));
        let mut shares: Vec<(f64, &Line)> = table.lines.iter().filter_map(share).collect();
        shares.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        if let Some((lowest, line)) = shares.first() {
            text += &format!(
                "- Share of peak, {pass}: in the middle {:.0} %, the lowest {:.0} % ({}).\n",
                100.0 * shares[shares.len() / 2].0,
                100.0 * lowest,
                line.title()
            );
        }
    }
    text
}

/// Tables for a page, with the day, the machine and the command. They are narrow: of the libraries in Rust, they have the
/// fastest alone.
pub fn page(works: &[Work], tables: &[Table], versions: &str, command: &str) -> String {
    let mut text = "| work | what |\n|---|---|\n".to_owned();
    for work in works {
        text += &format!("| {} | {} |\n", work.name, work.title());
    }
    for table in tables {
        let threads = match table.threads {
            1 => "One thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        text += &format!(
            "\n**{threads}**, which can do {:.0} billion operations a second at most:\n\n\
             | work | pass | convcore | of peak | PyTorch | ratio | best in Rust | ratio |\n\
             |---|---|--:|--:|--:|--:|--:|--:|\n",
            table.peak,
        );
        for line in &table.lines {
            let fastest = |of: &[Library]| line.fastest(&table.libraries, of);
            let ratio = |of: &[Library]| number(line.ratio(&table.libraries, of));
            let pytorch = &[Library::PyTorch];
            let best = fastest(&RUST);
            let cells = [
                line.name.clone(),
                line.pass.to_string(),
                time(line.medians[0]),
                share(line),
                time(fastest(pytorch).map(|(_, median)| median)),
                ratio(pytorch),
                best.map_or("—".into(), |(library, median)| {
                    format!("{} {}", time(Some(median)), library.name())
                }),
                ratio(&RUST),
            ];
            text += &format!("| {} |\n", cells.join(" | "));
        }
        text += &format!("\n{}", verdict(table));
    }
    text + &format!(
        "\nMilliseconds, measured on {} on {}, with `{command}`: {versions}.\n",
        today(),
        machine()
    )
}

/// The processor's name and how many cores there are.
fn machine() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores of {name}")
}

/// Today's date in UTC, `2026-11-25`.
fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    date(now.map_or(0, |now| now.as_secs() / 86_400))
}

/// The date so many days after the first of January 1970.
fn date(mut days: u64) -> String {
    let leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    let lengths = [
        31,
        28 + u64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let line = |medians: [Option<f64>; 4]| Line {
            name: "A".into(),
            work: "a convolution".into(),
            pass: Pass::Forward,
            share: Some(0.5),
            medians: medians.to_vec(),
        };
        Table {
            threads: 1,
            peak: 100.0,
            libraries: vec![
                Library::Convcore,
                Library::Burn,
                Library::Candle,
                Library::PyTorch,
            ],
            lines: vec![
                line([Some(1.0), Some(4.0), Some(2.0), Some(0.5)]),
                line([Some(1.0), Some(0.8), None, Some(2.0)]),
            ],
        }
    }

    #[test]
    fn a_library_that_cannot_do_a_pass_has_a_dash() {
        let table = table();
        assert_eq!(
            row(&table.libraries, &table.lines[1]),
            "| A: a convolution | forward | 1.00 | 50 % | 0.80 | — | 2.00 | 0.50 | 1.25 |\n"
        );
        let columns = |text: &str| text.lines().next().map(|line| line.matches('|').count());
        assert_eq!(
            columns(&head(&table.libraries)),
            columns(&row(&table.libraries, &table.lines[1]))
        );
    }

    #[test]
    fn the_verdict_counts_what_is_ahead() {
        let verdict = verdict(&table());
        assert!(
            verdict.contains(
                "Ahead of every library in Rust on 1 of 2 lines; the highest ratio is 1.25"
            )
        );
        assert!(verdict.contains("Ahead of PyTorch on 1 of 2 lines; the highest ratio is 2.00"));
        assert!(verdict.contains("Share of peak, forward: in the middle 50 %, the lowest 50 %"));
        assert!(verdict.contains("ratios to PyTorch: 1.00, over 2 lines"));
        assert!(verdict.contains("ratios to candle: 0.50, over 1 lines"));
    }

    #[test]
    fn a_page_names_the_best_in_rust() {
        let page = page(&[], &[table()], "some versions", "a command");
        assert!(
            page.contains("| A | forward | 1.00 | 50 % | 0.50 | 2.00 | 2.00 candle | 0.50 |"),
            "{page}"
        );
        assert!(page.contains("with `a command`: some versions."), "{page}");
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_782), "2026-11-25");
    }
}
