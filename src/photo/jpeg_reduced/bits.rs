//! Bits of entropy-coded data, without the bytes that are stuffed into them.
//!
//! Bytes are copied without their stuffing a few thousand at a time, so that those who read bits
//! fill their buffer by eight bytes without looking at any.

/// Bytes that are made ready at a time, and room for the zeros that stand behind the last of them.
const READY: usize = 4096;
const ROOM: usize = 8192;
/// Bytes that one unit of blocks takes at most: six blocks of 64 codes of up to 31 bits.
const UNIT: usize = 6 * 64 * 31 / 8;

/// A reader that stands still at markers: zeros follow, and that they were taken is noticed later.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    /// What is not ready yet.
    rest: &'a [u8],
    ready: Box<Ready>,
    /// Bytes that are ready; zeros follow where a marker or the end comes next.
    end: usize,
    window: Window,
}

/// What is about to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// The byte after those in the buffer.
    at: usize,
    /// What comes next, from the highest bit on.
    buffer: u64,
    /// Bits of the buffer that count.
    count: u32,
}

/// Bytes that are ready to be read.
pub(super) type Ready = [u8; ROOM + 8];

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            rest: data,
            ready: Box::new([0; ROOM + 8]),
            end: 0,
            window: Window::default(),
        }
    }

    /// Makes the bytes of the next unit ready. `None` where the last took more than there were.
    #[inline(always)]
    pub(super) fn next_unit(&mut self) -> Option<()> {
        if self.window.at + UNIT + 8 <= self.end {
            return Some(());
        }
        self.more()
    }

    #[inline(never)]
    fn more(&mut self) -> Option<()> {
        if self.left() < 0 {
            return None;
        }
        let kept = self.window.at.min(self.end)..self.end;
        // Past the end, `at` has moved over zeros.
        self.window.at -= kept.start;
        self.end = kept.len();
        self.ready.copy_within(kept, 0);
        while self.end < READY {
            let rest = &self.rest[..self.rest.len().min(READY - self.end)];
            let plain = memchr::memchr(0xff, rest).unwrap_or(rest.len());
            self.ready[self.end..self.end + plain].copy_from_slice(&rest[..plain]);
            self.end += plain;
            self.rest = &self.rest[plain..];
            match self.rest {
                [0xff, 0x00, rest @ ..] if self.end < READY => {
                    self.rest = rest;
                    self.ready[self.end] = 0xff;
                    self.end += 1;
                }
                [0xff, 0x00, ..] => {}
                [0xff, ..] | [] => {
                    self.ready[self.end..self.end + 2 * UNIT].fill(0);
                    break;
                }
                _ => {}
            }
        }
        Some(())
    }

    /// Bits that were made ready and not taken.
    fn left(&self) -> i64 {
        8 * (self.end as i64 - self.window.at as i64) + i64::from(self.window.count)
    }

    /// The window and the bytes for it, to be read from.
    #[inline(always)]
    pub(super) fn window(&mut self) -> (&mut Window, &Ready) {
        (&mut self.window, &self.ready)
    }

    /// Passes over the marker with this code, where it comes next but for bits that pad a byte.
    pub(super) fn skip_marker(&mut self, code: u8) -> Option<()> {
        self.more()?;
        let rest = self.rest.strip_prefix(&[0xff, code])?;
        if !(0..8).contains(&self.left()) {
            return None;
        }
        (self.rest, self.end, self.window) = (rest, 0, Window::default());
        Some(())
    }

    /// Whether more was taken than there was.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.left() < 0
    }
}

impl Window {
    /// Fills the buffer up to 56 bits or more.
    #[inline(always)]
    pub(super) fn refill(&mut self, ready: &Ready) {
        let at = self.at & (ROOM - 1);
        if let Some(next) = ready[at..].first_chunk() {
            // Bits beyond the whole bytes that are counted are the same when they come again.
            self.buffer |= u64::from_be_bytes(*next) >> self.count;
        }
        self.at += (63 - self.count as usize) >> 3;
        self.count |= 56;
    }

    /// The next bits, the first of them the highest.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Passes over `count` bits, of those that the buffer has.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer <<= count & 63;
        self.count = self.count.wrapping_sub(count & 63);
    }
}
