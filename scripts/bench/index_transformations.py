"""Finding changed copies again: PDQ alone, descriptor with landmarks alone, both; beside
imagededup's hashes.

    .venv-bench/bin/python -m bench.index_transformations PHOTOS DISTRACTORS...
        --count N --model DIR

imagededup's hashes are left out when it is not there. Writes
eval/index/transformations.csv: recall per transformation at precision 0.99 over all questions,
where a match is wrong when it names any picture but the original. PHOTOS give the questions; all
other files are distractors, and so are their quarters and middles, each a picture of its own, until
there are --stored pictures.
"""

import argparse
import collections
import csv
import io
import json
import multiprocessing
import pathlib
import random
import subprocess
import tempfile
from collections.abc import Callable

import numpy
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/release/faunalens"
Change = Callable[[Image.Image, random.Random], Image.Image]


def jpeg(quality: int) -> Change:
    """Stored as JPEG of a quality 1 to 95."""

    def change(picture: Image.Image, _: random.Random) -> Image.Image:
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality)
        return Image.open(data).convert("RGB")

    return change


def scaled(factor: float) -> Change:
    """Scaled by a factor."""
    return lambda p, _: p.resize(
        (max(8, int(p.width * factor)), max(8, int(p.height * factor))), Image.BILINEAR
    )


def crop(area: float) -> Change:
    """A part of the picture of the share `area`, at random."""

    def change(p: Image.Image, chance: random.Random) -> Image.Image:
        side = area**0.5
        w, h = int(p.width * side), int(p.height * side)
        x, y = chance.randint(0, p.width - w), chance.randint(0, p.height - h)
        return p.crop((x, y, x + w, y + h))

    return change


def border(share: float, colour: str) -> Change:
    """A border as wide as the share of the longer side."""
    return lambda p, _: ImageOps.expand(p, int(share * max(p.size)), colour)


