//! The graph of sellers: who shows the same pictures.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::clusters::Cluster;
use crate::escape::cell;
use crate::moment::compare;

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
    /// Distinct objects of which both show a picture, in other shots than the shared pictures or
    /// beside them.
    pub shared_objects: usize,
    /// Sum over the shared pictures of 1 / log2(number of shops that show it): 1 for a picture of
    /// these two alone, 0.19 for one that 37 shops show (after Adamic and Adar 2003).
    pub strength: f64,
    /// First capture of a shared picture by either, empty when undated.
    pub first_seen: String,
    /// Last such capture.
    pub last_seen: String,
}

/// Shops in alphabetical order, and the edges between them.
pub(super) fn connect(clusters: &[Cluster], objects: &[Cluster]) -> (Vec<Shop>, Vec<Edge>) {
    let (mut shops, positions) = shops_of(clusters);
    let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for cluster in clusters {
        let shown = captures(cluster, &positions);
        shown.keys().for_each(|&shop| shops[shop].pictures += 1);
        share_picture(&shown, cluster.is_evidence(), &mut edges);
    }
    for object in objects {
        share_object(&captures(object, &positions), &mut edges);
    }
    let edges: Vec<Edge> = edges.into_values().filter(|edge| edge.shared > 0).collect();
    for (group, members) in groups(shops.len(), &edges).into_iter().enumerate() {
        members
            .into_iter()
            .for_each(|shop| shops[shop].group = group + 1);
    }
    (shops, edges)
}

/// Positions of the shops by seller and platform.
type Positions<'a> = BTreeMap<(&'a str, &'a str), usize>;

/// The sellers of all sightings, with their listings, in alphabetical order.
fn shops_of(clusters: &[Cluster]) -> (Vec<Shop>, Positions<'_>) {
    let mut listings: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for seen in clusters.iter().flat_map(Cluster::seen) {
        if !seen.seller.is_empty() {
            let shop = listings.entry((&seen.seller, &seen.platform)).or_default();
            shop.extend((!seen.listing.is_empty()).then_some(seen.listing.as_str()));
        }
    }
    let positions = listings.keys().copied().zip(0..).collect();
    let shop = |(&(seller, platform), listings): (&(&str, &str), &BTreeSet<&str>)| Shop {
        seller: seller.into(),
        platform: platform.into(),
        listings: listings.len(),
        ..Shop::default()
    };
    (listings.iter().map(shop).collect(), positions)
}

/// First and last capture, empty when undated.
#[derive(Debug, Clone, Default)]
struct Span {
    first: String,
    last: String,
}

impl Span {
    fn widen(&mut self, first: &str, last: &str) {
        if !first.is_empty() && (self.first.is_empty() || compare(first, &self.first).is_lt()) {
            self.first = first.into();
        }
        if !last.is_empty() && (self.last.is_empty() || compare(last, &self.last).is_gt()) {
            self.last = last.into();
        }
    }
}

/// The shops that show a picture or an object, and when.
fn captures(cluster: &Cluster, positions: &Positions<'_>) -> BTreeMap<usize, Span> {
    let mut shown: BTreeMap<usize, Span> = BTreeMap::new();
    for seen in cluster.seen() {
        if let Some(&shop) = positions.get(&(seen.seller.as_str(), seen.platform.as_str())) {
            let span = shown.entry(shop).or_default();
            span.widen(&seen.captured_at, &seen.captured_at);
        }
    }
    shown
}

/// Counts a picture for every two of the shops that show it.
fn share_picture(
    shown: &BTreeMap<usize, Span>,
    is_evidence: bool,
    edges: &mut BTreeMap<(usize, usize), Edge>,
) {
    let weight = 1.0 / (shown.len().max(2) as f64).log2();
    for (position, (&a, when_a)) in shown.iter().enumerate() {
        for (&b, when_b) in shown.iter().skip(position + 1) {
            let edge = edges.entry((a, b)).or_insert_with(|| Edge::between(a, b));
            if is_evidence {
                edge.shared += 1;
                edge.strength += weight;
                edge.widen(when_a);
                edge.widen(when_b);
            } else {
                edge.shared_marked += 1;
            }
        }
    }
}

/// Counts an object for every two of its shops that share a picture.
fn share_object(shown: &BTreeMap<usize, Span>, edges: &mut BTreeMap<(usize, usize), Edge>) {
    for &a in shown.keys() {
        for &b in shown.range(a + 1..).map(|(b, _)| b) {
            if let Some(edge) = edges.get_mut(&(a, b)) {
                edge.shared_objects += 1;
            }
        }
    }
}

impl Edge {
    fn between(a: usize, b: usize) -> Self {
        Self {
            a,
            b,
            shared: 0,
            shared_marked: 0,
            shared_objects: 0,
            strength: 0.0,
            first_seen: String::new(),
            last_seen: String::new(),
        }
    }

    fn widen(&mut self, span: &Span) {
        let mut seen = Span {
            first: std::mem::take(&mut self.first_seen),
            last: std::mem::take(&mut self.last_seen),
        };
        seen.widen(&span.first, &span.last);
        (self.first_seen, self.last_seen) = (seen.first, seen.last);
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

pub(super) fn write(
    out: &mut (impl Write + ?Sized),
    shops: &[Shop],
    edges: &[Edge],
) -> io::Result<()> {
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
            &*cell(&a.seller),
            &*cell(&a.platform),
            &*cell(&b.seller),
            &*cell(&b.platform),
            &*edge.shared.to_string(),
            &*edge.shared_marked.to_string(),
            &*edge.shared_objects.to_string(),
            &*format!("{:.4}", edge.strength),
            &*cell(&edge.first_seen),
            &*cell(&edge.last_seen),
        ])?;
    }
    rows.flush()
}
