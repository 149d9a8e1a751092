//! The nearest descriptors: packed bytes propose, the floats in the database rank.

use std::cmp::Reverse;

use super::entry::Descriptor;
use super::error::{Result, WithPath};
use super::graph::Graph;
use super::store::Index;
use super::vectors::{PackedVectors, cosine, floats, normalised, product, quantise};

/// How widely descriptors are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Breadth {
    /// The graph, as wide as its build found necessary; without a graph, all.
    #[default]
    Tuned,
    /// The graph, with this many points kept on the way; without a graph, all.
    Width(usize),
    /// Every descriptor.
    All,
}

/// Most candidates by bytes beyond those that are wanted.
const SURPLUS: usize = 20;

/// Product of packed vectors, and row of `descriptor`.
type Candidate = (i32, u32);

impl Index {
    /// The `k` nearest stored descriptors of the same model, as (row of `descriptor`, cosine), best
    /// first.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`](super::IndexError::Input) for an impossible
    /// descriptor.
    pub fn near_descriptors(
        &self,
        descriptor: &Descriptor,
        k: usize,
        breadth: Breadth,
    ) -> Result<Vec<(i64, f32)>> {
        let vector = normalised(&descriptor.vector)?;
        if !self.can_compare(descriptor)? {
            return Ok(Vec::new());
        }
        let query = quantise(&vector);
        // Bytes rank nearly as floats do: more are looked up, then ranked by the floats.
        let wide = k + k.min(SURPLUS) + 8;
        let mut candidates = self.packed_candidates(&query, wide, breadth)?;
        candidates.extend(self.unpacked_candidates(&query)?);
        candidates.sort_unstable_by_key(|&(value, row)| (Reverse(value), row));
        candidates.truncate(wide);
        let rows: Vec<u32> = candidates.into_iter().map(|(_, row)| row).collect();
        let mut nearest = self.cosines(&rows, &vector)?;
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        nearest.truncate(k);
        Ok(nearest)
    }

    /// Whether the index holds descriptors of the same maker; warns when it holds others.
    fn can_compare(&self, descriptor: &Descriptor) -> Result<bool> {
        let Some((model, dimension)) = self.model else {
            return Ok(false);
        };
        let maker: (String, String) = self
            .db
            .prepare_cached("SELECT model, preprocessing FROM model WHERE id = ?1")
            .and_then(|mut statement| {
                statement.query_row([model], |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .with_path(&self.database)?;
        let same_maker = maker.0 == descriptor.model && descriptor.is_comparable(&maker.1);
        if same_maker && dimension == descriptor.vector.len() {
            return Ok(true);
        }
        self.warn_once(format!(
            "the index holds descriptors of model {} ({}), not of {} ({}): crops and composites are not searched; \
             describe everything with one model",
            maker.0, maker.1, descriptor.model, descriptor.preprocessing
        ));
        Ok(false)
    }

    fn packed_candidates(
        &self,
        query: &[i8],
        wide: usize,
        breadth: Breadth,
    ) -> Result<Vec<Candidate>> {
        let Some(packed) = self.packed_vectors() else {
            return Ok(Vec::new());
        };
        let (graph, width) = match breadth {
            Breadth::All => (None, None),
            Breadth::Tuned => (self.graph()?, None),
            Breadth::Width(width) => (self.graph()?, Some(width)),
        };
        let positions = match graph {
            Some(graph) => self.graph_positions(graph, packed, query, wide, width),
            None => packed.nearest(query, wide),
        };
        let rows = packed.rows();
        let candidate = |position| (product(packed.vector(position), query), rows[position]);
        let positions = positions.into_iter().filter(|&p| p < packed.len());
        Ok(positions.map(candidate).collect())
    }

    /// Positions that the graph proposes, and of all vectors that it does not hold yet.
    fn graph_positions(
        &self,
        graph: &Graph,
        packed: &PackedVectors,
        query: &[i8],
        wide: usize,
        width: Option<usize>,
    ) -> Vec<usize> {
        let manifest = self.generation.manifest.as_ref();
        let held = manifest.map_or(0, |manifest| manifest.graph_points);
        let proposed = graph.nearest(packed, query, wide, width);
        proposed.into_iter().chain(held..packed.len()).collect()
    }

    fn unpacked_candidates(&self, query: &[i8]) -> Result<Vec<Candidate>> {
        let tail = self.vector_tail()?;
        let vectors = tail.bytes.chunks_exact(query.len().max(1));
        let candidates = vectors.zip(&tail.rows);
        Ok(candidates
            .map(|(v, &row)| (product(v, query), row))
            .collect())
    }

    /// Cosines of stored descriptors with `vector`. One statement for all: each takes the
    /// database's locks anew.
    fn cosines(&self, rows: &[u32], vector: &[f32]) -> Result<Vec<(i64, f32)>> {
        let sql = "SELECT id, vector FROM descriptor WHERE id IN (SELECT value FROM json_each(?1))";
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        statement
            .query_map([format!("{rows:?}")], |found| {
                let bytes: Vec<u8> = found.get(1)?;
                Ok((found.get(0)?, cosine(&floats(&bytes), vector)))
            })
            .and_then(Iterator::collect)
            .with_path(&self.database)
    }

    fn graph(&self) -> Result<Option<&Graph>> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph.as_deref());
        }
        let graph = self.generation.graph().unwrap_or_else(|error| {
            self.warn_once(format!("{error}; scanning all descriptors until then"));
            None
        });
        Ok(self.graph.get_or_init(|| graph).as_deref())
    }

    fn warn_once(&self, warning: String) {
        if !self.warnings().contains(&warning) {
            self.warn(warning);
        }
    }

    /// A stored descriptor with its maker.
    pub(super) fn descriptor(&self, row: i64) -> Result<Descriptor> {
        let sql = "SELECT vector, model.model, preprocessing
                   FROM descriptor JOIN model ON model.id = descriptor.model WHERE descriptor.id = ?1";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.query_row([row], |row| {
                    let bytes: Vec<u8> = row.get(0)?;
                    Ok(Descriptor {
                        vector: floats(&bytes),
                        model: row.get(1)?,
                        preprocessing: row.get(2)?,
                    })
                })
            })
            .with_path(&self.database)
    }
}
