//! HMA's banks: the lists that the index holds, and what is changed of them over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::audit;
use super::body;
use super::fetch::fetch;
use super::hma::{PDQ, SEEN, hash_of, known_kind, no_index, of_index, parsed, query};
use super::problem::Problem;
use super::queue::Lane;
use super::request::RequestId;
use super::shared::Shared;
use super::tokens::Access;
use crate::fingerprint::PdqHash;
use crate::index::{self, Index, IndexError};

/// Largest bank that is deleted in one request: the index is held for that long.
const MOST_DELETED: u64 = 10_000;

/// A bank.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Bank {
    /// Its name.
    name: String,
    /// Share of questions that it answers: always 1.
    matching_enabled_ratio: f64,
    /// Hashes in it.
    size: u64,
}

impl Bank {
    fn of((name, size): (String, u64)) -> Self {
        Self {
            name,
            matching_enabled_ratio: 1.0,
            size,
        }
    }
}

/// A bank to make.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewBank {
    /// Its name: up to 200 letters without line ends.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^(?!\\*$)[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]([^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069])?$"
    )]
    name: String,
    /// Share of questions that it answers: 1, and nothing else.
    #[schema(minimum = 1, maximum = 1)]
    enabled_ratio: Option<f64>,
    /// Whether it answers: true, and nothing else.
    #[schema(schema_with = super::schemas::always)]
    enabled: Option<bool>,
}

/// What became part of a bank.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Content {
    /// Its number, by which it can be deleted.
    id: i64,
    /// Hash by kind.
    #[schema(value_type = Object)]
    signals: Value,
}

/// How many parts of a bank were deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deleted {
    /// 1, or 0 where the bank has no such part.
    deleted: u64,
}

/// Where a picture is, for a bank.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ContentPlace {
    /// A picture's address, where there is none in the body; its host must be allowed
    #[param(
        pattern = "^https?://[A-Za-z0-9]+([.-][A-Za-z0-9]+)*(:[0-9]{1,4})?(/[A-Za-z0-9._~/-]*)?$"
    )]
    url: Option<String>,
}

/// A hash by kind, for a bank.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read as a map")]
pub(super) struct Signals {
    /// A PDQ hash
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pdq: String,
}

type Named<T> = Result<Path<T>, PathRejection>;

fn named<T>(path: Named<T>) -> Result<T, Problem> {
    let Path(name) = path.map_err(|error| Problem::bad_request(error.body_text()))?;
    Ok(name)
}

fn no_bank(name: &str) -> Problem {
    Problem::not_found(format!("bank {name:?} not found"))
}

/// Names and sizes of the lists, and of what was seen here.
async fn sizes(shared: &Shared) -> Result<Vec<(String, u64)>, Problem> {
    let read = shared.ask(Lane::Quick, |station| {
        let index = station.index()?;
        let lists = index.sources();
        Some(lists.and_then(|lists| Ok((lists, index.images_held()?))))
    });
    let read = read.await?.unwrap_or_else(|| Ok((Vec::new(), 0)));
    let (lists, images) = read.map_err(|error| of_index(&error))?;
    let listed: u64 = lists.iter().map(|list| list.hashes).sum();
    let seen = (SEEN.to_owned(), images.saturating_sub(listed));
    let lists = lists.into_iter().map(|list| (list.name, list.hashes));
    Ok(lists
        .chain(shared.readers.is_some().then_some(seen))
        .collect())
}

/// The size of one bank.
async fn size(shared: &Shared, name: &str) -> Result<u64, Problem> {
    let sizes = sizes(shared).await?;
    let found = sizes.into_iter().find(|(found, _)| found == name);
    found.map(|(_, size)| size).ok_or_else(|| no_bank(name))
}

