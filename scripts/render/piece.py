"""Triangle meshes as numpy arrays: tubes, sheets, level sets of distance fields, noise, and their
way into Blender.

A Piece carries a colour per vertex (sRGB, as the eye names it) and a `grain` coordinate in metres
in which the material's noise is laid, so that the fibre of a horn follows the horn and not the axes
of the room.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import map_coordinates


class Piece:
    """Vertices `v` [n, 3] in metres and triangles `f` [m, 3] of vertex numbers.

    Per vertex: `c` sRGB colour [n, 3], grey unless given; `grain` where the material's noise is
    read [n, 3] in metres, else the vertex; `t` along the part [n], 0 to 1; `a` around it [n] in
    radians; `uv` [n, 2], 0 to 1.
    """

    def __init__(
        self,
        v: np.ndarray,
        f: np.ndarray,
        c: np.ndarray | None = None,
        grain: np.ndarray | None = None,
        t: np.ndarray | None = None,
        a: np.ndarray | None = None,
        uv: np.ndarray | None = None,
    ) -> None:
        n = len(v)
        self.v, self.f = v, f
        self.c = np.full((n, 3), 0.5) if c is None else c
        self.grain = v.copy() if grain is None else grain
        self.t = np.zeros(n) if t is None else t
        self.a = np.zeros(n) if a is None else a
        self.uv = np.zeros((n, 2)) if uv is None else uv


def normals(piece: Piece) -> np.ndarray:
    """Area-weighted vertex normals [n, 3]."""
    p = piece.v[piece.f]
    face = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    out = np.zeros_like(piece.v)
    for k in range(3):
        for axis in range(3):
            out[:, axis] += np.bincount(piece.f[:, k], face[:, axis], len(piece.v))
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def displace(piece: Piece, amount: float | np.ndarray) -> Piece:
    """Move every vertex along its normal by `amount` metres, one number or one per vertex."""
    piece.v = piece.v + normals(piece) * np.broadcast_to(amount, len(piece.v))[:, None]
    return piece


def join(pieces: Sequence[Piece]) -> Piece:
    """One piece from several."""
    start = np.cumsum([0] + [len(p.v) for p in pieces])

    def stack(name: str) -> np.ndarray:
        return np.concatenate([getattr(p, name) for p in pieces])

    return Piece(
        stack("v"),
        np.concatenate([p.f + s for p, s in zip(pieces, start)]),
        stack("c"),
        stack("grain"),
        stack("t"),
        stack("a"),
        stack("uv"),
    )


def moved(
    piece: Piece,
    rotation: np.ndarray | None = None,
    shift: ArrayLike = (0, 0, 0),
    scale: float = 1.0,
) -> Piece:
    """A copy that is scaled, turned by a rotation [3, 3] and shifted, in this order."""
    v = piece.v * scale
    v = v if rotation is None else v @ np.asarray(rotation).T
    return Piece(
        v + np.asarray(shift), piece.f, piece.c.copy(), piece.grain, piece.t, piece.a, piece.uv
    )


def rotation(axis: ArrayLike, angle: float) -> np.ndarray:
    """The rotation [3, 3] about an axis by `angle` radians (Rodrigues)."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Uniform random rotation."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def fractal(p: np.ndarray, seed: int, octaves: int = 4, gain: float = 0.5) -> np.ndarray:
    """Value noise summed over octaves, about -1..1, at points p (n,3) whose unit is one cell."""
    table = np.random.default_rng(int(seed)).random((32, 32, 32)) * 2 - 1
    p = np.asarray(p, float)
    out, amp, total = np.zeros(len(p)), 1.0, 0.0
    for octave in range(octaves):
        q = p * 2.0**octave + 7.31 * octave
        cell = np.floor(q)
        frac = q - cell
        q = (cell + frac * frac * (3 - 2 * frac)) % 32
        out += amp * map_coordinates(table, q.T, order=1, mode="grid-wrap")
        total, amp = total + amp, amp * gain
    return out / total * 1.6


def mix(a: ArrayLike, b: ArrayLike, w: np.ndarray) -> np.ndarray:
    """Colours a to b by weight w (n,), clipped to 0..1."""
    w = np.clip(w, 0, 1)[:, None]
    return np.asarray(a) * (1 - w) + np.asarray(b) * w


