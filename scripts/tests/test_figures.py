"""Carved figures: whole, and inside the box in which their surface is looked for."""

import numpy as np
import pytest

from render.figures import FIGURES

# The sides of a box: axis, and its end. What lies below the ground is cut off.
SIDES = [(0, "low"), (0, "high"), (1, "low"), (1, "high"), (2, "high")]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seed", range(4))
def test_a_figure_does_not_reach_beyond_its_box(name: str, seed: int) -> None:
    figure = FIGURES[name][0](np.random.default_rng(seed))
    places = np.random.default_rng(0).uniform(figure.low, figure.high, (4000, 3))
    assert (figure.distance(places) < 0).mean() > 0.05
    for axis, end in SIDES:
        wall = places.copy()
        wall[:, axis] = getattr(figure, end)[axis]
        assert not (figure.distance(wall) < 0).any(), (axis, end)


def test_kinds_are_drawn_as_shares_of_one_whole() -> None:
    assert sum(share for _, share in FIGURES.values()) == pytest.approx(1)
