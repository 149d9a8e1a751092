//! The workers' threads: one session each, never an asynchronous thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::error::ServeError;
use super::metrics::Stage;
use super::packer::Packer;
use super::queue::Turn;
use super::readers::Readers;
use super::shared::Shared;
use super::station::Station;
use super::task::{Job, Refusal};
use crate::pipeline::Memory;

/// How often the index is looked at where no request does it.
const WATCH: Duration = Duration::from_secs(1);
/// How long a worker waits before it tries again to set itself up.
const RETRY: Duration = Duration::from_secs(1);

/// Starts the workers, and waits until each is ready.
pub(super) fn start(shared: &Arc<Shared>) -> Result<Vec<JoinHandle<()>>, ServeError> {
    let (ready, all) = mpsc::channel();
    let mut threads = Vec::with_capacity(shared.options.workers);
    for number in 0..shared.options.workers {
        let (shared, ready) = (Arc::clone(shared), ready.clone());
        let thread = std::thread::Builder::new().name(format!("worker-{number}"));
        let thread = thread.spawn(move || work(&shared, &ready));
        threads.push(thread.map_err(|source| ServeError::System {
            what: "starting a worker",
            source,
        })?);
    }
    drop(ready);
    let outcome = all.iter().take(threads.len()).try_for_each(|ready| ready);
    if outcome.is_err() {
        shared.queue.close();
    }
    outcome.map(|()| threads)
}

/// Looks at the index now and then, and has it packed when much was added, until the service is
/// stopped.
pub(super) fn watch(shared: &Shared, stop: &crossbeam_channel::Receiver<()>) {
    let Some(readers) = &shared.readers else {
        return;
    };
    let mut own: Option<Memory> = None;
    // Whoever may not write to the index does not pack it.
    let may_pack = shared.writer.is_some();
    let program = shared.options.packer.clone().filter(|_| may_pack);
    let mut packer =
        (program.zip(shared.options.index.clone())).map(|(program, dir)| Packer::new(program, dir));
    while stop.recv_timeout(WATCH) == Err(crossbeam_channel::RecvTimeoutError::Timeout) {
        let watched = match &mut own {
            Some(memory) => readers.watch(memory),
            None => readers.reader().map(|memory| own = Some(memory)),
        };
        if let Err(error) = watched {
            tracing::warn!("the index cannot be followed: {error}");
            own = None;
        }
        if let (Some(packer), Some(memory)) = (&mut packer, &own) {
            let is_due = memory.index().packing_is_due().unwrap_or(false);
            packer.tend(is_due, &shared.metrics);
        }
    }
}

/// What a worker does all day.
fn work(shared: &Shared, ready: &mpsc::Sender<Result<(), ServeError>>) {
    let mut looks = 0;
    let mut memory = match shared
        .readers
        .as_ref()
        .map(|readers| readers.reader())
        .transpose()
    {
        Ok(memory) => memory,
        Err(error) => return drop(ready.send(Err(error.into()))),
    };
    let mut is_first = true;
    loop {
        // The turn is kept until the new session stands: workers change engines one by one.
        let turn = shared.engines.turn.lock();
        let (loaded, number) = shared.engines.current();
        let worker = match loaded.engine.worker(1) {
            Ok(worker) => worker,
            Err(error) if is_first => return drop(ready.send(Err(error.into()))),
            Err(error) => {
                tracing::error!("a worker cannot set itself up: {error}");
                drop(turn);
                std::thread::sleep(RETRY);
                continue;
            }
        };
        drop(turn);
        if is_first {
            let _ = ready.send(Ok(()));
            is_first = false;
        } else {
            shared.queue.look(); // the next one's turn
        }
        if let Some(memory) = &mut memory {
            memory.set_policy(loaded.policy.clone());
        }
        let mut station = Station {
            engine: &loaded.engine,
            worker,
            memory: memory.take(),
            metrics: &shared.metrics,
        };
        match with_one_engine(shared, &mut station, number, &mut looks) {
            Next::Stop => return,
            Next::Engine => memory = station.memory.take(),
            // Whatever the panic left behind is dropped.
            Next::Anew => {
                let readers = shared.readers.as_ref();
                memory = readers.and_then(|readers| readers.reader().ok());
            }
        }
    }
}

