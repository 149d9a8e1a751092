//! The description of the HTTP interface, as a document and as a page that shows it.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::schemas::{Form, PictureForm, RecordSchema};
use super::shared::Shared;
use super::{banks, check, health, hma, hook};
use crate::record::JSON_SCHEMA;

/// Where a schema that is written elsewhere is put in.
const RECORD: &str = "RecordSchema";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "faunalens",
        description = "Recognises illegal wildlife products in listing photographs. A screening aid, not evidence: a person decides.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        check::check, check::batch, hook::hook, hma::hash_of_url, hma::hash, hma::lookup, hma::lookup_picture,
        hma::raw_lookup, hma::compare, hma::index_status, banks::list, banks::create, banks::one, banks::delete,
        banks::add_content, banks::delete_content, banks::add_signal, hma::status,
        health::livez, health::readyz, health::metrics, health::version,
    ),
    components(schemas(RecordSchema, Form, PictureForm)),
    tags(
        (name = "check", description = "Photos to decisions"),
        (name = "HMA", description = "The dialect of ThreatExchange's hasher-matcher-actioner"),
        (name = "operations", description = "Health, versions, counters"),
    )
)]
struct Document;

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

fn document() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    let Ok(mut record) = serde_json::from_str::<Value>(JSON_SCHEMA) else {
        return document;
    };
    // The record's own definitions are found from its place in this document.
    move_references(&mut record, &format!("#/components/schemas/{RECORD}"));
    if let Some(record) = record.as_object_mut() {
        for key in ["$schema", "$id"] {
            record.remove(key);
        }
        let id = json!({ "type": "string", "description": "The request's number." });
        if let Some(properties) = record.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("request_id".into(), id);
        }
    }
    document["components"]["schemas"][RECORD] = record;
    // As a form can name a part without another encoding.
    for form in ["Form", "PictureForm"] {
        document["components"]["schemas"][form]["propertyNames"] =
            json!({ "pattern": "^[A-Za-z0-9_.-]{1,100}$" });
    }
    mend_bodies(&mut document);
    document["components"]["securitySchemes"] =
        json!({ "token": { "type": "http", "scheme": "bearer" } });
    document["security"] = json!([{}, { "token": [] }]);
    document
}

/// A picture is bytes, not a list of numbers; a hook alone asks what it answers without a decision.
fn mend_bodies(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let contents = operation.pointer_mut("/requestBody/content");
            let contents = contents.and_then(Value::as_object_mut);
            for (kind, content) in contents.into_iter().flatten() {
                if kind.starts_with("image/") {
                    content["schema"] =
                        json!({ "type": "string", "format": "binary", "minLength": 1 });
                } else if kind.starts_with("multipart/") {
                    content["encoding"] = json!({ "file": { "contentType": "image/*" } });
                }
            }
            let parameters = operation.pointer_mut("/parameters");
            if let Some(parameters) = parameters.and_then(Value::as_array_mut)
                && path != "/v1/hook"
            {
                parameters.retain(|parameter| parameter["name"] != "on_fault");
            }
        }
    }
}

fn move_references(value: &mut Value, to: &str) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && let Some(rest) = reference.strip_prefix('#')
            {
                *reference = format!("{to}{rest}");
            }
            map.values_mut()
                .for_each(|value| move_references(value, to));
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| move_references(value, to)),
        _ => {}
    }
}

/// The description of this interface, by OpenAPI 3.1.
pub(super) async fn openapi() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        DOCUMENT.to_string(),
    )
}

/// The same as a page.
pub(super) async fn page(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let (loaded, _) = shared.engines.current();
    let stamp = loaded.engine.stamp();
    let model = format!("{} {}", stamp.name, stamp.version);
    let headers = [(header::CONTENT_SECURITY_POLICY, policy)];
    (headers, Html(shown(&DOCUMENT, &model).into_string()))
}

