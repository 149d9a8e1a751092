//! The joint fit: one centre, one wave number, one radial course of the angle, one tilt, for all windows together.
//!
//! In polar coordinates about the tusk's axis the lattice is `2 cos(N phi) cos(N Psi(r))` with
//! `dPsi/dr = tan(theta/2)/r`. Its two families have the wave vectors `kt phi^ +- kr r^` with `kt = N/r` and
//! `kr = kt tan(theta/2)`. The frame `(r^, phi^)` turns along the tangent and nowhere else, and `kt` falls with `r`
//! alone: that is what tells the radial bisector from the tangential one.

use crate::schreger::lattice::Node;
use crate::schreger::least_squares::{Model, Optimum, cost, descend, normal, solve};

/// Parameters: bearing of the centre (2, see [`centre`]), log wave number, log tan of half the angle and its first and
/// second derivative along the radius, log stretch along and across (2), vanishing line per extent (2).
pub(crate) const PARAMETERS: usize = 10;
/// Least relative error of a wave vector from one window.
const FINEST: f64 = 0.008;
/// Prior standard deviation of the log stretch by tilt or an oblique cut; cos 25 degrees is -0.1.
const STRETCH: f64 = 0.07;
/// Prior standard deviation of the vanishing line: how much scale changes over one extent.
const VANISHING: f64 = 0.05;

/// Windows in units of their own extent and mean wave number.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Centre of the windows, pixels.
    pub(crate) middle: [f64; 2],
    /// Root mean square distance of the windows from it, pixels.
    pub(crate) extent: f64,
    /// Mean wave number, cycles per pixel.
    pub(crate) wave: f64,
    /// Centres and wave vectors of the windows.
    pub(crate) windows: Vec<([f64; 2], [[f64; 2]; 2])>,
    /// Independent windows per window.
    pub(crate) share: f64,
}

impl Frame {
    /// `share` is the number of independent windows per window.
    pub(crate) fn new(nodes: &[Node], share: f64) -> Self {
        let n = nodes.len().max(1) as f64;
        let mut middle = [0.0; 2];
        let mut wave = 0.0;
        for node in nodes {
            middle[0] += node.at[0] / n;
            middle[1] += node.at[1] / n;
            wave += node.k.iter().map(|k| k[0].hypot(k[1])).sum::<f64>() / (2.0 * n);
        }
        let extent = (nodes
            .iter()
            .map(|a| (a.at[0] - middle[0]).powi(2) + (a.at[1] - middle[1]).powi(2))
            .sum::<f64>()
            / n)
            .sqrt()
            .max(1.0);
        let windows = nodes
            .iter()
            .map(|node| {
                (
                    [
                        (node.at[0] - middle[0]) / extent,
                        (node.at[1] - middle[1]) / extent,
                    ],
                    node.k.map(|k| k.map(|v| v / wave)),
                )
            })
            .collect();
        Self {
            middle,
            extent,
            wave,
            windows,
            share,
        }
    }

    fn thinned(&self, most: usize) -> Self {
        let step = self.windows.len().div_ceil(most).max(1);
        let windows: Vec<_> = self.windows.iter().copied().step_by(step).collect();
        let share = (self.share * self.windows.len() as f64 / windows.len() as f64).min(1.0);
        Self {
            windows,
            share,
            ..self.clone()
        }
    }
}

/// The centre in extents: the plane is mapped to a disc of radius pi/2, so that the centre may pass through infinity.
pub(crate) fn centre(parameters: &[f64; PARAMETERS]) -> [f64; 2] {
    let rho = parameters[0].hypot(parameters[1]).max(1e-9);
    let far = rho.tan().clamp(-1e5, 1e5) / rho;
    [parameters[0] * far, parameters[1] * far]
}

/// The matrix that undoes the foreshortening, symmetric and of determinant one.
pub(crate) fn unfold(parameters: &[f64; PARAMETERS]) -> [[f64; 2]; 2] {
    let (a, b) = (parameters[6] / 2.0, parameters[7] / 2.0);
    let m = a.hypot(b);
    let s = if m > 1e-9 { m.sinh() / m } else { 1.0 };
    [[m.cosh() + s * a, s * b], [s * b, m.cosh() - s * a]]
}

/// Wave vectors of both families at a place, and the place in the unfolded plane.
pub(crate) struct Local {
    /// Distance from the centre, extents.
    pub(crate) r: f64,
    /// Unit vector away from the centre, unfolded plane.
    pub(crate) outward: [f64; 2],
    /// Derivative of the unfolded plane by the picture.
    pub(crate) slope: [[f64; 2]; 2],
    /// Wave vectors in the picture, units of the frame.
    pub(crate) k: [[f64; 2]; 2],
}

