"""Sound pictures of every format, for `scripts/bench/mutations` to break: some KB to 200 KB each.

    python -m bench.mutation_seeds FOLDER

Made from the project's reference photographs, the same each time.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pillow_heif
import pillow_jxl  # noqa: F401 (registers itself with Pillow)
from PIL import Image, ImageCms

ROOT = Path(__file__).resolve().parent.parent.parent
PHOTOS = 5
# Sides in pixels: most files small, so that many fit into a minute.
SIDES = (96, 240, 480)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TIFF = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")


def orientation(number: int) -> Image.Exif:
    """EXIF that says how the picture lies."""
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def with_alpha(picture: Image.Image) -> Image.Image:
    """The picture, clearer from top to bottom."""
    faded = picture.copy()
    faded.putalpha(Image.linear_gradient("L").resize(picture.size))
    return faded


def forms(picture: Image.Image, turned: Image.Exif) -> Iterator[tuple[str, Image.Image, dict]]:
    """Suffix, picture and how it is saved."""
    grey, palette, alpha = picture.convert("L"), picture.quantize(64), with_alpha(picture)
    yield "baseline.jpg", picture, {"quality": 85, "exif": turned, "icc_profile": SRGB}
    yield "444.jpg", picture, {"quality": 95, "subsampling": 0}
    yield "progressive.jpg", picture, {"quality": 85, "progressive": True}
    yield "restarts.jpg", picture, {"quality": 80, "restart_marker_blocks": 7}
    yield "grey.jpg", grey, {"quality": 85}
    yield "cmyk.jpg", picture.convert("CMYK"), {"quality": 85}
    yield "rgb.png", picture, {"exif": turned, "icc_profile": SRGB}
    yield "palette.png", palette, {"transparency": 0}
    yield "alpha.png", alpha, {}
    yield "grey.png", grey.convert("I;16"), {}
    yield "bits.png", grey.convert("1"), {}
    yield "lossy.webp", picture, {"quality": 80, "exif": turned, "icc_profile": SRGB}
    yield "alpha.webp", alpha, {"quality": 80}
    yield "lossless.webp", picture, {"lossless": True}
    frames = [grey, picture.rotate(90)]
    yield "frames.webp", picture, {"save_all": True, "append_images": frames}
    yield "plain.gif", palette, {}
    yield "frames.gif", picture, {"save_all": True, "append_images": frames}
    yield "rgb.bmp", picture.reduce(2), {}
    yield "palette.bmp", palette, {}
    for compression in TIFF:
        yield f"{compression}.tif", picture, {"compression": compression, "icc_profile": SRGB}
    yield "fax.tif", grey.convert("1"), {"compression": "group4"}
    yield "palette.tif", palette, {"compression": "tiff_lzw"}
    yield "cmyk.tif", picture.convert("CMYK"), {"compression": "tiff_lzw"}
    yield "alpha.tif", alpha, {"compression": "tiff_adobe_deflate", "exif": turned}
    yield "rgb.avif", picture, {"quality": 60, "speed": 10}
    yield "rgb.heic", picture, {"quality": 60}
    yield "rgb.jxl", picture, {"quality": 80}


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    pillow_heif.register_heif_opener()
    photos = sorted((ROOT / "reference-images").rglob("*.jpg"))
    for number, path in enumerate(photos[:: len(photos) // PHOTOS][:PHOTOS]):
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        side = SIDES[number % len(SIDES)]
        photo.thumbnail((side, side))
        for name, picture, options in forms(photo, orientation(number % 8 + 1)):
            file = io.BytesIO()
            picture.save(file, format=Image.registered_extensions()[Path(name).suffix], **options)
            if len(file.getvalue()) <= 200_000:
                (folder / f"{number}-{name}").write_bytes(file.getvalue())


if __name__ == "__main__":
    main()
