//! Plots as SVG: inside a page, and as files by themselves.
//!
//! Every mark carries its colour as an attribute, so that any program shows a plot as it is meant;
//! the page's style overrides them where it is read in the dark.

use maud::{Markup, html};

/// Width and height of the field inside the axes, SVG units.
const FIELD: (f64, f64) = (300.0, 210.0);
/// Room left of the field, above it, right of it, and below it for the axis.
const LEFT: f64 = 46.0;
const ABOVE: f64 = 24.0;
const RIGHT: f64 = 12.0;
const BELOW: f64 = 40.0;
/// Height of a line of the legend.
const LEGEND_LINE: f64 = 15.0;
/// Width of a letter of the legend: that of a wide one, as fonts differ.
const LETTER: f64 = 6.8;
/// Width of a key of the legend, with the room around it.
const KEY: f64 = 32.0;
/// Room between the axis and the legend.
const LEGEND_GAP: f64 = 8.0;
/// Points of a line that are drawn, about.
const MOST_POINTS: usize = 400;

/// Colours of the series; from the ninth on they come again, dashed, then dotted.
const COLOURS: [&str; 8] = [
    "#0b62b8", "#c2410c", "#15803d", "#7e22ce", "#b45309", "#0e7490", "#be185d", "#4b5563",
];
const DASHES: [Option<&str>; 3] = [None, Some("7 3"), Some("2 3")];
const INK: &str = "#1c1e21";
const SOFT: &str = "#5c636b";
const FAINT: &str = "#d9dde1";

/// Whether equal steps or equal ratios are equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Logarithmic,
}

/// An axis with its name; values outside are drawn at its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    name: String,
    low: f64,
    high: f64,
    scale: Scale,
}

impl Axis {
    /// Equal steps from `low` to `high`.
    #[must_use]
    pub fn linear(name: &str, low: f64, high: f64) -> Self {
        Self {
            name: name.to_owned(),
            low,
            high,
            scale: Scale::Linear,
        }
    }

    /// Equal ratios from `low`, above 0, to `high`.
    #[must_use]
    pub fn logarithmic(name: &str, low: f64, high: f64) -> Self {
        Self {
            scale: Scale::Logarithmic,
            ..Self::linear(name, low, high)
        }
    }

    /// A share, 0 to 1.
    #[must_use]
    pub fn share(name: &str) -> Self {
        Self::linear(name, 0.0, 1.0)
    }

    /// A share of which the largest value is `most`: 0 to 0.05 at least.
    #[must_use]
    pub fn share_up_to(name: &str, most: f64) -> Self {
        Self::linear(name, 0.0, round_up(most.max(0.05)).min(1.0))
    }

    /// From 0 to a round number that is at least `most`.
    #[must_use]
    pub fn up_to(name: &str, most: f64) -> Self {
        Self::linear(name, 0.0, round_up(most))
    }

    /// Where a value lies between the ends, 0 to 1.
    fn fraction(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// Fifths of a linear axis, powers of ten of a logarithmic one.
    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => (0..=5)
                .map(|fifth| self.low + f64::from(fifth) / 5.0 * (self.high - self.low))
                .collect(),
            Scale::Logarithmic => {
                let first = self.low.log10().ceil() as i32;
                let last = self.high.log10().floor() as i32;
                (first..=last).map(|power| 10f64.powi(power)).collect()
            }
        }
    }
}

/// The next of 1, 2.5 and 5 times a power of ten: its fifths are round.
fn round_up(most: f64) -> f64 {
    if !(most > 0.0 && most.is_finite()) {
        return 1.0;
    }
    let power = 10f64.powf(most.log10().floor());
    let steps = [1.0, 2.5, 5.0, 10.0].map(|step| step * power);
    let next = steps.into_iter().find(|step| most <= step * (1.0 + 1e-9));
    next.unwrap_or(10.0 * power)
}

/// Named points in the order in which they are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Series {
    /// Points (x, y) with their name.
    #[must_use]
    pub fn new(name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.to_owned(),
            points: points.into_iter().collect(),
        }
    }

    /// At most about [`MOST_POINTS`], the ends included.
    fn thinned(&self) -> impl Iterator<Item = (f64, f64)> {
        let step = self.points.len().div_ceil(MOST_POINTS).max(1);
        let last = self.points.len().saturating_sub(1);
        let points = self.points.iter().copied().enumerate();
        let kept = points.filter(move |(place, _)| place % step == 0 || *place == last);
        kept.map(|(_, point)| point)
    }
}

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    Lines,
    Dots,
    DottedLines,
}

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    title: String,
    x: Axis,
    y: Axis,
    series: Vec<Series>,
    marks: Marks,
    diagonal: bool,
}

