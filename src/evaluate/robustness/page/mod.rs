//! Pages that show pictures: screenshots of several kinds of apps, collages, photographed screens,
//! and what is laid over pictures. Everything is drawn here; nothing is copied of any app.

mod chrome;
mod covered;
mod drawing;
mod grid;
mod photographed;
mod script;

use image::RgbImage;

pub(super) use chrome::Chrome;
pub(super) use photographed::Scene;

use crate::evaluate::bootstrap::SplitMix;

/// What a picture is shown in, or covered by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Page {
    /// An app's page, light or dark.
    Screenshot(Chrome, bool),
    /// One of so many pictures on one canvas: 2, 3, 4, 6 or 9.
    Grid(u8),
    /// A photographed screen.
    Photographed(Scene),
    /// A round sticker over this share of the area.
    Sticker(f32),
    /// So many lines of text over the picture.
    Lines(u8),
}

impl Page {
    /// The page around `pictures`, the first of which is the photograph; gives how many of them it
    /// shows, from the first on.
    pub(super) fn draw(self, pictures: &[&RgbImage], chance: &mut SplitMix) -> (RgbImage, usize) {
        match self {
            Self::Screenshot(kind, is_dark) => chrome::draw(kind, is_dark, pictures, chance),
            Self::Grid(count) => grid::draw(usize::from(count), pictures, chance),
            Self::Photographed(scene) => (photographed::draw(scene, pictures[0], chance), 1),
            Self::Sticker(share) => (covered::sticker(pictures[0], share, chance), 1),
            Self::Lines(count) => (covered::lines(pictures[0], count.into(), chance), 1),
        }
    }
}
