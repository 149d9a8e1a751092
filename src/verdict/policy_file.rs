//! The policy file: what a match with a listed hash raises, in TOML.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::policy::Decision;
use crate::escape::{complaint, name};
use crate::index::Opinion;

/// Largest policy file, in bytes.
const LARGEST: u64 = 1 << 20;
/// Stands for every list.
const EVERY: &str = "*";

/// What a match with a listed hash raises, and what clears it. Without a policy matches are told
/// and raise nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(super) raise: Vec<RaiseRule>,
    pub(super) clear: Vec<ClearRule>,
}

/// A policy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("{}: the policy cannot be read: {source}", name(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own message.
        source: std::io::Error,
    },
    /// It is no policy; the reason names the line, and what may stand there.
    #[error("{}: no policy: {reason}", name(path))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

/// `[[raise]]`: a listed hash that fits every condition raises the decision.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RaiseRule {
    pub(super) to: Raised,
    #[serde(default)]
    pub(super) source: Names,
    #[serde(default)]
    pub(super) category: Names,
    #[serde(default)]
    pub(super) tag: Names,
    pub(super) opinion: Option<Opinion>,
    #[serde(default, deserialize_with = "bits")]
    pub(super) max_distance: Option<u32>,
    /// Whether a match that is no evidence by itself counts.
    #[serde(default)]
    pub(super) weak: bool,
}

/// `[[clear]]`: a listed hash that fits every condition clears matches that are no nearer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClearRule {
    #[serde(default)]
    pub(super) source: Names,
    #[serde(default)]
    pub(super) category: Names,
    #[serde(default)]
    pub(super) tag: Names,
    pub(super) opinion: Option<Opinion>,
    #[serde(default, deserialize_with = "bits")]
    pub(super) max_distance: Option<u32>,
    /// Whose matches it clears; none named: every list's.
    #[serde(default)]
    pub(super) of: Names,
}

/// What a rule can raise a decision to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Raised {
    Review,
    Flag,
}

impl From<Raised> for Decision {
    fn from(raised: Raised) -> Self {
        match raised {
            Raised::Review => Self::Review,
            Raised::Flag => Self::Flag,
        }
    }
}

/// A name, or a list of names of which one must fit; none is no condition.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name among them that `value` is, letter for letter or as `*`.
    pub(super) fn fits(&self, value: &str) -> bool {
        self.0.iter().any(|name| name == value || name == EVERY)
    }

    /// Whether `value` is among them, whatever its case.
    pub(super) fn fits_word(&self, value: &str) -> bool {
        let value = value.trim().to_lowercase();
        self.0
            .iter()
            .any(|name| name.trim().to_lowercase() == value)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name, or a list of names")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(vec![name.to_owned()])
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(names)
            }
        }
        let names = from.deserialize_any(Visitor)?;
        if names.is_empty() || names.iter().any(|name| name.trim().is_empty()) {
            return Err(de::Error::custom("a name is empty, or none is given"));
        }
        Ok(Self(names))
    }
}

