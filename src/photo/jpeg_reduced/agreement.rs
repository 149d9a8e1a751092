//! JPEGs of arbitrary coefficients, tables and samplings, and broken copies of them: this reader
//! gives libjpeg's pixels, or nothing.

use proptest::prelude::*;

use super::block::NATURAL;
use crate::photo::plain_jpeg_agrees;

/// What a file is written from.
#[derive(Debug, Clone)]
struct Plan {
    size: (u16, u16),
    /// Of luma; `None` is grey.
    sampling: Option<(u8, u8)>,
    quantiser: u8,
    restart: u16,
    /// Seeds the coefficients and the order of codes.
    seed: u64,
    /// Mean zeros before an AC coefficient, and bits that coefficients have at most.
    run: u64,
    bits: u32,
}

fn plans() -> impl Strategy<Value = Plan> {
    let samplings = [(1, 1), (2, 1), (2, 2)].map(Some);
    (
        (1..70_u16, 1..70_u16),
        prop::sample::select([&samplings[..], &[None, Some((1, 2)), Some((4, 1))]].concat()),
        1..=255_u8,
        prop_oneof![Just(0), 1..9_u16],
        any::<u64>(),
        (1..30_u64, 1..9_u32),
    )
        .prop_map(
            |(size, sampling, quantiser, restart, seed, (run, bits))| Plan {
                size,
                sampling,
                quantiser,
                restart,
                seed,
                run,
                bits,
            },
        )
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = (self.0.wrapping_mul(6_364_136_223_846_793_005)).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Codes for all of `symbols`, of lengths as in T.81, table K.5.
struct Codes {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl Codes {
    fn new(mut symbols: Vec<u8>, random: &mut Random) -> Self {
        for place in 1..symbols.len() {
            symbols.swap(place, random.below(place as u64 + 1) as usize);
        }
        let mut counts = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0];
        let mut left = symbols.len() as u8;
        for count in &mut counts {
            *count = left.min(*count);
            left -= *count;
        }
        counts[15] += left;
        Self { counts, symbols }
    }

    fn code(&self, symbol: u8) -> (u32, u32) {
        let place = self.symbols.iter().position(|&other| other == symbol);
        let (mut code, mut first, place) = (0, 0, place.unwrap());
        for (index, &count) in self.counts.iter().enumerate() {
            if place < first + usize::from(count) {
                return (code + (place - first) as u32, index as u32 + 1);
            }
            first += usize::from(count);
            code = (code + u32::from(count)) << 1;
        }
        unreachable!("every symbol has a code")
    }
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    bits: u32,
    count: u32,
}

impl BitWriter {
    fn put(&mut self, bits: u32, count: u32) {
        for place in (0..count).rev() {
            self.bits = self.bits << 1 | bits >> place & 1;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.bits as u8);
                if self.bits as u8 == 0xff {
                    self.bytes.push(0);
                }
                (self.bits, self.count) = (0, 0);
            }
        }
    }

    /// A code with a run in its symbol, and the value after it.
    fn value(&mut self, codes: &Codes, run: u8, value: i32) {
        let size = value
            .unsigned_abs()
            .checked_ilog2()
            .map_or(0, |log| log + 1);
        let (code, length) = codes.code(run << 4 | size as u8);
        self.put(code, length);
        let bits = if value < 0 {
            value + (1 << size) - 1
        } else {
            value
        };
        self.put(bits as u32, size);
    }

    fn pad(&mut self) {
        while self.count > 0 {
            self.put(1, 1);
        }
    }
}

fn segment(file: &mut Vec<u8>, code: u8, parameters: &[u8]) {
    file.extend([0xff, code]);
    file.extend((parameters.len() as u16 + 2).to_be_bytes());
    file.extend(parameters);
}

/// Puts the coefficients of one block; not all blocks end with a code for it.
fn block(data: &mut BitWriter, plan: &Plan, random: &mut Random, dc: &mut i32, codes: &[Codes; 2]) {
    // As far as a grey level goes, most of the time.
    let most = (1_100 / i32::from(plan.quantiser)).max(1);
    let to = random.below(2 * most as u64 + 1) as i32 - most;
    data.value(&codes[0], 0, to - *dc);
    *dc = to;
    let mut place = 1;
    while random.below(12) > 0 {
        let mut run = random.below(2 * plan.run) as usize;
        if place + run > 63 {
            if random.below(2) == 0 {
                break;
            }
            run = 63 - place;
        }
        place += run + 1;
        while run > 15 {
            data.value(&codes[1], 15, 0);
            run -= 16;
        }
        let size = 1 + random.below(u64::from(plan.bits)) as u32;
        let value = (1 << (size - 1)) + random.below(1 << (size - 1)) as i32;
        let sign = 1 - 2 * random.below(2) as i32;
        data.value(&codes[1], run as u8, sign * value);
        if place > 63 {
            return;
        }
    }
    data.value(&codes[1], 0, 0);
}

