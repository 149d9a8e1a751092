"""Makes the pictures of this folder: one scene in every form a decoder meets.

The scene is 48 x 32: red top left, green top right, blue bottom left, white
bottom right. Needs Pillow. Run from this folder: python3 make.py
"""

# ruff: noqa: ANN001, ANN201  (what it makes is committed; it runs by hand)
import io
import struct
import zlib

import numpy
from PIL import Image

COLOURS = {
    (0, 0): (200, 30, 30),
    (0, 1): (30, 160, 30),
    (1, 0): (30, 30, 200),
    (1, 1): (255, 255, 255),
}
scene = numpy.zeros((32, 48, 3), numpy.uint8)
for (row, column), colour in COLOURS.items():
    scene[row * 16 : row * 16 + 16, column * 24 : column * 24 + 24] = colour
rgb = Image.fromarray(scene)

rgb.save("baseline.jpg", quality=95)
rgb.save("progressive.jpg", quality=95, progressive=True)
rgb.convert("L").save("grey.jpg", quality=95)
rgb.convert("CMYK").save("cmyk.jpg", quality=95)

# EXIF orientation n: stored so that applying it gives the scene back.
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
for orientation in range(1, 9):
    stored = rgb.transpose(UNDO[orientation]) if orientation in UNDO else rgb
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(f"exif-{orientation}.jpg", quality=95, exif=exif)
    if orientation == 6:
        stored.save("exif-6.png", exif=exif)
        stored.save("exif-6.webp", lossless=True, exif=exif)

rgb.save("rgb.png")
rgb.quantize(8).save("palette.png")
rgb.convert("L").convert("1").save("bilevel.png")
wide = numpy.zeros((32, 48), numpy.uint16)
wide[:] = scene.mean(axis=2) * 257
Image.fromarray(wide).save("grey16.png")

# White where the scene is white comes from transparency alone: those pixels are black.
clear = numpy.dstack([scene, numpy.full((32, 48), 255, numpy.uint8)])
clear[16:, 24:] = (0, 0, 0, 0)
rgba = Image.fromarray(clear)
rgba.save("alpha.png")
rgba.save("alpha.webp", lossless=True)
rgba.convert("LA").save("grey-alpha.png")
rgba.save("transparent.gif")

other = Image.new("RGB", rgb.size, (255, 0, 255))
rgb.save("animated.gif", save_all=True, append_images=[other], duration=100)
rgb.save("animated.webp", save_all=True, append_images=[other], duration=100, lossless=True)
rgb.save("animated.png", save_all=True, append_images=[other], duration=100)

rgb.save("lossless.webp", lossless=True)
rgb.save("lossy.webp", quality=90)
rgb.save("rgb.bmp")
rgb.quantize(8).save("palette.bmp")
rgb.save("rgb.tif", compression="tiff_lzw")
rgb.convert("CMYK").save("cmyk.tif")
rgb.save("pages.tif", save_all=True, append_images=[other])
rgb.save("mislabelled.png", format="JPEG", quality=95)
rgb.save("heic-named.heic", format="PNG")


# Orientation in other places and forms.
def exif_block(kind, value):
    """A directory of one entry: orientation as a short (3) or a long (4)."""
    inline = struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value)
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", 0x0112, kind, 1) + inline + bytes(4)


def chunk(kind, data):
    """A chunk of a PNG."""
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(pixels, before=(), after=(), interlaced=False, trailer=True):
    """A PNG of RGB at 8 bits, with chunks before and after its pixels."""
    height, width, _ = pixels.shape
    passes = [(0, 1, 0, 1)]
    if interlaced:
        passes = [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4)]
        passes += [(1, 2, 0, 2), (0, 1, 1, 2)]
    rows = [
        b"\0" + row.tobytes()
        for left, across, top, down in passes
        for row in pixels[top::down, left::across]
    ]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(b"".join(rows))), *after]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in [*chunks, (b"IEND", b"")])


def write(name, data):
    """Bytes to a file."""
    with open(name, "wb") as file:
        file.write(data)


