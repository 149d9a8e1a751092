//! Photo to input tensor.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use ndarray::{Array3, Array4, Axis, Zip, s};

use crate::fingerprint::shrunk;

use super::description::{Colour, Dtype, Input, Layout, ResizeFilter, ResizeRule};

/// Pixels of a resized photo from which its margins are not worth making.
const MOST_RESIZED: u64 = 1 << 21;

/// Longer sides are averaged down first: between its two passes the resizer holds the longer side
/// times the shorter one of the input.
const LONGEST_SIDE: u32 = 8192;

/// One photo as the model takes it, in the order of its axes: batch x channel x row x column, or
/// batch x row x column x channel; the batch is 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tensor {
    /// `(pixel - mean) / std`.
    Float(Array4<f32>),
    /// Pixels as they are.
    Bytes(Array4<u8>),
}

/// A resized photo, which may cover only a part of the input.
struct Placed {
    /// Rows x columns x RGB.
    pixels: Array3<u8>,
    left: usize,
    top: usize,
}

/// Turns photos into tensors as a bundle's `[input]` table says. Holds the
/// buffers, so that a batch allocates them once.
pub(super) struct Preprocessor {
    input: Input,
    resizer: Resizer,
    /// For each channel and 8-bit value, `(value - mean) / std`.
    table: [[f32; 256]; 3],
}

impl Preprocessor {
    pub(super) fn new(input: &Input) -> Self {
        let (mean, std) = (
            input.mean.unwrap_or_default(),
            input.std.unwrap_or([1.0; 3]),
        );
        let table = std::array::from_fn(|channel| {
            std::array::from_fn(|value| (value as f32 - mean[channel]) / std[channel])
        });
        Self {
            input: input.clone(),
            resizer: Resizer::new(),
            table,
        }
    }

    /// Resizes, reorders and normalises one photo.
    pub(super) fn tensor(&mut self, pixels: &RgbImage) -> Result<Tensor, String> {
        let placed = self.resized(pixels)?;
        Ok(match self.input.dtype {
            Dtype::Float32 => Tensor::Float(self.arranged(&placed, [0.0; 3], |channel, value| {
                self.table[channel][usize::from(value)]
            })),
            Dtype::Uint8 if self.is_arranged(&placed) => {
                Tensor::Bytes(placed.pixels.insert_axis(Axis(0)))
            }
            Dtype::Uint8 => {
                let border = self.input.mean.unwrap_or_default();
                let border = border.map(|mean| mean.round() as u8);
                Tensor::Bytes(self.arranged(&placed, border, |_, value| value))
            }
        })
    }

    /// The photo at the size that the bundle's rule gives it.
    fn resized(&mut self, pixels: &RgbImage) -> Result<Placed, String> {
        let (width, height) = (self.input.width, self.input.height);
        let pixels = match self.input.resize {
            ResizeRule::Squash => {
                let pixels = shrunk(pixels, LONGEST_SIDE);
                self.resize(&pixels, width, height, None)?
            }
            ResizeRule::CenterCrop => {
                let crop = centred_crop(pixels.dimensions(), (width, height));
                self.resize(pixels, width, height, Some(crop))?
            }
            ResizeRule::Shortest => self.resize_shortest(pixels)?,
            ResizeRule::Pad => return self.resize_padded(pixels),
        };
        Ok(Placed {
            pixels,
            left: 0,
            top: 0,
        })
    }

