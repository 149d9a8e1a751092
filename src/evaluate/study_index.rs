//! The pictures of a study, scored, and an index of those that are to be found, which goes when
//! the study is over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::index::{Evidence, Index, IndexError, Settings};
use crate::manifest::{Context, Item, located};
use crate::pipeline::{Engine, Examined};
use crate::progress::{Progress, Stage};
use crate::record::Record;

use super::error::EvaluateError;

/// How the pictures of a study are read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) engine: &'a Engine,
    /// Folder to which the files are relative.
    pub(super) root: &'a Path,
    /// Threads.
    pub(super) workers: usize,
    pub(super) progress: &'a dyn Progress,
}

impl Reading<'_> {
    /// Scores files, handing them on in their order.
    fn examine(
        &self,
        files: Vec<String>,
        mut emit: impl FnMut(Item, Examined) -> Result<(), IndexError>,
    ) -> Result<(), EvaluateError> {
        self.progress.begin(Stage::Photographs, files.len());
        let items = files.into_iter().map(|file| Item {
            path: Ok(located(self.root, &file)),
            file,
            context: Context::default(),
            unread_time: None,
        });
        let stop = AtomicBool::new(false);
        self.engine
            .examine(self.workers, items, &stop, |item, examined| {
                self.progress.step();
                emit(item, examined)
            })?;
        self.progress.end();
        Ok(())
    }
}

/// A picture that could be read.
pub(super) struct Photograph {
    pub(super) file: String,
    pub(super) path: PathBuf,
    pub(super) record: Record,
    /// What an index is asked with, where it was to be kept.
    pub(super) evidence: Option<Box<Evidence>>,
}

/// The pictures of a study.
pub(super) struct Pictures {
    pub(super) readable: Vec<Photograph>,
    /// Records of those that are not.
    pub(super) unreadable: Vec<Record>,
    pub(super) index: StudyIndex,
}

impl Pictures {
    /// Scores `files`, puts those that `is_reference` into an index in `folder`, and keeps what it
    /// takes to ask for those that are `is_question`.
    pub(super) fn read(
        reading: Reading<'_>,
        folder: &Path,
        files: Vec<String>,
        is_reference: impl Fn(&str) -> bool,
        is_question: impl Fn(&str) -> bool,
    ) -> Result<Self, EvaluateError> {
        let (study_index, mut index) = StudyIndex::create(folder)?;
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        reading.examine(files, |item, Examined { record, evidence }| {
            let (Some(evidence), Ok(path)) = (evidence, item.path) else {
                unreadable.push(record);
                return Ok(());
            };
            if is_reference(&item.file) {
                index.add(&evidence.entry)?;
            }
            readable.push(Photograph {
                path,
                record,
                evidence: is_question(&item.file).then_some(evidence),
                file: item.file,
            });
            Ok(())
        })?;
        index.seal(&mut |_| ())?;
        Ok(Self {
            readable,
            unreadable,
            index: study_index,
        })
    }

    /// Why the first picture could not be read.
    pub(super) fn first_failure(&self) -> String {
        let first = self
            .unreadable
            .first()
            .and_then(|record| record.error.as_ref());
        first.map_or("the manifest is empty".into(), |error| {
            error.message.clone()
        })
    }
}

/// The folder of the index; it is removed with this value.
pub(super) struct StudyIndex(PathBuf);

impl StudyIndex {
    /// Clears what an interrupted run left.
    fn create(folder: &Path) -> Result<(Self, Index), EvaluateError> {
        let at = |source: io::Error| EvaluateError::Scratch {
            path: folder.to_owned(),
            source,
        };
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(at)?;
        }
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(at)?;
        }
        let study_index = Self(folder.to_owned());
        let index = Index::create(folder, Settings::default())?;
        Ok((study_index, index))
    }

    /// The index, to be asked by one thread.
    pub(super) fn open(&self) -> Result<Index, IndexError> {
        Index::open(&self.0)
    }
}

impl Drop for StudyIndex {
    fn drop(&mut self) {
        // What stays behind is cleared by the next run.
        let _ = fs::remove_dir_all(&self.0);
    }
}
