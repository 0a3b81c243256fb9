//! Every chapter has three to six exercises, each with a hint and a solution that runs, and the page of solutions lists
//! them all.

use std::fs;
use std::path::Path;

/// The parts of a text that begin with `start`, that beginning left out.
fn parts<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.split(start).skip(1).collect()
}

/// The chapters of the summary's first, numbered part: title and file.
fn chapters(summary: &str) -> Vec<(&str, &str)> {
    let numbered = summary.split("\n# Labs").next().expect("a first part");
    parts(numbered, "\n- [")
        .into_iter()
        .map(|entry| {
            let (title, rest) = entry.split_once("](").expect("a link");
            (title, rest.split(')').next().expect("the end of a link"))
        })
        .collect()
}

#[test]
fn every_exercise_has_a_hint_and_a_solution_and_is_listed() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book");
    let read = |name: &str| {
        fs::read_to_string(book.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let (summary, solutions) = (read("SUMMARY.md"), read("solutions.md"));
    let chapters = chapters(&summary);
    assert!(chapters.len() > 10, "{chapters:?}");
    let mut listed = Vec::new();
    for (chapter, file) in chapters {
        let text = read(file);
        let (_, rest) = text
            .split_once("\n## Exercises\n")
            .unwrap_or_else(|| panic!("{file} has no exercises"));
        let exercises = rest.split("\n## ").next().expect("a section");
        let mut titles = Vec::new();
        while let Some((_, rest)) = exercises.split_once(&format!("\n**{}. ", titles.len() + 1)) {
            let end = rest
                .find(&format!("\n**{}. ", titles.len() + 2))
                .unwrap_or(rest.len());
            let (title, body) = rest[..end].split_once("**").expect("the end of the title");
            let solution = parts(body, "<summary>Solution</summary>");
            assert!(
                body.contains("<summary>Hint</summary>") && solution.len() == 1,
                "{file}: exercise {title} needs a hint and a solution"
            );
            assert!(
                solution[0].contains("```rust\n"),
                "{file}: nothing of the solution of {title} is run"
            );
            titles.push(format!(
                "{}. {}",
                titles.len() + 1,
                title.trim_end_matches(['.', '?'])
            ));
        }
        assert!(
            (3..=6).contains(&titles.len()),
            "{file} has {} exercises",
            titles.len()
        );
        assert_eq!(
            exercises.matches("<summary>Solution</summary>").count(),
            titles.len(),
            "{file}: an exercise's number is wrong"
        );
        listed.push(format!(
            "**[{chapter}]({file}#exercises)**: {}",
            titles.join(" · ")
        ));
    }
    let entries: Vec<&str> = solutions
        .lines()
        .filter(|line| line.starts_with("**["))
        .collect();
    assert_eq!(
        entries, listed,
        "solutions.md does not list the book's exercises"
    );
}
