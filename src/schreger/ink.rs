//! What all drawings share: the colours of the two families, and letters.

use std::fmt::Write;

/// Colours of the two families.
pub(crate) const FIRST: &str = "#e6194b";
pub(crate) const SECOND: &str = "#0072ce";

/// Letters with a pale rim, readable on any ground: written twice, because not
/// every viewer knows `paint-order`.
pub(crate) fn label(svg: &mut String, [x, y]: [f64; 2], size: f64, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" stroke=\"#ffffff\" stroke-width=\"{:.1}\">{text}</text>\n\
         <text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" fill=\"#000000\">{text}</text>",
        size * 0.25
    );
}
