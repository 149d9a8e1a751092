//! The finished graph as a file that is searched where it lies: who is linked with whom, nothing
//! else. The vectors are read from the packed file beside it.
//!
//! hnsw_rs builds the graph; its own search keeps a hash map of counted references per question,
//! which costs more than the arithmetic (measured in `eval/index/README.md`), and its loader reads
//! everything and ends the process on bad input. Here a question touches only the pages it walks
//! through.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
#[cfg(any(feature = "graph", test))]
use std::io::{self, Write};
use std::path::Path;

use super::error::{IndexError, Result};
#[cfg(any(feature = "graph", test))]
use super::mapped;
use super::mapped::Mapped;
use super::vectors::{PackedVectors, product};

const MAGIC: [u8; 8] = *b"FLGRAPH1";
/// Fills the places of a list that has fewer links.
const NONE: u32 = u32::MAX;

/// Links per layer: `lowest[p]` of every point `p`, and the lists of the points that stand in
/// higher layers.
#[cfg(any(feature = "graph", test))]
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) lowest: Vec<Vec<u32>>,
    /// (layer from 1, point, its links there).
    pub(super) higher: Vec<(u32, u32, Vec<u32>)>,
}

/// A graph over packed vectors, memory-mapped.
///
/// Payload, all u32: for every point a list of `stride` links in the lowest layer; then (layer,
/// point) of every list in a higher layer, sorted; then those lists. The search starts at the last
/// of them, in the highest layer.
#[derive(Debug)]
pub(super) struct Adjacency {
    file: Mapped,
    points: usize,
    stride: usize,
    rows: usize,
}

impl Adjacency {
    /// Writes `links` as a file of this kind.
    #[cfg(any(feature = "graph", test))]
    pub(super) fn write(out: &mut impl Write, mut links: Links) -> io::Result<()> {
        links.higher.sort_unstable();
        let lists = || {
            let higher = links.higher.iter().map(|(.., list)| list);
            links.lowest.iter().chain(higher)
        };
        let stride = lists().map(Vec::len).max().unwrap_or(0);
        let numbers = [links.lowest.len(), stride, links.higher.len(), 0].map(|n| n as u64);
        out.write_all(&mapped::header(MAGIC, numbers))?;
        let write = |out: &mut dyn Write, list: &Vec<u32>| {
            let padded: Vec<u32> = list
                .iter()
                .copied()
                .chain(std::iter::repeat(NONE))
                .take(stride)
                .collect();
            out.write_all(bytemuck::cast_slice(&padded))
        };
        for list in &links.lowest {
            write(out, list)?;
        }
        for &(layer, point, _) in &links.higher {
            out.write_all(bytemuck::cast_slice(&[layer, point]))?;
        }
        for (.., list) in &links.higher {
            write(out, list)?;
        }
        Ok(())
    }

