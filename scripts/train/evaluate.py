#!/usr/bin/env python3
"""Judge a written bundle on the test split, through its own ONNX file, and write the study's CSV files.

    evaluate.py --data DIR --manifest FILE --renders FILE --bundle models/faunalens-base --out eval/model

Photographs and renders are told apart everywhere: what is right on a render proves little. Intervals are 95 % percentile
intervals of a bootstrap that draws whole groups (2,000 draws, fixed seed), with the exact binomial (Clopper-Pearson)
interval of a rate beside them.
"""

import argparse
import csv
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from scipy.special import softmax
from scipy.stats import beta, rankdata

from train.features import outputs
from train.grounds import moved
from train.labels import LABELS, PRODUCTS
from train.photos import read_manifest
from train.taxonomy import Example, photographs, renders

IVORY, CERAMIC = LABELS.index("ivory"), LABELS.index("ceramic_stone")
EVERYDAY = [LABELS.index("other"), LABELS.index("live_animal")]
DRAWS, SEED = 2000, 20
BINS = 10


def score(bundle: Path, pictures: Iterable[Path | np.ndarray]) -> np.ndarray:
    """Calibrated scores [N, labels] of pictures by a bundle that export.py wrote."""
    settings = tomllib.loads((bundle / "bundle.toml").read_text())
    return softmax(
        outputs(bundle / settings["model"]["file"], "logits", pictures)
        / settings["output"]["temperature"],
        axis=1,
    )


class Judged:
    """Scores of the test pictures with their labels; a measure maps a selection of rows to one number.

    `limits`: product -> its review and flag thresholds.
    """

    def __init__(
        self, examples: list[Example], scores: np.ndarray, limits: dict[str, dict[str, float]]
    ):
        self.labels = np.array([LABELS.index(example.label) for example in examples])
        self.groups = np.array([example.group for example in examples])
        self.gray = np.array([example.grayscale for example in examples])
        self.photograph = np.array([example.domain == "photograph" for example in examples])
        self.seized = np.array([example.seized for example in examples])
        self.scores, self.limits = scores, limits
        self.ivory_side = scores[:, IVORY] > scores[:, CERAMIC]
        _, self.group_of = np.unique(self.groups, return_inverse=True)
        self.members = [np.nonzero(self.group_of == g)[0] for g in range(self.group_of.max() + 1)]

    def raised(self, level: str, product: str | None = None) -> np.ndarray:
        """Whether a picture reaches the review or flag threshold of a product, or of any."""
        over = np.zeros(len(self.labels), bool)
        for name, limit in self.limits.items():
            if product in (None, name):
                over |= self.scores[:, LABELS.index(name)] >= limit[level]
        return over

    def interval(
        self, rows: np.ndarray, measure: Callable[[np.ndarray], float]
    ) -> tuple[float, float]:
        """Bootstrap interval of `measure` over the groups that hold `rows`."""
        chosen = np.zeros(len(self.labels), bool)
        chosen[rows] = True
        members = [own[chosen[own]] for own in self.members if chosen[own].any()]
        rng = np.random.default_rng(SEED)
        values = [
            measure(
                np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
            )
            for _ in range(DRAWS)
        ]
        low, high = np.nanpercentile(values, [2.5, 97.5])
        return float(low), float(high)


