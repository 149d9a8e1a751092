"""The materials that the carved shapes come in.

Each: (rng, carved) -> material; `carved` darkens and cuts relief.

Scales are features per metre, heights metres, angles radians, colours sRGB ('#rrggbb').
"""

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from render.materials import Graph, Value, blend, vary


def carve(
    g: Graph,
    rng: np.random.Generator,
    colour: Value,
    stain: Value,
    carved: bool,
    others: Sequence[tuple[Value, float]] = (),
    deep: float = 0.0007,
) -> tuple[Value, bpy.types.NodeSocket | None]:
    """Add engraved lines to a colour and the height of the surface; returns (colour, normal).

    `stain`: the lines' colour; `others`: more heights with their weights; `deep`: of the relief,
    metres.
    """
    heights = list(others)
    if carved and rng.random() < 0.6:
        at = g.coordinates("Object")
        f = rng.uniform(90, 260)
        n = g.noise(at, scale=f, detail=2, distortion=rng.uniform(0.1, 0.6))
        line = g.math("ABSOLUTE", g.math("SUBTRACT", n, 0.5))
        cut = g.ramp(line, [(0.0, 0.0), (rng.uniform(0.02, 0.05), 1.0)])
        colour = g.mix(
            g.math("MULTIPLY", g.math("SUBTRACT", 1.0, cut), rng.uniform(0.1, 0.55)), colour, stain
        )
        heights.append((cut, rng.uniform(0.4, 1.0)))
    if not heights:
        return colour, None
    return colour, g.bump(g.layers(heights), deep)


def axis(rng: np.random.Generator) -> tuple[float, ...]:
    """A direction of the grain, as Euler angles in radians."""
    return tuple(rng.choice([0, np.pi / 2], 3) + rng.normal(0, 0.1, 3))


def ivory(rng: np.random.Generator, carved: bool) -> bpy.types.Material:
    """Ivory from fresh to old and stained, with fine grain, sometimes cracks; no lattice."""
    age = rng.beta(1.2, 2.4)
    fresh = vary(rng, rng.choice(["#f0e8d6", "#ece0c6", "#f2ecdf", "#e9dcc0"]), 0.008, 0.03, 0.03)
    old = vary(
        rng, rng.choice(["#d2a866", "#b98a4c", "#c79a55", "#a8794a", "#8d5a30"]), 0.01, 0.06, 0.05
    )
    base = blend(fresh, old, age * 0.85)
    dark = blend(base, old, 0.5)
    g = Graph("ivory")
    turn = axis(rng)
    cloud = g.noise(scale=rng.uniform(12, 50), detail=4)
    grain = g.noise(
        g.coordinates(scale=(1, 1, 0.04), rotation=turn), scale=rng.uniform(250, 700), detail=3
    )
    colour = g.ramp(cloud, [(0.3, dark), (0.62, base)])
    colour = g.mix(
        g.math("MULTIPLY", g.ramp(grain, [(0.42, 1.0), (0.6, 0.0)]), rng.uniform(0.05, 0.3)),
        colour,
        blend(base, "#7a4c22", 0.5),
    )
    if rng.random() < 0.25:  # cracks of age
        crack = g.noise(
            g.coordinates(scale=(1, 1, 0.08), rotation=turn),
            scale=rng.uniform(60, 160),
            detail=2,
            distortion=0.4,
        )
        thin = g.ramp(
            g.math("ABSOLUTE", g.math("SUBTRACT", crack, 0.5)), [(0.0, 1.0), (0.006, 0.0)]
        )
        colour = g.mix(g.math("MULTIPLY", thin, 0.7), colour, "#4a2f18")
    colour, normal = carve(g, rng, colour, blend(old, "#2a1608", rng.uniform(0.3, 0.8)), carved)
    return g.surface(
        colour,
        rng.uniform(0.18, 0.45),
        normal,
        subsurface=rng.uniform(0.1, 0.3),
        radius=(0.004, 0.003, 0.0018),
        coat=rng.choice([0, 0.3]),
    )


