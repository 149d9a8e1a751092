//! Which format the bytes are, whatever the file is called.

use super::PhotoError;

/// A picture format that faunalens reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive; grey, YCbCr, RGB, CMYK and YCCK.
    Jpeg,
    /// PNG; of an animated PNG, the default picture.
    Png,
    /// WebP; of an animation, the first frame.
    WebP,
    /// GIF, first frame.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF and BigTIFF, first page.
    Tiff,
    /// AVIF, where the feature `avif` is built in; of a sequence, its primary picture.
    Avif,
    /// HEIC, where the feature `heic` is built in; of a sequence, its primary picture.
    Heic,
    /// JPEG XL, where the feature `jxl` is built in; of an animation, the first frame.
    Jxl,
}

impl Format {
    /// The lower-case name used in records, such as `jpeg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Avif => "avif",
            Self::Heic => "heic",
            Self::Jxl => "jxl",
        }
    }

    /// What is said of a format that this build does not read.
    pub(super) fn not_built_in(self) -> PhotoError {
        let name = self.name();
        PhotoError::Unsupported(format!(
            "{} is not built in: this program was built without the feature `{name}`",
            name.to_ascii_uppercase()
        ))
    }

    fn is_built_in(self) -> bool {
        (cfg!(feature = "avif") || self != Self::Avif)
            && (cfg!(feature = "heic") || self != Self::Heic)
            && (cfg!(feature = "jxl") || self != Self::Jxl)
    }

    /// The names of all formats of this build, in a fixed order.
    #[must_use]
    pub fn built_in() -> Vec<&'static str> {
        const ALL: [Format; 9] = [
            Format::Jpeg,
            Format::Png,
            Format::WebP,
            Format::Gif,
            Format::Bmp,
            Format::Tiff,
            Format::Avif,
            Format::Heic,
            Format::Jxl,
        ];
        let built_in = ALL.into_iter().filter(|format| format.is_built_in());
        built_in.map(Self::name).collect()
    }
}

/// Recognises the format from the first bytes alone.
///
/// # Errors
/// [`PhotoError::Corrupt`] for an empty file, [`PhotoError::Unsupported`] with
/// the name of what it seems to be otherwise.
pub fn sniff(bytes: &[u8]) -> Result<Format, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Corrupt("the file is empty".into()));
    }
    let format = recognise(bytes).ok_or_else(|| PhotoError::Unsupported(describe(bytes)))?;
    if format.is_built_in() {
        return Ok(format);
    }
    Err(format.not_built_in())
}

fn recognise(bytes: &[u8]) -> Option<Format> {
    let starts = |with: &[u8]| bytes.starts_with(with);
    Some(match bytes {
        _ if starts(b"\xff\xd8\xff") => Format::Jpeg,
        _ if starts(b"\x89PNG\r\n\x1a\n") => Format::Png,
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Format::WebP,
        _ if starts(b"GIF87a") || starts(b"GIF89a") => Format::Gif,
        _ if starts(b"BM") => Format::Bmp,
        // BigTIFF is version 43.
        _ if starts(b"II*\0") || starts(b"MM\0*") => Format::Tiff,
        _ if starts(b"II+\0") || starts(b"MM\0+") => Format::Tiff,
        _ if starts(b"\xff\x0a") || starts(JXL_CONTAINER) => Format::Jxl,
        _ => {
            let brands = brands(bytes)?;
            let has = |of: &[[u8; 4]]| brands.iter().any(|brand| of.contains(brand));
            if has(&[*b"avif", *b"avis"]) {
                Format::Avif
            } else if has(HEVC_BRANDS) {
                Format::Heic
            } else {
                return None;
            }
        }
    })
}

const JXL_CONTAINER: &[u8] = b"\0\0\0\x0cJXL \r\n\x87\n";

/// Pictures and sequences of pictures in HEVC.
const HEVC_BRANDS: &[[u8; 4]] = &[
    *b"heic", *b"heix", *b"heim", *b"heis", *b"hevc", *b"hevx", *b"hevm", *b"hevs",
];

/// The brands of an ISO media file, the major one first.
fn brands(bytes: &[u8]) -> Option<&[[u8; 4]]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let rest = rest.strip_prefix(b"ftyp")?;
    let length = (u32::from_be_bytes(*length) as usize).saturating_sub(8);
    // The second four bytes are a version, which is no brand that anyone knows.
    Some(rest[..length.min(rest.len()).min(256)].as_chunks().0)
}

/// Says in words what bytes that we do not read seem to be.
fn describe(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(512)];
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let iso = brands(bytes).unwrap_or_default();
    let is = |brand: &[u8; 4]| iso.contains(brand);
    let starts = |with: &[&[u8]]| with.iter().any(|with| start.starts_with(with));
    let riff = start.get(8..12).filter(|_| start.starts_with(b"RIFF"));
    let what = if is(b"crx ") || starts(&[b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"])
    {
        "a camera's raw file"
    } else if is(b"mif1") || is(b"msf1") || is(b"jpeg") || is(b"vvic") || is(b"miaf") {
        "HEIF with another codec than HEVC or AV1"
    } else if !iso.is_empty() {
        "a video or other ISO media file"
    } else if starts(&[
        b"\x1a\x45\xdf\xa3",
        b"FLV\x01",
        b"\0\0\x01\xba",
        b"\x30\x26\xb2\x75",
    ]) || riff == Some(b"AVI ")
    {
        "a video"
    } else if starts(&[b"\0\0\0\x0cjP  \r\n", b"\xff\x4f\xff\x51"]) {
        "JPEG 2000"
    } else if starts(&[b"%PDF"]) {
        "PDF"
    } else if starts(&[b"PK\x03\x04"]) {
        "a ZIP archive"
    } else if starts(&[b"\0\0\x01\0", b"\0\0\x02\0"]) {
        "a Windows icon"
    } else if starts(&[b"8BPS"]) {
        "a Photoshop document"
    } else if starts(&[b"%!PS", b"\xc5\xd0\xd3\xc6"]) {
        "PostScript, a drawing"
    } else if starts(&[b"\x76\x2f\x31\x01"]) {
        "OpenEXR"
    } else if starts(&[b"#?RADIANCE", b"#?RGBE"]) {
        "Radiance HDR"
    } else if starts(&[b"gimp xcf"]) {
        "a GIMP document"
    } else if starts(&[b"qoif"]) {
        "QOI"
    } else if starts(&[b"II\xbc\x01"]) {
        "JPEG XR"
    } else if matches!(start, [b'P', b'1'..=b'7', b' ' | b'\n' | b'\r' | b'\t', ..]) {
        "Netpbm"
    } else if text.contains("<svg") {
        "SVG, a drawing"
    } else if text.contains("<html") || text.contains("<!doctype") {
        "an HTML page (a failed download?)"
    } else {
        return format!(
            "not a picture of a known format ({} are read)",
            Format::built_in().join(", ")
        );
    };
    format!(
        "{what}, which is not read (only {})",
        Format::built_in().join(", ")
    )
}
