"""Draws the reference pictures and writes their manifest. See `scripts/render/draw`."""

import argparse
import csv
import pathlib
import sys

from scenes import SCENES
from shade import develop, render

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="pictures to draw (default: all)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "reference-images")
    parser.add_argument("--scale", type=float, default=1.1, help="rays per pixel along a side")
    options = parser.parse_args()
    unknown = set(options.names) - set(SCENES)
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    options.out.mkdir(parents=True, exist_ok=True)

    for name in options.names or SCENES:
        scene = SCENES[name].build()
        picture = develop(render(scene, options.scale), scene)
        picture.save(options.out / f"{name}.jpg", quality=85, optimize=True)
        print(name, file=sys.stderr, flush=True)

    write_manifest(options.out)


def write_manifest(folder):
    """Lists the pictures that lie in `folder`, in the order of the scenes."""
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "label", "form", "origin", "licence"])
        for name, entry in SCENES.items():
            if (folder / f"{name}.jpg").exists():
                rows.writerow([f"{name}.jpg", entry.label, entry.form, "drawn by scripts/render/draw", "CC0-1.0"])


if __name__ == "__main__":
    main()
