//! What a caller says of a photo, beside its bytes.

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::Part;
use super::problem::Problem;
use super::shared::Shared;
use super::station::Photo;
use super::tokens::Access;
use crate::manifest::Context;
use crate::moment::Times;

/// Longest name of a seller, a listing, a file, in bytes.
const LONGEST: usize = 4096;

/// What a caller says of a photo. In a form these may be fields instead.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// Its name in the record; `-` where neither this nor a part of a form names it
    pub(super) file: Option<String>,
    /// Who offers it; with this or a listing it is remembered in the index
    pub(super) seller: Option<String>,
    /// The listing it illustrates, an id or address
    pub(super) listing: Option<String>,
    /// The site it is shown on
    pub(super) platform: Option<String>,
    /// When it was captured, such as 2026-11-26T21:30:00Z
    #[param(
        pattern = "^([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?)?$"
    )]
    pub(super) captured_at: Option<String>,
    /// Whether it is remembered; without this, where a seller or listing is named
    pub(super) remember: Option<bool>,
    /// For a hook, what is answered where there is no decision: `pass` or `hold`
    #[param(pattern = "^(pass|hold)$")]
    pub(super) on_fault: Option<String>,
}

/// A time in its one form; nothing where none is given.
fn moment(text: &str) -> Result<Option<String>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = Times::Written.canonical(text);
    let time = time.ok_or_else(|| Problem::bad_request("captured_at: RFC 3339, or a day"))?;
    Ok(Some(time))
}

impl Ask {
    /// What the query says.
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let asked = Query::<Self>::try_from_uri(uri);
        let Query(asked) = asked.map_err(|error| Problem::bad_request(error.body_text()))?;
        Ok(asked)
    }

    /// The same with what a form says; a query goes before it.
    pub(super) fn and(mut self, fields: Vec<(String, String)>) -> Result<Self, Problem> {
        for (name, value) in fields {
            let place = match name.as_str() {
                "seller" => &mut self.seller,
                "listing" => &mut self.listing,
                "platform" => &mut self.platform,
                "captured_at" => &mut self.captured_at,
                "remember" => {
                    let value = value.parse();
                    let value = value.map_err(|_| Problem::bad_request("remember: true or false"));
                    self.remember = self.remember.or(Some(value?));
                    continue;
                }
                _ => continue,
            };
            if name == "captured_at" {
                moment(&value)?;
            }
            place.get_or_insert(value);
        }
        Ok(self)
    }

    /// The photo of one part, where the caller may have it done.
    pub(super) fn photo(
        &self,
        part: Part,
        shared: &Shared,
        access: Access,
    ) -> Result<Photo, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let context = Context {
            seller: given(&self.seller),
            listing: given(&self.listing),
            platform: given(&self.platform),
            captured_at: moment(self.captured_at.as_deref().unwrap_or_default())?,
            source: None,
        };
        let file = given(&self.file)
            .or(part.file)
            .filter(|file| !file.is_empty());
        let file = file.unwrap_or_else(|| "-".into());
        let texts = [
            &context.seller,
            &context.listing,
            &context.platform,
            &context.captured_at,
        ];
        let lengths = texts.map(|text| text.as_ref().map_or(0, String::len));
        if lengths
            .into_iter()
            .chain([file.len()])
            .any(|length| length > LONGEST)
        {
            return Err(Problem::bad_request(format!(
                "a name of more than {LONGEST} bytes"
            )));
        }
        let named = context.seller.is_some() || context.listing.is_some();
        let remember = self.remember.unwrap_or(named);
        if remember && shared.readers.is_none() {
            let message = "the service has no index to remember in";
            return Err(Problem::bad_request(message));
        }
        if remember && access < Access::Write {
            return Err(Problem::forbidden(
                "remembering needs the token for writing",
            ));
        }
        Ok(Photo {
            file,
            bytes: part.bytes,
            context,
            remember,
        })
    }
}
