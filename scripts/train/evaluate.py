"""Judge a written bundle on the test split, through its own ONNX file, and write the study's CSV
files.

    python -m train.evaluate --data DIR --manifest FILE --renders FILE
        --bundle models/faunalens-base --out eval/model

Photographs and renders are told apart everywhere: what is right on a render proves little.
Intervals are 95 % percentile intervals of a bootstrap that draws whole groups (2,000 draws, fixed
seed), with the exact binomial (Clopper-Pearson) interval of a rate beside them.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy.special import softmax

from train.arguments import all_examples, command_line
from train.features import outputs
from train.grounds import lay_on_other_grounds
from train.labels import LABELS, PRODUCTS
from train.metrics import (
    Measure,
    area_under_roc,
    bootstrap_interval,
    calibration_error,
    exact_interval,
    log_loss,
)
from train.tables import write_rows
from train.taxonomy import Example

IVORY, CERAMIC = LABELS.index("ivory"), LABELS.index("ceramic_stone")
EVERYDAY = [LABELS.index("other"), LABELS.index("live_animal")]
TAKEN_FOR_IVORY = ("bone_antler", "ceramic_stone")  # among photographs
# Among renders.
TAKEN_FOR_PRODUCTS = (
    "bovid_horn",
    "wood",
    "synthetic",
    "shell_scale",
    "bone_antler",
    "ceramic_stone",
    "other",
)
DRAWS, SEED = 2000, 20


def score(bundle: Path, pictures: Iterable[Path | np.ndarray]) -> np.ndarray:
    """Calibrated scores [N, labels] of pictures by a bundle that export.py wrote."""
    settings = tomllib.loads((bundle / "bundle.toml").read_text())
    logits = outputs(bundle / settings["model"]["file"], "logits", pictures)
    return softmax(logits / settings["output"]["temperature"], axis=1)


class Judged:
    """Scores of the test pictures with their labels.

    A measure maps a selection of rows to one number. `limits`: product -> its review and flag
    thresholds.
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
        self.top = scores.argmax(1)
        self.ivory_side = scores[:, IVORY] > scores[:, CERAMIC]
        _, self.group_of = np.unique(self.groups, return_inverse=True)
        self.members = [np.nonzero(self.group_of == g)[0] for g in range(self.group_of.max() + 1)]

    def rows_of(self, rows: np.ndarray, *labels: str) -> np.ndarray:
        """Those of `rows` that show one of `labels`."""
        return rows[np.isin(self.labels[rows], [LABELS.index(label) for label in labels])]

    def raised(self, level: str, product: str | None = None) -> np.ndarray:
        """Whether a picture reaches the review or flag threshold of a product, or of any."""
        over = np.zeros(len(self.labels), bool)
        for name, limit in self.limits.items():
            if product in (None, name):
                over |= self.scores[:, LABELS.index(name)] >= limit[level]
        return over

    def interval(self, rows: np.ndarray, measure: Measure) -> tuple[float, float]:
        """Bootstrap interval of `measure` over the groups that hold `rows`."""
        chosen = np.zeros(len(self.labels), bool)
        chosen[rows] = True
        members = [own[chosen[own]] for own in self.members if chosen[own].any()]
        return bootstrap_interval(members, measure, DRAWS, SEED)


class Summary:
    """The lines of summary.csv, each a measure over chosen rows with its intervals."""

    def __init__(self, judged: Judged):
        self.judged = judged
        self.lines: list[dict] = []

    def add_rate(self, name: str, rows: np.ndarray, hit: np.ndarray) -> None:
        """How many of the rows are hits. No rows, no line."""
        if not len(rows):
            return
        events = int(hit[rows].sum())
        low, high = exact_interval(events, len(rows))
        exact = {"exact_low95": f"{low:.4f}", "exact_high95": f"{high:.4f}", "events": events}
        self.add_measure(name, rows, lambda drawn: hit[drawn].mean(), exact)

    def add_measure(
        self, name: str, rows: np.ndarray, measure: Measure, more: dict | None = None
    ) -> None:
        """Any measure of rows."""
        low, high = self.judged.interval(rows, measure)
        line = {
            "measure": name,
            "value": f"{measure(rows):.4f}",
            "low95": f"{low:.4f}",
            "high95": f"{high:.4f}",
            "exact_low95": "",
            "exact_high95": "",
            "events": "",
        }
        counts = {"photographs": len(rows), "groups": len(set(self.judged.groups[rows]))}
        self.lines.append({**line, **(more or {}), **counts})


