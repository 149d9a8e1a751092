//! JPEG as browsers and Pillow show it: every way of storing it that they read, damage that they
//! survive, and no file that takes long or much memory.

use std::time::{Duration, Instant};

use faunalens::photo::{Detail, Limits, Mark, Photo, PhotoError};
use image::RgbImage;

use crate::jpeg_writer::{Component, Writer, segment};

const GREY: Component = Component {
    id: 1,
    sampling: (1, 1),
    value: |x, y| ((x * 37 + y * 59) % 200 + 20) as u8,
};
const LUMA: Component = Component {
    sampling: (2, 2),
    ..GREY
};
const BLUE: Component = Component {
    id: 2,
    sampling: (1, 1),
    value: |x, y| (100 + (5 * x + 3 * y) % 50) as u8,
};
const RED: Component = Component {
    id: 3,
    sampling: (1, 1),
    value: |x, y| (110 + (7 * x + 2 * y) % 40) as u8,
};
/// Half resolution of colour both ways, as most cameras write.
const COLOUR: [Component; 3] = [LUMA, BLUE, RED];

fn decode(bytes: &[u8]) -> Result<Photo, PhotoError> {
    Photo::from_bytes(bytes, &Limits::default())
}

fn kind(bytes: &[u8]) -> &'static str {
    decode(bytes).unwrap_err().kind().name()
}

