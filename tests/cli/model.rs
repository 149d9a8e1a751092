//! `faunalens model`: a bundle is checked before it is believed.

use std::path::Path;

use crate::program::{assert_status, edited_bundle, faunalens, run, stderr, stdout};

#[test]
fn show_tells_labels_thresholds_and_hash() {
    let output = run(&["model", "show"]);
    assert_status(&output, 0);
    let text = stdout(&output);
    for word in [
        "faunalens-base",
        "ivory",
        "flag from",
        "sha256",
        "temperature",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn the_shipped_bundle_is_sound_and_has_a_card() {
    assert_status(&run(&["model", "verify"]), 0);
    let output = run(&["model", "show", "--card"]);
    assert_status(&output, 0);
    assert!(stdout(&output).contains('#'), "the card is Markdown");
}

/// Verifies a bundle that was edited and returns the complaint.
fn complaint(edit: impl FnOnce(String) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bundle = edited_bundle(folder.path(), edit);
    verify(&bundle)
}

fn verify(bundle: &Path) -> String {
    let output = faunalens()
        .args(["model", "verify", "--model"])
        .arg(bundle)
        .output()
        .unwrap();
    assert_status(&output, 2);
    stderr(&output)
}

#[test]
fn a_changed_model_is_refused_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = edited_bundle(folder.path(), |text| text);
    let model = bundle.join("model.onnx");
    let mut bytes = std::fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&model, bytes).unwrap();
    assert!(verify(&bundle).contains("SHA-256"));
}

#[test]
fn a_mismatch_between_description_and_model_is_named() {
    let wrong_count = complaint(|text| text.replace("\"bone\", ", ""));
    assert!(wrong_count.contains("labels"), "{wrong_count}");
    let wrong_size = complaint(|text| text.replace("width = 224", "width = 192"));
    assert!(wrong_size.contains("input"), "{wrong_size}");
    let wrong_output = complaint(|text| text.replace("logits = \"logits\"", "logits = \"scores\""));
    assert!(
        wrong_output.contains("no output \"scores\""),
        "{wrong_output}"
    );
    let wrong_descriptor =
        complaint(|text| text.replace("descriptor_size = ", "descriptor_size = 1"));
    assert!(
        wrong_descriptor.contains("descriptor"),
        "{wrong_descriptor}"
    );
}

#[test]
fn nonsense_in_bundle_toml_is_named() {
    let typo = complaint(|text| text.replace("temperature", "temprature"));
    assert!(typo.contains("temprature"), "{typo}");
    let order = complaint(|text| text.replace("review = ", "review = 1.0 # "));
    assert!(order.contains("review <= flag"), "{order}");
    let schema = complaint(|text| text.replace("faunalens.bundle.v1", "faunalens.bundle.v9"));
    assert!(schema.contains("v9"), "{schema}");
    let label = complaint(|text| text.replace("[thresholds.ivory]", "[thresholds.gold]"));
    assert!(label.contains("gold"), "{label}");
}

#[test]
fn a_missing_bundle_is_named() {
    let output = run(&["check", "a.jpg", "--model", "models/none"]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("models/none"));
}
