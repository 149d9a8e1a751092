"""A third generator of Schreger cases: the disorder of real ivory as photographs of it show.

    .venv-bench/bin/python -m bench.schreger_third OUT SEED SECTIONS LOOKALIKES

Writes JPEG pictures and `manifest.csv` for `faunalens eval schreger`. Same arguments, same bytes
(for one version of NumPy and Pillow). Nothing is shared with the reader; of the second generator it
uses the noise, the camera and the homography alone.

What was measured on photographs of mammoth ivory and is drawn here: directions and periods of the
lines wander by 6 to 15 per cent over some periods; one family outweighs the other by patches; the
contrast is 1 to 6 per cent; periods are 4.5 to 14 pixels; faces are small or wedges; the cut is
seen from up to 60 degrees; cloth with an embossed pattern lies behind; JPEG is strong, and often
saved twice. The phase of a family is the integral of no smooth field: a warp of the plane moves
both families together, and a phase noise moves each alone.
"""

import io
import sys

import numpy as np
from PIL import Image, ImageFilter

from bench.schreger_second import TAU, Camera, Case, coloured_noise, smooth, write_cases

SHAPES = ["wedge", "sawn_end", "small_face", "bead", "hollow_base", "slab"]
GROUNDS = ["embossed", "woven", "plain", "hand", "wood"]


class Tusk:
    """A round section, lengths in millimetres; the angle grows outward by a power of the depth."""

    def __init__(self, rng: np.random.Generator, species: str) -> None:
        self.species = species
        self.radius = rng.uniform(14, 75)
        self.wave = rng.uniform(0.8, 1.35)
        self.number = TAU * self.radius / self.wave
        mean, sd, low, high = (
            (124.2, 9.3, 96, 158) if species == "elephant" else (73.7, 9.8, 40, 110)
        )
        self.outer = float(np.clip(rng.normal(mean, sd), low, high))
        inner = rng.uniform(40, 90) if species == "elephant" else rng.uniform(28, 50)
        self.inner = min(inner, self.outer - 5)
        self.pulp = rng.uniform(0.05, 0.4)
        self.power = rng.uniform(0.6, 1.8)
        self.s = np.linspace(0.02, 1.1, 5000)
        slope = np.tan(np.radians(self.theta(self.s)) / 2) / self.s
        steps = 0.5 * (slope[1:] + slope[:-1]) * np.diff(self.s)
        self.psi = np.r_[0, np.cumsum(steps)]

    def theta(self, s: np.ndarray) -> np.ndarray:
        """The Schreger angle in degrees at the relative radius `s`."""
        depth = np.clip((s - self.pulp) / (1 - self.pulp), 0, 1)
        return self.inner + (self.outer - self.inner) * depth**self.power


