//! Bodies of requests and answers that are described apart from the code that makes them.

use utoipa::ToSchema;

/// What `faunalens check --json` prints, and `request_id`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "stands for the record's own JSON Schema, which takes its place"
)]
pub(super) struct RecordSchema {
    request_id: String,
}

/// A form with a picture.
#[derive(ToSchema)]
#[expect(dead_code, reason = "names the parts of a form")]
pub(super) struct Form {
    /// The picture; any part with a file name is taken as one.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Who offers it.
    seller: Option<String>,
    /// The listing it illustrates.
    listing: Option<String>,
    /// The site it is shown on.
    platform: Option<String>,
    /// When it was captured.
    captured_at: Option<String>,
}
