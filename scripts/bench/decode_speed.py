"""Scans of large and of small JPEGs, in pairs; see `scripts/bench/decode_speed`."""

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from bench.measure import COLUMNS, WORKERS, Run, ours

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LARGE = (4000, 3000)
GRAIN = 4  # standard deviation, in levels, at half resolution: enlarging leaves none


def enlarge(paths: list[Path], folder: Path) -> None:
    """Photographs of 12 megapixels as a phone writes them: 4:2:0, quality 90, with grain."""
    for number, path in enumerate(paths):
        with Image.open(path) as picture:
            picture = picture.convert("RGB").resize(LARGE, Image.Resampling.BICUBIC)
        noise = np.random.default_rng(number).normal(0, GRAIN, (LARGE[1] // 2, LARGE[0] // 2))
        noise = noise.repeat(2, 0).repeat(2, 1)[..., None]
        pixels = np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.jpg", quality=90, subsampling=2)


def scans(part: str, folder: Path, scratch: Path, options: argparse.Namespace) -> Iterator[dict]:
    """Every program in turn on one folder, from process start to exit."""
    photos = sum(1 for _ in folder.iterdir())

    def program(binary: Path, name: str, turn: tuple[int, int]) -> dict:
        out = scratch / "ours.jsonl"
        out.unlink(missing_ok=True)
        scan = ("scan", folder, "--out", out, "--workers", WORKERS, "--schreger", "never")
        return ours(binary, *scan).row(part, name, "--schreger never", turn, photos)

    def python(decode: str, batch: int, turn: tuple[int, int]) -> dict:
        command = [sys.executable, HERE / "python_scan.py", folder, "--decode", decode]
        command += ["--out", scratch / "python.jsonl", "--workers", WORKERS, "--batch", batch]
        return Run(command).row(part, "python", f"{decode}, no PDQ, batch {batch}", turn, photos)

    for repetition in range(options.repetitions):
        turn = (repetition, 0)
        yield program(options.binary, "faunalens", turn)
        if options.baseline:
            yield program(options.baseline, "faunalens before", turn)
        for decode in options.python:
            for batch in (1, 8):
                yield python(decode, batch, turn)


def main() -> None:
    """Measure, write the rows, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=48, help="of 12 megapixels")
    parser.add_argument("--small", type=int, default=300, help="as they are in the folder")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/faunalens")
    parser.add_argument("--baseline", type=Path, help="another build, to compare with")
    parser.add_argument("--python", nargs="*", default=["draft"], help="draft, simplejpeg")
    parser.add_argument("--made", type=Path, help="12 megapixel files, instead of making them")
    parser.add_argument("--rows", type=Path, default=ROOT / "eval/bench/decode_speed.csv")
    options = parser.parse_args()

    paths = sorted(options.folder.rglob("*.jpg"))
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        large, small = scratch / "large", scratch / "small"
        small.mkdir()
        if options.made:
            large = options.made
        else:
            large.mkdir()
            enlarge(paths[:: max(1, len(paths) // options.photos)][: options.photos], large)
        for path in paths[:: max(1, len(paths) // options.small)][: options.small]:
            (small / path.name).symlink_to(path.resolve())
        for part, folder in (("12 megapixels", large), ("as they are", small)):
            rows += scans(part, folder, scratch, options)
    with open(options.rows, "w") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    for key in dict.fromkeys((row["part"], row["program"], row["setting"]) for row in rows):
        same = [row for row in rows if (row["part"], row["program"], row["setting"]) == key]
        wall = median(float(row["wall_s"]) for row in same)
        cpu = median(float(row["cpu_s"]) for row in same)
        photos = int(same[0]["photos"])
        print(
            *key,
            f"{photos / wall:.1f} photos/s",
            f"{1e3 * cpu / photos:.1f} ms of a core",
            sep="  ",
        )


if __name__ == "__main__":
    main()
