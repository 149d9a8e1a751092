//! Landmarks: oriented corners with binary descriptors, few enough to keep for every picture, so that a crop, a
//! bordered copy or a screenshot can be checked against a picture whose file is long gone.
//!
//! Corners are maxima of the Harris response (Harris and Stephens 1988) on a pyramid; each carries the direction of
//! its intensity centroid (Rosin 1999) and 256 brightness comparisons in a patch turned to that direction, after
//! BRIEF (Calonder et al. 2010) and ORB (Rublee et al. 2011). The comparison pattern is its own: it is closed under
//! mirroring, so that the descriptor of a mirrored patch is the same bits with the two halves exchanged.
//!
//! Two pictures are aligned by letting every pair of similar landmarks propose the turn, scale and shift that would
//! carry one onto the other, and counting the pairs that agree. No step is random.

use std::f32::consts::{PI, TAU};
use std::sync::OnceLock;

use image::RgbImage;

/// Identifies this definition of landmarks beside every stored set. 2: pictures under 320 pixels are enlarged first;
/// sets of both definitions can be compared.
pub const LANDMARKS_ID: &str = "landmarks/2 320 harris brief256";

/// Landmarks kept per stored picture.
pub const STORED_LANDMARKS: usize = 96;
/// Landmarks taken from a picture that asks; more than are stored, since only part of it may be the old picture.
pub const QUERY_LANDMARKS: usize = 288;

/// Longer side, in pixels, of the first pyramid level.
const WORKING_SIDE: usize = 320;
/// Ratio between pyramid levels, 2^(1/3).
const LEVEL_RATIO: f32 = 1.259_921;
/// Number of pyramid levels: the last is 1/5 of the first.
const LEVELS: usize = 8;
/// Radius of the patch a descriptor reads, in pixels of its level.
const PATCH: i32 = 12;
/// Directions that have a comparison pattern of their own.
const DIRECTIONS: usize = 32;
/// Cells per side over which landmarks are spread.
const CELLS: usize = 6;
/// Harris response under which a maximum is noise (grey levels to the fourth power).
const MIN_RESPONSE: f32 = 2.0e4;
/// Bytes of one landmark in [`Landmarks::to_bytes`].
const PACKED: usize = 38;

/// One corner.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Landmark {
    /// Position in units of the longer side of the picture.
    x: f32,
    y: f32,
    /// Pyramid level, 0 the finest.
    level: u8,
    /// Direction, in steps of a full turn over [`DIRECTIONS`].
    direction: u8,
    bits: [u64; 4],
}

impl Landmark {
    fn mirrored(self, aspect: (f32, f32)) -> Self {
        let half = DIRECTIONS as u8 / 2;
        Self {
            x: aspect.0 - self.x,
            direction: (half + DIRECTIONS as u8 - self.direction) % DIRECTIONS as u8,
            bits: [self.bits[2], self.bits[3], self.bits[0], self.bits[1]],
            ..self
        }
    }

    fn scale(self) -> f32 {
        LEVEL_RATIO.powi(i32::from(self.level))
    }

    fn angle(self) -> f32 {
        f32::from(self.direction) * TAU / DIRECTIONS as f32
    }
}

/// The landmarks of one picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Landmarks {
    /// Width and height in units of the longer side.
    aspect: (f32, f32),
    points: Vec<Landmark>,
}

/// How one picture lies in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// Landmarks that agree on one placement.
    pub inliers: usize,
    /// Landmarks of the stored picture that the placement puts inside the asking picture.
    pub visible: usize,
    /// Share of the overlap, in cells of a 4x4 grid that hold a visible landmark, that holds an agreeing one, 0 to 1.
    pub coverage: f32,
    /// Share of the visible landmarks that stand in cells of a 6x6 grid where none agrees, 0 to 1: near 0 for two
    /// prints, large where another product stands in the same layout.
    pub unexplained: f32,
    /// Size of the stored picture in the asking one: 1 when both longer sides coincide.
    pub scale: f32,
    /// Turn from the stored picture to the asking one, degrees, -180 to 180.
    pub rotation_deg: f32,
    /// Whether the asking picture is a mirror image.
    pub mirrored: bool,
    /// Whether the frames of both pictures coincide, corner by corner within 0.04 of the longer side, upright and not
    /// mirrored: hashes of the whole pictures are then hashes of one view.
    pub same_frame: bool,
}

