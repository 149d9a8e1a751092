"""Skulls, teeth, claws and bones of big cats; antlers, plain bones and deer skulls beside them.

Lengths in metres, angles in radians, colours sRGB 0 to 1.
"""

import bpy
import numpy as np
from numpy.typing import ArrayLike

from render.chance import pick, seed
from render.piece import (
    Piece,
    ball,
    bend,
    capsule,
    carve,
    displace,
    ellipsoid,
    fractal,
    join,
    level_set,
    merge,
    mix,
    moved,
    normals,
    rotation,
    smoothstep,
    tube,
)
from render.solid import solid, surface
from render.subject import Subject

BONE = [  # sRGB 0 to 1, from fresh to old
    (0.88, 0.82, 0.68),
    (0.80, 0.71, 0.53),
    (0.92, 0.89, 0.80),
    (0.68, 0.57, 0.42),
    (0.85, 0.77, 0.58),
    (0.55, 0.44, 0.32),
]


def bony(rng: np.random.Generator, gloss: float | None = None) -> bpy.types.Material:
    """Bone from matt to polished (`gloss` 0 to 1, else random)."""
    gloss = rng.random() if gloss is None else gloss
    return surface(
        roughness=0.75 - 0.4 * gloss,
        bump=0.35 - 0.25 * gloss,
        scale=rng.uniform(250, 600),
        mottle=0.12,
        subsurface=0.15,
        depth=0.003,
        coat=0.2 * gloss,
    )


def stain(
    rng: np.random.Generator,
    piece: Piece,
    size: float,
    tone: np.ndarray | None = None,
    dark: ArrayLike = (0.36, 0.25, 0.15),
) -> Piece:
    """Bone colour with stains in the hollows."""
    tone = pick(rng, BONE) if tone is None else tone
    wave = fractal(piece.v / size * 3, seed(rng), 4)
    pore = fractal(piece.v / size * 25, seed(rng), 2)
    piece.c = np.clip(
        mix(tone, dark, smoothstep(0.15, 0.9, wave + 0.25 * pore) * rng.uniform(0.1, 0.7))
        * (1 + 0.06 * pore)[:, None],
        0.03,
        1,
    )
    return piece


def canine(rng: np.random.Generator, length: float, wear: float = 0.0, root: bool = True) -> Piece:
    """Canine of a cat: long swollen root, slight curve, conical enamelled crown towards +z."""
    n = 60
    path = bend(length, rng.uniform(0.45, 0.85), n)
    s = np.linspace(0, 1, n)
    r = (
        np.interp(
            s,
            [0, 0.08, 0.3, 0.52, 0.62, 0.8, 0.95, 1],
            [0.05, 0.085, 0.125, 0.12, 0.105, 0.065, 0.02, 0.003],
        )
        * length
    )
    p = tube(path, np.stack([r * 1.12, r * 0.85], 1), 36, caps=(True, True))
    border = 0.57 + 0.02 * np.cos(p.a)
    crown = smoothstep(-0.012, 0.012, p.t - border)
    groove = np.exp(-(((np.mod(p.a, np.pi) - 1.2) / 0.14) ** 2)) * crown * (p.t < 0.9)
    p = displace(
        p,
        length
        * (
            0.006 * crown
            - 0.007 * groove
            + 0.004 * (1 - crown) * fractal(p.grain / length * [9, 9, 60], seed(rng), 3)
        ),
    )
    rootc, enamel = (
        pick(rng, [(0.80, 0.68, 0.46), (0.70, 0.55, 0.34), (0.86, 0.78, 0.60)]),
        pick(rng, [(0.95, 0.92, 0.84), (0.92, 0.86, 0.70), (0.88, 0.80, 0.62)]),
    )
    c = mix(rootc, enamel, crown)
    c = mix(
        c,
        (0.45, 0.30, 0.16),
        smoothstep(0.2, 0.7, fractal(p.grain / length * [5, 5, 40], seed(rng), 4)) * 0.5,
    )
    p.c = np.clip(
        mix(c, (0.40, 0.28, 0.16), np.exp(-(((p.t - border) / 0.012) ** 2)) * 0.45), 0.02, 1
    )
    return p


