//! Plots as SVG.

use super::Outcome;
use super::figures::Summary;
use crate::schreger::Species;
use std::fmt::Write;

const SIZE: f64 = 360.0;
const MARGIN: f64 = 46.0;

/// Axes of a square plot.
struct Axes {
    svg: String,
    x: (f64, f64),
    y: (f64, f64),
    left: f64,
}

impl Axes {
    fn new(left: f64, title: [&str; 2], x: (f64, f64), y: (f64, f64)) -> Self {
        let mut axes = Self {
            svg: String::new(),
            x,
            y,
            left,
        };
        let _ = write!(
            axes.svg,
            "<rect x=\"{:.1}\" y=\"{MARGIN:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"none\" stroke=\"#888\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
            left + MARGIN,
            SIZE - 2.0 * MARGIN,
            SIZE - 2.0 * MARGIN,
            left + SIZE / 2.0,
            SIZE - 8.0,
            title[0],
            left + SIZE / 2.0,
            MARGIN - 14.0,
            title[1],
        );
        for i in 0..=4 {
            let part = f64::from(i) / 4.0;
            let (vx, vy) = (x.0 + part * (x.1 - x.0), y.0 + part * (y.1 - y.0));
            let (px, py) = axes.place(vx, vy);
            let show = |v: f64, span: f64| {
                if span < 3.0 {
                    format!("{v:.2}")
                } else {
                    format!("{v:.0}")
                }
            };
            let _ = write!(
                axes.svg,
                "<text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{}</text>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{}</text>\n",
                SIZE - MARGIN + 14.0,
                show(vx, x.1 - x.0),
                left + MARGIN - 4.0,
                py + 4.0,
                show(vy, y.1 - y.0),
            );
        }
        axes
    }

    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let inner = SIZE - 2.0 * MARGIN;
        let part = |v: f64, (low, high): (f64, f64)| ((v - low) / (high - low)).clamp(0.0, 1.0);
        (
            self.left + MARGIN + inner * part(x, self.x),
            SIZE - MARGIN - inner * part(y, self.y),
        )
    }

    fn dot(&mut self, x: f64, y: f64, colour: &str) {
        let (px, py) = self.place(x, y);
        let _ = writeln!(
            self.svg,
            "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"2\" fill=\"{colour}\" fill-opacity=\"0.6\"/>"
        );
    }

    fn line(&mut self, points: &[(f64, f64)], colour: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| {
                let (px, py) = self.place(*x, *y);
                format!("{px:.1},{py:.1}")
            })
            .collect();
        let _ = writeln!(
            self.svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            points.join(" ")
        );
    }
}

fn page(plots: &[Axes]) -> String {
    let width = SIZE * plots.len() as f64;
    let body: String = plots.iter().map(|p| p.svg.as_str()).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{SIZE}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// True against measured angle, elephants and mammoths apart.
pub(super) fn angles(outcomes: &[Outcome]) -> String {
    let range = (20.0, 170.0);
    let mut axes = Axes::new(
        0.0,
        ["true angle, degrees", "measured angle, degrees"],
        range,
        range,
    );
    axes.line(&[(20.0, 20.0), (170.0, 170.0)], "#888");
    for outcome in outcomes {
        let read = outcome.reading.as_ref().ok().and_then(|r| r.angle_deg);
        if let (Some(truth), Some(read)) = (outcome.case.angle_deg, read) {
            let colour = match outcome.case.species {
                Some(Species::Elephant) => "#0072ce",
                Some(Species::Mammoth) => "#e6194b",
                _ => "#555",
            };
            axes.dot(truth, read, colour);
        }
    }
    page(&[axes])
}

/// Median (dark) and 95th percentile (pale) of the error along each numeric factor.
pub(super) fn errors(summary: &Summary) -> String {
    let mut plots = Vec::new();
    for factor in ["tilt_deg", "px_per_period", "contrast", "jpeg"] {
        let bins: Vec<_> = summary
            .slices
            .iter()
            .filter(|s| s.factor == factor)
            .collect();
        let low = |bin: &str| bin.split("..").next().and_then(|v| v.parse::<f64>().ok());
        let ends: Vec<f64> = bins.iter().filter_map(|s| low(&s.bin)).collect();
        let last = ends.last().copied().unwrap_or(1.0).max(1e-3);
        let title = format!("{factor}, lower end of the bin");
        let mut axes = Axes::new(
            SIZE * plots.len() as f64,
            [&title, "absolute error, degrees: median, 95th percentile"],
            (0.0, last * 1.1),
            (0.0, 16.0),
        );
        for (value, colour) in [(0, "#0b3d91"), (1, "#9db8e8")] {
            let points: Vec<(f64, f64)> = bins
                .iter()
                .filter_map(|s| {
                    let error = if value == 0 {
                        s.median_error
                    } else {
                        s.p95_error
                    };
                    Some((low(&s.bin)?, error?))
                })
                .collect();
            for (x, y) in &points {
                axes.dot(*x, *y, colour);
            }
            axes.line(&points, colour);
        }
        plots.push(axes);
    }
    page(&plots)
}

/// Share wrong among decided against share decided.
pub(super) fn risk(summary: &Summary) -> String {
    let mut axes = Axes::new(
        0.0,
        [
            "share of pictures with a species named",
            "share wrong among them",
        ],
        (0.0, 1.0),
        (0.0, 0.05),
    );
    let points: Vec<(f64, f64)> = summary.risk.iter().map(|r| (r.1, r.2)).collect();
    for (x, y) in &points {
        axes.dot(*x, *y, "#0b3d91");
    }
    axes.line(&points, "#0b3d91");
    page(&[axes])
}