/// Why a worker leaves its engine.
enum Next {
    Stop,
    Engine,
    Anew,
}

fn with_one_engine(
    shared: &Shared,
    station: &mut Station<'_>,
    number: u64,
    looks: &mut u64,
) -> Next {
    loop {
        if shared.engines.number() != number && shared.engines.turn.try_lock().is_ok() {
            return Next::Engine;
        }
        let (job, lane) = match shared.queue.take(looks) {
            Turn::Stop => return Next::Stop,
            Turn::Look => continue,
            Turn::Work(job, lane) => (job, lane),
        };
        let done = catch_unwind(AssertUnwindSafe(|| one(shared, station, job)));
        shared.queue.finished(lane);
        if done.is_err() {
            shared.metrics.crashed.fetch_add(1, Relaxed);
            tracing::error!("a stage panicked: its request is lost, the worker starts anew");
            return Next::Anew;
        }
    }
}

fn one(shared: &Shared, station: &mut Station<'_>, job: Job) {
    let Job {
        task,
        since,
        deadline,
    } = job;
    shared.metrics.stage(Stage::Queue).observe(since.elapsed());
    if task.is_abandoned() {
        shared.metrics.abandoned.fetch_add(1, Relaxed);
        return;
    }
    if Instant::now() >= deadline {
        shared.metrics.late.fetch_add(1, Relaxed);
        return task.refuse(Refusal::Late);
    }
    if let Some(readers) = &shared.readers {
        follow(shared, readers, &mut station.memory);
    }
    task.run(station);
}

/// Takes up what was added to the index; one that cannot be read is opened anew.
fn follow(shared: &Shared, readers: &Readers, memory: &mut Option<Memory>) {
    let followed = match memory {
        Some(memory) => readers.follow(memory),
        None => readers.reader().map(|opened| {
            let policy = shared.engines.current().0.policy.clone();
            *memory = Some(opened.with_policy(policy));
        }),
    };
    if let Err(error) = followed {
        tracing::warn!("the index cannot be followed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::Limits;
    use crate::pipeline::Engine;
    use crate::recognize::{Bundle, Runtime};
    use crate::serve::engines::{Engines, Loaded};
    use crate::serve::options::Options;
    use crate::serve::queue::Lane;
    use crate::serve::tokens::Tokens;

    #[test]
    fn a_stage_that_panics_costs_one_request() {
        let load = || {
            let runtime = Runtime::load(None).map_err(|error| error.to_string())?;
            let bundle = Bundle::load("models/faunalens-base".as_ref());
            let bundle = bundle.map_err(|error| error.to_string())?;
            let engine = Engine::new(runtime, bundle, Limits::default());
            let policy = None;
            Ok(Loaded { engine, policy })
        };
        let engines = Engines::load(Box::new(load)).unwrap();
        let shared = Shared::new(Options::new(2, 1 << 20), engines, Tokens::default());
        let shared = Arc::new(shared);
        let threads = start(&shared).unwrap();
        let asking = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        asking.unwrap().block_on(async {
            for _ in 0..3 {
                let crash =
                    shared.ask(Lane::Quick, |_| -> u32 { panic!("as a broken stage does") });
                assert_eq!(crash.await, Err(Refusal::Crashed));
            }
            for _ in 0..4 {
                let name = shared.ask(Lane::Quick, |station| station.engine.stamp().name.clone());
                assert_eq!(name.await.as_deref(), Ok("faunalens-base"));
            }
        });
        assert_eq!(shared.metrics.crashed.load(Relaxed), 3);
        shared.queue.close();
        assert!(threads.into_iter().all(|thread| thread.join().is_ok()));
    }
}
