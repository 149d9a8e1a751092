"""Pictures that show no thing: textures, line drawings, engravings, coins, blank and noisy
pictures, charts, screens of text. All are `other`.

A network that was shown things alone calls such pictures by what their grain resembles: a hatched
drawing a horn, a coin a carving. Each is drawn from a seed and its number, 288 pixels wide.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

SIDE = 288
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
Rng = np.random.Generator


def smooth_noise(rng: Rng, scale: float, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """Noise without details below `scale` pixels, mean 0, deviation 1."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape), scale, mode="wrap")
    return (noise - noise.mean()) / max(noise.std(), 1e-9)


def two_colours(field: np.ndarray, rng: Rng, contrast: float | None = None) -> np.ndarray:
    """A field's values as a mixture of two random colours, uint8 [H, W, 3]."""
    share = 1 / (1 + np.exp(-field * (contrast or rng.uniform(0.5, 4))))
    first, second = rng.uniform(0, 255, (2, 3))
    if rng.random() < 0.6:  # of little colour
        first, second = np.clip(rng.uniform(0, 255, (2, 1)) + rng.normal(0, 25, (2, 3)), 0, 255)
    if rng.random() < 0.4:  # near in colour, as materials are
        second = np.clip(first + rng.normal(0, 35, 3), 0, 255)
    pixels = first + (second - first) * share[..., None]
    return np.clip(pixels + rng.normal(0, rng.uniform(0, 6), pixels.shape), 0, 255).astype(np.uint8)


