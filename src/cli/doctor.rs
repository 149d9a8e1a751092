//! `faunalens doctor`: what was found, and whether it works together.

use std::process::ExitCode;

use clap::Args;
use faunalens::photo::Format;
use faunalens::recognize::{Bundle, RecognizeError, Recognizer, Runtime, library_candidates};
use image::RgbImage;
use serde_json::{Value, json};

use super::console::{print_json, print_line};
use super::settings::{Settings, cores};
use faunalens::escape::name;

/// Say what is installed, where it was found, and whether it works
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let limits = settings.limits();
        let runtime = settings.runtime();
        let bundle = settings
            .bundle_folder()
            .and_then(|folder| Ok(Bundle::load(&folder)?));
        let inference = match (&runtime, &bundle) {
            (Ok(runtime), Ok(bundle)) => Some(run_once(runtime, bundle)),
            _ => None,
        };
        let problems: Vec<String> = [
            runtime.as_ref().err().map(|error| format!("{error:#}")),
            bundle.as_ref().err().map(|error| format!("{error:#}")),
            inference
                .as_ref()
                .and_then(|ran| ran.as_ref().err())
                .map(ToString::to_string),
        ]
        .into_iter()
        .flatten()
        .collect();
        let report = json!({
            "faunalens": env!("CARGO_PKG_VERSION"),
            "onnxruntime": runtime.as_ref().map_or(Value::Null, describe_runtime),
            "bundle": bundle.as_ref().map_or(Value::Null, describe_bundle),
            "inference": matches!(inference, Some(Ok(()))).then_some("works"),
            "cores": cores(),
            "cpu_features": cpu_features(),
            "formats": Format::built_in(),
            "limits": {
                "max_bytes": limits.max_bytes,
                "max_pixels": limits.max_pixels,
                "max_decoded_bytes": limits.max_alloc,
            },
            "onnxruntime_searched": searched(settings),
            "problems": problems,
        });
        if self.json {
            print_json(&report.to_string())?;
        } else {
            print(&report, "")?;
        }
        Ok(ExitCode::from(if problems.is_empty() { 0 } else { 2 }))
    }
}

/// Where ONNX Runtime is looked for, in this order; the working directory is not among them.
fn searched(settings: &Settings) -> Vec<String> {
    match settings.explicit_runtime() {
        Some(path) => vec![name(path)],
        None => library_candidates()
            .iter()
            .map(name)
            .chain(["the system's libraries".into()])
            .collect(),
    }
}

fn describe_runtime(runtime: &Runtime) -> Value {
    json!({
        "path": name(&runtime.path),
        "version": runtime.version(),
        "build": runtime.build_info(),
    })
}

fn describe_bundle(bundle: &Bundle) -> Value {
    json!({
        "folder": name(&bundle.folder),
        "name": bundle.description.name,
        "version": bundle.description.version,
        "sha256": bundle.description.model.sha256,
        "labels": bundle.description.labels.names,
    })
}

/// Runs the model on a black picture.
fn run_once(runtime: &Runtime, bundle: &Bundle) -> Result<(), RecognizeError> {
    let mut recognizer = Recognizer::new(runtime, bundle, cores())?;
    recognizer.recognize(&RgbImage::new(64, 48))?;
    Ok(())
}

/// Prints a nested report as indented lines.
fn print(report: &Value, indent: &str) -> std::io::Result<()> {
    let Value::Object(fields) = report else {
        return Ok(());
    };
    for (name, value) in fields {
        match value {
            Value::Object(_) => {
                print_line(&format!("{indent}{name}"))?;
                print(value, &format!("{indent}  "))?;
            }
            Value::Array(list) => {
                let words: Vec<String> = list.iter().map(word).collect();
                let words = if words.is_empty() {
                    "none".into()
                } else {
                    words.join(", ")
                };
                print_line(&format!("{indent}{name}: {words}"))?;
            }
            _ => print_line(&format!("{indent}{name}: {}", word(value)))?,
        }
    }
    Ok(())
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "not found".into(),
        other => other.to_string(),
    }
}

/// Instruction sets that decide how fast inference and hashing are.
fn cpu_features() -> Vec<&'static str> {
    let mut found = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        let probes = [
            ("sse4.2", std::is_x86_feature_detected!("sse4.2")),
            ("popcnt", std::is_x86_feature_detected!("popcnt")),
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
            ("avx512vnni", std::is_x86_feature_detected!("avx512vnni")),
            ("sha", std::is_x86_feature_detected!("sha")),
        ];
        found.extend(probes.iter().filter(|(_, has)| *has).map(|(name, _)| *name));
    }
    found
}
