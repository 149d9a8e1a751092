//! Pictures of which PDQ says little, found by another hash that the index keeps.

use super::error::{Result, WithPath};
use super::settings::PERCEPTUAL_GRID;
use super::store::Index;
use crate::fingerprint::{
    PerceptualAlgorithm, PerceptualHash, differing_bits, perceptual_definition,
};

/// Bits of 256 up to which pHashes match. Of small things on white it finds 6 points more copies than
/// PDQ alone, and names half as many wrong pictures more; no other hash of the family adds anything
/// at a rate of wrong pictures that can be borne (`eval/index/README.md`).
const PHASH_REACH: u32 = 24;

impl Index {
    /// Pictures whose pHash is near to one of `hashes`, with the differing bits. Reads the pHashes of
    /// the whole index.
    pub(super) fn near_perceptual(&self, hashes: &[PerceptualHash]) -> Result<Vec<(i64, u32)>> {
        let definition = perceptual_definition(PerceptualAlgorithm::Phash, PERCEPTUAL_GRID);
        let Some(asked) = hashes.iter().find(|hash| hash.definition == definition) else {
            return Ok(Vec::new());
        };
        let sql = "SELECT image.id, bits FROM perceptual JOIN image ON image.id = perceptual.image
                   WHERE definition = ?1 AND removed_at IS NULL ORDER BY image.id";
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        let mut rows = statement.query([definition]).with_path(&self.database)?;
        let mut near = Vec::new();
        while let Some(row) = rows.next().with_path(&self.database)? {
            let image = row.get(0).with_path(&self.database)?;
            let bits = row.get_ref(1).with_path(&self.database)?;
            let bits = bits.as_blob().unwrap_or_default();
            if bits.len() == asked.bits.len() {
                near.push((image, differing_bits(bits, &asked.bits)));
            }
        }
        near.retain(|&(_, distance)| distance <= PHASH_REACH);
        near.sort_by_key(|&(_, distance)| distance);
        Ok(near)
    }
}
