//! Hostile bytes for every parser that faunalens owns or wraps.
//!
//! A target is a plain function of bytes, which must neither panic nor hang, and its seeds. Two
//! things drive it: libFuzzer (`fuzz_targets/`, by hand, led by coverage), and [`drive`] on stable
//! Rust: seeded edits of the seeds, as program `smoke` and, for some seconds, in tests/fuzz.rs.

pub mod bundle;
pub mod decode;
pub mod drive;
pub mod hash_list;
pub mod index;
pub mod manifest;
pub mod metadata;
pub mod mutate;
pub mod panics;
pub mod pictures;
pub mod sequence;

/// One parser under fuzzing.
pub struct Target {
    /// Its name, also of its file in `fuzz_targets/`.
    pub name: &'static str,
    /// Takes hostile bytes; a panic is a find.
    pub run: fn(&[u8]),
    /// Valid inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 6] = [
    Target {
        name: "decode",
        run: decode::run,
        seeds: decode::seeds,
    },
    Target {
        name: "metadata",
        run: metadata::run,
        seeds: metadata::seeds,
    },
    Target {
        name: "manifest",
        run: manifest::run,
        seeds: manifest::seeds,
    },
    Target {
        name: "hash_list",
        run: hash_list::run,
        seeds: hash_list::seeds,
    },
    Target {
        name: "index",
        run: index::run,
        seeds: index::seeds,
    },
    Target {
        name: "bundle",
        run: bundle::run,
        seeds: bundle::seeds,
    },
];
