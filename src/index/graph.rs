//! The HNSW graph over packed descriptors: a cache that finds candidates in a large collection.
//!
//! hnsw_rs ends the process on some damaged files, so nothing here is called before the generation's checksums hold.

use std::path::Path;

use hnsw_rs::prelude::{AnnT, Distance, Hnsw, HnswIo};

use super::error::{IndexError, Result};
use super::vectors::{PackedVectors, product, steps_per_unit};

/// Links per point; twice as many in the lowest layer.
const LINKS: usize = 16;
/// Candidates kept while a point is inserted.
const BUILD_CANDIDATES: usize = 160;
const LAYERS: usize = 16;
/// Name of the two files hnsw_rs writes, before its own endings.
const BASE: &str = "graph";
/// The two files.
pub(super) const FILES: [&str; 2] = ["graph.hnsw.graph", "graph.hnsw.data"];
/// Search widths tried, narrowest first, until the recall is reached.
const WIDTHS: [usize; 5] = [48, 96, 192, 384, 768];
/// Recall at 10 asked of a build.
pub(super) const RECALL_TARGET: f64 = 0.99;
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

/// A loaded graph.
pub(super) struct Graph {
    hnsw: Hnsw<'static, i8, PackedCosine>,
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
    let recall = measure(&hnsw, vectors);
    hnsw.file_dump(dir, BASE)
        .map_err(|error| IndexError::Damaged {
            path: dir.into(),
            what: format!("the graph could not be written: {error}"),
        })?;
    Ok(recall)
}

fn measure(hnsw: &Hnsw<'_, i8, PackedCosine>, vectors: &PackedVectors) -> Recall {
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
            let answers = hnsw.search(query, 10, width);
            found += answers
                .iter()
                .filter(|a| product(query, vectors.vector(a.d_id)) >= worst)
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
    /// Loads the graph of `dir`, whose files have been checked.
    pub(super) fn load(dir: &Path, width: usize) -> Result<Self> {
        let (dir_of_files, base) = (dir.to_path_buf(), BASE);
        let loaded = std::panic::catch_unwind(move || {
            // The library ties the graph to its reader, a few hundred bytes, which so lives as long as the process.
            let reader: &'static mut HnswIo = Box::leak(Box::new(HnswIo::new(&dir_of_files, base)));
            reader.load_hnsw::<i8, PackedCosine>()
        });
        let damaged = |what: String| IndexError::Damaged {
            path: dir.join(FILES[0]),
            what,
        };
        let mut hnsw = loaded
            .map_err(|_| damaged("the graph library refused it".into()))?
            .map_err(|error| damaged(error.to_string()))?;
        hnsw.set_searching_mode(true);
        Ok(Self { hnsw, width })
    }

    /// Positions of about the `k` nearest vectors, best first.
    pub(super) fn nearest(&self, query: &[i8], k: usize) -> Vec<usize> {
        self.hnsw
            .search(query, k, self.width.max(k))
            .into_iter()
            .map(|found| found.d_id)
            .collect()
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("points", &self.hnsw.get_nb_point())
            .field("width", &self.width)
            .finish()
    }
}
