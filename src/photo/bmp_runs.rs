//! Runs of equal pixels, as bitmaps pack them.

/// Reads runs row by row.
#[derive(Debug)]
pub(super) struct Runs<'a> {
    rest: &'a [u8],
    is_of_halves: bool,
    /// Where the next run begins in the row.
    column: usize,
    /// Rows that are passed over.
    skipped: usize,
    has_ended: bool,
}

impl<'a> Runs<'a> {
    /// Runs of indices of 4 or 8 bits.
    pub(super) fn new(rest: &'a [u8], bits: u16) -> Self {
        Self {
            rest,
            is_of_halves: bits == 4,
            column: 0,
            skipped: 0,
            has_ended: false,
        }
    }

    /// Whether the data broke off before they said that this was all.
    pub(super) fn is_broken(&self) -> bool {
        !self.has_ended
    }

    /// Fills a row with indices, `None` where there is no pixel; false when no row follows.
    pub(super) fn next_row(&mut self, row: &mut [Option<u8>]) -> bool {
        row.fill(None);
        if self.skipped > 0 {
            self.skipped -= 1;
            if self.skipped > 0 {
                return true;
            }
        }
        while let Some(([count, value], rest)) = self.rest.split_first_chunk() {
            self.rest = rest;
            match (count, value) {
                (0, 0) => {
                    self.column = 0;
                    return true;
                }
                (0, 1) => {
                    self.has_ended = true;
                    return false;
                }
                (0, 2) => {
                    let Some(([across, down], rest)) = self.rest.split_first_chunk() else {
                        return false;
                    };
                    self.rest = rest;
                    self.column += usize::from(*across);
                    if *down > 0 {
                        self.skipped = usize::from(*down);
                        return true;
                    }
                }
                (0, literal) => {
                    let pixels = usize::from(*literal);
                    let bytes = match self.is_of_halves {
                        true => pixels.div_ceil(2),
                        false => pixels,
                    };
                    let Some(data) = self.rest.get(..bytes) else {
                        return false;
                    };
                    // Padded to an even number.
                    self.rest = self
                        .rest
                        .get(bytes.next_multiple_of(2)..)
                        .unwrap_or_default();
                    for at in 0..pixels {
                        let index = match self.is_of_halves {
                            true => half(data[at / 2], at),
                            false => data[at],
                        };
                        self.put(row, index);
                    }
                }
                (&count, &value) => {
                    // No longer than the row: a file of runs alone would take for ever.
                    let room = row.len().saturating_sub(self.column);
                    for at in 0..room.min(count.into()) {
                        let index = match self.is_of_halves {
                            true => half(value, at),
                            false => value,
                        };
                        self.put(row, index);
                    }
                }
            }
        }
        false
    }

    /// What lies beyond the row is dropped.
    fn put(&mut self, row: &mut [Option<u8>], index: u8) {
        if let Some(pixel) = row.get_mut(self.column) {
            *pixel = Some(index);
            self.column += 1;
        }
    }
}

/// The upper half of a byte for even pixels, the lower for odd ones.
fn half(byte: u8, at: usize) -> u8 {
    match at % 2 {
        0 => byte >> 4,
        _ => byte & 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(data: &[u8], bits: u16, width: usize) -> Vec<Vec<Option<u8>>> {
        let mut runs = Runs::new(data, bits);
        let mut rows = Vec::new();
        let mut row = vec![None; width];
        while runs.next_row(&mut row) {
            rows.push(row.clone());
        }
        rows.push(row);
        rows
    }

    #[test]
    fn runs_literals_and_jumps_become_rows() {
        let data = [
            3, 7, 0, 0, // a run, the end of the row
            0, 3, 1, 2, 3, 0, 0, 0, // a literal and its padding
            1, 9, 0, 2, 1, 2, 1, 5, 0, 1, // one pixel, a jump, another pixel, the end
        ];
        let expected = [
            vec![Some(7), Some(7), Some(7)],
            vec![Some(1), Some(2), Some(3)],
            vec![Some(9), None, None],
            vec![None, None, None],
            vec![None, None, Some(5)],
        ];
        assert_eq!(rows(&data, 8, 3), expected);
    }

    #[test]
    fn halves_take_turns_and_what_overflows_is_dropped() {
        let expected = [vec![Some(1), Some(2), Some(1)]];
        assert_eq!(rows(&[200, 0x12, 0, 1], 4, 3), expected);
    }

    #[test]
    fn data_that_break_off_are_told_from_data_that_end() {
        let mut row = [None; 2];
        for (data, is_broken) in [([1, 1, 0, 1].as_slice(), false), (&[1, 1], true)] {
            let mut runs = Runs::new(data, 8);
            assert!(!runs.next_row(&mut row));
            assert_eq!(runs.is_broken(), is_broken);
        }
    }
}
