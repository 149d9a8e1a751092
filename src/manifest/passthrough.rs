//! Columns that nobody here knows: handed through to the output as they are.

use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The value of a column that passes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An empty cell, or JSON's null.
    Empty,
    /// A cell's text.
    Text(String),
    /// Other JSON, to the letter: `1.50` stays, and a number of thirty digits keeps them all.
    Json(Box<str>),
}

impl Value {
    /// The value as a cell of a table; JSON as it is written.
    #[must_use]
    pub fn as_cell(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Text(text) => Some(text),
            Self::Json(json) => Some(json),
        }
    }

    /// From any JSON value; blanks inside a string stay.
    pub(super) fn of_json(json: &RawValue) -> serde_json::Result<Self> {
        Ok(match json.get() {
            "null" => Self::Empty,
            text if text.starts_with('"') => Self::Text(serde_json::from_str(text)?),
            text => Self::Json(text.into()),
        })
    }

    /// From a cell; blanks around it are gone already.
    pub(super) fn of_cell(text: &str) -> Self {
        match text {
            "" => Self::Empty,
            text => Self::Text(text.to_owned()),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Json(json) => {
                let raw: &RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
                raw.serialize(serializer)
            }
        }
    }
}

/// The columns of one row that pass through, in the order of the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passthrough(pub(super) Vec<(Arc<str>, Value)>);

impl Passthrough {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names, as the manifest spells them, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The value of one column.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl Serialize for Passthrough {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Passthrough {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;
        impl<'de> Visitor<'de> for Columns {
            type Value = Passthrough;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Passthrough, A::Error> {
                let mut columns = Vec::new();
                while let Some((name, json)) = map.next_entry::<String, Box<RawValue>>()? {
                    let value = Value::of_json(&json).map_err(serde::de::Error::custom)?;
                    columns.push((Arc::from(name), value));
                }
                Ok(Passthrough(columns))
            }
        }
        deserializer.deserialize_map(Columns)
    }
}
