//! The HNSW graph over packed descriptors: a cache that finds candidates in a large collection.
//!
//! hnsw_rs builds it. Its loader ends the process on some damaged files, so it is called only to build on, after the
//! generation's checksums hold; searches read a file of our own.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use hnsw_rs::prelude::{AnnT, Distance, Hnsw, HnswIo};

use super::adjacency::{Adjacency, Links};
use super::error::{AtPath, IndexError, Result};
use super::vectors::{PackedVectors, product, steps_per_unit};

/// Links per point; twice as many in the lowest layer.
const LINKS: usize = 16;
/// Candidates kept while a point is inserted.
const BUILD_CANDIDATES: usize = 160;
const LAYERS: usize = 16;
/// Name of the two files hnsw_rs writes, before its own endings.
const BASE: &str = "graph";
/// What a search reads.
pub(super) const LINKED: &str = "graph.links";
/// All files of a graph: what a search reads, and the two from which hnsw_rs goes on building.
pub(super) const FILES: [&str; 3] = [LINKED, "graph.hnsw.graph", "graph.hnsw.data"];
/// Search widths tried, narrowest first, until the recall is reached.
const WIDTHS: [usize; 5] = [48, 96, 192, 384, 768];
/// Recall at 10 asked of a build.
const RECALL_TARGET: f64 = 0.99;
/// Stored vectors that ask at the end of a build.
const RECALL_SAMPLE: usize = 200;

/// One minus the cosine of two packed unit vectors.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct PackedCosine;

impl Distance<i8> for PackedCosine {
    fn eval(&self, a: &[i8], b: &[i8]) -> f32 {
        let steps = steps_per_unit(a.len());
        // The library takes no negative distances; quantised unit vectors can exceed 1 by a rounding.
        (1.0 - product(a, b) as f32 / (steps * steps)).max(0.0)
    }
}

/// The graph of a generation, to be searched.
#[derive(Debug)]
pub(super) struct Graph {
    links: Adjacency,
    width: usize,
}

/// Recall of a graph against the scan.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recall {
    /// Share of the true ten nearest found, 0 to 1.
    pub recall_at_10: f64,
    /// Search width at which it was measured and which searches use.
    pub width: usize,
    /// Number of stored vectors that asked.
    pub sample: usize,
}

impl Recall {
    /// What to tell the user when even the widest search misses more than one in a hundred.
    pub(super) fn warning(&self) -> Option<String> {
        (self.recall_at_10 < RECALL_TARGET).then(|| {
            format!(
                "the graph finds {:.3} of the ten nearest descriptors, under {RECALL_TARGET}; `--exact` finds all",
                self.recall_at_10
            )
        })
    }
}

/// Builds the graph of `vectors` into `dir` and measures it. `base` is a checked directory with a graph of the first
/// so many vectors, which is then extended. `progress` is called with the number inserted.
///
/// Points go in one after another in the order of the file, so that the same steps give the same graph.
pub(super) fn build(
    dir: &Path,
    vectors: &PackedVectors,
    base: Option<(&Path, usize)>,
    progress: &mut dyn FnMut(usize),
) -> Result<Recall> {
    let mut reader = base.map(|(dir, _)| HnswIo::new(dir, BASE));
    let loaded = reader
        .as_mut()
        .and_then(|reader| reader.load_hnsw::<i8, PackedCosine>().ok());
    let (hnsw, start) = match (loaded, base) {
        (Some(hnsw), Some((_, points))) => (hnsw, points),
        _ => (
            Hnsw::new(LINKS, vectors.len(), LAYERS, BUILD_CANDIDATES, PackedCosine),
            0,
        ),
    };
    for position in start..vectors.len() {
        hnsw.insert((vectors.vector(position), position));
        if position.is_multiple_of(1000) {
            progress(position);
        }
    }
    hnsw.file_dump(dir, BASE)
        .map_err(|error| IndexError::Damaged {
            path: dir.into(),
            what: format!("the graph could not be written: {error}"),
        })?;
    let path = dir.join(LINKED);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).at(&path)?);
    Adjacency::write(&mut out, links(&hnsw, vectors.len()))
        .and_then(|()| out.flush())
        .at(&path)?;
    Ok(measure(&Adjacency::open(&path)?, vectors))
}

