//! The HNSW graph over packed descriptors: a cache that finds candidates in a large collection.
//!
//! It is built by [`super::graph_build`]; searches read a file of our own.

use std::path::Path;

use super::adjacency::Adjacency;
use super::error::Result;
use super::vectors::PackedVectors;
#[cfg(any(feature = "graph", test))]
use super::vectors::product;

/// What a search reads.
pub(super) const LINKED: &str = "graph.links";
/// All files of a graph: what a search reads, and the two from which hnsw_rs goes on building.
pub(super) const FILES: [&str; 3] = [LINKED, "graph.hnsw.graph", "graph.hnsw.data"];
/// Search widths tried, narrowest first, until the recall is reached.
#[cfg(any(feature = "graph", test))]
const WIDTHS: [usize; 5] = [48, 96, 192, 384, 768];
/// Recall at 10 asked of a build.
const RECALL_TARGET: f64 = 0.99;
/// Stored vectors that ask at the end of a build.
#[cfg(any(feature = "graph", test))]
const RECALL_SAMPLE: usize = 200;

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
                "the graph finds {:.3} of the ten nearest descriptors, under {RECALL_TARGET}; an exact search finds all",
                self.recall_at_10
            )
        })
    }
}

/// Asks stored vectors for their nearest, at growing widths, and compares the answers with the
/// scan's.
#[cfg(any(feature = "graph", test))]
pub(super) fn measure(graph: &Adjacency, vectors: &PackedVectors) -> Recall {
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

    /// Positions of about the `k` nearest of `vectors`, best first; `width` overrides the one found
    /// at the build.
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

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::super::adjacency::Links;
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

    #[cfg(feature = "graph")]
    #[test]
    fn a_good_graph_warns_of_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let vectors = vectors(dir.path());
        let recall =
            super::super::graph_build::build(dir.path(), &vectors, None, &mut |_| {}).unwrap();
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
            warning.contains("under 0.99") && warning.contains("exact search"),
            "{warning}"
        );
    }
}
