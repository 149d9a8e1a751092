#!/usr/bin/env python3
"""Give a bundle pictures to learn beside: what the network sees in its calibration pictures, without their pixels.

    background.py --data DIR --manifest FILE --renders FILE --labels a,b,c models/NAME...

`faunalens model learn` tells new labels from these. Calibration pictures, because on them the network is as sure as it
is on pictures that it never saw. Labels take turns until the file is full, so that rare ones are not crowded out. Format:
src/recognize/background.rs.
"""

import argparse
import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np

from train.features import fed, session
from train.labels import LABELS
from train.photos import read_manifest
from train.taxonomy import Example, merging, photographs, renders

MOST_BYTES = 800_000
TABLE = """
[background]   # calibration pictures as the network sees them, for `faunalens model learn`
file = "background.bin"
sha256 = "{sha256}"
"""


def chosen(labels: list[int], most: int) -> list[int]:
    """At most `most` positions: one of each label in turn, in an order that depends on the seed alone."""
    rng = np.random.default_rng(11)
    waiting = defaultdict(list)
    for i in rng.permutation(len(labels)):
        waiting[labels[i]].append(int(i))
    taken = []
    while len(taken) < most and any(waiting.values()):
        for label in sorted(waiting):
            if waiting[label] and len(taken) < most:
                taken.append(waiting[label].pop())
    return sorted(taken)


def rows(model: Path, examples: list[Example], labels: list[int]) -> bytes:
    """The file's bytes: per picture the label, the logits, and the features in steps of a 127th of the largest."""
    run = session(model)
    written = []
    for example, label in zip(examples, labels):
        logits, features = (
            value[0] for value in run.run(["logits", "features"], fed(run, example.path))
        )
        scale = np.float32(max(np.abs(features).max(), 1e-6) / 127)
        written.append(
            np.uint32(label).tobytes()
            + logits.astype("<f4").tobytes()
            + scale.tobytes()
            + np.rint(features / scale).astype(np.int8).tobytes()
        )
    return b"".join(written)


def add(folder: Path, examples: list[Example], labels: list[int], names: list[str]) -> None:
    """Write `background.bin` and its table into a bundle that has a `features` output."""
    run = session(folder / "model.onnx")
    width = next(int(output.shape[1]) for output in run.get_outputs() if output.name == "features")
    kept = chosen(labels, MOST_BYTES // (4 * (len(names) + 2) + width))
    written = rows(folder / "model.onnx", [examples[i] for i in kept], [labels[i] for i in kept])
    (folder / "background.bin").write_bytes(written)
    toml = folder / "bundle.toml"
    before, _, after = toml.read_text().partition("\n[background]")
    rest = after.partition("\n[")
    toml.write_text(
        before.rstrip("\n")
        + "\n"
        + TABLE.format(sha256=hashlib.sha256(written).hexdigest())
        + rest[1]
        + rest[2]
    )
    print(f"{folder}: background of {len(kept)} pictures, {len(written):,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "renders"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument(
        "--labels", type=merging, default=merging(",".join(LABELS)), help="as given to export.py"
    )
    parser.add_argument("bundles", type=Path, nargs="+")
    arguments = parser.parse_args()
    names = list(arguments.labels)
    label_of = {
        member: i for i, members in enumerate(arguments.labels.values()) for member in members
    }
    examples = photographs(arguments.data, read_manifest(arguments.manifest)) + renders(
        arguments.renders
    )
    held = [
        example
        for example in examples
        if example.split == "calibration" and example.label in label_of
    ]
    for bundle in arguments.bundles:
        add(bundle, held, [label_of[example.label] for example in held], names)


if __name__ == "__main__":
    main()