impl Alignment {
    /// Whether the agreement is that of two prints of one picture, or of two shots of one object from about the same
    /// side ([`is_one_print`](Self::is_one_print) tells them apart).
    ///
    /// Asks for agreement that chance does not reach and that covers the overlap, so that a shared logo over another
    /// product does not pass. A layout full of words can: [`is_one_print`](Self::is_one_print) is stricter. How the limits were found: `eval/index/README.md`.
    #[must_use]
    pub fn is_same_picture(&self) -> bool {
        self.inliers >= 10 && self.inliers * 5 >= self.visible && self.coverage >= 0.45
    }

    /// Whether the agreement is too close for two shots of one object, whose ground, light and angle differ: the
    /// share of landmarks that agree and the share of the overlap that they cover sum to 1.1 or more; and whether no
    /// other product stands in a shared layout: at most 0.2 unexplained. How the limits were found:
    /// `eval/index/README.md`.
    #[must_use]
    pub fn is_one_print(&self) -> bool {
        let share = self.inliers as f32 / self.visible.max(1) as f32;
        self.is_same_picture() && share + self.coverage >= 1.1 && self.unexplained <= 0.2
    }
}

impl Landmarks {
    /// Number of landmarks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether the picture has no corner to hold on to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// At most `limit` of the set, the same share of every scale, the strongest of each.
    #[must_use]
    pub fn fewer(&self, limit: usize) -> Self {
        let total = self.points.len().max(1);
        let share = |count: usize| (count * limit).div_ceil(total).min(count);
        let mut points = Vec::with_capacity(limit);
        for level in self.points.chunk_by(|a, b| a.level == b.level) {
            points.extend(&level[..share(level.len())]);
        }
        // Rounding up can exceed the limit; the coarsest scales, last in the list, are the fewest.
        points.truncate(limit);
        Self {
            aspect: self.aspect,
            points,
        }
    }

    /// The set as bytes: width and height as u16 in 1/65535 of the longer side, then 38 bytes per landmark
    /// (x, y as u16, level, direction, 256 bits), little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let unit = |value: f32| ((value * 65535.0).round() as u16).to_le_bytes();
        let mut bytes = Vec::with_capacity(4 + PACKED * self.points.len());
        bytes.extend(unit(self.aspect.0));
        bytes.extend(unit(self.aspect.1));
        for point in &self.points {
            bytes.extend(unit(point.x));
            bytes.extend(unit(point.y));
            bytes.extend([point.level, point.direction]);
            bytes.extend(point.bits.iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    /// The set written by [`to_bytes`](Self::to_bytes), or `None` for bytes that are no such set.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let unit = |b: &[u8]| f32::from(u16::from_le_bytes([b[0], b[1]])) / 65535.0;
        let (head, rest) = bytes.split_at_checked(4)?;
        if !rest.len().is_multiple_of(PACKED) {
            return None;
        }
        let mut points = Vec::with_capacity(rest.len() / PACKED);
        for chunk in rest.chunks_exact(PACKED) {
            let (level, direction) = (chunk[4], chunk[5]);
            if usize::from(level) >= LEVELS || usize::from(direction) >= DIRECTIONS {
                return None;
            }
            let mut bits = [0; 4];
            for (word, eight) in bits.iter_mut().zip(chunk[6..].as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*eight);
            }
            points.push(Landmark {
                x: unit(chunk),
                y: unit(&chunk[2..]),
                level,
                direction,
                bits,
            });
        }
        Some(Self {
            aspect: (unit(head), unit(&head[2..])),
            points,
        })
    }

    /// The strongest placement of the picture of `self` in the picture of `query`, either way round; `None` when
    /// fewer than four landmarks agree on any.
    #[must_use]
    pub fn find_in(&self, query: &Self) -> Option<Alignment> {
        let upright = align(&self.points, self.aspect, query, false);
        let flipped: Vec<Landmark> = self
            .points
            .iter()
            .map(|p| p.mirrored(self.aspect))
            .collect();
        let mirrored = align(&flipped, self.aspect, query, true);
        [upright, mirrored]
            .into_iter()
            .flatten()
            .max_by_key(|alignment| alignment.inliers)
    }
}

