"""Objects cut out of photographs and laid on other grounds, and the views that training sees."""

import numpy as np
import pytest
from PIL import Image

from train.augment import SCENE, composite_on_ground, random_view, screenshot
from train.cutout import fill_backdrop, object_mask


def thing_on_grey(height: int, width: int) -> np.ndarray:
    """A red rectangle of `height` x `width` pixels before a grey ground that brightens to the
    right.
    """
    pixels = np.repeat(np.repeat(np.linspace(120, 160, 200)[None, :, None], 200, 0), 3, 2)
    rows, columns = (slice(100 - side // 2, 100 + side // 2) for side in (height, width))
    pixels[rows, columns] = (200, 30, 30)
    return pixels.astype(np.uint8)


# Eight pixels of width once fell off the scene's left edge.
@pytest.mark.parametrize(("height", "width"), [(180, 8), (8, 180), (100, 100)])
def test_a_thing_stays_in_the_scene_however_thin_it_is(height: int, width: int) -> None:
    pixels = thing_on_grey(height, width)
    cut = (pixels[..., 0] > 190).astype(np.float32)
    black = np.zeros((64, 64, 3), np.uint8)
    for seed in range(40):
        scene = composite_on_ground(pixels, cut, black, np.random.default_rng(seed))
        assert scene.shape == (SCENE, SCENE, 3)
        assert (scene[..., 0] > 40).sum() > 20, seed


def test_a_thing_before_a_smooth_ground_is_cut_out() -> None:
    cut = object_mask(thing_on_grey(90, 60))
    assert cut is not None
    assert (cut > 0.5).sum() == pytest.approx(90 * 60, rel=0.1)


def test_the_ground_behind_a_cut_out_thing_is_filled_smoothly() -> None:
    pixels = thing_on_grey(90, 60)
    cut = object_mask(pixels)
    assert cut is not None
    ground = fill_backdrop(pixels, cut).astype(int)
    assert np.abs(ground[64, [10, 64, 118]].mean(-1) - (123, 140, 157)).max() < 4
    assert np.ptp(ground, axis=-1).max() < 4


@pytest.mark.parametrize("side", [16, 190])
def test_a_speck_and_a_thing_that_fills_the_picture_give_no_mask(side: int) -> None:
    assert object_mask(thing_on_grey(side, side)) is None


def test_a_picture_without_a_smooth_rim_gives_no_mask() -> None:
    assert object_mask(np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)) is None


@pytest.mark.parametrize("shape", [(320, 20, 3), (20, 320, 3), (240, 320, 3)])
def test_views_have_the_side_that_was_asked_for(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert random_view(pixels, rng, side=192).shape == (192, 192, 3)
        assert screenshot(Image.fromarray(pixels), rng).width == 240
