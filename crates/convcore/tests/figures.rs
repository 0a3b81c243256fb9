//! Figures as others see them: well-formed, described, true to the theme, the same every time.

use convcore::figure::{self, Figure};
use convcore::{Geometry, Tensor};
use proptest::prelude::*;
use roxmltree::{Document, Node};

fn x() -> Tensor {
    Tensor::arange(9).reshape(&[3, 3])
}

fn k() -> Tensor {
    Tensor::arange(4).reshape(&[2, 2])
}

/// One figure of each kind. The last ones hold images or values as colours: their data have colours of their own.
fn every_kind() -> Vec<(&'static str, Figure)> {
    let a = Tensor::from([2., 4.]).requires_grad().name("a");
    let y = ((a.powi(2) + a.flip(0)).name("b") * 2.).name("y");
    y.backward_with(&Tensor::from([1., 2.]));
    let layers = [
        ("conv", Geometry::new(3).padding(1)),
        ("pool", Geometry::pooling(2)),
    ];
    vec![
        (
            "grid",
            figure::grid(&x())
                .title("Input")
                .padding(1)
                .window(0..2, 0..2)
                .unread([4], []),
        ),
        (
            "row",
            figure::row()
                .part(figure::grid(&x()))
                .sign("+")
                .part(figure::grid(&k()))
                .sign("<&>"),
        ),
        (
            "cross_correlation",
            figure::cross_correlation(&x(), &k())
                .padding(1)
                .stride((3, 2)),
        ),
        ("max_pool", figure::max_pool(&x(), 2, 1)),
        (
            "windows",
            figure::windows([8, 8], &Geometry::new(3).stride(2).padding(1)),
        ),
        (
            "receptive_field",
            figure::receptive_field([8, 8], &layers, [0, 0]),
        ),
        (
            "line_chart",
            figure::line_chart()
                .series("a <b>", &[3., 2., 1.])
                .series("c & d", &[1., 4., 9.])
                .x_label("step"),
        ),
        (
            "bar_chart",
            figure::bar_chart("weights")
                .bar("one", 3.0)
                .bar("other", -2.0),
        ),
        (
            "confusion_matrix",
            figure::confusion_matrix(&[0, 1, 2, 2], &[0, 2, 2, 1], 3),
        ),
        ("graph", figure::graph(&y)),
        (
            "numbered kernels",
            figure::kernels(&Tensor::arange(16).reshape(&[2, 2, 2, 2])),
        ),
        ("heat_map", figure::heat_map(&(x() - 4.)).window(0..2, 0..2)),
        (
            "large heat_map",
            figure::heat_map(&Tensor::arange(400).reshape(&[20, 20])),
        ),
        ("photo", figure::photo(&(x() / 8.))),
        ("tiles", figure::tiles(&[("\"zero\"", x() / 8.)])),
        (
            "feature_maps",
            figure::feature_maps(&Tensor::arange(18).reshape(&[2, 3, 3])),
        ),
        (
            "kernels",
            figure::kernels(&Tensor::arange(150).reshape(&[6, 1, 5, 5])),
        ),
        (
            "side_by_side",
            figure::side_by_side([
                ("one", figure::photo(&x())),
                ("two", figure::heat_map(&k())),
            ]),
        ),
    ]
}

/// How many of [`every_kind`] draw with the theme's colours only.
const THEMED: usize = 11;

fn parse<'a>(name: &str, svg: &'a str) -> Document<'a> {
    Document::parse(svg).unwrap_or_else(|error| panic!("{name} is no XML: {error}\n{svg}"))
}

fn number(node: Node<'_, '_>, attribute: &str) -> f32 {
    node.attribute(attribute).unwrap().parse().unwrap()
}

fn texts(svg: &str) -> Vec<String> {
    let document = parse("figure", svg);
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .map(|node| {
            node.descendants()
                .filter_map(|node| node.text().filter(|_| node.is_text()))
                .collect()
        })
        .collect()
}

