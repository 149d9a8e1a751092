"""Heads on a network's features, fitted on many looks of every picture."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from train.labels import LABELS, PHOTOGRAPHED
from train.looks import Drawn, Looks
from train.pictures import Pictures
from train.samples import FURRED

SKIN = LABELS.index("big_cat_skin")
# Random looks of every training picture of a kind, beside the plain one. `fur`: of cuts of the fur
# of photographed leopards, which count as skins.
LOOKS = {"photograph": 1, "wild": 24, "drawn": 0, "render": 0, "fur": 2}
# In the classifier of the labels that photographs teach: of a photograph, the share that its plain
# look weighs beside all others; of a photograph, what a render or a drawn picture weighs.
PLAIN_WEIGHS, OTHERS_WEIGH = 0.5, 0.5
# And in the row of skins: a picture's plain look, its looks together, a render, a drawn picture, a
# cut of fur, a thing of `wild/`, a skin of it.
SKIN_WEIGHTS = {"plain": 0.5, "look": 0.5, "render": 2.0, "drawn": 0.5, "fur": 0.3, "wild": 3.0}
SKINS_WEIGH = 15.0
PENALTY, SKIN_PENALTY = 0.05, 0.3  # of half the squared weights beside the mean loss
STEPS = 40


@dataclass
class Shown:
    """What the heads learn from: rows of Pictures and as what they are shown, in which looks.

    `look` -1 is the plain picture.
    """

    rows: np.ndarray
    manners: np.ndarray
    look: np.ndarray

    @classmethod
    def of(cls, pictures: Pictures) -> "Shown":
        """All plain training pictures and their looks."""
        rows, manners, look = [], [], []
        for row in np.nonzero(pictures.split == "train")[0].tolist():
            kind = str(pictures.kind[row])
            seen = [(kind, k) for k in range(-1, LOOKS[kind])]
            if FURRED in pictures.group[row]:
                seen += [("fur", k) for k in range(LOOKS["fur"])]
            for manner, k in seen:
                rows.append(row)
                manners.append(manner)
                look.append(k)
        return cls(np.array(rows), np.array(manners), np.array(look))

    def chosen(self, which: np.ndarray) -> "Shown":
        """Those at places or where true."""
        return Shown(self.rows[which], self.manners[which], self.look[which])

    def labels(self, pictures: Pictures) -> np.ndarray:
        """Of each: fur is a skin."""
        return np.where(self.manners == "fur", SKIN, pictures.label[self.rows])

    def things(self, pictures: Pictures) -> np.ndarray:
        """How many looks of the same thing there are, for each: of one picture, or of one thing of
        `wild/`, plain and other looks apart.
        """
        wild = self.manners == "wild"
        own = np.where(wild, pictures.group[self.rows], self.rows.astype(str))
        own = np.char.add(np.char.add(own, self.manners), (self.look < 0).astype(str))
        _, which, many = np.unique(own, return_inverse=True, return_counts=True)
        return many[which]


def views_of(shown: Shown, looks: Looks, seed: int, batch: int = 96) -> torch.Tensor:
    """Bytes [N, side, side, 3] of what is shown."""
    made = []
    for start in range(0, len(shown.rows), batch):
        part = slice(start, start + batch)
        rows, look = shown.rows[part], shown.look[part]
        drawn = Drawn(rows, shown.manners[part].tolist())
        views = looks.views(drawn, (seed, 1 << 20, start))
        plain = np.nonzero(look < 0)[0]
        if len(plain):
            pixels = looks.pixels[torch.from_numpy(rows[plain]).to(looks.device)].float()
            size = (looks.side, looks.side)
            squashed = F.interpolate(pixels, size, mode="bilinear", antialias=True)
            views[torch.from_numpy(plain).to(looks.device)] = squashed
        made.append(views.round().byte().permute(0, 2, 3, 1).cpu())
    return torch.cat(made)


def fit_photographed(
    features: np.ndarray, shown: Shown, pictures: Pictures
) -> dict[str, np.ndarray]:
    """The classifier of PHOTOGRAPHED, in its order, from features [N, width] of what is shown.

    Multinomial logistic regression. From plain pictures alone a museum's backdrop would tell ivory;
    from looks alone plain pictures are told less well.
    """
    places = np.array([LABELS.index(label) for label in PHOTOGRAPHED])
    own = np.isin(shown.labels(pictures), places)
    part, values = shown.chosen(own), features[own].astype(np.float32)
    photograph, plain = part.manners == "photograph", part.look < 0
    share = np.where(plain, PLAIN_WEIGHS, 1 - PLAIN_WEIGHS)
    weights = np.where(photograph, share, OTHERS_WEIGH) / part.things(pictures)
    mean, deviation = values.mean(0), values.std(0) + 1e-3
    standard = torch.from_numpy((values - mean) / deviation)
    order = np.argsort(places)
    target = order[np.searchsorted(places[order], pictures.label[part.rows])]
    importance = torch.from_numpy(weights / weights.sum()).float()

    def loss(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        logits = standard @ weight.T + bias
        each = F.cross_entropy(logits, torch.from_numpy(target), reduction="none")
        return (each * importance).sum() + PENALTY / 2 * weight.square().sum()

    weight, bias = minimise(loss, (len(places), values.shape[1]))
    weight = weight / deviation
    return {"photographed.weight": weight, "photographed.bias": bias - weight @ mean}


def fit_skins(
    features: np.ndarray, shown: Shown, pictures: Pictures, label: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The label head with its row of skins moved: the others stay, as one to two photographs of a
    label teach it nothing.
    """
    kind = np.where(shown.look < 0, "plain", "look")
    kind = np.where(shown.manners == "photograph", kind, shown.manners)
    weights = np.array([SKIN_WEIGHTS[one] for one in kind]) / shown.things(pictures)
    own = shown.labels(pictures) == SKIN
    weights = np.where(own & (shown.manners == "wild"), weights * SKINS_WEIGH / 3, weights)
    values = torch.from_numpy(features.astype(np.float32))
    before = values @ torch.from_numpy(label["label.weight"]).T
    before += torch.from_numpy(label["label.bias"])
    others = before[:, [k for k in range(len(LABELS)) if k != SKIN]].logsumexp(1)
    target = torch.from_numpy(own).float()
    importance = torch.from_numpy(weights / weights.sum()).float()

    def loss(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        score = before[:, SKIN] + values @ weight[0] + bias[0] - others
        each = F.binary_cross_entropy_with_logits(score, target, reduction="none")
        return (each * importance).sum() + SKIN_PENALTY / 2 * weight.square().sum()

    weight, bias = minimise(loss, (1, values.shape[1]))
    moved = {name: value.copy() for name, value in label.items()}
    moved["label.weight"][SKIN] += weight[0]
    moved["label.bias"][SKIN] += bias[0]
    return moved


def minimise(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The weight and the bias of least loss, from zero."""
    weight = torch.zeros(shape, requires_grad=True)
    bias = torch.zeros(shape[0], requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=STEPS, history_size=8, line_search_fn="strong_wolfe"
    )

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(weight, bias)
        value.backward()
        return value

    optimiser.step(step)
    return weight.detach().numpy(), bias.detach().numpy()
