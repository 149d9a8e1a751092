"""From linear light to a phone's JPEG: exposure, colour cast, blur, noise, sharpening, overlaid
text.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WORDS = [
    "包邮",
    "老料",
    "私聊",
    "18K",
    "A+",
    "No. 7",
    "￥680",
    "IMG_2041",
    "2016/05/12",
    "WhatsApp",
    "Evidence 14",
    "SOLD",
    "lot 233",
    "$45",
    "antique",
    "手工",
    "重 38g",
]


def develop(rng: np.random.Generator, light: np.ndarray) -> Image.Image:
    """From linear light [height, width, 3] of any unit to the sRGB picture of a phone."""
    h, w, _ = light.shape
    light = np.nan_to_num(np.maximum(light, 0), posinf=50)
    y = light @ [0.2126, 0.7152, 0.0722]
    yy, xx = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    weight = np.exp(-(xx**2 + yy**2))
    log = np.exp((weight * np.log(np.minimum(y, np.percentile(y, 97)) + 1e-4)).sum() / weight.sum())
    arith = (weight * y).sum() / weight.sum()
    meter = np.sqrt(log * arith) + 1e-5
    light = (
        light * (np.clip(0.19 * (meter * 4) ** 0.12, 0.12, 0.3) / meter) * 2 ** rng.normal(0, 0.38)
    )
    if rng.random() < 0.75:  # grey-world white balance, never complete
        mean = light.reshape(-1, 3).mean(0)
        gain = (mean.mean() / (mean + 1e-6)) ** rng.uniform(0.1, 0.7)
        light = light * np.clip(gain, 0.4, 2.5)
    light = light * np.exp(rng.normal(0, 0.04, 3))
    if rng.random() < 0.3:
        light = light * (1 - rng.uniform(0.05, 0.4) * np.clip(xx**2 + yy**2, 0, 2)[..., None] / 2)
    if rng.random() < 0.08:  # veiling glare
        light = light + rng.uniform(0.02, 0.12)
    sigma = rng.choice([0, rng.uniform(0.3, 0.8), rng.uniform(0.8, 1.8)], p=[0.35, 0.5, 0.15])
    noise = rng.choice(
        [0.004, rng.uniform(0.01, 0.03), rng.uniform(0.03, 0.07)], p=[0.4, 0.45, 0.15]
    )
    light = light + rng.normal(0, 1, light.shape) * noise * np.sqrt(np.maximum(light, 0.01) * 0.3)
    shoulder = rng.uniform(0.6, 1.0)  # tone curve: linear below, rolled off above
    t = np.maximum(light, 0)
    t = np.where(t < 0.6, t, 0.6 + (1 - 0.6) * (1 - np.exp(-(t - 0.6) / (1 - 0.6) * shoulder)))
    s = np.where(t <= 0.0031308, 12.92 * t, 1.055 * np.maximum(t, 1e-6) ** (1 / 2.4) - 0.055)
    contrast = rng.normal(0.12, 0.12)
    s = np.clip(s, 0, 1)
    s = s + contrast * (s * s * (3 - 2 * s) - s)
    grey = s @ [0.3, 0.59, 0.11]
    s = grey[..., None] + (s - grey[..., None]) * rng.normal(1.08, 0.15)
    image = Image.fromarray((np.clip(s, 0, 1) * 255 + 0.5).astype(np.uint8))
    if sigma:
        image = image.filter(ImageFilter.GaussianBlur(float(sigma)))
    if rng.random() < 0.4:
        image = image.filter(
            ImageFilter.UnsharpMask(rng.uniform(0.8, 2), int(rng.integers(30, 130)), 2)
        )
    if rng.random() < 0.1:
        overlay_text(rng, image)
    return image


def overlay_text(rng: np.random.Generator, image: Image.Image) -> None:
    """Write a seller's mark, date or price on the picture."""
    draw = ImageDraw.Draw(image)
    w, h = image.size
    word = WORDS[int(rng.integers(len(WORDS)))]
    if not all(
        ord(c) < 0x2000 for c in word
    ):  # the built-in font has no Chinese: strokes stand for it
        size = int(rng.integers(10, 26))
        x0, y0 = int(rng.integers(0, max(1, w - size * len(word)))), int(rng.integers(0, h - size))
        colour = tuple(
            int(c)
            for c in rng.choice([[255, 255, 255], [230, 30, 30], [20, 20, 20], [250, 220, 40]])
        )
        for k in range(len(word)):
            for _ in range(7):
                a = (
                    x0
                    + k * size
                    + rng.uniform(0.1, 0.9, 2) * size * [1, 0]
                    + [0, y0 + rng.uniform(0.1, 0.9) * size]
                )
                b = (
                    a + (rng.uniform(-0.3, 0.3) * size, 0)
                    if rng.random() < 0.5
                    else a + [0, rng.uniform(-0.4, 0.4) * size]
                )
                draw.line(
                    [tuple(a), tuple(np.asarray(b, float)) if np.ndim(b) == 1 else tuple(a)],
                    fill=colour,
                    width=max(1, size // 10),
                )
        return
    font = ImageFont.load_default(int(rng.integers(9, 30)))
    colour = tuple(
        int(c)
        for c in rng.choice(
            [[255, 255, 255], [230, 30, 30], [20, 20, 20], [250, 220, 40], [255, 140, 0]]
        )
    )
    draw.text(
        (int(rng.uniform(0, w * 0.7)), int(rng.uniform(0, h * 0.9))), word, fill=colour, font=font
    )


def encode_jpeg(rng: np.random.Generator, image: Image.Image) -> bytes:
    """The picture as JPEG; now and then saved twice, as reposts are."""
    if rng.random() < 0.25:
        first = io.BytesIO()
        image.save(first, "JPEG", quality=int(rng.integers(40, 85)))
        image = Image.open(first)
        image.load()
    out = io.BytesIO()
    image.save(out, "JPEG", quality=int(rng.integers(60, 93)))
    return out.getvalue()