def exact_interval(events: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a binomial rate."""
    low = beta.ppf(0.025, events, trials - events + 1) if events else 0.0
    high = beta.ppf(0.975, events + 1, trials - events) if events < trials else 1.0
    return float(low), float(high)


class Summary:
    """The lines of summary.csv, each a measure over chosen rows with its intervals."""

    def __init__(self, judged: Judged):
        self.judged, self.lines = judged, []

    def add(self, name: str, rows: np.ndarray, hit: np.ndarray) -> None:
        """A rate: how many of the rows are hits. No rows, no line."""
        if not len(rows):
            return
        exact = exact_interval(int(hit[rows].sum()), len(rows))
        self.line(
            name,
            rows,
            lambda drawn: hit[drawn].mean(),
            {
                "exact_low95": f"{exact[0]:.4f}",
                "exact_high95": f"{exact[1]:.4f}",
                "events": int(hit[rows].sum()),
            },
        )

    def line(
        self,
        name: str,
        rows: np.ndarray,
        measure: Callable[[np.ndarray], float],
        more: dict | None = None,
    ) -> None:
        """Any measure of rows."""
        low, high = self.judged.interval(rows, measure)
        self.lines.append(
            {
                "measure": name,
                "value": f"{measure(rows):.4f}",
                "low95": f"{low:.4f}",
                "high95": f"{high:.4f}",
                "exact_low95": "",
                "exact_high95": "",
                "events": "",
                **(more or {}),
                "photographs": len(rows),
                "groups": len(set(self.judged.groups[rows])),
            }
        )


def measures(judged: Judged) -> list[dict]:
    """Of the photographs and renders as they are."""
    labels, scores = judged.labels, judged.scores
    summary = Summary(judged)
    add, add_measure = summary.add, summary.line
    right = np.where(labels == IVORY, judged.ivory_side, ~judged.ivory_side)
    photographed = np.nonzero(judged.photograph)[0]
    pair = photographed[np.isin(labels[photographed], [IVORY, CERAMIC])]

    def balanced(rows: np.ndarray) -> float:
        return float(
            np.mean([right[rows][labels[rows] == side].mean() for side in (IVORY, CERAMIC)])
        )

    add("ivory against ceramic, accuracy", pair, right)
    add_measure("ivory against ceramic, balanced accuracy", pair, balanced)
    add("ivory against ceramic, accuracy on colour photographs", pair[~judged.gray[pair]], right)
    add("ivory against ceramic, accuracy on grey photographs", pair[judged.gray[pair]], right)
    top = scores.argmax(1)
    add("most likely label, photographs", photographed, top == labels)
    rendered = np.nonzero(~judged.photograph)[0]
    of_product = labels < len(PRODUCTS)
    for name, own in (
        ("renders", rendered),
        ("renders of single things and few", rendered[~judged.seized[rendered]]),
        ("renders in bulk or close", rendered[judged.seized[rendered]]),
    ):
        add(f"most likely label, {name}", own, top == labels)
        add(
            f"most likely label, {name}, of the products without photographs",
            own[(of_product & (labels != IVORY))[own]],
            top == labels,
        )
        add(
            f"called a product, {name}, of look-alikes and other things",
            own[~of_product[own]],
            top < len(PRODUCTS),
        )
    for domain, own in (("photographs", photographed), ("renders", rendered)):
        for k, label in enumerate(LABELS):
            add(f"recall of {label}, {domain}", own[labels[own] == k], top == k)
    everyday = photographed[np.isin(labels[photographed], EVERYDAY)]
    for level in ("flag", "review"):
        add(
            f"any product at its {level} threshold, among everyday photographs",
            everyday,
            judged.raised(level),
        )
        for product, limit in judged.limits.items():
            over, k = judged.raised(level, product), LABELS.index(product)
            name = f"{product} at or over {level} {limit[level]:.2f}"
            add(f"{name}, among everyday photographs", everyday, over)
            for domain, own in (("photographs", photographed), ("renders", rendered)):
                add(f"{name}, among {domain} of it", own[labels[own] == k], over)
        for label in ("bone_antler", "ceramic_stone"):
            add(
                f"ivory at its {level} threshold, among photographs of {label}",
                photographed[labels[photographed] == LABELS.index(label)],
                judged.raised(level, "ivory"),
            )
        for label in (
            "bovid_horn",
            "wood",
            "synthetic",
            "shell_scale",
            "bone_antler",
            "ceramic_stone",
            "other",
        ):
            add(
                f"any product at its {level} threshold, among renders of {label}",
                rendered[labels[rendered] == LABELS.index(label)],
                judged.raised(level),
            )

    def log_loss(rows: np.ndarray) -> float:
        return float(-np.log(np.maximum(scores[rows, labels[rows]], 1e-12)).mean())

    def calibration_error(rows: np.ndarray) -> float:
        """Expected calibration error of the top-1 score, ten equal bins (Guo et al. 2017)."""
        confidence, hit = scores[rows].max(1), top[rows] == labels[rows]
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        return float(
            sum(
                abs(confidence[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean()
                for b in set(bins)
            )
        )

    add_measure("log loss, photographs", photographed, log_loss)
    add_measure(
        "expected calibration error in ten bins, photographs", photographed, calibration_error
    )
    return summary.lines


def on_other_grounds(judged: Judged) -> list[dict]:
    """Of photographed things that were laid on other grounds: what is left of the scores when the museum's backdrop tells nothing."""
    labels, ivory = judged.labels, judged.scores[:, IVORY]
    summary = Summary(judged)
    pair, own = np.nonzero(np.isin(labels, [IVORY, CERAMIC]))[0], np.nonzero(labels == IVORY)[0]
    everyday = np.nonzero(np.isin(labels, EVERYDAY))[0]
    summary.add(
        "ivory against ceramic, accuracy on other grounds",
        pair,
        judged.ivory_side == (labels == IVORY),
    )

    def area(rows: np.ndarray) -> float:
        """Area under the ROC curve: the share of pairs in which the ivory scores higher (Mann-Whitney)."""
        ranks, is_ivory = rankdata(ivory[rows]), labels[rows] == IVORY
        n = is_ivory.sum()
        return float((ranks[is_ivory].sum() - n * (n + 1) / 2) / (n * (len(rows) - n)))

    summary.line(
        "area under the ROC curve, ivory against everyday things, both on other grounds",
        np.concatenate([own, everyday]),
        area,
    )
    for level in ("flag", "review"):
        limit = judged.limits["ivory"][level]
        summary.add(
            f"ivory at or over {level} {limit:.2f}, among ivories on other grounds",
            own,
            ivory >= limit,
        )
        summary.add(
            f"ivory at or over {level} {limit:.2f}, among everyday things on other grounds",
            everyday,
            ivory >= limit,
        )
        summary.add(
            f"any product at its {level} threshold, among everyday things on other grounds",
            everyday,
            judged.raised(level),
        )
    return summary.lines


def write(path: Path, rows: list[dict]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "renders", "bundle", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    every = photographs(arguments.data, read_manifest(arguments.manifest)) + renders(
        arguments.renders
    )
    examples = [example for example in every if example.split == "test"]
    scores = score(arguments.bundle, [example.path for example in examples])
    limits = tomllib.loads((arguments.bundle / "bundle.toml").read_text())["thresholds"]
    judged = Judged(examples, scores, limits)

    def place(example: Example) -> str:
        root = arguments.data if example.domain == "photograph" else arguments.renders.parent.parent
        return example.path.relative_to(root).as_posix()

    write(
        arguments.out / "predictions.csv",
        [
            {
                "file": place(example),
                "source": example.source,
                "group": example.group,
                "grayscale": int(example.grayscale),
                "label": example.label,
                **{f"score_{label}": f"{row[k]:.5f}" for k, label in enumerate(LABELS)},
            }
            for example, row in zip(examples, scores)
        ],
    )
    top = scores.argmax(1)
    write(
        arguments.out / "confusion.csv",
        [
            {
                "domain": domain,
                "label": label,
                **{
                    f"called_{other}": int((chosen & (judged.labels == k) & (top == j)).sum())
                    for j, other in enumerate(LABELS)
                },
            }
            for domain, chosen in (
                ("photograph", judged.photograph),
                ("render", ~judged.photograph),
            )
            for k, label in enumerate(LABELS)
            if (chosen & (judged.labels == k)).any()
        ],
    )
    of, laid = moved([example for example in examples if example.domain == "photograph"], SEED)
    lines = measures(judged) + on_other_grounds(Judged(of, score(arguments.bundle, laid), limits))
    write(arguments.out / "summary.csv", lines)
    for line in lines:
        print(
            f"{line['measure']:<84} {line['value']}  [{line['low95']}, {line['high95']}]  {line['events']}/{line['photographs']}"
        )

    with open(arguments.data / "wild/labels.csv", newline="", encoding="utf-8") as rows:
        wild = list(csv.DictReader(rows))
    seen = score(
        arguments.bundle, [next((arguments.data / "wild").rglob(row["file"])) for row in wild]
    )
    write(
        arguments.out / "wild.csv",
        [
            {
                "file": row["file"],
                "shows": row["label"],
                **{label: f"{s[k]:.3f}" for k, label in enumerate(LABELS)},
            }
            for row, s in zip(wild, seen)
        ],
    )
    for row, s in zip(wild, seen):
        best = s.argsort()[::-1][:3]
        print(row["file"], row["label"], "->", ", ".join(f"{LABELS[k]} {s[k]:.2f}" for k in best))


if __name__ == "__main__":
    main()
