//! What a request that cannot be answered gets: a status, and why.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::task::Refusal;
use crate::photo::FailureKind;

/// How long a caller should wait who was refused.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request was not answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Why, in one word.
    pub(super) error: &'static str,
    /// The same in words.
    pub(super) message: String,
    #[serde(skip)]
    #[schema(ignore)]
    pub(super) status: u16,
}

impl Problem {
    pub(super) fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
            status: status.as_u16(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::busy("too many photos are waiting; ask again"),
            Refusal::Late => Self::busy("not done before its deadline; ask again"),
            Refusal::Closing => Self::busy("the service is being stopped; ask again"),
            Refusal::Crashed => Self::internal("a stage panicked; please report this picture"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER.as_secs().into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// The status of a photo that could not be read.
pub(super) fn status_of(kind: FailureKind) -> StatusCode {
    match kind {
        FailureKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FailureKind::Corrupt => StatusCode::UNPROCESSABLE_ENTITY,
        FailureKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
