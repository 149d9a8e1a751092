//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{self, get, post};

use super::problem::Problem;
use super::shared::Shared;
use super::{banks, check, health, hma, hook, openapi, request};

/// Every endpoint, with what all of them have in common.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/docs") }))
        .route("/v1/check", post(check::check))
        .route("/v1/check:batch", post(check::batch))
        .route("/v1/hook", post(hook::hook))
        .route("/h/hash", get(hma::hash_of_url).post(hma::hash))
        .route("/m/lookup", get(hma::lookup).post(hma::lookup_picture))
        .route("/m/raw_lookup", get(hma::raw_lookup))
        .route("/m/compare", post(hma::compare))
        .route("/m/index/status", get(hma::index_status))
        .route("/c/banks", get(banks::list).post(banks::create))
        .route("/c/bank/{name}", get(banks::one).delete(banks::delete))
        .route("/c/bank/{name}/content", post(banks::add_content))
        .route(
            "/c/bank/{name}/content/{id}",
            routing::delete(banks::delete_content),
        )
        .route("/c/bank/{name}/signal", post(banks::add_signal))
        .route("/status", get(hma::status))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/version", get(health::version))
        .route("/openapi.json", get(openapi::openapi))
        .route("/docs", get(openapi::page))
        .method_not_allowed_fallback(wrong_method)
        .fallback(nothing_there)
        // Bodies are bounded where they are read.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            request::frame,
        ))
        .with_state(Arc::clone(shared))
}

async fn nothing_there() -> Problem {
    Problem::not_found("there is nothing here; /docs shows what there is")
}

async fn wrong_method(method: Method) -> Problem {
    let message = format!("{method} is not answered here; /docs shows what is");
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    )
}
