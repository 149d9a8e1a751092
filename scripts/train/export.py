#!/usr/bin/env python3
"""From a training checkpoint to bundles: the network with int8 arithmetic, and beside it the float one.

    export.py --data DIR --manifest FILE --renders FILE --tflite FILE --cache DIR --bundle models/NAME [--side 224] [--labels a,b,c]

Weights of the convolutions become int8 per channel, activations uint8 with ranges from 256 training photographs
(static quantisation, ONNX Runtime's own tool); the heads compute in float, from weights stored as float16. Temperature and thresholds come from the calibration
split, each bundle's from its own scores, and so do the pictures to learn beside (background.py). The copy descriptor is whiten.py's. The test split is not read here.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

import background
import whiten
from convert_tflite import Converter
from features import MEAN, STD, add_taps, session
from features import tensor as as_input
from finetune import DESCRIPTOR
from photos import SIDE, load, read_manifest, resized
from taxonomy import LABELS, PRODUCTS, Example, merging, photographs, renders

CALIBRATION_PHOTOS = 256
# Seven bits for weights: with eight, processors that have AVX2 but no VNNI cut sums of products off at 16 bits.
REDUCED = True

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
layout = "nchw"
colour = "rgb"
resize = "squash"
filter = "bilinear"
mean = [{mean}, {mean}, {mean}]   # value = (pixel 0..255 - mean) / std
std = [{std}, {std}, {std}]

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


class Exporter(Converter):
    """The converter, with trained weights in the place of the file's."""

    def __init__(self, tflite: Path, state: dict[str, torch.Tensor], half: bool, side: int):
        super().__init__(tflite)
        self.state, self.store_half, self.side, self.convolutions = state, half, side, 0

    def input_info(self) -> onnx.ValueInfoProto:
        return onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["batch", 3, self.side, self.side])

    def half(self, array: np.ndarray) -> str:
        return super().half(array) if self.store_half else self.constant(array.astype(np.float32), "weight")

    def weight(self, tensor, order):
        name = f"backbone.convolutions.{self.convolutions}"
        if f"{name}.weight" not in self.state:  # the ImageNet classifier, which nothing needs
            return super().weight(tensor, order)
        self.trained_bias = self.state[f"{name}.bias"].numpy()
        self.convolutions += 1
        return self.half(self.state[f"{name}.weight"].numpy())

    def constant(self, array, stem):
        if stem == "bias" and getattr(self, "trained_bias", None) is not None:
            array, self.trained_bias = self.trained_bias, None
        return super().constant(array, stem)


def write(tflite: Path, state: dict[str, torch.Tensor], labels: dict[str, list[str]], path: Path, half: bool, side: int) -> None:
    """The float graph: backbone, tapped features brought to one scale, both heads.

    The features are an output too: what `faunalens model learn` learns from.

    A label that stands for several of the network's has the logarithm of the sum of their exponentials, so that its
    probability is the sum of theirs.
    """
    graph = Exporter(tflite, state, half, side)
    graph.walk()
    taps = add_taps(graph)
    tapped = graph.node("Concat", list(value for value, _ in taps.values()), axis=1)
    mean, deviation = (graph.constant(state[name].numpy().astype(np.float32), name) for name in ("mean", "deviation"))
    features = graph.node("Div", [graph.node("Sub", [tapped, mean]), deviation])

    def linear(name: str) -> str:
        weight, bias = state[f"{name}.weight"].numpy(), state[f"{name}.bias"].numpy()
        return graph.node("Gemm", [features, Converter.half(graph, weight.T), graph.constant(bias.astype(np.float32), "head_bias")])

    every, columns = linear("label"), []
    for members in labels.values():
        places = np.array([LABELS.index(member) for member in members], np.int64)
        columns.append(graph.node("ReduceLogSumExp", [graph.node("Gather", [every, graph.constant(places, "members")], axis=1)], axes=[1], keepdims=1))
    logits = graph.node("Concat", columns, axis=1)
    descriptor = graph.node("LpNormalization", [linear("copy")], axis=1, p=2)
    width = sum(width for _, width in taps.values())
    graph.save(path, {"logits": (logits, len(labels)), "descriptor": (descriptor, DESCRIPTOR), "features": (features, width)})


class Photographs(CalibrationDataReader):
    def __init__(self, paths: list[Path], side: int):
        self.paths, self.side = iter(paths), side

    def get_next(self):
        path = next(self.paths, None)
        return None if path is None else {"input": as_input(resized(load(path), side=self.side))}


