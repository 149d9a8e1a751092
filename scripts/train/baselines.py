#!/usr/bin/env python3
"""What needs no network: trivial classifiers on the same splits, as CSV files that `faunalens eval compare` reads.

    baselines.py --data DIR --manifest FILE --out DIR

`histogram`: logistic regression on a colour histogram (8 x 8 x 8 bins, square roots); `nearest`: the label of the nearest
training histogram; `majority`: shares of the labels in the training split, whatever the photograph. Fitted on the
training split, strength of the penalty chosen on the calibration split, written for the test split.
"""

import argparse
import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from train.labels import LABELS
from train.photos import load, read_manifest

BINS = 8


def histogram(path: Path) -> np.ndarray:
    """Square roots of the shares of 512 colours (their scalar product is the Bhattacharyya coefficient)."""
    image = load(path)
    image.thumbnail((128, 128))
    level = np.asarray(image).reshape(-1, 3) // (256 // BINS)
    counts = np.bincount(level @ [BINS * BINS, BINS, 1], minlength=BINS**3)
    return np.sqrt(counts / counts.sum())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    photos = read_manifest(arguments.manifest)
    with ThreadPoolExecutor(2) as pool:
        features = np.array(
            list(pool.map(lambda photo: histogram(arguments.data / photo.file), photos))
        )
    labels = np.array([LABELS.index(photo.label) for photo in photos])
    train, held, test = (
        np.array([photo.split == name for photo in photos])
        for name in ("train", "calibration", "test")
    )
    models = [
        LogisticRegression(C=c, max_iter=2000).fit(features[train], labels[train])
        for c in (1, 10, 100, 1000)
    ]
    best = max(models, key=lambda model: model.score(features[held], labels[held]))
    nearest = labels[train][(features[test] @ features[train].T).argmax(1)]
    known = np.unique(labels[train])  # labels that have photographs
    shares = np.bincount(labels[train], minlength=len(LABELS)) / train.sum()
    scores = {
        "histogram": best.predict_proba(features[test]) @ np.eye(len(LABELS))[known],
        "nearest": np.eye(len(LABELS))[nearest],
        "majority": np.tile(shares, (test.sum(), 1)),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, rows in scores.items():
        with open(arguments.out / f"baseline-{name}.csv", "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(
                ["file", "label", "group", "source", *(f"score_{label}" for label in LABELS)]
            )
            for photo, row in zip([p for p, kept in zip(photos, test) if kept], rows):
                writer.writerow(
                    [
                        photo.file,
                        photo.label,
                        photo.group,
                        photo.source,
                        *(f"{value:.5f}" for value in row),
                    ]
                )
        print(f"{name}: right {(rows.argmax(1) == labels[test]).mean():.3f}")


if __name__ == "__main__":
    main()
