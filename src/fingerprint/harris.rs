//! Corners: maxima of the Harris response (Harris and Stephens 1988), spread over the picture.

use ndarray::{Zip, s};

use super::landmark::PATCH;
use super::plane::{Plane, binomial_blur, row_major};

/// Cells per side over which landmarks are spread.
const CELLS: usize = 6;
/// Harris response under which a maximum is noise (grey levels to the fourth power).
const MIN_RESPONSE: f32 = 2.0e4;
/// Weight of the squared trace; 0.04 is customary.
const TRACE_WEIGHT: f32 = 0.04;

/// A corner: its response and its position.
pub(super) type Corner = (f32, usize, usize);

/// Every corner, strongest first.
pub(super) fn corners(plane: &Plane) -> Vec<Corner> {
    let mut corners = response_maxima(&harris_response(plane));
    corners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.2, a.1).cmp(&(b.2, b.1))));
    corners
}

/// The `limit` strongest of the sorted corners of a plane of this height and width, as (x, y), at
/// first no more per cell than an even spread allows.
pub(super) fn spread(
    corners: &[Corner],
    (height, width): (usize, usize),
    limit: usize,
) -> Vec<(usize, usize)> {
    let quota = (2 * limit).div_ceil(CELLS * CELLS).max(1);
    let mut filled = [0; CELLS * CELLS];
    let (mut taken, mut left) = (Vec::with_capacity(limit), Vec::new());
    for &(_, x, y) in corners {
        let cell = &mut filled[y * CELLS / height * CELLS + x * CELLS / width];
        if *cell < quota {
            *cell += 1;
            taken.push((x, y));
        } else {
            left.push((x, y));
        }
    }
    taken.extend(left);
    taken.truncate(limit);
    taken
}

/// Determinant minus weighted squared trace of the blurred products of gradients.
fn harris_response(plane: &Plane) -> Plane {
    let [xx, yy, xy] = gradient_products(plane).map(|product| binomial_blur(&product));
    Zip::from(&xx)
        .and(&yy)
        .and(&xy)
        .map_collect(|&xx, &yy, &xy| {
            let trace = xx + yy;
            xx * yy - xy * xy - TRACE_WEIGHT * trace * trace
        })
}

/// Products xx, yy and xy of the central differences; 0 on the rim.
fn gradient_products(plane: &Plane) -> [Plane; 3] {
    let (h, w) = plane.dim();
    let inner = s![1..h - 1, 1..w - 1];
    let [mut xx, mut yy, mut xy] = [(); 3].map(|()| Plane::zeros((h, w)));
    let across = &plane.slice(s![1..h - 1, 2..]) - &plane.slice(s![1..h - 1, ..w - 2]);
    let down = &plane.slice(s![2.., 1..w - 1]) - &plane.slice(s![..h - 2, 1..w - 1]);
    Zip::from(xx.slice_mut(inner))
        .and(yy.slice_mut(inner))
        .and(xy.slice_mut(inner))
        .and(&across)
        .and(&down)
        .for_each(|xx, yy, xy, gx, gy| (*xx, *yy, *xy) = (gx * gx, gy * gy, gx * gy));
    [xx, yy, xy]
}

/// Local maxima of the response with room for a patch.
fn response_maxima(response: &Plane) -> Vec<Corner> {
    let (h, w) = response.dim();
    let margin = PATCH as usize + 1;
    let mut maxima = Vec::new();
    for y in margin..h.saturating_sub(margin) {
        let row = &row_major(response)[y * w..(y + 1) * w];
        let inner = row.iter().enumerate().take(w.saturating_sub(margin));
        for (x, &value) in inner.skip(margin) {
            if value > MIN_RESPONSE && is_maximum(response, y, x) {
                maxima.push((value, x, y));
            }
        }
    }
    maxima
}

/// Strict on one side only, so that one of two equal neighbours stays.
fn is_maximum(response: &Plane, y: usize, x: usize) -> bool {
    let value = response[[y, x]];
    value > response[[y, x - 1]]
        && value >= response[[y, x + 1]]
        && (x - 1..=x + 1).all(|column| value > response[[y - 1, column]])
        && (x - 1..=x + 1).all(|column| value >= response[[y + 1, column]])
}
