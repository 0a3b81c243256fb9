//! Turns mdBook's Markdown into Markdown that Jupyter shows as it was meant.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{BlockQuoteKind, CowStr, Event, LinkType, Tag, TagEnd};

use crate::base64;
use crate::chapter::markdown;
use crate::config::{normal, relative, slashed};

/// The parts of a chapter in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Markdown, and the pictures in it by name: type and base64.
    Text(String, BTreeMap<String, (String, String)>),
    /// The JSON behind a fence with one of our words.
    Fence(String, String),
}

/// Where links may lead.
pub struct Links<'a> {
    /// The book's folder of chapters.
    pub source: PathBuf,
    /// The folder of notebooks.
    pub notebooks: PathBuf,
    /// Each chapter's notebook, by the chapter's path.
    pub names: &'a HashMap<String, String>,
    /// Each chapter's headings, as mdBook names them and as Jupyter does.
    pub anchors: &'a HashMap<String, HashMap<String, String>>,
    /// Where the book is published.
    pub book_url: Option<&'a str>,
}

/// Takes a chapter apart. `path` is its own, from the folder of chapters.
pub fn parts(text: &str, path: &str, links: &Links<'_>, words: &[&str]) -> Vec<Part> {
    let mut fences: Vec<(Range<usize>, String, String)> = Vec::new();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut details: Vec<Range<usize>> = Vec::new();
    let mut pictures = BTreeMap::new();
    let mut events = markdown(text).into_offset_iter();
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Fenced(info)))
                if words.contains(&info.trim()) =>
            {
                let mut json = String::new();
                for (event, _) in events.by_ref() {
                    match event {
                        Event::Text(text) => json.push_str(&text),
                        _ => break,
                    }
                }
                let length = text[range.clone()]
                    .trim_end_matches(['\n', '\r', ' ', '>'])
                    .len();
                fences.push((
                    range.start..range.start + length,
                    info.trim().to_owned(),
                    json,
                ));
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) => {
                edits.extend(link_edit(
                    text,
                    range,
                    link_type,
                    &links.target(path, &dest_url),
                    false,
                ));
            }
            Event::Start(Tag::Image {
                link_type,
                dest_url,
                ..
            }) => {
                let target = attach(&links.source, path, &dest_url, &mut pictures)
                    .unwrap_or_else(|| links.target(path, &dest_url));
                edits.extend(link_edit(text, range, link_type, &target, true));
            }
            Event::Start(Tag::Heading {
                id, classes, attrs, ..
            }) if id.is_some() || !classes.is_empty() || !attrs.is_empty() => {
                if let Some(at) = text[range.clone()].rfind('{') {
                    let end = text[range.clone()]
                        .rfind('}')
                        .map_or(range.end, |end| range.start + end + 1);
                    edits.push((range.start + at..end, String::new()));
                }
            }
            Event::Start(Tag::BlockQuote(Some(kind))) => {
                let word = match kind {
                    BlockQuoteKind::Note => "NOTE",
                    BlockQuoteKind::Tip => "TIP",
                    BlockQuoteKind::Important => "IMPORTANT",
                    BlockQuoteKind::Warning => "WARNING",
                    BlockQuoteKind::Caution => "CAUTION",
                };
                if let Some(at) = text[range.clone()]
                    .to_uppercase()
                    .find(&format!("[!{word}]"))
                {
                    let start = range.start + at;
                    let title = format!("**{}{}**  ", &word[..1], word[1..].to_lowercase());
                    edits.push((start..start + word.len() + 3, title));
                }
            }
            Event::FootnoteReference(name) => edits.push((range, format!("<sup>{name}</sup>"))),
            Event::Start(Tag::FootnoteDefinition(name)) => {
                if let Some(at) = text[range.clone()].find("]:") {
                    edits.push((
                        range.start..range.start + at + 2,
                        format!("<sup>{name}</sup>"),
                    ));
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => details.push(range),
            _ => {}
        }
    }
    edits.extend(open_details(text, &details, &fences));
    edits.sort_by_key(|(range, _)| range.start);
    cut(text, &fences, &edits, pictures)
}

