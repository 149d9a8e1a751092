"""Photographed objects on other grounds than their own, so that a ground never becomes what a label
looks like.

A museum's objects stand before smooth backdrops, everyday photographs show shops, streets and
rooms. A network that is left with that calls a thing before a plain backdrop ivory or ceramic. So
museum objects are laid on parts of everyday photographs; and everyday things on museums' backdrops
as often as on those, or a backdrop, and the edge of a cut, would still mean ivory or ceramic.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from train.augment import SCENE, change_light, composite_on_ground, degrade, random_ground
from train.cutout import fill_backdrop, object_mask
from train.taxonomy import Example

MUSEUM = "met"
EVERYDAY = ("caltech101", "grocery")
COPIES = 2  # of every thing that `lay_on_other_grounds` lays on other grounds


def load_small(path: Path) -> np.ndarray:
    """A picture of at most SCENE pixels along its larger side."""
    with Image.open(path) as image:
        image.draft("RGB", (SCENE, SCENE))
        image = image.convert("RGB")
        image.thumbnail((SCENE, SCENE), Image.Resampling.BOX)
        return np.asarray(image)


class Grounds:
    """Small pictures of examples, uint8 [H, W, 3], with the masks of those that an object can be
    cut out of.
    """

    def __init__(self, examples: list[Example]) -> None:
        self.pictures = [load_small(example.path) for example in examples]
        self.sources = [example.source for example in examples]
        self.masks = [
            object_mask(p) if source == MUSEUM or source in EVERYDAY else None
            for p, source in zip(self.pictures, self.sources)
        ]
        self.backdrops = [
            fill_backdrop(p, m)
            for p, m, source in zip(self.pictures, self.masks, self.sources)
            if source == MUSEUM and m is not None
        ]
        self.everyday = [i for i, source in enumerate(self.sources) if source in EVERYDAY]

    def another(self, source: str, rng: np.random.Generator) -> np.ndarray:
        """A ground for a thing from `source`."""
        if source != MUSEUM and self.backdrops and rng.random() < 0.5:
            return self.backdrops[rng.integers(len(self.backdrops))]
        return random_ground(self.pictures[self.everyday[rng.integers(len(self.everyday))]], rng)

    def laid(
        self, pixels: np.ndarray, mask: np.ndarray, source: str, rng: np.random.Generator
    ) -> np.ndarray:
        """The masked thing on another ground, uint8 [SCENE, SCENE, 3]."""
        return composite_on_ground(pixels, mask, self.another(source, rng), rng)


def lay_on_other_grounds(
    photographs: list[Example], seed: int
) -> tuple[list[Example], list[np.ndarray]]:
    """Every photograph whose thing can be cut out, COPIES times on other grounds, every second one
    in other light and worn; and what it is of.
    """
    rng = np.random.default_rng(seed)
    grounds = Grounds(photographs)
    of, laid = [], []
    for photograph, pixels, cut in zip(photographs, grounds.pictures, grounds.masks):
        for copy in range(COPIES if cut is not None else 0):
            picture = grounds.laid(pixels, cut, photograph.source, rng)
            of.append(photograph)
            laid.append(
                np.asarray(degrade(change_light(Image.fromarray(picture), rng), rng))
                if copy % 2
                else picture
            )
    return of, laid
