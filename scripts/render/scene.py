"""One scene: items at rest on a ground, light, props and a phone's camera, all at random.

Metres.
"""

import bpy
import numpy as np

from render import grounds, props
from render.arrangement import arrange
from render.camera import add_camera, frame_coverage, visible_share
from render.item import Item
from render.lighting import add_lights
from render.subject import Builder, Subject


def clear() -> None:
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


class OutOfView(Exception):
    """No camera was found that sees enough of the things."""


LEAST_COVERED = 0.05  # of a picture of a hoard, by the things that it is of
LEAST_VISIBLE = 0.35  # of the things' points otherwise


def find_view(
    rng: np.random.Generator, items: list[Item], points: np.ndarray, inside: bool, seized: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Try cameras until one sees enough of the items; returns its eye and its target.

    Of a seller's picture the last of six is taken; of a hoard, none of twelve raises `OutOfView`.
    """
    for _ in range(12 if seized else 6):
        camera, eye, target = add_camera(rng, points, inside, seized)
        if seized:
            enough = frame_coverage(items, camera) > LEAST_COVERED
        else:
            enough = visible_share(rng, items, points, camera) > LEAST_VISIBLE
        if enough:
            return eye, target
    if seized:
        raise OutOfView
    return eye, target


def compose(
    rng: np.random.Generator,
    subject: Subject,
    others: list[Builder],
    seized: bool = False,
) -> None:
    """Build the whole scene for `subject`; `others`: builders of small things that may lie beside
    it.

    `seized`: in bulk, or close, and well in view, as things are photographed where they were found.
    """
    clear()
    items, holder = arrange(rng, subject, seized)
    points = np.vstack([item.world_points() for item in items])
    points[:, 2] = np.maximum(points[:, 2], 0)
    size = float(np.linalg.norm(np.ptp(points, axis=0))) / 2  # half of the diagonal, metres
    grounds.add_ground(rng, size)
    in_hand = rng.random() < 0.12 and len(items) == 1 and size < 0.35 and holder is None
    if not in_hand or props.hold_in_hand(rng, items[0]) is None:
        props.add_props(rng, size, points, others, Item)
    eye, target = find_view(rng, items, points, holder is not None, seized)
    grounds.add_backdrop(rng, size, eye, target)
    add_lights(rng, max(size, 0.02) * 1.6, (points.min(0) + points.max(0)) / 2, eye)
