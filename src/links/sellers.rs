//! The graph of sellers: who shows the same pictures.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::clusters::Cluster;

/// A seller on a platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shop {
    /// Seller's name.
    pub seller: String,
    /// Platform; empty when unknown.
    pub platform: String,
    /// Distinct pictures shown, clusters counted once.
    pub pictures: usize,
    /// Distinct listings.
    pub listings: usize,
    /// Number of its connected group of shops, from 1 by size; 0 for a shop without edges.
    pub group: usize,
}

/// Two shops that share pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Position of the first shop.
    pub a: usize,
    /// Position of the second shop, larger than the first.
    pub b: usize,
    /// Distinct shared pictures that are evidence by themselves.
    pub shared: usize,
    /// Distinct shared pictures that are not.
    pub shared_marked: usize,
    /// Distinct objects of which both show a picture, in other shots than the shared pictures or beside them.
    pub shared_objects: usize,
    /// Sum over the shared pictures of 1 / log2(number of shops that show it): 1 for a picture of these two alone,
    /// 0.19 for one that 37 shops show (after Adamic and Adar 2003).
    pub strength: f64,
    /// First capture of a shared picture by either, empty when undated.
    pub first_seen: String,
    /// Last such capture.
    pub last_seen: String,
}

/// Shops in alphabetical order, and the edges between them.
pub(super) fn connect(clusters: &[Cluster], objects: &[Cluster]) -> (Vec<Shop>, Vec<Edge>) {
    let mut listings: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for seen in clusters
        .iter()
        .flat_map(|cluster| &cluster.pictures)
        .flat_map(|picture| &picture.sightings)
    {
        if !seen.seller.is_empty() {
            let own = listings.entry((&seen.seller, &seen.platform)).or_default();
            own.extend((!seen.listing.is_empty()).then_some(seen.listing.as_str()));
        }
    }
    let place: BTreeMap<(&str, &str), usize> = listings
        .keys()
        .enumerate()
        .map(|(k, &key)| (key, k))
        .collect();
    let mut shops: Vec<Shop> = listings
        .iter()
        .map(|(&(seller, platform), own)| Shop {
            seller: seller.into(),
            platform: platform.into(),
            listings: own.len(),
            ..Shop::default()
        })
        .collect();

    let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for cluster in clusters {
        // Per shop, the first and last capture of this picture.
        let mut shown: BTreeMap<usize, (String, String)> = BTreeMap::new();
        for seen in cluster
            .pictures
            .iter()
            .flat_map(|picture| &picture.sightings)
        {
            let Some(&shop) = place.get(&(seen.seller.as_str(), seen.platform.as_str())) else {
                continue;
            };
            let span = shown.entry(shop).or_default();
            widen(span, &seen.captured_at, &seen.captured_at);
        }
        let evidence = cluster.is_evidence();
        let weight = 1.0 / (shown.len().max(2) as f64).log2();
        for (position, (&a, when_a)) in shown.iter().enumerate() {
            shops[a].pictures += 1;
            for (&b, when_b) in shown.iter().skip(position + 1) {
                let edge = edges.entry((a, b)).or_insert_with(|| Edge {
                    a,
                    b,
                    shared: 0,
                    shared_marked: 0,
                    shared_objects: 0,
                    strength: 0.0,
                    first_seen: String::new(),
                    last_seen: String::new(),
                });
                if evidence {
                    edge.shared += 1;
                    edge.strength += weight;
                    let mut span = (
                        std::mem::take(&mut edge.first_seen),
                        std::mem::take(&mut edge.last_seen),
                    );
                    widen(&mut span, &when_a.0, &when_a.1);
                    widen(&mut span, &when_b.0, &when_b.1);
                    (edge.first_seen, edge.last_seen) = span;
                } else {
                    edge.shared_marked += 1;
                }
            }
        }
    }
    for object in objects {
        let sightings = object
            .pictures
            .iter()
            .flat_map(|picture| &picture.sightings);
        let shown: BTreeSet<usize> = sightings
            .filter_map(|seen| place.get(&(seen.seller.as_str(), seen.platform.as_str())))
            .copied()
            .collect();
        for &a in &shown {
            for &b in shown.range(a + 1..) {
                if let Some(edge) = edges.get_mut(&(a, b)) {
                    edge.shared_objects += 1;
                }
            }
        }
    }
    let edges: Vec<Edge> = edges.into_values().filter(|edge| edge.shared > 0).collect();
    for (group, members) in groups(shops.len(), &edges).into_iter().enumerate() {
        members
            .into_iter()
            .for_each(|shop| shops[shop].group = group + 1);
    }
    (shops, edges)
}

fn widen(span: &mut (String, String), first: &str, last: &str) {
    if !first.is_empty() && (span.0.is_empty() || first < span.0.as_str()) {
        span.0 = first.into();
    }
    if last > span.1.as_str() {
        span.1 = last.into();
    }
}

/// Connected groups of two shops and more, largest first, then by first shop.
fn groups(shops: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..shops).collect();
    fn find(leader: &mut [usize], mut k: usize) -> usize {
        while leader[k] != k {
            leader[k] = leader[leader[k]];
            k = leader[k];
        }
        k
    }
    for edge in edges {
        let (a, b) = (find(&mut leader, edge.a), find(&mut leader, edge.b));
        leader[a.max(b)] = a.min(b);
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for shop in 0..shops {
        members
            .entry(find(&mut leader, shop))
            .or_default()
            .push(shop);
    }
    let mut groups: Vec<Vec<usize>> = members
        .into_values()
        .filter(|group| group.len() > 1)
        .collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
    groups
}

pub(super) fn write(out: &mut impl Write, shops: &[Shop], edges: &[Edge]) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record([
        "seller_a",
        "platform_a",
        "seller_b",
        "platform_b",
        "shared_pictures",
        "shared_marked_pictures",
        "shared_objects",
        "strength",
        "first_seen",
        "last_seen",
    ])?;
    for edge in edges {
        let (a, b) = (&shops[edge.a], &shops[edge.b]);
        rows.write_record([
            &a.seller,
            &a.platform,
            &b.seller,
            &b.platform,
            &edge.shared.to_string(),
            &edge.shared_marked.to_string(),
            &edge.shared_objects.to_string(),
            &format!("{:.4}", edge.strength),
            &edge.first_seen,
            &edge.last_seen,
        ])?;
    }
    rows.flush()
}
