//! What the tags say of the picture, once it is found to hold together.

use image::metadata::Orientation;

use super::directory::{Directory, Order, Values};
use super::fax::Scheme;
use crate::photo::PhotoError;

mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_COUNTS: u16 = 279;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const GROUP_3_OPTIONS: u16 = 292;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const PALETTE: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_COUNTS: u16 = 325;
    pub(super) const INK_SET: u16 = 332;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const JPEG_TABLES: u16 = 347;
    pub(super) const YCBCR_COEFFICIENTS: u16 = 529;
    pub(super) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(super) const REFERENCE_BLACK_WHITE: u16 = 532;
    pub(super) const ICC: u16 = 34675;
}

/// How strips and tiles are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Fax(Scheme),
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
}

/// What is stored in the place of each sample, from the sample before or the one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Differences along the row.
    Horizontal,
    /// Differences of the bytes of floats, the highest ones first.
    Float,
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// A whole number of so many bits: 1 to 16, 32 or 64.
    Unsigned(u32),
    /// The same with a sign: 8, 16, 32 or 64.
    Signed(u32),
    /// 16, 24, 32 or 64 bits.
    Float(u32),
}

impl Number {
    pub(super) fn bits(self) -> u32 {
        match self {
            Self::Unsigned(bits) | Self::Signed(bits) | Self::Float(bits) => bits,
        }
    }
}

/// What the colour samples mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    Grey {
        zero_is_white: bool,
    },
    Rgb,
    /// Colours by index.
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr(YCbCr),
    /// CIE L*a*b*; where `offset`, a and b are stored with half the range added (ICC's way).
    Lab {
        offset: bool,
    },
}

/// How brightness and colour differences become red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct YCbCr {
    /// The parts of red, green and blue in brightness.
    pub(super) luma: [f64; 3],
    /// Black and white of each of the three as stored.
    pub(super) range: [[f64; 2]; 3],
}

/// What transparency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Which sample of a pixel holds it.
    pub(super) sample: usize,
    /// Whether colours are multiplied by it.
    pub(super) is_associated: bool,
}

/// The pieces that the picture is cut into.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    /// Size of a strip or tile.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) across: u32,
    pub(super) down: u32,
    /// A strip is cut off at the lower edge, a tile is stored whole.
    pub(super) is_tiled: bool,
    pub(super) offsets: Values<'a>,
    pub(super) counts: Option<Values<'a>>,
}

/// The first page as its tags tell it.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    pub(super) size: (u32, u32),
    pub(super) order: Order,
    pub(super) number: Number,
    /// Samples of a pixel, extra ones included.
    pub(super) samples: usize,
    /// Colour samples come first.
    pub(super) colours: usize,
    pub(super) alpha: Option<Alpha>,
    pub(super) meaning: Meaning,
    /// Every sample lies in a plane of its own.
    pub(super) is_planar: bool,
    pub(super) compression: Compression,
    pub(super) predictor: Predictor,
    /// The first bit of a byte is its lowest.
    pub(super) is_reversed: bool,
    /// Pixels that share their colour in YCbCr.
    pub(super) block: (usize, usize),
    pub(super) grid: Grid<'a>,
    pub(super) jpeg_tables: Option<&'a [u8]>,
    pub(super) icc: Option<&'a [u8]>,
    pub(super) orientation: Orientation,
}

fn unsupported(what: impl std::fmt::Display) -> PhotoError {
    PhotoError::Unsupported(format!("a TIFF with {what}, which is not read"))
}

fn corrupt(what: impl std::fmt::Display) -> PhotoError {
    PhotoError::Corrupt(format!("TIFF: {what}"))
}

