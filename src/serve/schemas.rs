//! Bodies of requests and answers that are described apart from the code that makes them.

use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};

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
    #[schema(format = DateTime)]
    captured_at: Option<String>,
}

/// Where a picture is.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "is read as a part of what else may be asked")]
pub(super) struct Address {
    /// A picture's address; its host must be allowed
    #[param(
        pattern = "^https?://[A-Za-z0-9]+([.-][A-Za-z0-9]+)*(:[0-9]{1,4})?(/[A-Za-z0-9._~/-]*)?$"
    )]
    url: String,
}

/// Two PDQ hashes.
pub(super) fn two_hashes() -> Schema {
    let hash = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[0-9a-fA-F]{64}$"));
    let two = ArrayBuilder::new().items(hash);
    two.min_items(Some(2)).max_items(Some(2)).build().into()
}

/// True, and nothing else.
pub(super) fn always() -> Object {
    let truth = ObjectBuilder::new().schema_type(Type::Boolean);
    truth.enum_values(Some([true])).build()
}