def bone(rng: np.random.Generator, carved: bool) -> bpy.types.Material:
    """Bone with pores and streaks along one axis."""
    base = vary(
        rng, rng.choice(["#ece5d3", "#e2d8c0", "#f0ece2", "#d6c7a4", "#c7ae80"]), 0.008, 0.03, 0.04
    )
    g = Graph("bone")
    turn = axis(rng)
    at = g.coordinates(scale=(1, 1, 0.08), rotation=turn)
    pits = g.noise(at, scale=rng.uniform(350, 800), detail=2)
    share = rng.uniform(0.3, 0.38)
    pit = g.ramp(pits, [(share - 0.03, 1.0), (share + 0.03, 0.0)])
    cloud = g.noise(scale=30, detail=5)
    colour = g.ramp(cloud, [(0.3, blend(base, "#a58a5c", 0.35)), (0.65, base)])
    colour = g.mix(
        g.math("MULTIPLY", pit, rng.uniform(0.5, 0.95)),
        colour,
        rng.choice(["#6a4a28", "#4a3420", "#8a6a40"]),
    )
    colour, normal = carve(
        g, rng, colour, rng.choice(["#3a2412", "#1d1712", "#6a4a28"]), carved, [(pit, -0.3)], 0.0008
    )
    return g.surface(colour, rng.uniform(0.35, 0.7), normal, subsurface=0.05)


def timber(rng: np.random.Generator, carved: bool) -> bpy.types.Material:
    """Wood with rings and fibres."""
    base = vary(
        rng,
        rng.choice(
            [
                "#8a4f2a",
                "#5b2a1a",
                "#b98a56",
                "#3a2216",
                "#d2ac74",
                "#a0622f",
                "#6f3d24",
                "#241a16",
                "#c79a62",
            ]
        ),
        0.012,
        0.06,
        0.05,
    )
    dark = blend(base, "#140803", rng.uniform(0.35, 0.75))
    g = Graph("wood")
    turn = axis(rng)
    at = g.coordinates(
        scale=(1, 1, rng.uniform(0.08, 0.2)), rotation=turn, offset=tuple(rng.uniform(-1, 1, 3))
    )
    rings = g.wave(
        at,
        scale=rng.uniform(60, 200),
        distortion=rng.uniform(2, 7),
        detail=3,
        kind="RINGS",
        direction="Z",
        detail_scale=1.5,
    )
    fibre = g.noise(
        g.coordinates(scale=(1, 1, 0.04), rotation=turn), scale=rng.uniform(600, 1400), detail=3
    )
    f = g.layers([(rings, 0.55), (fibre, 0.5)])
    colour = g.ramp(f, [(0.25, dark), (0.75, base)])
    colour, normal = carve(g, rng, colour, blend(dark, "#000000", 0.5), carved, [(fibre, 0.15)])
    return g.surface(colour, rng.uniform(0.2, 0.65), normal, coat=rng.choice([0, 0.5]))


@dataclass(frozen=True)
class Stone:
    """How often a stone is drawn, its colours, and its second colour: `other`, or so far to it."""

    share: float
    palette: tuple[str, ...]
    other: str = ""
    towards: float | None = None
    soft: float = 0.05  # how much light goes into it, 0 to 1