    /// Maps a graph whose checksum has been verified.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = Mapped::open(path, MAGIC)?;
        let [points, stride, rows] = [0, 1, 2].map(|k| usize::try_from(file.numbers[k]).ok());
        let (Some(points), Some(stride), Some(rows)) = (points, stride, rows) else {
            return Err(IndexError::Damaged {
                path: path.into(),
                what: "its numbers do not fit this machine".into(),
            });
        };
        let words = points
            .checked_add(rows)
            .and_then(|lists| lists.checked_mul(stride))
            .and_then(|words| words.checked_add(rows.checked_mul(2)?));
        file.expect_payload(words.and_then(|words| words.checked_mul(4)))?;
        Ok(Self {
            file,
            points,
            stride,
            rows,
        })
    }

    fn words(&self) -> &[u32] {
        bytemuck::cast_slice(self.file.payload())
    }

    fn lowest(&self, point: u32) -> &[u32] {
        let start = point as usize * self.stride;
        self.list(start)
    }

    /// The list at `start`, without its filling.
    fn list(&self, start: usize) -> &[u32] {
        let list = &self.words()[start..start + self.stride];
        let end = list.iter().position(|&link| link == NONE);
        &list[..end.unwrap_or(list.len())]
    }

    fn keys(&self) -> &[[u32; 2]] {
        let start = self.points * self.stride;
        bytemuck::cast_slice(&self.words()[start..start + 2 * self.rows])
    }

    fn higher(&self, layer: u32, point: u32) -> &[u32] {
        match self.keys().binary_search(&[layer, point]) {
            Ok(row) => self.list(self.points * self.stride + 2 * self.rows + row * self.stride),
            Err(_) => &[],
        }
    }

    /// Positions of about the `k` vectors of largest scalar product with `query`, best first.
    /// `width` points are kept on the way: the wider, the surer and slower (the ef of Malkov and
    /// Yashunin 2018).
    pub(super) fn nearest(
        &self,
        vectors: &PackedVectors,
        query: &[i8],
        k: usize,
        width: usize,
    ) -> Vec<usize> {
        let points = self.points.min(vectors.len());
        let value = |point: u32| product(vectors.vector(point as usize), query);
        let known = |&link: &u32| (link as usize) < points;
        let (mut here, top) = match self.keys().last() {
            Some(&[layer, point]) => (point, layer),
            None => (0, 0),
        };
        if !known(&here) {
            return Vec::new();
        }
        let mut best = value(here);
        for layer in (1..=top).rev() {
            loop {
                let links = self.higher(layer, here).iter().copied().filter(known);
                let Some((next, near)) = links
                    .map(|link| (value(link), Reverse(link)))
                    .max()
                    .filter(|&(near, _)| near > best)
                    .map(|(near, Reverse(link))| (link, near))
                else {
                    break;
                };
                (here, best) = (next, near);
            }
        }

        let width = width.max(k).max(1);
        let mut seen = vec![0_u64; points.div_ceil(64)];
        let mut is_new = |point: u32| {
            let (word, bit) = (&mut seen[point as usize / 64], 1 << (point % 64));
            let new = *word & bit == 0;
            *word |= bit;
            new
        };
        is_new(here);
        // Ties go to the smaller position, so that the answer does not depend on the heap.
        let mut open = BinaryHeap::from([(best, Reverse(here))]);
        let mut kept = BinaryHeap::from([Reverse((best, Reverse(here)))]);
        let mut fresh: Vec<u32> = Vec::with_capacity(self.stride);
        while let Some((near, Reverse(point))) = open.pop() {
            let worst = kept.peek().map_or(i32::MIN, |&Reverse((value, _))| value);
            if kept.len() >= width && near < worst {
                break;
            }
            fresh.clear();
            fresh.extend(self.lowest(point).iter().filter(|link| known(link)));
            fresh.retain(|&link| is_new(link));
            for &link in &fresh {
                let near = value(link);
                let worst = kept.peek().map_or(i32::MIN, |&Reverse((value, _))| value);
                if kept.len() < width || near > worst {
                    open.push((near, Reverse(link)));
                    kept.push(Reverse((near, Reverse(link))));
                    if kept.len() > width {
                        kept.pop();
                    }
                }
            }
        }
        // Sorted by what is reversed: the best first.
        let kept = kept.into_sorted_vec();
        kept.into_iter()
            .take(k)
            .map(|Reverse((_, Reverse(point)))| point as usize)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    /// A ring of unit vectors, each linked with its neighbours, and a highway over every eighth.
    fn ring() -> (tempfile::TempDir, PackedVectors, Adjacency) {
        let dir = tempfile::tempdir().unwrap();
        let vectors: Vec<i8> = (0..64)
            .flat_map(|k| {
                let (sin, cos) = (f32::from(k as u8) * std::f32::consts::TAU / 64.0).sin_cos();
                [(cos * 120.0) as i8, (sin * 120.0) as i8]
            })
            .collect();
        let rows: Vec<u32> = (0..64).collect();
        let mut file = File::create(dir.path().join("vectors")).unwrap();
        PackedVectors::write(&mut file, 2, &vectors, &rows).unwrap();
        let links = Links {
            lowest: (0..64).map(|k| vec![(k + 1) % 64, (k + 63) % 64]).collect(),
            higher: (0..8)
                .map(|k| (1, 8 * k, vec![8 * ((k + 1) % 8), 8 * ((k + 7) % 8)]))
                .chain([(2, 24, Vec::new())])
                .collect(),
        };
        let mut file = File::create(dir.path().join("graph")).unwrap();
        Adjacency::write(&mut file, links).unwrap();
        let vectors = PackedVectors::open(&dir.path().join("vectors")).unwrap();
        let graph = Adjacency::open(&dir.path().join("graph")).unwrap();
        (dir, vectors, graph)
    }

    #[test]
    fn the_walk_ends_at_the_nearest_points() {
        let (_dir, vectors, graph) = ring();
        for asked in [0, 13, 37, 63] {
            let query = vectors.vector(asked).to_vec();
            let found = graph.nearest(&vectors, &query, 5, 8);
            let mut expected = vectors.nearest(&query, 5);
            assert_eq!(found[0], expected[0]);
            let mut sorted = found.clone();
            sorted.sort_unstable();
            expected.sort_unstable();
            assert_eq!(sorted, expected, "asked {asked}");
        }
    }

    #[test]
    fn a_short_file_is_refused() {
        let (dir, ..) = ring();
        let bytes = std::fs::read(dir.path().join("graph")).unwrap();
        for length in [10, 64, bytes.len() - 4] {
            std::fs::write(dir.path().join("cut"), &bytes[..length]).unwrap();
            assert!(Adjacency::open(&dir.path().join("cut")).is_err());
        }
    }
}
