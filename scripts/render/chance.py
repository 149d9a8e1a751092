"""Choices at random that several kinds of subject make."""

from collections.abc import Sequence

import numpy as np


def pick(rng: np.random.Generator, values: Sequence[Sequence[float]]) -> np.ndarray:
    """One of `values`, rows of numbers, as an array."""
    return np.array(values[rng.integers(len(values))], float)


def seed(rng: np.random.Generator) -> int:
    """A seed for noise, below 2^30."""
    return int(rng.integers(1 << 30))
