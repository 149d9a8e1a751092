//! Why a picture, or a match with it, is no evidence by itself.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

use crate::fingerprint::MIN_QUALITY;

/// Share of one flat tone from which a picture is near to every other flat picture.
const NEAR_UNIFORM: f32 = 0.85;
/// Landmarks under which there is nothing to verify a match by.
const FEW_LANDMARKS: usize = 12;

/// Why a picture, or a match with it, is no evidence by itself that two sellers have to do with
/// each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Weakness {
    /// It shows nothing: one tone, or a plain gradient. It matches and links nothing.
    #[serde(rename = "blank")]
    Blank,
    /// The hash says little: its quality is under [`MIN_QUALITY`].
    #[serde(rename = "low quality")]
    LowQuality,
    /// Most of the picture is one flat tone.
    #[serde(rename = "near-uniform")]
    NearUniform,
    /// There is hardly a corner to verify a match by.
    #[serde(rename = "few landmarks")]
    FewLandmarks,
    /// One seller shows it in five listings and more: a logo, a banner, a delivery notice.
    #[serde(rename = "repeated")]
    Repeated,
    /// It is a page, mostly layout, whose pictures are kept beside it.
    #[serde(rename = "page")]
    Page,
    /// Only a part of the picture is the same, or another shot of the object.
    #[serde(rename = "part only")]
    PartOnly,
}

impl Weakness {
    const ALL: [Self; 7] = [
        Self::Blank,
        Self::LowQuality,
        Self::NearUniform,
        Self::FewLandmarks,
        Self::Repeated,
        Self::Page,
        Self::PartOnly,
    ];

    /// The weakness of a picture by its PDQ quality, the share of one flat tone (0 to 1) and its
    /// landmarks, where these are known; `None` when it is evidence.
    #[must_use]
    pub fn of(quality: u8, flatness: f32, landmarks: Option<usize>) -> Option<Self> {
        if quality < MIN_QUALITY {
            Some(Self::LowQuality)
        } else if flatness >= NEAR_UNIFORM {
            Some(Self::NearUniform)
        } else if landmarks.is_some_and(|count| count < FEW_LANDMARKS) {
            Some(Self::FewLandmarks)
        } else {
            None
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::LowQuality => "low quality",
            Self::NearUniform => "near-uniform",
            Self::FewLandmarks => "few landmarks",
            Self::Repeated => "repeated",
            Self::Page => "page",
            Self::PartOnly => "part only",
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ToSql for Weakness {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Weakness {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        let known = Self::ALL
            .into_iter()
            .find(|weakness| weakness.name() == name);
        known.ok_or(FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_text_say_the_same() {
        for weakness in Weakness::ALL {
            let json = serde_json::to_value(weakness).unwrap();
            assert_eq!(json, serde_json::json!(weakness.to_string()));
        }
    }

    #[test]
    fn a_picture_is_weak_for_the_first_reason_that_holds() {
        assert_eq!(Weakness::of(49, 1.0, Some(0)), Some(Weakness::LowQuality));
        assert_eq!(Weakness::of(50, 0.85, Some(0)), Some(Weakness::NearUniform));
        assert_eq!(
            Weakness::of(50, 0.5, Some(11)),
            Some(Weakness::FewLandmarks)
        );
        assert_eq!(Weakness::of(50, 0.5, Some(12)), None);
        assert_eq!(Weakness::of(50, 0.5, None), None);
    }
}
