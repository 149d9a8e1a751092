//! Decoded pixels, for programs that compare decoders; `scripts/bench/decode` asks it.
//!
//! `pixels [screening]` takes a path a line from standard input. For each it writes a line of JSON
//! (`width`, `height`, `declared`, `format`, `marks`, `seconds`, or `error` with `kind` and
//! `message`) and, where there is no error, the rows of 8-bit RGB, 3 x width x height bytes.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Instant;

use faunalens::photo::{self, Detail, Limits, Photo};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let detail = match std::env::args().nth(1).as_deref() {
        Some("screening") => Detail::Screening,
        _ => Detail::Full,
    };
    let limits = Limits::default();
    let mut out = io::stdout().lock();
    for path in io::stdin().lock().lines() {
        let path = path?;
        let began = Instant::now();
        let photo = photo::read(Path::new(&path), &limits)
            .and_then(|bytes| Photo::with_detail(&bytes, &limits, detail));
        let seconds = began.elapsed().as_secs_f64();
        match photo {
            Ok(photo) => {
                let (width, height) = photo.pixels.dimensions();
                let head = json!({
                    "width": width,
                    "height": height,
                    "declared": [photo.width, photo.height],
                    "format": photo.format.name(),
                    "marks": photo.marks,
                    "seconds": seconds,
                });
                writeln!(out, "{head}")?;
                out.write_all(photo.pixels.as_raw())?;
            }
            Err(error) => {
                let error = json!({"kind": error.kind(), "message": error.to_string()});
                writeln!(out, "{}", json!({"error": error, "seconds": seconds}))?;
            }
        }
        out.flush()?;
    }
    Ok(())
}
