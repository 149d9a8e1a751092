//! From a lattice that was followed to what may be said of it.

use crate::schreger::config::{Config, FitConfig};
use crate::schreger::connected::connected;
use crate::schreger::evidence::Evidence;
use crate::schreger::fit::{Comparison, Expected};
use crate::schreger::grid::WindowGrid;
use crate::schreger::growth::gather;
use crate::schreger::reading::Reading;
use crate::schreger::reason::Reason;
use crate::schreger::search::Candidate;
use crate::schreger::spectrum::Spectrometer;
use crate::schreger::status::Status;
use crate::schreger::window::LatticeWindow;

/// What the fit predicts is taken where it keeps this share of the windows and scatters at most
/// this much more.
const LEAST_KEPT: (usize, usize) = (9, 10);
const MOST_LOOSER: f64 = 1.5;

/// Fits the lattice that was followed, gathers the windows that agree, and decides what may be
/// said.
pub(crate) fn judge(
    candidate: &Candidate<'_>,
    config: &Config,
    spectrometer: &mut Spectrometer,
) -> (Reading, Option<Evidence>) {
    let Some((comparison, windows)) = fitted(candidate, config, spectrometer) else {
        return (too_few(&candidate.windows, &config.fit), None);
    };
    let evidence = Evidence::gather(&comparison, &windows, candidate.level, &config.outer_zone);
    if let Some(regular) = &evidence
        && !regular.refusals(config).is_empty()
        && regular.may_be_disordered(&config.disorder)
        && let Some((comparison, windows, evidence)) = disordered(candidate, config)
        && evidence.speaks_for_ivory(config)
    {
        let evidence = evidence.of_any_outline(&comparison, &windows);
        return (Reading::disordered(&evidence, config), Some(evidence));
    }
    match evidence {
        Some(evidence) => {
            // What is refused is read once: a picture without ivory is done sooner.
            let refused = !evidence.refusals(config).is_empty();
            let evidence = match refused {
                true => evidence,
                false => evidence.of_any_outline(&comparison, &windows),
            };
            (Reading::of_evidence(&evidence, config), Some(evidence))
        }
        None => (
            Reading::without(Status::NoLattice, vec![Reason::NoCommonCentre]),
            None,
        ),
    }
}

/// What the windows say of a lattice that wanders, as real ivory's does: the fit, the windows that
/// agree with it, and what follows.
fn disordered(
    candidate: &Candidate<'_>,
    config: &Config,
) -> Option<(Comparison, Vec<LatticeWindow>, Evidence)> {
    let share = candidate.independent / candidate.windows.len() as f64;
    let fit = |expected| Comparison::new(&candidate.windows, share, expected);
    let mut comparison = fit(Expected::DISORDERED)?;
    // A tilt that the windows do not tell of is not made up.
    let aside = fit(Expected::DISORDERED_ASIDE).filter(|aside| {
        aside.log_odds_curved > comparison.log_odds_curved + config.disorder.aside_log_odds
    });
    comparison = aside.unwrap_or(comparison);
    let mut windows = candidate.windows.clone();
    windows.retain(|window| comparison.misfit(window) < config.fit.most_misfit);
    let windows = connected(windows);
    let evidence = Evidence::gather(&comparison, &windows, candidate.level, &config.outer_zone)?;
    Some((comparison, windows, evidence))
}

/// The fit and the windows that agree with it; `None` where there are too few to fit.
fn fitted(
    candidate: &Candidate<'_>,
    config: &Config,
    spectrometer: &mut Spectrometer,
) -> Option<(Comparison, Vec<LatticeWindow>)> {
    let followed = &candidate.windows;
    let limits = &config.fit;
    if candidate.independent < limits.least_independent_windows
        || followed.len() < limits.least_windows
    {
        return None;
    }
    let share = candidate.independent / followed.len() as f64;
    let first = Comparison::new(followed, share, Expected::REGULAR)?;
    let (comparison, mut windows) =
        again(&first, candidate, config, spectrometer).unwrap_or_else(|| (first, followed.clone()));
    windows.retain(|window| comparison.misfit(window) < limits.most_misfit);
    Some((comparison, connected(windows)))
}

/// What the fit predicts finds the lattice again beyond gaps in its visibility.
fn again(
    first: &Comparison,
    candidate: &Candidate<'_>,
    config: &Config,
    spectrometer: &mut Spectrometer,
) -> Option<(Comparison, Vec<LatticeWindow>)> {
    if first.scatter >= config.fit.most_scatter {
        return None;
    }
    let (followed, growth) = (&candidate.windows, &config.growth);
    let mut grid = WindowGrid::new(
        candidate.level,
        growth.stride,
        growth.most_windows,
        spectrometer,
    );
    let least = config.fit.least_significance;
    let gathered = gather(&mut grid, |point| first.predict(point), least);
    if gathered.len() * LEAST_KEPT.1 <= followed.len() * LEAST_KEPT.0 {
        return None;
    }
    let share = candidate.independent / followed.len() as f64;
    let second = Comparison::new(&gathered, share, Expected::REGULAR)?;
    (second.scatter < first.scatter * MOST_LOOSER).then_some((second, gathered))
}

/// Too few windows to fit: worth a closer photograph only where they are clear and agree.
fn too_few(windows: &[LatticeWindow], limits: &FitConfig) -> Reading {
    let clear = (windows.iter()).all(|w| w.weaker_significance() > limits.clear_significance);
    let status = if clear && windows.len() >= 4 {
        Status::NotResolvable
    } else {
        Status::NoLattice
    };
    Reading::without(status, vec![Reason::TooFewPeriods])
}
