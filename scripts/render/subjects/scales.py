"""Pangolin scales, loose, strung, in heaps and on the skin; and what is taken for them: shells,
fish scales, cones, leaves.

Lengths in metres, angles in radians, colours sRGB 0 to 1.
"""

from collections.abc import Callable

import bpy
import numpy as np

from render.chance import pick, seed
from render.piece import (
    Piece,
    ball,
    fractal,
    frames,
    join,
    lathe,
    mix,
    moved,
    resample,
    rotation,
    sheet,
    smoothstep,
    tube,
)
from render.solid import solid, surface
from render.subject import Subject

BROWN = [  # sRGB 0 to 1
    (0.34, 0.22, 0.13),
    (0.42, 0.30, 0.18),
    (0.26, 0.18, 0.12),
    (0.50, 0.38, 0.22),
    (0.20, 0.16, 0.13),
    (0.36, 0.30, 0.22),
    (0.46, 0.28, 0.14),
]


def outline(v: np.ndarray, kind: str) -> np.ndarray:
    """Half width along a scale from the root (0) to the tip (1)."""
    if kind == "fan":
        return np.where(
            v < 0.62,
            0.30 + 0.70 * np.sin(np.clip(v / 0.62, 0, 1) * np.pi / 2) ** 1.1,
            np.sqrt(np.clip(1 - ((v - 0.62) / 0.38) ** 2, 0, 1)),
        )
    if kind == "rhomb":
        return np.where(v < 0.5, 0.25 + 0.75 * v / 0.5, np.clip((1 - v) / 0.5, 0, 1) ** 0.75)
    return np.where(
        v < 0.35,
        0.55 + 0.45 * v / 0.35,
        np.clip(1 - np.maximum((v - 0.35) / 0.65, 0) ** 2.2, 0, 1) ** 0.6,
    )


def scale(
    rng: np.random.Generator,
    length: float,
    colour: np.ndarray,
    detail: float = 1.0,
    kind: str | None = None,
    roast: float = 0.0,
    both: bool = True,
) -> Piece:
    """One scale, root at v = 0, tip towards +y, convex side up, centred on the origin."""
    kind = rng.choice(["fan", "rhomb", "shield"]) if kind is None else kind
    width = length * rng.uniform(0.36, 0.52)
    curl, arch = rng.uniform(0.15, 0.55) + roast * rng.uniform(0, 1.2), rng.uniform(0.05, 0.4)
    lines, chip = rng.integers(9, 18), seed(rng)

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        x = 2 * u - 1
        nick = 1 + 0.05 * fractal(
            np.stack([v.ravel() * 7, np.sign(x.ravel()) * 3, 0 * v.ravel()], 1), chip, 2
        ).reshape(v.shape)
        wide = outline(v, kind) * nick
        z = -curl * width * (x * wide) ** 2 - arch * length * (v - 0.4) ** 2
        z = z + 0.022 * width * np.sin(x * lines * np.pi) * (1 - smoothstep(0.6, 0.92, v)) * (
            detail >= 1
        )
        z = z + roast * 0.06 * length * np.sin(5 * x + 3 * v)
        return np.stack([x * width * wide, (v - 0.5) * length, z], -1)

    n = (44, 34) if detail >= 1 else (9, 8)
    s = sheet(point, *n, both=0.02 * length if both else 0.0)
    x = 2 * s.a * 0 + (2 * s.a - 1)
    s.grain = np.stack([x * width, 0.06 * s.v[:, 1], 0 * x], 1)
    wave = fractal(s.v / length * 2.5, seed(rng), 3)
    line = fractal(s.grain / width * [9, 9, 9], seed(rng), 2)
    horn = mix(
        colour,
        np.minimum(colour * 1.7 + [0.10, 0.07, 0.02], 1),
        smoothstep(0.62, 1.0, s.t + 0.15 * wave + 0.12 * abs(x) ** 3),
    )
    c = mix(colour * 1.45 + 0.05, horn, smoothstep(0.0, 0.35, s.t + 0.15 * wave))
    s.c = np.clip(c * (1 + 0.22 * line + 0.2 * wave)[:, None], 0.02, 1)
    return s


