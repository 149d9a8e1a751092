//! See `faunalens_fuzz::manifest`.

#![no_main]

use faunalens_fuzz::manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| manifest::run(data));
