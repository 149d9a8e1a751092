//! Thresholds of views: from which scores of its parts a large photograph is raised.
//!
//! The largest score of several views is higher than one score, so that each product's thresholds
//! are set anew, by the largest score over the views of pictures without it that are looked at. How
//! many log-odds below its review threshold a picture may stay for that is as many as the share of
//! pictures allows that are to be looked at in vain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::RgbImage;

use super::error::LearnError;
use super::pictures::{Network, each_picture, labelled, root_of};
use crate::evaluate::left_out::{Exclusion, LeftOut};
use crate::evaluate::rows::answers;
use crate::photo::{self, Detail, Limits, Photo};
use crate::progress::Progress;
use crate::recognize::{
    Bundle, Reads, Recognizer, Runtime, Threshold, ViewThreshold, ViewsRule, busyness,
};

/// Steps of log-odds below review in which it is looked for how far views are worth their time, and
/// how many of them at most.
const STEP: f64 = 0.25;
const STEPS: u32 = 24;
/// The flag threshold lies no lower.
const LOWEST_FLAG: f32 = 0.5;

/// What the thresholds are to hold to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ViewOptions {
    /// A folder that holds a folder per label, or a manifest with `file` and `label`.
    pub from: PathBuf,
    /// Share of a photograph's width and height that a view takes, 0.2 to 0.9.
    pub share: f32,
    /// Share of its points at edges, 0 to 1, from which a photograph is busy.
    pub busy: f32,
    /// Labels that are looked for; all that raise a decision where it is empty.
    pub products: Vec<String>,
    /// The most of the pictures without any product, 0 to 1, that are looked at more closely for the
    /// sake of one.
    pub looked_at: f64,
    /// The most of the pictures without a product, 0 to 1, that its views alone send to review.
    pub false_review: f64,
    /// The same of those that are flagged.
    pub false_flag: f64,
    /// Threads that look at pictures, at least 1.
    pub workers: usize,
    /// Limits on pictures.
    pub limits: Limits,
}

impl ViewOptions {
    /// As the shipped bundle's were set, with one thread and the usual limits.
    #[must_use]
    pub fn new(from: PathBuf) -> Self {
        Self {
            from,
            share: 0.6,
            busy: 0.4,
            products: Vec::new(),
            looked_at: 0.1,
            false_review: 0.002,
            false_flag: 0.0,
            workers: 1,
            limits: Limits::default(),
        }
    }
}

/// Thresholds of views, and what reached them.
#[derive(Debug)]
#[non_exhaustive]
pub struct CalibratedViews {
    /// What goes into `bundle.toml`.
    pub rule: ViewsRule,
    /// Pictures without any product.
    pub others: usize,
    /// How many of these are looked at more closely.
    pub looked_at: usize,
    /// How many of these a view alone sends to review or flags.
    pub raised: usize,
    /// How many of these a view alone flags.
    pub flagged: usize,
    /// Pictures that were not used.
    pub left_out: Vec<LeftOut>,
}

/// One picture, as a whole and in views; all in the order of the bundle's labels.
struct Scored {
    label: String,
    busyness: f32,
    whole: Vec<f32>,
    middle: Vec<f32>,
    /// The largest over all views.
    views: Vec<f32>,
}

