//! A taught bundle as a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::LearnError;
use super::taught::{TaughtBundle, bundle_name};
use super::training_set::TRUST;
use crate::escape::cell;
use crate::photo::hex;
use crate::recognize::{Calibration, Description, HeadFile, Training};

impl TaughtBundle {
    /// Writes the bundle into `folder`, which must not exist yet, as a whole or not at all.
    ///
    /// # Errors
    /// [`LearnError::Write`], or [`LearnError::Bundle`] when the base has changed meanwhile.
    pub fn write(&self, folder: &Path) -> Result<(), LearnError> {
        let fail = |path: &Path, reason: &dyn std::fmt::Display| LearnError::Write {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        if folder.exists() {
            return Err(fail(
                folder,
                &"is there already; remove it, or name another folder",
            ));
        }
        let unfinished = unfinished_folder(folder);
        fs::create_dir_all(&unfinished).map_err(|error| fail(&unfinished, &error))?;
        let written = self
            .write_files(&unfinished, &bundle_name(folder))
            .and_then(|()| fs::rename(&unfinished, folder).map_err(|error| fail(folder, &error)));
        if written.is_err() {
            let _ = fs::remove_dir_all(&unfinished);
        }
        written
    }

    fn write_files(&self, folder: &Path, name: &str) -> Result<(), LearnError> {
        let put = |file: &str, bytes: &[u8]| {
            let path = folder.join(file);
            fs::write(&path, bytes).map_err(|error| LearnError::Write {
                path,
                reason: error.to_string(),
            })
        };
        let head = self.head.iter();
        let head: Vec<u8> = head.flat_map(|value| value.to_le_bytes()).collect();
        put("model.onnx", &self.base.model)?;
        put("head.bin", &head)?;
        put("CARD.md", self.card(name).as_bytes())?;
        if let Ok(card) = fs::read(self.base.folder.join("CARD.md")) {
            put("BASE-CARD.md", &card)?;
        }
        put("held_out.csv", self.held_out_csv().as_bytes())?;
        let hashes = self.training_hashes()?;
        put("training.pdq", hashes.as_bytes())?;
        let description = self.description(name, &head, &hashes);
        let text = toml::to_string(&description).map_err(|error| LearnError::Write {
            path: folder.join("bundle.toml"),
            reason: error.to_string(),
        })?;
        put("bundle.toml", text.as_bytes())
    }

    fn description(&self, name: &str, head: &[u8], hashes: &str) -> Description {
        let base = &self.base.description;
        let mut made = base.clone();
        made.name = name.to_owned();
        made.version = "1".into();
        made.license = format!(
            "the network: {}; the labels taught: as their maker says",
            base.license
        );
        made.model.file = "model.onnx".into();
        made.labels.names.clone_from(&self.labels);
        made.output.temperature = self.temperature as f32;
        made.thresholds = self.thresholds();
        // Of what was taught no view's score is known yet.
        if let Some(views) = &mut made.views {
            let taught = |label: &String| self.taught_labels.contains(label);
            views.thresholds.retain(|label, _| !taught(label));
        }
        made.calibration = Some(Calibration {
            prior: self.prior.clone(),
        });
        made.training = Some(Training {
            hashes: "training.pdq".into(),
            sha256: hex(&Sha256::digest(hashes)),
        });
        made.background = None;
        made.head = Some(HeadFile {
            file: "head.bin".into(),
            sha256: hex(&Sha256::digest(head)),
            reads: self.reads,
            network_labels: base.labels.names.clone(),
            network_temperature: base.output.temperature,
            replaced: self.replaced.clone(),
            taught: self.taught_labels.clone(),
            trust: TRUST,
        });
        made
    }

    /// The hashes of all pictures that the bundle has seen, so that an evaluation can look for
    /// leaks.
    fn training_hashes(&self) -> Result<String, LearnError> {
        let known = self.base.training_hashes()?.unwrap_or_default();
        let own = self.pictures.iter().filter_map(|picture| picture.pdq);
        let all: BTreeSet<String> = known
            .into_iter()
            .chain(own)
            .map(|hash| hash.to_string())
            .collect();
        Ok(all.into_iter().map(|hash| hash + "\n").collect())
    }

    /// Every picture with its held-out scores, as `faunalens eval classify` reads it.
    fn held_out_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header: Vec<String> = ["file", "label", "group"].map(str::to_owned).into();
        header.extend(self.labels.iter().map(|label| format!("score_{label}")));
        let _ = writer.write_record(&header);
        for (picture, scores) in self.pictures.iter().zip(self.held_out.outer_iter()) {
            let mut row = vec![
                cell(&picture.file).into_owned(),
                cell(&picture.label).into_owned(),
                picture.group.to_string(),
            ];
            row.extend(scores.iter().map(|score| format!("{score:.6}")));
            let _ = writer.write_record(&row);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// Where the folder is made before it gets its name: beside it, so that it can be renamed.
fn unfinished_folder(folder: &Path) -> PathBuf {
    let name = format!(".{}.{}", bundle_name(folder), std::process::id());
    folder.parent().unwrap_or(Path::new("")).join(name)
}