/// The landmarks of a picture, at most `limit`, spread over its area and its scales.
#[must_use]
pub fn landmarks(pixels: &RgbImage, limit: usize) -> Landmarks {
    let base = Plane::of(pixels);
    let longer = base.width.max(base.height) as f32;
    let aspect = (base.width as f32 / longer, base.height as f32 / longer);
    let total: f32 = (0..LEVELS).map(|l| LEVEL_RATIO.powi(-(l as i32))).sum();
    let mut points = Vec::with_capacity(limit);
    let mut carried = 0;
    let mut plane = base;
    for level in 0..LEVELS {
        if level > 0 {
            plane = plane.shrunk();
        }
        if plane.width.min(plane.height) < 2 * PATCH as usize + 6 {
            break;
        }
        let smooth = plane.blurred();
        let share =
            (limit as f32 * LEVEL_RATIO.powi(-(level as i32)) / total).round() as usize + carried;
        let found = spread(corners(&smooth), &smooth, share.min(limit - points.len()));
        carried = share.saturating_sub(found.len());
        let side = smooth.width.max(smooth.height) as f32;
        for (x, y) in found {
            let direction = smooth.direction(x, y);
            points.push(Landmark {
                x: (x as f32 + 0.5) / side,
                y: (y as f32 + 0.5) / side,
                level: level as u8,
                direction,
                bits: smooth.describe(x, y, direction),
            });
        }
    }
    Landmarks { aspect, points }
}

