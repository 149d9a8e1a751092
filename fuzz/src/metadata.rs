//! EXIF and colour profiles inside a sound picture.

use faunalens::photo::{Detail, Limits, Photo};

use super::decode::check;
use super::pictures;

/// Puts the bytes as EXIF and as profile into a JPEG, a PNG and a WebP; the first byte says which.
pub fn run(data: &[u8]) {
    let Some((&choice, payload)) = data.split_first() else {
        return;
    };
    let (exif, profile): (&[u8], &[u8]) = match choice % 2 {
        0 => (payload, &[]),
        _ => (&[], payload),
    };
    let files = pictures::with_metadata(exif, profile);
    let file = &files[usize::from(choice / 2) % files.len()];
    let limits = Limits::default().with_max_pixels(1 << 12);
    check(Photo::from_bytes(file, &limits), Detail::Full);
}

/// Orientations of both byte orders, and a small matrix profile, in every container.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let short = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let long = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\0";
    let payloads = [short.to_vec(), long.to_vec(), profile()];
    (0..6u8)
        .flat_map(|choice| {
            payloads.iter().map(move |payload| {
                let mut seed = vec![choice];
                seed.extend_from_slice(payload);
                seed
            })
        })
        .collect()
}

/// A display profile of version 2: three primaries and one gamma.
fn profile() -> Vec<u8> {
    let s15 = |value: f64| ((value * 65536.0).round() as i32).to_be_bytes();
    let xyz = |x: f64, y: f64, z: f64| {
        let mut tag = b"XYZ \0\0\0\0".to_vec();
        [x, y, z].into_iter().for_each(|v| tag.extend(s15(v)));
        tag
    };
    let mut curve = b"curv\0\0\0\0\0\0\0\x01".to_vec();
    curve.extend([1, 0xcd, 0, 0]); // gamma 1.8
    let tags: [(&[u8; 4], Vec<u8>); 7] = [
        (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
        (b"rXYZ", xyz(0.4361, 0.2225, 0.0139)),
        (b"gXYZ", xyz(0.3851, 0.7169, 0.0971)),
        (b"bXYZ", xyz(0.1431, 0.0606, 0.7141)),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let start = 128 + 4 + 12 * tags.len();
    for (name, tag) in &tags {
        table.extend_from_slice(*name);
        table.extend(((start + data.len()) as u32).to_be_bytes());
        table.extend((tag.len() as u32).to_be_bytes());
        data.extend_from_slice(tag);
    }
    let mut head = vec![0; 128];
    head[..4].copy_from_slice(&((start + data.len()) as u32).to_be_bytes());
    head[8..12].copy_from_slice(&[2, 0x10, 0, 0]);
    head[12..24].copy_from_slice(b"mntrRGB XYZ ");
    head[36..40].copy_from_slice(b"acsp");
    head[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    [head, table, data].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_reach_the_picture() {
        let read = |file: &[u8]| Photo::from_bytes(file, &Limits::default()).expect("a picture");
        let orientation = &seeds()[0][1..];
        for file in pictures::with_metadata(orientation, &[]) {
            let photo = read(&file);
            assert!(photo.width < photo.height, "lies on its side");
        }
    }
}
