"""What things lie on, and what stands behind them.

Lengths in metres (`scale`: features per metre), angles in radians, colours sRGB '#rrggbb'.
"""

from collections.abc import Callable, Sequence

import bpy
import numpy as np

from render import geometry, shapes
from render.materials import Graph, blend, vary

TABLE = [  # table tops, sRGB
    "#e8e4dc",
    "#d8d4cc",
    "#f4f2ee",
    "#b9b2a6",
    "#8c6f50",
    "#5d4632",
    "#2d2a28",
    "#c9b48f",
    "#a9b5bd",
    "#3f4a55",
]
CLOTH = [  # sRGB
    "#f3f1ec",
    "#1d1c1e",
    "#7c1420",
    "#b3121f",
    "#14324f",
    "#2c4f3b",
    "#c8b79c",
    "#d6d6da",
    "#6b5b73",
    "#c9a13b",
    "#8d9aa5",
    "#e6c7c2",
]


Ground = Callable[[np.random.Generator], bpy.types.Material]


def wood(rng: np.random.Generator) -> bpy.types.Material:
    """Boards or a table top, with gaps between planks 6 to 20 cm wide now and then."""
    light = vary(
        rng,
        rng.choice(["#b98a56", "#8a5a34", "#d6b583", "#5b3a23", "#9c7a58", "#c7a27a"]),
        0.01,
        0.06,
        0.06,
    )
    dark = blend(light, "#1d0f06", rng.uniform(0.25, 0.6))
    g = Graph("ground wood")
    at = g.coordinates(
        "Object", scale=(1, rng.uniform(0.06, 0.15), 1), rotation=(0, 0, rng.uniform(0, 6))
    )
    w = g.noise(
        at, scale=rng.uniform(25, 90), detail=6, roughness=0.65, distortion=rng.uniform(0, 1.5)
    )
    plank = (
        g.math(
            "LESS_THAN",
            g.math(
                "FRACT",
                g.math(
                    "MULTIPLY",
                    g.separate(g.coordinates("Object", rotation=(0, 0, 0)))[0],
                    1 / rng.uniform(0.06, 0.2),
                ),
            ),
            0.02,
        )
        if rng.random() < 0.5
        else None
    )
    colour = g.ramp(w, [(0.3, dark), (0.7, light)])
    if plank is not None:
        colour = g.mix(plank, colour, blend(dark, "#000000", 0.6))
    return g.surface(
        colour,
        rng.uniform(0.25, 0.7),
        g.bump(w, 0.0004, 0.6),
        coat=rng.choice([0, 0.4], p=[0.7, 0.3]),
    )


def cloth(rng: np.random.Generator) -> bpy.types.Material:
    """Woven cloth of 200 to 760 threads a metre, plain, striped, checked or printed."""
    base = vary(rng, rng.choice(CLOTH))
    g = Graph("ground cloth")
    thread = rng.uniform(400, 1500)
    weave = g.math(
        "MULTIPLY",
        g.wave(scale=thread / 6.28, direction="X"),
        g.wave(scale=thread / 6.28, direction="Y"),
    )
    clouds = g.noise(scale=rng.uniform(4, 30), detail=4)
    colour = g.mix(g.math("MULTIPLY", weave, 0.5), base, blend(base, "#000000", 0.35))
    if rng.random() < 0.3:  # stripes or checks
        stripe = g.wave(scale=rng.uniform(4, 25), direction=rng.choice(["X", "Y", "DIAGONAL"]))
        mask = g.math("GREATER_THAN", stripe, rng.uniform(0.4, 0.85))
        if rng.random() < 0.4:
            mask = g.math(
                "MAXIMUM",
                mask,
                g.math("GREATER_THAN", g.wave(scale=rng.uniform(4, 25), direction="Y"), 0.6),
            )
        colour = g.mix(
            g.math("MULTIPLY", mask, rng.uniform(0.4, 1)), colour, vary(rng, rng.choice(CLOTH))
        )
    elif rng.random() < 0.25:  # prints
        spots = g.math("LESS_THAN", g.voronoi(scale=rng.uniform(15, 60)), rng.uniform(0.2, 0.4))
        colour = g.mix(spots, colour, vary(rng, rng.choice(CLOTH)))
    height = g.layers([(weave, 0.3), (clouds, 3.0)])
    return g.surface(
        colour, rng.uniform(0.7, 0.95), g.bump(height, 0.001), sheen=rng.choice([0, 0.5])
    )


