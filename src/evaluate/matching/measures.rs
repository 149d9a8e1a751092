//! The figures of every method, on all questions and on those of each transformation.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::evaluate::binomial;
use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::figure::{Figure, Measure};
use crate::evaluate::left_out::{Exclusion, LeftOut};
use crate::evaluate::retrieval::{Answered, Answers, PRECISIONS, RANKS, Walk};
use crate::evaluate::truth::{Question, Truth};

use super::answers::{Found, Method};

/// What is said of the answers of one method to all questions, or to those of one transformation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// The method.
    pub method: Method,
    /// The transformation; empty for all questions.
    pub transformation: String,
    /// Its figures; each one's label is the method.
    pub figures: Vec<Figure>,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// By method: first all questions, then per transformation.
    pub parts: Vec<Part>,
    /// By method: precision against recall over all questions.
    pub curves: Vec<(Method, Vec<(f64, f64)>)>,
    /// Answers that name a picture that is no reference, or no question.
    pub left_out: Vec<LeftOut>,
    /// Wrong answers of the first method, surest first: question, reference, score.
    pub wrong: Vec<Found>,
    /// Questions that the first method answers with no match.
    pub missed: Vec<String>,
}

/// Measures answers against the truth. An answer that names the picture itself is passed over, and
/// so is one for which `neither` holds (question, reference): it is neither right nor wrong.
#[must_use]
pub fn measure(
    truth: &Truth,
    found: &[Found],
    neither: impl Fn(usize, usize) -> bool,
    resampling: Resampling,
) -> Measured {
    let methods = methods(found);
    let judged = Judged::new(truth, found, &methods, neither);
    let transformations = transformations(truth);
    let mut parts = Vec::new();
    let mut curves = Vec::new();
    for (method, answers) in methods.iter().zip(&judged.answers) {
        let all = Answers::new(answers.clone(), wanted(&truth.questions));
        curves.push((method.clone(), all.curve()));
        let of = |name: &str| part(truth, answers, method, name, resampling);
        parts.push(of(""));
        parts.extend(transformations.iter().map(|name| of(name)));
    }
    Measured {
        parts,
        curves,
        missed: missed(truth, &judged.answers[0]),
        left_out: judged.left_out,
        wrong: judged.wrong,
    }
}

/// The methods that answer: ours first, others as they turn up; the index where nobody answers.
fn methods(found: &[Found]) -> Vec<Method> {
    let mut methods = vec![Method::Index, Method::Pdq, Method::Descriptor];
    for one in found {
        if !methods.contains(&one.method) {
            methods.push(one.method.clone());
        }
    }
    methods.retain(|method| found.iter().any(|one| one.method == *method));
    if methods.is_empty() {
        methods.push(Method::Index);
    }
    methods
}

/// The transformations, in the order in which the manifest names them.
fn transformations(truth: &Truth) -> Vec<&str> {
    let mut seen = HashSet::new();
    let names = truth
        .questions
        .iter()
        .map(|question| question.transformation.as_str());
    names
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .collect()
}

/// Answers by method, held against the truth.
struct Judged {
    answers: Vec<Vec<Answered>>,
    wrong: Vec<Found>,
    left_out: Vec<LeftOut>,
}

impl Judged {
    fn new(
        truth: &Truth,
        found: &[Found],
        methods: &[Method],
        neither: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let questions = truth
            .questions
            .iter()
            .map(|question| question.file.as_str());
        let questions = numbered(questions);
        let references = numbered(truth.references.iter().map(String::as_str));
        let mut judged = Self {
            answers: vec![Vec::new(); methods.len()],
            wrong: Vec::new(),
            left_out: Vec::new(),
        };
        for one in found {
            let question = questions.get(one.query.as_str());
            let reference = references.get(one.db.as_str());
            let (Some(&question), Some(&reference)) = (question, reference) else {
                judged.left_out.push(unasked(one, question.is_some()));
                continue;
            };
            if one.query == one.db || neither(question, reference) {
                continue;
            }
            let method = methods.iter().position(|method| *method == one.method);
            let right = truth.questions[question].wanted.contains(&reference);
            judged.take(method.unwrap_or(0), question, right, one);
        }
        judged.wrong.sort_by(|a, b| b.score.total_cmp(&a.score));
        judged
    }

    fn take(&mut self, method: usize, question: usize, right: bool, found: &Found) {
        self.answers[method].push(Answered {
            question,
            score: found.score,
            right,
        });
        if method == 0 && !right {
            self.wrong.push(found.clone());
        }
    }
}

fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    names
        .enumerate()
        .map(|(number, name)| (name, number))
        .collect()
}

/// An answer to what nobody asked, or that names no reference.
fn unasked(found: &Found, is_question: bool) -> LeftOut {
    LeftOut {
        line: 0,
        file: found.query.clone(),
        why: match is_question {
            false => Exclusion::NotAsked,
            true => Exclusion::NoReference(found.db.clone()),
        },
    }
}

/// Questions with a match that no answer names.
fn missed(truth: &Truth, answers: &[Answered]) -> Vec<String> {
    let right = answers.iter().filter(|answer| answer.right);
    let right: HashSet<usize> = right.map(|answer| answer.question).collect();
    let questions = truth.questions.iter().enumerate();
    let missed = questions
        .filter(|(number, question)| !question.wanted.is_empty() && !right.contains(number));
    missed.map(|(_, question)| question.file.clone()).collect()
}

