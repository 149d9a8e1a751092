"""What else listings show: household things, food, a herbal market's dried goods, toys, tools,
packages.

Lengths in metres, angles in radians, colours sRGB ('#rrggbb' or 0 to 1).
"""

import bpy
import numpy as np

from render import geometry, shapes
from render.materials import Graph, blend, glass, metal, mottled, plain, vary
from render.subject import Subject

BRIGHT = [  # sRGB
    "#d2202a",
    "#1f6fc2",
    "#2f9a4a",
    "#f2c21f",
    "#e85a9a",
    "#181818",
    "#f4f4f4",
    "#7a3aa0",
    "#e8742a",
    "#6a4a30",
    "#8fb7c9",
    "#d8c8b0",
]


def bright(rng: np.random.Generator) -> tuple[float, float, float]:
    """A bright sRGB colour."""
    return vary(rng, rng.choice(BRIGHT), 0.03, 0.1, 0.08)


def shiny(rng: np.random.Generator) -> bpy.types.Material:
    """Glossy plastic or glaze of a bright colour."""
    return plain(bright(rng), rng.uniform(0.08, 0.6), coat=rng.choice([0, 0.6]))


def printed(rng: np.random.Generator) -> bpy.types.Material:
    """A package's print: fields of colour, lines of words, a picture-like patch."""
    a, b, c = bright(rng), bright(rng), bright(rng)
    g = Graph("print")
    at = g.coordinates("UV")
    x, y, _ = g.separate(at)
    colour = g.mix(g.math("GREATER_THAN", y, rng.uniform(0.3, 0.8)), a, b)
    blob = g.noise(at, scale=rng.uniform(2, 6), detail=3, distortion=2)
    cx, cy = rng.uniform(0.3, 0.7, 2)
    far = g.math(
        "MAXIMUM",
        g.math("ABSOLUTE", g.math("SUBTRACT", x, cx)),
        g.math("ABSOLUTE", g.math("SUBTRACT", y, cy)),
    )
    colour = g.mix(
        g.math("LESS_THAN", far, rng.uniform(0.1, 0.3)),
        colour,
        g.ramp(blob, [(0.35, c), (0.5, bright(rng)), (0.65, bright(rng))]),
    )
    line = g.math("GREATER_THAN", g.wave(at, scale=rng.uniform(3, 9), direction="Y"), 0.6)
    word = g.math(
        "GREATER_THAN",
        g.noise(g.coordinates("UV", scale=(1, 0.15, 1)), scale=rng.uniform(25, 60), detail=1),
        0.5,
    )
    ink = g.math(
        "MULTIPLY",
        g.math("MULTIPLY", line, word),
        g.math("GREATER_THAN", g.noise(at, scale=2.5, detail=0), rng.uniform(0.4, 0.55)),
    )
    return g.surface(
        g.mix(ink, colour, rng.choice(["#111111", "#ffffff", "#c9a13b"])), rng.uniform(0.1, 0.6)
    )


