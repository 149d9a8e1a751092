//! What stands where an output is to be written: seen before anything there is touched.

use std::fs::{File, FileType, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use super::resume::{ResumeError, io_error};

/// How long somebody may take to read the other end of a named pipe.
const READER: Duration = Duration::from_secs(5);

/// Where rows can go.
#[derive(Debug)]
pub(super) enum Place {
    /// A regular file, or none yet: rows are read back, and appended.
    File,
    /// A pipe, a terminal or a device, which takes rows and gives none back.
    Stream(File),
}

impl Place {
    /// Looks at what `path` names, through links. A named pipe that nobody reads is given up on
    /// after some seconds.
    ///
    /// # Errors
    /// [`ResumeError::NotAFile`] for a folder, a disk, or a link to nothing; [`ResumeError::Io`].
    pub(super) fn of(path: &Path) -> Result<Self, ResumeError> {
        let not_a_file = |what| {
            Err(ResumeError::NotAFile {
                path: path.to_owned(),
                what,
            })
        };
        let is_link = path.symlink_metadata().is_ok_and(|at| at.is_symlink());
        match path.metadata() {
            Ok(at) if at.is_file() => Ok(Self::File),
            Ok(at) if at.is_dir() => not_a_file("a folder"),
            Ok(at) if is_stream(at.file_type()) => stream(path).map(Self::Stream),
            Ok(_) => not_a_file("neither a file nor a pipe"),
            Err(error) if error.kind() == ErrorKind::NotFound && is_link => {
                not_a_file("a link to a file that is not there")
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::File),
            Err(error) => Err(io_error(path, error)),
        }
    }
}

/// The file that a link leads to, so that replacing it leaves the link; any other path as it is.
pub(super) fn behind_links(path: &Path) -> PathBuf {
    match path.symlink_metadata() {
        Ok(at) if at.is_symlink() => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        _ => path.to_owned(),
    }
}

#[cfg(unix)]
fn is_stream(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_stream(_: FileType) -> bool {
    false
}

/// Opens for writing alone: to open a named pipe for reading too would wait for nobody, and hang
/// on its own rows. Opening waits for a reader, so it happens aside.
fn stream(path: &Path) -> Result<File, ResumeError> {
    let (opened, answer) = mpsc::channel();
    let pipe = path.to_owned();
    std::thread::spawn(move || {
        let _ = opened.send(OpenOptions::new().write(true).open(pipe));
    });
    match answer.recv_timeout(READER) {
        Ok(file) => file.map_err(|error| io_error(path, error)),
        Err(_) => Err(ResumeError::NotAFile {
            path: path.to_owned(),
            what: "a pipe that nobody reads",
        }),
    }
}
