//! Takes the pixels out of a page: each picture becomes a file beside it, which a browser fetches when its reader gets near.
//!
//! With the pictures inside, a page of photographs is one large file that has to arrive whole before it is complete, in each chapter
//! that shows them. Drawings stay inside: there they take the colours of the page's theme.

use crate::base64;
use crate::cache::Key;

/// The folder for the files, at the root of the pages.
pub(crate) const FOLDER: &str = "pictures";

/// A picture with fewer characters stays where it is: another request costs more.
const LEAST: usize = 4096;

/// What lets a drawing use one part several times. A page element, as which a picture is put, has no place in these.
const REUSE: [&str; 6] = [
    "<pattern",
    "<mask",
    "<symbol",
    "<marker",
    "<clipPath",
    "<use",
];

/// A picture's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Made from what it holds: pages that show the same picture share it.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The HTML of a figure with its pictures in files, and these. `up` leads from the page to the root of the pages.
pub(crate) fn apart(html: &str, up: &str) -> (String, Vec<Picture>) {
    let mut apart = String::with_capacity(html.len());
    let mut pictures = Vec::new();
    let reused = REUSE.iter().any(|element| html.contains(element));
    let mut rest = html;
    while let Some(start) = rest.find("<im") {
        apart.push_str(&rest[..start]);
        rest = &rest[start..];
        let tag = Tag::at(rest);
        let put = tag.as_ref().and_then(|tag| match tag.name {
            "img" => tag.fetched_late(up),
            "image" if !reused => tag.as_page_element(up),
            _ => None,
        });
        match (tag, put) {
            (Some(tag), Some((element, picture))) => {
                apart.push_str(&element);
                pictures.push(picture);
                rest = tag.rest;
            }
            _ => {
                apart.push_str("<im");
                rest = &rest["<im".len()..];
            }
        }
    }
    apart.push_str(rest);
    (apart, pictures)
}

/// An empty element: `<img ...>`, `<image .../>`, `<image ...></image>`.
struct Tag<'a> {
    name: &'a str,
    /// Names and values, as they stand there.
    attributes: Vec<(&'a str, &'a str)>,
    /// What comes after it.
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// The element at the beginning of a text; none when it is none of these, or written in a way that is not known here.
    fn at(text: &'a str) -> Option<Tag<'a>> {
        let text = text.strip_prefix('<')?;
        let (name, mut rest) = text.split_at(text.find(|char: char| !char.is_ascii_alphabetic())?);
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix("/>") {
                rest = after;
                break;
            }
            if let Some(after) = rest.strip_prefix('>') {
                rest = match name {
                    "img" => after,
                    _ => after.trim_start().strip_prefix("</image>")?,
                };
                break;
            }
            let (attribute, after) = rest.split_once('=')?;
            let quote = after
                .chars()
                .next()
                .filter(|char| matches!(char, '"' | '\''))?;
            let (value, after) = after[1..].split_once(quote)?;
            attributes.push((attribute, value));
            rest = after;
        }
        Some(Tag {
            name,
            attributes,
            rest,
        })
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes
            .iter()
            .find(|(attribute, _)| *attribute == name)
            .map(|(_, value)| *value)
    }

    /// The attributes but for these, each with a space before it.
    fn without(&self, names: &[&str]) -> String {
        self.attributes
            .iter()
            .filter(|(name, _)| !names.contains(name))
            .map(|(name, value)| {
                let quote = if value.contains('"') { '\'' } else { '"' };
                format!(" {name}={quote}{value}{quote}")
            })
            .collect()
    }

    /// An `<img>` whose file is fetched late.
    fn fetched_late(&self, up: &str) -> Option<(String, Picture)> {
        let picture = picture(self.attribute("src")?)?;
        let element = format!(
            "<img src=\"{up}{FOLDER}/{}\"{} loading=\"lazy\" decoding=\"async\">",
            picture.name,
            self.without(&["src"])
        );
        Some((element, picture))
    }

    /// An `<img>` in the place of an `<image>`: of the two, only the former can be fetched late.
    fn as_page_element(&self, up: &str) -> Option<(String, Picture)> {
        let fit = match self.attribute("preserveAspectRatio") {
            Some("none") => "fill",
            None | Some("xMidYMid" | "xMidYMid meet") => "contain",
            Some(_) => return None,
        };
        self.attribute("width").and(self.attribute("height"))?;
        let picture = picture(self.attribute("href").or(self.attribute("xlink:href"))?)?;
        let element = format!(
            "<foreignObject{}><img src=\"{up}{FOLDER}/{}\" alt=\"\" loading=\"lazy\" decoding=\"async\" \
             style=\"display:block;width:100%;height:100%;object-fit:{fit}\"></foreignObject>",
            self.without(&["href", "xlink:href", "preserveAspectRatio"]),
            picture.name
        );
        Some((element, picture))
    }
}

