//! A service from its start to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use sd_notify::NotifyState;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::clamd;
use super::connections::{Connections, speak_http};
use super::crew;
use super::engines::{Engines, Load};
use super::error::ServeError;
use super::listeners::Listener;
use super::metrics::Metrics;
use super::options::Options;
use super::readers::Readers;
use super::remember::Writer;
use super::router::router;
use super::shared::Shared;
use super::tokens::Tokens;
use crate::index::PackedFiles;

/// What a caller gets who comes when every connection is busy.
const CROWDED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// Pause after the system gave no connection (too many open files).
const BREATH: Duration = Duration::from_millis(50);
/// What connections without a request get to end by themselves at the end.
const FAREWELL: Duration = Duration::from_millis(200);

/// Runs a service until it is told to stop (SIGTERM, SIGINT), and then until what is in hand is
/// answered. `load` gives what photos are judged with, once more at every SIGHUP. `ready` hears,
/// once all is loaded and listens, the places of the sockets.
///
/// # Errors
/// [`ServeError`] when it cannot start.
pub fn serve(
    options: Options,
    load: Load,
    ready: impl FnOnce(&[String]),
) -> Result<(), ServeError> {
    let tokens = Tokens::read(
        options.token_file.as_deref(),
        options.write_token_file.as_deref(),
    )?;
    raise_open_files();
    let mut shared = Shared::new(options, Engines::load(load)?, tokens);
    shared.metrics.engines.store(1, Ordering::Relaxed);
    let mut writer = None;
    if let Some(dir) = shared.options.index.clone() {
        let search = shared.options.search;
        // Whoever may only read an index serves it all the same.
        let packed_files = PackedFiles::default();
        match Writer::start(&dir, search, &packed_files, Arc::clone(&shared.metrics)) {
            Ok((handle, thread)) => {
                shared.writer = Some(handle);
                writer = Some(thread);
            }
            Err(error) => tracing::warn!("nothing will be remembered: {error}"),
        }
        let workers = shared.options.workers;
        shared.readers = Some(Readers::open(dir, search, packed_files, workers)?.0);
    }
    let shared = Arc::new(shared);
    let workers = crew::start(&shared)?;
    let (stop_watching, stopped) = crossbeam_channel::bounded::<()>(0);
    let watcher = std::thread::spawn({
        let shared = Arc::clone(&shared);
        move || crew::watch(&shared, &stopped)
    });
    let asynchronous = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(shared.options.workers.clamp(1, 4))
        .enable_all()
        .build();
    let asynchronous = asynchronous.map_err(|source| ServeError::System {
        what: "starting the input and output",
        source,
    })?;
    let served = asynchronous.block_on(listen(&shared, ready));
    shared.queue.close();
    drop(stop_watching);
    asynchronous.shutdown_timeout(Duration::from_secs(1));
    for thread in workers.into_iter().chain([watcher]) {
        let _ = thread.join();
    }
    // The last handle goes with the last owner; then the writer ends.
    drop(shared);
    if let Some(thread) = writer {
        let _ = thread.join();
    }
    served
}

async fn listen(shared: &Arc<Shared>, ready: impl FnOnce(&[String])) -> Result<(), ServeError> {
    let mut http = Listener::handed()?;
    if http.is_empty() {
        for place in &shared.options.http {
            http.push(Listener::open(place).await?);
        }
    }
    let mut clamd = Vec::new();
    for place in &shared.options.clamd {
        clamd.push(Listener::open(place).await?);
    }
    let is_open = http.iter().any(Listener::is_open_to_others);
    if is_open && !shared.tokens().are_asked_for() {
        tracing::warn!("others than this machine may ask, and no token is needed");
    }
    let signals = |kind| {
        signal(kind).map_err(|source| ServeError::System {
            what: "waiting for signals",
            source,
        })
    };
    let (mut terminate, mut interrupt, mut hang_up) = (
        signals(SignalKind::terminate())?,
        signals(SignalKind::interrupt())?,
        signals(SignalKind::hangup())?,
    );
    let connections = Connections::new(shared.options.connections, Arc::clone(&shared.metrics));
    let graceful = Arc::new(GracefulShutdown::new());
    let (stop, stopping) = watch::channel(false);
    let places: Vec<String> = http.iter().map(Listener::place).collect();
    let mut accepting = Vec::new();
    let router = router(shared);
    for listener in http {
        let accept = Accept {
            shared: Arc::clone(shared),
            connections: Arc::clone(&connections),
            speaks: Speaks::Http(router.clone(), Arc::clone(&graceful)),
            stopping: stopping.clone(),
        };
        accepting.push(tokio::spawn(accept.all(listener)));
    }
    for listener in clamd {
        tracing::info!("clamd's protocol at {}", listener.place());
        let accept = Accept {
            shared: Arc::clone(shared),
            connections: Arc::clone(&connections),
            speaks: Speaks::Clamd,
            stopping: stopping.clone(),
        };
        accepting.push(tokio::spawn(accept.all(listener)));
    }
    ready(&places);
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => reload(shared).await,
        }
    }
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    tracing::info!("stopping: what is in hand is answered first");
    shared.close();
    let _ = stop.send(true);
    let drained = async {
        for task in accepting {
            let _ = task.await;
        }
        // Whoever took connections in has let go of it.
        if let Some(graceful) = Arc::into_inner(graceful) {
            graceful.shutdown().await;
        }
        while connections.count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let idle_end = async {
        tokio::time::sleep(FAREWELL).await;
        loop {
            connections.end_idle();
            tokio::time::sleep(FAREWELL).await;
        }
    };
    tokio::select! {
        () = drained => tracing::info!("stopped"),
        () = idle_end => {}
        () = tokio::time::sleep(shared.options.drain) => {
            tracing::warn!("stopped with {} connections unanswered", connections.count());
        }
    }
    Ok(())
}

