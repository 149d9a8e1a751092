//! `/v1/hook`: 200 lets an upload pass, 406 holds it; nothing of scores is in the answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::Ask;
use super::audit;
use super::body;
use super::options::OnFault;
use super::problem::Problem;
use super::request::RequestId;
use super::screen::screen;
use super::shared::Shared;
use super::tokens::Access;

/// Says why there was no decision.
const FAULT: HeaderName = HeaderName::from_static("faunalens-fault");

/// What is to become of an upload.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Held {
    /// `pass` or `hold`.
    action: &'static str,
}

/// Whether an upload passes
///
/// 200 lets it pass, 406 holds it for a person. Where there is no decision (the service is busy,
/// the picture cannot be read), the answer is what the service was started with, or `on_fault`;
/// the header `Faunalens-Fault` then says why.
#[utoipa::path(
    post, path = "/v1/hook", tag = "check", params(Ask),
    request_body(content(
        (Vec<u8> = "image/*"), (super::schemas::Form = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Let it pass", body = Held),
        (status = 400, description = "No picture in the body, or a malformed form", body = Problem),
        (status = 401, description = "A token is needed", body = Problem),
        (status = 403, description = "Remembering needs the token for writing", body = Problem),
        (status = 406, description = "Hold it", body = Held),
    )
)]
pub(super) async fn hook(
    State(shared): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    Extension(access): Extension<Access>,
    request: Request,
) -> Result<Response, Problem> {
    let ask = Ask::of(request.uri())?;
    let on_fault = match ask.on_fault.as_deref() {
        None => shared.options.on_fault,
        Some("pass") => OnFault::Pass,
        Some("hold") => OnFault::Hold,
        Some(_) => return Err(Problem::bad_request("on_fault: pass or hold")),
    };
    let fault = |why: &'static str| {
        let mut response = answer(on_fault == OnFault::Hold);
        response
            .headers_mut()
            .insert(FAULT, HeaderValue::from_static(why));
        response
    };
    let mut upload = match body::read(request, &shared, 1).await {
        Ok(upload) => upload,
        Err(problem) if problem.status == 400 => return Err(problem),
        Err(problem) => return Ok(fault(problem.error)),
    };
    let fields = std::mem::take(&mut upload.fields);
    let (part, _share) = upload.into_photo()?;
    let photo = ask.and(fields)?.photo(part, &shared, access)?;
    let record = match screen(&shared, photo).await {
        Ok(screened) => screened.record,
        Err(problem) => return Ok(fault(problem.error)),
    };
    audit::decision(&shared, &id.0, "/v1/hook", &record);
    Ok(match record.decision {
        Some(decision) => answer(decision >= shared.options.reject_at),
        None => fault(
            record
                .error
                .as_ref()
                .map_or("internal", |error| error.kind.name()),
        ),
    })
}

fn answer(hold: bool) -> Response {
    let (status, action) = match hold {
        true => (StatusCode::NOT_ACCEPTABLE, "hold"),
        false => (StatusCode::OK, "pass"),
    };
    (status, Json(Held { action })).into_response()
}
