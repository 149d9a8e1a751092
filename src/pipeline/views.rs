//! A closer look at a large photograph in which no frame was found: at overlapping views of it, in
//! which what is small in the whole is larger.

use image::RgbImage;

use super::look_inside::LookInside;
use super::raise::raise;
use super::seen::Seen;
use super::worker::Worker;
use crate::recognize::busyness;
use crate::record::{self, Failure, Record, ViewRecord};
use crate::schreger::{Reading, Species, Status};
use crate::verdict::{self, Decision, Reason, Verdict};

impl Worker<'_> {
    /// Looks at views of a photo without frames, where its own `scores`, in the bundle's order, say
    /// that it pays: none where the first look was enough, `None` where views are not to be looked
    /// at.
    pub(super) fn look_closer(
        &mut self,
        pixels: &RgbImage,
        scores: &[f32],
    ) -> Result<Option<Vec<Seen>>, Failure> {
        let engine = self.engine();
        let described = &engine.bundle().description;
        let Some(rule) = engine.views_rule() else {
            return Ok(None);
        };
        let always = engine.look_inside() == LookInside::Always;
        let is_worth = || rule.is_plausible(described, scores) && busyness(pixels) >= rule.busy;
        let views = rule.views(pixels.dimensions());
        let at_prior = engine.at_prior(scores.to_vec());
        let is_raised = engine.verdict(&at_prior, None, false).decision > Decision::Clear;
        if is_raised || !views[0].is_finer(&described.input) || !(always || is_worth()) {
            return Ok(Some(Vec::new()));
        }
        let mut seen = Vec::new();
        for view in views {
            let scores = self.recognize(&view.cut(pixels))?.scores;
            let is_enough = !(always || rule.is_in_doubt(described, &scores));
            let scores = engine.at_prior(scores);
            seen.push(Seen { view, scores });
            // The corners are worth their time where the middle is in doubt.
            if seen.len() == 1 && is_enough {
                break;
            }
        }
        Ok(Some(seen))
    }

    /// Takes the views into the record of their photo: it is worth what the worst of its parts is,
    /// with the reasons of the views that are worse than the whole.
    pub(super) fn take_up_views(
        &self,
        record: &mut Record,
        seen: Option<Vec<Seen>>,
        pixels: (u32, u32),
    ) {
        let (Some(own), Some(seen)) = (record.decision, seen) else {
            return;
        };
        let declared = (
            record.width.unwrap_or(pixels.0),
            record.height.unwrap_or(pixels.1),
        );
        let labels = &self.engine().bundle().description.labels.names;
        let species = record.schreger.as_ref();
        let species = species.map_or(Species::Undecided, |reading| reading.species);
        let mut views = Vec::with_capacity(seen.len());
        for (place, seen) in seen.iter().enumerate() {
            let verdict = self.view_verdict(&seen.scores, record.schreger.as_ref());
            views.push(ViewRecord {
                bounds: seen.declared_bounds(pixels, declared),
                materials: record::materials(labels, &seen.scores),
                decision: verdict.decision,
                reasons: verdict.reasons.iter().map(ToString::to_string).collect(),
                reasons_coded: verdict.reasons.iter().map(Reason::coded).collect(),
            });
            raise(record, own, verdict, species, |reason| Reason::InView {
                number: place + 1,
                reason,
            });
        }
        record.law.get_or_insert_default();
        record.views = Some(views);
    }

    /// The verdict on a view by the thresholds for views. No lattice is read in it: what is small
    /// shows none, and a lattice of the whole photo has raised it already.
    fn view_verdict(&self, scores: &[f32], of_whole: Option<&Reading>) -> Verdict {
        let described = &self.engine().bundle().description;
        let thresholds = described.views.as_ref().map(|rule| rule.of_views());
        let verdict = verdict::decide(
            &described.labels.names,
            scores,
            &thresholds.unwrap_or_default(),
        );
        match (of_whole, &described.schreger) {
            (Some(reading), Some(rule)) if reading.status != Status::Measured => {
                verdict.with_reading(reading, &rule.label)
            }
            _ => verdict,
        }
    }
}
