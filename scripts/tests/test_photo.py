"""From linear light to a phone's JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from render.photo import develop, encode_jpeg, overlay_text


def light(strength: float = 1.0) -> np.ndarray:
    """A grey ramp, 96 x 128, linear."""
    ramp = np.linspace(0.02, 1.0, 128) * strength
    return np.repeat(np.repeat(ramp[None, :, None], 96, 0), 3, 2)


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_depends_on_its_seed_alone(seed: int) -> None:
    one, other = (develop(np.random.default_rng(seed), light()) for _ in range(2))
    assert one.size == (128, 96)
    assert np.array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("seed", range(5))
def test_exposure_is_metered_so_that_brighter_lamps_change_little(seed: int) -> None:
    dim, bright = (
        np.asarray(develop(np.random.default_rng(seed), light(s)), float) for s in (1.0, 16.0)
    )
    assert 20 < dim.mean() < 230
    assert abs(bright.mean() - dim.mean()) < 45  # 16 times the light would be 255 everywhere


def test_light_that_is_not_a_number_does_not_spread() -> None:
    spoilt = light()
    spoilt[10, 10] = np.inf
    spoilt[20, 20] = np.nan
    picture = np.asarray(develop(np.random.default_rng(2), spoilt))
    assert 20 < picture.mean() < 230


@pytest.mark.parametrize("seed", range(20))
def test_text_and_jpeg_work_on_any_small_picture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (162, 288), (128, 120, 110))
    overlay_text(rng, picture)
    decoded = Image.open(io.BytesIO(encode_jpeg(rng, picture)))
    assert (decoded.size, decoded.format) == ((162, 288), "JPEG")
