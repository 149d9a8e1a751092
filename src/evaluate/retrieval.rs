//! Figures of a search for the same picture: many questions, scored answers, with a weight per question so that a bootstrap
//! can resample.
//!
//! Micro-average precision ranks the answers to all questions together, as the ISC 2021 copy detection track does: one
//! threshold serves every question, and the scores of different questions must be comparable. Answers of one score are
//! counted in the worst order, wrong ones first.

/// Precisions at which the recall is told.
pub const PRECISIONS: [f64; 2] = [0.9, 0.99];
/// Depths at which the share of questions answered is told.
pub const RANKS: [usize; 2] = [1, 10];

/// One answer to one question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answered {
    /// Number of the question.
    pub question: usize,
    /// How sure, higher is surer; finite.
    pub score: f64,
    /// Whether it is a match.
    pub right: bool,
}

/// The answers to many questions, ready to be walked under any weights.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Surest first; of one score the wrong ones first.
    order: Vec<Answered>,
    /// Per question, the matches there are.
    wanted: Vec<usize>,
    /// Per question, the place of its first right answer from 1, counting ties as wrong before; `None` without one.
    first_right: Vec<Option<usize>>,
}

/// An operating point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operating {
    /// Share of all matches found.
    pub recall: f64,
    /// The score from which answers count; infinite when none does.
    pub threshold: f64,
}

/// What a walk down the answers gives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Walk {
    /// Mean precision over all matches at their places in the common ranking; a match that no answer names counts 0.
    /// `None` without matches.
    pub micro_ap: Option<f64>,
    /// Highest recall at a threshold whose precision is at least [`PRECISIONS`], and that threshold; recall 0 where no
    /// threshold reaches it.
    pub at_precision: [Option<Operating>; 2],
    /// Share of the questions with a match that have a right one among their first [`RANKS`] answers.
    pub within_rank: [Option<f64>; 2],
    /// Share of the questions with a match that have a right answer at all.
    pub found: Option<f64>,
    /// Wrong answers per question.
    pub wrong_per_question: Option<f64>,
}

impl Answers {
    /// Sorts the answers to questions of which number `q` has `wanted[q]` matches.
    #[must_use]
    pub fn new(mut answers: Vec<Answered>, wanted: Vec<usize>) -> Self {
        answers.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then(a.right.cmp(&b.right))
                .then(a.question.cmp(&b.question))
        });
        let mut given = vec![0; wanted.len()];
        let mut first_right = vec![None; wanted.len()];
        for answer in &answers {
            given[answer.question] += 1;
            let first = &mut first_right[answer.question];
            if answer.right && first.is_none() {
                *first = Some(given[answer.question]);
            }
        }
        Self {
            order: answers,
            wanted,
            first_right,
        }
    }

    /// Number of questions.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.wanted.len()
    }

    /// Walks down the ranking once, questions counting `weights[question]` times.
    #[must_use]
    pub fn walk(&self, weights: &[u32]) -> Walk {
        let weight = |question: usize| f64::from(weights[question]);
        let total: f64 = (self.wanted.iter().enumerate())
            .map(|(question, &wanted)| weight(question) * wanted as f64)
            .sum();
        let (mut right, mut wrong, mut area) = (0.0, 0.0, 0.0);
        let mut best = PRECISIONS.map(|_| (0.0, f64::INFINITY));
        for (place, answer) in self.order.iter().enumerate() {
            let copies = weights[answer.question];
            if answer.right {
                for _ in 0..copies {
                    right += 1.0;
                    area += right / (right + wrong);
                }
            } else {
                wrong += f64::from(copies);
            }
            let last_of_tie =
                (self.order.get(place + 1)).is_none_or(|next| next.score != answer.score);
            if last_of_tie && right > 0.0 {
                for (best, precision) in best.iter_mut().zip(PRECISIONS) {
                    if right > best.0 && right >= precision * (right + wrong) {
                        *best = (right, answer.score);
                    }
                }
            }
        }
        let (mut asked, mut matched, mut found) = (0.0, 0.0, 0.0);
        let mut within = [0.0; 2];
        for (question, &wanted) in self.wanted.iter().enumerate() {
            asked += weight(question);
            if wanted == 0 {
                continue;
            }
            matched += weight(question);
            if let Some(place) = self.first_right[question] {
                found += weight(question);
                for (sum, rank) in within.iter_mut().zip(RANKS) {
                    *sum += if place <= rank { weight(question) } else { 0.0 };
                }
            }
        }
        let of = |value: f64, whole: f64| (whole > 0.0).then(|| value / whole);
        Walk {
            micro_ap: of(area, total),
            at_precision: best.map(|(right, threshold)| {
                of(right, total).map(|recall| Operating { recall, threshold })
            }),
            within_rank: within.map(|sum| of(sum, matched)),
            found: of(found, matched),
            wrong_per_question: of(wrong, asked),
        }
    }

    /// Precision against recall, one point per distinct score: (recall, precision).
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let total = self.wanted.iter().sum::<usize>().max(1) as f64;
        let (mut right, mut points) = (0.0, Vec::new());
        for (place, answer) in self.order.iter().enumerate() {
            right += f64::from(u8::from(answer.right));
            if (self.order.get(place + 1)).is_none_or(|next| next.score != answer.score) {
                points.push((right / total, right / (place + 1) as f64));
            }
        }
        points
    }
}
