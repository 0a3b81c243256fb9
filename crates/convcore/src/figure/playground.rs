//! A kernel to play with: a photograph that a page filters as its reader edits the kernel.

use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale, colour, heat_map, photo, side_by_side};
use crate::{Tensor, corr2d};

/// A grey photograph `[H, W]` with values in 0..=1, and a kernel of 3 by 3 to edit (in a page; a still shows what one kernel
/// makes of it). Say with [`Figure::alt`] what is to be seen.
///
/// The page's script is `book/theme/kernel-playground.js`; its arithmetic is tested against [`corr2d`].
///
/// # Panics
///
/// When the tensor is no matrix, or smaller than the kernel.
///
/// ```
/// use convcore::{figure, image};
///
/// let camera = image::read_gray(sample_data::camera())?;
/// let figure = figure::kernel_playground(&camera).alt("A man at his camera.");
/// assert!(figure.html().unwrap().contains("data-widget=\"kernel-playground\""));
/// # Ok::<(), convcore::image::ImageError>(())
/// ```
#[track_caller]
pub fn kernel_playground(image: &Tensor) -> Figure {
    let sobel = Tensor::from([[-1., 0., 1.], [-2., 0., 2.], [-1., 0., 1.]]);
    let filtered = corr2d(image, &sobel);
    let picture = photo(image);
    let png = picture.png().unwrap_or_default();
    let still = side_by_side([
        ("photograph", picture),
        ("Sobel kernel", heat_map(&filtered)),
    ]);
    Figure::new(Picture::Playground(Playground {
        size: [image.shape()[0], image.shape()[1]],
        png,
        still: Box::new(still),
    }))
}

#[derive(Clone, Debug)]
pub(super) struct Playground {
    size: [usize; 2],
    png: Vec<u8>,
    still: Box<Figure>,
}

impl Draw for Playground {
    fn draw(&self, scale: Scale) -> Drawing {
        self.still.picture.as_draw().draw(scale)
    }

    fn name(&self, title: Option<&str>) -> String {
        title
            .unwrap_or("A photograph, and a kernel to edit")
            .to_owned()
    }

    fn describe(&self, title: Option<&str>) -> String {
        format!("{}. {}", self.name(title), self.still.alt_text())
    }

    fn html(&self, _title: Option<&str>, alt: &str) -> Option<String> {
        let [height, width] = self.size;
        Some(format!(
            concat!(
                r#"<div class="widget" data-widget="kernel-playground">"#,
                r#"<img src="data:image/png;base64,{}" width="{}" height="{}" alt="{}">"#,
                r#"<p>With JavaScript, nine numbers stand here to be edited, and the photograph as they change it.</p></div>"#
            ),
            colour::base64(&self.png),
            width,
            height,
            svg::escape(alt),
        ))
    }
}