def outline(
    rng: np.random.Generator, shape: str, tusk: Tusk, x: np.ndarray, y: np.ndarray, field: float
) -> np.ndarray:
    """Cover of the face, 0 to 1; `field` is the picture's short side, everything in millimetres.

    The picture's middle lies at distance `x[mid], y[mid]` from the axis.
    """
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    middle = np.array([x[x.shape[0] // 2, x.shape[1] // 2], y[y.shape[0] // 2, y.shape[1] // 2]])
    bearing = np.arctan2(middle[1], middle[0])
    edge = field / 350
    ragged = 0.006 * tusk.radius * coloured_noise(rng, x.shape, 60)
    cover = smooth(tusk.radius, tusk.radius - edge, r + ragged)
    cover = cover * smooth(tusk.pulp * tusk.radius, tusk.pulp * tusk.radius + edge, r)
    d = np.hypot(x - middle[0], y - middle[1])
    off = np.angle(np.exp(1j * (phi - bearing)))
    if shape == "wedge":
        wide = rng.uniform(0.25, 0.55)
        cover = cover * smooth(wide, wide - edge / tusk.radius, abs(off))
        inner = tusk.radius * rng.uniform(tusk.pulp, 0.55)
        cover = cover * smooth(inner, inner + edge, r * np.cos(off))
    elif shape == "small_face":
        reach = field * rng.uniform(0.22, 0.34)
        cover = cover * smooth(reach, reach - edge, d + 0.1 * reach * np.cos(3 * phi))
    elif shape == "bead":
        reach = field * rng.uniform(0.3, 0.45)
        cover = cover * smooth(reach, reach - edge, d) * smooth(0.1 * reach, 0.1 * reach + edge, d)
    elif shape == "hollow_base":
        hole = middle * (1 - rng.uniform(0.0, 0.25))
        wide = field * rng.uniform(0.06, 0.14)
        cover = cover * smooth(wide, wide + edge, np.hypot(x - hole[0], y - hole[1]))
        reach = field * rng.uniform(0.35, 0.5)
        cover = cover * smooth(reach, reach - edge, d)
    elif shape == "slab":
        turn, half = rng.uniform(0, TAU), field * rng.uniform(0.25, 0.5, 2)
        u = (x - middle[0]) * np.cos(turn) + (y - middle[1]) * np.sin(turn)
        v = (y - middle[1]) * np.cos(turn) - (x - middle[0]) * np.sin(turn)
        cover = cover * smooth(half[0], half[0] - edge, abs(u))
        cover = cover * smooth(half[1], half[1] - edge, abs(v))
    return cover


def ground(rng: np.random.Generator, shape: tuple[int, int], kind: str) -> np.ndarray:
    """What lies behind the piece, linear light 0 to 1, in three channels."""
    h, w = shape
    x, y = np.meshgrid(np.arange(w), np.arange(h))
    turn = rng.uniform(0, TAU)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    period = rng.uniform(5, 14)
    light = 1 + 0.05 * coloured_noise(rng, shape, 180)
    base = rng.uniform(0.1, 0.8, 3)
    if kind == "embossed":
        base = np.array(rng.choice([[0.65, 0.1, 0.12], [0.15, 0.15, 0.3], [0.6, 0.5, 0.3]]))
        height = coloured_noise(rng, shape, period * 2, 2.0)
        stamp = np.hypot(x - rng.uniform(0, w), y - rng.uniform(0, h))
        height = height + 0.5 * np.cos(stamp * TAU / rng.uniform(60, 200)) ** 9
        gy, gx = np.gradient(np.tanh(2 * height))
        light = light + 0.12 * (gx + gy) / (np.hypot(gx, gy).mean() + 1e-9)
    elif kind == "woven":
        bend = period * rng.uniform(0, 1.5)
        u = u + bend * coloured_noise(rng, shape, rng.uniform(150, 400))
        v = v + bend * coloured_noise(rng, shape, rng.uniform(150, 400))
        threads = np.where(
            np.sin(TAU * u / period / 2) * np.sin(TAU * v / period / 2) > 0,
            abs(np.sin(TAU * u / period)),
            abs(np.sin(TAU * v / period)),
        )
        light = light + rng.uniform(0.05, 0.25) * (2 * threads - 1)
    elif kind == "wood":
        light = light + 0.1 * np.sin(TAU * u / period + 3 * coloured_noise(rng, shape, 120))
    elif kind == "hand":
        base = np.array([0.75, 0.52, 0.42])
        light = light + 0.02 * coloured_noise(rng, shape, 9)
    return light[..., None] * base


def photograph(rng: np.random.Generator, light: np.ndarray) -> tuple[bytes, int]:
    """Blur, grain, a resize and one or two strong JPEGs: bytes, and the last quality."""
    h, w, _ = light.shape
    light = np.clip(light, 0, 1.1) ** rng.uniform(0.85, 1.15)
    grain = rng.uniform(0.5, 2.5) * rng.standard_normal((h, w, 1))
    photo = Image.fromarray(np.clip(light * 240 + grain, 0, 255).astype(np.uint8))
    photo = photo.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.9))))
    if rng.random() < 0.3:
        photo = photo.filter(ImageFilter.UnsharpMask(1.2, int(rng.uniform(40, 120)), 2))
    quality = 0
    for _ in range(rng.integers(1, 3)):
        out = io.BytesIO()
        quality = int(rng.integers(62, 90))
        photo.save(out, "JPEG", quality=quality, subsampling=2)
        photo = Image.open(io.BytesIO(out.getvalue()))
    return out.getvalue(), quality