#[test]
fn each_figure_is_a_well_formed_described_image_on_one_line() {
    for (name, figure) in every_kind() {
        let svg = figure.svg();
        assert!(
            !svg.contains('\n'),
            "{name} has a line break, which ends a block of HTML in Markdown"
        );
        let document = parse(name, &svg);
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        assert_eq!(root.attribute("role"), Some("img"), "{name}");
        assert_eq!(
            root.attribute("aria-label"),
            Some(figure.alt_text().as_str()),
            "{name}"
        );
        let (width, height) = (number(root, "width"), number(root, "height"));
        assert_eq!(
            root.attribute("viewBox").unwrap(),
            format!("0 0 {width} {height}"),
            "{name}"
        );
        assert!(
            width > 0.0 && width < 700.0 && height > 0.0,
            "{name} is {width} by {height}"
        );
        assert!(
            document.descendants().all(|node| !node.has_attribute("id")),
            "{name}: ids clash within a page"
        );
        assert!(
            !figure.caption_text().contains('\n') && !figure.alt_text().contains('\n'),
            "{name}"
        );
        assert!(
            !figure.caption_text().is_empty() && figure.alt_text().len() > 20,
            "{name}: {}",
            figure.alt_text()
        );
    }
}

#[test]
fn nothing_is_drawn_outside_of_the_picture() {
    for (name, figure) in every_kind() {
        let svg = figure.svg();
        let document = parse(name, &svg);
        let (width, height) = (
            number(document.root_element(), "width"),
            number(document.root_element(), "height"),
        );
        for rect in document
            .descendants()
            .filter(|node| node.has_tag_name("rect") || node.has_tag_name("image"))
        {
            let (mut left, mut top) = (0.0, 0.0);
            for group in rect.ancestors() {
                if let Some(moved) = group.attribute("transform") {
                    let moved = moved.trim_start_matches("translate(").trim_end_matches(')');
                    let (x, y) = moved.split_once(' ').unwrap();
                    left += x.parse::<f32>().unwrap();
                    top += y.parse::<f32>().unwrap();
                }
            }
            let at = |attribute: &str| {
                rect.attribute(attribute)
                    .map_or(0.0, |value| value.parse::<f32>().unwrap())
            };
            left += at("x");
            top += at("y");
            assert!(
                left >= 0.0
                    && top >= 0.0
                    && left + at("width") <= width + 0.1
                    && top + at("height") <= height + 0.1,
                "{name}: {rect:?} at {left}, {top} sticks out of {width} by {height}"
            );
        }
    }
}

#[test]
fn colours_come_from_the_theme_but_for_what_stands_on_data() {
    for (index, (name, figure)) in every_kind().into_iter().enumerate() {
        let svg = figure.svg();
        for node in parse(name, &svg).descendants() {
            for attribute in ["fill", "stroke"] {
                let Some(colour) = node.attribute(attribute) else {
                    continue;
                };
                let themed = colour == "none" || colour.starts_with("var(--figure-");
                assert!(
                    themed || (index >= THEMED && colour.starts_with('#')),
                    "{name}: {attribute} {colour}"
                );
            }
        }
    }
}

#[test]
fn the_same_figure_is_the_same_bytes() {
    for ((name, one), (_, other)) in every_kind().into_iter().zip(every_kind()) {
        assert!(one.svg() == other.svg(), "{name}");
    }
}

#[test]
fn a_grid_shows_its_numbers_in_order() {
    assert_eq!(
        texts(&figure::grid(&x()).svg()),
        ["0", "1", "2", "3", "4", "5", "6", "7", "8"]
    );
    let fractions = figure::grid(&Tensor::from([0.5, -1.25]));
    assert_eq!(texts(&fractions.svg()), ["0.50", "\u{2212}1.25"]);
}

#[test]
fn a_window_is_shaded_and_outlined_where_its_cells_are() {
    let svg = figure::grid(&x()).window(1..3, 0..2).svg();
    let document = parse("grid", &svg);
    let rects: Vec<Node<'_, '_>> = document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .collect();
    let place = |rect: &Node<'_, '_>| {
        ["x", "y", "width", "height"].map(|attribute| number(*rect, attribute))
    };
    let shade = rects
        .iter()
        .find(|rect| {
            rect.attribute("fill")
                .is_some_and(|fill| fill.contains("shade"))
        })
        .unwrap();
    let outline = rects
        .iter()
        .find(|rect| rect.attribute("class") == Some("window"))
        .unwrap();
    assert_eq!(place(shade), place(outline));
    let [left, top, width, height] = place(outline);
    // The numbers within are those of rows 1 and 2, columns 0 and 1.
    let inside: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter(|node| {
            (left..left + width).contains(&number(*node, "x"))
                && (top..top + height).contains(&number(*node, "y"))
        })
        .filter_map(|node| node.text())
        .collect();
    assert_eq!(inside, ["3", "4", "6", "7"]);
}