def concrete(rng: np.random.Generator) -> bpy.types.Material:
    """Concrete or plaster."""
    base = vary(
        rng, rng.choice(["#8d8b86", "#a5a29b", "#6e6d6a", "#b9b4aa", "#7d7468"]), 0.02, 0.04, 0.08
    )
    g = Graph("ground concrete")
    n = g.noise(scale=rng.uniform(3, 15), detail=8, roughness=0.7)
    fine = g.noise(scale=400, detail=3)
    f = g.layers([(n, 0.7), (fine, 0.3)])
    return g.surface(
        g.ramp(f, [(0.3, blend(base, "#1a1815", 0.45)), (0.65, base)]), 0.85, g.bump(f, 0.002)
    )


def earth(rng: np.random.Generator) -> bpy.types.Material:
    """Bare earth with stones."""
    base = vary(rng, rng.choice(["#7a5c3e", "#8d7352", "#5b4632", "#a5855c", "#6e3f27"]))
    g = Graph("ground earth")
    n = g.noise(scale=rng.uniform(6, 20), detail=9, roughness=0.75)
    stones = g.voronoi(scale=rng.uniform(50, 160))
    f = g.layers([(n, 0.7), (stones, 0.3)])
    return g.surface(
        g.ramp(
            f,
            [(0.25, blend(base, "#120b05", 0.6)), (0.6, base), (0.8, blend(base, "#d8c8a8", 0.4))],
        ),
        0.95,
        g.bump(f, 0.012),
    )


def grass(rng: np.random.Generator) -> bpy.types.Material:
    """Lawn, blades all one way."""
    base = vary(rng, rng.choice(["#4c6b2a", "#5f7d33", "#7d8a45", "#3c5224"]))
    g = Graph("ground grass")
    at = g.coordinates("Object", scale=(1, 0.25, 1), rotation=(0, 0, rng.uniform(0, 3)))
    n = g.noise(at, scale=rng.uniform(90, 220), detail=4, distortion=2.5)
    big = g.noise(scale=8, detail=3)
    f = g.layers([(n, 0.75), (big, 0.25)])
    return g.surface(
        g.ramp(
            f,
            [(0.3, blend(base, "#0a1204", 0.8)), (0.55, base), (0.72, blend(base, "#d9d98a", 0.5))],
        ),
        0.8,
        g.bump(n, 0.01),
    )


def carpet(rng: np.random.Generator) -> bpy.types.Material:
    """Carpet, plain or patterned."""
    base = vary(
        rng,
        rng.choice(["#2f3b52", "#6a2730", "#8d7c66", "#3c3c3e", "#4a5a4b", "#b9a98f", "#6f7f8f"]),
    )
    g = Graph("ground carpet")
    n = g.noise(scale=rng.uniform(300, 700), detail=3, roughness=0.7)
    big = g.noise(scale=6, detail=2)
    f = g.layers([(n, 0.8), (big, 0.2)])
    colour = g.ramp(f, [(0.35, blend(base, "#000000", 0.6)), (0.65, blend(base, "#ffffff", 0.15))])
    if rng.random() < 0.3:
        pattern = g.voronoi(
            scale=rng.uniform(4, 12), feature="F1", randomness=rng.choice([0.0, 1.0])
        )
        colour = g.mix(g.math("LESS_THAN", pattern, 0.3), colour, vary(rng, rng.choice(CLOTH)))
    return g.surface(colour, 0.95, g.bump(n, 0.004), sheen=0.4)


def tiles(rng: np.random.Generator) -> bpy.types.Material:
    """Tiles 8 to 45 cm wide, with mortar."""
    a = vary(rng, rng.choice(["#e9e6df", "#cfc7b8", "#b7b0a5", "#8f8b86", "#d5dade", "#9f6a4c"]))
    b = blend(a, rng.choice(["#ffffff", "#333333"]), rng.uniform(0, 0.5))
    g = Graph("ground tiles")
    side = rng.uniform(0.08, 0.45)
    brick = g.node(
        "ShaderNodeTexBrick",
        {
            "Vector": g.coordinates(rotation=(0, 0, rng.uniform(0, 3))),
            "Color1": a,
            "Color2": b,
            "Mortar": blend(a, "#555047", 0.7),
            "Scale": 1.0,
            "Mortar Size": side * 0.015,
            "Brick Width": side,
            "Row Height": side * rng.choice([1.0, 0.5]),
        },
        offset=float(rng.choice([0, 0.5])),
    )
    cloud = g.noise(scale=14, detail=6)
    colour = g.mix(
        g.math("MULTIPLY", cloud, 0.25), brick.outputs["Color"], blend(a, "#40382c", 0.6)
    )
    return g.surface(colour, rng.uniform(0.08, 0.5), g.bump(brick.outputs["Fac"], -0.002))


