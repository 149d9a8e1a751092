"""Two bundles on the same photographs, none of which either was trained on, with sign tests.

    python -m train.against --data DIR --manifest FILE --old DIR --new DIR --out eval/model

The test split, the photographs of shops that none may train on (by source, figures alone), and
drawn pictures of numbers that training does not use. Writes against-old.csv: source, measure,
pictures, how many of them by each bundle, how many by one alone, the p of a two-sided sign test.
The shops' photographs are among those that the new bundle's thresholds were set by.
"""

import tomllib
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from train.arguments import command_line
from train.drawn import draw_picture
from train.evaluate import score
from train.labels import LABELS, PRODUCTS
from train.photos import read_manifest
from train.pictures import DRAWN, listings
from train.tables import write_rows
from train.taxonomy import photographs

FRESH = 480  # drawn pictures
IVORY, CERAMIC = LABELS.index("ivory"), LABELS.index("ceramic_stone")
EVERYDAY = [LABELS.index("other"), LABELS.index("live_animal")]


class Side:
    """A bundle's scores of pictures, and what it would raise."""

    def __init__(self, bundle: Path, pictures: list[Path | np.ndarray]):
        self.scores = score(bundle, pictures)
        limits = tomllib.loads((bundle / "bundle.toml").read_text())["thresholds"]
        self.limits = {LABELS.index(name): limit for name, limit in limits.items()}

    def raised(self, level: str, products: range = range(len(PRODUCTS))) -> np.ndarray:
        """Which pictures reach the threshold of one of these products."""
        reached = [self.scores[:, k] >= self.limits[k][level] for k in products]
        return np.any(reached, 0)

    def hits(self, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Name of a measure -> which pictures are counted."""
        top = self.scores.argmax(1)
        ivory_side = self.scores[:, IVORY] > self.scores[:, CERAMIC]
        return {
            "the right label first": top == labels,
            "ivory against ceramic, right": ivory_side == (labels == IVORY),
            "a product first": top < len(PRODUCTS),
            "any product over review": self.raised("review"),
            "any product over flag": self.raised("flag"),
            "ivory over review": self.raised("review", range(1)),
            "ivory over flag": self.raised("flag", range(1)),
        }


def compared(
    source: str, measure: str, chosen: np.ndarray, old: np.ndarray, new: np.ndarray
) -> dict[str, str | int]:
    """A line of the table."""
    old, new = old[chosen], new[chosen]
    lost, won = int((old & ~new).sum()), int((new & ~old).sum())
    p = binomtest(lost, lost + won).pvalue if lost + won else 1.0
    counts = {"pictures": int(chosen.sum()), "old": int(old.sum()), "new": int(new.sum())}
    told = {"source": source, "measure": measure} | counts
    return told | {"old_alone": lost, "new_alone": won, "sign_test_p": f"{p:.2g}"}


def main() -> None:
    """Write the table."""
    parser = command_line(__doc__, ("data", "manifest", "old", "new", "out"))
    arguments = parser.parse_args()
    data = arguments.data
    test = [
        one for one in photographs(data, read_manifest(arguments.manifest)) if one.split == "test"
    ]
    shops = listings(data)
    pictures: list[Path | np.ndarray] = [one.path for one in test]
    pictures += [one.path for one in shops]
    pictures += [draw_picture(number)[1] for number in range(DRAWN, DRAWN + FRESH)]
    names = [one.label for one in test] + [one.label for one in shops] + ["other"] * FRESH
    labels = np.array([LABELS.index(name) for name in names])
    kinds = ["test"] * len(test) + [one.source for one in shops] + ["drawn"] * FRESH
    kinds, shop = np.array(kinds), np.arange(len(names)) - len(test)
    shop = (shop >= 0) & (shop < len(shops))
    old, new = (Side(one, pictures).hits(labels) for one in (arguments.old, arguments.new))

    lines = []

    def add(source: str, chosen: np.ndarray, *measures: str) -> None:
        lines.extend(compared(source, name, chosen, old[name], new[name]) for name in measures)

    tested = kinds == "test"
    pair = tested & np.isin(labels, [IVORY, CERAMIC])
    raised = ("any product over review", "any product over flag")
    add("test photographs", tested, "the right label first")
    add("test, the museum", pair, "ivory against ceramic, right")
    add("test, ivory", tested & (labels == IVORY), "ivory over review", "ivory over flag")
    alike = tested & (labels >= len(PRODUCTS)) & ~np.isin(labels, EVERYDAY)
    add("test, look-alikes", alike, "a product first", *raised)
    add("test, everyday", tested & np.isin(labels, EVERYDAY), "a product first", *raised)
    add("drawn pictures", kinds == "drawn", "a product first", *raised)
    add("shops, all", shop, "a product first", *raised)
    for source in sorted({one.source for one in shops}):
        add(f"shops, {source}", kinds == source, "a product first", *raised)
    write_rows(arguments.out / "against-old.csv", lines)
    for line in lines:
        print(", ".join(f"{key} {value}" for key, value in line.items()))


if __name__ == "__main__":
    main()
