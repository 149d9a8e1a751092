//! TIFF in the forms that scanners and programs write, each made here from one scene: red, green,
//! blue and white quarters of 48 x 32 pixels.

#![allow(clippy::unwrap_used)]

use faunalens::photo::{Limits, Mark, Photo, PhotoError};
use proptest::prelude::*;

const WIDTH: usize = 48;
const HEIGHT: usize = 32;
const QUARTERS: [[u8; 3]; 4] = [[200, 30, 30], [30, 160, 30], [30, 30, 200], [255, 255, 255]];

/// The quarter in which a pixel lies.
fn quarter(x: usize, y: usize) -> usize {
    2 * usize::from(y >= HEIGHT / 2) + usize::from(x >= WIDTH / 2)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Packing {
    None,
    PackBits,
    Lzw,
    Deflate,
}

/// How a picture is written.
#[derive(Debug, Clone)]
struct Form {
    is_big_endian: bool,
    is_big_tiff: bool,
    is_planar: bool,
    /// Size of tiles; else strips of seven rows.
    tile: Option<(usize, usize)>,
    packing: Packing,
    /// 1 none, 2 differences, 3 of floats.
    predictor: u64,
    bits: usize,
    samples: usize,
    photometric: u64,
    fill_order: u64,
    /// Tag, type (3 for 16 bits, 4 for 32, 5 for fractions of two each) and values.
    tags: Vec<(u16, u16, Vec<u64>)>,
}

fn form() -> Form {
    Form {
        is_big_endian: false,
        is_big_tiff: false,
        is_planar: false,
        tile: None,
        packing: Packing::None,
        predictor: 1,
        bits: 8,
        samples: 3,
        photometric: 2,
        fill_order: 1,
        tags: Vec::new(),
    }
}

impl Form {
    fn number(&self, value: u64, size: usize) -> Vec<u8> {
        let bytes = value.to_le_bytes();
        let mut bytes = bytes[..size].to_vec();
        if self.is_big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// Writes `value(x, y, sample)`.
    fn write(&self, value: impl Fn(usize, usize, usize) -> u64) -> Vec<u8> {
        let (width, height) = self.tile.unwrap_or((WIDTH, 7));
        let planes = if self.is_planar { self.samples } else { 1 };
        let mut pieces = Vec::new();
        for plane in 0..planes {
            for top in (0..HEIGHT).step_by(height) {
                for left in (0..WIDTH).step_by(width) {
                    let height = match self.tile {
                        Some(_) => height,
                        None => height.min(HEIGHT - top),
                    };
                    let of = |x: usize, y: usize, sample: usize| {
                        // Beyond the edge tiles hold something else.
                        match (left + x, top + y) {
                            (x, y) if x < WIDTH && y < HEIGHT => value(x, y, sample),
                            _ => 0,
                        }
                    };
                    pieces.push(self.piece(width, height, plane, of));
                }
            }
        }
        self.file(&pieces)
    }

    fn piece(
        &self,
        width: usize,
        height: usize,
        plane: usize,
        value: impl Fn(usize, usize, usize) -> u64,
    ) -> Vec<u8> {
        let samples: Vec<usize> = match self.is_planar {
            true => vec![plane],
            false => (0..self.samples).collect(),
        };
        let mut bytes = Vec::new();
        for y in 0..height {
            let row: Vec<u64> = (0..width)
                .flat_map(|x| samples.iter().map(move |&sample| (x, sample)))
                .map(|(x, sample)| value(x, y, sample))
                .collect();
            bytes.extend(self.row(&row, samples.len()));
        }
        if self.fill_order == 2 {
            bytes
                .iter_mut()
                .for_each(|byte| *byte = byte.reverse_bits());
        }
        match self.packing {
            Packing::None => bytes,
            Packing::PackBits => packbits(&bytes),
            Packing::Lzw => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
                .encode(&bytes)
                .unwrap(),
            Packing::Deflate => deflate(&bytes),
        }
    }

    fn row(&self, row: &[u64], stride: usize) -> Vec<u8> {
        let size = self.bits / 8;
        match self.predictor {
            2 => {
                let mask = u64::MAX >> (64 - self.bits);
                let difference = |index: usize| match index.checked_sub(stride) {
                    Some(before) => row[index].wrapping_sub(row[before]) & mask,
                    None => row[index],
                };
                (0..row.len())
                    .flat_map(|index| self.number(difference(index), size))
                    .collect()
            }
            3 => {
                let mut bytes = Vec::new();
                for byte in (0..size).rev() {
                    bytes.extend(row.iter().map(|value| (value >> (8 * byte)) as u8));
                }
                (0..bytes.len())
                    .map(|index| match index.checked_sub(stride) {
                        Some(before) => bytes[index].wrapping_sub(bytes[before]),
                        None => bytes[index],
                    })
                    .collect()
            }
            _ if matches!(self.bits, 8 | 16 | 32 | 64) => row
                .iter()
                .flat_map(|&value| self.number(value, size))
                .collect(),
            _ => {
                let bits = row
                    .iter()
                    .flat_map(|value| (0..self.bits).rev().map(move |bit| value >> bit & 1));
                let bits: Vec<u64> = bits.collect();
                let byte = |bits: &[u64]| {
                    let bits = bits.iter().enumerate();
                    bits.fold(0, |sum, (place, bit)| sum | (*bit as u8) << (7 - place))
                };
                bits.chunks(8).map(byte).collect()
            }
        }
    }

    fn file(&self, pieces: &[Vec<u8>]) -> Vec<u8> {
        let word = if self.is_big_tiff { 8 } else { 4 };
        let mut file = if self.is_big_endian {
            b"MM".to_vec()
        } else {
            b"II".to_vec()
        };
        file.extend(self.number(if self.is_big_tiff { 43 } else { 42 }, 2));
        if self.is_big_tiff {
            file.extend([self.number(8, 2), self.number(0, 2)].concat());
        }
        let directory_at = file.len();
        file.extend(vec![0; word]);
        let mut offsets = Vec::new();
        for piece in pieces {
            offsets.push(file.len() as u64);
            file.extend(piece);
        }
        let counts = pieces.iter().map(|piece| piece.len() as u64).collect();
        let (at, of) = if self.tile.is_some() {
            (324, 325)
        } else {
            (273, 279)
        };
        let compression = match self.packing {
            Packing::None => 1,
            Packing::PackBits => 32773,
            Packing::Lzw => 5,
            Packing::Deflate => 8,
        };
        let mut tags = vec![
            (256, 4, vec![WIDTH as u64]),
            (257, 3, vec![HEIGHT as u64]),
            (258, 3, vec![self.bits as u64; self.samples]),
            (259, 3, vec![compression]),
            (262, 3, vec![self.photometric]),
            (266, 3, vec![self.fill_order]),
            (at, 4, offsets),
            (277, 3, vec![self.samples as u64]),
            (of, 4, counts),
            (284, 3, vec![if self.is_planar { 2 } else { 1 }]),
            (317, 3, vec![self.predictor]),
        ];
        match self.tile {
            Some((width, height)) => {
                tags.push((322, 4, vec![width as u64]));
                tags.push((323, 4, vec![height as u64]));
            }
            None => tags.push((278, 3, vec![7])),
        }
        tags.retain(|(tag, ..)| self.tags.iter().all(|(other, ..)| other != tag));
        tags.extend(self.tags.iter().cloned());
        tags.sort_by_key(|(tag, ..)| *tag);
        let mut entries = self.number(tags.len() as u64, if self.is_big_tiff { 8 } else { 2 });
        for (tag, kind, values) in &tags {
            let size = [1, 1, 2, 4, 4][*kind as usize - 1];
            let count = values.len() / if *kind == 5 { 2 } else { 1 };
            let mut bytes: Vec<u8> = values
                .iter()
                .flat_map(|&value| self.number(value, size))
                .collect();
            entries.extend(self.number((*tag).into(), 2));
            entries.extend(self.number((*kind).into(), 2));
            entries.extend(self.number(count as u64, word));
            if bytes.len() > word {
                let lies_at = file.len() as u64;
                file.extend(bytes);
                bytes = self.number(lies_at, word);
            }
            bytes.resize(word, 0);
            entries.extend(bytes);
        }
        let lies_at = self.number(file.len() as u64, word);
        file[directory_at..directory_at + word].copy_from_slice(&lies_at);
        // The next directory is this one again.
        file.extend(entries);
        file.extend(lies_at);
        file
    }
}

fn packbits(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let run = rest
            .iter()
            .take(128)
            .take_while(|byte| **byte == first)
            .count();
        if run > 2 {
            packed.extend([(1_i32 - run as i32) as u8, first]);
            rest = &rest[run..];
        } else {
            let count = rest.len().min(3);
            packed.push(count as u8 - 1);
            packed.extend(&rest[..count]);
            rest = &rest[count..];
        }
    }
    packed
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn decode(bytes: &[u8]) -> Result<Photo, PhotoError> {
    Photo::from_bytes(bytes, &Limits::default())
}

fn decoded(bytes: &[u8], of: &str) -> Photo {
    decode(bytes).unwrap_or_else(|error| panic!("{of}: {error}"))
}

/// Every pixel is that of the scene, to a step or two.
fn assert_scene(photo: &Photo, tolerance: u8, of: &str) {
    assert_colours(photo, QUARTERS, tolerance, of);
}

fn assert_colours(photo: &Photo, expected: [[u8; 3]; 4], tolerance: u8, of: &str) {
    assert_eq!((photo.width, photo.height), (48, 32), "{of}");
    for (x, y, pixel) in photo.pixels.enumerate_pixels() {
        let expected = expected[quarter(x as usize, y as usize)];
        let is_near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= tolerance;
        assert!(
            pixel.0.iter().zip(&expected).all(is_near),
            "{of}: {:?} at {x}, {y}, not {expected:?}",
            pixel.0
        );
    }
}

fn rgb(x: usize, y: usize, sample: usize) -> u64 {
    // What is beyond the colours is noise.
    match sample {
        0..3 => QUARTERS[quarter(x, y)][sample].into(),
        _ => ((37 * x + 11 * y) % 256) as u64,
    }
}

#[test]
fn every_order_layout_packing_and_predictor_gives_the_same_pixels() {
    let mut count = 0;
    for bits in 0..32 {
        let flag = |bit: u32| bits >> bit & 1 == 1;
        for packing in [
            Packing::None,
            Packing::PackBits,
            Packing::Lzw,
            Packing::Deflate,
        ] {
            let form = Form {
                is_big_endian: flag(0),
                is_big_tiff: flag(1),
                is_planar: flag(2),
                tile: flag(3).then_some((32, 16)),
                bits: if flag(4) { 16 } else { 8 },
                packing,
                ..form()
            };
            let scale = if form.bits == 16 { 257 } else { 1 };
            for predictor in [1, 2] {
                for extra in 0..3 {
                    let form = Form {
                        predictor,
                        samples: 3 + extra,
                        tags: vec![(338, 3, vec![0; extra])],
                        ..form.clone()
                    };
                    if predictor == 2 && matches!(packing, Packing::None | Packing::PackBits) {
                        continue;
                    }
                    let file = form.write(|x, y, sample| scale * rgb(x, y, sample));
                    assert_scene(
                        &decoded(&file, &format!("{form:?}")),
                        0,
                        &format!("{form:?}"),
                    );
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 32 * 6 * 3);
}

#[test]
fn grey_of_any_depth_and_either_direction_is_grey() {
    for bits in [1, 2, 4, 8, 10, 12, 16] {
        for photometric in [0, 1] {
            let form = Form {
                bits,
                samples: 1,
                photometric,
                ..form()
            };
            let highest = (1 << bits) - 1;
            let level = |x: usize, y: usize| [0, 1, highest / 2 + 1, highest][quarter(x, y)];
            let file = form.write(|x, y, _| match photometric {
                0 => highest - level(x, y),
                _ => level(x, y),
            });
            let shown = |value: u64| [(value * 255 / highest) as u8; 3];
            let expected = [shown(0), shown(1), shown(highest / 2 + 1), shown(highest)];
            assert_colours(&decoded(&file, "grey"), expected, 1, &format!("{form:?}"));
        }
    }
}

#[test]
fn a_palette_of_any_depth_shows_its_colours() {
    for bits in [1_usize, 2, 4, 8, 16] {
        for scale in [1, 257] {
            let count = 1_usize << bits;
            let last = count - 1;
            // With two colours, the first and the last quarter's.
            let index = |of: usize| [0, 1, 2, 3][of].min(last) as u64;
            let colour = |channel: usize, entry: usize| {
                let entry = if bits == 1 { 3 * entry } else { entry };
                scale
                    * QUARTERS
                        .get(entry)
                        .map_or(0, |colour| u64::from(colour[channel]))
            };
            let palette = (0..3).flat_map(|channel| (0..count).map(move |entry| (channel, entry)));
            let form = Form {
                bits,
                samples: 1,
                photometric: 3,
                tags: vec![(320, 3, palette.map(|(c, e)| colour(c, e)).collect())],
                ..form()
            };
            let file = form.write(|x, y, _| index(quarter(x, y)));
            let expected = match bits {
                1 => [QUARTERS[0], QUARTERS[3], QUARTERS[3], QUARTERS[3]],
                _ => QUARTERS,
            };
            assert_colours(
                &decoded(&file, "palette"),
                expected,
                0,
                &format!("{bits} bits"),
            );
        }
    }
}

#[test]
fn transparency_is_laid_on_white_once_whether_colours_are_multiplied_by_it_or_not() {
    let alpha = 102;
    let on_white = |value: u8| ((u32::from(value) * alpha + 255 * (255 - alpha)) / 255) as u8;
    let expected = QUARTERS.map(|colour| colour.map(on_white));
    for (kind, bits) in [(1, 8), (2, 8), (1, 16), (2, 16)] {
        let scale = if bits == 16 { 257 } else { 1 };
        let form = Form {
            bits,
            samples: 4,
            tags: vec![(338, 3, vec![kind])],
            ..form()
        };
        let file = form.write(|x, y, sample| {
            scale
                * match sample {
                    3 => alpha.into(),
                    _ if kind == 1 => rgb(x, y, sample) * u64::from(alpha) / 255,
                    _ => rgb(x, y, sample),
                }
        });
        assert_colours(
            &decoded(&file, "alpha"),
            expected,
            2,
            &format!("{kind} at {bits}"),
        );
    }
}

#[test]
fn floats_of_grey_run_to_255_and_those_of_colour_are_light() {
    for predictor in [1, 3] {
        for is_big_endian in [false, true] {
            let grey = Form {
                bits: 32,
                samples: 1,
                photometric: 1,
                packing: Packing::Deflate,
                predictor,
                is_big_endian,
                tags: vec![(339, 3, vec![3])],
                ..form()
            };
            let level = |x: usize, y: usize| [-7.0_f32, 99.4, 1e9, f32::NAN][quarter(x, y)];
            let file = grey.write(|x, y, _| level(x, y).to_bits().into());
            let expected = [[0; 3], [99; 3], [255; 3], [0; 3]];
            assert_colours(&decoded(&file, "floats"), expected, 0, &format!("{grey:?}"));

            let colour = Form {
                samples: 3,
                photometric: 2,
                ..grey
            };
            let light = |value: u64| ((value as f32 / 255.0 + 0.055) / 1.055).powf(2.4);
            let file = colour.write(|x, y, sample| light(rgb(x, y, sample)).to_bits().into());
            assert_scene(&decoded(&file, "light"), 1, &format!("{colour:?}"));
        }
    }
}

#[test]
fn the_orientation_tag_turns_the_picture() {
    // What stands at the top left of the scene when it is shown, by the tag.
    let corners = [0, 1, 3, 2, 0, 2, 3, 1];
    for (tag, corner) in (1..).zip(corners) {
        let file = Form {
            tags: vec![(274, 3, vec![tag])],
            ..form()
        }
        .write(rgb);
        let photo = decoded(&file, "turned");
        let size = if tag > 4 { (32, 48) } else { (48, 32) };
        assert_eq!((photo.width, photo.height), size, "{tag}");
        assert_eq!(photo.pixels.get_pixel(0, 0).0, QUARTERS[corner], "{tag}");
    }
}

#[test]
fn bits_in_the_other_order_are_read() {
    for packing in [Packing::None, Packing::PackBits] {
        let form = Form {
            bits: 1,
            samples: 1,
            photometric: 1,
            fill_order: 2,
            ..form()
        };
        let mut file = form.write(|x, y, _| u64::from(quarter(x, y) == 3));
        if packing == Packing::PackBits {
            // All of the packed bytes are the other way round, not only what they stand for.
            let packed = |bytes: &[u8]| -> Vec<u8> {
                packbits(bytes)
                    .iter()
                    .map(|byte| byte.reverse_bits())
                    .collect()
            };
            let row = |y: usize| {
                if y < 16 {
                    [0; 6]
                } else {
                    [0, 0, 0, 255, 255, 255]
                }
            };
            let strips: Vec<Vec<u8>> = (0..HEIGHT)
                .collect::<Vec<_>>()
                .chunks(7)
                .map(|rows| packed(&rows.iter().flat_map(|&y| row(y)).collect::<Vec<u8>>()))
                .collect();
            file = Form { packing, ..form }.file(&strips);
        }
        let expected = [[0; 3], [0; 3], [0; 3], [255; 3]];
        assert_colours(
            &decoded(&file, "reversed"),
            expected,
            0,
            &format!("{packing:?}"),
        );
    }
}

#[test]
fn colour_that_several_pixels_share_is_spread() {
    let ycbcr = |[r, g, b]: [u8; 3]| {
        let [r, g, b] = [r, g, b].map(f64::from);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        [y, 128.0 + (b - y) / 1.772, 128.0 + (r - y) / 1.402].map(|value| value.round() as u8)
    };
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 2), (4, 4)] {
        // Strips of eight rows hold whole blocks.
        let strips: Vec<Vec<u8>> = (0..HEIGHT)
            .step_by(8)
            .map(|top| {
                let mut strip = Vec::new();
                for y in (top..top + 8).step_by(down) {
                    for x in (0..WIDTH).step_by(across) {
                        let [luma, cb, cr] = ycbcr(QUARTERS[quarter(x, y)]);
                        strip.extend(vec![luma; across * down]);
                        strip.extend([cb, cr]);
                    }
                }
                strip
            })
            .collect();
        let form = Form {
            photometric: 6,
            tags: vec![
                (278, 3, vec![8]),
                (530, 3, vec![across as u64, down as u64]),
                (532, 5, vec![0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1]),
            ],
            ..form()
        };
        assert_scene(
            &decoded(&form.file(&strips), "shared"),
            2,
            &format!("{across} x {down}"),
        );
    }
}

#[test]
fn lab_becomes_rgb() {
    // The quarters' colours in CIE L*a*b* under D50, by littlecms, L out of 255.
    let lab: [[i64; 3]; 4] = [[112, 64, 47], [147, -53, 52], [66, 49, -87], [255, 0, 0]];
    for (photometric, offset) in [(8, 0), (9, 128)] {
        let file = Form {
            photometric,
            ..form()
        }
        .write(|x, y, sample| {
            let value = lab[quarter(x, y)][sample];
            match sample {
                0 => value as u64,
                _ => (value + offset) as u8 as u64,
            }
        });
        assert_scene(
            &decoded(&file, "lab"),
            3,
            &format!("photometric {photometric}"),
        );
    }
}

#[test]
fn only_the_first_page_is_read_and_a_circle_of_pages_does_no_harm() {
    // Every file made here names its first directory as its next.
    assert_scene(&decoded(&form().write(rgb), "circle"), 0, "circle");
}

#[test]
fn a_byte_count_of_plain_strips_that_is_wrong_is_forgiven() {
    let file = Form {
        tags: vec![(279, 4, vec![1; 5])],
        ..form()
    }
    .write(rgb);
    assert_scene(&decoded(&file, "counts"), 0, "counts");
}

#[test]
fn what_is_not_read_is_named() {
    let message = |tag: u16, value: u64| {
        let file = Form {
            tags: vec![(tag, 3, vec![value])],
            ..form()
        }
        .write(rgb);
        let error = decode(&file).unwrap_err();
        assert_eq!(error.kind().name(), "unsupported", "{tag} {value}: {error}");
        error.to_string()
    };
    assert!(message(259, 50000).contains("Zstandard"));
    assert!(message(259, 50001).contains("WebP"));
    assert!(message(259, 34887).contains("LERC"));
    assert!(message(259, 6).contains("1995"));
    assert!(message(259, 34712).contains("JPEG 2000"));
    assert!(message(262, 32803).contains("raw"));
}

#[test]
fn files_that_would_hurt_are_refused_in_words() {
    let kind = |form: Form| {
        let error = decode(&form.write(rgb)).unwrap_err();
        error.kind().name()
    };
    let with = |tag: u16, kind: u16, values: Vec<u64>| Form {
        tags: vec![(tag, kind, values)],
        ..form()
    };
    // Strips outside the file, too few of them, none.
    assert_eq!(kind(with(273, 4, vec![4_000_000_000; 5])), "corrupt");
    assert_eq!(kind(with(273, 4, vec![8; 4])), "corrupt");
    assert_eq!(kind(with(278, 3, vec![0])), "corrupt");
    // Sizes beyond limits, and none.
    assert_eq!(kind(with(256, 4, vec![4_000_000_000])), "too_large");
    assert_eq!(kind(with(257, 4, vec![4_000_000_000])), "too_large");
    assert_eq!(kind(with(257, 4, vec![0])), "corrupt");
    assert_eq!(kind(with(277, 3, vec![0])), "corrupt");
    // One tile of four billion columns.
    let wide = Form {
        tile: Some((16, 16)),
        tags: vec![(322, 4, vec![4_000_000_000])],
        ..form()
    };
    assert_eq!(kind(wide), "too_large");
}

#[test]
fn strips_that_lie_over_one_another_are_refused() {
    // Each of 32 strips of one row names the whole file: unpacked, a small file takes long.
    let form = Form {
        packing: Packing::Lzw,
        tags: vec![
            (273, 4, vec![8; 32]),
            (278, 3, vec![1]),
            (279, 4, vec![200_000; 32]),
        ],
        ..form()
    };
    let mut file = form.write(rgb);
    file.resize(300_000, 0);
    let error = decode(&file).unwrap_err();
    assert!(error.to_string().contains("over one another"), "{error}");
}

#[test]
fn a_strip_that_inflates_without_end_is_read_as_far_as_needed() {
    let mut strips: Vec<Vec<u8>> = (0..4).map(|_| deflate(&[255; 48 * 3 * 7])).collect();
    strips.push(deflate(&vec![255; 100 << 20]));
    let form = Form {
        packing: Packing::Deflate,
        ..form()
    };
    let before = std::time::Instant::now();
    assert_colours(
        &decoded(&form.file(&strips), "bomb"),
        [[255; 3]; 4],
        0,
        "bomb",
    );
    assert!(before.elapsed().as_secs() < 1);
}

#[test]
fn a_fax_that_breaks_off_is_shown_and_marked() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/photos/bilevel-fax4.tif"
    );
    let mut file = std::fs::read(path).unwrap();
    assert_eq!(decoded(&file, "whole").marks, []);
    // Its only strip comes right after the header; a few lines are left.
    file[12..].iter_mut().take(6).for_each(|byte| *byte = 0);
    assert!(decoded(&file, "broken").marks.contains(&Mark::Damaged));
}

#[test]
fn a_file_that_breaks_off_is_shown_from_the_half_on() {
    let strips = |count: usize| {
        let form = Form {
            packing: Packing::Lzw,
            ..form()
        };
        let whole = form.write(rgb);
        // The tags come last: an offset outside stands for what is missing.
        let offsets = (0..5).map(|strip| {
            if strip < count {
                8
            } else {
                whole.len() as u64 + 99
            }
        });
        let form = Form {
            tags: vec![(273, 4, offsets.collect())],
            ..form
        };
        decode(&form.write(rgb))
    };
    assert_eq!(strips(2).unwrap_err().kind().name(), "corrupt");
    assert!(strips(3).unwrap().marks.contains(&Mark::Damaged));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damage_gives_a_picture_or_a_typed_error(
        which in 0_usize..6,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let form = match which {
            0 => form(),
            1 => Form { packing: Packing::Lzw, predictor: 2, is_big_endian: true, ..form() },
            2 => Form { packing: Packing::Deflate, tile: Some((16, 16)), ..form() },
            3 => Form { packing: Packing::PackBits, is_planar: true, is_big_tiff: true, ..form() },
            4 => Form { bits: 4, samples: 1, photometric: 1, ..form() },
            _ => Form { samples: 4, bits: 16, tags: vec![(338, 3, vec![1])], ..form() },
        };
        let scale = 1 << (form.bits - 4);
        let mut file = form.write(|x, y, sample| rgb(x, y, sample) / 16 * scale);
        for (at, byte) in flips {
            // Half of them where the tags are.
            let at = at.index(file.len());
            file[at] ^= byte;
        }
        if is_cut {
            file.truncate(cut.index(file.len()));
        }
        if let Err(error) = decode(&file) {
            prop_assert!(!error.to_string().contains("gave up"), "a panic: {error}");
        }
    }
}
