//! Which pictures are the same: pairs, as copy-detection benchmarks give them, or clusters of copies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::leak::Clusters;
use super::rows::answers;
use super::table::{self, LeftOut, RowsError, extension, unusable};

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
    /// - Pairs: the columns `query` and `db`. A row without `db` is a question that nothing matches, a row without `query`
    ///   a picture that is only in the way. Questions of one reference are one group.
    /// - Clusters: the columns `file` and `cluster`, or a folder per cluster. Every picture is asked of all others; with a
    ///   column `role` (`query` or `reference`), the queries of the references. A picture without a cluster is the only one of its kind. A
    ///   cluster is a group.
    ///
    /// Both may have a column `transformation`.
    ///
    /// # Errors
    /// [`RowsError`] when the file is neither, or no question is left.
    pub fn read(path: &Path) -> Result<Self, RowsError> {
        let truth = if path.is_dir() {
            let (answers, left_out) = answers(path)?;
            let rows = answers.into_iter().map(|answer| Member {
                line: 0,
                file: answer.file,
                cluster: answer.label,
                ..Member::default()
            });
            clusters(rows.collect(), left_out)
        } else {
            if !path.exists() {
                return Err(unusable(path, "no such folder or manifest"));
            }
            if !["csv", "tsv", "jsonl", "ndjson"].contains(&extension(path).as_str()) {
                return Err(unusable(path, NEITHER));
            }
            let wanted = ["query", "db", "file", "cluster", "role", "transformation"];
            let table = table::read(path, &wanted, 0)?;
            if table.present[0] && table.present[1] {
                pairs(table.rows, table.left_out)
            } else if table.present[2] && table.present[3] {
                let members = table.rows.into_iter().map(|(line, mut fields)| Member {
                    line,
                    transformation: fields.pop().unwrap_or_default(),
                    role: fields.pop().unwrap_or_default().to_ascii_lowercase(),
                    cluster: fields.pop().unwrap_or_default(),
                    file: fields.pop().unwrap_or_default(),
                });
                clusters(members.collect(), table.left_out)
            } else {
                return Err(unusable(path, NEITHER));
            }
        };
        if truth.questions.is_empty() || truth.references.is_empty() {
            return Err(RowsError::Nothing {
                path: path.to_owned(),
                total: truth.left_out.len(),
                first: truth.left_out.first().map_or_else(
                    || "it holds no question or nothing to ask".into(),
                    |row| row.why.clone(),
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

    /// Takes out what shows one of these unreadable pictures: questions, and references with the matches they were.
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
                    why: format!(
                        "as a reference, it could not be read: {}",
                        unreadable[&self.references[at]]
                    ),
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
                why: format!("it could not be read: {}", unreadable[&question.file]),
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

/// A picture and the copies it belongs to.
#[derive(Debug, Default)]
struct Member {
    line: usize,
    file: String,
    cluster: String,
    role: String,
    transformation: String,
}

fn pairs(rows: Vec<(usize, Vec<String>)>, mut left_out: Vec<LeftOut>) -> Truth {
    let mut references = Numbered::default();
    let mut questions: Vec<Question> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (line, fields) in rows {
        let [query, db, .., transformation] = fields.as_slice() else {
            continue;
        };
        let mut aside = |why: String| {
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
                aside("it names no picture".into());
                continue;
            }
            (true, false) => {
                references.number(db);
                continue;
            }
            (false, false) if query == db => {
                aside("a picture is no match of itself".into());
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
            aside("the same pair stands in an earlier line".into());
        } else if !transformation.is_empty() && questions[place].transformation != *transformation {
            aside(format!(
                "its transformation is {transformation}, that of line {} is {}; the pair counts under the first",
                questions[place].line, questions[place].transformation
            ));
        }
    }
    let mut groups = Clusters::new(questions.len() + references.names.len());
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
            Some("it names no file".to_owned())
        } else if let Some(line) = seen.get(&row.file) {
            Some(format!("the same file stands in line {line}"))
        } else if !["", "query", "reference"].contains(&row.role.as_str()) {
            Some(format!("role {} is neither query nor reference", row.role))
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
