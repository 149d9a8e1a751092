//! Counters and histograms, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets, in seconds.
const BOUNDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Times of one stage.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = BOUNDS.iter().position(|&bound| seconds <= bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Relaxed);
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let mut count = 0;
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            count += bucket.load(Relaxed);
            let _ = writeln!(
                out,
                "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"
            );
        }
        count += self.buckets[BOUNDS.len()].load(Relaxed);
        let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}");
        let sum = Duration::from_nanos(self.nanoseconds.load(Relaxed)).as_secs_f64();
        let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}");
        let _ = writeln!(out, "{name}_count{{{labels}}} {count}");
    }
}

/// A stage of the work on a photo.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// Waiting for a worker.
    Queue,
    /// Decoding and hashing.
    Inspect,
    /// Scores, lattice and verdict.
    Examine,
    /// Searching the index.
    Match,
    /// Making durable what is remembered.
    Remember,
    /// Fetching a picture from elsewhere.
    Fetch,
}

const STAGES: [&str; 6] = ["queue", "inspect", "examine", "match", "remember", "fetch"];

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    stages: [Histogram; STAGES.len()],
    /// Answers by route and status, with their times.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    times: Mutex<BTreeMap<&'static str, Histogram>>,
    decisions: Mutex<BTreeMap<&'static str, u64>>,
    /// Tasks whose caller had gone before they were begun.
    pub(super) abandoned: AtomicU64,
    /// Tasks that met their deadline in the queue.
    pub(super) late: AtomicU64,
    /// Requests refused because the queue was full.
    pub(super) busy: AtomicU64,
    /// Tasks that panicked.
    pub(super) crashed: AtomicU64,
    /// Engines loaded since the start, the first among them.
    pub(super) engines: AtomicU64,
    /// Reloads that failed.
    pub(super) failed_reloads: AtomicU64,
    /// Connections held now.
    pub(super) connections: AtomicU64,
    /// Connections that had to give way to others.
    pub(super) evicted: AtomicU64,
    /// Requests of clamd's protocol.
    pub(super) clamd: AtomicU64,
    /// Pictures made durable in the index.
    pub(super) remembered: AtomicU64,
    /// Packings of the index that ended well.
    pub(super) packings: AtomicU64,
    /// Packings of the index that failed.
    pub(super) failed_packings: AtomicU64,
}

impl Metrics {
    pub(super) fn stage(&self, stage: Stage) -> &Histogram {
        &self.stages[stage as usize]
    }

    pub(super) fn answered(&self, route: &'static str, status: u16, time: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route, status)).or_default() += 1;
        drop(requests);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.entry(route).or_default().observe(time);
    }

    pub(super) fn decided(&self, decision: &'static str) {
        let mut decisions = self
            .decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *decisions.entry(decision).or_default() += 1;
    }

    /// All of it; `gauges` are names with their help and present value.
    pub(super) fn write(&self, gauges: &[(&str, &str, f64)]) -> String {
        let mut out = String::new();
        head(
            &mut out,
            "faunalens_requests_total",
            "counter",
            "Answers by route and status.",
        );
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), count) in requests.iter() {
            let labels = format!("route=\"{route}\",status=\"{status}\"");
            let _ = writeln!(out, "faunalens_requests_total{{{labels}}} {count}");
        }
        drop(requests);
        let name = "faunalens_request_seconds";
        head(
            &mut out,
            name,
            "histogram",
            "From a request's head to its answer.",
        );
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        for (route, times) in times.iter() {
            times.write(&mut out, name, &format!("route=\"{route}\""));
        }
        drop(times);
        let name = "faunalens_stage_seconds";
        head(
            &mut out,
            name,
            "histogram",
            "Time of a photo in each stage.",
        );
        for (stage, times) in STAGES.iter().zip(&self.stages) {
            times.write(&mut out, name, &format!("stage=\"{stage}\""));
        }
        let name = "faunalens_decisions_total";
        head(
            &mut out,
            name,
            "counter",
            "Photos by decision; unreadable where there is none.",
        );
        let decisions = self
            .decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (decision, count) in decisions.iter() {
            let _ = writeln!(out, "{name}{{decision=\"{decision}\"}} {count}");
        }
        drop(decisions);
        let counters = [
            (
                "abandoned",
                "Photos whose caller had gone before work began.",
                &self.abandoned,
            ),
            (
                "late",
                "Photos that met their deadline while waiting.",
                &self.late,
            ),
            (
                "refused",
                "Photos refused because the queue was full.",
                &self.busy,
            ),
            (
                "crashes",
                "Photos on which a stage panicked.",
                &self.crashed,
            ),
            (
                "engines_loaded",
                "Engines loaded since the start.",
                &self.engines,
            ),
            (
                "reloads_failed",
                "Reloads that failed; the engine before went on.",
                &self.failed_reloads,
            ),
            (
                "connections_evicted",
                "Idle connections that gave way to others.",
                &self.evicted,
            ),
            (
                "clamd_requests",
                "Requests of clamd's protocol.",
                &self.clamd,
            ),
            (
                "remembered",
                "Pictures made durable in the index.",
                &self.remembered,
            ),
            (
                "packings",
                "Packings of the index beside its use.",
                &self.packings,
            ),
            (
                "packings_failed",
                "Packings of the index that failed; searches get slower.",
                &self.failed_packings,
            ),
        ];
        for (name, help, value) in counters {
            let name = format!("faunalens_{name}_total");
            head(&mut out, &name, "counter", help);
            let _ = writeln!(out, "{name} {}", value.load(Relaxed));
        }
        for (name, help, value) in gauges {
            let name = format!("faunalens_{name}");
            head(&mut out, &name, "gauge", help);
            let _ = writeln!(out, "{name} {value}");
        }
        out
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Bytes that this process holds in memory, where the system tells.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_end_with_the_count() {
        let metrics = Metrics::default();
        for milliseconds in [1, 4, 4, 30_000] {
            let time = Duration::from_millis(milliseconds);
            metrics.stage(Stage::Inspect).observe(time);
        }
        metrics.answered("/v1/check", 200, Duration::from_millis(3));
        metrics.decided("flag");
        let text = metrics.write(&[("queue_waiting", "Waiting.", 2.0)]);
        for line in [
            "faunalens_stage_seconds_bucket{stage=\"inspect\",le=\"0.001\"} 1",
            "faunalens_stage_seconds_bucket{stage=\"inspect\",le=\"0.005\"} 3",
            "faunalens_stage_seconds_bucket{stage=\"inspect\",le=\"10\"} 3",
            "faunalens_stage_seconds_bucket{stage=\"inspect\",le=\"+Inf\"} 4",
            "faunalens_stage_seconds_count{stage=\"inspect\"} 4",
            "faunalens_stage_seconds_sum{stage=\"inspect\"} 30.009",
            "faunalens_requests_total{route=\"/v1/check\",status=\"200\"} 1",
            "faunalens_decisions_total{decision=\"flag\"} 1",
            "faunalens_queue_waiting 2",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
    }
}
