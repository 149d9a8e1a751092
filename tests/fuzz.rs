//! Every parser on seeded edits of sound inputs, some seconds each: the harnesses of `fuzz/`,
//! which run here as they are.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::time::Duration;

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::drive::{Drive, peak_memory};

/// Time for a target.
const TIME: Duration = Duration::from_secs(3);
/// Largest resident set, in MiB.
const MOST_MEMORY: u64 = 400;

fn holds(name: &str) {
    fuzz::panics::tolerate_decoders();
    let finds = std::env::temp_dir();
    let drive = Drive {
        time: TIME,
        seed: 1,
        keep: None,
        corpus: None,
        finds,
    };
    let target = fuzz::TARGETS.iter().find(|target| target.name == name);
    let driven = drive.run(target.unwrap()).unwrap();
    let memory = peak_memory().unwrap_or(0);
    println!(
        "{} executions, slowest {:?}, {memory} MiB",
        driven.executions, driven.slowest
    );
    assert!(memory < MOST_MEMORY, "{memory} MiB");
}

#[test]
fn hostile_pictures_are_errors() {
    holds("decode");
}

#[test]
fn hostile_metadata_are_no_errors_of_the_program() {
    holds("metadata");
}

#[test]
fn hostile_manifests_are_errors() {
    holds("manifest");
}

#[test]
fn hostile_hash_lists_are_errors() {
    holds("hash_list");
}

#[test]
fn hostile_index_files_are_errors() {
    holds("index");
}

#[test]
fn hostile_bundles_are_errors() {
    holds("bundle");
}
