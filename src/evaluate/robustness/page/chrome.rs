//! What apps draw around pictures: status bars, titles, messages, cards, buttons.

use image::{Rgb, RgbImage, imageops};

use super::drawing::{Area, Colour, cut_to, disc, fill, lay, line};
use super::script::{Hand, Script};
use crate::evaluate::bootstrap::SplitMix;

/// A kind of page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evaluate::robustness) enum Chrome {
    /// Messages with bubbles, one of which is the picture.
    Chat,
    /// The same with a window of 10 to 16 % of the page.
    SmallChat,
    /// A post with a grid of so many pictures: 1 to 9.
    Post(u8),
    /// One thing for sale: picture, price, words, buttons.
    Listing,
    /// A square picture between a name and a row of icons.
    Feed,
    /// Cards of several things for sale in two columns.
    Results,
    /// A picture alone on the screen between bars.
    Gallery,
    /// A picture on its own blurred enlargement.
    Story,
    /// A shop in the window of a desktop.
    Browser,
}

/// Colours of a page.
#[derive(Debug, Clone, Copy)]
struct Palette {
    page: Colour,
    bar: Colour,
    card: Colour,
    ink: Colour,
    pale: Colour,
    accent: Colour,
}

const ACCENTS: [Colour; 5] = [
    [32, 120, 220],
    [220, 70, 50],
    [20, 160, 90],
    [240, 130, 20],
    [140, 60, 200],
];

impl Palette {
    fn new(is_dark: bool, chance: &mut SplitMix) -> Self {
        let accent = ACCENTS[chance.below(ACCENTS.len())];
        if is_dark {
            let page = [[0, 0, 0], [17, 17, 17], [24, 26, 32]][chance.below(3)];
            return Self {
                page,
                bar: page.map(|level| level + 12),
                card: page.map(|level| level + 28),
                ink: [228; 3],
                pale: [130; 3],
                accent,
            };
        }
        let page = [
            [255, 255, 255],
            [237, 237, 237],
            [245, 246, 250],
            [236, 229, 221],
        ];
        Self {
            page: page[chance.below(4)],
            bar: [[247, 247, 247], accent][chance.below(2)],
            card: [255; 3],
            ink: [25; 3],
            pale: [150; 3],
            accent,
        }
    }
}

/// Where on a page the next thing goes.
struct Page<'a> {
    pixels: RgbImage,
    palette: Palette,
    script: Script,
    chance: &'a mut SplitMix,
    /// Pixels for each of the 360 units of a phone's width.
    unit: f32,
}

