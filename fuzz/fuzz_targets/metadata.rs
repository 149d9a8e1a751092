//! See `faunalens_fuzz::metadata`.

#![no_main]

use faunalens_fuzz::{metadata, mutate, panics};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(init: panics::tolerate_decoders(), |data: &[u8]| metadata::run(data));

// Nine of ten edits of a PNG would end at a checksum.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if seed % 8 != 0 {
        mutate::mend_checksums(&mut data[..size]);
    }
    size
});
