//! Parquet: rows are gathered in a JSON lines file beside it and written whole
//! at the end, since a Parquet file cannot be appended to.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};
use sha2::{Digest, Sha256};

use super::Record;
use super::flat::{Cell, Kind, Layout, cells, columns};
use super::jsonl::JsonLines;
use super::place::behind_links;
use super::resume::{Ours, Past, PastModel, PastRow, ResumeError, check_columns, io_error};
use crate::photo::hex;
use crate::verdict::Decision;

/// Rows written together.
const GROUP: usize = 65_536;

/// How a table begins.
const MAGIC: &[u8] = b"PAR1";

/// Metadata key naming the journal that was written last.
const JOURNAL_KEY: &str = "faunalens.journal";

/// A Parquet file in the making.
#[derive(Debug)]
pub(super) struct Parquet {
    path: PathBuf,
    journal_path: PathBuf,
    journal: JsonLines,
    layout: Layout,
}

type Row = Vec<Cell>;

impl Parquet {
    /// Opens the journal `FILE.partial.jsonl` and reads which rows it and a
    /// finished FILE hold.
    pub(super) fn open(
        path: &Path,
        model: &str,
        layout: Layout,
    ) -> Result<(Self, Past), ResumeError> {
        // What is put together replaces the file, and must not replace a link to it.
        let path = &behind_links(path);
        let journal_path = beside(path, ".partial.jsonl");
        refuse_foreign(&beside(path, ".partial"))?;
        let mut past = Past::default();
        if holds_rows(path) {
            let reader = open(path)?;
            if journal_path.exists() && journal_of(&reader) == Some(digest(&journal_path)?) {
                // Killed after the file was finished, before its journal was removed.
                std::fs::remove_file(&journal_path)
                    .map_err(|error| io_error(&journal_path, error))?;
            }
            let names: Vec<String> = columns(&layout).into_iter().map(|(name, _)| name).collect();
            for row in rows_of(&reader, path, &layout)? {
                past.note(&past_row(&names, &row?), path, model)?;
            }
        }
        let (journal, fresh) = JsonLines::open(&journal_path, model)?;
        past.append(&fresh);
        let parquet = Self {
            path: path.to_owned(),
            journal_path,
            journal,
            layout,
        };
        Ok((parquet, past))
    }

    pub(super) fn write(&mut self, record: &Record) -> Result<(), ResumeError> {
        self.journal.write(record)
    }

    pub(super) fn sync(&self) -> Result<(), ResumeError> {
        self.journal.sync()
    }

    /// Writes the rows of the old file and of the journal to a new file beside
    /// it, moves that into place and removes the journal.
    pub(super) fn finish(self) -> Result<(), ResumeError> {
        let journal_is_empty = std::fs::metadata(&self.journal_path)
            .map_err(|error| io_error(&self.journal_path, error))?
            .len()
            == 0;
        if !(journal_is_empty && holds_rows(&self.path)) {
            let aside = beside(&self.path, ".partial");
            refuse_foreign(&aside)?;
            let written = self.write_whole(&aside).and_then(|()| {
                std::fs::rename(&aside, &self.path).map_err(|error| io_error(&self.path, error))
            });
            if written.is_err() {
                // The journal has every row; half a table only takes room.
                let _ = std::fs::remove_file(&aside);
            }
            written?;
        }
        std::fs::remove_file(&self.journal_path)
            .map_err(|error| io_error(&self.journal_path, error))
    }

