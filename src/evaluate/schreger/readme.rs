//! The results as a Markdown page that says what they do not prove, to be kept beside the tables.

use std::fmt::Write;

use crate::report::csv::decimals;

use super::measures::{FalseLattice, Summary};
use super::share::Share;
use super::slices::Slice;

const INTRODUCTION: &str = "# How well the Schreger angle is read\n\nThese figures come from the \
    pictures of one manifest. Where the manifest is the project's generator, **every picture \
    with a lattice is a rendered case**: the geometry, contrast, noise and compression are those \
    that the generator was told to draw. Such figures show that the reader inverts the geometry \
    it assumes, how it degrades, and that its intervals hold for that kind of picture. They do \
    not prove accuracy on photographs of real tusks: real pattern formation, polishing, dye, \
    repair and lighting are richer than any renderer, and no photograph of ivory with an \
    independently measured angle is among them. The species figures follow the published outer \
    angles (26 tusks each) because the cases were drawn from them.\n\n`angle_deg` is the mean \
    angle over the outer 15 % of the radial range in which the lattice is visible. Resolvable \
    means at least 6 pixels per shortest period and at least 4 % contrast; frontal means a tilt \
    of at most 5 degrees.\n\n";
const SLICE_HEADER: &str = "| pictures | n | measured | median error | 95th percentile | bias | \
    90 % interval covers | species decided | wrong |\n|---|---|---|---|---|---|---|---|---|\n";
const SURFACE_HEADER: &str =
    "| surface without a lattice | false lattice | of | 95 % upper limit |\n|---|---|---|---|\n";
const FILES: &str = "![true and measured angle](angle.svg) ![error by factor](error.svg) \
    ![coverage against risk](selective_risk.svg)\n\nRaw figures: `readings.csv` (every picture), \
    `slices.csv`, `summary.csv`, `selective_risk.csv`, `false_lattice.csv`.\n";

/// The page.
pub(super) fn markdown(summary: &Summary) -> String {
    let mut text = INTRODUCTION.to_owned() + SLICE_HEADER;
    text.extend(summary.slices.iter().map(slice_line));
    let elephants = &summary.elephant_called_mammoth;
    let _ = writeln!(
        text,
        "\nElephant called mammoth: {} of {} (95 % interval up to {:.2} %). Unreadable pictures: \
        {}.\n",
        elephants.hits,
        elephants.of,
        100.0 * elephants.interval().1,
        summary.unreadable
    );
    if !summary.false_lattices.is_empty() {
        text += SURFACE_HEADER;
        text.extend(summary.false_lattices.iter().map(surface_line));
        text.push('\n');
    }
    text + FILES
}

fn slice_line(slice: &Slice) -> String {
    format!(
        "| {slice} | {} | {} | {}° | {}° | {}° | {} | {} | {} of {} |\n",
        slice.pictures,
        percent(&slice.measured),
        decimals(slice.median_error, 2),
        decimals(slice.p95_error, 1),
        decimals(slice.bias, 2),
        percent(&slice.coverage),
        percent(&slice.decided),
        slice.wrong.hits,
        slice.wrong.of
    )
}

fn surface_line(surface: &FalseLattice) -> String {
    format!(
        "| {} | {} | {} | {:.2} % |\n",
        surface.kind.replace('|', "\\|"),
        surface.measured.hits,
        surface.measured.of,
        100.0 * surface.measured.interval().1
    )
}

fn percent(share: &Share) -> String {
    (share.value()).map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}
