#!/usr/bin/env python3
"""Cut-out things on other grounds: `.venv-train/bin/python scripts/train/test_grounds.py`; `scripts/train/run` does it before it trains."""

import numpy as np
from PIL import Image

from augment import SCENE, on_another_ground, screenshot, view
from cutout import backdrop, mask


def thing_on_grey(height: int, width: int) -> np.ndarray:
    """A red rectangle before a grey ground that brightens to the right."""
    pixels = np.repeat(np.repeat(np.linspace(120, 160, 200)[None, :, None], 200, 0), 3, 2)
    pixels[100 - height // 2:100 + height // 2, 100 - width // 2:100 + width // 2] = (200, 30, 30)
    return pixels.astype(np.uint8)


def a_thing_stays_in_the_scene_however_thin_it_is() -> None:
    """Eight pixels of width once fell off the scene's left edge."""
    for height, width in ((180, 8), (8, 180), (100, 100)):
        pixels = thing_on_grey(height, width)
        cut = (pixels[..., 0] > 190).astype(np.float32)
        for seed in range(300):
            scene = on_another_ground(pixels, cut, np.zeros((64, 64, 3), np.uint8), np.random.default_rng(seed))
            assert scene.shape == (SCENE, SCENE, 3) == (320, 320, 3) and (scene[..., 0] > 40).sum() > 20, (height, width, seed)


def a_thing_before_a_smooth_ground_is_cut_out_and_the_ground_filled() -> None:
    pixels = thing_on_grey(90, 60)
    cut = mask(pixels)
    assert cut is not None and abs((cut > 0.5).sum() - 90 * 60) < 0.1 * 90 * 60
    ground = backdrop(pixels, cut).astype(int)
    assert np.abs(ground[64, [10, 64, 118]].mean(-1) - (123, 140, 157)).max() < 4 and np.ptp(ground, axis=-1).max() < 4


def a_picture_without_a_smooth_rim_gives_no_mask() -> None:
    assert mask(np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)) is None


def views_have_the_side_that_was_asked_for() -> None:
    for shape in ((320, 20, 3), (20, 320, 3), (240, 320, 3)):
        pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
        for seed in range(60):
            rng = np.random.default_rng(seed)
            assert view(pixels, rng, side=192).shape == (192, 192, 3)
            assert screenshot(Image.fromarray(pixels), rng).width == 240


if __name__ == "__main__":
    for test in (a_thing_stays_in_the_scene_however_thin_it_is, a_thing_before_a_smooth_ground_is_cut_out_and_the_ground_filled,
                 a_picture_without_a_smooth_rim_gives_no_mask, views_have_the_side_that_was_asked_for):
        test()
        print(f"ok {test.__name__}")
