//! The boxes of a HEIF file: which items make the primary picture, and how it lies.

use heifer_isobmff::boxes::{ColorInfo, Property};
use heifer_isobmff::{BoxIter, HeifFile};
use image::metadata::Orientation;

use super::planes::{CodePoints, Planes};
#[cfg(not(all(feature = "avif", feature = "heic")))]
use crate::photo::Format;
use crate::photo::PhotoError;
use crate::photo::colour::Colours;

/// Bytes of each of the tables of items: some thousands of tiles. What is looked up in them is
/// searched for from the start, so that longer ones would take long.
const MOST_TABLE: usize = 256 << 10;

const ALPHA: [&str; 2] = [
    "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    "urn:mpeg:hevc:2015:auxid:1",
];

/// The part of a stored picture that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crop {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A HEIF file's items.
pub(super) struct Container<'a> {
    file: HeifFile<'a>,
}

fn corrupt(error: &impl std::fmt::Display) -> PhotoError {
    PhotoError::Corrupt(format!("a broken HEIC or AVIF file: {error}"))
}

fn unsupported(what: impl std::fmt::Display) -> PhotoError {
    PhotoError::Unsupported(format!(
        "a HEIC or AVIF file with {what}, which is not read"
    ))
}

impl<'a> Container<'a> {
    /// # Errors
    /// [`PhotoError::Corrupt`] or [`PhotoError::Unsupported`], such as for a sequence that has
    /// no still picture beside it.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        check_tables(bytes)?;
        let file = HeifFile::parse(bytes).map_err(|error| corrupt(&error))?;
        Ok(Self { file })
    }

    pub(super) fn primary(&self) -> u32 {
        self.file.primary_id
    }

    fn properties(&self, item: u32) -> impl Iterator<Item = &Property> {
        self.file.item_properties(item).into_iter().flatten()
    }

    /// Width and height of an item as stored.
    pub(super) fn size(&self, item: u32) -> Result<(u32, u32), PhotoError> {
        let size = self.properties(item).find_map(|property| match property {
            Property::ImageSize { width, height } => Some((*width, *height)),
            _ => None,
        });
        size.filter(|&(width, height)| width > 0 && height > 0)
            .ok_or_else(|| corrupt(&"a picture without a size"))
    }

    /// Size as stored, and what is done to it: turned, and before that cut out.
    pub(super) fn geometry(
        &self,
        item: u32,
    ) -> Result<((u32, u32), Orientation, Crop), PhotoError> {
        let size = self.size(item)?;
        let mut crop = Crop {
            left: 0,
            top: 0,
            width: size.0,
            height: size.1,
        };
        // Quarter turns clockwise, then whether left and right are exchanged.
        let (mut turns, mut is_mirrored) = (0, false);
        for property in self.properties(item) {
            match *property {
                Property::Rotation(quarters) => {
                    let clockwise = 4 - u32::from(quarters);
                    turns += if is_mirrored {
                        4 - clockwise
                    } else {
                        clockwise
                    };
                }
                Property::Mirror(is_top_bottom) => {
                    is_mirrored = !is_mirrored;
                    turns += if is_top_bottom { 2 } else { 0 };
                }
                Property::CleanAperture {
                    width,
                    height,
                    horiz_offset,
                    vert_offset,
                } => {
                    if turns % 4 != 0 || is_mirrored {
                        return Err(unsupported("a picture that is turned before it is cut"));
                    }
                    (crop.left, crop.width) = cut(size.0, width, horiz_offset)?;
                    (crop.top, crop.height) = cut(size.1, height, vert_offset)?;
                }
                _ => {}
            }
        }
        let orientation = match (turns % 4, is_mirrored) {
            (0, false) => Orientation::NoTransforms,
            (1, false) => Orientation::Rotate90,
            (2, false) => Orientation::Rotate180,
            (_, false) => Orientation::Rotate270,
            (0, true) => Orientation::FlipHorizontal,
            (1, true) => Orientation::Rotate90FlipH,
            (2, true) => Orientation::FlipVertical,
            (_, true) => Orientation::Rotate270FlipH,
        };
        Ok((size, orientation, crop))
    }

    /// The coded items that make up an item, row by row, and how many lie side by side.
    pub(super) fn tiles(&self, item: u32) -> Result<(Vec<u32>, usize), PhotoError> {
        let entry = self.file.item(item).map_err(|error| corrupt(&error))?;
        match &entry.item_type.0 {
            b"grid" => {
                let grid = self.file.grid(item).map_err(|error| corrupt(&error))?;
                let columns = usize::from(grid.columns);
                let tiles = self.file.referenced_items(item, b"dimg");
                if tiles.len() != columns * usize::from(grid.rows) {
                    return Err(corrupt(&"a grid of another number of tiles than it says"));
                }
                if (grid.output_width, grid.output_height) != self.size(item)? {
                    return Err(corrupt(&"a grid of another size than it says"));
                }
                Ok((tiles.to_vec(), columns))
            }
            _ => Ok((vec![item], 1)),
        }
    }

    /// The item that holds an item's transparency.
    pub(super) fn alpha(&self, item: u32) -> Option<u32> {
        let of = self.file.referencing_items(item, b"auxl");
        of.into_iter().find(|&aux| {
            self.properties(aux).any(|property| {
                matches!(property, Property::AuxiliaryType(kind) if ALPHA.contains(&kind.as_str()))
            })
        })
    }

    /// Whether colours are multiplied by that transparency.
    pub(super) fn is_premultiplied(&self, item: u32, alpha: u32) -> bool {
        self.file.referenced_items(item, b"prem").contains(&alpha)
    }

    /// What samples of an item mean: the container's word before the bit stream's.
    pub(super) fn code_points(&self, item: u32, planes: &Planes) -> CodePoints {
        let own = self.properties(item).find_map(|property| match *property {
            Property::Color(ColorInfo::Nclx {
                primaries,
                transfer,
                matrix,
                full_range,
            }) => Some(CodePoints {
                primaries,
                transfer,
                matrix,
                is_full_range: full_range,
            }),
            _ => None,
        });
        own.unwrap_or(planes.code_points)
    }

    /// The colours that the picture's RGB is of.
    pub(super) fn colours(&self, item: u32, first: &Planes) -> Colours {
        if let Ok(Some(profile)) = self.file.icc_profile(item) {
            return Colours::Icc(profile.to_vec());
        }
        // A grid's own word, else its first tile's.
        let first_tile = self.file.referenced_items(item, b"dimg").first().copied();
        let own = self.code_points(item, first);
        let CodePoints {
            primaries,
            transfer,
            ..
        } = match first_tile {
            Some(tile) if own == first.code_points => self.code_points(tile, first),
            _ => own,
        };
        // BT.709's curve is what cameras write for sRGB, and browsers show it so.
        if matches!(primaries, 0..=2) && matches!(transfer, 0..=2 | 6 | 13) {
            return Colours::Srgb;
        }
        let default = |value: u16, default: u8| match value {
            0 | 2 => default,
            value => u8::try_from(value).unwrap_or(default),
        };
        Colours::Cicp {
            primaries: default(primaries, 1),
            transfer: match transfer {
                1 | 6 => 13,
                transfer => default(transfer, 13),
            },
        }
    }

    /// Decodes a coded item, which should be of this size.
    pub(super) fn decode(&self, item: u32, size: (u32, u32)) -> Result<Planes, PhotoError> {
        let entry = self.file.item(item).map_err(|error| corrupt(&error))?;
        let most = u64::from(size.0.next_multiple_of(64)) * u64::from(size.1.next_multiple_of(64));
        match &entry.item_type.0 {
            #[cfg(feature = "heic")]
            b"hvc1" | b"hev1" => {
                let stream = self
                    .file
                    .hevc_bitstream(item)
                    .map_err(|error| corrupt(&error))?;
                super::hevc::decode(&stream, most)
            }
            #[cfg(not(feature = "heic"))]
            b"hvc1" | b"hev1" => Err(Format::Heic.not_built_in()),
            #[cfg(feature = "avif")]
            b"av01" => {
                let data = self.file.item_data(item).map_err(|error| corrupt(&error))?;
                super::av1::decode(&data, most)
            }
            #[cfg(not(feature = "avif"))]
            b"av01" => Err(Format::Avif.not_built_in()),
            b"iovl" => Err(unsupported("pictures laid over one another")),
            b"iden" => Err(unsupported("a picture derived from another")),
            b"jpeg" => Err(unsupported("JPEG inside")),
            b"avc1" => Err(unsupported("H.264 inside")),
            b"vvc1" => Err(unsupported("H.266 inside")),
            b"unci" => Err(unsupported("uncompressed pictures")),
            _ => Err(unsupported(format!("items of type {}", entry.item_type))),
        }
    }
}