def paper(rng: np.random.Generator) -> bpy.types.Material:
    """Paper, card, newsprint or a squared cutting mat."""
    base = vary(
        rng,
        rng.choice(["#f6f5f1", "#efe9dc", "#c49a6c", "#b08b5e", "#ffffff", "#dfe6ec", "#f1d9d5"]),
        0.01,
        0.03,
        0.03,
    )
    g = Graph("ground paper")
    n = g.noise(scale=5, detail=2)
    colour = base
    pick = rng.random()
    if pick < 0.25:  # print like a newspaper's
        line = g.wave(scale=rng.uniform(35, 60), direction="Y")
        word = g.noise(g.coordinates(scale=(1, 0.1, 1)), scale=rng.uniform(200, 400), detail=1)
        ink = g.math(
            "MULTIPLY", g.math("GREATER_THAN", line, 0.45), g.math("GREATER_THAN", word, 0.45)
        )
        column = g.math(
            "GREATER_THAN",
            g.math("FRACT", g.math("MULTIPLY", g.separate(g.coordinates())[0], 1 / 0.06)),
            0.08,
        )
        colour = g.mix(g.math("MULTIPLY", g.math("MULTIPLY", ink, column), 0.8), base, "#2a2a2c")
    elif pick < 0.4:  # squared or cutting mat
        if rng.random() < 0.5:
            base, ink = rng.choice(["#1f6b4f", "#2a4f7c", "#333537"]), "#cfe6c8"
        else:
            ink = "#8aa0c0"
        step = rng.choice([0.005, 0.01])
        x, y = g.separate(g.coordinates())[:2]
        lines = g.math(
            "MAXIMUM",
            *(
                g.math("LESS_THAN", g.math("FRACT", g.math("MULTIPLY", v, 1 / step)), 0.05)
                for v in (x, y)
            ),
        )
        colour = g.mix(g.math("MULTIPLY", lines, 0.6), base, ink)
    return g.surface(colour, rng.uniform(0.5, 0.9), g.bump(n, 0.002))


def painted(rng: np.random.Generator) -> bpy.types.Material:
    """A plain table top, plastic sheet or leather desk pad."""
    base = vary(rng, rng.choice(TABLE))
    g = Graph("ground table")
    n = g.noise(scale=rng.uniform(2, 8), detail=6, roughness=0.6)
    fine = g.voronoi(scale=rng.uniform(300, 900))
    colour = g.ramp(n, [(0.2, blend(base, "#000000", rng.uniform(0, 0.25))), (0.8, base)])
    return g.surface(
        colour,
        rng.uniform(0.1, 0.75),
        g.bump(fine, rng.choice([0.0, 0.0003, 0.0006])) if rng.random() < 0.5 else None,
    )


def steel(rng: np.random.Generator) -> bpy.types.Material:
    """Brushed steel."""
    g = Graph("ground steel")
    n = g.noise(
        g.coordinates(scale=(1, 0.02, 1), rotation=(0, 0, rng.uniform(0, 3))), scale=300, detail=4
    )
    c = vary(rng, rng.choice(["#b4b6b8", "#8f9396", "#c9c9c7"]), 0.01, 0.02, 0.05)
    return g.surface(
        g.ramp(n, [(0.3, blend(c, "#000000", 0.25)), (0.7, c)]),
        rng.uniform(0.2, 0.45),
        g.bump(n, 0.0002),
        metallic=1.0,
    )


def stone(rng: np.random.Generator) -> bpy.types.Material:
    """Veined or speckled stone."""
    a = vary(rng, rng.choice(["#e8e6e2", "#3a3a3c", "#a79f92", "#6f7a72", "#c9b8a8"]))
    b = blend(a, rng.choice(["#ffffff", "#1a1a1a", "#7a5a40"]), rng.uniform(0.3, 0.7))
    g = Graph("ground stone")
    if rng.random() < 0.5:
        f = g.noise(scale=rng.uniform(4, 12), detail=9, roughness=0.6, distortion=rng.uniform(1, 4))
        colour = g.ramp(f, [(0.44, a), (0.5, b), (0.56, a)])
    else:
        f = g.voronoi(scale=rng.uniform(200, 500), output="Color")
        colour = g.mix(g.separate(f)[0], a, b)
    return g.surface(colour, rng.uniform(0.05, 0.4))


