"""What is turned and carved from any material: beads, bangles, figures, seals.

Each shape is `shape(rng, material)` with a substance `material(rng, carved)`, so that the shape
never tells the material. Lengths in metres, angles in radians, colours sRGB.
"""

import bpy
import numpy as np

from render import geometry, shapes
from render.figures import FIGURES
from render.materials import metal, plain, vary
from render.subject import Builder, Shape, Subject, Substance


def string(rng: np.random.Generator) -> bpy.types.Material:
    """Silk or cotton cord of a dark or bright colour."""
    return plain(
        vary(rng, rng.choice(["#7c1420", "#1d1c1e", "#c9a13b", "#5d3a22", "#e8e4dc", "#2c4f3b"])),
        0.9,
    )


def bead_mesh(
    rng: np.random.Generator, radius: float, material: bpy.types.Material | None, low: bool = False
) -> bpy.types.Object:
    """One round, barrel-shaped, flat or lobed bead of `radius`; `low`: of fewer faces."""
    form = rng.choice(["round", "barrel", "disc", "lobed"], p=[0.68, 0.16, 0.1, 0.06])
    rings, segments = (12, 16) if low else (18, 24)
    if form == "round":
        return shapes.sphere(radius, material, rings, segments)
    if form == "barrel":
        h = radius * rng.uniform(0.8, 1.4)
        z = np.linspace(-1, 1, 9)
        r = radius * (0.72 + 0.28 * np.sqrt(1 - z**2 * 0.95))
        return shapes.lathe(
            [(radius * 0.15, -h), *zip(r, z * h), (radius * 0.15, h)], segments, material
        )
    if form == "disc":
        return shapes.torus(radius * 0.62, (radius * 0.38, radius * 0.4), material, segments, 12)
    b = shapes.sphere(radius, material, rings, segments)
    v = shapes.vertices(b)
    a = np.arctan2(v[:, 1], v[:, 0])
    shapes.move_vertices(b, v * [1, 1, 1] * (1 - 0.08 * np.abs(np.sin(a * 4)))[:, None])
    return b