def smoothstep(low: float, high: float, x: float | np.ndarray) -> np.ndarray:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bend(
    length: float, angle: float, n: int, lift: float = 0.0, start: float = 0.0, power: float = 1.0
) -> np.ndarray:
    """Path (n,3) of a given length in the x-z plane turning by `angle` radians, rising sideways by
    `lift` metres.
    """
    s = np.linspace(0, 1, n)
    heading = start + angle * s**power
    step = length / (n - 1)
    x = np.concatenate([[0], np.cumsum(np.sin(heading[:-1]) * step)])
    z = np.concatenate([[0], np.cumsum(np.cos(heading[:-1]) * step)])
    return np.stack([x, lift * s * s, z], 1)


def frames(path: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tangents, normals and binormals transported along a path without twist."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    side = np.zeros_like(path)
    first = np.array([1.0, 0, 0]) if abs(tangent[0, 0]) < 0.8 else np.array([0, 1.0, 0])
    for i in range(len(path)):
        first = first - tangent[i] * (first @ tangent[i])
        first /= max(np.linalg.norm(first), 1e-12)
        side[i] = first
    return tangent, side, np.cross(tangent, side)


def tube(
    path: np.ndarray,
    radius: float | np.ndarray,
    sides: int = 64,
    section: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    twist: float = 0.0,
    caps: tuple[bool, bool] = (True, True),
    stretch: float = 0.06,
    closed: bool = False,
) -> Piece:
    """Surface swept along a path. radius: (n,) or (n,2) semi-axes; section(a, t) multiplies it;
    twist in radians.
    """
    n = len(path)
    radius = np.asarray(radius, float)
    radius = np.stack([radius, radius], 1) if radius.ndim == 1 else radius
    _, side, binormal = frames(path)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    t, a = np.meshgrid(
        length / max(length[-1], 1e-12), np.arange(sides) * 2 * np.pi / sides, indexing="ij"
    )
    turn = a + twist * t
    k = 1.0 if section is None else section(a, t)
    x, y = k * np.cos(a) * radius[:, :1], k * np.sin(a) * radius[:, 1:]
    c, s = np.cos(twist * t), np.sin(twist * t)
    x, y = x * c - y * s, x * s + y * c
    v = path[:, None] + x[..., None] * side[:, None] + y[..., None] * binormal[:, None]
    reference = radius.max()
    grain = np.stack(
        [
            np.cos(a) * reference,
            np.sin(a) * reference,
            np.broadcast_to(length[:, None] * stretch, a.shape),
        ],
        -1,
    )
    i = np.arange(n * sides).reshape(n, sides)
    rows = i if not closed else np.concatenate([i, i[:1]])
    q = np.stack(
        [rows[:-1], np.roll(rows, -1, 1)[:-1], np.roll(rows, -1, 1)[1:], rows[1:]], -1
    ).reshape(-1, 4)
    body = Piece(
        v.reshape(-1, 3),
        np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]]),
        None,
        grain.reshape(-1, 3),
        t.ravel(),
        turn.ravel(),
        np.stack([a / (2 * np.pi), t], -1).reshape(-1, 2),
    )
    parts = [body]
    for at, wanted in ((0, caps[0] and not closed), (n - 1, caps[1] and not closed)):
        if wanted:
            parts.append(disc(v[at], flip=at == 0, t=float(at > 0)))
    return join(parts) if len(parts) > 1 else body


def disc(rim: np.ndarray, rings: int = 8, flip: bool = False, t: float = 0.0) -> Piece:
    """Flat fill of a closed rim [k, 3] in rings; `a` holds the relative radius, 0 in the middle."""
    k = len(rim)
    centre = rim.mean(0)
    r = np.linspace(1, 0.02, rings)
    v = (centre + (rim - centre) * r[:, None, None]).reshape(-1, 3)
    i = np.arange(rings * k).reshape(rings, k)
    q = np.stack([i[:-1], np.roll(i, -1, 1)[:-1], np.roll(i, -1, 1)[1:], i[1:]], -1).reshape(-1, 4)
    f = np.concatenate(
        [
            q[:, [0, 1, 2]],
            q[:, [0, 2, 3]],
            np.stack([i[-1][:-2] * 0 + i[-1][0], i[-1][1:-1], i[-1][2:]], 1),
        ]
    )
    f = f[:, ::-1] if flip else f
    return Piece(v, f.copy(), None, None, np.full(len(v), t), np.repeat(r, k))


