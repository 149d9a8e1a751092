"""A second generator of Schreger cases, made apart from `examples/schreger_cases`, to check the
reader on another's pictures.

    .venv-bench/bin/python -m bench.schreger_second OUT SEED SECTIONS LOOKALIKES

Writes JPEG and PNG pictures and `manifest.csv` for `faunalens eval schreger`. Same arguments, same
bytes (for one version of NumPy and Pillow). Nothing is shared with the other generator: the section
is not round but a closed curve with lobes; the pattern is grown from helical tubules whose phases
give soft lattices, thin lines, plywood or stipple; noise is made in the Fourier plane; the camera
is a homography through rotated corners; text, sharpening, resizing and JPEG with subsampled colour
are Pillow's. The true angle is measured on the phase fields themselves, by differences.
"""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

TAU = 2 * np.pi
SHAPES = [
    "rod_end",
    "slab",
    "rim_strip",
    "inner_only",
    "bead_cap",
    "bangle_rim",
    "netsuke_base",
    "fragment",
]
COLUMNS = [
    "file",
    "kind",
    "view",
    "lattice",
    "species",
    "angle_deg",
    "outer_zone",
    "tilt_deg",
    "oblique_deg",
    "px_per_period",
    "contrast",
    "jpeg",
]
Case = tuple[bytes, str, dict]  # a picture, the suffix of its name, its row of the manifest
Draw = Callable[[int, int], Case | None]  # the case of a seed and a number, if it is one


def coloured_noise(
    rng: np.random.Generator, shape: tuple[int, int], size: float, power: float = 2.0
) -> np.ndarray:
    """Gaussian noise of unit variance with power falling above one wave per `size` pixels."""
    h, w = shape
    step = max(1, int(size / 6))
    h2, w2 = h // step + 3, w // step + 3
    ky, kx = np.fft.fftfreq(h2)[:, None], np.fft.rfftfreq(w2)[None, :]
    k = np.hypot(kx, ky) * size / step
    field = np.fft.irfft2(
        np.fft.rfft2(rng.standard_normal((h2, w2))) / (1 + k**2) ** power, s=(h2, w2)
    )
    field = (field - field.mean()) / (field.std() + 1e-9)
    if step == 1:
        return field[:h, :w]
    big = Image.fromarray(field.astype(np.float32)).resize((w2 * step, h2 * step), Image.BICUBIC)
    return np.asarray(big)[step : step + h, step : step + w]


def smooth(a: float, b: float, x: np.ndarray) -> np.ndarray:
    """From 0 at `a` to 1 at `b`, smoothly."""
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def homography(src: list, dst: list) -> np.ndarray:
    """The projective map that takes four points to four points."""
    rows = []
    for (x, y), (u, v) in zip(src, dst):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    return np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)


class Camera:
    """Looks at the section plane; `tilt` degrees from its normal."""

    def __init__(
        self,
        rng: np.random.Generator,
        size: tuple[int, int],
        px_per_mm: float,
        tilt: float,
        target: np.ndarray,
    ) -> None:
        w, h = size
        spin, lean, far = (
            rng.uniform(0, TAU),
            rng.uniform(0, TAU),
            rng.uniform(1.6, 7.0) * w / px_per_mm,
        )
        c, s = np.cos(spin), np.sin(spin)
        axis = np.array([np.cos(lean), np.sin(lean), 0.0])
        cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        t = np.radians(tilt)
        turn = np.eye(3) + np.sin(t) * cross + (1 - np.cos(t)) * cross @ cross
        turn = turn @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        half = 0.5 * min(w, h) / px_per_mm
        corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
        seen = np.c_[corners, np.zeros(4)] @ turn.T
        focal = far * px_per_mm
        image = np.c_[
            w / 2 + focal * seen[:, 0] / (far + seen[:, 2]),
            h / 2 + focal * seen[:, 1] / (far + seen[:, 2]),
        ]
        back = homography(image, corners + target)
        x, y = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
        u, v, q = (back[i, 0] * x + back[i, 1] * y + back[i, 2] for i in range(3))
        self.x, self.y = u / q, v / q


