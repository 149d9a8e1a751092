"""Rhinoceros horn: whole, cut and carved, and the horns of cattle, buffalo, goats and antelopes
beside it.

Lengths in metres, angles in radians, colours sRGB 0 to 1.
"""

from collections.abc import Callable

import bpy
import numpy as np
from numpy.typing import ArrayLike

from render.chance import pick, seed
from render.piece import (
    Piece,
    ball,
    bend,
    disc,
    displace,
    fractal,
    join,
    lathe,
    mix,
    moved,
    random_rotation,
    sheet,
    smoothstep,
    tube,
)
from render.solid import solid, surface
from render.subject import Subject

AMBER = [  # sRGB 0 to 1: what polished horn shows against the light
    (0.55, 0.33, 0.14),
    (0.45, 0.25, 0.10),
    (0.62, 0.42, 0.20),
    (0.36, 0.20, 0.09),
    (0.50, 0.36, 0.22),
]


def horn_outside(
    rng: np.random.Generator,
    length: float,
    base: float,
    angle: float,
    short: bool,
    cut: float = 0.0,
) -> tuple[Piece, int]:
    """Outer surface of a horn of rhinoceros with its fibrous skirt; cut removes that part of the
    foot.
    """
    n, sides = 90, 120
    path = bend(length, angle, n, lift=rng.normal(0, 0.04) * length, power=rng.uniform(0.6, 1.1))
    s = np.linspace(0, 1, n) * (1 - cut) + cut
    taper = (1 - s) ** rng.uniform(0.62, 0.85) * (0.80 if not short else 0.88)
    blunt = np.sqrt(np.clip((1 - s) / 0.035, 0.0, 1))
    flare = rng.uniform(0.12, 0.3) * np.exp(-s / rng.uniform(0.04, 0.09))
    r = base * (taper + flare) * np.where(s > 0.9, np.maximum(blunt, 0.02), 1) + 0.0015
    squash = rng.uniform(0.72, 0.95)
    corner = rng.uniform(0.0, 0.09)
    lobe = rng.uniform(0, 2 * np.pi)
    piece = tube(
        path,
        np.stack([r, r * squash], 1),
        sides,
        section=lambda a, t: (
            1 + corner * np.cos(4 * a + lobe) * np.exp(-t * 4) + 0.05 * np.cos(a) * np.exp(-t * 5)
        ),
        caps=(False, True),
    )
    t = np.clip(piece.t * (1 - cut) + cut, 0, 1)
    g = piece.grain / base
    fibre = fractal(g * [14, 14, 6], seed(rng), 3)
    coarse = fractal(g * [3, 3, 12], seed(rng), 3)
    skirt = np.exp(-t / rng.uniform(0.08, 0.2))
    rough = 0.012 + 0.085 * skirt * rng.uniform(0.5, 1.2)
    piece = displace(piece, base * (fibre * rough + coarse * (0.02 + 0.05 * skirt)))
    grey = pick(
        rng,
        [
            (0.36, 0.32, 0.28),
            (0.42, 0.36, 0.29),
            (0.33, 0.31, 0.29),
            (0.38, 0.28, 0.20),
            (0.46, 0.42, 0.36),
        ],
    )
    body = pick(
        rng,
        [
            (0.24, 0.21, 0.19),
            (0.30, 0.25, 0.20),
            (0.18, 0.16, 0.15),
            (0.33, 0.24, 0.16),
            (0.27, 0.26, 0.25),
        ],
    )
    tip = pick(
        rng, [(0.08, 0.07, 0.06), (0.12, 0.09, 0.07), (0.16, 0.14, 0.12), (0.20, 0.13, 0.07)]
    )
    c = mix(grey, body, smoothstep(0.03, 0.4, t + 0.08 * coarse))
    c = mix(c, tip, smoothstep(0.5, 0.95, t + 0.1 * coarse) * rng.uniform(0.5, 1))
    c = c * (1 + 0.35 * fibre * (0.5 + skirt))[:, None]
    dust = fractal(g * [4, 4, 3], seed(rng), 4)
    piece.c = np.clip(
        mix(c, (0.62, 0.56, 0.47), smoothstep(0.25, 0.8, dust) * (0.15 + 0.6 * skirt)), 0.02, 1
    )
    return piece, sides