    fn resize(
        &mut self,
        pixels: &RgbImage,
        width: u32,
        height: u32,
        crop: Option<[f64; 4]>,
    ) -> Result<Array3<u8>, String> {
        let filter = match self.input.filter {
            ResizeFilter::Box => FilterType::Box,
            ResizeFilter::Bilinear => FilterType::Bilinear,
            ResizeFilter::CatmullRom => FilterType::CatmullRom,
            ResizeFilter::Lanczos3 => FilterType::Lanczos3,
        };
        let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        if let Some([left, top, crop_width, crop_height]) = crop {
            options = options.crop(left, top, crop_width, crop_height);
        }
        let mut resized = vec![0; 3 * width as usize * height as usize];
        // One kind of pixel by its type: `resize` compiles all thirteen, a third of this library.
        let source =
            TypedImageRef::<U8x3>::from_buffer(pixels.width(), pixels.height(), pixels.as_raw())
                .map_err(|error| error.to_string())?;
        let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut resized)
            .map_err(|error| error.to_string())?;
        self.resizer
            .resize_typed(&source, &mut target, &options)
            .map_err(|error| error.to_string())?;
        let shape = (height as usize, width as usize, 3);
        Array3::from_shape_vec(shape, resized).map_err(|error| error.to_string())
    }

    /// The shorter side resized, then a centred cut in whole pixels. The longer side is rounded
    /// down, the cut's offsets half to even, as torchvision does both.
    fn resize_shortest(&mut self, pixels: &RgbImage) -> Result<Array3<u8>, String> {
        let (width, height) = (self.input.width, self.input.height);
        let side = self.input.shortest.unwrap_or(width.max(height));
        let (w, h) = pixels.dimensions();
        let scaled = |length: u32| {
            let scaled = u64::from(side) * u64::from(length) / u64::from(w.min(h));
            u32::try_from(scaled).map_err(|error| error.to_string())
        };
        let (w, h) = (scaled(w)?, scaled(h)?);
        let offset =
            |length: u32, cut: u32| (f64::from(length - cut) / 2.0).round_ties_even() as u32;
        let (left, top) = (offset(w, width), offset(h, height));
        if u64::from(w) * u64::from(h) > MOST_RESIZED {
            // A strip of thousands of pixels by a few: only the part that is kept is made.
            let back = f64::from(pixels.width().min(pixels.height())) / f64::from(side);
            let crop = [left, top, width, height].map(|value| f64::from(value) * back);
            return self.resize(pixels, width, height, Some(crop));
        }
        let resized = self.resize(pixels, w, h, None)?;
        let cut = s![
            top as usize..(top + height) as usize,
            left as usize..(left + width) as usize,
            ..
        ];
        Ok(resized.slice(cut).to_owned())
    }

    /// The whole photo, centred.
    fn resize_padded(&mut self, pixels: &RgbImage) -> Result<Placed, String> {
        let (width, height) = (self.input.width, self.input.height);
        let scale = f64::min(
            f64::from(width) / f64::from(pixels.width()),
            f64::from(height) / f64::from(pixels.height()),
        );
        let side =
            |length: u32, most: u32| ((f64::from(length) * scale).round() as u32).clamp(1, most);
        let (inner_width, inner_height) =
            (side(pixels.width(), width), side(pixels.height(), height));
        Ok(Placed {
            pixels: self.resize(pixels, inner_width, inner_height, None)?,
            left: (width - inner_width) as usize / 2,
            top: (height - inner_height) as usize / 2,
        })
    }

    /// Whether the photo's bytes already are the tensor.
    fn is_arranged(&self, placed: &Placed) -> bool {
        let input = &self.input;
        let whole = placed.pixels.dim() == (input.height as usize, input.width as usize, 3);
        whole && input.layout == Layout::Nhwc && input.colour == Colour::Rgb
    }

    /// A tensor of the input's size with the photo at its place and `border` around it; the
    /// channels of both `border` and `value` in the order of `colour`.
    fn arranged<T: Copy + Default>(
        &self,
        placed: &Placed,
        border: [T; 3],
        value: impl Fn(usize, u8) -> T,
    ) -> Array4<T> {
        let mut tensor = Array4::default(self.input.shape());
        let order = match self.input.colour {
            Colour::Rgb => [0, 1, 2],
            Colour::Bgr => [2, 1, 0],
        };
        let channels = match self.input.layout {
            Layout::Nchw => Axis(1),
            Layout::Nhwc => Axis(3),
        };
        let (rows, columns, _) = placed.pixels.dim();
        let inside = s![
            0,
            placed.top..placed.top + rows,
            placed.left..placed.left + columns
        ];
        for (channel, &from) in order.iter().enumerate() {
            let mut plane = tensor.index_axis_mut(channels, channel);
            plane.fill(border[channel]);
            Zip::from(plane.slice_mut(inside))
                .and(placed.pixels.index_axis(Axis(2), from))
                .for_each(|target, &pixel| *target = value(channel, pixel));
        }
        tensor
    }
}

