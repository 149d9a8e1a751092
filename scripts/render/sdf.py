"""Shapes as signed distances.

A shape is a function from points, an array (3, N) of scene units (one unit is about the size of the
thing), to distances (N,): negative inside. y is up; the ground is y = 0.
"""

import numpy as np


def length(*components):
    return np.sqrt(sum(c * c for c in components))


def column(vector):
    return np.asarray(vector, np.float32)[:, None]


# --- solids ---------------------------------------------------------------------------------------


def sphere(centre, radius):
    c = column(centre)
    return lambda p: length(*(p - c)) - radius


def spheres(centres, radii):
    """Many balls, such as beads."""

    def distance(p):
        out = np.full(p.shape[1], 1e3, np.float32)
        for c, r in zip(centres, np.broadcast_to(radii, len(centres))):
            np.minimum(out, length(p[0] - c[0], p[1] - c[1], p[2] - c[2]) - r, out=out)
        return out

    return distance


def ellipsoid(centre, radii):
    """First-order bound: exact on the surface, close nearby."""
    c, r = column(centre), column(radii)

    def distance(p):
        q = p - c
        k0, k1 = length(*(q / r)), length(*(q / (r * r)))
        return k0 * (k0 - 1) / np.maximum(k1, 1e-6)

    return distance


def box(centre, half, rounding=0.0):
    c, h = column(centre), column(half) - rounding

    def distance(p):
        q = np.abs(p - c) - h
        return length(*np.maximum(q, 0)) + np.minimum(q.max(axis=0), 0) - rounding

    return distance


def cylinder(centre, radius, half_height, rounding=0.0):
    """Upright."""

    def distance(p):
        a = length(p[0] - centre[0], p[2] - centre[2]) - radius + rounding
        b = np.abs(p[1] - centre[1]) - half_height + rounding
        return np.minimum(np.maximum(a, b), 0) + length(np.maximum(a, 0), np.maximum(b, 0)) - rounding

    return distance


def torus(centre, radius, tube, height=None):
    """Lying flat. The section is an ellipse of half axes `tube` and `height`."""
    squash = 1.0 if height is None else height / tube

    def distance(p):
        a = length(p[0] - centre[0], p[2] - centre[2]) - radius
        return (length(a, (p[1] - centre[1]) / squash) - tube) * min(1.0, squash)

    return distance


def tube(points, radii):
    """A bent, tapering rod through `points`, of the given radius at each."""
    points = np.asarray(points, np.float32)
    radii = np.broadcast_to(np.asarray(radii, np.float32), len(points))

    def distance(p):
        out = np.full(p.shape[1], 1e3, np.float32)
        for a, b, ra, rb in zip(points, points[1:], radii, radii[1:]):
            ab = b - a
            q = p - a[:, None]
            t = np.clip((q[0] * ab[0] + q[1] * ab[1] + q[2] * ab[2]) / (ab @ ab), 0, 1)
            d = length(*(q - ab[:, None] * t)) - (ra + (rb - ra) * t)
            np.minimum(out, d, out=out)
        return out

    return distance


# --- shapes from an outline -----------------------------------------------------------------------


def curve(points, per_span=10, closed=False):
    """A smooth line (Catmull-Rom) through 2-D or 3-D points."""
    pts = np.asarray(points, np.float64)
    n = len(pts)
    at = (lambda i: pts[i % n]) if closed else (lambda i: pts[min(max(i, 0), n - 1)])
    out = []
    for i in range(n if closed else n - 1):
        a, b, c, d = at(i - 1), at(i), at(i + 1), at(i + 2)
        for t in np.arange(per_span) / per_span:
            out.append(
                0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                       + (3 * b - a - 3 * c + d) * t**3)
            )
    if not closed:
        out.append(pts[-1])
    return np.array(out)


