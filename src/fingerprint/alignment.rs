//! How one picture lies in another, by their landmarks.
//!
//! Every pair of similar landmarks proposes the turn, scale and shift that would carry one onto the
//! other; the pairs that agree are counted, and the best proposal is refined. No step is random.

use std::f32::consts::{PI, TAU};

use super::affine::{AffineMap, PointPair};
use super::landmark::Landmark;
use super::landmarks::Landmarks;

/// Bits that may differ between two prints of one landmark.
const MAX_BITS: u32 = 76;
/// The same for the first word, tested before the others are read.
const MAX_BITS_FIRST_WORD: u32 = 25;
/// Distance within which a proposal is agreed with, in units of the asking picture's longer side.
const PROPOSAL_TOLERANCE: f32 = 0.035;
/// The same for the refined maps, one after another.
const REFINED_TOLERANCES: [f32; 3] = [0.025, 0.02, 0.016];
/// Largest difference of the turn of a landmark from that of the map, radians.
const MAX_TURN: f32 = 0.6;
/// Ratios of the scale of a landmark to that of the map.
const SCALE_RATIOS: std::ops::Range<f32> = 0.6..1.67;
/// Width of the rim of the asking picture in which no landmark is expected, and distance within
/// which corners of two frames coincide; in units of its longer side.
const RIM: f32 = 0.04;
/// Cells per side in which coverage is counted.
const COVERAGE_CELLS: usize = 4;
/// Cells per side in which unexplained landmarks are counted.
const EXPLAINED_CELLS: usize = 6;

/// How one picture lies in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// Landmarks that agree on one placement.
    pub inliers: usize,
    /// Landmarks of the stored picture that the placement puts inside the asking picture.
    pub visible: usize,
    /// Share of the overlap, in cells of a 4x4 grid that hold a visible landmark, that holds an
    /// agreeing one, 0 to 1.
    pub coverage: f32,
    /// Share of the visible landmarks that stand in cells of a 6x6 grid where none agrees, 0 to 1:
    /// near 0 for two prints, large where another product stands in the same layout.
    pub unexplained: f32,
    /// Size of the stored picture in the asking one: 1 when both longer sides coincide.
    pub scale: f32,
    /// Turn from the stored picture to the asking one, degrees, -180 to 180.
    pub rotation_deg: f32,
    /// Whether the asking picture is a mirror image.
    pub mirrored: bool,
    /// Whether the frames of both pictures coincide, corner by corner within 0.04 of the longer
    /// side, upright and not mirrored: hashes of the whole pictures are then hashes of one view.
    pub same_frame: bool,
}

impl Alignment {
    /// Whether the agreement is that of two prints of one picture, or of two shots of one object
    /// from about the same side ([`is_one_print`](Self::is_one_print) tells them apart).
    ///
    /// Asks for agreement that chance does not reach and that covers the overlap, so that a shared
    /// logo over another product does not pass. A layout full of words can:
    /// [`is_one_print`](Self::is_one_print) is stricter. How the limits were found:
    /// `eval/index/README.md`.
    #[must_use]
    pub fn is_same_picture(&self) -> bool {
        self.inliers >= 10 && self.inliers * 5 >= self.visible && self.coverage >= 0.45
    }

    /// Whether the agreement is too close for two shots of one object, whose ground, light and
    /// angle differ: the share of landmarks that agree and the share of the overlap that they cover
    /// sum to 1.1 or more; and whether no other product stands in a shared layout: at most 0.2
    /// unexplained. How the limits were found: `eval/index/README.md`.
    #[must_use]
    pub fn is_one_print(&self) -> bool {
        let share = self.inliers as f32 / self.visible.max(1) as f32;
        self.is_same_picture() && share + self.coverage >= 1.1 && self.unexplained <= 0.2
    }
}

impl Landmarks {
    /// The strongest placement of the picture of `self` in the picture of `query`, either way
    /// round; `None` when fewer than four landmarks agree on any.
    #[must_use]
    pub fn find_in(&self, query: &Self) -> Option<Alignment> {
        let upright = align(self, query, false);
        let flipped = self.points.iter().map(|p| p.mirrored(self.aspect));
        let flipped = Self {
            points: flipped.collect(),
            ..*self
        };
        let mirrored = align(&flipped, query, true);
        [upright, mirrored]
            .into_iter()
            .flatten()
            .max_by_key(|alignment| alignment.inliers)
    }
}