/// Left, top, width and height of the largest centred part with the target's aspect.
fn centred_crop((width, height): (u32, u32), target: (u32, u32)) -> [f64; 4] {
    let (width, height) = (f64::from(width), f64::from(height));
    let aspect = f64::from(target.0) / f64::from(target.1);
    let crop_width = width.min(height * aspect);
    let crop_height = height.min(width / aspect);
    [
        (width - crop_width) / 2.0,
        (height - crop_height) / 2.0,
        crop_width,
        crop_height,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn input(layout: Layout, colour: Colour, resize: ResizeRule) -> Input {
        Input {
            name: "input".into(),
            width: 4,
            height: 2,
            layout,
            colour,
            dtype: Dtype::Float32,
            resize,
            filter: ResizeFilter::Bilinear,
            shortest: None,
            mean: Some([10.0, 20.0, 30.0]),
            std: Some([1.0, 2.0, 4.0]),
        }
    }

    fn tensor_of(input: &Input, pixels: &RgbImage) -> Vec<f32> {
        match Preprocessor::new(input).tensor(pixels).unwrap() {
            Tensor::Float(values) => values.into_raw_vec_and_offset().0,
            Tensor::Bytes(_) => panic!("float32 was asked for"),
        }
    }

    fn bytes_of(input: &Input, pixels: &RgbImage) -> Vec<u8> {
        let input = Input {
            dtype: Dtype::Uint8,
            ..input.clone()
        };
        match Preprocessor::new(&input).tensor(pixels).unwrap() {
            Tensor::Bytes(values) => values.into_raw_vec_and_offset().0,
            Tensor::Float(_) => panic!("uint8 was asked for"),
        }
    }

    #[test]
    fn layout_colour_and_normalisation_follow_the_bundle() {
        let red = RgbImage::from_pixel(8, 4, Rgb([110, 60, 50]));
        let nchw = tensor_of(&input(Layout::Nchw, Colour::Rgb, ResizeRule::Squash), &red);
        assert_eq!(nchw[..8], [100.0; 8], "(110 - 10) / 1");
        assert_eq!(nchw[8..16], [20.0; 8], "(60 - 20) / 2");
        assert_eq!(nchw[16..], [5.0; 8], "(50 - 30) / 4");
        let nhwc = tensor_of(&input(Layout::Nhwc, Colour::Bgr, ResizeRule::Squash), &red);
        assert_eq!(nhwc[..3], [40.0, 20.0, 20.0], "blue, green, red");
    }

    #[test]
    fn a_centre_crop_ignores_what_lies_outside_the_aspect() {
        let mut tall = RgbImage::from_pixel(8, 40, Rgb([255, 255, 255]));
        // The crop is rows 18 to 22; the filter, as Pillow's, reads a little beyond it.
        for y in 14..26 {
            for x in 0..8 {
                tall.put_pixel(x, y, Rgb([10, 20, 30]));
            }
        }
        let tensor = tensor_of(
            &input(Layout::Nchw, Colour::Rgb, ResizeRule::CenterCrop),
            &tall,
        );
        assert_eq!(
            tensor,
            vec![0.0; 24],
            "only the dark band, which is the mean"
        );
    }

    #[test]
    fn the_shorter_side_is_resized_and_the_middle_kept() {
        let mut input = input(Layout::Nhwc, Colour::Rgb, ResizeRule::Shortest);
        input.width = 2;
        input.shortest = Some(4);
        // 4 by 9 stays as it is; rows 4 and 5 (3.5 is rounded to even) and columns 1 and 2 are
        // kept.
        let photo = RgbImage::from_fn(4, 9, |x, y| Rgb([x as u8, y as u8, 0]));
        let kept = tensor_of(&input, &photo);
        let pixels = kept.as_chunks::<3>().0.iter();
        let red_green: Vec<[f32; 2]> = pixels
            .map(|pixel| [pixel[0] + 10.0, pixel[1] * 2.0 + 20.0])
            .collect();
        assert_eq!(red_green, [[1.0, 4.0], [2.0, 4.0], [1.0, 5.0], [2.0, 5.0]]);
        let strip = RgbImage::from_pixel(60_000, 1, Rgb([10, 20, 30]));
        input.shortest = Some(400);
        input.height = 4;
        assert_eq!(
            tensor_of(&input, &strip),
            vec![0.0; 24],
            "a strip costs no memory"
        );
    }

    #[test]
    fn padding_keeps_the_whole_photo_and_fills_with_the_mean() {
        let square = RgbImage::from_pixel(6, 6, Rgb([11, 22, 34]));
        let tensor = tensor_of(&input(Layout::Nchw, Colour::Rgb, ResizeRule::Pad), &square);
        assert_eq!(tensor[..8], [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_network_of_bytes_gets_the_pixels_as_they_are() {
        let photo = RgbImage::from_fn(4, 2, |x, y| Rgb([x as u8, y as u8, 7]));
        let squash = |layout, colour| input(layout, colour, ResizeRule::Squash);
        let nhwc = bytes_of(&squash(Layout::Nhwc, Colour::Rgb), &photo);
        assert_eq!(nhwc, *photo.as_raw());
        let nchw = bytes_of(&squash(Layout::Nchw, Colour::Bgr), &photo);
        assert_eq!(nchw[..8], [7; 8], "blue first");
        assert_eq!(nchw[16..20], [0, 1, 2, 3]);
    }

    #[test]
    fn a_network_of_bytes_gets_the_mean_as_border() {
        let square = RgbImage::from_pixel(6, 6, Rgb([11, 22, 34]));
        let padded = bytes_of(&input(Layout::Nhwc, Colour::Rgb, ResizeRule::Pad), &square);
        assert_eq!(padded[..6], [10, 20, 30, 11, 22, 34]);
    }

    #[test]
    fn a_photo_of_one_pixel_is_enlarged() {
        let dot = RgbImage::from_pixel(1, 1, Rgb([10, 20, 30]));
        for rule in [
            ResizeRule::Squash,
            ResizeRule::CenterCrop,
            ResizeRule::Shortest,
            ResizeRule::Pad,
        ] {
            let tensor = tensor_of(&input(Layout::Nchw, Colour::Rgb, rule), &dot);
            assert_eq!(tensor, vec![0.0; 24]);
        }
    }
}