impl<'a> Picture<'a> {
    /// Reads the tags.
    ///
    /// # Errors
    /// [`PhotoError::Unsupported`] names what we do not read, [`PhotoError::Corrupt`] what is
    /// missing or senseless.
    pub(super) fn read(tags: &Directory<'a>) -> Result<Self, PhotoError> {
        let size = (
            side(tags, tag::WIDTH, "width")?,
            side(tags, tag::HEIGHT, "height")?,
        );
        let compression = compression(tags)?;
        let samples = tags.number(tag::SAMPLES).unwrap_or(1);
        let samples = u16::try_from(samples)
            .ok()
            .filter(|&samples| samples > 0)
            .ok_or_else(|| corrupt(format!("{samples} samples a pixel")))?;
        let samples = usize::from(samples);
        let number = number(tags, samples)?;
        let (meaning, colours) = meaning(tags, compression, number, samples)?;
        if samples < colours {
            return Err(corrupt(format!(
                "{samples} samples a pixel for {colours} colours"
            )));
        }
        let is_planar = samples > 1 && tags.number(tag::PLANAR) == Some(2);
        let predictor = predictor(tags, compression, number)?;
        let is_jpeg_colour = compression == Compression::Jpeg && !is_planar;
        let block = match meaning {
            Meaning::YCbCr(_) if !is_jpeg_colour => subsampling(tags)?,
            _ => (1, 1),
        };
        if block != (1, 1) && (is_planar || predictor != Predictor::None || samples != 3) {
            return Err(unsupported(
                "subsampled colour in planes or with a predictor",
            ));
        }
        let orientation = tags.number(tag::ORIENTATION).unwrap_or(1);
        Ok(Self {
            size,
            order: tags.order,
            number,
            samples,
            colours,
            alpha: alpha(tags, colours, samples),
            meaning,
            is_planar,
            compression,
            predictor,
            is_reversed: tags.number(tag::FILL_ORDER) == Some(2)
                && compression != Compression::Jpeg,
            block,
            grid: grid(tags, size)?,
            jpeg_tables: tags.values(tag::JPEG_TABLES).map(|values| values.bytes()),
            icc: tags.values(tag::ICC).map(|values| values.bytes()),
            orientation: u8::try_from(orientation)
                .ok()
                .and_then(Orientation::from_exif)
                .unwrap_or(Orientation::NoTransforms),
        })
    }

    /// Planes that are stored.
    pub(super) fn planes(&self) -> usize {
        if self.is_planar { self.samples } else { 1 }
    }

    /// Samples of a pixel within a plane.
    pub(super) fn samples_in_plane(&self) -> usize {
        if self.is_planar { 1 } else { self.samples }
    }

    /// Bytes of the picture in the file's own layout.
    pub(super) fn decoded_bytes(&self) -> u64 {
        let (width, height) = self.size;
        let bits = u64::from(width) * u64::from(self.number.bits());
        let row = bits.saturating_mul(self.samples as u64).div_ceil(8);
        row.saturating_mul(height.into())
    }
}

fn side(tags: &Directory<'_>, tag: u16, what: &str) -> Result<u32, PhotoError> {
    let side = tags
        .number(tag)
        .ok_or_else(|| corrupt(format!("no {what}")))?;
    u32::try_from(side).map_err(|_| PhotoError::TooLarge(format!("a {what} of {side} pixels")))
}

fn compression(tags: &Directory<'_>) -> Result<Compression, PhotoError> {
    Ok(match tags.number(tag::COMPRESSION).unwrap_or(1) {
        1 => Compression::None,
        2 => Compression::Fax(Scheme::Huffman),
        3 => Compression::Fax(Scheme::Group3 {
            two_dimensional: tags.number(tag::GROUP_3_OPTIONS).unwrap_or(0) & 1 == 1,
        }),
        4 => Compression::Fax(Scheme::Group4),
        5 => Compression::Lzw,
        7 => Compression::Jpeg,
        8 | 32946 => Compression::Deflate,
        32773 => Compression::PackBits,
        6 => {
            return Err(unsupported(
                "JPEG of the kind that was withdrawn in 1995 (compression 6)",
            ));
        }
        33003..=33005 | 34712 => return Err(unsupported("JPEG 2000 inside")),
        34676 | 34677 => return Err(unsupported("LogLuv compression")),
        34887 => return Err(unsupported("LERC compression")),
        34925 => return Err(unsupported("LZMA compression")),
        50000 => return Err(unsupported("Zstandard compression")),
        50001 => return Err(unsupported("WebP inside")),
        50002 | 52546 => return Err(unsupported("JPEG XL inside")),
        other => return Err(unsupported(format!("compression {other}"))),
    })
}

