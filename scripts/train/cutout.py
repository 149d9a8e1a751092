"""Objects cut out of photographs, so that neither a museum's backdrop nor being cut out becomes
what a label looks like.

A backdrop is smooth: a second-order polynomial of place in Lab colour, fitted to the picture's rim,
predicts it. Pixels that depart from it are the object. Pictures where this fails (a busy backdrop,
an object that fills the frame) give no mask and are used as they are.
"""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

SIDE = 128  # masks are found at this size
RIM = 0.05  # of the side
SHARE = (0.06, 0.75)  # of the picture that an object may cover


def polynomial_terms(height: int, width: int) -> np.ndarray:
    """The polynomial's terms at every pixel, [height, width, 6]; places run from -1 to 1."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def fill_backdrop(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The smooth ground behind a masked object, as if it were gone: uint8 [SIDE, SIDE, 3]."""
    height, width = pixels.shape[:2]
    bare = np.nonzero((mask < 0.02).ravel())[0][::7]
    coefficients, *_ = np.linalg.lstsq(
        polynomial_terms(height, width).reshape(-1, 6)[bare],
        pixels.reshape(-1, 3)[bare].astype(np.float32),
        rcond=None,
    )
    return np.clip(polynomial_terms(SIDE, SIDE) @ coefficients, 0, 255).astype(np.uint8)


def object_mask(pixels: np.ndarray) -> np.ndarray | None:
    """uint8 [H, W, 3] -> float32 [H, W] in 0..1, soft at the object's edge; None when no object
    stands out.
    """
    height, width = pixels.shape[:2]
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX))
    lab = rgb2lab(small)
    smooth = polynomial_terms(SIDE, SIDE)
    rim = np.abs(smooth[..., 1:3]).max(-1) > 1 - 2 * RIM
    kept = rim.copy()
    for _ in range(3):  # the object may cross the rim: fit again without what departs
        coefficients, *_ = np.linalg.lstsq(smooth[kept], lab[kept], rcond=None)
        distance = np.linalg.norm(lab - smooth @ coefficients, axis=-1)
        level = 3 * max(np.median(distance[kept]), 1.0)
        kept = rim & (distance < level)
        if kept.sum() < 0.5 * rim.sum():
            return None
    found = ndimage.binary_opening(distance > max(level, 7.0), iterations=1)
    found = ndimage.binary_fill_holes(ndimage.binary_closing(found, iterations=3))
    pieces, count = ndimage.label(found)
    if not count:
        return None
    sizes = ndimage.sum_labels(found, pieces, range(1, count + 1))
    found = np.isin(pieces, 1 + np.nonzero(sizes >= 0.1 * sizes.max())[0])
    if not SHARE[0] <= found.mean() <= SHARE[1]:
        return None
    soft = ndimage.gaussian_filter(found.astype(np.float32), 0.8)
    large = Image.fromarray((255 * soft).astype(np.uint8)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    return np.asarray(large, np.float32) / 255
