"""What a training sees, and that it sees the same again. In .venv-train: `pytest scripts`."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="PyTorch is not installed (group train)")

from train.labels import LABELS  # noqa: E402
from train.looks import MANNERS, Drawn, Looks, blurred, compressed  # noqa: E402
from train.pictures import Pictures, Row, pack  # noqa: E402
from train.samples import Sampler  # noqa: E402

SIDE = 64


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """Museum things before smooth grounds, everyday photographs, a skin, renders."""
    kinds = [
        ("ivory", "met", "photograph"),
        ("other", "caltech101", "photograph"),
        ("wood", "render", "render"),
        ("big_cat_skin", "wild", "wild"),
    ]
    rng, rows = np.random.default_rng(0), []
    for k in range(16):
        label, source, kind = kinds[k % 4]
        pixels = np.full((96, 120, 3), 200, np.uint8)
        if source == "caltech101":
            pixels[:] = rng.integers(0, 256, (96, 120, 3))
        pixels[30:70, 30:70] = rng.integers(0, 256, 3)
        mask = np.zeros((96, 120))
        mask[30:70, 30:70] = source != "render"
        image, group = Image.fromarray(pixels), f"{source}:{k // 8}"
        rows.append(Row(image, mask, label, group, source, kind, "train"))
    return pack(rows)


@pytest.fixture(scope="module")
def looks(pictures: Pictures) -> Looks:
    """Looks of them."""
    return Looks(pictures, SIDE)


def test_pictures_are_read_as_they_were_written(pictures: Pictures, tmp_path: Path) -> None:
    pictures.write(tmp_path / "pictures.npz")
    again = Pictures.read(tmp_path / "pictures.npz")
    assert np.array_equal(again.mask, pictures.mask)
    assert again.label.tolist() == pictures.label.tolist()
    assert again.jpeg.tolist() == pictures.jpeg.tolist()
    assert again.pixels(3).shape == (96, 120, 3)


def test_a_batch_depends_on_seed_and_step_alone(pictures: Pictures, looks: Looks) -> None:
    first, again = (Sampler(pictures, looks, 6, 100, 3, 0.5) for _ in range(2))
    first.batch(0)
    for one, other in zip(first.batch(5), again.batch(5)):
        assert torch.equal(one, other)
    other_seed = Sampler(pictures, looks, 6, 100, 4, 0.5)
    assert not torch.equal(other_seed.batch(5)[0], again.batch(5)[0])


def test_every_picture_has_two_looks_with_one_label(pictures: Pictures, looks: Looks) -> None:
    views, labels = Sampler(pictures, looks, 6, 100, 3, 0.5).batch(2)
    assert views.shape == (12, SIDE, SIDE, 3)
    assert views.dtype == torch.uint8
    assert torch.equal(labels[:6], labels[6:])
    assert not torch.equal(views[:6], views[6:])


@pytest.mark.parametrize("manner", MANNERS)
def test_every_manner_shows_every_picture(looks: Looks, manner: str) -> None:
    rows = np.arange(16)
    for seed in range(4):
        views = looks.views(Drawn(rows, [manner] * 16), (seed,))
        assert views.shape == (16, 3, SIDE, SIDE)
        assert torch.isfinite(views).all()
        assert views.amin() >= 0
        assert views.amax() <= 255


def test_museum_photographs_come_twice_as_often_late(pictures: Pictures, looks: Looks) -> None:
    sampler = Sampler(pictures, looks, 60, 50, 3, 0.5)
    early, late = (dict(zip(sampler.keys, shares)) for shares in sampler.shares)
    ivory, other = ("ivory", "photograph"), ("other", "photograph")
    assert late[ivory] / late[other] == pytest.approx(2 * early[ivory] / early[other])
    drawn = np.array([sampler.drawn(step)[1] for step in range(100)]) == LABELS.index("ivory")
    assert drawn[:50].mean() == pytest.approx(early[ivory], abs=0.04)
    assert drawn[50:].mean() == pytest.approx(late[ivory], abs=0.04)


def test_renders_come_as_often_as_asked(pictures: Pictures, looks: Looks) -> None:
    none, half = (Sampler(pictures, looks, 6, 9, 3, share) for share in (0.0, 0.5))
    wood, other = ("wood", "render"), ("other", "photograph")
    shares = dict(zip(half.keys, half.shares[0]))
    assert shares[wood] / shares[other] == pytest.approx(0.1)
    assert LABELS.index("wood") not in {k for s in range(30) for k in none.drawn(s)[1].tolist()}


def test_blur_keeps_the_light() -> None:
    dot = torch.zeros(2, 3, 24, 24)
    dot[:, :, 12, 12] = 1
    soft = blurred(dot, torch.tensor([0.5, 1.5]))
    assert soft.sum((2, 3)) == pytest.approx(torch.ones(2, 3), abs=1e-4)
    assert soft[1, 0, 12, 12] < soft[0, 0, 12, 12]


def test_compression_costs_more_at_low_quality() -> None:
    image = torch.rand(2, 3, 20, 28, generator=torch.Generator().manual_seed(0)) * 255
    lost = (compressed(image, torch.tensor([95.0, 20.0])) - image).abs().mean((1, 2, 3))
    assert lost[0] < 10 < lost[1]
