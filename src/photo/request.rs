//! What is asked of a decoder: limits, and how much detail.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Limits, PhotoError};

/// Decoded sizes from which pictures are decoded one at a time, so that several workers meeting
/// giants together do not add their memory up.
const GIANT_BYTES: u64 = 96 << 20;

static GIANT: Mutex<()> = Mutex::new(());

/// Held while a picture is decoded.
#[must_use]
pub(super) struct Admission {
    _turn: Option<MutexGuard<'static, ()>>,
}

/// Pixels above which a picture is averaged down while it is decoded, whatever the detail: what
/// bounds the memory of one photo.
pub(super) const MOST_PIXELS: u64 = 1 << 24;

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
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) limits: &'a Limits,
    pub(super) detail: Detail,
}

impl Request<'_> {
    /// Refuses a picture of this declared size, in stored orientation, before anything is
    /// allocated for it, and waits for its turn where it is a giant. `decoded_bytes` is what its
    /// pixels take in the file's own layout.
    pub(super) fn admit(
        &self,
        (width, height): (u32, u32),
        decoded_bytes: u64,
    ) -> Result<Admission, PhotoError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(PhotoError::Corrupt(format!(
                "a picture of {width} x {height} pixels"
            )));
        }
        if pixels > self.limits.max_pixels {
            return Err(PhotoError::TooLarge(format!(
                "{width} x {height} pixels, the limit is {} pixels",
                self.limits.max_pixels
            )));
        }
        if decoded_bytes > self.limits.max_alloc {
            return Err(PhotoError::TooLarge(format!(
                "{decoded_bytes} bytes when decoded, the limit is {}",
                self.limits.max_alloc
            )));
        }
        let giant = decoded_bytes > GIANT_BYTES;
        let turn = || GIANT.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Admission {
            _turn: giant.then(turn),
        })
    }

    /// The whole number by which both sides of a picture are divided where the decoder has no
    /// scale of its own: 1 up to [`MOST_PIXELS`].
    pub(super) fn reduction(&self, (width, height): (u32, u32)) -> u32 {
        let pixels = |by: u32| u64::from(width.div_ceil(by)) * u64::from(height.div_ceil(by));
        (1..).find(|&by| pixels(by) <= MOST_PIXELS).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_over_the_bound_are_divided_by_the_smallest_whole_number() {
        let limits = Limits::default();
        let request = Request {
            limits: &limits,
            detail: Detail::Full,
        };
        assert_eq!(request.reduction((4096, 4096)), 1);
        assert_eq!(request.reduction((4097, 4096)), 2);
        assert_eq!(request.reduction((10_000, 10_000)), 3);
        assert_eq!(request.reduction((100_000_000, 1)), 6);
    }
}
