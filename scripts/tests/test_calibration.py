"""Temperatures and thresholds from the calibration split."""

import numpy as np
import pytest
from scipy.special import softmax

from train.calibration import (
    fit_temperature,
    least_threshold,
    listed_thresholds,
    product_thresholds,
)


def test_the_temperature_of_logits_that_are_too_large_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 5))
    labels = np.array([rng.choice(5, p=p) for p in softmax(logits, axis=1)])
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.1)
    assert fit_temperature(logits, labels) == pytest.approx(1, rel=0.1)


def test_a_threshold_is_the_first_that_few_enough_reach() -> None:
    everyday, alike = np.linspace(0, 0.4, 101), np.zeros(10)
    limit = least_threshold(everyday, alike, 0.02, 0.10, 0.0)
    assert (everyday >= limit).mean() <= 0.10 < (everyday >= limit - 0.01).mean()


def test_a_threshold_that_nothing_satisfies_is_the_highest() -> None:
    assert least_threshold(np.ones(3), np.ones(3), 0.5, 0.0, 0.0) == 0.99


def cases(seed: int) -> tuple[np.ndarray, ...]:
    """Scores, and which pictures are of the product, everyday and photographs."""
    rng = np.random.default_rng(seed)
    own, everyday = np.arange(600) < 100, np.arange(600) >= 400
    score = np.where(own, rng.beta(6, 2, 600), rng.beta(1.2, 8, 600))
    return score, own, everyday, everyday | (rng.random(600) < 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_flags_are_stricter_than_reviews(seed: int) -> None:
    score, own, everyday, photograph = cases(seed)
    review, flag = product_thresholds(score, own, everyday, photograph)
    assert 0.02 <= review <= flag <= 0.99
    assert flag >= 0.5
    assert (score[everyday] >= review).mean() <= 0.01
    assert not (score[everyday] >= flag).any()


def test_renders_do_not_move_the_threshold_of_a_photographed_product() -> None:
    score, own, everyday, photograph = cases(7)
    high = score.copy()
    high[~photograph & ~own] = 0.95  # look-alikes as renders
    seen = product_thresholds(score, own, everyday, photograph)
    assert product_thresholds(high, own, everyday, photograph) == seen
    # Of a product known from renders alone they are all there is.
    unseen = product_thresholds(high, own & ~photograph, everyday, photograph & ~own)
    assert unseen[1] > 0.95


def test_listings_raise_thresholds_and_never_lower_them() -> None:
    scores = np.concatenate([np.full(980, 0.01), np.full(20, 0.6)])
    assert listed_thresholds("rhino_horn", (0.30, 0.50), scores) == (0.30, 0.61)
    scores[:40] = 0.4
    assert listed_thresholds("rhino_horn", (0.30, 0.50), scores) == (0.41, 0.61)
    assert listed_thresholds("rhino_horn", (0.70, 0.80), scores) == (0.70, 0.80)


def test_more_listings_may_reach_ivory() -> None:
    scores = np.concatenate([np.full(950, 0.01), np.full(46, 0.4), np.full(4, 0.7)])
    assert listed_thresholds("ivory", (0.30, 0.50), scores) == (0.30, 0.50)
    assert listed_thresholds("big_cat_skin", (0.30, 0.50), scores) == (0.41, 0.71)
