//! What every request has: a number, an access, and headers of the answer.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::audit;
use super::leftover::Leftover;
use super::problem::Problem;
use super::shared::Shared;
use super::tokens::Access;

/// Tells a request in answers and logs; a caller may give its own.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const GENERATION: HeaderName = HeaderName::from_static("faunalens-index-generation");
const AGE: HeaderName = HeaderName::from_static("faunalens-index-age");

/// Routes that need no token: whether the process lives tells nothing else.
const OPEN: [&str; 2] = ["/livez", "/readyz"];
/// The known routes, so that counters do not grow with what strangers ask for.
const ROUTES: [&str; 21] = [
    "/",
    "/v1/check",
    "/v1/check:batch",
    "/v1/hook",
    "/h/hash",
    "/m/lookup",
    "/m/raw_lookup",
    "/m/compare",
    "/m/index/status",
    "/c/banks",
    "/c/bank/{name}",
    "/c/bank/{name}/content",
    "/c/bank/{name}/content/{id}",
    "/c/bank/{name}/signal",
    "/status",
    "/livez",
    "/readyz",
    "/metrics",
    "/version",
    "/openapi.json",
    "/docs",
];

/// The number of a request.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) Arc<str>);

impl RequestId {
    /// A new one.
    pub(super) fn new() -> Self {
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{:016x}", SEED.hash_one(number)).into())
    }

    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
        match given.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(plain)) {
            Some(given) => Self(given.into()),
            None => Self::new(),
        }
    }
}

/// Gives a request its number and access, and its answer the headers that every answer has.
pub(super) async fn frame(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let (mut request, leftover) = Leftover::of(request);
    let id = RequestId::of(request.headers());
    let path = request.extensions().get::<MatchedPath>();
    let route = path.and_then(|path| ROUTES.into_iter().find(|route| *route == path.as_str()));
    let route = route.unwrap_or("other");
    let method = request.method().clone();
    let mut authorization = request.headers().get_all(header::AUTHORIZATION).iter();
    // Of several tokens none counts: which one does, callers and proxies read differently.
    let authorization = match (authorization.next(), authorization.next()) {
        (Some(_), Some(_)) => None,
        (given, _) => given.map(HeaderValue::as_bytes),
    };
    let access = shared.tokens().access(authorization);
    let mut response = if access == Access::None && !OPEN.contains(&route) {
        let message = "a token is needed: Authorization: Bearer ...";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", message).into_response()
    } else {
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(access);
        next.run(request).await
    };
    // Who was too slow to send has had its time.
    if response.status() != StatusCode::REQUEST_TIMEOUT {
        leftover.drain(shared.options.max_bytes).await;
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, id);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    index_headers(&shared, headers);
    let elapsed = start.elapsed();
    let status = response.status().as_u16();
    shared.metrics.answered(route, status, elapsed);
    audit::request(
        &id.0,
        method.as_str(),
        route,
        status,
        elapsed.as_secs_f64() * 1e3,
    );
    response
}

/// Which state of the index was asked, and how old it may be: what was added before is found.
fn index_headers(shared: &Shared, headers: &mut HeaderMap) {
    let Some(readers) = &shared.readers else {
        return;
    };
    let state = readers.state();
    if !headers.contains_key(GENERATION) {
        set_generation(headers, state.generation.as_deref());
    }
    if let Ok(age) = HeaderValue::from_str(&format!("{:.3}", state.age().as_secs_f64())) {
        headers.insert(AGE, age);
    }
}

/// Names the packed files that an answer was searched in; `none` before the first were made.
pub(super) fn set_generation(headers: &mut HeaderMap, generation: Option<&str>) {
    if let Ok(generation) = HeaderValue::from_str(generation.unwrap_or("none")) {
        headers.insert(GENERATION, generation);
    }
}
