"""Write the bundle's CARD.md from the study's CSV files, so that the card's numbers are those
measured.

    python -m train.card --data DIR --manifest FILE --renders FILE
        --bundle models/faunalens-base --study eval/model
"""

import tomllib
from pathlib import Path

from train.arguments import command_line
from train.calibration import LISTED, LISTED_OF_OTHERS
from train.labels import LABELS
from train.photos import read_manifest
from train.tables import read_rows
from train.taxonomy import photographs, renders

TEMPLATE = Path(__file__).with_name("card.md")


def percent(value: str) -> str:
    """A share as per cent."""
    return f"{100 * float(value):.1f} %"


# What the card tells of summary.csv: the start of a measure's name, and the card's words.
PHOTOGRAPHED = {
    "most likely label, photographs": "the right one of thirteen labels first",
    "ivory against ceramic, accuracy": "ivory and ceramic told apart",
    "ivory against ceramic, accuracy on grey photographs": "of them, photographs without colour",
    "ivory against ceramic, accuracy on other grounds": "the same things cut out, other grounds",
    "ivory at or over review {review}, among photographs of it": "ivory over its review threshold",
    "ivory at or over flag {flag}, among photographs of it": "ivory over its flag threshold",
    "ivory at its review threshold, among photographs of ceramic_stone": "ceramic over that review",
    "ivory at its flag threshold, among photographs of ceramic_stone": "ceramic over that flag",
    "ivory at its review threshold, among photographs of bone_antler": "bone over that review",
    "ivory at its flag threshold, among photographs of bone_antler": "bone over that flag",
    "any product at its review threshold, among everyday photographs": "general feed, any review",
    "any product at its flag threshold, among everyday photographs": "general feed, any flag",
    "any product at its review threshold, among everyday things on other grounds": (
        "general feed cut out, other grounds, any review"
    ),
    "any product at its flag threshold, among everyday things on other grounds": (
        "general feed cut out, other grounds, any flag"
    ),
    "expected calibration error in ten bins, photographs": "expected calibration error",
}
RENDERED = {
    "most likely label, renders": "the right one of thirteen labels first",
    "most likely label, renders, of the products without photographs": (
        "of horn, scales, big-cat parts and skins"
    ),
    "called a product, renders, of look-alikes and other things": (
        "look-alikes and other things called a product"
    ),
}


def results(summary: list[dict[str, str]], told: dict[str, str], limits: dict[str, float]) -> str:
    """What is told of the summary as a table: rates in per cent with the wider of the bootstrap and
    the exact interval.
    """
    named = {line["measure"]: line for line in summary}
    lines = ["| | value | 95 % interval | pictures (groups) |", "|---|---|---|---|"]
    for measure, words in told.items():
        line = named[measure.format(**{level: f"{limit:.2f}" for level, limit in limits.items()})]
        if measure.startswith("expected calibration error"):
            value, interval = line["value"], f"{line['low95']} to {line['high95']}"
        else:
            low = min(float(line["low95"]), float(line["exact_low95"] or 1))
            high = max(float(line["high95"]), float(line["exact_high95"] or 0))
            count = f" ({line['events']})" if line["events"] else ""
            value, interval = (
                percent(line["value"]) + count,
                f"{100 * low:.1f} to {100 * high:.1f} %",
            )
        lines.append(
            f"| {words} | {value} | {interval} | {line['photographs']} ({line['groups']}) |"
        )
    return "\n".join(lines)


def feeds(against: list[dict[str, str]]) -> str:
    """What against.py counted on shops' photographs of other things, by source, as a table."""
    measures = ("a product first", "any product over review", "any product over flag")
    lines = [
        "| photographs of | how many | " + " | ".join(measures) + " |",
        "|---|---|---|---|---|",
    ]
    sources = dict.fromkeys(one["source"] for one in against if one["source"].startswith("shops, "))
    for source in sources:
        own = {one["measure"]: one for one in against if one["source"] == source}
        shares = [
            f"{percent(str(int(own[name]['new']) / int(own[name]['pictures'])))}"
            f" ({own[name]['new']})"
            for name in measures
        ]
        count = own[measures[0]]["pictures"]
        lines.append(f"| {source.removeprefix('shops, ')} | {count} | {' | '.join(shares)} |")
    return "\n".join(lines)


