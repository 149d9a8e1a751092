"""What a training sees: random views of pictures that are drawn by label, source and group."""

from collections import defaultdict

import numpy as np

from train.augment import fur_patch, hide_mask, random_view
from train.grounds import EVERYDAY, MUSEUM, Grounds
from train.labels import LABELS, PRODUCTS
from train.taxonomy import Example

# Shares of a batch: (label, domain) -> weight. Where a label has photographs and renders,
# photographs lead.
SHARES = {
    **{(label, "render"): 1.0 for label in LABELS},
    **{(label, "render"): 1.6 for label in PRODUCTS},
    ("other", "render"): 2.0,
    ("ivory", "photograph"): 6.0,
    ("bone_antler", "photograph"): 1.5,
    ("ceramic_stone", "photograph"): 5.0,
    ("shell_scale", "photograph"): 0.3,
    ("live_animal", "photograph"): 1.5,
    ("other", "photograph"): 5.0,
    # Cuts of the fur of photographed leopards: else fur would be a skin in renders and an animal in
    # photographs.
    ("big_cat_skin", "fur"): 0.8,
}
FURRED = ("Leopards",)  # folders of photographs whose fur is cut out
MUSEUM_LABELS = ("ivory", "bone_antler", "ceramic_stone")
# Of the photographs that an object can be cut out of, by their source: laid on another ground.
ANOTHER_GROUND = {MUSEUM: 0.6, **dict.fromkeys(EVERYDAY, 0.5)}
# The least share of its area that a view keeps. A render's things are small: narrow crops would
# miss them.
LEAST = {"render": 0.6}


class ViewSampler:
    """Batches of `pictures` in two random views each, uint8 [side, side, 3].

    A batch depends on the seed and the step alone. From the step `late` on museum photographs come
    twice as often, as ivory against its look-alikes is learned longest.
    """

    def __init__(self, examples: list[Example], pictures: int, late: int, side: int, seed: int):
        self.pictures, self.late, self.side, self.seed = pictures, late, side, seed
        self.grounds = Grounds(examples)
        groups: dict = defaultdict(lambda: defaultdict(list))
        for i, example in enumerate(examples):
            groups[example.label, example.domain][example.group].append(i)
            if example.path.parent.name in FURRED:
                groups["big_cat_skin", "fur"][example.group].append(i)
        self.keys = [key for key in SHARES if key in groups]
        self.members = [[np.array(own) for own in groups[key].values()] for key in self.keys]
        early = np.array([SHARES[key] for key in self.keys])
        museum = [label in MUSEUM_LABELS and kind == "photograph" for label, kind in self.keys]
        late_shares = np.where(museum, 2 * early, early)
        self.shares = [shares / shares.sum() for shares in (early, late_shares)]

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Views [2 * pictures, side, side, 3] and labels; picture i is rows i and i + pictures."""
        rng = np.random.default_rng([self.seed, step])
        shares = self.shares[int(step >= self.late)]
        chosen = [self.draw(k, rng) for k in rng.choice(len(self.keys), self.pictures, p=shares)]
        views = [[self.view(*picture, rng) for _, *picture in chosen] for _ in range(2)]
        return np.array(views[0] + views[1]), np.array([label for label, *_ in chosen] * 2)

    def draw(
        self, stratum: int, rng: np.random.Generator
    ) -> tuple[int, np.ndarray, np.ndarray | None, str]:
        """A picture of a stratum, each group as likely: label, pixels, its thing's mask, source."""
        (label, kind), groups = self.keys[stratum], self.members[stratum]
        i = int(rng.choice(groups[rng.integers(len(groups))]))
        pixels, mask = self.grounds.pictures[i], self.grounds.masks[i]
        if kind == "fur":  # one cut for both views: they are copies of each other
            pixels = fur_patch(pixels, rng)
            mask = hide_mask(pixels.shape[:2], rng)
        return LABELS.index(label), pixels, mask, self.grounds.sources[i]

    def view(
        self, pixels: np.ndarray, mask: np.ndarray | None, source: str, rng: np.random.Generator
    ) -> np.ndarray:
        """One random view of a picture, its thing perhaps on another ground."""
        if mask is not None and rng.random() < ANOTHER_GROUND[source]:
            pixels = self.grounds.laid(pixels, mask, source, rng)
        return random_view(pixels, rng, LEAST.get(source, 0.3), self.side)
