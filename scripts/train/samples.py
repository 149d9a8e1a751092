"""What a training sees: random looks of pictures that are drawn by label, kind and group."""

from collections import defaultdict

import numpy as np
import torch

from train.labels import LABELS, PRODUCTS
from train.looks import Drawn, Looks
from train.pictures import Pictures

# Shares of a batch: (label, kind) -> weight. Where a label has photographs and renders, photographs
# lead.
SHARES = {
    **{(label, "render"): 1.0 for label in LABELS},
    **{(label, "render"): 1.6 for label in PRODUCTS},
    ("other", "render"): 2.0,
    ("ivory", "photograph"): 6.0,
    ("bone_antler", "photograph"): 1.5,
    ("ceramic_stone", "photograph"): 5.0,
    ("shell_scale", "photograph"): 0.5,
    ("live_animal", "photograph"): 2.0,
    ("synthetic", "photograph"): 0.5,
    ("other", "photograph"): 5.0,
    ("rhino_horn", "wild"): 0.6,
    ("pangolin_scale", "wild"): 0.6,
    ("big_cat_part", "wild"): 0.6,
    ("big_cat_skin", "wild"): 1.8,
    ("bone_antler", "wild"): 0.3,
    ("other", "wild"): 0.7,
    ("other", "drawn"): 1.5,
    # Cuts of the fur of photographed leopards: else fur would be a skin in renders and an animal in
    # photographs.
    ("big_cat_skin", "fur"): 0.6,
}
MUSEUM_LABELS = ("ivory", "bone_antler", "ceramic_stone")
FURRED = "/Leopards/"  # in the group's name of photographs whose fur is cut out


class Sampler:
    """Batches of `count` pictures in two random looks each.

    A batch depends on the seed and the step alone. From the step `late` on museum photographs come
    twice as often, as ivory against its look-alikes is learned longest. `renders`: what the shares
    of renders are multiplied by.
    """

    def __init__(
        self, pictures: Pictures, looks: Looks, count: int, late: int, seed: int, renders: float
    ):
        self.looks, self.count, self.late, self.seed = looks, count, late, seed
        groups: dict = defaultdict(lambda: defaultdict(list))
        train = np.nonzero(pictures.split == "train")[0]
        for row in train.tolist():
            label, group = LABELS[pictures.label[row]], pictures.group[row]
            groups[label, pictures.kind[row]][group].append(row)
            if FURRED in group:
                groups["big_cat_skin", "fur"][group].append(row)
        self.keys = [key for key in SHARES if key in groups]
        self.members = [[np.array(own) for own in groups[key].values()] for key in self.keys]
        early = np.array([SHARES[k] * (renders if k[1] == "render" else 1) for k in self.keys])
        museum = [label in MUSEUM_LABELS and kind == "photograph" for label, kind in self.keys]
        late_shares = np.where(museum, 2 * early, early)
        self.shares = [shares / shares.sum() for shares in (early, late_shares)]

    def drawn(self, step: int) -> tuple[Drawn, np.ndarray]:
        """Pictures of a step, each group of a stratum as likely, and their labels."""
        rng = np.random.default_rng([self.seed, step])
        shares = self.shares[int(step >= self.late)]
        strata = rng.choice(len(self.keys), self.count, p=shares)
        rows = [rng.choice(self.members[k][rng.integers(len(self.members[k]))]) for k in strata]
        labels = np.array([LABELS.index(self.keys[k][0]) for k in strata])
        return Drawn(np.array(rows), [self.keys[k][1] for k in strata]), labels

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Looks uint8 [2 * count, side, side, 3] and labels; picture i is rows i and i + count."""
        drawn, labels = self.drawn(step)
        twice = Drawn(np.tile(drawn.rows, 2), drawn.manners * 2)
        views = self.looks.views(twice, (self.seed, step)).round().byte()
        return views.permute(0, 2, 3, 1).cpu(), torch.from_numpy(np.tile(labels, 2))
