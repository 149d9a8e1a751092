//! Connections: a bounded number, each with a limit on how long it may send nothing useful.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tower::ServiceExt;

use super::metrics::Metrics;

/// Largest head of a request, in bytes.
const HEAD: usize = 64 << 10;

/// A connection that is held.
struct Held {
    /// Whether a request is being answered.
    busy: Arc<AtomicBool>,
    task: Option<AbortHandle>,
}

/// The connections that are held, the oldest first.
pub(super) struct Connections {
    held: Mutex<BTreeMap<u64, Held>>,
    next: AtomicU64,
    most: usize,
    metrics: Arc<Metrics>,
}

/// A place among the connections, given back when dropped.
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    /// Set while a request is being answered: such a connection never gives way.
    pub(super) busy: Arc<AtomicBool>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.connections.held();
        held.remove(&self.number);
        self.connections.tell(&held);
    }
}

impl Connections {
    pub(super) fn new(most: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            held: Mutex::default(),
            next: AtomicU64::new(0),
            most,
            metrics,
        })
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<u64, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that are held, and not those that gave way and whose tasks are still to end.
    fn tell(&self, held: &BTreeMap<u64, Held>) {
        let count = held.len() as u64;
        self.metrics.connections.store(count, Ordering::Relaxed);
    }

    /// Makes a place; where all are taken, the one that has waited longest for a request gives
    /// way. `None` where every connection is busy.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut held = self.held();
        if held.len() >= self.most {
            let idle = held
                .iter()
                .find(|(_, held)| !held.busy.load(Ordering::Acquire) && held.task.is_some())
                .map(|(number, _)| *number)?;
            // Its own place is given back when its task is dropped; here it is gone at once.
            if let Some(task) = held.remove(&idle).and_then(|held| held.task) {
                task.abort();
            }
            self.metrics.evicted.fetch_add(1, Ordering::Relaxed);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let busy = Arc::new(AtomicBool::new(false));
        let place = Held {
            busy: Arc::clone(&busy),
            task: None,
        };
        held.insert(number, place);
        self.tell(&held);
        drop(held);
        Some(Place {
            connections: Arc::clone(self),
            number,
            busy,
        })
    }

    /// Runs what serves a connection, so that it can be made to give way.
    pub(super) fn spawn(
        self: &Arc<Self>,
        place: Place,
        serve: impl Future<Output = ()> + Send + 'static,
    ) {
        let number = place.number;
        let task = tokio::spawn(async move {
            serve.await;
            drop(place);
        });
        if let Some(held) = self.held().get_mut(&number) {
            held.task = Some(task.abort_handle());
        }
    }

    /// Ends those that wait for a request.
    pub(super) fn end_idle(&self) {
        for held in self.held().values() {
            if let (false, Some(task)) = (held.busy.load(Ordering::Acquire), &held.task) {
                task.abort();
            }
        }
    }

    /// Connections held now.
    pub(super) fn count(&self) -> usize {
        self.held().len()
    }
}

/// Speaks HTTP on one connection until it ends.
pub(super) async fn speak_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    busy: Arc<AtomicBool>,
    header_timeout: Duration,
    watcher: Watcher,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        busy.store(true, Ordering::Release);
        let (router, busy) = (router.clone(), Arc::clone(&busy));
        async move {
            // Also where the caller goes and this is dropped half way.
            let _idle = Idle(busy);
            router.oneshot(request).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("a connection ended: {error}");
    }
}

struct Idle(Arc<AtomicBool>);

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
