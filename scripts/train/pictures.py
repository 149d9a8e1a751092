"""All that a training sees, in one file: small pictures with the outlines of their things.

    python -m train.pictures --data DIR --manifest FILE --renders FILE --out FILE.npz
        [--first SEED:COUNT...]

Holds the photographs of the manifest, those of shops whose licence allows it, every photograph of
`wild/` whole and in parts cut out along outlines drawn by hand (wild.csv), drawn pictures
(drawn.py), and the renders, of the training and the calibration split. Training then needs neither
the photographs nor their folders. Photographs of shops without a licence for training stay out.
"""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from train.arguments import all_examples, command_line
from train.cutout import object_mask
from train.drawn import draw_picture
from train.labels import LABELS
from train.photos import load
from train.tables import read_rows
from train.taxonomy import Example

LARGEST = 288  # pixels along the longer side
MASK = 144  # side of the outlines
QUALITY = {"drawn": 70}  # JPEG, of a kind; else 84
DRAWN = 600
WILD = Path(__file__).with_name("wild.csv")
TRAINING = "training (MIT or CC)"  # usable_for of shops/labels.csv


@dataclass
class Pictures:
    """Rows of one length: JPEG bytes of a picture, its thing's outline (0 or 1, [MASK, MASK], all 0
    for none), label, group, source, kind (photograph, wild, drawn, render), split.
    """

    jpeg: np.ndarray
    mask: np.ndarray
    label: np.ndarray
    group: np.ndarray
    source: np.ndarray
    kind: np.ndarray
    split: np.ndarray

    @classmethod
    def read(cls, path: Path) -> "Pictures":
        """From a file."""
        stored = np.load(path)
        values = {name: stored[name] for name in stored.files}
        ends = values.pop("ends")
        joined = values["jpeg"].tobytes()
        starts = [0, *ends[:-1].tolist()]
        cut = [joined[start:end] for start, end in zip(starts, ends.tolist())]
        values["jpeg"] = np.array(cut, object)
        values["mask"] = np.unpackbits(values["mask"], -1, MASK * MASK).reshape(-1, MASK, MASK)
        return cls(**values)

    def write(self, path: Path) -> None:
        """Into a file."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["ends"] = np.cumsum([len(one) for one in self.jpeg])
        values["jpeg"] = np.frombuffer(b"".join(self.jpeg), np.uint8)
        values["mask"] = np.packbits(self.mask.reshape(len(self.mask), -1).astype(bool), -1)
        np.savez_compressed(path, **values)

    def __len__(self) -> int:
        return len(self.label)

    def chosen(self, rows: np.ndarray) -> "Pictures":
        """Those at places or where true."""
        return Pictures(*(getattr(self, field.name)[rows] for field in fields(self)))

    def pixels(self, row: int) -> np.ndarray:
        """One picture, uint8 [H, W, 3]."""
        return np.asarray(Image.open(io.BytesIO(self.jpeg[row])).convert("RGB"))


@dataclass(frozen=True)
class Row:
    """One picture before it is packed."""

    image: Image.Image
    mask: np.ndarray | None  # [H, W] in 0..1
    label: str
    group: str
    source: str
    kind: str
    split: str


def shops(data: Path, trained_on: bool) -> list[Example]:
    """The photographs of shops that may be trained on, or those that may not."""
    split = "train" if trained_on else "listing"
    return [
        Example(
            data / "shops" / row["file"],
            row["label"],
            f"shops:{row['file']}",
            split,
            row["source"],
            "photograph",
        )
        for row in read_rows(data / "shops/labels.csv")
        if (row["usable_for"] == TRAINING) == trained_on
    ]


def shop_examples(data: Path) -> list[Example]:
    """The photographs of shops that may be trained on."""
    return shops(data, trained_on=True)


def listings(data: Path) -> list[Example]:
    """Photographs of shops that none may train on: for thresholds alone."""
    return shops(data, trained_on=False)


def small(image: Image.Image) -> Image.Image:
    """At most LARGEST along the longer side."""
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return image


def from_example(example: Example) -> Row:
    """An example with its thing's outline, if it stands out."""
    image = small(load(example.path))
    real = example.domain == "photograph"
    mask = object_mask(np.asarray(image)) if real else None
    domain = (example.source, example.domain, example.split)
    return Row(image, mask, example.label, example.group, *domain)