/// A grey picture, row-major, values 0 to 255.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Plane {
    /// BT.601 luma at [`WORKING_SIDE`]. Larger pictures are averaged down; smaller ones are enlarged, so that the
    /// levels of a thumbnail and of its original show the same things, but no more than fourfold.
    fn of(pixels: &RgbImage) -> Self {
        let plane = Self::averaged(pixels);
        let longer = plane.width.max(plane.height);
        let side = WORKING_SIDE.min(4 * longer);
        if side <= longer || longer == 0 {
            return plane;
        }
        let fit = |length: usize| (length * side / longer).max(1);
        plane.scaled(fit(plane.width), fit(plane.height))
    }

    /// BT.601 luma averaged down to [`WORKING_SIDE`]; smaller pictures keep their size.
    fn averaged(pixels: &RgbImage) -> Self {
        let (w, h) = (pixels.width() as usize, pixels.height() as usize);
        let longer = w.max(h).max(1);
        let fit = |side: usize| {
            if longer > WORKING_SIDE {
                (side * WORKING_SIDE / longer).max(1)
            } else {
                side
            }
        };
        let (width, height) = (fit(w), fit(h));
        let span = |i: usize, to: usize, from: usize| {
            i * from / to..((i + 1) * from / to).max(i * from / to + 1)
        };
        let bytes = pixels.as_raw();
        let mut sums = vec![0_u32; 3 * w];
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let rows = span(y, height, h);
            sums.fill(0);
            for row in bytes[3 * w * rows.start..3 * w * rows.end].chunks_exact(3 * w) {
                sums.iter_mut()
                    .zip(row)
                    .for_each(|(sum, &value)| *sum += u32::from(value));
            }
            let pixels = sums.as_chunks::<3>().0;
            for x in 0..width {
                let columns = span(x, width, w);
                let count = (columns.len() * rows.len()) as f32;
                let [r, g, b] = pixels[columns]
                    .iter()
                    .fold([0_u32; 3], |sum, p| {
                        [sum[0] + p[0], sum[1] + p[1], sum[2] + p[2]]
                    })
                    .map(|sum| sum as f32);
                values.push((0.299 * r + 0.587 * g + 0.114 * b) / count);
            }
        }
        Self {
            width,
            height,
            values,
        }
    }

    /// The next pyramid level.
    fn shrunk(&self) -> Self {
        let next = |side: usize| ((side as f32 / LEVEL_RATIO).round() as usize).max(1);
        self.scaled(next(self.width), next(self.height))
    }

    /// Another size, by bilinear interpolation.
    fn scaled(&self, width: usize, height: usize) -> Self {
        let place = |i: usize, to: usize, from: usize| {
            let at = ((i as f32 + 0.5) * from as f32 / to as f32 - 0.5).max(0.0);
            let low = (at as usize).min(from - 1);
            (low, (low + 1).min(from - 1), at - low as f32)
        };
        let columns: Vec<_> = (0..width).map(|x| place(x, width, self.width)).collect();
        let mut values = Vec::with_capacity(width * height);
        let mut line = vec![0.0; self.width];
        for y in 0..height {
            let (above, below, share) = place(y, height, self.height);
            let (above, below) = (self.row(above), self.row(below));
            for ((value, a), b) in line.iter_mut().zip(above).zip(below) {
                *value = a + share * (b - a);
            }
            values.extend(
                columns
                    .iter()
                    .map(|&(l, r, share)| line[l] + share * (line[r] - line[l])),
            );
        }
        Self {
            width,
            height,
            values,
        }
    }

    fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width..(y + 1) * self.width]
    }

    /// Smoothed by (1 4 6 4 1)/16 on each axis; the outermost two pixels keep their values.
    fn blurred(&self) -> Self {
        let w = self.width;
        let mut across = self.values.clone();
        for (out, row) in across.chunks_exact_mut(w).zip(self.values.chunks_exact(w)) {
            for (value, p) in out[2..w - 2].iter_mut().zip(row.windows(5)) {
                *value = (p[0] + p[4] + 4.0 * (p[1] + p[3]) + 6.0 * p[2]) / 16.0;
            }
        }
        let mut values = across.clone();
        for y in 2..self.height - 2 {
            let rows: [&[f32]; 5] =
                std::array::from_fn(|k| &across[(y + k - 2) * w..(y + k - 1) * w]);
            for (x, value) in values[y * w..(y + 1) * w].iter_mut().enumerate() {
                *value =
                    (rows[0][x] + rows[4][x] + 4.0 * (rows[1][x] + rows[3][x]) + 6.0 * rows[2][x])
                        / 16.0;
            }
        }
        Self {
            width: w,
            height: self.height,
            values,
        }
    }

    /// Direction of the intensity centroid of the patch, in steps of a turn over [`DIRECTIONS`].
    fn direction(&self, x: usize, y: usize) -> u8 {
        const RADIUS: i32 = 9;
        let (mut across, mut down) = (0.0, 0.0);
        for dy in -RADIUS..=RADIUS {
            let reach = ((RADIUS * RADIUS - dy * dy) as f32).sqrt() as i32;
            let start = (y as i32 + dy) as usize * self.width + (x as i32 - reach) as usize;
            let row = &self.values[start..=start + 2 * reach as usize];
            let mut sum = 0.0;
            for (dx, value) in (-reach..=reach).zip(row) {
                across += dx as f32 * value;
                sum += value;
            }
            down += dy as f32 * sum;
        }
        let steps = (f32::atan2(down, across) / TAU * DIRECTIONS as f32).round() as i32;
        steps.rem_euclid(DIRECTIONS as i32) as u8
    }

    fn describe(&self, x: usize, y: usize, direction: u8) -> [u64; 4] {
        let pattern = &patterns()[usize::from(direction)];
        let centre = (y * self.width + x) as isize;
        let at = |(dx, dy): (i8, i8)| {
            self.values[(centre + isize::from(dy) * self.width as isize + isize::from(dx)) as usize]
        };
        let mut bits = [0; 4];
        for (k, &(a, b)) in pattern.iter().enumerate() {
            bits[k / 64] |= u64::from(at(a) < at(b)) << (k % 64);
        }
        bits
    }
}

type Comparison = ((i8, i8), (i8, i8));

