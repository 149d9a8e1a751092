//! Bearer tokens (RFC 6750): one for reading, another for writing.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::ServeError;

/// Shortest token that is taken, in characters.
const SHORTEST: usize = 16;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    /// Nothing.
    None,
    /// Ask.
    Read,
    /// Ask, and change what is remembered.
    Write,
}

/// The tokens that are known, as digests.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tokens {
    read: Option<[u8; 32]>,
    write: Option<[u8; 32]>,
}

impl Tokens {
    /// Reads the tokens' files.
    pub(super) fn read(read: Option<&Path>, write: Option<&Path>) -> Result<Self, ServeError> {
        Ok(Self {
            read: read.map(token).transpose()?,
            write: write.map(token).transpose()?,
        })
    }

    /// Reads the files once more. One that cannot be used leaves its token as it was; why, is told.
    pub(super) fn reread(&mut self, read: Option<&Path>, write: Option<&Path>) -> Vec<ServeError> {
        let files = [(&mut self.read, read), (&mut self.write, write)];
        let reread = files
            .into_iter()
            .filter_map(|(known, file)| token(file?).map(|token| *known = Some(token)).err());
        reread.collect()
    }

    /// Whether any token is asked for.
    pub(super) fn are_asked_for(&self) -> bool {
        self.read.is_some() || self.write.is_some()
    }

    /// What the value of an `Authorization` header gives access to. Without any token everybody
    /// may do everything; where one is set alone, the other kind of access is nobody's, but that
    /// reading is free where only writing has a token.
    pub(super) fn access(&self, header: Option<&[u8]>) -> Access {
        if !self.are_asked_for() {
            return Access::Write;
        }
        let token = header.and_then(|value| {
            let (scheme, token) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
        });
        // Both are compared, whatever the first says: no time tells which one was nearer.
        let given = digest(token.unwrap_or_default().trim_ascii());
        let writes = self.write.is_some_and(|known| same(&known, &given));
        let reads = self.read.is_some_and(|known| same(&known, &given));
        match (writes, reads || self.read.is_none()) {
            (true, _) => Access::Write,
            (false, true) => Access::Read,
            (false, false) => Access::None,
        }
    }
}

fn token(path: &Path) -> Result<[u8; 32], ServeError> {
    let fail = |reason: String| ServeError::Token {
        path: path.into(),
        reason,
    };
    let text = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let token = text.trim_ascii();
    if token.len() < SHORTEST || !token.iter().all(u8::is_ascii_graphic) {
        let reason = format!("a token has {SHORTEST} or more visible characters, and one line");
        return Err(fail(reason));
    }
    Ok(digest(token))
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Compares all bytes, wherever the first difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let differing = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(read: Option<&str>, write: Option<&str>) -> Tokens {
        Tokens {
            read: read.map(|token| digest(token.as_bytes())),
            write: write.map(|token| digest(token.as_bytes())),
        }
    }

    #[test]
    fn each_token_gives_its_own_access() {
        let both = tokens(Some("read-me"), Some("write-me"));
        assert_eq!(both.access(Some(b"Bearer read-me")), Access::Read);
        assert_eq!(both.access(Some(b"bearer write-me")), Access::Write);
        assert_eq!(both.access(Some(b"Bearer read-m")), Access::None);
        assert_eq!(both.access(Some(b"Basic read-me")), Access::None);
        assert_eq!(both.access(None), Access::None);
        assert_eq!(tokens(None, None).access(None), Access::Write);
    }

    #[test]
    fn a_missing_write_token_is_nobodys_and_a_missing_read_token_everybodys() {
        let read = tokens(Some("read-me"), None);
        assert_eq!(read.access(Some(b"Bearer read-me")), Access::Read);
        assert_eq!(read.access(Some(b"Bearer ")), Access::None);
        assert_eq!(tokens(None, Some("write-me")).access(None), Access::Read);
    }

    #[test]
    fn a_file_that_cannot_be_used_leaves_its_token_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (read, write) = (folder.path().join("read"), folder.path().join("write"));
        std::fs::write(&read, "read-0123456789abcdef").unwrap();
        std::fs::write(&write, "write-0123456789abcdef").unwrap();
        let mut tokens = Tokens::read(Some(&read), Some(&write)).unwrap();
        std::fs::write(&read, "short").unwrap();
        std::fs::write(&write, "another-0123456789abcdef").unwrap();
        let failed = tokens.reread(Some(&read), Some(&write));
        assert_eq!(failed.len(), 1, "{failed:?}");
        let access = |token: &str| tokens.access(Some(format!("Bearer {token}").as_bytes()));
        assert_eq!(access("read-0123456789abcdef"), Access::Read);
        assert_eq!(access("write-0123456789abcdef"), Access::None);
        assert_eq!(access("another-0123456789abcdef"), Access::Write);
    }

    #[test]
    fn short_tokens_and_files_of_several_lines_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (text, taken) in [
            ("", false),
            ("too-short", false),
            ("0123456789abcdef\n", true),
            ("0123456789abcdef\nfedcba9876543210\n", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Tokens::read(Some(&path), None).is_ok(), taken, "{text:?}");
        }
    }
}
