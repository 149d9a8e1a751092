//! What is logged of each decision and each request: never a picture, never a seller's name.

use crate::index::pseudonym;
use crate::record::Record;

use super::shared::Shared;

/// One line for a photo that was answered.
pub(super) fn decision(shared: &Shared, id: &str, route: &str, record: &Record) {
    let decision = record
        .decision
        .map_or("unreadable", |decision| decision.name());
    shared.metrics.decided(decision);
    let seller = record.seller.as_deref().map(|seller| {
        let platform = record.platform.as_deref().unwrap_or_default();
        pseudonym(&shared.log_key, platform, seller)
    });
    let model = record.model.as_ref();
    tracing::info!(
        target: "faunalens::audit",
        request_id = id,
        route,
        sha256 = record.sha256.as_deref().unwrap_or_default(),
        decision,
        raised = record.raised().join(" "),
        matches = record.matches.as_ref().map_or(0, Vec::len),
        seller = seller.as_deref().unwrap_or_default(),
        model = model.map_or("", |model| model.sha256.as_str()),
        error = record.error.as_ref().map_or("", |error| error.kind.name()),
        elapsed_ms = record.elapsed_ms,
        "decided"
    );
}

/// One line for a change of a bank.
pub(super) fn change(id: &str, change: &'static str, bank: &str, content: Option<i64>) {
    tracing::info!(
        target: "faunalens::audit",
        request_id = id,
        change,
        bank,
        content,
        "changed"
    );
}

/// One line for a request, without what it asked: a query may name a seller.
pub(super) fn request(id: &str, method: &str, route: &str, status: u16, elapsed_ms: f64) {
    tracing::info!(
        target: "faunalens::request",
        request_id = id,
        method,
        route,
        status,
        elapsed_ms,
        "answered"
    );
}