impl Page<'_> {
    fn width(&self) -> f32 {
        self.pixels.width() as f32
    }

    fn height(&self) -> f32 {
        self.pixels.height() as f32
    }

    fn hand(&self, height: f32, colour: Colour) -> Hand {
        Hand::new(self.script, height * self.unit, colour)
    }

    fn fill(&mut self, area: Area, radius: f32, colour: Colour) {
        fill(&mut self.pixels, area, radius, colour);
    }

    fn write(&mut self, hand: Hand, at: (f32, f32), width: f32) {
        hand.write(&mut self.pixels, at, width, self.chance);
    }

    fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.chance.unit() as f32
    }

    /// Status bar and title; gives where they end.
    fn header(&mut self) -> f32 {
        let u = self.unit;
        let (width, bar) = (self.width(), self.palette.bar);
        let on_bar = match bar == self.palette.accent {
            true => [255; 3],
            false => self.palette.ink,
        };
        self.fill(Area::new(0.0, 0.0, width, 76.0 * u), 0.0, bar);
        let clock = Hand::new(Script::Latin, 10.0 * u, on_bar);
        self.write(clock, (14.0 * u, 8.0 * u), 34.0 * u);
        for k in 0..3 {
            let icon = Area::new(
                width - (22.0 + 18.0 * k as f32) * u,
                8.0 * u,
                12.0 * u,
                9.0 * u,
            );
            self.fill(icon, 2.0 * u, on_bar);
        }
        let title = self.hand(16.0, on_bar).bold();
        line(
            &mut self.pixels,
            (24.0 * u, 42.0 * u),
            (16.0 * u, 50.0 * u),
            2.0 * u,
            on_bar,
        );
        line(
            &mut self.pixels,
            (16.0 * u, 50.0 * u),
            (24.0 * u, 58.0 * u),
            2.0 * u,
            on_bar,
        );
        let wide = self.between(70.0, 180.0) * u;
        self.write(title, (52.0 * u, 42.0 * u), wide);
        76.0 * u
    }

    /// A face, or what stands for it: a disc or a rounded square with a smaller shape in it.
    fn avatar(&mut self, x: f32, y: f32, side: f32) {
        let u = self.unit;
        let ground = ACCENTS[self.chance.below(5)];
        let radius = [side / 2.0, 4.0 * u][self.chance.below(2)];
        self.fill(Area::new(x, y, side, side), radius, ground);
        let middle = (x + side / 2.0, y + side * 0.4);
        disc(&mut self.pixels, middle, side * 0.18, [235; 3]);
        disc(
            &mut self.pixels,
            (middle.0, y + side * 0.8),
            side * 0.26,
            [235; 3],
        );
    }

    /// A message of words, from the other side or from the owner of the phone; gives its end.
    fn message(&mut self, y: f32, is_own: bool) -> f32 {
        let u = self.unit;
        let lines = 1 + self.chance.below(3);
        let wide = match lines {
            1 => self.between(60.0, 200.0) * u,
            _ => 220.0 * u,
        };
        let high = (14.0 + 19.5 * lines as f32) * u;
        let (side, gap) = (38.0 * u, 10.0 * u);
        let x = match is_own {
            true => self.width() - gap - side - 8.0 * u - wide,
            false => gap + side + 8.0 * u,
        };
        let face = match is_own {
            true => self.width() - gap - side,
            false => gap,
        };
        self.avatar(face, y, side);
        let ground = match (is_own, self.palette.ink[0] > 128) {
            (true, true) => [38, 110, 70],
            (true, false) => [149, 236, 105],
            (false, _) => self.palette.card,
        };
        self.fill(Area::new(x, y, wide, high), 7.0 * u, ground);
        let hand = self.hand(13.0, self.palette.ink);
        hand.paragraph(
            &mut self.pixels,
            (x + 9.0 * u, y + 9.0 * u),
            wide - 16.0 * u,
            lines,
            self.chance,
        );
        y + high + 14.0 * u
    }

    /// The field in which one writes, at the foot.
    fn writing_bar(&mut self) {
        let u = self.unit;
        let (width, height) = (self.width(), self.height());
        let bar = match self.palette.ink[0] > 128 {
            true => self.palette.bar,
            false => [247; 3],
        };
        self.fill(Area::new(0.0, height - 56.0 * u, width, 56.0 * u), 0.0, bar);
        let field = Area::new(48.0 * u, height - 48.0 * u, width - 130.0 * u, 38.0 * u);
        self.fill(field, 6.0 * u, self.palette.card);
        for x in [24.0 * u, width - 60.0 * u, width - 24.0 * u] {
            disc(
                &mut self.pixels,
                (x, height - 29.0 * u),
                12.0 * u,
                self.palette.pale,
            );
        }
    }

    fn icons(&mut self, y: f32, count: usize) {
        let u = self.unit;
        for k in 0..count {
            let x = (24.0 + 44.0 * k as f32) * u;
            disc(&mut self.pixels, (x, y), 11.0 * u, self.palette.ink);
            disc(&mut self.pixels, (x, y), 9.0 * u, self.palette.page);
        }
    }
}

