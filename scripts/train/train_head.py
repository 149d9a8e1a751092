#!/usr/bin/env python3
"""Train the head on the training split, calibrate it on the calibration split, write the bundle.

    train_head.py --data DIR --manifest FILE --tflite FILE --cache DIR --bundle models/faunalens-base

The test split is not touched here; evaluate.py judges the written bundle on it.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from convert_tflite import Converter
from features import MEAN, STD, add_taps, features, tapped_backbone
from head import Settings, fit
from photos import LABELS, SIDE, read_manifest

# Chosen by grouped cross-validation within the training split: choose.py, eval/model-base/choice.csv.
SETTINGS = Settings(
    taps=("mid28.mean", "mid28.std", "mid14.mean", "mid14.std", "late7.mean", "late7.std", "last7.mean", "last7.std"),
    components=256, descriptor_size=256, landmarks=2048, width=0.25, penalty=20.0,
)
VIEWS = ("augment1", "augment3")
IVORY, OTHER = LABELS.index("ivory"), LABELS.index("other")

BUNDLE = """\
schema = "faunalens.bundle.v1"
name = "faunalens-base"
version = "{version}"
license = "Apache-2.0 (backbone), MIT OR Apache-2.0 (head)"

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

[labels]
names = ["ivory", "bone", "ceramic_stone", "other"]

[thresholds.ivory]
review = {review:.2f}
flag = {flag:.2f}

[schreger]
label = "ivory"
plausible = 0.10   # the lattice is read when the label's score is at least this
"""


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of least mean negative log likelihood (Guo et al. 2017)."""
    def loss(log_t: float) -> float:
        return -log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(labels)), labels].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def thresholds(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Review and flag thresholds on the ivory score, from calibration photographs.

    Flag: the smallest hundredth, not under 0.80, at which at most 0.5 % of everyday photographs and at most 5 %
    of bone and ceramic are flagged. Review: the smallest hundredth at which at most 3 % of everyday photographs are
    raised, so that an ordinary feed does not drown the reviewers.
    """
    ivory = scores[:, IVORY]
    everyday, similar = labels == OTHER, (labels != OTHER) & (labels != IVORY)
    steps = np.arange(0.01, 1.0, 0.01).round(2)
    review = next(t for t in steps if (ivory[everyday] >= t).mean() <= 0.03)
    flag = next(
        t for t in steps
        if t >= 0.99 or t >= 0.80 and (ivory[everyday] >= t).mean() <= 0.005 and (ivory[similar] >= t).mean() <= 0.05
    )
    return float(review), float(flag)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "manifest", "tflite", "cache", "bundle"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", default="0.1.0")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)

    photos = read_manifest(arguments.manifest)
    train = [photo for photo in photos if photo.split == "train"]
    calibration = [photo for photo in photos if photo.split == "calibration"]
    backbone = arguments.cache / "tapped.onnx"
    tapped_backbone(arguments.tflite, backbone)

    def view(name: str, of):
        return features(arguments.data, of, name, backbone, arguments.cache / "features")

    labels = np.array([LABELS.index(photo.label) for photo in train])
    head = fit(view("squash", train), [view(name, train) for name in VIEWS], labels, SETTINGS)

    held = np.array([LABELS.index(photo.label) for photo in calibration])
    logits = head.logits(view("squash", calibration))
    t = temperature(logits, held)
    scores = softmax(logits / t, axis=1)
    review, flag = thresholds(scores, held)
    print(f"calibration: {len(held)} photographs, temperature {t:.4f}, review {review}, flag {flag}")

    arguments.bundle.mkdir(parents=True, exist_ok=True)
    model = arguments.bundle / "model.onnx"
    converter = Converter(arguments.tflite)
    converter.walk()
    converter.save(model, head.add_to(converter, add_taps(converter)))
    (arguments.bundle / "bundle.toml").write_text(BUNDLE.format(
        version=arguments.version, sha256=hashlib.sha256(model.read_bytes()).hexdigest(), side=SIDE, mean=MEAN, std=STD,
        temperature=t, descriptor_size=head.settings.descriptor_size, review=review, flag=flag,
    ))
    print(f"{model}: {model.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