/// The comparisons of a patch for each direction: 128 drawn from a normal distribution over the patch, then the same
/// mirrored in the patch's own axis.
fn patterns() -> &'static [[Comparison; 256]; DIRECTIONS] {
    static PATTERNS: OnceLock<Box<[[Comparison; 256]; DIRECTIONS]>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        // A fixed multiplicative sequence (Steele and Vigna 2021, LCG64): the pattern is part of the format.
        let mut state: u64 = 0x5eed_1e55;
        let mut uniform = || {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let mut normal = || {
            (0..6).map(|_| uniform()).sum::<f32>() * std::f32::consts::SQRT_2
                - 3.0 * std::f32::consts::SQRT_2
        };
        let reach = PATCH as f32 - 0.6;
        let mut pairs: Vec<[f32; 4]> = Vec::with_capacity(256);
        while pairs.len() < 128 {
            let [ax, ay, bx, by] = std::array::from_fn(|_| normal() * PATCH as f32 / 2.2);
            if ax.hypot(ay) < reach && bx.hypot(by) < reach && (ax - bx).hypot(ay - by) > 3.0 {
                pairs.push([ax, ay, bx, by]);
            }
        }
        let mirrored: Vec<[f32; 4]> = pairs
            .iter()
            .map(|&[ax, ay, bx, by]| [ax, -ay, bx, -by])
            .collect();
        pairs.extend(mirrored);
        let mut patterns = Box::new([[((0, 0), (0, 0)); 256]; DIRECTIONS]);
        for (direction, pattern) in patterns.iter_mut().enumerate() {
            let (sin, cos) = (direction as f32 * TAU / DIRECTIONS as f32).sin_cos();
            let turn = |x: f32, y: f32| {
                (
                    (cos * x - sin * y).round() as i8,
                    (sin * x + cos * y).round() as i8,
                )
            };
            for (comparison, &[ax, ay, bx, by]) in pattern.iter_mut().zip(&pairs) {
                *comparison = (turn(ax, ay), turn(bx, by));
            }
        }
        patterns
    })
}

/// Local maxima of the Harris response with room for a patch, as (response, x, y).
fn corners(plane: &Plane) -> Vec<(f32, usize, usize)> {
    let (w, h) = (plane.width, plane.height);
    let size = w * h;
    let (mut xx, mut yy, mut xy) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
    for y in 1..h - 1 {
        let (above, here, below) = (plane.row(y - 1), plane.row(y), plane.row(y + 1));
        let line = y * w + 1..(y + 1) * w - 1;
        let (xx, yy, xy) = (&mut xx[line.clone()], &mut yy[line.clone()], &mut xy[line]);
        for (x, ((xx, yy), xy)) in xx.iter_mut().zip(yy).zip(xy).enumerate() {
            let gx = here[x + 2] - here[x];
            let gy = below[x + 1] - above[x + 1];
            (*xx, *yy, *xy) = (gx * gx, gy * gy, gx * gy);
        }
    }
    let [xx, yy, xy] = [xx, yy, xy].map(|values| {
        Plane {
            width: w,
            height: h,
            values,
        }
        .blurred()
        .values
    });
    let response: Vec<f32> = (0..size)
        .map(|i| {
            let trace = xx[i] + yy[i];
            xx[i] * yy[i] - xy[i] * xy[i] - 0.04 * trace * trace
        })
        .collect();
    let margin = PATCH as usize + 1;
    let mut maxima = Vec::new();
    for y in margin..h.saturating_sub(margin) {
        for x in margin..w.saturating_sub(margin) {
            let i = y * w + x;
            let value = response[i];
            // Strict on one side only, so that one of two equal neighbours stays.
            if value > MIN_RESPONSE
                && value > response[i - 1]
                && value >= response[i + 1]
                && response[i - w - 1..=i - w + 1]
                    .iter()
                    .all(|&other| value > other)
                && response[i + w - 1..=i + w + 1]
                    .iter()
                    .all(|&other| value >= other)
            {
                maxima.push((value, x, y));
            }
        }
    }
    maxima
}

/// The strongest corners, at first no more per cell than an even spread allows.
fn spread(
    mut corners: Vec<(f32, usize, usize)>,
    plane: &Plane,
    limit: usize,
) -> Vec<(usize, usize)> {
    corners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.2, a.1).cmp(&(b.2, b.1))));
    let quota = (2 * limit).div_ceil(CELLS * CELLS).max(1);
    let mut filled = [0; CELLS * CELLS];
    let (mut taken, mut left) = (Vec::with_capacity(limit), Vec::new());
    for (_, x, y) in corners {
        let cell = &mut filled[y * CELLS / plane.height * CELLS + x * CELLS / plane.width];
        if *cell < quota {
            *cell += 1;
            taken.push((x, y));
        } else {
            left.push((x, y));
        }
    }
    taken.extend(left);
    taken.truncate(limit);
    taken
}

