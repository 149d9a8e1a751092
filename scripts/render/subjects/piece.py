"""Triangle meshes as numpy arrays: tubes, sheets, level sets of distance fields, noise, and their way into Blender.

A Piece carries a colour per vertex (sRGB, as the eye names it) and a `grain` coordinate in metres in which the
material's noise is laid, so that the fibre of a horn follows the horn and not the axes of the room.
"""

from dataclasses import dataclass

import bpy
import numpy as np
from scipy.ndimage import map_coordinates


@dataclass
class Piece:
    """Vertices (n,3) in metres, triangles (m,3), sRGB colours (n,3), grain coordinates (n,3), t and a in the part."""

    v: np.ndarray
    f: np.ndarray
    c: np.ndarray = None
    grain: np.ndarray = None
    t: np.ndarray = None  # along the part, 0..1
    a: np.ndarray = None  # around the part, radians
    uv: np.ndarray = None

    def __post_init__(self):
        n = len(self.v)
        self.c = np.full((n, 3), 0.5) if self.c is None else self.c
        self.grain = self.v.copy() if self.grain is None else self.grain
        self.t = np.zeros(n) if self.t is None else self.t
        self.a = np.zeros(n) if self.a is None else self.a
        self.uv = np.zeros((n, 2)) if self.uv is None else self.uv


def normals(piece):
    """Area-weighted vertex normals."""
    p = piece.v[piece.f]
    face = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    out = np.zeros_like(piece.v)
    for k in range(3):
        for axis in range(3):
            out[:, axis] += np.bincount(piece.f[:, k], face[:, axis], len(piece.v))
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def displace(piece, amount):
    """Move every vertex along its normal by `amount` metres (scalar or one per vertex)."""
    piece.v = piece.v + normals(piece) * np.broadcast_to(amount, len(piece.v))[:, None]
    return piece


def join(pieces):
    """One piece from several."""
    start = np.cumsum([0] + [len(p.v) for p in pieces])
    stack = lambda name: np.concatenate([getattr(p, name) for p in pieces])  # noqa: E731
    return Piece(
        stack("v"),
        np.concatenate([p.f + s for p, s in zip(pieces, start)]),
        stack("c"),
        stack("grain"),
        stack("t"),
        stack("a"),
        stack("uv"),
    )


def moved(piece, rotation=None, shift=(0, 0, 0), scale=1.0):
    """A copy, scaled, turned and shifted; grain and colours stay with the material."""
    v = piece.v * scale
    v = v if rotation is None else v @ np.asarray(rotation).T
    return Piece(
        v + np.asarray(shift), piece.f, piece.c.copy(), piece.grain, piece.t, piece.a, piece.uv
    )


def rotation(axis, angle):
    """Rotation matrix about `axis` by `angle` radians."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def random_rotation(rng):
    """Uniform random rotation."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def fractal(p, seed, octaves=4, gain=0.5):
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


def mix(a, b, w):
    """Colours a to b by weight w (n,), clipped to 0..1."""
    w = np.clip(w, 0, 1)[:, None]
    return np.asarray(a) * (1 - w) + np.asarray(b) * w


def smoothstep(low, high, x):
    """0 below low, 1 above high, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bend(length, angle, n, lift=0.0, start=0.0, power=1.0):
    """Path (n,3) of a given length in the x-z plane turning by `angle` radians, rising sideways by `lift` metres."""
    s = np.linspace(0, 1, n)
    heading = start + angle * s**power
    step = length / (n - 1)
    x = np.concatenate([[0], np.cumsum(np.sin(heading[:-1]) * step)])
    z = np.concatenate([[0], np.cumsum(np.cos(heading[:-1]) * step)])
    return np.stack([x, lift * s * s, z], 1)


def frames(path):
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
    path, radius, sides=64, section=None, twist=0.0, caps=(True, True), stretch=0.06, closed=False
):
    """Surface swept along a path. radius: (n,) or (n,2) semi-axes; section(a, t) multiplies it; twist in radians."""
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


def disc(rim, rings=8, flip=False, t=0.0):
    """Flat fill of a closed rim (k,3) in rings; its `a` holds the relative radius, 0 at the centre."""
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


def sheet(point, nu, nv, both=0.0):
    """Grid u, v in 0..1 mapped by point(u, v) -> (...,3); both > 0 adds an underside that far below the normal."""
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


def lathe(profile, sides=64, section=None):
    """Surface turned about z from a profile of (radius, height) points; t runs along the profile."""
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


def ball(radius, n=24):
    """Sphere or ellipsoid (radius scalar or three)."""
    z = np.linspace(-np.pi / 2, np.pi / 2, n)
    piece = lathe(np.stack([np.cos(z), np.sin(z)], 1), sides=n + 8)
    piece.v = piece.v * np.broadcast_to(radius, 3)
    piece.grain = piece.v.copy()
    return piece


def resample(points, n):
    """Smooth path of n points through the given ones (Catmull-Rom by cubic spline)."""
    from scipy.interpolate import CubicSpline

    points = np.asarray(points, float)
    return CubicSpline(np.linspace(0, 1, len(points)), points)(np.linspace(0, 1, n))


def level_set(distance, low, high, cells):
    """Mesh of distance(p) = 0 in the box low..high with `cells` cells on its longest side."""
    from skimage.measure import marching_cubes

    low, high = np.asarray(low, float), np.asarray(high, float)
    step = (high - low).max() / cells
    axes = [np.arange(a, b + step, step, dtype=np.float32) for a, b in zip(low, high)]
    field = distance(*np.meshgrid(*axes, indexing="ij", sparse=True))
    v, f, _, _ = marching_cubes(field, 0.0, spacing=(step,) * 3)
    return Piece(v + low, f.astype(np.int64))


def ellipsoid(x, y, z, centre, radii):
    """Approximate distance to an ellipsoid."""
    k = np.sqrt(
        ((x - centre[0]) / radii[0]) ** 2
        + ((y - centre[1]) / radii[1]) ** 2
        + ((z - centre[2]) / radii[2]) ** 2
    )
    return (k - 1) * min(radii)


def capsule(x, y, z, a, b, ra, rb, flat=1.0):
    """Distance to a tapered capsule from a to b; flat > 1 thins it along y."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    d = b - a
    h = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1] + (z - a[2]) * d[2]) / (d @ d), 0, 1)
    return np.sqrt(
        (x - a[0] - h * d[0]) ** 2
        + ((y - a[1] - h * d[1]) * flat) ** 2
        + (z - a[2] - h * d[2]) ** 2
    ) - (ra + (rb - ra) * h)


