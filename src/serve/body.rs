//! The body of a request: a raw picture or a form, taken in within limits of size and time.

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use http_body_util::BodyExt;

use super::problem::Problem;
use super::share::Share;
use super::shared::Shared;

/// Most parts of a form that are no photos.
const FIELDS: usize = 16;
/// Longest value of such a part, in bytes.
const FIELD_BYTES: usize = 4096;
/// Names of parts that hold a photo though they have no file name.
const PHOTO_PARTS: [&str; 6] = ["file", "photo", "image", "media", "upload", "picture"];

/// One picture of a body.
#[derive(Debug)]
pub(super) struct Part {
    /// Its file name, if it has one.
    pub(super) file: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// What a body holds.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) parts: Vec<Part>,
    /// The other parts of a form.
    pub(super) fields: Vec<(String, String)>,
    /// Its share of what all bodies in hand may take.
    share: Share,
}

impl Upload {
    fn new(shared: &Shared) -> Self {
        Self {
            parts: Vec::new(),
            fields: Vec::new(),
            share: Share::of(&shared.bodies),
        }
    }

    /// The one picture, and the share that is to be kept as long as it is held.
    pub(super) fn into_photo(mut self) -> Result<(Part, Share), Problem> {
        let part = self.parts.pop();
        let part = part.ok_or_else(|| Problem::bad_request("there is no picture in the body"))?;
        if part.bytes.is_empty() {
            return Err(Problem::bad_request("the picture is empty"));
        }
        Ok((part, self.share))
    }

    /// All pictures, and their share.
    pub(super) fn into_photos(self) -> (Vec<Part>, Share) {
        (self.parts, self.share)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        match self.share.grow(bytes as u64) {
            true => Ok(()),
            false => Err(Problem::busy("too many pictures are in hand; ask again")),
        }
    }
}

/// Takes in a body of at most `most` pictures.
pub(super) async fn read(
    request: Request,
    shared: &Shared,
    most: usize,
) -> Result<Upload, Problem> {
    let limit = shared.options.max_bytes;
    let (is_form, declared) = (is_form(&request), declared(&request));
    let most_bytes = limit.saturating_mul(most as u64).saturating_add(1 << 20);
    let most_bytes = if is_form { most_bytes } else { limit };
    if declared.is_some_and(|declared| declared > most_bytes) {
        return Err(too_large(most_bytes));
    }
    let read = async {
        match is_form {
            true => form(request, shared, most).await,
            false => raw(request.into_body(), shared).await,
        }
    };
    let timeout = shared.options.body_timeout;
    let Ok(read) = tokio::time::timeout(timeout, read).await else {
        return Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            format!("the body was not complete after {} s", timeout.as_secs()),
        ));
    };
    read
}

/// The JSON of a body.
pub(super) async fn json<T: serde::de::DeserializeOwned>(
    request: Request,
    shared: &Shared,
) -> Result<T, Problem> {
    let upload = read(request, shared, 1).await?;
    let bytes = upload.parts.first().map(|part| part.bytes.as_slice());
    serde_json::from_slice(bytes.unwrap_or_default())
        .map_err(|error| Problem::bad_request(format!("not the JSON that is asked for: {error}")))
}

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        let form = b"multipart/";
        let kind = kind.as_bytes();
        kind.len() >= form.len() && kind[..form.len()].eq_ignore_ascii_case(form)
    })
}

fn declared(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn too_large(limit: u64) -> Problem {
    Problem::too_large(format!("more than {limit} bytes"))
}

/// Takes in one picture, of at most the bytes of an upload.
pub(super) async fn raw(mut body: Body, shared: &Shared) -> Result<Upload, Problem> {
    let mut upload = Upload::new(shared);
    let mut bytes = Vec::new();
    let limit = shared.options.max_bytes;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request("the body ends early"))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if (bytes.len() + data.len()) as u64 > limit {
            return Err(too_large(limit));
        }
        upload.take(data.len())?;
        bytes.extend_from_slice(data);
    }
    if !bytes.is_empty() {
        upload.parts.push(Part { file: None, bytes });
    }
    Ok(upload)
}

async fn form(request: Request, shared: &Shared, most: usize) -> Result<Upload, Problem> {
    let malformed = |error: String| Problem::bad_request(format!("the form is malformed: {error}"));
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| malformed(error.body_text()))?;
    let mut upload = Upload::new(shared);
    loop {
        let field = form.next_field().await;
        let Some(field) = field.map_err(|error| malformed(error.body_text()))? else {
            return Ok(upload);
        };
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        if file.is_none() && !PHOTO_PARTS.contains(&name.as_str()) {
            if upload.fields.len() == FIELDS {
                return Err(Problem::bad_request(format!("more than {FIELDS} fields")));
            }
            let value = value(field, FIELD_BYTES, &mut upload).await?;
            let value = String::from_utf8(value);
            let value = value.map_err(|_| malformed(format!("{name} is not UTF-8")))?;
            upload.fields.push((name, value));
            continue;
        }
        if upload.parts.len() == most {
            return Err(match most {
                1 => Problem::bad_request("more than one picture in the form"),
                most => Problem::too_large(format!("more than {most} pictures in the form")),
            });
        }
        let limit = usize::try_from(shared.options.max_bytes).unwrap_or(usize::MAX);
        let bytes = value(field, limit, &mut upload).await?;
        upload.parts.push(Part { file, bytes });
    }
}

async fn value(
    mut field: Field<'_>,
    limit: usize,
    upload: &mut Upload,
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    loop {
        let chunk = field.chunk().await;
        let chunk = chunk.map_err(|error| Problem::bad_request(error.body_text()))?;
        let Some(chunk) = chunk else {
            return Ok(bytes);
        };
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit as u64));
        }
        upload.take(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
}
