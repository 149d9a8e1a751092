//! Files that are damaged, empty at first or larger than they look, by format.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use faunalens::photo::{Limits, Photo, PhotoError};
use flate2::Compression;
use flate2::write::ZlibEncoder;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

fn decode(bytes: &[u8]) -> Result<Photo, PhotoError> {
    Photo::from_bytes(bytes, &Limits::default())
}

fn kind(bytes: &[u8]) -> &'static str {
    decode(bytes).unwrap_err().kind().name()
}

fn is_damaged(photo: &Photo) -> bool {
    photo.marks.iter().any(|mark| mark.name() == "damaged")
}

/// Noise that no compression makes small.
fn noise(side: u32) -> image::RgbImage {
    let mut state = 1u32;
    image::RgbImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
    })
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let length = (data.len() as u32).to_be_bytes();
    let checksum = crc32fast::hash(&body).to_be_bytes();
    [length.as_slice(), &body, &checksum].concat()
}

const PASSES: [(usize, usize, usize, usize); 7] = [
    (0, 8, 0, 8),
    (4, 8, 0, 8),
    (0, 4, 4, 8),
    (2, 4, 0, 4),
    (0, 2, 2, 4),
    (1, 2, 0, 2),
    (0, 1, 1, 2),
];

/// A PNG whose pixels are `pixel(x, y)`: RGB, or with 16 bits a sample.
fn png<const BYTES: usize>(
    (width, height): (usize, usize),
    interlaced: bool,
    pixel: impl Fn(usize, usize) -> [u8; BYTES],
) -> Vec<u8> {
    let whole = [(0, 1, 0, 1)];
    let passes = if interlaced { &PASSES[..] } else { &whole };
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut row = Vec::new();
    for &(left, across, top, down) in passes {
        for y in (top..height).step_by(down) {
            row.clear();
            row.push(0);
            (left..width)
                .step_by(across)
                .for_each(|x| row.extend(pixel(x, y)));
            encoder.write_all(&row).unwrap();
        }
    }
    let mut header = [width as u32, height as u32].map(u32::to_be_bytes).concat();
    let depth = if BYTES == 6 { 16 } else { 8 };
    header.extend([depth, 2, 0, 0, interlaced.into()]);
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &encoder.finish().unwrap()),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

#[test]
fn a_png_or_webp_that_lacks_its_end_is_shown_and_marked_and_half_of_one_is_corrupt() {
    let picture = noise(120);
    let pixel = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32).0;
    let webp = fixture("damage/noise.webp");
    let files = [
        ("plain", png((120, 120), false, pixel)),
        ("interlaced", png((120, 120), true, pixel)),
        ("webp", webp),
    ];
    for (name, file) in files {
        let whole = decode(&file).unwrap();
        assert!(!is_damaged(&whole), "{name}");
        let cut = decode(&file[..file.len() * 9 / 10]).unwrap();
        assert!(is_damaged(&cut), "{name}");
        assert_eq!(
            (cut.width, cut.height),
            (whole.width, whole.height),
            "{name}"
        );
        for (x, y) in [(0, 0), (100, 60), (7, 80)] {
            let pixels = [&cut, &whole].map(|photo| photo.pixels.get_pixel(x, y));
            assert_eq!(pixels[0], pixels[1], "{name} at {x}, {y}");
        }
        assert_eq!(kind(&file[..file.len() * 3 / 10]), "corrupt", "{name}");
    }
}

#[test]
fn of_an_interlaced_png_that_lacks_its_end_every_other_row_stands_for_two() {
    let picture = noise(120);
    let file = png((120, 120), true, |x, y| {
        picture.get_pixel(x as u32, y as u32).0
    });
    let cut = decode(&file[..file.len() * 6 / 10]).unwrap();
    assert_eq!(cut.pixels.get_pixel(31, 118), picture.get_pixel(31, 118));
    assert_eq!(cut.pixels.get_pixel(31, 119), picture.get_pixel(31, 118));
}

#[test]
fn a_gif_that_lacks_its_end_is_shown_and_marked_and_half_of_one_is_corrupt() {
    let file = fixture("damage/noise.gif");
    let whole = decode(&file).unwrap();
    let cut = decode(&file[..file.len() * 9 / 10]).unwrap();
    assert!(is_damaged(&cut) && !is_damaged(&whole));
    assert_eq!(cut.pixels.get_pixel(50, 20), whole.pixels.get_pixel(50, 20));
    assert_eq!(kind(&file[..file.len() * 3 / 10]), "corrupt");
}

#[test]
fn a_png_of_apple_is_named() {
    let plain = fixture("photos/rgb.png");
    let apple = [
        &plain[..8],
        &chunk(b"CgBI", &[0x50, 0, 0x20, 2]),
        &plain[8..],
    ]
    .concat();
    assert_eq!(kind(&apple), "unsupported");
    assert!(decode(&apple).unwrap_err().to_string().contains("CgBI"));
}

#[test]
fn giants_are_averaged_down_interlaced_or_not_and_never_exist_whole() {
    // 17.6 megapixels at 16 bits take 106 MB whole: more than is allowed here.
    let size = (4400, 4000);
    let pixel = |x: usize, y: usize| {
        let value = (x / 7 * 31 + y / 5 * 17) as u8;
        [value, 0, value, 128, value, 255]
    };
    let limits = Limits::default().with_max_held(170 << 20);
    let [plain, interlaced] = [false, true]
        .map(|interlaced| Photo::from_bytes(&png(size, interlaced, pixel), &limits).unwrap());
    assert_eq!((plain.width, plain.height), (4400, 4000));
    assert_eq!(plain.pixels.dimensions(), (2200, 2000));
    assert_eq!(plain.pixels, interlaced.pixels);
}

#[test]
fn an_animation_without_content_costs_a_bounded_time_and_is_blank() {
    // 3,000 frames of nothing: no more than the budget of them is gone through.
    let frame = b"\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x20\0\x20\0\0\x02";
    let mut file = b"GIF89a\x20\0\x20\0\x80\0\0\xff\xff\xff\0\0\0".to_vec();
    // Clear, 1,024 zeros one by one with clears in between, end: codes of three bits.
    let mut bits = Vec::new();
    for _ in 0..1024 {
        bits.extend([4u8, 0]);
    }
    bits.push(5);
    let mut data = vec![0u8; (bits.len() * 3).div_ceil(8)];
    for (at, code) in bits.iter().enumerate() {
        let place = 3 * at;
        let wide = u16::from(*code) << (place % 8);
        data[place / 8] |= wide as u8;
        if wide > 255 {
            data[place / 8 + 1] |= (wide >> 8) as u8;
        }
    }
    for _ in 0..3000 {
        file.extend(frame);
        for block in data.chunks(255) {
            file.push(block.len() as u8);
            file.extend(block);
        }
        file.push(0);
    }
    file.push(0x3b);
    let start = std::time::Instant::now();
    let photo = decode(&file).unwrap();
    assert!(photo.marks.iter().any(|mark| mark.name() == "blank"));
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn runs_of_a_bitmap_that_break_off_are_marked() {
    let file = fixture("photos/rle8.bmp");
    let cut = decode(&file[..file.len() - 20]).unwrap();
    assert!(is_damaged(&cut) && !is_damaged(&decode(&file).unwrap()));
    // The lower rows come first.
    assert_eq!(cut.pixels.get_pixel(12, 24).0, [30, 30, 200]);
}
