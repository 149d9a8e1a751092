//! Figures of a classifier from scores and answers, with a weight per row so that a bootstrap can
//! resample.
//!
//! Definitions follow scikit-learn where it has the figure (average_precision_score,
//! roc_auc_score, brier_score_loss), and are checked against it. A figure that is not defined,
//! such as recall without positives, is `None`.

/// Bins of confidence for the expected calibration error.
pub const BINS: usize = 15;

/// One label's scores in falling order, ready to be walked under any weights.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Rows, highest score first.
    order: Vec<u32>,
    /// For each place, whether the row carries the label.
    positive: Vec<bool>,
    /// For each place, whether the next score is lower: rows of one score stand or fall together.
    last_of_tie: Vec<bool>,
    scores: Vec<f64>,
}

/// What a walk down the ranking gives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Walk {
    /// Average precision: the sum of precision times gain in recall over the distinct scores.
    pub average_precision: Option<f64>,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Highest recall at a threshold whose false-positive rate is at most 0.1, 0.01, 0.001.
    pub recall_at_fpr: [Option<f64>; 3],
    /// Share of the positives among the first 100 and 500 rows; ties count in proportion.
    pub recall_in_top: [Option<f64>; 2],
}

/// The false-positive rates of [`Walk::recall_at_fpr`].
pub const RATES: [f64; 3] = [0.1, 0.01, 0.001];
/// The depths of [`Walk::recall_in_top`].
pub const DEPTHS: [f64; 2] = [100.0, 500.0];

/// A point of the ROC and precision-recall curves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The score from which rows count as found.
    pub threshold: f64,
    /// Share of positives found.
    pub recall: f64,
    /// Share of negatives found.
    pub false_positive_rate: f64,
    /// Share of positives among the found.
    pub precision: f64,
}

impl Ranked {
    /// Ranks rows by finite scores; equal scores keep their order and are treated as one.
    #[must_use]
    pub fn new(scores: &[f64], positive: impl Fn(usize) -> bool) -> Self {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        let sorted: Vec<f64> = order.iter().map(|&row| scores[row as usize]).collect();
        let last_of_tie = (0..sorted.len())
            .map(|i| sorted.get(i + 1).is_none_or(|next| *next != sorted[i]))
            .collect();
        Self {
            positive: order.iter().map(|&row| positive(row as usize)).collect(),
            order,
            last_of_tie,
            scores: sorted,
        }
    }

    /// Walks down the ranking once, rows counting `weights[row]` times.
    #[must_use]
    pub fn walk(&self, weights: &[u32]) -> Walk {
        let mut walker = Walker::new(self.negative_weight(weights));
        for (place, &row) in self.order.iter().enumerate() {
            let weight = f64::from(weights[row as usize]);
            if self.positive[place] {
                walker.found += weight;
            } else {
                walker.wrong += weight;
            }
            if self.last_of_tie[place] {
                walker.close_tie();
            }
        }
        walker.finish()
    }

    fn negative_weight(&self, weights: &[u32]) -> f64 {
        let rows = self.order.iter().zip(&self.positive);
        let negatives = rows.filter(|(_, positive)| !**positive);
        negatives
            .map(|(&row, _)| f64::from(weights[row as usize]))
            .sum()
    }

    /// The curves, one point per distinct score, highest first.
    #[must_use]
    pub fn curve(&self) -> Vec<Point> {
        let positives = self.positive.iter().filter(|&&positive| positive).count() as f64;
        let negatives = self.positive.len() as f64 - positives;
        let (mut found, mut wrong) = (0.0, 0.0);
        let mut points = Vec::new();
        for (place, &positive) in self.positive.iter().enumerate() {
            if positive {
                found += 1.0;
            } else {
                wrong += 1.0;
            }
            if self.last_of_tie[place] {
                points.push(Point {
                    threshold: self.scores[place],
                    recall: found / positives.max(1.0),
                    false_positive_rate: wrong / negatives.max(1.0),
                    precision: found / (found + wrong),
                });
            }
        }
        points
    }

    /// Weight of positives and negatives scored at least `threshold`, and of all.
    #[must_use]
    pub fn counts_at(&self, threshold: f64, weights: &[u32]) -> Counts {
        let mut counts = Counts::default();
        for (place, &row) in self.order.iter().enumerate() {
            let weight = u64::from(weights[row as usize]);
            let raised = self.scores[place] >= threshold;
            match (self.positive[place], raised) {
                (true, true) => counts.found += weight,
                (true, false) => counts.missed += weight,
                (false, true) => counts.wrong += weight,
                (false, false) => counts.passed += weight,
            }
        }
        counts
    }
}

