"""One scene: items at rest on a ground, light, props and a phone camera before them. Everything at random."""

from functools import partial

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from render import grounds, props, shapes


def clear():
    """An empty file, with the render settings that do not change."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "16"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", 8, 0
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold, cycles.adaptive_min_samples = 0.12, 4
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_prefilter, cycles.denoising_quality = "FAST", "FAST"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 5, 2, 2
    cycles.transmission_bounces, cycles.transparent_max_bounces, cycles.volume_bounces = 4, 8, 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    return scene


def between(thing, corners, count=3000):
    """Points all over the faces of a mesh, evenly by area."""
    thing.data.calc_loop_triangles()
    tri = np.empty(len(thing.data.loop_triangles) * 3, np.int32)
    thing.data.loop_triangles.foreach_get("vertices", tri)
    a, b, c = (corners[tri[k::3]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    if area.sum() <= 0:
        return corners[:0]
    rng = np.random.default_rng(0)
    pick = rng.choice(len(a), count, p=area / area.sum())
    u, w = rng.random((2, count, 1))
    u, w = np.where(u + w > 1, 1 - u, u), np.where(u + w > 1, 1 - w, w)
    return a[pick] + u * (b[pick] - a[pick]) + w * (c[pick] - a[pick])


class Item:
    """The objects of one thing, moved together. `points`: its vertices as built."""

    def __init__(self, things):
        self.things = things
        bpy.context.view_layer.update()
        clouds = []
        for t in things:
            v = shapes.vertices(t)
            m = np.array(t.matrix_world)
            v = v @ m[:3, :3].T + m[:3, 3]
            clouds.append(v)
            if len(v) < 4000:  # few large faces: points between their corners
                clouds.append(between(t, v))
        cloud = np.vstack(clouds)
        if len(cloud) > 20000:
            cloud = cloud[:: len(cloud) // 20000 + 1]
        self.middle = (cloud.min(0) + cloud.max(0)) / 2
        self.points = cloud - self.middle
        self.radius = float(np.linalg.norm(self.points, axis=1).max())
        self.rotation, self.location = np.eye(3), np.zeros(3)

    def copy(self):
        """Shares the meshes."""
        twin = object.__new__(Item)
        twin.__dict__.update(self.__dict__)
        twin.things = []
        for t in self.things:
            c = t.copy()
            bpy.context.scene.collection.objects.link(c)
            twin.things.append(c)
        return twin

    def settle(self):
        """Moves the objects where `rotation` and `location` say."""
        m = (
            Matrix.Translation(Vector(self.location))
            @ Matrix(self.rotation.tolist()).to_4x4()
            @ Matrix.Translation(Vector(-self.middle))
        )
        for t in self.things:
            t.matrix_world = m @ t.matrix_world

    def placed(self):
        return self.points @ self.rotation.T + self.location


def spin(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def tilt(rng, amount):
    """A rotation by a random small angle about a random level axis."""
    a = rng.uniform(0, 2 * np.pi)
    return np.array(
        Matrix.Rotation(float(rng.normal(0, amount)), 3, Vector((np.cos(a), np.sin(a), 0)))
    )


def resting(rng, points, subject):
    """A stable pose: a face of the convex hull goes down, low centres of mass likelier. Rotation matrix."""
    from scipy.spatial import ConvexHull

    if subject.upright or (not subject.lying and rng.random() < 0.6):
        return np.eye(3)
    cloud = points[:: max(1, len(points) // 1500)]
    try:
        hull = ConvexHull(cloud)
    except Exception:
        return np.eye(3)
    tri = cloud[hull.simplices]
    area = np.linalg.norm(np.cross(tri[:, 1] - tri[:, 0], tri[:, 2] - tri[:, 0]), axis=1) / 2
    height = -hull.equations[:, 3] - hull.equations[:, :3] @ cloud.mean(0)
    low = height.min()
    weight = area * np.exp(-(height - low) / (0.12 * low + 0.04 * np.abs(height).max() + 1e-9))
    n = hull.equations[rng.choice(len(weight), p=weight / weight.sum()), :3]
    return np.array(Vector(n).rotation_difference(Vector((0, 0, -1))).to_matrix())


class Heights:
    """How high things stand, on a square lattice: items are dropped onto it."""

    def __init__(self, half, cells=128):
        self.half, self.cells = half, cells
        self.z = np.zeros((cells, cells))

    def index(self, points):
        i = ((points[:, :2] / self.half * 0.5 + 0.5) * self.cells).astype(int)
        return np.clip(i, 0, self.cells - 1)

    def lowest(self, item, places):
        """The place of a few at which the item comes to lie lowest."""
        p = item.points[:: max(1, len(item.points) // 2000)] @ item.rotation.T
        rises = []
        for x, y in places:
            i = self.index(p + [x, y, 0])
            rises.append((self.z[i[:, 0], i[:, 1]] - p[:, 2]).max())
        return places[int(np.argmin(rises))]

    def drop(self, item, x, y):
        """Lets `item` (rotation set) down at x, y until it touches."""
        p = item.points @ item.rotation.T + [x, y, 0]
        i = self.index(p)
        flat = i[:, 0] * self.cells + i[:, 1]
        bottom = np.full(self.cells**2, np.inf)
        top = np.full(self.cells**2, -np.inf)
        np.minimum.at(bottom, flat, p[:, 2])
        np.maximum.at(top, flat, p[:, 2])
        hit = np.isfinite(bottom)
        z = self.z.ravel()
        rise = float((z[hit] - bottom[hit]).max())
        z[hit] = np.maximum(z[hit], top[hit] + rise)
        item.location = np.array([x, y, rise])


MOST = 100  # things in a hoard


def number(rng, subject):
    """How many lie together."""
    low, high = subject.heap
    count = (
        1
        if high <= 1
        else int(np.clip(round(np.exp(rng.uniform(np.log(max(low, 1)), np.log(high)))), low, high))
    )
    if low <= 1 and high > 1 and rng.random() < 0.35:
        count = 1
    return count


def number_seized(rng, subject):
    """How many lie together where a hoard was found: some things alone, but close; heaps, skins and the like, a few."""
    high = subject.heap[1]
    if rng.random() < (0.5 if high <= 1 else 0.33):
        return 1
    if high <= 1:
        return int(rng.integers(2, 6))
    return int(np.exp(rng.uniform(np.log(6), np.log(min(MOST, 12 * high)))))


def arrange(rng, subject, build, seized, deny=()):
    """Builds and lays the items. Returns (items, what holds them)."""
    count = (number_seized if seized else number)(rng, subject)
    high = subject.heap[1]
    distinct = min(count, 5 if high <= 40 else 4)
    bases = [Item(build(rng)) for _ in range(distinct)]
    items = bases + [bases[int(rng.integers(distinct))].copy() for _ in range(count - distinct)]
    radius = float(np.mean([b.radius for b in bases]))

    if count == 1:
        way = "one"
    elif seized and subject.upright:  # skins and heaps: side by side, or one partly over the other
        way = rng.choice(["row", "grid", "loose"], p=[0.3, 0.2, 0.5])
    elif seized and count > 8:
        way = rng.choice(["grid", "heap", "loose", "stack"], p=[0.2, 0.35, 0.2, 0.25])
    elif count <= 8:
        way = rng.choice(["row", "loose", "heap"], p=[0.3, 0.5, 0.2])
    else:
        way = rng.choice(["grid", "heap", "loose"], p=[0.15, 0.65, 0.2])
    spread = (
        radius
        * {
            "one": 0.01,
            "row": 1,
            "grid": 1,
            "loose": 0.85 * np.sqrt(count),
            "heap": 0.45 * np.sqrt(count),
            "stack": 0.35 * np.sqrt(count),
        }[way]
    )
    holder = None
    heights = Heights(max(spread * 2.2, radius * 1.3 * np.sqrt(count)) + radius * 1.5)
    if (
        "holder" not in deny
        and rng.random() < (0.25 if way in ("heap", "one") else 0.08)
        and radius < 0.4
    ):
        inner = max(radius * 1.05, spread * 1.1)
        holder = Item(props.container(rng, inner, radius))
        heights = Heights(holder.radius * 1.3)
        heights.drop(holder, 0, 0)
        spread = min(spread, inner * 0.45)

    yaw = rng.uniform(0, 2 * np.pi)
    same = None
    columns = int(np.ceil(np.sqrt(count * rng.uniform(0.6, 1.8)))) if way == "grid" else count
    step = None
    along = np.array([np.cos(yaw), np.sin(yaw)])
    for k, item in enumerate(items):
        if way in ("row", "grid"):
            if same is None:
                same = resting(rng, item.points, subject)
            pose = (
                same
                if item.points.shape == items[0].points.shape
                else resting(rng, item.points, subject)
            )
            item.rotation = spin(yaw + rng.normal(0, 0.08)) @ pose
            if step is None:
                extent = np.ptp(item.points @ item.rotation.T, axis=0)
                step = (
                    extent[:2] * rng.uniform(1.08, 1.5)
                    if way == "grid"
                    else np.array([extent[0], extent[1]]) * rng.uniform(1.05, 1.4)
                )
                if way == "row" and extent[1] < extent[0]:
                    columns = 1
            rows = -(-count // columns)
            at = (
                np.array([k % columns, k // columns]) - [(columns - 1) / 2, (rows - 1) / 2]
            ) * step + rng.normal(0, 0.03, 2) * step
        elif way == "stack":  # all one way, as timber
            pose = resting(rng, item.points, subject)
            long = np.argmax(np.ptp((item.points @ pose.T)[:, :2], axis=0)) * np.pi / 2
            item.rotation = spin(yaw - long + np.pi * rng.integers(2) + rng.normal(0, 0.1)) @ pose
            across = rng.uniform(-1, 1, (3, 1)) * spread * np.array([[-along[1], along[0]]])
            at = heights.lowest(item, across + rng.normal(0, 0.2, (3, 1)) * radius * along)
        else:
            item.rotation = spin(rng.uniform(0, 2 * np.pi)) @ resting(rng, item.points, subject)
            if way == "heap" and k > 3 and not subject.upright:
                item.rotation = tilt(rng, 0.35) @ item.rotation
            at = heights.lowest(
                item, rng.normal(0, 1, (3, 2)) * spread * (0.55 if way == "heap" else 0.6)
            )
            if way == "loose":  # the emptiest of a few places
                tries = rng.normal(0, 1, (8, 2)) * spread * 0.6
                taken = (
                    np.array([i.location[:2] for i in items[:k]]) if k else np.zeros((0, 2)) + 1e9
                )
                if len(taken):
                    at = tries[
                        np.argmax([np.min(np.linalg.norm(taken - t, axis=1)) for t in tries])
                    ]
            if holder is not None:
                at = at * min(1.0, 1.2 * spread / (np.linalg.norm(at) + 1e-9))
        heights_half = heights.half
        at = np.clip(at, -heights_half * 0.95, heights_half * 0.95)
        heights.drop(item, float(at[0]), float(at[1]))
    for item in items + ([holder] if holder else []):
        item.settle()
    return items, holder, heights


def camera(rng, points, inside=False, close=False):
    """A phone's camera that frames `points`; `close`, they often reach beyond the picture. Returns (object, position, target)."""
    scene = bpy.context.scene
    ratio = rng.choice(
        [3 / 4, 4 / 3, 1.0, 9 / 16, 16 / 9, 2 / 3, 3 / 2],
        p=[0.28, 0.26, 0.22, 0.07, 0.05, 0.06, 0.06],
    )
    side = 288
    width, height = (side, round(side / ratio)) if ratio >= 1 else (round(side * ratio), side)
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = (
        width,
        height,
        100,
    )
    fov = np.radians(
        rng.choice([rng.uniform(48, 68), rng.uniform(25, 45)], p=[0.7, 0.3])
    )  # along the longer side
    elevation = np.radians(
        rng.choice(
            [rng.uniform(72, 89), rng.uniform(32, 72), rng.uniform(8, 32)], p=[0.3, 0.5, 0.2]
        )
    )
    if inside:  # into the container
        elevation = max(elevation, np.radians(rng.uniform(40, 65)))
    azimuth = rng.uniform(0, 2 * np.pi)
    back = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    middle = (points.min(0) + points.max(0)) / 2
    up = Vector((0, 0, 1)) if elevation < 1.45 else Vector((-np.cos(azimuth), -np.sin(azimuth), 0))
    z = Vector(back)
    x = up.cross(z).normalized()
    y = z.cross(x)
    roll = rng.normal(0, 0.06) + (
        rng.choice([0, np.pi / 2, -np.pi / 2, np.pi, rng.uniform(-3, 3)])
        if elevation > 1.2 and rng.random() < 0.6
        else 0
    )
    x, y = x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)
    half_x = np.tan(fov / 2) * min(1, ratio)
    half_y = np.tan(fov / 2) * min(1, 1 / ratio)
    q = points - middle
    px, py, pz = (q @ np.array(a) for a in (x, y, z))
    fill = rng.choice(
        [rng.uniform(0.6, 0.95), rng.uniform(0.35, 0.6), rng.uniform(0.95, 1.7)],
        p=[0.62, 0.15, 0.23],
    )
    if close:
        fill = rng.uniform(0.75, 2.2)
    distance = float(
        np.percentile(np.maximum(np.abs(px) / half_x, np.abs(py) / half_y) / fill + pz, 99.5)
    )
    distance = max(distance, float(pz.max()) + 0.01)
    shift = rng.normal(0, 0.07 if fill < 0.95 else 0.2, 2) * distance * np.array([half_x, half_y])
    target = middle + np.array(x) * shift[0] + np.array(y) * shift[1]
    position = target + back * distance
    position[2] = max(position[2], 0.01)
    data = bpy.data.cameras.new("phone")
    data.sensor_fit, data.angle = "AUTO", float(fov)
    data.clip_start, data.clip_end = 0.001, 500
    if rng.random() < 0.35:
        data.dof.use_dof = True
        data.dof.focus_distance = distance * rng.uniform(0.92, 1.05)
        data.dof.aperture_fstop = 4.0
        data.lens = data.lens
        # an aperture wide enough to blur what lies a few item sizes behind
        aperture = distance * rng.uniform(0.004, 0.03)
        data.dof.aperture_fstop = data.lens / 1000 / (aperture * 2)
    thing = bpy.data.objects.new("camera", data)
    thing.matrix_world = Matrix(
        (
            (x[0], y[0], z[0], position[0]),
            (x[1], y[1], z[1], position[1]),
            (x[2], y[2], z[2], position[2]),
            (0, 0, 0, 1),
        )
    )
    scene.collection.objects.link(thing)
    scene.camera = thing
    return thing, position, target


