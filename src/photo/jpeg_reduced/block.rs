//! Coefficients of one block.

use std::rc::Rc;

use super::bits::{Bits, Window};
use super::huffman::{END, Step, Table};
use super::scan::PlainScan;

/// Largest size of a coefficient times its quantiser, and of a column's transform: beyond, sums of
/// 32 bits might overflow, where implementations part. Real pictures have a tenth of it.
const LARGEST: i32 = 25_000;

/// Coefficients row by row, and room for what stands beyond their end.
#[derive(Debug)]
pub(super) struct Block(pub(super) [i16; 128]);

/// What takes the coefficients of a block, which come from low to high frequencies.
pub(super) trait Coefficients {
    /// Begins a block.
    fn clear(&mut self);

    /// Takes one that stands in this place of the zigzag order. Of a place beyond the last, or of
    /// the same before its value, 0.
    fn put(&mut self, place: usize, value: i32);
}

impl Coefficients for Block {
    #[inline(always)]
    fn clear(&mut self) {
        self.0[..64].fill(0);
    }

    #[inline(always)]
    fn put(&mut self, place: usize, value: i32) {
        self.0[usize::from(NATURAL[place & 255]) & 127] = value as i16;
    }
}

/// Reads blocks of one component.
#[derive(Debug)]
pub(super) struct BlockReader {
    dc: Rc<Table>,
    ac: Rc<Table>,
    /// Row by row.
    quantisers: [i16; 64],
    /// Coefficients up to this are small enough with every quantiser.
    largest: i32,
}

impl BlockReader {
    /// A reader for each component of a scan, which share tables.
    pub(super) fn of(scan: &PlainScan<'_>) -> Option<Vec<Self>> {
        let (mut dc, mut ac): ([Option<Rc<_>>; 4], [Option<Rc<_>>; 4]) = Default::default();
        let mut readers = Vec::new();
        for component in &scan.components {
            let place = dc.get_mut(component.dc)?;
            if place.is_none() {
                *place = Some(Table::dc(scan.dc[component.dc].as_ref()?)?.into());
            }
            let dc = place.clone()?;
            let place = ac.get_mut(component.ac)?;
            if place.is_none() {
                *place = Some(Table::ac(scan.ac[component.ac].as_ref()?)?.into());
            }
            let mut quantisers = [0; 64];
            for (&place, quantiser) in NATURAL.iter().zip(component.quantisers) {
                quantisers[usize::from(place)] = i16::from(quantiser);
            }
            readers.push(Self {
                dc,
                ac: place.clone()?,
                quantisers,
                largest: LARGEST / i32::from(*component.quantisers.iter().max()?),
            });
        }
        Some(readers)
    }

    pub(super) fn quantisers(&self) -> &[i16; 64] {
        &self.quantisers
    }

    /// Reads the next block after one whose DC coefficient is `dc`; gives the number of its
    /// coefficients up to the last that the file names. `None` where it is not as it should be.
    #[inline(always)]
    pub(super) fn read(
        &self,
        bits: &mut Bits<'_>,
        dc: &mut i32,
        block: &mut impl Coefficients,
    ) -> Option<usize> {
        block.clear();
        let (place, ready) = bits.window();
        let mut window = *place;
        let bits = &mut window;
        bits.refill(ready);
        self.take_dc(bits, dc)?;
        block.put(0, *dc);
        let mut next = 1;
        // A second code is the block's own where the first leaves room.
        let mut step = Step::default();
        'pairs: while next < 48 {
            bits.refill(ready);
            // 56 bits: two steps of 26.
            for _ in 0..2 {
                step = self.ac.pair(bits.peek());
                if step.is_none() {
                    step = self.ac.single(bits.peek())?;
                    next = self.take(step, bits, next, block)?;
                    continue 'pairs;
                }
                next = self.take(step, bits, next, block)?;
                if next >= 48 {
                    break 'pairs;
                }
            }
        }
        while step.passed() < END && next < 64 {
            bits.refill(ready);
            step = self.ac.single(bits.peek())?;
            next = self.take(step, bits, next, block)?;
        }
        *place = window;
        match step.passed() {
            END.. => Some(next - END),
            _ => Some(next).filter(|&next| next == 64),
        }
    }

    /// Reads the next block's DC coefficient, as [`BlockReader::read`] does, and passes over the
    /// others, whose values are not needed.
    #[inline(always)]
    pub(super) fn read_dc(&self, bits: &mut Bits<'_>, dc: &mut i32) -> Option<()> {
        let (place, ready) = bits.window();
        let mut window = *place;
        let bits = &mut window;
        bits.refill(ready);
        self.take_dc(bits, dc)?;
        let mut next = 1;
        while next < 64 {
            bits.refill(ready);
            // All of a leap's codes are the block's own where they leave room for one more.
            let leap = self.ac.leap(bits.peek());
            if !leap.is_none() && next + leap.passed() < 64 {
                next += leap.passed();
                bits.skip(leap.bits());
                if leap.ends() {
                    next = 64;
                }
            } else {
                let step = self.ac.single(bits.peek())?;
                bits.skip(step.bits());
                match step.passed() {
                    END.. => next = 64,
                    passed => next += passed,
                }
            }
        }
        *place = window;
        (next == 64).then_some(())
    }

    /// Takes the DC coefficient, which stands in the file as what it differs from the last.
    #[inline(always)]
    fn take_dc(&self, bits: &mut Window, dc: &mut i32) -> Option<()> {
        let step = self.dc.single(bits.peek())?;
        *dc += step.second(bits.peek());
        bits.skip(step.bits());
        ((*dc * i32::from(self.quantisers[0])).abs() <= LARGEST).then_some(())
    }

    #[inline(always)]
    fn take(
        &self,
        step: Step,
        bits: &mut Window,
        next: usize,
        block: &mut impl Coefficients,
    ) -> Option<usize> {
        let after = next + step.passed();
        let second = step.second(bits.peek());
        bits.skip(step.bits());
        block.put(next + step.run(), step.first());
        block.put(after - 1, second);
        (second.abs() <= self.largest || self.is_small(after - 1, second)).then_some(after)
    }

    #[cold]
    #[inline(never)]
    fn is_small(&self, place: usize, value: i32) -> bool {
        let quantiser = self.quantisers.get(usize::from(NATURAL[place & 255]));
        quantiser.is_some_and(|&quantiser| (value * i32::from(quantiser)).abs() <= LARGEST)
    }
}

/// Where coefficients in zigzag order stand by rows; those beyond the last in a place of their own.
pub(super) const NATURAL: [u8; 256] = {
    let mut places = [64; 256];
    let (mut row, mut column, mut at) = (0_usize, 0_usize, 0);
    while at < 64 {
        places[at] = (8 * row + column) as u8;
        if (row + column) % 2 == 0 {
            match (row, column) {
                (_, 7) => row += 1,
                (0, _) => column += 1,
                _ => {
                    row -= 1;
                    column += 1;
                }
            }
        } else {
            match (row, column) {
                (7, _) => column += 1,
                (_, 0) => row += 1,
                _ => {
                    row += 1;
                    column -= 1;
                }
            }
        }
        at += 1;
    }
    places
};