/// The banks: the lists that the index holds, and `seen` for what was seen here
#[utoipa::path(
    get, path = "/c/banks", tag = "HMA",
    responses(
        (status = 200, description = "All of them", body = Vec<Bank>),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<Bank>>, Problem> {
    let sizes = sizes(&shared).await?;
    Ok(Json(sizes.into_iter().map(Bank::of).collect()))
}

/// One bank
#[utoipa::path(
    get, path = "/c/bank/{name}", tag = "HMA", params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It", body = Bank),
        (status = 400, description = "Its name is not UTF-8", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    name: Named<String>,
) -> Result<Json<Bank>, Problem> {
    let name = named(name)?;
    let size = size(&shared, &name).await?;
    Ok(Json(Bank::of((name, size))))
}

/// Whether the caller may change banks, and there are any.
fn check_access(shared: &Shared, access: Access) -> Result<(), Problem> {
    if access < Access::Write {
        let message = "changing a bank needs the token for writing";
        return Err(Problem::forbidden(message));
    }
    match (&shared.readers, &shared.writer) {
        (None, _) => Err(no_index()),
        (Some(_), None) => Err(Problem::forbidden("the index cannot be written to")),
        (Some(_), Some(_)) => Ok(()),
    }
}

/// The same for one bank that there is, and its size: what was seen here is no list.
async fn check_bank(shared: &Shared, access: Access, name: &str) -> Result<u64, Problem> {
    check_access(shared, access)?;
    match name {
        SEEN => Err(Problem::forbidden(
            "what was seen is changed by /v1/check and by faunalens index remove",
        )),
        _ => size(shared, name).await,
    }
}

/// Has the one thread that writes make a change; it is durable when this returns.
async fn change<T: Send + 'static>(
    shared: &Shared,
    change: impl FnOnce(&mut Index) -> index::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let writer = shared.writer.as_ref().ok_or_else(no_index)?;
    let busy = || Problem::busy("too many changes wait for the index; ask again");
    let durable = writer.change(change).ok_or_else(busy)?;
    match tokio::time::timeout(shared.options.deadline, durable).await {
        Ok(Ok(Ok(changed))) => Ok(changed),
        Ok(Ok(Err(IndexError::Input(why)))) => Err(Problem::bad_request(why)),
        Ok(Ok(Err(error @ IndexError::Locked(_)))) => Err(Problem::busy(error.to_string())),
        Ok(Ok(Err(error))) => Err(of_index(&error)),
        Ok(Err(_)) => Err(Problem::internal("the index could not be changed")),
        Err(_) => Err(Problem::busy("not changed before its deadline; ask again")),
    }
}

