//! What must hold of a `bundle.toml` beyond the types of its values, table by table.

use std::collections::HashSet;

use super::description::{
    Calibration, Description, Dtype, HeadFile, Input, Output, Reads, ResizeRule, SCHEMA, Threshold,
    ViewThreshold, ViewsRule,
};

/// Sides of the input that are believed, in pixels.
const INPUT_SIDES: std::ops::RangeInclusive<u32> = 1..=4096;
/// Pixels of the shorter side beyond which a resized photo is not believed.
const LONGEST_SHORTEST: u32 = 8192;

/// Shares of a photo's width and height that a view may take.
const SHARES: std::ops::RangeInclusive<f32> = 0.2..=0.9;

fn require(holds: bool, reason: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(reason.to_owned())
    }
}

impl Description {
    /// The first thing that is wrong, in words that name the key.
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!(
                "schema is {:?}, this program reads {SCHEMA:?}",
                self.schema
            ));
        }
        self.validate_labels()?;
        validate_input(&self.input)?;
        validate_output(&self.output)?;
        require(
            self.background.is_none() || self.output.features.is_some(),
            "background needs output.features",
        )?;
        if let Some(calibration) = &self.calibration {
            self.validate_calibration(calibration)?;
        }
        if let Some(head) = &self.head {
            self.validate_head(head)?;
        }
        self.validate_thresholds()?;
        if let Some(views) = &self.views {
            self.validate_views(views)?;
        }
        match &self.schreger {
            Some(rule) if !self.labels.names.contains(&rule.label) => {
                Err(format!("schreger.label: no label {:?}", rule.label))
            }
            _ => Ok(()),
        }
    }

    fn validate_labels(&self) -> Result<(), String> {
        let names = &self.labels.names;
        require(!names.is_empty(), "labels.names is empty")?;
        let distinct: HashSet<&String> = names.iter().collect();
        require(
            distinct.len() == names.len(),
            "labels.names holds a name twice",
        )
    }

    fn validate_calibration(&self, Calibration { prior }: &Calibration) -> Result<(), String> {
        let names = &self.labels.names;
        let complete =
            prior.len() == names.len() && names.iter().all(|name| prior.contains_key(name));
        let sum: f64 = prior.values().sum();
        require(
            complete && prior.values().all(|&share| share > 0.0) && (sum - 1.0).abs() < 1e-3,
            "calibration.prior must give every label a share above 0, 1 in all",
        )
    }

    fn validate_head(&self, head: &HeadFile) -> Result<(), String> {
        let readable = match head.reads {
            Reads::Features => self.output.features.is_some(),
            Reads::Descriptor => self.output.descriptor.is_some(),
        };
        require(
            readable,
            "head.reads names an output that [output] does not have",
        )?;
        let temperature = head.network_temperature;
        require(
            temperature.is_finite() && temperature > 0.0,
            "head.network_temperature must be above zero",
        )?;
        require(
            (0.0..=1.0).contains(&head.trust),
            "head.trust must lie between 0 and 1",
        )?;
        let known = |label: &String| self.labels.names.contains(label);
        require(
            head.taught.iter().all(known),
            "head.taught holds a label that labels.names lacks",
        )?;
        let kept = |label: &&String| !head.replaced.contains(label);
        require(
            head.network_labels.iter().filter(kept).all(known) && head.replaced.iter().all(known),
            "head.network_labels holds a label that labels.names lacks",
        )
    }

    fn validate_thresholds(&self) -> Result<(), String> {
        for (label, &Threshold { review, flag }) in &self.thresholds {
            if !self.labels.names.contains(label) {
                return Err(format!("thresholds.{label}: no such label"));
            }
            if !(0.0..=1.0).contains(&review) || !(review..=1.0).contains(&flag) {
                return Err(format!(
                    "thresholds.{label}: 0 <= review <= flag <= 1 must hold, not {review} and {flag}"
                ));
            }
        }
        Ok(())
    }
}

impl Description {
    fn validate_views(&self, views: &ViewsRule) -> Result<(), String> {
        require(
            SHARES.contains(&views.share),
            "views.share must lie in 0.2 to 0.9",
        )?;
        require(
            (0.0..=1.0).contains(&views.busy),
            "views.busy must lie in 0 to 1",
        )?;
        for (label, threshold) in &views.thresholds {
            let &ViewThreshold {
                plausible,
                review,
                flag,
            } = threshold;
            if !self.labels.names.contains(label) {
                return Err(format!("views.thresholds.{label}: no such label"));
            }
            if !(0.0..=1.0).contains(&plausible) {
                return Err(format!(
                    "views.thresholds.{label}: plausible must lie in 0 to 1, not at {plausible}"
                ));
            }
            if !(0.0..=1.0).contains(&review) || !(review..=1.0).contains(&flag) {
                return Err(format!(
                    "views.thresholds.{label}: 0 <= review <= flag <= 1 must hold, not {review} \
                     and {flag}"
                ));
            }
        }
        Ok(())
    }
}

fn validate_input(input: &Input) -> Result<(), String> {
    require(
        INPUT_SIDES.contains(&input.width) && INPUT_SIDES.contains(&input.height),
        "input.width and input.height must lie in 1 to 4096",
    )?;
    let channels = |values: Option<[f32; 3]>| values.into_iter().flatten();
    require(
        channels(input.std).all(|std| std.is_finite() && std != 0.0)
            && channels(input.mean).all(f32::is_finite),
        "input.mean and input.std must be finite, and std not zero",
    )?;
    match input.dtype {
        Dtype::Float32 => require(
            input.mean.is_some() && input.std.is_some(),
            "input.mean and input.std are missing; dtype = \"uint8\" is without",
        )?,
        Dtype::Uint8 => require(
            input.std.is_none() && (input.mean.is_none() || input.resize == ResizeRule::Pad),
            "input.mean and input.std are for dtype = \"float32\": a network of bytes normalises \
             by itself (resize = \"pad\" takes its border from mean)",
        )?,
    }
    require(
        input.shortest.is_none() || input.resize == ResizeRule::Shortest,
        "input.shortest is for resize = \"shortest\"",
    )?;
    let sides = input.width.max(input.height)..=LONGEST_SHORTEST;
    require(
        input.shortest.is_none_or(|side| sides.contains(&side)),
        "input.shortest must be at least the input's larger side, and at most 8192",
    )
}

fn validate_output(output: &Output) -> Result<(), String> {
    require(
        output.temperature.is_finite() && output.temperature > 0.0,
        "output.temperature must be above zero",
    )?;
    require(
        output.descriptor.is_some() == output.descriptor_size.is_some(),
        "output.descriptor and output.descriptor_size go together",
    )?;
    require(
        output.features.is_some() == output.features_size.is_some(),
        "output.features and output.features_size go together",
    )
}
