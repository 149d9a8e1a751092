#!/usr/bin/env python3
"""Compare heads by grouped five-fold cross-validation within the training split.

    choose.py --data DIR --manifest FILE --tflite FILE --cache DIR --out eval/model-base

Principal components are taken once per set of taps from the whole training split (they see no label); the kernel
machine is fitted anew in every fold. Neither the calibration nor the test split is read.
"""

import argparse
import csv
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold

from features import features, tapped_backbone
from head import Settings, concatenated, fit_kernel, project
from photos import LABELS, read_manifest

LAST = ("last7.mean",)
LAST_BOTH = ("last7.mean", "last7.std")
LATE = ("late7.mean", "late7.std", *LAST_BOTH)
ALL = ("mid28.mean", "mid28.std", "mid14.mean", "mid14.std", *LATE)
NARROW = Settings(taps=ALL, landmarks=1024, width=0.5, penalty=5.0)
WIDE = replace(NARROW, width=0.25, penalty=20.0)
DEGRADED = "augment2"  # held-out photographs are also judged as degraded copies; no candidate trains on this view

# (name, settings, plain view and the augmented views beside it)
CANDIDATES = [
    ("last layer's means", replace(NARROW, taps=LAST), ("squash",)),
    ("last layer's means and deviations", replace(NARROW, taps=LAST_BOTH), ("squash",)),
    ("last two layers", replace(NARROW, taps=LATE), ("squash",)),
    ("four layers", NARROW, ("squash",)),
    ("four layers, mirrored copies", NARROW, ("squash", "flip")),
    ("narrower kernel", replace(NARROW, width=1.0), ("squash",)),
    ("weaker penalty", replace(NARROW, penalty=20.0), ("squash",)),
    ("wider kernel, weaker penalty", WIDE, ("squash",)),
    ("wider kernel, much weaker penalty", replace(WIDE, penalty=100.0), ("squash",)),
    ("still wider kernel, much weaker penalty", replace(WIDE, width=0.125, penalty=100.0), ("squash",)),
    ("wider kernel, bone counts three times", replace(WIDE, bone_weight=3.0), ("squash",)),
    ("wider kernel, 400 components", replace(WIDE, components=400), ("squash",)),
    ("wider kernel, 2048 landmarks", replace(WIDE, landmarks=2048), ("squash",)),
    ("wider kernel, degraded copies", WIDE, ("squash", "augment1")),
    ("wider kernel, degraded copies, 2048 landmarks", replace(WIDE, landmarks=2048), ("squash", "augment1")),
    ("wider kernel, central square instead of squash", WIDE, ("center_crop",)),
]


def judged(logits: np.ndarray, labels: np.ndarray) -> dict[str, str]:
    """What is compared: held-out predictions of every training photograph."""
    ivory, ceramic, other, bone = (LABELS.index(n) for n in ("ivory", "ceramic_stone", "other", "bone"))
    right = np.where(labels == ivory, logits[:, ivory] > logits[:, ceramic], logits[:, ivory] <= logits[:, ceramic])
    pair = (labels == ivory) | (labels == ceramic)
    score = np.exp(log_softmax(logits, axis=1))
    limit = np.quantile(score[labels == other, ivory], 0.99)
    return {
        "ivory_ceramic_accuracy": f"{right[pair].mean():.4f}",
        "ivory_ceramic_balanced": f"{(right[labels == ivory].mean() + right[labels == ceramic].mean()) / 2:.4f}",
        "top1": f"{(logits.argmax(1) == labels).mean():.4f}",
        "bone_recall": f"{(logits.argmax(1) == bone)[labels == bone].mean():.3f}",
        "log_loss": f"{-np.log(np.maximum(score[np.arange(len(labels)), labels], 1e-12)).mean():.4f}",
        "ivory_over_everyday_p99": f"{(score[labels == ivory, ivory] > limit).mean():.4f}",
        "ceramic_over_everyday_p99": f"{(score[labels == ceramic, ivory] > limit).mean():.4f}",
        "everyday_over_0.90": f"{(score[labels == other, ivory] > 0.9).mean():.4f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "manifest", "tflite", "cache", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    train = [photo for photo in read_manifest(arguments.manifest) if photo.split == "train"]
    labels = np.array([LABELS.index(photo.label) for photo in train])
    groups = np.array([photo.group for photo in train])
    folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(labels, labels, groups))
    backbone = arguments.cache / "tapped.onnx"
    tapped_backbone(arguments.tflite, backbone)
    components: dict[tuple, list[np.ndarray]] = {}
    with open(arguments.out / "choice.csv", "w", newline="", encoding="utf-8") as out:
        writer = None
        for name, settings, names in CANDIDATES:
            start = time.time()
            key = (settings.taps, settings.components, names)
            if key not in components:
                views = [concatenated(features(arguments.data, train, view, backbone, arguments.cache / "features"), settings.taps)
                         for view in (*names, DEGRADED)]
                projection = project(views[0], settings.components)
                components = {key: [projection(view) for view in views]}
            views = components[key]
            logits = np.zeros((len(labels), len(LABELS)), np.float32)
            degraded = np.zeros_like(logits)
            for fitted, held in folds:
                machine = fit_kernel([view[fitted] for view in views[:-1]], labels[fitted], settings)
                logits[held], degraded[held] = machine(views[0][held]), machine(views[-1][held])
            result = judged(logits, labels)
            result |= {f"degraded_{key}": value for key, value in judged(degraded, labels).items()}
            row = {"candidate": name, "taps": " ".join(settings.taps), "views": " ".join(names),
                   "components": settings.components, "landmarks": settings.landmarks, "width": settings.width,
                   "penalty": settings.penalty, "bone_weight": settings.bone_weight, **result}
            if writer is None:
                writer = csv.DictWriter(out, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            out.flush()
            print(f"{name}: {result} {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