def merge(a, b, k):
    """Smooth union with rounding radius k."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def carve(a, b, k):
    """Smooth difference a minus b."""
    return -merge(-a, b, k)


def linear(colour):
    """SRGB to linear light."""
    c = np.clip(np.asarray(colour, float), 0, 1)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def solid(piece, material, name="item"):
    """The Blender object of a piece, smooth shaded."""
    mesh = bpy.data.meshes.new(name)
    n, m = len(piece.v), len(piece.f)
    mesh.vertices.add(n)
    mesh.vertices.foreach_set("co", piece.v.astype(np.float32).ravel())
    mesh.loops.add(3 * m)
    mesh.loops.foreach_set("vertex_index", piece.f.astype(np.int32).ravel())
    mesh.polygons.add(m)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * m, 3, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(m, dtype=bool))
    colour = mesh.attributes.new("Col", "FLOAT_COLOR", "POINT")
    colour.data.foreach_set(
        "color", np.concatenate([linear(piece.c), np.ones((n, 1))], 1).astype(np.float32).ravel()
    )
    grain = mesh.attributes.new("grain", "FLOAT_VECTOR", "POINT")
    grain.data.foreach_set("vector", piece.grain.astype(np.float32).ravel())
    uv = mesh.uv_layers.new(name="UVMap")
    uv.data.foreach_set("uv", piece.uv[piece.f.ravel()].astype(np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(thing)
    return thing


def surface(
    roughness=0.5,
    bump=0.3,
    scale=400.0,
    mottle=0.25,
    subsurface=0.0,
    radius=(1.0, 0.4, 0.15),
    depth=0.004,
    coat=0.0,
    sheen=0.0,
    metallic=0.0,
    transmission=0.0,
    image=None,
    alpha=False,
    depth_of_bump=0.001,
):
    """Material on the colours of a piece: noise of `scale` cells per metre of grain mottles it and lifts it."""
    material = bpy.data.materials.new("surface")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes["Principled BSDF"]
    for key, value in (
        ("Roughness", roughness),
        ("Metallic", metallic),
        ("Subsurface Weight", subsurface),
        ("Subsurface Radius", radius),
        ("Subsurface Scale", depth),
        ("Coat Weight", coat),
        ("Coat Roughness", 0.15),
        ("Sheen Weight", sheen),
        ("Transmission Weight", transmission),
        ("IOR", 1.5),
    ):
        shader.inputs[key].default_value = value
    grain = nodes.new("ShaderNodeAttribute")
    grain.attribute_name = "grain"
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = 4
    noise.inputs["Roughness"].default_value = 0.65
    links.new(grain.outputs["Vector"], noise.inputs["Vector"])
    if image is None:
        colour = nodes.new("ShaderNodeAttribute")
        colour.attribute_name = "Col"
        base = colour.outputs["Color"]
    else:
        colour = nodes.new("ShaderNodeTexImage")
        colour.image = image
        base = colour.outputs["Color"]
        if alpha:
            links.new(colour.outputs["Alpha"], shader.inputs["Alpha"])
    span = nodes.new("ShaderNodeMapRange")
    span.inputs["From Min"].default_value, span.inputs["From Max"].default_value = 0.3, 0.7
    span.inputs["To Min"].default_value, span.inputs["To Max"].default_value = (
        1 - mottle,
        1 + mottle,
    )
    links.new(noise.outputs["Fac"], span.inputs["Value"])
    times = nodes.new("ShaderNodeVectorMath")
    times.operation = "MULTIPLY"
    links.new(base, times.inputs[0])
    links.new(span.outputs["Result"], times.inputs[1])
    links.new(times.outputs["Vector"], shader.inputs["Base Color"])
    if bump > 0:
        lift = nodes.new("ShaderNodeBump")
        lift.inputs["Strength"].default_value = bump
        lift.inputs["Distance"].default_value = depth_of_bump
        links.new(noise.outputs["Fac"], lift.inputs["Height"])
        links.new(lift.outputs["Normal"], shader.inputs["Normal"])
    return material


def picture(pixels):
    """Blender image from sRGB (h,w,3) or with alpha (h,w,4), row 0 at v = 0; held in memory, never a file."""
    h, w, k = pixels.shape
    rgba = np.ones((h, w, 4), np.float32)
    rgba[..., :k] = pixels
    image = bpy.data.images.new("picture", w, h, alpha=k == 4)
    image.pixels.foreach_set(np.clip(rgba, 0, 1).ravel())
    image.pack()
    return image
