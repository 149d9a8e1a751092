//! The frame of every report: one self-contained HTML page, and the same figures as JSON and CSV.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use serde::Serialize;

use crate::photo::{self, Limits, Photo};

use super::chart::escape;
use crate::evaluate::classify::Figure;

/// Longer side of a thumbnail, pixels.
const THUMBNAIL: u32 = 160;

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}; check that the folder can be written")]
pub struct ReportError {
    /// The file or folder.
    pub path: String,
    /// What the system said.
    pub source: std::io::Error,
}

/// A page under construction.
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// A page with its title and a line that says what was measured.
    #[must_use]
    pub fn new(title: &str, lead: &str) -> Self {
        Self {
            title: title.to_owned(),
            body: format!(
                "<h1>{}</h1>\n<p class='lead'>{}</p>\n",
                escape(title),
                escape(lead)
            ),
        }
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escape(text));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escape(text));
    }

    /// Charts side by side where there is room.
    pub(crate) fn charts(&mut self, charts: &[String]) {
        let _ = writeln!(self.body, "<div class='charts'>{}</div>", charts.concat());
    }

    /// The figures that matter first, large.
    pub fn cards(&mut self, figures: &[&Figure]) {
        self.body += "<div class='cards'>";
        for figure in figures {
            let name = if figure.label.is_empty() {
                figure.name.clone()
            } else {
                format!("{}: {}", figure.label, figure.name)
            };
            let _ = write!(
                self.body,
                "<div class='card'><div class='value'>{}</div><div class='interval'>{}</div><div>{}</div></div>",
                value(figure.value),
                interval(figure.interval),
                escape(&name)
            );
        }
        self.body += "</div>\n";
    }

    /// A table of figures.
    pub fn figures(&mut self, figures: &[&Figure]) {
        self.body += "<div class='wide'><table><thead><tr><th>figure</th><th>value</th><th>95 % interval</th><th>photographs</th><th>groups</th><th>limits</th></tr></thead><tbody>";
        for figure in figures {
            let _ = write!(
                self.body,
                "<tr><td>{}</td><td class='n'>{}</td><td class='n'>{}</td><td class='n'>{}</td><td class='n'>{}</td><td>{}</td></tr>",
                escape(&figure.name),
                value(figure.value),
                interval(figure.interval),
                figure.photographs,
                figure.groups,
                escape(&figure.note)
            );
        }
        self.body += "</tbody></table></div>\n";
    }

    /// A plain table.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        let cells: Vec<Vec<Cell>> = rows
            .iter()
            .map(|row| row.iter().map(|text| Cell::text(text)).collect())
            .collect();
        self.cells(header, &cells);
    }

    /// A table whose shares are drawn as bars and whose intervals stand below their values.
    pub(crate) fn cells(&mut self, header: &[&str], rows: &[Vec<Cell>]) {
        self.body += "<div class='wide'><table><thead><tr>";
        for name in header {
            let _ = write!(self.body, "<th>{}</th>", escape(name));
        }
        self.body += "</tr></thead><tbody>";
        for row in rows {
            self.body += "<tr>";
            for cell in row {
                let class = match (cell.share, cell.number) {
                    (Some(_), _) => " class='n bar'",
                    (None, true) => " class='n'",
                    (None, false) => "",
                };
                let share = cell.share.map_or(String::new(), |share| {
                    format!(" style='--share:{:.3}'", share.clamp(0.0, 1.0))
                });
                let _ = write!(self.body, "<td{class}{share}>{}", escape(&cell.text));
                if !cell.below.is_empty() {
                    let _ = write!(self.body, "<small>{}</small>", escape(&cell.below));
                }
                self.body += "</td>";
            }
            self.body += "</tr>";
        }
        self.body += "</tbody></table></div>\n";
    }

    /// Opens a part that is folded away until it is wanted.
    pub(crate) fn fold(&mut self, heading: &str) {
        let _ = writeln!(self.body, "<details><summary>{}</summary>", escape(heading));
    }

    /// Closes what [`fold`](Self::fold) opened.
    pub(crate) fn unfold(&mut self) {
        self.body += "</details>\n";
    }

    /// A confusion matrix: rows are what is true, columns what was said.
    pub fn matrix(&mut self, labels: &[String], cells: &[u64]) {
        let upright = if labels.len() > 6 { " upright" } else { "" };
        let _ = write!(
            self.body,
            "<div class='wide'><table class='matrix{upright}'><thead><tr><th>true \\ said</th>"
        );
        for label in labels {
            let _ = write!(self.body, "<th><span>{}</span></th>", escape(label));
        }
        self.body += "</tr></thead><tbody>";
        for (truth, label) in labels.iter().enumerate() {
            let row = &cells[truth * labels.len()..(truth + 1) * labels.len()];
            let total = row.iter().sum::<u64>().max(1) as f64;
            let _ = write!(self.body, "<tr><th>{}</th>", escape(label));
            for cell in row {
                let _ = write!(
                    self.body,
                    "<td class='n' style='--share:{:.3}'>{cell}</td>",
                    *cell as f64 / total
                );
            }
            self.body += "</tr>";
        }
        self.body += "</tbody></table></div>\n";
    }

    /// Photographs with a caption each; `with_pictures` false leaves the pixels out, as does a file that cannot be read.
    pub fn gallery(&mut self, entries: &[(&Path, String)], with_pictures: bool, limits: &Limits) {
        let bytes = entries.iter().map(|(path, caption)| {
            let bytes = with_pictures.then(|| photo::read_file(path, limits).ok());
            (bytes.flatten(), caption.clone())
        });
        self.pictures(bytes, limits);
    }

    /// Pictures from the bytes of their files, with a caption each.
    pub(crate) fn pictures(
        &mut self,
        entries: impl Iterator<Item = (Option<Vec<u8>>, String)>,
        limits: &Limits,
    ) {
        self.body += "<div class='gallery'>";
        for (bytes, caption) in entries {
            let picture = bytes.and_then(|bytes| thumbnail(&bytes, limits));
            let picture = picture.map_or(String::new(), |data| {
                format!("<img alt='' src='data:image/jpeg;base64,{data}'>")
            });
            let _ = write!(
                self.body,
                "<div class='entry'>{picture}<div>{}</div></div>",
                escape(&caption)
            );
        }
        self.body += "</div>\n";
    }

    /// The finished page.
    #[must_use]
    pub fn html(&self) -> String {
        format!(
            "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>\
             <title>{}</title><style>{STYLE}</style></head><body><main>\n{}</main></body></html>\n",
            escape(&self.title),
            self.body
        )
    }
}