/// A page of this kind around `pictures`, the first of which is the photograph; gives how many of
/// them it shows.
pub(super) fn draw(
    kind: Chrome,
    is_dark: bool,
    pictures: &[&RgbImage],
    chance: &mut SplitMix,
) -> (RgbImage, usize) {
    let width = [720, 828, 1080, 1080, 1170, 1440][chance.below(6)];
    let height = (f64::from(width) * (1.9 + 0.35 * chance.unit())) as u32;
    let script = Script::ALL[chance.below(Script::ALL.len())];
    let palette = Palette::new(is_dark, chance);
    let mut page = Page {
        pixels: RgbImage::from_pixel(width, height, Rgb(palette.page)),
        palette,
        script,
        chance,
        unit: width as f32 / 360.0,
    };
    let shown = match kind {
        Chrome::Chat => chat(&mut page, pictures[0], false),
        Chrome::SmallChat => chat(&mut page, pictures[0], true),
        Chrome::Post(count) => post(&mut page, pictures, usize::from(count)),
        Chrome::Listing => listing(&mut page, pictures[0]),
        Chrome::Feed => feed(&mut page, pictures[0]),
        Chrome::Results => results(&mut page, pictures),
        Chrome::Gallery => gallery(&mut page, pictures[0]),
        Chrome::Story => story(&mut page, pictures[0]),
        Chrome::Browser => return browser(palette, script, pictures, page.chance),
    };
    (page.pixels, shown)
}

/// Width and height of a picture of this shape within a box.
fn fitted(picture: &RgbImage, width: f32, height: f32) -> (f32, f32) {
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    let factor = (width / w).min(height / h);
    ((w * factor).max(2.0), (h * factor).max(2.0))
}

fn chat(page: &mut Page<'_>, picture: &RgbImage, is_small: bool) -> usize {
    let u = page.unit;
    if page.chance.below(3) == 0 {
        doodles(page);
    }
    let mut y = page.header() + 14.0 * u;
    for _ in 0..1 + page.chance.below(3) {
        let is_own = page.chance.below(2) == 0;
        y = page.message(y, is_own);
    }
    let (wide, high) = if is_small {
        let area = page.between(0.10, 0.16) * page.width() * page.height();
        let shape = picture.width() as f32 / picture.height() as f32;
        let wide = (area * shape).sqrt().min(270.0 * u);
        (wide, (area / wide).min(380.0 * u))
    } else {
        let wide = page.between(190.0, 268.0) * u;
        fitted(picture, wide, 330.0 * u)
    };
    let is_own = page.chance.below(2) == 0;
    let padding = [0.0, 0.0, 3.0, 4.5][page.chance.below(4)] * u;
    let radius = [0.0, 4.0, 8.0, 14.0][page.chance.below(4)] * u;
    let x = match is_own {
        true => page.width() - 56.0 * u - wide - padding,
        false => 56.0 * u + padding,
    };
    let face = if is_own {
        page.width() - 48.0 * u
    } else {
        10.0 * u
    };
    page.avatar(face, y, 38.0 * u);
    if padding > 0.0 {
        let bubble = Area::new(
            x - padding,
            y,
            wide + 2.0 * padding,
            high + 2.0 * padding + 18.0 * u,
        );
        let ground = if is_own {
            [200, 240, 190]
        } else {
            page.palette.card
        };
        page.fill(bubble, radius.max(4.0), ground);
        let hand = Hand::new(Script::Latin, 9.0 * u, page.palette.pale);
        page.write(
            hand,
            (x + wide - 40.0 * u, y + high + 2.0 * padding + 4.0 * u),
            36.0 * u,
        );
    }
    let frame = Area::new(x, y + padding, wide, high);
    let shown = cut_to(picture, wide, high);
    lay(&mut page.pixels, &shown, frame, (radius - padding).max(0.0));
    y += high + 2.0 * padding + 34.0 * u;
    while y < page.height() - 150.0 * u {
        let is_own = page.chance.below(2) == 0;
        y = page.message(y, is_own);
    }
    page.writing_bar();
    1
}

/// A pale pattern of rings and strokes under messages.
fn doodles(page: &mut Page<'_>) {
    let u = page.unit;
    let shade = page.palette.page.map(|level| match level > 128 {
        true => level - 9,
        false => level + 9,
    });
    let ground = page.palette.page;
    let (columns, rows) = (360 / 30, (page.height() / u / 30.0) as usize);
    for k in 0..columns * rows {
        let x = (30.0 * (k % columns) as f32 + page.between(4.0, 24.0)) * u;
        let y = (30.0 * (k / columns) as f32 + page.between(4.0, 24.0)) * u;
        match page.chance.below(3) {
            0 => {
                disc(&mut page.pixels, (x, y), 6.0 * u, shade);
                disc(&mut page.pixels, (x, y), 4.5 * u, ground);
            }
            1 => line(
                &mut page.pixels,
                (x, y),
                (x + 9.0 * u, y + 7.0 * u),
                1.5 * u,
                shade,
            ),
            _ => line(
                &mut page.pixels,
                (x, y),
                (x + 2.0 * u, y - 10.0 * u),
                1.5 * u,
                shade,
            ),
        }
    }
}