impl Chart {
    /// Lines through the points of every series.
    #[must_use]
    pub fn lines(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self {
            title: title.to_owned(),
            x,
            y,
            series,
            marks: Marks::Lines,
            diagonal: false,
        }
    }

    /// Dots alone.
    #[must_use]
    pub fn scatter(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self {
            marks: Marks::Dots,
            ..Self::lines(title, x, y, series)
        }
    }

    /// Few points: dots, and lines through them.
    #[must_use]
    pub fn dotted_lines(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self {
            marks: Marks::DottedLines,
            ..Self::lines(title, x, y, series)
        }
    }

    /// The same with a line where both axes agree.
    #[must_use]
    pub fn with_diagonal(self) -> Self {
        Self {
            diagonal: true,
            ..self
        }
    }

    /// The plot as part of a page.
    pub(super) fn figure(&self) -> Markup {
        let (width, height) = (self.width(), self.height());
        html! {
            figure {
                svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(self.title) {
                    (self.drawing())
                }
            }
        }
    }

    fn width(&self) -> f64 {
        LEFT + FIELD.0 + RIGHT
    }

    fn height(&self) -> f64 {
        let legend = self.legend();
        let legend = legend
            .last()
            .map_or(0.0, |last| LEGEND_GAP + LEGEND_LINE * (last.line + 1.0));
        ABOVE + FIELD.1 + BELOW + legend
    }

    fn drawing(&self) -> Markup {
        html! {
            text.title x=(LEFT) y="14" fill=(INK) font-size="13" font-weight="600" { (self.title) }
            g transform={ "translate(" (LEFT) " " (ABOVE) ")" } {
                rect.frame width=(FIELD.0) height=(FIELD.1) fill="none" stroke=(FAINT) {}
                (self.x_axis())
                (self.y_axis())
                @if self.diagonal {
                    path.diagonal d={ "M0 " (FIELD.1) "L" (FIELD.0) " 0" } fill="none" stroke=(SOFT)
                        stroke-dasharray="4 4" {}
                }
                @for (number, series) in self.series.iter().enumerate() {
                    @if !series.points.is_empty() { (self.marks(Style::of(number), series)) }
                }
                @for entry in self.legend() { (entry.drawing(self.marks)) }
            }
        }
    }

    fn x_axis(&self) -> Markup {
        let (width, height) = FIELD;
        html! {
            @for tick in self.x.ticks() {
                @let x = coordinate(self.x.fraction(tick) * width);
                path.grid d={ "M" (x) " 0V" (height) } stroke=(FAINT) stroke-width="0.6" {}
                text.tick x=(x) y=(height + 14.0) text-anchor="middle" fill=(SOFT) {
                    (tick_label(tick))
                }
            }
            text.axis x=(width / 2.0) y=(height + 31.0) text-anchor="middle" fill=(SOFT) {
                (self.x.name)
            }
        }
    }

    fn y_axis(&self) -> Markup {
        let (width, height) = FIELD;
        html! {
            @for tick in self.y.ticks() {
                @let y = height - self.y.fraction(tick) * height;
                path.grid d={ "M0 " (coordinate(y)) "H" (width) } stroke=(FAINT)
                    stroke-width="0.6" {}
                text.tick x="-6" y=(coordinate(y + 3.5)) text-anchor="end" fill=(SOFT) {
                    (tick_label(tick))
                }
            }
            text.axis transform={ "translate(-36 " (height / 2.0) ") rotate(-90)" }
                text-anchor="middle" fill=(SOFT) {
                (self.y.name)
            }
        }
    }

    fn marks(&self, style: Style, series: &Series) -> Markup {
        let points: Vec<(String, String)> = series
            .thinned()
            .map(|(x, y)| {
                let (x, y) = (self.x.fraction(x), self.y.fraction(y));
                (coordinate(x * FIELD.0), coordinate(FIELD.1 - y * FIELD.1))
            })
            .collect();
        let line: Vec<String> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
        html! {
            @if self.marks != Marks::Dots {
                (style.line(&format!("M{}", line.join("L")), &series.name))
            }
            @if self.marks != Marks::Lines {
                @for (x, y) in &points { (style.dot(x, y)) }
            }
        }
    }

    /// The names of the series in lines below the axis; none for a single one.
    fn legend(&self) -> Vec<LegendEntry<'_>> {
        let (mut x, mut line) = (0.0, 0.0);
        let mut entries = Vec::new();
        for (number, series) in self
            .series
            .iter()
            .enumerate()
            .filter(|_| self.series.len() > 1)
        {
            let width = KEY + LETTER * series.name.chars().count() as f64;
            if x > 0.0 && x + width > FIELD.0 + RIGHT {
                (x, line) = (0.0, line + 1.0);
            }
            entries.push(LegendEntry {
                name: &series.name,
                style: Style::of(number),
                x,
                line,
            });
            x += width;
        }
        entries
    }
}

