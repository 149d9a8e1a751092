"""Ivory: raw tusks, whole and cut, their sections, carved tusks, and everything carved from it.

Lengths in metres, angles in radians, colours sRGB ('#rrggbb').
"""

import bpy
import numpy as np

from render import geometry, shapes
from render.materials import Graph, blend, vary
from render.subject import Subject
from render.subjects.carving import family
from render.subjects.substances import carve, ivory


def husk(rng: np.random.Generator, carved: bool = False) -> bpy.types.Material:
    """The outside of a raw tusk: cementum from cream to brown, cracks along the tusk, dirt, a
    polished tip. Uses UV.
    """
    pale = vary(
        rng, rng.choice(["#e6d8b8", "#d8c190", "#efe6d2", "#c9a870", "#dcc8a0"]), 0.01, 0.04, 0.04
    )
    brown = vary(
        rng, rng.choice(["#7a5028", "#5b3a20", "#94683a", "#6b4a30", "#4a3a2c"]), 0.01, 0.05, 0.05
    )
    g = Graph("tusk")
    u, v, _ = g.separate(g.coordinates("UV"))
    at = g.coordinates(
        "UV", scale=(1.0, rng.uniform(0.08, 0.25), 1), offset=tuple(rng.uniform(0, 5, 3))
    )
    streak = g.noise(at, scale=rng.uniform(8, 22), detail=7, roughness=0.65)
    cloud = g.noise(scale=rng.uniform(3, 10), detail=5)
    stain = g.layers([(streak, 0.6), (cloud, 0.6), (v, -rng.uniform(0.0, 0.25))])
    amount = rng.uniform(0.42, 0.75)
    colour = g.ramp(
        stain,
        [(amount - 0.2, pale), (amount + 0.02, blend(pale, brown, 0.5)), (amount + 0.22, brown)],
    )
    crack = g.noise(
        g.coordinates("UV", scale=(1, 0.04, 1)), scale=rng.uniform(18, 40), detail=3, distortion=0.2
    )
    thin = g.ramp(
        g.math("ABSOLUTE", g.math("SUBTRACT", crack, 0.5)),
        [(0.0, 1.0), (rng.uniform(0.004, 0.012), 0.0)],
    )
    colour = g.mix(
        g.math("MULTIPLY", thin, rng.uniform(0.2, 0.8)), colour, blend(brown, "#000000", 0.5)
    )
    normal_heights = [(streak, 0.5), (thin, -0.4), (g.noise(scale=60, detail=4), 0.2)]
    colour, normal = carve(g, rng, colour, brown, False, normal_heights, rng.uniform(0.001, 0.004))
    return g.surface(
        colour, rng.uniform(0.25, 0.6), normal, subsurface=0.08, radius=(0.006, 0.004, 0.002)
    )


def section(rng: np.random.Generator) -> bpy.types.Material:
    """A sawn face across the tusk, UV 0..1 over the disc: rings, a faint Schreger lattice, a dark
    nerve point, bark.
    """
    base = vary(rng, rng.choice(["#efe6d0", "#ead9b4", "#f2ede0", "#dcc596"]), 0.008, 0.03, 0.03)
    g = Graph("section")
    x, y, _ = g.separate(g.coordinates("UV", scale=2.0, offset=(-1, -1, 0)))
    r = g.math("SQRT", g.math("ADD", g.math("MULTIPLY", x, x), g.math("MULTIPLY", y, y)))
    angle = g.math("ARCTAN2", y, x)
    n = float(rng.integers(28, 70))
    psi = g.math("MULTIPLY", g.math("POWER", r, 1.4), rng.uniform(0.8, 1.8))
    a = g.math("SINE", g.math("MULTIPLY", g.math("ADD", angle, psi), n))
    b = g.math("SINE", g.math("MULTIPLY", g.math("SUBTRACT", angle, psi), n))
    lattice = g.math("MULTIPLY", g.math("ADD", g.math("ADD", a, b), 2.0), 0.25)
    rings = g.math(
        "SINE",
        g.math(
            "MULTIPLY",
            g.math("ADD", r, g.math("MULTIPLY", g.noise(scale=30), 0.08)),
            rng.uniform(20, 60),
        ),
    )
    colour = g.mix(
        g.math("MULTIPLY", lattice, rng.uniform(0.05, 0.3)), base, blend(base, "#9a7038", 0.7)
    )
    colour = g.mix(
        g.math("MULTIPLY", g.math("GREATER_THAN", rings, 0.5), rng.uniform(0.02, 0.15)),
        colour,
        blend(base, "#8a6030", 0.7),
    )
    colour = g.mix(
        g.ramp(r, [(rng.uniform(0.86, 0.93), 0.0), (0.97, 1.0)]),
        colour,
        rng.choice(["#c9b080", "#8a6238", "#e6dcc4"]),
    )
    colour = g.mix(g.ramp(r, [(0.01, 1.0), (0.04, 0.0)]), colour, "#3a2412")
    saw = g.wave(
        g.coordinates("UV", rotation=(0, 0, rng.uniform(0, 3))),
        scale=rng.uniform(8, 30),
        distortion=1.5,
    )
    crack = g.noise(scale=40, detail=3)
    thin = g.ramp(g.math("ABSOLUTE", g.math("SUBTRACT", crack, 0.5)), [(0.0, 1.0), (0.008, 0.0)])
    colour = g.mix(g.math("MULTIPLY", thin, rng.uniform(0, 0.7)), colour, "#5b3a1c")
    return g.surface(
        colour,
        rng.uniform(0.25, 0.6),
        g.bump(saw, 0.0003),
        subsurface=0.12,
        radius=(0.005, 0.003, 0.002),
    )


