"""Meshes: numpy in, Blender objects out. Metres; z is up. Every function that takes `material` may get None."""

import bpy
import numpy as np
from mathutils import Matrix, Vector

# -- numbers --


def noise(points, scale=1.0, seed=0, octaves=3, gain=0.5):
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


def spline(points, count=64):
    """A smooth curve (Catmull-Rom) through a few points, `count` x 3, about evenly spaced."""
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


def arc(length, bend, twist=0.0, count=64, start=0.0):
    """A curve of `length` that turns by `bend` radians over its way, leaving its plane by `twist` radians.

    Begins at the origin along +z (turned by `start`) and bends towards +x. `bend` may be an array of turning
    per step (`count` values that sum to the bend).
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


def frames(curve):
    """Tangent, normal and binormal that twist as little as they can, each N x 3."""
    t = np.gradient(curve, axis=0)
    t /= np.linalg.norm(t, axis=1, keepdims=True) + 1e-12
    n = np.zeros_like(t)
    first = np.cross(t[0], [0, 1, 0] if abs(t[0][1]) < 0.9 else [1, 0, 0])
    n[0] = first / np.linalg.norm(first)
    for i in range(1, len(t)):
        v = n[i - 1] - t[i] * np.dot(n[i - 1], t[i])
        n[i] = v / (np.linalg.norm(v) + 1e-12)
    return t, n, np.cross(t, n)


# -- making objects --


def mesh(vertices, faces, material=None, smooth=True, uv=None, name="item"):
    """An object from arrays. `uv`: per vertex N x 2, or per corner (sum of face lengths) x 2."""
    data = bpy.data.meshes.new(name)
    vertices = np.asarray(vertices, float)
    data.from_pydata(vertices.tolist(), [], [tuple(int(i) for i in f) for f in faces])
    if uv is not None:
        layer = data.uv_layers.new(name="UVMap")
        uv = np.asarray(uv, np.float32)
        if len(uv) != len(data.loops):
            index = np.empty(len(data.loops), np.int32)
            data.loops.foreach_get("vertex_index", index)
            uv = uv[index]
        layer.data.foreach_set("uv", uv.ravel())
    data.polygons.foreach_set("use_smooth", np.full(len(data.polygons), bool(smooth)))
    if material:
        data.materials.append(material)
    data.update()
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def attribute(thing, name, values):
    """Stores one float per vertex, for `Graph.attribute`."""
    layer = thing.data.attributes.new(name=name, type="FLOAT", domain="POINT")
    layer.data.foreach_set("value", np.asarray(values, np.float32).ravel())


def vertices(thing):
    """N x 3 vertices in the object's own frame."""
    out = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertices.foreach_get("co", out)
    return out.reshape(-1, 3).astype(float)


def normals(thing):
    out = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertex_normals.foreach_get("vector", out)
    return out.reshape(-1, 3).astype(float)


def move_vertices(thing, points):
    thing.data.vertices.foreach_set("co", np.asarray(points, np.float32).ravel())
    thing.data.update()


def displace(thing, amount):
    """Moves every vertex along its normal by `amount` metres (one number per vertex)."""
    move_vertices(thing, vertices(thing) + normals(thing) * np.asarray(amount, float)[:, None])


def bake(thing, matrix):
    """Transforms the mesh itself."""
    thing.data.transform(matrix)
    thing.data.update()
    return thing


def place(thing, location=(0, 0, 0), rotation=(0, 0, 0), scale=1.0):
    """Scales, turns (Euler radians) and moves the mesh itself; returns the object."""
    from mathutils import Euler

    s = (scale,) * 3 if np.isscalar(scale) else scale
    return bake(thing, Matrix.LocRotScale(Vector(location), Euler(rotation), Vector(s)))


def sharpen(thing, degrees=35):
    """Keeps edges sharper than `degrees` hard while the rest is smooth."""
    import bmesh

    b = bmesh.new()
    b.from_mesh(thing.data)
    for e in b.edges:
        e.smooth = len(e.link_faces) == 2 and e.calc_face_angle(0) < np.radians(degrees)
    b.to_mesh(thing.data)
    b.free()
    return thing


def bevel(thing, width, segments=2):
    """Rounds all edges by a modifier (cheap for boxes and plates)."""
    m = thing.modifiers.new("bevel", "BEVEL")
    m.width, m.segments, m.limit_method = width, segments, "ANGLE"
    return apply_modifiers(thing)


def subdivide(thing, levels=1):
    """Catmull-Clark."""
    m = thing.modifiers.new("subdivision", "SUBSURF")
    m.levels = m.render_levels = levels
    return apply_modifiers(thing)


def apply_modifiers(thing):
    graph = bpy.context.evaluated_depsgraph_get()
    data = bpy.data.meshes.new_from_object(thing.evaluated_get(graph))
    old, thing.data = thing.data, data
    thing.modifiers.clear()
    bpy.data.meshes.remove(old)
    return thing