fn measure(graph: &Adjacency, vectors: &PackedVectors) -> Recall {
    let sample = RECALL_SAMPLE.min(vectors.len());
    let asked: Vec<usize> = (0..sample).map(|k| k * vectors.len() / sample).collect();
    let truth: Vec<Vec<usize>> = asked
        .iter()
        .map(|&p| vectors.nearest(vectors.vector(p), 10))
        .collect();
    let mut recall = Recall {
        recall_at_10: 0.0,
        width: WIDTHS[0],
        sample,
    };
    for width in WIDTHS {
        let (mut found, mut total) = (0, 0);
        for (&position, truth) in asked.iter().zip(&truth) {
            let query = vectors.vector(position);
            // Ties at the tenth place are equally right.
            let worst = truth
                .last()
                .map_or(i32::MAX, |&last| product(query, vectors.vector(last)));
            let answers = graph.nearest(vectors, query, 10, width);
            found += answers
                .iter()
                .filter(|&&a| product(query, vectors.vector(a)) >= worst)
                .count()
                .min(truth.len());
            total += truth.len();
        }
        recall = Recall {
            recall_at_10: found as f64 / total.max(1) as f64,
            width,
            sample,
        };
        if recall.recall_at_10 >= RECALL_TARGET {
            break;
        }
    }
    recall
}

impl Graph {
    /// Maps the graph of `dir`, whose file has been checked.
    pub(super) fn open(dir: &Path, width: usize) -> Result<Self> {
        let links = Adjacency::open(&dir.join(LINKED))?;
        Ok(Self { links, width })
    }

    /// Positions of about the `k` nearest of `vectors`, best first; `width` overrides the one found at the build.
    pub(super) fn nearest(
        &self,
        vectors: &PackedVectors,
        query: &[i8],
        k: usize,
        width: Option<usize>,
    ) -> Vec<usize> {
        self.links
            .nearest(vectors, query, k, width.unwrap_or(self.width))
    }
}

/// Who is linked with whom, by position in the file of vectors.
fn links(hnsw: &Hnsw<'_, i8, PackedCosine>, points: usize) -> Links {
    let mut links = Links {
        lowest: vec![Vec::new(); points],
        higher: Vec::new(),
    };
    for point in hnsw.get_point_indexation() {
        let position = point.get_origin_id();
        let level = usize::from(point.get_point_id().0);
        let layers = point.get_neighborhood_id().into_iter().take(level + 1);
        for (layer, list) in layers.enumerate() {
            let list = list.iter().map(|other| other.d_id as u32).collect();
            match (layer, links.lowest.get_mut(position)) {
                (0, Some(lowest)) => *lowest = list,
                (0, None) => {}
                _ => links.higher.push((layer as u32, position as u32, list)),
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(dir: &Path) -> PackedVectors {
        let mut bytes = Vec::new();
        let mut state = 7_u32;
        for _ in 0..300 * 8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push((state >> 24) as i8 / 2);
        }
        let rows: Vec<u32> = (0..300).collect();
        let mut file = File::create(dir.join("vectors")).unwrap();
        PackedVectors::write(&mut file, 8, &bytes, &rows).unwrap();
        PackedVectors::open(&dir.join("vectors")).unwrap()
    }

    #[test]
    fn a_good_graph_warns_of_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let vectors = vectors(dir.path());
        let recall = build(dir.path(), &vectors, None, &mut |_| {}).unwrap();
        assert!(recall.recall_at_10 >= RECALL_TARGET);
        assert_eq!(recall.warning(), None);
    }

    #[test]
    fn a_graph_that_fell_apart_is_measured_and_warned_of() {
        let dir = tempfile::tempdir().unwrap();
        let vectors = vectors(dir.path());
        let pairs = Links {
            lowest: (0..300).map(|k: u32| vec![k ^ 1]).collect(),
            higher: Vec::new(),
        };
        let path = dir.path().join(LINKED);
        Adjacency::write(&mut File::create(&path).unwrap(), pairs).unwrap();
        let recall = measure(&Adjacency::open(&path).unwrap(), &vectors);
        assert_eq!(recall.width, *WIDTHS.last().unwrap(), "it tried them all");
        let warning = recall.warning().unwrap();
        assert!(
            warning.contains("under 0.99") && warning.contains("--exact"),
            "{warning}"
        );
    }
}