fn written(plan: &Plan) -> Vec<u8> {
    let mut random = Random(plan.seed);
    let ac = (0..=255_u8).filter(|&symbol| {
        let (run, size) = (symbol >> 4, symbol & 15);
        (1..=10).contains(&size) || (size == 0 && (run == 0 || run == 15))
    });
    let tables = [0, 1].map(|_| {
        [
            Codes::new((0..=12).collect(), &mut random),
            Codes::new(ac.clone().collect(), &mut random),
        ]
    });
    let mut file = vec![0xff, 0xd8];
    let quantisers = NATURAL[..64].iter().map(|_| {
        let most = u64::from(plan.quantiser);
        1 + random.below(most) as u8
    });
    let quantisers: Vec<u8> = quantisers.collect();
    segment(&mut file, 0xdb, &[&[0][..], &quantisers].concat());
    let samplings = match plan.sampling {
        Some(luma) => vec![luma, (1, 1), (1, 1)],
        None => vec![(2, 2)],
    };
    let [height, width] = [plan.size.1, plan.size.0].map(u16::to_be_bytes);
    let mut frame = [&[8][..], &height, &width, &[samplings.len() as u8]].concat();
    let mut scan = vec![samplings.len() as u8];
    for (index, (across, down)) in samplings.iter().enumerate() {
        frame.extend([index as u8 + 1, across << 4 | down, 0]);
        scan.extend([index as u8 + 1, if index == 0 { 0x00 } else { 0x11 }]);
    }
    segment(&mut file, 0xc0, &frame);
    for (number, tables) in tables.iter().enumerate() {
        for (class, codes) in tables.iter().enumerate() {
            let head = [(class << 4 | number) as u8];
            segment(
                &mut file,
                0xc4,
                &[&head, &codes.counts[..], &codes.symbols].concat(),
            );
        }
    }
    if plan.restart > 0 {
        segment(&mut file, 0xdd, &plan.restart.to_be_bytes());
    }
    segment(&mut file, 0xda, &[&scan[..], &[0, 63, 0]].concat());

    let (across, down) = plan.sampling.unwrap_or((1, 1));
    let units = |length: u16, factor: u8| usize::from(length).div_ceil(8 * usize::from(factor));
    let units = units(plan.size.0, across) * units(plan.size.1, down);
    let (mut data, mut dc) = (BitWriter::default(), [0; 3]);
    for unit in 0..units {
        if plan.restart > 0 && unit > 0 && unit % usize::from(plan.restart) == 0 {
            data.pad();
            let number = (unit / usize::from(plan.restart) - 1) % 8;
            data.bytes.extend([0xff, 0xd0 + number as u8]);
            dc = [0; 3];
        }
        for (index, dc) in dc.iter_mut().enumerate().take(samplings.len()) {
            let blocks = if index == 0 { across * down } else { 1 };
            for _ in 0..blocks {
                block(&mut data, plan, &mut random, dc, &tables[index.min(1)]);
            }
        }
    }
    data.pad();
    file.extend(data.bytes);
    file.extend([0xff, 0xd9]);
    file
}

/// Whether this reader decodes a file at both scales.
fn is_read(file: &[u8], size: (u16, u16)) -> bool {
    let size = (u32::from(size.0), u32::from(size.1));
    (1..=2).all(|eighths| super::decode(file, size, eighths, |_| ()).is_some())
}

#[test]
fn ordinary_pictures_are_read_here() {
    for sampling in [None, Some((1, 1)), Some((2, 1)), Some((2, 2))] {
        for restart in [0, 1, 5] {
            let size = (123, 77);
            let plan = Plan {
                size,
                sampling,
                quantiser: 3,
                restart,
                seed: 7,
                run: 4,
                bits: 5,
            };
            let file = written(&plan);
            assert!(is_read(&file, size), "{sampling:?}, restart {restart}");
            assert!(
                plain_jpeg_agrees(&file, u64::MAX),
                "{sampling:?}, restart {restart}"
            );
        }
    }
}

#[test]
fn what_is_not_whole_is_left_to_libjpeg() {
    let size = (64, 64);
    let plan = Plan {
        size,
        sampling: Some((2, 2)),
        quantiser: 3,
        restart: 4,
        seed: 1,
        run: 3,
        bits: 5,
    };
    let file = written(&plan);
    let start = file
        .windows(2)
        .position(|pair| pair == [0xff, 0xda])
        .unwrap();
    for end in start..file.len() - 3 {
        assert!(!is_read(&file[..end], size), "cut at {end}");
    }
    let marker = file
        .windows(2)
        .position(|pair| pair == [0xff, 0xd0])
        .unwrap();
    let mut other = file.clone();
    other[marker + 1] = 0xd1;
    assert!(!is_read(&other, size), "another restart marker");
    other.splice(marker..marker + 2, [0, 0xff, 0xd0]);
    assert!(!is_read(&other, size), "a byte too many");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn pixels_are_those_of_libjpeg(plan in plans()) {
        prop_assert!(plain_jpeg_agrees(&written(&plan), u64::MAX));
    }

    #[test]
    fn of_broken_files_too(
        plan in plans(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = written(&plan);
        for (place, byte) in edits {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        prop_assert!(plain_jpeg_agrees(&file, u64::MAX));
    }
}
