//! What a body takes of the bytes that all bodies in hand may take.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The share of one body; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    /// KiB that may still be taken in.
    bodies: Arc<Semaphore>,
    bytes: u64,
    held: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// The share of a body of which nothing has come.
    pub(super) fn of(bodies: &Arc<Semaphore>) -> Self {
        Self {
            bodies: Arc::clone(bodies),
            bytes: 0,
            held: None,
        }
    }

    /// Takes so many bytes more, in however small pieces they come. Tells whether they were left.
    pub(super) fn grow(&mut self, bytes: u64) -> bool {
        let total = self.bytes.saturating_add(bytes);
        let missing = (total >> 10) - (self.bytes >> 10);
        let Ok(missing) = u32::try_from(missing) else {
            return false;
        };
        if missing > 0 {
            let Ok(more) = Arc::clone(&self.bodies).try_acquire_many_owned(missing) else {
                return false;
            };
            match &mut self.held {
                Some(held) => held.merge(more),
                None => self.held = Some(more),
            }
        }
        self.bytes = total;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pieces_count_as_much_as_one_large_piece() {
        let bodies = Arc::new(Semaphore::new(100));
        for piece in [1, 999, 1024, 5000] {
            let mut share = Share::of(&bodies);
            let mut taken = 0;
            while share.grow(piece) {
                taken += piece;
            }
            // It ends with the first piece that is too much.
            let limit = 101 << 10;
            assert!(
                taken < limit && taken + piece >= limit,
                "{taken} by {piece}"
            );
            drop(share);
            assert_eq!(bodies.available_permits(), 100);
        }
        assert!(!Share::of(&bodies).grow(u64::MAX));
    }
}
