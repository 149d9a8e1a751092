//! Legal status of what a photo may show: a dated table per jurisdiction.
//!
//! Law is not a label: the model names a product, this table says what its trade was subject to,
//! when, and by which source. It reports, it does not advise: exemptions, permits and later
//! changes are for a person to look up.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::schreger::Species;

/// The table: `product` is a label of a bundle, or `ivory/SPECIES` where the lattice named one;
/// `*` is any of them.
const TABLE: &str = include_str!("law.csv");
/// The product whose species the lattice can name.
const IVORY: &str = "ivory";

/// What applied to one product in one jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Law {
    /// The label, with the species where it is known: `ivory/elephant`.
    pub product: String,
    /// `CITES`, or a country by its ISO 3166 code.
    pub jurisdiction: String,
    /// The status in words, with the conditions that a photo cannot settle.
    pub status: String,
    /// The day to which the status is known, YYYY-MM-DD.
    pub as_of: String,
    /// Where the status was taken from.
    pub source: String,
}

/// What applied to the raised `labels`; `species` is the lattice's word on ivory. Labels that the
/// table does not know, look-alikes among them, add nothing.
#[must_use]
pub fn legal_status(labels: &[String], species: Species) -> Vec<Law> {
    static ROWS: LazyLock<Vec<Law>> = LazyLock::new(|| {
        let mut table = csv::Reader::from_reader(TABLE.as_bytes());
        table.deserialize().filter_map(Result::ok).collect()
    });
    let products: Vec<String> = labels
        .iter()
        .map(|label| match species {
            Species::Elephant if label == IVORY => format!("{IVORY}/elephant"),
            Species::Mammoth if label == IVORY => format!("{IVORY}/mammoth"),
            _ => label.clone(),
        })
        .collect();
    let mut found = Vec::new();
    for product in products {
        let specific = ROWS.iter().filter(|row| row.product == product);
        let before = found.len();
        found.extend(specific.cloned());
        if found.len() > before {
            let general = ROWS.iter().filter(|row| row.product == "*");
            found.extend(general.map(|row| Law {
                product: product.clone(),
                ..row.clone()
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read_and_dated() {
        let rows: Vec<Law> = csv::Reader::from_reader(TABLE.as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .expect("a table");
        assert_eq!(rows.len(), TABLE.lines().count() - 1);
        for row in rows {
            let dated = row.as_of.len() == 10
                && row.as_of.bytes().enumerate().all(|(i, byte)| match i {
                    4 | 7 => byte == b'-',
                    _ => byte.is_ascii_digit(),
                });
            assert!(dated, "{row:?}");
            assert!(!row.status.is_empty() && !row.source.is_empty(), "{row:?}");
        }
    }

    #[test]
    fn the_species_decides_between_prohibited_and_allowed_ivory() {
        let status = |species| {
            let rows = legal_status(&[IVORY.to_owned()], species);
            let chinese = rows.iter().find(|row| row.jurisdiction == "CN");
            chinese.map(|row| row.status.clone()).unwrap_or_default()
        };
        assert_eq!(status(Species::Elephant), "trade prohibited");
        assert!(status(Species::Mammoth).contains("allowed"));
        assert!(status(Species::Undecided).contains("if elephant"));
    }

    #[test]
    fn look_alikes_have_no_law() {
        assert!(
            legal_status(&["wood".to_owned(), "other".to_owned()], Species::Undecided).is_empty()
        );
        assert!(legal_status(&[], Species::Elephant).is_empty());
    }
}
