//! Checks the built book's links: files and anchors in it, and that no page asks another host for anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::Outcome;

/// What a page says that concerns links.
#[derive(Debug, Default, PartialEq)]
struct Page {
    anchors: BTreeSet<String>,
    /// Targets of `<a href>`: what a reader may follow.
    links: Vec<String>,
    /// Targets of `src` and of `<link href>`: what a browser loads by itself.
    resources: Vec<String>,
}

/// Checks every page below a folder and prints how many links it followed.
pub(crate) fn check(folder: &str) -> Outcome {
    let mut pages = BTreeMap::new();
    for file in
        html_files(Path::new(folder)).map_err(|error| format!("cannot read {folder}: {error}"))?
    {
        let html = std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        pages.insert(file, read(&html));
    }
    if pages.is_empty() {
        return Err(format!("{folder} holds no page"));
    }
    let mut followed = 0;
    let mut problems = Vec::new();
    for (file, page) in &pages {
        // The page for a missing address names all it needs from the site's root; the one to print repeats the others.
        if ["404.html", "print.html"]
            .iter()
            .any(|name| file.ends_with(name))
        {
            continue;
        }
        // rustdoc answers for its own pages, and `cargo doc` has checked their links.
        if file.starts_with(Path::new(folder).join("api")) {
            continue;
        }
        for target in page.links.iter().chain(&page.resources) {
            if is_external(target) {
                continue;
            }
            followed += 1;
            if let Err(problem) = follow(file, target, &pages) {
                problems.push(format!("{}: {target}: {problem}", file.display()));
            }
        }
        for target in page
            .resources
            .iter()
            .filter(|target| is_external(target) && !target.starts_with("data:"))
        {
            problems.push(format!(
                "{}: {target}: loaded from another host",
                file.display()
            ));
        }
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    println!("{followed} links on {} pages", pages.len());
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{} links lead nowhere", problems.len()))
    }
}

fn html_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(html_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            files.push(path);
        }
    }
    Ok(files)
}

/// Whether a target has a scheme (`https:`, `mailto:`, `data:`) or names a host.
fn is_external(target: &str) -> bool {
    let scheme = target
        .split(['/', '#', '?'])
        .next()
        .is_some_and(|first| first.contains(':'));
    scheme || target.starts_with("//")
}

fn follow(from: &Path, target: &str, pages: &BTreeMap<PathBuf, Page>) -> Result<(), &'static str> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = decode(path.split('?').next().unwrap_or_default());
    let mut file = match path.as_str() {
        "" => from.to_owned(),
        path => normal(&from.with_file_name(path)),
    };
    if file.is_dir() {
        file.push("index.html");
    }
    if !file.is_file() {
        return Err("no such file");
    }
    match pages.get(&file) {
        Some(page) if !anchor.is_empty() && !page.anchors.contains(&decode(anchor)) => {
            Err("no such anchor")
        }
        _ => Ok(()),
    }
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Replaces `%20` and its like, and the entities that stand in an attribute.
fn decode(text: &str) -> String {
    let text = text
        .replace("&amp;", "&")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a page's tags. What stands in comments, scripts and style sheets is no tag.
fn read(html: &str) -> Page {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = split_tag(rest);
        rest = after;
        let name: String = tag[1..]
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        for (attribute, value) in attributes(&tag[1 + name.len()..]) {
            match (name.as_str(), attribute) {
                (_, "id") => drop(page.anchors.insert(decode(value))),
                ("a", "name") => drop(page.anchors.insert(decode(value))),
                ("a", "href") => page.links.push(value.to_owned()),
                ("link", "href") | (_, "src") => page.resources.push(value.to_owned()),
                _ => {}
            }
        }
        if matches!(name.as_str(), "script" | "style") {
            rest = rest
                .split_once(&format!("</{name}"))
                .map_or("", |(_, after)| after);
        }
    }
    page
}

/// Splits after the tag's closing `>`, which quotes may hide.
fn split_tag(html: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, character) in html.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, '>') => return html.split_at(at + 1),
            _ => {}
        }
    }
    (html, "")
}

/// The attributes with a quoted value.
fn attributes(mut tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((before, after)) = tag.split_once('=') {
        let name = before
            .trim_end()
            .rsplit(|character: char| character.is_whitespace())
            .next()
            .unwrap_or_default();
        let value = after.trim_start();
        let Some(quote) = value
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''))
        else {
            tag = after;
            continue;
        };
        let Some((value, after)) = value[1..].split_once(quote) else {
            break;
        };
        found.push((name, value));
        tag = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes pages into a folder of their own, named after the test, and checks them.
    fn checked(test: &str, pages: &[(&str, &str)]) -> Outcome {
        let folder =
            std::env::temp_dir().join(format!("xtask-links-{test}-{}", std::process::id()));
        for (name, html) in pages {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, html).unwrap();
        }
        let outcome = check(folder.to_str().unwrap());
        std::fs::remove_dir_all(folder).unwrap();
        outcome
    }

    #[test]
    fn links_to_files_and_anchors_are_followed() {
        let first =
            r##"<a href="part/two.html#there">x</a> <a href='#here'>y</a> <h2 id="here">z</h2>"##;
        let second = r#"<a href="../one.html#here">x</a><b id="there"></b><a href="https://www.rust-lang.org/">out</a>"#;
        assert_eq!(
            checked("good", &[("one.html", first), ("part/two.html", second)]),
            Ok(())
        );
    }

    #[test]
    fn a_missing_file_and_a_missing_anchor_are_found() {
        let nowhere =
            r##"<a href="gone.html">x</a> <a href="#gone">y</a> <img src="gone.png" alt="z">"##;
        assert_eq!(
            checked("bad", &[("one.html", nowhere)]),
            Err("3 links lead nowhere".to_owned())
        );
    }

    #[test]
    fn a_script_from_another_host_is_found() {
        let page = r#"<script src="https://example.org/x.js"></script><script src="//example.org/y.js"></script>"#;
        assert_eq!(
            checked("host", &[("one.html", page)]),
            Err("2 links lead nowhere".to_owned())
        );
    }

    #[test]
    fn what_looks_like_a_tag_in_a_script_or_a_comment_is_none() {
        let page = read(
            r#"<!-- <a href="a"> --><script>'<a href="b">'</script><p title="<a href='c'>"><a href="d?e=1">"#,
        );
        assert_eq!(
            page,
            Page {
                links: vec!["d?e=1".to_owned()],
                ..Page::default()
            }
        );
    }

    #[test]
    fn an_empty_book_is_an_error() {
        assert!(
            checked("empty", &[("readme.txt", "")])
                .unwrap_err()
                .contains("no page")
        );
    }
}
