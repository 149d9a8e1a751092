//! Pages for people: one self-contained HTML file with headings, cards, tables, plots and
//! thumbnails.
//!
//! Markup comes from `maud`, which escapes whatever a study puts in.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::photo::{self, Detail, Limits, Photo};

use super::chart::Chart;
use super::frame::Frame;
use super::provenance::Provenance;

const STYLE: &str = include_str!("page.css");
/// Longer side of a thumbnail, pixels.
const THUMBNAIL: u32 = 160;
/// JPEG quality of a thumbnail.
const THUMBNAIL_QUALITY: u8 = 72;
/// Ends of intervals that are shown as 0.
const NOTHING: f64 = 1e-12;
/// Labels up to which the head of a confusion matrix is written level.
const LEVEL_LABELS: usize = 6;

/// A page under construction, from top to bottom.
#[derive(Debug, Clone)]
pub struct Page {
    title: String,
    parts: Vec<Markup>,
}

impl Page {
    /// A page with its title and a line that says what was measured.
    #[must_use]
    pub fn new(title: &str, lead: &str) -> Self {
        Self {
            title: title.to_owned(),
            parts: vec![html! { h1 { (title) } p.lead { (lead) } }],
        }
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        self.parts.push(html! { h2 { (text) } });
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.parts.push(html! { p { (text) } });
    }

    /// Plots side by side where there is room.
    pub fn charts(&mut self, charts: &[Chart]) {
        self.parts.push(html! {
            div.charts { @for chart in charts { (chart.figure()) } }
        });
    }

    /// The figures that matter first, large.
    pub fn cards(&mut self, cards: impl IntoIterator<Item = Card>) {
        self.parts.push(html! {
            div.cards {
                @for card in cards {
                    div.card {
                        div.value { (card.value) }
                        div.interval { (card.interval) }
                        div { (card.caption) }
                    }
                }
            }
        });
    }

    /// A table.
    pub fn table(&mut self, table: &Table) {
        self.parts.push(table.markup());
    }

    /// A table that is folded away until it is wanted.
    pub fn folded_table(&mut self, heading: &str, table: &Table) {
        self.parts.push(html! {
            details { summary { (heading) } (table.markup()) }
        });
    }

    /// A confusion matrix, row-major: rows are what is true, columns what was answered.
    pub fn confusion_matrix(&mut self, labels: &[String], cells: &[u64]) {
        let rows = labels.iter().zip(cells.chunks(labels.len().max(1)));
        let class = match labels.len() > LEVEL_LABELS {
            true => "matrix upright",
            false => "matrix",
        };
        self.parts.push(html! {
            div.wide {
                table class=(class) {
                    thead {
                        tr {
                            th { "true \\ said" }
                            @for label in labels { th { span { (label) } } }
                        }
                    }
                    tbody {
                        @for (label, row) in rows {
                            tr { th { (label) } @for cell in row { (matrix_cell(*cell, row)) } }
                        }
                    }
                }
            }
        });
    }

    /// Thumbnails with captions; "None." without any.
    pub fn gallery(&mut self, entries: impl IntoIterator<Item = Thumbnail>, frame: &Frame) {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return self.paragraph("None.");
        }
        self.parts.push(html! {
            div.gallery { @for entry in entries { (entry.markup(frame)) } }
        });
    }

    /// What the report says of its own making.
    pub fn provenance(&mut self, provenance: &Provenance) {
        self.heading("How this was made");
        let mut table = Table::new(&["", ""]);
        for (name, value) in provenance.entries() {
            table.push(vec![Cell::text(name), Cell::text(value)]);
        }
        self.table(&table);
    }

    /// The finished page.
    #[must_use]
    pub fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body { main { @for part in &self.parts { (part) "\n" } } }
            }
        };
        page.into_string() + "\n"
    }
}

fn matrix_cell(count: u64, row: &[u64]) -> Markup {
    let total = row.iter().sum::<u64>().max(1);
    let share = format!("--share:{:.3}", count as f64 / total as f64);
    html! { td.n style=(share) { (count) } }
}

/// A large number with its interval below it and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    value: String,
    interval: String,
    caption: String,
}

impl Card {
    /// A value and its 95 % interval, where there are any.
    #[must_use]
    pub fn new(caption: &str, value: Option<f64>, interval: Option<[f64; 2]>) -> Self {
        Self {
            value: format_value(value),
            interval: format_interval(interval),
            caption: caption.to_owned(),
        }
    }
}

