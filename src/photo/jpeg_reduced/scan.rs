//! What a plain JPEG says before its data, read strictly: whatever is odd is left to libjpeg.

/// A component's part in the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// Sampling factors, across and down.
    pub(super) sampling: (u8, u8),
    /// In zigzag order.
    pub(super) quantisers: [u8; 64],
    /// Numbers of its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// A Huffman table as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CodeLengths {
    /// Codes of each length from 1 to 16.
    pub(super) counts: [u8; 16],
    /// What the codes mean, shortest first.
    pub(super) symbols: Vec<u8>,
}

/// A JPEG in one scan: sequential, Huffman-coded, 8 bits a sample; grey, or luma and two chromas.
#[derive(Debug)]
pub(super) struct PlainScan<'a> {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    pub(super) components: Vec<Component>,
    /// By number.
    pub(super) dc: [Option<CodeLengths>; 4],
    pub(super) ac: [Option<CodeLengths>; 4],
    /// Units between restart markers; 0 where there are none.
    pub(super) restart_interval: u32,
    /// The file from the first byte of entropy-coded data on.
    pub(super) data: &'a [u8],
}

/// A component as the frame header names it.
#[derive(Debug)]
struct Named {
    id: u8,
    sampling: (u8, u8),
    table: usize,
}

#[derive(Debug, Default)]
struct Header {
    size: (u32, u32),
    components: Vec<Named>,
    quantisers: [Option<[u8; 64]>; 4],
    dc: [Option<CodeLengths>; 4],
    ac: [Option<CodeLengths>; 4],
    restart_interval: u32,
}

impl<'a> PlainScan<'a> {
    /// Reads a file up to its data. `None` where it is no plain JPEG.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        let mut header = Header::default();
        loop {
            let ([0xff, code, high, low], _) = rest.split_first_chunk()? else {
                return None;
            };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let segment = rest.get(4..2 + length)?;
            rest = rest.get(2 + length..)?;
            match code {
                0xc0 | 0xc1 => header.frame(segment)?,
                0xc4 => header.huffman(segment)?,
                0xdb => header.quantisers(segment)?,
                0xdd => {
                    let interval = u16::from_be_bytes(segment.try_into().ok()?);
                    header.restart_interval = u32::from(interval);
                }
                0xda => return header.scan(segment, rest),
                0xe0..=0xef | 0xfe => {}
                _ => return None,
            }
        }
    }
}

impl Header {
    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        let ([8, y1, y0, x1, x0, count], named) = segment.split_first_chunk()? else {
            return None;
        };
        let (named, []) = named.as_chunks::<3>() else {
            return None;
        };
        if !self.components.is_empty() || named.len() != usize::from(*count) {
            return None;
        }
        let side = |high: &u8, low: &u8| u32::from(u16::from_be_bytes([*high, *low]));
        self.size = (side(x1, x0), side(y1, y0));
        self.components = named
            .iter()
            .map(|&[id, sampling, table]| Named {
                id,
                sampling: (sampling >> 4, sampling & 15),
                table: usize::from(table),
            })
            .collect();
        Some(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&number, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let tables = match number >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(number & 15))? = Some(CodeLengths {
                counts: *counts,
                symbols: symbols.to_vec(),
            });
            segment = rest;
        }
        Some(())
    }

    fn quantisers(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&number, rest)) = segment.split_first() {
            let (quantisers, rest) = rest.split_first_chunk::<64>()?;
            if quantisers.contains(&0) {
                return None;
            }
            // A number over 3 means values of 16 bits.
            *self.quantisers.get_mut(usize::from(number))? = Some(*quantisers);
            segment = rest;
        }
        Some(())
    }

    fn scan<'a>(self, segment: &[u8], data: &'a [u8]) -> Option<PlainScan<'a>> {
        let (&count, rest) = segment.split_first()?;
        let (chosen, parameters) = rest.split_at_checked(2 * usize::from(count))?;
        let chosen = chosen.as_chunks::<2>().0;
        // All coefficients, at once and to the last bit.
        if parameters != [0, 63, 0] {
            return None;
        }
        if chosen.is_empty() || chosen.len() != self.components.len() {
            return None;
        }
        let mut components = Vec::new();
        for (named, &[id, tables]) in self.components.iter().zip(chosen) {
            if named.id != id {
                return None;
            }
            components.push(Component {
                sampling: named.sampling,
                quantisers: (*self.quantisers.get(named.table)?)?,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        Some(PlainScan {
            size: self.size,
            components,
            dc: self.dc,
            ac: self.ac,
            restart_interval: self.restart_interval,
            data,
        })
    }
}