def quantise(source: Path, target: Path, photos: list[Path], side: int) -> None:
    """Static quantisation of the convolutions and sums, then ONNX Runtime's own rewriting, which every session would
    otherwise do again: it takes a third of the time that a session needs to start."""
    quantised = target.with_suffix(".qdq.onnx")
    quantize_static(
        source, quantised, Photographs(photos, side), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv", "Add", "Clip", "Relu"],
        per_channel=True, reduce_range=REDUCED, weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8, calibrate_method=CalibrationMethod.MinMax,
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # The level whose results run on any processor; the last one is left to the session.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(quantised, options, providers=["CPUExecutionProvider"])
    halve_heads(target)


def halve_heads(path: Path) -> None:
    """Store the matrices of the heads as float16, which the rewriting has widened; they are half of the file."""
    model = onnx.load(path)
    heads = {node.input[1] for node in model.graph.node if node.op_type == "Gemm"}
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name in heads:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half"))
            casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    if len(casts) != len(heads):
        raise SystemExit(f"{path}: heads without stored weights")
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    path.write_bytes(model.SerializeToString(deterministic=True))


def answers(path: Path, examples: list[Example], side: int) -> np.ndarray:
    """Logits of plain pictures."""
    run = session(path)
    return np.concatenate([run.run(["logits"], {"input": as_input(resized(load(example.path), side=side))})[0] for example in examples])


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of least mean negative log likelihood (Guo et al. 2017)."""
    def loss(log_t: float) -> float:
        return -log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(labels)), labels].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def thresholds(scores: np.ndarray, labels: np.ndarray, everyday: np.ndarray, names: list[str], product: str) -> tuple[float, float]:
    """Review and flag thresholds of a product, from calibration pictures without it.

    Review: the smallest hundredth, from 0.02, that at most 1 % of everyday photographs and 15 % of the look-alikes reach; low,
    because a product that is known from renders scores low on photographs. Flag: the smallest, from 0.50, that no everyday
    photograph and at most 3 % of the look-alikes reach. Look-alikes are the pictures, photographs or renders, of all other labels.
    """
    score = scores[:, names.index(product)]
    alike = ~everyday & (labels != names.index(product))

    def least(start: float, common: float, similar: float) -> float:
        steps = np.arange(start, 0.99, 0.01).round(2)
        return float(next((t for t in steps if (score[everyday] >= t).mean() <= common and (score[alike] >= t).mean() <= similar), 0.99))

    review = least(0.02, 0.01, 0.15)
    return review, max(review, least(0.50, 0.0, 0.03))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "manifest", "renders", "tflite", "cache", "bundle"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--labels", type=merging, default=merging(",".join(LABELS)), help="as ivory,bone=bone_antler,other=*")
    parser.add_argument("--side", type=int, default=SIDE, help="of the input; 320 gained nothing (eval/model/README.md)")
    parser.add_argument("--version", default="0.4.1")
    arguments = parser.parse_args()
    names = list(arguments.labels)
    label_of = {member: i for i, members in enumerate(arguments.labels.values()) for member in members}
    examples = photographs(arguments.data, read_manifest(arguments.manifest)) + renders(arguments.renders)
    train = [example for example in examples if example.split == "train" and example.label in label_of]
    held = [example for example in examples if example.split == "calibration" and example.label in label_of]
    labels = np.array([label_of[example.label] for example in held])
    everyday = np.array([example.domain == "photograph" and example.label in ("other", "live_animal") for example in held])
    shares = np.bincount(labels, minlength=len(names)) / len(labels)
    if not shares.all():
        raise SystemExit(f"no calibration picture of {', '.join(name for name, share in zip(names, shares) if not share)}")
    state = torch.load(arguments.cache / "checkpoint.pt", weights_only=True)["average"]

    chosen = np.random.default_rng(5).choice(len(train), min(CALIBRATION_PHOTOS, len(train)), replace=False)
    ranges = [train[i].path for i in chosen]

    plain, quantised, halved = (arguments.cache / f"{name}.onnx" for name in ("float", "int8", "half"))
    write(arguments.tflite, state, arguments.labels, plain, half=False, side=arguments.side)
    weight, bias = whiten.projection(*whiten.features(plain, train, arguments.side))
    state |= {"copy.weight": torch.from_numpy(weight), "copy.bias": torch.from_numpy(bias)}
    write(arguments.tflite, state, arguments.labels, plain, half=False, side=arguments.side)
    quantise(plain, quantised, ranges, arguments.side)
    write(arguments.tflite, state, arguments.labels, halved, half=True, side=arguments.side)

    for source, folder in ((quantised, arguments.bundle), (halved, arguments.bundle.with_name(arguments.bundle.name + "-float"))):
        logits = answers(source, held, arguments.side)
        t = temperature(logits, labels)
        scores = softmax(logits / t, axis=1)
        tables = ""
        for product in PRODUCTS:
            if product in names:
                review, flag = thresholds(scores, labels, everyday, names, product)
                tables += f"[thresholds.{product}]\nreview = {review:.2f}\nflag = {flag:.2f}\n\n"
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "model.onnx"
        model.write_bytes(source.read_bytes())
        (folder / "bundle.toml").write_text(BUNDLE.format(
            name=folder.name, version=arguments.version, sha256=hashlib.sha256(model.read_bytes()).hexdigest(), side=arguments.side, mean=MEAN, std=STD,
            temperature=t, descriptor_size=DESCRIPTOR, features_size=len(state["mean"]), prior=", ".join(f"{name} = {share:.5f}" for name, share in zip(names, shares)), labels=", ".join(f'"{name}"' for name in names), thresholds=tables.rstrip() + "\n",
        ))
        print(f"{folder}: {model.stat().st_size:,} bytes; {len(held)} calibration pictures, right {(logits.argmax(1) == labels).mean():.3f}, temperature {t:.3f}; {tables.split()}")
        background.add(folder, held, labels.tolist(), names)


if __name__ == "__main__":
    main()