const STYLE: &str = include_str!("page.css");

/// A cell of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    /// Small, under the text.
    below: String,
    /// Drawn as a bar, 0 to 1.
    share: Option<f64>,
    number: bool,
}

impl Cell {
    /// Words, whatever they look like.
    pub(crate) fn words(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Words, or a number in words.
    pub(crate) fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            number: text.parse::<f64>().is_ok(),
            ..Self::default()
        }
    }

    /// A value with its interval.
    pub(crate) fn value(number: Option<f64>, limits: Option<[f64; 2]>) -> Self {
        Self {
            text: value(number),
            below: interval(limits),
            share: None,
            number: true,
        }
    }

    /// A difference, with its sign and its interval.
    pub(crate) fn difference(number: Option<f64>, limits: Option<[f64; 2]>) -> Self {
        let signed = |number: f64| format!("{number:+.3}");
        Self {
            text: number.map_or("–".into(), signed),
            below: limits.map_or(String::new(), |[low, high]| {
                format!("{} to {}", signed(low), signed(high))
            }),
            share: None,
            number: true,
        }
    }

    /// A share of one, drawn as a bar, with its interval.
    pub(crate) fn share(number: Option<f64>, limits: Option<[f64; 2]>) -> Self {
        Self {
            share: number,
            ..Self::value(number, limits)
        }
    }

    /// The figure as a share.
    pub(crate) fn figure(figure: Option<&Figure>) -> Self {
        figure.map_or_else(Self::default, |figure| {
            Self::share(figure.value, figure.interval)
        })
    }
}

/// A value as people read it.
pub(crate) fn value(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| {
        if value.abs() >= 100.0 {
            format!("{value:.0}")
        } else if value != 0.0 && value.abs() < 0.001 {
            format!("{value:.1e}")
        } else {
            format!("{value:.3}")
        }
    })
}

fn interval(limits: Option<[f64; 2]>) -> String {
    limits.map_or(String::new(), |[low, high]| {
        format!("{} to {}", value(Some(low)), value(Some(high)))
    })
}

fn thumbnail(bytes: &[u8], limits: &Limits) -> Option<String> {
    let photo = Photo::from_bytes(bytes, limits).ok()?;
    let picture = image::DynamicImage::ImageRgb8(photo.pixels).resize(
        THUMBNAIL,
        THUMBNAIL,
        FilterType::Triangle,
    );
    let mut jpeg = Vec::new();
    picture
        .to_rgb8()
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 72))
        .ok()?;
    Some(STANDARD.encode(jpeg))
}

/// Writes one file of a report.
///
/// # Errors
/// [`ReportError`] naming the file.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<(), ReportError> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|source| ReportError {
        path: path.display().to_string(),
        source,
    })
}

/// Makes the folder of a report.
///
/// # Errors
/// [`ReportError`] naming it.
pub fn make(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError {
        path: folder.display().to_string(),
        source,
    })
}

/// Rows as CSV, their fields in the order of the structure.
#[must_use]
pub fn csv_of<T: Serialize>(rows: &[T]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Only nested values could fail, and none has any.
        let _ = writer.serialize(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Rows of text as CSV.
pub(crate) fn csv_rows(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        // Nothing can fail in memory.
        let _ = writer.write_record(&row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The figures as CSV.
#[must_use]
pub fn figures_csv(figures: &[Figure]) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        label: &'a str,
        figure: &'a str,
        value: Option<f64>,
        low95: Option<f64>,
        high95: Option<f64>,
        photographs: usize,
        groups: usize,
        note: &'a str,
    }
    let rows: Vec<Row> = figures
        .iter()
        .map(|figure| Row {
            label: &figure.label,
            figure: &figure.name,
            value: figure.value,
            low95: figure.interval.map(|limits| limits[0]),
            high95: figure.interval.map(|limits| limits[1]),
            photographs: figure.photographs,
            groups: figure.groups,
            note: &figure.note,
        })
        .collect();
    csv_of(&rows)
}
