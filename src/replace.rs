//! A file that is written whole, or not at all: beside its place, and moved there when it is done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Error, ErrorKind, Read, Write};
use std::path::Path;

/// Writes a file anew. An old one stays as it is until the new one is whole. What stands there and
/// is no regular file, or does not begin as `beginning` says, is none that this program wrote, and
/// is refused.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] for what is refused, else the system's; neither leaves a trace.
pub fn replace(
    path: &Path,
    beginning: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    refuse_foreign(path, beginning)?;
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.partial", std::process::id()));
    let aside = Path::new(&aside);
    let mut file = BufWriter::new(
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(aside)?,
    );
    let written = write(&mut file)
        .and_then(|()| file.flush())
        .and_then(|()| fs::rename(aside, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(aside);
    })
}

fn refuse_foreign(path: &Path, beginning: &str) -> io::Result<()> {
    let at = match path.symlink_metadata() {
        Ok(at) => at,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let refused = |what: &str| Err(Error::new(ErrorKind::AlreadyExists, what));
    if !at.is_file() {
        return refused("something else than a file stands there");
    }
    let mut start = Vec::new();
    let most = beginning.len() as u64;
    File::open(path)?.take(most).read_to_end(&mut start)?;
    match beginning.as_bytes().starts_with(&start) {
        true => Ok(()),
        false => refused("a file with other content stands there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = (fs::read_dir(folder).unwrap())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_writer_that_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        replace(&path, "a,", |out| out.write_all(b"a,b\n")).unwrap();
        let full = replace(&path, "a,", |out| {
            out.write_all(b"a,")?;
            Err(Error::from(ErrorKind::StorageFull))
        });
        assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"a,b\n");
        replace(&path, "a,", |out| out.write_all(b"a,c\n")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"a,c\n");
        assert_eq!(there(folder.path()), ["a.csv"]);
    }

    #[test]
    fn what_others_put_there_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.csv"), folder.path().join("b"));
        fs::write(&path, "my only copy").unwrap();
        let write = || replace(&path, "a,", |out| out.write_all(b"a,b\n"));
        assert_eq!(write().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"my only copy");
        fs::remove_file(&path).unwrap();
        #[cfg(unix)]
        {
            fs::write(&other, "a,mine\n").unwrap();
            std::os::unix::fs::symlink(&other, &path).unwrap();
            assert_eq!(write().unwrap_err().kind(), ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&other).unwrap(), b"a,mine\n");
            fs::remove_file(&path).unwrap();
        }
        fs::create_dir(&path).unwrap();
        assert_eq!(write().unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
}
