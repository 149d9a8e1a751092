//! How rows are stored, and what their samples mean.

/// What one pixel of a row is made of, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Inks: 0 is none, the largest value all of it, as TIFF stores them.
    Cmyk,
    /// Inks the other way round, as Adobe's JPEGs store them.
    CmykInverted,
}

impl Channels {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk | Self::CmykInverted => 4,
        }
    }

    pub(super) fn is_grey(self) -> bool {
        matches!(self, Self::Grey | Self::GreyAlpha)
    }

    pub(super) fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }

    /// What is left when alpha is laid on white.
    pub(super) fn without_alpha(self) -> Self {
        match self {
            Self::GreyAlpha => Self::Grey,
            Self::Rgba => Self::Rgb,
            _ => self,
        }
    }
}

/// How the rows of a picture are stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) channels: Channels,
    /// Bytes a sample: 1, or 2 in the machine's byte order.
    pub(super) bytes: usize,
    /// What the samples mean.
    pub(super) colours: Colours,
    /// Colours are multiplied by their alpha already.
    pub(super) premultiplied: bool,
}

impl Layout {
    /// Rows in sRGB, with straight alpha if any.
    pub(super) fn new(channels: Channels, bytes: usize) -> Self {
        Self {
            channels,
            bytes,
            colours: Colours::Srgb,
            premultiplied: false,
        }
    }

    /// The same rows with another meaning.
    pub(super) fn with_colours(self, colours: Colours) -> Self {
        Self { colours, ..self }
    }

    /// The same rows with the profile that the file embeds, if any.
    pub(super) fn with_profile(self, profile: Option<Vec<u8>>) -> Self {
        match profile {
            Some(profile) => self.with_colours(Colours::Icc(profile)),
            None => self,
        }
    }

    /// The same rows with colours that are multiplied by their alpha already.
    pub(super) fn premultiplied(self) -> Self {
        Self {
            premultiplied: true,
            ..self
        }
    }
}

/// What the samples of a picture mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Colours {
    /// sRGB, as of every picture that says nothing.
    Srgb,
    /// An ICC profile, as the file holds it.
    Icc(Vec<u8>),
    /// PNG's gAMA and cHRM. `encoding` is the exponent with which the file was written, such as
    /// 0.45455; where one is missing, that of sRGB.
    Gamma {
        encoding: Option<f64>,
        chromaticities: Option<Chromaticities>,
    },
    /// Code points of ITU-T H.273, of samples that are RGB in full range (or grey).
    Cicp { primaries: u8, transfer: u8 },
}

/// x and y of white, red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chromaticities {
    pub(super) white: (f64, f64),
    pub(super) red: (f64, f64),
    pub(super) green: (f64, f64),
    pub(super) blue: (f64, f64),
}

/// 16 bits to 8, rounded: 65535 / 255 = 257.
pub(super) fn narrow(wide: u16) -> u8 {
    ((u32::from(wide) + 128) / 257) as u8
}

/// A sample of a row with straight or associated alpha laid on white, in the row's own levels:
/// `most` is white and opaque, at most 65535. Wide samples are laid before they are narrowed, since
/// a colour and an alpha that are rounded apart are up to three levels off.
pub(super) fn on_white(value: u32, alpha: u32, most: u32, premultiplied: bool) -> u32 {
    match premultiplied {
        true => (value + (most - alpha)).min(most),
        false => (value * alpha + most * (most - alpha) + most / 2) / most,
    }
}

/// A wide sample laid on white, at 8 bits.
pub(super) fn wide_on_white(value: u16, alpha: u16, premultiplied: bool) -> u8 {
    let most = u32::from(u16::MAX);
    let laid = on_white(value.into(), alpha.into(), most, premultiplied);
    narrow(u16::try_from(laid).unwrap_or(u16::MAX))
}