class Outline:
    """Distance to a line in the plane, from a table so that a smooth line costs no more than a rough one.

    A closed outline is negative inside; an open one is never negative.
    """

    def __init__(self, points, closed, cells=384, margin=0.5):
        pts = np.asarray(points, np.float64)
        self.low = pts.min(axis=0) - margin
        self.cell = float((pts.max(axis=0) + margin - self.low).max()) / (cells - 1)
        axis = np.arange(cells) * self.cell
        u, v = np.meshgrid(axis + self.low[0], axis + self.low[1], indexing="ij")
        nearest = np.full(u.shape, 1e6)
        inside = np.zeros(u.shape, bool)
        ends = np.roll(pts, -1, axis=0) if closed else pts[1:]
        for a, b in zip(pts, ends):
            ab = b - a
            if ab @ ab == 0:
                continue
            t = np.clip(((u - a[0]) * ab[0] + (v - a[1]) * ab[1]) / (ab @ ab), 0, 1)
            np.minimum(nearest, np.hypot(u - a[0] - ab[0] * t, v - a[1] - ab[1] * t), out=nearest)
            if closed and a[1] != b[1]:
                crosses = (a[1] > v) != (b[1] > v)
                inside ^= crosses & (u < ab[0] * (v - a[1]) / ab[1] + a[0])
        self.table = np.where(inside, -nearest, nearest).astype(np.float32)

    def __call__(self, u, v):
        top = self.table.shape[0] - 1.001
        x, y = (u - self.low[0]) / self.cell, (v - self.low[1]) / self.cell
        cx, cy = np.clip(x, 0, top), np.clip(y, 0, top)
        i, j = cx.astype(np.int32), cy.astype(np.int32)
        fx, fy = (cx - i).astype(np.float32), (cy - j).astype(np.float32)
        t = self.table
        d = (t[i, j] * (1 - fx) + t[i + 1, j] * fx) * (1 - fy) + (t[i, j + 1] * (1 - fx) + t[i + 1, j + 1] * fx) * fy
        return d + length(x - cx, y - cy).astype(np.float32) * self.cell


def lathe(profile, thickness=None):
    """Turns (radius, height) points round the y axis: solid, or a shell of that half thickness."""
    profile = np.asarray(profile, np.float64)
    if thickness is None:
        outline = Outline(np.vstack([profile, profile[::-1] * [-1, 1]]), closed=True)
        return lambda p: outline(length(p[0], p[2]), p[1])
    outline = Outline(profile, closed=False)
    return lambda p: outline(length(p[0], p[2]), p[1]) - thickness


def extrude(points, half, rounding=0.0):
    """A closed outline in (x, z), `half` thick to each side of y = 0."""
    outline = Outline(points, closed=True)

    def distance(p):
        a, b = outline(p[0], p[2]) + rounding, np.abs(p[1]) - half + rounding
        return np.minimum(np.maximum(a, b), 0) + length(np.maximum(a, 0), np.maximum(b, 0)) - rounding

    return distance


# --- putting together -----------------------------------------------------------------------------


def union(*shapes):
    return lambda p: np.minimum.reduce([s(p) for s in shapes])


def blend(k, *shapes):
    """A union whose seams are rounded over a width of about `k`."""

    def distance(p):
        out = shapes[0](p)
        for s in shapes[1:]:
            d = s(p)
            h = np.maximum(k - np.abs(out - d), 0) / k
            out = np.minimum(out, d) - h * h * k * 0.25
        return out

    return distance


def cut(shape, *tools, k=0.02):
    """`shape` less the tools, with edges rounded over `k`."""

    def distance(p):
        out = shape(p)
        for tool in tools:
            d = -tool(p)
            h = np.maximum(k - np.abs(out - d), 0) / k
            out = np.maximum(out, d) + h * h * k * 0.25
        return out

    return distance


def both(a, b):
    return lambda p: np.maximum(a(p), b(p))


def move(offset, shape):
    o = column(offset)
    return lambda p: shape(p - o)


def turn(axis, degrees):
    """The rotation matrix about 'x', 'y' or 'z'."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    m = np.eye(3)
    m[i, i] = m[j, j] = c
    m[i, j], m[j, i] = -s, s
    return m.astype(np.float32)


def apply(m, p):
    """A 3 by 3 matrix on points, without BLAS, whose sums depend on the machine."""
    return np.stack([m[i, 0] * p[0] + m[i, 1] * p[1] + m[i, 2] * p[2] for i in range(3)])


def rotate(axis, degrees, shape):
    m = turn(axis, degrees).T
    return lambda p: shape(apply(m, p))


def displace(shape, height):
    return lambda p: shape(p) - height(p)
