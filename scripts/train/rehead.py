"""New heads on the networks of a bundle and of its float twin: what photographs and drawn pictures
teach, without forgetting what renders taught.

    python -m train.rehead --pictures FILE.npz --listings FILE.npz --base DIR/NAME
        --bundle models/NAME --cache DIR --version 0.9.0

`--base` and `--base`-float are the bundles whose networks and label head are taken, such as
0.8.0's. The networks stay bit for bit as they are, and so do features and descriptors. The label
head's row of skins moves as far as looks of the photographs of `wild/` ask for; the classifier of
the labels that photographs teach is the mean of what it was and of one fitted anew (heads.py). Both
networks get the heads that the int8 one's features give. Then temperature, thresholds (by shops'
photographs too) and background.
"""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from train.arguments import command_line
from train.calibration import listed_thresholds, product_thresholds
from train.efficientnet import SIDES
from train.export import Arithmetic, Held, write_bundle
from train.features import outputs
from train.heads import Shown, fit_photographed, fit_skins, views_of
from train.labels import LABELS, PRODUCTS
from train.looks import Looks
from train.pictures import Pictures
from train.taxonomy import parse_merged_labels

BACKBONE, SEED = "lite0", 18
HEADS = ("label", "photographed")  # the first linear maps of a bundle's graph, in their order
LABELS_OF = parse_merged_labels(",".join(LABELS))


class Listed(Held):
    """The calibration pictures of a file, and shops' photographs to set thresholds by."""

    def __init__(self, pictures: Pictures, listings: Pictures):
        self.names = list(LABELS_OF)
        own = pictures.chosen(pictures.split == "calibration")
        self.pictures = [part.pixels(row) for part in (own, listings) for row in range(len(part))]
        self.labels, self.listed = own.label, listings.label
        self.photograph = own.kind == "photograph"
        common = np.isin(own.label, [LABELS.index("other"), LABELS.index("live_animal")])
        self.everyday = common & (own.kind != "render")  # drawn pictures too
        self.shares = np.bincount(self.labels, minlength=len(LABELS)) / len(self.labels)

    def thresholds(self, scores: np.ndarray) -> str:
        """The `[thresholds.PRODUCT]` tables of bundle.toml, from scores [N, labels]."""
        known, tables = slice(len(self.labels)), ""
        for k, product in enumerate(PRODUCTS):
            own, listings = self.labels == k, scores[len(self.labels) :, k][self.listed != k]
            limits = product_thresholds(scores[known, k], own, self.everyday, self.photograph)
            review, flag = listed_thresholds(limits, listings)
            tables += f"[thresholds.{product}]\nreview = {review:.2f}\nflag = {flag:.2f}\n\n"
        return tables


class Heads:
    """The label heads of a written network."""

    def __init__(self, network: Path):
        self.model = onnx.load(network)
        graph = self.model.graph
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
        linear = [node for node in graph.node if node.op_type == "Gemm"]
        self.names = {
            head: (casts.get(node.input[1], node.input[1]), node.input[2])
            for head, node in zip(HEADS, linear)
        }

    def read(self, head: str) -> dict[str, np.ndarray]:
        """Weight [labels, width] and bias of one."""
        weight, bias = (numpy_helper.to_array(self.stored[name]) for name in self.names[head])
        return {f"{head}.weight": weight.T.astype(np.float32), f"{head}.bias": bias.copy()}

    def put(self, head: str, state: dict[str, np.ndarray]) -> None:
        """Replace one."""
        for name, value in zip(
            self.names[head], (state[f"{head}.weight"].T, state[f"{head}.bias"])
        ):
            kind = numpy_helper.to_array(self.stored[name]).dtype
            array = np.ascontiguousarray(value).astype(kind)
            self.stored[name].CopyFrom(numpy_helper.from_array(array, name))


def features_of(network: Path, views: np.ndarray, cache: Path) -> np.ndarray:
    """What a network sees in views, [N, width]; kept in the cache."""
    digest = hashlib.sha256(network.read_bytes() + views.tobytes()).hexdigest()[:16]
    file = cache / f"features-{digest}.npy"
    if not file.exists():
        np.save(file, outputs(network, "features", views).astype(np.float16))
    return np.load(file)


def main() -> None:
    """Write both bundles."""
    parser = command_line(__doc__, ("pictures", "listings", "base", "bundle", "cache"))
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()
    base, cache = arguments.base, arguments.cache
    torch.set_num_threads(2)
    pictures = Pictures.read(arguments.pictures)
    train = pictures.chosen(pictures.split == "train")
    side, shown = SIDES[BACKBONE], Shown.of(train)
    views = views_of(shown, Looks(train, side), SEED).numpy()
    seen = features_of(base / "model.onnx", views, cache)
    before = Heads(base / "model.onnx")
    label = fit_skins(seen, shown, train, before.read("label"))
    anew, was = fit_photographed(seen, shown, train), before.read("photographed")
    photographed = {name: (value + was[name]) / 2 for name, value in anew.items()}
    held = Listed(pictures, Pictures.read(arguments.listings))
    for twin, ranges in (("", []), ("-float", None)):
        folder = arguments.bundle.with_name(arguments.bundle.name + twin)
        heads = Heads(base.with_name(base.name + twin) / "model.onnx")
        heads.put("label", label)
        heads.put("photographed", photographed)
        written = cache / f"{folder.name}.onnx"
        onnx.save(heads.model, written)
        how = Arithmetic(BACKBONE, LABELS_OF, side, cache, ranges)
        write_bundle(folder, written, arguments.version, how, held)


if __name__ == "__main__":
    main()
