"""What lies beside, around and under the items: containers, hands, rulers, tags, coins, other
things.

Lengths in metres, angles in radians, colours sRGB '#rrggbb'.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy
import numpy as np

from render import geometry, shapes
from render.materials import Graph, blend, metal, plain, vary
from render.subject import Builder

if TYPE_CHECKING:
    from render.item import Item


def container(rng: np.random.Generator, inner: float) -> list[bpy.types.Object]:
    """A bowl, tray, box, case or dish on the ground; `inner`: the radius of its inside."""
    kind = rng.choice(["bowl", "tray", "box", "case", "dish"], p=[0.28, 0.2, 0.27, 0.1, 0.15])
    r = inner * rng.uniform(1.05, 1.3)
    if kind in ("bowl", "dish"):
        h = r * (rng.uniform(0.4, 0.8) if kind == "bowl" else rng.uniform(0.1, 0.2))
        t = r * rng.uniform(0.03, 0.06)
        n = np.linspace(0, 1, 12)
        outer = [
            (r * (0.45 + 0.6 * np.sin(x * np.pi / 2)), h * (1 - np.cos(x * np.pi / 2))) for x in n
        ]
        inside = [(max(a - t, 0), b + t * (1 - x)) for (a, b), x in zip(outer, n)][::-1]
        material = rng.choice([0, 1, 2, 3])
        material = [
            lambda: plain(
                vary(rng, rng.choice(["#f2f2ee", "#e4e9ec", "#c8483a", "#3a5f9a", "#d8d0c0"])),
                0.15,
                coat=0.5,
            ),
            lambda: metal(roughness=0.3),
            lambda: plain(vary(rng, "#8a5a34"), 0.5),
            lambda: plain(vary(rng, "#2a62b0", 0.2), 0.35),
        ][material]()
        return [shapes.lathe([(0, 0), *outer, *inside, (0, t)], 56, material)]
    w, d = r * 2 * rng.uniform(1.0, 1.3), r * 2 * rng.uniform(0.9, 1.1)
    h = (
        r
        * {
            "tray": rng.uniform(0.08, 0.2),
            "box": rng.uniform(0.25, 0.6),
            "case": rng.uniform(0.25, 0.45),
        }[kind]
    )
    t = min(w, d) * (0.02 if kind != "tray" else 0.03)
    colour = vary(
        rng,
        rng.choice(
            ["#b08b5e", "#c49a6c", "#f0efec", "#22252a", "#6a1f24", "#8a5a34", "#5f666d", "#274a7a"]
        ),
    )
    material = plain(colour, rng.uniform(0.3, 0.9))
    lining = (
        plain(
            vary(rng, rng.choice(["#f3efe2", "#7c1420", "#1d1c1e", "#d8b44a", "#b08b5e"])),
            0.9,
            sheen=0.5,
        )
        if rng.random() < 0.5
        else material
    )
    parts = [shapes.transform(shapes.box((w, d, t), lining), (0, 0, t / 2))]
    for x, y, sx, sy in (
        (w / 2, 0, t, d),
        (-w / 2, 0, t, d),
        (0, d / 2, w + t, t),
        (0, -d / 2, w + t, t),
    ):
        parts.append(shapes.transform(shapes.box((sx, sy, h), material), (x, y, h / 2)))
    return parts


def skin_material(rng: np.random.Generator) -> bpy.types.Material:
    """Human skin of any tone."""
    tone = vary(
        rng,
        rng.choice(["#e0b095", "#d39b7a", "#c58c68", "#8d5a3f", "#5f3a28", "#eabf9f"]),
        0.005,
        0.04,
        0.04,
    )
    g = Graph("skin")
    n = g.noise(scale=60, detail=4)
    fine = g.voronoi(scale=900)
    colour = g.ramp(n, [(0.3, blend(tone, "#a03020", 0.22)), (0.6, tone)])
    return g.surface(
        colour,
        0.45,
        g.bump(g.layers([(fine, 1), (n, 0.6)]), 0.0006),
        subsurface=0.25,
        radius=(0.006, 0.002, 0.001),
    )


def hand(
    rng: np.random.Generator,
    curl: float = 0.3,
    spread: float = 0.12,
    material: bpy.types.Material | None = None,
) -> bpy.types.Object:
    """A right hand, palm up (+z), fingers along +y, wrist at -y; life size.

    `curl` 0 flat to 1 fist; `spread` of the fingers in radians.
    """
    parts = []
    roots = [(-0.032, 0.045), (-0.011, 0.052), (0.011, 0.049), (0.031, 0.040)]
    lengths = [
        (0.043, 0.026, 0.021),
        (0.047, 0.030, 0.022),
        (0.044, 0.028, 0.021),
        (0.034, 0.021, 0.018),
    ]
    for k, ((x, y), bones) in enumerate(zip(roots, lengths)):
        p = np.array([x, y, 0.0])
        side = np.radians(np.degrees(spread) * (k - 1.5) * 0.7)
        angle = curl * rng.uniform(0.7, 1.3) * 0.9
        r = 0.0092 if k < 3 else 0.0078
        for j, bone in enumerate(bones):
            q = p + bone * np.array(
                [np.sin(side) * np.cos(angle), np.cos(side) * np.cos(angle), np.sin(angle)]
            )
            parts.append((p, q, r * (1 - 0.08 * j), r * (1 - 0.08 * (j + 1))))
            p = q
            angle += curl * rng.uniform(0.9, 1.4)
    t0, t1 = np.array([-0.03, -0.03, 0.004]), np.array([-0.055, 0.005, 0.012 + 0.02 * curl])
    t2 = t1 + 0.034 * np.array([-0.45 + 0.8 * curl, 0.85, 0.2 + 0.3 * curl])
    t3 = t2 + 0.027 * np.array([-0.15 + 0.9 * curl, 0.9, 0.2 + 0.2 * curl])
    parts += [(t0, t1, 0.015, 0.0125), (t1, t2, 0.0115, 0.0105), (t2, t3, 0.0105, 0.0085)]

    def distance(p: np.ndarray) -> np.ndarray:
        palm = geometry.ellipsoid(p, (0, 0, -0.004), (0.043, 0.058, 0.0155))
        pad = geometry.ellipsoid(p, (0.025, -0.02, -0.001), (0.017, 0.034, 0.014))
        d = geometry.union(palm, pad, k=0.012)
        d = geometry.union(
            d, geometry.capsule(p, (0, -0.045, -0.006), (0.0, -0.28, -0.012), 0.026, 0.036), k=0.03
        )
        for a, b, ra, rb in parts:
            d = geometry.union(d, geometry.capsule(p, a, b, ra, rb), k=0.006)
        return d

    return shapes.surface_of(
        distance, (-0.105, -0.16, -0.05), (0.085, 0.16, 0.10), 84, material or skin_material(rng)
    )


def hold_in_hand(rng: np.random.Generator, item: "Item") -> bpy.types.Object | None:
    """Put the item on an open hand that enters the picture from a side.

    Returns the hand, or None if the item is too big (11 cm across, 30 cm long).
    """
    extent = np.ptp(item.world_points(), axis=0)
    if np.sort(extent)[-2] > 0.11 or extent.max() > 0.3:
        return None
    palm = hand(rng, rng.uniform(0.1, 0.5), rng.uniform(0.02, 0.2))
    turn = rng.uniform(0, 2 * np.pi)
    lift = rng.uniform(0.03, 0.2)
    if rng.random() < 0.5:
        shapes.transform(palm, scale=(-1, 1, 1))
        palm.data.flip_normals()
    low = item.world_points()[:, 2].min()
    middle = item.world_points()[:, :2].mean(0)
    offset = np.array([0, rng.uniform(0.0, 0.045)])
    c, s = np.cos(turn), np.sin(turn)
    at = middle - np.array([c * offset[0] - s * offset[1], s * offset[0] + c * offset[1]])
    shapes.transform(palm, (at[0], at[1], low - 0.009), (0, 0, turn))
    from mathutils import Matrix

    shift = Matrix.Translation((0, 0, lift))
    for t in item.things:
        t.matrix_world = shift @ t.matrix_world
    item.location = item.location + np.array([0, 0, lift])
    palm.matrix_world = shift
    return palm


def ruler(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A scale bar of 5 to 30 cm: black and white, or with strokes of a millimetre."""
    length, width = rng.choice([0.05, 0.1, 0.15, 0.2, 0.3]), rng.uniform(0.012, 0.03)
    g = Graph("ruler")
    base = rng.choice(["#fafaf6", "#f2d23a", "#d8b98a", "#b9bcc0"])
    x, y, _ = g.separate(g.coordinates())
    if rng.random() < 0.4:
        step = g.math("GREATER_THAN", g.math("FRACT", g.math("MULTIPLY", x, 50.0)), 0.5)
        half = g.math("GREATER_THAN", y, 0.0)
        ink = g.math("ABSOLUTE", g.math("SUBTRACT", step, half))
    else:
        fine = g.math(
            "MULTIPLY",
            g.math("LESS_THAN", g.math("FRACT", g.math("MULTIPLY", x, 1000.0)), 0.3),
            g.math("GREATER_THAN", y, width * 0.3),
        )
        long = g.math(
            "MULTIPLY",
            g.math("LESS_THAN", g.math("FRACT", g.math("MULTIPLY", x, 100.0)), 0.06),
            g.math("GREATER_THAN", y, width * 0.05),
        )
        ink = g.math("MAXIMUM", fine, long)
    material = g.surface(g.mix(ink, base, "#141414"), rng.uniform(0.2, 0.5))
    return [shapes.box((length, width, 0.0012), material)]