def join(things):
    """One object from several (materials kept)."""
    if len(things) == 1:
        return things[0]
    with bpy.context.temp_override(
        active_object=things[0],
        object=things[0],
        selected_objects=things,
        selected_editable_objects=things,
    ):
        bpy.ops.object.join()
    return things[0]


# -- bodies --


def grid_faces(rows, columns, wrap=True):
    """Quads of a rows x columns lattice of vertices; `wrap` closes the columns."""
    r, c = np.meshgrid(
        np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij"
    )
    d = (c + 1) % columns
    return np.stack(
        [r * columns + c, r * columns + d, (r + 1) * columns + d, (r + 1) * columns + c], axis=-1
    ).reshape(-1, 4)


def tube(curve, radii, segments=32, material=None, caps=(True, True), hollow=None, smooth=True):
    """A body swept along `curve` (N x 3). `radii`: a number, N, N x 2 (two half axes) or N x segments (any section).

    UV: u around 0..1, v along 0..1. `caps` closes the start and the end by flat discs with own vertices (second
    material slot stays free: cap faces come last). `hollow` = (wall share of the radius, depth share of the length)
    sinks a pulp cavity into the start.
    """
    curve = np.asarray(curve, float)
    n = len(curve)
    radii = np.asarray(radii, float)
    a = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    if radii.ndim == 0:
        radii = np.full(n, float(radii))
    if radii.ndim == 2 and radii.shape[1] == 2:
        x, y = radii[:, :1] * np.cos(a), radii[:, 1:] * np.sin(a)
    else:
        r = radii[:, None] if radii.ndim == 1 else radii
        x, y = r * np.cos(a), r * np.sin(a)
    _, normal, binormal = frames(curve)
    ring = curve[:, None] + x[..., None] * normal[:, None] + y[..., None] * binormal[:, None]
    points = ring.reshape(-1, 3)
    faces = [tuple(f) for f in grid_faces(n, segments)]
    u = np.tile(np.linspace(0, 1, segments, endpoint=False), n)
    v = np.repeat(np.linspace(0, 1, n), segments)
    uv = [np.stack([u, v], 1)[list(f)] for f in faces]
    for rows in uv:  # the seam
        if np.ptp(rows[:, 0]) > 0.5:
            rows[rows[:, 0] < 0.5, 0] += 1
    extra = []

    def disc(index, flip):
        base = len(points) + sum(len(e) for e in extra)
        middle = ring[index].mean(0)
        extra.append(np.vstack([ring[index], middle]))
        local = np.vstack([np.stack([np.cos(a), np.sin(a)], 1) * 0.5 + 0.5, [[0.5, 0.5]]])
        for k in range(segments):
            f = (k, (k + 1) % segments, segments)
            f = f[::-1] if flip else f
            faces.append(tuple(base + i for i in f))
            uv.append(local[list(f)])

    if hollow:
        wall, depth = hollow
        steps = max(4, int(depth * n))
        base = len(points)
        share = (1 - wall) * np.sqrt(np.clip(1 - np.linspace(0, 1, steps) ** 2, 1e-4, 1))
        inner = curve[:steps, None] + (ring[:steps] - curve[:steps, None]) * share[:, None, None]
        rim = np.vstack([ring[:1].reshape(-1, 3), inner[:1].reshape(-1, 3)])
        extra.append(rim)
        for k in range(segments):
            d = (k + 1) % segments
            faces.append((base + d, base + k, base + segments + k, base + segments + d))
            uv.append(np.full((4, 2), 0.5))
        base += len(rim)
        extra.append(inner.reshape(-1, 3))
        for f in grid_faces(steps, segments):
            faces.append(tuple(base + i for i in f[::-1]))
            uv.append(np.full((4, 2), 0.5))
    elif caps[0]:
        disc(0, True)
    if caps[1]:
        disc(n - 1, False)
    return mesh(np.vstack([points, *extra]), faces, material, smooth, np.vstack(uv))


def lathe(profile, segments=48, material=None, closed=False, smooth=True):
    """Turns a profile [(radius, height)] around z; `closed` joins its end to its start (rings, bowls with a wall)."""
    p = np.asarray(profile, float)
    if closed:
        p = np.vstack([p, p[:1]])
    a = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    points = np.stack(
        [p[:, :1] * np.cos(a), p[:, :1] * np.sin(a), np.broadcast_to(p[:, 1:], (len(p), segments))],
        -1,
    ).reshape(-1, 3)
    faces = grid_faces(len(p), segments)
    u = np.tile(a / (2 * np.pi), len(p))
    v = np.repeat(np.linspace(0, 1, len(p)), segments)
    return mesh(points, faces, material, smooth, np.stack([u, v], 1))