def pulp(rng: np.random.Generator) -> bpy.types.Material:
    """The rough wall of the pulp cavity."""
    g = Graph("pulp")
    n = g.noise(scale=25, detail=5)
    return g.surface(g.ramp(n, [(0.3, "#6a4a2c"), (0.7, "#c9a878")]), 0.8, g.bump(n, 0.003))


def faces_to(thing: bpy.types.Object, slot: int, count: int) -> None:
    """The last `count` faces get material slot `slot`."""
    n = len(thing.data.polygons)
    index = np.zeros(n, np.int32)
    index[n - count :] = slot
    thing.data.polygons.foreach_set("material_index", index)


def tusk_curve(
    rng: np.random.Generator,
    length: float,
    share: tuple[float, float] = (0.0, 1.0),
    rows: int = 110,
) -> tuple[np.ndarray, np.ndarray]:
    """The middle line [rows, 3] and the radii [rows] of a tusk, in metres.

    `share`: which part of its `length`, 0 at the root to 1 at the tip.
    """
    bend = rng.uniform(0.6, 1.9) * min(1.4, max(0.5, length / 0.9)) * rng.choice([1, 1, 0.5])
    curve = geometry.arc(length, bend, rng.uniform(0, 0.7), 400)
    t = np.linspace(share[0], share[1], rows)
    at = np.stack([np.interp(t, np.linspace(0, 1, 400), curve[:, k]) for k in range(3)], 1)
    base = length * rng.uniform(0.034, 0.06)
    taper = rng.uniform(0.45, 0.8)
    profile = base * np.clip(1 - t ** rng.uniform(1.3, 2.4), 0, 1) ** taper
    blunt = base * rng.uniform(0.03, 0.1)
    return at, np.sqrt(profile**2 + blunt**2 * np.clip((1.0 - t) * 60, 0, 1)) + base * 0.004


def tusk_body(
    rng: np.random.Generator,
    length: float,
    share: tuple[float, float],
    segments: int = 56,
    hollow: tuple[float, float] | None = None,
) -> bpy.types.Object:
    """A tusk or a part of it; `hollow`: wall and depth of the pulp cavity as `shapes.tube` takes
    them.
    """
    curve, radius = tusk_curve(rng, length, share)
    a = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    oval = 1 + rng.uniform(0, 0.08) * np.cos(2 * a + rng.uniform(0, 6))
    ripple = 0.015 * geometry.noise(
        np.stack(
            [
                np.repeat(np.linspace(0, 3, len(curve)), segments),
                np.tile(np.cos(a) * 2, len(curve)),
                np.tile(np.sin(a) * 2, len(curve)),
            ],
            1,
        ),
        1.5,
        int(rng.integers(1_000_000)),
        3,
    ).reshape(len(curve), segments)
    radii = radius[:, None] * oval * (1 + ripple)
    thing = shapes.tube(
        curve, radii, segments, husk(rng), caps=(hollow is None, True), hollow=hollow
    )
    thing.data.materials.append(section(rng))
    thing.data.materials.append(pulp(rng))
    n, at_all = len(curve), len(thing.data.polygons)
    index = np.zeros(at_all, np.int32)
    body = (n - 1) * segments
    if hollow:
        index[body : body + segments] = 1
        index[body + segments : at_all - segments] = 2
    else:
        index[body : body + segments] = 1
    index[at_all - segments :] = 1 if share[1] < 0.97 else 0
    thing.data.polygons.foreach_set("material_index", index)
    shapes.sharpen(thing, 50)
    return thing


