#!/usr/bin/env python3
"""Write the bundle's CARD.md from the study's CSV files, so that the card's numbers are those measured.

card.py --data DIR --manifest FILE --renders FILE --bundle models/faunalens-base --study eval/model
"""

import argparse
import csv
import tomllib
from pathlib import Path

from train.labels import LABELS
from train.photos import read_manifest
from train.taxonomy import photographs, renders

TEMPLATE = Path(__file__).with_name("card.md")


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def percent(value: str) -> str:
    return f"{100 * float(value):.1f} %"


def results(summary: list[dict[str, str]]) -> str:
    """The summary as a table: rates in per cent with the wider of the bootstrap and the exact interval."""
    lines = [
        "| measure, on the test split | value | 95 % interval | photographs (groups) |",
        "|---|---|---|---|",
    ]
    for line in summary:
        if line["measure"].startswith(("log loss", "expected calibration error", "area under")):
            value, interval = line["value"], f"{line['low95']} to {line['high95']}"
        else:
            low = min(float(line["low95"]), float(line["exact_low95"] or 1))
            high = max(float(line["high95"]), float(line["exact_high95"] or 0))
            count = f" ({line['events']} of {line['photographs']})" if line["events"] else ""
            value, interval = (
                percent(line["value"]) + count,
                f"{100 * low:.1f} to {100 * high:.1f} %",
            )
        lines.append(
            f"| {line['measure']} | {value} | {interval} | {line['photographs']} ({line['groups']}) |"
        )
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
    head = list(lines[0])
    return "\n".join(
        [
            "| " + " | ".join(head) + " |",
            "|---" * len(head) + "|",
            *("| " + " | ".join(line.values()) + " |" for line in lines),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "renders", "bundle", "study"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    settings = tomllib.loads((arguments.bundle / "bundle.toml").read_text())
    name = settings["name"]
    real = photographs(arguments.data, read_manifest(arguments.manifest))
    everyday = sum(
        example.split == "calibration" and example.label in ("other", "live_animal")
        for example in real
    )
    text = TEMPLATE.read_text(encoding="utf-8").format(
        name=name,
        arithmetic="float32 arithmetic, weights stored as float16"
        if name.endswith("-float")
        else "int8 arithmetic, weights of one step per channel",
        version=settings["version"],
        side=settings["input"]["width"],
        temperature=settings["output"]["temperature"],
        descriptor=settings["output"]["descriptor_size"],
        megabytes=(arguments.bundle / "model.onnx").stat().st_size / 1e6,
        photographs=counts([(e.split, e.label, e.group) for e in real]),
        renders=counts([(e.split, e.label, e.group) for e in renders(arguments.renders)]),
        results=results(rows(arguments.study / "summary.csv")),
        everyday=everyday,
        bound=100 * (1 - 0.05 ** (1 / everyday)),
        thresholds=table(
            [
                {"product": product, **{level: f"{limit:.2f}" for level, limit in limits.items()}}
                for product, limits in settings["thresholds"].items()
            ]
        ),
        sources=table(rows(arguments.study / "sources.csv")),
    )
    (arguments.bundle / "CARD.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
