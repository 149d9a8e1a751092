//! A file's bytes, or a stream's, within the limits.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::{Limits, PhotoError};

/// Reads the file that a command line names; `-` is standard input.
///
/// # Errors
/// Those of [`read_file`] and [`read_stream`].
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    if path.as_os_str() == "-" {
        read_stream(std::io::stdin().lock(), limits)
    } else {
        read_file(path, limits)
    }
}

/// Reads a file whole, refusing one that is too large before reading it.
///
/// # Errors
/// [`PhotoError::NotFound`], [`PhotoError::Unreadable`],
/// [`PhotoError::Unsupported`] for a folder or device, or
/// [`PhotoError::TooLarge`].
pub fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => PhotoError::NotFound {
            path: path.to_owned(),
        },
        _ => PhotoError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        },
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(PhotoError::Unsupported(
            "a folder, not a picture (`faunalens scan` takes folders)".into(),
        ));
    }
    if !metadata.is_file() {
        return Err(PhotoError::Unsupported("not a regular file".into()));
    }
    if metadata.len() > limits.max_bytes {
        return Err(too_many_bytes(metadata.len(), limits));
    }
    let file = File::open(path).map_err(unreadable)?;
    read_limited(file, metadata.len() as usize, limits).map_err(|error| match error {
        ReadError::TooLarge => too_many_bytes(limits.max_bytes + 1, limits),
        ReadError::Memory(bytes) => no_memory(bytes),
        ReadError::Io(error) => unreadable(error),
    })
}

/// Reads a stream, such as standard input, to its end.
///
/// # Errors
/// [`PhotoError::TooLarge`] beyond the limit, [`PhotoError::Internal`] when the
/// stream breaks.
pub fn read_stream(stream: impl Read, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    read_limited(stream, 0, limits).map_err(|error| match error {
        ReadError::TooLarge => too_many_bytes(limits.max_bytes + 1, limits),
        ReadError::Memory(bytes) => no_memory(bytes),
        ReadError::Io(error) => PhotoError::Internal(format!("standard input: {error}")),
    })
}

enum ReadError {
    TooLarge,
    /// There is none for a file of this many bytes.
    Memory(usize),
    Io(std::io::Error),
}

fn read_limited(stream: impl Read, expected: usize, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    (bytes.try_reserve_exact(expected + 1)).map_err(|_| ReadError::Memory(expected))?;
    stream
        .take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(ReadError::Io)?;
    if bytes.len() as u64 > limits.max_bytes {
        return Err(ReadError::TooLarge);
    }
    Ok(bytes)
}

fn no_memory(bytes: usize) -> PhotoError {
    PhotoError::TooLarge(format!(
        "there is not enough memory for {bytes} bytes of file"
    ))
}

pub(super) fn too_many_bytes(bytes: u64, limits: &Limits) -> PhotoError {
    PhotoError::TooLarge(format!(
        "{bytes} bytes or more, the limit is {} bytes",
        limits.max_bytes
    ))
}
