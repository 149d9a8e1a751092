"""The copy descriptor: a linear map of the network's features, in closed form.

Over plain training pictures, two random views and a screenshot of each, the features' differences
between copies of one picture are whitened, and then what is left to tell pictures apart: learned
whitening, Mikolajczyk and Matas, "Improving descriptors for fast tree matching by optimal linear
projection", ICCV 2007. On held-out copies it finds more than the head that was trained with the
network, and more screenshots than without those among the views (eval/index/README.md).
"""

from pathlib import Path

import numpy as np
from PIL import Image

from train.augment import random_view, screenshot
from train.features import float_input, open_session
from train.grounds import load_small
from train.labels import DESCRIPTOR
from train.taxonomy import Example

PICTURES, SEED = 2400, 3
RIDGE = 0.3  # added to the variances between copies, as a share of their mean


def features_of_copies(
    model: Path, examples: list[Example], side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Features of plain pictures [N, width], and of changed ones of each [N, 3, width].

    Changed: two random views and a screenshot.
    """
    run = open_session(model)

    def seen(pixels: np.ndarray) -> np.ndarray:
        return run.run(["features"], {"input": float_input(pixels, side)})[0][0]

    rng = np.random.default_rng(SEED)
    plain, views = [], []
    for i in rng.permutation(len(examples))[:PICTURES]:
        pixels = load_small(examples[i].path)
        plain.append(seen(pixels))
        shown = [
            random_view(pixels, rng),
            random_view(pixels, rng),
            np.asarray(screenshot(Image.fromarray(pixels), rng)),
        ]
        views.append([seen(one) for one in shown])
    return np.array(plain, np.float64), np.array(views, np.float64)


def whitening_projection(plain: np.ndarray, views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight [DESCRIPTOR, width] and bias [DESCRIPTOR], before what they give gets unit length."""
    between = (views - plain[:, None]).reshape(-1, plain.shape[1])
    variance, axes = np.linalg.eigh(between.T @ between / len(between))
    whitening = (axes / np.sqrt(variance + RIDGE * variance.mean())) @ axes.T
    spread, directions = np.linalg.eigh(whitening @ np.cov(plain.T) @ whitening)
    kept = directions[:, ::-1][:, :DESCRIPTOR] / np.sqrt(spread[::-1][:DESCRIPTOR])
    weight = kept.T @ whitening
    return weight.astype(np.float32), (-weight @ plain.mean(0)).astype(np.float32)
