"""One contact sheet per label from a manifest: sheet.py MANIFEST OUT [--columns 8] [--each 48].

Small JPEGs.
"""

import argparse
import csv
import pathlib

from PIL import Image, ImageDraw


def main() -> None:
    """Write one sheet per label."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument(
        "--each", type=int, default=48, help="pictures per sheet, spread over the manifest"
    )
    parser.add_argument("--side", type=int, default=150)
    parser.add_argument("--kind", default="jpg", choices=["jpg", "png"])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    by_label = {}
    with open(options.manifest, newline="") as file:
        for row in csv.DictReader(file):
            by_label.setdefault(row["label"], []).append(row)
    side = options.side
    for label, rows in by_label.items():
        rows = rows[:: max(1, len(rows) // options.each)][: options.each]
        lines = -(-len(rows) // options.columns)
        sheet = Image.new("RGB", (options.columns * side, lines * (side + 11)), "white")
        draw = ImageDraw.Draw(sheet)
        for k, row in enumerate(rows):
            picture = Image.open(options.manifest.parent / row["file"]).convert("RGB")
            picture.thumbnail((side - 2, side - 2))
            x, y = k % options.columns * side, k // options.columns * (side + 11)
            sheet.paste(picture, (x, y))
            draw.text((x, y + side - 2), row.get("subject", "")[:24], fill="black")
        sheet.save(
            options.out / f"{label}.{options.kind}",
            **({"quality": 80} if options.kind == "jpg" else {}),
        )


if __name__ == "__main__":
    main()