def package(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A printed box of 3 to 20 cm."""
    w, d, h = rng.uniform(0.03, 0.2), rng.uniform(0.03, 0.15), rng.uniform(0.01, 0.1)
    return [shapes.box((w, d, h), printed(rng), 0.0008)]


def book(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A closed book of 10 x 14 to 20 x 28 cm."""
    w, d, h = rng.uniform(0.1, 0.2), rng.uniform(0.14, 0.28), rng.uniform(0.008, 0.04)
    cover = printed(rng)
    return [
        shapes.box((w, d, h * 0.85), plain("#f0ebdd", 0.9)),
        *(
            shapes.transform(shapes.box((w * 1.04, d * 1.03, 0.002), cover), (0, 0, s * h * 0.45))
            for s in (-1, 1)
        ),
        shapes.transform(shapes.box((0.002, d * 1.03, h * 0.92), cover), (-w * 0.515, 0, 0)),
    ]


def phone(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A phone, lit or dark."""
    w, h = rng.uniform(0.065, 0.08), rng.uniform(0.135, 0.165)
    return [
        shapes.box(
            (w, h, 0.008),
            plain(rng.choice(["#111114", "#d8d8da", "#2a3a5a", "#c9b09a"]), 0.2),
            0.003,
        ),
        shapes.transform(
            shapes.box(
                (w * 0.93, h * 0.94, 0.0006),
                printed(rng) if rng.random() < 0.4 else plain("#050506", 0.05),
            ),
            (0, 0, 0.004),
        ),
    ]


def bottle(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A bottle 6 to 30 cm high, of glass or plastic."""
    h, r = rng.uniform(0.06, 0.3), rng.uniform(0.015, 0.045)
    neck = r * rng.uniform(0.25, 0.7)
    p = [
        (0, 0),
        (r * 0.95, 0),
        (r, h * 0.03),
        (r, h * rng.uniform(0.5, 0.75)),
        (neck, h * 0.82),
        (neck, h * 0.92),
    ]
    body = (
        glass(vary(rng, rng.choice(["#ffffff", "#3f6a3a", "#7a3f14", "#c8e0f0"])))
        if rng.random() < 0.5
        else shiny(rng)
    )
    out = [
        shapes.bevel(shapes.lathe(p, 40, body), r * 0.1),
        shapes.lathe(
            [(0, h), (neck * 1.15, h), (neck * 1.15, h * 0.9), (0, h * 0.9)], 28, shiny(rng)
        ),
    ]
    if rng.random() < 0.7:
        out.append(shapes.lathe([(r * 1.01, h * 0.12), (r * 1.01, h * 0.5)], 40, printed(rng)))
    return out


def can(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A printed can 4 to 16 cm high."""
    h, r = rng.uniform(0.04, 0.16), rng.uniform(0.025, 0.05)
    return [
        shapes.lathe([(r, 0), (r, h)], 48, printed(rng)),
        shapes.lathe(
            [
                (0, h * 0.98),
                (r * 0.9, h * 0.98),
                (r, h * 1.005),
                (r * 1.01, h),
                (r * 1.01, h * 0.98),
            ],
            48,
            metal(),
        ),
        shapes.lathe([(0, 0), (r, 0)], 48, metal()),
    ]


def mug(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A mug 6 to 12 cm high."""
    h, r = rng.uniform(0.06, 0.12), rng.uniform(0.03, 0.045)
    m = shiny(rng)
    t = 0.004
    handle = geometry.spline(
        [(r, 0, h * 0.8), (r * 1.7, 0, h * 0.75), (r * 1.7, 0, h * 0.3), (r, 0, h * 0.2)], 24
    )
    return [
        shapes.lathe(
            [(0, 0), (r * 0.95, 0), (r, h * 0.05), (r, h), (r - t, h), (r - t, t), (0, t)], 48, m
        ),
        shapes.tube(handle, 0.005, 12, m),
        shapes.lathe([(0, h * 0.8), (r - t, h * 0.8)], 40, plain(vary(rng, "#4a2c17", 0.05), 0.05)),
    ]


def plate(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A plate of 14 to 28 cm."""
    r = rng.uniform(0.07, 0.14)
    return [
        shapes.lathe(
            [
                (0, 0),
                (r * 0.6, 0),
                (r, r * 0.15),
                (r * 0.99, r * 0.18),
                (r * 0.6, 0.004),
                (0, 0.004),
            ],
            56,
            shiny(rng),
        )
    ]


def fruit(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A round fruit of 4 to 10 cm."""
    c = vary(rng, rng.choice(["#c2241f", "#e8902a", "#7fa83a", "#f2d24a", "#5a2a52", "#d2603a"]))
    r = rng.uniform(0.02, 0.05)
    g = Graph("fruit")
    n = g.noise(scale=50, detail=5)
    m = g.surface(
        g.ramp(n, [(0.3, blend(c, "#e8d86a", 0.3)), (0.6, c)]),
        rng.uniform(0.15, 0.6),
        g.bump(g.voronoi(scale=400), rng.choice([0.0, 0.0006])),
        subsurface=0.1,
    )
    f = shapes.sphere(
        (r, r, r * rng.uniform(0.8, 1.3)), m, 24, 32, 0.06, 2, 1.5, int(rng.integers(1_000_000))
    )
    v = shapes.vertices(f)
    rr = np.hypot(v[:, 0], v[:, 1]) / r
    v[:, 2] -= np.sign(v[:, 2]) * r * 0.35 * np.exp(-((rr / 0.28) ** 2))
    shapes.move_vertices(f, v)
    stem = shapes.tube(
        geometry.spline([(0, 0, r * 0.5), (0.001, 0, r * 1.0), (0.004, 0.002, r * 1.25)], 8),
        0.0014,
        8,
        plain("#4a3218", 0.8),
    )
    return [f, stem]


def banana(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A banana 14 to 20 cm long; now and then another fruit."""
    n = 40
    t = np.linspace(0, 1, n)
    curve = geometry.arc(rng.uniform(0.14, 0.2), rng.uniform(0.7, 1.4), 0, n)
    r = 0.018 * np.clip(np.sin(np.pi * t) * 2.4, 0.22, 1)
    return (
        [shapes.tube(curve, r, 6, mottled("#e8c83a", "#c9a82a", 60, 0.45))]
        if rng.random() < 0.9
        else fruit(rng)
    )


def root_crop(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Carrot, radish, ginger-less root, cucumber, aubergine: tapered bodies."""
    c = vary(rng, rng.choice(["#e0702a", "#f0ece2", "#5a7a2a", "#3a1f42", "#b98a5a", "#d8c8a0"]))
    n = 50
    t = np.linspace(0, 1, n)
    length = rng.uniform(0.08, 0.28)
    curve = geometry.arc(length, rng.uniform(0, 0.8), rng.uniform(0, 1), n)
    r = (
        length
        * rng.uniform(0.06, 0.14)
        * np.clip(np.minimum(t * 14, 1), 0.1, 1)
        * np.clip(1 - t ** rng.uniform(1, 5), 0.04, 1)
    )
    r = r * (1 + 0.05 * np.sin(t * rng.uniform(30, 80)))
    return [
        shapes.tube(
            curve, r, 24, mottled(c, blend(c, "#3a2412", 0.3), 90, rng.uniform(0.25, 0.8), 0.0006)
        )
    ]


def bread(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A roll or loaf 6 to 24 cm long."""
    c = vary(rng, rng.choice(["#b9783a", "#a8622a", "#d8a860", "#8a4f22"]))
    size = np.array([rng.uniform(0.03, 0.12), rng.uniform(0.03, 0.05), rng.uniform(0.02, 0.035)])
    return [
        shapes.sphere(
            size,
            mottled(c, blend(c, "#f0dcb0", 0.6), 40, 0.7, 0.002, 6),
            40,
            48,
            0.15,
            3,
            3,
            int(rng.integers(1_000_000)),
        )
    ]


def egg(rng: np.random.Generator) -> list[bpy.types.Object]:
    """An egg 58 mm long."""
    e = shapes.sphere(
        (0.022, 0.022, 0.029),
        mottled(
            vary(rng, rng.choice(["#f4efe6", "#d8a878", "#e8dcc8", "#b8cfc0"])),
            vary(rng, "#d8b08a"),
            200,
            0.45,
        ),
        28,
        32,
    )
    v = shapes.vertices(e)
    v[:, :2] *= 1 - v[:, 2:] * 6
    shapes.move_vertices(e, v)
    return [e]


def slices(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A slice of a dried root: pale disc, ring and rays, brown bark, curled."""
    c = vary(rng, rng.choice(["#e8d8b0", "#d8b878", "#c99a5a", "#f0e8d8", "#a8703a"]))
    g = Graph("slice")
    x, y, _ = g.separate(g.coordinates())
    r = rng.uniform(0.006, 0.03)
    rad = g.math(
        "MULTIPLY",
        g.math("SQRT", g.math("ADD", g.math("MULTIPLY", x, x), g.math("MULTIPLY", y, y))),
        1 / r,
    )
    rays = g.noise(g.coordinates(scale=(1, 1, 0.1)), scale=2 / r, detail=5, distortion=1)
    colour = g.ramp(
        rad,
        [
            (0.0, blend(c, "#6a4020", 0.35)),
            (0.3, c),
            (0.7, blend(c, "#8a5a2a", 0.25)),
            (0.78, c),
            (0.95, "#5a3a1c"),
        ],
    )
    colour = g.mix(g.math("MULTIPLY", rays, 0.6), colour, blend(c, "#6a4a2a", 0.6))
    m = g.surface(colour, 0.85, g.bump(rays, 0.001))
    stretch, curl, seed = rng.uniform(1, 2.5), rng.uniform(-0.4, 0.4), int(rng.integers(1_000_000))
    d = shapes.lathe(
        [
            (0, 0),
            (r * 0.4, 0),
            (r * 0.7, 0),
            (r, 0),
            (r, r * 0.1),
            (r * 0.7, r * 0.1),
            (r * 0.4, r * 0.1),
            (0, r * 0.1),
        ],
        28,
        m,
    )
    v = shapes.vertices(d)
    v *= [stretch, 1, 1]
    v *= (1 + 0.12 * geometry.noise(v * [1, 1, 0], 1 / r, seed, 2))[:, None]
    v[:, 2] += curl * v[:, 0] ** 2 / r * 0.5 + 0.1 * r * geometry.noise(v, 1.2 / r, seed + 1, 2)
    shapes.move_vertices(d, v)
    return [d]


def twig(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Dried roots, stems, cinnamon, ginseng."""
    c = vary(rng, rng.choice(["#6a4426", "#8a6238", "#4a3220", "#c9a878", "#a8482a", "#d8c090"]))
    n = 40
    length = rng.uniform(0.03, 0.2)
    points = np.cumsum(rng.normal(0, 0.25, (6, 3)) + [0, 0, 1], 0)
    curve = geometry.spline(points * length / 6, n)
    t = np.linspace(0, 1, n)
    r = (
        length
        * rng.uniform(0.02, 0.08)
        * (1 - 0.7 * t)
        * (1 + 0.12 * np.sin(t * 70) + 0.15 * rng.normal(0, 1, n).cumsum() / 6)
    )
    m = mottled(c, blend(c, "#1a0d05", 0.5), 120, 0.9, 0.001, 5)
    out = [shapes.tube(curve, np.maximum(r, length * 0.004), 12, m)]
    for _ in range(int(rng.integers(0, 4))):
        k = int(rng.integers(5, n - 5))
        d = rng.normal(0, 1, 3)
        end = (
            curve[k]
            + d / np.linalg.norm(d) * length * rng.uniform(0.1, 0.4)
            + [0, 0, length * 0.15]
        )
        out.append(
            shapes.tube(
                geometry.spline(
                    [curve[k], (curve[k] + end) / 2 + rng.normal(0, length * 0.03, 3), end], 12
                ),
                np.linspace(r[k] * 0.6, r[k] * 0.15, 12).clip(length * 0.003),
                8,
                m,
            )
        )
    return out


def bark(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A curled chip of bark or dried peel, as in a herbal heap."""
    c = vary(rng, rng.choice(["#6a3f22", "#8a5a34", "#5a4632", "#b06a2a", "#4a2c1c", "#c2852f"]))
    w, d = rng.uniform(0.01, 0.03), rng.uniform(0.015, 0.06)
    curl, seed = rng.uniform(0.3, 3.5), int(rng.integers(1_000_000))
    s = shapes.sheet(
        w,
        d,
        None,
        mottled(c, blend(c, "#e0c090", 0.35), rng.uniform(100, 250), 0.9, 0.001, 6),
        16,
        22,
    )
    v = shapes.vertices(s)
    a = v[:, 0] / w * curl
    r = w / curl
    v = np.stack([r * np.sin(a), v[:, 1], r * (1 - np.cos(a))], 1) + 0.0025 * np.stack(
        [geometry.noise(v, 120, seed + k, 2) for k in range(3)], 1
    )
    shapes.move_vertices(s, v)
    m = s.modifiers.new("thick", "SOLIDIFY")
    m.thickness = rng.uniform(0.001, 0.003)
    return [shapes.apply_modifiers(s)]


def seed(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A bean, berry or seed of 4 to 24 mm."""
    c = vary(
        rng,
        rng.choice(
            ["#b3541f", "#3a2416", "#d8b878", "#8a2a1c", "#5a6a2a", "#e8dcc0", "#1d1c1a", "#b5824a"]
        ),
    )
    r = rng.uniform(0.002, 0.012)
    return [
        shapes.sphere(
            (r * rng.uniform(0.6, 1), r * rng.uniform(0.6, 1), r),
            mottled(c, blend(c, "#000000", 0.4), 300, rng.uniform(0.3, 0.8), 0.0004),
            16,
            20,
            rng.uniform(0, 0.25),
            3,
            2.5,
            int(rng.integers(1_000_000)),
        )
    ]


def star_anise(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A star of eight pods, 3 cm across."""
    c = vary(rng, "#7a3f1c")
    m = mottled(c, blend(c, "#1a0a04", 0.5), 200, 0.7, 0.0008)
    n = 8
    out = []
    for k in range(n):
        p = shapes.sphere((0.007, 0.0024, 0.0035), m, 12, 14, 0.15, 2, 3, k)
        out.append(
            shapes.transform(
                p,
                (0.008 * np.cos(6.283 * k / n), 0.008 * np.sin(6.283 * k / n), 0),
                (0, 0, 6.283 * k / n),
            )
        )
    return [shapes.join(out)]


def mushroom(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A dried or fresh mushroom with a cap of 24 to 80 mm."""
    c = vary(rng, rng.choice(["#5a3a22", "#c9a878", "#e8dcc8", "#3a2a1e", "#8a3a1c"]))
    r = rng.uniform(0.012, 0.04)
    m = mottled(c, blend(c, "#f0e0c0", 0.4), 120, rng.choice([0.25, 0.8]), 0.0015, 5)
    cap = shapes.lathe(
        [
            (0, r * 0.6),
            (r * 0.5, r * 0.52),
            (r * 0.9, r * 0.2),
            (r, 0),
            (r * 0.9, -r * 0.06),
            (r * 0.2, r * 0.1),
        ],
        36,
        m,
    )
    v = shapes.vertices(cap)
    shapes.move_vertices(
        cap, v * (1 + 0.15 * geometry.noise(v, 1 / r, int(rng.integers(1_000_000)), 2))[:, None]
    )
    return [
        cap,
        shapes.tube(
            np.stack(
                [np.zeros(8), np.zeros(8), np.linspace(r * 0.2, -r * rng.uniform(0.4, 1.2), 8)], 1
            ),
            r * 0.2,
            14,
            mottled("#e8dcc4", "#c9b490", 200, 0.9),
        ),
    ]


def leafy(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Dried leaves and petals."""
    c = vary(rng, rng.choice(["#5a6a32", "#7a6a3a", "#3f5a2a", "#8a4f2a", "#c2a04a", "#a83a4a"]))
    w, d = rng.uniform(0.008, 0.03), rng.uniform(0.02, 0.08)
    s = shapes.sheet(2, 2, None, mottled(c, blend(c, "#2a2410", 0.4), 150, 0.8, 0.0006), 9, 24)
    v = shapes.vertices(s)
    width = np.sqrt(np.clip(1 - v[:, 1] ** 2, 0.001, 1)) * (1 - 0.3 * v[:, 1])
    sd = int(rng.integers(1_000_000))
    v = np.stack(
        [
            v[:, 0] * width * w / 2,
            v[:, 1] * d / 2,
            w * 0.25 * np.abs(v[:, 0])
            + 0.15 * d * geometry.noise(v, 1.2, sd, 2)
            + rng.normal(0, 0.2) * d * v[:, 1] ** 2,
        ],
        1,
    )
    shapes.move_vertices(s, v)
    return [s]


def shoe(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Shoe-like: a last over a sole."""
    c = bright(rng)
    k = rng.uniform(0.8, 1.1)

    def body(p: np.ndarray) -> np.ndarray:
        q = p / k
        d = geometry.union(
            geometry.capsule(q, (0, -0.09, 0.045), (0, 0.08, 0.03), 0.04, 0.035),
            geometry.capsule(q, (0, -0.09, 0.05), (0, -0.085, 0.1), 0.038, 0.036),
            k=0.03,
        )
        d = np.maximum(d, -geometry.ellipsoid(q, (0, -0.085, 0.13), (0.028, 0.045, 0.07)))
        return np.maximum(d, 0.008 - q[:, 2]) * k

    up = shapes.surface_of(
        body, (-0.06, -0.16, -0.01), (0.06, 0.15, 0.16), 64, plain(c, rng.uniform(0.2, 0.8))
    )
    a = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    sole = shapes.plate(
        np.stack([0.046 * np.cos(a) * (1 + 0.1 * np.sin(a)), 0.132 * np.sin(a) - 0.005], 1) * k,
        0.018 * k,
        plain(rng.choice(["#f4f4f4", "#181818", "#8a5a34"]), 0.7),
        0.003,
    )
    laces = [
        shapes.tube(
            geometry.spline(
                [
                    (-0.02, y, 0.07 + 0.02 * (0.02 - y) / 0.06),
                    (0, y, 0.083 - (y - 0.0) * 0.3),
                    (0.02, y, 0.07 + 0.02 * (0.02 - y) / 0.06),
                ],
                10,
            ),
            0.0022,
            6,
            plain("#f0f0f0", 0.9),
        )
        for y in (-0.03, -0.01, 0.01, 0.03)
    ]
    return [up, sole, *laces]


def toy(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A soft or plastic animal of balls."""
    m, n = shiny(rng), plain(bright(rng), 0.9, sheen=0.8)
    m = rng.choice([0, 1]) and m or n
    r = rng.uniform(0.02, 0.08)
    out = [
        shapes.transform(shapes.sphere((r, r * 0.9, r * 1.1), m), (0, 0, 0)),
        shapes.transform(shapes.sphere(r * 0.75, m), (0, -r * 0.1, r * 1.6)),
    ]
    for s in (-1, 1):
        out += [
            shapes.transform(shapes.sphere(r * 0.28, m, 14, 18), (s * r * 0.6, 0, r * 2.2)),
            shapes.transform(
                shapes.sphere((r * 0.3, r * 0.3, r * 0.6), m, 14, 18),
                (s * r * 0.95, -r * 0.2, r * 0.3),
                (0, s * -0.7, 0),
            ),
            shapes.transform(
                shapes.sphere((r * 0.36, r * 0.6, r * 0.36), m, 14, 18),
                (s * r * 0.6, -r * 0.8, -r * 0.8),
            ),
            shapes.transform(
                shapes.sphere(r * 0.09, plain("#080808", 0.05), 10, 12),
                (s * r * 0.28, -r * 0.78, r * 1.75),
            ),
        ]
    return out


def brick(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A toy brick of one to four studs."""
    n, k = int(rng.integers(1, 5)), 0.008
    m = plain(bright(rng), 0.2)
    out = [shapes.transform(shapes.box((n * k, 2 * k, k * 1.2), m, 0.0003), (0, 0, 0))]
    out += [
        shapes.transform(
            shapes.lathe([(k * 0.3, 0), (k * 0.3, k * 0.2), (0, k * 0.2)], 16, m),
            ((x - (n - 1) / 2) * k, (y - 0.5) * k, k * 0.6),
        )
        for x in range(n)
        for y in range(2)
    ]
    return out


def tool(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Hammer, screwdriver, knife, spoon: a handle and metal."""
    h = shiny(rng) if rng.random() < 0.5 else mottled("#8a5a34", "#5b3a22", 60, 0.5)
    s = metal(roughness=rng.uniform(0.15, 0.5))
    n = 30
    L = rng.uniform(0.07, 0.14)
    t = np.linspace(0, 1, n)
    line = np.stack([0 * t, t * L, 0 * t], 1)
    out = [
        shapes.tube(
            line,
            0.011 * (1 + 0.15 * np.sin(t * 7)) * np.clip(np.minimum(t, 1 - t) * 12, 0.5, 1),
            20,
            h,
        )
    ]
    kind = rng.choice(["driver", "hammer", "knife", "spoon", "spanner"])
    if kind == "driver":
        out.append(shapes.tube(np.stack([0 * t, L + t * 0.1, 0 * t], 1), 0.003, 12, s))
    elif kind == "hammer":
        out += [
            shapes.tube(np.stack([0 * t, L + t * 0.1, 0 * t], 1), 0.009, 14, h),
            shapes.transform(shapes.box((0.1, 0.024, 0.024), s, 0.004), (0, L + 0.09, 0)),
        ]
    elif kind == "knife":
        b = rng.uniform(0.1, 0.2)
        out.append(
            shapes.transform(
                shapes.plate(
                    [(-0.012, 0), (0.012, 0), (0.012, b * 0.7), (-0.004, b), (-0.012, b * 0.98)],
                    0.0016,
                    s,
                ),
                (0, L, 0),
            )
        )
    elif kind == "spoon":
        out = [
            shapes.tube(
                np.stack([0 * t, t * 0.13, 0.012 * (t - 0.5) ** 2], 1),
                np.stack([0.002 + 0.003 * (1 - t), 0.0012 + 0 * t], 1),
                12,
                s,
            ),
            shapes.transform(
                shapes.lathe(
                    [
                        (0, 0),
                        (0.012, 0.002),
                        (0.019, 0.008),
                        (0.02, 0.008),
                        (0.012, 0.001),
                        (0, -0.001),
                    ],
                    30,
                    s,
                ),
                (0, 0.15, 0),
                (0, 0, 0),
                (1, 1.5, 1),
            ),
        ]
    else:
        out = [
            shapes.plate(
                [(-0.007, -0.08), (0.007, -0.08), (0.005, 0.08), (-0.005, 0.08)], 0.005, s, 0.001
            ),
            *(
                shapes.transform(shapes.torus(0.011, (0.005, 0.004), s, 24, 10), (0, y, 0))
                for y in (-0.09, 0.09)
            ),
        ]
    return out


def rope(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A coil of rope, cable or a necklace chain."""
    n = 300
    turns, r = rng.uniform(2, 6), rng.uniform(0.03, 0.1)
    a = np.linspace(0, turns * 2 * np.pi, n)
    k = r * (
        1
        + 0.12
        * geometry.noise(
            np.stack([np.cos(a), np.sin(a), a * 0.2], 1), 1.0, int(rng.integers(1_000_000)), 2
        )
    )
    t = rng.uniform(0.0015, 0.006)
    curve = np.stack(
        [
            k * np.cos(a),
            k * np.sin(a),
            t * 2 * np.abs(geometry.noise(np.stack([a, a * 0, a * 0], 1), 0.8, 5, 1)) * turns * 0.5,
        ],
        1,
    )
    m = (
        plain(bright(rng), rng.uniform(0.3, 0.9))
        if rng.random() < 0.6
        else metal(rng.choice(["#d8b24a", "#c8c8c8"]))
    )
    return [shapes.tube(curve, t * (1 + 0.12 * np.sin(np.arange(n) * 1.7)), 10, m)]


def candle(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A candle 4 to 20 cm high."""
    r, h = rng.uniform(0.008, 0.035), rng.uniform(0.04, 0.2)
    m = plain(
        vary(rng, rng.choice(["#f3ecd8", "#c2202a", "#e8d8a0", "#8fa88a"])),
        0.45,
        subsurface=0.4,
        radius=(0.008, 0.005, 0.003),
    )
    return [
        shapes.lathe(
            [(0, 0), (r, 0), (r, h * 0.98), (r * 0.9, h), (r * 0.5, h * 0.985), (0, h * 0.98)],
            36,
            m,
        ),
        shapes.tube(
            geometry.spline([(0, 0, h * 0.97), (0.001, 0, h + 0.006), (0.004, 0, h + 0.01)], 8),
            0.0008,
            6,
            plain("#1a1510", 0.9),
        ),
    ]


def cloth(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A garment or towel thrown down or folded."""
    from render.grounds import cloth as weave

    w, d, seed_, deep = (
        rng.uniform(0.15, 0.5),
        rng.uniform(0.15, 0.5),
        int(rng.integers(1_000_000)),
        rng.uniform(0.01, 0.05),
    )
    f = rng.uniform(6, 18)
    return [
        shapes.sheet(
            w,
            d,
            lambda x, y: (
                deep
                * (1 - np.abs(geometry.noise(np.stack([x, y * 0.5, 0 * x], 1), f, seed_, 3)) * 2)
                * (1 - (2 * x / w) ** 4)
                * (1 - (2 * y / d) ** 4)
            ),
            weave(rng),
            90,
            90,
        )
    ]


def pen(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A pen 14 cm long."""
    n = 30
    t = np.linspace(0, 1, n)
    line = np.stack([0 * t, (t - 0.5) * 0.14, 0 * t], 1)
    return [
        shapes.tube(line, 0.0045 * np.clip((1 - t) * 9, 0.12, 1), 16, shiny(rng)),
        shapes.tube(line[:10], 0.0049, 16, shiny(rng)),
        shapes.transform(shapes.box((0.002, 0.035, 0.001), metal()), (0.0, -0.05, 0.0055)),
    ]


def ball(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A ball of 3 to 22 cm."""
    r = rng.uniform(0.015, 0.11)
    g = Graph("ball")
    a, b = bright(rng), bright(rng)
    m = g.surface(
        g.mix(
            g.math(
                "GREATER_THAN",
                g.voronoi(scale=rng.uniform(0.8, 3) / r, feature="DISTANCE_TO_EDGE"),
                rng.uniform(0.02, 0.1),
            ),
            a,
            b,
        ),
        rng.uniform(0.1, 0.8),
    )
    return [shapes.sphere(r, m, 28, 40)]


def watch(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A wrist watch of 26 to 42 mm, with its strap."""
    r = rng.uniform(0.013, 0.021)
    m = metal(rng.choice(["#d8b24a", "#c8c8c8", "#3a3a3c"]))
    out = [
        shapes.lathe(
            [
                (0, 0),
                (r, 0),
                (r * 1.1, r * 0.2),
                (r, r * 0.4),
                (r * 0.9, r * 0.42),
                (r * 0.88, r * 0.36),
            ],
            40,
            m,
        ),
        shapes.lathe(
            [(0, r * 0.36), (r * 0.88, r * 0.36)],
            32,
            plain(rng.choice(["#f4f4f2", "#101014", "#1f3f6f"]), 0.2),
        ),
    ]
    strap = (
        plain(vary(rng, rng.choice(["#3a2416", "#141414", "#8a5a34"])), 0.5)
        if rng.random() < 0.6
        else m
    )
    out += [
        shapes.transform(
            shapes.box((r * 1.1, 0.07, 0.003), strap, 0.001), (0, s * (0.035 + r), r * 0.15)
        )
        for s in (-1, 1)
    ]
    out += [
        shapes.transform(
            shapes.box(
                (r * 0.06, r * share, 0.0005),
                plain("#0a0a0a" if rng.random() < 0.7 else "#d8b24a", 0.3),
            ),
            (0, r * share * 0.4, r * 0.38),
            (0, 0, float(t)),
        )
        for share, t in ((0.5, rng.uniform(0, 6)), (0.75, rng.uniform(0, 6)))
    ]
    return out


def bag(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A handbag or pouch."""
    w, h, d = rng.uniform(0.15, 0.35), rng.uniform(0.1, 0.25), rng.uniform(0.05, 0.12)
    c = bright(rng)
    g = Graph("bag")
    m = g.surface(c, rng.uniform(0.25, 0.7), g.bump(g.voronoi(scale=rng.uniform(200, 500)), 0.0008))
    b = shapes.transform(shapes.box((w, d, h), m, d * 0.3, 4), (0, 0, h / 2))
    handle = geometry.spline(
        [
            (-w * 0.3, 0, h * 0.97),
            (-w * 0.25, 0, h * 1.4),
            (w * 0.25, 0, h * 1.4),
            (w * 0.3, 0, h * 0.97),
        ],
        30,
    )
    return [
        b,
        shapes.tube(handle, 0.006, 12, m),
        shapes.transform(
            shapes.box((0.03, 0.004, 0.02), metal("#d8b24a"), 0.002), (0, -d / 2, h * 0.7)
        ),
    ]


def pebble(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A pebble of 16 to 120 mm."""
    c = vary(
        rng,
        rng.choice(["#8f8b84", "#5f5d5a", "#b8a890", "#d8d2c6", "#6f5a4a", "#3a3a3c"]),
        0.02,
        0.05,
    )
    r = rng.uniform(0.008, 0.06)
    return [
        shapes.sphere(
            (r, r * rng.uniform(0.6, 1), r * rng.uniform(0.4, 0.8)),
            mottled(
                c, blend(c, "#ffffff", 0.3), rng.uniform(40, 200), rng.uniform(0.3, 0.9), 0.0008, 7
            ),
            28,
            32,
            0.3,
            4,
            1.8,
            int(rng.integers(1_000_000)),
        )
    ]


def powder(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A heap of powder or grains: flour, spice, salt, soil."""
    c = vary(
        rng,
        rng.choice(["#f4f1ea", "#a8542a", "#d8a83a", "#5a3a24", "#c9b490", "#7a7a72", "#3a2a1c"]),
    )
    r = rng.uniform(0.02, 0.1)
    s = int(rng.integers(1_000_000))
    h = rng.uniform(0.2, 0.5) * r
    f = rng.uniform(6, 30) / r
    rim = np.linspace(0, 1, 50)
    heap = shapes.lathe(
        np.stack([rim * r, h * (np.exp(-2.2 * rim**2) - np.exp(-2.2))], 1),
        90,
        mottled(c, blend(c, "#ffffff", 0.2), 800, 0.95, 0.002),
    )
    v = shapes.vertices(heap)
    v[:, :2] *= (1 + 0.15 * geometry.noise(v, 1.5 / r, s, 2))[:, None]
    v[:, 2] += 0.08 * h * geometry.noise(v, f, s, 4) * np.clip(v[:, 2] / h * 4, 0, 1)
    shapes.move_vertices(heap, v)
    return [heap]


def nut(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A nut in its shell, 16 to 40 mm."""
    c = vary(rng, rng.choice(["#a8764a", "#8a5a34", "#c9a070", "#5a3420"]))
    r = rng.uniform(0.008, 0.02)
    s = shapes.sphere(
        (r, r, r * rng.uniform(1, 1.6)),
        mottled(c, blend(c, "#2a1608", 0.5), 200, 0.6, 0.001),
        36,
        40,
    )
    shapes.displace(
        s,
        0.08
        * r
        * geometry.noise(shapes.vertices(s) * [1, 1, 0.4], 3 / r, int(rng.integers(1_000_000)), 2),
    )
    return [s]


def jewel(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A metal ring or brooch with a cut stone."""
    m = metal(rng.choice(["#d8b24a", "#d0d0d0", "#c98a6a"]), 0.15)
    r = rng.uniform(0.008, 0.011)
    stone = shapes.mesh(
        *gem(rng.uniform(0.003, 0.007)),
        glass(
            vary(rng, rng.choice(["#ffffff", "#d2202a", "#1f6fc2", "#2f9a4a", "#b070d0"])), 0.0, 1.8
        ),
        smooth=False,
    )
    return [
        shapes.transform(shapes.torus(r, 0.0011, m, 40, 12), (0, 0, 0), (np.pi / 2, 0, 0)),
        shapes.transform(stone, (0, 0, r + 0.003)),
    ]


def gem(r: float) -> tuple[np.ndarray, list]:
    """Vertices [24, 3] and faces of a cut stone of radius `r` metres."""
    a = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    rows = [(0.55, 0.35), (1, 0), (0.05, -0.75)]
    v = (
        np.vstack(
            [
                np.stack([k * np.cos(a + i * 0.39), k * np.sin(a + i * 0.39), np.full(8, z)], 1)
                for i, (k, z) in enumerate(rows)
            ]
        )
        * r
    )
    return v, [
        tuple(range(8)),
        *[tuple(f) for f in geometry.grid_faces(3, 8)[:, ::-1]],
        tuple(range(16, 24))[::-1],
    ]


def hand_alone(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A hand that shows nothing."""
    from render.props import hand

    h = hand(rng, rng.uniform(0, 1), rng.uniform(0, 0.25))
    if rng.random() < 0.5:
        shapes.transform(h, rotation=(0, np.pi, 0))
    return [h]


def empty(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Almost nothing: a crumb. The picture shows the ground."""
    return [
        shapes.sphere(rng.uniform(0.0005, 0.002), plain(bright(rng), 0.8), 6, 8),
        shapes.transform(
            shapes.sphere(0.0006, plain("#8a8478", 0.9), 6, 8), (rng.uniform(0.05, 0.4), 0.0, 0)
        ),
    ]


def bundle(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Rods tied together: incense, pencils, twigs, spaghetti, sticks."""
    n = int(rng.integers(12, 40))
    length, r = rng.uniform(0.1, 0.3), rng.uniform(0.001, 0.004)
    m = plain(
        vary(rng, rng.choice(["#8a5a34", "#5a3a22", "#e8c870", "#c2482a", "#3a2a1c", "#d8b880"])),
        0.8,
    )
    out = []
    for _ in range(n):
        x, z = rng.normal(0, r * np.sqrt(n) * 0.7, 2)
        out.append(
            shapes.tube(
                np.stack(
                    [
                        np.full(6, x),
                        np.linspace(-length / 2, length / 2, 6) + rng.normal(0, length * 0.02),
                        np.full(6, z),
                    ],
                    1,
                )
                + rng.normal(0, r * 0.3, (1, 3)),
                r,
                8,
                m,
            )
        )
    band = shapes.transform(
        shapes.torus(r * np.sqrt(n) * 1.1, r * 0.7, plain(bright(rng), 0.6), 30, 8),
        (0, 0, 0),
        (np.pi / 2, 0, 0),
    )
    return [shapes.join(out), band]


def scrap(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A crumpled paper, foil or plastic bag."""
    r = rng.uniform(0.02, 0.07)
    s = shapes.sphere(
        r, rng.choice([0, 1]) and metal("#d0d0d2", 0.2) or plain(bright(rng), 0.6), 40, 48
    )
    v = shapes.vertices(s)
    d = np.abs(geometry.noise(v, 1.6 / r, int(rng.integers(1_000_000)), 4))
    shapes.move_vertices(s, v * (1 - 0.7 * d)[:, None])
    s.data.polygons.foreach_set("use_smooth", np.zeros(len(s.data.polygons), bool))
    return [s]


ALL = [
    (package, 1.5, (1, 8), True),
    (book, 0.8, (1, 4), True),
    (phone, 0.8, (1, 3), True),
    (bottle, 1.2, (1, 6), False),
    (can, 0.8, (1, 6), False),
    (mug, 0.8, (1, 3), False),
    (plate, 0.5, (1, 2), True),
    (fruit, 1.0, (1, 14), True),
    (banana, 0.6, (1, 5), True),
    (root_crop, 1.2, (1, 10), True),
    (bread, 0.8, (1, 8), True),
    (egg, 0.7, (1, 12), True),
    (slices, 1.6, (12, 120), True),
    (twig, 1.5, (4, 50), True),
    (bark, 1.6, (10, 120), True),
    (seed, 1.2, (15, 160), True),
    (star_anise, 0.7, (6, 60), True),
    (mushroom, 0.9, (3, 50), True),
    (leafy, 0.9, (8, 100), True),
    (shoe, 0.7, (1, 2), False),
    (toy, 0.8, (1, 3), False),
    (brick, 0.5, (1, 30), True),
    (tool, 1.0, (1, 6), True),
    (rope, 0.8, (1, 2), True),
    (candle, 0.6, (1, 6), False),
    (cloth, 0.7, (1, 1), True),
    (pen, 0.6, (1, 10), True),
    (ball, 0.6, (1, 8), True),
    (watch, 0.6, (1, 3), True),
    (bag, 0.7, (1, 2), False),
    (pebble, 0.8, (1, 40), True),
    (powder, 0.8, (1, 1), False),
    (nut, 0.8, (3, 80), True),
    (jewel, 0.6, (1, 6), True),
    (hand_alone, 0.7, (1, 2), True),
    (empty, 0.6, (1, 1), True),
    (bundle, 0.7, (1, 4), True),
    (scrap, 0.4, (1, 3), True),
]
SUBJECTS = [
    Subject(
        f"everyday_{build.__name__}",
        "other",
        weight,
        build,
        heap,
        lying,
        build in (powder, cloth, empty),
    )
    for build, weight, heap, lying in ALL
]
