//! `/v1/check` and `/v1/check:batch`: the record of a photo, of several.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::ask::Ask;
use super::audit;
use super::body::{self, Part};
use super::problem::{Problem, status_of};
use super::request::{RequestId, set_generation};
use super::screen::{Screened, screen};
use super::shared::Shared;
use super::task::Refusal;
use super::tokens::Access;
use crate::escape;
use crate::record::{Failure, Record};

/// Tries of a part of a batch for which there is no room yet.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// The record of one photo
///
/// The body is the picture itself, whatever its content type, or a form with one. The answer is
/// what `faunalens check --json` prints, and `request_id`.
#[utoipa::path(
    post, path = "/v1/check", tag = "check", params(Ask),
    request_body(content(
        (Vec<u8> = "image/*"), (super::schemas::Form = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "The record", body = super::schemas::RecordSchema),
        (status = 400, description = "No picture in the body, or a malformed form", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "Remembering needs the token for writing", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too large: a problem, or the record of a picture with too many pixels"),
        (status = 415, description = "Not a picture: the record, with its error", body = super::schemas::RecordSchema),
        (status = 422, description = "A picture that cannot be read: the record, with its error", body = super::schemas::RecordSchema),
        (status = 500, description = "A fault: a problem, or the record with its error"),
        (status = 503, description = "Busy, or not done in time: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn check(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    request: Request,
) -> Result<Response, Problem> {
    let ask = Ask::of(request.uri())?;
    let mut upload = body::read(request, &shared, 1).await?;
    let fields = std::mem::take(&mut upload.fields);
    let (part, _share) = upload.into_photo()?;
    let photo = ask.and(fields)?.photo(part, &shared, access)?;
    let Screened { record, generation } = screen(&shared, photo).await?;
    audit::decision(&shared, &id.0, "/v1/check", &record);
    let status = record
        .error
        .as_ref()
        .map_or(StatusCode::OK, |error| status_of(error.kind));
    let mut line = row(&record, &id)?;
    line.push('\n');
    let mut response = (status, line).into_response();
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    if shared.readers.is_some() {
        set_generation(headers, generation.as_deref());
    }
    Ok(response)
}

/// The records of several photos
///
/// A form with several pictures; the answer has a record a line, in their order. A photo for which
/// there was no room or no time has a record with an error of kind `internal`.
#[utoipa::path(
    post, path = "/v1/check:batch", tag = "check", params(Ask),
    request_body(content((super::schemas::Form = "multipart/form-data"))),
    responses(
        (status = 200, description = "A record a line (NDJSON)", body = String, content_type = "application/x-ndjson"),
        (status = 400, description = "No picture in the body, or a malformed form", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "Remembering needs the token for writing", body = Problem),
        (status = 408, description = "The body took too long", body = Problem),
        (status = 413, description = "Too many pictures, or one too large", body = Problem),
        (status = 500, description = "A fault", body = Problem),
        (status = 503, description = "Busy: ask again after Retry-After", body = Problem),
    )
)]
pub(super) async fn batch(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    request: Request,
) -> Result<Response, Problem> {
    let ask = Ask::of(request.uri())?;
    let mut upload = body::read(request, &shared, shared.options.max_parts).await?;
    let fields = std::mem::take(&mut upload.fields);
    let ask = ask.and(fields)?;
    let (parts, _share) = upload.into_photos();
    if parts.is_empty() {
        return Err(Problem::bad_request("there is no picture in the body"));
    }
    if shared.queue.is_full() {
        return Err(Refusal::Busy.into());
    }
    let mut lines = String::new();
    // As many at once as there are workers: a batch leaves the places in the queue to others.
    let mut parts = parts.into_iter();
    loop {
        let together: Vec<Part> = parts.by_ref().take(shared.options.workers).collect();
        if together.is_empty() {
            break;
        }
        let rows = together
            .into_iter()
            .map(|part| one(&shared, &ask, part, access));
        for record in futures_util::future::join_all(rows).await {
            let record = record?;
            audit::decision(&shared, &id.0, "/v1/check:batch", &record);
            lines += &row(&record, &id)?;
            lines.push('\n');
        }
    }
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, lines).into_response())
}

/// One photo of a batch; waits for room until its deadline.
async fn one(
    shared: &Shared,
    ask: &Ask,
    part: Part,
    access: Access,
) -> Result<Box<Record>, Problem> {
    let photo = ask.photo(part, shared, access)?;
    let file = photo.file.clone();
    let deadline = tokio::time::Instant::now() + shared.options.deadline;
    while shared.queue.is_full() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(match screen(shared, photo).await {
        Ok(screened) => screened.record,
        Err(problem) => {
            let mut record = Record::new(file);
            record.model = Some(shared.engines.current().0.engine.stamp().clone());
            record.fail(Failure::internal(problem.message));
            Box::new(record)
        }
    })
}

/// A record as a line of JSON, with the request's number at its end.
fn row(record: &Record, id: &RequestId) -> Result<String, Problem> {
    let line = record.to_json();
    let line = line.map_err(|error| Problem::internal(error.to_string()))?;
    let mut line = escape::json(&line).into_owned();
    line.pop(); // the brace
    line += &format!(",\"request_id\":\"{}\"}}", id.0);
    Ok(line)
}
