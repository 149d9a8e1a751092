//! What all photos in hand may take together, so that several workers meeting giants at once do
//! not add their memory up.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of all counted photos together. A share that is larger is given while no other is.
const BUDGET: u64 = 400 << 20;
/// Photos up to this many bytes are not counted, and never wait.
const SMALL: u64 = 24 << 20;
/// Longest time a photo waits for its share: one that is held by a caller who wants another picture
/// before giving this one up must not stop him for good.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a photo's share leaves for everything else that goes on beside it: the network's buffers,
/// rows, the work of other photos that are not counted.
const HEADROOM: u64 = 48 << 20;

/// A part of the budget, given back when dropped.
#[derive(Debug, Default)]
pub(super) struct Share {
    bytes: u64,
}

#[derive(Debug)]
struct Budget {
    given: u64,
    /// Those who wait, in the order in which they came.
    line: VecDeque<u64>,
    last_ticket: u64,
}

static BUDGET_IN_USE: Mutex<Budget> = Mutex::new(Budget {
    given: 0,
    line: VecDeque::new(),
    last_ticket: 0,
});
static GIVEN_BACK: Condvar = Condvar::new();

impl Share {
    /// A share of `bytes`, waited for where others hold too much.
    pub(super) fn take(bytes: u64) -> Self {
        if bytes <= SMALL {
            return Self::default();
        }
        let mut budget = budget();
        budget.last_ticket += 1;
        let ticket = budget.last_ticket;
        budget.line.push_back(ticket);
        let waits = |budget: &mut Budget| {
            let fits = budget.given == 0 || budget.given + bytes <= BUDGET;
            budget.line.front() != Some(&ticket) || !fits
        };
        let waited = GIVEN_BACK.wait_timeout_while(budget, PATIENCE, waits);
        let (mut budget, _) = waited.unwrap_or_else(PoisonError::into_inner);
        budget.line.retain(|&other| other != ticket);
        budget.given += bytes;
        GIVEN_BACK.notify_all();
        Self { bytes }
    }

    /// Gives back all but `bytes`.
    pub(super) fn shrink(&mut self, bytes: u64) {
        let kept = if bytes > SMALL {
            bytes.min(self.bytes)
        } else {
            0
        };
        if kept < self.bytes {
            budget().given -= self.bytes - kept;
            self.bytes = kept;
            GIVEN_BACK.notify_all();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

fn budget() -> MutexGuard<'static, Budget> {
    BUDGET_IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the system would give this many bytes and something to spare. Decoders end the program
/// when it does not, so this is asked before they begin.
pub(super) fn would_fit(bytes: u64) -> bool {
    let Ok(bytes) = usize::try_from(bytes + HEADROOM) else {
        return false;
    };
    let mut trial: Vec<u8> = Vec::new();
    let fits = trial.try_reserve_exact(bytes).is_ok();
    // Else the compiler may leave the trial out.
    std::hint::black_box(trial.as_mut_ptr());
    fits
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn shares_never_exceed_the_budget_together_and_all_are_given() {
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for worker in 0..8 {
                let (held, most) = (&held, &most);
                scope.spawn(move || {
                    for turn in 0..20 {
                        let bytes = (40 + (worker * 37 + turn * 53) % 300) << 20;
                        let share = Share::take(bytes);
                        let now = held.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        let most = most.load(Ordering::SeqCst);
        assert!(most > 0 && most <= BUDGET, "{most}");
    }

    #[test]
    fn a_small_photo_never_waits() {
        let _giant = Share::take(BUDGET);
        assert_eq!(Share::take(SMALL).bytes, 0);
    }

    #[test]
    fn more_than_the_machine_has_would_not_fit() {
        assert!(would_fit(1 << 20));
        assert!(!would_fit(u64::MAX >> 2));
    }
}
