"""Figures of a study and their intervals, in numpy alone. Labels are places among the columns."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import beta, rankdata

CALIBRATION_BINS = 10
Measure = Callable[[np.ndarray], float]  # of rows of a study


def exact_interval(events: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a binomial rate."""
    low = beta.ppf(0.025, events, trials - events + 1) if events else 0.0
    high = beta.ppf(0.975, events + 1, trials - events) if events < trials else 1.0
    return float(low), float(high)


def bootstrap_interval(
    members: Sequence[np.ndarray], measure: Measure, draws: int, seed: int
) -> tuple[float, float]:
    """95 % percentile interval of a measure over draws of whole groups.

    `members`: the rows of each group; as many groups as there are make a draw.
    """
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = rng.integers(0, len(members), len(members))
        values.append(measure(np.concatenate([members[g] for g in drawn])))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def log_loss(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log likelihood of `labels` [N] under scores [N, labels], in nats."""
    chosen = scores[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def calibration_error(scores: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of the top-1 score, ten equal bins (Guo et al. 2017)."""
    confidence, hit = scores.max(1), scores.argmax(1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = (
        abs(confidence[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean()
        for b in set(bins)
    )
    return float(sum(gaps))


def area_under_roc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The share of pairs in which the positive one scores higher (Mann-Whitney), ties half."""
    ranks, n = rankdata(scores), positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))
