//! What the head of a bitmap says, in all the forms that Windows and OS/2 have written.

use super::PhotoError;

/// The file's own head, before the bitmap's.
const FILE: usize = 14;

#[derive(Debug)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) is_top_down: bool,
    /// Where the pixels begin.
    pub(super) data: usize,
    pub(super) colouring: Colouring,
}

/// How samples become colours.
#[derive(Debug)]
pub(super) enum Colouring {
    /// Indices of so many bits.
    Indices { bits: usize, palette: Palette },
    /// Runs of indices of 4 or 8 bits.
    Runs { bits: u16, palette: Palette },
    /// Fields of numbers of so many bytes: red, green, blue, alpha.
    Fields { bytes: usize, fields: [Field; 4] },
}

pub(super) type Palette = Box<[[u8; 4]; 256]>;

/// Bits of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    shift: u32,
    most: u32,
}

impl Field {
    fn of(mask: u32) -> Self {
        let shift = mask.trailing_zeros() % 32;
        Self {
            shift,
            most: mask >> shift,
        }
    }

    /// The field at 8 bits.
    fn of_number(self, number: u32) -> u8 {
        match self.most {
            0 => 0,
            255 => (number >> self.shift) as u8,
            most => {
                let value = u64::from((number >> self.shift) & most);
                ((value * 255 + u64::from(most / 2)) / u64::from(most)) as u8
            }
        }
    }
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        Self::parse(bytes).unwrap_or_else(|| {
            Err(PhotoError::Corrupt(
                "the bmp file ends within its header".into(),
            ))
        })
    }

    /// `None` where the bytes end.
    fn parse(bytes: &[u8]) -> Option<Result<Self, PhotoError>> {
        let length = long(bytes, FILE)? as usize;
        let is_core = length == 12;
        if !is_core && !(16..=4096).contains(&length) {
            return Some(Err(unsupported(format!("a header of {length} bytes"))));
        }
        let (width, height, bits) = if is_core {
            let side = |at| short(bytes, FILE + at).map(i32::from);
            (side(4)?, side(6)?, short(bytes, FILE + 10)?)
        } else {
            let side = |at| Some(long(bytes, FILE + at)?.cast_signed());
            (side(4)?, side(8)?, short(bytes, FILE + 14)?)
        };
        // Fields that a short header leaves out are zero.
        let field = |at: usize| match at + 4 <= length {
            true => long(bytes, FILE + at),
            false => Some(0),
        };
        let (compression, used) = match is_core {
            true => (0, 0),
            false => (field(16)?, field(32)?),
        };
        if width <= 0 || height == 0 || height == i32::MIN {
            let sides = format!("a bitmap of {width} x {height} pixels");
            return Some(Err(PhotoError::Corrupt(sides)));
        }
        let after = FILE + length;
        let is_os2 = length == 64;
        let (colouring, after_colours) = match (compression, bits) {
            (0, 1 | 2 | 4 | 8) | (1, 8) | (2, 4) => {
                let (palette, after) = palette(bytes, after, bits, used, is_core);
                let colouring = match compression {
                    0 => Colouring::Indices {
                        bits: bits.into(),
                        palette,
                    },
                    _ => Colouring::Runs { bits, palette },
                };
                (colouring, after)
            }
            (0, 16) => (fields(2, [0x7c00, 0x03e0, 0x001f, 0]), after),
            (0, 24) => (fields(3, [0x00ff_0000, 0xff00, 0xff, 0]), after),
            (0, 32) => (fields(4, [0x00ff_0000, 0xff00, 0xff, 0]), after),
            (3 | 6, 16 | 32) if !is_os2 => {
                // The masks are in the header, or follow the oldest of them.
                let mask = |at: usize| long(bytes, FILE + 40 + at);
                let alpha = match length >= 56 || compression == 6 {
                    true => mask(12)?,
                    false => 0,
                };
                let masks = [mask(0)?, mask(4)?, mask(8)?, alpha];
                let follow = match (length, compression) {
                    (40, 6) => 16,
                    (40, _) => 12,
                    _ => 0,
                };
                (fields(usize::from(bits) / 8, masks), after + follow)
            }
            (4 | 5, _) if !is_os2 => {
                let what = "a JPEG or PNG for a printer, packed as a bitmap";
                return Some(Err(unsupported(what.into())));
            }
            _ => {
                let what = format!("{bits} bits a pixel by compression {compression}");
                return Some(Err(unsupported(what)));
            }
        };
        let declared = long(bytes, 10)? as usize;
        Some(Ok(Self {
            width: width.unsigned_abs(),
            height: height.unsigned_abs(),
            is_top_down: height < 0,
            // Some programs forget the palette when they count to here.
            data: declared.max(after_colours),
            colouring,
        }))
    }

    fn bits(&self) -> usize {
        match self.colouring {
            Colouring::Indices { bits, .. } => bits,
            Colouring::Runs { bits, .. } => bits.into(),
            Colouring::Fields { bytes, .. } => 8 * bytes,
        }
    }

    /// Bytes of a row.
    pub(super) fn row(&self) -> usize {
        (self.width as usize * self.bits()).div_ceil(8)
    }

    /// Bytes from a row to the next.
    pub(super) fn stride(&self) -> usize {
        self.row().next_multiple_of(4)
    }

    /// Whether alpha means nothing: it is missing, or zero all over, as careless programs leave
    /// it.
    pub(super) fn is_opaque<'a>(&self, mut rows: impl Iterator<Item = &'a [u8]>) -> bool {
        let Colouring::Fields { bytes, fields } = &self.colouring else {
            return true;
        };
        let alpha = fields[3];
        let clear = |pixel: &[u8]| alpha.of_number(number(pixel)) == 0;
        alpha.most == 0
            || rows.all(|row| {
                row.chunks_exact(*bytes)
                    .take(self.width as usize)
                    .all(clear)
            })
    }

    /// Colours of a row.
    pub(super) fn colour(&self, row: &[u8], is_opaque: bool, rgba: &mut [[u8; 4]]) {
        match &self.colouring {
            Colouring::Indices { bits: 8, palette } | Colouring::Runs { palette, .. } => {
                for (to, &index) in rgba.iter_mut().zip(row) {
                    *to = palette[usize::from(index)];
                }
            }
            Colouring::Indices { bits, palette } => {
                let (mask, a_byte) = ((1u16 << bits) - 1, 8 / bits);
                for (x, to) in rgba.iter_mut().enumerate() {
                    let shift = 8 - bits * (x % a_byte + 1);
                    let index = u16::from(row[x / a_byte]) >> shift & mask;
                    *to = palette[usize::from(index)];
                }
            }
            Colouring::Fields { bytes: 3, .. } => {
                for (to, &[blue, green, red]) in rgba.iter_mut().zip(row.as_chunks::<3>().0) {
                    *to = [red, green, blue, 255];
                }
            }
            Colouring::Fields { bytes, fields } => {
                for (to, pixel) in rgba.iter_mut().zip(row.chunks_exact(*bytes)) {
                    let number = number(pixel);
                    *to = fields.map(|field| field.of_number(number));
                    if is_opaque {
                        to[3] = 255;
                    }
                }
            }
        }
    }
}

fn number(pixel: &[u8]) -> u32 {
    let bytes = pixel.iter().rev();
    bytes.fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn fields(bytes: usize, masks: [u32; 4]) -> Colouring {
    Colouring::Fields {
        bytes,
        fields: masks.map(Field::of),
    }
}

/// The colours of indices, and where they end. What lies beyond the palette is black.
fn palette(bytes: &[u8], at: usize, bits: u16, used: u32, is_core: bool) -> (Palette, usize) {
    let most = 1usize << bits;
    let count = match used as usize {
        0 => most,
        used => used.min(most),
    };
    let entry = if is_core { 3 } else { 4 };
    let mut palette = Box::new([[0, 0, 0, 255]; 256]);
    let entries = bytes.get(at..).unwrap_or_default().chunks_exact(entry);
    for (to, from) in palette.iter_mut().zip(entries.take(count)) {
        *to = [from[2], from[1], from[0], 255];
    }
    // A count that is left out or too large says nothing of where the pixels begin.
    let counted = match used as usize == count {
        true => count,
        false => 0,
    };
    (palette, at + entry * counted)
}

fn unsupported(what: String) -> PhotoError {
    PhotoError::Unsupported(format!("bmp: {what} is not read"))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_le_bytes(bytes))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}