def horny(
    rng: np.random.Generator, scale_: float = 900.0, clear: float = 0.2
) -> bpy.types.Material:
    """Keratin; `scale_`: cells of noise per metre, `clear` 0 to 1: how far light goes into it."""
    return surface(
        roughness=rng.uniform(0.3, 0.6),
        bump=rng.uniform(0.4, 0.8),
        scale=scale_,
        mottle=0.3,
        subsurface=clear,
        radius=(1, 0.5, 0.15),
        depth=0.002,
        coat=rng.uniform(0, 0.35),
        depth_of_bump=0.0006,
    )


def one(rng: np.random.Generator) -> list[bpy.types.Object]:
    """One pangolin scale 25 to 65 mm long."""
    return [
        solid(
            scale(rng, rng.uniform(0.025, 0.065), pick(rng, BROWN) * rng.uniform(0.8, 1.3)),
            horny(rng),
            "pangolin_scale",
        )
    ]


def towards(normal: np.ndarray, yaw: float) -> np.ndarray:
    """Rotation taking z to `normal` after a turn by `yaw`."""
    n = normal / np.linalg.norm(normal)
    axis = np.cross([0, 0, 1.0], n)
    k = np.linalg.norm(axis)
    tilt = np.eye(3) if k < 1e-9 else rotation(axis / k, np.arctan2(k, n[2]))
    return tilt @ rotation([0, 0, 1], yaw)


