"""Makes the pictures of this folder: one scene in every form a decoder meets.

The scene is 48 x 32: red top left, green top right, blue bottom left, white
bottom right. Needs Pillow. Run from this folder: python3 make.py
"""

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
