"""A bundle's temperature and thresholds, from scores of the calibration split."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

STEP, HIGHEST = 0.01, 0.99  # of thresholds
# Where thresholds start, and the most of everyday photographs and of look-alikes that reach them.
REVIEW = (0.02, 0.01, 0.15)
FLAG = (0.50, 0.0, 0.03)
# The most of shops' photographs of other things that reach review and flag, where there are some.
LISTED, LISTED_OF_OTHERS = {"ivory": (0.06, 0.006)}, (0.025, 0.0015)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of least mean negative log likelihood (Guo et al. 2017).

    `logits` [N, labels]; `labels` [N], their places. Between e^-3 and e^3.
    """

    def loss(log_t: float) -> float:
        chosen = log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(labels)), labels]
        return -chosen.mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def least_threshold(
    everyday: np.ndarray, alike: np.ndarray, start: float, common: float, similar: float
) -> float:
    """The smallest hundredth from `start` that few enough scores reach.

    At most the share `common` of the scores `everyday`, and `similar` of `alike`; else 0.99.
    """
    steps = np.arange(start, HIGHEST, STEP).round(2)
    reached = (
        t for t in steps if (everyday >= t).mean() <= common and (alike >= t).mean() <= similar
    )
    return float(next(reached, HIGHEST))


def product_thresholds(
    score: np.ndarray, own: np.ndarray, everyday: np.ndarray, photograph: np.ndarray
) -> tuple[float, float]:
    """Review and flag thresholds of a product, from its scores [N] of the calibration pictures.

    `own`, `everyday`, `photograph` [N]: which pictures show the product, are everyday photographs,
    are photographs. Review: the smallest hundredth, from 0.02, that at most 1 % of everyday
    photographs and 15 % of the look-alikes reach; low, because a product that is known from renders
    scores low on photographs. Flag: the smallest, from 0.50, that no everyday photograph and at
    most 3 % of the look-alikes reach. Look-alikes are the pictures of all other labels; of a
    product that is known from photographs only the photographs, as renders are scored otherwise.
    """
    alike = ~everyday & ~own
    if (photograph & own).any():
        alike &= photograph
    review = least_threshold(score[everyday], score[alike], *REVIEW)
    return review, max(review, least_threshold(score[everyday], score[alike], *FLAG))


def listed_thresholds(
    product: str, limits: tuple[float, float], listings: np.ndarray
) -> tuple[float, float]:
    """The same thresholds, raised until few enough of the scores of shops' photographs of other
    things reach them.
    """
    nothing = np.zeros(1)
    shares = LISTED.get(product, LISTED_OF_OTHERS)
    review, flag = (
        least_threshold(listings, nothing, limit, most, 1.0) for limit, most in zip(limits, shares)
    )
    return review, max(review, flag)
