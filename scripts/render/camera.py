"""A phone's camera before the things, and what it sees of them. Metres and radians; z is up."""

from collections.abc import Callable
from functools import partial

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from render.item import Item

LONGER_SIDE = 288  # of the picture, pixels
RATIOS = [3 / 4, 4 / 3, 1.0, 9 / 16, 16 / 9, 2 / 3, 3 / 2]  # width to height
RATIO_ODDS = [0.28, 0.26, 0.22, 0.07, 0.05, 0.06, 0.06]


def set_picture_size(rng: np.random.Generator) -> float:
    """Set the picture's size in pixels; returns the ratio of width to height."""
    ratio = rng.choice(RATIOS, p=RATIO_ODDS)
    side = LONGER_SIDE
    width, height = (side, round(side / ratio)) if ratio >= 1 else (round(side * ratio), side)
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    return ratio


def camera_axes(
    rng: np.random.Generator, elevation: float, azimuth: float
) -> tuple[Vector, Vector, np.ndarray]:
    """The picture's axes, to the right and up, and the direction back from the things to the eye.

    Held nearly level; seen from above, a phone may be turned any way.
    """
    level, turn = np.cos(elevation), (np.cos(azimuth), np.sin(azimuth))
    back = np.array([level * turn[0], level * turn[1], np.sin(elevation)])
    up = Vector((0, 0, 1)) if elevation < 1.45 else Vector((-turn[0], -turn[1], 0))
    z = Vector(back)
    x = up.cross(z).normalized()
    y = z.cross(x)
    roll = rng.normal(0, 0.06)
    if elevation > 1.2 and rng.random() < 0.6:
        roll = roll + rng.choice([0, np.pi / 2, -np.pi / 2, np.pi, rng.uniform(-3, 3)])
    x, y = x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)
    return x, y, back


def focus(rng: np.random.Generator, data: bpy.types.Camera, distance: float) -> None:
    """Now and then a lens so wide open that what lies a few item sizes behind is blurred."""
    if rng.random() < 0.35:
        data.dof.use_dof = True
        data.dof.focus_distance = distance * rng.uniform(0.92, 1.05)
        aperture = distance * rng.uniform(0.004, 0.03)  # radius, metres
        data.dof.aperture_fstop = data.lens / 1000 / (aperture * 2)  # the lens in millimetres


def add_camera(
    rng: np.random.Generator, points: np.ndarray, inside: bool = False, close: bool = False
) -> tuple[bpy.types.Object, np.ndarray, np.ndarray]:
    """Frame `points` [n, 3] from a random side; returns the camera, its eye and its target.

    `inside`: looks into a container; `close`: the points often reach beyond the picture.
    """
    ratio = set_picture_size(rng)
    # Field of view along the longer side: a phone's main lens, or a longer one.
    fov = np.radians(rng.choice([rng.uniform(48, 68), rng.uniform(25, 45)], p=[0.7, 0.3]))
    heights = [rng.uniform(72, 89), rng.uniform(32, 72), rng.uniform(8, 32)]
    elevation = np.radians(rng.choice(heights, p=[0.3, 0.5, 0.2]))
    if inside:
        elevation = max(elevation, np.radians(rng.uniform(40, 65)))
    x, y, back = camera_axes(rng, elevation, rng.uniform(0, 2 * np.pi))

    middle = (points.min(0) + points.max(0)) / 2
    half_x = np.tan(fov / 2) * min(1, ratio)
    half_y = np.tan(fov / 2) * min(1, 1 / ratio)
    px, py, pz = ((points - middle) @ np.array(axis) for axis in (x, y, Vector(back)))
    shares = [rng.uniform(0.6, 0.95), rng.uniform(0.35, 0.6), rng.uniform(0.95, 1.7)]
    fill = rng.choice(shares, p=[0.62, 0.15, 0.23])  # of the picture, by the points
    if close:
        fill = rng.uniform(0.75, 2.2)
    reach = np.maximum(np.abs(px) / half_x, np.abs(py) / half_y) / fill + pz
    distance = max(float(np.percentile(reach, 99.5)), float(pz.max()) + 0.01)
    shift = rng.normal(0, 0.07 if fill < 0.95 else 0.2, 2) * distance * np.array([half_x, half_y])
    target = middle + np.array(x) * shift[0] + np.array(y) * shift[1]
    eye = target + back * distance
    eye[2] = max(eye[2], 0.01)

    data = bpy.data.cameras.new("phone")
    data.sensor_fit, data.angle = "AUTO", float(fov)
    data.clip_start, data.clip_end = 0.001, 500
    focus(rng, data, distance)
    camera = bpy.data.objects.new("camera", data)
    rows = [(*(axis[k] for axis in (x, y, Vector(back))), eye[k]) for k in range(3)]
    camera.matrix_world = Matrix((*rows, (0, 0, 0, 1)))
    scene = bpy.context.scene
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera, eye, target


def ray_caster(items: list[Item]) -> tuple[Callable, set[str]]:
    """Blender's `ray_cast(eye, direction, ...)` for this scene, and the names of the items'
    objects.
    """
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    names = {thing.name for item in items for thing in item.things}
    return partial(bpy.context.scene.ray_cast, graph), names


def visible_share(
    rng: np.random.Generator, items: list[Item], points: np.ndarray, camera: bpy.types.Object
) -> float:
    """The share of `points` [n, 3] in the picture with nothing but the items before them."""
    scene = bpy.context.scene
    cast, names = ray_caster(items)
    eye = camera.matrix_world.translation
    chosen = points[rng.integers(len(points), size=60)]
    seen = 0
    for point in chosen:
        x, y, z = world_to_camera_view(scene, camera, Vector(point))
        if 0 < x < 1 and 0 < y < 1 and z > 0:
            ray = Vector(point) - eye
            hit, at, _, _, first, _ = cast(eye, ray.normalized(), distance=ray.length + 0.01)
            seen += not hit or first.name in names or (at - Vector(point)).length < 0.003
    return seen / len(chosen)


def frame_coverage(items: list[Item], camera: bpy.types.Object, lattice: int = 24) -> float:
    """The share of the picture, asked at `lattice` x `lattice` places, in which items are seen."""
    cast, names = ray_caster(items)
    corners = camera.data.view_frame(scene=bpy.context.scene)
    top_right, bottom_right, bottom_left, _ = (np.array(corner) for corner in corners)
    eye, turn = camera.matrix_world.translation, np.array(camera.matrix_world.to_3x3())
    right, up = bottom_right - bottom_left, top_right - bottom_right
    seen = 0
    for across in (np.arange(lattice) + 0.5) / lattice:
        for above in (np.arange(lattice) + 0.5) / lattice:
            ray = turn @ (bottom_left + across * right + above * up)
            hit, _, _, _, first, _ = cast(eye, Vector(ray).normalized())
            seen += hit and first.name in names
    return seen / lattice**2
