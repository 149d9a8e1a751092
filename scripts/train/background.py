"""Give a bundle pictures to learn beside: what the network sees in its calibration pictures,
without their pixels.

    python -m train.background --data DIR --manifest FILE --renders FILE models/NAME...
        [--labels a,b,c]

`faunalens model learn` tells new labels from these. Calibration pictures, because on them the
network is as sure as it is on pictures that it never saw. Labels take turns until the file is full,
so that rare ones are not crowded out. Format: src/recognize/background.rs.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.arguments import add_labels, all_examples, command_line
from train.features import network_input, open_session

Picture = Path | np.ndarray  # a file, or uint8 [H, W, 3]
MOST_BYTES = 800_000
TABLE = """
[background]   # calibration pictures as the network sees them, for `faunalens model learn`
file = "background.bin"
sha256 = "{sha256}"
"""


def choose_balanced(labels: list[int], most: int) -> list[int]:
    """At most `most` positions: one of each label in turn, in an order that depends on the seed
    alone.
    """
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


def background_bytes(model: Path, pictures: Sequence[Picture], labels: list[int]) -> bytes:
    """The file's bytes: per picture the label, the logits, and the features in steps of a 127th of
    the largest.
    """
    run = open_session(model)
    written = []
    for shown, label in zip(pictures, labels):
        logits, features = (
            value[0] for value in run.run(["logits", "features"], network_input(run, shown))
        )
        scale = np.float32(max(np.abs(features).max(), 1e-6) / 127)
        written.append(
            np.uint32(label).tobytes()
            + logits.astype("<f4").tobytes()
            + scale.tobytes()
            + np.rint(features / scale).astype(np.int8).tobytes()
        )
    return b"".join(written)


def features_width(model: Path) -> int:
    """How many numbers a network's `features` output has."""
    outputs = {output.name: output for output in open_session(model).get_outputs()}
    return int(outputs["features"].shape[1])


def add_background(
    folder: Path, pictures: Sequence[Picture], labels: list[int], names: list[str]
) -> None:
    """Write `background.bin` and its table into a bundle that has a `features` output."""
    model, toml = folder / "model.onnx", folder / "bundle.toml"
    kept = choose_balanced(labels, MOST_BYTES // (4 * (len(names) + 2) + features_width(model)))
    written = background_bytes(model, [pictures[i] for i in kept], [labels[i] for i in kept])
    (folder / "background.bin").write_bytes(written)
    before, _, after = toml.read_text().partition("\n[background]")
    _, separator, rest = after.partition("\n[")
    table = TABLE.format(sha256=hashlib.sha256(written).hexdigest())
    toml.write_text(before.rstrip("\n") + "\n" + table + separator + rest)
    print(f"{folder}: background of {len(kept)} pictures, {len(written):,} bytes")


def main() -> None:
    """Add a background to every bundle."""
    parser = command_line(__doc__, ("data", "manifest", "renders"))
    add_labels(parser)
    parser.add_argument("bundles", type=Path, nargs="+")
    arguments = parser.parse_args()
    members = enumerate(arguments.labels.values())
    label_of = {member: i for i, several in members for member in several}
    examples = [example for example in all_examples(arguments) if example.label in label_of]
    held = [example for example in examples if example.split == "calibration"]
    labels = [label_of[example.label] for example in held]
    for bundle in arguments.bundles:
        add_background(bundle, [one.path for one in held], labels, list(arguments.labels))


if __name__ == "__main__":
    main()