def sheet(
    point: Callable[[np.ndarray, np.ndarray], np.ndarray], nu: int, nv: int, both: float = 0.0
) -> Piece:
    """Grid u, v in 0..1 mapped by point(u, v) -> (...,3); both > 0 adds an underside that far below
    the normal.
    """
    u, v = np.meshgrid(np.linspace(0, 1, nu), np.linspace(0, 1, nv), indexing="ij")
    p = point(u, v).reshape(-1, 3)
    i = np.arange(nu * nv).reshape(nu, nv)
    q = np.stack([i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]], -1).reshape(-1, 4)
    f = np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])
    top = Piece(p, f, None, None, v.ravel(), u.ravel(), np.stack([u, v], -1).reshape(-1, 2))
    if both <= 0:
        return top
    below = Piece(
        p
        - normals(top)
        * both
        * (np.minimum(1, 6 * np.minimum.reduce([u, 1 - u, v, 1 - v])).ravel() * 0.9 + 0.1)[:, None],
        f[:, ::-1].copy(),
        None,
        None,
        top.t,
        top.a,
        top.uv,
    )
    return join([top, below])


def lathe(
    profile: ArrayLike,
    sides: int = 64,
    section: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Piece:
    """The surface of a profile [(radius, height)] turned about z; t runs along the profile."""
    profile = np.asarray(profile, float)
    n = len(profile)
    t, a = np.meshgrid(np.linspace(0, 1, n), np.arange(sides) * 2 * np.pi / sides, indexing="ij")
    k = 1.0 if section is None else section(a, t)
    r = profile[:, :1] * k
    v = np.stack(
        [r * np.cos(a), r * np.sin(a), np.broadcast_to(profile[:, 1:], a.shape)], -1
    ).reshape(-1, 3)
    i = np.arange(n * sides).reshape(n, sides)
    q = np.stack([i[:-1], np.roll(i, -1, 1)[:-1], np.roll(i, -1, 1)[1:], i[1:]], -1).reshape(-1, 4)
    return Piece(
        v,
        np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]]),
        None,
        None,
        t.ravel(),
        a.ravel(),
        np.stack([a / (2 * np.pi), t], -1).reshape(-1, 2),
    )


def ball(radius: float | Sequence[float], n: int = 24) -> Piece:
    """A sphere or ellipsoid (`radius` one number or three)."""
    z = np.linspace(-np.pi / 2, np.pi / 2, n)
    piece = lathe(np.stack([np.cos(z), np.sin(z)], 1), sides=n + 8)
    piece.v = piece.v * np.broadcast_to(radius, 3)
    piece.grain = piece.v.copy()
    return piece


def resample(points: ArrayLike, n: int) -> np.ndarray:
    """A smooth path [n, 3] through the given points (cubic spline)."""
    from scipy.interpolate import CubicSpline

    points = np.asarray(points, float)
    return CubicSpline(np.linspace(0, 1, len(points)), points)(np.linspace(0, 1, n))


def level_set(
    distance: Callable[..., np.ndarray], low: ArrayLike, high: ArrayLike, cells: int
) -> Piece:
    """The mesh of distance(x, y, z) = 0 in a box; `cells`: cells along its longest side."""
    from skimage.measure import marching_cubes

    low, high = np.asarray(low, float), np.asarray(high, float)
    step = (high - low).max() / cells
    axes = [np.arange(a, b + step, step, dtype=np.float32) for a, b in zip(low, high)]
    field = distance(*np.meshgrid(*axes, indexing="ij", sparse=True))
    v, f, _, _ = marching_cubes(field, 0.0, spacing=(step,) * 3)
    return Piece(v + low, f.astype(np.int64))


def ellipsoid(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, centre: Sequence[float], radii: Sequence[float]
) -> np.ndarray:
    """About the distance to an ellipsoid; exact on its surface, negative inside."""
    k = np.sqrt(
        ((x - centre[0]) / radii[0]) ** 2
        + ((y - centre[1]) / radii[1]) ** 2
        + ((z - centre[2]) / radii[2]) ** 2
    )
    return (k - 1) * min(radii)


def capsule(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    a: ArrayLike,
    b: ArrayLike,
    ra: float,
    rb: float,
    flat: float = 1.0,
) -> np.ndarray:
    """Distance to a capsule from `a` to `b`, radius `ra` to `rb`; `flat` > 1 thins it along y."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    d = b - a
    h = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1] + (z - a[2]) * d[2]) / (d @ d), 0, 1)
    return np.sqrt(
        (x - a[0] - h * d[0]) ** 2
        + ((y - a[1] - h * d[1]) * flat) ** 2
        + (z - a[2] - h * d[2]) ** 2
    ) - (ra + (rb - ra) * h)


def merge(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """The smooth union of two distances with rounding radius `k`."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def carve(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """The smooth difference of two distances, a minus b, with rounding radius `k`."""
    return -merge(-a, b, k)
