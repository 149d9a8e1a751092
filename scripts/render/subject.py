"""What a picture is of: one kind of object, how it is built and how it lies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import bpy

Builder: TypeAlias = "Callable[[np.random.Generator], list[bpy.types.Object]]"
Substance: TypeAlias = "Callable[[np.random.Generator, bool], bpy.types.Material]"  # carved or not
Shape: TypeAlias = "Callable[[np.random.Generator, Substance], list[bpy.types.Object]]"


@dataclass(frozen=True)
class Subject:
    """`build(rng)` returns the Blender objects of ONE item in metres, near the origin.

    The scene finds a resting pose by itself. `heap`: the range of how many may lie together;
    `lying` false: the item may also stand as it was built (z up); `upright`: it never lies
    otherwise (heaps, spread cloths). `weight`: how often it is drawn, relative within the label.
    """

    name: str
    label: str
    weight: float
    build: "Builder"
    heap: tuple[int, int] = (1, 1)
    lying: bool = True
    upright: bool = False