def sphere(
    radius=1.0, material=None, rings=24, segments=32, offset=None, octaves=3, scale=3.0, seed=0
):
    """A ball or ellipsoid (`radius` a number or three); `offset` adds noise of that relative height."""
    t = np.linspace(0.02, np.pi - 0.02, rings)
    a = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    p = np.stack(
        [
            np.sin(t)[:, None] * np.cos(a),
            np.sin(t)[:, None] * np.sin(a),
            np.broadcast_to(np.cos(t)[:, None], (rings, segments)),
        ],
        -1,
    ).reshape(-1, 3)
    if offset:
        p = p * (1 + offset * noise(p, scale, seed, octaves))[:, None]
    uv = np.stack([np.tile(a / (2 * np.pi), rings), np.repeat(t / np.pi, segments)], 1)
    faces = [tuple(f[::-1]) for f in grid_faces(rings, segments)]
    faces += [tuple(range(segments)), tuple(range((rings - 1) * segments, rings * segments))[::-1]]
    corner = np.vstack([uv[list(f)] for f in faces])
    return mesh(p * np.asarray(radius), faces, material, True, corner)


def box(size=(1, 1, 1), material=None, rounding=0.0, segments=2):
    x, y, z = np.asarray(size, float) / 2
    v = [
        (-x, -y, -z),
        (x, -y, -z),
        (x, y, -z),
        (-x, y, -z),
        (-x, -y, z),
        (x, -y, z),
        (x, y, z),
        (-x, y, z),
    ]
    f = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    uv = np.tile([(0, 0), (1, 0), (1, 1), (0, 1)], (6, 1))
    thing = mesh(v, f, material, rounding > 0, uv)
    return bevel(thing, rounding, segments) if rounding else thing


def plate(outline, thickness, material=None, rounding=0.0):
    """Extrudes a 2-D outline (N x 2, counter-clockwise) by `thickness`, optionally rounded at the edges."""
    o = np.asarray(outline, float)
    n = len(o)
    low, high = (np.column_stack([o, np.full(n, h)]) for h in (-thickness / 2, thickness / 2))
    faces = [tuple(range(n))[::-1], tuple(range(n, 2 * n))]
    faces += [(i, (i + 1) % n, n + (i + 1) % n, n + i) for i in range(n)]
    thing = mesh(np.vstack([low, high]), faces, material, rounding > 0)
    return bevel(thing, rounding) if rounding else thing


def torus(major, minor, material=None, segments=64, sides=20):
    """`minor`: a number or (radial, axial) half axes."""
    a, b = (minor, minor) if np.isscalar(minor) else minor
    t = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    return lathe(
        np.stack([major + a * np.cos(t), b * np.sin(t)], 1), segments, material, closed=True
    )


def sheet(width, depth, height=None, material=None, columns=60, rows=60):
    """A grid in the xy plane; `height(x, y)` gives z (arrays). UV 0..1."""
    x, y = np.meshgrid(
        np.linspace(-width / 2, width / 2, columns), np.linspace(-depth / 2, depth / 2, rows)
    )
    z = height(x.ravel(), y.ravel()) if height else np.zeros(x.size)
    uv = np.stack([x.ravel() / width + 0.5, y.ravel() / depth + 0.5], 1)
    return mesh(
        np.stack([x.ravel(), y.ravel(), z], 1),
        grid_faces(rows, columns, wrap=False),
        material,
        True,
        uv,
    )


def surface_of(distance, low, high, resolution=64, material=None):
    """Marching cubes of a signed distance (negative inside); `distance` takes N x 3 points. Metres.

    `resolution`: cells along the longest side. Combine bodies with `union` below.
    """
    from skimage.measure import marching_cubes

    low, high = np.asarray(low, float), np.asarray(high, float)
    cell = (high - low).max() / resolution
    counts = np.ceil((high - low) / cell).astype(int) + 1
    axes = [low[k] + cell * np.arange(counts[k]) for k in range(3)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    field = np.asarray(distance(points), float).reshape(counts)
    v, f, _, _ = marching_cubes(field, 0.0)
    return mesh(v * cell + low, f[:, ::-1], material)


def union(*distances, k=0.0):
    """Smooth union of distance arrays; `k` is the blend width in metres."""
    total = distances[0]
    for d in distances[1:]:
        if k > 0:
            h = np.clip(0.5 + 0.5 * (total - d) / k, 0, 1)
            total = total + (d - total) * h - k * h * (1 - h)
        else:
            total = np.minimum(total, d)
    return total


def capsule(p, a, b, ra, rb=None):
    """Distance to a capsule from `a` to `b`, radius `ra` to `rb`."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    rb = ra if rb is None else rb
    t = np.clip(((p - a) @ (b - a)) / (np.dot(b - a, b - a) + 1e-12), 0, 1)
    return np.linalg.norm(p - a - t[:, None] * (b - a), axis=1) - (ra + (rb - ra) * t)


def ellipsoid(p, centre, radii):
    q = (p - np.asarray(centre)) / np.asarray(radii)
    k = np.linalg.norm(q, axis=1)
    return (k - 1) * np.min(radii)


def ring_of(make, count, radius, turn=0.0, axis="z"):
    """`count` objects from `make(i)` placed on a circle in the xy plane, each turned to face along it."""
    things = []
    for i in range(count):
        angle = 2 * np.pi * i / count + turn
        things.append(
            place(make(i), (radius * np.cos(angle), radius * np.sin(angle), 0), (0, 0, angle))
        )
    return things