def bracelet(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """Beads of 8 to 21 mm on a cord, closed, for a wrist or a neck.

    Sometimes a bigger bead with a tassel, spacers of metal.
    """
    radius = rng.uniform(0.004, 0.0105)
    inner = rng.uniform(0.026, 0.033)
    long = rng.random() < 0.25
    if long:
        inner *= rng.uniform(2.2, 3.2)
    m = material(rng, rng.random() < 0.15)
    base = bead_mesh(rng, radius, m, low=long)
    v, f = shapes.vertices(base), [tuple(p.vertices) for p in base.data.polygons]
    pitch = 2.02 * float(np.abs(v[:, 2]).max())  # bead to bead along the cord
    count = min(int(2 * np.pi * inner / pitch), 110)
    inner = count * pitch / (2 * np.pi)
    import bpy

    bpy.data.objects.remove(base)
    spacer = int(rng.integers(4, 12)) if rng.random() < 0.3 else 0
    wobble, seed = (
        (rng.uniform(0.02, 0.3) if long else rng.uniform(0, 0.06)),
        int(rng.integers(1_000_000)),
    )
    squash = rng.uniform(0.55, 1) if long else rng.uniform(0.9, 1)
    points, faces, extras = [], [], []
    accent = (
        material(rng, False)
        if rng.random() < 0.5
        else plain(
            vary(rng, rng.choice(["#b3121f", "#c9a13b", "#1f6b4f", "#1d1c1e", "#3aa6a0"])), 0.2
        )
    )
    path = []
    for k in range(count):
        a = 2 * np.pi * k / count
        rr = inner * (
            1
            + wobble * float(geometry.noise(np.array([[np.cos(a), np.sin(a), 0]]), 1.3, seed, 2)[0])
        )
        p = np.array([rr * np.cos(a), rr * np.sin(a) * squash, 0])
        path.append(p)
        t = np.array([-np.sin(a), np.cos(a), 0])
        n = np.array([np.cos(a), np.sin(a), 0])
        basis = np.stack([n, np.array([0, 0, 1.0]), t], 1)
        turn = rng.uniform(0, 6.28)
        c, s = np.cos(turn), np.sin(turn)
        q = v @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        if spacer and k % spacer == 0:
            extras.append(shapes.transform(shapes.sphere(radius * 0.9, accent, 12, 16), p))
            continue
        faces += [tuple(i + len(points) * len(v) for i in face) for face in f]
        points.append(q @ basis.T + p)
    beads = shapes.mesh(np.vstack(points), faces, m)
    path = np.array([*path, path[0]])
    cord = string(rng)
    out = [beads, shapes.tube(path, radius * 0.15, 6, cord, caps=(False, False)), *extras]
    if rng.random() < 0.35:  # guru bead and tassel
        end = path[0] * (1 + 1.9 * radius / inner)
        out.append(shapes.transform(shapes.sphere(radius * 1.3, m, 14, 18), end))
        for _ in range(5):
            tip = end + np.array([rng.uniform(0.03, 0.06), rng.normal(0, 0.012), -radius * 0.6])
            out.append(
                shapes.tube(
                    geometry.spline([end, (end + tip) / 2 + rng.normal(0, 0.003, 3), tip], 12),
                    0.0008,
                    6,
                    cord,
                )
            )
    return out


def bead(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A single bead of 8 to 24 mm."""
    return [bead_mesh(rng, rng.uniform(0.004, 0.012), material(rng, rng.random() < 0.2))]


def bangle(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A bangle of 56 to 72 mm inside, 3 to 18 mm wide, plain or carved."""
    r, w, t = rng.uniform(0.028, 0.036), rng.uniform(0.003, 0.018), rng.uniform(0.0025, 0.006)
    carved = rng.random() < 0.3
    if rng.random() < 0.6:
        a = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        e = rng.uniform(0.35, 1.0)
        x, y = (
            np.sign(np.cos(a)) * np.abs(np.cos(a)) ** e,
            np.sign(np.sin(a)) * np.abs(np.sin(a)) ** e,
        )
        b = shapes.lathe(
            np.stack([r + t + t * x, w * 0.5 * y], 1), 96, material(rng, carved), closed=True
        )
    else:
        b = shapes.torus(
            r + t, (t, min(t * rng.uniform(0.9, 1.3), w)), material(rng, carved), 96, 20
        )
    if rng.random() < 0.15:
        v = shapes.vertices(b)
        a = np.arctan2(v[:, 1], v[:, 0])
        n = int(rng.integers(8, 30))
        shapes.move_vertices(b, v * (1 + 0.035 * np.sin(n * a + v[:, 2] * 300))[:, None])
    out = [b]
    if rng.random() < 0.15:
        out += [
            shapes.transform(
                shapes.torus(t, t * 0.35, metal(rng.choice(["#d8b24a", "#c8c8c8"])), 20, 10),
                (r + t, 0, 0),
                (np.pi / 2, 0, 0),
                (1.6, 1.6, 6),
            )
        ]
    return out


def ring(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A finger ring of 16 to 22 mm inside, or an archer's, up to 28 mm wide."""
    r, t = rng.uniform(0.008, 0.011), rng.uniform(0.0012, 0.003)
    w = rng.choice([rng.uniform(0.003, 0.008), rng.uniform(0.018, 0.028)], p=[0.7, 0.3])
    p = [(r, -w / 2), (r + t, -w / 2), (r + t * 1.3, 0), (r + t, w / 2), (r, w / 2), (r, 0)]
    return [
        shapes.bevel(shapes.lathe(p, 48, material(rng, rng.random() < 0.3), closed=True), t * 0.25)
    ]


def outline(rng: np.random.Generator, n: int = 64) -> tuple[np.ndarray, float, float]:
    """A pendant's outline [n, 2] and its half width and half height: 10 to 22, 16 to 35 mm."""
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    kind = rng.choice(["oval", "drop", "square", "leaf", "cloud"])
    r = np.ones(n)
    if kind == "drop":
        r = 0.75 + 0.25 * np.sin(a) ** 3 + 0.12 * (np.sin(a) > 0.9)
    elif kind == "square":
        r = (np.abs(np.cos(a)) ** 6 + np.abs(np.sin(a)) ** 6) ** (-1 / 6)
    elif kind == "leaf":
        r = 1 - 0.35 * np.abs(np.cos(a)) ** 2 + 0.15 * np.abs(np.sin(a)) ** 8
    elif kind == "cloud":
        r = 1 + 0.1 * np.sin(5 * a + rng.uniform(0, 6)) + 0.05 * np.sin(9 * a + rng.uniform(0, 6))
    w, h = rng.uniform(0.010, 0.022), rng.uniform(0.016, 0.035)
    return np.stack([w * r * np.cos(a), h * r * np.sin(a)], 1), w, h


def pendant(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A flat carved pendant 3 to 9 mm thick, often on a string."""
    o, w, h = outline(rng)
    t = rng.uniform(0.003, 0.009)
    seed = int(rng.integers(1_000_000))
    m = material(rng, True)

    deep, f = rng.uniform(0.08, 0.35), rng.uniform(110, 260)

    def distance(p: np.ndarray) -> np.ndarray:
        a = np.arctan2(p[:, 1] / h, p[:, 0] / w)
        r = np.interp(
            a, np.linspace(-np.pi, np.pi, 64), np.roll(np.hypot(o[:, 0] / w, o[:, 1] / h), 32)
        )
        flat = np.hypot(p[:, 0] / w, p[:, 1] / h) / r - 1
        relief = (1 - 2 * np.abs(geometry.noise(p * [1, 1, 0.2], f, seed, 2))) * deep
        body = np.maximum(flat * min(w, h), np.abs(p[:, 2]) - t / 2 * (1 + relief * 1.4))
        hole = 0.0016 - np.hypot(p[:, 0], p[:, 1] - h * 0.85)
        return np.maximum(body, hole)

    out = [shapes.surface_of(distance, (-w * 1.3, -h * 1.3, -t), (w * 1.3, h * 1.3, t), 80, m)]
    if rng.random() < 0.7:
        y = h * 0.85
        side = rng.uniform(0.02, 0.06)
        for s in (-1, 1):
            out.append(
                shapes.tube(
                    geometry.spline(
                        [
                            (0, y, 0),
                            (s * side * 0.3, y + side * 0.7, 0),
                            (
                                s * side * rng.uniform(0.2, 1),
                                y + side * rng.uniform(1.5, 2.5),
                                -t / 3,
                            ),
                        ],
                        24,
                    ),
                    0.0008,
                    6,
                    string(rng),
                )
            )
        if rng.random() < 0.5:
            out.append(
                shapes.transform(
                    shapes.sphere(0.004, plain(vary(rng, "#b3121f", 0.2), 0.2), 12, 16),
                    (0, y + 0.006, 0),
                )
            )
    return out


def figurine(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A carved figure 3 to 14 cm high: a person, a laughing Buddha, an animal, with relief."""
    h = rng.uniform(0.03, 0.14)
    kind = rng.choice(list(FIGURES), p=[share for _, share in FIGURES.values()])
    seed = int(rng.integers(1_000_000))
    deep, f = (
        rng.uniform(0.003, 0.014),
        rng.uniform(4, 9),
    )  # of the folds, in heights and per height
    figure = FIGURES[kind][0](rng)

    def distance(p: np.ndarray) -> np.ndarray:
        q = p / h
        d = figure.distance(q)
        bent = q * [1, 1, 0.45] + 0.05 * np.sin(9 * q[:, [1, 2, 0]])
        folds = np.abs(geometry.noise(bent, f, seed, 2))
        d = d + deep * np.clip(1 - folds / 0.15, 0, 1) - deep * folds
        return np.maximum(d, -(q[:, 2])) * h

    low, high = np.array(figure.low) * h, np.array(figure.high) * h
    return [shapes.surface_of(distance, low, high, 76, material(rng, True))]


def seal(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A seal 3 to 8 cm high, square or round, sometimes with a carved knob."""
    w, h = rng.uniform(0.014, 0.035), rng.uniform(0.03, 0.08)
    m = material(rng, False)
    if rng.random() < 0.7:
        body = shapes.transform(
            shapes.box((w, w * rng.uniform(0.6, 1.0), h), m, w * 0.06), (0, 0, h / 2)
        )
    else:
        body = shapes.lathe([(0, 0), (w / 2, 0), (w / 2, h * 0.96), (w * 0.46, h), (0, h)], 40, m)
    out = [body]
    if rng.random() < 0.5:
        seed = int(rng.integers(1_000_000))
        knob = shapes.sphere(
            (w * 0.42, w * 0.3, w * 0.4), material(rng, True), 40, 48, 0.35, 3, 2.5, seed
        )
        out.append(shapes.transform(knob, (0, 0, h + w * 0.2)))
    return out


def chopsticks(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """Two chopsticks 20 to 27 cm long, sometimes with silver ends."""
    m = material(rng, False)
    out = []
    cap = metal(rng.choice(["#c8c8c8", "#d8b24a"]))
    length, r = rng.uniform(0.2, 0.27), rng.uniform(0.0028, 0.004)
    silver = rng.random() < 0.4
    for k in range(2):
        y = np.linspace(0, length, 40)
        line = np.stack([np.full(40, k * r * rng.uniform(2.4, 6)), y, np.zeros(40)], 1)
        out.append(shapes.tube(line, r * np.linspace(1, 0.55, 40), 16, m))
        if silver:
            out.append(shapes.tube(line[-8:], r * 0.62, 16, cap))
            out.append(shapes.tube(line[:4], r * 1.06, 16, cap))
    return [shapes.transform(o, (0, -length / 2, 0), (0, 0, 0)) for o in out]


def comb(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A comb 7 to 13 cm wide with 18 to 44 teeth."""
    w, h, t = rng.uniform(0.07, 0.13), rng.uniform(0.035, 0.06), rng.uniform(0.0025, 0.005)
    m = material(rng, False)
    n = int(rng.integers(18, 45))
    arch = rng.uniform(0, 0.3) * h
    x = np.linspace(-w / 2, w / 2, 30)
    top = h * 0.5 + arch * (1 - (2 * x / w) ** 2)
    back = np.vstack([np.stack([x, np.full(30, h * 0.08)], 1), np.stack([x[::-1], top[::-1]], 1)])
    out = [shapes.plate(back, t, material(rng, rng.random() < 0.4), t * 0.2)]
    step = w / n
    for k in range(n):
        cx = -w / 2 + step * (k + 0.5)
        b = step * 0.32
        edge = 1.6 if k in (0, n - 1) else 1
        tooth = np.array(
            [
                (cx - b * edge, h * 0.1),
                (cx - b * 0.5, -h * 0.5),
                (cx + b * 0.5, -h * 0.5),
                (cx + b * edge, h * 0.1),
            ]
        )
        out.append(shapes.plate(tooth, t * 0.8, m))
    return out


def pot(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A brush pot or cup 5 to 14 cm high, smooth or carved all over."""
    r, h = rng.uniform(0.025, 0.06), rng.uniform(0.05, 0.14)
    t = r * rng.uniform(0.06, 0.14)
    z = np.linspace(0, 1, 70)
    belly = 1 + rng.uniform(-0.08, 0.1) * np.sin(np.pi * z)
    m = material(rng, False)
    outer = np.stack([r * belly, h * z], 1)
    p = [(0, 0), *outer, (r - t, h), (r - t, t), (0, t)]
    body = shapes.lathe(p, 160, m)
    out = [shapes.sharpen(body)]
    if rng.random() < 0.6:
        band = outer[6:-6]
        relief = shapes.lathe(band + [0.0002, 0], 200, material(rng, True))
        v = shapes.vertices(relief)
        f, seed = rng.uniform(70, 170), int(rng.integers(1_000_000))
        n = np.abs(geometry.noise(v + 0.006 * np.sin(v[:, [1, 2, 0]] * 150), f, seed, 2))
        a = np.arctan2(v[:, 1], v[:, 0])
        shapes.move_vertices(
            relief,
            v
            + np.stack([np.cos(a), np.sin(a), 0 * a], 1)
            * (0.0028 * np.clip(0.35 - n, -0.12, 0.3) / 0.3)[:, None],
        )
        out.append(relief)
    return out


def casket(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A box with a lid, of plates or inlaid."""
    w, d, h = rng.uniform(0.06, 0.18), rng.uniform(0.05, 0.11), rng.uniform(0.03, 0.08)
    m, n = material(rng, False), material(rng, True)
    out = [
        shapes.transform(shapes.box((w, d, h), m, 0.002), (0, 0, h / 2)),
        shapes.transform(shapes.box((w * 1.02, d * 1.02, h * 0.25), n, 0.003), (0, 0, h * 1.14)),
    ]
    for s in (-1, 1):
        out.append(
            shapes.transform(
                shapes.box((w * 0.9, 0.002, h * 0.7), n, 0.0008), (0, s * d / 2, h / 2)
            )
        )
    if rng.random() < 0.6:
        out.append(
            shapes.transform(
                shapes.box((0.012, 0.003, 0.014), metal("#c79a4a"), 0.001), (0, -d * 0.52, h)
            )
        )
    return out


def chess(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A turned chess piece or finial 5 to 11 cm high."""
    k = rng.uniform(0.8, 1.6)
    n = int(rng.integers(6, 11))
    z = np.linspace(0, 0.06, 60)
    r = np.interp(z, np.linspace(0, 0.06, n), rng.uniform(0.004, 0.011, n))
    r = np.maximum(r, 0.015 * np.exp(-z / 0.007))
    top = 0.06 + rng.uniform(0.004, 0.012)
    p = [(0, 0), *zip(r * k, z * k), (0.004 * k, top * k), (0, top * k)]
    return [shapes.lathe(p, 40, material(rng, False))]


def puzzle_ball(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A pierced ball with balls inside, or a netted one."""
    R = rng.uniform(0.02, 0.04)
    i = np.arange(14) + 0.5
    phi, th = np.arccos(1 - 2 * i / 14), np.pi * (1 + 5**0.5) * i
    axes = np.stack([np.cos(th) * np.sin(phi), np.sin(th) * np.sin(phi), np.cos(phi)], 1)
    seed = int(rng.integers(1_000_000))

    def distance(p: np.ndarray) -> np.ndarray:
        r = np.linalg.norm(p, axis=1)
        u = p / (r[:, None] + 1e-9)
        hole = (u @ axes.T).max(1)
        d = 1e9
        for k, s in enumerate((1.0, 0.78, 0.56)):
            relief = 0.0012 * (np.abs(geometry.noise(p, 160, seed, 2)) - 0.2) if k == 0 else 0
            shell = np.maximum(np.abs(r - R * s) - R * 0.07 - relief, (hole - np.cos(0.33)) * r * 2)
            d = np.minimum(d, shell)
        return d

    return [shapes.surface_of(distance, [-R * 1.12] * 3, [R * 1.12] * 3, 58, material(rng, True))]


def plaque(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A flat carved panel."""
    w, d, t = rng.uniform(0.04, 0.15), rng.uniform(0.04, 0.1), rng.uniform(0.004, 0.01)
    seed, f = int(rng.integers(1_000_000)), rng.uniform(50, 120)

    def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        p = np.stack([x, y, 0 * x], 1)
        n = np.abs(geometry.noise(p + 0.008 * np.sin(p[:, [1, 0, 2]] * 90), f, seed, 3))
        edge = (np.abs(x) < w * 0.44) & (np.abs(y) < d * 0.43)
        return t / 2 + np.where(edge, 0.003 * np.clip(0.25 - n, -0.1, 0.2) / 0.2 - 0.001, 0)

    m = material(rng, True)
    return [
        shapes.sheet(w, d, height, m, 140, 110),
        shapes.transform(shapes.box((w, d, t), m), (0, 0, -0.0001)),
    ]


def pipe(rng: np.random.Generator, material: Substance) -> list[bpy.types.Object]:
    """A handle, cigarette holder or hairpin: a turned rod with beads."""
    length, r = rng.uniform(0.08, 0.2), rng.uniform(0.003, 0.011)
    n = 80
    t = np.linspace(0, 1, n)
    radius = (
        r
        * (1 - rng.uniform(0, 0.7) * t)
        * (1 + 0.25 * (np.sin(t * rng.integers(5, 40)) > 0.9) + 0.1 * np.sin(t * 9))
    )
    curve = geometry.arc(length, rng.uniform(0, 0.5), 0, n)
    return [shapes.tube(curve, radius, 20, material(rng, False))]


# name, weight, how many, lies
SHAPES = [  # name, shape, weight, how many may lie together, whether it may lie on any side
    ("bracelet", bracelet, 1.6, (1, 6), True),
    ("bead", bead, 0.7, (2, 60), True),
    ("bangle", bangle, 1.4, (1, 8), True),
    ("ring", ring, 0.6, (1, 10), True),
    ("pendant", pendant, 1.2, (1, 6), True),
    ("figurine", figurine, 2.2, (1, 5), False),
    ("seal", seal, 0.7, (1, 4), False),
    ("chopsticks", chopsticks, 0.6, (1, 4), True),
    ("comb", comb, 0.5, (1, 2), True),
    ("pot", pot, 0.8, (1, 2), False),
    ("casket", casket, 0.5, (1, 2), False),
    ("chess", chess, 0.5, (1, 16), False),
    ("puzzle_ball", puzzle_ball, 0.4, (1, 2), True),
    ("plaque", plaque, 0.6, (1, 3), True),
    ("pipe", pipe, 0.5, (1, 4), True),
]


def family(
    prefix: str,
    label: str,
    material: Substance,
    weight: float = 1.0,
    only: set[str] | None = None,
    heap_most: int = 60,
) -> list[Subject]:
    """Subjects of all shapes in one substance, named `prefix`_shape.

    `weight` scales the shapes' own; `only`: these shapes; `heap_most`: the most that lie together.
    """

    def build_of(shape: Shape) -> Builder:
        def build(rng: np.random.Generator) -> list[bpy.types.Object]:
            # one piece of material per item: parts of the same kind look alike
            state = int(rng.integers(2**31))
            return shape(rng, lambda _, carved: material(np.random.default_rng(state), carved))

        return build

    return [
        Subject(
            f"{prefix}_{name}",
            label,
            w * weight,
            build_of(shape),
            (low, min(high, heap_most)),
            lying,
        )
        for name, shape, w, (low, high), lying in SHAPES
        if only is None or name in only
    ]
