//! Which panics are finds.

use std::panic;

use faunalens::photo;

/// Lets panics pass that faunalens catches by design: those of another crate's decoder, which
/// become the picture's error. All others go to the hook that was there before, libFuzzer's say,
/// which takes them for finds.
pub fn tolerate_decoders() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let ours = panic
            .location()
            .is_none_or(|place| !is_foreign(place.file()));
        if ours || !photo::is_decoding() {
            before(panic);
        }
    }));
}

/// Whether a source file belongs to another crate or to the standard library.
fn is_foreign(file: &str) -> bool {
    file.contains("/registry/src/") || file.contains("/vendor/") || file.starts_with("/rustc/")
}
