//! Hashes that are not packed yet, too many for memory, on their way into a packed file.

use std::fs;
use std::io::Write;

use super::error::{Result, WithPath};
use super::generation::write_file;
use super::hashes::PackedHashes;
use super::store::Index;

/// Gone as soon as it is mapped.
const SPOOL: &str = "hashes.partial";

/// The unpacked hashes of the database, in a file without a name.
pub(super) fn hashes(index: &Index) -> Result<PackedHashes> {
    let manifest = index.generation.manifest.as_ref();
    let last = manifest.map_or(0, |manifest| manifest.last_hash);
    let count: i64 = index
        .db
        .query_row("SELECT count(*) FROM pdq WHERE id > ?1", [last], |row| {
            row.get(0)
        })
        .with_path(&index.database)?;
    let path = index.root.join(SPOOL);
    let mut failed = None;
    let mut copy = |sql: &str, out: &mut dyn Write, blob: bool| -> std::io::Result<()> {
        let mut each = || -> rusqlite::Result<std::io::Result<()>> {
            let mut statement = index.db.prepare_cached(sql)?;
            let mut rows = statement.query([last])?;
            while let Some(row) = rows.next()? {
                let written = match blob {
                    true => {
                        let hash = crate::fingerprint::PdqHash::from_bytes(row.get(0)?);
                        out.write_all(bytemuck::cast_slice(&hash.0))
                    }
                    false => out.write_all(&row.get::<_, u32>(0)?.to_ne_bytes()),
                };
                if written.is_err() {
                    return Ok(written);
                }
            }
            Ok(Ok(()))
        };
        each().unwrap_or_else(|error| {
            failed = Some(error);
            Err(std::io::Error::other("the database failed"))
        })
    };
    let written = write_file(&path, |out| {
        out.write_all(&PackedHashes::header(count as usize, false))?;
        copy("SELECT hash FROM pdq WHERE id > ?1 ORDER BY id", out, true)?;
        copy("SELECT id FROM pdq WHERE id > ?1 ORDER BY id", out, false)
    });
    if let Some(error) = failed {
        return Err(error).with_path(&index.database);
    }
    let spooled = written.and_then(|()| PackedHashes::open(&path));
    fs::remove_file(&path).with_path(&path)?;
    spooled
}