/// Two similar landmarks: positions in the stored and in the asking set, and differing bits.
type SimilarPair = (usize, usize, u32);

/// Positions of two landmarks that a map carries onto each other.
type Inlier = (usize, usize);

fn align(stored: &Landmarks, query: &Landmarks, mirrored: bool) -> Option<Alignment> {
    let pairs = similar_pairs(&stored.points, &query.points);
    let matcher = Matcher {
        stored: &stored.points,
        query: &query.points,
        pairs: &pairs,
    };
    let (map, inliers) = matcher.refine(matcher.best_proposal()?)?;
    Some(measured(stored, query, &map, &inliers, mirrored))
}

/// For each stored landmark its two most similar ones in the query.
fn similar_pairs(points: &[Landmark], query: &[Landmark]) -> Vec<SimilarPair> {
    let mut pairs = Vec::new();
    for (i, point) in points.iter().enumerate() {
        let mut nearest = [(u32::MAX, usize::MAX); 2];
        for (j, other) in query.iter().enumerate() {
            let first = (point.bits[0] ^ other.bits[0]).count_ones();
            if first > MAX_BITS_FIRST_WORD {
                continue;
            }
            let rest = (1..4).map(|k| (point.bits[k] ^ other.bits[k]).count_ones());
            let distance = first + rest.sum::<u32>();
            if distance < nearest[0].0 {
                nearest = [(distance, j), nearest[0]];
            } else if distance < nearest[1].0 {
                nearest[1] = (distance, j);
            }
        }
        let similar = nearest.into_iter().filter(|&(d, _)| d <= MAX_BITS);
        pairs.extend(similar.map(|(d, j)| (i, j, d)));
    }
    pairs
}

/// The landmarks of both pictures and their similar pairs.
struct Matcher<'a> {
    stored: &'a [Landmark],
    query: &'a [Landmark],
    pairs: &'a [SimilarPair],
}

impl Matcher<'_> {
    /// The inliers of the proposal that most pairs agree with; at least three.
    fn best_proposal(&self) -> Option<Vec<Inlier>> {
        let mut best: Option<Vec<Inlier>> = None;
        for &(i, j, _) in self.pairs {
            let map = proposal(self.stored[i], self.query[j]);
            let inliers = self.inliers(&map, PROPOSAL_TOLERANCE);
            let most = best.as_ref().map_or(2, Vec::len);
            if inliers.len() > most {
                best = Some(inliers);
            }
        }
        best
    }

    /// Fits a map to the inliers and counts anew, under ever stricter tolerances.
    fn refine(&self, mut inliers: Vec<Inlier>) -> Option<(AffineMap, Vec<Inlier>)> {
        let mut refined = None;
        for tolerance in REFINED_TOLERANCES {
            let map = AffineMap::least_squares(&self.point_pairs(&inliers))
                .filter(AffineMap::is_plausible)?;
            inliers = self.inliers(&map, tolerance);
            if inliers.len() < 4 {
                return None;
            }
            refined = Some(map);
        }
        refined.map(|map| (map, inliers))
    }

    fn point_pairs(&self, inliers: &[Inlier]) -> Vec<PointPair> {
        let pair = |&(i, j): &Inlier| {
            let (s, q) = (self.stored[i], self.query[j]);
            [s.x, s.y, q.x, q.y].map(f64::from)
        };
        inliers.iter().map(pair).collect()
    }

    /// The pairs that `map` carries onto each other within `tolerance` of the query's longer side,
    /// each landmark used once, nearest descriptors first.
    fn inliers(&self, map: &AffineMap, tolerance: f32) -> Vec<Inlier> {
        let (scale, turn) = (map.scale(), map.angle());
        let limit = (tolerance * scale.max(0.4)).powi(2);
        let mut found: Vec<(u32, usize, usize)> = Vec::new();
        for &(i, j, distance) in self.pairs {
            let (s, q) = (&self.stored[i], &self.query[j]);
            let (x, y) = map.apply(s.x, s.y);
            if (x - q.x).powi(2) + (y - q.y).powi(2) > limit {
                continue;
            }
            let turned = (q.angle() - s.angle() - turn).rem_euclid(TAU);
            let ratio = q.scale() / s.scale() / scale;
            if turned.min(TAU - turned) < MAX_TURN && SCALE_RATIOS.contains(&ratio) {
                found.push((distance, i, j));
            }
        }
        found.sort_unstable();
        let mut agreed: Vec<Inlier> = Vec::with_capacity(found.len());
        for (_, i, j) in found {
            if agreed.iter().all(|&(a, b)| a != i && b != j) {
                agreed.push((i, j));
            }
        }
        agreed
    }
}

