//! Exact search over packed PDQ hashes: a flat scan, or multi-index hashing (Norouzi, Punjani and
//! Fleet 2012) above a size.
//!
//! Multi-index hashing cuts the 256 bits into 16 words of 16. Two hashes within 31 bits differ by
//! at most one bit in at least one word, so the buckets of the 16 words and of their 16 one-bit
//! changes hold every match. Nothing is approximate: the answers are those of the flat scan.

use std::io::{self, Write};
use std::path::Path;

use rayon::prelude::*;

use super::error::{Result, WithPath};
use super::mapped::{self, Mapped};
use crate::fingerprint::PdqHash;

/// Size from which tables are written and used.
pub(super) const TABLES_FROM: usize = 20_000;
/// Distance up to which the tables give every match.
const TABLES_REACH: u32 = 31;
const MAGIC: [u8; 8] = *b"FLHASH1\n";
const WORDS: usize = 16;
const BUCKETS: usize = 1 << 16;

/// A hash within reach of a query: its row in the database and the differing bits.
pub type Near = (u32, u32);

/// Sorted unique hashes with their database rows, memory-mapped.
#[derive(Debug)]
pub(super) struct PackedHashes {
    file: Mapped,
    count: usize,
    has_tables: bool,
}

impl PackedHashes {
    /// Writes `hashes`, each with its database row, and tables when there are enough of them or
    /// `tables` says so. Holds a table at a time in memory.
    pub(super) fn write(
        out: &mut impl Write,
        hashes: AllHashes<'_>,
        tables: bool,
    ) -> io::Result<()> {
        let tables = tables || hashes.len() >= TABLES_FROM;
        out.write_all(&Self::header(hashes.len(), tables))?;
        for (hash, _) in hashes.iter() {
            out.write_all(bytemuck::cast_slice(&hash.0))?;
        }
        for (_, row) in hashes.iter() {
            out.write_all(&row.to_ne_bytes())?;
        }
        for word in 0..if tables { WORDS } else { 0 } {
            let (starts, entries) = table(hashes, word);
            out.write_all(bytemuck::cast_slice(&starts))?;
            out.write_all(bytemuck::cast_slice(&entries))?;
        }
        Ok(())
    }

    /// What stands before `count` hashes, their rows, and the tables where there are any.
    pub(super) fn header(count: usize, tables: bool) -> [u8; mapped::HEADER] {
        mapped::header(MAGIC, [count as u64, u64::from(tables), 0, 0])
    }

    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::checked(Mapped::open(path, MAGIC)?)
    }

    fn checked(file: Mapped) -> Result<Self> {
        let [count, tables, ..] = file.numbers;
        let per_table = |count: usize| count.checked_add(BUCKETS + 1)?.checked_mul(4 * WORDS);
        let bytes = usize::try_from(count).ok().and_then(|count| {
            let tables = if tables == 1 { per_table(count)? } else { 0 };
            count.checked_mul(36)?.checked_add(tables)
        });
        file.expect_payload(bytes)?;
        Ok(Self {
            count: count as usize,
            has_tables: tables == 1,
            file,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    fn hashes(&self) -> &[[u64; 4]] {
        bytemuck::cast_slice(&self.file.payload()[..32 * self.count])
    }

    fn rows(&self) -> &[u32] {
        bytemuck::cast_slice(&self.file.payload()[32 * self.count..36 * self.count])
    }

    /// Every hash with its database row, in the order of the file.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PdqHash, u32)> + '_ {
        self.hashes()
            .iter()
            .map(|&words| PdqHash(words))
            .zip(self.rows().iter().copied())
    }

    /// Every hash within `reach` bits of `query`, sorted by distance, then by row.
    pub(super) fn within(&self, query: &PdqHash, reach: u32, exhaustive: bool) -> Vec<Near> {
        let mut found = if self.has_tables && reach <= TABLES_REACH && !exhaustive {
            self.probe(&query.0, reach)
        } else {
            let near = |(position, words): (usize, &[u64; 4])| {
                within(words, &query.0, reach).map(|distance| (self.rows()[position], distance))
            };
            self.hashes().iter().enumerate().filter_map(near).collect()
        };
        found.sort_unstable_by_key(|&(row, distance)| (distance, row));
        found.dedup();
        found
    }

    fn probe(&self, query: &[u64; 4], reach: u32) -> Vec<Near> {
        let (hashes, rows) = (self.hashes(), self.rows());
        let tables: &[u32] = bytemuck::cast_slice(&self.file.payload()[36 * self.count..]);
        let mut found = Vec::new();
        for (word, table) in tables.chunks_exact(BUCKETS + 1 + self.count).enumerate() {
            let (starts, entries) = table.split_at(BUCKETS + 1);
            let asked = word_of(query, word);
            let changed =
                (0..if reach < WORDS as u32 { 0 } else { 16 }).map(|bit| asked ^ (1 << bit));
            for bucket in std::iter::once(asked).chain(changed).map(usize::from) {
                let span = starts[bucket] as usize..starts[bucket + 1] as usize;
                for &position in entries.get(span).unwrap_or_default() {
                    let position = position as usize;
                    if let Some(distance) = hashes
                        .get(position)
                        .and_then(|words| within(words, query, reach))
                    {
                        found.push((rows[position], distance));
                    }
                }
            }
        }
        found
    }
}

/// Every unique hash of an index: the packed ones, and those added since, with their rows.
#[derive(Clone, Copy, Default)]
pub(super) struct AllHashes<'a> {
    pub(super) packed: Option<&'a PackedHashes>,
    pub(super) tail: &'a [(PdqHash, u32)],
    /// Those of `tail` that are too many to be held in memory.
    pub(super) spooled: Option<&'a PackedHashes>,
}

