"""Losses and rates of the training. In .venv-train: `python -m pytest scripts`."""

import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (group train)")

from train.finetune import BACKBONE_RATE, HEAD_RATE, RISE, Training, copy_loss  # noqa: E402


def unit(rows: "torch.Tensor") -> "torch.Tensor":
    """Rows of unit length."""
    return torch.nn.functional.normalize(rows)


def test_copies_that_find_each_other_cost_less() -> None:
    torch.manual_seed(0)
    pictures = unit(torch.randn(8, 32))
    found = copy_loss(torch.cat([pictures, unit(pictures + 0.02 * torch.randn(8, 32))]))
    lost = copy_loss(torch.cat([pictures, pictures.roll(1, 0)]))
    assert found < lost


def test_strangers_that_crowd_together_cost_more() -> None:
    torch.manual_seed(1)
    apart = unit(torch.randn(8, 32))
    crowded = unit(torch.ones(1, 32) + 0.05 * torch.randn(8, 32))
    assert copy_loss(apart.repeat(2, 1)) < copy_loss(crowded.repeat(2, 1))


class Tiny(torch.nn.Module):
    """The parts of a network that a training takes hold of."""

    def __init__(self):
        super().__init__()
        self.backbone, self.label, self.copy = (torch.nn.Linear(2, 2) for _ in range(3))


def rates(step: int, steps: int = 1000, warm: int = 60) -> tuple[float, float]:
    """Of the backbone and of the heads at a step."""
    training = Training(Tiny(), steps, warm, "cpu")
    training.step = step
    training.set_rates()
    return tuple(group["lr"] for group in training.optimiser.param_groups)


def test_heads_are_warmed_while_the_backbone_stays() -> None:
    assert rates(0) == rates(59) == (0, HEAD_RATE)


def test_the_backbones_rate_rises_then_both_fall_to_nothing() -> None:
    half = 0.5 * (1 + math.cos(math.pi * 0.11))
    assert rates(110) == pytest.approx((BACKBONE_RATE * half * 50 / RISE, HEAD_RATE * half))
    assert rates(500) == pytest.approx((BACKBONE_RATE / 2, HEAD_RATE / 2))
    assert max(rates(999)) < 1e-8


def test_a_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    one, other = (Training(Tiny(), 10, 1, "cpu") for _ in range(2))
    one.step = 7
    torch.save(one.state(), tmp_path / "checkpoint.pt")
    other.resume(tmp_path / "checkpoint.pt")
    assert other.step == 7
    for mine, theirs in zip(one.average.parameters(), other.average.parameters()):
        assert torch.equal(mine, theirs)
