"""What a training sees, and that it sees the same again."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.batches import ViewSampler
from train.labels import LABELS
from train.taxonomy import Example

SIDE = 96  # worn pictures are shrunk to 90 pixels at least


class LabelSampler(ViewSampler):
    """Draws pictures as ever and shows none of them, which takes no time."""

    def view(self, *_: object) -> np.ndarray:
        """A view of one pixel."""
        return np.zeros((1, 1, 3), np.uint8)


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    """Museum things before smooth grounds, everyday photographs, renders."""
    kinds = [
        ("ivory", "met", "photograph"),
        ("other", "caltech101", "photograph"),
        ("wood", "render", "render"),
    ]
    rng, made = np.random.default_rng(0), []
    for k in range(12):
        label, source, domain = kinds[k % 3]
        pixels = np.full((96, 96, 3), 200, np.uint8)
        if source == "caltech101":
            pixels[:] = rng.integers(0, 256, (96, 96, 3))
        pixels[30:70, 30:70] = rng.integers(0, 256, 3)
        Image.fromarray(pixels).save(tmp_path / f"{k}.png")
        group = f"{source}:{k // 6}"
        made.append(Example(tmp_path / f"{k}.png", label, group, "train", source, domain))
    return made


def test_a_batch_depends_on_seed_and_step_alone(examples: list[Example]) -> None:
    first = ViewSampler(examples, 6, late=100, side=SIDE, seed=3)
    again = ViewSampler(examples, 6, late=100, side=SIDE, seed=3)
    first.batch(0)
    for one, other in zip(first.batch(5), again.batch(5)):
        assert np.array_equal(one, other)
    other_seed = ViewSampler(examples, 6, late=100, side=SIDE, seed=4)
    assert not np.array_equal(other_seed.batch(5)[0], again.batch(5)[0])


def test_every_picture_has_two_views_with_one_label(examples: list[Example]) -> None:
    views, labels = ViewSampler(examples, 6, late=100, side=SIDE, seed=3).batch(2)
    assert views.shape == (12, SIDE, SIDE, 3)
    assert views.dtype == np.uint8
    assert np.array_equal(labels[:6], labels[6:])
    assert not np.array_equal(views[:6], views[6:])


def test_museum_photographs_come_twice_as_often_late(examples: list[Example]) -> None:
    sampler = LabelSampler(examples, 6, late=50, side=SIDE, seed=3)
    early, late = (dict(zip(sampler.keys, shares)) for shares in sampler.shares)
    ivory, other = ("ivory", "photograph"), ("other", "photograph")
    assert late[ivory] / late[other] == pytest.approx(2 * early[ivory] / early[other])
    drawn = np.array([sampler.batch(step)[1] for step in range(100)]) == LABELS.index("ivory")
    assert drawn[:50].mean() == pytest.approx(early[ivory], abs=0.08)
    assert drawn[50:].mean() == pytest.approx(late[ivory], abs=0.08)


def test_only_the_labels_that_have_pictures_are_drawn(examples: list[Example]) -> None:
    sampler = LabelSampler(examples, 6, late=10, side=SIDE, seed=3)
    drawn = {label for step in range(10) for label in sampler.batch(step)[1]}
    assert drawn == {LABELS.index(label) for label in ("ivory", "other", "wood")}
