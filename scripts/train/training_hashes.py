"""Put the PDQ hashes of the training photographs into bundles, so that `faunalens eval` can look
for leaks.

    python -m train.training_hashes --data DIR --manifest FILE --program target/release/faunalens
        models/NAME...
"""

import hashlib
import subprocess
from pathlib import Path

from train.arguments import command_line
from train.photos import PDQ_QUALITY, read_manifest
from train.pictures import WILD, shop_examples
from train.tables import read_rows

AT_ONCE = 500  # files to a command line
TABLE = """
[training]
hashes = "training.pdq"   # PDQ of every training photograph of quality {quality} or more
sha256 = "{sha256}"
"""


def usable_hashes(program: Path, files: list[str]) -> set[str]:
    """The PDQ hashes, as hexadecimals, of the files whose quality is high enough."""
    hashes = set()
    for start in range(0, len(files), AT_ONCE):
        command = [program, "hash", *files[start : start + AT_ONCE]]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            value, quality, _ = line.split(",", 2)
            if int(quality) >= PDQ_QUALITY:
                hashes.add(value)
    return hashes


def main() -> None:
    """Hash the training photographs and write the tables."""
    parser = command_line(__doc__, ("data", "manifest", "program"))
    parser.add_argument("bundles", type=Path, nargs="+")
    arguments = parser.parse_args()
    photos = read_manifest(arguments.manifest)
    files = [str(arguments.data / photo.file) for photo in photos if photo.split == "train"]
    wild = {row["file"] for row in read_rows(WILD)}
    files += [str(arguments.data / "wild" / file) for file in sorted(wild)]
    files += [str(example.path) for example in shop_examples(arguments.data)]
    hashes = usable_hashes(arguments.program, files)
    text = "".join(f"{value}\n" for value in sorted(hashes))
    table = TABLE.format(quality=PDQ_QUALITY, sha256=hashlib.sha256(text.encode()).hexdigest())
    for bundle in arguments.bundles:
        (bundle / "training.pdq").write_text(text)
        toml = bundle / "bundle.toml"
        before = toml.read_text().split("\n[training]")[0].rstrip("\n")
        toml.write_text(before + "\n" + table)
        print(f"{bundle}: {len(hashes)} hashes of {len(files)} photographs")


if __name__ == "__main__":
    main()