impl<'a> AllHashes<'a> {
    pub(super) fn len(self) -> usize {
        let packed = [self.packed, self.spooled].into_iter().flatten();
        packed.map(PackedHashes::len).sum::<usize>() + self.tail.len()
    }

    /// Every hash with its row, in the order in which they came.
    pub(super) fn iter(self) -> impl Iterator<Item = (PdqHash, u32)> + 'a {
        let packed = self.packed.into_iter().flat_map(PackedHashes::iter);
        let spooled = self.spooled.into_iter().flat_map(PackedHashes::iter);
        packed.chain(self.tail.iter().copied()).chain(spooled)
    }
}

impl AllHashes<'_> {
    /// Hashes within `reach` bits of `hash`, the packed ones first and by distance.
    pub(super) fn within(&self, hash: &PdqHash, reach: u32, exhaustive: bool) -> Vec<Near> {
        let mut near = self
            .packed
            .map_or_else(Vec::new, |packed| packed.within(hash, reach, exhaustive));
        near.extend(self.tail.iter().filter_map(|(other, row)| {
            within(&other.0, &hash.0, reach).map(|distance| (*row, distance))
        }));
        near
    }
}

/// For each of `asked`, the `stored` hashes within `reach` bits, as (position, differing bits),
/// nearest first. The index's own search, held in memory.
///
/// # Errors
/// [`IndexError`](super::IndexError) when the system gives no memory.
pub fn near_hashes(asked: &[PdqHash], stored: &[PdqHash], reach: u32) -> Result<Vec<Vec<Near>>> {
    let rows: Vec<(PdqHash, u32)> = stored.iter().copied().zip(0..).collect();
    let mut bytes = Vec::new();
    let all = AllHashes {
        tail: &rows,
        ..AllHashes::default()
    };
    PackedHashes::write(&mut bytes, all, false).with_path(Path::new("(memory)"))?;
    let packed = PackedHashes::checked(Mapped::from_bytes(&bytes, MAGIC)?)?;
    Ok(asked
        .par_iter()
        .map(|hash| packed.within(hash, reach, false))
        .collect())
}

/// Positions of the hashes by the value of one of their words: where each bucket starts, and the
/// buckets.
fn table(hashes: AllHashes<'_>, word: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; BUCKETS + 1];
    for (hash, _) in hashes.iter() {
        starts[usize::from(word_of(&hash.0, word)) + 1] += 1;
    }
    for bucket in 0..BUCKETS {
        starts[bucket + 1] += starts[bucket];
    }
    let mut next = starts.clone();
    let mut entries = vec![0_u32; hashes.len()];
    for (position, (hash, _)) in hashes.iter().enumerate() {
        let slot = &mut next[usize::from(word_of(&hash.0, word))];
        entries[*slot as usize] = position as u32;
        *slot += 1;
    }
    (starts, entries)
}

/// The distance, unless it is beyond `reach`. Half of the bits settle nearly every comparison.
#[inline]
fn within(a: &[u64; 4], b: &[u64; 4], reach: u32) -> Option<u32> {
    let half = (a[0] ^ b[0]).count_ones() + (a[1] ^ b[1]).count_ones();
    if half > reach {
        return None;
    }
    let distance = half + (a[2] ^ b[2]).count_ones() + (a[3] ^ b[3]).count_ones();
    (distance <= reach).then_some(distance)
}