/// Scores labelled pictures as a whole and in views, whatever their size, and sets the thresholds
/// by them; `progress` hears of the pictures.
///
/// # Errors
/// [`LearnError`].
pub fn calibrate_views(
    options: &ViewOptions,
    bundle: &Bundle,
    runtime: &Runtime,
    progress: &dyn Progress,
) -> Result<CalibratedViews, LearnError> {
    let described = &bundle.description;
    if described.thresholds.is_empty() {
        return Err(LearnError::NoProduct(described.name.clone()));
    }
    let raises_nothing = |label: &&String| !described.thresholds.contains_key(*label);
    if let Some(label) = options.products.iter().find(raises_nothing) {
        return Err(LearnError::RaisesNothing {
            bundle: described.name.clone(),
            label: label.clone(),
        });
    }
    let (scored, left_out) = score(options, bundle, runtime, progress)?;
    let set = Calibration::new(bundle, &scored, options);
    let products = set.products.iter();
    let depths: Vec<f64> = products
        .map(|product| set.depth(product, options.looked_at))
        .collect();
    let products = set.products.iter();
    let thresholds: BTreeMap<String, ViewThreshold> = products
        .zip(&depths)
        .map(|(product, &depth)| {
            let threshold = set.threshold(product, depth, &depths, options);
            (product.name.clone(), threshold)
        })
        .collect();
    let rule = ViewsRule::new(options.share, options.busy, thresholds);
    let others: Vec<&Scored> = set.others().collect();
    let looked_at = others.iter().filter(|one| set.seen(one, &depths).is_some());
    let looked_at = looked_at.count();
    let reaching = |limit: fn(&ViewThreshold) -> f32| {
        let reaches = |one: &&&Scored| {
            let seen = set.seen(one, &depths);
            let mut products = set.products.iter();
            seen.is_some_and(|seen| {
                products.any(|product| seen[product.place] >= limit(&rule.thresholds[product.name]))
            })
        };
        others.iter().filter(reaches).count()
    };
    Ok(CalibratedViews {
        others: others.len(),
        looked_at,
        raised: reaching(|threshold| threshold.review),
        flagged: reaching(|threshold| threshold.flag),
        rule,
        left_out,
    })
}

fn score(
    options: &ViewOptions,
    bundle: &Bundle,
    runtime: &Runtime,
    progress: &dyn Progress,
) -> Result<(Vec<Scored>, Vec<LeftOut>), LearnError> {
    let (answers, mut left_out) = answers(&options.from)?;
    let root = root_of(&options.from);
    let labelled = labelled(answers, &mut left_out);
    let paths: Vec<PathBuf> = labelled
        .iter()
        .map(|answer| root.join(&answer.file))
        .collect();
    let network = Network {
        bundle,
        runtime,
        reads: Reads::Features,
        limits: &options.limits,
        workers: options.workers,
    };
    let rule = ViewsRule::new(options.share, options.busy, BTreeMap::new());
    let outcomes = each_picture(&paths, network, progress, |path, recognizer| {
        score_one(path, &rule, recognizer, &options.limits)
    })?;
    let mut scored = Vec::with_capacity(outcomes.len());
    for (answer, outcome) in labelled.into_iter().zip(outcomes) {
        match outcome {
            Ok(one) => scored.push(Scored {
                label: answer.label,
                ..one
            }),
            Err(why) => left_out.push(LeftOut {
                line: answer.line,
                file: answer.file,
                why: Exclusion::NotSeen(why),
            }),
        }
    }
    if scored.is_empty() {
        let first = left_out.first();
        let why = |row: &LeftOut| format!("{}: {}", row.file, row.why);
        return Err(LearnError::NoPictures {
            from: options.from.clone(),
            first: first.map_or("it is empty".into(), why),
        });
    }
    left_out.sort_by_key(|row| row.line);
    Ok((scored, left_out))
}

/// Scores of the whole and of its views, without the label.
fn score_one(
    path: &Path,
    rule: &ViewsRule,
    recognizer: &mut Recognizer,
    limits: &Limits,
) -> Result<Scored, String> {
    let bytes = photo::read_file(path, limits).map_err(|error| error.to_string())?;
    let photo =
        Photo::with_detail(&bytes, limits, Detail::Screening).map_err(|error| error.to_string())?;
    let pixels = &photo.pixels;
    let mut scores = |pixels: &RgbImage| {
        let recognition = recognizer.recognize(pixels);
        recognition
            .map(|recognition| recognition.scores)
            .map_err(|error| error.to_string())
    };
    let whole = scores(pixels)?;
    let [middle, corners @ ..] = rule.views(pixels.dimensions());
    let middle = scores(&middle.cut(pixels))?;
    let mut views = middle.clone();
    for corner in corners {
        let seen = scores(&corner.cut(pixels))?;
        for (largest, score) in views.iter_mut().zip(seen) {
            *largest = largest.max(score);
        }
    }
    Ok(Scored {
        label: String::new(),
        busyness: busyness(pixels),
        whole,
        middle,
        views,
    })
}

/// A label that raises decisions.
struct Product<'a> {
    name: &'a String,
    /// Among the scores.
    place: usize,
    /// Of the whole.
    threshold: Threshold,
}