def watermark(p: Image.Image, _: random.Random) -> Image.Image:
    """Words in white all over, half transparent."""
    layer = Image.new("RGBA", p.size)
    draw = ImageDraw.Draw(layer)
    size = max(10, p.width // 9)
    for y in range(0, p.height, size * 2):
        draw.text(
            (y % (3 * size) - size, y),
            "SAMPLE  SHOP  SAMPLE",
            fill=(255, 255, 255, 120),
            font_size=size,
        )
    return Image.alpha_composite(p.convert("RGBA"), layer).convert("RGB")


def banner(share: float) -> Change:
    """A red banner over the lower `share`."""

    def change(p: Image.Image, _: random.Random) -> Image.Image:
        p = p.copy()
        draw = ImageDraw.Draw(p)
        top = int(p.height * (1 - share))
        draw.rectangle((0, top, p.width, p.height), fill=(190, 20, 20))
        draw.text(
            (p.width // 20, top + 4),
            "BEST PRICE  WhatsApp 000 000",
            fill="white",
            font_size=max(9, p.width // 18),
        )
        return p

    return change


def screenshot(p: Image.Image, _: random.Random) -> Image.Image:
    """A phone's screen that shows the picture."""
    width = 720
    q = p.resize((width, max(1, p.height * width // p.width)))
    page = Image.new("RGB", (width, max(1280, q.height + 420)), (250, 250, 250))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, 90), fill=(30, 60, 120))
    draw.text((24, 28), "market  -  listing", fill="white", font_size=32)
    page.paste(q, (0, 120))
    for k in range(4):
        draw.rectangle(
            (30, q.height + 160 + 60 * k, 600 - 70 * k, q.height + 190 + 60 * k),
            fill=(190, 190, 190),
        )
    return page


def collage(p: Image.Image, chance: random.Random) -> Image.Image:
    """One of four pictures on a page; the others are noise."""
    w, h = 400, 400
    page = Image.new("RGB", (2 * w, 2 * h), "white")
    place = chance.randrange(4)
    for k in range(4):
        q = p if k == place else Image.open(chance.choice(OTHERS)).convert("RGB")
        page.paste(
            ImageOps.fit(q, (w - 8, h - 8))
            if k != place
            else ImageOps.pad(q, (w - 8, h - 8), color="white"),
            (k % 2 * w + 4, k // 2 * h + 4),
        )
    return page


OTHERS = []


def parts(files: list[pathlib.Path], wanted: list[str], folder: pathlib.Path) -> list[tuple]:
    """Up to `wanted` quarters and middles of the pictures, as files."""
    made = []
    for place in range(5):
        for file in files:
            if len(made) == wanted:
                return made
            p = Image.open(file).convert("RGB")
            w, h = p.width // 2, p.height // 2
            x, y = (p.width // 4, p.height // 4) if place == 4 else (place % 2 * w, place // 2 * h)
            if min(w, h) < 64:
                continue
            path = folder / f"part{len(made)}.jpg"
            p.crop((x, y, x + w, y + h)).save(path, "JPEG", quality=92)
            made.append(path)
    return made


CHANGES = {
    "jpeg 80": jpeg(80),
    "jpeg 50": jpeg(50),
    "jpeg 20": jpeg(20),
    "half size": scaled(0.5),
    "quarter size": scaled(0.25),
    "double size": scaled(2),
    "squashed 80%": lambda p, _: p.resize((p.width, int(p.height * 0.8))),
    "crop 90%": crop(0.9),
    "crop 80%": crop(0.8),
    "crop 70%": crop(0.7),
    "crop 60%": crop(0.6),
    "crop 50%": crop(0.5),
    "white border 5%": border(0.05, "white"),
    "black border 15%": border(0.15, "black"),
    "watermark": watermark,
    "banner 15%": banner(0.15),
    "banner 30%": banner(0.3),
    "mirrored": lambda p, _: ImageOps.mirror(p),
    "turned 90": lambda p, _: p.rotate(90, expand=True),
    "turned 180": lambda p, _: p.rotate(180),
    "turned 5": lambda p, _: p.rotate(5, Image.BILINEAR),
    "turned 20": lambda p, _: p.rotate(20, Image.BILINEAR, expand=True),
    "grey": lambda p, _: ImageOps.grayscale(p).convert("RGB"),
    "saturated": lambda p, _: ImageEnhance.Color(p).enhance(1.8),
    "brighter": lambda p, _: ImageEnhance.Brightness(p).enhance(1.4),
    "contrast": lambda p, _: ImageEnhance.Contrast(p).enhance(1.5),
    "blur 2": lambda p, _: p.filter(ImageFilter.GaussianBlur(2)),
    "screenshot": screenshot,
    "collage of 4": collage,
}


def make(work: tuple) -> None:
    """One changed copy; its chance depends on its name alone."""
    name, k, file, path = work
    CHANGES[name](Image.open(file).convert("RGB"), random.Random(f"{name}{k}")).save(
        path, "JPEG", quality=90
    )


def at_precision(
    scored: list[tuple[float, bool, tuple[str, int]]], total: int, aim: float = 0.99
) -> tuple[dict[str, float], float, float]:
    """Recall per transformation at the loosest threshold whose precision over all answers is at
    least `aim`.

    `scored`: (distance, right, question) per answer. Answers of one distance stand or fall
    together.
    """
    best, right, wrong = None, 0, 0
    levels = collections.defaultdict(lambda: [0, 0])
    for distance, good, _ in scored:
        levels[distance][0 if good else 1] += 1
    for distance in sorted(levels):
        right, wrong = right + levels[distance][0], wrong + levels[distance][1]
        if right and right / (right + wrong) >= aim:
            best = distance
    found = {
        question
        for distance, good, question in scored
        if good and best is not None and distance <= best
    }
    kept = [
        (good, distance) for distance, good, _ in scored if best is not None and distance <= best
    ]
    precision = sum(good for good, _ in kept) / max(1, len(kept))
    return (
        {name: sum((name, k) in found for k in range(total)) / total for name in CHANGES},
        best,
        precision,
    )


def bits(kind: str, files: list[pathlib.Path]) -> numpy.ndarray:
    """Imagededup's hashes of the files."""
    with multiprocessing.Pool(initializer=prepare, initargs=(kind,)) as pool:
        return numpy.array(pool.map(encode, files, chunksize=64), dtype=numpy.uint64)


def prepare(kind: str) -> None:
    """Make a worker's hasher."""
    global MAKER
    MAKER = kind(verbose=False)


def encode(file: pathlib.Path) -> int:
    """One picture's hash as an integer."""
    return int(MAKER.encode_image(image_file=str(file)) or "0", 16)


def main() -> None:
    """Change, store, ask, and write the table."""
    words = argparse.ArgumentParser()
    words.add_argument("photos", type=pathlib.Path)
    words.add_argument("distractors", type=pathlib.Path, nargs="*")
    words.add_argument("--count", type=int, default=1000)
    words.add_argument(
        "--stored", type=int, default=20_000, help="originals and distractors together"
    )
    words.add_argument("--model", type=pathlib.Path)
    words = words.parse_args()
    photos = sorted(words.photos.rglob("*.jpg"))
    asked = random.Random(7).sample(photos, min(words.count, len(photos)))
    stored = photos + [
        file for folder in words.distractors for file in sorted(folder.rglob("*.jpg"))
    ]
    OTHERS.extend(stored)
    model = ["--model", words.model] if words.model else []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        known = set(asked)
        stored += parts(
            [file for file in stored if file not in known], words.stored - len(stored), folder
        )
        changed, questions = [], {}
        with multiprocessing.Pool() as pool:
            work = [
                (name, k, file, folder / f"{name} {k}.jpg")
                for name in CHANGES
                for k, file in enumerate(asked)
            ]
            pool.map(make, work, chunksize=64)
        for name, k, _, path in work:
            changed.append(path)
            questions[str(path)] = (name, k)
        manifest = folder / "stored.csv"
        manifest.write_text("file\n" + "".join(f"{file.resolve()}\n" for file in stored))

        def run(*line: object) -> subprocess.CompletedProcess:
            return subprocess.run(
                [BINARY, "index", *map(str, line)], capture_output=True, text=True, check=True
            )

        index = folder / "index"
        run("init", index)
        print(run("add", index, manifest, "--describe", *model).stderr)
        answers = collections.defaultdict(list)
        for method, extra in (
            ("pdq", ["--only", "pdq", "--max-distance", "90"]),
            ("pdq8", ["--only", "pdq", "--max-distance", "90", "--any-orientation"]),
            ("descriptor", ["--only", "descriptor", "--describe", *model]),
        ):
            for start in range(0, len(changed), 500):
                lines = run(
                    "query", index, *changed[start : start + 500], "--json", *extra
                ).stdout.splitlines()
                for row in map(json.loads, lines):
                    name, k = questions[row["file"]]
                    for match in row["matches"]:
                        right = match["file"] == str(asked[k].resolve())
                        answers[method].append((match["distance"], right, (name, k)))
        table = {}
        for method in answers:
            table[method], best, precision = at_precision(answers[method], len(asked))
            print(f"{method}: distance {best}, precision {precision:.4f}")

        def loose(m: str, limit: float) -> set:
            return {q for d, good, q in answers[m] if good and d <= limit}

        both = loose("pdq", 31) | loose("descriptor", 2)
        wrong = sum(not good and d <= 31 for d, good, _ in answers["pdq"]) + sum(
            not good for _, good, _ in answers["descriptor"]
        )
        right = sum(good and d <= 31 for d, good, _ in answers["pdq"]) + sum(
            good for _, good, _ in answers["descriptor"]
        )
        precision = right / max(1, right + wrong)
        print(f"as shipped (pdq within 31, verified descriptors): precision {precision:.4f}")
        table["shipped"] = {
            name: sum((name, k) in both for k in range(len(asked))) / len(asked) for name in CHANGES
        }
        try:
            from imagededup.methods import AHash, DHash, PHash, WHash

            for kind in (PHash, DHash, AHash, WHash):
                base, scored = bits(kind, stored), []
                originals = {stored.index(file): k for k, file in enumerate(asked)}
                for path, value in zip(changed, bits(kind, changed)):
                    distance = numpy.bitwise_count(base ^ value)
                    for place in numpy.nonzero(distance <= 16)[0]:
                        question = questions[str(path)]
                        scored.append(
                            (
                                int(distance[place]),
                                originals.get(int(place)) == question[1],
                                question,
                            )
                        )
                table["imagededup " + kind.__name__], best, precision = at_precision(
                    scored, len(asked)
                )
                print(f"imagededup {kind.__name__}: distance {best}, precision {precision:.4f}")
        except ImportError as error:
            print(f"imagededup left out: {error}")
    with (ROOT / "eval/index/transformations.csv").open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["transformation", "questions", "stored", *table])
        for name in CHANGES:
            writer.writerow(
                [
                    name,
                    len(asked),
                    len(stored),
                    *(f"{column[name]:.4f}" for column in table.values()),
                ]
            )


if __name__ == "__main__":
    main()