#[inline]
fn word_of(hash: &[u64; 4], word: usize) -> u16 {
    (hash[word / 4] >> (16 * (word % 4))) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(tail: &[(PdqHash, u32)]) -> AllHashes<'_> {
        AllHashes {
            tail,
            ..AllHashes::default()
        }
    }

    fn packed(hashes: &[(PdqHash, u32)], tables: bool) -> (tempfile::TempDir, PackedHashes) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hashes.bin");
        let mut file = std::fs::File::create(&path).unwrap();
        PackedHashes::write(&mut file, all(hashes), tables).unwrap();
        let opened = PackedHashes::open(&path).unwrap();
        (dir, opened)
    }

    fn flipped(hash: [u64; 4], bits: &[usize]) -> [u64; 4] {
        bits.iter().fold(hash, |mut words, &bit| {
            words[bit / 64] ^= 1 << (bit % 64);
            words
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn tables_find_exactly_what_the_scan_finds(
            query in any::<[u64; 4]>(),
            changes in prop::collection::vec(prop::collection::vec(0usize..256, 0..60), 1..80),
            reach in 0u32..32,
        ) {
            let hashes: Vec<_> = changes
                .iter()
                .enumerate()
                .map(|(k, bits)| (PdqHash(flipped(query, bits)), 10 + k as u32))
                .collect();
            let (_dir, packed) = packed(&hashes, true);
            let mut expected: Vec<Near> = hashes
                .iter()
                .map(|(hash, row)| (*row, hash.hamming(&PdqHash(query))))
                .filter(|near| near.1 <= reach)
                .collect();
            expected.sort_by_key(|&(row, distance)| (distance, row));
            prop_assert_eq!(packed.within(&PdqHash(query), reach, false), expected.clone());
            prop_assert_eq!(packed.within(&PdqHash(query), reach, true), expected);
        }
    }

    #[test]
    fn hashes_in_memory_are_found_as_in_a_file() {
        let stored: Vec<PdqHash> = (0..TABLES_FROM as u64 + 5)
            .map(|k| PdqHash([k.wrapping_mul(0x9e37_79b9_7f4a_7c15), k, !k, k * k]))
            .collect();
        let asked = [stored[3], PdqHash(flipped(stored[9].0, &[1, 80, 200]))];
        let found = near_hashes(&asked, &stored, 31).unwrap();
        assert!(found[0].contains(&(3, 0)));
        assert!(found[1].contains(&(9, 3)));
        for (hash, near) in asked.iter().zip(&found) {
            let count = stored.iter().filter(|other| hash.hamming(other) <= 31);
            assert_eq!(near.len(), count.count());
        }
    }

    #[test]
    fn two_bits_in_fifteen_words_and_one_in_the_last_are_within_reach_of_the_tables() {
        // 31 changed bits, spread as evenly as they go: the hardest case of the pigeonhole.
        let bits: Vec<usize> = (0..31).map(|k| 16 * (k / 2) + 5 * (k % 2)).collect();
        let query = [0x0123_4567_89ab_cdef, 42, u64::MAX, 7];
        let (_dir, packed) = packed(&[(PdqHash(flipped(query, &bits)), 3)], true);
        assert_eq!(packed.within(&PdqHash(query), 31, false), [(3, 31)]);
    }

    #[test]
    fn a_shortened_file_is_refused_and_damaged_tables_do_not_panic() {
        let hashes: Vec<_> = (0..500)
            .map(|k| (PdqHash([k, k * k, !k, 9]), k as u32))
            .collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hashes.bin");
        let mut bytes = Vec::new();
        PackedHashes::write(&mut bytes, all(&hashes), true).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
        assert!(PackedHashes::open(&path).is_err());
        let tables = mapped::HEADER + 36 * 500;
        bytes[tables..]
            .iter_mut()
            .enumerate()
            .for_each(|(k, byte)| *byte = (k * 31) as u8);
        std::fs::write(&path, &bytes).unwrap();
        let damaged = PackedHashes::open(&path).unwrap();
        damaged.within(&hashes[7].0, 31, false);
        assert_eq!(
            damaged.within(&hashes[7].0, 0, true),
            [(7, 0)],
            "the scan does not need the tables"
        );
    }
}
