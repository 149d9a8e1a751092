#!/usr/bin/env python3
"""From training checkpoints to bundles: the network with int8 arithmetic, and beside it the float one.

    export.py --data DIR --manifest FILE --renders FILE --backbone lite0 --checkpoints FILE... --bundle models/NAME [--side 224] [--labels a,b,c]

The weights are the mean of those of several trainings, which holds better on pictures of other sources than each (Wortsman et al., "Model soups", ICML 2022).
The convolutions become int8 with ranges from 256 training pictures (quantise.py); the heads compute in float. The classifier of the labels that photographs teach
is fitted to what each of the two networks sees. Temperature and thresholds come from the calibration
split, each bundle's from its own scores, and so do the pictures to learn beside (background.py). The copy descriptor is whiten.py's. The test split is not read here.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from train import background, whiten
from train.efficientnet import MEAN, SIDES, STD, EfficientNet
from train.features import add_taps, outputs
from train.finetune import DESCRIPTOR
from train.grounds import COPIES, moved
from train.labels import LABELS, PRODUCTS
from train.photos import read_manifest
from train.quantise import quantise
from train.taxonomy import Example, merging, photographs, renders

CALIBRATION_PHOTOS = 256
# Convolutions after this map, which tell things, are the share KEPT of the way from ImageNet's weights to the trained ones: such networks keep what training gave
# on its own pictures and lose less on other sources (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022). Those before it, which tell
# textures, and the heads stay as trained.
AS_TRAINED, KEPT = "stage_4", 0.75
# The labels that photographs teach. A classifier of their own shares out what the label head gives them together: the head sees them among thirteen labels and
# in hard views, and weights not quite as trained cost it most here. Over all thirteen labels such a classifier names fewer real products, since renders alone teach the rest.
PHOTOGRAPHED = ("ivory", "bone_antler", "ceramic_stone", "shell_scale", "live_animal", "other")
PENALTY = 0.003  # inverse strength
RENDERS_WEIGH = 0.5  # of a photograph: there are as many of them
COPIES_WEIGH, MOVED_SEED = (
    0.5,
    18,
)  # of cut-out things on other grounds; all copies of one together weigh so much of a photograph

BUNDLE = """\
schema = "faunalens.bundle.v1"
name = "{name}"
version = "{version}"
license = "Apache-2.0 (backbone), MIT OR Apache-2.0 (training)"

[model]
file = "model.onnx"
sha256 = "{sha256}"

[input]
name = "input"
width = {side}
height = {side}
{entry}
colour = "rgb"
resize = "squash"
filter = "bilinear"

[output]
logits = "logits"
activation = "softmax"
temperature = {temperature:.4f}   # scores = softmax(logits / temperature)
descriptor = "descriptor"
descriptor_size = {descriptor_size}
features = "features"   # what the label head reads
features_size = {features_size}

[labels]
names = [{labels}]

{thresholds}
[schreger]
label = "ivory"
plausible = 0.03   # the lattice is read when the label's score is at least this: a bare section looks like little that it knows

[calibration]   # shares of the labels among the calibration pictures, for --prior
prior = {{ {prior} }}
"""


FLOATS = f"""\
layout = "nchw"
dtype = "float32"
mean = [{MEAN}, {MEAN}, {MEAN}]   # value = (pixel 0..255 - mean) / std
std = [{STD}, {STD}, {STD}]"""
BYTES = """\
layout = "nhwc"
dtype = "uint8"   # pixels as they are"""


class Exporter(EfficientNet):
    """The network with its trained weights, late ones between them and ImageNet's."""

    def __init__(self, backbone: str, state: dict[str, torch.Tensor], half: bool, side: int):
        super().__init__(backbone, side)
        self.state, self.store_half, self.count_of = state, half, {"weight": 0, "bias": 0}

    def trained(self, kind: str, array: np.ndarray) -> np.ndarray:
        """Of the next convolution; the ImageNet classifier comes last, has none, and is left out of the bundle."""
        name = f"backbone.convolutions.{self.count_of[kind]}.{kind}"
        self.count_of[kind] += 1
        kept = KEPT if AS_TRAINED in self.named else 1.0
        return kept * self.state[name].numpy() + (1 - kept) * array if name in self.state else array

    def weight(self, array: np.ndarray) -> str:
        array = self.trained("weight", array)
        return (
            self.half(array)
            if self.store_half
            else self.constant(array.astype(np.float32), "weight")
        )

    def bias(self, array: np.ndarray) -> str:
        return super().bias(self.trained("bias", array))


