//! Plain JPEGs at a quarter or an eighth of their size, faster than by libjpeg.
//!
//! Most of the time that a large photograph takes goes into its Huffman codes. This reader takes
//! several at a time, two where their values count and otherwise as many as a look-up holds, and
//! makes just those sums that the small picture needs. Its pixels are libjpeg's to the bit. It reads
//! what cameras and phones write (one scan of grey or of luma and chroma, whole or at half size) as
//! long as all is as it should be; whatever is not, it leaves to libjpeg, whose word it is then what
//! the file shows and whether it is damaged.
//!
//! ```text
//! bytes -> scan (what the file says of itself) -> bits -> codes (huffman) -> coefficients (block)
//!       -> samples (inverse) -> rows of grey or RGB (colour)
//! ```

#[cfg(test)]
mod agreement;
mod bits;
mod block;
mod colour;
mod huffman;
mod inverse;
mod scan;

use bits::Bits;
use block::{Block, BlockReader};
use inverse::Two;
use scan::PlainScan;

/// Samples of one component in the row of units in hand.
#[derive(Debug)]
struct Strip {
    reader: BlockReader,
    /// Blocks in a unit, across and down.
    blocks: (usize, usize),
    /// Side of what a block becomes.
    side: usize,
    /// Samples in a row, those beyond the picture's edge among them.
    stride: usize,
    samples: Vec<u8>,
    inverse: Inverse,
    dc: i32,
}

impl Strip {
    fn new(reader: BlockReader, blocks: (usize, usize), side: usize, units: usize) -> Self {
        let stride = units * blocks.0 * side;
        Self {
            inverse: match side {
                1 => Inverse::One,
                2 => Inverse::Two(Two::new(reader.quantisers())),
                _ => Inverse::Four(Box::new(Block([0; 128]))),
            },
            reader,
            blocks,
            side,
            stride,
            samples: vec![0; stride * blocks.1 * side],
            dc: 0,
        }
    }

    /// Reads the blocks of the next unit, which is the `unit`-th of its row.
    #[inline(always)]
    fn read(&mut self, bits: &mut Bits<'_>, unit: usize) -> Option<()> {
        for down in 0..self.blocks.1 {
            for across in 0..self.blocks.0 {
                let at =
                    (down * self.side * self.stride) + (unit * self.blocks.0 + across) * self.side;
                match &mut self.inverse {
                    Inverse::One => {
                        self.reader.read_dc(bits, &mut self.dc)?;
                        let dc = self.dc * i32::from(self.reader.quantisers()[0]);
                        put(&mut self.samples, at, self.stride, inverse::plain::<1>(dc)?)?;
                    }
                    Inverse::Two(two) => {
                        self.reader.read(bits, &mut self.dc, two)?;
                        put(&mut self.samples, at, self.stride, two.pixels()?)?;
                    }
                    Inverse::Four(block) => {
                        let count = self.reader.read(bits, &mut self.dc, &mut **block)?;
                        let pixels = inverse::four(block, count, self.reader.quantisers())?;
                        put(&mut self.samples, at, self.stride, pixels)?;
                    }
                }
            }
        }
        Some(())
    }

    fn row(&self, row: usize) -> &[u8] {
        &self.samples[row * self.stride..][..self.stride]
    }
}

/// What a block becomes.
#[derive(Debug)]
enum Inverse {
    One,
    Two(Two),
    Four(Box<Block>),
}

#[inline(always)]
fn put<const SIDE: usize>(
    samples: &mut [u8],
    at: usize,
    stride: usize,
    pixels: [[u8; SIDE]; SIDE],
) -> Option<()> {
    for (row, pixels) in pixels.iter().enumerate() {
        let at = at + row * stride;
        samples.get_mut(at..at + SIDE)?.copy_from_slice(pixels);
    }
    Some(())
}

/// Decodes at `eighths` eighths of the size, 1 or 2; `take` gets row after row, of grey or RGB.
/// `None` where the file is not of `size`, or not as this reader expects it: after any number of rows.
pub(super) fn decode(
    bytes: &[u8],
    size: (u32, u32),
    eighths: u32,
    mut take: impl FnMut(&[u8]),
) -> Option<()> {
    let scan = PlainScan::of(bytes)?;
    if scan.size != size || !(1..=2).contains(&eighths) {
        return None;
    }
    let mut picture = Picture::new(&scan, eighths as usize)?;
    let mut bits = Bits::new(scan.data);
    let mut restarts = Restarts::new(scan.restart_interval);
    for row in 0..picture.units.1 {
        for unit in 0..picture.units.0 {
            if restarts.are_due() {
                bits.skip_marker(restarts.next())?;
                picture.strips.iter_mut().for_each(|strip| strip.dc = 0);
            }
            bits.next_unit()?;
            for strip in &mut picture.strips {
                strip.read(&mut bits, unit)?;
            }
        }
        picture.give_rows(row, &mut take)?;
    }
    (!bits.is_overdrawn()).then_some(())
}

