//! What stands before the first scan of a JPEG, as slices of the file.

/// The parameters of the segments of a JPEG up to its first scan, each with its marker code.
/// Stops without a word where the file does not go on as it should.
pub(super) fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        // As libjpeg does: whatever is no marker is passed over.
        loop {
            rest = &rest[memchr::memchr(0xff, rest)?..];
            let code = *rest.iter().find(|&&byte| byte != 0xff)?;
            rest = &rest[memchr::memchr(code, rest)? + 1..];
            match code {
                0x00 | 0x01 | 0xd0..=0xd7 => {}
                // Start of scan, end of image, another start of image.
                0xd8..=0xda => return None,
                _ => {
                    let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
                    let parameters = rest.get(2..length)?;
                    rest = &rest[length..];
                    return Some((code, parameters));
                }
            }
        }
    })
}

/// The first EXIF block among segments.
pub(super) fn exif<'a>(mut segments: impl Iterator<Item = (u8, &'a [u8])>) -> Option<&'a [u8]> {
    segments.find_map(|(code, parameters)| match code {
        0xe1 => parameters.strip_prefix(b"Exif\0\0"),
        _ => None,
    })
}

/// The colour profile, put together from its numbered parts (ICC.1, annex B.4); empty, which is
/// no valid profile, where a part is missing or comes twice.
pub(super) fn profile<'a>(segments: impl Iterator<Item = (u8, &'a [u8])>) -> Option<Vec<u8>> {
    let mut parts: Vec<(u8, &[u8])> = Vec::new();
    let mut count = None;
    for (code, parameters) in segments {
        let Some([number, of, part @ ..]) = parameters
            .strip_prefix(b"ICC_PROFILE\0")
            .filter(|_| code == 0xe2)
        else {
            continue;
        };
        if *count.get_or_insert(*of) != *of {
            return Some(Vec::new());
        }
        parts.push((*number, part));
    }
    parts.sort_by_key(|(number, _)| *number);
    let numbers = parts.iter().map(|(number, _)| *number);
    if !numbers.eq(1..=count?) {
        return Some(Vec::new());
    }
    Some(parts.iter().flat_map(|(_, part)| *part).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(code: u8, parameters: &[u8]) -> Vec<u8> {
        let length = (parameters.len() as u16 + 2).to_be_bytes();
        [&[0xff, code], &length[..], parameters].concat()
    }

    #[test]
    fn segments_end_at_the_scan_and_bytes_between_them_are_passed_over() {
        let file = [
            b"\xff\xd8".to_vec(),
            segment(0xe0, b"one"),
            b"\0junk\xff\xff".to_vec(),
            segment(0xfe, b"two"),
            segment(0xda, b"three"),
            segment(0xe1, b"four"),
        ]
        .concat();
        let found: Vec<_> = segments(&file).collect();
        assert_eq!(found, [(0xe0, &b"one"[..]), (0xfe, b"two")]);
        for end in 0..file.len() {
            assert!(segments(&file[..end]).count() <= 2);
        }
    }

    #[test]
    fn the_first_exif_block_wins_and_xmp_is_none() {
        let file = [
            b"\xff\xd8".to_vec(),
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
            segment(0xe1, b"Exif\0\0first"),
            segment(0xe1, b"Exif\0\0second"),
        ]
        .concat();
        assert_eq!(exif(segments(&file)), Some(&b"first"[..]));
    }

    #[test]
    fn a_profile_is_put_together_by_number_and_never_in_part() {
        let part = |number: u8, of: u8, bytes: &[u8]| {
            segment(0xe2, &[b"ICC_PROFILE\0", &[number, of][..], bytes].concat())
        };
        let whole = |parts: &[Vec<u8>]| {
            let file = [b"\xff\xd8".to_vec(), parts.concat()].concat();
            profile(segments(&file))
        };
        let (one, two) = (part(1, 2, b"ab"), part(2, 2, b"cd"));
        assert_eq!(whole(&[two.clone(), one.clone()]), Some(b"abcd".to_vec()));
        let broken = Some(Vec::new());
        assert_eq!(whole(std::slice::from_ref(&two)), broken);
        assert_eq!(whole(&[one.clone(), two.clone(), two.clone()]), broken);
        assert_eq!(whole(&[one, part(2, 3, b"cd")]), broken);
        assert_eq!(whole(&[]), None);
    }
}
