"""From training checkpoints to bundles: the network with int8 arithmetic, and beside it the float
one.

    python -m train.export --data DIR --manifest FILE --renders FILE --bundle models/NAME
        --checkpoints FILE... [--backbone lite0] [--side 224] [--labels a,b,c]

The weights are the mean of those of several trainings, which holds better on pictures of other
sources than each (Wortsman et al., "Model soups", ICML 2022). The convolutions become int8 with
ranges from 256 training pictures (quantise.py); the heads compute in float. The classifier of the
labels that photographs teach is fitted to what each of the two networks sees. Temperature and
thresholds come from the calibration split, each bundle's from its own scores, and so do the
pictures to learn beside (background.py). The copy descriptor is whiten.py's. The test split is not
read here.
"""

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from train import background, whiten
from train.arguments import add_labels, all_examples, command_line
from train.calibration import fit_temperature, product_thresholds
from train.efficientnet import MEAN, SIDES, STD
from train.export_graph import State, write_network
from train.features import outputs
from train.grounds import COPIES, lay_on_other_grounds
from train.labels import DESCRIPTOR, PHOTOGRAPHED, PRODUCTS
from train.quantise import quantise
from train.taxonomy import Example

CALIBRATION_PHOTOS = 256
PENALTY = 0.003  # inverse strength
RENDERS_WEIGH = 0.5  # of a photograph: there are as many of them
# Of cut-out things on other grounds: all copies of one together weigh so much of a photograph.
COPIES_WEIGH, MOVED_SEED = 0.5, 18

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
    "plausible = 0.03   # the lattice is read when the label's score is at least this: "
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


def mean_of(checkpoints: list[Path]) -> State:
    """The mean of several trainings' weights.

    Heads are averaged as maps of features that are not brought to one scale, as each training has
    its own.
    """
    stored = [torch.load(path, weights_only=True, map_location="cpu") for path in checkpoints]
    states = [one["average"] for one in stored]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    weights = [state["label.weight"] / state["deviation"] for state in states]
    biases = [
        state["label.bias"] - weight @ state["mean"] for state, weight in zip(states, weights)
    ]
    weight, bias = torch.stack(weights).mean(0), torch.stack(biases).mean(0)
    mean["label.weight"] = weight * mean["deviation"]
    mean["label.bias"] = bias + weight @ mean["mean"]
    return {name: value.numpy() for name, value in mean.items()}


def fit_photographed(
    model: Path, own: list[Example], of: list[Example], laid: list[np.ndarray]
) -> State:
    """The classifier of PHOTOGRAPHED, in its order: multinomial logistic regression.

    Fitted on the features of `own`, its training pictures, renders among them. From `laid`, their
    things on other grounds, and what those are `of`, it learns as well: from plain pictures alone a
    museum's backdrop would tell ivory.
    """
    plain = outputs(model, "features", [example.path for example in own])
    rows = np.concatenate([plain, outputs(model, "features", laid)])
    mean, deviation = rows.mean(0), rows.std(0) + 1e-3 * rows.std(0).mean()
    weights = [1 if example.domain == "photograph" else RENDERS_WEIGH for example in own]
    weights += [COPIES_WEIGH / COPIES] * len(of)
    labels = [PHOTOGRAPHED.index(example.label) for example in own + of]
    model_of = LogisticRegression(C=PENALTY, max_iter=1000)
    fitted = model_of.fit((rows - mean) / deviation, labels, weights)
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
    cache: Path
    ranges: list[Path] | None = None

    @property
    def entry(self) -> str:
        """The bundle's `[input]`: what the network takes."""
        return FLOATS if self.ranges is None else BYTES

    def write(self, state: State) -> Path:
        """Write the network; returns the file."""
        half = self.cache / "half.onnx"
        if self.ranges is None:
            write_network(self.backbone, state, self.labels, half, half=True, side=self.side)
            return half
        plain, quantised = self.cache / "float.onnx", self.cache / "int8.onnx"
        write_network(self.backbone, state, self.labels, plain, half=False, side=self.side)
        quantise(plain, quantised, self.ranges, self.side)
        return quantised


class Held:
    """The calibration pictures of a bundle's labels."""

    def __init__(self, examples: list[Example], labels: dict[str, list[str]]):
        self.names = list(labels)
        self.pictures: list[Path | np.ndarray] = [example.path for example in examples]
        label_of = {member: i for i, members in enumerate(labels.values()) for member in members}
        self.labels = np.array([label_of[example.label] for example in examples])
        self.photograph = np.array([example.domain == "photograph" for example in examples])
        common = [example.label in ("other", "live_animal") for example in examples]
        self.everyday = self.photograph & np.array(common)
        self.shares = np.bincount(self.labels, minlength=len(self.names)) / len(self.labels)
        if not self.shares.all():
            absent = [name for name, share in zip(self.names, self.shares) if not share]
            raise SystemExit(f"no calibration picture of {', '.join(absent)}")

    def thresholds(self, scores: np.ndarray) -> str:
        """The `[thresholds.PRODUCT]` tables of bundle.toml, from scores [N, labels]."""
        tables = ""
        for product in (name for name in PRODUCTS if name in self.names):
            k = self.names.index(product)
            review, flag = product_thresholds(
                scores[:, k], self.labels == k, self.everyday, self.photograph
            )
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
    add("--version", default="0.8.0")
    return parser.parse_args()


def main() -> None:
    """Write both bundles."""
    arguments = parse_arguments()
    labels, cache = arguments.labels, arguments.checkpoints[0].parent
    side = arguments.side or SIDES[arguments.backbone]
    known = {member for members in labels.values() for member in members}
    examples = [example for example in all_examples(arguments) if example.label in known]
    train = [example for example in examples if example.split == "train"]
    held = Held([example for example in examples if example.split == "calibration"], labels)
    state = mean_of(arguments.checkpoints)

    count = min(CALIBRATION_PHOTOS, len(train))
    chosen = np.random.default_rng(5).choice(len(train), count, replace=False)
    in_float = Arithmetic(arguments.backbone, labels, side, cache)
    in_int8 = Arithmetic(arguments.backbone, labels, side, cache, [train[i].path for i in chosen])
    weight, bias = whiten.whitening_projection(
        *whiten.features_of_copies(in_float.write(state), train, side)
    )
    state |= {"copy.weight": weight, "copy.bias": bias}
    own = [example for example in train if example.label in PHOTOGRAPHED]
    photographed = [example for example in own if example.domain == "photograph"]
    on_other_grounds = lay_on_other_grounds(photographed, MOVED_SEED)
    float_bundle = arguments.bundle.with_name(arguments.bundle.name + "-float")
    for how, folder in ((in_int8, arguments.bundle), (in_float, float_bundle)):
        fitted = fit_photographed(how.write(state), own, *on_other_grounds)
        write_bundle(folder, how.write(state | fitted), arguments.version, how, held)


if __name__ == "__main__":
    main()
