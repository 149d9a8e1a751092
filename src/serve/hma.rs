//! The dialect of ThreatExchange's hasher-matcher-actioner, as far as an index can honour it: its
//! banks are the lists that the index holds, and one for what was seen here.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::body::{self, Upload};
use super::fetch::fetch;
use super::giants::lane;
use super::problem::{Problem, status_of};
use super::queue::Lane;
use super::shared::Shared;
use crate::fingerprint::{MATCH_DISTANCE, PdqHash};
use crate::index::{IndexError, Match};

/// The bank of what was seen here, beside those of lists.
pub(super) const SEEN: &str = "seen";
/// The one kind of hash that is asked and answered.
pub(super) const PDQ: &str = "pdq";

/// A hash to look up, or a picture at an address.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Signal {
    /// The hash: 64 hexadecimal digits
    #[param(required = true, pattern = "^[0-9a-fA-F]{64}$")]
    signal: Option<String>,
    /// Its kind: `pdq`
    #[param(required = true, pattern = "^pdq$")]
    signal_type: Option<String>,
    /// A picture's address, in the place of a hash; its host must be allowed
    #[param(ignore)]
    url: Option<String>,
    /// Also tell the distance, of a raw lookup: `true` or `false`
    include_distance: Option<bool>,
    /// Ask these banks alone, separated by commas
    banks: Option<String>,
}

/// Two hashes of a kind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read as a map")]
pub(super) struct Compare {
    /// Two PDQ hashes
    #[schema(schema_with = super::schemas::two_hashes)]
    pdq: Vec<String>,
}

type Answer = Result<Json<Value>, Problem>;

pub(super) fn query<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let query = Query::try_from_uri(request.uri());
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    Ok(query)
}

pub(super) fn of_index(error: &IndexError) -> Problem {
    Problem::internal(error.to_string())
}

pub(super) fn no_index() -> Problem {
    Problem::not_found("the service has no index")
}

/// The hash of a picture at an address, whose host must be allowed
#[utoipa::path(
    get, path = "/h/hash", tag = "HMA", params(super::schemas::Address),
    responses(
        (status = 200, description = "Hash by kind", body = Object),
        (status = 400, description = "No address", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "Nothing is fetched from there", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not a picture", body = Problem),
        (status = 422, description = "A picture that cannot be read", body = Problem),
        (status = 500, description = "A fault", body = Problem),
        (status = 502, description = "Its host does not give it", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
        (status = 504, description = "Its host takes too long", body = Problem),
    )
)]
pub(super) async fn hash_of_url(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let asked: Signal = query(&request)?;
    let url = asked.url;
    let url = url.ok_or_else(|| Problem::bad_request("url is required"))?;
    let (hash, _) = hash_of(&shared, fetch(&shared, &url).await?).await?;
    Ok(Json(json!({ PDQ: hash.to_string() })))
}