/// Makes a bank
#[utoipa::path(
    post, path = "/c/banks", tag = "HMA", request_body = NewBank,
    responses(
        (status = 201, description = "It", body = Bank),
        (status = 400, description = "No name, or one that cannot be shown; a share other than 1", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "There is such a bank, or the token is not for writing", body = Problem),
        (status = 404, description = "There is no index", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    request: Request,
) -> Result<(StatusCode, Json<Bank>), Problem> {
    check_access(&shared, access)?;
    let asked: NewBank = body::json(request, &shared).await?;
    if asked.enabled == Some(false) || asked.enabled_ratio.is_some_and(|ratio| ratio != 1.0) {
        let message = "a bank here always answers: enabled_ratio is 1";
        return Err(Problem::bad_request(message));
    }
    let name = asked.name.clone();
    let is_new = match name.as_str() {
        SEEN => false,
        _ => change(&shared, move |index| index.create_source(&name)).await?,
    };
    if !is_new {
        return Err(Problem::forbidden(format!(
            "bank {:?} exists already",
            asked.name
        )));
    }
    audit::change(&id.0, "bank created", &asked.name, None);
    Ok((StatusCode::CREATED, Json(Bank::of((asked.name, 0)))))
}

/// Deletes a bank
///
/// One of more than 10,000 hashes is withdrawn by `faunalens index remove --source`.
#[utoipa::path(
    delete, path = "/c/bank/{name}", tag = "HMA", params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It is gone", body = Object),
        (status = 400, description = "Its name is not UTF-8", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "The token is not for writing, or it is what was seen here", body = Problem),
        (status = 404, description = "There is none", body = Problem),
        (status = 413, description = "Too large for a request", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    name: Named<String>,
) -> Result<Json<Value>, Problem> {
    let name = named(name)?;
    if check_bank(&shared, access, &name).await? > MOST_DELETED {
        return Err(Problem::too_large(format!(
            "a bank of more than {MOST_DELETED} hashes holds up those who write to the index: \
             withdraw it by faunalens index remove --source"
        )));
    }
    let source = name.clone();
    change(&shared, move |index| index.remove_source(&source)).await?;
    audit::change(&id.0, "bank deleted", &name, None);
    Ok(Json(json!({ "message": "Done" })))
}

/// Adds a picture to a bank, by its hash
///
/// The picture is the body, the one file of a form, or what is at `url`. It is not kept. Its
/// category and opinion are those that the policy has for a bank of this name.
#[utoipa::path(
    post, path = "/c/bank/{name}/content", tag = "HMA",
    params(("name" = String, Path, description = "The bank's name"), ContentPlace),
    request_body(content((super::schemas::PictureForm = "multipart/form-data"), (Vec<u8> = "image/*"))),
    responses(
        (status = 200, description = "Its number and hash", body = Content),
        (status = 400, description = "No picture", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "The token is not for writing, nothing is fetched from there, or the hash was removed for good", body = Problem),
        (status = 404, description = "There is no such bank", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not a picture", body = Problem),
        (status = 422, description = "A picture that cannot be read", body = Problem),
        (status = 500, description = "A fault", body = Problem),
        (status = 502, description = "Its host does not give it", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
        (status = 504, description = "Its host takes too long", body = Problem),
    )
)]
pub(super) async fn add_content(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    name: Named<String>,
    request: Request,
) -> Result<Json<Content>, Problem> {
    let name = named(name)?;
    check_bank(&shared, access, &name).await?;
    let asked: ContentPlace = query(&request)?;
    let upload = match &asked.url {
        Some(url) => fetch(&shared, url).await?,
        None => body::read(request, &shared, 1).await?,
    };
    let (hash, quality) = hash_of(&shared, upload).await?;
    add(&shared, &id, name, hash, quality).await
}

/// Adds a hash to a bank
#[utoipa::path(
    post, path = "/c/bank/{name}/signal", tag = "HMA", request_body = Signals,
    params(("name" = String, Path, description = "The bank's name")),
    responses(
        (status = 200, description = "Its number and hash", body = Content),
        (status = 400, description = "No hash of a known kind", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "The token is not for writing, or the hash was removed for good", body = Problem),
        (status = 404, description = "There is no such bank", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn add_signal(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    name: Named<String>,
    request: Request,
) -> Result<Json<Content>, Problem> {
    let name = named(name)?;
    check_bank(&shared, access, &name).await?;
    let asked: Map<String, Value> = body::json(request, &shared).await?;
    for kind in asked.keys() {
        known_kind(kind)?;
    }
    let hash = asked.get(PDQ).and_then(Value::as_str);
    let hash = hash.ok_or_else(|| Problem::bad_request("pdq: a hash is expected"))?;
    // Whoever gives a hash without its quality has chosen it.
    add(&shared, &id, name, parsed(hash)?, 100).await
}

async fn add(
    shared: &Shared,
    id: &RequestId,
    bank: String,
    hash: PdqHash,
    quality: u8,
) -> Result<Json<Content>, Problem> {
    let source = bank.clone();
    let added = change(shared, move |index| {
        index.add_to_source(&source, hash, quality)
    });
    let Some(number) = added.await? else {
        let message = "this hash was removed for good, or its bank is gone";
        return Err(Problem::forbidden(message));
    };
    audit::change(&id.0, "content added", &bank, Some(number));
    Ok(Json(Content {
        id: number,
        signals: json!({ PDQ: hash.to_string() }),
    }))
}

/// Deletes a part of a bank
#[utoipa::path(
    delete, path = "/c/bank/{name}/content/{id}", tag = "HMA",
    params(("name" = String, Path, description = "The bank's name"), ("id" = i64, Path, description = "The part's number")),
    responses(
        (status = 200, description = "How many were deleted", body = Deleted),
        (status = 400, description = "No number", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "The token is not for writing, or it is what was seen here", body = Problem),
        (status = 404, description = "There is no such bank", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn delete_content(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    path: Named<(String, i64)>,
) -> Result<Json<Deleted>, Problem> {
    let (name, number) = named(path)?;
    check_bank(&shared, access, &name).await?;
    let source = name.clone();
    let withdrawn = change(&shared, move |index| {
        index.withdraw_from_source(&source, number)
    });
    let withdrawn = withdrawn.await?;
    if withdrawn {
        audit::change(&id.0, "content deleted", &name, Some(number));
    }
    Ok(Json(Deleted {
        deleted: u64::from(withdrawn),
    }))
}