turned = numpy.asarray(rgb.transpose(UNDO[6]))
write("exif-6-after.png", png(turned, after=[(b"eXIf", exif_block(3, 6))]))
write("exif-6-long.png", png(turned, before=[(b"eXIf", exif_block(4, 6))]))
with io.BytesIO() as plain:
    # libvips and what is built on it put the prefix of JPEG before it.
    Image.fromarray(turned).save(plain, "WEBP", lossless=True, exif=b"Exif\0\0" + exif_block(3, 6))
    write("exif-6-prefixed.webp", plain.getvalue())
write("interlaced.png", png(scene, interlaced=True))


# The scene in other colours, with what says so.
D50 = numpy.array([0.9642, 1.0, 0.8249])
BRADFORD = numpy.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def colorants(red, green, blue, white=(0.3127, 0.3290)):
    """RGB to XYZ under D50."""
    columns = [numpy.array([x / y, 1, (1 - x - y) / y]) for x, y in (red, green, blue, white)]
    matrix = numpy.stack(columns[:3], axis=1)
    matrix = matrix * numpy.linalg.solve(matrix, columns[3])
    scale = numpy.diag((BRADFORD @ D50) / (BRADFORD @ columns[3]))
    return numpy.linalg.inv(BRADFORD) @ scale @ BRADFORD @ matrix