def mound(
    rng: np.random.Generator,
    make: Callable[[np.random.Generator], Piece],
    count: int,
    size: float,
    spread: float | None = None,
    rise: float | None = None,
) -> Piece:
    """Pieces strewn over a low mound, loosely along its slope, over a dark core."""
    spread = size * np.sqrt(count) * rng.uniform(0.19, 0.27) if spread is None else spread
    rise = spread * rng.uniform(0.15, 0.4) if rise is None else rise

    def shape(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return rise * np.exp(-1.6 * (x * x + y * y) / spread**2)

    parts = []
    variants = [make(rng) for _ in range(min(count, 24))]
    for i in range(count):
        r, a = spread * np.sqrt(rng.random()) * rng.uniform(0.9, 1.15), rng.uniform(0, 2 * np.pi)
        x, y = r * np.cos(a), r * np.sin(a)
        k = 3.2 * shape(x, y) / spread**2
        tilt = rng.normal(0, 0.33, 2)
        turn = towards(
            np.array([x * k + tilt[0], y * k + tilt[1], 1.0 if rng.random() < 0.7 else -1.0]),
            rng.uniform(0, 7),
        )
        p = moved(
            variants[i % len(variants)],
            turn,
            (x, y, shape(x, y) + size * rng.uniform(0, 0.28)),
            rng.uniform(0.65, 1.2),
        )
        p.c = np.clip(p.c * rng.uniform(0.7, 1.3), 0.02, 1)
        parts.append(p)
    core = sheet(
        lambda u, v: np.stack(
            [
                (2 * u - 1) * spread * np.sqrt(1 - (2 * v - 1) ** 2 / 2),
                (2 * v - 1) * spread * np.sqrt(1 - (2 * u - 1) ** 2 / 2),
                shape((2 * u - 1) * spread, (2 * v - 1) * spread) - 0.25 * size,
            ],
            -1,
        ),
        24,
        24,
    )
    core.v[:, :2] *= 0.85
    core.v[:, 2] = np.maximum(core.v[:, 2], 0)
    core.c = np.tile(parts[0].c.mean(0) * 0.5, (len(core.v), 1))
    return join(parts + [core])


def heap(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A heap of 60 to 420 scales, raw or roasted."""
    roast = float(rng.random() < 0.2)
    colour = (
        pick(rng, BROWN)
        if not roast
        else pick(rng, [(0.72, 0.52, 0.22), (0.62, 0.42, 0.18), (0.78, 0.62, 0.34)])
    )
    size = rng.uniform(0.03, 0.055) * (0.6 if roast else 1)

    def make(r: np.random.Generator) -> Piece:
        return scale(
            r,
            size,
            np.clip(colour * r.uniform(0.7, 1.35) + r.normal(0, 0.02, 3), 0.05, 1),
            0.5,
            roast=roast,
            both=False,
        )

    return [
        solid(mound(rng, make, int(rng.integers(60, 420)), size), horny(rng, 700), "pangolin_heap")
    ]


def strung(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Row or loop of scales on a thread."""
    n, length = int(rng.integers(7, 20)), rng.uniform(0.025, 0.045)
    loop = rng.random() < 0.5
    colour = pick(rng, BROWN)
    step = length * 0.75
    parts, knots = [], []
    for i in range(n):
        if loop:
            a, r = 2 * np.pi * i / n, step * n / (2 * np.pi)
            root, yaw = np.array([r * np.cos(a), r * np.sin(a), 0]), a - np.pi / 2
        else:
            root, yaw = np.array([(i - n / 2) * step, 0.004 * np.sin(i), 0]), np.pi
        s = scale(rng, length * rng.uniform(0.85, 1.1), colour * rng.uniform(0.8, 1.3), 0.8)
        s.v[:, 1] += 0.4 * length
        parts.append(
            moved(
                s,
                rotation([0, 0, 1], yaw + rng.normal(0, 0.12))
                @ rotation([0, 1, 0], rng.normal(0, 0.25)),
                root + [0, 0, 0.003 * (i % 2)],
            )
        )
        knots.append(root + [0, 0, 0.004])
    path = resample(knots + ([knots[0]] if loop else []), 80)
    thread = tube(path, np.full(80, 0.0008), 6)
    thread.c = np.tile(
        pick(rng, [(0.7, 0.1, 0.1), (0.9, 0.88, 0.8), (0.15, 0.12, 0.1)]), (len(thread.v), 1)
    )
    return [solid(join(parts + [thread]), horny(rng), "pangolin_strand")]


def imbricate(
    rng: np.random.Generator,
    path: np.ndarray,
    radius: np.ndarray,
    length: float,
    colour: np.ndarray,
    rows: int,
    lower: bool = True,
) -> Piece:
    """Overlapping scales in staggered rows on a tube; the belly stays bare."""
    body = tube(path, radius * 0.97, 40)
    body.c = np.tile((0.62, 0.5, 0.42), (len(body.v), 1))
    parts = [body]
    t, side, across = frames(path)
    variants = [
        scale(
            rng,
            length,
            np.clip(colour * rng.uniform(0.8, 1.25), 0.03, 1),
            0.7,
            "fan" if rng.random() < 0.6 else "rhomb",
            both=False,
        )
        for _ in range(10)
    ]
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    s, k = length * 0.3, 0
    while s < arc[-1] - length * 0.3:
        i = min(np.searchsorted(arc, s), len(path) - 1)
        n = max(5, int(round(rows * (radius[i].mean() / radius.max()) ** 0.6)))
        here = 2 * np.pi * radius[i].mean() / n / (length * 0.78)
        for j in range(n):
            a = 2 * np.pi * (j + 0.5 * (k % 2)) / n
            if not lower and np.sin(a) < -0.5:
                continue
            out = np.cos(a) * side[i] + np.sin(a) * across[i]
            at = path[i] + np.cos(a) * side[i] * radius[i, 0] + np.sin(a) * across[i] * radius[i, 1]
            y = t[i] * np.cos(0.20) + out * np.sin(0.20)
            z = out * np.cos(0.20) - t[i] * np.sin(0.20)
            p = moved(
                variants[rng.integers(10)],
                np.stack([np.cross(y, z), y, z], 1),
                at + out * length * 0.06,
                min(max(here, 0.35), 1.3),
            )
            p.c = np.clip(p.c * rng.uniform(0.85, 1.15), 0.02, 1)
            parts.append(p)
        s += length * 0.42 * min(max(here, 0.4), 1.2)
        k += 1
    return join(parts)


def whole_skin(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A dried or stuffed pangolin: head, body, broad tail, scales from brow to tail tip."""
    L = rng.uniform(0.5, 0.9)
    n = 60
    s = np.linspace(0, 1, n)
    curl = rng.choice([0.3, 0.8, 3.5])
    a = curl * s + rng.uniform(-0.3, 0.3) * np.sin(s * 6)
    step = L / n
    path = np.stack([np.cumsum(np.cos(a)) * step, np.cumsum(np.sin(a)) * step, 0 * s], 1)
    wide = (
        np.interp(
            s,
            [0, 0.08, 0.16, 0.35, 0.5, 0.62, 0.85, 1],
            [0.025, 0.05, 0.06, 0.105, 0.11, 0.085, 0.06, 0.02],
        )
        * L
    )
    deep = wide * np.interp(s, [0, 0.5, 0.7, 1], [0.9, 0.8, 0.45, 0.35])
    path[:, 2] = deep
    _, side, across = frames(path)
    radius = np.stack([wide, deep], 1) if abs(side[n // 2, 2]) < 0.5 else np.stack([deep, wide], 1)
    skin = imbricate(
        rng,
        path,
        radius,
        L * rng.uniform(0.055, 0.085),
        pick(rng, BROWN),
        int(rng.integers(17, 24)),
    )
    parts = [skin]
    snout = tube(
        path[0] - (path[1] - path[0]) / step * np.linspace(-0.01, L * 0.07, 12)[:, None],
        np.linspace(0.028 * L, 0.008 * L, 12),
        16,
    )
    snout.c = np.tile((0.55, 0.42, 0.35), (len(snout.v), 1))
    parts.append(snout)
    for at, sign in ((0.27, 1), (0.27, -1), (0.55, 1), (0.55, -1)):
        i = int(at * n)
        out = np.cross([0, 0, 1], path[i + 1] - path[i])
        out = out / np.linalg.norm(out) * sign
        leg = resample(
            [
                path[i] + out * wide[i] * 0.7 - [0, 0, deep[i] * 0.4],
                path[i] + out * wide[i] * 1.3 - [0, 0, deep[i] * 0.6],
                path[i]
                + out * wide[i] * 1.5
                - [0, 0, deep[i] * 0.85]
                - (path[i + 1] - path[i]) * 2,
            ],
            12,
        )
        p = tube(leg, np.linspace(0.035, 0.02, 12) * L, 14)
        p.c = np.tile((0.3, 0.22, 0.16), (len(p.v), 1))
        parts.append(p)
    return [solid(join(parts), horny(rng, 700), "pangolin_skin")]


def patch(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Close view: scaled hide filling the frame."""
    L = rng.uniform(0.03, 0.06)
    path = np.stack([np.linspace(0, 0.5, 40), 0 * np.arange(40), 0 * np.arange(40)], 1)
    R = rng.uniform(0.09, 0.2)
    return [
        solid(
            imbricate(
                rng, path, np.full((40, 2), R), L, pick(rng, BROWN), int(2 * np.pi * R / (L * 0.78))
            ),
            horny(rng, 900),
            "pangolin_patch",
        )
    ]


# Look-alikes.


def scallop(
    rng: np.random.Generator, size: float | None = None, n: tuple[int, int] = (70, 28)
) -> Piece:
    """A ribbed shell of 2 to 5 cm."""
    size = rng.uniform(0.02, 0.05) if size is None else size
    ribs, curl = rng.integers(8, 22), rng.uniform(0.3, 0.8)

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        a = (u - 0.5) * 2.5
        r = size * (0.06 + 0.94 * v) * (1 - 0.12 * abs(u - 0.5) ** 2)
        return np.stack(
            [
                r * np.sin(a),
                r * np.cos(a) - size * 0.5,
                size * curl * (np.sin(v * np.pi * 0.62)) * np.cos(a * 0.8)
                + 0.02 * size * np.cos(u * ribs * 2 * np.pi) * v,
            ],
            -1,
        )

    s = sheet(point, *n, both=0.02 * size)
    low, high = (
        pick(
            rng,
            [
                (0.92, 0.86, 0.78),
                (0.85, 0.6, 0.45),
                (0.75, 0.4, 0.35),
                (0.9, 0.75, 0.55),
                (0.55, 0.4, 0.35),
            ],
        ),
        pick(rng, [(0.95, 0.92, 0.88), (0.6, 0.3, 0.25), (0.7, 0.5, 0.6)]),
    )
    band = fractal(np.stack([s.t * 9, s.t * 0, s.t * 0], 1), seed(rng), 2)
    s.c = mix(low, high, smoothstep(-0.2, 0.5, band))
    return s


def mussel(
    rng: np.random.Generator, size: float | None = None, n: tuple[int, int] = (24, 30)
) -> Piece:
    """A mussel's shell of 4 to 8 cm."""
    size = rng.uniform(0.02, 0.04) if size is None else size

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        w = size * 0.5 * np.sin(np.pi * np.clip(v, 0.001, 1) ** 0.7) ** 0.8
        x = 2 * u - 1
        return np.stack(
            [x * w, (v - 0.5) * size * 2, size * 0.4 * (1 - x * x) * np.sin(np.pi * v) ** 0.6], -1
        )

    s = sheet(point, *n, both=0.03 * size)
    low, high = (
        pick(rng, [(0.1, 0.11, 0.17), (0.85, 0.8, 0.7), (0.3, 0.25, 0.2)]),
        pick(rng, [(0.3, 0.3, 0.4), (0.6, 0.5, 0.4)]),
    )
    s.c = mix(low, high, 0.5 + 0.5 * np.sin(s.t * 40 + 3 * fractal(s.v / size, seed(rng), 2)))
    return s


def snail(rng: np.random.Generator, size: float | None = None) -> Piece:
    """A snail's shell of 2 to 5 cm."""
    size = rng.uniform(0.02, 0.05) if size is None else size
    turns, n = rng.uniform(3, 5), 160
    s = np.linspace(0, 1, n)
    a, grow, tall = s * turns * 2 * np.pi, s ** rng.uniform(1.3, 2.2), rng.uniform(0.6, 2.4)
    path = np.stack(
        [size * 0.5 * grow * np.cos(a), size * 0.5 * grow * np.sin(a), -size * tall * s**1.3], 1
    )
    p = tube(path, size * (0.015 + 0.5 * grow * min(1, 0.55 * tall)), 28, caps=(True, False))
    low, high = (
        pick(rng, [(0.9, 0.85, 0.75), (0.7, 0.55, 0.4), (0.95, 0.9, 0.88)]),
        pick(rng, [(0.45, 0.28, 0.18), (0.75, 0.5, 0.4), (0.3, 0.22, 0.2)]),
    )
    p.c = mix(
        low,
        high,
        smoothstep(
            0.1,
            0.5,
            fractal(np.stack([np.cos(p.a), np.sin(p.a), p.t * 40], 1) * [2, 2, 1], seed(rng), 3),
        ),
    )
    return p


def cowrie(rng: np.random.Generator, size: float | None = None) -> Piece:
    """A cowrie of 2 to 6 cm."""
    size = rng.uniform(0.01, 0.03) if size is None else size
    b = ball((size * 0.65, size, size * 0.5), 40)
    x, y, z = (b.v / size).T
    slot = np.exp(-((x / 0.09) ** 2)) * (z < 0)
    b.v[:, 2] += size * slot * (0.22 + 0.05 * np.sin(y * 40))
    low, high = (
        pick(rng, [(0.92, 0.88, 0.8), (0.85, 0.75, 0.55)]),
        pick(rng, [(0.35, 0.2, 0.12), (0.55, 0.4, 0.25), (0.9, 0.85, 0.7)]),
    )
    b.c = mix(low, high, smoothstep(0.05, 0.4, fractal(b.v / size * 6, seed(rng), 2)) * (z > -0.1))
    return b


def shells(rng: np.random.Generator) -> list[bpy.types.Object]:
    """One sea shell."""
    make = [scallop, mussel, snail, cowrie][rng.integers(4)]
    return [
        solid(
            make(rng),
            surface(
                rng.uniform(0.15, 0.6), 0.15, 500, 0.12, subsurface=0.2, coat=rng.choice([0, 0.8])
            ),
            "shell",
        )
    ]


def fish_scale(rng: np.random.Generator, size: float) -> Piece:
    """A fish's scale, about `size` metres long."""

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        x, y = 2 * u - 1, 2 * v - 1
        return np.stack(
            [
                x * size * 0.4 * np.sqrt(1 - 0.5 * y * y),
                y * size * 0.5 * np.sqrt(1 - 0.5 * x * x),
                -0.2 * size * x * x - 0.1 * size * y * y,
            ],
            -1,
        )

    s = sheet(point, 9, 9)
    s.c = (
        mix((0.85, 0.8, 0.68), (0.4, 0.35, 0.28), smoothstep(0.4, 0.8, s.t))
        if rng.random() < 0.5
        else np.tile((0.78, 0.74, 0.66), (len(s.v), 1))
    )
    return s


def leaf(rng: np.random.Generator, size: float) -> Piece:
    """A dry leaf, `size` metres long."""
    curl = rng.uniform(-2, 2)

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        x = 2 * u - 1
        w = size * 0.24 * np.sin(np.pi * np.clip(v, 0.01, 0.99)) ** 0.8
        return np.stack(
            [x * w, (v - 0.5) * size, curl * w * x * x + 0.2 * curl * size * (v - 0.5) ** 2], -1
        )

    s = sheet(point, 7, 12)
    tone = pick(rng, [(0.42, 0.28, 0.14), (0.3, 0.3, 0.14), (0.5, 0.36, 0.16), (0.26, 0.17, 0.1)])
    s.c = mix(tone, tone * 1.5, np.exp(-(((2 * s.a - 1) / 0.15) ** 2)))
    return s


def bark(rng: np.random.Generator, size: float) -> Piece:
    """A chip of bark, `size` metres long."""
    w = rng.uniform(0.4, 1)
    s = sheet(
        lambda u, v: np.stack(
            [(u - 0.5) * size * w, (v - 0.5) * size, 0.15 * size * np.sin(6 * u + 4 * v)], -1
        ),
        6,
        6,
    )
    s.c = np.tile(
        pick(rng, [(0.45, 0.3, 0.18), (0.62, 0.45, 0.28), (0.3, 0.2, 0.13)]), (len(s.v), 1)
    )
    return s


def chips(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Heaps that share the manner of a heap of scales: fish scales, dry leaves, bark, mussels,
    crisps.
    """
    kind = rng.choice(["fish", "leaf", "bark", "mussel", "scallop"])
    size = rng.uniform(0.025, 0.05)
    make = {
        "fish": fish_scale,
        "leaf": leaf,
        "bark": bark,
        "mussel": lambda r, s: mussel(r, s * 0.6, (12, 14)),
        "scallop": lambda r, s: scallop(r, s * 0.7, (28, 10)),
    }[kind]
    count = int(rng.integers(40, 90) if kind in ("mussel", "scallop") else rng.integers(80, 350))
    return [
        solid(
            mound(rng, lambda r: make(r, size), count, size),
            surface(rng.uniform(0.3, 0.8), 0.3, 500, 0.25),
            "chips",
        )
    ]


def cone(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Pine cone or artichoke: blunt bracts in a spiral."""
    H = rng.uniform(0.04, 0.10)
    wide = H * rng.uniform(0.28, 0.48)
    green = rng.random() < 0.3
    tone = pick(
        rng,
        [(0.42, 0.5, 0.28), (0.5, 0.52, 0.35)]
        if green
        else [(0.42, 0.28, 0.17), (0.33, 0.22, 0.14), (0.55, 0.4, 0.27)],
    )
    n, heart = int(rng.integers(60, 120)), ball((wide * 0.8, wide * 0.8, H * 0.5), 16)
    heart.v[:, 2] += H * 0.5
    heart.c = np.tile(tone * 0.5, (len(heart.v), 1))
    parts = [heart]
    lift = rng.uniform(0.3, 1.0)
    for i in range(n):
        v = (i + 0.5) / n
        a = i * 2.39996
        r = wide * np.sin(np.pi * (0.15 + 0.8 * v)) ** 0.7
        out = np.array([np.cos(a), np.sin(a), 0])
        up = np.array([0, 0, 1.0])
        y = out * np.sin(lift) + up * np.cos(lift)
        z = out * np.cos(lift) - up * np.sin(lift)
        b = ball((wide * 0.24, wide * 0.42, wide * 0.08), 10)
        b.c = mix(tone * 0.7, tone * 1.4, smoothstep(0, wide * 0.4, b.v[:, 1]))
        parts.append(
            moved(
                b,
                np.stack([np.cross(y, z), y, z], 1),
                out * r + up * (v * H),
                0.75 + 0.5 * np.sin(np.pi * v),
            )
        )
    return [solid(join(parts), surface(0.7, 0.4, 500, 0.25), "cone")]


def carapace(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Shell of a turtle or tortoise: dome with scutes."""
    R = rng.uniform(0.06, 0.18)
    d = lathe(
        np.stack([np.sin(np.linspace(0.01, 1.6, 70)), np.cos(np.linspace(0.01, 1.6, 70))], 1), 120
    )
    d.v = d.v * [R * 0.8, R, R * rng.uniform(0.35, 0.7)]
    seeds = np.array(
        [[0, y] for y in (-0.8, -0.42, 0, 0.42, 0.8)]
        + [[x, y] for x in (-0.55, 0.55) for y in (-0.6, -0.2, 0.2, 0.6)]
        + [[0.98 * np.cos(a), 0.98 * np.sin(a)] for a in np.arange(22) * 2 * np.pi / 22]
    )
    q = d.v[:, :2] / [R * 0.8, R]
    far = np.sort(np.linalg.norm(q[:, None] - seeds[None], axis=2), axis=1)
    edge = far[:, 1] - far[:, 0]
    d.v[:, 2] -= 0.03 * R * np.exp(-((edge / 0.04) ** 2))
    dark, light = (
        pick(rng, [(0.2, 0.15, 0.1), (0.25, 0.22, 0.12), (0.12, 0.1, 0.08)]),
        pick(rng, [(0.72, 0.52, 0.25), (0.55, 0.45, 0.28), (0.6, 0.35, 0.15)]),
    )
    ray = fractal(d.v / R * 6, seed(rng), 3)
    d.c = mix(
        mix(light, dark, smoothstep(-0.1, 0.3, ray + 0.8 * (far[:, 0] - 0.15))),
        dark * 0.5,
        np.exp(-((edge / 0.05) ** 2)),
    )
    return [solid(d, surface(rng.uniform(0.2, 0.55), 0.15, 250, 0.15, coat=0.3), "carapace")]


SUBJECTS = [
    Subject("pangolin_scale_one", "pangolin_scale", 1.5, one, heap=(1, 14)),
    Subject("pangolin_heap", "pangolin_scale", 2.5, heap, lying=True, upright=True),
    Subject("pangolin_strung", "pangolin_scale", 0.7, strung, lying=True),
    Subject("pangolin_skin", "pangolin_scale", 1.0, whole_skin, lying=True, upright=True),
    Subject("pangolin_patch", "pangolin_scale", 1.0, patch, lying=True, upright=True),
    Subject("shell_shells", "shell_scale", 2.0, shells, heap=(1, 12)),
    Subject("shell_chips", "shell_scale", 1.8, chips, lying=True, upright=True),
    Subject("shell_cone", "shell_scale", 1.0, cone, heap=(1, 6)),
    Subject("shell_carapace", "shell_scale", 0.8, carapace, heap=(1, 2)),
]