#[test]
fn the_description_names_numbers_windows_and_what_is_unread() {
    let figure = figure::grid(&x())
        .title("Input")
        .padding(1)
        .window(0..2, 3..5)
        .unread([2], [4]);
    assert_eq!(
        figure.alt_text(),
        "Input, 3 by 3, padded to 5 by 5 with 0: 0 1 2 / 3 4 5 / 6 7 8. Shaded: rows 0 and 1, columns 3 and 4 of the padded \
         grid, holding 0 0 / 2 0. Hatched, for no window reads them: row 2, column 4."
    );
}

#[test]
fn the_caller_s_words_come_first() {
    let figure = figure::grid(&x())
        .caption("All\nof it.")
        .alt("Nine numbers.");
    assert_eq!(
        (figure.caption_text().as_str(), figure.alt_text().as_str()),
        ("All of it.", "Nine numbers.")
    );
    let photo = figure::photo(&(x() / 8.)).alt("A ramp.");
    assert_eq!(
        photo.alt_text(),
        "A ramp. Photograph, 3 by 3 pixels, grey, values from 0 to 1."
    );
}

#[test]
fn only_a_plain_large_photograph_is_a_png() {
    let large = Tensor::zeros(&[200, 100]);
    assert!(figure::photo(&large).png().unwrap().starts_with(b"\x89PNG"));
    assert!(figure::photo(&large).title("dark").png().is_none());
    assert!(figure::photo(&large).window(0..9, 0..9).png().is_none());
    assert!(figure::grid(&x()).png().is_none());
}

#[test]
fn a_figure_is_saved_as_its_name_says() {
    let folder = std::env::temp_dir().join(format!("convcore-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    figure::grid(&x()).save(folder.join("grid.svg")).unwrap();
    assert_eq!(
        std::fs::read_to_string(folder.join("grid.svg")).unwrap(),
        figure::grid(&x()).svg()
    );
    figure::photo(&Tensor::zeros(&[200, 100]))
        .save(folder.join("photo.PNG"))
        .unwrap();
    assert_eq!(
        convcore::image::read_gray(folder.join("photo.PNG"))
            .unwrap()
            .shape(),
        [200, 100]
    );
    let error = figure::grid(&x())
        .save(folder.join("grid.png"))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("only a photo without a title is pixels"),
        "{error}"
    );
    assert!(!folder.join("grid.png").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

/// The message of a panic, and the file in which it was blamed on the caller.
fn panic_of(mistake: impl FnOnce() + std::panic::UnwindSafe) -> (String, String) {
    use std::sync::{Arc, Mutex, MutexGuard};
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard: MutexGuard<'_, ()> = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|error| error.into_inner());
    let seen = Arc::new(Mutex::new(None));
    let (hook, thread) = (Arc::clone(&seen), std::thread::current().id());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == thread {
            let message = info.payload_as_str().unwrap_or_default().to_owned();
            *hook.lock().unwrap() = Some((message, info.location().unwrap().file().to_owned()));
        }
    }));
    let outcome = std::panic::catch_unwind(mistake);
    std::panic::set_hook(before);
    assert!(outcome.is_err(), "nothing panicked");
    seen.lock().unwrap().take().unwrap()
}

