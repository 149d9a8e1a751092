//! The results as tables and as a page that says what they do not prove.

use super::Outcome;
use super::figures::{Figure, Summary};
use crate::schreger::Species;
use std::fmt::Write;

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or(String::new(), |v| format!("{v:.digits$}"))
}

/// One row per picture.
pub(super) fn readings(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "file,kind,lattice,true_species,true_angle_deg,outer_zone,tilt_deg,px_per_period,contrast,jpeg,status,angle_deg,ci_low,ci_high,folded_angle_deg,orientation,species,log10_lr,windows,reasons\n",
    );
    for outcome in outcomes {
        let case = &outcome.case;
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{},{},{},",
            case.file.display(),
            case.kind,
            case.lattice,
            case.species.map_or("", Species::name),
            number(case.angle_deg, 2),
            case.outer_zone.map_or(String::new(), |z| z.to_string()),
            number(case.tilt_deg, 1),
            number(case.px_per_period, 2),
            number(case.contrast, 4),
            number(case.jpeg, 0),
        );
        let _ = match &outcome.reading {
            Ok(r) => writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{}",
                r.status.name(),
                number(r.angle_deg, 2),
                number(r.ci90_deg.map(|c| c[0]), 2),
                number(r.ci90_deg.map(|c| c[1]), 2),
                number(r.folded_angle_deg, 2),
                r.orientation.name(),
                r.species.name(),
                number(r.log10_lr_elephant_vs_mammoth, 3),
                r.windows,
                r.reasons
                    .iter()
                    .map(|r| r.name())
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            Err(_) => writeln!(text, "unreadable,,,,,,,,,"),
        };
    }
    text
}

fn share(figure: &Figure) -> String {
    let (low, high) = figure.interval();
    format!(
        "{},{},{},{low:.4},{high:.4}",
        figure.hits,
        figure.of,
        number(figure.share(), 4)
    )
}

/// Headline figures.
pub(super) fn summary(summary: &Summary) -> String {
    let mut text = String::from("figure,hits,of,share,low95,high95\n");
    let _ = writeln!(
        text,
        "elephant_called_mammoth,{}",
        share(&summary.elephant_called_mammoth)
    );
    for s in summary.slices.iter().take(4) {
        let name = format!("{} {}", s.factor, s.bin);
        let _ = writeln!(text, "measured [{name}],{}", share(&s.measured));
        let _ = writeln!(text, "interval_covers [{name}],{}", share(&s.coverage));
        let _ = writeln!(text, "species_decided [{name}],{}", share(&s.decided));
        let _ = writeln!(
            text,
            "species_wrong_of_decided [{name}],{}",
            share(&s.wrong)
        );
    }
    if let Some(all) = summary.false_lattices.first() {
        let _ = writeln!(text, "false_lattice,{}", share(&all.measured));
    }
    text
}

/// One row per factor and bin.
pub(super) fn slices(summary: &Summary) -> String {
    let mut text = String::from(
        "factor,bin,pictures,measured,median_error_deg,p95_error_deg,bias_deg,oriented,interval_covers,coverage_low95,coverage_high95,decided,wrong\n",
    );
    for s in &summary.slices {
        let (low, high) = s.coverage.interval();
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{low:.4},{high:.4},{},{}",
            s.factor,
            s.bin,
            s.pictures,
            s.measured.hits,
            number(s.median_error, 2),
            number(s.p95_error, 2),
            number(s.bias, 2),
            s.coverage.of,
            number(s.coverage.share(), 4),
            s.decided.hits,
            s.wrong.hits
        );
    }
    text
}

/// Coverage against risk.
pub(super) fn risk(summary: &Summary) -> String {
    let mut text =
        String::from("least_abs_log10_lr,share_decided,share_wrong_of_decided,decided\n");
    for (least, decided, wrong, n) in &summary.risk {
        let _ = writeln!(text, "{least:.1},{decided:.4},{wrong:.4},{n}");
    }
    text
}

/// False lattices by kind of surface.
pub(super) fn false_lattice(summary: &Summary) -> String {
    let mut text = String::from("kind,measured,of,share,low95,high95,not_resolvable\n");
    for f in &summary.false_lattices {
        let _ = writeln!(
            text,
            "{},{},{}",
            f.kind,
            share(&f.measured),
            f.not_resolvable.hits
        );
    }
    text
}

/// The page for people.
pub(super) fn page(summary: &Summary) -> String {
    let mut text = String::from(
        "# How well the Schreger angle is read\n\n\
         These figures come from the pictures of one manifest. Where the manifest is the project's generator, **every \
         picture with a lattice is a rendered case**: the geometry, contrast, noise and compression are those that the \
         generator was told to draw. Such figures show that the reader inverts the geometry it assumes, how it degrades, \
         and that its intervals hold for that kind of picture. They do not prove accuracy on photographs of real tusks: \
         real pattern formation, polishing, dye, repair and lighting are richer than any renderer, and no photograph of \
         ivory with an independently measured angle is among them. The species figures follow the published outer angles \
         (26 tusks each) because the cases were drawn from them.\n\n\
         `angle_deg` is the mean angle over the outer 15 % of the radial range in which the lattice is visible. \
         Resolvable means at least 6 pixels per shortest period and at least 4 % contrast; frontal means a tilt of at \
         most 5 degrees.\n\n\
         | pictures | n | measured | median error | 95th percentile | bias | 90 % interval covers | species decided | wrong |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let percent = |f: &Figure| {
        f.share()
            .map_or("-".to_owned(), |s| format!("{:.1} %", 100.0 * s))
    };
    for s in &summary.slices {
        let _ = writeln!(
            text,
            "| {} {} | {} | {} | {}° | {}° | {}° | {} | {} | {} of {} |",
            s.factor,
            s.bin,
            s.pictures,
            percent(&s.measured),
            number(s.median_error, 2),
            number(s.p95_error, 1),
            number(s.bias, 2),
            percent(&s.coverage),
            percent(&s.decided),
            s.wrong.hits,
            s.wrong.of
        );
    }
    let e = &summary.elephant_called_mammoth;
    let _ = writeln!(
        text,
        "\nElephant called mammoth: {} of {} (95 % interval up to {:.2} %). Unreadable pictures: {}.\n",
        e.hits,
        e.of,
        100.0 * e.interval().1,
        summary.unreadable
    );
    if !summary.false_lattices.is_empty() {
        text += "| surface without a lattice | false lattice | of | 95 % upper limit |\n|---|---|---|---|\n";
        for f in &summary.false_lattices {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.2} % |",
                f.kind,
                f.measured.hits,
                f.measured.of,
                100.0 * f.measured.interval().1
            );
        }
        text.push('\n');
    }
    text += "![true and measured angle](angle.svg) ![error by factor](error.svg) ![coverage against risk](selective_risk.svg)\n\n\
             Raw figures: `readings.csv` (every picture), `slices.csv`, `summary.csv`, `selective_risk.csv`, `false_lattice.csv`.\n";
    text
}
