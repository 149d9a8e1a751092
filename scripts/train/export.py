"""From training checkpoints to bundles: the network with int8 arithmetic, and beside it the float
one.

    python -m train.export --data DIR --manifest FILE --renders FILE --bundle models/NAME
        --checkpoints FILE... [--start models/NAME-float/model.onnx --stays 0.3] [--kept 0.75]
        [--backbone lite0] [--side 224] [--labels a,b,c]

The weights are the mean of those of several trainings, which holds better on pictures of other
sources than each (Wortsman et al., "Model soups", ICML 2022); of trainings that went on from a
bundle, that bundle can keep a share of them. The convolutions become int8 with
ranges from 256 training pictures (quantise.py); the heads compute in float. The classifier of the
labels that photographs teach is fitted to what each of the two networks sees. Temperature and
thresholds come from the calibration split, each bundle's from its own scores, the thresholds also
from shops' photographs that nothing is trained on; the pictures to learn beside (background.py)
come from the calibration split too. The copy descriptor is whiten.py's. The test split is not read
here.
"""

import argparse
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from train import background, whiten
from train.arguments import add_labels, all_examples, command_line
from train.background import Picture
from train.calibration import fit_temperature, listed_thresholds, product_thresholds
from train.efficientnet import MEAN, SIDES, STD
from train.export_graph import State, write_network
from train.features import outputs
from train.grounds import COPIES, lay_on_other_grounds
from train.labels import DESCRIPTOR, PHOTOGRAPHED, PRODUCTS
from train.network import Network, imagenet_backbone
from train.pictures import drawn_rows, listings, shop_examples
from train.quantise import quantise
from train.retrain import start_from
from train.taxonomy import Example

CALIBRATION_PHOTOS = 256
PENALTY = 0.2  # of half the squared weights beside the mean loss
OTHERS_WEIGH = 0.5  # a render or a drawn picture, of a photograph
# Of cut-out things on other grounds: all copies of one together weigh so much of a photograph.
COPIES_WEIGH, MOVED_SEED = 0.1, 18

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
{plausible}

[calibration]   # shares of the labels among the calibration pictures, for --prior
prior = {{ {prior} }}
"""
PLAUSIBLE = (
    "plausible = 0.005   # the lattice is read when the label's score is at least this: "
    "a bare section looks like little that it knows"
)
FLOATS = f"""\
layout = "nchw"
dtype = "float32"
mean = [{MEAN}, {MEAN}, {MEAN}]   # value = (pixel 0..255 - mean) / std
std = [{STD}, {STD}, {STD}]"""
BYTES = """\
layout = "nhwc"
dtype = "uint8"   # pixels as they are"""


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """The running mean of a training's weights."""
    return torch.load(path, weights_only=True, map_location="cpu")["average"]


def read_bundle(backbone: str, side: int, path: Path, cache: Path) -> dict[str, torch.Tensor]:
    """Those of a float bundle's graph, but of its classifier of the photographed labels and of its
    descriptor, which are fitted anew.
    """
    network = Network(imagenet_backbone(backbone, side, cache / "backbone.onnx"))
    start_from(network, path)
    return network.state_dict()


def mean_of(states: list[dict[str, torch.Tensor]], shares: list[float]) -> State:
    """The mean of several trainings' weights, of which each counts as its share of 1.

    Heads are averaged as maps of features that are not brought to one scale, as each training has
    its own.
    """

    def mean(each: list[torch.Tensor]) -> torch.Tensor:
        return sum(share * one for share, one in zip(shares, each, strict=True))

    of_all = {name: mean([state[name] for state in states]) for name in states[0]}
    weights = [state["label.weight"] / state["deviation"] for state in states]
    biases = [
        state["label.bias"] - weight @ state["mean"] for state, weight in zip(states, weights)
    ]
    weight, bias = mean(weights), mean(biases)
    of_all["label.weight"] = weight * of_all["deviation"]
    of_all["label.bias"] = bias + weight @ of_all["mean"]
    return {name: value.numpy() for name, value in of_all.items()}


@dataclass
class Shown:
    """Pictures with their labels, and what each weighs beside a photograph."""

    pictures: list[Picture]
    labels: list[str]
    weights: list[float]

    def add(self, pictures: Iterable[Picture], labels: Iterable[str], weight: float) -> None:
        """More of them, of one weight."""
        self.pictures += pictures
        self.labels += labels
        self.weights += [weight] * (len(self.pictures) - len(self.weights))


