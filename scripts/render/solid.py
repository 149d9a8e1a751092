"""Pieces as Blender objects, and the material that shows their colours."""

import bpy
import numpy as np
from numpy.typing import ArrayLike

from render.piece import Piece


def linear(colour: np.ndarray) -> np.ndarray:
    """sRGB 0 to 1 [n, 3] to linear light."""
    c = np.clip(np.asarray(colour, float), 0, 1)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def solid(piece: Piece, material: bpy.types.Material, name: str = "item") -> bpy.types.Object:
    """The Blender object of a piece, smooth shaded, its colours and grain as attributes."""
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
    roughness: float = 0.5,
    bump: float = 0.3,
    scale: float = 400.0,
    mottle: float = 0.25,
    subsurface: float = 0.0,
    radius: ArrayLike = (1.0, 0.4, 0.15),
    depth: float = 0.004,
    coat: float = 0.0,
    sheen: float = 0.0,
    metallic: float = 0.0,
    transmission: float = 0.0,
    image: bpy.types.Image | None = None,
    alpha: bool = False,
    depth_of_bump: float = 0.001,
) -> bpy.types.Material:
    """A material on the colours of a piece, or on an `image` over its UV.

    Noise of `scale` cells per metre of grain mottles it by the share `mottle` and lifts it by
    `depth_of_bump` metres with the strength `bump` 0 to 1. Light travels `depth` metres times
    `radius` (red, green, blue) below the surface; the others are Blender's weights, 0 to 1.
    """
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


def picture(pixels: np.ndarray) -> bpy.types.Image:
    """A Blender image from sRGB 0 to 1 [height, width, 3], or 4 with alpha, row 0 at v = 0.

    Held in memory, never a file.
    """
    h, w, k = pixels.shape
    rgba = np.ones((h, w, 4), np.float32)
    rgba[..., :k] = pixels
    image = bpy.data.images.new("picture", w, h, alpha=k == 4)
    image.pixels.foreach_set(np.clip(rgba, 0, 1).ravel())
    image.pack()
    return image