    fn write_whole(&self, aside: &Path) -> Result<(), ResumeError> {
        let fail = |error: &dyn std::fmt::Display| io_error(aside, error);
        let file = File::create(aside).map_err(|error| fail(&error))?;
        let synced = file.try_clone().map_err(|error| fail(&error))?;
        let schema = schema(&self.layout).map_err(|error| fail(&error))?;
        let stamp = KeyValue::new(JOURNAL_KEY.to_owned(), digest(&self.journal_path)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("faunalens ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![stamp]))
            .build();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))
            .map_err(|error| fail(&error))?;

        let mut group: Vec<Row> = Vec::new();
        let mut take = |row: Row, writer: &mut SerializedFileWriter<File>| {
            group.push(row);
            if group.len() == GROUP {
                write_group(writer, &std::mem::take(&mut group)).map_err(|error| fail(&error))
            } else {
                Ok(())
            }
        };
        if holds_rows(&self.path) {
            let old = open(&self.path)?;
            for row in rows_of(&old, &self.path, &self.layout)? {
                take(row?, &mut writer)?;
            }
        }
        for record in self.journal.rows()? {
            take(cells(&record?, &self.layout), &mut writer)?;
        }
        if !group.is_empty() {
            write_group(&mut writer, &group).map_err(|error| fail(&error))?;
        }
        writer.close().map_err(|error| fail(&error))?;
        synced.sync_all().map_err(|error| fail(&error))
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    PathBuf::from(beside)
}

/// Whether there is a finished table; an empty file is none.
fn holds_rows(path: &Path) -> bool {
    path.metadata().is_ok_and(|at| at.len() > 0)
}

/// Refuses what stands where a table is put together, unless a killed run left it.
fn refuse_foreign(aside: &Path) -> Result<(), ResumeError> {
    let Ok(at) = aside.symlink_metadata() else {
        return Ok(());
    };
    let is_ours = at.is_file() && {
        let mut start = Vec::new();
        let file = File::open(aside).map_err(|error| io_error(aside, error))?;
        let read = file.take(MAGIC.len() as u64).read_to_end(&mut start);
        read.map_err(|error| io_error(aside, error))?;
        MAGIC.starts_with(&start)
    };
    match is_ours {
        true => Ok(()),
        false => Err(ResumeError::Foreign {
            path: aside.to_owned(),
            reason: "it stands where the table is put together".into(),
        }),
    }
}

/// One optional column per column of the table; built by name, since a manifest's column may be
/// called anything.
fn schema(layout: &Layout) -> parquet::errors::Result<TypePtr> {
    let column = |(name, kind): &(String, Kind)| {
        let (physical, logical) = match kind {
            Kind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Integer => (PhysicalType::INT64, None),
            Kind::Number => (PhysicalType::DOUBLE, None),
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let fields: Result<_, _> = columns(layout).iter().map(column).collect();
    let schema = Type::group_type_builder("record").with_fields(fields?);
    Ok(Arc::new(schema.build()?))
}

fn write_group(
    writer: &mut SerializedFileWriter<File>,
    rows: &[Row],
) -> parquet::errors::Result<()> {
    let mut group = writer.next_row_group()?;
    let mut index = 0;
    while let Some(mut column) = group.next_column()? {
        let levels: Vec<i16> = rows
            .iter()
            .map(|row| i16::from(is_set(&row[index])))
            .collect();
        let column_cells = rows.iter().map(|row| &row[index]);
        match rows.first().map(|row| &row[index]) {
            Some(Cell::Text(_)) => {
                let values: Vec<ByteArray> = column_cells
                    .filter_map(|cell| match cell {
                        Cell::Text(Some(text)) => Some(ByteArray::from(text.as_str())),
                        _ => None,
                    })
                    .collect();
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&values, Some(&levels), None)?;
            }
            Some(Cell::Integer(_)) => {
                let values: Vec<i64> = column_cells
                    .filter_map(|cell| match cell {
                        Cell::Integer(value) => *value,
                        _ => None,
                    })
                    .collect();
                column
                    .typed::<Int64Type>()
                    .write_batch(&values, Some(&levels), None)?;
            }
            _ => {
                let values: Vec<f64> = column_cells
                    .filter_map(|cell| match cell {
                        Cell::Number(value) => *value,
                        _ => None,
                    })
                    .collect();
                column
                    .typed::<DoubleType>()
                    .write_batch(&values, Some(&levels), None)?;
            }
        }
        column.close()?;
        index += 1;
    }
    group.close()?;
    Ok(())
}

fn is_set(cell: &Cell) -> bool {
    matches!(
        cell,
        Cell::Text(Some(_)) | Cell::Integer(Some(_)) | Cell::Number(Some(_))
    )
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, ResumeError> {
    let file = File::open(path).map_err(|error| io_error(path, error))?;
    SerializedFileReader::new(file).map_err(|error| ResumeError::Foreign {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn journal_of(reader: &SerializedFileReader<File>) -> Option<String> {
    let metadata = reader.metadata().file_metadata().key_value_metadata()?;
    let entry = metadata.iter().find(|entry| entry.key == JOURNAL_KEY)?;
    entry.value.clone()
}

fn digest(path: &Path) -> Result<String, ResumeError> {
    let mut file = File::open(path).map_err(|error| io_error(path, error))?;
    let mut hasher = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        let read = file
            .read(&mut part)
            .map_err(|error| io_error(path, error))?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&part[..read]);
    }
}

/// The rows of a finished file, which must have this run's columns.
fn rows_of<'a>(
    reader: &'a SerializedFileReader<File>,
    path: &'a Path,
    layout: &Layout,
) -> Result<impl Iterator<Item = Result<Row, ResumeError>> + 'a, ResumeError> {
    let columns = columns(layout);
    let schema = reader.metadata().file_metadata().schema_descr();
    check_columns(
        path,
        schema.columns().iter().map(|column| column.name()),
        columns.iter().map(|(name, _)| name.as_str()),
    )?;
    let rows = reader
        .get_row_iter(None)
        .map_err(|error| io_error(path, error))?;
    Ok(rows.map(move |row| {
        let row = row.map_err(|error| io_error(path, error))?;
        Ok(row
            .get_column_iter()
            .zip(&columns)
            .map(|((_, field), (_, kind))| match (kind, field) {
                (Kind::Text, Field::Str(text)) => Cell::Text(Some(text.clone())),
                (Kind::Text, _) => Cell::Text(None),
                (Kind::Integer, Field::Long(value)) => Cell::Integer(Some(*value)),
                (Kind::Integer, _) => Cell::Integer(None),
                (Kind::Number, Field::Double(value)) => Cell::Number(Some(*value)),
                (Kind::Number, _) => Cell::Number(None),
            })
            .collect())
    }))
}

fn past_row(names: &[String], row: &Row) -> PastRow {
    let text = |wanted: &str| {
        let column = names.iter().position(|name| name == wanted);
        match column.map(|column| &row[column]) {
            Some(Cell::Text(text)) => text.clone().unwrap_or_default(),
            _ => String::new(),
        }
    };
    PastRow {
        _ours: Ours,
        sha256: Some(text("sha256")),
        file: text("file"),
        decision: Decision::from_name(&text("decision")),
        model: Some(PastModel::new(&text("model_sha256"), &text("model_prior"))),
        has_source: true,
    }
}