STONES = {
    "jade": Stone(0.16, ("#4f8a5a", "#7fae7a", "#2f6b48", "#a8c8a0"), "#e8f0d8", 0.5, 0.3),
    "white jade": Stone(0.14, ("#e6e8de", "#dfe3d2", "#eeece4", "#d9dcc8"), "#b8a878", 0.3, 0.35),
    "marble": Stone(0.1, ("#ecebe8", "#dcd6cc", "#cfd0d2"), "#5f6068", 0.5),
    "soapstone": Stone(
        0.12, ("#b59a80", "#c7b08d", "#8f6a5a", "#9aa08a", "#d8c3a8", "#d8cfae"), "#5a3a2a", 0.4
    ),
    "agate": Stone(0.1, ("#b5482a", "#8f2f20", "#d08a4a", "#e8dccb"), "#f4e8d8", 0.6, 0.25),
    "turquoise": Stone(0.05, ("#3aa6a0", "#58b8b8"), "#4a3a28"),
    "porcelain": Stone(0.17, ("#f4f4f1", "#eef2f5", "#ece7da", "#f7f3ea")),
    "celadon": Stone(0.07, ("#a9c4b0", "#8fb0a0", "#b9cbb8")),
    "lapis": Stone(0.04, ("#1f3f9f",), "#d8c890"),
    "terracotta": Stone(0.05, ("#a85a3a", "#8f4a32"), "#5a2a18", 0.3),
}


def glazed(g: Graph, rng: np.random.Generator, kind: str, carved: bool) -> bpy.types.Material:
    """Porcelain, painted or white, or celadon."""
    base = vary(rng, rng.choice(STONES[kind].palette), 0.01, 0.02, 0.03)
    colour: Value = base
    if kind == "porcelain" and rng.random() < 0.5:
        n = g.noise(scale=rng.uniform(60, 140), detail=2, distortion=1.5)
        lines = g.math("ABSOLUTE", g.math("SUBTRACT", n, 0.5))
        mask = g.ramp(lines, [(0.02, 1.0), (0.04, 0.0)])
        colour = g.mix(mask, base, rng.choice(["#1f3f8f", "#274f9f", "#b3301f", "#2f6b3f"]))
    colour, normal = carve(g, rng, colour, blend(base, "#405060", 0.3), carved, deep=0.0006)
    return g.surface(colour, rng.uniform(0.04, 0.15), normal, coat=0.8, coat_roughness=0.04)


def stone(rng: np.random.Generator, carved: bool) -> bpy.types.Material:
    """Jade, marble, soapstone, agate, turquoise, lapis, porcelain, celadon or terracotta."""
    kind = rng.choice(list(STONES), p=[one.share for one in STONES.values()])
    g, own = Graph(kind), STONES[kind]
    if kind in ("porcelain", "celadon"):
        return glazed(g, rng, kind, carved)
    base = vary(rng, rng.choice(own.palette), 0.012, 0.05, 0.05)
    other = own.other if own.towards is None else blend(base, own.other, own.towards)
    n = g.noise(scale=rng.uniform(20, 90), detail=7, roughness=0.6, distortion=rng.uniform(0.5, 3))
    if kind in ("marble", "turquoise", "lapis"):  # veins
        lines = g.math("ABSOLUTE", g.math("SUBTRACT", n, 0.5))
        colour = g.ramp(lines, [(0.0, other), (rng.uniform(0.02, 0.08), base)])
    elif kind == "agate":
        bands = g.wave(scale=rng.uniform(30, 90), distortion=8, detail=3)
        colour = g.ramp(bands, [(0.3, base), (0.7, other)])
    else:
        colour = g.ramp(n, [(0.35, base), (0.7, other)])
    colour, normal = carve(g, rng, colour, blend(base, "#201810", 0.5), carved)
    dull, glossy = rng.uniform(0.25, 0.5), rng.uniform(0.06, 0.25)
    rough = {"terracotta": 0.85, "soapstone": dull}.get(kind, glossy)
    coat = rng.choice([0, 0.4]) if kind != "terracotta" else 0
    depth = (0.004, 0.005, 0.003)
    return g.surface(colour, rough, normal, subsurface=own.soft, radius=depth, coat=coat)


