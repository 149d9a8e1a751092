//! Edits that break files the way that transfers, bugs and attackers do.

use super::sequence::Sequence;

/// Edits of one file, at most; half of the files have one, a quarter two, and so on.
const EDITS: u32 = 6;
/// Words that overflow, sign or allocate.
const WORDS: [u32; 10] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x0001_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
];

/// A file with few edits; `other` is what splices come from.
#[must_use]
pub fn mutated(bytes: &[u8], other: &[u8], sequence: &mut Sequence) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=sequence.next().trailing_zeros().min(EDITS - 1) {
        edit(&mut bytes, other, sequence);
    }
    // Mostly, as a wrong checksum hides everything behind it.
    if sequence.below(8) != 0 {
        mend_checksums(&mut bytes);
    }
    bytes
}

fn edit(bytes: &mut Vec<u8>, other: &[u8], sequence: &mut Sequence) {
    let place = place(bytes.len(), sequence);
    match sequence.below(11) {
        0 | 1 => bit(bytes, place, sequence),
        2 | 3 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = sequence.next() as u8;
            }
        }
        4 | 5 => word(bytes, place, sequence),
        6 => bytes.truncate(place),
        7 => {
            let end = (place + 1 + sequence.below(64)).min(bytes.len());
            bytes.drain(place.min(end)..end);
        }
        8 => {
            let from = sequence.below(other.len());
            let length = 1 + sequence.below(256);
            let part = other[from..].iter().copied().take(length);
            bytes.splice(place..place, part);
        }
        9 => {
            let end = (place + 1 + sequence.below(256)).min(bytes.len());
            let part = bytes[place.min(end)..end].to_vec();
            let times = 1 + sequence.below(8);
            bytes.splice(place..place, part.repeat(times));
        }
        _ => {
            let from = sequence.below(other.len());
            bytes.truncate(place);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

/// A place in a file of this length: a third of them in its first 256 bytes, where headers are.
fn place(length: usize, sequence: &mut Sequence) -> usize {
    let reach = match sequence.below(3) {
        0 => length.min(256),
        _ => length,
    };
    sequence.below(reach)
}

fn bit(bytes: &mut [u8], place: usize, sequence: &mut Sequence) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1 << sequence.below(8);
    }
}

/// Writes a size, count or offset of 1, 2 or 4 bytes in either order.
fn word(bytes: &mut [u8], place: usize, sequence: &mut Sequence) {
    let value = match sequence.below(3) {
        0 => sequence.next() as u32,
        1 => sequence.below(20_000) as u32,
        _ => *sequence.pick(&WORDS),
    };
    let size = 1 << sequence.below(3);
    let mut word = value.to_le_bytes()[..size].to_vec();
    if sequence.below(2) == 0 {
        word.reverse();
    }
    for (byte, new) in bytes.iter_mut().skip(place).zip(word) {
        *byte = new;
    }
}

/// Gives the chunks of a PNG the checksums that their contents have.
pub fn mend_checksums(bytes: &mut [u8]) {
    let mut rest = match bytes.split_at_mut_checked(8) {
        Some((signature, rest)) if *signature == *b"\x89PNG\r\n\x1a\n" => rest,
        _ => return,
    };
    while let Some((&mut [a, b, c, d], chunk)) = rest.split_first_chunk_mut() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some((named, after)) = chunk.split_at_mut_checked(length.saturating_add(4)) else {
            return;
        };
        let Some((checksum, next)) = after.split_at_mut_checked(4) else {
            return;
        };
        checksum.copy_from_slice(&crc32fast::hash(named).to_be_bytes());
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::super::pictures;
    use super::*;

    #[test]
    fn the_same_number_makes_the_same_edits() {
        let seed = pictures::png();
        let edited = |number| mutated(&seed, &seed, &mut Sequence::new(1, number));
        assert_eq!(edited(7), edited(7));
        assert_ne!(edited(7), edited(8));
    }

    #[test]
    fn a_png_with_an_edited_size_has_checksums_that_hold() {
        let mut bytes = pictures::png();
        let whole = bytes.clone();
        bytes[16] ^= 0xff;
        mend_checksums(&mut bytes);
        assert_ne!(bytes[29..33], whole[29..33], "the header's checksum is new");
        bytes[16] ^= 0xff;
        mend_checksums(&mut bytes);
        assert_eq!(bytes, whole);
    }
}