/// The lattice of one set of parameters, ready to be evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    centre: [f64; 2],
    far: f64,
    unfold: [[f64; 2]; 2],
    vanishing: [f64; 2],
    strength: f64,
    log_tan: [f64; 3],
}

impl Course {
    pub(crate) fn new(parameters: &[f64; PARAMETERS]) -> Self {
        let c = centre(parameters);
        let far = c[0].hypot(c[1]);
        Self {
            centre: c,
            far,
            unfold: unfold(parameters),
            vanishing: [parameters[8], parameters[9]],
            strength: parameters[2].clamp(-5.0, 5.0).exp() * (1.0 + far * far).sqrt(),
            log_tan: [parameters[3], parameters[4], parameters[5]],
        }
    }

    /// A place of the picture (extents) on the unfolded plane, and the derivative of the one by the other.
    pub(crate) fn plane(&self, x: [f64; 2]) -> ([f64; 2], [[f64; 2]; 2]) {
        let (s, h) = (&self.unfold, &self.vanishing);
        let nearness = 1.0 / (1.0 + h[0] * x[0] + h[1] * x[1]).max(0.1);
        let y = [
            (s[0][0] * x[0] + s[0][1] * x[1]) * nearness,
            (s[1][0] * x[0] + s[1][1] * x[1]) * nearness,
        ];
        let slope = [
            [
                (s[0][0] - y[0] * h[0]) * nearness,
                (s[0][1] - y[0] * h[1]) * nearness,
            ],
            [
                (s[1][0] - y[1] * h[0]) * nearness,
                (s[1][1] - y[1] * h[1]) * nearness,
            ],
        ];
        (y, slope)
    }

    /// The place of the picture (extents) of a point of the unfolded plane.
    pub(crate) fn unplane(&self, y: [f64; 2]) -> [f64; 2] {
        let (s, h) = (&self.unfold, &self.vanishing);
        // The inverse of a symmetric matrix with determinant one.
        let z = [
            s[1][1] * y[0] - s[0][1] * y[1],
            -s[1][0] * y[0] + s[0][0] * y[1],
        ];
        let depth = (1.0 - h[0] * z[0] - h[1] * z[1]).max(0.05);
        [z[0] / depth, z[1] / depth]
    }

    /// Evaluates the lattice at `x` (extents).
    pub(crate) fn at(&self, x: [f64; 2]) -> Local {
        let (on_plane, s) = self.plane(x);
        let y = [on_plane[0] - self.centre[0], on_plane[1] - self.centre[1]];
        let r = (y[0] * y[0] + y[1] * y[1]).sqrt().max(1e-6);
        let outward = [y[0] / r, y[1] / r];
        let along = r - self.far;
        let kt = self.strength / r;
        let [t0, t1, t2] = self.log_tan;
        let kr = kt * (t0 + along * (t1 + along * t2)).clamp(-4.0, 4.0).exp();
        let family = |sign: f64| {
            let plane = [
                -kt * outward[1] + sign * kr * outward[0],
                kt * outward[0] + sign * kr * outward[1],
            ];
            [
                s[0][0] * plane[0] + s[1][0] * plane[1],
                s[0][1] * plane[0] + s[1][1] * plane[1],
            ]
        };
        Local {
            r,
            outward,
            slope: s,
            k: [family(1.0), family(-1.0)],
        }
    }
}

struct Polar<'a> {
    frame: &'a Frame,
    /// Whether the node's first family is the model's second.
    swapped: bool,
    noise: f64,
    stretch: f64,
}

fn apart(measured: [f64; 2], model: [f64; 2], noise: f64) -> [f64; 2] {
    let sign = if measured[0] * model[0] + measured[1] * model[1] < 0.0 {
        -1.0
    } else {
        1.0
    };
    let length = (measured[0] * measured[0] + measured[1] * measured[1]).sqrt();
    let unit = 1.0 / (noise * length.max(1e-9));
    [
        (sign * model[0] - measured[0]) * unit,
        (sign * model[1] - measured[1]) * unit,
    ]
}