#[test]
fn a_mistake_is_blamed_on_the_line_that_made_it_and_names_the_shapes() {
    type Mistake = Box<dyn FnOnce() + std::panic::UnwindSafe>;
    let mistakes: Vec<(Mistake, &str)> = vec![
        (
            Box::new(|| drop(figure::grid(&Tensor::zeros(&[2, 0])))),
            "figure::grid: there is nothing to draw in shape [2, 0]",
        ),
        (
            Box::new(|| drop(figure::grid(&Tensor::zeros(&[1, 2, 2])))),
            "figure::grid: a tensor of at most two axes is needed, got shape [1, 2, 2]",
        ),
        (
            Box::new(|| drop(figure::grid(&Tensor::zeros(&[2, 33])))),
            "figure::grid: at most 32 by 32 numbers are legible, got shape [2, 33]",
        ),
        (
            Box::new(|| drop(figure::heat_map(&Tensor::zeros(&[2, 2, 2])))),
            "figure::heat_map: a matrix is needed, got shape [2, 2, 2]",
        ),
        (
            Box::new(|| drop(figure::photo(&Tensor::zeros(&[2, 4, 4])))),
            "figure::photo: an image is [H, W], [1, H, W] or [3, H, W], got shape [2, 4, 4]",
        ),
        (
            Box::new(|| drop(figure::feature_maps(&Tensor::zeros(&[4, 4])))),
            "figure::feature_maps: a tensor [C, H, W] is needed, got shape [4, 4]",
        ),
        (
            Box::new(|| drop(figure::kernels(&Tensor::zeros(&[4, 4])))),
            "figure::kernels: a tensor [O, I, H, W] is needed, got shape [4, 4]",
        ),
        (
            Box::new(|| drop(figure::grid(&x()).window(0..4, 0..2))),
            "Figure::window: rows [0, 1, 2, 3] and columns [0, 1] do not lie in a grid of 3 by 3",
        ),
        (
            Box::new(|| drop(figure::grid(&x()).series("loss", &[1.]))),
            "Figure::points does not apply to a grid",
        ),
        (
            Box::new(|| drop(figure::line_chart().window(0..1, 0..1))),
            "Figure::window does not apply to a line chart",
        ),
        (
            Box::new(|| drop(figure::confusion_matrix(&[0], &[0, 1], 2))),
            "figure::confusion_matrix: 1 labels and 2 predictions",
        ),
        (
            Box::new(|| drop(figure::confusion_matrix(&[2], &[0], 2))),
            "figure::confusion_matrix: class 2 among 2 classes",
        ),
        (
            Box::new(|| drop(figure::windows([2, 2], &Geometry::new(3)))),
            "figure::windows: the kernel's height 3 is larger than the padded input's 2",
        ),
    ];
    for (mistake, expected) in mistakes {
        let (message, file) = panic_of(mistake);
        assert!(
            message.starts_with(expected),
            "got: {message}\nexpected: {expected}"
        );
        assert!(
            file.ends_with("figures.rs"),
            "{message} was blamed on {file}"
        );
    }
}

/// Any number at all, the odd ones often.
fn value() -> impl Strategy<Value = f32> {
    let odd = prop::sample::select(vec![
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        -0.0,
    ]);
    prop_oneof![4 => any::<f32>(), 2 => odd, 4 => -10.0_f32..10.0, 2 => (-9_i8..9).prop_map(f32::from)]
}

fn matrix() -> impl Strategy<Value = Tensor> {
    (1..14_usize, 1..14_usize).prop_flat_map(|(rows, columns)| {
        prop::collection::vec(value(), rows * columns)
            .prop_map(move |values| Tensor::new(&[rows, columns], values))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_numbers_are_the_figure_is_well_formed(matrix in matrix(), at in 0..14_usize) {
        let (rows, columns) = (matrix.shape()[0], matrix.shape()[1]);
        let values = matrix.as_slice();
        let points: Vec<(f32, f32)> = values.iter().zip(values.iter().rev()).map(|(&x, &y)| (x, y)).collect();
        let whole = matrix.requires_grad();
        let figures = [
            figure::grid(&whole).padding(1).padding_value(whole.as_slice()[0]).window([at % rows], [at % columns]),
            figure::cross_correlation(&whole, &whole),
            figure::cross_correlation(&whole, &Tensor::from([[1.0]])).padding(1).stride(2),
            figure::max_pool(&whole, 1, 1),
            figure::heat_map(&whole).window([at % rows], [at % columns]),
            figure::photo(&whole).window([at % rows], [at % columns]),
            figure::tiles(&[("a \u{0} <tile>", whole.clone())]),
            figure::feature_maps(&whole.reshape(&[1, rows, columns])).own_scale(),
            figure::feature_maps(&whole.reshape(&[rows, 1, columns])),
            figure::kernels(&whole.reshape(&[rows, 1, 1, columns])),
            figure::line_chart().series("values", whole.as_slice()).points("points", &points).x_label("x").y_label("y"),
            figure::bar_chart("values").bar("first", whole.as_slice()[0]).bar("last", values_last(&whole)),
            figure::graph(&(&whole * 2.0).sum()),
        ];
        for figure in figures {
            let svg = figure.svg();
            parse("figure", &svg);
            prop_assert!(!svg.contains("NaN\"") && !svg.contains("inf\"") && !svg.contains("=\"NaN"), "{}", svg);
            prop_assert!(!figure.alt_text().is_empty());
        }
    }

    #[test]
    fn a_large_map_of_any_numbers_is_well_formed(values in prop::collection::vec(value(), 400)) {
        let map = Tensor::new(&[20, 20], values);
        for figure in [figure::heat_map(&map), figure::feature_maps(&map.reshape(&[1, 20, 20])), figure::photo(&map)] {
            parse("figure", &figure.svg());
        }
    }
}

fn values_last(tensor: &Tensor) -> f32 {
    tensor.as_slice()[tensor.len() - 1]
}
