"""Weights that no processor saturates on, and the first convolution over cells of pixels."""

import numpy as np
import pytest

from train.quantise import CELL, WIDEST, cell_weights, weight_steps


def rounded(weight: np.ndarray) -> np.ndarray:
    """The weights in their steps, as int8 stores them."""
    return np.rint(weight / weight_steps(weight)[:, None, None, None])


@pytest.mark.parametrize("shape", [(16, 3, 3, 3), (8, 16, 1, 1), (8, 5, 1, 1), (24, 1, 5, 5)])
def test_weights_fit_into_seven_bits_and_a_sign(shape: tuple[int, ...]) -> None:
    weight = np.random.default_rng(0).normal(size=shape)
    assert np.abs(rounded(weight)).max() <= 127


def test_two_neighbours_times_255_fit_into_16_bits() -> None:
    """Processors without VNNI add two products of a byte and a weight in 16 bits."""
    weight = np.random.default_rng(1).normal(size=(64, 6, 3, 3))
    flat = rounded(weight).transpose(0, 2, 3, 1).reshape(64, -1)
    pairs = flat[:, ::2] + flat[:, 1::2]
    same = np.sign(flat[:, ::2]) == np.sign(flat[:, 1::2])
    assert np.abs(pairs[same]).max() * 255 <= 2**15 - 1


def test_the_step_is_as_small_as_its_channel_allows() -> None:
    weight = (
        np.random.default_rng(2).normal(size=(8, 4, 1, 1))
        * np.logspace(-3, 3, 8)[:, None, None, None]
    )
    flat = rounded(weight).reshape(8, -1)
    pairs = flat[:, ::2] + flat[:, 1::2]
    widest = np.maximum(np.abs(flat).max(1), np.abs(pairs).max(1))
    assert widest.min() >= WIDEST - 1


def test_a_depthwise_convolution_is_bound_by_its_weights_alone() -> None:
    weight = np.ones((1, 1, 3, 3))
    assert weight_steps(weight) == pytest.approx([1 / WIDEST])


def test_a_channel_of_zeros_has_a_step() -> None:
    assert (weight_steps(np.zeros((2, 4, 3, 3))) > 0).all()


def convolved(image: np.ndarray, weight: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """A plain convolution of [channels, height, width], padded by one place after the end."""
    padded = np.pad(image, ((0, 0), (0, 1), (0, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (1, 2))
    windows = windows[:, :: strides[0], :: strides[1]]
    return np.einsum("chwij,ocij->ohw", windows, weight)


def test_a_convolution_over_cells_gives_the_same_sums() -> None:
    rng = np.random.default_rng(3)
    side, out = 16, 5
    image = rng.integers(0, 255, (3, side, side)).astype(float)
    weight = rng.integers(-127, 128, (out, 3, 3, 3)).astype(float)
    plain = convolved(image, weight, (2, 2))[:, : side // 2, : side // 2]
    # A row's cells hold four pixels of three channels, one pixel after the other.
    cells = image.transpose(1, 2, 0).reshape(side, side // CELL, 3 * CELL).transpose(2, 0, 1)
    both = convolved(cells, cell_weights(weight), (2, 1))[:, : side // 2, : side // CELL]
    # Two neighbouring results lie one after the other along the channels.
    apart = both.reshape(2, out, side // 2, side // CELL)
    assert np.array_equal(apart[0], plain[:, :, ::2])
    assert np.array_equal(apart[1], plain[:, :, 1::2])