impl Model<PARAMETERS, 4> for Polar<'_> {
    type Ready = Course;

    fn ready(&self, parameters: &[f64; PARAMETERS]) -> Course {
        Course::new(parameters)
    }

    fn observations(&self) -> usize {
        self.frame.windows.len()
    }

    fn residuals(&self, course: &Course, i: usize) -> [f64; 4] {
        let (x, k) = &self.frame.windows[i];
        let model = course.at(*x).k;
        let (first, second) = if self.swapped { (1, 0) } else { (0, 1) };
        let a = apart(k[0], model[first], self.noise);
        let b = apart(k[1], model[second], self.noise);
        [a[0], a[1], b[0], b[1]]
    }

    fn prior(&self) -> [Option<(f64, f64)>; PARAMETERS] {
        [
            None,
            None,
            None,
            Some((0.0, 1.5)),
            Some((0.1, 1.0)),
            Some((0.0, 0.5)),
            Some((0.0, self.stretch)),
            Some((0.0, self.stretch)),
            Some((0.0, VANISHING)),
            Some((0.0, VANISHING)),
        ]
    }

    fn share(&self) -> f64 {
        self.frame.share
    }
}

/// Two families of straight lines on a plane seen in perspective: wave vectors (4), vanishing line (2).
struct Straight<'a> {
    frame: &'a Frame,
    noise: f64,
}

impl Model<6, 4> for Straight<'_> {
    type Ready = [f64; 6];

    fn ready(&self, parameters: &[f64; 6]) -> [f64; 6] {
        *parameters
    }

    fn observations(&self) -> usize {
        self.frame.windows.len()
    }

    fn residuals(&self, p: &[f64; 6], i: usize) -> [f64; 4] {
        let (x, k) = &self.frame.windows[i];
        let depth = (1.0 + p[4] * x[0] + p[5] * x[1]).max(0.05);
        let wave = |a: [f64; 2]| {
            let along = (a[0] * x[0] + a[1] * x[1]) / (depth * depth);
            [a[0] / depth - along * p[4], a[1] / depth - along * p[5]]
        };
        let a = apart(k[0], wave([p[0], p[1]]), self.noise);
        let b = apart(k[1], wave([p[2], p[3]]), self.noise);
        [a[0], a[1], b[0], b[1]]
    }

    fn prior(&self) -> [Option<(f64, f64)>; 6] {
        [None, None, None, None, Some((0.0, 0.3)), Some((0.0, 0.3))]
    }

    fn share(&self) -> f64 {
        self.frame.share
    }
}

/// The best explanation of the windows under one reading of the bisectors.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    pub(crate) parameters: [f64; PARAMETERS],
    pub(crate) swapped: bool,
    /// Twice the negative log posterior.
    pub(crate) cost: f64,
    /// Share of windows in which the sum of the two wave vectors is the radial one.
    pub(crate) sum_is_radial: f64,
}

/// All explanations compared on the same noise.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) frame: Frame,
    /// The best polar lattice.
    pub(crate) best: Solution,
    /// Log odds of the best against the best with the bisectors exchanged.
    pub(crate) log_odds_orientation: f64,
    /// Log odds of the best against straight lines in perspective.
    pub(crate) log_odds_curved: f64,
    /// Relative scatter of the wave vectors about the best polar lattice and about straight lines.
    pub(crate) scatter: f64,
    pub(crate) scatter_straight: f64,
    course: Course,
    /// Inverse of the normal matrix at the optimum.
    pub(crate) covariance: [[f64; PARAMETERS]; PARAMETERS],
}

fn scatter_of<const P: usize>(model: &impl Model<P, 4>, parameters: &[f64; P], noise: f64) -> f64 {
    let ready = model.ready(parameters);
    let mut sizes: Vec<f64> = (0..model.observations())
        .map(|i| model.residuals(&ready, i).iter().map(|r| r * r).sum())
        .collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    // The median of chi-square with four degrees of freedom is 3.357.
    noise * (*median / 3.357).sqrt()
}

fn sum_is_radial(frame: &Frame, parameters: &[f64; PARAMETERS]) -> f64 {
    let course = Course::new(parameters);
    let count = frame
        .windows
        .iter()
        .filter(|(x, k)| {
            let here = course.at(*x);
            let along = |v: [f64; 2]| {
                let length = v[0].hypot(v[1]).max(1e-9);
                (v[0] * here.outward[0] + v[1] * here.outward[1]).abs() / length
            };
            let sum = [k[0][0] + k[1][0], k[0][1] + k[1][1]];
            let difference = [k[0][0] - k[1][0], k[0][1] - k[1][1]];
            along(sum) > along(difference)
        })
        .count();
    count as f64 / frame.windows.len().max(1) as f64
}

