//! Clusters of pictures that are one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::DisjointSets;
use crate::escape::cell;
use crate::index::{Kind, PicturePair, PictureSightings, Sighting};

/// Pictures that are one, or show one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Number of its first picture, which names the cluster.
    pub id: i64,
    /// Its pictures, by number.
    pub pictures: Vec<PictureSightings>,
}

impl Cluster {
    /// Number of sightings of all its pictures.
    #[must_use]
    pub fn sightings(&self) -> usize {
        self.seen().count()
    }

    /// Leaves one picture of every page: the page itself, else the first picture on it. A page and
    /// what it shows were seen once.
    fn name_pages_once(&mut self) {
        let mut named: BTreeSet<i64> = self.pictures.iter().map(|one| one.image_id).collect();
        self.pictures
            .retain(|one| one.page.is_none_or(|page| named.insert(page)));
    }

    /// The sightings of all its pictures.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Sighting> {
        self.pictures.iter().flat_map(|picture| &picture.sightings)
    }

    /// Whether one of its pictures is evidence by itself.
    #[must_use]
    pub fn is_evidence(&self) -> bool {
        self.pictures.iter().any(|picture| picture.mark.is_none())
    }
}

/// Chains pictures along the `pairs` of one picture, or along all of them for one object. Marked
/// pictures chain only with marked ones, and only at distance 0: a flat picture is near to every
/// other flat picture.
pub(super) fn chain(
    pictures: Vec<PictureSightings>,
    pairs: &[PicturePair],
    weakest: Kind,
) -> Vec<Cluster> {
    let position_of: BTreeMap<i64, usize> = pictures
        .iter()
        .enumerate()
        .map(|(k, picture)| (picture.image_id, k))
        .collect();
    let mut sets = DisjointSets::new(pictures.len());
    for pair in pairs.iter().filter(|pair| pair.kind <= weakest) {
        let (Some(&a), Some(&b)) = (position_of.get(&pair.first), position_of.get(&pair.second))
        else {
            continue;
        };
        let marked = [a, b].map(|k| pictures[k].mark.is_some());
        if marked == [false, false] || (marked == [true, true] && pair.distance == 0.0) {
            sets.join(a, b);
        }
    }
    let mut clusters: BTreeMap<usize, Cluster> = BTreeMap::new();
    for (k, picture) in pictures.into_iter().enumerate() {
        let cluster = clusters.entry(sets.root(k)).or_insert_with(|| Cluster {
            id: picture.image_id,
            pictures: Vec::new(),
        });
        cluster.pictures.push(picture);
    }
    let mut clusters: Vec<Cluster> = clusters.into_values().collect();
    clusters.iter_mut().for_each(Cluster::name_pages_once);
    clusters
}

pub(super) fn write(
    out: &mut (impl Write + ?Sized),
    name: &str,
    clusters: &[Cluster],
) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record([
        name,
        "image_id",
        "sha256",
        "mark",
        "seller",
        "platform",
        "listing",
        "file",
        "captured_at",
    ])?;
    for cluster in clusters {
        for picture in &cluster.pictures {
            let mark = picture.mark.map_or(String::new(), |mark| mark.to_string());
            for seen in &picture.sightings {
                rows.write_record([
                    &*cluster.id.to_string(),
                    &*picture.image_id.to_string(),
                    picture.sha256.as_str(),
                    mark.as_str(),
                    &*cell(&seen.seller),
                    &*cell(&seen.platform),
                    &*cell(&seen.listing),
                    &*cell(&seen.file),
                    &*cell(&seen.captured_at),
                ])?;
            }
        }
    }
    rows.flush()
}

pub(super) fn write_pairs(
    out: &mut (impl Write + ?Sized),
    pairs: &[PicturePair],
) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record([
        "image_a",
        "image_b",
        "kind",
        "method",
        "distance",
        "similarity",
    ])?;
    for pair in pairs {
        rows.write_record([
            &pair.first.to_string(),
            &pair.second.to_string(),
            &pair.kind.to_string(),
            &pair.method.to_string(),
            &format!("{:.4}", pair.distance),
            &format!("{:.4}", pair.similarity),
        ])?;
    }
    rows.flush()
}
