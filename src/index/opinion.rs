//! What the maker of a list says of a hash on it.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

/// What the maker of a list says of a hash on it, as in ThreatExchange's signal opinions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opinion {
    /// It shows what the list is about.
    Positive,
    /// It does not: a known false positive, or a test picture.
    Negative,
    /// It may lead to something: look.
    Investigate,
}

/// Words by which lists tell it, in capitals with underscores.
const WORDS: [(&str, Opinion); 16] = [
    ("POSITIVE", Opinion::Positive),
    ("POSITIVE_CLASS", Opinion::Positive),
    ("TRUE_POSITIVE", Opinion::Positive),
    ("CONFIRMED", Opinion::Positive),
    ("NEGATIVE", Opinion::Negative),
    ("NEGATIVE_CLASS", Opinion::Negative),
    ("FALSE_POSITIVE", Opinion::Negative),
    ("TRUE_NEGATIVE", Opinion::Negative),
    ("NOT_A_MATCH", Opinion::Negative),
    ("NON_MALICIOUS", Opinion::Negative),
    ("INVESTIGATION_SEED", Opinion::Investigate),
    ("WORTH_INVESTIGATING", Opinion::Investigate),
    ("INVESTIGATE", Opinion::Investigate),
    ("DISPUTED", Opinion::Investigate),
    ("UNKNOWN_CLASS", Opinion::Investigate),
    ("SUSPICIOUS", Opinion::Investigate),
];

impl Opinion {
    /// Its name in records, lists and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Investigate => "investigate",
        }
    }

    /// The same in python-threatexchange's words.
    pub(super) fn category(self) -> &'static str {
        match self {
            Self::Positive => "POSITIVE_CLASS",
            Self::Negative => "NEGATIVE_CLASS",
            Self::Investigate => "INVESTIGATION_SEED",
        }
    }

    /// What a word of a list says, whatever its case and what stands between its parts; `None` for
    /// a word that says something else.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let parts = word.split(|c: char| !c.is_ascii_alphanumeric());
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let word = parts.join("_").to_ascii_uppercase();
        let known = WORDS.iter().find(|(known, _)| *known == word);
        known.map(|&(_, opinion)| opinion)
    }
}

impl Opinion {
    /// What two opinions on one hash come to: where they part, somebody has to look.
    pub(super) fn and(earlier: Option<Self>, other: Self) -> Option<Self> {
        match earlier {
            Some(earlier) if earlier != other => Some(Self::Investigate),
            _ => Some(other),
        }
    }
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ToSql for Opinion {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Opinion {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        let known = [Self::Positive, Self::Negative, Self::Investigate];
        let known = known.into_iter().find(|opinion| opinion.name() == name);
        known.ok_or(FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opinion_is_told_whatever_its_spelling() {
        for word in [
            "NEGATIVE_CLASS",
            "false-positive",
            "False positive",
            "negative",
        ] {
            assert_eq!(Opinion::of(word), Some(Opinion::Negative), "{word}");
        }
        for word in ["POSITIVE", "positive_class", "true positive"] {
            assert_eq!(Opinion::of(word), Some(Opinion::Positive), "{word}");
        }
        for word in [
            "",
            "ivory",
            "not positive",
            "positively",
            "ivory false positive",
        ] {
            assert_eq!(Opinion::of(word), None, "{word}");
        }
    }
}
