#!/usr/bin/env python3
"""Write the bundle's CARD.md from the study's CSV files, so that the card's numbers are those measured.

    card.py --bundle models/faunalens-base --study eval/model-base
"""

import argparse
import csv
import tomllib
from pathlib import Path

TEMPLATE = Path(__file__).with_name("card.md")


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def percent(value: str) -> str:
    return f"{100 * float(value):.1f} %"


def results(summary: list[dict[str, str]]) -> str:
    """The summary as a table: rates in per cent with the wider of the bootstrap and the exact interval."""
    lines = ["| measure, on the test split | value | 95 % interval | photographs (groups) |", "|---|---|---|---|"]
    for line in summary:
        if line["measure"] in ("log loss", "expected calibration error, ten bins"):
            value, interval = line["value"], f"{line['low95']} to {line['high95']}"
        else:
            low = min(float(line["low95"]), float(line["exact_low95"] or 1))
            high = max(float(line["high95"]), float(line["exact_high95"] or 0))
            count = f" ({line['events']} of {line['photographs']})" if line["events"] else ""
            value, interval = percent(line["value"]) + count, f"{100 * low:.1f} to {100 * high:.1f} %"
        lines.append(f"| {line['measure']} | {value} | {interval} | {line['photographs']} ({line['groups']}) |")
    return "\n".join(lines)


def counts(manifest: list[dict[str, str]]) -> str:
    """Photographs and groups per split and label."""
    labels = ("ivory", "bone", "ceramic_stone", "other")
    lines = ["| split | " + " | ".join(labels) + " | groups |", "|---" * (len(labels) + 2) + "|"]
    for split in ("train", "calibration", "test"):
        own = [row for row in manifest if row["split"] == split]
        each = " | ".join(str(sum(row["label"] == label for row in own)) for label in labels)
        lines.append(f"| {split} | {each} | {len({row['group'] for row in own})} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bundle", "study"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    settings = tomllib.loads((arguments.bundle / "bundle.toml").read_text())
    name = settings["name"]
    text = TEMPLATE.read_text(encoding="utf-8").format(
        name=name, arithmetic="float32 arithmetic, weights stored as float16" if name.endswith("-float") else "int8 arithmetic, weights of 7 bits per channel",
        version=settings["version"], review=settings["thresholds"]["ivory"]["review"], flag=settings["thresholds"]["ivory"]["flag"],
        temperature=settings["output"]["temperature"], descriptor=settings["output"]["descriptor_size"],
        megabytes=(arguments.bundle / "model.onnx").stat().st_size / 1e6,
        counts=counts(rows(arguments.study / "manifest.csv")), results=results(rows(arguments.study / "summary.csv")),
    )
    (arguments.bundle / "CARD.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
