#!/usr/bin/env python3
"""Judge a written bundle on the test split, through its own ONNX file, and write the study's CSV files.

    evaluate.py --data DIR --manifest FILE --bundle models/faunalens-base --out eval/model-base

Intervals are 95 % percentile intervals of a bootstrap that draws whole groups (2,000 draws, fixed seed); for a rate with
no event, or drawn from groups of one, the exact binomial (Clopper-Pearson) interval is given beside it.
"""

import argparse
import csv
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import softmax
from scipy.stats import beta

from features import session
from photos import LABELS, Photo, load, read_manifest, resized

IVORY, BONE, CERAMIC, OTHER = (LABELS.index(name) for name in ("ivory", "bone", "ceramic_stone", "other"))
DRAWS, SEED = 2000, 20
BINS = 10


def score(data: Path, bundle: Path, files: list[str]) -> np.ndarray:
    """Calibrated scores [N, 4] of photographs by a bundle, as the bundle's own settings say."""
    settings = tomllib.loads((bundle / "bundle.toml").read_text())
    model = session(bundle / settings["model"]["file"])
    mean, std = np.float32(settings["input"]["mean"]), np.float32(settings["input"]["std"])
    rows = []
    for file in files:
        pixels = resized(load(data / file), settings["input"]["resize"]).astype(np.float32)
        tensor = ((pixels - mean) / std).transpose(2, 0, 1)[None]
        rows.append(model.run(["logits"], {"input": tensor})[0][0])
    return softmax(np.array(rows) / settings["output"]["temperature"], axis=1)


class Judged:
    """Scores of the test photographs with their labels; a measure maps a selection of rows to one number."""

    def __init__(self, photos: list[Photo], scores: np.ndarray, review: float, flag: float):
        self.labels = np.array([LABELS.index(photo.label) for photo in photos])
        self.groups = np.array([photo.group for photo in photos])
        self.gray = np.array([photo.grayscale for photo in photos])
        self.scores, self.review, self.flag = scores, review, flag
        self.ivory_side = scores[:, IVORY] > scores[:, CERAMIC]
        _, self.group_of = np.unique(self.groups, return_inverse=True)
        self.members = [np.nonzero(self.group_of == g)[0] for g in range(self.group_of.max() + 1)]

    def interval(self, rows: np.ndarray, measure: Callable[[np.ndarray], float]) -> tuple[float, float]:
        """Bootstrap interval of `measure` over the groups that hold `rows`."""
        chosen = np.zeros(len(self.labels), bool)
        chosen[rows] = True
        members = [own[chosen[own]] for own in self.members if chosen[own].any()]
        rng = np.random.default_rng(SEED)
        values = [
            measure(np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])) for _ in range(DRAWS)
        ]
        low, high = np.nanpercentile(values, [2.5, 97.5])
        return float(low), float(high)