const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f1d;background:#fff}
h1{margin-bottom:.2rem}h2{margin-top:2.5rem;border-bottom:2px solid #2f6f4f}
details{border:1px solid #cfd8d3;border-radius:6px;margin:.6rem 0;padding:.5rem .8rem}
summary{cursor:pointer}summary code{font-weight:600}
.method{display:inline-block;min-width:3.6rem;text-align:center;border-radius:4px;color:#fff;background:#2f6f4f;font:600 .8rem/1.6 ui-monospace,monospace;margin-right:.6rem}
.post{background:#8a4b08}.delete{background:#9b2226}
table{border-collapse:collapse;width:100%;margin:.6rem 0}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #e5ebe7}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f2f5f3;padding:.8rem;overflow:auto;border-radius:6px}
@media(prefers-color-scheme:dark){body{color:#e6ece8;background:#141816}details{border-color:#39433d}td,th{border-color:#2a322d}pre{background:#1f2622}a{color:#8fd0ad}}
";

fn shown(document: &Value, model: &str) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nothing = Vec::new();
    let tags = document["tags"].as_array().unwrap_or(&nothing);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "faunalens: HTTP interface" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "faunalens " (env!("CARGO_PKG_VERSION")) }
                p { (text(&document["info"]["description"])) " Model: " (model) ". "
                    "As a document: " a href="openapi.json" { "openapi.json" } "." }
                pre { "curl --data-binary @photo.jpg http://127.0.0.1:7311/v1/check" }
                @for tag in tags {
                    h2 { (text(&tag["name"])) }
                    p { (text(&tag["description"])) "." }
                    @for (path, method, operation) in operations(document, &text(&tag["name"])) {
                        (shown_operation(path, method, operation))
                    }
                }
                h2 { "Record" }
                p { "JSON Schema of what " code { "/v1/check" } " answers." }
                details { summary { "Schema" }
                    pre { (serde_json::to_string_pretty(&document["components"]["schemas"][RECORD]).unwrap_or_default()) } }
            }
        }
    }
}

/// A text whose `code` stands between backticks.
fn prose(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Operations with a tag, in the document's order.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
    let none = Map::new();
    let paths = document["paths"].as_object().map(|paths| paths.iter());
    let mut found = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().unwrap_or(&none).clone() {
            let tagged = operation["tags"][0].as_str() == Some(tag);
            if tagged
                && let Some((method, operation)) = item
                    .as_object()
                    .and_then(|item| item.get_key_value(&method))
            {
                found.push((path.as_str(), method.as_str(), operation));
            }
        }
    }
    found
}

fn shown_operation(path: &str, method: &str, operation: &Value) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nothing = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&nothing);
    let bodies = operation["requestBody"]["content"].as_object();
    let bodies: Vec<&str> = bodies
        .map(|bodies| bodies.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let responses = operation["responses"].as_object();
    html! {
        details open {
            summary {
                span class=(format!("method {method}")) { (method.to_uppercase()) }
                code { (path) } " " (prose(&text(&operation["summary"])))
            }
            @let description = text(&operation["description"]);
            @if !description.is_empty() { p { (prose(&description)) } }
            @if !bodies.is_empty() { p { "Body: " code { (bodies.join(", ")) } } }
            @if !parameters.is_empty() {
                table {
                    tr { th { "Parameter" } th { "Meaning" } }
                    @for parameter in parameters {
                        tr { td { code { (text(&parameter["name"])) } } td { (prose(&text(&parameter["description"]))) } }
                    }
                }
            }
            table {
                tr { th { "Status" } th { "Meaning" } }
                @for (status, response) in responses.into_iter().flatten() {
                    tr { td { code { (status) } } td { (text(&response["description"])) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        references(&DOCUMENT, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(DOCUMENT.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_is_on_the_page() {
        let page = shown(&DOCUMENT, "model").into_string();
        let paths = DOCUMENT["paths"].as_object().unwrap();
        assert!(paths.len() > 12);
        for path in paths.keys() {
            assert!(page.contains(path.as_str()), "{path}");
        }
        assert!(!page.contains("http://cdn") && !page.contains("<script"));
    }
}
