//! Grids: what stands in the gaps of a lattice of equal pictures is a picture too.

use super::plane::Rect;

/// Share by which sizes and places in one grid may differ.
const OFF: f32 = 0.04;
/// Cells that make a grid.
const LEAST: usize = 3;

/// The cells of the grid that most of `found` stand in which none of them takes, within `whole`:
/// the last row may be cut off by the page's end.
pub(super) fn gaps(found: &[Rect], whole: Rect) -> Vec<Rect> {
    let near = |a: usize, b: usize, of: usize| a.abs_diff(b) as f32 <= (OFF * of as f32).max(3.0);
    let alike = |a: &Rect, b: &Rect| {
        near(a.width(), b.width(), a.width()) && near(a.height(), b.height(), a.height())
    };
    let Some(pattern) = found
        .iter()
        .max_by_key(|one| found.iter().filter(|other| alike(one, other)).count())
    else {
        return Vec::new();
    };
    let cells: Vec<&Rect> = found.iter().filter(|other| alike(pattern, other)).collect();
    if cells.len() < LEAST {
        return Vec::new();
    }
    let (width, height) = (pattern.width(), pattern.height());
    let distinct = |mut values: Vec<usize>, of: usize| {
        values.sort_unstable();
        values.dedup_by(|a, b| near(*a, *b, of));
        values
    };
    let lefts = distinct(cells.iter().map(|cell| cell.left).collect(), width);
    let tops = distinct(cells.iter().map(|cell| cell.top).collect(), height);
    // One row or column alone leaves no gap that is known.
    if lefts.len() < 2 || tops.len() < 2 {
        return Vec::new();
    }
    let cell = |(left, top): (usize, usize)| Rect {
        left,
        top,
        right: (left + width).min(whole.right),
        bottom: (top + height).min(whole.bottom),
    };
    let all = tops
        .iter()
        .flat_map(|&top| lefts.iter().map(move |&left| cell((left, top))));
    all.filter(|gap| found.iter().all(|one| overlap(one, gap) * 10 < gap.area()))
        .collect()
}

/// Area that two rectangles share.
pub(super) fn overlap(a: &Rect, b: &Rect) -> usize {
    let shared = Rect {
        left: a.left.max(b.left),
        top: a.top.max(b.top),
        right: a.right.min(b.right),
        bottom: a.bottom.min(b.bottom),
    };
    shared.area()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_ends_where_the_page_does() {
        let cell = |left, top, width, height| Rect {
            left,
            top,
            right: left + width,
            bottom: top + height,
        };
        let whole = cell(0, 0, 203, 201);
        // The cells of the last row and column are cut off by three pixels, which still is alike.
        let found = [
            cell(0, 0, 100, 100),
            cell(103, 0, 100, 100),
            cell(0, 103, 100, 98),
        ];
        assert_eq!(gaps(&found, whole), [cell(103, 103, 100, 98)]);
    }
}