def polymer(rng: np.random.Generator, carved: bool) -> bpy.types.Material:
    """Plastic, resin, celluloid: even, glossy; half of it imitates ivory, horn or amber."""
    kind = rng.choice(
        ["cream", "bright", "clear", "striped", "marbled", "dark"],
        p=[0.33, 0.25, 0.1, 0.12, 0.12, 0.08],
    )
    g = Graph(f"polymer {kind}")
    cream = vary(
        rng, rng.choice(["#f2ead6", "#f6f0df", "#eddcb4", "#fbf7ec", "#e8d6a8"]), 0.01, 0.03, 0.02
    )
    if kind == "cream":
        base = cream
    elif kind == "dark":
        base = vary(rng, rng.choice(["#1a1614", "#3a2418", "#5a3418"]))
    else:
        base = vary(
            rng,
            rng.choice(
                [
                    "#d2202a",
                    "#1f6fc2",
                    "#2f9a4a",
                    "#f2c21f",
                    "#e85a9a",
                    "#111111",
                    "#ffffff",
                    "#7a3aa0",
                    "#e8742a",
                ]
            ),
            0.03,
        )
    colour = base
    if kind == "striped":  # celluloid: straight, parallel, machine-even
        base = cream
        wave = g.wave(
            g.coordinates(rotation=axis(rng)), scale=rng.uniform(150, 500), distortion=0.0
        )
        colour = g.mix(
            g.math("MULTIPLY", wave, rng.uniform(0.2, 0.6)), base, blend(base, "#b08a4a", 0.6)
        )
    elif kind == "marbled":
        n = g.noise(scale=rng.uniform(40, 120), detail=3, distortion=4)
        colour = g.ramp(
            n,
            [
                (0.4, base),
                (0.6, vary(rng, rng.choice(["#ffffff", "#e8b84a", "#222222", "#b3541f"]), 0.1)),
            ],
        )
    colour, normal = carve(
        g,
        rng,
        colour,
        blend(base, rng.choice(["#3a2412", "#000000", "#ffffff"]), 0.6),
        carved,
        deep=0.0008,
    )
    if kind == "clear":
        return g.surface(colour, rng.uniform(0.03, 0.15), normal, transmission=0.85, ior=1.49)
    return g.surface(
        colour,
        rng.uniform(0.04, 0.3),
        normal,
        coat=rng.choice([0, 0.7]),
        subsurface=rng.choice([0, 0.1]),
    )


def other(rng: np.random.Generator, carved: bool) -> bpy.types.Material:
    """Amber, glass, metals, leather-like and painted things."""
    kind = rng.choice(
        ["amber", "glass", "gold", "silver", "bronze", "painted"],
        p=[0.25, 0.15, 0.15, 0.2, 0.15, 0.1],
    )
    g = Graph(kind)
    if kind in ("amber", "glass"):
        base = vary(
            rng,
            rng.choice(["#e8951f", "#c2601a", "#f2b84a", "#8f3a12"])
            if kind == "amber"
            else rng.choice(["#ffffff", "#b8e0d8", "#7fb8e8", "#e8b8c8", "#5f9a5a"]),
            0.01,
        )
        n = g.noise(scale=80, detail=3, distortion=1)
        colour = g.mix(g.math("MULTIPLY", n, 0.5), base, blend(base, "#ffffff", 0.3))
        return g.surface(
            colour, rng.uniform(0.02, 0.12), None, transmission=rng.uniform(0.6, 1), ior=1.53
        )
    if kind == "painted":
        base = vary(rng, rng.choice(["#b3121f", "#1d1c1e", "#1f4fa0", "#e8c84a", "#f0f0f0"]), 0.05)
        colour, normal = carve(g, rng, base, "#c9a13b", carved)
        return g.surface(colour, rng.uniform(0.1, 0.6), normal)
    base = vary(rng, {"gold": "#e0b04a", "silver": "#cfcfcb", "bronze": "#8f6038"}[kind], 0.01)
    colour, normal = carve(g, rng, base, blend(base, "#000000", 0.8), carved)
    return g.surface(colour, rng.uniform(0.12, 0.45), normal, metallic=1.0)
