"""Curves, noise and distance fields in numpy alone.

Lengths in metres, angles in radians; z is up.
"""

import numpy as np
from numpy.typing import ArrayLike


def noise(
    points: np.ndarray, scale: float = 1.0, seed: int = 0, octaves: int = 3, gain: float = 0.5
) -> np.ndarray:
    """Smooth value noise, about -1..1, at N x 3 points; one feature is 1/`scale` of a metre."""
    points = np.asarray(points, float) * scale
    total, amplitude, norm = 0.0, 1.0, 0.0
    for octave in range(octaves):
        p = points * 2**octave + 17.3 * octave
        cell = np.floor(p).astype(np.int64)
        f = p - cell
        f = f * f * (3 - 2 * f)
        value = 0.0
        for corner in range(8):
            d = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
            q = cell + d
            h = (
                q[:, 0] * 374761393
                + q[:, 1] * 668265263
                + q[:, 2] * 2147483647
                + (seed + octave) * 1274126177
            ) & 0xFFFFFFFF
            h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
            h = ((h ^ (h >> 16)) & 0xFFFFFF) / 0x7FFFFF - 1.0
            value = value + h * np.prod(np.where(d, f, 1 - f), axis=1)
        total = total + amplitude * value
        norm += amplitude
        amplitude *= gain
    return total / norm


def spline(points: ArrayLike, count: int = 64) -> np.ndarray:
    """A smooth curve [count, 3] (Catmull-Rom) through a few points, about evenly spaced."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    fine = []
    for i in range(1, len(p) - 2):
        t = np.linspace(0, 1, 40, endpoint=False)[:, None]
        a, b, c, d = p[i - 1 : i + 3]
        fine.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    fine = np.vstack([*fine, p[-2:-1]])
    s = np.r_[0, np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))]
    at = np.linspace(0, s[-1], count)
    return np.stack([np.interp(at, s, fine[:, k]) for k in range(3)], axis=1)


def arc(
    length: float, bend: float | np.ndarray, twist: float = 0.0, count: int = 64, start: float = 0.0
) -> np.ndarray:
    """A curve [count, 3] of `length` that turns by `bend` over its way and leaves its plane by
    `twist`.

    Begins at the origin along +z (turned by `start`) and bends towards +x. `bend` may be an array
    of turning per step (`count` values that sum to the bend). Metres and radians.
    """
    turn = (
        np.broadcast_to(np.asarray(bend, float), (count,))
        if np.ndim(bend)
        else np.full(count, bend / count)
    )
    angle = start + np.cumsum(turn)
    lift = np.linspace(0, twist, count)
    step = (
        np.stack(
            [np.sin(angle) * np.cos(lift), np.sin(angle) * np.sin(lift), np.cos(angle)], axis=1
        )
        * length
        / (count - 1)
    )
    return np.vstack([np.zeros(3), np.cumsum(step[:-1], axis=0)])


def frames(curve: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tangents, normals and binormals along a curve [n, 3], turning as little as they can."""
    t = np.gradient(curve, axis=0)
    t /= np.linalg.norm(t, axis=1, keepdims=True) + 1e-12
    n = np.zeros_like(t)
    first = np.cross(t[0], [0, 1, 0] if abs(t[0][1]) < 0.9 else [1, 0, 0])
    n[0] = first / np.linalg.norm(first)
    for i in range(1, len(t)):
        v = n[i - 1] - t[i] * np.dot(n[i - 1], t[i])
        n[i] = v / (np.linalg.norm(v) + 1e-12)
    return t, n, np.cross(t, n)


def grid_faces(rows: int, columns: int, wrap: bool = True) -> np.ndarray:
    """Quads of a rows x columns lattice of vertices; `wrap` closes the columns."""
    r, c = np.meshgrid(
        np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij"
    )
    d = (c + 1) % columns
    return np.stack(
        [r * columns + c, r * columns + d, (r + 1) * columns + d, (r + 1) * columns + c], axis=-1
    ).reshape(-1, 4)


def union(*distances: np.ndarray, k: float = 0.0) -> np.ndarray:
    """Smooth union of distance arrays; `k` is the blend width in metres."""
    total = distances[0]
    for d in distances[1:]:
        if k > 0:
            h = np.clip(0.5 + 0.5 * (total - d) / k, 0, 1)
            total = total + (d - total) * h - k * h * (1 - h)
        else:
            total = np.minimum(total, d)
    return total


def capsule(
    p: np.ndarray, a: ArrayLike, b: ArrayLike, ra: float, rb: float | None = None
) -> np.ndarray:
    """Distance of points [n, 3] to a capsule from `a` to `b`, radius `ra` to `rb` (else `ra`)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    rb = ra if rb is None else rb
    t = np.clip(((p - a) @ (b - a)) / (np.dot(b - a, b - a) + 1e-12), 0, 1)
    return np.linalg.norm(p - a - t[:, None] * (b - a), axis=1) - (ra + (rb - ra) * t)


def ellipsoid(p: np.ndarray, centre: ArrayLike, radii: ArrayLike) -> np.ndarray:
    """About the distance of points [n, 3] to an ellipsoid; 0 on its surface, negative inside."""
    q = (p - np.asarray(centre)) / np.asarray(radii)
    k = np.linalg.norm(q, axis=1)
    return (k - 1) * np.min(radii)


def rotation_about_z(angle: float) -> np.ndarray:
    """The rotation [3, 3] by `angle` radians, counter-clockwise seen from above."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
