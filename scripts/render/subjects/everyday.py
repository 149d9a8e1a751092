"""Everyday things."""
import numpy as np
import shapes
from materials import plain, vary
from .subject import Subject


def ball(rng):
    return [shapes.sphere(rng.uniform(0.02, 0.06), plain(vary(rng, "#b3121f", 0.3), rng.uniform(0.1, 0.8)))]


SUBJECTS = [Subject("everyday_ball", "other", 1.0, ball, (1, 6))]