/// Cuts the text at its fences, with the edits made.
fn cut(
    text: &str,
    fences: &[(Range<usize>, String, String)],
    edits: &[(Range<usize>, String)],
    pictures: BTreeMap<String, (String, String)>,
) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut prefix = String::new();
    let ends = fences
        .iter()
        .map(|(range, word, json)| (range.clone(), Some((word, json))))
        .chain([(text.len()..text.len(), None)]);
    for (range, fence) in ends {
        let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        // What stands before the fence on its line is the mark of a list or a quote.
        let before = &text[line.max(from)..range.start];
        let until = if fence.is_some()
            && before
                .chars()
                .all(|char| char.is_whitespace() || char == '>')
        {
            line.max(from)
        } else {
            range.start
        };
        let prose = edited(text, from..until, edits);
        let prose = dedent(&prose, &prefix);
        let prose = prose
            .trim_matches(['\n', '\r'])
            .trim_end()
            .trim_end_matches("\n>")
            .trim_end();
        if !prose.trim_matches(['>', ' ', '\n']).is_empty() {
            let used = pictures
                .iter()
                .filter(|(name, _)| prose.contains(&format!("attachment:{name}")));
            parts.push(Part::Text(
                prose.to_owned(),
                used.map(|(name, picture)| (name.clone(), picture.clone()))
                    .collect(),
            ));
        }
        if let Some((word, json)) = fence {
            parts.push(Part::Fence(word.clone(), json.clone()));
        }
        prefix = before
            .chars()
            .map(|char| if char == '>' { '>' } else { ' ' })
            .collect();
        from = range.end;
    }
    parts
}

fn edited(text: &str, range: Range<usize>, edits: &[(Range<usize>, String)]) -> String {
    let mut prose = String::new();
    let mut at = range.start;
    for (edit, replacement) in edits
        .iter()
        .filter(|(edit, _)| edit.start >= range.start && edit.end <= range.end)
    {
        // Edits within an edit, such as a picture within a link, are not made twice.
        if edit.start >= at {
            prose.push_str(&text[at..edit.start]);
            prose.push_str(replacement);
            at = edit.end;
        }
    }
    prose.push_str(&text[at..range.end]);
    prose
}

