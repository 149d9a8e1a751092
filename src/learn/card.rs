//! The card of a taught bundle: from what, how, and how well.

use std::fmt::Write;

use super::Taught;
use super::report::{FALSE_FLAG, FALSE_REVIEW};

impl Taught {
    /// Markdown. `name` is the bundle's.
    pub(super) fn card(&self, name: &str) -> String {
        let base = &self.base.description;
        let mut text = format!(
            "# {name}\n\n\
             The network of {} {} with labels taught by `faunalens model learn`. A screening aid: it orders photographs for a \
             person to look at, and is no evidence.\n\n\
             ## From what\n\n\
             | label | pictures | groups |\n|---|---|---|\n",
            base.name, base.version
        );
        for label in &self.taught {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                label.label, label.pictures, label.groups
            );
        }
        let [background, before, after] = self.background;
        let percent = |part: usize| 100.0 * part as f64 / background.max(1) as f64;
        let _ = write!(
            text,
            "\nA group is {}. {} pictures were left out. {}\n\n",
            if self.named_groups { "what the manifest names" } else { "a cluster of near-duplicates" },
            self.left_out.len(),
            match background {
                0 => "The base has no background pictures, so the new labels were told from the pictures given alone.".to_owned(),
                _ => format!(
                    "Beside them stand {background} background pictures of the base bundle ({} more were set aside because they are \
                     among the pictures given). The base names {before} of them rightly ({:.1} %), this bundle, on those held out, {after} ({:.1} %).",
                    self.set_aside, percent(before), percent(after)
                ),
            }
        );
        let _ = write!(
            text,
            "## How\n\n\
             A linear function of the network's `{}` output per label above, added to what the network says, by multinomial logistic \
             regression with a ridge penalty of {} and a temperature of {:.3}, which, with a common shift of the new labels, were chosen by cross-validation over groups in five parts. \
             `model.onnx` is unchanged; the rest is in `head.bin`. The scores take for granted the shares of the labels under \
             `[calibration]` in bundle.toml.{}\n\n",
            self.reads.name(),
            self.penalty,
            self.temperature,
            match self.replaced.as_slice() {
                [] => String::new(),
                labels => format!(
                    " What the network knew of {} is not used.",
                    labels.join(", ")
                ),
            }
        );
        text += "## How well\n\n\
                 On pictures held out: weights, penalty and temperature come from the other four fifths of the groups. Intervals are \
                 Wilson's, 95 %, for as many trials as there are groups. They tell what other pictures of the same kind would give, not \
                 what another source would.\n\n\
                 | label | found | 95 % | right where named | 95 % |\n|---|---|---|---|---|\n";
        for label in &self.taught {
            let _ = writeln!(
                text,
                "| {} | {} of {} | {} | {} of {} | {} |",
                label.label,
                label.found,
                label.pictures,
                interval(label.recall),
                label.right,
                label.named,
                interval(label.precision)
            );
        }
        if !self.products.is_empty() {
            let _ = write!(
                text,
                "\nThresholds are the lowest hundredths that at most {} % (review) and {} % (flag) of the held-out pictures without the \
                 product reach; {} of them, so no rate below 1 in {} is shown by this.\n\n\
                 | product | review from | flag from | others at review | at flag | its own at review | at flag |\n|---|---|---|---|---|---|---|\n",
                100.0 * FALSE_REVIEW,
                100.0 * FALSE_FLAG,
                self.products[0].others,
                self.products[0].others / 3
            );
            for product in &self.products {
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
        }
        text += "\nThresholds of the base's own products are the base's. `held_out.csv` has every picture's held-out scores; \
                 `faunalens eval classify held_out.csv --scores held_out.csv --out study/` makes a report of them. The base's card is \
                 BASE-CARD.md.\n";
        text
    }
}

fn interval([low, high]: [f64; 2]) -> String {
    format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
}