def skull(
    rng: np.random.Generator,
    jaw: bool = True,
    muzzle: float = 1.0,
    canines: bool = True,
    broad: float = 1.0,
    length: float | None = None,
) -> Piece:
    """Cat skull from a distance field, x forward; muzzle > 1 draws it out to a dog or a deer."""
    k = length or rng.uniform(0.20, 0.36)
    j = rng.uniform
    crest, arch, high = j(0.01, 0.04), j(0.27, 0.33) * broad, j(0.95, 1.1)
    fx = 0.38 * muzzle

    def head(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        y = abs(y)
        d = ellipsoid(x, y, z, (-0.25, 0, 0.10 * high), (0.22, 0.145, 0.14))
        d = merge(
            d,
            capsule(
                x, y, z, (-0.02, 0, 0.23 * high), (-0.50, 0, 0.17 * high), 0.025, 0.015 + crest
            ),
            0.05,
        )
        d = merge(d, ellipsoid(x, y, z, (0.03, 0, 0.17 * high), (0.15, 0.13, 0.10)), 0.07)
        d = merge(
            d, capsule(x, y, z, (0.10, 0.035, 0.12), (fx - 0.03, 0.05, 0.04), 0.105, 0.075), 0.05
        )
        d = merge(
            d,
            capsule(x, y, z, (0.08, 0.03, 0.22 * high), (fx - 0.06, 0.02, 0.11), 0.05, 0.04),
            0.05,
        )
        d = merge(d, ellipsoid(x, y, z, (0.16, 0.09, 0.0), (0.22, 0.065, 0.055)), 0.04)
        d = merge(d, ellipsoid(x, y, z, (fx - 0.10, 0.07, 0.04), (0.09, 0.055, 0.10)), 0.04)
        d = merge(d, ellipsoid(x, y, z, (-0.49, 0, 0.06), (0.05, 0.13, 0.10)), 0.06)
        d = merge(d, ellipsoid(x, y, z, (-0.53, 0.045, -0.03), (0.035, 0.03, 0.03)), 0.02)
        d = merge(d, ellipsoid(x, y, z, (-0.33, 0.085, -0.04), (0.07, 0.045, 0.05)), 0.02)
        zy = [
            (0.15, 0.13, 0.02),
            (0.06, arch * 0.76, 0.005),
            (-0.08, arch * 0.97, 0.0),
            (-0.21, arch * 0.93, 0.03),
            (-0.30, arch * 0.66, 0.05),
            (-0.33, 0.12, 0.04),
        ]
        for a, b in zip(zy[:-1], zy[1:]):
            d = merge(d, capsule(x, y, z, a, b, 0.036, 0.032, flat=1.5), 0.03)
        d = merge(
            d,
            capsule(x, y, z, (-0.09, arch * 0.95, 0.01), (-0.10, arch * 0.86, 0.10), 0.024, 0.008),
            0.03,
        )
        d = merge(
            d,
            capsule(x, y, z, (0.0, 0.09, 0.23 * high), (-0.05, 0.19, 0.17 * high), 0.03, 0.010),
            0.03,
        )
        d = carve(d, ellipsoid(x, y, z, (0.075, 0.185, 0.115), (0.095, 0.085, 0.085)), 0.03)
        d = carve(d, ellipsoid(x, y, z, (-0.15, 0.215, 0.10), (0.13, 0.07, 0.12)), 0.03)
        d = carve(d, ellipsoid(x, y, z, (fx + 0.03, 0, 0.085), (0.10, 0.055, 0.062)), 0.015)
        d = carve(d, ellipsoid(x, y, z, (0.20, 0.145, 0.055), (0.03, 0.025, 0.022)), 0.01)
        d = carve(d, ellipsoid(x, y, z, (-0.1, 0, -0.10), (0.2, 0.07, 0.09)), 0.03)
        return d

    body = level_set(head, (-0.62, -0.40, -0.16), (max(0.5, fx + 0.1), 0.40, 0.36), 96)
    parts = [body]
    if canines:
        for sign in (1, -1):
            up = canine(rng, 0.38)
            parts.append(
                moved(
                    up,
                    rotation([0, sign, 0], 0) @ rotation([0, 1, 0], np.pi - 0.55),
                    (fx - 0.125, 0.066 * sign, 0.13),
                )
            )
            for x, y, h, w in (
                (0.20, 0.118, 0.06, 0.035),
                (0.12, 0.135, 0.085, 0.055),
                (0.04, 0.14, 0.05, 0.03),
            ):
                t = tube(
                    np.stack(
                        [np.full(9, x), np.full(9, y * sign), np.linspace(-0.02, -0.04 - h, 9)], 1
                    ),
                    np.stack([np.linspace(w, 0.006, 9), np.linspace(0.025, 0.004, 9)], 1),
                    14,
                )
                t.c = np.tile((0.92, 0.87, 0.74), (len(t.v), 1))
                parts.append(t)
        for i in range(6):
            y = (i - 2.5) * 0.024
            t = tube(
                np.stack(
                    [
                        np.full(6, fx + 0.03 - abs(y) * 0.35),
                        np.full(6, y),
                        np.linspace(-0.01, -0.085, 6),
                    ],
                    1,
                ),
                np.stack([np.linspace(0.012, 0.008, 6)] * 2, 1),
                10,
            )
            t.c = np.tile((0.93, 0.88, 0.76), (len(t.v), 1))
            parts.append(t)
    tone = pick(rng, BONE)
    gape = rng.choice([0.0, 0.05, 0.35])
    if jaw:

        def ramus(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            y = abs(y)
            d = ellipsoid(x, y, z, (fx - 0.02, 0, -0.19), (0.10, 0.085, 0.055))
            line = [
                (fx - 0.02, 0.05, -0.185),
                (0.10, 0.125, -0.19),
                (-0.10, 0.185, -0.17),
                (-0.22, 0.21, -0.11),
            ]
            for a, b in zip(line[:-1], line[1:]):
                d = merge(d, capsule(x, y, z, a, b, 0.055, 0.05, flat=1.7), 0.03)
            d = merge(
                d,
                capsule(x, y, z, (-0.10, 0.19, -0.13), (-0.17, 0.20, 0.07), 0.06, 0.025, flat=2.4),
                0.03,
            )
            d = merge(
                d, capsule(x, y, z, (-0.27, 0.16, -0.03), (-0.27, 0.25, -0.03), 0.03, 0.03), 0.03
            )
            return merge(
                d, capsule(x, y, z, (-0.22, 0.2, -0.14), (-0.29, 0.19, -0.16), 0.025, 0.015), 0.02
            )

        low = [level_set(ramus, (-0.35, -0.32, -0.30), (fx + 0.12, 0.32, 0.14), 70)]
        stain(rng, low[0], 1.0, tone)
        for sign in (1, -1):
            if canines:
                low.append(
                    moved(
                        canine(rng, 0.34),
                        rotation([0, 1, 0], -0.1),
                        (fx + 0.005, 0.058 * sign, -0.225),
                    )
                )
            for x, h in ((0.22, 0.045), (0.14, 0.055), (0.05, 0.07)):
                t = tube(
                    np.stack(
                        [np.full(9, x), np.full(9, 0.11 * sign), np.linspace(-0.15, -0.14 + h, 9)],
                        1,
                    ),
                    np.stack([np.linspace(0.04, 0.006, 9), np.linspace(0.02, 0.004, 9)], 1),
                    12,
                )
                t.c = np.tile((0.92, 0.87, 0.74), (len(t.v), 1))
                low.append(t)
        mandible = join(low)
        hinge = np.array([-0.27, 0, -0.03])
        mandible.v = (mandible.v - hinge) @ rotation([0, 1, 0], gape).T + hinge
        parts.append(mandible)
    stain(rng, body, 1.0, tone)
    hollow = np.exp(
        -np.linalg.norm(abs(body.v) * [0, 1, 0] + body.v * [1, 0, 1] - [0.06, 0.13, 0.11], axis=1)
        / 0.07
    )
    body.c = np.clip(body.c * (1 - 0.5 * hollow)[:, None], 0.02, 1)
    out = join(parts)
    bumps = fractal(out.v * 14, seed(rng), 3)
    out.v = out.v * k
    out.v += normals(out) * (0.004 * k * bumps)[:, None]
    out.grain = out.v.copy()
    return out


def cat_skull(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A big cat's skull, often with its jaw."""
    return [solid(skull(rng, jaw=rng.random() < 0.65), bony(rng), "cat_skull")]


def tooth(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A big cat's canine tooth 6 to 12 cm long, root included."""
    return [
        solid(
            canine(rng, rng.uniform(0.06, 0.12)),
            surface(rng.uniform(0.15, 0.4), 0.1, 300, 0.08, subsurface=0.25, coat=0.6),
            "cat_canine",
        )
    ]


def claw(rng: np.random.Generator, length: float, sheath: bool = True) -> Piece:
    """Hooked retractile claw, flattened from side to side, with the knob of the toe bone."""
    n = 50
    path = bend(length, rng.uniform(1.7, 2.5), n, power=rng.uniform(0.9, 1.3))
    s = np.linspace(0, 1, n)
    r = length * 0.17 * (1 - s) ** 0.75 + 0.0003
    p = tube(path, np.stack([r * 1.25, r * 0.62], 1), 28, section=lambda a, t: 1 + 0.12 * np.cos(a))
    tone = pick(
        rng, [(0.90, 0.82, 0.62), (0.94, 0.90, 0.80), (0.78, 0.64, 0.42), (0.85, 0.74, 0.58)]
    )
    streak = fractal(p.grain / length * [12, 12, 30], seed(rng), 3)
    c = mix(tone * 0.8, tone, smoothstep(0.0, 0.4, p.t + 0.2 * streak))
    p.c = np.clip(
        mix(
            c,
            (0.42, 0.30, 0.20),
            smoothstep(0.25, 0, p.t) * 0.5 + 0.3 * smoothstep(0.2, 0.7, streak),
        ),
        0.02,
        1,
    )
    parts = [p]
    if sheath:
        b = tube(
            np.array([[-0.03, 0, -0.26], [-0.01, 0, -0.18], [0, 0, -0.08], [0.01, 0, 0.05]])
            * length,
            np.array([[0.10, 0.10], [0.22, 0.14], [0.24, 0.13], [0.17, 0.1]]) * length,
            24,
        )
        b = displace(b, 0.02 * length * fractal(b.v / length * 9, seed(rng), 3))
        parts.append(stain(rng, b, length * 2))
    return join(parts)


def one_claw(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A big cat's claw 35 to 70 mm long."""
    return [
        solid(
            claw(rng, rng.uniform(0.035, 0.07), rng.random() < 0.5),
            surface(rng.uniform(0.2, 0.45), 0.15, 400, 0.12, subsurface=0.3, depth=0.003, coat=0.4),
            "cat_claw",
        )
    ]


def metal(rng: np.random.Generator) -> bpy.types.Material:
    """The metal of caps and beads."""
    return surface(rng.uniform(0.2, 0.4), 0.05, 300, 0.1, metallic=1.0)


def pendant(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Canine or claw in a cap of silver or gold with its ring, sometimes on a cord."""
    L = rng.uniform(0.05, 0.09)
    is_claw = rng.random() < 0.45
    p = claw(rng, L, False) if is_claw else canine(rng, L)
    cap = tube(
        bend(L * 0.24, 0.06, 14) + [0, 0, -0.02 * L],
        np.interp(np.arange(14), [0, 3, 13], [0.07, 0.155, 0.19 if is_claw else 0.15]) * L,
        30,
    )
    cap = displace(cap, L * 0.012 * np.sin(cap.a * 9) * np.sin(cap.t * 14) * (cap.t > 0.1))
    a = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    ring = tube(
        np.stack([0.05 * L * np.cos(a), 0 * a, -0.06 * L + 0.05 * L * np.sin(a)], 1),
        np.full(30, 0.012 * L),
        8,
        closed=True,
    )
    tone = pick(rng, [(0.82, 0.81, 0.79), (0.9, 0.72, 0.36), (0.62, 0.6, 0.57)])
    cap, ring = [Piece(q.v, q.f, np.tile(tone, (len(q.v), 1)), q.grain) for q in (cap, ring)]
    out = [
        solid(p, surface(0.2, 0.08, 300, 0.08, subsurface=0.25, coat=0.6), "tooth"),
        solid(join([cap, ring]), metal(rng), "cap"),
    ]
    return out + ([cord(rng, [0, 0, -0.06 * L])] if rng.random() < 0.5 else [])


def cord(rng: np.random.Generator, at: ArrayLike) -> bpy.types.Object:
    """Loop of cord or chain lying away from a pendant."""
    R = rng.uniform(0.04, 0.08)
    a = np.linspace(-np.pi / 2, 1.5 * np.pi, 90)
    wob = 1 + 0.18 * np.sin(2 * a + rng.uniform(0, 7)) + 0.1 * np.sin(3 * a + rng.uniform(0, 7))
    wob = 1 + (wob - 1) * np.sin((a + np.pi / 2) / 2)
    p = tube(
        np.stack([R * wob * np.cos(a), 0 * a, -R + R * -wob * np.sin(a) * 1.0], 1) + at - [0, 0, 0],
        np.full(90, 0.0012),
        6,
    )
    p.v -= p.v[:6].mean(0) - np.asarray(at)
    p.c = np.tile(
        pick(rng, [(0.1, 0.08, 0.07), (0.5, 0.1, 0.1), (0.4, 0.28, 0.16), (0.8, 0.8, 0.8)]),
        (len(p.v), 1),
    )
    return solid(p, surface(0.7, 0.2, 900, 0.2), "cord")


def necklace(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Teeth or claws side by side on a string with beads."""
    n = int(rng.integers(7, 20))
    L = rng.uniform(0.03, 0.07)
    step = L * rng.uniform(0.32, 0.5)
    R = step * n / (2 * np.pi) * rng.uniform(1.05, 1.5)
    is_claw, parts = rng.random() < 0.5, []
    bead = pick(rng, [(0.6, 0.1, 0.08), (0.1, 0.3, 0.35), (0.15, 0.1, 0.08), (0.85, 0.75, 0.5)])
    models = [claw(rng, L, False) if is_claw else canine(rng, L) for _ in range(5)]
    flip = rotation([0, 1, 0], np.pi / 2)
    for i in range(n):
        a = 2 * np.pi * i / n
        m = models[rng.integers(5)]
        lay = (
            rotation([0, 0, 1], a + rng.normal(0, 0.1))
            @ flip
            @ rotation([0, 0, 1], np.pi / 2 * rng.choice([1, 1, 1, -1]))
        )
        parts.append(moved(m, lay, (R * np.cos(a), R * np.sin(a), 0), rng.uniform(0.8, 1.15)))
        a += np.pi / n
        b = moved(ball(step * 0.2, 12), None, (R * np.cos(a), R * np.sin(a), 0))
        b.c = np.tile(bead, (len(b.v), 1))
        parts.append(b)
    a = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    string = tube(
        np.stack([R * np.cos(a), R * np.sin(a), 0 * a], 1), np.full(60, 0.0012), 6, closed=True
    )
    string.c = np.tile((0.12, 0.09, 0.07), (len(string.v), 1))
    return [
        solid(
            join(parts + [string]),
            surface(0.25, 0.1, 300, 0.1, subsurface=0.2, coat=0.5),
            "tooth_necklace",
        )
    ]


def long_bone(rng: np.random.Generator, length: float, slender: float = 1.0) -> Piece:
    """Shaft with a round head and a saddle of two condyles."""
    w = 0.055 / slender

    def d(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        s = capsule(x, y, z, (-0.36, 0, 0), (0, 0, 0.02), w * 1.05, w * 0.85)
        s = merge(s, capsule(x, y, z, (0, 0, 0.02), (0.38, 0, 0), w * 0.85, w), 0.05)
        s = merge(s, ellipsoid(x, y, z, (-0.45, 0.05, 0.03), (0.075, 0.07, 0.07)), 0.06)
        s = merge(s, ellipsoid(x, y, z, (-0.43, -0.075, -0.01), (0.06, 0.05, 0.055)), 0.05)
        s = merge(s, ellipsoid(x, y, z, (0.44, 0.065, 0.0), (0.07, 0.05, 0.085)), 0.05)
        s = merge(s, ellipsoid(x, y, z, (0.44, -0.065, 0.0), (0.07, 0.05, 0.085)), 0.05)
        return carve(s, ellipsoid(x, y, z, (0.5, 0, 0.0), (0.08, 0.022, 0.12)), 0.03)

    p = level_set(d, (-0.56, -0.17, -0.14), (0.56, 0.17, 0.14), 80)
    p.v = p.v @ np.diag([1, 1, 1])
    p = displace(p, 0.006 * fractal(p.v * 9, seed(rng), 3))
    stain(rng, p, 1.0)
    p.v[:, 2] += rng.normal(0, 0.15) * p.v[:, 0] ** 2
    p.v *= length
    p.grain = p.v * [0.3, 1, 1]
    return p


def rib(rng: np.random.Generator, length: float) -> Piece:
    """A rib of `length` metres."""
    n = 50
    path = bend(length, rng.uniform(0.9, 1.9), n)
    s = np.linspace(0, 1, n)
    r = length * np.interp(s, [0, 0.05, 0.12, 1], [0.03, 0.035, 0.02, 0.022])
    p = tube(path, np.stack([r * 0.5, r], 1), 18)
    return stain(rng, p, length)


def vertebra(rng: np.random.Generator, size: float) -> Piece:
    """A vertebra; `size`: half of its height, metres."""

    def d(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        s = ellipsoid(x, y, z, (0, 0, 0), (0.3, 0.3, 0.28))
        s = merge(s, capsule(x, abs(y), z, (0, 0.18, 0.2), (-0.1, 0.62, 0.15), 0.11, 0.06), 0.08)
        s = merge(s, capsule(x, y, z, (0, 0, 0.5), (-0.3, 0, 0.95), 0.10, 0.06), 0.08)
        s = merge(s, capsule(x, abs(y), z, (0, 0.22, 0.2), (0, 0.02, 0.52), 0.10, 0.10), 0.06)
        return carve(s, capsule(x, y, z, (-1, 0, 0.33), (1, 0, 0.33), 0.12, 0.12), 0.04)

    p = level_set(d, (-0.6, -0.8, -0.4), (0.5, 0.8, 1.1), 52)
    stain(rng, p, 1.0)
    p.v *= size
    p.grain = p.v.copy()
    return p


def paw_bone(rng: np.random.Generator, size: float) -> Piece:
    """A bone of a paw, `size` metres long."""
    p = long_bone(rng, size, 0.6)
    return p


def bones(rng: np.random.Generator, cat: bool) -> list[bpy.types.Object]:
    """Heap of a skeleton; a cat's holds skull, claws and canines."""
    parts, spread = [], rng.uniform(0.10, 0.2)
    for _ in range(int(rng.integers(6, 18))):
        kind = rng.choice(["long", "rib", "vertebra", "paw"])
        b = {
            "long": lambda: long_bone(rng, rng.uniform(0.18, 0.34)),
            "rib": lambda: rib(rng, rng.uniform(0.15, 0.28)),
            "vertebra": lambda: vertebra(rng, 0.04),
            "paw": lambda: paw_bone(rng, rng.uniform(0.05, 0.1)),
        }[kind]()
        yaw = rotation([0, 0, 1], rng.uniform(0, 7)) @ (
            rotation([1, 0, 0], np.pi / 2)
            if kind == "rib"
            else rotation([0, 1, 0], rng.normal(0, 0.12))
        )
        b.v = b.v - b.v.mean(0)
        x, y = rng.normal(0, spread, 2)
        parts.append(
            moved(b, yaw, (x, y, 0.02 + 0.06 * rng.random() * np.exp(-(x * x + y * y) / spread**2)))
        )
    if cat:
        s = skull(rng, jaw=rng.random() < 0.5, length=rng.uniform(0.22, 0.3))
        parts.append(moved(s, rotation([0, 0, 1], rng.uniform(0, 7)), (0, 0, 0.09)))
        for _ in range(int(rng.integers(0, 6))):
            c = claw(rng, 0.05) if rng.random() < 0.5 else canine(rng, 0.09)
            parts.append(
                moved(
                    c,
                    rotation([0, 0, 1], rng.uniform(0, 7)) @ rotation([1, 0, 0], np.pi / 2),
                    (*rng.normal(0, spread, 2), 0.02),
                )
            )
    return [solid(join(parts), bony(rng), "bones")]


def antler(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Beam with tines and a pearled burr."""
    L, n = rng.uniform(0.25, 0.7), 70
    path = bend(L, rng.uniform(0.5, 1.4), n, lift=rng.normal(0, 0.15) * L)
    s = np.linspace(0, 1, n)
    w = L * rng.uniform(0.03, 0.045)
    parts = [tube(path, w * (1 - 0.75 * s) * np.sqrt(np.clip((1 - s) / 0.04, 0.03, 1)), 36)]
    for at in np.sort(rng.uniform(0.06, 0.85, int(rng.integers(1, 6)))):
        i = int(at * (n - 1))
        size = L * rng.uniform(0.15, 0.36)
        tine = bend(size, -rng.uniform(0.4, 1.2), 30)
        k = np.linspace(0, 1, 30)
        p = tube(tine, w * 0.72 * (1 - 0.6 * at) * (1 - k) ** 0.7 + 0.001, 24)
        lean = rotation([0, 1, 0], rng.choice([1, -1]) * rng.uniform(0.7, 1.3)) @ rotation(
            [0, 0, 1], rng.normal(0, 0.5)
        )
        parts.append(moved(p, lean, path[i]))
    a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    burr = tube(
        np.stack([w * np.cos(a), w * np.sin(a), 0 * a], 1), np.full(40, w * 0.35), 14, closed=True
    )
    parts.append(displace(burr, w * 0.25 * fractal(burr.v / w * 3, seed(rng), 2)))
    p = join(parts)
    ridge = fractal(p.grain / w * [2.5, 2.5, 6], seed(rng), 3)
    p = displace(p, w * 0.12 * ridge * (p.t < 0.8))
    low, high = (
        pick(rng, [(0.42, 0.30, 0.19), (0.55, 0.43, 0.30), (0.32, 0.23, 0.16), (0.72, 0.64, 0.52)]),
        np.array([0.86, 0.79, 0.66]),
    )
    p.c = np.clip(
        mix(mix(low, high, smoothstep(0.5, 1, p.t)), high, smoothstep(0.1, 0.6, ridge) * 0.6),
        0.02,
        1,
    )
    return [solid(p, bony(rng, rng.uniform(0, 0.6)), "antler")]


def antler_slice(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A slice of antler of 24 to 60 mm."""
    r, thick = rng.uniform(0.012, 0.03), rng.uniform(0.002, 0.008)
    p = tube(
        np.array([[0, 0, z] for z in np.linspace(0, thick, 4)]),
        np.full((4, 2), r),
        80,
        section=lambda a, t: (
            1 + 0.08 * np.cos(2 * a + 1) + 0.02 * np.sin(13 * a) + 0.02 * np.sin(7 * a)
        ),
    )
    rad = np.linalg.norm(p.v[:, :2], axis=1) / r
    pore = fractal(p.v / r * 14, seed(rng), 2)
    core = pick(rng, [(0.55, 0.30, 0.22), (0.72, 0.62, 0.48), (0.45, 0.22, 0.16)])
    p.c = np.clip(
        mix(core * (1 + 0.5 * pore)[:, None], (0.88, 0.80, 0.66), smoothstep(0.55, 0.75, rad)),
        0.02,
        1,
    )
    p.c[rad > 0.93] = (0.5, 0.38, 0.26)
    return [solid(p, bony(rng), "antler_slice")]


def deer_skull(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A deer's skull, for comparison."""
    s = skull(rng, jaw=rng.random() < 0.4, muzzle=rng.uniform(1.7, 2.1), canines=False, broad=0.62)
    return [solid(s, bony(rng), "deer_skull")]


def plain_bone(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A long bone, a rib or a vertebra of some animal."""
    p = {
        0: lambda: long_bone(rng, rng.uniform(0.12, 0.4), rng.uniform(0.7, 1.5)),
        1: lambda: rib(rng, rng.uniform(0.12, 0.4)),
        2: lambda: vertebra(rng, rng.uniform(0.03, 0.08)),
    }[int(rng.integers(3))]()
    return [solid(p, bony(rng), "bone")]


def boar_tusk(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A boar's tusk 8 to 20 cm long."""
    L, n = rng.uniform(0.08, 0.2), 60
    path = bend(L, rng.uniform(1.6, 3.6), n)
    s = np.linspace(0, 1, n)
    p = tube(
        path,
        L * 0.06 * np.interp(s, [0, 0.7, 1], [1, 0.85, 0.05]),
        36,
        section=lambda a, t: 1 + 0.16 * np.cos(3 * a),
    )
    stain(rng, p, L, pick(rng, BONE[:3]))
    p.c[p.t < 0.01] *= 0.4
    return [solid(p, surface(0.3, 0.08, 300, 0.08, subsurface=0.2, coat=0.4), "boar_tusk")]


def resin_tooth(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A cast tooth 4 to 10 cm long, even and glossy."""
    p = canine(rng, rng.uniform(0.04, 0.1))
    tone = pick(
        rng,
        [
            (0.95, 0.93, 0.88),
            (0.1, 0.1, 0.1),
            (0.9, 0.8, 0.55),
            (0.3, 0.6, 0.55),
            (0.7, 0.15, 0.12),
        ],
    )
    p.c = np.clip(tone * (1 + 0.04 * fractal(p.v * 60, seed(rng), 2))[:, None], 0, 1)
    return [solid(p, surface(0.12, 0, 300, 0.0, subsurface=0.3, coat=0.9), "resin_tooth")]


SUBJECTS = [
    Subject("cat_skull", "big_cat_part", 3.0, cat_skull, heap=(1, 3), lying=False),
    Subject("cat_canine", "big_cat_part", 1.5, tooth, heap=(1, 12)),
    Subject("cat_claw", "big_cat_part", 1.5, one_claw, heap=(1, 12)),
    Subject("cat_pendant", "big_cat_part", 1.2, pendant, heap=(1, 3)),
    Subject("cat_necklace", "big_cat_part", 1.0, necklace),
    Subject("cat_bones", "big_cat_part", 1.0, lambda rng: bones(rng, True), upright=True),
    Subject("bone_antler_branch", "bone_antler", 2.0, antler, heap=(1, 4)),
    Subject("bone_antler_slice", "bone_antler", 0.7, antler_slice, heap=(2, 14)),
    Subject("bone_plain", "bone_antler", 1.5, plain_bone, heap=(1, 8)),
    Subject("bone_heap", "bone_antler", 0.7, lambda rng: bones(rng, False), upright=True),
    Subject("bone_deer_skull", "bone_antler", 1.2, deer_skull, heap=(1, 2), lying=False),
    Subject("bone_boar_tusk", "bone_antler", 0.8, boar_tusk, heap=(1, 6)),
    Subject("synthetic_resin_tooth", "synthetic", 0.5, resin_tooth, heap=(1, 8)),
]
