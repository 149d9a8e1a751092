"""What a picture is of: one kind of object, how it is built and how it lies."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """`build(rng)` returns the Blender objects of ONE item in metres, near the origin, with materials.

    The scene finds a resting pose by itself. `heap` is the range of how many may lie together; `lying` false
    means that the item may also stand as it was built (z up); `upright` that it never lies otherwise (heaps, spread cloths). `weight` is relative within the label.
    """

    name: str
    label: str
    weight: float
    build: Callable
    heap: tuple[int, int] = (1, 1)
    lying: bool = True
    upright: bool = False