def shortest_period(tusk: Tusk, camera: Camera, zone: np.ndarray) -> float:
    """The shorter of the lattice's periods round and outward in a zone of the picture, pixels as
    they are seen: a tilt shortens them.
    """
    (x_down, x_right), (y_down, y_right) = (
        [d[zone] for d in np.gradient(plane)] for plane in (camera.x, camera.y)
    )
    x, y = camera.x[zone], camera.y[zone]
    r = np.hypot(x, y)
    # Pixels per millimetre outward and round, by the inverse of the camera's derivative.
    area = abs(x_right * y_down - x_down * y_right)
    outward = np.hypot(y_down * x - x_down * y, y_right * x - x_right * y) / (area * r)
    around = np.hypot(y_down * y + x_down * x, y_right * y + x_right * x) / (area * r)
    tangential = TAU * r / tusk.number
    radial = tangential / np.tan(np.radians(tusk.theta(r / tusk.radius) / 2))
    return float(min(np.median(tangential * around), np.median(radial * outward)))


def disordered(
    rng: np.random.Generator, tusk: Tusk, camera: Camera, scale: float, px: float
) -> tuple[np.ndarray, np.ndarray]:
    """The pattern, about -1 to 1, and its visibility, 0 to 1; `scale`: pixels per millimetre.

    A warp whose derivative is the scatter shifts the plane, so that both families wander in
    direction and period; a phase noise then moves each of them alone.
    """
    shape = camera.x.shape
    length = px * rng.uniform(8, 22)  # of the correlation, pixels
    scatter = rng.uniform(0.03, 0.11)
    shifts = []
    for _ in range(2):
        noise = coloured_noise(rng, shape, length, 3.0)
        slope = np.sqrt(np.mean(np.gradient(noise, axis=0) ** 2 + np.gradient(noise, axis=1) ** 2))
        shifts.append(noise * scatter / slope / scale)
    x, y = camera.x + shifts[0], camera.y + shifts[1]
    s, phi = np.hypot(x, y) / tusk.radius, np.arctan2(y, x)
    psi = np.interp(s, tusk.s, tusk.psi)
    waves, own = [], rng.uniform(0.2, 0.6)
    patchy = np.exp(rng.uniform(0.2, 0.6) * coloured_noise(rng, shape, px * rng.uniform(15, 40)))
    for sign, weight in ((-1, patchy), (1, 1 / patchy)):
        noise = own * coloured_noise(rng, shape, px * rng.uniform(5, 12))
        waves.append(weight * np.cos(tusk.number * (phi + sign * psi) + noise))
    clouds = coloured_noise(rng, shape, min(shape) * rng.uniform(0.15, 0.4))
    seen = 0.25 + 0.75 * smooth(-1.2, 0.4, clouds)
    return 0.5 * (waves[0] + waves[1]), seen


