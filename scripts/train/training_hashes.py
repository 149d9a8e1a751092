#!/usr/bin/env python3
"""Put the PDQ hashes of the training photographs into bundles, so that `faunalens eval` can look for leaks.

training_hashes.py --data DIR --manifest FILE --program target/release/faunalens models/NAME...
"""

import argparse
import hashlib
import subprocess
from pathlib import Path

from train.photos import PDQ_QUALITY, read_manifest

TABLE = """
[training]
hashes = "training.pdq"   # PDQ of every training photograph of quality {quality} or more
sha256 = "{sha256}"
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "program"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("bundles", type=Path, nargs="+")
    arguments = parser.parse_args()
    files = [
        str(arguments.data / photo.file)
        for photo in read_manifest(arguments.manifest)
        if photo.split == "train"
    ]
    hashes = set()
    for start in range(0, len(files), 500):
        lines = subprocess.run(
            [arguments.program, "hash", *files[start : start + 500]],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in lines.splitlines():
            value, quality, _ = line.split(",", 2)
            if int(quality) >= PDQ_QUALITY:
                hashes.add(value)
    text = "".join(f"{value}\n" for value in sorted(hashes))
    for bundle in arguments.bundles:
        (bundle / "training.pdq").write_text(text)
        described = (bundle / "bundle.toml").read_text().split("\n[training]")[0].rstrip(
            "\n"
        ) + "\n"
        table = TABLE.format(quality=PDQ_QUALITY, sha256=hashlib.sha256(text.encode()).hexdigest())
        (bundle / "bundle.toml").write_text(described + table)
        print(f"{bundle}: {len(hashes)} hashes of {len(files)} photographs")


if __name__ == "__main__":
    main()
