//! Building the HNSW graph over packed descriptors, by hnsw_rs.
//!
//! Its loader ends the process on some damaged files, so it is called only to build on, after the
//! generation's checksums hold.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use hnsw_rs::prelude::{AnnT, Distance, Hnsw, HnswIo};

use super::adjacency::{Adjacency, Links};
use super::error::{IndexError, Result, WithPath};
use super::graph::{LINKED, Recall, measure};
use super::vectors::{PackedVectors, product, steps_per_unit};

/// Links per point; twice as many in the lowest layer.
const LINKS: usize = 16;
/// Candidates kept while a point is inserted.
const BUILD_CANDIDATES: usize = 160;
const LAYERS: usize = 16;
/// Name of the two files hnsw_rs writes, before its own endings.
const BASE: &str = "graph";

/// One minus the cosine of two packed unit vectors.
#[derive(Debug, Default, Clone, Copy)]
struct PackedCosine;

impl Distance<i8> for PackedCosine {
    fn eval(&self, a: &[i8], b: &[i8]) -> f32 {
        let steps = steps_per_unit(a.len());
        // The library takes no negative distances; quantised unit vectors can exceed 1 by a
        // rounding.
        (1.0 - product(a, b) as f32 / (steps * steps)).max(0.0)
    }
}

/// Builds the graph of `vectors` into `dir` and measures it. `base` is a checked directory with a
/// graph of the first so many vectors, which is then extended. `progress` is called with the number
/// inserted.
///
/// Points go in one after another in the order of the file, so that the same steps give the same
/// graph.
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
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).with_path(&path)?);
    Adjacency::write(&mut out, links(&hnsw, vectors.len()))
        .and_then(|()| out.flush())
        .with_path(&path)?;
    Ok(measure(&Adjacency::open(&path)?, vectors))
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
