"""Procedural shaders: a thin layer over Blender's node trees.

Lengths in metres, colours sRGB 0..1 or '#rrggbb'.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import bpy
import numpy as np

Colour: TypeAlias = str | Sequence[float]  # sRGB: '#rrggbb' or three numbers 0 to 1
Value: TypeAlias = (
    float | Colour | bpy.types.NodeSocket | None
)  # what an input takes; None leaves it


def linear(colour: Colour) -> tuple[float, ...]:
    """sRGB to linear RGBA, as shaders take it."""
    if isinstance(colour, str):
        colour = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    c = np.clip(np.asarray(colour[:3], float), 0, 1)
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return (*c.tolist(), 1.0)


def vary(
    rng: np.random.Generator,
    colour: Colour,
    hue: float = 0.02,
    saturation: float = 0.08,
    value: float = 0.08,
) -> tuple[float, float, float]:
    """A colour near `colour`, in sRGB: normal deviations of these sizes in HSV, each 0 to 1."""
    import colorsys

    if isinstance(colour, str):
        colour = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    h, s, v = colorsys.rgb_to_hsv(*colour[:3])
    h = (h + rng.normal(0, hue)) % 1
    s = float(np.clip(s + rng.normal(0, saturation), 0, 1))
    v = float(np.clip(v + rng.normal(0, value), 0.01, 1))
    return colorsys.hsv_to_rgb(h, s, v)


def blend(a: Colour, b: Colour, t: float) -> tuple[float, ...]:
    """The sRGB colour at the share `t` of the way from `a` to `b`."""
    a, b = (
        np.array([int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        if isinstance(c, str)
        else np.array(c[:3])
        for c in (a, b)
    )
    return tuple((a + (b - a) * t).tolist())


class Graph:
    """A material under construction.

    Sockets go in and out; numbers and colours stand for themselves.
    """

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        if not self.material.node_tree:
            self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.out = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def node(
        self, kind: str, inputs: dict[str, Value] | None = None, **properties: object
    ) -> bpy.types.ShaderNode:
        """A new node of a Blender type; `inputs` by their names, `properties` as its attributes."""
        node = self.tree.nodes.new(kind)
        for key, value in properties.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            self.set_input(node.inputs[key], value)
        return node

    def set_input(self, socket: bpy.types.NodeSocket, value: Value) -> None:
        """Link a socket to another, or set its value; colours are given in sRGB."""
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, str):
            socket.default_value = linear(value)
        elif socket.type == "RGBA" and len(value) == 3:
            socket.default_value = linear(value)
        elif value is not None:
            socket.default_value = value

    # -- where --
    def coordinates(
        self,
        kind: str = "Object",
        scale: float | Sequence[float] = (1, 1, 1),
        offset: Sequence[float] = (0, 0, 0),
        rotation: Sequence[float] = (0, 0, 0),
    ) -> bpy.types.NodeSocket:
        """`Object` (metres, the mesh's own axes), `Generated` (0 to 1 over the bounding box) or
        `UV`.

        Then scaled, moved and turned (Euler angles in radians).
        """
        source = self.node("ShaderNodeTexCoord").outputs[kind]
        if np.isscalar(scale):
            scale = (scale,) * 3
        if (
            tuple(scale) == (1, 1, 1)
            and tuple(offset) == (0, 0, 0)
            and tuple(rotation) == (0, 0, 0)
        ):
            return source
        return self.node(
            "ShaderNodeMapping",
            {"Vector": source, "Scale": scale, "Location": offset, "Rotation": rotation},
        ).outputs["Vector"]

    def attribute(self, name: str) -> bpy.types.NodeSocket:
        """A float mesh attribute (see `shapes.attribute`)."""
        return self.node("ShaderNodeAttribute", attribute_name=name).outputs["Fac"]

    def separate(self, vector: bpy.types.NodeSocket) -> Sequence[bpy.types.NodeSocket]:
        """The x, y and z of a vector."""
        return self.node("ShaderNodeSeparateXYZ", {"Vector": vector}).outputs

    def random(self) -> bpy.types.NodeSocket:
        """A number 0 to 1 that differs by object, so that copies in a heap differ."""
        return self.node("ShaderNodeObjectInfo").outputs["Random"]

    # -- patterns, all 0..1 --
    def noise(
        self,
        vector: bpy.types.NodeSocket | None = None,
        scale: float = 5.0,
        detail: float = 3.0,
        roughness: float = 0.5,
        distortion: float = 0.0,
    ) -> bpy.types.NodeSocket:
        """Clouds 0 to 1, `scale` of them to a metre."""
        vector = vector or self.coordinates()
        return self.node(
            "ShaderNodeTexNoise",
            {
                "Vector": vector,
                "Scale": scale,
                "Detail": detail,
                "Roughness": roughness,
                "Distortion": distortion,
            },
        ).outputs["Fac"]

    def voronoi(
        self,
        vector: bpy.types.NodeSocket | None = None,
        scale: float = 5.0,
        feature: str = "F1",
        output: str = "Distance",
        randomness: float = 1.0,
    ) -> bpy.types.NodeSocket:
        """Cells about random points, `scale` of them to a metre; `output` Distance (in cells) or
        Color.
        """
        vector = vector or self.coordinates()
        node = self.node(
            "ShaderNodeTexVoronoi",
            {"Vector": vector, "Scale": scale, "Randomness": randomness},
            feature=feature,
        )
        return node.outputs[output]

    def wave(
        self,
        vector: bpy.types.NodeSocket | None = None,
        scale: float = 5.0,
        distortion: float = 0.0,
        detail: float = 2.0,
        kind: str = "BANDS",
        direction: str = "X",
        detail_scale: float = 1.0,
    ) -> bpy.types.NodeSocket:
        """Waves 0 to 1; their length is 2 pi / (20 `scale`) metres.

        `kind` BANDS or RINGS; `direction` X, Y, Z or DIAGONAL/SPHERICAL.
        """
        vector = vector or self.coordinates()
        node = self.node(
            "ShaderNodeTexWave",
            {
                "Vector": vector,
                "Scale": scale,
                "Distortion": distortion,
                "Detail": detail,
                "Detail Scale": detail_scale,
            },
            wave_type=kind,
        )
        setattr(node, "bands_direction" if kind == "BANDS" else "rings_direction", direction)
        return node.outputs["Fac"]

    # -- arithmetic --
    def math(
        self, operation: str, a: Value, b: Value = 0.0, clamp: bool = False
    ) -> bpy.types.NodeSocket:
        """One of Blender's math operations (ADD, MULTIPLY, LESS_THAN, ...)."""
        node = self.node("ShaderNodeMath", operation=operation, use_clamp=clamp)
        self.set_input(node.inputs[0], a)
        self.set_input(node.inputs[1], b)
        return node.outputs[0]

    def ramp(
        self,
        factor: Value,
        stops: Sequence[tuple[float, Colour | float]],
        interpolation: str = "LINEAR",
    ) -> bpy.types.NodeSocket:
        """The colour at `factor` between `stops` (position 0 to 1, colour); a number as colour is a
        grey.
        """
        node = self.node("ShaderNodeValToRGB", {"Fac": factor})
        ramp = node.color_ramp
        ramp.interpolation = interpolation
        while len(ramp.elements) < len(stops):
            ramp.elements.new(0.5)
        for element, (position, colour) in zip(ramp.elements, sorted(stops, key=lambda s: s[0])):
            element.position = position
            element.color = (
                (colour, colour, colour, 1)
                if np.isscalar(colour) and not isinstance(colour, str)
                else linear(colour)
            )
        return node.outputs["Color"]

    def mix(
        self, factor: Value, a: Value, b: Value, blend_type: str = "MIX"
    ) -> bpy.types.NodeSocket:
        """Colours `a` to `b`; `blend_type` as Blender names it (MULTIPLY, OVERLAY, ADD, ...)."""
        node = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend_type)
        self.set_input(node.inputs[0], factor)
        self.set_input(node.inputs[6], a)
        self.set_input(node.inputs[7], b)
        return node.outputs[2]

    def layers(self, values: Sequence[tuple[Value, float]]) -> Value:
        """The weighted sum of patterns (socket, weight), for heights."""
        total = 0.0
        for socket, weight in values:
            total = self.math("ADD", total, self.math("MULTIPLY", socket, weight))
        return total

    def bump(
        self, height: Value, distance: float = 0.001, strength: float = 1.0
    ) -> bpy.types.NodeSocket:
        """A normal from heights; `distance`: how high a height of 1 stands, in metres."""
        return self.node(
            "ShaderNodeBump", {"Height": height, "Distance": distance, "Strength": strength}
        ).outputs["Normal"]

    # -- surface --
    def surface(
        self,
        base: Value,
        roughness: Value = 0.5,
        normal: bpy.types.NodeSocket | None = None,
        metallic: float = 0.0,
        ior: float = 1.5,
        coat: float = 0.0,
        coat_roughness: float = 0.1,
        subsurface: float = 0.0,
        radius: Sequence[float] = (0.004, 0.002, 0.001),
        transmission: float = 0.0,
        sheen: float = 0.0,
        specular: float = 0.5,
        alpha: bpy.types.NodeSocket | None = None,
        emission: Colour | None = None,
        anisotropic: float = 0.0,
    ) -> bpy.types.Material:
        """End the graph with a principled shader and return the material.

        `radius`: how far red, green and blue light travel below the surface, in metres; the others
        are Blender's, 0 to 1.
        """
        inputs = {
            "Base Color": base,
            "Roughness": roughness,
            "Metallic": metallic,
            "IOR": ior,
            "Coat Weight": coat,
            "Coat Roughness": coat_roughness,
            "Subsurface Weight": subsurface,
            "Subsurface Radius": radius,
            "Subsurface Scale": 1.0,
            "Transmission Weight": transmission,
            "Sheen Weight": sheen,
            "Specular IOR Level": specular,
            "Anisotropic": anisotropic,
        }
        if normal is not None:
            inputs["Normal"] = normal
        if alpha is not None:
            inputs["Alpha"] = alpha
        if emission is not None:
            inputs["Emission Color"] = emission
            inputs["Emission Strength"] = 1.0
        shader = self.node("ShaderNodeBsdfPrincipled", inputs)
        self.tree.links.new(shader.outputs[0], self.out.inputs[0])
        return self.material