def horn_foot(rng: np.random.Generator, rim: np.ndarray, base: float, cut: bool) -> Piece:
    """Underside: a rough concave well where the horn sat on the skull, or a sawn face."""
    foot = disc(rim, rings=30, flip=True)
    r = foot.a
    up = np.array([0, 0, 1.0])
    g = foot.v / base
    rough = fractal(g * 5, seed(rng), 5)
    if cut:
        depth = 0.02 * rough * base * (r < 0.98)
        c = mix((0.20, 0.15, 0.11), pick(rng, AMBER), smoothstep(0.35, 0.98, r + 0.15 * rough))
        c = c * (1 + 0.2 * fractal(g * 24, seed(rng), 2))[:, None]
    else:
        well = rng.uniform(0.15, 0.45)
        depth = base * (well * (1 - r**2) ** 0.8 + 0.10 * rough * (r < 0.98) * (0.4 + r))
        pale = pick(
            rng, [(0.70, 0.62, 0.48), (0.60, 0.50, 0.38), (0.75, 0.70, 0.60), (0.52, 0.44, 0.36)]
        )
        c = mix(pale, (0.36, 0.29, 0.23), smoothstep(-0.1, 0.6, rough) * 0.9)
        c = mix(c, (0.26, 0.20, 0.16), smoothstep(0.55, 0.05, r) * rng.uniform(0.2, 0.9))
    foot.v = foot.v + up * depth[:, None]
    foot.c = np.clip(c, 0.02, 1)
    foot.grain = foot.v.copy()
    return foot


def keratin(
    rng: np.random.Generator, polish: float = 0.5, clear: float = 0.0
) -> bpy.types.Material:
    """Fibrous keratin; clear lets light wander inside."""
    return surface(
        roughness=float(rng.uniform(0.62, 0.8) - 0.45 * polish),
        bump=0.9 - 0.65 * polish,
        scale=rng.uniform(260, 500),
        mottle=0.34 - 0.2 * polish,
        subsurface=clear,
        radius=(1.0, 0.45, 0.12),
        depth=0.006,
        coat=0.5 * polish * polish,
    )


def whole(
    rng: np.random.Generator, short: bool | None = None, cut: bool | None = None
) -> list[bpy.types.Object]:
    """A whole rhinoceros horn on a base of 14 to 22 cm, the front one or the short rear one."""
    short = rng.random() < 0.35 if short is None else short
    base = rng.uniform(0.07, 0.11)
    length = base * (rng.uniform(1.6, 3.2) if short else rng.uniform(3.3, 7.5))
    angle = rng.uniform(0.05, 0.5) if short else rng.uniform(0.5, 1.5)
    cut = rng.random() < 0.25 if cut is None else cut
    outside, sides = horn_outside(
        rng, length, base, angle, short, rng.uniform(0.12, 0.3) if cut else 0.0
    )
    foot = horn_foot(rng, outside.v[:sides], base, cut)
    return [
        solid(join([outside, foot]), keratin(rng, rng.choice([0.1, 0.3, 0.5, 0.8])), "rhino_horn")
    ]


