"""PDQ of this project against pdqhash (the reference C++ through its Python binding), on the same
decoded pixels.

    .venv-bench/bin/python -m bench.index_hash PHOTOS [COUNT]

Writes eval/index/pdq_speed.csv; PHOTOS is a folder of JPEG files. One thread each, rounds
alternate.
"""

import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy
import pdqhash
from PIL import Image

from bench.index_study import BENCH, write_table


def main() -> None:
    """Hash the same pixels with both and write the table."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.jpg"))
    files = random.Random(1).sample(files, min(count, len(files)))
    pictures = [numpy.array(Image.open(file).convert("RGB")) for file in files]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder) / "pixels.raw"
        with raw.open("wb") as out:
            for picture in pictures:
                out.write(
                    struct.pack("<II", picture.shape[1], picture.shape[0]) + picture.tobytes()
                )
        for number in range(5):
            start = time.perf_counter()
            theirs = [pdqhash.compute(picture) for picture in pictures]
            reference = (time.perf_counter() - start) * 1e3 / len(pictures)
            lines = subprocess.run(
                [BENCH, "hash", raw, "1"], capture_output=True, text=True, check=True
            ).stdout.split()
            ours = dict(zip(lines[0].split(","), map(float, lines[1].split(","))))
            rows.append(
                {
                    "round": number,
                    "pictures": len(pictures),
                    "pdqhash_ms": round(reference, 4),
                    **ours,
                    "ratio": round(reference / ours["pdq_ms"], 2),
                }
            )
        ours = subprocess.run(
            [BENCH, "hashes", raw], capture_output=True, text=True, check=True
        ).stdout.split()
    distances, qualities = [], []
    for line, (bits, quality) in zip(ours, theirs):
        text, own = line.split(",")
        distances.append((int(text, 16) ^ int("".join(map(str, bits)), 2)).bit_count())
        qualities.append(abs(int(own) - int(quality)))
    write_table("pdq_speed.csv", rows)
    ratio = statistics.median(row["ratio"] for row in rows)
    print(
        f"pdqhash takes {ratio} times as long; same pixels: {sum(d == 0 for d in distances)} of "
        f"{len(distances)} hashes identical, largest distance {max(distances)}, "
        f"largest difference of quality {max(qualities)}"
    )


if __name__ == "__main__":
    main()