def sight(items):
    """What a ray meets first, `cast(eye, direction, ...)` as Blender's own, and the names of the items' objects."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    return partial(bpy.context.scene.ray_cast, graph), {
        t.name for item in items for t in item.things
    }


def shown(rng, items, points, thing):
    """The share of `points` that lie in the picture with nothing but the items before them."""
    scene = bpy.context.scene
    cast, own = sight(items)
    eye = thing.matrix_world.translation
    chosen = points[rng.integers(len(points), size=60)]
    seen = 0
    for point in chosen:
        x, y, z = world_to_camera_view(scene, thing, Vector(point))
        if 0 < x < 1 and 0 < y < 1 and z > 0:
            way = Vector(point) - eye
            hit, place, _, _, first, _ = cast(eye, way.normalized(), distance=way.length + 0.01)
            seen += not hit or first.name in own or (place - Vector(point)).length < 0.003
    return seen / len(chosen)


def covered(items, thing, lattice=24):
    """The share of the picture in which the items are seen."""
    cast, own = sight(items)
    top_right, bottom_right, bottom_left, _ = (
        np.array(corner) for corner in thing.data.view_frame(scene=bpy.context.scene)
    )
    eye, turn = thing.matrix_world.translation, np.array(thing.matrix_world.to_3x3())
    seen = 0
    for across in (np.arange(lattice) + 0.5) / lattice:
        for up in (np.arange(lattice) + 0.5) / lattice:
            way = turn @ (
                bottom_left
                + across * (bottom_right - bottom_left)
                + up * (top_right - bottom_right)
            )
            hit, _, _, _, first, _ = cast(eye, Vector(way).normalized())
            seen += hit and first.name in own
    return seen / lattice**2


def lamp(kind, energy, location, target, colour, size=None):
    data = bpy.data.lights.new("light", kind)
    data.energy, data.color = energy, tuple(colour)
    if kind == "AREA":
        data.shape, data.size, data.size_y = "RECTANGLE", size[0], size[1]
    elif size is not None:
        if kind == "SUN":
            data.angle = size
        else:
            data.shadow_soft_size = size
    thing = bpy.data.objects.new("light", data)
    thing.location = Vector(location)
    thing.rotation_euler = (Vector(location) - Vector(target)).to_track_quat("Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(thing)


def surroundings(rng, strength, tint, contrast):
    """The world: a soft room or sky with bright patches, so that glossy things have something to mirror."""
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    if not world.node_tree:
        world.use_nodes = True
    tree = world.node_tree
    tree.nodes.clear()
    out = tree.nodes.new("ShaderNodeOutputWorld")
    background = tree.nodes.new("ShaderNodeBackground")
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Location"].default_value = tuple(rng.uniform(-9, 9, 3))
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = rng.uniform(0.8, 2.5)
    noise.inputs["Detail"].default_value = 1.5
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    dark, bright = 1 - contrast, 1 + 2.2 * contrast
    a, b = ramp.color_ramp.elements
    a.position, b.position = 0.42, 0.6
    a.color = (*(np.array(tint) * dark / 3.2), 1)
    b.color = (*(np.array(tint) * bright / 3.2), 1)
    background.inputs["Strength"].default_value = 3.2 * strength
    link = tree.links.new
    link(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    link(mapping.outputs["Vector"], noise.inputs["Vector"])
    link(noise.outputs["Fac"], ramp.inputs["Fac"])
    link(ramp.outputs["Color"], background.inputs["Color"])
    link(background.outputs[0], out.inputs[0])
    world.cycles.sampling_method = "NONE"


def kelvin(t):
    """Rough linear RGB of a black body from 2500 K (orange) to 9000 K (blue), green = 1."""
    t = (t - 6000) / 3500
    return np.array(
        [1 - 0.25 * t if t > 0 else 1 - 0.75 * t, 1.0, 1 + 0.35 * t if t > 0 else 1 + 0.85 * t]
    ).clip(0.12, 2.2)


def lights(rng, size, target, eye):
    """Light for a scene of `size` metres about `target`. Strengths are relative: the picture is metered later."""
    kind = rng.choice(
        ["window", "sun", "overcast", "ceiling", "lamp", "flash", "coloured", "studio"],
        p=[0.24, 0.12, 0.12, 0.18, 0.11, 0.12, 0.04, 0.07],
    )
    s2 = size**2
    angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.5)
    side = np.array([np.cos(angle), np.sin(angle), height])
    side = side / np.linalg.norm(side) * size * 3 + target
    if kind == "window":
        surroundings(rng, rng.uniform(0.15, 0.6), kelvin(rng.uniform(4500, 7500)), 0.7)
        w = size * rng.uniform(0.8, 2.5)
        lamp(
            "AREA",
            s2 * rng.uniform(120, 260),
            side,
            target,
            kelvin(rng.uniform(5500, 8500)),
            (w, w * rng.uniform(0.7, 2)),
        )
    elif kind == "sun":
        surroundings(rng, rng.uniform(0.4, 0.9), kelvin(rng.uniform(7500, 9500)), 0.4)
        lamp(
            "SUN",
            rng.uniform(4, 9),
            side,
            target,
            kelvin(rng.uniform(4500, 6000)),
            np.radians(rng.uniform(0.5, 3)),
        )
    elif kind == "overcast":
        surroundings(rng, 1.0, kelvin(rng.uniform(6000, 8500)), rng.uniform(0.1, 0.6))
    elif kind == "ceiling":
        warm = kelvin(rng.uniform(3200, 6500))
        surroundings(rng, rng.uniform(0.2, 0.5), warm, 0.6)
        for _ in range(int(rng.integers(1, 3))):
            p = target + np.array([*rng.normal(0, 1.2, 2) * size, size * rng.uniform(2.5, 4)])
            lamp(
                "AREA",
                s2 * rng.uniform(100, 200),
                p,
                target,
                warm,
                (size * rng.uniform(0.2, 0.5), size * rng.uniform(0.5, 2)),
            )
    elif kind == "lamp":
        warm = kelvin(rng.uniform(2700, 4200))
        surroundings(rng, rng.uniform(0.03, 0.2), kelvin(rng.uniform(3500, 6000)), 0.8)
        lamp(
            "POINT",
            s2 * rng.uniform(150, 300),
            target + (side - target) * 0.7,
            target,
            warm,
            size * rng.uniform(0.05, 0.3),
        )
    elif kind == "flash":
        surroundings(rng, rng.uniform(0.05, 0.3), kelvin(rng.uniform(3500, 5500)), 0.7)
        reach = np.linalg.norm(eye - target)
        lamp(
            "POINT",
            reach**2 * rng.uniform(60, 120),
            eye + rng.normal(0, 0.02, 3) * reach,
            target,
            (1, 1, 1),
            reach * 0.01,
        )
    elif kind == "coloured":
        surroundings(rng, rng.uniform(0.1, 0.4), rng.uniform(0.3, 1.2, 3), 0.7)
        lamp(
            "AREA", s2 * rng.uniform(100, 220), side, target, rng.uniform(0.2, 1.2, 3), (size, size)
        )
    else:
        surroundings(rng, rng.uniform(0.3, 0.8), (1, 1, 1), 0.3)
        for turn in (0.8, -0.8):
            p = target + spin(turn) @ (side - target)
            lamp("AREA", s2 * rng.uniform(60, 160), p, target, (1, 1, 1), (size * 1.5, size * 1.5))


class OutOfView(Exception):
    """No camera was found that sees enough of the things."""


LEAST_COVERED = 0.05  # of a picture, by the things that it is of


def compose(rng, subject, others, seized=False):
    """Builds the whole scene for `subject`; `others`: builders of small things that may lie beside it.

    `seized`: in bulk, or close, and well in view, as things are photographed where they were found.
    """
    clear()
    items, holder, heights = arrange(rng, subject, subject.build, seized)
    points = np.vstack([i.placed() for i in items])
    points[:, 2] = np.maximum(points[:, 2], 0)
    size = float(np.linalg.norm(np.ptp(points, axis=0))) / 2
    grounds.lay(rng, size)
    if rng.random() < 0.12 and len(items) == 1 and size < 0.35 and holder is None:
        held = props.hold(rng, items[0])
    else:
        held = None
    if held is None:
        props.beside(rng, size, points, heights, others, Item)
    for _ in range(12 if seized else 6):
        thing, eye, target = camera(rng, points, holder is not None, seized)
        if (
            covered(items, thing) > LEAST_COVERED
            if seized
            else shown(rng, items, points, thing) > 0.35
        ):
            break
    else:
        if seized:
            raise OutOfView
    grounds.backdrop(rng, size, eye, target)
    lights(rng, max(size, 0.02) * 1.6, (points.min(0) + points.max(0)) / 2, eye)