/// What thresholds are set by.
struct Calibration<'a> {
    /// Those that are looked for.
    products: Vec<Product<'a>>,
    /// Every label that raises a decision.
    raising: Vec<Product<'a>>,
    busy: f32,
    scored: &'a [Scored],
}

impl<'a> Calibration<'a> {
    fn new(bundle: &'a Bundle, scored: &'a [Scored], options: &ViewOptions) -> Self {
        let described = &bundle.description;
        let product = |(place, name): (usize, &'a String)| {
            let threshold = *described.thresholds.get(name)?;
            Some(Product {
                name,
                place,
                threshold,
            })
        };
        let names = || described.labels.names.iter().enumerate();
        let is_asked = |(_, name): &(usize, &String)| {
            options.products.is_empty() || options.products.contains(name)
        };
        Self {
            products: names().filter(is_asked).filter_map(product).collect(),
            raising: names().filter_map(product).collect(),
            busy: options.busy,
            scored,
        }
    }

    /// Pictures without any product.
    fn others(&self) -> impl Iterator<Item = &'a Scored> {
        let is_product = |label: &String| self.raising.iter().any(|product| product.name == label);
        let scored = self.scored.iter();
        scored.filter(move |one| !is_product(&one.label))
    }

    /// Whether views of it are looked at for the sake of a product, from so many log-odds below its
    /// review threshold.
    fn is_looked_at(&self, one: &Scored, product: &Product<'_>, depth: f64) -> bool {
        let reaches = |product: &Product<'_>| one.whole[product.place] >= product.threshold.review;
        one.busyness >= self.busy
            && !self.raising.iter().any(reaches)
            && one.whole[product.place] >= plausible(product.threshold, depth)
    }

    /// The largest scores over the views that are looked at, the middle alone where that is in no
    /// doubt; `None` where none is looked at.
    fn seen<'b>(&self, one: &'b Scored, depths: &[f64]) -> Option<&'b [f32]> {
        let mut products = self.products.iter().zip(depths);
        if !products.any(|(product, &depth)| self.is_looked_at(one, product, depth)) {
            return None;
        }
        let in_doubt =
            |product: &Product<'_>| one.middle[product.place] >= product.threshold.review;
        match self.products.iter().any(in_doubt) {
            true => Some(&one.views),
            false => Some(&one.middle),
        }
    }

    /// The most log-odds below its review threshold at which no more than this share of the
    /// pictures without any product are looked at for its sake.
    fn depth(&self, product: &Product<'_>, most: f64) -> f64 {
        let others: Vec<&Scored> = self.others().collect();
        let most = most * others.len() as f64;
        let depths = (1..=STEPS).map(|step| f64::from(step) * STEP);
        let allowed = depths.take_while(|&depth| {
            let looked_at = others.iter();
            let looked_at = looked_at.filter(|one| self.is_looked_at(one, product, depth));
            looked_at.count() as f64 <= most
        });
        allowed.last().unwrap_or(STEP)
    }

    /// The lowest steps, no lower than the thresholds of the whole, that few enough pictures without
    /// the product reach.
    fn threshold(
        &self,
        product: &Product<'_>,
        depth: f64,
        depths: &[f64],
        options: &ViewOptions,
    ) -> ViewThreshold {
        let others = self.scored.iter().filter(|one| &one.label != product.name);
        let score = |one: &Scored| {
            let seen = self.seen(one, depths);
            seen.map_or(0.0, |seen| f64::from(seen[product.place]))
        };
        let scores: Vec<f64> = others.map(score).collect();
        let Threshold { review, flag } = product.threshold;
        let review = lowest(&scores, review, options.false_review);
        let flag = lowest(
            &scores,
            flag.max(review).max(LOWEST_FLAG),
            options.false_flag,
        );
        ViewThreshold {
            plausible: plausible(product.threshold, depth),
            review,
            flag,
        }
    }
}

/// The lowest step, from `from`, that at most the share `most` of the scores reaches: hundredths up
/// to 0.99, then thousandths; 1, which no score reaches, where none is high enough.
fn lowest(scores: &[f64], from: f32, most: f64) -> f32 {
    let most = most * scores.len() as f64;
    let hundredths = (1..100).map(|step| step as f32 / 100.0);
    let steps = hundredths.chain((991..1000).map(|step| step as f32 / 1000.0));
    let mut steps = steps.filter(|&step| step >= from);
    let reaching = |step: f32| {
        let scores = scores.iter();
        scores.filter(|&&score| score >= f64::from(step)).count()
    };
    steps
        .find(|&step| reaching(step) as f64 <= most)
        .unwrap_or(1.0)
}