def add_ivory_against_ceramic(summary: Summary, photographed: np.ndarray) -> None:
    """Which of the two scores is larger, on photographs of ivory and ceramic."""
    judged = summary.judged
    labels, gray = judged.labels, judged.gray
    right = np.where(labels == IVORY, judged.ivory_side, ~judged.ivory_side)
    pair = judged.rows_of(photographed, "ivory", "ceramic_stone")

    def balanced(rows: np.ndarray) -> float:
        sides = [right[rows][labels[rows] == side].mean() for side in (IVORY, CERAMIC)]
        return float(np.mean(sides))

    name = "ivory against ceramic"
    summary.add_rate(f"{name}, accuracy", pair, right)
    summary.add_measure(f"{name}, balanced accuracy", pair, balanced)
    summary.add_rate(f"{name}, accuracy on colour photographs", pair[~gray[pair]], right)
    summary.add_rate(f"{name}, accuracy on grey photographs", pair[gray[pair]], right)


def add_most_likely_labels(
    summary: Summary, photographed: np.ndarray, rendered: np.ndarray
) -> None:
    """How often the most likely label is right, in all and per label."""
    judged = summary.judged
    labels, top, seized = judged.labels, judged.top, judged.seized
    summary.add_rate("most likely label, photographs", photographed, top == labels)
    of_product = labels < len(PRODUCTS)
    for name, own in (
        ("renders", rendered),
        ("renders of single things and few", rendered[~seized[rendered]]),
        ("renders in bulk or close", rendered[seized[rendered]]),
    ):
        unseen = own[(of_product & (labels != IVORY))[own]]
        others = own[~of_product[own]]
        told = f"most likely label, {name}"
        summary.add_rate(told, own, top == labels)
        summary.add_rate(f"{told}, of the products without photographs", unseen, top == labels)
        called = f"called a product, {name}, of look-alikes and other things"
        summary.add_rate(called, others, top < len(PRODUCTS))
    for domain, own in (("photographs", photographed), ("renders", rendered)):
        for k, label in enumerate(LABELS):
            summary.add_rate(f"recall of {label}, {domain}", own[labels[own] == k], top == k)


def add_raised(
    summary: Summary, level: str, photographed: np.ndarray, rendered: np.ndarray
) -> None:
    """What reaches the thresholds of one level, review or flag."""
    judged = summary.judged
    everyday = judged.rows_of(photographed, "other", "live_animal")
    any_product = f"any product at its {level} threshold"
    summary.add_rate(f"{any_product}, among everyday photographs", everyday, judged.raised(level))
    for product, limit in judged.limits.items():
        over = judged.raised(level, product)
        name = f"{product} at or over {level} {limit[level]:.2f}"
        summary.add_rate(f"{name}, among everyday photographs", everyday, over)
        for domain, rows in (("photographs", photographed), ("renders", rendered)):
            own = judged.rows_of(rows, product)
            summary.add_rate(f"{name}, among {domain} of it", own, over)
    for label in TAKEN_FOR_IVORY:
        name = f"ivory at its {level} threshold, among photographs of {label}"
        own = judged.rows_of(photographed, label)
        summary.add_rate(name, own, judged.raised(level, "ivory"))
    for label in TAKEN_FOR_PRODUCTS:
        own = judged.rows_of(rendered, label)
        summary.add_rate(f"{any_product}, among renders of {label}", own, judged.raised(level))


def measures(judged: Judged) -> list[dict]:
    """Of the photographs and renders as they are."""
    summary = Summary(judged)
    photographed = np.nonzero(judged.photograph)[0]
    rendered = np.nonzero(~judged.photograph)[0]
    add_ivory_against_ceramic(summary, photographed)
    add_most_likely_labels(summary, photographed, rendered)
    for level in ("flag", "review"):
        add_raised(summary, level, photographed, rendered)
    scores, labels = judged.scores, judged.labels
    summary.add_measure(
        "log loss, photographs",
        photographed,
        lambda rows: log_loss(scores[rows], labels[rows]),
    )
    summary.add_measure(
        "expected calibration error in ten bins, photographs",
        photographed,
        lambda rows: calibration_error(scores[rows], labels[rows]),
    )
    return summary.lines


