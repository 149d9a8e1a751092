//! Huffman tables that give what one code brings, or two at once, with the bits after them: as each
//! look-up waits for the one before, fewer of them are what makes reading fast.

use super::scan::CodeLengths;

/// Bits by which codes are looked up.
const LOOKUP: u32 = 12;
const ENTRIES: usize = 1 << LOOKUP;

/// Codes in canonical order.
#[derive(Debug)]
struct Codes {
    /// The first value of 16 bits that starts with no code of this length or a shorter one.
    limits: [u32; 16],
    /// Place of the symbol of a length's first code, less that code.
    offsets: [i32; 16],
    symbols: [u8; 256],
    /// Length and symbol by the first bits; 0 where a code is longer.
    short: [u16; ENTRIES],
}

impl Codes {
    /// `None` where lengths make no prefix code.
    fn new(lengths: &CodeLengths) -> Option<Self> {
        let mut codes = Self {
            limits: [0; 16],
            offsets: [0; 16],
            symbols: [0; 256],
            short: [0; ENTRIES],
        };
        codes
            .symbols
            .get_mut(..lengths.symbols.len())?
            .copy_from_slice(&lengths.symbols);
        let (mut code, mut place) = (0_u32, 0_u32);
        for (index, &count) in lengths.counts.iter().enumerate() {
            let (length, count) = (index as u32 + 1, u32::from(count));
            codes.offsets[index] = place as i32 - code as i32;
            for _ in 0..count {
                if length <= LOOKUP {
                    let first = (code << (LOOKUP - length)) as usize;
                    let symbol = u16::from(*lengths.symbols.get(place as usize)?);
                    let same = codes
                        .short
                        .get_mut(first..first + (1 << (LOOKUP - length)))?;
                    same.fill((length as u16) << 8 | symbol);
                }
                code += 1;
                place += 1;
            }
            // No code is all ones.
            if count > 0 && code >= 1 << length {
                return None;
            }
            codes.limits[index] = code << (15 - index);
            code <<= 1;
        }
        Some(codes)
    }

    /// Length and symbol of the code with which bits start.
    fn find(&self, bits: u64) -> Option<(u32, u8)> {
        let short = self.short[(bits >> (64 - LOOKUP)) as usize];
        if short != 0 {
            return Some((u32::from(short >> 8), short as u8));
        }
        let next = (bits >> 48) as u32;
        let index = self.limits.iter().position(|&limit| next < limit)?;
        let code = (next >> (15 - index)) as i32;
        let symbol = self.symbols[(code + self.offsets[index]) as usize & 255];
        Some((index as u32 + 1, symbol))
    }
}

/// What one or two codes bring. Packed, from the lowest bit on: bits that the codes and their values
/// take (6), places passed (7; with [`END`] where the block ends), zeros before the first value (4),
/// the first value (7), size of the second (4), which is in the last of the bits and stands in the
/// last place passed. Of one code, that is its value and the first is 0. 0 where the first code has
/// more bits than are looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step(u32);

/// Added to the places passed where the block ends.
pub(super) const END: usize = 64;
/// The largest first value that steps have room for; small enough with every quantiser.
const MOST: i32 = 63;

impl Step {
    fn one(length: u32, symbol: u8) -> Self {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let passed = match (run, size) {
            (15, 0) => 16,
            (_, 0) => END as u32,
            _ => run + 1,
        };
        Self((length + size) | passed << 6 | size << 24)
    }

    fn after(self, run: u32, value: i32, bits: u32) -> Self {
        Self(self.0 + (bits | (run + 1) << 6 | run << 13 | ((value as u32) & 127) << 17))
    }

    #[inline(always)]
    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 63
    }

    #[inline(always)]
    pub(super) fn passed(self) -> usize {
        (self.0 >> 6) as usize & 127
    }

    #[inline(always)]
    pub(super) fn run(self) -> usize {
        (self.0 >> 13) as usize & 15
    }

    #[inline(always)]
    pub(super) fn first(self) -> i32 {
        (self.0 << 8) as i32 >> 25
    }

    /// The second value, where these are the next bits.
    #[inline(always)]
    pub(super) fn second(self, bits: u64) -> i32 {
        extended(bits >> (64 - self.bits()), self.0 >> 24 & 15)
    }
}

/// The number that the last `size` bits stand for.
#[inline(always)]
fn extended(bits: u64, size: u32) -> i32 {
    let all = (1_i32 << size) - 1;
    let number = bits as i32 & all;
    number - if number <= all >> 1 { all } else { 0 }
}

