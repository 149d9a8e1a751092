//! A TIFF's first directory: tags and their values, read where they lie in the file.

use crate::photo::PhotoError;

/// More tags than any writer's; a directory that claims more is no directory.
const MOST_TAGS: u64 = 4096;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The number that up to eight bytes stand for.
    fn number(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, add),
            Self::Big => bytes.iter().fold(0, add),
        }
    }

    /// Whether numbers of the file are those of this machine, byte for byte.
    pub(super) fn is_native(self) -> bool {
        (self == Self::Little) == cfg!(target_endian = "little")
    }
}

/// The type of a tag's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Rational,
    Float,
}

/// What a tag holds, still in the file's bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    size: usize,
    kind: Kind,
    order: Order,
}

impl<'a> Values<'a> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.size
    }

    /// The value at `index` as a whole number; negative ones, fractions and those beyond are none.
    pub(super) fn get(&self, index: usize) -> Option<u64> {
        let bytes = self.at(index)?;
        match self.kind {
            Kind::Unsigned => Some(self.order.number(bytes)),
            Kind::Signed => {
                let number = self.order.number(bytes);
                (number >> (8 * self.size - 1) == 0).then_some(number)
            }
            Kind::Rational | Kind::Float => None,
        }
    }

    /// The value at `index` as a real number.
    pub(super) fn real(&self, index: usize) -> Option<f64> {
        let bytes = self.at(index)?;
        match (self.kind, self.size) {
            (Kind::Rational, _) => {
                let (over, under) = bytes.split_at(4);
                let under = self.order.number(under);
                (under != 0).then(|| self.order.number(over) as f64 / under as f64)
            }
            (Kind::Float, 4) => Some(f32::from_bits(self.order.number(bytes) as u32).into()),
            (Kind::Float, _) => Some(f64::from_bits(self.order.number(bytes))),
            _ => self.get(index).map(|number| number as f64),
        }
    }

    /// All values as whole numbers; [`get`](Self::get) tells which those are.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<u64>> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The bytes themselves.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn at(&self, index: usize) -> Option<&'a [u8]> {
        let start = index.checked_mul(self.size)?;
        self.bytes.get(start..start.checked_add(self.size)?)
    }
}

/// The tags of the first page.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) order: Order,
    entries: Vec<(u16, Values<'a>)>,
}

impl<'a> Directory<'a> {
    /// Reads the first directory of a TIFF or BigTIFF. Tags whose values lie outside the file or
    /// are of a type that nobody knows are left out.
    ///
    /// # Errors
    /// [`PhotoError::Corrupt`] where there is no directory.
    pub(super) fn first(file: &'a [u8]) -> Result<Self, PhotoError> {
        let cut = || PhotoError::Corrupt("the TIFF ends before its directory".into());
        let order = match file.get(..2) {
            Some(b"II") => Order::Little,
            Some(b"MM") => Order::Big,
            _ => return Err(PhotoError::Corrupt("no TIFF header".into())),
        };
        let number = |at: u64, size: usize| -> Option<u64> {
            let at = usize::try_from(at).ok()?;
            Some(order.number(file.get(at..at.checked_add(size)?)?))
        };
        // BigTIFF: every offset and count takes eight bytes.
        let word: u64 = match number(2, 2) {
            Some(42) => 4,
            // Then come the size of an offset, 8, and a zero.
            Some(43) if number(4, 2) == Some(8) && number(6, 2) == Some(0) => 8,
            _ => {
                return Err(PhotoError::Corrupt(
                    "a TIFF header of no known version".into(),
                ));
            }
        };
        let start = number(word, word as usize).ok_or_else(cut)?;
        let count_size = if word == 8 { 8 } else { 2 };
        let count = number(start, count_size).ok_or_else(cut)?;
        if count == 0 || count > MOST_TAGS {
            return Err(PhotoError::Corrupt(format!(
                "a TIFF directory of {count} tags"
            )));
        }
        let mut entries = Vec::new();
        for index in 0..count {
            let at = start + count_size as u64 + index * (4 + 2 * word);
            let entry = || {
                let (tag, kind) = (number(at, 2)?, number(at + 2, 2)?);
                let (kind, size) = kind_and_size(kind)?;
                let count = number(at + 4, word as usize)?;
                let length = count.checked_mul(size)?;
                let lies_at = match length <= word {
                    true => at + 4 + word,
                    false => number(at + 4 + word, word as usize)?,
                };
                let end = lies_at.checked_add(length)?;
                let bytes = file.get(usize::try_from(lies_at).ok()?..usize::try_from(end).ok()?)?;
                let size = size as usize;
                Some((
                    tag as u16,
                    Values {
                        bytes,
                        size,
                        kind,
                        order,
                    },
                ))
            };
            entries.extend(entry());
        }
        Ok(Self { order, entries })
    }

    /// A tag's values; none where it is missing or empty.
    pub(super) fn values(&self, tag: u16) -> Option<Values<'a>> {
        let (_, values) = self.entries.iter().find(|(of, _)| *of == tag)?;
        (values.len() > 0).then_some(*values)
    }

    /// A tag's only, or first, whole number.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.values(tag)?.get(0)
    }
}

fn kind_and_size(kind: u64) -> Option<(Kind, u64)> {
    Some(match kind {
        1 | 2 | 7 => (Kind::Unsigned, 1),
        3 => (Kind::Unsigned, 2),
        4 | 13 => (Kind::Unsigned, 4),
        16 | 18 => (Kind::Unsigned, 8),
        6 => (Kind::Signed, 1),
        8 => (Kind::Signed, 2),
        9 => (Kind::Signed, 4),
        17 => (Kind::Signed, 8),
        5 | 10 => (Kind::Rational, 8),
        11 => (Kind::Float, 4),
        12 => (Kind::Float, 8),
        _ => return None,
    })
}