fn post(page: &mut Page<'_>, pictures: &[&RgbImage], count: usize) -> usize {
    let u = page.unit;
    let mut y = page.header() + 16.0 * u;
    let is_indented = page.chance.below(2) == 0;
    page.avatar(14.0 * u, y, 42.0 * u);
    let left = if is_indented { 68.0 * u } else { 14.0 * u };
    let name = page.hand(14.0, page.palette.accent).bold();
    page.write(name, (68.0 * u, y + 2.0 * u), 120.0 * u);
    y += if is_indented { 26.0 * u } else { 54.0 * u };
    let lines = 1 + page.chance.below(4);
    let words = page.hand(13.5, page.palette.ink);
    let wide = page.width() - left - 20.0 * u;
    y = words.paragraph(&mut page.pixels, (left, y), wide, lines, page.chance) + 8.0 * u;

    let gutter = [1.0, 2.0, 3.0, 4.0, 6.0][page.chance.below(5)] * u;
    let radius = [0.0, 0.0, 3.0, 6.0][page.chance.below(4)] * u;
    let columns = match count {
        1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let room = if is_indented { 250.0 * u } else { wide };
    let cell = match columns {
        1 => room * 0.75,
        2 => (room * 0.7 - gutter) / 2.0,
        _ => (room - 2.0 * gutter) / 3.0,
    };
    // The photograph stands anywhere in the grid.
    let own = page.chance.below(count);
    let mut others = pictures[1..].iter();
    let mut shown = 1;
    for k in 0..count {
        let picture = if k == own {
            pictures[0]
        } else {
            match others.next() {
                Some(other) => {
                    shown += 1;
                    *other
                }
                None => continue,
            }
        };
        let x = left + (k % columns) as f32 * (cell + gutter);
        let top = y + (k / columns) as f32 * (cell + gutter);
        let cut = cut_to(picture, cell, cell);
        lay(
            &mut page.pixels,
            &cut,
            Area::new(x, top, cell, cell),
            radius,
        );
    }
    y += count.div_ceil(columns) as f32 * (cell + gutter) + 12.0 * u;
    let time = page.hand(11.0, page.palette.pale);
    page.write(time, (left, y), 70.0 * u);
    y += 34.0 * u;
    while y < page.height() - 90.0 * u {
        page.avatar(14.0 * u, y, 42.0 * u);
        page.write(name, (68.0 * u, y), 90.0 * u);
        let next = words.paragraph(
            &mut page.pixels,
            (68.0 * u, y + 24.0 * u),
            270.0 * u,
            2,
            page.chance,
        );
        y = next + 26.0 * u;
    }
    shown
}

fn listing(page: &mut Page<'_>, picture: &RgbImage) -> usize {
    let u = page.unit;
    let y = page.header();
    let wide = page.width();
    let (_, high) = fitted(picture, wide, 480.0 * u);
    let high = high.max(180.0 * u);
    let shown = cut_to(picture, wide, high);
    lay(&mut page.pixels, &shown, Area::new(0.0, y, wide, high), 0.0);
    for k in 0..4 {
        let dot = (wide / 2.0 + (k as f32 - 1.5) * 12.0 * u, y + high + 9.0 * u);
        disc(&mut page.pixels, dot, 3.0 * u, page.palette.pale);
    }
    let mut down = y + high + 24.0 * u;
    let price = Hand::new(Script::Latin, 22.0 * u, page.palette.accent).bold();
    page.write(price, (16.0 * u, down), 110.0 * u);
    down += 36.0 * u;
    let title = page.hand(16.0, page.palette.ink).bold();
    down = title.paragraph(
        &mut page.pixels,
        (16.0 * u, down),
        wide - 32.0 * u,
        2,
        page.chance,
    );
    let words = page.hand(12.5, page.palette.pale);
    words.paragraph(
        &mut page.pixels,
        (16.0 * u, down + 10.0 * u),
        wide - 32.0 * u,
        6,
        page.chance,
    );
    let foot = page.height() - 60.0 * u;
    let card = page.palette.card;
    page.fill(Area::new(0.0, foot, wide, 60.0 * u), 0.0, card);
    let accent = page.palette.accent;
    page.fill(
        Area::new(wide - 220.0 * u, foot + 10.0 * u, 204.0 * u, 40.0 * u),
        20.0 * u,
        accent,
    );
    let buy = page.hand(14.0, [255; 3]);
    page.write(buy, (wide - 160.0 * u, foot + 22.0 * u), 90.0 * u);
    1
}

fn feed(page: &mut Page<'_>, picture: &RgbImage) -> usize {
    let u = page.unit;
    let mut y = page.header() + 10.0 * u;
    let wide = page.width();
    page.avatar(12.0 * u, y, 34.0 * u);
    let name = page.hand(13.0, page.palette.ink).bold();
    page.write(name, (56.0 * u, y + 10.0 * u), 110.0 * u);
    y += 44.0 * u;
    let high = wide * [1.0, 1.25, 0.75][page.chance.below(3)];
    let shown = cut_to(picture, wide, high);
    lay(&mut page.pixels, &shown, Area::new(0.0, y, wide, high), 0.0);
    y += high + 26.0 * u;
    page.icons(y, 4);
    y += 24.0 * u;
    let words = page.hand(12.5, page.palette.ink);
    y = words.paragraph(
        &mut page.pixels,
        (14.0 * u, y),
        wide - 28.0 * u,
        3,
        page.chance,
    );
    if y + 60.0 * u < page.height() {
        page.avatar(12.0 * u, y + 16.0 * u, 34.0 * u);
        page.write(name, (56.0 * u, y + 26.0 * u), 130.0 * u);
    }
    1
}

fn results(page: &mut Page<'_>, pictures: &[&RgbImage]) -> usize {
    let u = page.unit;
    let mut y = page.header() + 8.0 * u;
    let gap = page.between(4.0, 12.0) * u;
    let wide = (page.width() - 3.0 * gap) / 2.0;
    let radius = [0.0, 4.0, 10.0][page.chance.below(3)] * u;
    let own = page.chance.below(4);
    let mut others = pictures[1..].iter();
    let (mut shown, mut number) = (1, 0);
    while y < page.height() - 120.0 * u {
        for column in 0..2 {
            let picture = if number == own {
                Some(pictures[0])
            } else {
                shown += usize::from(others.len() > 0);
                others.next().copied()
            };
            number += 1;
            let Some(picture) = picture else { continue };
            let x = gap + column as f32 * (wide + gap);
            let card = page.palette.card;
            page.fill(Area::new(x, y, wide, wide + 84.0 * u), radius, card);
            let cut = cut_to(picture, wide, wide);
            lay(&mut page.pixels, &cut, Area::new(x, y, wide, wide), radius);
            let words = page.hand(12.0, page.palette.ink);
            let at = (x + 8.0 * u, y + wide + 8.0 * u);
            words.paragraph(&mut page.pixels, at, wide - 16.0 * u, 2, page.chance);
            let price = Hand::new(Script::Latin, 15.0 * u, page.palette.accent).bold();
            page.write(price, (x + 8.0 * u, y + wide + 56.0 * u), 70.0 * u);
        }
        if number > own && others.len() == 0 && number > 3 {
            break;
        }
        y += wide + 84.0 * u + gap;
    }
    shown
}

fn gallery(page: &mut Page<'_>, picture: &RgbImage) -> usize {
    let u = page.unit;
    let (width, height) = (page.width(), page.height());
    let (wide, high) = fitted(picture, width, height - 160.0 * u);
    let frame = Area::new((width - wide) / 2.0, (height - high) / 2.0, wide, high);
    lay(&mut page.pixels, picture, frame, 0.0);
    let ink = page.palette.ink;
    let clock = Hand::new(Script::Latin, 10.0 * u, ink);
    page.write(clock, (14.0 * u, 8.0 * u), 34.0 * u);
    let count = Hand::new(Script::Latin, 14.0 * u, ink);
    page.write(count, (width / 2.0 - 14.0 * u, 40.0 * u), 30.0 * u);
    for k in 0..4 {
        let at = ((45.0 + 90.0 * k as f32) * u, height - 36.0 * u);
        disc(&mut page.pixels, at, 9.0 * u, ink);
    }
    1
}

fn story(page: &mut Page<'_>, picture: &RgbImage) -> usize {
    let u = page.unit;
    let (width, height) = (page.width(), page.height());
    let ground = cut_to(picture, width, height);
    // Blurred at a sixteenth of the size: as smooth, and quick.
    let small = imageops::resize(
        &ground,
        (width / 16.0) as u32,
        (height / 16.0) as u32,
        imageops::FilterType::Triangle,
    );
    let blurred = imageops::blur(&small, 2.5);
    lay(
        &mut page.pixels,
        &blurred,
        Area::new(0.0, 0.0, width, height),
        0.0,
    );
    let (wide, high) = fitted(picture, width * page.between(0.86, 1.0), height * 0.7);
    let frame = Area::new((width - wide) / 2.0, (height - high) / 2.0, wide, high);
    let radius = [0.0, 8.0][page.chance.below(2)] * u;
    lay(&mut page.pixels, picture, frame, radius);
    page.avatar(14.0 * u, 26.0 * u, 32.0 * u);
    let name = page.hand(13.0, [255; 3]).bold();
    page.write(name, (56.0 * u, 34.0 * u), 120.0 * u);
    1
}

fn browser(
    palette: Palette,
    script: Script,
    pictures: &[&RgbImage],
    chance: &mut SplitMix,
) -> (RgbImage, usize) {
    let (width, height) = [(1366, 768), (1920, 1080), (1440, 900)][chance.below(3)];
    let mut page = Page {
        pixels: RgbImage::from_pixel(width, height, Rgb(palette.page)),
        palette,
        script,
        chance,
        unit: height as f32 / 540.0,
    };
    let (u, wide) = (page.unit, page.width());
    page.fill(Area::new(0.0, 0.0, wide, 28.0 * u), 0.0, palette.pale);
    page.fill(
        Area::new(8.0 * u, 4.0 * u, 150.0 * u, 24.0 * u),
        6.0 * u,
        palette.card,
    );
    page.fill(Area::new(0.0, 28.0 * u, wide, 30.0 * u), 0.0, palette.card);
    page.fill(
        Area::new(70.0 * u, 32.0 * u, wide * 0.6, 22.0 * u),
        11.0 * u,
        palette.page,
    );
    let address = Hand::new(Script::Latin, 9.0 * u, palette.ink);
    page.write(address, (84.0 * u, 38.0 * u), 200.0 * u);
    let (shown_wide, shown_high) = fitted(pictures[0], wide * 0.45, 400.0 * u);
    let (x, y) = (60.0 * u, 84.0 * u);
    let radius = [0.0, 6.0][page.chance.below(2)] * u;
    let frame = Area::new(x, y, shown_wide, shown_high);
    lay(&mut page.pixels, pictures[0], frame, radius);
    let right = x + shown_wide + 40.0 * u;
    let room = (wide - right - 40.0 * u).max(80.0 * u);
    let title = page.hand(18.0, palette.ink).bold();
    let down = title.paragraph(&mut page.pixels, (right, y), room, 2, page.chance);
    let price = Hand::new(Script::Latin, 24.0 * u, palette.accent).bold();
    page.write(price, (right, down + 10.0 * u), 120.0 * u);
    let words = page.hand(11.0, palette.pale);
    words.paragraph(
        &mut page.pixels,
        (right, down + 60.0 * u),
        room,
        7,
        page.chance,
    );
    let buy = Area::new(right, down + 200.0 * u, 160.0 * u, 34.0 * u);
    page.fill(buy, 5.0 * u, palette.accent);
    (page.pixels, 1)
}
