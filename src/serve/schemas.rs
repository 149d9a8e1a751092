//! Bodies of requests and answers that are described apart from the code that makes them.

use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};
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

/// A form with a picture and nothing else that is read.
#[derive(ToSchema)]
#[expect(dead_code, reason = "names the part of a form")]
pub(super) struct PictureForm {
    /// The picture; any part with a file name is taken as one.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A form with a picture, and what is said of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "names the parts of a form")]
pub(super) struct Form {
    /// The picture; any part with a file name is taken as one.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Who offers it.
    #[schema(value_type = String, required = false)]
    seller: Option<String>,
    /// The listing it illustrates.
    #[schema(value_type = String, required = false)]
    listing: Option<String>,
    /// The site it is shown on.
    #[schema(value_type = String, required = false)]
    platform: Option<String>,
    /// When it was captured.
    #[schema(
        value_type = String,
        required = false,
        pattern = "^([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?)?$"
    )]
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
    let kinds = SchemaType::from_iter([Type::Boolean, Type::Null]);
    let truth = ObjectBuilder::new().schema_type(kinds);
    truth.enum_values(Some([Some(true), None])).build()
}