def on_other_grounds(judged: Judged) -> list[dict]:
    """Of photographed things that were laid on other grounds.

    What is left of the scores when the museum's backdrop tells nothing.
    """
    labels, ivory = judged.labels, judged.scores[:, IVORY]
    summary = Summary(judged)
    pair, own = np.nonzero(np.isin(labels, [IVORY, CERAMIC]))[0], np.nonzero(labels == IVORY)[0]
    everyday = np.nonzero(np.isin(labels, EVERYDAY))[0]
    right = judged.ivory_side == (labels == IVORY)
    summary.add_rate("ivory against ceramic, accuracy on other grounds", pair, right)
    summary.add_measure(
        "area under the ROC curve, ivory against everyday things, both on other grounds",
        np.concatenate([own, everyday]),
        lambda rows: area_under_roc(ivory[rows], labels[rows] == IVORY),
    )
    for level in ("flag", "review"):
        limit = judged.limits["ivory"][level]
        over, name = ivory >= limit, f"ivory at or over {level} {limit:.2f}"
        things = "among everyday things on other grounds"
        summary.add_rate(f"{name}, among ivories on other grounds", own, over)
        summary.add_rate(f"{name}, {things}", everyday, over)
        any_product = f"any product at its {level} threshold"
        summary.add_rate(f"{any_product}, {things}", everyday, judged.raised(level))
    return summary.lines


def predictions(
    examples: list[Example], files: list[str], scores: np.ndarray
) -> list[dict[str, str | int]]:
    """One row per picture with its label and scores, as `faunalens eval classify` reads them."""
    rows = []
    for example, file, row in zip(examples, files, scores):
        told = {"file": file, "source": example.source, "group": example.group}
        told |= {"grayscale": int(example.grayscale), "label": example.label}
        rows.append(told | {f"score_{label}": f"{s:.5f}" for label, s in zip(LABELS, row)})
    return rows


def confusion(judged: Judged) -> list[dict[str, str | int]]:
    """What the pictures of each label are called, photographs and renders apart."""
    rows = []
    for domain, chosen in (("photograph", judged.photograph), ("render", ~judged.photograph)):
        for k, label in enumerate(LABELS):
            own = chosen & (judged.labels == k)
            if own.any():
                called = np.bincount(judged.top[own], minlength=len(LABELS)).tolist()
                named = {f"called_{other}": n for other, n in zip(LABELS, called)}
                rows.append({"domain": domain, "label": label, **named})
    return rows


def main() -> None:
    """Judge the bundle and write the study."""
    parser = command_line(__doc__, ("data", "manifest", "renders", "bundle", "out"))
    arguments = parser.parse_args()
    bundle, out = arguments.bundle, arguments.out
    out.mkdir(parents=True, exist_ok=True)
    examples = [example for example in all_examples(arguments) if example.split == "test"]
    scores = score(bundle, [example.path for example in examples])
    limits = tomllib.loads((bundle / "bundle.toml").read_text())["thresholds"]
    judged = Judged(examples, scores, limits)

    roots = {"photograph": arguments.data, "render": arguments.renders.parent.parent}
    files = [one.path.relative_to(roots[one.domain]).as_posix() for one in examples]
    write_rows(out / "predictions.csv", predictions(examples, files, scores))
    write_rows(out / "confusion.csv", confusion(judged))
    of, laid = lay_on_other_grounds(
        [example for example in examples if example.domain == "photograph"], SEED
    )
    lines = measures(judged) + on_other_grounds(Judged(of, score(bundle, laid), limits))
    write_rows(out / "summary.csv", lines)
    for line in lines:
        interval = f"[{line['low95']}, {line['high95']}]"
        counts = f"{line['events']}/{line['photographs']}"
        print(f"{line['measure']:<84} {line['value']}  {interval}  {counts}")


if __name__ == "__main__":
    main()
