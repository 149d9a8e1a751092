//! Which pictures are the same: pairs, as copy-detection benchmarks give them, or clusters of
//! copies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::links::DisjointSets;
use crate::manifest::{Column, Row, Rows, Source};

use super::left_out::{Exclusion, LeftOut, RowsError, unusable};
use super::rows::answers;

/// One question: which of the references are this picture?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Line of the manifest, from 1; 0 for a folder.
    pub line: usize,
    /// The picture.
    pub file: String,
    /// Numbers of the references that match.
    pub wanted: BTreeSet<usize>,
    /// What was done to it, where the manifest says so.
    pub transformation: String,
    /// Number of its group; questions of one group are resampled together.
    pub group: usize,
}

/// The questions, and what they are asked of.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// The questions, in the order of the manifest.
    pub questions: Vec<Question>,
    /// The pictures to be found, and others.
    pub references: Vec<String>,
    /// Rows that were not used.
    pub left_out: Vec<LeftOut>,
}

/// References by name, numbered as they turn up.
#[derive(Default)]
struct Numbered {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Numbered {
    fn number(&mut self, name: &str) -> usize {
        *self.places.entry(name.to_owned()).or_insert_with(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }
}

impl Truth {
    /// Reads what is true.
    ///
    /// - Pairs: the columns `query` and `db`. A row without `db` is a question that nothing
    ///   matches, a row without `query` a picture that is only in the way. Questions of one
    ///   reference are one group.
    /// - Clusters: the columns `file` and `cluster`, or a folder per cluster. Every picture is
    ///   asked of all others; with a column `role` (`query` or `reference`), the queries of the
    ///   references. A picture without a cluster is the only one of its kind. A cluster is a
    ///   group.
    ///
    /// Both may have a column `transformation`.
    ///
    /// # Errors
    /// [`RowsError`] when the file is neither, or no question is left.
    pub fn read(path: &Path) -> Result<Self, RowsError> {
        let truth = match Source::parse(path, false, false)? {
            Source::Manifest(path) => of_manifest(&path)?,
            _ => of_folder(path)?,
        };
        if truth.questions.is_empty() || truth.references.is_empty() {
            return Err(RowsError::Nothing {
                path: path.to_owned(),
                total: truth.left_out.len(),
                first: truth.left_out.first().map_or_else(
                    || "it holds no question or nothing to ask".into(),
                    |row| row.why.to_string(),
                ),
            });
        }
        Ok(truth)
    }

    /// Every picture that has to be looked at, once.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let asked = self.questions.iter().map(|question| &question.file);
        self.references
            .iter()
            .chain(asked)
            .filter(|file| seen.insert(*file))
            .cloned()
            .collect()
    }

