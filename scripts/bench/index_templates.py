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
import tempfile
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageOps

from bench.index_study import run_index, write_table

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


def one_of_each_set(folder: pathlib.Path) -> list[pathlib.Path]:
    """One photograph per set, where the collection says which belong together.

    Parts of a set may be alike.
    """
    photos, labels = sorted(folder.rglob("*.jpg")), folder.parent / "labels.csv"
    if not labels.exists():
        return photos
    rows = csv.DictReader(labels.open())
    group = {pathlib.Path(row["file"]).name: row["group"] for row in rows}
    return list({group.get(path.name, path.name): path for path in photos}.values())


def write_changed(
    change: Change, files: list[pathlib.Path], folder: pathlib.Path, name: str
) -> list[pathlib.Path]:
    """Write the pictures in a layout as NAME K.jpg."""
    made = []
    for k, file in enumerate(files):
        made.append(folder / f"{name} {k}.jpg")
        change(Image.open(file).convert("RGB")).save(made[-1], "JPEG", quality=90)
    return made


def same_product(matches: list[dict], k: int) -> bool:
    """Whether a match names product `k`: its number is the last word of both files' names."""
    return any(pathlib.Path(match["file"]).stem.split()[-1] == str(k) for match in matches)


def count_pairs(
    method: str, index: pathlib.Path, foreign: list, again: list, describe: list
) -> dict[str, float]:
    """Wrong pairs among other products, and how many of the same are found in another layout."""
    extra = ["--json", "--only", method, *(describe if method == "descriptor" else [])]
    wrong, right = (
        [
            json.loads(row)["matches"]
            for row in run_index("query", index, *files, *extra).splitlines()
        ]
        for files in (foreign, again)
    )
    found = sum(same_product(matches, k) for k, matches in enumerate(right)) / len(right)
    evidence = sum(match["weak"] is None for matches in wrong for match in matches)
    return {
        f"{method}_wrong_pairs": sum(map(len, wrong)),
        f"{method}_asked_with_a_wrong_pair": sum(len(matches) > 0 for matches in wrong),
        f"{method}_wrong_pairs_as_evidence": evidence,
        f"{method}_same_product_other_template_found": round(found, 4),
    }


def main() -> None:
    """Store, ask, and write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=pathlib.Path)
    count = "products stored, and as many others asked"
    parser.add_argument("--count", type=int, default=300, help=count)
    parser.add_argument("--model", type=pathlib.Path)
    given = parser.parse_args()
    chosen = random.Random(9).sample(one_of_each_set(given.photos), 2 * given.count)
    stored, others = chosen[: given.count], chosen[given.count :]
    describe = ["--describe", *(["--model", given.model] if given.model else [])]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for number, (name, (first, second, share)) in enumerate(LAYOUTS.items()):
            kept = write_changed(first, stored, folder, "kept")
            foreign = write_changed(first, others, folder, "other")
            again = write_changed(second, stored, folder, "again")
            index, manifest = folder / f"index{number}", folder / "kept.csv"
            manifest.write_text("file\n" + "".join(f"{path}\n" for path in kept))
            run_index("init", index)
            run_index("add", index, manifest, *describe)
            line = {"template": name, "share_of_page": share}
            line |= {"stored": len(kept), "asked": len(foreign)}
            for method in ("pdq", "descriptor"):
                line |= count_pairs(method, index, foreign, again, describe)
            rows.append(line)
            print(line, flush=True)
    write_table("templates.csv", rows)


if __name__ == "__main__":
    main()