def write(
    backbone: str,
    state: dict[str, torch.Tensor],
    labels: dict[str, list[str]],
    path: Path,
    half: bool,
    side: int,
) -> None:
    """The float graph: backbone, tapped features brought to one scale, both heads.

    The features are an output too: what `faunalens model learn` learns from.

    A label that stands for several of the network's has the logarithm of the sum of their exponentials, so that its
    probability is the sum of theirs.
    """
    graph = Exporter(backbone, state, half, side)
    graph.walk()
    tapped, width = add_taps(graph)
    mean, deviation = (
        graph.constant(state[name].numpy().astype(np.float32), name)
        for name in ("mean", "deviation")
    )
    features = graph.node("Div", [graph.node("Sub", [tapped, mean]), deviation])

    def linear(name: str) -> str:
        weight, bias = state[f"{name}.weight"].numpy(), state[f"{name}.bias"].numpy()
        return graph.node(
            "Gemm",
            [features, graph.half(weight.T), graph.constant(bias.astype(np.float32), "head_bias")],
        )

    def gathered(value: str, places: list[int]) -> str:
        return graph.node(
            "Gather", [value, graph.constant(np.array(places, np.int64), "members")], axis=1
        )

    every, columns = linear("label"), []
    if "photographed.weight" in state:
        places = [LABELS.index(label) for label in PHOTOGRAPHED]
        rest = [place for place in range(len(LABELS)) if place not in places]
        together = graph.node("ReduceLogSumExp", [gathered(every, places)], axes=[1], keepdims=1)
        shared = graph.node(
            "Add", [graph.node("LogSoftmax", [linear("photographed")], axis=1), together]
        )
        order = places + rest
        every = gathered(
            graph.node("Concat", [shared, gathered(every, rest)], axis=1),
            [order.index(place) for place in range(len(LABELS))],
        )
    for members in labels.values():
        columns.append(
            graph.node(
                "ReduceLogSumExp",
                [gathered(every, [LABELS.index(member) for member in members])],
                axes=[1],
                keepdims=1,
            )
        )
    logits = (
        every
        if list(labels.values()) == [[label] for label in LABELS]
        else graph.node("Concat", columns, axis=1)
    )
    descriptor = graph.node("LpNormalization", [linear("copy")], axis=1, p=2)
    graph.save(
        path,
        {
            "logits": (logits, len(labels)),
            "descriptor": (descriptor, DESCRIPTOR),
            "features": (features, width),
        },
    )


