//! The shipped float bundle against Pillow and ONNX Runtime's Python package, which
//! tests/data/golden/make.py ran on the same five pictures.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use faunalens::photo::{Limits, Photo};
use faunalens::recognize::{Bundle, Recognizer, Runtime};
use serde_json::Value;

/// Pillow and `fast_image_resize` may round a resized sample differently by one
/// level; scores then differ by less than this (0.011 at most was seen, on the
/// chequerboard, whose scores are spread over many labels).
const TOLERANCE: f64 = 0.02;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

/// Rounding to int8 turns a level of difference in a pixel into more; yet both bundles must see
/// the same thing.
#[test]
fn the_int8_bundle_names_what_the_float_bundle_names() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runtime = Runtime::load(None).unwrap();
    let load = |name: &str| {
        let bundle = Bundle::load(&project.join("models").join(name)).unwrap();
        Recognizer::new(&runtime, &bundle, 1).unwrap()
    };
    let (mut int8, mut float) = (load("faunalens-base"), load("faunalens-base-float"));
    let folder = project.join("reference-images");
    let (mut pictures, mut same) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jpg") {
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        let photo = Photo::from_bytes(&bytes, &Limits::default()).unwrap();
        let best =
            |scores: &[f32]| (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let (a, b) = (
            int8.recognize(&photo.pixels).unwrap(),
            float.recognize(&photo.pixels).unwrap(),
        );
        let cosine: f32 = a
            .descriptor
            .unwrap()
            .iter()
            .zip(b.descriptor.unwrap())
            .map(|(x, y)| x * y)
            .sum();
        assert!(cosine > 0.9, "descriptors {cosine}");
        pictures += 1;
        same += usize::from(best(&a.scores) == best(&b.scores));
    }
    assert!(
        pictures >= 20 && 25 * same >= 23 * pictures,
        "{same} of {pictures}"
    );
}

#[test]
fn scores_and_descriptors_agree_with_the_reference_pipeline() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = project.join("tests/data/golden");
    let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let bundle = Bundle::load(&project.join("models/faunalens-base-float")).unwrap();
    assert_eq!(
        golden["model"]["sha256"], bundle.description.model.sha256,
        "golden.json was made for another model: run make.py again"
    );
    let runtime = Runtime::load(None).unwrap();
    let mut recognizer = Recognizer::new(&runtime, &bundle, 1).unwrap();
    for picture in golden["pictures"].as_array().unwrap() {
        let file = picture["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let photo = Photo::from_bytes(&bytes, &Limits::default()).unwrap();
        let found = recognizer.recognize(&photo.pixels).unwrap();
        for (found, expected) in found.scores.iter().zip(numbers(&picture["scores"])) {
            assert!(
                (f64::from(*found) - expected).abs() < TOLERANCE,
                "{file}: {found} {expected}"
            );
        }
        let descriptor = found.descriptor.unwrap();
        let norm: f32 = descriptor.iter().map(|value| value * value).sum();
        assert!((norm - 1.0).abs() < 1e-3, "{file}: unit length");
        for (found, expected) in descriptor.iter().zip(numbers(&picture["descriptor_first"])) {
            assert!(
                (f64::from(*found) - expected).abs() < TOLERANCE,
                "{file}: descriptor"
            );
        }
    }
}