def wild_rows(data: Path) -> Iterator[Row]:
    """Every photograph of `wild/`: the frame that shows something, and its parts."""
    for row in read_rows(WILD):
        image = load(data / "wild" / row["file"])
        framed, numbers = row["outline"].startswith("frame"), row["outline"].split()
        numbers = [float(n) for n in numbers if n != "frame"]
        xs = [int(n * image.width / 10) for n in numbers[::2]]
        ys = [int(n * image.height / 10) for n in numbers[1::2]]
        cut = Image.new("L", image.size, 0)
        if not framed:
            ImageDraw.Draw(cut).polygon(list(zip(xs, ys)), 255)
            cut = cut.filter(ImageFilter.GaussianBlur(3))
        box = (min(xs), min(ys), max(xs), max(ys))
        part = small(image.crop(box))
        mask = None if framed else np.asarray(cut.crop(box).resize(part.size)) / 255
        if framed:
            mask = object_mask(np.asarray(part))
        yield Row(part, mask, row["label"], f"wild:{row['group']}", "wild", "wild", "train")


def drawn_rows() -> Iterator[Row]:
    """Drawn pictures; a fifth of each kind is held back."""
    for number in range(DRAWN):
        kind, pixels = draw_picture(number)
        split = "calibration" if number // 12 % 5 == 0 else "train"
        image, group = Image.fromarray(pixels), f"drawn:{number}"
        yield Row(image, None, "other", group, f"drawn_{kind}", "drawn", split)


def among_first(group: str, first: list[str] | None) -> bool:
    """Whether a render's group, render:render-SEED-NUMBER, is among the first COUNT of its seed, by
    SEED:COUNT; all are if nothing is said.
    """
    _, seed, number = group.rsplit("-", 2)
    counts = dict(one.split(":") for one in first or [])
    return not first or int(number) < int(counts.get(seed, 0))


def pack(rows: list[Row]) -> Pictures:
    """Rows as one table."""
    jpeg, masks = [], []
    for row in rows:
        buffer = io.BytesIO()
        row.image.save(buffer, "JPEG", quality=QUALITY.get(row.kind, 84))
        jpeg.append(buffer.getvalue())
        outline = np.zeros((MASK, MASK), np.uint8)
        if row.mask is not None:
            large = Image.fromarray((255 * np.asarray(row.mask)).astype(np.uint8))
            outline = (np.asarray(large.resize((MASK, MASK), Image.Resampling.BOX)) > 127) * 1
        masks.append(outline.astype(np.uint8))
    packed = np.empty(len(jpeg), object)
    packed[:] = jpeg
    text = {
        name: np.array([getattr(row, name) for row in rows])
        for name in ("group", "source", "kind", "split")
    }
    labels = np.array([LABELS.index(row.label) for row in rows])
    return Pictures(packed, np.array(masks), labels, **text)


def main() -> None:
    """Write the file."""
    parser = command_line(__doc__, ("data", "manifest", "renders", "out"))
    told = "of the renders of a seed only the first so many, as 11:558 12:195"
    parser.add_argument("--first", nargs="*", help=told)
    arguments = parser.parse_args()
    examples = [
        one
        for one in all_examples(arguments)
        if one.split != "test"
        and (one.domain == "photograph" or among_first(one.group, arguments.first))
    ]
    examples += shop_examples(arguments.data)
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(from_example, examples))
    rows += [*wild_rows(arguments.data), *drawn_rows()]
    pictures = pack(rows)
    pictures.write(arguments.out)
    size = arguments.out.stat().st_size
    print(f"{arguments.out}: {len(pictures)} pictures, {size:,} bytes")


if __name__ == "__main__":
    main()