def plain(colour: Colour, roughness: Value = 0.5, **surface: Any) -> bpy.types.Material:
    """One colour, no pattern."""
    return Graph("plain").surface(colour, roughness, **surface)


def mottled(
    a: Colour,
    b: Colour,
    scale: float = 40.0,
    roughness: Value = 0.5,
    bump: float = 0.0,
    detail: float = 4.0,
    **surface: Any,
) -> bpy.types.Material:
    """Two colours in clouds of 1/`scale` metres; `bump`: their height in metres."""
    g = Graph("mottled")
    n = g.noise(scale=scale, detail=detail)
    normal = g.bump(n, bump) if bump else None
    return g.surface(g.ramp(n, [(0.3, a), (0.7, b)]), roughness, normal, **surface)


def glass(
    colour: Colour = (1, 1, 1), roughness: Value = 0.02, ior: float = 1.45
) -> bpy.types.Material:
    """Clear glass; `ior`: its refractive index."""
    return Graph("glass").surface(colour, roughness, transmission=1.0, ior=ior)


def metal(colour: Colour = "#c8c8c8", roughness: float = 0.25) -> bpy.types.Material:
    """Metal, unevenly polished about `roughness`."""
    g = Graph("metal")
    n = g.noise(scale=120, detail=4)
    return g.surface(
        colour, g.math("ADD", roughness * 0.7, g.math("MULTIPLY", n, roughness * 0.6)), metallic=1.0
    )