fn message(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

/// Three planes at full resolution of one tone each.
fn flat(ids: [u8; 3]) -> Writer {
    let tones: [fn(usize, usize) -> u8; 3] = [|_, _| 90, |_, _| 110, |_, _| 200];
    let components: Vec<Component> = ids
        .iter()
        .zip(tones)
        .map(|(&id, value)| Component {
            id,
            sampling: (1, 1),
            value,
        })
        .collect();
    Writer::new(&components, (3, 2))
}

fn first_pixel(writer: &Writer) -> [u8; 3] {
    decode(&writer.file()).unwrap().pixels.get_pixel(0, 0).0
}

/// 90, 110, 200 as red, green, blue.
const AS_RGB: [u8; 3] = [90, 110, 200];
/// The same as luminance and differences of colour (JFIF 1.02): 90 + 1.402 (200 - 128), ...
const AS_YCBCR: [u8; 3] = [191, 45, 58];

#[test]
fn blocks_have_the_values_that_were_stored() {
    let writer = Writer::new(&[GREY], (5, 4));
    let photo = decode(&writer.file()).unwrap();
    assert_eq!((photo.width, photo.height), (40, 32));
    assert!(photo.marks.is_empty(), "{:?}", photo.marks);
    for (x, y, pixel) in photo.pixels.enumerate_pixels() {
        let value = (GREY.value)(x as usize / 8, y as usize / 8);
        assert_eq!(pixel.0, [value; 3], "{x}, {y}");
    }
}

#[test]
fn a_scan_for_each_component_gives_the_picture_of_one_scan() {
    let one = Writer::new(&COLOUR, (4, 3));
    let expected = decode(&one.file()).unwrap();
    let apart = Writer {
        scans: vec![vec![0], vec![1], vec![2]],
        ..one
    };
    let photo = decode(&apart.file()).unwrap();
    assert_eq!(photo.pixels, expected.pixels);
    assert_eq!(photo.marks, []);
}

#[test]
fn a_component_that_never_comes_is_damage() {
    let writer = Writer {
        scans: vec![vec![0], vec![1]],
        ..Writer::new(&COLOUR, (4, 3))
    };
    assert_eq!(decode(&writer.file()).unwrap().marks, [Mark::Damaged]);
}

#[test]
fn markers_and_identifiers_tell_what_the_colours_are() {
    let jfif = b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0";
    let adobe = |transform: u8| [&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat();
    let plain = flat([1, 2, 3]);
    let letters = flat(*b"RGB");
    assert_eq!(first_pixel(&plain), AS_YCBCR);
    assert_eq!(first_pixel(&letters), AS_RGB);
    let marked = |transform| plain.clone().with_segment(0xee, &adobe(transform));
    assert_eq!(first_pixel(&marked(0)), AS_RGB);
    assert_eq!(first_pixel(&marked(1)), AS_YCBCR);
    // Unknown, and too short to say.
    assert_eq!(first_pixel(&marked(199)), AS_YCBCR);
    let short = plain.clone().with_segment(0xee, b"Adobe\0\x64");
    assert_eq!(first_pixel(&short), AS_YCBCR);
    // JFIF knows YCbCr only, whatever Adobe says beside it.
    let both = marked(0).with_segment(0xe0, jfif);
    assert_eq!(first_pixel(&both), AS_YCBCR);
    for writer in [&plain, &letters, &marked(199), &short, &both] {
        let marks = decode(&writer.file()).unwrap().marks;
        assert!(!marks.contains(&Mark::Damaged), "{marks:?}");
    }
}

#[test]
fn inks_are_stored_the_other_way_round() {
    let tones: [fn(usize, usize) -> u8; 4] = [|_, _| 255, |_, _| 204, |_, _| 102, |_, _| 204];
    let inks: Vec<Component> = (1..)
        .zip(tones)
        .map(|(id, value)| Component { id, value, ..GREY })
        .collect();
    let writer = Writer::new(&inks, (2, 2));
    assert_eq!(first_pixel(&writer), [204, 163, 82]);
    let adobe = writer.clone().with_segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    assert_eq!(first_pixel(&adobe), [204, 163, 82]);
}

#[test]
fn a_frame_of_motion_jpeg_brings_no_tables() {
    let with = Writer::new(&COLOUR, (4, 3));
    let without = Writer {
        has_huffman_tables: false,
        ..with.clone()
    };
    let photo = decode(&without.file()).unwrap();
    assert_eq!(photo.pixels, decode(&with.file()).unwrap().pixels);
    assert!(photo.marks.is_empty());
}

/// The rows of 8 pixels at which two pictures differ.
fn differing_rows(a: &RgbImage, b: &RgbImage) -> Vec<u32> {
    let differs =
        |row: &u32| (0..a.width()).any(|x| a.get_pixel(x, 8 * row) != b.get_pixel(x, 8 * row));
    (0..a.height() / 8).filter(differs).collect()
}

#[test]
fn a_lost_piece_between_restart_markers_costs_that_piece_alone() {
    let writer = Writer {
        restart: 6,
        ..Writer::new(&[GREY], (6, 8))
    };
    let file = writer.file();
    let whole = decode(&file).unwrap();
    assert!(whole.marks.is_empty());
    // The third row of blocks and the marker that ends it.
    let at = |code| memchr::memmem::find(&file, &[0xff, code]).unwrap();
    let lost = [&file[..at(0xd2)], &file[at(0xd3)..]].concat();
    let photo = decode(&lost).unwrap();
    assert_eq!(photo.marks, [Mark::Damaged]);
    assert_eq!(differing_rows(&photo.pixels, &whole.pixels), [3]);
}

#[test]
fn bytes_that_nobody_needs_are_no_damage() {
    let writer = Writer {
        restart: 6,
        ..Writer::new(&[GREY], (6, 4))
    };
    let mut file = writer.file();
    let at = memchr::memmem::find(&file, &[0xff, 0xd1]).unwrap();
    file.splice(at..at, [0x12, 0x34]);
    // After the end: a maker's padding, or the second picture of a pair.
    file.extend([0; 100]);
    file.extend(Writer::new(&[GREY], (9, 9)).file());
    let photo = decode(&file).unwrap();
    assert_eq!((photo.width, photo.height), (48, 32));
    assert_eq!(photo.marks, []);
    assert_eq!(photo.pixels, decode(&writer.file()).unwrap().pixels);
}

#[test]
fn half_the_data_before_an_end_marker_is_shown_and_marked() {
    let writer = Writer::new(&COLOUR, (4, 8));
    let file = writer.file();
    let whole = decode(&file).unwrap();
    let mut half = file[..writer.head().len() + writer.scan(&[0, 1, 2]).len() / 2].to_vec();
    assert_eq!(kind(&half), "corrupt");
    half.extend([0xff, 0xd9]);
    let photo = decode(&half).unwrap();
    assert_eq!(photo.marks, [Mark::Damaged]);
    let pixel = |photo: &Photo, y| photo.pixels.get_pixel(5, y).0;
    assert_eq!(pixel(&photo, 3), pixel(&whole, 3));
    assert_eq!(pixel(&photo, 127), [128; 3]);
}

#[test]
fn a_progressive_picture_that_lost_later_scans_is_marked_and_one_that_lost_rows_is_corrupt() {
    let writer = Writer {
        frame: 0xc2,
        scans: vec![vec![0, 1, 2]],
        ..Writer::new(&COLOUR, (4, 8))
    };
    let file = writer.file();
    // Its only scan brings the constant terms: by the end marker, that is all there was to be.
    assert_eq!(decode(&file).unwrap().marks, []);
    let unmarked = &file[..file.len() - 2];
    assert_eq!(decode(unmarked).unwrap().marks, [Mark::Damaged]);
    let half = &file[..writer.head().len() + writer.scan(&[0, 1, 2]).len() / 2];
    assert_eq!(kind(half), "corrupt");
}

#[test]
fn what_browsers_do_not_show_either_is_named() {
    let grey = Writer::new(&[GREY], (2, 2));
    let frame = |frame, bits| {
        let writer = Writer {
            frame,
            bits,
            ..grey.clone()
        };
        writer.file()
    };
    for (file, word) in [
        (frame(0xc3, 8), "lossless"),
        (frame(0xc5, 8), "hierarchical"),
        (frame(0xc1, 12), "12 bits"),
        (Writer::new(&[GREY, BLUE], (2, 2)).file(), "2 components"),
    ] {
        assert_eq!(kind(&file), "unsupported", "{word}");
        assert!(message(&file).contains(word), "{}", message(&file));
    }
}

#[test]
fn the_first_exif_block_turns_the_picture_once() {
    let exif = |orientation: u8| {
        let entry = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
        [&b"Exif\0\0MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat()
    };
    let writer = Writer::new(&[GREY], (4, 2))
        .with_segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
        .with_segment(0xe1, &exif(6))
        .with_segment(0xe1, &exif(3));
    let photo = decode(&writer.file()).unwrap();
    assert_eq!((photo.width, photo.height), (16, 32));
    // Turned clockwise: what was at the lower left is at the upper left.
    assert_eq!(photo.pixels.get_pixel(0, 0).0, [(GREY.value)(0, 1); 3]);
}

#[test]
fn a_thumbnail_inside_a_segment_is_not_the_picture() {
    let thumbnail = Writer::new(&[GREY], (1, 1)).file();
    let maker = [&b"Exif\0\0"[..], &thumbnail].concat();
    let writer = Writer::new(&[GREY], (4, 6)).with_segment(0xe1, &maker);
    let photo = decode(&writer.file()).unwrap();
    assert_eq!((photo.width, photo.height), (32, 48));
    // Nor is its end marker that of the picture.
    let file = writer.file();
    assert_eq!(kind(&file[..file.len() - 24]), "corrupt");
}

/// What must be refused must be refused at once.
fn refused_at_once(file: &[u8], kind_of_error: &str, word: &str) {
    let start = Instant::now();
    assert_eq!(kind(file), kind_of_error);
    assert!(message(file).contains(word), "{}", message(file));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn scans_are_counted() {
    let writer = Writer {
        frame: 0xc2,
        scans: vec![vec![0]; 501],
        ..Writer::new(&[GREY], (1, 1))
    };
    refused_at_once(&writer.file(), "too_large", "scans");
}

/// A progressive picture of this many sampling units without data, and scans that say nothing.
fn empty_scans(components: &[Component], units: (usize, usize), scans: usize) -> Vec<u8> {
    let writer = Writer {
        frame: 0xc2,
        ..Writer::new(components, units)
    };
    let mut file = writer.head();
    for _ in 0..scans {
        let mut head = vec![components.len() as u8];
        head.extend(components.iter().flat_map(|one| [one.id, 0]));
        head.extend([0, 0, 0]);
        segment(&mut file, 0xda, &head);
    }
    file.extend([0xff, 0xd9]);
    file
}

#[test]
fn what_all_scans_go_over_is_bounded() {
    let file = empty_scans(&COLOUR, (400, 400), 40);
    refused_at_once(&file, "too_large", "blocks");
}

#[test]
fn memory_for_coefficients_is_known_before_it_is_taken() {
    // 2 bytes each for three components of 64 megapixels.
    let full = [GREY, BLUE, RED];
    let file = empty_scans(&full, (1000, 1000), 1);
    refused_at_once(&file, "too_large", "bytes");
    let limits = Limits::default().with_max_pixels(100);
    let small = Writer::new(&[GREY], (2, 2)).file();
    let error = Photo::from_bytes(&small, &limits).unwrap_err();
    assert_eq!(error.kind().name(), "too_large");
}

#[test]
fn a_large_picture_is_screened_at_an_eighth_and_read_in_full_where_that_is_asked() {
    let writer = Writer::new(&COLOUR, (260, 300));
    let file = writer.file();
    let screened = Photo::with_detail(&file, &Limits::default(), Detail::Screening).unwrap();
    assert_eq!((screened.width, screened.height), (4160, 4800));
    assert_eq!(screened.pixels.dimensions(), (520, 600));
    assert!(screened.is_reduced());
    let full = Photo::from_bytes(&file, &Limits::default()).unwrap();
    assert!(!full.is_reduced());
    // 20 megapixels: at 7/8.
    assert_eq!(full.pixels.dimensions(), (3640, 4200));
    // One pixel of an eighth is a block: its mean.
    let grey = Writer::new(&[GREY], (520, 600)).file();
    let screened = Photo::with_detail(&grey, &Limits::default(), Detail::Screening).unwrap();
    for (x, y, pixel) in screened.pixels.enumerate_pixels() {
        assert_eq!(pixel.0, [(GREY.value)(x as usize, y as usize); 3]);
    }
}

#[test]
fn every_cut_and_every_flipped_byte_gives_a_picture_or_an_error() {
    let exif = [
        &b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"[..],
        &[0; 4],
    ];
    let writer = Writer {
        restart: 3,
        ..Writer::new(&COLOUR, (2, 3))
    }
    .with_segment(0xe1, &exif.concat());
    let progressive = Writer {
        frame: 0xc2,
        scans: vec![vec![0, 1, 2], vec![0], vec![2]],
        ..writer.clone()
    };
    let limits = Limits::default().with_max_pixels(1 << 20);
    for file in [writer.file(), progressive.file()] {
        for end in 0..file.len() {
            let _ = Photo::from_bytes(&file[..end], &limits);
        }
        for at in 2..file.len() {
            for value in [0x00, 0xff, file[at] ^ 0x10] {
                let mut changed = file.clone();
                changed[at] = value;
                if let Err(error) = Photo::from_bytes(&changed, &limits) {
                    assert_ne!(error.kind().name(), "internal", "{at}: {value:x}: {error}");
                }
            }
        }
    }
}
