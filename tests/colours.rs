//! What becomes of colours: profiles and code points of PNG in the order of its specification,
//! and what is passed over.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use faunalens::photo::{Limits, Photo};
use flate2::Compression;
use flate2::write::ZlibEncoder;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos");
    std::fs::read(folder.join(name)).unwrap()
}

fn decode(bytes: &[u8]) -> Photo {
    Photo::from_bytes(bytes, &Limits::default()).unwrap()
}

fn marks(bytes: &[u8]) -> Vec<&'static str> {
    decode(bytes).marks.iter().map(|mark| mark.name()).collect()
}

fn packed(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A chunk of a PNG.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let length = (data.len() as u32).to_be_bytes();
    let checksum = crc32fast::hash(&body).to_be_bytes();
    [length.as_slice(), &body, &checksum].concat()
}

fn profile_chunk(profile: &[u8]) -> Vec<u8> {
    chunk(
        b"iCCP",
        &[b"name\0\0".as_slice(), &packed(profile)].concat(),
    )
}

/// The file with chunks put in after its header.
fn with_chunks(png: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    [&png[..33], &chunks.concat(), &png[33..]].concat()
}

/// The profile that a PNG embeds.
fn profile_of(png: &[u8]) -> Vec<u8> {
    let at = png.windows(4).position(|window| window == b"iCCP").unwrap();
    let length = u32::from_be_bytes(png[at - 4..at].try_into().unwrap()) as usize;
    let data = &png[at + 4..at + 4 + length];
    let name = data.iter().position(|&byte| byte == 0).unwrap();
    let mut profile = Vec::new();
    let mut decoder = flate2::read::ZlibDecoder::new(&data[name + 2..]);
    std::io::Read::read_to_end(&mut decoder, &mut profile).unwrap();
    profile
}

/// A profile of inks with one table: black is black, every other ink is paper.
fn profile_of_inks() -> Vec<u8> {
    let mut table = b"mft2\0\0\0\0".to_vec();
    table.extend([4, 3, 2, 0]);
    for entry in [1i32, 0, 0, 0, 1, 0, 0, 0, 1] {
        table.extend((entry << 16).to_be_bytes());
    }
    table.extend([0, 2, 0, 2]);
    for _ in 0..4 {
        table.extend([0, 0, 255, 255]);
    }
    for corner in 0..16 {
        // Lightness as the second version of ICC writes it, no colour.
        let lightness = if corner % 2 == 1 { 0u16 } else { 0xff00 };
        for value in [lightness, 0x8000, 0x8000] {
            table.extend(value.to_be_bytes());
        }
    }
    for _ in 0..3 {
        table.extend([0, 0, 255, 255]);
    }
    let mut profile = vec![0; 128];
    profile[8] = 2;
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    profile.extend(1u32.to_be_bytes());
    profile.extend(b"A2B0");
    profile.extend(144u32.to_be_bytes());
    profile.extend((table.len() as u32).to_be_bytes());
    profile.extend(table);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}

#[test]
fn a_profile_changes_colours_and_leaves_no_mark() {
    for name in [
        "adobe-rgb.png",
        "adobe-rgb.jpg",
        "adobe-rgb.webp",
        "swapped.png",
    ] {
        assert_eq!(marks(&fixture(name)), [""; 0], "{name}");
    }
    let red = decode(&fixture("swapped.png")).pixels.get_pixel(12, 8).0;
    assert!(red[0] > 190 && red[1] < 40, "{red:?}");
}

#[test]
fn code_points_come_before_profiles_and_those_before_gamma() {
    let adobe = fixture("adobe-rgb.png");
    let plain = fixture("rgb.png");
    let profile = || profile_chunk(&profile_of(&adobe));
    let gamma = || chunk(b"gAMA", &100_000u32.to_be_bytes());
    let p3 = || chunk(b"cICP", &[12, 13, 0, 1]);
    let srgb = || chunk(b"sRGB", &[0]);
    let shown = |chunks: &[Vec<u8>]| decode(&with_chunks(&plain, chunks)).pixels;
    let (of_p3, of_profile, of_gamma) = (shown(&[p3()]), shown(&[profile()]), shown(&[gamma()]));
    let unchanged = decode(&plain).pixels;
    assert!(of_p3 != of_profile && of_profile != of_gamma && of_gamma != unchanged);
    assert_eq!(shown(&[gamma(), srgb(), profile(), p3()]), of_p3);
    assert_eq!(shown(&[gamma(), srgb(), profile()]), of_profile);
    assert_eq!(shown(&[gamma(), srgb()]), unchanged);
}