/// What all codes bring that stand whole in the bits looked up, where values do not matter. Packed,
/// from the lowest bit on: bits that the codes and their values take (6), places passed (8), and
/// whether the block ends (the last). 0 where the first code has more bits than are looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Leap(u16);

impl Leap {
    const ENDS: u16 = 1 << 15;

    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        u32::from(self.0 & 63)
    }

    #[inline(always)]
    pub(super) fn passed(self) -> usize {
        usize::from(self.0 >> 6 & 255)
    }

    #[inline(always)]
    pub(super) fn ends(self) -> bool {
        self.0 & Self::ENDS != 0
    }

    #[inline(always)]
    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Of the codes with which these bits start.
    fn new(codes: &Codes, index: usize) -> Self {
        let bits = (index as u64) << (64 - LOOKUP);
        let (mut taken, mut passed, mut ends) = (0, 0, 0);
        while taken < LOOKUP && ends == 0 {
            let Some((length, symbol)) = codes.find(bits << taken) else {
                break;
            };
            if taken + length > LOOKUP {
                break;
            }
            let step = Step::one(length, symbol);
            taken += step.bits();
            match step.passed() {
                END.. => ends = Self::ENDS,
                more => passed += more as u16,
            }
        }
        Self(taken as u16 | passed << 6 | ends)
    }
}

/// A table of DC differences, or of AC coefficients.
#[derive(Debug)]
pub(super) struct Table {
    codes: Codes,
    singles: [Step; ENTRIES],
    pairs: [Step; ENTRIES],
    leaps: [Leap; ENTRIES],
}

impl Table {
    /// A table of DC differences. `None` where the lengths make none.
    pub(super) fn dc(lengths: &CodeLengths) -> Option<Box<Self>> {
        match lengths.symbols.iter().all(|&symbol| symbol < 16) {
            true => Self::new(lengths),
            false => None,
        }
    }

    /// A table of AC coefficients. `None` where the lengths make none.
    pub(super) fn ac(lengths: &CodeLengths) -> Option<Box<Self>> {
        Self::new(lengths)
    }

    fn new(lengths: &CodeLengths) -> Option<Box<Self>> {
        let codes = Codes::new(lengths)?;
        let mut singles = [Step::default(); ENTRIES];
        let mut pairs = singles;
        for (index, single) in singles.iter_mut().enumerate() {
            let bits = (index as u64) << (64 - LOOKUP);
            if let Some((length, symbol)) = codes.find(bits).filter(|found| found.0 <= LOOKUP) {
                *single = Step::one(length, symbol);
            }
        }
        for (index, pair) in pairs.iter_mut().enumerate() {
            *pair = singles[index];
            let bits = (index as u64) << (64 - LOOKUP);
            let Some((length, symbol)) = codes.find(bits) else {
                continue;
            };
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            let taken = length + size;
            if taken >= LOOKUP || (size == 0 && run != 15) {
                continue;
            }
            let value = extended(bits >> (64 - taken), size);
            let Some((second, _)) = codes.find(bits << taken) else {
                continue;
            };
            if value.abs() <= MOST && taken + second <= LOOKUP {
                let second = singles[(index << taken) & (ENTRIES - 1)];
                *pair = second.after(run, value, taken);
            }
        }
        let leaps = std::array::from_fn(|index| Leap::new(&codes, index));
        Some(Box::new(Self {
            codes,
            singles,
            pairs,
            leaps,
        }))
    }

    /// What the codes of AC coefficients bring that come next, if the first can be looked up.
    #[inline(always)]
    pub(super) fn leap(&self, bits: u64) -> Leap {
        self.leaps[(bits >> (64 - LOOKUP)) as usize]
    }

    /// What the next one or two codes of AC coefficients bring, if it can be looked up.
    #[inline(always)]
    pub(super) fn pair(&self, bits: u64) -> Step {
        self.pairs[(bits >> (64 - LOOKUP)) as usize]
    }

    /// What the next code brings. `None` where there is no such code.
    #[inline(always)]
    pub(super) fn single(&self, bits: u64) -> Option<Step> {
        let step = self.singles[(bits >> (64 - LOOKUP)) as usize];
        match step.is_none() {
            true => self.long(bits),
            false => Some(step),
        }
    }

    #[cold]
    #[inline(never)]
    fn long(&self, bits: u64) -> Option<Step> {
        let (length, symbol) = self.codes.find(bits)?;
        Some(Step::one(length, symbol))
    }
}
