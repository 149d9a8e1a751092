"""Carved figures as blended bodies: persons, a laughing Buddha, animals. One is about 1 high."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from render.geometry import capsule, ellipsoid, union

Body = Callable[[np.ndarray], np.ndarray]  # points [n, 3] -> distances [n]
Point = tuple[float, float, float]
BLEND = 0.05  # width over which bodies run into each other


@dataclass(frozen=True)
class Figure:
    """Bodies, and the box from `low` to `high` that holds them; z is up."""

    bodies: list[Body]
    low: Point
    high: Point

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Of points [n, 3] to the blended bodies, negative inside."""
        d = self.bodies[0](points)
        for body in self.bodies[1:]:
            d = union(d, body(points), k=BLEND)
        return d


def ball(centre: Point, radii: Point) -> Body:
    """An ellipsoid."""
    return partial(ellipsoid, centre=centre, radii=radii)


def limb(a: Point, b: Point, ra: float, rb: float | None = None) -> Body:
    """A capsule from `a` to `b`, radius `ra` to `rb`."""
    return partial(capsule, a=a, b=b, ra=ra, rb=rb)


def seated(rng: np.random.Generator, belly: float = 1.0) -> Figure:
    """Cross-legged, hands in the lap; `belly`: its width."""
    bodies = [
        ball((0, 0, 0.14), (0.42, 0.3, 0.14)),
        ball((0, -0.02 * belly, 0.42), (0.22 * belly, 0.17 * belly, 0.3)),
        ball((0, -0.01, 0.83), (0.12, 0.13, 0.16)),
        ball((0, 0.01, 0.98), (0.06, 0.06, 0.05)),
        limb((-0.22, 0, 0.62), (-0.3, -0.05, 0.34), 0.075, 0.06),
        limb((0.22, 0, 0.62), (0.3, -0.05, 0.34), 0.075, 0.06),
        limb((-0.3, -0.05, 0.34), (-0.03, -0.25, 0.27), 0.06, 0.05),
        limb((0.3, -0.05, 0.34), (0.03, -0.25, 0.27), 0.06, 0.05),
    ]
    return Figure(bodies, (-0.5, -0.4, -0.02), (0.5, 0.4, 1.08))


def standing(rng: np.random.Generator) -> Figure:
    """A robed person who leans a little."""
    lean = rng.normal(0, 0.05)
    bodies = [
        limb((0, 0, 0.08), (lean, 0, 0.62), 0.2, 0.13),
        ball((lean, -0.01, 0.86), (0.075, 0.085, 0.1)),
        ball((lean, 0.02, 0.95), (0.055, 0.06, 0.06)),
        limb((lean - 0.14, 0, 0.68), (-0.2, -0.08, 0.42), 0.055, 0.05),
        limb((lean + 0.14, 0, 0.68), (0.15, -0.14, 0.5), 0.055, 0.045),
        ball((0, 0, 0.03), (0.24, 0.2, 0.06)),
        limb((0.12, -0.05, 0.45), (0.24, -0.06, 0.05), 0.05, 0.08),
    ]
    return Figure(bodies, (-0.35, -0.32, -0.02), (0.38, 0.32, 1.06))


def animal(rng: np.random.Generator) -> Figure:
    """Four legs, a snout, ears and a tail; the head turned to a side."""
    head = rng.normal(0, 0.1)
    bodies = [
        ball((0, 0, 0.4), (0.45, 0.22, 0.22)),
        ball((0.48, head, 0.6), (0.18, 0.15, 0.16)),
        limb((0.3, 0, 0.45), (0.45, head, 0.6), 0.16),
        limb((0.6, head, 0.56), (0.74, head * 1.4, 0.5), 0.09, 0.07),
        limb((0.42, head + 0.11, 0.72), (0.4, head + 0.15, 0.82), 0.04, 0.02),
        limb((0.42, head - 0.11, 0.72), (0.4, head - 0.15, 0.82), 0.04, 0.02),
        limb((-0.4, 0, 0.45), (-0.55, 0.2, 0.2), 0.05, 0.03),
    ]
    for x in (-0.28, 0.25):
        for y in (-0.14, 0.14):
            bodies.append(limb((x, y, 0.35), (x + 0.08, y * 1.1, 0.04), 0.09, 0.07))
    return Figure(bodies, (-0.65, -0.4, -0.05), (0.85, 0.4, 0.9))


def bird(rng: np.random.Generator) -> Figure:
    """A sitting bird."""
    bodies = [
        ball((0, 0, 0.45), (0.4, 0.22, 0.24)),
        limb((0.25, 0, 0.5), (0.38, 0, 0.8), 0.12, 0.1),
        limb((0.42, 0, 0.82), (0.6, 0, 0.76), 0.06, 0.015),
        limb((-0.3, 0, 0.45), (-0.75, 0, 0.3), 0.12, 0.07),
        ball((0, 0, 0.1), (0.25, 0.2, 0.12)),
        limb((0, 0, 0.1), (0, 0, 0.4), 0.08),
    ]
    return Figure(bodies, (-0.9, -0.35, -0.05), (0.7, 0.35, 1.0))


def lumps(rng: np.random.Generator) -> Figure:
    """Seven balls at random: a carving that shows nothing one could name."""
    bodies = []
    for _ in range(7):
        centre, radii = rng.uniform(-0.25, 0.25, 3) + [0, 0, 0.45], rng.uniform(0.12, 0.26, 3)
        bodies.append(ball(centre, radii))
    return Figure(bodies, (-0.55, -0.55, -0.1), (0.55, 0.55, 1.0))


FIGURES = {  # with how often each is drawn
    "seated": (seated, 0.2),
    "standing": (standing, 0.25),
    "belly": (partial(seated, belly=1.25), 0.15),
    "animal": (animal, 0.22),
    "bird": (bird, 0.08),
    "lumps": (lumps, 0.1),
}
