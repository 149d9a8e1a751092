//! The wave vectors that are searched for peaks, and the rings of like wave number around them.

use crate::schreger::window::SIDE;

/// Wave numbers searched, in cycles per window: periods of 64/18 = 3.6 to 64/5 = 12.8 pixels of
/// the level.
pub(crate) const BAND: (f32, f32) = (5.0, 18.0);
/// The widest and the narrowest ring, cycles per window.
pub(crate) const WIDEST_RING: usize = 24;
pub(crate) const NARROWEST_RING: usize = 3;

/// A wave vector of the searched band.
#[derive(Clone, Copy)]
pub(crate) struct Bin {
    /// Cycles per window.
    pub(crate) wave_vector: [i8; 2],
    /// Where its power lies.
    pub(crate) index: u16,
    /// The ring of like wave numbers.
    pub(crate) ring: u8,
}

/// The wave vectors of the searched band, in one half plane.
pub(crate) fn bins() -> Vec<Bin> {
    let reach = BAND.1.ceil() as i32;
    half_plane(reach)
        .filter_map(|(kx, ky)| {
            let wave_number = wave_number(kx, ky);
            (wave_number >= BAND.0 && wave_number <= BAND.1).then_some(Bin {
                wave_vector: [kx as i8, ky as i8],
                index: index(kx, ky) as u16,
                ring: wave_number.round() as u8,
            })
        })
        .collect()
}

/// Where the powers of each wave number lie, rounded to whole cycles per window.
pub(crate) fn rings() -> Vec<Vec<u16>> {
    let mut rings = vec![Vec::new(); WIDEST_RING + 1];
    for (kx, ky) in half_plane(WIDEST_RING as i32) {
        let ring = wave_number(kx, ky).round() as usize;
        if (NARROWEST_RING..=WIDEST_RING).contains(&ring) {
            rings[ring].push(index(kx, ky) as u16);
        }
    }
    rings
}

/// Where the power of a wave vector lies in the spectrum of a window.
pub(crate) fn index(kx: i32, ky: i32) -> usize {
    let wrap = |k: i32| k.rem_euclid(SIDE as i32) as usize;
    wrap(kx) * SIDE + wrap(ky)
}

/// One of every wave vector and its opposite, up to `reach` along each axis.
fn half_plane(reach: i32) -> impl Iterator<Item = (i32, i32)> {
    (0..=reach)
        .flat_map(move |kx| (-reach..=reach).map(move |ky| (kx, ky)))
        .filter(|(kx, ky)| *kx > 0 || *ky > 0)
}

fn wave_number(kx: i32, ky: i32) -> f32 {
    ((kx * kx + ky * ky) as f32).sqrt()
}