/// The hash of a picture
#[utoipa::path(
    post, path = "/h/hash", tag = "HMA",
    request_body(content((super::schemas::PictureForm = "multipart/form-data"), (Vec<u8> = "image/*"))),
    responses(
        (status = 200, description = "Hash by kind", body = Object),
        (status = 400, description = "No picture in the body", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not a picture", body = Problem),
        (status = 422, description = "A picture that cannot be read", body = Problem),
        (status = 500, description = "A fault", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn hash(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let (hash, _) = hash_of(&shared, body::read(request, &shared, 1).await?).await?;
    Ok(Json(json!({ PDQ: hash.to_string() })))
}

/// The hash of a picture, and its quality.
pub(super) async fn hash_of(shared: &Shared, upload: Upload) -> Result<(PdqHash, u8), Problem> {
    let (part, _share) = upload.into_photo()?;
    let lane = lane(&part.bytes);
    let record = shared.ask(lane, |station| station.hash(part.bytes)).await?;
    if let Some(failure) = record.error {
        let (status, kind) = (status_of(failure.kind), failure.kind.name());
        return Err(Problem::new(status, kind, failure.message));
    }
    let hash = record.pdq.and_then(|hash| hash.parse().ok());
    let hash = hash.ok_or_else(|| Problem::internal("no hash"))?;
    Ok((hash, record.pdq_quality.unwrap_or_default()))
}

fn hash_in(asked: &Signal) -> Result<PdqHash, Problem> {
    let missing = |name: &str| Problem::bad_request(format!("{name} is required"));
    let kind = asked
        .signal_type
        .as_deref()
        .ok_or_else(|| missing("signal_type"))?;
    let signal = asked.signal.as_deref().ok_or_else(|| missing("signal"))?;
    known_kind(kind)?;
    parsed(signal)
}

pub(super) fn known_kind(kind: &str) -> Result<(), Problem> {
    match kind {
        PDQ => Ok(()),
        other => Err(Problem::bad_request(format!(
            "no such signal type: {other:?}; pdq is known"
        ))),
    }
}

pub(super) fn parsed(signal: &str) -> Result<PdqHash, Problem> {
    let hash = signal.trim().parse();
    hash.map_err(|error| Problem::bad_request(format!("{error}")))
}

/// What an index answers, with the bank of each.
async fn found(shared: &Shared, hash: PdqHash, asked: &Signal) -> Result<Vec<Match>, Problem> {
    let found = shared.ask(Lane::Quick, move |station| station.lookup(hash));
    let found = found.await?.ok_or_else(no_index)?;
    let mut found = found.map_err(|error| of_index(&error))?;
    if let Some(banks) = &asked.banks {
        let banks: Vec<&str> = banks.split(',').map(str::trim).collect();
        found.retain(|found| banks.contains(&bank(found)));
    }
    Ok(found)
}

fn bank(found: &Match) -> &str {
    found.source.as_deref().unwrap_or(SEEN)
}

/// Names of the banks that hold a near hash, each once.
fn banks(found: &[Match]) -> Vec<&str> {
    let mut names: Vec<&str> = found.iter().map(bank).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Banks that hold a hash near to this one
///
/// With `url` instead of a hash, those that hold the picture at that address, by kind of hash.
#[utoipa::path(
    get, path = "/m/lookup", tag = "HMA", params(Signal),
    responses(
        (status = 200, description = "Names of banks", body = Vec<String>),
        (status = 400, description = "No hash, or a malformed one", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "Nothing is fetched from there", body = Problem),
        (status = 404, description = "There is no index", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn lookup(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let asked: Signal = query(&request)?;
    if let Some(url) = &asked.url {
        let (hash, _) = hash_of(&shared, fetch(&shared, url).await?).await?;
        let found = found(&shared, hash, &asked).await?;
        return Ok(Json(json!({ PDQ: banks(&found) })));
    }
    let found = found(&shared, hash_in(&asked)?, &asked).await?;
    Ok(Json(json!(banks(&found))))
}

/// Banks that hold a picture's hash or one near to it, by kind of hash
#[utoipa::path(
    post, path = "/m/lookup", tag = "HMA",
    request_body(content((super::schemas::PictureForm = "multipart/form-data"), (Vec<u8> = "image/*"))),
    responses(
        (status = 200, description = "Names of banks by kind of hash", body = Object),
        (status = 400, description = "No picture in the body", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 404, description = "There is no index", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not a picture", body = Problem),
        (status = 422, description = "A picture that cannot be read", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn lookup_picture(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    if shared.readers.is_none() {
        return Err(no_index());
    }
    let asked: Signal = query(&request)?;
    let (hash, _) = hash_of(&shared, body::read(request, &shared, 1).await?).await?;
    let found = found(&shared, hash, &asked).await?;
    Ok(Json(json!({ PDQ: banks(&found) })))
}

/// Pictures whose hash is near to this one
#[utoipa::path(
    get, path = "/m/raw_lookup", tag = "HMA", params(Signal),
    responses(
        (status = 200, description = "Their numbers, or each with its distance, bank and what is known of it", body = Object),
        (status = 400, description = "No hash, or a malformed one", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 404, description = "There is no index", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn raw_lookup(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let asked: Signal = query(&request)?;
    let mut found = found(&shared, hash_in(&asked)?, &asked).await?;
    found.dedup_by_key(|found| found.image_id); // sightings of one picture stand together
    let matches = match asked.include_distance.unwrap_or(false) {
        false => found.iter().map(|found| json!(found.image_id)).collect(),
        true => found.iter().map(with_distance).collect::<Vec<Value>>(),
    };
    Ok(Json(json!({ "matches": matches })))
}

fn with_distance(found: &Match) -> Value {
    json!({
        "content_id": found.image_id,
        "distance": found.distance.to_string(),
        "bank": bank(found),
        "category": found.category,
        "tags": found.tags,
    })
}

/// Whether two hashes are near
#[utoipa::path(
    post, path = "/m/compare", tag = "HMA", request_body = Compare,
    responses(
        (status = 200, description = "By kind of hash: whether they match, and their distance", body = Object),
        (status = 400, description = "Not two hashes of a known kind", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 413, description = "Too large", body = Problem),
    )
)]
pub(super) async fn compare(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let asked: Map<String, Value> = body::json(request, &shared).await?;
    let mut answer = Map::new();
    for (kind, hashes) in asked {
        known_kind(&kind)?;
        let hashes = hashes.as_array().map(Vec::as_slice).unwrap_or_default();
        let texts: Vec<&str> = hashes.iter().filter_map(Value::as_str).collect();
        let (2, [a, b]) = (hashes.len(), texts.as_slice()) else {
            return Err(Problem::bad_request(format!(
                "{kind}: two hashes are expected"
            )));
        };
        let distance = parsed(a)?.hamming(&parsed(b)?);
        let near = distance <= MATCH_DISTANCE;
        answer.insert(kind, json!([near, { "distance": distance.to_string() }]));
    }
    if answer.is_empty() {
        return Err(Problem::bad_request("no hashes to compare"));
    }
    Ok(Json(Value::Object(answer)))
}

/// How far the index reaches
#[utoipa::path(
    get, path = "/m/index/status", tag = "HMA",
    params(("signal_type" = Option<String>, Query, description = "This kind of hash alone", pattern = "^pdq$")),
    responses(
        (status = 200, description = "By kind of hash", body = Object),
        (status = 400, description = "No such kind of hash", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
    )
)]
pub(super) async fn index_status(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let asked: Signal = query(&request)?;
    if let Some(kind) = &asked.signal_type {
        known_kind(kind)?;
    }
    let Some(readers) = &shared.readers else {
        let nothing = json!({ "present": false, "built_to": -1, "size": 0 });
        return Ok(Json(json!({ PDQ: nothing })));
    };
    let state = readers.state();
    let age = state.age();
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Ok(Json(json!({ PDQ: {
        "present": true,
        "built_to": now.saturating_sub(age).as_secs(),
        "size": state.images,
        "generation": state.generation,
        "built_at": state.built_at,
        "age_seconds": age.as_secs_f64(),
        "is_stale": age > shared.options.stale_after,
    } })))
}

/// Whether it can answer, in HMA's words
#[utoipa::path(
    get, path = "/status", tag = "HMA",
    responses(
        (status = 200, description = "I-AM-ALIVE", body = String),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 503, description = "INDEX-STALE, or the service is being stopped", body = String),
    )
)]
pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Response {
    match shared.unready() {
        None => "I-AM-ALIVE".into_response(),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "INDEX-STALE").into_response(),
    }
}
