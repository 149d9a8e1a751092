//! A table row by row, whatever its form: the wanted columns by position, the others passed
//! through.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::column::{Column, Layout};
use super::error::{BadRow, ManifestError, RowFault};
use super::json::{self, JsonLines, Object};
use super::passthrough::{Passthrough, Value};
use super::separated::{Cells, Separated};
use crate::escape::cell_text;

/// The most columns of a table whose rows name them one by one.
const MOST_COLUMNS: usize = 4096;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<const N: usize> {
    /// The physical line in which it starts, from 1.
    pub line: u64,
    /// The wanted columns, without the blanks around them; empty where there is none.
    pub cells: [String; N],
    /// The others; empty unless they were asked for.
    pub others: Passthrough,
}

/// An open table: CSV with commas, semicolons or tabs, or JSON lines, by the file's extension.
/// Iterates over its rows in bounded memory. A faulty row comes with its line and what is wrong
/// with it, and does not end the table.
pub struct Rows<const N: usize> {
    form: Form<N>,
    columns: [Column; N],
    present: [bool; N],
    with_others: bool,
}

enum Form<const N: usize> {
    Separated(Separated, Layout<N>),
    JsonLines(JsonLines, Names<N>),
}

/// The names of the row before, and where the wanted columns are among them: rows mostly have the
/// same.
struct Names<const N: usize> {
    names: Vec<String>,
    layout: Layout<N>,
}

impl<const N: usize> Rows<N> {
    /// Opens a table in which the first `needed` of the wanted `columns` must be. Of JSON lines,
    /// whose rows name their columns one by one, none must be.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn open(path: &Path, columns: [Column; N], needed: usize) -> Result<Self, ManifestError> {
        let mut present = [false; N];
        let form = match Kind::of(path) {
            Kind::JsonLines => Form::JsonLines(
                JsonLines::open(path)?,
                Names {
                    names: Vec::new(),
                    layout: Layout::empty(),
                },
            ),
            Kind::Separated(usual) => {
                let found = |cells: &Cells| {
                    Layout::new(cells.iter(), columns).map_or(0, |layout| layout.found())
                };
                let table = Separated::open(path, usual, found)?;
                let layout = Layout::new(table.cells.iter(), columns).map_err(|ambiguity| {
                    ManifestError::Ambiguous {
                        path: path.to_owned(),
                        ambiguity,
                    }
                })?;
                present = layout.places.map(|place| place.is_some());
                if !present[..needed].iter().all(|&there| there) {
                    return Err(ManifestError::MissingColumn {
                        path: path.to_owned(),
                        wanted: columns[..needed].iter().map(|one| one.name()).collect(),
                        found: table.cells.iter().collect::<Vec<_>>().join(", "),
                    });
                }
                Form::Separated(table, layout)
            }
        };
        Ok(Self {
            form,
            columns,
            present,
            with_others: false,
        })
    }

    /// The same table, whose rows also have the columns that were not asked for.
    #[must_use]
    pub fn with_others(self) -> Self {
        Self {
            with_others: true,
            ..self
        }
    }

    /// For each wanted column, whether the table has it; of JSON lines, whether a row so far has.
    #[must_use]
    pub fn present(&self) -> [bool; N] {
        self.present
    }

    /// Names of the columns that were not asked for, in their order; of JSON lines, those of the
    /// row before.
    #[must_use]
    pub fn other_names(&self) -> Vec<String> {
        let layout = match &self.form {
            Form::Separated(_, layout) => layout,
            Form::JsonLines(_, names) => &names.layout,
        };
        let names = layout.others.iter().map(|(_, name)| name.to_string());
        names.collect()
    }

    /// The same of all rows. JSON lines are read to the end for them, passing over faulty rows.
    ///
    /// # Errors
    /// [`ManifestError::ManyColumns`] when JSON lines have too many.
    pub(super) fn into_other_names(self, path: &Path) -> Result<Vec<String>, ManifestError> {
        if matches!(self.form, Form::Separated(..)) {
            return Ok(self.other_names());
        }
        let (mut known, mut names) = (HashSet::<Arc<str>>::new(), Vec::new());
        for row in self.with_others().flatten() {
            for (name, _) in row.others.0 {
                if known.insert(Arc::clone(&name)) {
                    names.push(name.to_string());
                }
            }
            if names.len() > MOST_COLUMNS {
                return Err(ManifestError::ManyColumns {
                    path: path.to_owned(),
                    most: MOST_COLUMNS,
                });
            }
        }
        Ok(names)
    }
}