/// Centre nearest, in least squares, to the lines through the windows along `direction`.
fn meeting_point(frame: &Frame, direction: impl Fn(&[[f64; 2]; 2]) -> [f64; 2]) -> [f64; 2] {
    let mut m = [[1e-6, 0.0], [0.0, 1e-6]];
    let mut v = [0.0; 2];
    for (x, k) in &frame.windows {
        let d = direction(k);
        let length2 = (d[0] * d[0] + d[1] * d[1]).max(1e-12);
        let off = [
            [1.0 - d[0] * d[0] / length2, -d[0] * d[1] / length2],
            [-d[0] * d[1] / length2, 1.0 - d[1] * d[1] / length2],
        ];
        for i in 0..2 {
            for j in 0..2 {
                m[i][j] += off[i][j];
                v[i] += off[i][j] * x[j];
            }
        }
    }
    let det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    [
        (v[0] * m[1][1] - v[1] * m[0][1]) / det,
        (v[1] * m[0][0] - v[0] * m[1][0]) / det,
    ]
}

fn sum(k: &[[f64; 2]; 2]) -> [f64; 2] {
    [k[0][0] + k[1][0], k[0][1] + k[1][1]]
}

fn difference(k: &[[f64; 2]; 2]) -> [f64; 2] {
    [k[0][0] - k[1][0], k[0][1] - k[1][1]]
}

/// Places to begin: where the bisectors of each kind meet, and far off along each of the four directions.
fn starts(frame: &Frame) -> Vec<[f64; 2]> {
    let mut centres = vec![meeting_point(frame, sum), meeting_point(frame, difference)];
    let nearest = frame
        .windows
        .iter()
        .min_by(|a, b| a.0[0].hypot(a.0[1]).total_cmp(&b.0[0].hypot(b.0[1])));
    if let Some((_, k)) = nearest {
        for d in [sum(k), difference(k)] {
            let length = d[0].hypot(d[1]).max(1e-9);
            for far in [-12.0, -3.0, 3.0, 12.0] {
                centres.push([d[0] / length * far, d[1] / length * far]);
            }
        }
    }
    centres
}

fn begin(frame: &Frame, c: [f64; 2]) -> [f64; PARAMETERS] {
    let far = c[0].hypot(c[1]).max(1e-6);
    let rho = far.atan();
    let mut parameters = [0.0; PARAMETERS];
    parameters[0] = c[0] / far * rho;
    parameters[1] = c[1] / far * rho;
    let (mut log_kt, mut log_tan) = (0.0, 0.0);
    for (x, k) in &frame.windows {
        let y = [x[0] - c[0], x[1] - c[1]];
        let r = y[0].hypot(y[1]).max(1e-6);
        let part = |d: [f64; 2]| {
            0.5 * k
                .iter()
                .map(|k| (k[0] * d[0] + k[1] * d[1]).abs())
                .sum::<f64>()
                .max(0.02)
        };
        let kr = part([y[0] / r, y[1] / r]);
        let kt = part([-y[1] / r, y[0] / r]);
        log_kt += (kt * r / (1.0 + far * far).sqrt()).ln();
        log_tan += (kr / kt).ln();
    }
    let n = frame.windows.len().max(1) as f64;
    parameters[2] = log_kt / n;
    parameters[3] = log_tan / n;
    parameters
}

