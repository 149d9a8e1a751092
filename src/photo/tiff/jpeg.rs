//! JPEG inside TIFF: strips or tiles that share their tables.

use super::codec::Source;
use super::picture::Picture;
use crate::photo::PhotoError;

pub(super) fn open<'a>(
    _data: &'a [u8],
    _picture: &'a Picture<'a>,
    _size: (u32, u32),
) -> Result<Box<dyn Source + 'a>, PhotoError> {
    Err(PhotoError::Unsupported(
        "a TIFF with JPEG inside, which is not read".into(),
    ))
}