fn wanted<'a>(questions: impl IntoIterator<Item = &'a Question>) -> Vec<usize> {
    let questions = questions.into_iter();
    questions.map(|question| question.wanted.len()).collect()
}

/// The figures of one method on the questions of one transformation, or of all.
fn part(
    truth: &Truth,
    answers: &[Answered],
    method: &Method,
    transformation: &str,
    resampling: Resampling,
) -> Part {
    let belongs = |question: &&Question| {
        transformation.is_empty() || question.transformation == transformation
    };
    let (groups, group_count) = renumbered_groups(truth.questions.iter().filter(belongs));
    let ranked = ranked_part(truth, answers, belongs);
    let walk = ranked.walk(&vec![1; ranked.questions()]);
    let intervals = resampling.intervals(&groups, |weights| {
        let walk = ranked.walk(weights);
        measures().map(|measure| value(&walk, &measure)).collect()
    });
    let figures = measures().enumerate().map(|(place, measure)| {
        let value = value(&walk, &measure);
        let interval = intervals.get(place).copied().flatten();
        // One group says nothing of others.
        let interval = interval.filter(|_| value.is_some() && group_count > 1);
        Figure {
            label: method.to_string(),
            note: note(&measure, value).to_owned(),
            interval: interval.and_then(|drawn| widened(&measure, value, drawn, group_count)),
            measure,
            value,
            photographs: ranked.questions(),
            groups: group_count,
        }
    });
    Part {
        method: method.clone(),
        transformation: transformation.to_owned(),
        figures: figures.collect(),
    }
}

/// The interval that was drawn; of a share of the questions by [`binomial::no_narrower`].
fn widened(
    measure: &Measure,
    value: Option<f64>,
    drawn: [f64; 2],
    groups: usize,
) -> Option<[f64; 2]> {
    use Measure::{FoundAtAll, RecallAtPrecision, RecallAtRank, WrongAnswersPerQuestion};
    match (measure, value) {
        (FoundAtAll | RecallAtPrecision(_) | RecallAtRank(_), Some(share)) => {
            binomial::no_narrower(Some(drawn), share, groups)
        }
        // More than one wrong answer to a question makes no share of them.
        (WrongAnswersPerQuestion, Some(0.0)) => binomial::no_narrower(Some(drawn), 0.0, groups),
        _ => Some(drawn),
    }
}

fn note(measure: &Measure, value: Option<f64>) -> &'static str {
    match (measure, value) {
        (Measure::ThresholdAtPrecision(_), None) => "no threshold reaches this precision",
        _ => "",
    }
}

/// Groups of the questions, numbered anew from 0, and how many there are.
fn renumbered_groups<'a>(questions: impl Iterator<Item = &'a Question>) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let groups = questions.map(|question| {
        let next = numbers.len();
        *numbers.entry(question.group).or_insert(next)
    });
    let groups = groups.collect();
    (groups, numbers.len())
}

/// The answers to the questions that belong to a part, which are numbered anew.
fn ranked_part(
    truth: &Truth,
    answers: &[Answered],
    belongs: impl Fn(&&Question) -> bool,
) -> Answers {
    let mut next = 0;
    let numbers: Vec<Option<usize>> = (truth.questions.iter())
        .map(|question| {
            let number = belongs(&question).then_some(next);
            next += usize::from(number.is_some());
            number
        })
        .collect();
    let own = answers.iter().filter_map(|answer| {
        Some(Answered {
            question: numbers[answer.question]?,
            ..*answer
        })
    });
    let questions = truth.questions.iter().filter(|question| belongs(question));
    Answers::new(own.collect(), wanted(questions))
}

/// Every measure, in the order of the reports.
fn measures() -> impl Iterator<Item = Measure> {
    let at_precision = PRECISIONS.into_iter().flat_map(|precision| {
        [
            Measure::RecallAtPrecision(precision),
            Measure::ThresholdAtPrecision(precision),
        ]
    });
    std::iter::once(Measure::MicroAveragePrecision)
        .chain(at_precision)
        .chain(RANKS.map(Measure::RecallAtRank))
        .chain([Measure::FoundAtAll, Measure::WrongAnswersPerQuestion])
}

fn value(walk: &Walk, measure: &Measure) -> Option<f64> {
    let operating = |precision: &f64| {
        let place = PRECISIONS.iter().position(|other| other == precision)?;
        walk.at_precision[place]
    };
    match measure {
        Measure::MicroAveragePrecision => walk.micro_ap,
        Measure::RecallAtPrecision(precision) => operating(precision).map(|point| point.recall),
        Measure::ThresholdAtPrecision(precision) => (operating(precision))
            .map(|point| point.threshold)
            .filter(|threshold| threshold.is_finite()),
        Measure::RecallAtRank(rank) => {
            let place = RANKS.iter().position(|other| other == rank)?;
            walk.within_rank[place]
        }
        Measure::FoundAtAll => walk.found,
        Measure::WrongAnswersPerQuestion => walk.wrong_per_question,
        _ => None,
    }
}