#[test]
fn gamma_of_a_usual_screen_changes_nothing() {
    let plain = fixture("rgb.png");
    for gamma in [45_455u32, 45_000, 46_000] {
        let file = with_chunks(&plain, &[chunk(b"gAMA", &gamma.to_be_bytes())]);
        assert_eq!(decode(&file).pixels, decode(&plain).pixels, "{gamma}");
    }
}

#[test]
fn light_beyond_paper_is_cut_off() {
    // A signal of 58 % is 203 nits under PQ: white paper; what is above it is as white.
    let bright = image::RgbImage::from_fn(8, 8, |x, _| {
        image::Rgb([[148, 255, 0, 148][x as usize % 4]; 3])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    bright.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let file = with_chunks(png.get_ref(), &[chunk(b"cICP", &[9, 16, 0, 1])]);
    let pixels = decode(&file).pixels;
    let tones = [0, 1, 2].map(|x| pixels.get_pixel(x, 0).0[0]);
    assert!(tones[0] >= 250, "{tones:?}");
    assert_eq!(tones[1..], [255, 0]);
}

#[test]
fn a_profile_that_says_srgb_changes_no_pixel() {
    let plain = fixture("rgb.png");
    let adobe = profile_of(&fixture("adobe-rgb.png"));
    // sRGB's curve as a table, put in the place of the gamma of Adobe RGB, and its primaries.
    let curve: Vec<u8> = (0..1024u32)
        .flat_map(|step| {
            let signal = f64::from(step) / 1023.0;
            let light = match signal <= 0.04045 {
                true => signal / 12.92,
                false => ((signal + 0.055) / 1.055).powf(2.4),
            };
            ((light * 65535.0).round() as u16).to_be_bytes()
        })
        .collect();
    let curve = [b"curv\0\0\0\0\0\0\x04\0".as_slice(), &curve].concat();
    let mut profile = adobe.clone();
    let colorants = [
        (b"rXYZ", [0.436_07, 0.222_49, 0.013_92]),
        (b"gXYZ", [0.385_15, 0.716_87, 0.097_08]),
        (b"bXYZ", [0.143_07, 0.060_61, 0.714_10]),
    ];
    let entry_of = |profile: &[u8], tag: &[u8; 4]| {
        132 + 12
            * profile[132..]
                .chunks(12)
                .position(|entry| entry.starts_with(tag))
                .unwrap()
    };
    for (tag, xyz) in colorants {
        let entry = entry_of(&profile, tag);
        let at = u32::from_be_bytes(profile[entry + 4..entry + 8].try_into().unwrap()) as usize;
        for (axis, value) in xyz.into_iter().enumerate() {
            let fixed = (value * 65536.0_f64).round() as i32;
            profile[at + 8 + 4 * axis..at + 12 + 4 * axis].copy_from_slice(&fixed.to_be_bytes());
        }
    }
    let start = (profile.len() as u32).to_be_bytes();
    profile.extend(&curve);
    for tag in [b"rTRC", b"gTRC", b"bTRC"] {
        let entry = entry_of(&profile, tag);
        profile[entry + 4..entry + 8].copy_from_slice(&start);
        profile[entry + 8..entry + 12].copy_from_slice(&(curve.len() as u32).to_be_bytes());
    }
    let tagged = with_chunks(&plain, &[profile_chunk(&profile)]);
    assert_eq!(decode(&tagged).pixels, decode(&plain).pixels);
    assert_eq!(marks(&tagged), [""; 0]);
}

#[test]
fn a_profile_that_cannot_be_used_is_passed_over_with_a_mark() {
    let plain = fixture("rgb.png");
    let adobe = profile_of(&fixture("adobe-rgb.png"));
    let grey = profile_of(&fixture("grey-gamma.png"));
    let cases = [
        ("of inks", profile_of_inks()),
        ("of grey", grey),
        ("cut short", adobe[..adobe.len() / 2].to_vec()),
        ("a header alone", adobe[..128].to_vec()),
        ("nothing", Vec::new()),
        ("noise", vec![0x5a; 500]),
    ];
    for (name, profile) in cases {
        let file = with_chunks(&plain, &[profile_chunk(&profile)]);
        assert_eq!(marks(&file), ["profile_ignored"], "{name}");
        assert_eq!(decode(&file).pixels, decode(&plain).pixels, "{name}");
    }
}

#[test]
fn a_profile_that_is_whole_in_a_stream_that_is_not_is_applied() {
    let plain = fixture("rgb.png");
    let profile = profile_of(&fixture("adobe-rgb.png"));
    let whole = packed(&profile);
    let with = |stream: &[u8]| {
        let data = [b"name\0\0".as_slice(), stream].concat();
        with_chunks(&plain, &[chunk(b"iCCP", &data)])
    };
    let shown = decode(&with(&whole));
    // The checksum of four bytes is lost, then the profile's end as well.
    let cut = decode(&with(&whole[..whole.len() - 5]));
    assert_eq!(cut.pixels, shown.pixels);
    assert_eq!(cut.marks, []);
    assert_eq!(marks(&with(&whole[..whole.len() / 2])), ["profile_ignored"]);
}

#[test]
fn broken_tags_beside_those_that_are_needed_do_no_harm() {
    let plain = fixture("rgb.png");
    let profile = profile_of(&fixture("adobe-rgb.png"));
    let mut broken = profile.clone();
    // The white point's entry now names a copyright at the end of the world.
    assert_eq!(&broken[132..136], b"wtpt");
    broken[132..136].copy_from_slice(b"cprt");
    broken[136..140].fill(0xff);
    let shown = |profile: &[u8]| decode(&with_chunks(&plain, &[profile_chunk(profile)]));
    assert_eq!(shown(&broken).pixels, shown(&profile).pixels);
    assert_eq!(shown(&broken).marks, []);
}

#[test]
fn a_profile_that_inflates_beyond_the_limit_is_passed_over() {
    let plain = fixture("rgb.png");
    let bomb = profile_chunk(&vec![0; 40 << 20]);
    assert!(bomb.len() < 200_000);
    let file = with_chunks(&plain, &[bomb]);
    assert_eq!(marks(&file), ["profile_ignored"]);
    let adobe = profile_of(&fixture("adobe-rgb.png"));
    let file = with_chunks(&plain, &[profile_chunk(&adobe)]);
    let limits = Limits::default().with_max_metadata(adobe.len() as u64 - 1);
    let photo = Photo::from_bytes(&file, &limits).unwrap();
    assert_eq!(photo.marks.len(), 1);
    let limits = Limits::default().with_max_metadata(adobe.len() as u64);
    let photo = Photo::from_bytes(&file, &limits).unwrap();
    assert_eq!(photo.marks, []);
}

#[test]
fn chunks_with_a_wrong_checksum_are_passed_over() {
    let plain = fixture("rgb.png");
    let mut gamma = chunk(b"gAMA", &100_000u32.to_be_bytes());
    *gamma.last_mut().unwrap() ^= 1;
    let file = with_chunks(&plain, &[gamma]);
    assert_eq!(decode(&file).pixels, decode(&plain).pixels);
}

#[test]
fn inks_go_through_the_profile_that_the_file_embeds() {
    // 8 x 8 pixels of cyan beside 8 x 8 of black, as TIFF: to the profile cyan is paper.
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let profile = profile_of_inks();
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, 16),
        (257, 3, 1, 8),
        (258, 3, 4, 134),
        (259, 3, 1, 1),
        (262, 3, 1, 5),
        (273, 4, 1, 142),
        (277, 3, 1, 4),
        (278, 3, 1, 8),
        (279, 4, 1, 512),
        (34675, 7, profile.len() as u32, 142 + 512),
    ];
    tiff.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend(count.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    assert_eq!(tiff.len(), 134);
    tiff.extend([8, 0].repeat(4));
    for _ in 0..8 {
        tiff.extend([255, 0, 0, 0].repeat(8));
        tiff.extend([0, 0, 0, 255].repeat(8));
    }
    tiff.extend(profile);
    let photo = decode(&tiff);
    assert!(
        !photo
            .marks
            .iter()
            .any(|mark| mark.name() == "profile_ignored")
    );
    let tones = [3, 12].map(|x| photo.pixels.get_pixel(x, 4).0);
    assert!(tones[0].iter().all(|&value| value >= 253), "{tones:?}");
    assert!(tones[1].iter().all(|&value| value <= 2), "{tones:?}");
}