/// A table under construction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with the names of its columns.
    #[must_use]
    pub fn new<S: AsRef<str>>(header: &[S]) -> Self {
        Self {
            header: header.iter().map(|name| name.as_ref().to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The names of columns of numbers stand above the numbers.
    fn alignment(&self) -> impl Iterator<Item = Option<&'static str>> {
        let first = self.rows.first();
        (0..self.header.len()).map(move |column| {
            let cell = first.and_then(|row| row.get(column));
            cell.filter(|cell| cell.is_number).map(|_| "n")
        })
    }

    fn markup(&self) -> Markup {
        html! {
            div.wide {
                table {
                    thead {
                        tr {
                            @for (name, class) in self.header.iter().zip(self.alignment()) {
                                th class=[class] { (name) }
                            }
                        }
                    }
                    tbody {
                        @for row in &self.rows {
                            tr { @for cell in row { (cell.markup()) } }
                        }
                    }
                }
            }
        }
    }
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    text: String,
    /// Small, under the text.
    below: String,
    /// Drawn as a bar, 0 to 1.
    share: Option<f64>,
    is_number: bool,
}

impl Cell {
    /// Words, whatever they look like.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// A count.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self {
            text: count.to_string(),
            is_number: true,
            ..Self::default()
        }
    }

    /// A value with its interval below it.
    #[must_use]
    pub fn value(value: Option<f64>, interval: Option<[f64; 2]>) -> Self {
        Self {
            text: format_value(value),
            below: format_interval(interval),
            share: None,
            is_number: true,
        }
    }

    /// The limits of an interval.
    #[must_use]
    pub fn interval(interval: Option<[f64; 2]>) -> Self {
        Self {
            text: format_interval(interval),
            is_number: true,
            ..Self::default()
        }
    }

    /// A difference, with its sign and its interval.
    #[must_use]
    pub fn difference(value: Option<f64>, interval: Option<[f64; 2]>) -> Self {
        let signed = |number: f64| format!("{number:+.3}");
        Self {
            text: value.map_or("–".into(), signed),
            below: interval.map_or(String::new(), |[low, high]| {
                format!("{} to {}", signed(low), signed(high))
            }),
            share: None,
            is_number: true,
        }
    }

    /// A share of one, drawn as a bar, with its interval.
    #[must_use]
    pub fn share(value: Option<f64>, interval: Option<[f64; 2]>) -> Self {
        Self {
            share: value,
            ..Self::value(value, interval)
        }
    }

    fn markup(&self) -> Markup {
        let share = self
            .share
            .map(|share| format!("--share:{:.3}", share.clamp(0.0, 1.0)));
        let class = match (&share, self.is_number) {
            (Some(_), _) => Some("n bar"),
            (None, true) => Some("n"),
            (None, false) => None,
        };
        html! {
            td class=[class] style=[share] {
                (self.text)
                @if !self.below.is_empty() { small { (self.below) } }
            }
        }
    }
}

/// A picture with its caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    picture: Picture,
    caption: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Picture {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Thumbnail {
    /// A picture in a file. One that cannot be read leaves its caption.
    #[must_use]
    pub fn of_file(path: PathBuf, caption: String) -> Self {
        Self {
            picture: Picture::File(path),
            caption,
        }
    }

    /// A picture from the bytes of its file.
    #[must_use]
    pub fn of_bytes(bytes: Vec<u8>, caption: String) -> Self {
        Self {
            picture: Picture::Bytes(bytes),
            caption,
        }
    }

    fn markup(&self, frame: &Frame) -> Markup {
        let limits = &frame.limits;
        let jpeg = frame.pictures.then(|| match &self.picture {
            Picture::File(path) => read_thumbnail(path, limits),
            Picture::Bytes(bytes) => encode_thumbnail(bytes, limits),
        });
        html! {
            div.entry {
                @if let Some(jpeg) = jpeg.flatten() {
                    img alt=(self.caption) src={ "data:image/jpeg;base64," (jpeg) };
                }
                div { (self.caption) }
            }
        }
    }
}

fn read_thumbnail(path: &Path, limits: &Limits) -> Option<String> {
    encode_thumbnail(&photo::read_file(path, limits).ok()?, limits)
}

/// The picture, small, as JPEG in base 64.
fn encode_thumbnail(bytes: &[u8], limits: &Limits) -> Option<String> {
    let photo = Photo::with_detail(bytes, limits, Detail::Screening).ok()?;
    let picture = DynamicImage::ImageRgb8(photo.pixels);
    let small = picture.resize(THUMBNAIL, THUMBNAIL, FilterType::Triangle);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, THUMBNAIL_QUALITY);
    small.to_rgb8().write_with_encoder(encoder).ok()?;
    Some(STANDARD.encode(jpeg))
}

/// A value as people read it; a dash where there is none.
#[must_use]
pub fn format_value(value: Option<f64>) -> String {
    match value {
        None => "–".into(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value != 0.0 && value.abs() < 0.001 => format!("{value:.1e}"),
        Some(value) => format!("{value:.3}"),
    }
}

fn format_interval(limits: Option<[f64; 2]>) -> String {
    // The ends of a share of 0 or 1 are off by the rounding of its formula.
    let end = |limit: f64| format_value(Some(if limit.abs() < NOTHING { 0.0 } else { limit }));
    limits.map_or(String::new(), |[low, high]| {
        format!("{} to {}", end(low), end(high))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_file_is_called_it_is_text() {
        let mut page = Page::new("<title>", "a & b");
        let name = "<script>alert('x')</script>.jpg";
        let mut table = Table::new(&[name]);
        table.push(vec![Cell::text(name)]);
        page.table(&table);
        page.cards([Card::new(name, None, None)]);
        page.confusion_matrix(&[name.into()], &[1]);
        let html = page.html();
        assert!(!html.contains("<script>"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 5);
    }

    #[test]
    fn values_are_short_and_keep_their_meaning() {
        let shown =
            [0.0, 0.1234567, 0.000_12, -0.5, 123.456].map(|value| format_value(Some(value)));
        assert_eq!(shown, ["0.000", "0.123", "1.2e-4", "-0.500", "123"]);
        assert_eq!(format_value(None), "–");
    }

    #[test]
    fn the_head_of_a_matrix_of_many_labels_stands_upright() {
        let page = |count: usize| {
            let mut page = Page::new("t", "l");
            let labels: Vec<String> = (0..count).map(|label| label.to_string()).collect();
            page.confusion_matrix(&labels, &vec![0; count * count]);
            page.html()
        };
        assert!(page(6).contains("<table class=\"matrix\">"));
        assert!(page(7).contains("<table class=\"matrix upright\">"));
    }

    #[test]
    fn an_empty_gallery_says_so() {
        let mut page = Page::new("t", "l");
        page.gallery([], &Frame::new(Provenance::default(), Limits::default()));
        assert!(page.html().contains("<p>None.</p>"));
    }
}