/// The similarity by which one pair of landmarks would lie on each other. Levels count from each
/// picture's own longer side, so their ratio is the ratio of sizes in those units.
fn proposal(stored: Landmark, query: Landmark) -> AffineMap {
    let scale = query.scale() / stored.scale();
    let angle = query.angle() - stored.angle();
    AffineMap::similarity(scale, angle, (stored.x, stored.y), (query.x, query.y))
}

/// What a map that landmarks agree on says about the two pictures.
fn measured(
    stored: &Landmarks,
    query: &Landmarks,
    map: &AffineMap,
    inliers: &[Inlier],
    mirrored: bool,
) -> Alignment {
    let visible: Vec<&Landmark> = stored
        .points
        .iter()
        .filter(|point| is_inside(map.apply(point.x, point.y), query.aspect))
        .collect();
    let agreeing: Vec<&Landmark> = inliers.iter().map(|&(i, _)| &stored.points[i]).collect();
    Alignment {
        inliers: inliers.len(),
        visible: visible.len().max(inliers.len()),
        coverage: coverage(&visible, &agreeing, stored.aspect),
        unexplained: unexplained(&visible, &agreeing, stored.aspect),
        scale: map.scale(),
        rotation_deg: map.angle() * 180.0 / PI,
        mirrored,
        same_frame: !mirrored && frames_coincide(map, stored.aspect, query.aspect),
    }
}

/// Whether a point lies in a picture with these sides, off its rim.
fn is_inside((x, y): (f32, f32), aspect: (f32, f32)) -> bool {
    (RIM..aspect.0 - RIM).contains(&x) && (RIM..aspect.1 - RIM).contains(&y)
}

/// Number of the cell in which a landmark stands, of `cells` x `cells`.
fn cell(point: &Landmark, aspect: (f32, f32), cells: usize) -> usize {
    let index =
        |value: f32, side: f32| ((cells as f32 * value / side.max(1e-6)) as usize).min(cells - 1);
    cells * index(point.y, aspect.1) + index(point.x, aspect.0)
}

/// Share of the cells with a visible or agreeing landmark that hold an agreeing one.
fn coverage(visible: &[&Landmark], agreeing: &[&Landmark], aspect: (f32, f32)) -> f32 {
    let (mut seen, mut agreed) = (
        [false; COVERAGE_CELLS.pow(2)],
        [false; COVERAGE_CELLS.pow(2)],
    );
    for point in visible {
        seen[cell(point, aspect, COVERAGE_CELLS)] = true;
    }
    for point in agreeing {
        let cell = cell(point, aspect, COVERAGE_CELLS);
        (seen[cell], agreed[cell]) = (true, true);
    }
    let count = |cells: &[bool]| cells.iter().filter(|&&held| held).count() as f32;
    count(&agreed) / count(&seen)
}

/// Share of the visible landmarks that stand in cells where none agrees.
fn unexplained(visible: &[&Landmark], agreeing: &[&Landmark], aspect: (f32, f32)) -> f32 {
    let mut explained = [false; EXPLAINED_CELLS.pow(2)];
    for point in agreeing {
        explained[cell(point, aspect, EXPLAINED_CELLS)] = true;
    }
    let is_unexplained = |point: &&&Landmark| !explained[cell(point, aspect, EXPLAINED_CELLS)];
    let count = visible.iter().filter(is_unexplained).count();
    count as f32 / visible.len().max(1) as f32
}