def tusk(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A whole tusk 0.3 to 1.8 m long."""
    length = np.exp(rng.uniform(np.log(0.3), np.log(1.8)))
    hollow = (rng.uniform(0.12, 0.35), rng.uniform(0.1, 0.4)) if rng.random() < 0.75 else None
    return [tusk_body(rng, length, (0, 1), hollow=hollow)]


def tusk_cut(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A length cut from a tusk."""
    a = rng.uniform(0, 0.6)
    b = min(0.94, a + rng.uniform(0.1, 0.4))
    hollow = (rng.uniform(0.15, 0.6), rng.uniform(0.3, 0.95)) if rng.random() < 0.4 else None
    return [tusk_body(rng, rng.uniform(0.6, 1.6), (a, b), hollow=hollow)]


def tusk_tip(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A tusk's tip."""
    return [tusk_body(rng, rng.uniform(0.4, 1.4), (rng.uniform(0.55, 0.85), 1))]


def disc(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A slice across a tusk of 4 to 12 cm."""
    r, t = rng.uniform(0.02, 0.06), rng.uniform(0.004, 0.03)
    line = np.stack([np.zeros(4), np.zeros(4), np.linspace(0, t, 4)], 1)
    a = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    radii = np.tile(r * (1 + 0.05 * np.cos(2 * a + 1) + 0.02 * np.cos(3 * a)), (4, 1))
    thing = shapes.tube(line, radii, 64, husk(rng))
    thing.data.materials.append(section(rng))
    faces_to(thing, 1, 128)
    return [shapes.sharpen(thing, 50)]


def tusk_carved(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A polished tusk with relief carved along it, often on a wooden stand."""
    length = rng.uniform(0.2, 0.8)
    curve, radius = tusk_curve(rng, length, (0, 1), 260)
    n, s = len(curve), 150
    a = np.linspace(0, 2 * np.pi, s, endpoint=False)
    _, normal, binormal = geometry.frames(curve)
    around = (
        np.cos(a)[None, :, None] * normal[:, None] + np.sin(a)[None, :, None] * binormal[:, None]
    )
    points = curve[:, None] + around * radius[:, None, None]
    q = points.reshape(-1, 3)
    f = 1.0 / (radius.max() * rng.uniform(0.25, 0.6))
    noise = np.abs(
        geometry.noise(
            q + 0.15 / f * np.sin(q[:, [1, 2, 0]] * f * 3), f, int(rng.integers(1_000_000)), 3
        )
    ).reshape(n, s)
    t = np.linspace(0, 1, n)[:, None]
    carvedness = np.clip((t - 0.06) * 20, 0, 1) * np.clip((rng.uniform(0.7, 0.95) - t) * 15, 0, 1)
    relief = radius[:, None] * (
        1 + carvedness * (0.14 * np.clip(0.4 - noise, -0.2, 0.35) / 0.35 - 0.06)
    )
    body = shapes.tube(curve, relief, s, ivory(rng, True))
    return [body]


def elephants(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A row of carved elephants on a bridge, from the whole tusk."""
    state = int(rng.integers(2**31))

    def m(_: np.random.Generator, carved: bool) -> bpy.types.Material:
        return ivory(np.random.default_rng(state), carved)

    out, x = [], 0.0
    for k in range(int(rng.integers(3, 7))):
        size = 0.05 * (1 - 0.08 * k)
        e, c = geometry.ellipsoid, geometry.capsule

        def distance(p: np.ndarray) -> np.ndarray:
            q = p / size
            d = e(q, (0, 0, 0.55), (0.42, 0.26, 0.3))
            for part in (
                e(q, (0.45, 0, 0.68), (0.2, 0.18, 0.22)),
                c(q, (0.6, 0, 0.62), (0.75, 0, 0.12), 0.09, 0.05),
                e(q, (0.36, 0.2, 0.68), (0.08, 0.16, 0.2)),
                e(q, (0.36, -0.2, 0.68), (0.08, 0.16, 0.2)),
                *(
                    c(q, (sx, sy, 0.4), (sx, sy, 0.03), 0.11, 0.1)
                    for sx in (-0.25, 0.22)
                    for sy in (-0.14, 0.14)
                ),
                c(q, (-0.4, 0, 0.6), (-0.5, 0, 0.25), 0.04, 0.02),
            ):
                d = geometry.union(d, part, k=0.05)
            return d * size

        thing = shapes.surface_of(
            distance,
            np.array([-0.6, -0.45, -0.1]) * size,
            np.array([0.9, 0.45, 0.95]) * size,
            48,
            m(rng, True),
        )
        out.append(shapes.transform(thing, (x, 0, 0.008)))
        x += size * 1.25
    bridge = shapes.tube(
        geometry.spline([(-0.04, 0, 0.0), (x / 2, 0, 0.006), (x, 0, 0.0)], 40),
        np.stack([np.full(40, 0.006), np.linspace(0.02, 0.012, 40)], 1)[:, ::-1],
        24,
        m(rng, False),
    )
    return [*out, bridge]


SUBJECTS = [
    Subject("ivory_tusk", "ivory", 4.0, tusk, (1, 14)),
    Subject("ivory_tusk_cut", "ivory", 2.0, tusk_cut, (1, 16)),
    Subject("ivory_tusk_tip", "ivory", 1.3, tusk_tip, (1, 10)),
    Subject("ivory_disc", "ivory", 1.0, disc, (1, 8)),
    Subject("ivory_tusk_carved", "ivory", 1.3, tusk_carved, (1, 2)),
    Subject("ivory_elephants", "ivory", 0.4, elephants, (1, 1), False),
    *family("ivory", "ivory", ivory, 0.8),
]
