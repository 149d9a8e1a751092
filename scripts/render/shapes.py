"""Meshes: numpy in, Blender objects out.

Metres; z is up. Every function that takes `material` may get None.
"""

from collections.abc import Callable, Sequence

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import ArrayLike

from render import geometry

# -- numbers --


# -- making objects --


def mesh(
    vertices: ArrayLike,
    faces: Sequence[Sequence[int]] | np.ndarray,
    material: bpy.types.Material | None = None,
    smooth: bool = True,
    uv: np.ndarray | None = None,
    name: str = "item",
) -> bpy.types.Object:
    """An object from vertices [n, 3] and faces.

    `uv`: one row per vertex [n, 2], or one per corner [sum of face lengths, 2].
    """
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


def attribute(thing: bpy.types.Object, name: str, values: np.ndarray) -> None:
    """Store one float per vertex [n], for `Graph.attribute`."""
    layer = thing.data.attributes.new(name=name, type="FLOAT", domain="POINT")
    layer.data.foreach_set("value", np.asarray(values, np.float32).ravel())


def vertices(thing: bpy.types.Object) -> np.ndarray:
    """The vertices [n, 3] in the object's own frame."""
    out = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertices.foreach_get("co", out)
    return out.reshape(-1, 3).astype(float)


def normals(thing: bpy.types.Object) -> np.ndarray:
    """The vertices' normals [n, 3], of unit length."""
    out = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertex_normals.foreach_get("vector", out)
    return out.reshape(-1, 3).astype(float)


def move_vertices(thing: bpy.types.Object, points: np.ndarray) -> None:
    """Put the vertices at `points` [n, 3]."""
    thing.data.vertices.foreach_set("co", np.asarray(points, np.float32).ravel())
    thing.data.update()


def displace(thing: bpy.types.Object, amount: np.ndarray) -> None:
    """Move every vertex along its normal by `amount` [n] metres."""
    move_vertices(thing, vertices(thing) + normals(thing) * np.asarray(amount, float)[:, None])


def bake(thing: bpy.types.Object, matrix: Matrix) -> bpy.types.Object:
    """Transform the mesh itself."""
    thing.data.transform(matrix)
    thing.data.update()
    return thing


def transform(
    thing: bpy.types.Object,
    location: ArrayLike = (0, 0, 0),
    rotation: ArrayLike = (0, 0, 0),
    scale: float | Sequence[float] = 1.0,
) -> bpy.types.Object:
    """Scale, turn (Euler angles in radians) and move the mesh itself; returns the object."""
    from mathutils import Euler

    s = (scale,) * 3 if np.isscalar(scale) else scale
    return bake(thing, Matrix.LocRotScale(Vector(location), Euler(rotation), Vector(s)))


def sharpen(thing: bpy.types.Object, degrees: float = 35) -> bpy.types.Object:
    """Keep edges sharper than `degrees` hard while the rest is smooth."""
    import bmesh

    b = bmesh.new()
    b.from_mesh(thing.data)
    for e in b.edges:
        e.smooth = len(e.link_faces) == 2 and e.calc_face_angle(0) < np.radians(degrees)
    b.to_mesh(thing.data)
    b.free()
    return thing


def bevel(thing: bpy.types.Object, width: float, segments: int = 2) -> bpy.types.Object:
    """Round all edges by `width` metres, by a modifier (cheap for boxes and plates)."""
    m = thing.modifiers.new("bevel", "BEVEL")
    m.width, m.segments, m.limit_method = width, segments, "ANGLE"
    return apply_modifiers(thing)


def subdivide(thing: bpy.types.Object, levels: int = 1) -> bpy.types.Object:
    """Catmull-Clark subdivision."""
    m = thing.modifiers.new("subdivision", "SUBSURF")
    m.levels = m.render_levels = levels
    return apply_modifiers(thing)


def apply_modifiers(thing: bpy.types.Object) -> bpy.types.Object:
    """Replace the mesh by what its modifiers make of it."""
    graph = bpy.context.evaluated_depsgraph_get()
    data = bpy.data.meshes.new_from_object(thing.evaluated_get(graph))
    old, thing.data = thing.data, data
    thing.modifiers.clear()
    bpy.data.meshes.remove(old)
    return thing


def join(things: list[bpy.types.Object]) -> bpy.types.Object:
    """One object from several; they keep their materials."""
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


