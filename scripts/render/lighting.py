"""Windows, lamps, flashes and skies. Strengths are relative: the picture is metered later.

Lengths in metres, angles in radians, colours linear RGB about 1, light temperatures in kelvin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector

from render.geometry import rotation_about_z


@dataclass(frozen=True)
class Stage:
    """What is lit: a scene of `size` metres about `target`, seen from `eye`, with light from
    `side`.
    """

    rng: np.random.Generator
    size: float
    target: np.ndarray
    eye: np.ndarray
    side: np.ndarray

    def uniform(self, low: float, high: float) -> float:
        """A random number between two."""
        return self.rng.uniform(low, high)

    def watts(self, low: float, high: float) -> float:
        """A random power for a lamp at a distance that grows with the scene's size."""
        return self.size**2 * self.rng.uniform(low, high)


def add_lamp(
    kind: str,
    energy: float,
    location: Sequence[float] | np.ndarray,
    target: Sequence[float] | np.ndarray,
    colour: Sequence[float] | np.ndarray,
    size: float | tuple[float, float] | None = None,
) -> None:
    """A lamp that shines at `target`.

    `kind` AREA with `size` = width and height, POINT with its radius, or SUN with its angle;
    `energy` in watts, of a SUN in watts per square metre.
    """
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


def add_world(
    rng: np.random.Generator, strength: float, tint: Sequence[float] | np.ndarray, contrast: float
) -> None:
    """A soft room or sky with bright patches, so that glossy things have something to mirror.

    `contrast` 0..1: between its dark and its bright parts.
    """
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


def kelvin(t: float) -> np.ndarray:
    """Rough linear RGB of a black body from 2500 K (orange) to 9000 K (blue), green = 1."""
    t = (t - 6000) / 3500
    return np.array(
        [1 - 0.25 * t if t > 0 else 1 - 0.75 * t, 1.0, 1 + 0.35 * t if t > 0 else 1 + 0.85 * t]
    ).clip(0.12, 2.2)


def window(stage: Stage) -> None:
    """A bright window to one side of a dim room."""
    kind = stage.uniform(0.15, 0.6), kelvin(stage.uniform(4500, 7500))
    add_world(stage.rng, *kind, 0.7)
    w = stage.size * stage.uniform(0.8, 2.5)
    energy, colour = stage.watts(120, 260), kelvin(stage.uniform(5500, 8500))
    add_lamp("AREA", energy, stage.side, stage.target, colour, (w, w * stage.uniform(0.7, 2)))


def sun(stage: Stage) -> None:
    """Sun and sky."""
    sky = stage.uniform(0.4, 0.9), kelvin(stage.uniform(7500, 9500))
    add_world(stage.rng, *sky, 0.4)
    energy, colour = stage.uniform(4, 9), kelvin(stage.uniform(4500, 6000))
    angle = np.radians(stage.uniform(0.5, 3))
    add_lamp("SUN", energy, stage.side, stage.target, colour, angle)


def overcast(stage: Stage) -> None:
    """A grey sky."""
    add_world(stage.rng, 1.0, kelvin(stage.uniform(6000, 8500)), stage.uniform(0.1, 0.6))


def ceiling(stage: Stage) -> None:
    """One or two panels overhead."""
    warm = kelvin(stage.uniform(3200, 6500))
    add_world(stage.rng, stage.uniform(0.2, 0.5), warm, 0.6)
    size, target = stage.size, stage.target
    for _ in range(int(stage.rng.integers(1, 3))):
        away = stage.rng.normal(0, 1.2, 2) * size
        place = target + np.array([*away, size * stage.uniform(2.5, 4)])
        energy = stage.watts(100, 200)
        panel = (size * stage.uniform(0.2, 0.5), size * stage.uniform(0.5, 2))
        add_lamp("AREA", energy, place, target, warm, panel)


def desk_lamp(stage: Stage) -> None:
    """One warm bulb in the dark."""
    warm = kelvin(stage.uniform(2700, 4200))
    add_world(stage.rng, stage.uniform(0.03, 0.2), kelvin(stage.uniform(3500, 6000)), 0.8)
    place = stage.target + (stage.side - stage.target) * 0.7
    energy = stage.watts(150, 300)
    add_lamp("POINT", energy, place, stage.target, warm, stage.size * stage.uniform(0.05, 0.3))


def flash(stage: Stage) -> None:
    """A flash beside the lens."""
    add_world(stage.rng, stage.uniform(0.05, 0.3), kelvin(stage.uniform(3500, 5500)), 0.7)
    reach = np.linalg.norm(stage.eye - stage.target)
    energy = reach**2 * stage.uniform(60, 120)
    place = stage.eye + stage.rng.normal(0, 0.02, 3) * reach
    add_lamp("POINT", energy, place, stage.target, (1, 1, 1), reach * 0.01)


def coloured(stage: Stage) -> None:
    """Shop lights of any colour."""
    rng = stage.rng
    add_world(rng, stage.uniform(0.1, 0.4), rng.uniform(0.3, 1.2, 3), 0.7)
    energy, colour = stage.watts(100, 220), rng.uniform(0.2, 1.2, 3)
    add_lamp("AREA", energy, stage.side, stage.target, colour, (stage.size, stage.size))


def studio(stage: Stage) -> None:
    """Two softboxes left and right."""
    add_world(stage.rng, stage.uniform(0.3, 0.8), (1, 1, 1), 0.3)
    wide = stage.size * 1.5
    for turn in (0.8, -0.8):
        place = stage.target + rotation_about_z(turn) @ (stage.side - stage.target)
        add_lamp("AREA", stage.watts(60, 160), place, stage.target, (1, 1, 1), (wide, wide))


LIGHTS: list[tuple[Callable[[Stage], None], float]] = [
    (window, 0.24),
    (sun, 0.12),
    (overcast, 0.12),
    (ceiling, 0.18),
    (desk_lamp, 0.11),
    (flash, 0.12),
    (coloured, 0.04),
    (studio, 0.07),
]  # with how often each is drawn


def add_lights(rng: np.random.Generator, size: float, target: np.ndarray, eye: np.ndarray) -> None:
    """Light for a scene of `size` metres about `target`, seen from `eye`."""
    kind = rng.choice(len(LIGHTS), p=[share for _, share in LIGHTS])
    angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.5)
    side = np.array([np.cos(angle), np.sin(angle), height])
    side = side / np.linalg.norm(side) * size * 3 + target
    LIGHTS[kind][0](Stage(rng, size, target, eye, side))
