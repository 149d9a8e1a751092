//! Line charts as inline SVG: colours by CSS, so that a page can be read in light and in dark.

use std::fmt::Write;

/// Inner width and height, and the margins left and below, in SVG units.
const SIZE: (f64, f64) = (300.0, 210.0);
const MARGIN: (f64, f64) = (46.0, 40.0);

/// An axis from `low` to `high`; logarithmic axes need a positive `low`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis<'a> {
    pub(crate) name: &'a str,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) logarithmic: bool,
}

impl<'a> Axis<'a> {
    /// A share, 0 to 1.
    pub(crate) fn share(name: &'a str) -> Self {
        Self {
            name,
            low: 0.0,
            high: 1.0,
            logarithmic: false,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let first = self.low.log10().ceil() as i32;
            let last = self.high.log10().floor() as i32;
            (first..=last).map(|power| 10f64.powi(power)).collect()
        } else {
            (0..=5)
                .map(|i| self.low + f64::from(i) / 5.0 * (self.high - self.low))
                .collect()
        }
    }
}

/// One line with its name.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A chart; `diagonal` draws where both axes agree.
pub(crate) fn chart(title: &str, x: Axis, y: Axis, lines: &[Line], diagonal: bool) -> String {
    drawn(title, x, y, lines, diagonal, false)
}

/// Points instead of lines, with the diagonal.
pub(crate) fn scatter(title: &str, x: Axis, y: Axis, points: &[Line]) -> String {
    drawn(title, x, y, points, true, true)
}

fn drawn(title: &str, x: Axis, y: Axis, lines: &[Line], diagonal: bool, dots: bool) -> String {
    let (width, height) = SIZE;
    let (left, below) = MARGIN;
    let (full_width, full_height) = (width + left + 12.0, height + below + 26.0);
    let mut svg = format!(
        "<figure><svg viewBox='0 0 {full_width} {full_height}' role='img' aria-label='{0}'><text class='title' x='{left}' y='14'>{0}</text>\
         <g transform='translate({left} 24)'><rect class='frame' width='{width}' height='{height}'/>",
        escape(title)
    );
    for tick in x.ticks() {
        let at = x.place(tick) * width;
        let _ = write!(
            svg,
            "<path class='grid' d='M{at:.1} 0V{height}'/><text class='tick' x='{at:.1}' y='{}' text-anchor='middle'>{}</text>",
            height + 14.0,
            short(tick)
        );
    }
    for tick in y.ticks() {
        let at = height - y.place(tick) * height;
        let _ = write!(
            svg,
            "<path class='grid' d='M0 {at:.1}H{width}'/><text class='tick' x='-6' y='{:.1}' text-anchor='end'>{}</text>",
            at + 3.5,
            short(tick)
        );
    }
    let _ = write!(
        svg,
        "<text class='axis' x='{}' y='{}' text-anchor='middle'>{}</text><text class='axis' transform='translate(-36 {}) rotate(-90)' text-anchor='middle'>{}</text>",
        width / 2.0,
        height + 31.0,
        escape(x.name),
        height / 2.0,
        escape(y.name)
    );
    if diagonal {
        let _ = write!(svg, "<path class='diagonal' d='M0 {height}L{width} 0'/>");
    }
    for (number, line) in lines.iter().enumerate() {
        let path: Vec<String> = thinned(&line.points)
            .iter()
            .map(|&(a, b)| {
                format!(
                    "{:.1} {:.1}",
                    x.place(a) * width,
                    height - y.place(b) * height
                )
            })
            .collect();
        if path.is_empty() {
            continue;
        }
        if dots {
            for at in &path {
                let (x, y) = at.split_once(' ').unwrap_or_default();
                let _ = write!(
                    svg,
                    "<circle class='dot {}' cx='{x}' cy='{y}' r='2.4'/>",
                    style(number)
                );
            }
            continue;
        }
        let _ = write!(
            svg,
            "<path class='line {}' d='M{}'><title>{}</title></path>",
            style(number),
            path.join("L"),
            escape(line.name)
        );
    }
    svg += "</g></svg>";
    if lines.len() > 1 {
        svg += "<figcaption>";
        for (number, line) in lines.iter().enumerate() {
            let _ = write!(
                svg,
                "<span class='key {}'>{}</span> ",
                style(number),
                escape(line.name)
            );
        }
        svg += "</figcaption>";
    }
    svg + "</figure>\n"
}

/// Eight colours, then the same dashed, then dotted.
fn style(number: usize) -> String {
    format!("c{} d{}", number % 8, number / 8 % 3)
}

/// At most about 400 points of a line, its ends included.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(400).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points
        .iter()
        .enumerate()
        .filter(|(i, _)| i % step == 0 || *i == last);
    kept.map(|(_, &point)| point).collect()
}

fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 {
        format!("{value:.0e}")
    } else {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// Text for HTML and SVG.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}