def teaching_photographed(data: Path, train: list[Example]) -> Shown:
    """What the classifier of PHOTOGRAPHED learns from: training pictures of its labels, those of
    shops, drawn pictures, and things on other grounds.

    From plain pictures alone a museum's backdrop would tell ivory; from things on other grounds at
    full weight plain pictures are told less well.
    """
    shown = Shown([], [], [])
    own = [one for one in train + shop_examples(data) if one.label in PHOTOGRAPHED]
    real = [one for one in own if one.domain == "photograph"]
    rendered = [one for one in own if one.domain != "photograph"]
    drawn = [row for row in drawn_rows() if row.split == "train"]
    of, laid = lay_on_other_grounds([one for one in real if one in train], MOVED_SEED)
    for examples, weight in ((real, 1.0), (rendered, OTHERS_WEIGH)):
        shown.add((one.path for one in examples), (one.label for one in examples), weight)
    shown.add((np.asarray(r.image) for r in drawn), (r.label for r in drawn), OTHERS_WEIGH)
    shown.add(laid, (one.label for one in of), COPIES_WEIGH / COPIES)
    return shown


def fit_photographed(model: Path, shown: Shown) -> State:
    """The classifier of PHOTOGRAPHED, in its order: multinomial logistic regression on what the
    network sees.
    """
    rows = outputs(model, "features", shown.pictures)
    mean, deviation = rows.mean(0), rows.std(0) + 1e-3 * rows.std(0).mean()
    labels = [PHOTOGRAPHED.index(label) for label in shown.labels]
    model_of = LogisticRegression(C=1 / (PENALTY * sum(shown.weights)), max_iter=1000)
    fitted = model_of.fit((rows - mean) / deviation, labels, shown.weights)
    weight = fitted.coef_ / deviation
    return {
        "photographed.weight": weight,
        "photographed.bias": fitted.intercept_ - weight @ mean,
    }


@dataclass(frozen=True)
class Arithmetic:
    """How a bundle computes: int8, with ranges from the pictures `ranges`, or float."""

    backbone: str
    labels: dict[str, list[str]]
    side: int
    kept: float
    cache: Path
    ranges: list[Path] | None = None

    @property
    def entry(self) -> str:
        """The bundle's `[input]`: what the network takes."""
        return FLOATS if self.ranges is None else BYTES

    def write(self, state: State) -> Path:
        """Write the network; returns the file."""
        kind = {"side": self.side, "kept": self.kept}
        half = self.cache / "half.onnx"
        if self.ranges is None:
            write_network(self.backbone, state, self.labels, half, half=True, **kind)
            return half
        plain, quantised = self.cache / "float.onnx", self.cache / "int8.onnx"
        write_network(self.backbone, state, self.labels, plain, half=False, **kind)
        quantise(plain, quantised, self.ranges, self.side)
        return quantised


class Held:
    """The calibration pictures of a bundle's labels, drawn ones among them, and after them shops'
    photographs to set thresholds by.
    """

    def __init__(self, examples: list[Example], listed: list[Example], labels: dict):
        self.names = list(labels)
        label_of = {member: i for i, members in enumerate(labels.values()) for member in members}
        drawn = [row for row in drawn_rows() if row.split == "calibration"]
        drawn = drawn if "other" in label_of else []
        listed = [one for one in listed if one.label in label_of]
        self.pictures: list[Picture] = [one.path for one in examples]
        self.pictures += [np.asarray(row.image) for row in drawn]
        self.pictures += [one.path for one in listed]
        named = [one.label for one in examples] + ["other"] * len(drawn)
        self.labels = np.array([label_of[label] for label in named])
        self.listed = np.array([label_of[one.label] for one in listed], int)
        photograph = [one.domain == "photograph" for one in examples]
        self.photograph = np.array(photograph + [False] * len(drawn))
        common = [one.label in ("other", "live_animal") for one in examples]
        self.everyday = np.array(photograph + [True] * len(drawn))
        self.everyday &= np.array(common + [True] * len(drawn))
        self.shares = np.bincount(self.labels, minlength=len(self.names)) / len(self.labels)
        if not self.shares.all():
            absent = [name for name, share in zip(self.names, self.shares) if not share]
            raise SystemExit(f"no calibration picture of {', '.join(absent)}")

    def thresholds(self, scores: np.ndarray) -> str:
        """The `[thresholds.PRODUCT]` tables of bundle.toml, from scores [N, labels]."""
        known, tables = slice(len(self.labels)), ""
        for product in (name for name in PRODUCTS if name in self.names):
            k = self.names.index(product)
            limits = product_thresholds(
                scores[known, k], self.labels == k, self.everyday, self.photograph
            )
            others = scores[len(self.labels) :, k][self.listed != k]
            review, flag = listed_thresholds(product, limits, others) if len(others) else limits
            tables += f"[thresholds.{product}]\nreview = {review:.2f}\nflag = {flag:.2f}\n\n"
        return tables

    def prior(self) -> str:
        """The shares of the labels as an inline table's contents."""
        return ", ".join(f"{name} = {share:.5f}" for name, share in zip(self.names, self.shares))


