//! A piece of work for a worker, and the way back to whoever waits for it.

use std::time::Instant;

use tokio::sync::oneshot;

use super::station::Station;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The queue is full.
    Busy,
    /// It was not done before its deadline.
    Late,
    /// A stage panicked.
    Crashed,
    /// The service is being stopped.
    Closing,
}

/// A piece of work for a worker.
pub(super) trait Task: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work and sends the answer. Where this panics, whoever waits is told so.
    fn run(self: Box<Self>, station: &mut Station<'_>);
    /// Tells whoever waits that it was not done.
    fn refuse(self: Box<Self>, why: Refusal);
}

/// A task with the times that matter to it.
pub(super) struct Job {
    pub(super) task: Box<dyn Task>,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
}

struct Asked<F, T> {
    work: F,
    answer: oneshot::Sender<Result<T, Refusal>>,
}

impl<F, T> Task for Asked<F, T>
where
    F: FnOnce(&mut Station<'_>) -> T + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(self: Box<Self>, station: &mut Station<'_>) {
        // A panic drops the sender, which tells of it.
        let _ = self.answer.send(Ok((self.work)(station)));
    }

    fn refuse(self: Box<Self>, why: Refusal) {
        let _ = self.answer.send(Err(why));
    }
}

/// A task that does `work`, and where its answer arrives.
pub(super) fn task<T: Send + 'static>(
    work: impl FnOnce(&mut Station<'_>) -> T + Send + 'static,
) -> (Box<dyn Task>, oneshot::Receiver<Result<T, Refusal>>) {
    let (answer, receiver) = oneshot::channel();
    (Box::new(Asked { work, answer }), receiver)
}
