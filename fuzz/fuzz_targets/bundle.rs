//! See `faunalens_fuzz::bundle`.

#![no_main]

use faunalens_fuzz::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bundle::run(data));