/// The state of a walk: weights above the place reached, and the sums so far.
struct Walker {
    negatives: f64,
    found: f64,
    wrong: f64,
    /// `found` and `wrong` at the last distinct score.
    before: (f64, f64),
    precision_area: f64,
    roc_area: f64,
    found_at_fpr: [f64; 3],
    found_in_top: [Option<f64>; 2],
}

impl Walker {
    fn new(negatives: f64) -> Self {
        Self {
            negatives,
            found: 0.0,
            wrong: 0.0,
            before: (0.0, 0.0),
            precision_area: 0.0,
            roc_area: 0.0,
            found_at_fpr: [0.0; 3],
            found_in_top: [None; 2],
        }
    }

    /// All rows of one score are counted.
    fn close_tie(&mut self) {
        let (found_before, wrong_before) = self.before;
        let (found, wrong) = (self.found, self.wrong);
        if found > found_before {
            self.precision_area += (found - found_before) * found / (found + wrong);
        }
        self.roc_area += (wrong - wrong_before) * 0.5 * (found + found_before);
        for (best, rate) in self.found_at_fpr.iter_mut().zip(RATES) {
            if wrong <= rate * self.negatives {
                *best = found;
            }
        }
        for (reached, depth) in self.found_in_top.iter_mut().zip(DEPTHS) {
            let (before, now) = (found_before + wrong_before, found + wrong);
            if reached.is_none() && now >= depth {
                let share = (depth - before) / (now - before);
                *reached = Some(found_before + share * (found - found_before));
            }
        }
        self.before = (found, wrong);
    }

    /// At the end of the ranking all positives are found.
    fn finish(self) -> Walk {
        let (positives, negatives) = (self.found, self.negatives);
        let of_positives = |value: f64| (positives > 0.0).then(|| value / positives);
        let both = positives > 0.0 && negatives > 0.0;
        Walk {
            average_precision: of_positives(self.precision_area),
            roc_auc: both.then(|| self.roc_area / (positives * negatives)),
            recall_at_fpr: (self.found_at_fpr).map(|value| of_positives(value).filter(|_| both)),
            recall_in_top: (self.found_in_top)
                .map(|value| of_positives(value.unwrap_or(positives))),
        }
    }
}

/// A two-by-two table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Positives raised.
    pub found: u64,
    /// Positives not raised.
    pub missed: u64,
    /// Negatives raised.
    pub wrong: u64,
    /// Negatives not raised.
    pub passed: u64,
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Counts {
    /// Share of the positives raised.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.found, self.found + self.missed)
    }

    /// Share of positives among the raised.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.found, self.found + self.wrong)
    }

    /// Share of the negatives raised.
    #[must_use]
    pub fn false_positive_rate(&self) -> Option<f64> {
        ratio(self.wrong, self.wrong + self.passed)
    }

    /// Harmonic mean of precision and recall.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.found, 2 * self.found + self.wrong + self.missed)
    }

    /// Precision where a share `prevalence` of all photographs is positive (Bayes' rule).
    #[must_use]
    pub fn precision_at(&self, prevalence: f64) -> Option<f64> {
        precision_in_feed(self.recall()?, self.false_positive_rate()?, prevalence)
    }
}

/// Precision at this recall and false-positive rate where a share `prevalence` of all photographs
/// is positive (Bayes' rule); `None` where nothing is raised.
#[must_use]
pub fn precision_in_feed(recall: f64, false_positive_rate: f64, prevalence: f64) -> Option<f64> {
    let (hits, misses) = (
        prevalence * recall,
        (1.0 - prevalence) * false_positive_rate,
    );
    (hits > 0.0 || misses > 0.0).then(|| hits / (hits + misses))
}

/// Confusion matrix `[true][best]`, row-major, of `labels` labels.
#[must_use]
pub fn confusion(truth: &[usize], best: &[usize], weights: &[u32], labels: usize) -> Vec<u64> {
    let mut cells = vec![0; labels * labels];
    for ((&truth, &best), &weight) in truth.iter().zip(best).zip(weights) {
        cells[truth * labels + best] += u64::from(weight);
    }
    cells
}