def tip(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A horn's cut-off tip."""
    base = rng.uniform(0.07, 0.11)
    outside, sides = horn_outside(
        rng,
        base * rng.uniform(1.2, 2.2),
        base,
        rng.uniform(0.1, 0.5),
        False,
        rng.uniform(0.55, 0.8),
    )
    foot = horn_foot(rng, outside.v[:sides], base * 0.4, True)
    return [
        solid(join([outside, foot]), keratin(rng, rng.choice([0.2, 0.5, 0.9]), 0.1), "rhino_tip")
    ]


def chunk(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Split block: fibrous sides, sawn or broken ends."""
    size = rng.uniform(0.02, 0.05)
    n = 24
    path = bend(size * rng.uniform(1.0, 3.0), rng.normal(0, 0.3), n)
    k = rng.integers(3, 6)
    phase, depth = rng.uniform(0, 7, 2), rng.uniform(0.12, 0.26)
    ends = rng.normal(0, 0.25, (2, 2))
    piece = tube(
        path,
        np.stack([np.full(n, size), np.full(n, size * rng.uniform(0.5, 1))], 1),
        110,
        section=lambda a, t: 1 + depth * np.cos(k * a + phase[0]) + 0.15 * np.cos(2 * a + phase[1]),
        stretch=0.05,
    )
    flat = piece.v @ np.array([1, 0.3, 0])
    piece.v[:, 2] += np.where(piece.t < 0.5, ends[0, 0], ends[1, 0]) * flat * abs(piece.t - 0.5) * 2
    fibre = fractal(piece.grain / size * [9, 9, 5], seed(rng), 3)
    cap = (piece.t == 0) | (piece.t == 1)
    coarse = fractal(piece.v / size * 2.5, seed(rng), 3)
    piece = displace(piece, size * np.where(cap, 0.03 * coarse, 0.09 * fibre + 0.06 * coarse))
    dark, light = (
        pick(rng, [(0.20, 0.15, 0.11), (0.26, 0.2, 0.15), (0.14, 0.11, 0.09)]),
        pick(rng, AMBER),
    )
    piece.c = np.clip(mix(dark, light, 0.45 + 0.5 * coarse) * (1 + 0.4 * fibre)[:, None], 0.02, 1)
    return [solid(piece, keratin(rng, rng.choice([0.0, 0.2, 0.5]), 0.15), "rhino_chunk")]


def slice_(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Cross-cut disc: dark heart, amber rim, stippled by the ends of the filaments."""
    r, thick = rng.uniform(0.025, 0.075), rng.uniform(0.004, 0.03)
    a = np.arange(120) * 2 * np.pi / 120
    p = rng.uniform(0, 7, 4)
    out = r * (
        1 + 0.09 * np.cos(2 * a + p[0]) + 0.05 * np.cos(3 * a + p[1]) + 0.03 * np.cos(5 * a + p[2])
    )
    out = out * (
        1 + 0.02 * fractal(np.stack([np.cos(a) * 9, np.sin(a) * 9, a * 0], 1), seed(rng), 3)
    )
    rim = np.stack([out * np.cos(a), out * np.sin(a) * rng.uniform(0.7, 1), a * 0], 1)
    n = 6
    side = tube(
        np.stack([np.zeros(n), np.zeros(n), np.linspace(0, thick, n)], 1),
        np.ones(n),
        120,
        caps=(False, False),
    )
    side.v = np.tile(rim, (n, 1)) + np.outer(np.repeat(np.linspace(0, thick, n), 120), [0, 0, 1])
    side.a = np.ones(len(side.v))
    top, low = disc(rim + [0, 0, thick], 40), disc(rim, 40, flip=True)
    piece = join([side, top, low])
    g = piece.v / r
    wave = fractal(g * 2.2, seed(rng), 3)
    dots = fractal(g * rng.uniform(16, 26), seed(rng), 2)
    heart, amber = (
        pick(rng, [(0.07, 0.05, 0.04), (0.14, 0.10, 0.08), (0.20, 0.17, 0.14)]),
        pick(rng, AMBER),
    )
    edge = rng.uniform(0.35, 0.7)
    c = mix(heart, amber, smoothstep(edge - 0.25, edge + 0.2, piece.a + 0.22 * wave))
    c = mix(c, amber * 0.55, smoothstep(0.94, 1.0, piece.a) * 0.8)
    piece.c = np.clip(c * (1 + 0.3 * dots)[:, None], 0.02, 1)
    piece.v[:, 2] += 0.02 * r * wave * (piece.a < 0.97)
    return [solid(piece, keratin(rng, rng.choice([0.2, 0.6, 0.9]), 0.3), "rhino_slice")]


def libation_cup(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Carved cup: flaring mouth with an uneven lip, relief of clouds and a branch for a handle."""
    h, r = rng.uniform(0.07, 0.13), rng.uniform(0.05, 0.075)
    z = np.linspace(0, 1, 60)
    foot = rng.uniform(0.45, 0.62)
    out = r * (
        foot
        + (1 - foot) * z ** rng.uniform(1.2, 2.2)
        + 0.10 * np.exp(-z / 0.05)
        - 0.05 * np.exp(-(((z - 0.15) / 0.06) ** 2))
    )
    inner = out[::-1] * 0.9 - 0.002
    profile = np.concatenate(
        [
            [[0.001, 0]],
            np.stack([out, z * h], 1),
            np.stack([inner[:50], z[::-1][:50] * h], 1),
            [[0.001, h * 0.16]],
        ]
    )
    p = rng.uniform(0, 7, 3)
    piece = lathe(
        profile, 150, section=lambda a, t: 1 + 0.14 * np.cos(a + p[0]) + 0.07 * np.cos(2 * a + p[1])
    )
    high = piece.v[:, 2] / h
    piece.v[:, 2] += (
        h * 0.12 * np.cos(piece.a * 1 + p[0]) * high**2
        + 0.03 * h * np.cos(3 * piece.a + p[2]) * high**3
    )
    outer = (piece.t < 61 / len(profile)) & (high > 0.05)
    relief = fractal(piece.v / r * rng.uniform(2.5, 4.5), seed(rng), 2)
    cut = (
        smoothstep(-0.1, 0.15, np.sin(relief * 9))
        * np.clip((high - 0.02) * 8, 0, 1)
        * np.clip((0.98 - high) * 9, 0.1, 1)
    )
    cut = np.where(outer, cut, 0) * rng.uniform(0.2, 1)
    piece = displace(piece, r * 0.075 * cut)
    dark, light = (
        pick(rng, [(0.17, 0.09, 0.05), (0.25, 0.13, 0.06), (0.12, 0.08, 0.05)]),
        pick(rng, AMBER),
    )
    piece.c = np.clip(
        mix(
            dark,
            light,
            0.25 + 0.6 * smoothstep(0.2, 1, high) + 0.3 * fractal(piece.v / r * 1.5, seed(rng), 3),
        )
        * (0.62 + 0.45 * np.where(outer, cut, 0.7))[:, None],
        0.02,
        1,
    )
    parts = [piece]
    for _ in range(rng.integers(0, 4)):
        a0 = rng.uniform(-0.5, 0.5) - p[0]
        turn = np.linspace(0, 1, 30)
        reach = r * (1.0 + 0.5 * np.sin(turn * np.pi))
        path = np.stack(
            [
                reach * np.cos(a0 + turn * 0.6),
                reach * np.sin(a0 + turn * 0.6),
                h * (0.15 + 0.85 * turn),
            ],
            1,
        )
        branch = tube(path, np.full(30, r * 0.09), 16)
        branch = displace(branch, r * 0.03 * fractal(branch.v / r * 8, seed(rng), 2))
        branch.c = np.tile(mix(dark, light, np.array([0.4])), (len(branch.v), 1))
        parts.append(branch)
    return [solid(join(parts), keratin(rng, rng.uniform(0.6, 1), 0.25), "rhino_cup")]


def beads(
    rng: np.random.Generator,
    colour: ArrayLike | None = None,
    clear: float = 0.45,
    radius: float | None = None,
    oval: bool = False,
) -> list[bpy.types.Object]:
    """Strand of turned beads, or a bracelet when the ring is small."""
    r = rng.uniform(0.004, 0.009) if radius is None else radius
    n = int(rng.integers(12, 22) if rng.random() < 0.6 else rng.integers(30, 90))
    amber = pick(rng, AMBER) if colour is None else np.asarray(colour, float)
    ring = n * 2.06 * r / (2 * np.pi)
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    wob = (
        1
        + rng.uniform(0, 0.25) * np.cos(2 * a + rng.uniform(0, 7))
        + rng.uniform(0, 0.1) * np.cos(3 * a)
    )
    parts = []
    shape = ball((r, r, r * (rng.uniform(1.2, 1.6) if oval else 1)), 12 if n > 40 else 20)
    for i in range(n):
        b = moved(
            shape,
            random_rotation(rng),
            (ring * wob[i] * np.cos(a[i]), ring * wob[i] * np.sin(a[i]), r),
        )
        b.grain = b.v * [1, 1, 0.3]
        streak = fractal(b.v @ random_rotation(rng) / r * [2.2, 2.2, 0.5], seed(rng), 3)
        b.c = np.clip(
            mix(amber, amber * rng.uniform(0.25, 0.5), 0.35 + 0.7 * streak)
            * rng.uniform(0.8, 1.15),
            0.02,
            1,
        )
        parts.append(b)
    return [solid(join(parts), keratin(rng, rng.uniform(0.7, 1), clear), "beads")]


def bangle(
    rng: np.random.Generator,
    colour: ArrayLike | None = None,
    clear: float = 0.45,
) -> list[bpy.types.Object]:
    """Closed bracelet, round or flat in section."""
    R = rng.uniform(0.028, 0.036)
    r = rng.uniform(0.004, 0.010)
    a = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    path = np.stack([R * np.cos(a), R * np.sin(a), 0 * a], 1)
    piece = tube(path, np.ones(120), 28, closed=True, stretch=0.5)
    b = np.tile(np.arange(28) * 2 * np.pi / 28, 120)
    flat, power = rng.uniform(0.6, 2.2), rng.uniform(0.5, 1)

    def sgn(x: np.ndarray) -> np.ndarray:
        return np.sign(x) * abs(x) ** power

    radial = R + r * sgn(np.cos(b))
    at = np.repeat(a, 28)
    piece.v = np.stack([radial * np.cos(at), radial * np.sin(at), r * flat * sgn(np.sin(b))], 1)
    piece.grain = piece.v * [1, 1, 0.2]
    amber = pick(rng, AMBER) if colour is None else np.asarray(colour, float)
    streak = fractal(piece.v / R * [2, 2, 5], seed(rng), 4)
    piece.c = np.clip(mix(amber * 1.1, amber * 0.3, 0.4 + 0.9 * streak), 0.02, 1)
    return [solid(piece, keratin(rng, rng.uniform(0.7, 1), clear), "bangle")]


def shavings(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Little pile of planed curls and powder flakes."""
    parts, amber = [], pick(rng, AMBER + [(0.70, 0.58, 0.42), (0.42, 0.36, 0.30)])
    spread = rng.uniform(0.03, 0.06)
    for _ in range(rng.integers(90, 170)):
        length, w, curl = rng.uniform(0.008, 0.035), rng.uniform(0.002, 0.006), rng.uniform(0.5, 7)
        tw = rng.normal(0, 0.004)

        def strip(
            u: np.ndarray,
            v: np.ndarray,
            length: float = length,
            w: float = w,
            curl: float = curl,
            tw: float = tw,
        ) -> np.ndarray:
            th = curl * u
            k = length / max(curl, 0.3)
            return np.stack([k * np.sin(th), (v - 0.5) * w + tw * u, k * (1 - np.cos(th))], -1)

        s = sheet(strip, 12, 3)
        s.v = s.v - s.v.mean(0)
        d = abs(rng.normal(0, spread, 2)) * rng.choice([-1, 1], 2)
        z = 0.6 * spread * np.exp(-(d @ d) / spread**2) * rng.random()
        s = moved(s, random_rotation(rng), (d[0], d[1], z))
        s.c = np.tile(amber * rng.uniform(0.6, 1.25), (len(s.v), 1))
        parts.append(s)
    return [solid(join(parts), keratin(rng, 0.3, 0.3), "shavings")]


# Cattle, buffalo, goats, antelopes.


def bovid_finish(
    rng: np.random.Generator,
    piece: Piece,
    base_tip: tuple[np.ndarray, np.ndarray],
    polish: float,
    rings: float = 0.0,
) -> bpy.types.Object:
    """Colour from base to tip with streaks along the horn."""
    low, high = base_tip
    wave = fractal(piece.grain / 0.03 * [1, 1, 4], seed(rng), 4)
    fine = fractal(piece.grain / 0.03 * [8, 8, 3], seed(rng), 2)
    edge = rng.uniform(0.35, 0.8)
    c = mix(low, high, smoothstep(edge - 0.3, edge + 0.15, piece.t + 0.12 * wave))
    piece.c = np.clip(c * (1 + 0.10 * fine + 0.12 * wave)[:, None], 0.02, 1)
    return solid(
        piece,
        surface(
            roughness=0.62 - 0.42 * polish,
            bump=0.35 * (1 - polish) + 0.03,
            scale=300,
            mottle=0.12,
            subsurface=0.12,
            coat=0.6 * polish,
        ),
        "bovid_horn",
    )


def hollow(
    path: np.ndarray,
    r: np.ndarray,
    sides: int,
    section: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    twist: float = 0.0,
) -> tuple[Piece, int]:
    """Tube open at its foot with a thin wall and a dark inside."""
    out = tube(path, r, sides, section, twist, caps=(False, True))
    k = max(4, len(path) // 3)
    inside = tube(
        path[:k],
        r[:k] * np.linspace(0.9, 0.25, k)[:, None],
        sides,
        section,
        twist,
        caps=(False, True),
    )
    inside.f = inside.f[:, ::-1].copy()
    inside.t = np.zeros(len(inside.t))
    lip = np.arange(sides)
    band = np.stack([lip, np.roll(lip, -1), lip + len(out.v), np.roll(lip, -1) + len(out.v)], 1)
    n_out = len(out.v)
    piece = join([out, inside])
    piece.f = np.concatenate([piece.f, band[:, [0, 2, 1]], band[:, [1, 2, 3]]])
    return piece, n_out


def buffalo(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A water buffalo's horn 35 to 75 cm long."""
    n, length = 110, rng.uniform(0.35, 0.75)
    path = bend(
        length,
        rng.uniform(1.4, 2.6),
        n,
        lift=rng.normal(0, 0.1) * length,
        power=rng.uniform(0.8, 1.3),
    )
    s = np.linspace(0, 1, n)
    w = (
        length
        * rng.uniform(0.09, 0.13)
        * ((1 - s) ** 0.75 * np.sqrt(np.clip((1 - s) / 0.03, 0.02, 1)))
        + 0.002
    )
    piece, n_out = hollow(
        path,
        np.stack([w, w * rng.uniform(0.5, 0.75)], 1),
        72,
        lambda a, t: 1 + 0.12 * np.cos(3 * a + 0.5) * (1 - t) + 0.04 * np.cos(2 * a),
    )
    polish = rng.choice([0.0, 0.3, 0.9, 1.0])
    ring = np.sin(
        piece.t * rng.uniform(70, 130) + 0.6 * fractal(piece.grain * 30, seed(rng), 2)
    ) * np.exp(-piece.t * 2.5)
    piece = displace(
        piece, np.where(np.arange(len(piece.v)) < n_out, 0.0022 * ring * (1 - 0.85 * polish), 0)
    )
    black = pick(
        rng,
        [
            (0.08, 0.08, 0.08),
            (0.14, 0.13, 0.12),
            (0.2, 0.18, 0.16),
            (0.07, 0.06, 0.05),
            (0.30, 0.27, 0.24),
        ],
    )
    pale = (
        black * rng.uniform(1, 1.8)
        if rng.random() < 0.7
        else pick(rng, [(0.5, 0.44, 0.36), (0.62, 0.54, 0.42)])
    )
    return [bovid_finish(rng, piece, (pale, black * 0.8), polish)]


def cattle(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A cow's horn 20 to 55 cm long."""
    n, length = 90, rng.uniform(0.2, 0.55)
    path = bend(length, rng.uniform(0.5, 1.9), n, lift=rng.normal(0, 0.25) * length)
    s = np.linspace(0, 1, n)
    w = (
        length
        * rng.uniform(0.07, 0.12)
        * ((1 - s) ** 0.7 * np.sqrt(np.clip((1 - s) / 0.03, 0.02, 1)))
        + 0.0015
    )
    piece, n_out = hollow(path, np.stack([w, w * rng.uniform(0.85, 1)], 1), 56)
    piece = displace(
        piece,
        np.where(
            np.arange(len(piece.v)) < n_out,
            0.0012 * fractal(piece.grain * [40, 40, 300], seed(rng), 3),
            0,
        )
        * (piece.t < 0.4),
    )
    cream = pick(
        rng, [(0.86, 0.80, 0.66), (0.78, 0.70, 0.55), (0.82, 0.78, 0.70), (0.66, 0.58, 0.45)]
    )
    end = pick(
        rng, [(0.12, 0.10, 0.09), (0.25, 0.20, 0.16), (0.08, 0.07, 0.07), (0.75, 0.62, 0.42)]
    )
    return [
        bovid_finish(
            rng,
            piece,
            (cream, end) if rng.random() < 0.85 else (end, cream),
            rng.choice([0.2, 0.7, 1.0]),
        )
    ]


def drinking_horn(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Polished horn with metal at the rim and the tip."""
    thing = cattle(rng) if rng.random() < 0.7 else buffalo(rng)
    mesh = thing[0].data
    co = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", co)
    rim = co.reshape(-1, 3)
    sides = 56 if len(rim) % 56 == 0 else 72
    rim = rim[:sides]
    c = rim.mean(0)
    path = np.concatenate([rim, rim[:1]])
    band = tube(c + (rim - c) * 1.03, np.full(len(rim), 0.003), 10, closed=True)
    metal = pick(rng, [(0.75, 0.72, 0.68), (0.78, 0.62, 0.32), (0.65, 0.42, 0.25)])
    band.c = np.tile(metal, (len(band.v), 1))
    del path
    return thing + [solid(band, surface(0.25, 0, metallic=1.0, mottle=0.05), "rim")]


def antelope(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Ringed horns of goats and antelopes, straight, swept or wound."""
    n, length = 220, rng.uniform(0.22, 0.8)
    kind = rng.choice(["sweep", "straight", "screw", "ram"])
    s = np.linspace(0, 1, n)
    sides, twist = 48, 0.0
    wide = length * rng.uniform(0.035, 0.06)
    if kind == "ram":
        turns, R = rng.uniform(1.0, 1.5), length * 0.22
        a = s * turns * 2 * np.pi
        path = np.stack(
            [R * (1 - 0.35 * s) * np.cos(a), s * R * 1.6, R * (1 - 0.35 * s) * np.sin(a)], 1
        )
        wide *= 1.6
    elif kind == "screw":
        a = s * rng.uniform(1.5, 3.5) * 2 * np.pi
        R = length * rng.uniform(0.03, 0.12) * np.minimum(1, s * 4) * (1 - 0.6 * s)
        path = np.stack([R * np.cos(a), R * np.sin(a), s * length], 1)
        twist = float(a[-1])
    else:
        path = bend(
            length, rng.uniform(0, 0.15) if kind == "straight" else rng.uniform(0.7, 1.8), n
        )
    w = wide * ((1 - s) ** 0.6 * np.sqrt(np.clip((1 - s) / 0.02, 0.02, 1))) + 0.0012
    piece, n_out = hollow(
        path,
        np.stack([w, w * rng.uniform(0.7, 1)], 1),
        sides,
        (lambda a, t: 1 + 0.18 * np.cos(2 * a)) if kind == "screw" else None,
        twist,
    )
    ring = abs(np.sin(piece.t**0.85 * rng.uniform(30, 80))) ** 0.6 * smoothstep(0.95, 0.55, piece.t)
    piece = displace(
        piece, np.where(np.arange(len(piece.v)) < n_out, wide * rng.uniform(0.08, 0.25) * ring, 0)
    )
    low = pick(
        rng,
        [
            (0.30, 0.26, 0.22),
            (0.18, 0.16, 0.15),
            (0.52, 0.44, 0.34),
            (0.40, 0.34, 0.28),
            (0.60, 0.52, 0.40),
        ],
    )
    thing = bovid_finish(
        rng, piece, (low, low * rng.uniform(0.4, 0.9)), rng.choice([0.0, 0.2, 0.5])
    )
    return [thing]


def horn_colour(rng: np.random.Generator) -> np.ndarray:
    """Dyed-black, marbled or blonde horn of the shops."""
    return pick(
        rng,
        [
            (0.09, 0.08, 0.08),
            (0.12, 0.10, 0.09),
            (0.22, 0.17, 0.13),
            (0.62, 0.52, 0.38),
            (0.78, 0.70, 0.55),
            (0.34, 0.25, 0.17),
        ],
    )


def comb(
    rng: np.random.Generator,
    colour: ArrayLike | None = None,
    clear: float = 0.15,
) -> list[bpy.types.Object]:
    """Comb: a back, teeth along one edge, sometimes a handle."""
    L, H, thick = rng.uniform(0.10, 0.19), rng.uniform(0.03, 0.05), rng.uniform(0.0025, 0.005)
    teeth = int(rng.integers(18, 40))
    handle = rng.random() < 0.5
    arc = rng.uniform(0, 0.02)
    color = horn_colour(rng) if colour is None else np.asarray(colour, float)
    parts = []

    def slab(x0: float, x1: float, z0: float, z1: float, nx: int = 20) -> Piece:
        path = np.stack([np.linspace(x0, x1, nx), np.zeros(nx), np.zeros(nx)], 1)
        x = path[:, 0]
        h = (z1 - z0) / 2 + arc * np.sin(np.clip(x / L, 0, 1) * np.pi) * 0.5
        end = np.minimum(1, np.sqrt(np.clip(np.minimum(x - x0, x1 - x) / 0.008, 0.05, 1)))
        return tube(
            path,
            np.stack([np.full(nx, thick) * end, h * end], 1),
            28,
            section=lambda a, t: 1 / (abs(np.cos(a)) ** 4 + abs(np.sin(a)) ** 4) ** 0.25,
        )

    top = slab(0, L * (1.6 if handle else 1), 0, H * 0.5, 60)
    # the sweep's first normal lies along y for a path along x: thickness in y, height in z
    top.v[:, 2] += H * 0.55
    parts.append(top)
    for i in range(teeth):
        x = L * (0.05 + 0.9 * (i + 0.5) / teeth)
        z = np.linspace(H * 0.6, -H * rng.uniform(0.38, 0.42), 8)
        w = L * 0.9 / teeth * 0.33
        p = tube(
            np.stack([np.full(8, x), np.zeros(8), z], 1),
            np.stack([np.linspace(w, w * 0.5, 8), np.full(8, thick * 0.8)], 1),
            8,
        )
        parts.append(p)
    piece = join(parts)
    piece.v = piece.v[:, [0, 2, 1]]
    piece.grain = piece.v * [0.2, 1, 1]
    wave = fractal(piece.v / L * [4, 9, 9], seed(rng), 4)
    piece.c = np.clip(
        mix(
            color,
            mix(color, (0.75, 0.62, 0.42), np.array([0.5]))[0],
            smoothstep(0.0, 0.7, wave) * rng.choice([0, 0.3, 1]),
        ),
        0.02,
        1,
    )
    return [solid(piece, surface(0.22, 0.03, 200, 0.08, subsurface=clear, coat=0.7), "comb")]


def horn_cup(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Beaker, bowl or spoonless dish turned of horn plate."""
    h, r = rng.uniform(0.06, 0.13), rng.uniform(0.03, 0.05)
    z = np.linspace(0, 1, 24)
    out = r * (0.75 + rng.uniform(-0.05, 0.35) * z)
    profile = np.concatenate(
        [
            [[0.001, 0]],
            np.stack([out, z * h], 1),
            np.stack([out[::-1] - 0.003, z[::-1] * h + 0.003 * z], 1),
            [[0.001, 0.004]],
        ]
    )
    piece = lathe(profile, 72, section=lambda a, t: 1 + 0.03 * np.cos(2 * a))
    color = horn_colour(rng)
    wave = fractal(piece.v / r * [1, 1, 0.5], seed(rng), 4)
    piece.c = np.clip(
        mix(
            color,
            mix(color, (0.8, 0.7, 0.5), np.array([0.6]))[0],
            smoothstep(0.0, 0.6, wave) * rng.choice([0.2, 1]),
        ),
        0.02,
        1,
    )
    return [solid(piece, surface(0.2, 0.02, 150, 0.06, subsurface=0.2, coat=0.8), "horn_cup")]


def horn_bangle(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A bangle of dyed or blonde cattle horn."""
    return bangle(rng, horn_colour(rng), 0.15)


def horn_beads(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Beads of dyed or blonde cattle horn."""
    return beads(rng, horn_colour(rng), 0.1)


SUBJECTS = [
    Subject("rhino_horn_whole", "rhino_horn", 3.0, whole, heap=(1, 6)),
    Subject("rhino_horn_cut", "rhino_horn", 1.0, lambda rng: whole(rng, cut=True), heap=(1, 5)),
    Subject("rhino_horn_tip", "rhino_horn", 1.0, tip, heap=(1, 6)),
    Subject("rhino_horn_chunk", "rhino_horn", 1.2, chunk, heap=(2, 14)),
    Subject("rhino_horn_slice", "rhino_horn", 1.0, slice_, heap=(1, 10), lying=True),
    Subject("rhino_horn_cup", "rhino_horn", 1.0, libation_cup, heap=(1, 1)),
    Subject("rhino_horn_beads", "rhino_horn", 0.8, beads, heap=(1, 3), lying=True),
    Subject("rhino_horn_bangle", "rhino_horn", 0.8, bangle, heap=(1, 4), lying=True),
    Subject(
        "rhino_horn_shavings", "rhino_horn", 0.5, shavings, heap=(1, 1), lying=True, upright=True
    ),
    Subject("bovid_buffalo", "bovid_horn", 1.5, buffalo, heap=(1, 6)),
    Subject("bovid_cattle", "bovid_horn", 1.2, cattle, heap=(1, 8)),
    Subject("bovid_drinking_horn", "bovid_horn", 0.7, drinking_horn, heap=(1, 2)),
    Subject("bovid_antelope", "bovid_horn", 1.2, antelope, heap=(1, 5)),
    Subject("bovid_comb", "bovid_horn", 1.0, comb, heap=(1, 5), lying=True),
    Subject("bovid_cup", "bovid_horn", 0.6, horn_cup, heap=(1, 3)),
    Subject("bovid_bangle", "bovid_horn", 0.7, horn_bangle, heap=(1, 5), lying=True),
    Subject("bovid_beads", "bovid_horn", 0.6, horn_beads, heap=(1, 3), lying=True),
]
