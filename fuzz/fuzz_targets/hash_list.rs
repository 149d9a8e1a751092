//! See `faunalens_fuzz::hash_list`.

#![no_main]

use faunalens_fuzz::hash_list;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| hash_list::run(data));
