//! Figures of a search for the same picture: many questions, scored answers, with a weight per
//! question so that a bootstrap can resample.
//!
//! Micro-average precision ranks the answers to all questions together, as the ISC 2021 copy
//! detection track does: one threshold serves every question, and the scores of different
//! questions must be comparable. Answers of one score are counted in the worst order, wrong ones
//! first.

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
    /// Per question, the place of its first right answer from 1, counting ties as wrong before;
    /// `None` without one.
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
    /// Mean precision over all matches at their places in the common ranking; a match that no
    /// answer names counts 0. `None` without matches.
    pub micro_ap: Option<f64>,
    /// Highest recall at a threshold whose precision is at least [`PRECISIONS`], and that
    /// threshold; recall 0 where no threshold reaches it.
    pub at_precision: [Option<Operating>; 2],
    /// Share of the questions with a match that have a right one among their first [`RANKS`]
    /// answers.
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
        let ranking = self.walk_ranking(weights);
        let answered = self.count_answered(weights);
        let matches: f64 = (self.wanted.iter().zip(weights))
            .map(|(&wanted, &weight)| f64::from(weight) * wanted as f64)
            .sum();
        let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        Walk {
            micro_ap: share(ranking.precision_sum, matches),
            at_precision: ranking.best.map(|(right, threshold)| {
                share(right, matches).map(|recall| Operating { recall, threshold })
            }),
            within_rank: answered
                .within_rank
                .map(|part| share(part, answered.matched)),
            found: share(answered.found, answered.matched),
            wrong_per_question: share(ranking.wrong, answered.asked),
        }
    }

    fn walk_ranking(&self, weights: &[u32]) -> Ranking {
        let mut ranking = Ranking::default();
        for (place, answer) in self.order.iter().enumerate() {
            ranking.count(answer.right, weights[answer.question]);
            if self.is_last_of_tie(place) {
                ranking.close_tie(answer.score);
            }
        }
        ranking
    }

    fn is_last_of_tie(&self, place: usize) -> bool {
        let next = self.order.get(place + 1);
        next.is_none_or(|next| next.score != self.order[place].score)
    }

    fn count_answered(&self, weights: &[u32]) -> AnsweredQuestions {
        let mut answered = AnsweredQuestions::default();
        let questions = self.wanted.iter().zip(&self.first_right).zip(weights);
        for ((&wanted, &first_right), &weight) in questions {
            let weight = f64::from(weight);
            answered.asked += weight;
            if wanted > 0 {
                answered.matched += weight;
                answered.count(first_right, weight);
            }
        }
        answered
    }

    /// Precision against recall, one point per distinct score: (recall, precision).
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let total = self.wanted.iter().sum::<usize>().max(1) as f64;
        let (mut right, mut points) = (0.0, Vec::new());
        for (place, answer) in self.order.iter().enumerate() {
            right += f64::from(u8::from(answer.right));
            if self.is_last_of_tie(place) {
                points.push((right / total, right / (place + 1) as f64));
            }
        }
        points
    }
}

/// Weights of the answers above the place reached, and what they give.
struct Ranking {
    right: f64,
    wrong: f64,
    /// Sum of the precision at every right answer.
    precision_sum: f64,
    /// Per precision: most right answers, and the score down to which they count.
    best: [(f64, f64); 2],
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            right: 0.0,
            wrong: 0.0,
            precision_sum: 0.0,
            best: PRECISIONS.map(|_| (0.0, f64::INFINITY)),
        }
    }
}

impl Ranking {
    fn count(&mut self, is_right: bool, copies: u32) {
        if !is_right {
            self.wrong += f64::from(copies);
            return;
        }
        for _ in 0..copies {
            self.right += 1.0;
            self.precision_sum += self.right / (self.right + self.wrong);
        }
    }

    /// All answers of this score are counted.
    fn close_tie(&mut self, score: f64) {
        let all = self.right + self.wrong;
        for (best, precision) in self.best.iter_mut().zip(PRECISIONS) {
            if self.right > best.0 && self.right >= precision * all {
                *best = (self.right, score);
            }
        }
    }
}

/// Weights of questions.
#[derive(Default)]
struct AnsweredQuestions {
    asked: f64,
    /// Those that have a match.
    matched: f64,
    /// Those with a right answer.
    found: f64,
    within_rank: [f64; 2],
}

impl AnsweredQuestions {
    /// A question with a match, and the place of its first right answer.
    fn count(&mut self, first_right: Option<usize>, weight: f64) {
        let Some(place) = first_right else { return };
        self.found += weight;
        for (sum, rank) in self.within_rank.iter_mut().zip(RANKS) {
            *sum += if place <= rank { weight } else { 0.0 };
        }
    }
}
