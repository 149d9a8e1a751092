//! See `faunalens_fuzz::index`.

#![no_main]

use faunalens_fuzz::index;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| index::run(data));
