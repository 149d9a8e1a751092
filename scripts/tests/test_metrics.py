"""Figures and their intervals, against cases whose answers are known."""

import numpy as np
import pytest

from train.metrics import (
    area_under_roc,
    bootstrap_interval,
    calibration_error,
    exact_interval,
    log_loss,
)


@pytest.mark.parametrize("trials", [10, 587])
def test_no_event_bounds_the_rate_by_its_number_of_trials(trials: int) -> None:
    low, high = exact_interval(0, trials)
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / trials))


def test_events_and_their_absence_have_mirrored_intervals() -> None:
    low, high = exact_interval(3, 40)
    assert exact_interval(37, 40) == pytest.approx((1 - high, 1 - low))
    assert low < 3 / 40 < high


def test_sure_and_right_loses_nothing_and_sure_and_wrong_stays_finite() -> None:
    scores = np.eye(3)
    assert log_loss(scores, np.arange(3)) == 0
    assert np.isfinite(log_loss(scores, np.array([1, 2, 0])))
    assert log_loss(np.full((4, 4), 0.25), np.arange(4)) == pytest.approx(np.log(4))


def test_calibration_error_is_how_far_confidence_and_hits_are_apart() -> None:
    scores = np.tile([0.75, 0.25], (100, 1))
    labels = np.repeat([0, 1], [75, 25])
    assert calibration_error(scores, labels) == pytest.approx(0)
    assert calibration_error(scores, np.zeros(100, int)) == pytest.approx(0.25)


def test_area_under_roc_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(1)
    scores, positive = rng.integers(0, 8, 60) / 8, rng.random(60) < 0.4
    pairs = scores[positive][:, None] - scores[~positive]
    assert area_under_roc(scores, positive) == pytest.approx(
        ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    )


def test_the_bootstrap_draws_whole_groups() -> None:
    """Ten copies of a picture are no more evidence than one."""
    hit = np.random.default_rng(2).random(30) < 0.5
    alone = [np.array([k]) for k in range(30)]
    copied = [np.arange(10 * k, 10 * k + 10) for k in range(30)]
    many = np.repeat(hit, 10)
    one = bootstrap_interval(alone, lambda rows: hit[rows].mean(), 500, 3)
    ten = bootstrap_interval(copied, lambda rows: many[rows].mean(), 500, 3)
    assert one == ten
    assert one[0] < hit.mean() < one[1]