def places(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Turned and bent coordinates of the pixels, in pixels."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    turn, bend = rng.uniform(0, np.pi), rng.uniform(0, 12)
    u = np.cos(turn) * x + np.sin(turn) * y + bend * smooth_noise(rng, rng.uniform(12, 60))
    v = np.cos(turn) * y - np.sin(turn) * x + bend * smooth_noise(rng, rng.uniform(12, 60))
    return u, v


def clouds(rng: Rng) -> np.ndarray:
    """Noise of several scales: plaster, stone, felt."""
    scales = rng.uniform(0.5, 40, rng.integers(1, 5))
    return two_colours(sum(smooth_noise(rng, s) for s in scales), rng)


def stripes(rng: Rng) -> np.ndarray:
    """Stripes, straight or bent, sharp or soft: cloth, boards, a zebra's coat."""
    u, _ = places(rng)
    field = np.sin(2 * np.pi * u / rng.uniform(5, 70)) + 0.3 * smooth_noise(rng, 2)
    return two_colours(field, rng)


def weave(rng: Rng) -> np.ndarray:
    """Two families of lines: cloth, mesh, tiles, checks."""
    u, v = places(rng)
    lines = [np.sin(2 * np.pi * c / rng.uniform(4, 50)) for c in (u, v)]
    field = lines[0] * lines[1] if rng.random() < 0.5 else np.maximum(*lines)
    return two_colours(2 * field, rng)


def cells(rng: Rng) -> np.ndarray:
    """Cells around random points: gravel, leather, scales of a fish, cracked mud."""
    points = rng.uniform(-20, SIDE + 20, (int(rng.integers(15, 500)), 2))
    empty = np.ones((SIDE, SIDE), bool)
    inside = points[(points >= 0).all(1) & (points < SIDE).all(1)].astype(int)
    empty[inside[:, 0], inside[:, 1]] = False
    distance, nearest = ndimage.distance_transform_edt(empty, return_indices=True)
    shade = rng.normal(size=(SIDE, SIDE))[nearest[0], nearest[1]]
    return two_colours(shade * rng.uniform(0, 1) - distance / rng.uniform(4, 20), rng)


def spots(rng: Rng) -> np.ndarray:
    """Blots and dots: terrazzo, printed cloth."""
    field = smooth_noise(rng, rng.uniform(1.5, 12))
    return two_colours(np.where(field > rng.uniform(0, 1.2), 2.0, -2.0), rng, 2)


def blank(rng: Rng) -> np.ndarray:
    """One colour or a soft slope, perhaps with a frame."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    slope = rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y
    return two_colours(slope * rng.uniform(0, 2), rng, 1)


def static(rng: Rng) -> np.ndarray:
    """Noise, every pixel or block for itself."""
    block = int(rng.choice([1, 1, 2, 4, 8, 16, 32]))
    count = -(-SIDE // block)
    channels = int(rng.choice([1, 3]))
    values = rng.uniform(0, 255, (count, count, channels)).repeat(block, 0).repeat(block, 1)
    return np.broadcast_to(values[:SIDE, :SIDE], (SIDE, SIDE, 3)).astype(np.uint8)


def words(rng: Rng) -> str:
    """Some made-up words."""
    letters = [rng.choice(list(LETTERS), rng.integers(1, 10)) for _ in range(rng.integers(1, 9))]
    return " ".join("".join(one) for one in letters)


def inks(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Paper and ink that can be told apart."""
    paper = rng.uniform(170, 256, 3) if rng.random() < 0.7 else rng.uniform(0, 80, 3)
    ink = np.clip(255 - paper + rng.normal(0, 25, 3), 0, 255)
    if rng.random() < 0.3:
        paper, ink = rng.uniform(0, 256, 3), np.full(3, 255.0 if paper.mean() < 128 else 0.0)
    return tuple(int(v) for v in paper), tuple(int(v) for v in ink)


def text(rng: Rng) -> np.ndarray:
    """A page, a banner or a chat: lines of text, some in boxes."""
    paper, ink = inks(rng)
    page = Image.new("RGB", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(page)
    y, size = int(rng.integers(0, 20)), int(rng.integers(7, 60))
    while y < SIDE:
        if rng.random() < 0.2:
            size = int(rng.integers(7, 40))
        x = int(rng.integers(2, 60))
        if rng.random() < 0.2:
            box = (x, y, x + int(rng.integers(40, 250)), y + size + 6)
            draw.rounded_rectangle(box, 6, tuple(int(v) for v in rng.integers(0, 256, 3)))
        draw.text((x + 4, y), words(rng), fill=ink, font_size=size)
        y += int(size * rng.uniform(1.1, 2))
    return np.asarray(page)


def chart(rng: Rng) -> np.ndarray:
    """Bars, curves or a grid of small boxes."""
    paper, ink = inks(rng)
    page = Image.new("RGB", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(page)
    kind, count = rng.integers(3), int(rng.integers(3, 14))
    for k in range(count):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3)) if rng.random() < 0.7 else ink
        if kind == 0:
            left, top = 20 + k * 250 // count, int(rng.uniform(20, 250))
            draw.rectangle((left, top, left + 200 // count, 260), colour)
        elif kind == 1:
            line = np.cumsum(rng.normal(0, 12, 30)) + rng.uniform(60, 230)
            draw.line([(10 + 9 * i, float(v)) for i, v in enumerate(line)], colour, 2)
        else:
            for j in range(count):
                left, top = k * SIDE // count, j * SIDE // count
                fill = colour if rng.random() < 0.5 else paper
                draw.rectangle((left, top, left + SIDE // count, top + SIDE // count), fill, ink)
    return np.asarray(page)


def drawing(rng: Rng) -> np.ndarray:
    """Strokes, circles and outlines on paper, sometimes hatched: sketches and scribbles."""
    paper, ink = inks(rng)
    page = Image.new("RGB", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(page)
    for _ in range(int(rng.integers(3, 60))):
        width, kind = int(rng.integers(1, 5)), rng.integers(3)
        start = rng.uniform(0, SIDE, 2)
        if kind == 0:
            steps = rng.normal(0, 18, (int(rng.integers(3, 14)), 2)).cumsum(0)
            path = ndimage.gaussian_filter1d(start + steps, 1, axis=0)
            draw.line([tuple(p) for p in path.tolist()], ink, width)
        elif kind == 1:
            radius = rng.uniform(4, 90, 2)
            draw.ellipse((*(start - radius), *(start + radius)), outline=ink, width=width)
        else:
            along, across = rng.normal(0, 40, 2), rng.normal(0, 4, 2)
            for k in range(int(rng.integers(3, 25))):
                one = start + k * across
                draw.line([tuple(one), tuple(one + along)], ink, 1)
    return np.asarray(page)


def engraving(rng: Rng) -> np.ndarray:
    """Shaded forms drawn by lines that swell in the shadow, as engravers do."""
    u, v = places(rng)
    shade = smooth_noise(rng, rng.uniform(10, 45))
    period = rng.uniform(3.5, 10)
    lines = np.sin(2 * np.pi * u / period) + shade
    if rng.random() < 0.5:
        lines = np.minimum(lines, np.sin(2 * np.pi * v / period) + shade + 0.8)
    paper, ink = inks(rng)
    mixed = 1 / (1 + np.exp(-4 * lines[..., None]))
    return (np.array(ink) + (np.array(paper) - np.array(ink)) * mixed).astype(np.uint8)


def coin(rng: Rng) -> np.ndarray:
    """One to a few discs of metal with a relief, a rim and letters."""
    ground = [clouds, blank, weave][rng.integers(3)](rng)
    page = Image.fromarray(ground)
    for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
        radius = int(rng.uniform(45, 130))
        relief = smooth_noise(rng, rng.uniform(2, 9)) + 0.5 * smooth_noise(rng, 1.2)
        light = np.gradient(relief)[int(rng.integers(2))]
        y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
        distance = np.hypot(y, x)
        rim = np.abs(distance - radius * 0.93) < radius * 0.04
        light = np.where(rim, 0.4 * np.sign(x + y), light * (distance < radius * 0.9))
        metal = np.array([[212, 175, 80], [190, 190, 195], [170, 105, 65], [120, 110, 80]])
        colour = metal[rng.integers(4)] * rng.uniform(0.6, 1.15)
        shine = rng.uniform(40, 160)
        lit = shine * light[..., None] + 12 * smooth_noise(rng, 20)[..., None]
        face = Image.fromarray(np.clip(colour + lit, 0, 255).astype(np.uint8))
        draw = ImageDraw.Draw(face)
        for k in range(int(rng.integers(0, 14))):
            angle = k * 0.4
            at = SIDE / 2 + 0.75 * radius * np.array([np.cos(angle), np.sin(angle)])
            dark = tuple(int(v) for v in colour * 0.6)
            draw.text(tuple(at - 5), str(rng.choice(list(LETTERS))), dark, font_size=14)
        cut = Image.fromarray((255 * (distance < radius)).astype(np.uint8))
        page.paste(face, tuple(int(v) for v in rng.integers(-60, 61, 2)), cut)
    return np.asarray(page)


KINDS: tuple[Callable[[Rng], np.ndarray], ...] = (
    clouds,
    stripes,
    weave,
    cells,
    spots,
    blank,
    static,
    text,
    chart,
    drawing,
    engraving,
    coin,
)


def draw_picture(number: int, seed: int = 17) -> tuple[str, np.ndarray]:
    """Picture `number` of a seed: its kind's name, and uint8 [SIDE, SIDE, 3]."""
    rng = np.random.default_rng([seed, number])
    kind = KINDS[number % len(KINDS)]
    image = Image.fromarray(kind(rng))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.5))))
    return kind.__name__, np.asarray(image)