def counts(pictures: list[tuple[str, str, str]]) -> str:
    """Pictures per split and label as a table; a picture is its split, label and group."""
    labels = [label for label in LABELS if any(own == label for _, own, _ in pictures)]
    lines = ["| split | " + " | ".join(labels) + " | groups |", "|---" * (len(labels) + 2) + "|"]
    for split in ("train", "calibration", "test"):
        own = [(label, group) for at, label, group in pictures if at == split]
        each = " | ".join(str(sum(label == column for label, _ in own)) for column in labels)
        lines.append(f"| {split} | {each} | {len({group for _, group in own})} |")
    return "\n".join(lines)


def table(lines: list[dict[str, str]]) -> str:
    """Lines of equal keys as a Markdown table."""
    head, *rows = (f"| {' | '.join(cells)} |" for cells in (lines[0], *map(dict.values, lines)))
    return "\n".join([head, "|---" * len(lines[0]) + "|", *rows])


def closer_look(views: dict | None) -> str:
    """What the card says of the table `[views]`, a paragraph between empty lines."""
    if views is None:
        return ""
    labels = [
        f"{label} from {limits['plausible']}, review from {limits['review']}, flag from "
        f"{limits['flag']}"
        for label, limits in views["thresholds"].items()
    ]
    return f"""
**A closer look** at large, busy photographs that are not raised (`faunalens model views`):
{"; ".join(labels)}.
The first is a score of the whole, the others are scores of a view: at most 0.2 % of the calibration
split's and the shops' photographs without a product reach review by a view alone, and none of them
flag. What that brings is measured in `eval/robustness`.
"""


def main() -> None:
    """Write the card."""
    parser = command_line(__doc__, ("data", "manifest", "renders", "bundle", "study"))
    options = parser.parse_args()
    settings = tomllib.loads((options.bundle / "bundle.toml").read_text())
    name = settings["name"]
    in_float = "float32 arithmetic, weights stored as float16"
    in_int8 = "int8 arithmetic, weights of one step per channel"
    real = photographs(options.data, read_manifest(options.manifest))
    held = [example.label for example in real if example.split == "calibration"]
    everyday = sum(label in ("other", "live_animal") for label in held)
    thresholds = [
        {"product": product, **{level: f"{limit:.2f}" for level, limit in limits.items()}}
        for product, limits in settings["thresholds"].items()
    ]
    summary = read_rows(options.study / "summary.csv")
    rendered = [one.split for one in renders(options.renders)]
    listed = ["", ""]
    for level in (0, 1):
        more = ", ".join(f"of {name} {100 * shares[level]:g} %" for name, shares in LISTED.items())
        listed[level] = f"{100 * LISTED_OF_OTHERS[level]:g} % ({more})"
    text = TEMPLATE.read_text(encoding="utf-8").format(
        name=name,
        arithmetic=in_float if name.endswith("-float") else in_int8,
        version=settings["version"],
        side=settings["input"]["width"],
        temperature=settings["output"]["temperature"],
        descriptor=settings["output"]["descriptor_size"],
        megabytes=(options.bundle / "model.onnx").stat().st_size / 1e6,
        photographs=counts([(e.split, e.label, e.group) for e in real]),
        renders_train=rendered.count("train"),
        photographs_results=results(summary, PHOTOGRAPHED, settings["thresholds"]["ivory"]),
        renders_results=results(summary, RENDERED, settings["thresholds"]["ivory"]),
        feeds=feeds(read_rows(options.study / "against-old.csv")),
        everyday=everyday,
        bound=100 * (1 - 0.05 ** (1 / everyday)),
        listed_review=listed[0],
        listed_flag=listed[1],
        thresholds=table(thresholds),
        views=closer_look(settings.get("views")),
    )
    (options.bundle / "CARD.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
