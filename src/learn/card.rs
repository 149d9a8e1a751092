//! The card of a taught bundle: from what, how, and how well.

use std::fmt::Write;

use super::held_out::{BackgroundReport, FALSE_FLAG, FALSE_REVIEW, ProductReport};
use super::options::HoldOut;
use super::taught::TaughtBundle;
use super::training_set::TRUST;

impl TaughtBundle {
    /// Markdown. `name` is the bundle's.
    pub(super) fn card(&self, name: &str) -> String {
        let base = &self.base.description;
        format!(
            "# {name}\n\n\
             The network of {} {} with labels taught by `faunalens model learn`. A screening aid: it \
             orders photographs for a person to look at, and is no evidence.\n\n\
             ## From what\n\n{}\n\
             ## How\n\n{}\n\
             ## How well\n\n{}{}\n\
             Thresholds of the base's own products are the base's. `held_out.csv` has every \
             picture's held-out scores; `faunalens eval classify held_out.csv --scores held_out.csv \
             --out study/` makes a report of them. The base's card is BASE-CARD.md.\n",
            base.name,
            base.version,
            self.pictures_section(),
            self.method_section(),
            self.labels_section(),
            products_section(&self.products),
        )
    }

    fn pictures_section(&self) -> String {
        let mut text = "| label | pictures | groups |\n|---|---|---|\n".to_owned();
        for label in &self.taught {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                label.label, label.pictures, label.groups
            );
        }
        let group = match (self.named_groups, self.hold_out) {
            (true, HoldOut::Group) => "what the manifest names",
            (true, HoldOut::Source) => "a source that the manifest names",
            (false, HoldOut::Group) => "a cluster of near-duplicates",
            (false, HoldOut::Source) => {
                "a source that the manifest names, else a cluster of near-duplicates"
            }
        };
        let left_out = self.left_out.len();
        let background = background_sentence(&self.background);
        let _ = writeln!(
            text,
            "\nA group is {group}. {left_out} pictures were left out. {background}"
        );
        if let Some(scanned) = self.scanned {
            let _ = writeln!(
                text,
                "\nOf {} photographs of the kind that is scanned, none of which shows a label \
                 taught, {} are named so when they are held out.",
                scanned.pictures, scanned.named
            );
        }
        text
    }

    fn method_section(&self) -> String {
        let replaced = match self.replaced.as_slice() {
            [] => String::new(),
            labels => format!(
                " What the network knew of {} is not used.",
                labels.join(", ")
            ),
        };
        format!(
            "Every picture as it is and in {} looks: parts of it, turned, mirrored, in another \
             light. A linear function of the network's `{}` output per label above, added to what the \
             network says ({TRUST} of its log-odds, where it knows the label), by multinomial \
             logistic regression with a ridge penalty of {} and a temperature of {:.3}, which, with a \
             common shift of the new labels, were chosen by cross-validation over groups in five \
             parts. Labels weigh alike, however many pictures they have. `model.onnx` is unchanged; \
             the rest is in `head.bin`. The scores take for granted the shares of the labels under \
             `[calibration]` in bundle.toml: half for the labels taught, evenly.{replaced}\n",
            self.looks,
            self.reads.name(),
            self.penalty,
            self.temperature,
        )
    }

    fn labels_section(&self) -> String {
        let mut text =
            "On pictures held out: weights, penalty and temperature come from the other four fifths \
             of the groups. Intervals are Wilson's (of none and of all the exact ones), 95 %, for as many trials \
             as there are groups. \
             They tell what other pictures of the same kind would give, not what another source \
             would.\n\n\
             | label | found | 95 % | right where named | 95 % |\n|---|---|---|---|---|\n"
                .to_owned();
        for label in &self.taught {
            let _ = writeln!(
                text,
                "| {} | {} of {} | {} | {} of {} | {} |",
                label.label,
                label.found,
                label.pictures,
                percent_range(label.recall),
                label.right,
                label.named,
                percent_range(label.precision)
            );
        }
        text
    }
}

fn background_sentence(report: &BackgroundReport) -> String {
    let &BackgroundReport {
        pictures,
        right_before,
        right_after,
        set_aside,
    } = report;
    if pictures == 0 {
        return "The base has no background pictures, so the new labels were told from the pictures \
                given alone."
            .to_owned();
    }
    let percent = |part: usize| 100.0 * part as f64 / pictures as f64;
    format!(
        "Beside them stand {pictures} background pictures of the base bundle ({set_aside} more were \
         set aside because they are among the pictures given). The base names {right_before} of them \
         rightly ({:.1} %), this bundle, on those held out, {right_after} ({:.1} %).",
        percent(right_before),
        percent(right_after)
    )
}

/// Nothing without products.
fn products_section(products: &[ProductReport]) -> String {
    let Some(first) = products.first() else {
        return String::new();
    };
    let others = match first.by_scanned {
        true => "photographs of the kind that is scanned, held out,",
        false => "held-out pictures without the product",
    };
    let mut text = format!(
        "\nThresholds are the lowest hundredths that at most {} % (review) and {} % (flag) of the \
         {others} reach; {} of them, so no rate below 1 in {} is shown by this.\n\n\
         | product | review from | flag from | others at review | at flag | its own at review | at \
         flag |\n|---|---|---|---|---|---|---|\n",
        100.0 * FALSE_REVIEW,
        100.0 * FALSE_FLAG,
        first.others,
        first.others / 3
    );
    for product in products {
        let _ = writeln!(
            text,
            "| {} | {:.2} | {:.2} | {} of {} | {} | {} of {} | {} |",
            product.label,
            product.threshold.review,
            product.threshold.flag,
            product.others_reached[0],
            product.others,
            product.others_reached[1],
            product.own_reached[0],
            product.own,
            product.own_reached[1]
        );
    }
    text
}

fn percent_range([low, high]: [f64; 2]) -> String {
    format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
}
