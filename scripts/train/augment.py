"""What happens to an object between a seller's table and a listing, as random changes of a
photograph.

Photographs come in as uint8 [H, W, 3] arrays of about 320 pixels; a view is uint8 [side, side, 3].
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

SIDE = 224
SCENE = 320  # side of what things are laid on, and the most that pictures are kept at
BILINEAR = Image.Resampling.BILINEAR
WORDS = (
    "SHOP",
    "No.1",
    "SALE",
    "VX 88 02",
    "@store",
    "2024-06-11",
    "18 cm",
    "100%",
    "NEW",
    "lot 52",
)


def composite_on_ground(
    pixels: np.ndarray, mask: np.ndarray, ground: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The masked object, moved and scaled, on `ground`; lit as the ground is, half of the way."""
    rows, columns = np.nonzero(mask > 0.5)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    thing, alpha = pixels[top:bottom, left:right], mask[top:bottom, left:right]
    side = SCENE
    scene = np.asarray(ImageOps.fit(Image.fromarray(ground), (side, side), BILINEAR)).astype(
        np.float32
    )
    scale = rng.uniform(0.4, 1.05) * side / max(thing.shape[:2])
    size = (max(8, int(thing.shape[1] * scale)), max(8, int(thing.shape[0] * scale)))
    angle = rng.uniform(-180, 180) if rng.random() < 0.3 else rng.uniform(-15, 15)
    image = Image.fromarray(np.dstack([thing, (255 * alpha).astype(np.uint8)]), "RGBA").resize(
        size, BILINEAR
    )
    image = image.rotate(angle, BILINEAR, expand=True)
    image.thumbnail((int(1.1 * side), int(1.1 * side)))
    thing = np.asarray(image).astype(np.float32)
    light = scene.mean((0, 1)) / max(scene.mean(), 1)
    thing[..., :3] *= 1 + 0.5 * (light - 1)
    # Half of even the thinnest thing stays in the scene.
    x, y = (
        int(
            np.clip(
                rng.uniform(-0.1, 1.1) * (side - length), -(length // 2), side - length // 2 - 1
            )
        )
        for length in image.size
    )
    top, left, bottom, right = (
        max(y, 0),
        max(x, 0),
        min(y + image.height, side),
        min(x + image.width, side),
    )
    part = thing[top - y : bottom - y, left - x : right - x]
    opaque = part[..., 3:] / 255
    scene[top:bottom, left:right] = (
        scene[top:bottom, left:right] * (1 - opaque) + part[..., :3] * opaque
    )
    return np.clip(scene, 0, 255).astype(np.uint8)


def fur_patch(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cut from around the middle, a third to a half of the shorter side; of four, the one of most
    contrast: coat rather than grass.
    """
    height, width = pixels.shape[:2]
    side = int(min(height, width) * rng.uniform(0.33, 0.55))
    corners = [
        [int((length - side) * rng.uniform(0.3, 0.7)) for length in (height, width)]
        for _ in range(4)
    ]
    return max((pixels[top : top + side, left : left + side] for top, left in corners), key=np.std)


def hide_mask(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A mask of an uneven, rounded outline, as of a hide that was cut and spread."""
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in shape)
    angle, radius = np.arctan2(y[:, None], x), np.hypot(y[:, None], x)
    outline = 0.85 + sum(
        rng.uniform(-0.12, 0.12) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
        for k in range(2, 7)
    )
    return np.clip((outline - radius) * 20, 0, 1)


def random_ground(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A surface to lay things on: a small part of a photograph, now and then out of focus, or plain
    paper.
    """
    if rng.random() < 0.2:
        y = np.linspace(0, 1, 64)[:, None, None]
        low, high = rng.uniform(0, 255, (2, 3)) * 0.35 + rng.uniform(0, 165)
        return np.broadcast_to((low + (high - low) * y).astype(np.uint8), (64, 64, 3))
    image = Image.fromarray(pixels)
    side = int(min(image.size) * rng.uniform(0.2, 0.7))
    left, top = (
        int(rng.integers(0, image.width - side + 1)),
        int(rng.integers(0, image.height - side + 1)),
    )
    image = image.crop((left, top, left + side, top + side))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 4))))
    return np.asarray(image)


def random_crop(
    image: Image.Image, rng: np.random.Generator, least: float, side: int
) -> Image.Image:
    """A random part of `least` to all of the area, of a shape between 3:4 and 4:3, scaled to the
    view's side.
    """
    width, height = image.size
    area = rng.uniform(least, 1.0) * width * height
    ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    w, h = min(width, int(np.sqrt(area * ratio))), min(height, int(np.sqrt(area / ratio)))
    left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    return image.resize((side, side), BILINEAR, (left, top, left + w, top + h))


def add_writing(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A watermark, a label or a banner, as shops put on pictures."""
    draw = ImageDraw.Draw(image, "RGBA")
    kind = rng.choice(3, p=(0.25, 0.5, 0.25))
    ink = tuple(int(v) for v in rng.integers(0, 256, 3))
    word = str(rng.choice(WORDS))
    if kind == 0:
        draw.text(
            (rng.uniform(0, 150), rng.uniform(0, 200)),
            word,
            fill=(*ink, int(rng.integers(90, 256))),
            font_size=int(rng.integers(10, 48)),
        )
    elif kind == 1:
        size, gap, opacity = (
            int(rng.integers(10, 28)),
            rng.uniform(1.3, 3),
            int(rng.integers(50, 150)),
        )
        for y in range(int(rng.integers(0, 30)), image.height, int(gap * size)):
            draw.text(
                (int(rng.integers(-40, 60)), y),
                f"{word}   {word}   {word}",
                fill=(255, 255, 255, opacity),
                font_size=size,
            )
    else:
        depth = int(rng.uniform(0.06, 0.2) * image.height)
        y = 0 if rng.random() < 0.4 else image.height - depth
        draw.rectangle((0, y, image.width, y + depth), fill=(*ink, int(rng.integers(170, 256))))
        draw.text((8, y + 2), f"{word} {word}", fill=(255, 255, 255), font_size=max(8, depth - 8))
    return image


def screenshot(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A phone's screen that shows the picture in a listing, bars above and lines of text below;
    often much taller than wide, so that squashing it hurts.
    """
    width = 240
    paper = (
        (int(rng.integers(225, 256)),) * 3
        if rng.random() < 0.75
        else (int(rng.integers(0, 50)),) * 3
    )
    shown = image.resize(
        (
            width - 2 * int(rng.integers(0, 14)),
            max(24, min(480, round(width * image.height / image.width))),
        ),
        BILINEAR,
    )
    above, below = int(rng.uniform(0.05, 0.45) * width), int(rng.uniform(0.1, 1.1) * width)
    page = Image.new("RGB", (width, above + shown.height + below), paper)
    draw = ImageDraw.Draw(page)
    if rng.random() < 0.8:
        draw.rectangle(
            (0, 0, width, int(rng.uniform(0.4, 0.9) * above)),
            fill=tuple(int(v) for v in rng.integers(0, 256, 3)),
        )
        draw.text(
            (8, int(0.2 * above)),
            str(rng.choice(WORDS)),
            fill=(255, 255, 255),
            font_size=int(rng.integers(8, 18)),
        )
    page.paste(shown, ((width - shown.width) // 2, above))
    y, grey = above + shown.height + int(rng.integers(4, 24)), int(rng.integers(60, 215))
    while y < page.height - 12 and rng.random() < 0.9:
        if rng.random() < 0.5:
            draw.rectangle(
                (10, y, int(rng.uniform(0.3, 0.95) * width), y + int(rng.integers(4, 13))),
                fill=(grey,) * 3,
            )
        else:
            draw.text(
                (10, y),
                " ".join(rng.choice(WORDS, 3)),
                fill=(grey,) * 3,
                font_size=int(rng.integers(8, 15)),
            )
        y += int(rng.integers(16, 30))
    return page


def change_light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposure, contrast, saturation, white balance, a falling-off lamp."""
    for enhance, spread in (
        (ImageEnhance.Brightness, 0.3),
        (ImageEnhance.Contrast, 0.3),
        (ImageEnhance.Color, 0.35),
    ):
        image = enhance(image).enhance(float(np.exp(rng.uniform(-spread, spread))))
    pixels = np.asarray(image, np.float32) * np.exp(rng.uniform(-0.1, 0.1, 3)).astype(np.float32)
    if rng.random() < 0.3:
        y, x = np.mgrid[0 : 1 : image.height * 1j, 0 : 1 : image.width * 1j].astype(np.float32)
        towards = rng.uniform(0, 2 * np.pi)
        pixels *= (
            1 + rng.uniform(0.1, 0.6) * (np.cos(towards) * (x - 0.5) + np.sin(towards) * (y - 0.5))
        )[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def degrade(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blur, noise, small size, JPEG."""
    if rng.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 2.0))))
    if rng.random() < 0.25:
        small = int(rng.integers(90, image.width))
        image = image.resize((small, small), BILINEAR).resize(image.size, BILINEAR)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 14), (image.height, image.width, 3))
        image = Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.6:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(25, 95)))
        image = Image.open(buffer).convert("RGB")
    return image


def random_view(
    pixels: np.ndarray, rng: np.random.Generator, least: float = 0.3, side: int = SIDE
) -> np.ndarray:
    """One random view of a photograph; a crop keeps at least the share `least` of its area."""
    image = Image.fromarray(pixels)
    if rng.random() < 0.16:
        image = screenshot(image, rng)
        if rng.random() < 0.25:
            image = screenshot(image, rng)
        least = 0.9
    chance = rng.random()
    if chance < 0.08:  # a framed listing: the photograph is only a part
        frame = Image.new("RGB", (side, side), tuple(int(v) for v in rng.integers(0, 256, 3)))
        part = image.resize(
            (int(rng.uniform(0.55, 0.95) * side), int(rng.uniform(0.55, 0.95) * side)), BILINEAR
        )
        frame.paste(
            part, (int(rng.uniform(0, side - part.width)), int(rng.uniform(0, side - part.height)))
        )
        image = frame
    else:
        image = random_crop(image, rng, least if chance < 0.7 else 0.8, side)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    turn = rng.random()
    if turn < 0.08:
        image = image.rotate(90 * int(rng.integers(1, 4)))
    elif turn < 0.2:
        image = image.rotate(rng.uniform(-25, 25), BILINEAR)
    image = change_light(image, rng)
    if rng.random() < 0.12:
        image = ImageOps.grayscale(image).convert("RGB")
    if rng.random() < 0.25:
        image = add_writing(image, rng)
    return np.asarray(degrade(image, rng))