/// Bits that may differ between two prints of one landmark.
const MAX_BITS: u32 = 76;
/// The same for the first word, tested before the others are read.
const MAX_BITS_FIRST_WORD: u32 = 25;

/// A placement: `x' = a x - b y + c`, `y' = b x + a y + d`; refined to a free affine map.
#[derive(Clone, Copy)]
struct Placement {
    m: [f32; 6],
}

impl Placement {
    fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let m = &self.m;
        (m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5])
    }

    fn scale(&self) -> f32 {
        (self.m[0] * self.m[4] - self.m[1] * self.m[3]).abs().sqrt()
    }

    /// Turn in radians.
    fn turn(&self) -> f32 {
        f32::atan2(self.m[3] - self.m[1], self.m[0] + self.m[4])
    }

    /// Whether the map keeps shapes recognisable: no collapse, stretch of at most 1.6.
    fn is_plausible(&self) -> bool {
        let m = &self.m;
        let determinant = m[0] * m[4] - m[1] * m[3];
        let squares = m[0] * m[0] + m[1] * m[1] + m[3] * m[3] + m[4] * m[4];
        determinant > 0.01 && determinant < 100.0 && squares < (1.6 + 1.0 / 1.6) * determinant
    }
}

fn align(
    points: &[Landmark],
    aspect: (f32, f32),
    query: &Landmarks,
    mirrored: bool,
) -> Option<Alignment> {
    let pairs = similar_pairs(points, &query.points);
    let mut best: Option<(Vec<(usize, usize)>, Placement)> = None;
    for &(i, j, _) in &pairs {
        let (s, q) = (points[i], query.points[j]);
        let (sin, cos) = (q.angle() - s.angle()).sin_cos();
        // Levels count from each picture's own longer side, so their ratio is the ratio of sizes in those units.
        let ratio = q.scale() / s.scale();
        let (a, b) = (ratio * cos, ratio * sin);
        let m = [
            a,
            -b,
            q.x - a * s.x + b * s.y,
            b,
            a,
            q.y - b * s.x - a * s.y,
        ];
        let placement = Placement { m };
        let agreeing = agreeing(&pairs, points, &query.points, &placement, 0.035);
        if agreeing.len() >= 3
            && best
                .as_ref()
                .is_none_or(|(most, _)| agreeing.len() > most.len())
        {
            best = Some((agreeing, placement));
        }
    }
    let (mut inliers, mut placement) = best?;
    for tolerance in [0.025, 0.02, 0.016] {
        placement = refine(&inliers, points, &query.points).filter(Placement::is_plausible)?;
        inliers = agreeing(&pairs, points, &query.points, &placement, tolerance);
        if inliers.len() < 4 {
            return None;
        }
    }
    let cell = |p: &Landmark| {
        let index = |value: f32, side: f32| ((4.0 * value / side.max(1e-6)) as usize).min(3);
        4 * index(p.y, aspect.1) + index(p.x, aspect.0)
    };
    let fine = |p: &Landmark| {
        let index = |value: f32, side: f32| ((6.0 * value / side.max(1e-6)) as usize).min(5);
        6 * index(p.y, aspect.1) + index(p.x, aspect.0)
    };
    let (mut held, mut explained) = ([0_u32; 36], [false; 36]);
    let (mut seen, mut agreed, mut visible) = ([false; 16], [false; 16], 0);
    for point in points {
        let (x, y) = placement.apply(point.x, point.y);
        let margin = 0.04;
        if (margin..query.aspect.0 - margin).contains(&x)
            && (margin..query.aspect.1 - margin).contains(&y)
        {
            visible += 1;
            held[fine(point)] += 1;
            seen[cell(point)] = true;
        }
    }
    for &(i, _) in &inliers {
        (agreed[cell(&points[i])], seen[cell(&points[i])]) = (true, true);
        explained[fine(&points[i])] = true;
    }
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    let same_frame = corners.iter().all(|(x, y)| {
        let (at, down) = placement.apply(x * aspect.0, y * aspect.1);
        (at - x * query.aspect.0).hypot(down - y * query.aspect.1) <= 0.04
    });
    let unexplained: u32 = held
        .iter()
        .zip(explained)
        .filter(|(_, explained)| !explained)
        .map(|(held, _)| held)
        .sum();
    let count = |cells: [bool; 16]| cells.iter().filter(|&&held| held).count() as f32;
    Some(Alignment {
        inliers: inliers.len(),
        visible: visible.max(inliers.len()),
        coverage: count(agreed) / count(seen),
        unexplained: unexplained as f32 / visible.max(1) as f32,
        scale: placement.scale(),
        rotation_deg: placement.turn() * 180.0 / PI,
        mirrored,
        same_frame: same_frame && !mirrored,
    })
}

