"""Tables of studies as CSV."""

import csv
from pathlib import Path


def read_rows(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file by their columns' names."""
    with open(path, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def write_rows(path: Path, rows: list[dict]) -> None:
    """Write rows of equal keys, which are the columns."""
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