class Tusk:
    """A transverse section: lobed outline, helices of constant number round the axis, angle growing
    outward.
    """

    def __init__(self, rng: np.random.Generator, species: str) -> None:
        self.species = species
        self.radius = np.exp(rng.uniform(np.log(16), np.log(85)))
        wave = rng.uniform(0.75, 1.4)
        self.number = round(TAU * self.radius / wave)
        mean, sd = (124.2, 9.3) if species == "elephant" else (73.7, 9.8)
        low, high = (97, 160) if species == "elephant" else (38, 112)
        self.outer = float(np.clip(mean + sd * rng.standard_t(7) * np.sqrt(5 / 7), low, high))
        self.inner = (
            min(rng.uniform(35, 95), self.outer - 4)
            if species == "elephant"
            else min(rng.uniform(25, 45), self.outer - 4)
        )
        self.pulp = rng.uniform(0.05, 0.45)
        self.bend = rng.uniform(0.6, 1.8)
        self.lobes = [
            (n, rng.uniform(0, a), rng.uniform(0, TAU)) for n, a in ((2, 0.05), (3, 0.015))
        ]
        s = np.linspace(0.01, 1.06, 6000)
        theta = np.radians(self.theta(s))
        self.s, self.psi = (
            s,
            np.r_[
                0,
                np.cumsum(
                    0.5 * (np.tan(theta / 2) / s)[1:] * np.diff(s)
                    + 0.5 * (np.tan(theta / 2) / s)[:-1] * np.diff(s)
                ),
            ],
        )

    def theta(self, s: np.ndarray) -> np.ndarray:
        """The Schreger angle in degrees at the relative radius `s`."""
        t = np.clip((s - self.pulp) / (1 - self.pulp), 0, 1)
        # A sine of the depth, unlike the power law of the other generator.
        return self.inner + (self.outer - self.inner) * np.sin(t**self.bend * np.pi / 2)

    def polar(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Relative radius, 1 at the rim, and angle in radians of places in millimetres."""
        phi = np.arctan2(y, x)
        lobe = 1 + sum(a * np.cos(n * phi + p) for n, a, p in self.lobes)
        return np.hypot(x, y) / (self.radius * lobe), phi

    def phases(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The phases of both families of lines, in radians."""
        s, phi = self.polar(x, y)
        psi = self.number * np.interp(s, self.s, self.psi)
        return self.number * phi - psi, self.number * phi + psi

    def angle(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The angle between the families that opens to the axis, degrees, by differences of the
        phases.
        """
        e = 1e-3
        g = []
        for f in range(2):
            dx = np.angle(np.exp(1j * (self.phases(x + e, y)[f] - self.phases(x - e, y)[f])))
            dy = np.angle(np.exp(1j * (self.phases(x, y + e)[f] - self.phases(x, y - e)[f])))
            g.append((dx / (2 * e), dy / (2 * e)))
        r = np.hypot(x, y)
        tangent = (-y / r, x / r)
        signed = []
        for gx, gy in g:
            s = np.sign(gx * tangent[0] + gy * tangent[1])
            signed.append((gx * s, gy * s))
        (ax, ay), (bx, by) = signed
        cos = (ax * bx + ay * by) / (np.hypot(ax, ay) * np.hypot(bx, by))
        return np.degrees(np.arccos(np.clip(cos, -1, 1)))


def pattern(
    rng: np.random.Generator, first: np.ndarray, second: np.ndarray, style: str, scale: float
) -> np.ndarray:
    """Light of the helices' phases, -1 to 1."""
    a, b = np.cos(first), np.cos(second)
    weight = rng.uniform(0.35, 0.65)
    if style == "soft":
        return weight * a + (1 - weight) * b
    if style == "lines":
        k = rng.uniform(1.5, 3.5)

        def thin(c: np.ndarray) -> np.ndarray:
            return np.exp(k * (c - 1))

        return 1 - 2 * np.maximum(thin(a), thin(b) * rng.uniform(0.7, 1.0))
    if style == "plywood":
        return np.tanh(rng.uniform(1, 2.5) * (a + b) / 2) / np.tanh(1.7)
    # Stipple: tubules cut across, denser where the helices turn towards the eye.
    mean = rng.uniform(1.2, 4.0)
    dots = rng.poisson(mean * (1 + 0.9 * (weight * a + (1 - weight) * b)) ** 1.0)
    reach = max(1, round(0.12 * scale))
    for axis in (0, 1):
        dots = sum(np.roll(dots, shift, axis) for shift in range(-reach, reach + 1)) / (
            2 * reach + 1
        )
    return dots / mean - 1


def silhouette(
    rng: np.random.Generator,
    shape: str,
    tusk: Tusk,
    x: np.ndarray,
    y: np.ndarray,
    middle: np.ndarray,
    field: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Cover of the shown face, 0 to 1 (edge as in millimetres), and light of its relief."""
    s, _ = tusk.polar(x, y)
    dx, dy = x - middle[0], y - middle[1]
    d, a = np.hypot(dx, dy), np.arctan2(dy, dx)
    edge = field / 400
    inside = smooth(tusk.pulp * 0.9, tusk.pulp * 0.9 + edge / tusk.radius, s)

    def rim(at: float) -> np.ndarray:
        return smooth(at, at - edge / tusk.radius, s)

    relief = np.ones_like(x)
    crust = 1 + rng.uniform(0, 2.5) / tusk.radius
    if shape in ("rod_end", "rim_strip", "inner_only"):
        cover = inside * rim(crust)
    elif shape == "bangle_rim":
        hollow = rng.uniform(0.5, 0.82)
        cover = rim(1.0) * smooth(hollow, hollow + edge / tusk.radius, s)
        relief = 1 - 0.25 * (smooth(0.97, 1.0, s) + smooth(hollow + 0.03, hollow, s))
    elif shape == "bead_cap":
        ball = field * rng.uniform(0.34, 0.5)
        cover = (
            inside
            * rim(crust)
            * smooth(ball, ball - edge, d)
            * smooth(ball * 0.12, ball * 0.12 + edge, d)
        )
        relief = 0.55 + 0.45 * np.sqrt(np.clip(1 - (d / (ball * 1.02)) ** 2, 0, 1))
    elif shape == "slab":
        turn = rng.uniform(0, TAU)
        u, v = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        half = field * rng.uniform(0.3, 0.6, 2)
        cover = (
            inside
            * rim(crust)
            * smooth(half[0], half[0] - edge, abs(u))
            * smooth(half[1], half[1] - edge, abs(v))
        )
    else:
        waves = sum(
            rng.uniform(0, 0.16 if shape == "fragment" else 0.06)
            * np.cos(n * a + rng.uniform(0, TAU))
            for n in range(1, 9)
        )
        outline = field * rng.uniform(0.36, 0.5) * (1 + waves)
        cover = inside * rim(crust) * smooth(outline, outline - edge, d)
        if shape == "netsuke_base":
            hole = np.array(middle) + rng.uniform(-0.15, 0.15, 2) * field
            cover = cover * smooth(
                0.04 * field, 0.04 * field + edge, np.hypot(x - hole[0], y - hole[1])
            )
    return cover, relief


def backdrop(
    rng: np.random.Generator, shape: tuple[int, int], x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """A table, a hand, a white sweep, a cloth."""
    kind = rng.choice(["white", "black", "paper", "skin", "cloth", "wood"])
    base = {
        "white": (0.97, 0.97, 0.97),
        "black": (0.03, 0.03, 0.04),
        "paper": rng.uniform(0.3, 0.9, 3),
        "skin": (0.8, 0.6, 0.5),
        "cloth": rng.uniform(0.05, 0.7, 3),
        "wood": (0.5, 0.33, 0.2),
    }[kind]
    light = 1 + 0.04 * coloured_noise(rng, shape, 200)
    if kind == "cloth":
        k = TAU / rng.uniform(4, 14)
        light = light + 0.08 * (np.sign(np.sin(k * x)) * np.abs(np.sin(k * y)))
    if kind == "wood":
        light = light + 0.12 * np.sin(x / rng.uniform(4, 12) + 2 * coloured_noise(rng, shape, 150))
    return light[..., None] * np.array(base)


def develop(rng: np.random.Generator, light: np.ndarray, px: float) -> tuple[bytes, str, int]:
    """Phone and shop: flash, blur, noise, sharpening, text, resizing, JPEG.

    Gives bytes, their suffix and quality.
    """
    h, w, _ = light.shape
    x, y = np.meshgrid(np.linspace(-1, 1, w), np.linspace(-1, 1, h))
    if rng.random() < 0.5:
        turn = rng.uniform(0, TAU)
        light = (
            light * (1 + rng.uniform(0, 0.25) * (x * np.cos(turn) + y * np.sin(turn)))[..., None]
        )
    if rng.random() < 0.3:
        cx, cy, r = rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8), rng.uniform(0.05, 0.25)
        light = (
            light
            + (rng.uniform(0.1, 0.8) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r**2))[..., None]
        )
    light = np.clip(light, 0, 1.2) ** rng.uniform(0.8, 1.25)
    noise = rng.uniform(0.5, 4.5)
    grain = rng.standard_normal((h, w, 1)) * 0.8 + rng.standard_normal((h, w, 3)) * 0.6
    photo = Image.fromarray(np.clip(light * 255 + noise * grain, 0, 255).astype(np.uint8))
    photo = photo.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, min(1.3, 0.13 * px)))))
    if rng.random() < 0.4:
        photo = photo.filter(
            ImageFilter.UnsharpMask(float(rng.uniform(0.6, 2.0)), int(rng.uniform(30, 130)), 2)
        )
    if rng.random() < 0.3:
        f = rng.uniform(0.75, 1.4)
        way = [Image.BILINEAR, Image.LANCZOS, Image.NEAREST][rng.integers(3)]
        photo = photo.resize((int(w * f), int(h * f)), way).resize((w, h), Image.BICUBIC)
    if rng.random() < 0.25:
        draw = ImageDraw.Draw(photo)
        for _ in range(rng.integers(1, 4)):
            size = int(rng.uniform(14, 60))
            draw.text(
                (rng.uniform(0, w * 0.6), rng.uniform(0, h - size)),
                rng.choice(
                    ["SHOP 8842", "wechat: carver88", "100% natural", "SOLD", "12.5 mm  38 g"]
                ),
                fill=tuple(int(v) for v in rng.choice([0, 255], 3)),
                font=ImageFont.load_default(size),
            )
    out = io.BytesIO()
    if rng.random() < 0.1:
        photo.save(out, "PNG")
        return out.getvalue(), "png", 0
    quality = int(rng.integers(55, 97))
    if rng.random() < 0.25:
        first = io.BytesIO()
        photo.save(first, "JPEG", quality=int(rng.integers(60, 95)))
        photo = Image.open(first)
    photo.save(out, "JPEG", quality=quality, subsampling=int(rng.choice([0, 2])))
    return out.getvalue(), "jpg", quality


def view_distance(rng: np.random.Generator, shape: str, tusk: Tusk, field: float) -> float:
    """How far the picture's middle lies from the axis; `field`: its shorter side. Millimetres."""
    near = tusk.radius * rng.uniform(0.4, 0.7)
    cap = tusk.radius - field * rng.uniform(0.3, 0.55)
    whole = field > 1.3 * tusk.radius
    rod = tusk.radius * rng.uniform(0, 0.2) if whole else tusk.radius - field * 0.35
    rim = tusk.radius - field * rng.uniform(0.1, 0.4)
    inner = max(tusk.pulp * tusk.radius + field * 0.5, near)
    return max({"inner_only": inner, "bead_cap": cap, "rod_end": rod}.get(shape, rim), 0.0)


class Lattice:
    """The pattern in a picture: its wave, about -1 to 1, and its power, the contrast at each pixel.

    `px`: pixels per shortest period; `s`: relative radius of each pixel.
    """

    def __init__(self, rng: np.random.Generator, tusk: Tusk, camera: Camera, px: float):
        x, y = camera.x, camera.y
        shape = x.shape
        s, _ = tusk.polar(x, y)
        first, second = tusk.phases(x, y)
        wander, strength = px * rng.uniform(3, 9), rng.uniform(0.2, 0.7)
        first = first + strength * coloured_noise(rng, shape, wander)
        second = second + strength * coloured_noise(rng, shape, wander)
        style = ["soft", "lines", "plywood", "stipple"][rng.integers(4)]
        self.wave = pattern(rng, first, second, style, px)
        highest = 0.1 if tusk.species == "elephant" else 0.22
        self.contrast = np.exp(rng.uniform(np.log(0.04), np.log(highest)))
        patches: float | np.ndarray = 1.0
        if rng.random() >= 0.4:
            clouds = coloured_noise(rng, shape, min(shape) * rng.uniform(0.2, 0.5))
            patches = 0.1 + 0.9 * smooth(-0.9, 0.3, clouds)
        depth = smooth(tusk.pulp, 0.9, s) * (1 - 0.25) + rng.uniform(0.1, 0.25)
        body = (s < 1) * (s > tusk.pulp)
        self.power = self.contrast * np.clip(depth, 0, 1) * patches * body


def dyes(rng: np.random.Generator) -> np.ndarray:
    """The colour of the ivory, linear 0 to 1: white to yellow, now and then dyed."""
    white = rng.uniform(0.7, 0.95)
    body = np.array([white, white * rng.uniform(0.9, 0.99), white * rng.uniform(0.68, 0.95)])
    if rng.random() < 0.2:
        body = body * rng.choice(
            [[0.75, 0.25, 0.2], [0.3, 0.6, 0.35], [0.45, 0.3, 0.18], [0.35, 0.3, 0.3]]
        )
    return body


def worn_tone(
    rng: np.random.Generator,
    tusk: Tusk,
    camera: Camera,
    tone: np.ndarray,
    bearing: float,
) -> np.ndarray:
    """A tone with stains, growth rings and radial cracks about the direction `bearing`."""
    s, phi = tusk.polar(camera.x, camera.y)
    tone = tone + 0.03 * coloured_noise(rng, s.shape, 120)
    tone = tone + 0.008 * coloured_noise(rng, s.shape, 8)
    for _ in range(rng.integers(0, 4)):
        amount = rng.uniform(0.003, 0.02)
        length = rng.uniform(1.5, 9)  # of a ring, millimetres
        rings = s * tusk.radius * TAU / length + rng.uniform(0, TAU)
        tone = tone + amount * np.cos(rings)
    for _ in range(rng.integers(0, 4) if rng.random() < 0.4 else 0):
        at = bearing + rng.uniform(-0.6, 0.6)
        wide, wiggle = rng.uniform(0.03, 0.12), rng.uniform(0, 0.04)
        gap = np.angle(np.exp(1j * (phi - at - wiggle * np.sin(s * 30)))) * s * tusk.radius
        tone = np.where((abs(gap) < wide) & (s > rng.uniform(0.3, 0.8)), tone * 0.6, tone)
    return tone


def true_angle(
    rng: np.random.Generator, tusk: Tusk, camera: Camera, scale: float, seen: np.ndarray
) -> tuple[dict[str, str], np.ndarray]:
    """The mean angle over the outer 15 % of what is `seen`, and where that is.

    `scale`: pixels per millimetre. The angle in degrees, the shortest period in pixels.
    """
    x, y = camera.x, camera.y
    s, _ = tusk.polar(x, y)
    low, high = np.quantile(s[seen], [0.01, 0.995])
    zone = seen & (s > high - 0.15 * (high - low))
    ys, xs = np.nonzero(zone)
    pick = rng.integers(0, len(ys), 3000)
    mean = float(tusk.angle(x[ys[pick], xs[pick]], y[ys[pick], xs[pick]]).mean())
    t = np.median(s[zone]) * tusk.radius * TAU / tusk.number
    period = scale * min(t, t / np.tan(np.radians(mean / 2)))
    outer = bool(high > 0.97 and (seen & (s > 0.97)).sum() > 600)
    row = {"angle_deg": f"{mean:.2f}", "px_per_period": f"{period:.2f}"}
    return row | {"outer_zone": str(outer).lower()}, zone


def section(seed: int, number: int) -> Case | None:
    """One section of a tusk, unless hardly any lattice is in view."""
    rng = np.random.default_rng([seed, 0, number])
    tusk = Tusk(rng, ["elephant", "mammoth"][rng.integers(2)])
    shape = SHAPES[number % len(SHAPES)]
    view = ["frontal", "tilted"][(number // len(SHAPES)) % 2]
    w, h = (int(v) for v in rng.integers(560, 1150, 2))
    around = TAU * tusk.radius / tusk.number
    shortest = min(around, around / np.tan(np.radians(tusk.outer / 2)))
    px = np.exp(rng.uniform(np.log(6.2), np.log(22)))
    scale = px / shortest
    field, bearing = min(w, h) / scale, rng.uniform(0, TAU)
    off = view_distance(rng, shape, tusk, field)
    middle = np.array([off * np.cos(bearing), off * np.sin(bearing)])
    tilt = rng.uniform(0, 5) if view == "frontal" else rng.uniform(6, 35)
    camera = Camera(rng, (w, h), scale, tilt, middle)
    x, y = camera.x, camera.y
    s, _ = tusk.polar(x, y)
    cover, relief = silhouette(rng, shape, tusk, x, y, middle, field)
    lattice = Lattice(rng, tusk, camera, px)
    body = dyes(rng)
    tone = worn_tone(rng, tusk, camera, 1 + lattice.power * lattice.wave, bearing)
    colour = (tone * relief)[..., None] * body
    crust = smooth(1.0, 1.004, s)[..., None] * rng.uniform(0.4, 1.0)
    dark = (0.75, 0.95) if tusk.species == "elephant" else (0.35, 0.7)
    bark = body * rng.uniform(*dark) * [1, 0.85, 0.7]
    colour = colour * (1 - crust) + relief[..., None] * bark * crust
    behind = backdrop(rng, x.shape, x * scale, y * scale)
    light = colour * cover[..., None] + behind * (1 - cover[..., None])
    data, suffix, quality = develop(rng, light, px)

    row = {"kind": shape, "view": view, "lattice": "true", "species": tusk.species}
    row |= {"tilt_deg": f"{tilt:.1f}", "oblique_deg": 0, "jpeg": quality}
    seen = (cover > 0.9) & (lattice.power > 0.3 * lattice.contrast)
    if seen.sum() <= 400:
        return None
    measured, zone = true_angle(rng, tusk, camera, scale, seen)
    row |= measured | {"contrast": f"{lattice.power[zone].mean():.4f}"}
    return data, suffix, row


def grid_dots(
    x: np.ndarray, y: np.ndarray, k: float, turn: float, level: float | np.ndarray
) -> np.ndarray:
    """Where a halftone screen prints: `k` radians a pixel, turned by `turn`."""
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return (np.cos(k * u) + np.cos(k * v)) / 2 > level


def lookalike_tone(
    rng: np.random.Generator,
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    shape: tuple[int, int],
    period: float,
) -> np.ndarray:
    """The tone, about -1 to 1, of a surface that has no lattice; `period` in pixels."""
    k, half, turn = TAU / period, np.radians(rng.uniform(15, 75)), rng.uniform(0, TAU)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    first, second = (
        k * (u * np.sin(half) + v * np.cos(half)),
        k * (u * np.sin(half) - v * np.cos(half)),
    )
    far = np.hypot(*shape) * rng.uniform(0.0, 1.2)
    way = rng.uniform(0, TAU)
    dx, dy = x - far * np.cos(way), y - far * np.sin(way)
    r, phi = np.hypot(dx, dy), np.arctan2(dy, dx)
    if kind == "crosshatch":
        return pattern(rng, first, second, ["soft", "lines", "plywood"][rng.integers(3)], period)
    if kind == "crosshatch_by_hand":
        a = first + rng.uniform(0.2, 0.8) * coloured_noise(rng, shape, period * 6)
        b = second + rng.uniform(0.2, 0.8) * coloured_noise(rng, shape, period * 6)
        return pattern(rng, a, b, "lines", period)
    if kind == "weave":
        over = np.sin(k * u / 2) * np.sin(k * v / 2) > 0
        return np.where(over, abs(np.sin(k * u)), abs(np.sin(k * v))) * 2 - 1
    if kind == "draped_cloth":
        bent = u + period * rng.uniform(1, 3) * coloured_noise(rng, shape, rng.uniform(150, 500))
        bent2 = v + period * rng.uniform(1, 3) * coloured_noise(rng, shape, rng.uniform(150, 500))
        return np.cos(k * bent) * 0.5 + np.cos(k * bent2) * 0.5
    if kind == "halftone":
        tone = 0.5 * coloured_noise(rng, shape, 200)
        return np.where(grid_dots(x, y, k, turn, tone), -1.0, 1.0)
    if kind == "rings":
        return np.cos(k * r + rng.uniform(0, 2) * coloured_noise(rng, shape, 200))
    if kind == "end_grain":
        rays = (
            abs(
                np.cos(
                    phi * max(20, np.hypot(*shape) / (2 * period)) + coloured_noise(rng, shape, 60)
                )
            )
            ** 8
        )
        return np.tanh(2 * np.cos(k * r + 2 * coloured_noise(rng, shape, 250))) * 0.6 - 0.6 * rays
    if kind in ("fish_scales", "shingles"):
        row = np.floor(v / period)
        cell = np.mod(u / period + 0.5 * np.mod(row, 2), 1) - 0.5
        d = np.hypot(cell, v / period - row - (0.2 if kind == "fish_scales" else 0.9))
        return np.clip(2 - 4 * abs(d - 0.55), -1, 1) + 0.2 * coloured_noise(rng, shape, period)
    if kind == "snake_skin":
        bulge = 1 + 0.2 * np.sin(u / 300)
        return np.minimum(np.cos(first * bulge) + 0.5, np.cos(second * bulge) + 0.5)
    if kind == "knurl_on_rod":
        z = np.arcsin(np.clip(v / (0.55 * min(shape)), -0.98, 0.98)) * 0.55 * min(shape)
        return pattern(
            rng,
            k * (u * np.sin(half) + z * np.cos(half)),
            k * (u * np.sin(half) - z * np.cos(half)),
            "plywood",
            period,
        )
    if kind == "mesh_sphere":
        q = np.clip(np.hypot(u, v) / (0.6 * min(shape)), 0, 0.97)
        stretch = np.arcsin(q) / np.maximum(q, 1e-6)
        return np.cos(k * u * stretch) * 0.5 + np.cos(k * v * stretch) * 0.5
    if kind == "relief":
        height = coloured_noise(rng, shape, period * 2, 1.5)
        gy, gx = np.gradient(height)
        return np.tanh(
            2 * (gx * np.cos(turn) + gy * np.sin(turn)) / (np.hypot(gx, gy).mean() + 1e-9)
        )
    if kind == "beaded_border":
        n = round(TAU * np.median(r) / period)
        return np.cos(n * phi) * np.cos(k * r) * (abs(r - np.median(r)) < 1.5 * period)
    if kind == "oatmeal_marble":
        return np.tanh(coloured_noise(rng, shape, period * 3, 3.0))
    return np.zeros(shape)


LOOKALIKES = [
    "crosshatch",
    "crosshatch_by_hand",
    "weave",
    "draped_cloth",
    "halftone",
    "rings",
    "end_grain",
    "fish_scales",
    "shingles",
    "snake_skin",
    "knurl_on_rod",
    "mesh_sphere",
    "relief",
    "beaded_border",
    "oatmeal_marble",
    "plain",
]


def lookalike(seed: int, number: int) -> Case:
    """One surface without a Schreger lattice."""
    rng = np.random.default_rng([seed, 1, number])
    kind = LOOKALIKES[number % len(LOOKALIKES)]
    w, h = (int(v) for v in rng.integers(560, 1150, 2))
    period = np.exp(rng.uniform(np.log(5.5), np.log(32)))
    camera = Camera(rng, (w, h), 1.0, 0 if rng.random() < 0.4 else rng.uniform(0, 40), np.zeros(2))
    tone = lookalike_tone(rng, kind, camera.x, camera.y, (h, w), period)
    amount = np.exp(rng.uniform(np.log(0.03), np.log(0.4)))
    body = np.array([1, rng.uniform(0.85, 1), rng.uniform(0.6, 1)]) * rng.uniform(0.35, 0.93)
    light = (1 + amount * tone + 0.03 * coloured_noise(rng, (h, w), 120))[..., None] * body
    if rng.random() < 0.4:
        d = np.hypot(camera.x, camera.y)
        cover = smooth(0.45 * min(w, h), 0.45 * min(w, h) - 2, d)[..., None]
        light = light * cover + backdrop(rng, (h, w), camera.x, camera.y) * (1 - cover)
    data, suffix, quality = develop(rng, light, period)
    return data, suffix, {"kind": kind, "lattice": "false", "jpeg": quality}


def write_cases(section: Draw, lookalike: Draw) -> None:
    """Draws the cases that the command line asks for (OUT SEED SECTIONS LOOKALIKES) and writes them
    with their manifest.
    """
    out, seed, sections, lookalikes = Path(sys.argv[1]), *(int(v) for v in sys.argv[2:5])
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "manifest.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for draw, name, count in (
            (section, "section", sections),
            (lookalike, "lookalike", lookalikes),
        ):
            for number in range(count):
                drawn = draw(seed, number)
                if drawn is None:
                    continue
                data, suffix, row = drawn
                path = f"{name}-{number:05}.{suffix}"
                (out / path).write_bytes(data)
                table.writerow(row | {"file": path})


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    write_cases(section, lookalike)