/// A name below the axis.
struct LegendEntry<'a> {
    name: &'a str,
    style: Style,
    /// Where it starts, SVG units.
    x: f64,
    /// Its line, from 0.
    line: f64,
}

impl LegendEntry<'_> {
    fn drawing(&self, marks: Marks) -> Markup {
        let y = FIELD.1 + BELOW + LEGEND_GAP + 4.0 + LEGEND_LINE * self.line;
        let (middle, baseline) = (coordinate(y - 4.0), coordinate(y));
        html! {
            @if marks == Marks::Dots {
                (self.style.dot(&coordinate(self.x + 7.0), &middle))
            } @else {
                (self.style.line(&format!("M{} {middle}h14", coordinate(self.x)), self.name))
            }
            text.key x=(coordinate(self.x + 19.0)) y=(baseline) fill=(SOFT) { (self.name) }
        }
    }
}

/// Places of a series' colour and dashes.
#[derive(Debug, Clone, Copy)]
struct Style {
    colour: usize,
    dash: usize,
}

impl Style {
    fn of(number: usize) -> Self {
        Self {
            colour: number % COLOURS.len(),
            dash: number / COLOURS.len() % DASHES.len(),
        }
    }

    fn dot(self, x: &str, y: &str) -> Markup {
        html! {
            circle class={ "dot c" (self.colour) } cx=(x) cy=(y) r="2.4"
                fill=(COLOURS[self.colour]) fill-opacity="0.65" {}
        }
    }

    fn line(self, path: &str, name: &str) -> Markup {
        html! {
            path class={ "line c" (self.colour) } d=(path) fill="none" stroke=(COLOURS[self.colour])
                stroke-width="1.8" stroke-dasharray=[DASHES[self.dash]] { title { (name) } }
        }
    }
}

/// Plots side by side as one SVG file, on white.
#[must_use]
pub fn svg_file(charts: &[Chart]) -> String {
    let width: f64 = charts.iter().map(Chart::width).sum();
    let height = charts.iter().map(Chart::height).fold(0.0, f64::max);
    let mut left = 0.0;
    let panels: Vec<(f64, Markup)> = charts
        .iter()
        .map(|chart| {
            left += chart.width();
            (left - chart.width(), chart.drawing())
        })
        .collect();
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
            viewBox={ "0 0 " (width) " " (height) } font-family="sans-serif" font-size="11" {
            rect width="100%" height="100%" fill="#fff" {}
            @for (left, panel) in &panels { g transform={ "translate(" (left) " 0)" } { (panel) } }
        }
    };
    svg.into_string() + "\n"
}

/// A tenth of a unit is finer than any screen.
fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}

fn tick_label(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(names: &[&str]) -> Chart {
        let series = names
            .iter()
            .map(|name| Series::new(name, [(0.0, 0.5), (1.0, 1.0)]));
        Chart::lines(
            "a & b",
            Axis::share("x"),
            Axis::share("y"),
            series.collect(),
        )
    }

    #[test]
    fn names_are_escaped_and_a_single_series_needs_no_legend() {
        let one = chart(&["<ivory>"]).figure().into_string();
        assert!(
            one.contains("a &amp; b") && one.contains("&lt;ivory&gt;"),
            "{one}"
        );
        assert!(!one.contains("class=\"key\""), "{one}");
        let two = chart(&["ivory", "other"]).figure().into_string();
        assert_eq!(two.matches("class=\"key\"").count(), 2);
    }

    #[test]
    fn the_ends_of_an_axis_are_round() {
        let ends = [0.0, 0.031, 0.05, 0.2, 0.3, 18.0, 35.0, 90.0].map(round_up);
        assert_eq!(ends, [1.0, 0.05, 0.05, 0.25, 0.5, 25.0, 50.0, 100.0]);
        assert_eq!(Axis::share_up_to("wrong", 0.001).high, 0.05);
    }

    #[test]
    fn a_long_line_keeps_its_ends() {
        let points = (0..1001).map(|step| (f64::from(step), 0.0));
        let kept: Vec<_> = Series::new("all", points).thinned().collect();
        assert!(kept.len() <= MOST_POINTS + 1, "{}", kept.len());
        assert_eq!((kept[0].0, kept[kept.len() - 1].0), (0.0, 1000.0));
    }

    #[test]
    fn a_file_holds_every_chart_and_no_style_that_only_browsers_read() {
        let file = svg_file(&[chart(&["one"]), chart(&["two"])]);
        assert!(file.starts_with("<svg xmlns=") && !file.contains("var("));
        assert_eq!(file.matches("class=\"frame\"").count(), 2);
    }
}