fn number(tags: &Directory<'_>, samples: usize) -> Result<Number, PhotoError> {
    let same = |tag: u16, default: u64, what: &str| match tags.values(tag) {
        None => Ok(default),
        Some(values) => {
            let first = values.get(0);
            match first {
                // Some writers give more values than there are samples.
                Some(first)
                    if values
                        .iter()
                        .take(samples)
                        .all(|value| value == Some(first)) =>
                {
                    Ok(first)
                }
                _ => Err(unsupported(format!("samples of different {what}"))),
            }
        }
    };
    let bits = same(tag::BITS, 1, "sizes")?;
    let format = same(tag::SAMPLE_FORMAT, 1, "kinds")?;
    Ok(match (format, bits) {
        (1 | 4, 1..=16 | 32 | 64) => Number::Unsigned(bits as u32),
        (2, 8 | 16 | 32 | 64) => Number::Signed(bits as u32),
        (3, 16 | 24 | 32 | 64) => Number::Float(bits as u32),
        (5 | 6, _) => return Err(unsupported("complex numbers for samples")),
        _ => return Err(unsupported(format!("samples of {bits} bits"))),
    })
}

fn meaning(
    tags: &Directory<'_>,
    compression: Compression,
    number: Number,
    samples: usize,
) -> Result<(Meaning, usize), PhotoError> {
    let is_fax = matches!(compression, Compression::Fax(_));
    let default = match samples {
        3.. => 2,
        _ if is_fax => 0,
        _ => 1,
    };
    let is_eight = number == Number::Unsigned(8);
    let meaning = match tags.number(tag::PHOTOMETRIC).unwrap_or(default) {
        0 => Meaning::Grey {
            zero_is_white: true,
        },
        1 => Meaning::Grey {
            zero_is_white: false,
        },
        2 => Meaning::Rgb,
        3 => Meaning::Palette(palette(tags, number)?),
        5 if tags.number(tag::INK_SET).unwrap_or(1) == 1 => Meaning::Cmyk,
        5 => return Err(unsupported("inks other than CMYK")),
        6 if is_eight => Meaning::YCbCr(ycbcr(tags)),
        6 => return Err(unsupported("YCbCr of other than 8 bits")),
        8 | 9 if !matches!(number, Number::Unsigned(8 | 16) | Number::Signed(8 | 16)) => {
            return Err(unsupported("L*a*b* of other than 8 or 16 bits"));
        }
        8 => Meaning::Lab { offset: false },
        9 => Meaning::Lab { offset: true },
        32803 | 34892 => return Err(unsupported("the raw pixels of a camera")),
        other => return Err(unsupported(format!("photometric interpretation {other}"))),
    };
    if is_fax && (number != Number::Unsigned(1) || samples != 1) {
        return Err(corrupt("fax compression of more than one bit a pixel"));
    }
    if compression == Compression::Jpeg && !is_eight {
        return Err(unsupported("JPEG of other than 8 bits inside"));
    }
    let colours = match meaning {
        Meaning::Grey { .. } | Meaning::Palette(_) => 1,
        Meaning::Rgb | Meaning::YCbCr(_) | Meaning::Lab { .. } => 3,
        Meaning::Cmyk => 4,
    };
    Ok((meaning, colours))
}

fn palette(tags: &Directory<'_>, number: Number) -> Result<Vec<[u8; 3]>, PhotoError> {
    let Number::Unsigned(bits @ 1..=16) = number else {
        return Err(unsupported("a palette for samples that are no index"));
    };
    let count = 1_usize << bits;
    let values = tags
        .values(tag::PALETTE)
        .filter(|values| values.len() >= 3 * count);
    let values = values.ok_or_else(|| corrupt("its palette is missing or too short"))?;
    let entry = |index: usize| values.get(index).unwrap_or(0);
    // Some writers put 8 bits where 16 belong; then no value is large.
    let is_eight = (0..3 * count).all(|index| entry(index) < 256);
    let shift = if is_eight { 0 } else { 8 };
    let colour = |index| [0, 1, 2].map(|channel| (entry(channel * count + index) >> shift) as u8);
    Ok((0..count).map(colour).collect())
}

