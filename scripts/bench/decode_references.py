"""A file decoded by Pillow or by libvips, to what a browser shows of it: the first frame, upright,
opaque on white, 8-bit sRGB with the embedded profile applied (perceptual intent, as in browsers).
A PNG's gAMA, which browsers apply and neither library does, is applied here to what they give.

    python -m bench.decode_references pillow|libvips

Takes a path a line and answers as examples/pixels.rs does: a line of JSON, then rows of RGB.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 (registers itself with Pillow)
import pyvips
from PIL import Image, ImageCms, ImageOps

MEMORY = 6 << 30  # hostile files of the suites end a reading, not the machine
INTENT = ImageCms.Intent.PERCEPTUAL
SRGB = ImageCms.createProfile("sRGB")


def on_white(colours: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    """Colours (H, W, 3) of 8 bits laid on white by an opacity (H, W) from 0 to 1."""
    if opacity is None:
        return colours
    opacity = opacity[..., None].astype(np.float32)
    return np.rint(colours * opacity + 255 * (1 - opacity)).astype(np.uint8)


def linearised(colours: np.ndarray, path: str) -> np.ndarray:
    """Colours of 8 or 16 bits as sRGB of 8, by the PNG's gAMA where that alone says what they are:
    no profile, no sRGB, no cICP. Within 5 % of 1/2.2 they are sRGB.
    """
    most = np.iinfo(colours.dtype).max
    exponent = png_gamma(path)
    if exponent is None or abs(exponent * 2.2 - 1) < 0.05:
        return colours if most == 255 else np.rint(colours / 257).astype(np.uint8)
    light = np.linspace(0, 1, most + 1) ** (1 / exponent)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)[colours]


def png_gamma(path: str) -> float | None:
    """The exponent with which a PNG says it was written, if nothing stands above it."""
    exponent = None
    with open(path, "rb") as file:
        if file.read(8) != b"\x89PNG\r\n\x1a\n":
            return None
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            if name == b"IDAT":
                break
            if name in (b"iCCP", b"sRGB", b"cICP"):
                return None
            data = file.read(length)
            file.read(4)
            if name == b"gAMA" and length == 4 and exponent is None:
                exponent = struct.unpack(">I", data)[0] / 100_000
    return exponent or None


def eight_bits(picture: Image.Image) -> Image.Image:
    """The picture with 16-bit greys scaled, which Pillow's own conversion clips."""
    if picture.mode.startswith("I;16"):
        greys = np.asarray(picture).astype(np.float32)
        scaled = Image.fromarray(np.rint(greys / 257).astype(np.uint8))
        scaled.info = {key: value for key, value in picture.info.items() if key != "transparency"}
        return scaled
    if picture.mode in ("I", "F"):
        raise ValueError(f"mode {picture.mode} has no one meaning in 8 bits")
    return picture


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture's colours as sRGB; a profile that does not fit is ignored."""
    source = None
    if picture.mode == "LAB":
        source = ImageCms.createProfile("LAB")
    elif profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            fitting = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
            if fitting == "RGB" and picture.mode in ("1", "L", "P", "YCbCr"):
                picture = picture.convert("RGB")
            if fitting != picture.mode:
                source = None
        except (OSError, ImageCms.PyCMSError):
            source = None
    if source is not None:
        try:
            return ImageCms.profileToProfile(
                picture, source, SRGB, renderingIntent=INTENT, outputMode="RGB"
            )
        except ImageCms.PyCMSError:
            pass
    return picture.convert("RGB")


def pillow(path: str) -> np.ndarray:
    """The file by Pillow."""
    with Image.open(path) as opened:
        opened.load()
        profile = opened.info.get("icc_profile")
        picture = eight_bits(ImageOps.exif_transpose(opened))
    opacity = None
    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        opacity = np.asarray(whole.getchannel("A")) / 255
        grey = picture.mode in ("1", "L", "LA", "La")
        picture = whole.convert("RGB").convert("L") if grey else whole.convert("RGB")
    return on_white(linearised(np.asarray(to_srgb(picture, profile)), path), opacity)


def libvips(path: str) -> np.ndarray:
    """The file by libvips."""
    picture = pyvips.Image.new_from_file(path).autorot()
    opacity = None
    if picture.hasalpha():
        alpha = picture.extract_band(picture.bands - 1)
        full = {"uchar": 255, "ushort": 65535}.get(picture.format, 255)
        picture = picture.extract_band(0, n=picture.bands - 1)
        opacity = alpha.numpy().reshape(alpha.height, alpha.width) / full
    if picture.get_typeof("icc-profile-data"):
        try:
            picture = picture.icc_transform("srgb", embedded=True, intent="perceptual", depth=8)
        except pyvips.Error:
            pass
    if picture.format == "ushort" and png_gamma(path):
        picture = picture.colourspace("rgb16")
    else:
        picture = picture.colourspace("srgb").cast("uchar")
    colours = picture.numpy().reshape(picture.height, picture.width, picture.bands)
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    return on_white(linearised(colours[..., :3], path), opacity)


def answer(decode: Callable[[str], np.ndarray], path: str) -> tuple[dict, bytes]:
    """Head and pixels of one file."""
    try:
        pixels = np.ascontiguousarray(decode(path))
    except Exception as error:  # whatever a library raises is its verdict on the file
        return {"error": {"kind": type(error).__name__, "message": str(error)[:200]}}, b""
    return {"width": pixels.shape[1], "height": pixels.shape[0]}, pixels.tobytes()


def main() -> None:
    """Answer paths until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    Image.MAX_IMAGE_PIXELS = None
    pillow_heif.register_heif_opener()
    pyvips.cache_set_max(0)
    decode = {"pillow": pillow, "libvips": libvips}[sys.argv[1]]
    for line in sys.stdin:
        head, pixels = answer(decode, str(Path(line.rstrip("\n"))))
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
