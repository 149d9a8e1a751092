//! Which format the bytes are, whatever the file is called.

use image::ImageFormat;

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
    /// TIFF, first page.
    Tiff,
    /// AVIF, only when built with the `avif` feature.
    Avif,
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
        }
    }

    /// The names of all formats of this build, in a fixed order.
    #[must_use]
    pub fn built_in() -> Vec<&'static str> {
        let mut formats = vec!["jpeg", "png", "webp", "gif", "bmp", "tiff"];
        if cfg!(feature = "avif") {
            formats.push("avif");
        }
        formats
    }

    pub(super) fn decoder(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::WebP => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Tiff => ImageFormat::Tiff,
            Self::Avif => ImageFormat::Avif,
        }
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
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => Ok(Format::Jpeg),
        Ok(ImageFormat::Png) => Ok(Format::Png),
        Ok(ImageFormat::WebP) => Ok(Format::WebP),
        Ok(ImageFormat::Gif) => Ok(Format::Gif),
        Ok(ImageFormat::Bmp) => Ok(Format::Bmp),
        Ok(ImageFormat::Tiff) => Ok(Format::Tiff),
        Ok(ImageFormat::Avif) if cfg!(feature = "avif") => Ok(Format::Avif),
        _ => Err(PhotoError::Unsupported(describe(bytes))),
    }
}

/// Says in words what bytes that we do not read seem to be.
fn describe(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(512)];
    let brand = start.get(4..12).filter(|b| b.starts_with(b"ftyp"));
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let what = match brand.map(|b| &b[4..]) {
        Some(b"avif" | b"avis") => {
            return "AVIF is not built in: build with `--features avif` where libdav1d is installed"
                .into();
        }
        Some(b"heic" | b"heix" | b"hevc" | b"hevx" | b"mif1" | b"msf1" | b"heim" | b"heis") => {
            "HEIC"
        }
        Some(_) => "a video or other ISO media file",
        None if start.starts_with(b"%PDF") => "PDF",
        None if start.starts_with(b"PK\x03\x04") => "a ZIP archive",
        None if start.starts_with(b"\xff\x0a") || start.starts_with(b"\0\0\0\x0cJXL ") => "JPEG XL",
        None if start.starts_with(b"\0\0\x01\0") => "a Windows icon",
        None if start.starts_with(b"8BPS") => "a Photoshop document",
        None if text.contains("<svg") => "SVG, a drawing",
        None if text.contains("<html") || text.contains("<!doctype") => {
            "an HTML page (a failed download?)"
        }
        None => {
            return format!(
                "not a picture of a known format ({} are read)",
                Format::built_in().join(", ")
            );
        }
    };
    format!(
        "{what}, which is not read (only {})",
        Format::built_in().join(", ")
    )
}
