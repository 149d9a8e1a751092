//! How a picture is held, as EXIF says.

use image::metadata::Orientation;

const ORIENTATION: u16 = 0x0112;
const ENTRY: usize = 12;
/// Entries that are looked at: a camera writes some ten in the first directory.
const MOST_ENTRIES: usize = 1024;

/// The orientation in a block of EXIF: a TIFF structure, with or without `Exif\0\0` before it.
///
/// Only the first directory is read (the second describes the thumbnail), and the first value in
/// it that is an orientation counts, written as a byte, a short or a long. `None` where there is
/// none: of several blocks in a file, the first decides.
pub(super) fn orientation(block: &[u8]) -> Option<Orientation> {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let order = match tiff.get(..4)? {
        b"II*\0" => Order::Little,
        b"MM\0*" => Order::Big,
        _ => return None,
    };
    let directory = tiff.get(order.long(tiff.get(4..8)?)? as usize..)?;
    let entries = order.short(directory.get(..2)?)?;
    directory
        .get(2..)?
        .chunks_exact(ENTRY)
        .take(usize::from(entries).min(MOST_ENTRIES))
        .find_map(|entry| order.orientation(entry))
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn orientation(self, entry: &[u8]) -> Option<Orientation> {
        if self.short(&entry[..2])? != ORIENTATION || self.long(&entry[4..8])? == 0 {
            return None;
        }
        let value = match self.short(&entry[2..4])? {
            1 => u32::from(entry[8]),
            3 => u32::from(self.short(&entry[8..10])?),
            4 => self.long(&entry[8..12])?,
            _ => return None,
        };
        Orientation::from_exif(u8::try_from(value).ok()?)
    }

    fn short(self, bytes: &[u8]) -> Option<u16> {
        let bytes = bytes.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    fn long(self, bytes: &[u8]) -> Option<u32> {
        let bytes = bytes.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of one entry.
    fn block(big: bool, kind: u16, value: u32) -> Vec<u8> {
        let short = |value: u16| match big {
            true => value.to_be_bytes(),
            false => value.to_le_bytes(),
        };
        let long = |value: u32| match big {
            true => value.to_be_bytes(),
            false => value.to_le_bytes(),
        };
        let inline = match kind {
            1 => [value as u8, 0, 0, 0],
            3 => {
                let [a, b] = short(value as u16);
                [a, b, 0, 0]
            }
            _ => long(value),
        };
        let mut bytes = match big {
            true => b"MM\0*".to_vec(),
            false => b"II*\0".to_vec(),
        };
        bytes.extend(long(8));
        bytes.extend(short(1));
        bytes.extend(short(ORIENTATION));
        bytes.extend(short(kind));
        bytes.extend(long(1));
        bytes.extend(inline);
        bytes
    }

    #[test]
    fn bytes_shorts_and_longs_of_both_orders_are_read_with_and_without_prefix() {
        for big in [false, true] {
            for kind in [1, 3, 4] {
                let block = block(big, kind, 6);
                assert_eq!(orientation(&block), Some(Orientation::Rotate90));
                let prefixed = [b"Exif\0\0".as_slice(), &block].concat();
                assert_eq!(orientation(&prefixed), Some(Orientation::Rotate90));
            }
        }
    }

    #[test]
    fn what_is_no_orientation_is_passed_over() {
        for value in [0, 9, 256 + 6, u32::MAX] {
            assert_eq!(orientation(&block(false, 4, value)), None, "{value}");
        }
        assert_eq!(orientation(&block(false, 2, 6)), None);
        assert_eq!(orientation(b""), None);
        assert_eq!(orientation(b"Exif\0\0MM\0*"), None);
    }

    #[test]
    fn offsets_and_counts_beyond_the_block_are_harmless() {
        let whole = block(true, 3, 6);
        for length in 0..whole.len() {
            assert_eq!(orientation(&whole[..length]), None, "{length} bytes");
        }
        let mut far = whole.clone();
        far[4..8].copy_from_slice(&[0xff; 4]);
        assert_eq!(orientation(&far), None);
        let mut many = whole;
        many[8..10].copy_from_slice(&[0xff; 2]);
        assert_eq!(orientation(&many), Some(Orientation::Rotate90));
    }
}