/// Counts units between restart markers.
struct Restarts {
    interval: u32,
    units_left: u32,
    number: u8,
}

impl Restarts {
    fn new(interval: u32) -> Self {
        Self {
            interval,
            units_left: interval,
            number: 0,
        }
    }

    /// Whether a marker comes before the next unit, which counts from now on.
    fn are_due(&mut self) -> bool {
        if self.interval == 0 {
            return false;
        }
        let due = self.units_left == 0;
        if due {
            self.units_left = self.interval;
        }
        self.units_left -= 1;
        due
    }

    /// The code of the next marker.
    fn next(&mut self) -> u8 {
        let code = 0xd0 + self.number;
        self.number = (self.number + 1) % 8;
        code
    }
}

/// A row of units, and how it becomes rows of the picture.
struct Picture {
    /// Width and height of what is made.
    size: (usize, usize),
    /// Sampling units, across and down.
    units: (usize, usize),
    /// Rows that a row of units makes.
    rows: usize,
    strips: Vec<Strip>,
    /// Samples of a row of chroma that belong to the picture, where that has half the columns.
    halved: Option<usize>,
    /// Whether halved columns are doubled smoothly.
    is_smooth: bool,
    wide: [Vec<u8>; 2],
    rgb: Vec<u8>,
}

impl Picture {
    /// `None` where components are sampled otherwise than 4:4:4, 4:2:2 or 4:2:0.
    fn new(scan: &PlainScan<'_>, side: usize) -> Option<Self> {
        let samplings: Vec<_> = scan.components.iter().map(|one| one.sampling).collect();
        let most = match samplings[..] {
            // The only component's units are single blocks, whatever it says.
            [_] => (1, 1),
            [most @ ((1 | 2, 1) | (2, 2)), (1, 1), (1, 1)] => most,
            _ => return None,
        };
        let (across, down) = (usize::from(most.0), usize::from(most.1));
        let (width, height) = (scan.size.0 as usize, scan.size.1 as usize);
        let units = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        let mut strips = Vec::new();
        for (index, reader) in BlockReader::of(scan)?.into_iter().enumerate() {
            // libjpeg makes more pixels of smaller components where that spares resampling them.
            let (blocks, side) = match (index, most) {
                (0, _) => ((across, down), side),
                (_, (2, 2)) => ((1, 1), 2 * side),
                _ => ((1, 1), side),
            };
            strips.push(Strip::new(reader, blocks, side, units.0));
        }
        let halved = (most == (2, 1)).then_some((width * side).div_ceil(16));
        let wide = vec![0; 2 * halved.unwrap_or(0)];
        let columns = (width * side).div_ceil(8);
        Some(Self {
            size: (columns, (height * side).div_ceil(8)),
            units,
            rows: side * down,
            strips,
            halved,
            // As libjpeg does it.
            is_smooth: side > 1 && halved.is_some_and(|columns| columns > 2),
            wide: [wide.clone(), wide],
            rgb: vec![0; 3 * columns],
        })
    }

    /// Gives the rows of the row of units that was read.
    fn give_rows(&mut self, row_of_units: usize, take: &mut impl FnMut(&[u8])) -> Option<()> {
        let (columns, rows) = self.size;
        for row in 0..self.rows.min(rows.saturating_sub(row_of_units * self.rows)) {
            let luma = &self.strips.first()?.row(row)[..columns];
            let [_, blue, red] = &self.strips[..] else {
                take(luma);
                continue;
            };
            let (mut blue, mut red) = (blue.row(row), red.row(row));
            if let Some(halved) = self.halved {
                let [wide_blue, wide_red] = &mut self.wide;
                colour::doubled(&blue[..halved], wide_blue, self.is_smooth);
                colour::doubled(&red[..halved], wide_red, self.is_smooth);
                (blue, red) = (wide_blue, wide_red);
            }
            colour::to_rgb(luma, blue, red, &mut self.rgb);
            take(&self.rgb);
        }
        Some(())
    }
}