/// For each stored landmark its two most similar ones in the query, as (stored, query, differing bits).
fn similar_pairs(points: &[Landmark], query: &[Landmark]) -> Vec<(usize, usize, u32)> {
    let mut pairs = Vec::new();
    for (i, point) in points.iter().enumerate() {
        let mut nearest = [(u32::MAX, usize::MAX); 2];
        for (j, other) in query.iter().enumerate() {
            let first = (point.bits[0] ^ other.bits[0]).count_ones();
            if first > MAX_BITS_FIRST_WORD {
                continue;
            }
            let distance = first
                + (1..4)
                    .map(|k| (point.bits[k] ^ other.bits[k]).count_ones())
                    .sum::<u32>();
            if distance < nearest[0].0 {
                nearest = [(distance, j), nearest[0]];
            } else if distance < nearest[1].0 {
                nearest[1] = (distance, j);
            }
        }
        pairs.extend(
            nearest
                .into_iter()
                .filter(|&(d, _)| d <= MAX_BITS)
                .map(|(d, j)| (i, j, d)),
        );
    }
    pairs
}

/// The pairs that `placement` carries onto each other within `tolerance` of the query's longer side, each landmark
/// used once, nearest descriptors first.
fn agreeing(
    pairs: &[(usize, usize, u32)],
    points: &[Landmark],
    query: &[Landmark],
    placement: &Placement,
    tolerance: f32,
) -> Vec<(usize, usize)> {
    let (scale, turn) = (placement.scale(), placement.turn());
    let limit = (tolerance * scale.max(0.4)).powi(2);
    let mut found: Vec<(u32, usize, usize)> = Vec::new();
    for &(i, j, distance) in pairs {
        let (s, q) = (&points[i], &query[j]);
        let (x, y) = placement.apply(s.x, s.y);
        if (x - q.x).powi(2) + (y - q.y).powi(2) > limit {
            continue;
        }
        let turned = (q.angle() - s.angle() - turn).rem_euclid(TAU);
        let ratio = q.scale() / s.scale() / scale;
        if turned.min(TAU - turned) < 0.6 && (0.6..1.67).contains(&ratio) {
            found.push((distance, i, j));
        }
    }
    found.sort_unstable();
    let mut agreed: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (_, i, j) in found {
        if agreed.iter().all(|&(a, b)| a != i && b != j) {
            agreed.push((i, j));
        }
    }
    agreed
}