impl<const N: usize> Iterator for Rows<N> {
    type Item = Result<Row<N>, BadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.form {
            Form::Separated(table, layout) => {
                let line = table.read()?;
                Some(line.map(|line| of_cells(line, &table.cells, layout, self.with_others)))
            }
            Form::JsonLines(lines, names) => {
                let (line, text) = match lines.read()? {
                    Ok(read) => read,
                    Err(bad) => return Some(Err(bad)),
                };
                let row = json::object(text)
                    .and_then(|object| names.row(&object, self.columns, self.with_others));
                Some(match row {
                    Ok((cells, others)) => {
                        for (present, place) in self.present.iter_mut().zip(names.layout.places) {
                            *present |= place.is_some();
                        }
                        Ok(Row {
                            line,
                            cells,
                            others,
                        })
                    }
                    Err(fault) => Err(BadRow { line, fault }),
                })
            }
        }
    }
}

fn of_cells<const N: usize>(
    line: u64,
    cells: &Cells,
    layout: &Layout<N>,
    with_others: bool,
) -> Row<N> {
    let others = match with_others {
        true => layout.others.as_slice(),
        false => &[],
    };
    Row {
        line,
        cells: layout.places.map(|place| {
            place.map_or_else(String::new, |place| {
                cell_text(cells.get(place)).into_owned()
            })
        }),
        others: Passthrough(
            (others.iter())
                .map(|(place, name)| {
                    (
                        Arc::clone(name),
                        Value::of_cell(&cell_text(cells.get(*place))),
                    )
                })
                .collect(),
        ),
    }
}

impl<const N: usize> Names<N> {
    fn row(
        &mut self,
        object: &Object<'_>,
        columns: [Column; N],
        with_others: bool,
    ) -> Result<([String; N], Passthrough), RowFault> {
        let members = &object.0;
        let same = self.names.len() == members.len()
            && self.names.iter().zip(members).all(|(a, (b, _))| a == b);
        if !same {
            self.layout = Layout::new(members.iter().map(|(name, _)| &**name), columns)?;
            self.names = members.iter().map(|(name, _)| name.to_string()).collect();
        }
        let mut cells = [const { String::new() }; N];
        for ((cell, place), column) in cells.iter_mut().zip(self.layout.places).zip(columns) {
            if let Some(place) = place {
                *cell = json::text(members[place].1, column)?;
            }
        }
        let others = match with_others {
            true => self.layout.others.as_slice(),
            false => &[],
        };
        let others: Result<_, RowFault> = (others.iter())
            .map(|(place, name)| Ok((Arc::clone(name), json::value(members[*place].1)?)))
            .collect();
        Ok((cells, Passthrough(others?)))
    }
}

/// The form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With what usually separates its cells.
    Separated(u8),
    JsonLines,
}

impl Kind {
    fn of(path: &Path) -> Self {
        match extension(path).as_str() {
            "jsonl" | "ndjson" => Self::JsonLines,
            "tsv" => Self::Separated(b'\t'),
            _ => Self::Separated(b','),
        }
    }
}

/// Whether a file is called as a manifest is.
pub(super) fn is_manifest(path: &Path) -> bool {
    ["csv", "tsv", "jsonl", "ndjson"].contains(&extension(path).as_str())
}

/// Lower-case extension of a file name.
pub(super) fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
}