def coin(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A coin of 18 to 28 mm."""
    r = rng.uniform(0.009, 0.014)
    material = metal(rng.choice(["#c9c6bd", "#c79a4a", "#a8603a"]), 0.3)
    rim = [
        (0, 0.0008),
        (r * 0.86, 0.0008),
        (r * 0.9, 0.0011),
        (r, 0.0011),
        (r, -0.0009),
        (0, -0.0009),
    ]
    return [shapes.sharpen(shapes.lathe(rim, 40, material))]


def tag(rng: np.random.Generator) -> list[bpy.types.Object]:
    """A paper tag, card or label 3 to 10 cm wide with lines of writing."""
    w = rng.uniform(0.03, 0.1)
    h = w * rng.uniform(0.4, 0.9)
    g = Graph("tag")
    base = rng.choice(["#fbfaf5", "#f5e9c8", "#ffe94a", "#d9b382", "#f7f7f7", "#e8474a"])
    line = g.math("GREATER_THAN", g.wave(scale=rng.uniform(50, 110), direction="Y"), 0.55)
    word = g.math(
        "GREATER_THAN",
        g.noise(g.coordinates(scale=(1, 0.2, 1)), scale=rng.uniform(350, 800), detail=2),
        0.48,
    )
    ink = g.math("MULTIPLY", g.math("MULTIPLY", line, word), 0.85)
    material = g.surface(g.mix(ink, base, rng.choice(["#1a1a1e", "#1f3a8a", "#b3121f"])), 0.7)
    bend = rng.uniform(0, 0.15)
    return [shapes.sheet(w, h, lambda x, y: bend * x * x / w, material, 8, 4)]


def add_props(
    rng: np.random.Generator,
    size: float,
    points: np.ndarray,
    others: list[Builder],
    make_item: "Callable[[list[bpy.types.Object]], Item]",
) -> None:
    """Put 0 to 4 props round the items at `points` [n, 3] without covering them.

    `size`: half of the scene's diagonal, metres; `others`: builders of everyday things.
    """
    count = int(rng.choice([0, 1, 2, 3, 4], p=[0.45, 0.27, 0.15, 0.08, 0.05]))
    low, high = points.min(0), points.max(0)
    for _ in range(count):
        kind = rng.choice(["ruler", "coin", "tag", "hand", "other"], p=[0.2, 0.12, 0.2, 0.12, 0.36])
        if kind == "hand":
            if size > 0.4:
                continue
            things = [hand(rng, rng.uniform(0.2, 0.9), rng.uniform(0, 0.2))]
            if rng.random() < 0.6:  # back of the hand up
                shapes.transform(things[0], rotation=(0, np.pi, 0))
        elif kind == "other":
            if not others:
                continue
            things = others[int(rng.integers(len(others)))](rng)
        else:
            things = {"ruler": ruler, "coin": coin, "tag": tag}[kind](rng)
        it = make_item(things)
        if kind == "other" and it.radius > 2.5 * size + 0.05:
            for t in things:
                t.hide_render = True
            continue
        angle = rng.uniform(0, 2 * np.pi)
        if kind == "hand":  # fingers reach in, the arm leaves the picture
            it.rotation = np.array(
                [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]]
            ) @ np.eye(3)
            direction = it.rotation @ np.array([0, 1.0, 0])
            reach = it.points[:, 1].max()
            edge = np.linalg.norm((high - low)[:2]) / 2
            at = (low + high)[:2] / 2 - direction[:2] * (edge * rng.uniform(0.75, 1.1) + reach)
        else:
            yaw = rng.uniform(0, 2 * np.pi)
            it.rotation = np.array(
                [[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1.0]]
            )
            direction = np.array([np.cos(angle), np.sin(angle)])
            half = np.abs((high - low)[:2] / 2)
            edge = min(half[0] / (abs(direction[0]) + 1e-9), half[1] / (abs(direction[1]) + 1e-9))
            at = (low + high)[:2] / 2 + direction * (
                edge * rng.uniform(0.95, 1.25) + it.radius * 0.8
            )
        it.location = np.array([at[0], at[1], -(it.points @ it.rotation.T)[:, 2].min() + 0.0005])
        it.apply_pose()
