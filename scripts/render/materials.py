"""Procedural shaders: a thin layer over Blender's node trees. Lengths in metres, colours sRGB 0..1 or '#rrggbb'."""

import bpy
import numpy as np


def linear(colour):
    """SRGB (a hex string or three numbers 0..1) to linear RGBA, as shaders take it."""
    if isinstance(colour, str):
        colour = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    c = np.clip(np.asarray(colour[:3], float), 0, 1)
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return (*c.tolist(), 1.0)


def vary(rng, colour, hue=0.02, saturation=0.08, value=0.08):
    """A colour near `colour`: normal deviations in HSV. Returns sRGB."""
    import colorsys

    if isinstance(colour, str):
        colour = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    h, s, v = colorsys.rgb_to_hsv(*colour[:3])
    h = (h + rng.normal(0, hue)) % 1
    s = float(np.clip(s + rng.normal(0, saturation), 0, 1))
    v = float(np.clip(v + rng.normal(0, value), 0.01, 1))
    return colorsys.hsv_to_rgb(h, s, v)


def blend(a, b, t):
    """Between two sRGB colours (hex or triples)."""
    a, b = (
        np.array([int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        if isinstance(c, str)
        else np.array(c[:3])
        for c in (a, b)
    )
    return tuple((a + (b - a) * t).tolist())


class Graph:
    """A material under construction. Sockets go in and out; numbers and colours stand for themselves."""

    def __init__(self, name):
        self.material = bpy.data.materials.new(name)
        if not self.material.node_tree:
            self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.out = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def node(self, kind, inputs=None, **properties):
        node = self.tree.nodes.new(kind)
        for key, value in properties.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            self.put(node.inputs[key], value)
        return node

    def put(self, socket, value):
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, str):
            socket.default_value = linear(value)
        elif socket.type == "RGBA" and len(value) == 3:
            socket.default_value = linear(value)
        elif value is not None:
            socket.default_value = value

    # -- where --
    def coordinates(self, kind="Object", scale=(1, 1, 1), offset=(0, 0, 0), rotation=(0, 0, 0)):
        """`Object` (metres, the mesh's own axes), `Generated` (0..1 over the bounding box) or `UV`."""
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

    def attribute(self, name):
        """A float mesh attribute (see `shapes.attribute`)."""
        return self.node("ShaderNodeAttribute", attribute_name=name).outputs["Fac"]

    def separate(self, vector):
        return self.node("ShaderNodeSeparateXYZ", {"Vector": vector}).outputs

    def random(self):
        """A number 0..1 that differs by object, so copies in a heap differ."""
        return self.node("ShaderNodeObjectInfo").outputs["Random"]

    # -- patterns, all 0..1 --
    def noise(self, vector=None, scale=5.0, detail=3.0, roughness=0.5, distortion=0.0):
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

    def voronoi(self, vector=None, scale=5.0, feature="F1", output="Distance", randomness=1.0):
        vector = vector or self.coordinates()
        node = self.node(
            "ShaderNodeTexVoronoi",
            {"Vector": vector, "Scale": scale, "Randomness": randomness},
            feature=feature,
        )
        return node.outputs[output]

    def wave(
        self,
        vector=None,
        scale=5.0,
        distortion=0.0,
        detail=2.0,
        kind="BANDS",
        direction="X",
        detail_scale=1.0,
    ):
        """`kind` BANDS or RINGS; `direction` X, Y, Z or DIAGONAL/SPHERICAL."""
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
    def math(self, operation, a, b=0.0, clamp=False):
        node = self.node("ShaderNodeMath", operation=operation, use_clamp=clamp)
        self.put(node.inputs[0], a)
        self.put(node.inputs[1], b)
        return node.outputs[0]

    def ramp(self, factor, stops, interpolation="LINEAR"):
        """`stops`: [(position, colour)]; a number as colour is a grey."""
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

    def mix(self, factor, a, b, blend_type="MIX"):
        """Colours `a` to `b`; `blend_type` as Blender names it (MULTIPLY, OVERLAY, ADD, ...)."""
        node = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend_type)
        self.put(node.inputs[0], factor)
        self.put(node.inputs[6], a)
        self.put(node.inputs[7], b)
        return node.outputs[2]

    def layers(self, values):
        """Weighted sum of patterns: [(socket, weight)], for heights."""
        total = 0.0
        for socket, weight in values:
            total = self.math("ADD", total, self.math("MULTIPLY", socket, weight))
        return total

    def bump(self, height, distance=0.001, strength=1.0):
        """`distance`: how high a height of 1 stands, in metres."""
        return self.node(
            "ShaderNodeBump", {"Height": height, "Distance": distance, "Strength": strength}
        ).outputs["Normal"]

    # -- surface --
    def surface(
        self,
        base,
        roughness=0.5,
        normal=None,
        metallic=0.0,
        ior=1.5,
        coat=0.0,
        coat_roughness=0.1,
        subsurface=0.0,
        radius=(0.004, 0.002, 0.001),
        transmission=0.0,
        sheen=0.0,
        specular=0.5,
        alpha=None,
        emission=None,
        anisotropic=0.0,
    ):
        """Ends the graph with a principled shader and returns the material. `radius`: subsurface, metres."""
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


def plain(colour, roughness=0.5, **surface):
    """One colour, no pattern."""
    return Graph("plain").surface(colour, roughness, **surface)


def mottled(a, b, scale=40.0, roughness=0.5, bump=0.0, detail=4.0, **surface):
    """Two colours in clouds of 1/`scale` metres; `bump` in metres."""
    g = Graph("mottled")
    n = g.noise(scale=scale, detail=detail)
    normal = g.bump(n, bump) if bump else None
    return g.surface(g.ramp(n, [(0.3, a), (0.7, b)]), roughness, normal, **surface)


def glass(colour=(1, 1, 1), roughness=0.02, ior=1.45):
    return Graph("glass").surface(colour, roughness, transmission=1.0, ior=ior)


def metal(colour="#c8c8c8", roughness=0.25):
    g = Graph("metal")
    n = g.noise(scale=120, detail=4)
    return g.surface(
        colour, g.math("ADD", roughness * 0.7, g.math("MULTIPLY", n, roughness * 0.6)), metallic=1.0
    )