/// Whether the map carries the corners of one frame onto those of the other.
fn frames_coincide(map: &AffineMap, stored: (f32, f32), query: (f32, f32)) -> bool {
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    corners.iter().all(|(x, y)| {
        let (across, down) = map.apply(x * stored.0, y * stored.1);
        (across - x * query.0).hypot(down - y * query.1) <= RIM
    })
}

#[cfg(test)]
mod tests {
    use super::super::landmarks::{QUERY_LANDMARKS, STORED_LANDMARKS, landmarks};
    use super::*;
    use crate::fingerprint::test_pictures::discs;
    use image::imageops::{self, FilterType};
    use image::{Rgb, RgbImage};
    use proptest::prelude::*;

    fn found(original: &RgbImage, copy: &RgbImage) -> Option<Alignment> {
        landmarks(original, STORED_LANDMARKS).find_in(&landmarks(copy, QUERY_LANDMARKS))
    }

    #[test]
    fn a_crop_is_placed_where_it_was_cut() {
        let original = discs(600, 400, 1);
        let crop = imageops::crop_imm(&original, 150, 60, 420, 280).to_image();
        let alignment = found(&original, &crop).unwrap();
        assert!(alignment.is_same_picture(), "{alignment:?}");
        // 600 pixels of the original against 420 of the crop.
        assert!(
            (alignment.scale - 600.0 / 420.0).abs() < 0.03,
            "{alignment:?}"
        );
        assert!(alignment.rotation_deg.abs() < 2.0 && !alignment.mirrored);
    }

    #[test]
    fn a_thumbnail_is_found_in_both_directions() {
        let original = discs(640, 480, 5);
        let small = imageops::resize(&original, 150, 112, FilterType::Triangle);
        for (stored, asked) in [(&original, &small), (&small, &original)] {
            let alignment = found(stored, asked).unwrap();
            assert!(alignment.is_same_picture(), "{alignment:?}");
            assert!((alignment.scale - 1.0).abs() < 0.03, "{alignment:?}");
        }
    }

    #[test]
    fn a_screenshot_with_frame_and_a_mirrored_copy_are_found() {
        let original = discs(500, 400, 2);
        let mut screen = RgbImage::from_pixel(540, 960, Rgb([240, 240, 240]));
        imageops::replace(
            &mut screen,
            &imageops::resize(&original, 430, 344, FilterType::Triangle),
            50,
            300,
        );
        assert!(found(&original, &screen).unwrap().is_same_picture());
        let mirrored = found(&original, &imageops::flip_horizontal(&original)).unwrap();
        assert!(
            mirrored.is_same_picture() && mirrored.mirrored,
            "{mirrored:?}"
        );
        let turned = found(&original, &imageops::rotate90(&original)).unwrap();
        assert!(
            turned.is_same_picture() && (turned.rotation_deg - 90.0).abs() < 2.0,
            "{turned:?}"
        );
    }

    #[test]
    fn one_banner_over_two_products_is_not_one_picture() {
        let banner = discs(500, 120, 9);
        let with_banner = |seed| {
            let mut product = discs(500, 400, seed);
            imageops::replace(&mut product, &banner, 0, 280);
            product
        };
        let alignment = found(&with_banner(3), &with_banner(4));
        assert!(
            alignment.is_some_and(|a| a.inliers >= 8),
            "the banner itself is found: {alignment:?}"
        );
        assert!(!alignment.unwrap().is_same_picture(), "{alignment:?}");
    }

    #[test]
    fn a_flat_picture_has_no_landmarks_and_aligns_with_nothing() {
        let flat = landmarks(
            &RgbImage::from_pixel(300, 200, Rgb([255, 255, 255])),
            STORED_LANDMARKS,
        );
        assert!(flat.is_empty());
        assert_eq!(
            flat.find_in(&landmarks(&discs(300, 200, 5), QUERY_LANDMARKS)),
            None
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn different_pictures_do_not_align(a in 10u64..1000, b in 2000u64..3000) {
            let alignment = found(&discs(300, 240, a), &discs(300, 240, b));
            prop_assert!(alignment.is_none_or(|found| !found.is_same_picture()), "{:?}", alignment);
        }
    }
}