/// Fits every explanation and compares them. `None` below five windows.
pub(crate) fn compare(nodes: &[Node], share: f64) -> Option<Comparison> {
    if nodes.len() < 5 {
        return None;
    }
    let frame = Frame::new(nodes, share);
    let coarse = frame.thinned(60);
    let fine = frame.thinned(240);
    let mut noise = 0.03;

    let mut tries: Vec<(bool, Optimum<PARAMETERS>)> = Vec::new();
    for c in starts(&frame) {
        let start = begin(&coarse, c);
        let polar = |swapped| Polar {
            frame: &coarse,
            swapped,
            noise,
            stretch: STRETCH,
        };
        let swapped = cost(&polar(true), &start) < cost(&polar(false), &start);
        tries.push((swapped, descend(&polar(swapped), start, 14)));
    }
    tries.sort_by(|a, b| a.1.cost.total_cmp(&b.1.cost));

    // The noise that the best explanation leaves sets the scale for all.
    let (swapped, first) = tries.first()?;
    let polar = Polar {
        frame: &coarse,
        swapped: *swapped,
        noise,
        stretch: STRETCH,
    };
    noise = scatter_of(&polar, &first.parameters, noise).clamp(FINEST, 0.1);

    let mut kinds: [Option<Solution>; 2] = [None, None];
    for (swapped, found) in &tries {
        let kind = usize::from(sum_is_radial(&coarse, &found.parameters) > 0.5);
        if kinds[kind].is_some() {
            continue;
        }
        let polar = Polar {
            frame: &fine,
            swapped: *swapped,
            noise,
            stretch: STRETCH,
        };
        let refined = descend(&polar, found.parameters, 20);
        let share = sum_is_radial(&fine, &refined.parameters);
        kinds[kind] = Some(Solution {
            parameters: refined.parameters,
            swapped: *swapped,
            cost: refined.cost,
            sum_is_radial: share,
        });
    }
    let straight = Straight {
        frame: &fine,
        noise,
    };
    let mut flat = [0.0; 6];
    let middle = &fine.windows[fine.windows.len() / 2].1;
    for (i, k) in middle.iter().enumerate() {
        flat[2 * i] = k[0];
        flat[2 * i + 1] = k[1];
    }
    // A rough noise first: strong perspective is far from where this starts.
    let rough = Straight {
        frame: &coarse,
        noise: 0.1,
    };
    let flat = descend(&rough, flat, 20).parameters;
    let flat = descend(&straight, flat, 30);
    let scatter_straight = scatter_of(&straight, &flat.parameters, noise);

    let [difference_radial, sum_radial] = kinds;
    let (best, other) = match (difference_radial, sum_radial) {
        (Some(a), Some(b)) if a.cost <= b.cost => (a, Some(b)),
        (Some(a), Some(b)) => (b, Some(a)),
        (Some(a), None) | (None, Some(a)) => (a, None),
        (None, None) => return None,
    };
    let polar = Polar {
        frame: &fine,
        swapped: best.swapped,
        noise,
        stretch: STRETCH,
    };
    let scatter = scatter_of(&polar, &best.parameters, noise);
    let (matrix, _) = normal(&polar, &best.parameters);
    let mut covariance = [[0.0; PARAMETERS]; PARAMETERS];
    for p in 0..PARAMETERS {
        let mut unit = [0.0; PARAMETERS];
        unit[p] = 1.0;
        let mut held = matrix;
        for (q, row) in held.iter_mut().enumerate() {
            row[q] += 1e-6;
        }
        let column = solve(&held, &unit)?;
        for (q, value) in column.into_iter().enumerate() {
            covariance[q][p] = value;
        }
    }
    Some(Comparison {
        log_odds_orientation: other.map_or(f64::INFINITY, |o| 0.5 * (o.cost - best.cost)),
        log_odds_curved: 0.5 * (flat.cost - best.cost),
        course: Course::new(&best.parameters),
        best,
        scatter,
        scatter_straight,
        covariance,
        frame,
    })
}

impl Comparison {
    /// How far a window's wave vectors lie from the fit, in units of its scatter (Euclidean over both families).
    pub(crate) fn misfit(&self, node: &Node) -> f64 {
        let model = self.predict(node.at);
        let noise = self.scatter.max(FINEST);
        let a = apart(node.k[0], model[0], noise);
        let b = apart(node.k[1], model[1], noise);
        (a[0] * a[0] + a[1] * a[1] + b[0] * b[0] + b[1] * b[1]).sqrt()
    }

    /// Wave vectors that the best lattice has at a place of the picture, cycles per pixel.
    pub(crate) fn predict(&self, at: [f64; 2]) -> [[f64; 2]; 2] {
        let k = self.course.at(self.place(at)).k;
        let k = if self.best.swapped { [k[1], k[0]] } else { k };
        k.map(|k| k.map(|v| v * self.frame.wave))
    }

    /// A place of the picture in extents.
    pub(crate) fn place(&self, at: [f64; 2]) -> [f64; 2] {
        [
            (at[0] - self.frame.middle[0]) / self.frame.extent,
            (at[1] - self.frame.middle[1]) / self.frame.extent,
        ]
    }
}

impl Comparison {
    /// The place of the picture (pixels) at a bearing and distance (extents) from the centre in the unfolded plane.
    pub(crate) fn picture(&self, bearing: f64, r: f64) -> [f64; 2] {
        let c = self.course.centre;
        let x = self
            .course
            .unplane([c[0] + r * bearing.cos(), c[1] + r * bearing.sin()]);
        [
            self.frame.middle[0] + x[0] * self.frame.extent,
            self.frame.middle[1] + x[1] * self.frame.extent,
        ]
    }
}
