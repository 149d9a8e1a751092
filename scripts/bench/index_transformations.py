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
import io
import json
import multiprocessing
import pathlib
import random
import tempfile
from collections.abc import Callable

import numpy
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bench.index_study import run_index, write_table

Change = Callable[[Image.Image, random.Random], Image.Image]
Answer = tuple[float, bool, tuple[str, int]]  # distance, right, (transformation, photograph)


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
    scored: list[Answer], total: int, aim: float = 0.99
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


def bits(kind: type, files: list[pathlib.Path]) -> numpy.ndarray:
    """Imagededup's hashes of the files."""
    with multiprocessing.Pool(initializer=prepare, initargs=(kind,)) as pool:
        return numpy.array(pool.map(encode, files, chunksize=64), dtype=numpy.uint64)


def prepare(kind: type) -> None:
    """Make a worker's hasher."""
    global MAKER
    MAKER = kind(verbose=False)


def encode(file: pathlib.Path) -> int:
    """One picture's hash as an integer."""
    return int(MAKER.encode_image(image_file=str(file)) or "0", 16)


class Questions:
    """Changed copies of the photographs `asked`, below `folder`, and what each is a copy of."""

    def __init__(self, asked: list[pathlib.Path], folder: pathlib.Path):
        self.asked = asked
        work = [
            (name, k, file, folder / f"{name} {k}.jpg")
            for name in CHANGES
            for k, file in enumerate(asked)
        ]
        with multiprocessing.Pool() as pool:
            pool.map(make, work, chunksize=64)
        self.files = [path for *_, path in work]
        self.of = {str(path): (name, k) for name, k, _, path in work}

    def ask(self, index: pathlib.Path, extra: list) -> list[Answer]:
        """What the index answers, asked with options."""
        answers = []
        for start in range(0, len(self.files), 500):
            few = self.files[start : start + 500]
            for line in run_index("query", index, *few, "--json", *extra).splitlines():
                row = json.loads(line)
                name, k = self.of[row["file"]]
                original = str(self.asked[k].resolve())
                for match in row["matches"]:
                    answers.append((match["distance"], match["file"] == original, (name, k)))
        return answers

    def ask_imagededup(self, kind: type, stored: list[pathlib.Path]) -> list[Answer]:
        """What one of imagededup's hashes finds within 16 bits."""
        base, scored = bits(kind, stored), []
        originals = {stored.index(file): k for k, file in enumerate(self.asked)}
        for path, value in zip(self.files, bits(kind, self.files)):
            distance = numpy.bitwise_count(base ^ value)
            question = self.of[str(path)]
            for place in numpy.nonzero(distance <= 16)[0]:
                right = originals.get(int(place)) == question[1]
                scored.append((int(distance[place]), right, question))
        return scored


def as_shipped(answers: dict[str, list[Answer]], total: int) -> dict[str, float]:
    """Recall of what the program answers: hashes within 31 bits, or verified descriptors."""
    shipped = [answer for answer in answers["pdq"] if answer[0] <= 31]
    shipped += answers["descriptor"]
    right = sum(good for _, good, _ in shipped)
    precision = right / max(1, len(shipped))
    print(f"as shipped (pdq within 31, verified descriptors): precision {precision:.4f}")
    found = {question for _, good, question in shipped if good}
    return {name: sum((name, k) in found for k in range(total)) / total for name in CHANGES}


def imagededup_kinds() -> list[type]:
    """Its hashes, if it is installed."""
    try:
        from imagededup.methods import AHash, DHash, PHash, WHash
    except ImportError as error:
        print(f"imagededup left out: {error}")
        return []
    return [PHash, DHash, AHash, WHash]


def main() -> None:
    """Change, store, ask, and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("distractors", type=pathlib.Path, nargs="*")
    parser.add_argument("--count", type=int, default=1000)
    both = "originals and distractors together"
    parser.add_argument("--stored", type=int, default=20_000, help=both)
    parser.add_argument("--model", type=pathlib.Path)
    options = parser.parse_args()
    photos = sorted(options.photos.rglob("*.jpg"))
    asked = random.Random(7).sample(photos, min(options.count, len(photos)))
    others = [file for folder in options.distractors for file in sorted(folder.rglob("*.jpg"))]
    stored = photos + others
    OTHERS.extend(stored)
    model = ["--model", options.model] if options.model else []
    table: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        cut = [file for file in stored if file not in set(asked)]
        stored += parts(cut, options.stored - len(stored), folder)
        questions = Questions(asked, folder)
        index, manifest = folder / "index", folder / "stored.csv"
        manifest.write_text("file\n" + "".join(f"{file.resolve()}\n" for file in stored))
        run_index("init", index)
        run_index("add", index, manifest, "--describe", *model)
        near = ["--only", "pdq", "--max-distance", "90"]
        answers = {
            "pdq": questions.ask(index, near),
            "pdq8": questions.ask(index, [*near, "--any-orientation"]),
            "descriptor": questions.ask(index, ["--only", "descriptor", "--describe", *model]),
        }
        for method, scored in answers.items():
            table[method], best, precision = at_precision(scored, len(asked))
            print(f"{method}: distance {best}, precision {precision:.4f}")
        table["shipped"] = as_shipped(answers, len(asked))
        for kind in imagededup_kinds():
            name = f"imagededup {kind.__name__}"
            scored = questions.ask_imagededup(kind, stored)
            table[name], best, precision = at_precision(scored, len(asked))
            print(f"{name}: distance {best}, precision {precision:.4f}")
    rows = []
    for name in CHANGES:
        row = {"transformation": name, "questions": len(asked), "stored": len(stored)}
        rows.append(row | {method: f"{column[name]:.4f}" for method, column in table.items()})
    write_table("transformations.csv", rows)


if __name__ == "__main__":
    main()