/// Least-squares affine map over the pairs; a similarity under six pairs.
fn refine(pairs: &[(usize, usize)], points: &[Landmark], query: &[Landmark]) -> Option<Placement> {
    let count = pairs.len() as f64;
    let coordinates = |&(i, j): &(usize, usize)| {
        [points[i].x, points[i].y, query[j].x, query[j].y].map(f64::from)
    };
    let mut mean = [0.0; 4];
    for pair in pairs {
        let c = coordinates(pair);
        (0..4).for_each(|k| mean[k] += c[k] / count);
    }
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let mut cross = [0.0; 4];
    for pair in pairs {
        let c = coordinates(pair);
        let [x, y, u, v] = std::array::from_fn(|k| c[k] - mean[k]);
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        for (sum, term) in cross.iter_mut().zip([x * u, y * u, x * v, y * v]) {
            *sum += term;
        }
    }
    let [xu, yu, xv, yv] = cross;
    let linear = if pairs.len() >= 6 {
        let determinant = xx * yy - xy * xy;
        if determinant < 1e-4 * (xx + yy).powi(2) {
            return None;
        }
        [
            (xu * yy - yu * xy),
            (yu * xx - xu * xy),
            (xv * yy - yv * xy),
            (yv * xx - xv * xy),
        ]
        .map(|v| v / determinant)
    } else {
        let spread = xx + yy;
        if spread < 1e-6 {
            return None;
        }
        let (a, b) = ((xu + yv) / spread, (xv - yu) / spread);
        [a, -b, b, a]
    };
    let [a, b, c, d] = linear;
    let m = [
        a,
        b,
        mean[2] - a * mean[0] - b * mean[1],
        c,
        d,
        mean[3] - c * mean[0] - d * mean[1],
    ];
    Some(Placement {
        m: m.map(|v| v as f32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use image::imageops::{self, FilterType};
    use proptest::prelude::*;

    /// Overlapping discs of random size and shade: corners at every scale, the same for the same seed.
    fn picture(width: u32, height: u32, seed: u64) -> RgbImage {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: u32| {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            (state >> 33) as u32 % below
        };
        let mut pixels = RgbImage::from_pixel(width, height, Rgb([200, 190, 170]));
        for _ in 0..90 {
            let (cx, cy, r) = (
                next(width) as i64,
                next(height) as i64,
                4 + next(width / 9) as i64,
            );
            let shade = Rgb([next(256) as u8, next(256) as u8, next(256) as u8]);
            for y in (cy - r).max(0)..(cy + r).min(i64::from(height)) {
                for x in (cx - r).max(0)..(cx + r).min(i64::from(width)) {
                    if (x - cx).pow(2) + (y - cy).pow(2) < r * r {
                        pixels.put_pixel(x as u32, y as u32, shade);
                    }
                }
            }
        }
        pixels
    }

    fn found(original: &RgbImage, copy: &RgbImage) -> Option<Alignment> {
        landmarks(original, STORED_LANDMARKS).find_in(&landmarks(copy, QUERY_LANDMARKS))
    }

    #[test]
    fn a_crop_is_placed_where_it_was_cut() {
        let original = picture(600, 400, 1);
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
        let original = picture(640, 480, 5);
        let small = imageops::resize(&original, 150, 112, FilterType::Triangle);
        for (stored, asked) in [(&original, &small), (&small, &original)] {
            let alignment = found(stored, asked).unwrap();
            assert!(alignment.is_same_picture(), "{alignment:?}");
            assert!((alignment.scale - 1.0).abs() < 0.03, "{alignment:?}");
        }
    }

    #[test]
    fn a_screenshot_with_frame_and_a_mirrored_copy_are_found() {
        let original = picture(500, 400, 2);
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
        let banner = picture(500, 120, 9);
        let with_banner = |seed| {
            let mut product = picture(500, 400, seed);
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
            flat.find_in(&landmarks(&picture(300, 200, 5), QUERY_LANDMARKS)),
            None
        );
    }

    #[test]
    fn mirroring_twice_is_the_identity() {
        let set = landmarks(&picture(300, 200, 6), 20);
        for point in &set.points {
            let back = point.mirrored(set.aspect).mirrored(set.aspect);
            assert_eq!((back.bits, back.direction), (point.bits, point.direction));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn different_pictures_do_not_align(a in 10u64..1000, b in 2000u64..3000) {
            let alignment = found(&picture(300, 240, a), &picture(300, 240, b));
            prop_assert!(alignment.is_none_or(|found| !found.is_same_picture()), "{:?}", alignment);
        }

        #[test]
        fn bytes_keep_the_set(width in 20u32..200, height in 20u32..200, seed in 0u64..99) {
            let set = landmarks(&picture(width, height, seed), STORED_LANDMARKS);
            prop_assert!(set.len() <= STORED_LANDMARKS);
            let bytes = set.to_bytes();
            let again = Landmarks::from_bytes(&bytes).unwrap();
            prop_assert_eq!(again.to_bytes(), bytes);
        }

        #[test]
        fn foreign_bytes_are_refused_or_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(set) = Landmarks::from_bytes(&bytes) {
                prop_assert_eq!(4 + 38 * set.len(), bytes.len());
                let _ = set.find_in(&set);
            }
        }
    }
}
