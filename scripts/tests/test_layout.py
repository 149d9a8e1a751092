"""How many things lie in a scene, and that none lies in another."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from render.layout import HOARD_MOST, HeightMap, choose_layout, hoard_count, item_count
from render.subject import Subject


def subject(heap: tuple[int, int]) -> Subject:
    """Some kind of thing of which so many lie together."""
    return Subject("thing", "other", 1.0, lambda rng: [], heap)


@dataclass
class Block:
    """A flat box of points, 4 cm wide and 2 cm high, about its middle."""

    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    location: np.ndarray = field(default_factory=lambda: np.zeros(3))
    points: np.ndarray = field(
        default_factory=lambda: np.stack(
            np.meshgrid(np.linspace(-0.02, 0.02, 40), np.linspace(-0.02, 0.02, 40), (-0.01, 0.01)),
            -1,
        ).reshape(-1, 3)
    )


def test_a_thing_comes_to_lie_on_the_ground_and_the_next_on_top_of_it() -> None:
    heights = HeightMap(0.2)
    for level in range(3):
        block = Block()
        heights.drop(block, 0.0, 0.0)
        assert block.location == pytest.approx([0, 0, 0.01 + 0.02 * level])


def test_things_side_by_side_both_lie_on_the_ground() -> None:
    heights = HeightMap(0.2)
    one, other = Block(), Block()
    heights.drop(one, -0.05, 0.0)
    heights.drop(other, 0.05, 0.0)
    assert one.location[2] == other.location[2] == pytest.approx(0.01)


def test_the_lowest_of_a_few_places_is_taken() -> None:
    heights = HeightMap(0.2)
    heights.drop(Block(), 0.0, 0.0)
    places = np.array([[0.0, 0.01], [0.1, 0.1], [0.01, 0.0]])
    assert heights.lowest_place(Block(), places) == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("heap", [(1, 1), (1, 8), (5, 60)])
def test_counts_stay_within_the_subjects_range(heap: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    counts = [item_count(rng, subject(heap)) for _ in range(400)]
    assert min(counts) >= heap[0]
    assert max(counts) <= heap[1]
    assert heap[1] == 1 or len(set(counts)) > 3


@pytest.mark.parametrize("heap", [(1, 1), (1, 8), (5, 60)])
def test_hoards_are_bounded(heap: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    counts = [hoard_count(rng, subject(heap)) for _ in range(400)]
    assert min(counts) == 1
    assert max(counts) <= min(HOARD_MOST, max(12 * heap[1], 5))


@pytest.mark.parametrize("seized", [False, True])
@pytest.mark.parametrize("upright", [False, True])
def test_one_thing_is_laid_alone_and_skins_are_never_heaped_where_seized(
    seized: bool, upright: bool
) -> None:
    rng = np.random.default_rng(2)
    assert choose_layout(rng, 1, seized, upright) == "one"
    found = {choose_layout(rng, 12, seized, upright) for _ in range(200)}
    assert "one" not in found
    if seized:
        assert ("heap" in found) != upright