/// A score so many log-odds below a review threshold, cut to four decimals.
fn plausible(threshold: Threshold, depth: f64) -> f32 {
    let review = f64::from(threshold.review).clamp(1e-6, 1.0 - 1e-6);
    let odds = review / (1.0 - review) / depth.exp();
    let score = odds / (1.0 + odds);
    ((score * 1e4).floor() / 1e4) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(label: &str, whole: f32, middle: f32, views: f32) -> Scored {
        let both = |score: f32| vec![score, 1.0 - score];
        Scored {
            label: label.into(),
            busyness: 0.5,
            whole: both(whole),
            middle: both(middle),
            views: both(views),
        }
    }

    fn set<'a>(name: &'a String, scored: &'a [Scored]) -> Calibration<'a> {
        let product = || Product {
            name,
            place: 0,
            threshold: Threshold {
                review: 0.5,
                flag: 0.9,
            },
        };
        Calibration {
            products: vec![product()],
            raising: vec![product()],
            busy: 0.4,
            scored,
        }
    }

    #[test]
    fn no_more_pictures_are_looked_at_than_is_allowed() {
        let ivory = String::from("ivory");
        // From 0.01 to 1.00: 51 of 100 are raised by the whole, which needs no views.
        let others: Vec<Scored> = (1..=100)
            .map(|step| scored("other", step as f32 / 100.0, 0.0, 0.0))
            .collect();
        let set = set(&ivory, &others);
        let product = &set.products[0];
        let mut before = 0.0;
        for most in [0.1, 0.2, 0.4] {
            let depth = set.depth(product, most);
            let looked_at = others.iter();
            let looked_at = looked_at.filter(|one| set.is_looked_at(one, product, depth));
            assert!(looked_at.count() as f64 <= most * 100.0);
            assert!(depth > before, "more may be looked at, and are");
            before = depth;
        }
    }

    #[test]
    fn corners_are_seen_where_the_middle_is_in_doubt_and_plain_pictures_never() {
        let ivory = String::from("ivory");
        let mut pictures = vec![
            scored("other", 0.4, 0.3, 0.8),
            scored("other", 0.4, 0.6, 0.8),
            scored("other", 0.4, 0.6, 0.8),
            scored("other", 0.01, 0.6, 0.8),
            scored("other", 0.5, 0.6, 0.8),
        ];
        pictures[2].busyness = 0.3;
        let set = set(&ivory, &pictures);
        let seen: Vec<Option<f32>> = pictures
            .iter()
            .map(|one| Some(set.seen(one, &[1.0])?[0]))
            .collect();
        assert_eq!(seen, [Some(0.3), Some(0.8), None, None, None]);
    }

    #[test]
    fn thresholds_of_views_let_through_what_is_allowed_and_lie_no_lower_than_the_wholes() {
        let ivory = String::from("ivory");
        let mut pictures: Vec<Scored> = (1..=100)
            .map(|step| step as f32 / 100.0)
            .map(|score| scored("other", 0.4, score, score))
            .collect();
        pictures.push(scored("ivory", 0.4, 0.999, 0.999));
        let set = set(&ivory, &pictures);
        let mut options = ViewOptions::new(PathBuf::new());
        options.false_review = 0.1;
        options.false_flag = 0.02;
        let threshold = |options: &ViewOptions| {
            let product = &set.products[0];
            set.threshold(product, 1.0, &[1.0], options)
        };
        let found = threshold(&options);
        assert_eq!((found.review, found.flag), (0.91, 0.99));
        assert!(found.plausible < 0.5 && found.plausible > 0.2);
        options.false_review = 1.0;
        options.false_flag = 1.0;
        let lenient = threshold(&options);
        assert_eq!((lenient.review, lenient.flag), (0.5, 0.9));
        options.false_flag = 0.0;
        assert!(threshold(&options).flag > 0.99, "one without it has 1.00");
    }
}
