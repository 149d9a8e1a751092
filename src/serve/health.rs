//! Whether the service lives and can answer; what it is, and what it counts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::metrics::resident_bytes;
use super::problem::Problem;
use super::shared::Shared;
use crate::record::ModelStamp;

/// What answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Version {
    /// Version of the program.
    faunalens: &'static str,
    /// Version of ONNX Runtime, where it tells.
    onnxruntime: Option<String>,
    /// The model: name, version, SHA-256.
    #[schema(value_type = Object)]
    model: ModelStamp,
    /// How often the engine was loaded since the start.
    engine: u64,
    /// The index; null without one.
    index: Option<IndexVersion>,
}

/// The state of the index.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IndexVersion {
    /// Pictures in it.
    images: u64,
    /// The packed files that are searched; null before the first were made.
    generation: Option<String>,
    /// When they were made, UTC.
    built_at: Option<String>,
    /// Seconds since the index was last seen to be up to date: what was added before is found.
    age_seconds: f64,
}

/// Whether the process lives
#[utoipa::path(get, path = "/livez", tag = "operations", responses((status = 200, description = "It does", body = String)))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether it can answer: model and index are loaded, and the index is not stale
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses(
        (status = 200, description = "It can", body = String),
        (status = 503, description = "It cannot, and why", body = Problem),
    )
)]
pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Result<&'static str, Problem> {
    match shared.unready() {
        None => Ok("ok\n"),
        Some(why) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unready",
            why,
        )),
    }
}

/// What answers: versions of program, model and index
#[utoipa::path(
    get, path = "/version", tag = "operations",
    responses(
        (status = 200, description = "Versions", body = Version),
        (status = 401, description = "A token is needed", body = Problem),
    )
)]
pub(super) async fn version(State(shared): State<Arc<Shared>>) -> Json<Version> {
    let (loaded, engine) = shared.engines.current();
    let index = shared.readers.as_ref().map(|readers| {
        let state = readers.state();
        IndexVersion {
            images: state.images,
            age_seconds: state.age().as_secs_f64(),
            generation: state.generation,
            built_at: state.built_at,
        }
    });
    Json(Version {
        faunalens: env!("CARGO_PKG_VERSION"),
        onnxruntime: loaded.engine.runtime_version(),
        model: loaded.engine.stamp().clone(),
        engine,
        index,
    })
}

/// Counters and histograms, for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses(
        (status = 200, description = "Prometheus' text format", body = String),
        (status = 401, description = "A token is needed", body = Problem),
    )
)]
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let (waiting, busy) = shared.queue.load();
    let connections = &shared.metrics.connections;
    let connections = connections.load(std::sync::atomic::Ordering::Relaxed);
    let mut gauges = vec![
        (
            "queue_waiting",
            "Photos that wait for a worker.",
            waiting as f64,
        ),
        ("workers_busy", "Workers at work.", busy as f64),
        ("workers", "Workers.", shared.options.workers as f64),
        ("connections", "Connections held.", connections as f64),
        (
            "uptime_seconds",
            "Time since the start.",
            shared.started.elapsed().as_secs_f64(),
        ),
    ];
    if let Some(bytes) = resident_bytes() {
        gauges.push((
            "resident_bytes",
            "Memory that the process holds.",
            bytes as f64,
        ));
    }
    if let Some(readers) = &shared.readers {
        let state = readers.state();
        gauges.push((
            "index_images",
            "Pictures in the index.",
            state.images as f64,
        ));
        let age = state.age().as_secs_f64();
        gauges.push((
            "index_age_seconds",
            "Time since the index was seen to be up to date.",
            age,
        ));
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    (
        [(header::CONTENT_TYPE, kind)],
        shared.metrics.write(&gauges),
    )
}
