//! From matches to people: clusters of one picture, and the graph of sellers who share pictures.
//!
//! A cluster is a set of pictures chained by pairs that are one picture; an object is a set of
//! pictures, of several clusters, chained also by pairs that show one object. Objects make no edge.
//! Pictures that are no evidence by themselves (low quality, near-uniform, repeated through a shop)
//! never chain clusters and never make an edge: they are counted beside the edges that other
//! pictures make. Pictures that show nothing are passed over.
//!
//! ```
//! # use faunalens::index::{Index, Settings};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let index = Index::create(&dir.path().join("seen"), Settings::default())?;
//! let links = faunalens::links::find(&index, &Default::default(), &mut |_| ())?;
//! links.write(&dir.path().join("links"))?;
//! println!("{} clusters, {} pairs of sellers", links.clusters.len(), links.edges.len());
//! # Ok(())
//! # }
//! ```

mod clusters;
mod disjoint_sets;
mod graphml;
mod sellers;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::escape::name;
use crate::fingerprint::MATCH_DISTANCE;
use crate::index::{Index, IndexError, Kind, PicturePair, Weakness};
use crate::replace::replace;

pub use clusters::Cluster;
pub(crate) use disjoint_sets::DisjointSets;
pub use sellers::{Edge, Shop};

/// What counts as a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Hamming distance up to which hashes are one picture.
    pub max_distance: u32,
    /// Candidates by descriptor verified per picture; 0 goes by hashes alone.
    pub candidates: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_distance: MATCH_DISTANCE,
            candidates: 8,
        }
    }
}

impl Options {
    /// The Hamming distance up to which PDQ hashes are one picture, 0 to 256.
    #[must_use]
    pub fn max_distance(mut self, bits: u32) -> Self {
        self.max_distance = bits;
        self
    }

    /// Candidates by descriptor verified per picture; 0 goes by hashes alone.
    #[must_use]
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.candidates = candidates;
        self
    }
}

/// Everything that links the sellers of an index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Links {
    /// Clusters of two pictures or sightings and more, by their first picture.
    pub clusters: Vec<Cluster>,
    /// Pictures of one object in several shots, where there is more than one picture of it, by its
    /// first. Found by descriptor and landmarks, and weaker than a cluster: objects of one mould
    /// look alike.
    pub objects: Vec<Cluster>,
    /// Pairs of pictures that are one, or show one object.
    pub pairs: Vec<PicturePair>,
    /// Shops: sellers on a platform.
    pub shops: Vec<Shop>,
    /// Pairs of shops that share pictures, by number of shop.
    pub edges: Vec<Edge>,
}

/// A failure to find or write links.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinksError {
    /// The index refused.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A file could not be written.
    #[error(
        "{}: {source}; check that the directory is writable and has room",
        name(path)
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's own message.
        source: io::Error,
    },
}

/// Finds the links of an index. `progress` is called with the share done, 0 to 1.
///
/// # Errors
/// [`LinksError::Index`].
pub fn find(
    index: &Index,
    options: &Options,
    progress: &mut dyn FnMut(f64),
) -> Result<Links, LinksError> {
    let pairs = index.pairs(options.max_distance, options.candidates, progress)?;
    let mut pictures = index.pictures()?;
    pictures.retain(|picture| picture.mark != Some(Weakness::Blank));
    let objects = match pairs.iter().any(|pair| pair.kind == Kind::Object) {
        true => clusters::chain(pictures.clone(), &pairs, Kind::Object),
        false => Vec::new(),
    };
    let clusters = clusters::chain(pictures, &pairs, Kind::Picture);
    let objects = beyond_clusters(objects, &clusters);
    let (shops, edges) = sellers::connect(&clusters, &objects);
    let clusters = clusters
        .into_iter()
        .filter(|cluster| cluster.sightings() > 1)
        .collect();
    Ok(Links {
        clusters,
        objects,
        pairs,
        shops,
        edges,
    })
}

/// The objects of more than one cluster: one whose pictures are all one picture says nothing that its
/// cluster does not.
fn beyond_clusters(objects: Vec<Cluster>, clusters: &[Cluster]) -> Vec<Cluster> {
    let lengths: BTreeMap<i64, usize> = clusters
        .iter()
        .map(|cluster| (cluster.id, cluster.pictures.len()))
        .collect();
    let is_more = |object: &Cluster| lengths.get(&object.id) != Some(&object.pictures.len());
    objects.into_iter().filter(is_more).collect()
}

impl Links {
    /// Writes `clusters.csv`, `objects.csv`, `pairs.csv`, `edges.csv` and `sellers.graphml` into
    /// `dir`, which is made.
    ///
    /// # Errors
    /// [`LinksError::Write`].
    pub fn write(&self, dir: &Path) -> Result<(), LinksError> {
        fs::create_dir_all(dir).map_err(|source| LinksError::Write {
            path: dir.into(),
            source,
        })?;
        let write = |name: &str, first: &str, body: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
            let path = dir.join(name);
            replace(&path, first, body).map_err(|source| LinksError::Write { path, source })
        };
        write("clusters.csv", "cluster,", &|out| {
            clusters::write(out, "cluster", &self.clusters)
        })?;
        write("objects.csv", "object,", &|out| {
            clusters::write(out, "object", &self.objects)
        })?;
        write("pairs.csv", "image_a,", &|out| {
            clusters::write_pairs(out, &self.pairs)
        })?;
        write("edges.csv", "seller_a,", &|out| {
            sellers::write(out, &self.shops, &self.edges)
        })?;
        write("sellers.graphml", "<?xml ", &|out| {
            graphml::write(out, &self.shops, &self.edges)
        })
    }
}