/// Refuses tables that are longer than any writer's.
fn check_tables(bytes: &[u8]) -> Result<(), PhotoError> {
    let mut has_pictures = false;
    for top in BoxIter::new(bytes) {
        let Ok(top) = top else { break };
        if top.header.box_type.0 != *b"meta" {
            continue;
        }
        has_pictures = true;
        for inner in BoxIter::new(top.content.get(4..).unwrap_or_default()) {
            let Ok(inner) = inner else { break };
            let is_table = matches!(&inner.header.box_type.0, b"iinf" | b"iloc" | b"iref");
            let length = match &inner.header.box_type.0 {
                b"iprp" => BoxIter::new(inner.content)
                    .map_while(Result::ok)
                    .filter(|one| one.header.box_type.0 == *b"ipma")
                    .map(|one| one.content.len())
                    .sum(),
                _ if is_table => inner.content.len(),
                _ => 0,
            };
            if length > MOST_TABLE {
                return Err(PhotoError::TooLarge(format!(
                    "HEIC or AVIF: a table of {length} bytes, the limit is {MOST_TABLE}"
                )));
            }
        }
    }
    match has_pictures {
        true => Ok(()),
        false => Err(unsupported("a film and no still picture")),
    }
}

/// First and number of pixels that a clean aperture leaves of a side.
fn cut(side: u32, size: (u32, u32), offset: (i32, u32)) -> Result<(u32, u32), PhotoError> {
    let wrong = || corrupt(&"a part is cut out that lies outside the picture");
    let ratio = |over: f64, under: u32| (under != 0).then(|| over / f64::from(under));
    let length = ratio(size.0.into(), size.1).ok_or_else(wrong)?.round();
    let offset = ratio(offset.0.into(), offset.1).ok_or_else(wrong)?;
    let first = ((f64::from(side) - length) / 2.0 + offset).round();
    if length < 1.0 || first < 0.0 || first + length > side.into() {
        return Err(wrong());
    }
    Ok((first as u32, length as u32))
}