    /// Takes out what shows one of these unreadable pictures: questions, and references with the
    /// matches they were.
    pub fn without(&mut self, unreadable: &BTreeMap<String, String>) {
        let lost: BTreeSet<usize> = (self.references.iter().enumerate())
            .filter(|(_, file)| unreadable.contains_key(*file))
            .map(|(at, _)| at)
            .collect();
        let asked: BTreeSet<String> = self.questions.iter().map(|q| q.file.clone()).collect();
        for &at in &lost {
            // A picture that is asked, too, is named below, with its line.
            if !asked.contains(&self.references[at]) {
                self.left_out.push(LeftOut {
                    line: 0,
                    file: self.references[at].clone(),
                    why: Exclusion::ReferenceUnread(unreadable[&self.references[at]].clone()),
                });
            }
        }
        let (out, kept): (Vec<Question>, Vec<Question>) = std::mem::take(&mut self.questions)
            .into_iter()
            .partition(|question| unreadable.contains_key(&question.file));
        self.questions = kept;
        for question in &mut self.questions {
            question.wanted.retain(|at| !lost.contains(at));
        }
        self.left_out
            .extend(out.into_iter().map(|question| LeftOut {
                line: question.line,
                why: Exclusion::Unread(unreadable[&question.file].clone()),
                file: question.file,
            }));
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        for question in &mut self.questions {
            let next = numbers.len();
            question.group = *numbers.entry(question.group).or_insert(next);
        }
    }
}

const NEITHER: &str = "no ground truth: give the columns query and db (pairs), or file and cluster, or a folder per cluster";

/// The columns of pairs and of clusters.
const COLUMNS: [Column; 6] = [
    Column::Query,
    Column::Db,
    Column::File,
    Column::Cluster,
    Column::Role,
    Column::Transformation,
];

fn of_manifest(path: &Path) -> Result<Truth, RowsError> {
    let mut table = Rows::open(path, COLUMNS, 0)?;
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for row in table.by_ref() {
        match row {
            Ok(row) => rows.push(row),
            Err(bad) => left_out.push(bad.into()),
        }
    }
    match table.present() {
        [true, true, ..] => Ok(pairs(rows, left_out)),
        [_, _, true, true, ..] => {
            let members = rows.into_iter().map(|row| {
                let [_, _, file, cluster, role, transformation] = row.cells;
                Member {
                    line: row.line as usize,
                    file,
                    cluster,
                    role: role.to_ascii_lowercase(),
                    transformation,
                }
            });
            Ok(clusters(members.collect(), left_out))
        }
        _ => Err(unusable(path, NEITHER)),
    }
}

fn of_folder(path: &Path) -> Result<Truth, RowsError> {
    let (answers, left_out) = answers(path)?;
    let members = answers.into_iter().map(|answer| Member {
        line: 0,
        file: answer.file,
        cluster: answer.label,
        ..Member::default()
    });
    Ok(clusters(members.collect(), left_out))
}

/// A picture and the copies it belongs to.
#[derive(Debug, Default)]
struct Member {
    line: usize,
    file: String,
    cluster: String,
    role: String,
    transformation: String,
}

fn pairs(rows: Vec<Row<6>>, mut left_out: Vec<LeftOut>) -> Truth {
    let mut references = Numbered::default();
    let mut questions: Vec<Question> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let line = row.line as usize;
        let [query, db, .., transformation] = &row.cells;
        let mut exclude = |why: Exclusion| {
            left_out.push(LeftOut {
                line,
                file: if query.is_empty() {
                    db.clone()
                } else {
                    query.clone()
                },
                why,
            });
        };
        match (query.is_empty(), db.is_empty()) {
            (true, true) => {
                exclude(Exclusion::NoPicture);
                continue;
            }
            (true, false) => {
                references.number(db);
                continue;
            }
            (false, false) if query == db => {
                exclude(Exclusion::OwnMatch);
                continue;
            }
            _ => {}
        }
        let place = *places.entry(query.clone()).or_insert_with(|| {
            questions.push(Question {
                line,
                file: query.clone(),
                wanted: BTreeSet::new(),
                transformation: transformation.clone(),
                group: 0,
            });
            questions.len() - 1
        });
        if !db.is_empty() && !questions[place].wanted.insert(references.number(db)) {
            exclude(Exclusion::SamePair);
        } else if !transformation.is_empty() && questions[place].transformation != *transformation {
            exclude(Exclusion::OtherTransformation {
                this: transformation.clone(),
                line: questions[place].line,
                first: questions[place].transformation.clone(),
            });
        }
    }
    let mut groups = DisjointSets::new(questions.len() + references.names.len());
    for (number, question) in questions.iter().enumerate() {
        for reference in &question.wanted {
            groups.join(number, questions.len() + reference);
        }
    }
    for (number, question) in questions.iter_mut().enumerate() {
        question.group = groups.root(number);
    }
    numbered(Truth {
        questions,
        references: references.names,
        left_out,
    })
}

fn clusters(rows: Vec<Member>, mut left_out: Vec<LeftOut>) -> Truth {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut members: Vec<Member> = Vec::new();
    for row in rows {
        let why = if row.file.is_empty() {
            Some(Exclusion::NoFile)
        } else if let Some(line) = seen.get(&row.file) {
            Some(Exclusion::SameFile(*line))
        } else if !["", "query", "reference"].contains(&row.role.as_str()) {
            Some(Exclusion::UnknownRole(row.role.clone()))
        } else {
            None
        };
        match why {
            Some(why) => left_out.push(LeftOut {
                line: row.line,
                file: row.file,
                why,
            }),
            None => {
                seen.insert(row.file.clone(), row.line);
                members.push(row);
            }
        }
    }
    let mut references = Vec::new();
    let mut of_cluster: HashMap<String, Vec<usize>> = HashMap::new();
    for member in members.iter().filter(|member| member.role != "query") {
        if !member.cluster.is_empty() {
            of_cluster
                .entry(member.cluster.clone())
                .or_default()
                .push(references.len());
        }
        references.push(member.file.clone());
    }
    let mut groups: HashMap<String, usize> = HashMap::new();
    let questions = members
        .into_iter()
        .filter(|member| member.role != "reference")
        .enumerate()
        .map(|(number, member)| {
            let wanted = of_cluster.get(&member.cluster).into_iter().flatten();
            let wanted = wanted.copied().filter(|&at| references[at] != member.file);
            let group = if member.cluster.is_empty() {
                format!("\u{0}{number}")
            } else {
                member.cluster.clone()
            };
            let next = groups.len();
            Question {
                line: member.line,
                wanted: wanted.collect(),
                transformation: member.transformation,
                group: *groups.entry(group).or_insert(next),
                file: member.file,
            }
        })
        .collect();
    numbered(Truth {
        questions,
        references,
        left_out,
    })
}

/// Numbers the groups from 0 in the order in which they turn up.
fn numbered(mut truth: Truth) -> Truth {
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    for question in &mut truth.questions {
        let next = numbers.len();
        question.group = *numbers.entry(question.group).or_insert(next);
    }
    truth
}