def plastic_sheet(rng: np.random.Generator) -> bpy.types.Material:
    """A tarpaulin."""
    base = vary(rng, rng.choice(["#1f4fa0", "#e8e8e8", "#2f2f31", "#c8d8e8", "#d67a1f", "#2f7a3f"]))
    g = Graph("ground tarpaulin")
    n = g.noise(scale=rng.uniform(8, 25), detail=5, distortion=1.5)
    return g.surface(base, rng.uniform(0.15, 0.4), g.bump(n, rng.uniform(0.005, 0.02)))


SMALL = [  # grounds under scenes of less than 25 cm, with how often each is drawn
    (painted, 0.2),
    (wood, 0.18),
    (cloth, 0.22),
    (paper, 0.12),
    (stone, 0.06),
    (steel, 0.05),
    (tiles, 0.05),
    (carpet, 0.05),
    (concrete, 0.04),
    (plastic_sheet, 0.03),
]
LARGE = [  # under larger ones
    (concrete, 0.2),
    (carpet, 0.16),
    (tiles, 0.15),
    (wood, 0.12),
    (cloth, 0.12),
    (earth, 0.07),
    (grass, 0.06),
    (plastic_sheet, 0.06),
    (paper, 0.03),
    (painted, 0.03),
]


def pick_weighted(rng: np.random.Generator, choices: Sequence[tuple[Ground, float]]) -> Ground:
    """One of (ground, weight), by the weights."""
    w = np.array([c[1] for c in choices], float)
    return choices[rng.choice(len(choices), p=w / w.sum())][0]


def add_ground(rng: np.random.Generator, size: float) -> None:
    """A ground under a scene of `size` metres; cloth may have folds."""
    kind = pick_weighted(rng, SMALL if size < 0.25 else LARGE)
    material = kind(rng)
    half = size * 30 + 0.5
    folds = kind in (cloth, plastic_sheet) and rng.random() < 0.6
    if folds:
        seed, f, h = (
            int(rng.integers(1_000_000)),
            rng.uniform(1.0, 3.5) / size,
            size * rng.uniform(0.02, 0.09),
        )

        def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            p = np.stack([x, y, 0 * x], 1)
            n = geometry.noise(p * [1, rng_stretch, 1], f, seed, 3)
            ridge = 1 - np.abs(n) * 2
            return h * (ridge - 1.05)

        rng_stretch = rng.uniform(0.3, 1)
        inner = shapes.sheet(size * 9, size * 9, height, material, 140, 140)
        shapes.transform(inner, (0, 0, -h * 0.12))
        outer = shapes.sheet(half * 2, half * 2, None, material, 2, 2)
        shapes.transform(outer, (0, 0, -h * 1.6))
    else:
        thing = shapes.sheet(half * 2, half * 2, None, material, 2, 2)
        turn = rng.uniform(0, 6.28)
        shapes.transform(thing, (0, 0, -0.0002), (0, 0, turn))
        if rng.random() < 0.15 and size < 0.3:  # an edge: something else under part of the picture
            under = pick_weighted(rng, SMALL)(rng)
            shapes.transform(
                shapes.box((size * 8, size * 8, 0.001), under),
                (size * rng.uniform(4.0, 6.0), 0, 0.0003),
                (0, 0, 0),
            )


def add_backdrop(
    rng: np.random.Generator, size: float, eye: np.ndarray, target: np.ndarray
) -> None:
    """A wall or hung cloth behind a scene of `size` metres, for low views; not always."""
    if rng.random() < 0.25:
        return
    away = np.array(target[:2]) - np.array(eye[:2])
    if np.linalg.norm(away) < 1e-6:
        return
    away = away / np.linalg.norm(away)
    distance = size * rng.uniform(2.5, 12)
    material = pick_weighted(
        rng,
        [(painted, 0.4), (cloth, 0.25), (wood, 0.1), (tiles, 0.1), (concrete, 0.1), (paper, 0.05)],
    )(rng)
    wall = shapes.sheet(size * 60 + 2, size * 30 + 2, None, material, 2, 2)
    shapes.transform(wall, (0, 0, 0), (np.pi / 2, 0, 0))
    turn = np.arctan2(away[1], away[0]) - np.pi / 2
    shapes.transform(
        wall,
        (target[0] + away[0] * distance, target[1] + away[1] * distance, 0),
        (0, 0, turn + rng.normal(0, 0.15)),
    )
