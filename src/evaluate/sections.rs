//! Parts that the pages of several studies share.

use crate::report::html::{Cell, Page, Table};

use super::rows::LeftOut;

/// Photographs shown in a gallery at most.
pub(super) const SHOWN: usize = 48;
/// Rows named on a page.
const ROWS_NAMED: usize = 50;

/// The first rows that were left out, with their reasons.
pub(super) fn left_out(page: &mut Page, rows: &[LeftOut]) {
    if rows.is_empty() {
        return page.paragraph("No row was left out.");
    }
    page.paragraph(&format!(
        "{} rows were left out; left_out.csv and report.json have every one.",
        rows.len()
    ));
    let mut table = Table::new(&["line", "file", "why"]);
    for row in rows.iter().take(ROWS_NAMED) {
        table.push(vec![
            Cell::count(row.line),
            Cell::text(&row.file),
            Cell::text(&row.why.to_string()),
        ]);
    }
    page.table(&table);
}