SRGB = colorants((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE = colorants((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
P3 = colorants((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))


def fixed(values):
    """Numbers of 16 bits before and after the point."""
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def profile(space, tags, version=2):
    """An ICC profile of a screen."""
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for signature, value in tags:
        table += signature + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">I4sI4s4s4s", start + len(data), bytes(4), version << 24, b"mntr", space, b"XYZ "
    )
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(D50)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + data


def gamma_curve(exponent):
    """The tag of a power law."""
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(exponent * 256))


def screen(matrix, curve):
    """A profile of three colorants and one curve."""
    tags = [(b"wtpt", b"XYZ " + bytes(4) + fixed(D50))]
    tags += [
        (name, b"XYZ " + bytes(4) + fixed(column))
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T)
    ]
    return profile(b"RGB ", tags + [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")])


def light(values):
    """Levels of sRGB to light, 0 to 1."""
    values = numpy.asarray(values) / 255
    return numpy.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def signal(linear):
    """Light to sRGB, 0 to 1."""
    linear = numpy.clip(linear, 0, 1)
    return numpy.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def in_space(matrix, encode):
    """The scene in other primaries."""
    linear = light(scene) @ (numpy.linalg.inv(matrix) @ SRGB).T
    return numpy.round(255 * encode(numpy.clip(linear, 0, 1))).astype(numpy.uint8)


adobe = Image.fromarray(in_space(ADOBE, lambda value: value ** (256 / 563)))
adobe_profile = screen(ADOBE, gamma_curve(563 / 256))
adobe.save("adobe-rgb.png", icc_profile=adobe_profile)
adobe.save("adobe-rgb.jpg", quality=95, icc_profile=adobe_profile)
adobe.save("adobe-rgb.webp", lossless=True, icc_profile=adobe_profile)
swapped = SRGB[:, [1, 0, 2]]
Image.fromarray(scene[:, :, [1, 0, 2]]).save(
    "swapped.png", icc_profile=screen(swapped, gamma_curve(2.2))
)
grey = numpy.round(255 * light(rgb.convert("L")) ** (1 / 1.8)).astype(numpy.uint8)
grey_profile = profile(b"GRAY", [(b"kTRC", gamma_curve(1.8))])
Image.fromarray(grey).save("grey-gamma.png", icc_profile=grey_profile)
linear = in_space(SRGB, lambda value: value)
write("gama-linear.png", png(linear, before=[(b"gAMA", struct.pack(">I", 100000))]))
write("cicp-p3.png", png(in_space(P3, signal), before=[(b"cICP", bytes([12, 13, 0, 1]))]))

# Animations whose first frame is empty.
empty = Image.new("RGB", rgb.size, (255, 255, 255))
rest = {"save_all": True, "append_images": [rgb, other], "duration": 100}
empty.save("blank-first.gif", **rest)
empty.save("blank-first.png", **rest)
empty.save("blank-first.webp", lossless=True, **rest)


# Bitmaps that Pillow does not write.
def bitmap(bits, data, compression=0, palette=b"", masks=b"", height=32, size=40):
    """A Windows or OS/2 bitmap of the scene, in a form that Pillow does not write."""
    start = 14 + size + len(masks) + len(palette)
    head = struct.pack("<2sIII", b"BM", start + len(data), 0, start)
    if size == 12:
        return head + struct.pack("<IHHHH", size, 48, height, 1, bits) + palette + data
    numbers = [size, 48, height, 1, bits, compression, len(data), 0, 0, 0, 0]
    info = struct.pack("<IiiHHIIiiII", *numbers)
    return head + info + bytes(size - 40) + masks + palette + data


upwards = scene[::-1]
indexed = numpy.zeros((32, 48), numpy.uint8)
for index, (row, column) in enumerate(COLOURS):
    indexed[row * 16 : row * 16 + 16, column * 24 : column * 24 + 24] = index
bgr = [bytes(colour[::-1]) for colour in COLOURS.values()]
palette = b"".join(colour + b"\0" for colour in bgr) + bytes(4 * 252)
runs = b"".join(bytes([24, row[0], 24, row[24], 0, 0]) for row in indexed[::-1]) + b"\0\1"
write("rle8.bmp", bitmap(8, runs, 1, palette))
halves = (
    b"".join(bytes([24, row[0] * 17, 24, row[24] * 17, 0, 0]) for row in indexed[::-1]) + b"\0\1"
)
write("rle4.bmp", bitmap(4, halves, 2, palette[:64]))
short_palette = b"".join(bgr) + bytes(3 * 252)
write("os2.bmp", bitmap(8, indexed[::-1].tobytes(), palette=short_palette, size=12))
write("os2-2.bmp", bitmap(8, indexed[::-1].tobytes(), palette=palette, size=64))
write("top-down.bmp", bitmap(24, scene[:, :, ::-1].tobytes(), height=-32))
red, green, blue = (upwards[:, :, channel].astype(numpy.uint16) for channel in range(3))
five_six_five = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
write("rgb565.bmp", bitmap(16, five_six_five.tobytes(), 3, masks=masks))

# Noise, to be cut short by tests/damage.rs.
random = numpy.random.default_rng(1)
noise = Image.fromarray(random.integers(0, 256, (120, 120, 3), numpy.uint8))
noise.save("../damage/noise.webp", quality=50)
noise.convert("L").quantize(64).save("../damage/noise.gif")

# TIFF: what only a codec's own encoder can make; the rest is written by tests/tiff.rs.
bilevel = rgb.convert("L").point(lambda value: 255 * (value > 200)).convert("1")
bilevel.save("bilevel-fax3.tif", compression="group3")
bilevel.save("bilevel-fax3-2d.tif", compression="group3", tiffinfo={292: 5})
bilevel.save("bilevel-fax4.tif", compression="group4")
rgb.save("jpeg.tif", compression="jpeg", quality=95)

# Needs pillow-heif and pillow-jxl-plugin besides.
import pillow_heif  # noqa: E402
import pillow_jxl  # noqa: E402, F401  registers itself

pillow_heif.register_heif_opener()
for suffix in ("heic", "avif", "jxl"):
    rgb.save(f"rgb.{suffix}", quality=95)
    rgba.save(f"alpha.{suffix}", quality=95)
    rgb.convert("L").save(f"grey.{suffix}", quality=95)
for orientation in (3, 5, 6):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = rgb.transpose(UNDO[orientation])
    # The tag becomes properties of the container.
    stored.save(f"turned-{orientation}.avif", quality=95, exif=exif)
ten = pillow_heif.from_bytes("RGB;16", rgb.size, (scene.astype(numpy.uint16) * 257).tobytes())
ten.save("ten-bits.heic", quality=95)