def exact_interval(events: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a binomial rate."""
    low = beta.ppf(0.025, events, trials - events + 1) if events else 0.0
    high = beta.ppf(0.975, events + 1, trials - events) if events < trials else 1.0
    return float(low), float(high)


def measures(judged: Judged) -> list[dict]:
    """Every line of summary.csv."""
    labels, scores = judged.labels, judged.scores
    lines = []

    def add(name: str, rows: np.ndarray, hit: np.ndarray) -> None:
        low, high = judged.interval(rows, lambda drawn: hit[drawn].mean())
        exact = exact_interval(int(hit[rows].sum()), len(rows))
        lines.append({
            "measure": name, "value": f"{hit[rows].mean():.4f}", "low95": f"{low:.4f}", "high95": f"{high:.4f}",
            "exact_low95": f"{exact[0]:.4f}", "exact_high95": f"{exact[1]:.4f}",
            "events": int(hit[rows].sum()), "photographs": len(rows), "groups": len(set(judged.groups[rows])),
        })

    def add_measure(name: str, rows: np.ndarray, measure: Callable[[np.ndarray], float]) -> None:
        low, high = judged.interval(rows, measure)
        lines.append({
            "measure": name, "value": f"{measure(rows):.4f}", "low95": f"{low:.4f}", "high95": f"{high:.4f}",
            "exact_low95": "", "exact_high95": "", "events": "", "photographs": len(rows),
            "groups": len(set(judged.groups[rows])),
        })

    right = np.where(labels == IVORY, judged.ivory_side, ~judged.ivory_side)
    everything = np.arange(len(labels))
    pair = np.nonzero((labels == IVORY) | (labels == CERAMIC))[0]

    def balanced(rows: np.ndarray) -> float:
        return float(np.mean([right[rows][labels[rows] == side].mean() for side in (IVORY, CERAMIC)]))

    add("ivory against ceramic, accuracy", pair, right)
    add_measure("ivory against ceramic, balanced accuracy", pair, balanced)
    add("ivory against ceramic, accuracy on colour photographs", pair[~judged.gray[pair]], right)
    add("ivory against ceramic, accuracy on grey photographs", pair[judged.gray[pair]], right)
    top = scores.argmax(1)
    add("four labels, top-1 accuracy", everything, top == labels)
    add_measure("four labels, balanced top-1 accuracy", everything, lambda rows: float(np.nanmean(
        [(top[rows] == k)[labels[rows] == k].mean() if (labels[rows] == k).any() else np.nan for k in range(len(LABELS))])))
    for k, label in enumerate(LABELS):
        add(f"recall of {label} (top-1)", np.nonzero(labels == k)[0], top == k)
    for name, threshold in (("flag", judged.flag), ("review", judged.review)):
        raised = scores[:, IVORY] >= threshold
        add(f"ivory at or over {name} {threshold:.2f}, among ivory", np.nonzero(labels == IVORY)[0], raised)
        add(f"ivory at or over {name} {threshold:.2f}, among bone", np.nonzero(labels == BONE)[0], raised)
        add(f"ivory at or over {name} {threshold:.2f}, among ceramic_stone", np.nonzero(labels == CERAMIC)[0], raised)
        add(f"ivory at or over {name} {threshold:.2f}, among everyday photographs", np.nonzero(labels == OTHER)[0], raised)

    def log_loss(rows: np.ndarray) -> float:
        return float(-np.log(np.maximum(scores[rows, labels[rows]], 1e-12)).mean())

    def calibration_error(rows: np.ndarray) -> float:
        """Expected calibration error of the top-1 score, ten equal bins (Guo et al. 2017)."""
        confidence, hit = scores[rows].max(1), top[rows] == labels[rows]
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        return float(sum(abs(confidence[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean() for b in set(bins)))

    add_measure("log loss", everything, log_loss)
    add_measure("expected calibration error, ten bins", everything, calibration_error)
    return lines


def write(path: Path, rows: list[dict]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "manifest", "bundle", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    photos = [photo for photo in read_manifest(arguments.manifest) if photo.split == "test"]
    scores = score(arguments.data, arguments.bundle, [photo.file for photo in photos])
    limits = tomllib.loads((arguments.bundle / "bundle.toml").read_text())["thresholds"]["ivory"]
    judged = Judged(photos, scores, limits["review"], limits["flag"])
    write(arguments.out / "predictions.csv", [
        {"file": photo.file, "source": photo.source, "group": photo.group, "grayscale": int(photo.grayscale), "label": photo.label,
         **{f"score_{label}": f"{row[k]:.5f}" for k, label in enumerate(LABELS)}}
        for photo, row in zip(photos, scores)
    ])
    top = scores.argmax(1)
    write(arguments.out / "confusion.csv", [
        {"label": label, **{f"called_{other}": int(((judged.labels == k) & (top == j)).sum()) for j, other in enumerate(LABELS)}}
        for k, label in enumerate(LABELS)
    ])
    lines = measures(judged)
    write(arguments.out / "summary.csv", lines)
    for line in lines:
        print(f"{line['measure']:<70} {line['value']}  [{line['low95']}, {line['high95']}]  {line['events']}/{line['photographs']}")

    with open(arguments.data / "wild/labels.csv", newline="", encoding="utf-8") as rows:
        wild = list(csv.DictReader(rows))
    seen = score(arguments.data, arguments.bundle, [next(
        f"wild/{p.relative_to(arguments.data / 'wild').as_posix()}" for p in (arguments.data / "wild").rglob(row["file"])
    ) for row in wild])
    write(arguments.out / "wild.csv", [
        {"file": row["file"], "shows": row["label"], **{label: f"{s[k]:.3f}" for k, label in enumerate(LABELS)}}
        for row, s in zip(wild, seen)
    ])


if __name__ == "__main__":
    main()