/// What goes on with a list item after a cell is no code for being indented.
fn dedent(prose: &str, prefix: &str) -> String {
    if prefix.is_empty() || prefix.contains('>') {
        return prose.to_owned();
    }
    let mut inside = true;
    let lines = prose.lines().map(|line| {
        inside &= line.trim().is_empty() || line.starts_with(prefix);
        if inside {
            line.strip_prefix(prefix).unwrap_or(line.trim_start())
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A `<details>` with a cell in it cannot stay closed: its summary becomes a line of text.
fn open_details(
    text: &str,
    html: &[Range<usize>],
    fences: &[(Range<usize>, String, String)],
) -> Vec<(Range<usize>, String)> {
    let mut edits = Vec::new();
    let mut tags = Vec::new();
    for range in html {
        let mut at = range.start;
        while let Some(found) = text[at..range.end].find("details") {
            let word = at + found;
            at = word + "details".len();
            let opens = text[..word].ends_with('<');
            if (opens || text[..word].ends_with("</"))
                && let Some(end) = text[word..range.end].find('>')
            {
                tags.push((word - if opens { 1 } else { 2 }..word + end + 1, opens));
            }
        }
    }
    let mut open: Vec<Range<usize>> = Vec::new();
    for (tag, opens) in tags {
        if opens {
            open.push(tag);
        } else if let Some(start) = open.pop()
            && fences
                .iter()
                .any(|(range, ..)| start.end <= range.start && range.end <= tag.start)
        {
            let inside = &text[start.end..tag.start];
            if let (Some(from), Some(to)) = (inside.find("<summary>"), inside.find("</summary>")) {
                edits.push((
                    start.end + from..start.end + from + "<summary>".len(),
                    "\n\n**".to_owned(),
                ));
                edits.push((
                    start.end + to..start.end + to + "</summary>".len(),
                    "**\n\n".to_owned(),
                ));
            }
            edits.push((start, String::new()));
            edits.push((tag, String::new()));
        }
    }
    edits
}

/// Rewrites a link so that it stands by itself: a cell does not see the definitions of another.
fn link_edit(
    text: &str,
    range: Range<usize>,
    kind: LinkType,
    target: &str,
    image: bool,
) -> Option<(Range<usize>, String)> {
    let source = &text[range.clone()];
    let open = source.find('[')?;
    let label = &source[open..];
    let close = match kind {
        LinkType::Inline => label.rfind("](")?,
        LinkType::Reference | LinkType::Collapsed => label.rfind("][")?,
        LinkType::Shortcut => label.rfind(']')?,
        _ => return None,
    };
    let title = (kind == LinkType::Inline)
        .then(|| {
            label[close + 2..]
                .find(['"', '\''])
                .map(|at| label[close + 2 + at..].trim_end_matches(')').to_owned())
        })
        .flatten();
    let title = title.map(|title| format!(" {title}")).unwrap_or_default();
    let target = if target.contains([' ', '(', ')']) {
        format!("<{target}>")
    } else {
        target.to_owned()
    };
    let bang = if image { "!" } else { "" };
    Some((
        range,
        format!("{bang}{}]({target}{title})", &label[..close]),
    ))
}

impl Links<'_> {
    /// Where a link of a chapter leads from its notebook.
    fn target(&self, chapter: &str, target: &str) -> String {
        if target.contains("://") || target.starts_with("mailto:") || target.starts_with('/') {
            return target.to_owned();
        }
        let (path, anchor) = target
            .split_once('#')
            .map_or((target, None), |(path, anchor)| (path, Some(anchor)));
        let file = if path.is_empty() {
            PathBuf::from(chapter)
        } else {
            normal(
                &Path::new(chapter)
                    .parent()
                    .unwrap_or(Path::new(""))
                    .join(path),
            )
        };
        let file = slashed(&file);
        let source = file
            .strip_suffix(".html")
            .map(|stem| format!("{stem}.md"))
            .filter(|source| self.anchors.contains_key(source))
            .unwrap_or(file.clone());
        let heading = anchor.map(|anchor| {
            self.anchors
                .get(&source)
                .and_then(|anchors| anchors.get(anchor))
                .map_or(anchor, String::as_str)
        });
        let jupyter = heading
            .map(|heading| format!("#{heading}"))
            .unwrap_or_default();
        let original = anchor
            .map(|anchor| format!("#{anchor}"))
            .unwrap_or_default();
        if path.is_empty() {
            return jupyter;
        }
        match (self.names.get(&source), self.book_url) {
            (Some(name), _) => format!("{name}.ipynb{jupyter}"),
            (None, Some(url)) => {
                let page = source.strip_suffix(".md").map(|stem| {
                    format!(
                        "{}.html",
                        stem.strip_suffix("README")
                            .map_or(stem.to_owned(), |stem| format!("{stem}index"))
                    )
                });
                format!(
                    "{}/{}{original}",
                    url.trim_end_matches('/'),
                    page.unwrap_or(file)
                )
            }
            (None, None) => format!(
                "{}{original}",
                slashed(&relative(&self.notebooks, &self.source.join(&source)))
            ),
        }
    }
}

/// The headings of a chapter: mdBook's name for each, and Jupyter's.
pub fn anchors(text: &str) -> HashMap<String, String> {
    let mut anchors = HashMap::new();
    let mut heading: Option<(Option<String>, String)> = None;
    for event in markdown(text) {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                heading = Some((id.map(CowStr::into_string), String::new()))
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, title)) = &mut heading {
                    title.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((id, title)) = heading.take() {
                    let id = id.unwrap_or_else(|| unique(mdbook_id(&title), &anchors));
                    anchors.insert(id, title.trim().replace(' ', "-"));
                }
            }
            _ => {}
        }
    }
    anchors
}

/// mdBook's name for a heading.
fn mdbook_id(title: &str) -> String {
    let keep = |char: char| match char {
        char if char.is_alphanumeric() || char == '_' || char == '-' => {
            Some(char.to_ascii_lowercase())
        }
        char if char.is_whitespace() => Some('-'),
        _ => None,
    };
    title.trim().chars().filter_map(keep).collect()
}

