//! From SVG to PNG, with the font that the program brings: DejaVu Sans, which has Latin, Greek,
//! Cyrillic and Arabic letters. Others come from the system's fonts, where it has some.

use crate::error::{Error, ErrorKind, Result};

/// The pixels of a picture, as PNG.
///
/// # Errors
/// [`ErrorKind::Usage`] if the program was built without the feature `png`,
/// [`ErrorKind::Internal`] if the picture isn't what the library takes.
#[cfg(feature = "png")]
pub fn png(svg: &str) -> Result<Vec<u8>> {
    use resvg::{tiny_skia, usvg};
    let failed = |e: &dyn std::fmt::Display| {
        Error::new(
            ErrorKind::Internal,
            format!("the picture can't be painted: {e}"),
        )
    };
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_system_fonts();
    for font in [
        &include_bytes!("fonts/DejaVuSans.ttf")[..],
        &include_bytes!("fonts/DejaVuSans-Bold.ttf")[..],
    ] {
        fonts.load_font_data(font.to_vec());
    }
    options.font_family = "DejaVu Sans".into();
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| failed(&e))?;
    let size = tree.size().to_int_size();
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| failed(&"it is too large"))?;
    resvg::render(&tree, tiny_skia::Transform::default(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| failed(&e))
}

/// The pixels of a picture, as PNG: this program was built without them.
///
/// # Errors
/// Always [`ErrorKind::Usage`].
#[cfg(not(feature = "png"))]
pub fn png(_svg: &str) -> Result<Vec<u8>> {
    Err(
        Error::new(ErrorKind::Usage, "this program was built without PNG")
            .hint("write an .svg file, or build with the feature png"),
    )
}