/// The two-by-two table of one label out of a confusion matrix.
#[must_use]
pub fn of_label(confusion: &[u64], labels: usize, label: usize) -> Counts {
    let total: u64 = confusion.iter().sum();
    let row: u64 = confusion[label * labels..(label + 1) * labels].iter().sum();
    let column: u64 = (0..labels)
        .map(|truth| confusion[truth * labels + label])
        .sum();
    let found = confusion[label * labels + label];
    Counts {
        found,
        missed: row - found,
        wrong: column - found,
        passed: total + found - row - column,
    }
}

/// How confidence and truth go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Mean over the photographs of |accuracy - confidence| of their bin, [`BINS`] bins of equal
    /// width.
    pub ece: Option<f64>,
    /// Mean squared distance between scores and the one-hot answer: of three and more labels
    /// their sum, 0 to 2; of two half of it, 0 to 1 (scikit-learn's `brier_score_loss` with
    /// `scale_by_half="auto"`).
    pub brier: Option<f64>,
    /// Mean negative log of the true label's score, scores cut at the spacing of double precision
    /// at 1, as scikit-learn's `log_loss` does.
    pub log_loss: Option<f64>,
    /// Per bin: weight, mean confidence, accuracy.
    pub bins: Vec<(f64, f64, f64)>,
}

/// Terms of [`Calibration`] that do not depend on weights.
#[derive(Debug, Clone, Copy)]
pub struct Confidence {
    score: f64,
    right: bool,
    squares: f64,
    log: f64,
}

impl Confidence {
    /// From one row's scores, the true label and the best one.
    #[must_use]
    pub fn new(scores: &[f64], truth: usize, best: usize) -> Self {
        let squares: f64 = scores
            .iter()
            .enumerate()
            .map(|(label, score)| (score - f64::from(u8::from(label == truth))).powi(2))
            .sum();
        // Both scores of a yes-or-no question say the same.
        let scale = if scores.len() == 2 { 0.5 } else { 1.0 };
        Self {
            score: scores[best],
            right: truth == best,
            squares: scale * squares,
            log: -scores[truth].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln(),
        }
    }
}

/// Calibration of weighted rows.
#[must_use]
pub fn calibration(rows: &[Confidence], weights: &[u32]) -> Calibration {
    let mut sums = [(0.0, 0.0, 0.0); BINS];
    let (mut total, mut squares, mut logs) = (0.0, 0.0, 0.0);
    for (row, &weight) in rows.iter().zip(weights) {
        let weight = f64::from(weight);
        // Bins are closed above, as usual: a confidence of 1 lies in the last.
        let bin = ((row.score * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        sums[bin].0 += weight;
        sums[bin].1 += weight * row.score;
        sums[bin].2 += weight * f64::from(u8::from(row.right));
        total += weight;
        squares += weight * row.squares;
        logs += weight * row.log;
    }
    let of_total = |value: f64| (total > 0.0).then(|| value / total);
    let gaps = sums
        .iter()
        .map(|(_, confidence, right)| (confidence - right).abs());
    Calibration {
        ece: of_total(gaps.sum()),
        brier: of_total(squares),
        log_loss: of_total(logs),
        bins: sums
            .iter()
            .map(|&(weight, confidence, right)| {
                (
                    weight,
                    confidence / weight.max(1e-300),
                    right / weight.max(1e-300),
                )
            })
            .collect(),
    }
}

/// Share of wrong answers when only the surest share of photographs is answered: points (coverage,
/// error), surest first.
#[must_use]
pub fn selective(rows: &[Confidence]) -> Vec<(f64, f64)> {
    let mut order: Vec<&Confidence> = rows.iter().collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut wrong = 0.0;
    let total = order.len() as f64;
    let mut points = Vec::new();
    for (i, row) in order.iter().enumerate() {
        wrong += f64::from(u8::from(!row.right));
        let answered = (i + 1) as f64;
        if order.get(i + 1).is_none_or(|next| next.score != row.score) {
            points.push((answered / total, wrong / answered));
        }
    }
    points
}

/// Exact two-sided McNemar test: the probability, were both equally good, of discordant pairs at
/// least as uneven as `only_a` against `only_b` (McNemar 1947, binomial form). 1 without any.
#[must_use]
pub fn mcnemar(only_a: u64, only_b: u64) -> f64 {
    let n = only_a + only_b;
    let fewer = only_a.min(only_b);
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for k in 0..=fewer {
        tail += log_term.exp();
        log_term += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}