def write_bundle(folder: Path, source: Path, version: str, how: Arithmetic, held: Held) -> None:
    """Calibrate the network `source` and write it with its description and its background."""
    logits = outputs(source, "logits", held.pictures)
    known = slice(len(held.labels))
    temperature = fit_temperature(logits[known], held.labels)
    tables = held.thresholds(softmax(logits / temperature, axis=1))
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "model.onnx"
    model.write_bytes(source.read_bytes())
    description = BUNDLE.format(
        name=folder.name,
        version=version,
        sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
        side=how.side,
        entry=how.entry,
        temperature=temperature,
        descriptor_size=DESCRIPTOR,
        features_size=background.features_width(model),
        labels=", ".join(f'"{name}"' for name in held.names),
        thresholds=tables.rstrip() + "\n",
        plausible=PLAUSIBLE,
        prior=held.prior(),
    )
    (folder / "bundle.toml").write_text(description)
    right = (logits[known].argmax(1) == held.labels).mean()
    print(
        f"{folder}: {model.stat().st_size:,} bytes; {len(held.labels)} calibration pictures, "
        f"right {right:.3f}, temperature {temperature:.3f}; {tables.split()}"
    )
    background.add_background(folder, held.pictures[known], held.labels.tolist(), held.names)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, ("data", "manifest", "renders", "bundle"))
    add = parser.add_argument
    several = "of one backbone, by finetune.py with several seeds"
    add("--checkpoints", type=Path, nargs="+", required=True, help=several)
    add("--backbone", choices=SIDES, default="lite0")
    add_labels(parser)
    add("--side", type=int, help="of the input; else the one that the backbone was trained at")
    add("--start", type=Path, help="the float bundle's model.onnx that the trainings went on from")
    add("--stays", type=float, default=0.3, help="the share of its weights in the mean, 0 to 1")
    kept = "of what training changed in the late convolutions, 0 to 1 (export_graph.py)"
    add("--kept", type=float, default=1.0, help=kept)
    add("--version", default="0.9.0")
    return parser.parse_args()


def main() -> None:
    """Write both bundles."""
    arguments = parse_arguments()
    labels, cache = arguments.labels, arguments.checkpoints[0].parent
    side = arguments.side or SIDES[arguments.backbone]
    known = {member for members in labels.values() for member in members}
    examples = [example for example in all_examples(arguments) if example.label in known]
    train = [example for example in examples if example.split == "train"]
    calibration = [example for example in examples if example.split == "calibration"]
    held = Held(calibration, listings(arguments.data), labels)
    states = [read_checkpoint(path) for path in arguments.checkpoints]
    stays = arguments.stays if arguments.start else 0.0
    shares = [(1 - stays) / len(states)] * len(states)
    if arguments.start:
        states.append(read_bundle(arguments.backbone, side, arguments.start, cache))
        shares.append(stays)
    state = mean_of(states, shares)

    count = min(CALIBRATION_PHOTOS, len(train))
    chosen = np.random.default_rng(5).choice(len(train), count, replace=False)
    kind = (arguments.backbone, labels, side, arguments.kept, cache)
    in_float, in_int8 = Arithmetic(*kind), Arithmetic(*kind, [train[i].path for i in chosen])
    weight, bias = whiten.whitening_projection(
        *whiten.features_of_copies(in_float.write(state), train, side)
    )
    state |= {"copy.weight": weight, "copy.bias": bias}
    shown = teaching_photographed(arguments.data, train)
    float_bundle = arguments.bundle.with_name(arguments.bundle.name + "-float")
    for how, folder in ((in_int8, arguments.bundle), (in_float, float_bundle)):
        fitted = fit_photographed(how.write(state), shown)
        write_bundle(folder, how.write(state | fitted), arguments.version, how, held)


if __name__ == "__main__":
    main()
