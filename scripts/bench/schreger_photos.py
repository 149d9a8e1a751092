#!/usr/bin/env python3
"""False lattices on real photographs: reads all of them, whatever a classifier says, and counts.

    python3 scripts/bench/schreger_photos.py OUT.csv [--faunalens BIN]
        NAME=FOLDER... [NAME=LABELS.csv:MATERIAL,MATERIAL...]

A source is a folder (searched through), or the rows of a CSV with the columns `file` (relative to
it) and `material`. OUT.csv gets one row per source; beside it OUT.measured.csv names every
photograph on which a lattice was measured.
"""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
CHUNK = 200


def photos(source: str) -> list[Path]:
    """Files of one source, sorted."""
    if ":" in source:
        table, materials = source.rsplit(":", 1)
        with open(table, newline="", encoding="utf-8") as file:
            wanted = set(materials.split(","))
            return sorted(
                Path(table).parent / row["file"]
                for row in csv.DictReader(file)
                if row["material"] in wanted
            )
    return sorted(p for p in Path(source).rglob("*") if p.suffix.lower() in SUFFIXES)


def wilson_high(hits: int, n: int, z: float = 1.96) -> float:
    """Upper limit of Wilson's 95 % interval."""
    if n == 0:
        return 1.0
    p = hits / n
    return (p + z * z / (2 * n) + z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5) / (
        1 + z * z / n
    )


def main() -> None:
    """Read every photograph and write the tables."""
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        sys.exit(__doc__)
    binary = "target/release/faunalens"
    if "--faunalens" in arguments:
        at = arguments.index("--faunalens")
        binary = arguments[at + 1]
        del arguments[at : at + 2]
    out = Path(arguments[0])
    found = []
    with open(out, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            [
                "source",
                "photos",
                "measured",
                "share",
                "high95",
                "oriented",
                "not_resolvable",
                "no_lattice",
                "unreadable",
            ]
        )
        for argument in arguments[1:]:
            name, source = argument.split("=", 1)
            files = photos(source)
            statuses, oriented = Counter(), 0
            for start in range(0, len(files), CHUNK):
                chunk = files[start : start + CHUNK]
                lines = subprocess.run(
                    [binary, "schreger", "--json", *chunk],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                ).stdout.splitlines()
                for line in lines:
                    row = json.loads(line)
                    reading = row["schreger"]
                    statuses[reading["status"]] += 1
                    if reading["status"] == "measured":
                        oriented += reading["orientation"] == "radial"
                        angle = reading["angle_deg"] or reading["folded_angle_deg"]
                        found.append(
                            [
                                name,
                                Path(row["file"]).name,
                                reading["orientation"],
                                f"{angle:.1f}",
                                reading["species"],
                                reading["windows"],
                            ]
                        )
            n = sum(statuses.values())
            hits = statuses["measured"]
            table.writerow(
                [
                    name,
                    n,
                    hits,
                    f"{hits / max(n, 1):.4f}",
                    f"{wilson_high(hits, n):.4f}",
                    oriented,
                    statuses["not_resolvable"],
                    statuses["no_lattice"],
                    len(files) - n,
                ]
            )
            file.flush()
    with open(out.with_suffix(".measured.csv"), "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ["source", "file", "orientation", "angle_or_folded_deg", "species", "windows"]
        )
        table.writerows(found)


if __name__ == "__main__":
    main()
