"""Write the bundle's CARD.md from the study's CSV files, so that the card's numbers are those
measured.

    python -m train.card --data DIR --manifest FILE --renders FILE
        --bundle models/faunalens-base --study eval/model
"""

import tomllib
from pathlib import Path

from train.arguments import command_line
from train.labels import LABELS
from train.photos import read_manifest
from train.tables import read_rows
from train.taxonomy import photographs, renders

TEMPLATE = Path(__file__).with_name("card.md")


def percent(value: str) -> str:
    """A share as per cent."""
    return f"{100 * float(value):.1f} %"


def results(summary: list[dict[str, str]]) -> str:
    """The summary as a table: rates in per cent with the wider of the bootstrap and the exact
    interval.
    """
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
        counted = f"{line['photographs']} ({line['groups']})"
        lines.append(f"| {line['measure']} | {value} | {interval} | {counted} |")
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
    text = TEMPLATE.read_text(encoding="utf-8").format(
        name=name,
        arithmetic=in_float if name.endswith("-float") else in_int8,
        version=settings["version"],
        side=settings["input"]["width"],
        temperature=settings["output"]["temperature"],
        descriptor=settings["output"]["descriptor_size"],
        megabytes=(options.bundle / "model.onnx").stat().st_size / 1e6,
        photographs=counts([(e.split, e.label, e.group) for e in real]),
        renders=counts([(e.split, e.label, e.group) for e in renders(options.renders)]),
        results=results(read_rows(options.study / "summary.csv")),
        everyday=everyday,
        bound=100 * (1 - 0.05 ** (1 / everyday)),
        thresholds=table(thresholds),
        sources=table(read_rows(options.study / "sources.csv")),
    )
    (options.bundle / "CARD.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
