//! The bounded queue between those who ask and the workers: refuses at once what is beyond it, and
//! keeps giants from taking every worker.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How long a piece of work may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Milliseconds.
    Quick,
    /// Up to seconds: at most half of the workers do such work at once.
    Giant,
}

/// What a worker is told.
#[derive(Debug)]
pub(super) enum Turn<J> {
    /// To do this.
    Work(J, Lane),
    /// To look whether the engine is still the current one.
    Look,
    /// To stop: nothing is left, and nothing more will come.
    Stop,
}

/// Why work was not taken; it is handed back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused<J> {
    /// The queue is full.
    Full(J),
    /// The queue is closed.
    Closed(J),
}

#[derive(Debug)]
struct Lines<J> {
    quick: VecDeque<(u64, J)>,
    giant: VecDeque<(u64, J)>,
    /// Number of the next arrival: who came first is served first.
    next: u64,
    busy: usize,
    giants_in_work: usize,
    /// How often everybody was told to look.
    looks: u64,
    closed: bool,
}

/// The queue; `J` is a piece of work.
#[derive(Debug)]
pub(super) struct Queue<J> {
    lines: Mutex<Lines<J>>,
    changed: Condvar,
    workers: usize,
    waiting: usize,
}

impl<J> Queue<J> {
    /// A queue for `workers`, beside whose work `waiting` pieces may wait.
    pub(super) fn new(workers: usize, waiting: usize) -> Self {
        Self {
            lines: Mutex::new(Lines {
                quick: VecDeque::new(),
                giant: VecDeque::new(),
                next: 0,
                busy: 0,
                giants_in_work: 0,
                looks: 0,
                closed: false,
            }),
            changed: Condvar::new(),
            workers,
            waiting,
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines<J>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Giants that may be in work at once.
    fn most_giants(&self) -> usize {
        (self.workers / 2).max(1)
    }

    /// Takes work in, or hands it back at once. Giants may fill half of the places.
    pub(super) fn push(&self, job: J, lane: Lane) -> Result<(), Refused<J>> {
        let mut lines = self.lines();
        if lines.closed {
            return Err(Refused::Closed(job));
        }
        let held = lines.quick.len() + lines.giant.len() + lines.busy;
        let giants = lines.giant.len() + lines.giants_in_work;
        let full = held >= self.workers + self.waiting
            || lane == Lane::Giant && giants >= self.most_giants() + self.waiting / 2;
        if full {
            return Err(Refused::Full(job));
        }
        let number = lines.next;
        lines.next += 1;
        match lane {
            Lane::Quick => lines.quick.push_back((number, job)),
            Lane::Giant => lines.giant.push_back((number, job)),
        }
        drop(lines);
        // One waiting worker might be one that may take no giant: it leaves it to another.
        self.changed.notify_one();
        Ok(())
    }

    /// What is next for a worker that has heard of `looks` looks; waits until there is something.
    pub(super) fn take(&self, looks: &mut u64) -> Turn<J> {
        let mut lines = self.lines();
        loop {
            if lines.looks != *looks {
                *looks = lines.looks;
                return Turn::Look;
            }
            let may_giant = lines.giants_in_work < self.most_giants();
            let quick = lines.quick.front().map(|(number, _)| *number);
            let giant = lines.giant.front().map(|(number, _)| *number);
            let giant = giant.filter(|_| may_giant);
            let takes_giant = match (quick, giant) {
                (Some(quick), Some(giant)) => giant < quick,
                (quick, giant) => quick.is_none() && giant.is_some(),
            };
            let taken = match takes_giant {
                true => lines.giant.pop_front().map(|(_, job)| (job, Lane::Giant)),
                false => lines.quick.pop_front().map(|(_, job)| (job, Lane::Quick)),
            };
            if let Some((job, lane)) = taken {
                lines.busy += 1;
                lines.giants_in_work += usize::from(lane == Lane::Giant);
                return Turn::Work(job, lane);
            }
            if lines.closed && lines.giant.is_empty() {
                return Turn::Stop;
            }
            let waited = self.changed.wait(lines);
            lines = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A worker has finished what it took.
    pub(super) fn finished(&self, lane: Lane) {
        let mut lines = self.lines();
        lines.busy -= 1;
        if lane == Lane::Giant {
            lines.giants_in_work -= 1;
            drop(lines);
            self.changed.notify_all();
        }
    }

    /// Tells every worker to look at the engine.
    pub(super) fn look(&self) {
        self.lines().looks += 1;
        self.changed.notify_all();
    }

    /// Takes nothing more; what waits is still done.
    pub(super) fn close(&self) {
        self.lines().closed = true;
        self.changed.notify_all();
    }

    /// Whether one more piece of work would be refused.
    pub(super) fn is_full(&self) -> bool {
        let (waiting, busy) = self.load();
        waiting + busy >= self.workers + self.waiting
    }

    /// Pieces of work that wait, and that are being done.
    pub(super) fn load(&self) -> (usize, usize) {
        let lines = self.lines();
        (lines.quick.len() + lines.giant.len(), lines.busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(queue: &Queue<u32>) -> u32 {
        match queue.take(&mut 0) {
            Turn::Work(job, _) => job,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_beyond_the_bound_is_handed_back_at_once() {
        let queue = Queue::new(2, 3);
        for job in 0..5 {
            queue.push(job, Lane::Quick).unwrap();
        }
        assert_eq!(queue.push(5, Lane::Quick), Err(Refused::Full(5)));
        assert_eq!(took(&queue), 0);
        assert_eq!(
            queue.push(6, Lane::Quick),
            Err(Refused::Full(6)),
            "0 is in work"
        );
        queue.finished(Lane::Quick);
        queue.push(7, Lane::Quick).unwrap();
    }

    #[test]
    fn giants_leave_half_of_the_workers_to_small_ones() {
        let queue = Queue::new(2, 8);
        for giant in [100, 101, 102] {
            queue.push(giant, Lane::Giant).unwrap();
        }
        queue.push(1, Lane::Quick).unwrap();
        assert_eq!(took(&queue), 100, "it came first");
        assert_eq!(took(&queue), 1, "one giant is in work already");
        queue.finished(Lane::Giant);
        assert_eq!(took(&queue), 101);
    }

    #[test]
    fn giants_cannot_fill_the_queue() {
        let queue = Queue::new(2, 4);
        let taken = (0..9).filter(|&giant| queue.push(giant, Lane::Giant).is_ok());
        assert_eq!(taken.count(), 3);
        queue.push(10, Lane::Quick).unwrap();
    }

    #[test]
    fn a_closed_queue_is_worked_off_and_then_stops_everybody() {
        let queue = Queue::new(2, 4);
        queue.push(1, Lane::Giant).unwrap();
        queue.push(2, Lane::Quick).unwrap();
        queue.close();
        assert_eq!(queue.push(3, Lane::Quick), Err(Refused::Closed(3)));
        assert_eq!((took(&queue), took(&queue)), (1, 2));
        assert!(matches!(queue.take(&mut 0), Turn::Stop));
    }

    #[test]
    fn everybody_is_told_once_to_look() {
        let queue = Queue::<u32>::new(2, 4);
        queue.look();
        let mut looks = 0;
        assert!(matches!(queue.take(&mut looks), Turn::Look));
        queue.push(1, Lane::Quick).unwrap();
        assert!(matches!(queue.take(&mut looks), Turn::Work(1, Lane::Quick)));
    }
}