def mean_of(checkpoints: list[Path]) -> dict[str, torch.Tensor]:
    """The mean of several trainings' weights. Heads are averaged as maps of features that are not brought to one scale, as each training has its own."""
    states = [
        torch.load(path, weights_only=True, map_location="cpu")["average"] for path in checkpoints
    ]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    weights = [state["label.weight"] / state["deviation"] for state in states]
    biases = [
        state["label.bias"] - weight @ state["mean"] for state, weight in zip(states, weights)
    ]
    weight, bias = torch.stack(weights).mean(0), torch.stack(biases).mean(0)
    return mean | {
        "label.weight": weight * mean["deviation"],
        "label.bias": bias + weight @ mean["mean"],
    }


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of least mean negative log likelihood (Guo et al. 2017)."""

    def loss(log_t: float) -> float:
        return -log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(labels)), labels].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def told_apart(
    model: Path, own: list[Example], of: list[Example], laid: list[np.ndarray]
) -> dict[str, torch.Tensor]:
    """The classifier of PHOTOGRAPHED, in its order: multinomial logistic regression on the features of `own`, its training pictures, renders among them.

    From `laid`, their things on other grounds, and what those are `of`, it learns as well: from plain pictures alone
    a museum's backdrop would tell ivory.
    """
    rows = np.concatenate(
        [
            outputs(model, "features", [example.path for example in own]),
            outputs(model, "features", laid),
        ]
    )
    mean, deviation = rows.mean(0), rows.std(0) + 1e-3 * rows.std(0).mean()
    weights = [1 if example.domain == "photograph" else RENDERS_WEIGH for example in own] + [
        COPIES_WEIGH / COPIES
    ] * len(of)
    fitted = LogisticRegression(C=PENALTY, max_iter=1000).fit(
        (rows - mean) / deviation,
        [PHOTOGRAPHED.index(example.label) for example in own + of],
        weights,
    )
    weight = fitted.coef_ / deviation
    return {
        "photographed.weight": torch.from_numpy(weight),
        "photographed.bias": torch.from_numpy(fitted.intercept_ - weight @ mean),
    }


def thresholds(
    scores: np.ndarray,
    labels: np.ndarray,
    everyday: np.ndarray,
    photograph: np.ndarray,
    names: list[str],
    product: str,
) -> tuple[float, float]:
    """Review and flag thresholds of a product, from calibration pictures without it.

    Review: the smallest hundredth, from 0.02, that at most 1 % of everyday photographs and 15 % of the look-alikes reach; low,
    because a product that is known from renders scores low on photographs. Flag: the smallest, from 0.50, that no everyday
    photograph and at most 3 % of the look-alikes reach. Look-alikes are the pictures of all other labels; of a product that is known from
    photographs only the photographs, as renders are scored otherwise.
    """
    score = scores[:, names.index(product)]
    own = labels == names.index(product)
    alike = ~everyday & ~own & (photograph if (photograph & own).any() else True)

    def least(start: float, common: float, similar: float) -> float:
        steps = np.arange(start, 0.99, 0.01).round(2)
        return float(
            next(
                (
                    t
                    for t in steps
                    if (score[everyday] >= t).mean() <= common
                    and (score[alike] >= t).mean() <= similar
                ),
                0.99,
            )
        )

    review = least(0.02, 0.01, 0.15)
    return review, max(review, least(0.50, 0.0, 0.03))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "renders", "bundle"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument(
        "--checkpoints",
        type=Path,
        nargs="+",
        required=True,
        help="of one backbone, by finetune.py with several seeds",
    )
    parser.add_argument("--backbone", choices=SIDES, default="lite0")
    parser.add_argument(
        "--labels",
        type=merging,
        default=merging(",".join(LABELS)),
        help="as ivory,bone=bone_antler,other=*",
    )
    parser.add_argument(
        "--side", type=int, help="of the input; else the one that the backbone was trained at"
    )
    parser.add_argument("--version", default="0.8.0")
    arguments = parser.parse_args()
    side = arguments.side or SIDES[arguments.backbone]
    names = list(arguments.labels)
    label_of = {
        member: i for i, members in enumerate(arguments.labels.values()) for member in members
    }
    examples = photographs(arguments.data, read_manifest(arguments.manifest)) + renders(
        arguments.renders
    )
    train = [
        example for example in examples if example.split == "train" and example.label in label_of
    ]
    held = [
        example
        for example in examples
        if example.split == "calibration" and example.label in label_of
    ]
    labels = np.array([label_of[example.label] for example in held])
    photograph = np.array([example.domain == "photograph" for example in held])
    everyday = photograph & np.array(
        [example.label in ("other", "live_animal") for example in held]
    )
    shares = np.bincount(labels, minlength=len(names)) / len(labels)
    if not shares.all():
        raise SystemExit(
            f"no calibration picture of {', '.join(name for name, share in zip(names, shares) if not share)}"
        )
    state = mean_of(arguments.checkpoints)

    chosen = np.random.default_rng(5).choice(
        len(train), min(CALIBRATION_PHOTOS, len(train)), replace=False
    )
    ranges = [train[i].path for i in chosen]

    plain, quantised, halved = (
        arguments.checkpoints[0].with_name(f"{name}.onnx") for name in ("float", "int8", "half")
    )

    def as_int8(own: dict[str, torch.Tensor]) -> Path:
        write(arguments.backbone, own, arguments.labels, plain, half=False, side=side)
        quantise(plain, quantised, ranges, side)
        return quantised

    def as_float(own: dict[str, torch.Tensor]) -> Path:
        write(arguments.backbone, own, arguments.labels, halved, half=True, side=side)
        return halved

    weight, bias = whiten.projection(*whiten.features(as_float(state), train, side))
    state |= {"copy.weight": torch.from_numpy(weight), "copy.bias": torch.from_numpy(bias)}
    own = [example for example in train if example.label in PHOTOGRAPHED]
    on_other_grounds = moved(
        [example for example in own if example.domain == "photograph"], MOVED_SEED
    )
    for written, entry, folder in (
        (as_int8, BYTES, arguments.bundle),
        (as_float, FLOATS, arguments.bundle.with_name(arguments.bundle.name + "-float")),
    ):
        source = written(state | told_apart(written(state), own, *on_other_grounds))
        logits = outputs(source, "logits", [example.path for example in held])
        t = temperature(logits, labels)
        scores = softmax(logits / t, axis=1)
        tables = ""
        for product in PRODUCTS:
            if product in names:
                review, flag = thresholds(scores, labels, everyday, photograph, names, product)
                tables += f"[thresholds.{product}]\nreview = {review:.2f}\nflag = {flag:.2f}\n\n"
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "model.onnx"
        model.write_bytes(source.read_bytes())
        (folder / "bundle.toml").write_text(
            BUNDLE.format(
                name=folder.name,
                version=arguments.version,
                sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
                side=side,
                entry=entry,
                temperature=t,
                descriptor_size=DESCRIPTOR,
                features_size=len(state["mean"]),
                prior=", ".join(f"{name} = {share:.5f}" for name, share in zip(names, shares)),
                labels=", ".join(f'"{name}"' for name in names),
                thresholds=tables.rstrip() + "\n",
            )
        )
        print(
            f"{folder}: {model.stat().st_size:,} bytes; {len(held)} calibration pictures, right {(logits.argmax(1) == labels).mean():.3f}, temperature {t:.3f}; {tables.split()}"
        )
        background.add(folder, held, labels.tolist(), names)


if __name__ == "__main__":
    main()
