//! What becomes MathML, what does not, and what a mistake says.

use mdbook_mathml::render;

/// The HTML that a page would have.
fn page(markdown: &str) -> String {
    let markdown = render(markdown).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let options = pulldown_cmark::Options::ENABLE_TABLES;
    let events = pulldown_cmark::Parser::new_ext(&markdown, options);
    let mut html = String::new();
    for event in events {
        use pulldown_cmark::Event::{Code, Html, InlineHtml, Text};
        match event {
            Html(text) | InlineHtml(text) => html.push_str(&text),
            Code(text) | Text(text) => html.push_str(&text.replace('<', "&lt;")),
            other => html.push_str(&format!("{{{other:?}}}")),
        }
    }
    html
}

#[test]
fn inline_and_display_formulas_become_mathml() {
    let html = page("A size $n$ in all.\n\n$$\n\\sum_{i=0}^{n} x_i\n$$\n");
    assert!(html.contains("A size <math"), "{html}");
    assert!(html.contains(r#"<math display="block""#), "{html}");
    assert!(html.contains("<munderover>"), "{html}");
    assert!(!html.contains('$'), "{html}");
}

#[test]
fn punctuation_stays_on_the_line_of_its_formula() {
    let html = page("Take ($n$), the *size* $k$. Then $p$ and\n\n$$ q $$.\n");
    for (letter, mark) in [("n", "),"), ("k", ".")] {
        let together = format!("<mi>{letter}</mi></math>{mark}</span>");
        assert!(html.contains(&together), "{html}");
    }
    assert_eq!(html.matches("<span").count(), 2, "{html}");
}

#[test]
fn code_and_escaped_dollars_stay() {
    for text in [
        "`$n$`",
        "```text\n$ cargo xtask serve $\n```\n",
        "    $n$\n",
        r"it costs \$5 or \$6",
        "<pre>$n$</pre>\n",
    ] {
        assert_eq!(render(text).unwrap(), text);
    }
}

#[test]
fn nothing_in_a_formula_is_read_as_markdown() {
    let html = page(r"$a * b * c_{[1]}(x)$ and $[x](y) \backslash |z|$");
    assert!(
        !html.contains("Emphasis") && !html.contains("Link"),
        "{html}"
    );
}

#[test]
fn a_bar_in_a_formula_does_not_split_a_table_cell() {
    let html = page("| a | b |\n|---|---|\n| $n \\mid k$ | $\\lvert x \\rvert$ |\n");
    assert_eq!(html.matches("{Start(TableCell)}").count(), 4, "{html}");
    assert_eq!(html.matches("<math").count(), 2, "{html}");
}

#[test]
fn text_between_formulas_keeps_its_markdown() {
    let html = page("**bold** $x$ *it* $y$");
    assert!(
        html.contains("{Start(Strong)}bold") && html.contains("{Start(Emphasis)}it"),
        "{html}"
    );
}

#[test]
fn a_mistake_is_reported_with_its_place() {
    let text = "Good: $x$.\n\nBad: $\\frac{1}$ and $\\unknown$.\n";
    let mistakes = render(text).unwrap_err();
    let formulas: Vec<_> = mistakes
        .iter()
        .map(|mistake| &text[mistake.place.clone()])
        .collect();
    assert_eq!(formulas, ["$\\frac{1}$", "$\\unknown$"]);
    assert!(mistakes.iter().all(|mistake| !mistake.message.is_empty()));
}

#[test]
fn the_books_own_formulas_are_valid() {
    for latex in [
        r"\left\lfloor \frac{n + 2p - d(k - 1) - 1}{s} \right\rfloor + 1",
        r"Y_{i,j} = \sum_{a=0}^{k_h - 1} \sum_{b=0}^{k_w - 1} X_{i+a,\,j+b} \, K_{a,b}",
        r"\begin{bmatrix} 0 & 1 \\ 2 & 3 \end{bmatrix} \star \begin{pmatrix} a \\ b \end{pmatrix}",
        r"f(x) = \begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\frac{\partial L}{\partial w} \approx 10^{-3}, \quad \hat{Y} \in \mathbb{R}^{n \times m}",
    ] {
        assert!(page(&format!("$${latex}$$")).contains("</math>"), "{latex}");
    }
}

#[test]
fn a_formula_stays_in_the_line_of_what_follows_it() {
    let kept = |markdown: &str| {
        let html = page(markdown);
        let start = html.find(r#"<span style="white-space: nowrap">"#)?;
        let end = html.find("</span>").expect("it ends");
        let (before, formula) = html[start..end].split_once('>')?.1.split_once("<math")?;
        let after = formula.rsplit_once("</math>")?.1;
        Some(format!("{before}_{after}"))
    };
    assert_eq!(kept("It is $x$. Then").as_deref(), Some("_."));
    assert_eq!(kept("(the $x$-th),\n").as_deref(), Some("_-th),"));
    assert_eq!(kept("from ($x$ to $y$)").as_deref(), Some("(_"));
    assert_eq!(kept("*the $x$* and $y$").as_deref(), None);
    assert_eq!(kept("$$x$$.").as_deref(), None);
    assert_eq!(kept("[$x$](y.md)").as_deref(), None);
}

#[test]
fn a_root_has_a_least_height() {
    assert!(page(r"$\sqrt a$").contains("<msqrt><mspace"));
}