/// The picture behind a `data:` address, when it is worth a file.
fn picture(address: &str) -> Option<Picture> {
    let (kind, data) = address
        .strip_prefix("data:image/")?
        .split_once(";base64,")?;
    if data.len() < LEAST {
        return None;
    }
    let extension = match kind {
        "jpeg" => "jpg",
        "png" | "gif" | "webp" | "avif" => kind,
        _ => return None,
    };
    let bytes = base64::decode(data)?;
    let name = format!("{}.{extension}", &Key::new().add(&bytes).text()[..16]);
    Some(Picture { name, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> String {
        format!("data:image/png;base64,{}", "QUJD".repeat(LEAST / 4))
    }

    fn file() -> Picture {
        let bytes = b"ABC".repeat(LEAST / 4);
        let name = format!("{}.png", &Key::new().add(&bytes).text()[..16]);
        Picture { name, bytes }
    }

    #[test]
    fn a_photograph_becomes_a_file() {
        let html = format!("<img src=\"{}\" width=\"2\" alt=\"1 > 0\">\n", data());
        let name = file().name;
        let expected = format!(
            "<img src=\"../pictures/{name}\" width=\"2\" alt=\"1 > 0\" loading=\"lazy\" decoding=\"async\">\n"
        );
        assert_eq!(apart(&html, "../"), (expected, vec![file()]));
    }

    #[test]
    fn pixels_in_a_drawing_keep_their_place() {
        let svg = |image: &str| format!("<svg><g>{image}</g><text>&lt;image</text></svg>");
        let img = |fit: &str| {
            format!(
                "<img src=\"pictures/{}\" alt=\"\" loading=\"lazy\" decoding=\"async\" \
                 style=\"display:block;width:100%;height:100%;object-fit:{fit}\">",
                file().name
            )
        };
        let data = data();
        let written = [
            (
                format!(
                    "<image x=\"1\" width=\"2\" height=\"3\" preserveAspectRatio=\"none\" image-rendering=\"pixelated\" href=\"{data}\"/>"
                ),
                format!(
                    "<foreignObject x=\"1\" width=\"2\" height=\"3\" image-rendering=\"pixelated\">{}</foreignObject>",
                    img("fill")
                ),
            ),
            (
                format!(
                    "<image height='3' width='2'\n  style='font-family:\"a\"' xlink:href='{data}' > </image>"
                ),
                format!(
                    "<foreignObject height=\"3\" width=\"2\" style='font-family:\"a\"'>{}</foreignObject>",
                    img("contain")
                ),
            ),
        ];
        for (image, element) in written {
            assert_eq!(apart(&svg(&image), ""), (svg(&element), vec![file()]));
        }
    }

    #[test]
    fn what_cannot_be_a_file_stays() {
        let data = data();
        let small = &data[..data.len() - 4];
        let stays = [
            format!("<img src=\"{small}\">"),
            format!("<img src=\"{data}=\">"),
            "<img src=\"cat.png\"><im".to_owned(),
            format!("<img src={data}>"),
            format!("<img src=\"{}\">", data.replace("png", "svg+xml")),
            format!("<image href=\"{data}\"/>"),
            format!(
                "<image width=\"1\" height=\"1\" preserveAspectRatio=\"xMinYMin slice\" href=\"{data}\"/>"
            ),
            format!("<image width=\"1\" height=\"1\" href=\"{data}\"><title>t</title></image>"),
            format!("<pattern><image width=\"1\" height=\"1\" href=\"{data}\"/></pattern>"),
        ];
        for html in stays {
            assert_eq!(apart(&html, ""), (html.clone(), Vec::new()));
        }
    }
}
