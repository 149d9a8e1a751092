//! JPEGs written byte by byte, so that a test knows every pixel: each block of 8 x 8 samples is
//! one value, in quantisation steps of 1.

/// A component: sampling factors, and the value of the block in a column and a row.
#[derive(Clone, Copy)]
pub(crate) struct Component {
    pub(crate) id: u8,
    pub(crate) sampling: (usize, usize),
    pub(crate) value: fn(usize, usize) -> u8,
}

/// What is written.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) components: Vec<Component>,
    /// In sampling units: blocks times the largest factors.
    pub(crate) units: (usize, usize),
    /// Marker of the frame: 0xc0 baseline, 0xc2 progressive.
    pub(crate) frame: u8,
    pub(crate) bits: u8,
    /// Segments before the frame.
    pub(crate) segments: Vec<(u8, Vec<u8>)>,
    pub(crate) has_huffman_tables: bool,
    /// Sampling units between restart markers; 0 for none.
    pub(crate) restart: usize,
    /// Components of each scan, by index.
    pub(crate) scans: Vec<Vec<usize>>,
}

/// Codes for the number of bits of a difference (T.81, table K.3), and how long they are.
const DC_CODES: [(u16, u8); 12] = [
    (0b00, 2),
    (0b010, 3),
    (0b011, 3),
    (0b100, 3),
    (0b101, 3),
    (0b110, 3),
    (0b1110, 4),
    (0b1_1110, 5),
    (0b11_1110, 6),
    (0b111_1110, 7),
    (0b1111_1110, 8),
    (0b1_1111_1110, 9),
];
/// End of block (T.81, table K.5).
const END_OF_BLOCK: (u16, u8) = (0b1010, 4);

impl Writer {
    /// Grey, or luminance with two planes of colour at half the size.
    pub(crate) fn new(components: &[Component], units: (usize, usize)) -> Self {
        Self {
            components: components.to_vec(),
            units,
            frame: 0xc0,
            bits: 8,
            segments: Vec::new(),
            has_huffman_tables: true,
            restart: 0,
            scans: vec![(0..components.len()).collect()],
        }
    }

    pub(crate) fn with_segment(mut self, code: u8, parameters: &[u8]) -> Self {
        self.segments.push((code, parameters.to_vec()));
        self
    }

    fn most(&self) -> (usize, usize) {
        let most = |side: fn(&Component) -> usize| self.components.iter().map(side).max();
        (
            most(|one| one.sampling.0).unwrap(),
            most(|one| one.sampling.1).unwrap(),
        )
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (usize, usize) {
        let most = self.most();
        (8 * most.0 * self.units.0, 8 * most.1 * self.units.1)
    }

    /// All before the first scan.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        for (code, parameters) in &self.segments {
            segment(&mut file, *code, parameters);
        }
        segment(&mut file, 0xdb, &[&[0][..], &[1; 64]].concat());
        let (width, height) = self.size();
        let (width, height) = (width as u16, height as u16);
        let mut frame = vec![self.bits];
        frame.extend(height.to_be_bytes());
        frame.extend(width.to_be_bytes());
        frame.push(self.components.len() as u8);
        for one in &self.components {
            frame.extend([one.id, (one.sampling.0 << 4 | one.sampling.1) as u8, 0]);
        }
        segment(&mut file, self.frame, &frame);
        if self.has_huffman_tables {
            let lengths = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
            let values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
            segment(&mut file, 0xc4, &[&[0][..], &lengths, &values].concat());
            // The first codes of table K.5, up to the end of a block.
            let lengths = [0, 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let values = [0x01, 0x02, 0x03, 0x00, 0x04, 0x11];
            segment(&mut file, 0xc4, &[&[0x10][..], &lengths, &values].concat());
        }
        if self.restart > 0 {
            segment(&mut file, 0xdd, &(self.restart as u16).to_be_bytes());
        }
        file
    }

    /// One scan, from its marker to its last byte.
    pub(crate) fn scan(&self, components: &[usize]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut head = vec![components.len() as u8];
        for &index in components {
            head.extend([self.components[index].id, 0]);
        }
        let is_progressive = self.frame == 0xc2;
        head.extend([0, if is_progressive { 0 } else { 63 }, 0]);
        segment(&mut file, 0xda, &head);

        let mut bits = Bits::default();
        let mut before = vec![0i32; self.components.len()];
        let alone = components.len() == 1;
        let units = match alone {
            // A scan of one component has its blocks one by one.
            true => {
                let (across, down) = self.components[components[0]].sampling;
                (self.units.0 * across, self.units.1 * down)
            }
            false => self.units,
        };
        for number in 0..units.0 * units.1 {
            if self.restart > 0 && number > 0 && number % self.restart == 0 {
                bits.end(&mut file);
                file.extend([0xff, 0xd0 + ((number / self.restart - 1) % 8) as u8]);
                before.fill(0);
            }
            let (column, row) = (number % units.0, number / units.0);
            for &index in components {
                let one = &self.components[index];
                let (across, down) = if alone { (1, 1) } else { one.sampling };
                for block in 0..across * down {
                    let x = column * across + block % across;
                    let y = row * down + block / across;
                    let value = 8 * (i32::from((one.value)(x, y)) - 128);
                    bits.difference(value - before[index], &mut file);
                    before[index] = value;
                    if !is_progressive {
                        bits.push(END_OF_BLOCK.0, END_OF_BLOCK.1, &mut file);
                    }
                }
            }
        }
        bits.end(&mut file);
        file
    }

    /// The whole file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut file = self.head();
        for scan in &self.scans {
            file.extend(self.scan(scan));
        }
        file.extend([0xff, 0xd9]);
        file
    }
}

/// Appends a segment.
pub(crate) fn segment(file: &mut Vec<u8>, code: u8, parameters: &[u8]) {
    file.extend([0xff, code]);
    file.extend((parameters.len() as u16 + 2).to_be_bytes());
    file.extend(parameters);
}

/// Bits of entropy-coded data that are not a whole byte yet.
#[derive(Default)]
struct Bits {
    bits: u32,
    count: u8,
}

impl Bits {
    fn push(&mut self, code: u16, length: u8, file: &mut Vec<u8>) {
        self.bits = self.bits << length | u32::from(code);
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.bits >> self.count) as u8;
            file.push(byte);
            if byte == 0xff {
                file.push(0);
            }
        }
    }

    fn difference(&mut self, value: i32, file: &mut Vec<u8>) {
        let length = (32 - value.unsigned_abs().leading_zeros()) as u8;
        let (code, code_length) = DC_CODES[usize::from(length)];
        self.push(code, code_length, file);
        let value = if value < 0 { value - 1 } else { value };
        let mask = (1u32 << length) - 1;
        self.push((value as u32 & mask) as u16, length, file);
    }

    /// Fills the last byte with ones.
    fn end(&mut self, file: &mut Vec<u8>) {
        if self.count > 0 {
            let missing = 8 - self.count;
            self.push((1 << missing) - 1, missing, file);
        }
    }
}
