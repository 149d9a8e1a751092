"""One template over many products: how often is another product under the same banner called the
same picture?

    .venv-bench/bin/python -m bench.index_templates PHOTOS [--count N] [--model DIR]

Writes eval/index/templates.csv. Shops print every product into the same layout. Half of the
photographs are stored in a layout; the other half are asked in the same layout, so every answer is
wrong; then the stored ones are asked in another layout, so every answer that names them is right.
"""

import argparse
import csv
import json
import pathlib
import random
import subprocess
import tempfile
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/release/faunalens"
SIZE = (600, 600)  # of a page, pixels
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels
Change = Callable[[Image.Image], Image.Image]


def words(draw: ImageDraw.ImageDraw, box: Box, colour: str, seed: int, size: int) -> None:
    """Lines of words from edge to edge: the corners a template shares."""
    chance = random.Random(seed)
    x0, y0, x1, y1 = box
    for y in range(y0 + 4, y1 - size, int(size * 1.3)):
        line = " ".join(
            chance.choice(
                ["HOT", "SALE", "100%", "REAL", "WhatsApp", "024-555-01", "SHIP", "SHOP 37"]
            )
            for _ in range(30)
        )
        draw.text((x0 + 6, y), line[: int((x1 - x0) / size * 1.7)], fill=colour, font_size=size)


def layout(
    picture: Image.Image, boxes: list[Box], window: Box, ground: tuple[int, int, int], seed: int
) -> Image.Image:
    """`picture` fitted into `window` of a page whose `boxes` are painted and written on."""
    page = Image.new("RGB", SIZE, "white")
    x0, y0, x1, y1 = window
    page.paste(ImageOps.fit(picture, (x1 - x0, y1 - y0)), (x0, y0))
    draw = ImageDraw.Draw(page)
    for k, box in enumerate(boxes):
        draw.rectangle(box, fill=ground)
        words(draw, box, "white", seed + k, 22)
    return page


def banner(share: float, ground: tuple[int, int, int], seed: int) -> Change:
    """A banner over the lower `share` of the page."""
    cut = int(600 * (1 - share))
    return lambda p: layout(p, [(0, cut, 600, 600)], (0, 0, 600, cut), ground, seed)


def frame(width: int, ground: tuple[int, int, int], seed: int) -> Change:
    """A frame `width` pixels wide round the picture."""
    w = width
    boxes = [(0, 0, 600, w), (0, 600 - w, 600, 600), (0, w, w, 600 - w), (600 - w, w, 600, 600 - w)]
    return lambda p: layout(p, boxes, (w, w, 600 - w, 600 - w), ground, seed)


RED, BLUE = (185, 25, 25), (25, 60, 140)
# Name: the layout, the same product's other layout, share of the page that the template covers.
LAYOUTS = {
    "banner 15%": (banner(0.15, RED, 1), banner(0.15, BLUE, 50), 0.15),
    "banner 30%": (banner(0.30, RED, 2), banner(0.30, BLUE, 51), 0.30),
    "banner 45%": (banner(0.45, RED, 3), banner(0.45, BLUE, 52), 0.45),
    "banner 60%": (banner(0.60, RED, 4), banner(0.60, BLUE, 53), 0.60),
    "frame 60 px": (frame(60, RED, 5), frame(60, BLUE, 54), 0.36),
    "frame 110 px": (frame(110, RED, 6), frame(110, BLUE, 55), 0.60),
}


def main() -> None:
    """Store, ask, and write the tables."""
    parse = argparse.ArgumentParser()
    parse.add_argument("photos", type=pathlib.Path)
    parse.add_argument(
        "--count", type=int, default=300, help="products stored, and as many others asked"
    )
    parse.add_argument("--model", type=pathlib.Path)
    given = parse.parse_args()
    # One photograph per set, where the collection says which belong together: parts of a set may be
    # alike.
    photos = sorted(given.photos.rglob("*.jpg"))
    labels = given.photos.parent / "labels.csv"
    if labels.exists():
        group = {
            pathlib.Path(row["file"]).name: row["group"] for row in csv.DictReader(labels.open())
        }
        photos = list({group.get(path.name, path.name): path for path in photos}.values())
    chosen = random.Random(9).sample(photos, 2 * given.count)
    stored, others = chosen[: given.count], chosen[given.count :]
    model = ["--model", given.model] if given.model else []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def write(change: Change, files: list[pathlib.Path], name: str) -> list[pathlib.Path]:
            made = []
            for k, file in enumerate(files):
                made.append(folder / f"{name} {k}.jpg")
                change(Image.open(file).convert("RGB")).save(made[-1], "JPEG", quality=90)
            return made

        def run(*line: object) -> subprocess.CompletedProcess:
            return subprocess.run(
                [BINARY, "index", *map(str, line)], capture_output=True, text=True, check=True
            ).stdout

        for number, (name, (first, second, share)) in enumerate(LAYOUTS.items()):
            kept, foreign, again = (
                write(first, stored, "kept"),
                write(first, others, "other"),
                write(second, stored, "again"),
            )
            index = folder / f"index{number}"
            manifest = folder / "kept.csv"
            manifest.write_text("file\n" + "".join(f"{path}\n" for path in kept))
            run("init", index)
            run("add", index, manifest, "--describe", *model)
            line = {
                "template": name,
                "share_of_page": share,
                "stored": len(kept),
                "asked": len(foreign),
            }
            for method in ("pdq", "descriptor"):
                describe = ["--describe", *model] if method == "descriptor" else []
                asks = [
                    run("query", index, *files, "--json", "--only", method, *describe).splitlines()
                    for files in (foreign, again)
                ]
                wrong = [len(json.loads(row)["matches"]) for row in asks[0]]
                # A product's own number is the last word of both names.
                right = [
                    any(
                        pathlib.Path(match["file"]).stem.split()[-1] == str(k)
                        for match in json.loads(row)["matches"]
                    )
                    for k, row in enumerate(asks[1])
                ]
                line[f"{method}_wrong_pairs"] = sum(wrong)
                line[f"{method}_asked_with_a_wrong_pair"] = sum(count > 0 for count in wrong)
                line[f"{method}_wrong_pairs_as_evidence"] = sum(
                    match["weak"] is None for row in asks[0] for match in json.loads(row)["matches"]
                )
                line[f"{method}_same_product_other_template_found"] = round(
                    sum(right) / len(right), 4
                )
            rows.append(line)
            print(line, flush=True)
    with (ROOT / "eval/index/templates.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