fn ycbcr(tags: &Directory<'_>) -> YCbCr {
    let reals = |tag: u16, at: usize, default: f64| {
        let value = tags.values(tag).and_then(|values| values.real(at));
        value.filter(|value| value.is_finite()).unwrap_or(default)
    };
    let luma = [(0, 0.299), (1, 0.587), (2, 0.114)]
        .map(|(at, default)| reals(tag::YCBCR_COEFFICIENTS, at, default));
    let range =
        [(0, [0.0, 255.0]), (2, [128.0, 255.0]), (4, [128.0, 255.0])].map(|(at, default)| {
            [0, 1].map(|end| reals(tag::REFERENCE_BLACK_WHITE, at + end, default[end]))
        });
    YCbCr { luma, range }
}

fn subsampling(tags: &Directory<'_>) -> Result<(usize, usize), PhotoError> {
    let values = tags.values(tag::YCBCR_SUBSAMPLING);
    let at = |index| values.and_then(|values| values.get(index)).unwrap_or(2);
    match (at(0), at(1)) {
        (across @ (1 | 2 | 4), down @ (1 | 2 | 4)) => Ok((across as usize, down as usize)),
        (across, down) => Err(corrupt(format!(
            "colour shared by {across} x {down} pixels"
        ))),
    }
}

/// The first extra sample that is transparency; none beside inks, where nobody means it. A fourth one of RGB of which nothing is said is,
/// too, as macOS writes it.
fn alpha(tags: &Directory<'_>, colours: usize, samples: usize) -> Option<Alpha> {
    if colours == 4 {
        return None;
    }
    let Some(extra) = tags.values(tag::EXTRA_SAMPLES) else {
        return (colours == 3 && samples == 4).then_some(Alpha {
            sample: 3,
            is_associated: false,
        });
    };
    let index = extra.iter().position(|kind| matches!(kind, Some(1 | 2)))?;
    Some(Alpha {
        sample: colours + index,
        is_associated: extra.get(index) == Some(1),
    })
    .filter(|alpha| alpha.sample < samples)
}

fn predictor(
    tags: &Directory<'_>,
    compression: Compression,
    number: Number,
) -> Result<Predictor, PhotoError> {
    if !matches!(compression, Compression::Lzw | Compression::Deflate) {
        return Ok(Predictor::None);
    }
    match (tags.number(tag::PREDICTOR).unwrap_or(1), number) {
        (1, _) => Ok(Predictor::None),
        (2, number) if matches!(number.bits(), 8 | 16 | 32 | 64) => Ok(Predictor::Horizontal),
        (2, number) => Err(unsupported(format!(
            "predictor 2 of {} bits",
            number.bits()
        ))),
        (3, Number::Float(_)) => Ok(Predictor::Float),
        (other, _) => Err(corrupt(format!("predictor {other}"))),
    }
}

fn grid<'a>(tags: &Directory<'a>, (width, height): (u32, u32)) -> Result<Grid<'a>, PhotoError> {
    let side = |tag: u16| {
        tags.number(tag)
            .map(|side| u32::try_from(side).unwrap_or(u32::MAX))
    };
    let tile = side(tag::TILE_WIDTH).zip(side(tag::TILE_HEIGHT));
    let is_tiled = tile.is_some();
    let (piece_width, piece_height) = tile.unwrap_or_else(|| {
        (
            width,
            side(tag::ROWS_PER_STRIP).unwrap_or(u32::MAX).min(height),
        )
    });
    if piece_width == 0 || piece_height == 0 {
        return Err(corrupt("strips or tiles of no size"));
    }
    let (offsets, counts) = match is_tiled {
        true => (tag::TILE_OFFSETS, tag::TILE_COUNTS),
        false => (tag::STRIP_OFFSETS, tag::STRIP_COUNTS),
    };
    // Some writers use the tags of strips for tiles.
    let offsets = tags
        .values(offsets)
        .or_else(|| tags.values(tag::STRIP_OFFSETS));
    let counts = tags
        .values(counts)
        .or_else(|| tags.values(tag::STRIP_COUNTS));
    Ok(Grid {
        width: piece_width,
        height: piece_height,
        across: width.div_ceil(piece_width),
        down: height.div_ceil(piece_height),
        is_tiled,
        offsets: offsets.ok_or_else(|| corrupt("it does not say where its pixels are"))?,
        counts,
    })
}
