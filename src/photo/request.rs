//! What is asked of a decoder: limits, and how much detail.

use std::cell::RefCell;

use super::budget::{Share, would_fit};
use super::{Limits, PhotoError};

/// Pixels above which a picture is averaged down while it is decoded, whatever the detail: what
/// bounds the memory of one photo.
pub(super) const MOST_PIXELS: u64 = 1 << 24;

/// Bytes that pixels in full detail and the reading of their lattice take for each: three of
/// colour, and four times 4/3 each of light and contrast ([`crate::schreger`]).
pub(super) const READING: u64 = 14;

/// How many pixels later stages need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// Fingerprints and the network: a decoder that can decode at a smaller scale does.
    Screening,
    /// The lattice of ivory: every pixel, up to 2^24 of them; larger pictures are averaged down
    /// by the smallest whole number that brings them under it.
    #[default]
    Full,
}

/// One picture's decoding.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) limits: &'a Limits,
    pub(super) detail: Detail,
    share: RefCell<Share>,
}

impl<'a> Request<'a> {
    pub(super) fn new(limits: &'a Limits, detail: Detail) -> Self {
        Self {
            limits,
            detail,
            share: RefCell::default(),
        }
    }

    /// Refuses a picture of this declared size, in stored orientation, before anything is
    /// allocated for it, and waits for its turn where it is a giant. `decoded_bytes` is what its
    /// pixels take in the file's own layout; `held` is all that the decoder will hold at once,
    /// with the pixels that it hands on: rows and a canvas where it decodes row by row. Called
    /// again, for a picture within the picture, it replaces what was admitted before.
    pub(super) fn admit_holding(
        &self,
        (width, height): (u32, u32),
        decoded_bytes: u64,
        held: u64,
    ) -> Result<(), PhotoError> {
        let limits = self.limits;
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(PhotoError::Corrupt(format!(
                "a picture of {width} x {height} pixels"
            )));
        }
        let refused = |why: String| {
            let message = format!("{width} x {height} pixels: {why}");
            Err(PhotoError::TooLarge(message))
        };
        if pixels > limits.max_pixels {
            return refused(format!("the limit is {} pixels", limits.max_pixels));
        }
        if width.max(height) > limits.max_side {
            return refused(format!("the limit of a side is {}", limits.max_side));
        }
        if width.max(height) / width.min(height) > limits.max_aspect {
            let times = limits.max_aspect;
            return refused(format!("one side is over {times} times the other"));
        }
        if decoded_bytes > limits.max_alloc {
            return refused(format!(
                "{decoded_bytes} bytes when decoded, the limit is {}",
                limits.max_alloc
            ));
        }
        if held > limits.max_held {
            return refused(format!(
                "decoding holds {held} bytes at once, the limit is {}",
                limits.max_held
            ));
        }
        let needed = match self.detail {
            Detail::Full => held.max(READING * self.reduced_pixels((width, height))),
            Detail::Screening => held,
        };
        // What was held before is given back before more is waited for: nobody holds and waits.
        self.share.take();
        self.share.replace(Share::take(needed));
        if !would_fit(needed) {
            return refused(format!("there is not enough memory for {needed} bytes"));
        }
        Ok(())
    }

    /// What the pixels handed on keep of the budget as long as they live.
    pub(super) fn into_share(self, bytes_of_pixels: usize) -> Share {
        let mut share = self.share.into_inner();
        let bytes = bytes_of_pixels as u64;
        share.shrink(match self.detail {
            Detail::Full => bytes / 3 * READING,
            Detail::Screening => bytes,
        });
        share
    }

    /// The whole number by which both sides of a picture are divided where the decoder has no
    /// scale of its own: 1 up to [`MOST_PIXELS`].
    pub(super) fn reduction(&self, size: (u32, u32)) -> u32 {
        reduction(size)
    }

    /// Pixels that are left of a picture of this size once it is reduced.
    pub(super) fn reduced_pixels(&self, size: (u32, u32)) -> u64 {
        let (width, height) = divided(size, reduction(size));
        u64::from(width) * u64::from(height)
    }
}

fn divided((width, height): (u32, u32), by: u32) -> (u32, u32) {
    (width.div_ceil(by), height.div_ceil(by))
}

fn reduction(size: (u32, u32)) -> u32 {
    let pixels = |by: u32| {
        let (width, height) = divided(size, by);
        u64::from(width) * u64::from(height)
    };
    (1..).find(|&by| pixels(by) <= MOST_PIXELS).unwrap_or(1)
}

/// The size in full detail of a picture of this declared size.
pub(super) fn full_size(size: (u32, u32)) -> (u32, u32) {
    divided(size, reduction(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limits: &Limits, size: (u32, u32), decoded: u64, held: u64) -> Result<(), String> {
        let request = Request::new(limits, Detail::Screening);
        let admitted = request.admit_holding(size, decoded, held);
        admitted.map_err(|error| format!("{}: {error}", error.kind()))
    }

    #[test]
    fn pictures_over_the_bound_are_divided_by_the_smallest_whole_number() {
        assert_eq!(reduction((4096, 4096)), 1);
        assert_eq!(reduction((4097, 4096)), 2);
        assert_eq!(reduction((10_000, 10_000)), 3);
        assert_eq!(reduction((100_000_000, 1)), 6);
        assert_eq!(full_size((10_000, 5)), (10_000, 5));
    }

    #[test]
    fn every_shape_has_a_limit() {
        let limits = Limits::default();
        let refusal = |size, decoded, held| admitted(&limits, size, decoded, held).unwrap_err();
        assert_eq!(
            admitted(&limits, (12_000, 8_000), 288_000_000, 1 << 20),
            Ok(())
        );
        assert_eq!(admitted(&limits, (65_535, 20), 1 << 20, 1 << 20), Ok(()));
        assert!(refusal((0, 9), 1, 1).starts_with("corrupt: "));
        let most = refusal((12_000, 9_000), 1, 1);
        assert_eq!(
            most,
            "too_large: 12000 x 9000 pixels: the limit is 100000000 pixels"
        );
        assert!(refusal((1_000_000, 100), 1, 1).contains("limit of a side is 65535"));
        assert!(refusal((3, 38_204), 1, 1).contains("over 10000 times"));
        assert!(refusal((9, 9), 1 << 40, 1).contains("when decoded"));
        assert!(refusal((9, 9), 1, 1 << 40).contains("at once"));
    }

    #[test]
    fn a_picture_that_does_not_fit_into_memory_is_refused() {
        let limits = Limits::default().with_max_pixels(1 << 60);
        let refusal = admitted(&limits, (30_000, 30_000), 1, 1 << 61).unwrap_err();
        assert!(refusal.contains("not enough memory"), "{refusal}");
    }
}
