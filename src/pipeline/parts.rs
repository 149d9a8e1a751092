//! The pictures on a page, each examined as a photo is.

use image::RgbImage;

use super::inspect::Picture;
use super::look_inside::LookInside;
use super::page::Part;
use super::worker::Worker;
use crate::fingerprint;
use crate::index::Evidence;
use crate::photo::{Detail, Photo};
use crate::record::{self, Failure, RegionRecord};
use crate::regions::{self, Region};
use crate::schreger::{self, Reading, Species, Status};
use crate::verdict::Reason;

/// Pixels by which a side may be off, in those of the picture it was found in.
const OFF: f32 = 2.0;

impl Worker<'_> {
    /// Examines the pictures on a page: none for an ordinary photograph, `None` where they are not
    /// to be looked for. Evidence is made where it is said whether it has landmarks.
    pub(super) fn look_inside(
        &mut self,
        picture: &Picture,
        with_landmarks: Option<bool>,
    ) -> Result<Option<Vec<Part>>, Failure> {
        let look = self.engine().look_inside();
        if look == LookInside::Never {
            return Ok(None);
        }
        let photo = &picture.photo;
        let mut found = regions::find(&photo.pixels);
        found.retain(|region| look.takes(region));
        if found.is_empty() {
            return Ok(Some(Vec::new()));
        }
        // A small window of a large page keeps few pixels at the scale of screening.
        let full = picture.bytes.as_ref().map(|bytes| {
            let limits = self.engine().limits();
            Photo::with_detail(bytes, limits, Detail::Full)
        });
        let full = full.transpose()?;
        let pixels = full.as_ref().map_or(&photo.pixels, |full| &full.pixels);
        let scale = (
            pixels.width() as f32 / photo.pixels.width() as f32,
            pixels.height() as f32 / photo.pixels.height() as f32,
        );
        let reach = (OFF * scale.0.max(scale.1)).ceil() as u32;
        let declared = (
            photo.width as f32 / pixels.width() as f32,
            photo.height as f32 / pixels.height() as f32,
        );
        let mut parts = Vec::with_capacity(found.len());
        for region in found {
            let region = region.scaled(scale.0, scale.1).refined(pixels, reach);
            let mut part = self.examine_part(&region, pixels, with_landmarks)?;
            let shown = region.scaled(declared.0, declared.1);
            part.record.polygon = polygon(&shown);
            if let Some(evidence) = &mut part.evidence {
                evidence.entry.place = Some(shown.corners);
            }
            parts.push(part);
        }
        Ok(Some(parts))
    }

    fn examine_part(
        &mut self,
        region: &Region,
        pixels: &RgbImage,
        with_landmarks: Option<bool>,
    ) -> Result<Part, Failure> {
        let shown = region.cut(pixels);
        let recognition = self.recognize(&shown)?;
        let schreger = self.part_lattice(&shown, &recognition.scores);
        let scores = self.engine().at_prior(recognition.scores);
        let verdict = self.engine().verdict(&scores, schreger.as_ref(), false);
        let species = schreger
            .as_ref()
            .map_or(Species::Undecided, |reading| reading.species);
        let evidence = with_landmarks.map(|with_landmarks| {
            let mut evidence = match with_landmarks {
                true => Evidence::of(&shown, [0; 32]),
                false => Evidence::by_hash(&shown, shown.dimensions(), [0; 32]),
            };
            let descriptor = recognition.descriptor;
            evidence.entry.descriptor = descriptor.map(|vector| self.engine().descriptor(vector));
            evidence
        });
        let pdq = match &evidence {
            Some(evidence) => evidence.entry.pdq,
            None => fingerprint::pdq(&shown),
        };
        let labels = &self.engine().bundle().description.labels.names;
        Ok(Part {
            record: RegionRecord {
                polygon: Vec::new(),
                area: rounded(region.area_share(pixels.dimensions()), 1e4),
                certainty: rounded(f64::from(region.score), 1e2),
                materials: record::materials(labels, &scores),
                decision: verdict.decision,
                reasons: verdict.reasons.iter().map(ToString::to_string).collect(),
                reasons_coded: verdict.reasons.iter().map(Reason::coded).collect(),
                pdq: pdq.hash.to_string(),
                pdq_quality: pdq.quality,
                schreger,
                matches: None,
            },
            species,
            verdict,
            evidence,
        })
    }

    fn part_lattice(&self, shown: &RgbImage, scores: &[f32]) -> Option<Reading> {
        let worth_reading = self.engine().lattice_is_worth_reading(scores)?;
        if !worth_reading {
            return Some(Reading::without(Status::NotApplicable, Vec::new()));
        }
        Some(schreger::read(shown, &schreger::Config::default()))
    }
}

fn polygon(region: &Region) -> Vec<[f64; 2]> {
    let corner = |(x, y): (f32, f32)| [rounded(f64::from(x), 10.0), rounded(f64::from(y), 10.0)];
    region.corners.into_iter().map(corner).collect()
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
