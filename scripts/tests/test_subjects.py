"""What is rendered. `.venv-render/bin/python -m pytest scripts/tests/test_subjects.py`."""

from collections import Counter

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="Blender's module is not installed (group render)")

from render import scene, shapes  # noqa: E402
from render.arrangement import arrange  # noqa: E402
from render.item import Item  # noqa: E402
from render.subjects import SHARE, SUBJECTS, choose, everyday_builders  # noqa: E402
from train.labels import LABELS  # noqa: E402

ONE_OF_EACH = {subject.label: subject for subject in SUBJECTS}.values()


def test_subjects_have_names_of_their_own_and_labels_that_exist() -> None:
    assert len({subject.name for subject in SUBJECTS}) == len(SUBJECTS) == 182
    assert {subject.label for subject in SUBJECTS} <= set(LABELS)


def test_shares_are_of_one_whole() -> None:
    assert set(SHARE) <= set(LABELS)
    assert sum(SHARE.values()) == pytest.approx(1.0)


def test_labels_are_drawn_by_their_share_and_names_narrow_the_choice() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(choose(rng).label for _ in range(3000))
    there = {label for label in SHARE if label in drawn}
    whole = sum(SHARE[label] for label in there)
    for label in there:
        assert drawn[label] / 3000 == pytest.approx(SHARE[label] / whole, abs=0.03)
    assert {choose(rng, {"wood"}).label for _ in range(20)} == {"wood"}
    assert {choose(rng, {"ivory_ring"}).name for _ in range(5)} == {"ivory_ring"}


@pytest.mark.parametrize("subject", ONE_OF_EACH, ids=lambda subject: subject.name)
def test_things_are_built_life_size_and_whole(subject: object) -> None:
    scene.clear()
    things = subject.build(np.random.default_rng(3))
    points = np.vstack([shapes.vertices(thing) for thing in things])
    assert np.isfinite(points).all()
    assert 0.002 < np.ptp(points, axis=0).max() < 4.0  # metres
    assert all(thing.data.materials for thing in things)


def test_things_at_rest_touch_the_ground_and_do_not_sink_into_it() -> None:
    subject = next(subject for subject in SUBJECTS if subject.name == "wood_bead")
    for seed in range(4):
        scene.clear()
        items, holder = arrange(np.random.default_rng(seed), subject, seized=True)
        lowest = [item.world_points()[:, 2].min() for item in items]
        assert min(lowest) == pytest.approx(0, abs=1e-6) or holder is not None
        assert min(lowest) > -1e-6


def test_everyday_things_can_lie_beside() -> None:
    scene.clear()
    rng = np.random.default_rng(5)
    for build in everyday_builders()[:6]:
        assert Item(build(rng)).radius < 1.0