fn bits<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let bits = u32::deserialize(from)?;
    match bits {
        0..=256 => Ok(Some(bits)),
        _ => Err(de::Error::custom("bits of a hash are 0 to 256")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    raise: Vec<Spanned<RaiseRule>>,
    #[serde(default)]
    clear: Vec<Spanned<ClearRule>>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let io = |source| PolicyError::Io {
            path: path.into(),
            source,
        };
        let invalid = |reason| PolicyError::Invalid {
            path: path.into(),
            reason,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(io)?;
        (file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(io)?;
        if bytes.len() as u64 > LARGEST {
            return Err(invalid(format!("it has more than {LARGEST} bytes")));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|error| invalid(format!("it is not UTF-8: {error}")))?;
        Self::parse(&text).map_err(invalid)
    }

    /// Reads the text of a policy; what is wrong with it is said with its line.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let contents: Contents =
            toml::from_str(text).map_err(|error| complaint::toml(&error, text))?;
        if contents.raise.is_empty() && contents.clear.is_empty() {
            return Err("it holds no [[raise]] and no [[clear]]".into());
        }
        let line = |start: usize| text[..start.min(text.len())].matches('\n').count() + 1;
        let without = |start: usize, rule: &str| {
            format!(
                "line {}: this [[{rule}]] names no source, category, tag or opinion; \
                 source = \"{EVERY}\" is every list",
                line(start)
            )
        };
        for rule in &contents.raise {
            let RaiseRule {
                source,
                category,
                tag,
                opinion,
                ..
            } = rule.get_ref();
            if opinion == &Some(Opinion::Negative) {
                return Err(format!(
                    "line {}: a negative opinion raises nothing; it can stand in [[clear]]",
                    line(rule.span().start)
                ));
            }
            if source.is_empty() && category.is_empty() && tag.is_empty() && opinion.is_none() {
                return Err(without(rule.span().start, "raise"));
            }
        }
        for rule in &contents.clear {
            let ClearRule {
                source,
                category,
                tag,
                opinion,
                ..
            } = rule.get_ref();
            if source.is_empty() && category.is_empty() && tag.is_empty() && opinion.is_none() {
                return Err(without(rule.span().start, "clear"));
            }
        }
        let raise = contents.raise.into_iter().map(Spanned::into_inner);
        let clear = contents.clear.into_iter().map(Spanned::into_inner);
        Ok(Self {
            raise: raise.collect(),
            clear: clear.collect(),
        })
    }

    /// The lists that the policy names, each once: one that no index holds never raises anything.
    #[must_use]
    pub fn sources(&self) -> Vec<&str> {
        let raise = self.raise.iter().map(|rule| &rule.source);
        let clear = self.clear.iter().flat_map(|rule| [&rule.source, &rule.of]);
        let names = raise.chain(clear).flat_map(|names| &names.0);
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.retain(|name| *name != EVERY);
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Policy::parse(text).expect_err("no policy")
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_may_stand_there() {
        let unknown = refused("[[raise]]\nto = \"flag\"\nsource = \"a\"\nsuorce = \"b\"\n");
        assert!(
            unknown.contains("line 4") && unknown.contains("`source`"),
            "{unknown}"
        );
        let table = refused("[[rise]]\nto = \"flag\"\n");
        assert!(
            table.contains("line 1") && table.contains("`raise`"),
            "{table}"
        );
        let word = refused("[[raise]]\nto = \"clear\"\nsource = \"a\"\n");
        assert!(word.contains("line 2") && word.contains("`flag`"), "{word}");
        let bits = refused("[[raise]]\nto = \"flag\"\nsource = \"a\"\nmax_distance = 300\n");
        assert!(bits.contains("line 4") && bits.contains("256"), "{bits}");
        let kind = refused("[[raise]]\nto = \"flag\"\nsource = 3\n");
        assert!(
            kind.contains("line 3") && kind.contains("list of names"),
            "{kind}"
        );
        let without = refused("\n\n[[raise]]\nto = \"flag\"\n");
        assert!(
            without.contains("line 3") && without.contains("names no source"),
            "{without}"
        );
        let without = refused("[[clear]]\nmax_distance = 3\n");
        assert!(
            without.contains("line 1") && without.contains("[[clear]]"),
            "{without}"
        );
        let negative = refused("[[raise]]\nto = \"flag\"\nopinion = \"negative\"\n");
        assert!(
            negative.contains("line 1") && negative.contains("raises nothing"),
            "{negative}"
        );
        assert!(refused("[[raise]]\nto = \"flag\"\nsource = \"\"\n").contains("line 3"));
        assert!(refused("").contains("no [[raise]]"));
    }

    #[test]
    fn names_of_lists_are_told_once() {
        let policy = "[[raise]]\nto = \"flag\"\nsource = [\"b\", \"a\"]\n\
                      [[raise]]\nto = \"review\"\nsource = \"*\"\n\
                      [[clear]]\nsource = \"museum\"\nof = \"a\"\n";
        let policy = Policy::parse(policy).expect("a policy");
        assert_eq!(policy.sources(), ["a", "b", "museum"]);
    }
}
