//! A decoded picture of brightness and colour differences, and the way to RGB.

use crate::photo::PhotoError;

/// A picture as its codec gives it.
pub(super) struct Planes {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of a sample, 8 to 16.
    pub(super) depth: u32,
    /// Brightness and the two differences, each with its samples in a row; a grey picture has
    /// the first one only.
    pub(super) planes: Vec<(Samples, usize)>,
    /// Pixels that share a colour, across and down, as powers of two.
    pub(super) shift: (u32, u32),
    /// What the bit stream says of its colours; a container that says something wins.
    pub(super) code_points: CodePoints,
}

/// Samples of one plane.
pub(super) enum Samples {
    /// As AV1 stores 8 bits.
    #[cfg(feature = "avif")]
    Narrow(Vec<u8>),
    Wide(Vec<u16>),
}

impl Samples {
    fn get(&self, index: usize) -> u16 {
        match self {
            #[cfg(feature = "avif")]
            Self::Narrow(samples) => samples.get(index).copied().unwrap_or_default().into(),
            Self::Wide(samples) => samples.get(index).copied().unwrap_or_default(),
        }
    }
}

/// ITU-T H.273's numbers for colours; 2 is "unspecified".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodePoints {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) is_full_range: bool,
}

impl Planes {
    pub(super) fn is_grey(&self) -> bool {
        self.planes.len() < 3
    }

    /// A sample of brightness.
    fn luma(&self, x: usize, y: usize) -> u16 {
        let (samples, stride) = &self.planes[0];
        samples.get(y * stride + x)
    }
}

/// How samples become RGB of the same depth.
pub(super) struct Matrix {
    kind: Kind,
    highest: f32,
    /// Black's sample, and what brings brightness and differences to the whole range.
    black: f32,
    middle: f32,
    luma: f32,
    chroma: f32,
}

enum Kind {
    /// Green, blue and red as they are.
    Identity,
    YCgCo,
    /// Red of Cr, green of Cb and of Cr, blue of Cb.
    Weights([f32; 4]),
}

impl Matrix {
    /// # Errors
    /// [`PhotoError::Unsupported`] for a matrix that needs more than weights.
    pub(super) fn new(of: CodePoints, depth: u32) -> Result<Self, PhotoError> {
        let weights = |red: f32, blue: f32| {
            let green = 1.0 - red - blue;
            let (of_red, of_blue) = (2.0 - 2.0 * red, 2.0 - 2.0 * blue);
            Kind::Weights([
                of_red,
                -of_blue * blue / green,
                -of_red * red / green,
                of_blue,
            ])
        };
        let kind = match of.matrix {
            0 => Kind::Identity,
            1 => weights(0.2126, 0.0722),
            4 => weights(0.3, 0.11),
            7 => weights(0.212, 0.087),
            8 => Kind::YCgCo,
            9 => weights(0.2627, 0.0593),
            // Of the primaries.
            12 => match of.primaries {
                9 => weights(0.2627, 0.0593),
                11 | 12 => weights(0.228_975, 0.079_287),
                4..=7 => weights(0.299, 0.114),
                _ => weights(0.2126, 0.0722),
            },
            other @ (10 | 11 | 13 | 14) => {
                return Err(PhotoError::Unsupported(format!(
                    "a picture with matrix coefficients {other}, which is not read"
                )));
            }
            // BT.601, which is also what nothing means.
            _ => weights(0.299, 0.114),
        };
        let highest = ((1_u32 << depth) - 1) as f32;
        let unit = (1_u32 << (depth - 8)) as f32;
        let (black, luma, chroma) = match of.is_full_range {
            true => (0.0, 1.0, 1.0),
            false => (
                16.0 * unit,
                highest / (219.0 * unit),
                highest / (224.0 * unit),
            ),
        };
        Ok(Self {
            kind,
            highest,
            black,
            middle: 128.0 * unit,
            luma,
            chroma,
        })
    }

    /// Brightness alone, over the whole range.
    pub(super) fn grey(&self, luma: u16) -> u16 {
        self.clip((f32::from(luma) - self.black) * self.luma)
    }

    fn rgb(&self, [y, cb, cr]: [f32; 3]) -> [u16; 3] {
        let luma = (y - self.black) * self.luma;
        let difference = |value: f32| (value - self.middle) * self.chroma;
        let rgb = match self.kind {
            Kind::Identity => [cr, y, cb].map(|value| (value - self.black) * self.luma),
            Kind::YCgCo => {
                let (cg, co) = (difference(cb), difference(cr));
                [luma - cg + co, luma + cg, luma - cg - co]
            }
            Kind::Weights([red, green_of_cb, green_of_cr, blue]) => {
                let (cb, cr) = (difference(cb), difference(cr));
                [
                    luma + red * cr,
                    luma + green_of_cb * cb + green_of_cr * cr,
                    luma + blue * cb,
                ]
            }
        };
        rgb.map(|value| self.clip(value))
    }

    fn clip(&self, value: f32) -> u16 {
        (value + 0.5).clamp(0.0, self.highest) as u16
    }

    /// Writes the colours of a row of `planes` to pixels of `samples` samples; those of which it
    /// holds none are left as they are.
    pub(super) fn row(&self, planes: &Planes, y: usize, out: &mut [u16], samples: usize) {
        let pixels = out.chunks_exact_mut(samples).take(planes.width as usize);
        if planes.is_grey() {
            for (x, pixel) in pixels.enumerate() {
                let grey = self.grey(planes.luma(x, y));
                let colours = if samples > 2 { 3 } else { 1 };
                pixel[..colours].fill(grey);
            }
            return;
        }
        let (across, down) = planes.shift;
        let colour = |plane: usize, x: usize| {
            let (samples, stride) = &planes.planes[plane];
            f32::from(samples.get((y >> down) * stride + (x >> across)))
        };
        for (x, pixel) in pixels.enumerate() {
            let rgb = self.rgb([planes.luma(x, y).into(), colour(1, x), colour(2, x)]);
            pixel[..3].copy_from_slice(&rgb);
        }
    }

    /// Writes the brightness of a row of `planes`, in samples of `depth` bits, to the last sample
    /// of each pixel.
    pub(super) fn alpha(
        &self,
        planes: &Planes,
        y: usize,
        out: &mut [u16],
        samples: usize,
        depth: u32,
    ) {
        let highest = (1_u32 << depth) - 1;
        let own = (1_u32 << planes.depth) - 1;
        for (x, pixel) in out
            .chunks_exact_mut(samples)
            .take(planes.width as usize)
            .enumerate()
        {
            let alpha = u32::from(self.grey(planes.luma(x, y)));
            pixel[samples - 1] = ((alpha * highest + own / 2) / own) as u16;
        }
    }
}