def tube(
    curve: np.ndarray,
    radii: float | np.ndarray,
    segments: int = 32,
    material: bpy.types.Material | None = None,
    caps: tuple[bool, bool] = (True, True),
    hollow: tuple[float, float] | None = None,
    smooth: bool = True,
) -> bpy.types.Object:
    """A body swept along `curve` [n, 3].

    `radii`: a number, [n], [n, 2] (two half axes) or [n, segments] (any section), metres. `caps`
    closes the start and the end by flat discs with vertices of their own, whose faces come last.
    `hollow` = (wall as a share of the radius, depth as a share of the length) sinks a pulp cavity
    into the start. UV: u around, v along, 0 to 1.
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
    _, normal, binormal = geometry.frames(curve)
    ring = curve[:, None] + x[..., None] * normal[:, None] + y[..., None] * binormal[:, None]
    points = ring.reshape(-1, 3)
    faces = [tuple(f) for f in geometry.grid_faces(n, segments)]
    u = np.tile(np.linspace(0, 1, segments, endpoint=False), n)
    v = np.repeat(np.linspace(0, 1, n), segments)
    uv = [np.stack([u, v], 1)[list(f)] for f in faces]
    for rows in uv:  # the seam
        if np.ptp(rows[:, 0]) > 0.5:
            rows[rows[:, 0] < 0.5, 0] += 1
    extra = []

    def disc(index: int, flip: bool) -> None:
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
        for f in geometry.grid_faces(steps, segments):
            faces.append(tuple(base + i for i in f[::-1]))
            uv.append(np.full((4, 2), 0.5))
    elif caps[0]:
        disc(0, True)
    if caps[1]:
        disc(n - 1, False)
    return mesh(np.vstack([points, *extra]), faces, material, smooth, np.vstack(uv))


def lathe(
    profile: ArrayLike,
    segments: int = 48,
    material: bpy.types.Material | None = None,
    closed: bool = False,
    smooth: bool = True,
) -> bpy.types.Object:
    """Turn a profile [(radius, height)] around z; `closed` joins its end to its start (rings,
    bowls).
    """
    p = np.asarray(profile, float)
    if closed:
        p = np.vstack([p, p[:1]])
    a = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    points = np.stack(
        [p[:, :1] * np.cos(a), p[:, :1] * np.sin(a), np.broadcast_to(p[:, 1:], (len(p), segments))],
        -1,
    ).reshape(-1, 3)
    faces = geometry.grid_faces(len(p), segments)
    u = np.tile(a / (2 * np.pi), len(p))
    v = np.repeat(np.linspace(0, 1, len(p)), segments)
    return mesh(points, faces, material, smooth, np.stack([u, v], 1))


def sphere(
    radius: float | ArrayLike = 1.0,
    material: bpy.types.Material | None = None,
    rings: int = 24,
    segments: int = 32,
    offset: float | None = None,
    octaves: int = 3,
    scale: float = 3.0,
    seed: int = 0,
) -> bpy.types.Object:
    """A ball or ellipsoid (`radius` one number or three); `offset` adds noise of that relative
    height.
    """
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
        p = p * (1 + offset * geometry.noise(p, scale, seed, octaves))[:, None]
    uv = np.stack([np.tile(a / (2 * np.pi), rings), np.repeat(t / np.pi, segments)], 1)
    faces = [tuple(f[::-1]) for f in geometry.grid_faces(rings, segments)]
    faces += [tuple(range(segments)), tuple(range((rings - 1) * segments, rings * segments))[::-1]]
    corner = np.vstack([uv[list(f)] for f in faces])
    return mesh(p * np.asarray(radius), faces, material, True, corner)


def box(
    size: ArrayLike = (1, 1, 1),
    material: bpy.types.Material | None = None,
    rounding: float = 0.0,
    segments: int = 2,
) -> bpy.types.Object:
    """A box of `size` (x, y, z) about the origin, its edges rounded by `rounding`."""
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


def plate(
    outline: ArrayLike,
    thickness: float,
    material: bpy.types.Material | None = None,
    rounding: float = 0.0,
) -> bpy.types.Object:
    """A 2-D outline [n, 2], counter-clockwise, extruded by `thickness`; edges rounded by
    `rounding`.
    """
    o = np.asarray(outline, float)
    n = len(o)
    low, high = (np.column_stack([o, np.full(n, h)]) for h in (-thickness / 2, thickness / 2))
    faces = [tuple(range(n))[::-1], tuple(range(n, 2 * n))]
    faces += [(i, (i + 1) % n, n + (i + 1) % n, n + i) for i in range(n)]
    thing = mesh(np.vstack([low, high]), faces, material, rounding > 0)
    return bevel(thing, rounding) if rounding else thing


def torus(
    major: float,
    minor: float | tuple[float, float],
    material: bpy.types.Material | None = None,
    segments: int = 64,
    sides: int = 20,
) -> bpy.types.Object:
    """A ring about z; `minor`: its half thickness, or (radial, axial) half axes."""
    a, b = (minor, minor) if np.isscalar(minor) else minor
    t = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    return lathe(
        np.stack([major + a * np.cos(t), b * np.sin(t)], 1), segments, material, closed=True
    )


def sheet(
    width: float,
    depth: float,
    height: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    material: bpy.types.Material | None = None,
    columns: int = 60,
    rows: int = 60,
) -> bpy.types.Object:
    """A grid in the xy plane; `height(x, y)` gives z (arrays). UV 0 to 1."""
    x, y = np.meshgrid(
        np.linspace(-width / 2, width / 2, columns), np.linspace(-depth / 2, depth / 2, rows)
    )
    z = height(x.ravel(), y.ravel()) if height else np.zeros(x.size)
    uv = np.stack([x.ravel() / width + 0.5, y.ravel() / depth + 0.5], 1)
    return mesh(
        np.stack([x.ravel(), y.ravel(), z], 1),
        geometry.grid_faces(rows, columns, wrap=False),
        material,
        True,
        uv,
    )


def surface_of(
    distance: Callable[[np.ndarray], np.ndarray],
    low: ArrayLike,
    high: ArrayLike,
    resolution: int = 64,
    material: bpy.types.Material | None = None,
) -> bpy.types.Object:
    """Marching cubes of a signed distance, negative inside, of points [n, 3] in the box low to
    high.

    `resolution`: cells along the longest side. Bodies are combined by `geometry.union`.
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


def ring_of(
    make: Callable[[int], bpy.types.Object],
    count: int,
    radius: float,
    turn: float = 0.0,
    axis: str = "z",
) -> list[bpy.types.Object]:
    """`count` objects from `make(i)` placed on a circle in the xy plane, each turned to face along
    it.
    """
    things = []
    for i in range(count):
        angle = 2 * np.pi * i / count + turn
        things.append(
            transform(make(i), (radius * np.cos(angle), radius * np.sin(angle), 0), (0, 0, angle))
        )
    return things