fn unique(id: String, taken: &HashMap<String, String>) -> String {
    if !taken.contains_key(&id) {
        return id;
    }
    (1..)
        .map(|count| format!("{id}-{count}"))
        .find(|id| !taken.contains_key(id))
        .expect("there are numbers enough")
}

/// Puts a picture into the notebook itself, so that it is seen wherever the notebook is opened.
fn attach(
    source: &Path,
    chapter: &str,
    target: &str,
    pictures: &mut BTreeMap<String, (String, String)>,
) -> Option<String> {
    let mime = match target.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        _ => return None,
    };
    let bytes = fs::read(source.join(Path::new(chapter).parent()?).join(target)).ok()?;
    let base = target.rsplit('/').next()?.replace([' ', '(', ')'], "-");
    let data = base64::encode(&bytes);
    let taken = |name: &String| pictures.get(name).is_some_and(|(_, other)| *other != data);
    let name = std::iter::once(base.clone())
        .chain((2..).map(|count| format!("{count}-{base}")))
        .find(|name| !taken(name))?;
    pictures.insert(name.clone(), (mime.to_owned(), data));
    Some(format!("attachment:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(markdown: &str) -> Vec<String> {
        let names = HashMap::from([("b/c.md".to_owned(), "02-c".to_owned())]);
        let anchors = HashMap::from([
            (
                "b/c.md".to_owned(),
                super::anchors("# The `C`\n\n## How large? {#size}\n"),
            ),
            ("a.md".to_owned(), super::anchors("# Its own\n")),
            ("d.md".to_owned(), HashMap::new()),
        ]);
        let links = Links {
            source: "/r/book".into(),
            notebooks: "/r/notebooks".into(),
            names: &names,
            anchors: &anchors,
            book_url: None,
        };
        let texts = parts(markdown, "a.md", &links, &["cell"])
            .into_iter()
            .map(|part| match part {
                Part::Text(text, _) => text,
                Part::Fence(_, json) => format!("<{}>", json.trim()),
            });
        texts.collect()
    }

    #[test]
    fn links_lead_to_notebooks_and_their_headings() {
        assert_eq!(
            text_of("[c](b/c.md#size) [top](b/c.md#the-c) [own](#its-own)"),
            ["[c](02-c.ipynb#How-large?) [top](02-c.ipynb#The-C) [own](#Its-own)"]
        );
        assert_eq!(
            text_of("[d](d.md#x) <https://e.org> [e](https://e.org)"),
            ["[d](../book/d.md#x) <https://e.org> [e](https://e.org)"]
        );
    }

    #[test]
    fn a_link_by_reference_stands_by_itself() {
        assert_eq!(
            text_of("see [the c][c]\n\n[c]: b/c.md\n")[0].lines().next(),
            Some("see [the c](02-c.ipynb)")
        );
    }

    #[test]
    fn text_after_a_cell_in_a_list_is_no_code() {
        let parts = text_of("1. one\n\n    ```cell\n    1\n    ```\n\n    on\n\n2. two\n");
        assert_eq!(parts, ["1. one", "<1>", "on\n\n2. two"]);
    }

    #[test]
    fn mathematics_is_left_alone() {
        let formula = "$$ Y_{i,j} = \\sum_{a=0} X_{i+a,\\,j} \\, K_a $$ and $a_b * c_d$";
        assert_eq!(text_of(formula), [formula]);
    }

    #[test]
    fn details_with_a_cell_are_opened_and_others_stay() {
        let parts = text_of(
            "<details>\n<summary>Hint</summary>\n\nh\n\n</details>\n<details>\n<summary>Solution</summary>\n\n```cell\n1\n```\n\n</details>\n",
        );
        assert!(
            parts[0].starts_with("<details>\n<summary>Hint</summary>\n\nh\n\n</details>"),
            "{parts:?}"
        );
        assert!(parts[0].ends_with("**Solution**"), "{parts:?}");
        assert_eq!(parts[1..], ["<1>"]);
    }

    #[test]
    fn headings_lose_what_only_mdbook_reads() {
        assert_eq!(
            text_of("## A {#b .c}\n\n> [!NOTE]\n> n[^1]\n\n[^1]: f\n"),
            ["## A \n\n> **Note**  \n> n<sup>1</sup>\n\n<sup>1</sup> f"]
        );
    }
}