/// What is spoken on a socket.
enum Speaks {
    Http(Router, Arc<GracefulShutdown>),
    Clamd,
}

/// Takes connections in.
struct Accept {
    shared: Arc<Shared>,
    connections: Arc<Connections>,
    speaks: Speaks,
    stopping: watch::Receiver<bool>,
}

impl Accept {
    async fn all(self, listener: Listener) {
        let mut stopping = self.stopping.clone();
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = self.one(&listener) => {}
            }
        }
    }

    async fn one(&self, listener: &Listener) {
        match listener {
            Listener::Tcp(listener) => match listener.accept().await {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    self.take_in(stream, clamd::Stream::Tcp);
                }
                Err(error) => refused(&error).await,
            },
            Listener::Unix(listener, _) => match listener.accept().await {
                Ok((stream, _)) => self.take_in(stream, clamd::Stream::Unix),
                Err(error) => refused(&error).await,
            },
        }
    }

    /// Gives the stream a place, and speaks with whoever is at its other end.
    fn take_in<S>(&self, mut stream: S, for_clamd: fn(S) -> clamd::Stream)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(place) = self.connections.enter() else {
            tokio::spawn(async move { stream.write_all(CROWDED).await });
            return;
        };
        let busy = Arc::clone(&place.busy);
        let timeout = self.shared.options.header_timeout;
        match &self.speaks {
            Speaks::Http(router, graceful) => {
                let http = speak_http(stream, router.clone(), busy, timeout, graceful.watcher());
                self.connections.spawn(place, http);
            }
            Speaks::Clamd => {
                let shared = Arc::clone(&self.shared);
                let speak = clamd::speak(for_clamd(stream), shared, busy);
                self.connections.spawn(place, speak);
            }
        }
    }
}

async fn refused(error: &std::io::Error) {
    tracing::warn!("a connection was not taken in: {error}");
    tokio::time::sleep(BREATH).await;
}

/// Reads the tokens once more and loads the engine anew, aside; the workers take it up one by one.
async fn reload(shared: &Arc<Shared>) {
    let start = Instant::now();
    let usec = NotifyState::monotonic_usec_now();
    if let Ok(usec) = usec {
        let _ = sd_notify::notify(&[NotifyState::Reloading, usec]);
    }
    let aside = Arc::clone(shared);
    let reloaded = tokio::task::spawn_blocking(move || {
        aside.reread_tokens();
        aside.engines.reload()
    });
    let reloaded = reloaded.await;
    let metrics: &Metrics = &shared.metrics;
    match reloaded {
        Ok(Ok(())) => {
            metrics.engines.fetch_add(1, Ordering::Relaxed);
            shared.queue.look();
            let stamp = shared.engines.current().0.engine.stamp().clone();
            let elapsed_ms = start.elapsed().as_millis();
            tracing::info!(
                model = stamp.name,
                version = stamp.version,
                elapsed_ms,
                "reloaded"
            );
        }
        Ok(Err(error)) => {
            metrics.failed_reloads.fetch_add(1, Ordering::Relaxed);
            tracing::error!("not reloaded, the engine before goes on: {error}");
        }
        Err(_) => {
            metrics.failed_reloads.fetch_add(1, Ordering::Relaxed);
            tracing::error!("not reloaded, the engine before goes on: loading panicked");
        }
    }
    let _ = sd_notify::notify(&[NotifyState::Ready]);
}

/// As many open files as the system allows, so that connections are bounded by the service's own
/// limit.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