def section(seed: int, number: int) -> Case | None:
    """One section of a tusk, unless hardly any lattice is in view."""
    rng = np.random.default_rng([seed, 2, number])
    tusk = Tusk(rng, ["elephant", "mammoth"][rng.integers(2)])
    shape = SHAPES[number % len(SHAPES)]
    tilted = (number // len(SHAPES)) % 2 == 1
    tilt = rng.uniform(6, 65) if tilted else rng.uniform(0, 5)
    w, h = (int(v) for v in rng.integers(620, 1250, 2))
    shortest = min(tusk.wave, tusk.wave / np.tan(np.radians(tusk.outer / 2)))
    px = float(np.exp(rng.uniform(np.log(4.5), np.log(14))))
    scale = px / shortest
    field, bearing = min(w, h) / scale, rng.uniform(0, TAU)
    off = max(tusk.radius - field * rng.uniform(0.2, 0.4), 0.0)
    if shape == "sawn_end":
        off = max(tusk.radius - field * rng.uniform(0.35, 0.5), 0.0)
    middle = np.array([off * np.cos(bearing), off * np.sin(bearing)])
    camera = Camera(rng, (w, h), scale, tilt, middle)
    cover = outline(rng, shape, tusk, camera.x, camera.y, field)
    s, phi = np.hypot(camera.x, camera.y) / tusk.radius, np.arctan2(camera.y, camera.x)
    wave, seen = disordered(rng, tusk, camera, scale, px)
    contrast = float(np.exp(rng.uniform(np.log(0.01), np.log(0.06))))
    power = contrast * seen * np.clip(0.4 + 0.6 * smooth(tusk.pulp, 0.9, s), 0, 1)
    tone = 1 + power * wave + 0.03 * coloured_noise(rng, s.shape, 140)
    tone = tone + 0.004 * coloured_noise(rng, s.shape, 6)
    for _ in range(rng.integers(0, 4)):
        length = rng.uniform(1.5, 8)
        tone = tone + rng.uniform(0.003, 0.015) * np.cos(s * tusk.radius * TAU / length)
    for _ in range(rng.integers(0, 4)):
        at, wide = bearing + rng.uniform(-0.5, 0.5), rng.uniform(0.04, 0.15)
        gap = np.angle(np.exp(1j * (phi - at - 0.02 * np.sin(s * 25)))) * s * tusk.radius
        tone = np.where((abs(gap) < wide) & (s > rng.uniform(0.4, 0.9)), tone * 0.6, tone)
    white = rng.uniform(0.72, 0.92)
    body = np.array([white, white * rng.uniform(0.88, 0.97), white * rng.uniform(0.65, 0.9)])
    colour = tone[..., None] * body
    if shape in ("sawn_end", "slab") and tusk.species == "mammoth":
        bark = smooth(0.985, 0.995, s)[..., None]
        colour = colour * (1 - bark) + bark * body * [0.5, 0.42, 0.33]
        cover = np.maximum(cover, smooth(1.08, 1.07, s) * (s > 0.98))
    behind = ground(rng, s.shape, GROUNDS[rng.integers(len(GROUNDS))])
    light = colour * cover[..., None] + behind * (1 - cover[..., None])
    data, quality = photograph(rng, light)

    face = (cover > 0.9) & (power > 0.3 * contrast) & (s < 0.985)
    if face.sum() < 4000:
        return None
    low, high = np.quantile(s[face], [0.01, 0.995])
    zone = face & (s > high - 0.15 * (high - low))
    angle = float(tusk.theta(s[zone]).mean())
    row = {
        "kind": shape,
        "view": "tilted" if tilted else "frontal",
        "lattice": "true",
        "species": tusk.species,
        "angle_deg": f"{angle:.2f}",
        "outer_zone": str(bool(high > 0.965)).lower(),
        "tilt_deg": f"{tilt:.1f}",
        "oblique_deg": 0,
        "px_per_period": f"{shortest_period(tusk, camera, zone):.2f}",
        "contrast": f"{float(power[zone].mean()):.4f}",
        "jpeg": quality,
    }
    return data, "jpg", row


def lookalike(seed: int, number: int) -> Case:
    """A ground alone, or a plain piece on it."""
    rng = np.random.default_rng([seed, 3, number])
    kind = GROUNDS[number % len(GROUNDS)]
    w, h = (int(v) for v in rng.integers(620, 1250, 2))
    light = ground(rng, (h, w), kind)
    if (number // len(GROUNDS)) % 2 == 1:
        kind = f"plain_piece_on_{kind}"
        x, y = np.meshgrid(np.linspace(-1, 1, w), np.linspace(-1, 1, h))
        cover = smooth(0.6, 0.59, np.hypot(x, y))[..., None]
        tone = 1 + 0.03 * coloured_noise(rng, (h, w), 140) + 0.006 * coloured_noise(rng, (h, w), 6)
        light = light * (1 - cover) + cover * tone[..., None] * [0.85, 0.8, 0.68]
    data, quality = photograph(rng, light)
    return data, "jpg", {"kind": kind, "lattice": "false", "jpeg": quality}


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    write_cases(section, lookalike)
