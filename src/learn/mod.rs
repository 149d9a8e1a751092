//! Teaching a finished network new labels from a few pictures: [`learn`] fits a head on frozen
//! features, judges it on pictures held out, and [`TaughtBundle::write`] makes a bundle of it.
//!
//! Every picture is shown in many looks, and labels weigh alike however many pictures they have.
//! What the network says of the labels that are not taught stays. Of one that is taught and that
//! it knows, its word counts half: on pictures of other sources that was better than to believe
//! it and better than to ignore it (eval/learn). The logit of a label is `b + w·x + c`, with `b`
//! the network's word (0 for a label that it does not know), `x` what the head reads, `w` and `c`
//! what is fitted, with a ridge penalty that is chosen on held-out pictures.

mod background;
mod basis;
mod card;
mod cross_validation;
mod error;
mod folds;
mod held_out;
mod labels;
mod lbfgs;
mod logistic;
mod looks;
mod options;
mod pictures;
mod taught;
mod training_set;
mod views;
mod write;

use crate::progress::Progress;
use crate::recognize::{Bundle, Reads, Runtime};

use background::BackgroundSelection;
use basis::Basis;
use cross_validation::{LabelSmoothing, cross_validate};
pub use error::{GroupKind, LabelRole, LearnError};
use held_out::HeldOut;
pub use held_out::{BackgroundReport, LabelReport, ProductReport, ScannedReport};
use labels::LabelSet;
use logistic::Problem;
pub use options::{HoldOut, LearnOptions};
use pictures::Network;
pub use taught::TaughtBundle;
use training_set::TrainingSet;
pub use views::{CalibratedViews, ViewOptions, calibrate_views};

/// Runs the network on the pictures, of which `progress` hears, fits a head and judges it.
///
/// The same pictures in the same order give the same head, whatever the number of threads.
///
/// # Errors
/// [`LearnError`].
pub fn learn(
    options: &LearnOptions,
    base: Bundle,
    runtime: &Runtime,
    progress: &dyn Progress,
) -> Result<TaughtBundle, LearnError> {
    let reads = teachable_output(&base)?;
    let network = Network {
        bundle: &base,
        runtime,
        reads,
        limits: &options.limits,
        workers: options.workers,
    };
    let mut gathered = pictures::embed(options, network, progress)?;
    labels::leave_out_rare(&mut gathered, options)?;
    let labels = LabelSet::new(&base.description.labels.names, options, &gathered)?;
    let scanned = match &options.background {
        Some(from) if labels.is_rest.contains(&true) => Some(pictures::embed_scanned(
            from,
            &gathered.usable,
            network,
            progress,
        )?),
        Some(_) => return Err(LearnError::NoRest),
        None => None,
    };
    let (scanned, scanned_left_out) =
        scanned.map_or_else(Default::default, |scanned| (scanned.seen, scanned.left_out));
    let mut background = BackgroundSelection::new(&base, reads, &labels, &gathered.usable)?;
    background.scanned = scanned;
    background.check(&base, &labels)?;
    let set = TrainingSet::new(&base, &labels, &gathered.usable, &background);

    let basis = Basis::new(set.vectors.clone());
    let problem = Problem::new(basis.coordinates(), &set, &labels);
    let folds = folds::assign(&set.label, &set.group);
    let smoothing = LabelSmoothing::new(&set, &labels);
    let validation = cross_validate(&problem, &folds, &smoothing);
    let head = problem.fit_head(&basis, validation.penalty, validation.scaling.shift);

    let held_out = HeldOut::new(&labels.names, &set, &validation.scores);
    Ok(TaughtBundle {
        taught: held_out.label_reports(&labels.taught),
        products: held_out.product_reports(&labels.indices_of(&options.products)),
        background: held_out.background_report(background.set_aside),
        scanned: held_out.scanned_report(&labels.taught),
        held_out: held_out.given_scores(),
        prior: set.prior_by_label(&labels.names),
        taught_labels: labels
            .taught
            .iter()
            .map(|&label| labels.names[label].clone())
            .collect(),
        labels: labels.names,
        reads,
        replaced: options.replaced.clone(),
        head,
        temperature: validation.scaling.temperature,
        penalty: validation.penalty,
        pictures: gathered.usable,
        left_out: gathered
            .left_out
            .into_iter()
            .chain(scanned_left_out)
            .collect(),
        named_groups: gathered.named_groups,
        hold_out: options.hold_out,
        looks: gathered.looks,
        base,
    })
}

/// The output that a head on this bundle reads.
fn teachable_output(base: &Bundle) -> Result<Reads, LearnError> {
    let described = &base.description;
    if base.head.is_some() {
        return Err(LearnError::TaughtAlready(described.name.clone()));
    }
    match (&described.output.features, &described.output.descriptor) {
        (Some(_), _) => Ok(Reads::Features),
        (None, Some(_)) => Ok(Reads::Descriptor),
        (None, None) => Err(LearnError::NothingToRead(described.name.clone())),
    }
}
