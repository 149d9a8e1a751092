"""What the network is trained and judged on: the photographs of a manifest, and renders, with one
kind of record.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from train.labels import LABELS
from train.photos import Photo
from train.tables import read_rows


def parse_merged_labels(text: str) -> dict[str, list[str]]:
    """`ivory,bone=bone_antler,other=*` -> label of the bundle: labels of the network it stands for;
    `*` is all others.
    """
    merged = {
        name: (members or name).split("+")
        for name, _, members in (part.partition("=") for part in text.split(","))
    }
    used = {member for members in merged.values() for member in members}
    rest = [label for label in LABELS if label not in used]
    return {name: rest if members == ["*"] else members for name, members in merged.items()}


@dataclass(frozen=True)
class Example:
    """One labelled picture; `split` is train, calibration or test, `domain` photograph or render;
    `seized` a render in bulk or close.
    """

    path: Path
    label: str
    group: str
    split: str
    source: str
    domain: str
    grayscale: bool = False
    seized: bool = False


def photographs(data: Path, photos: list[Photo]) -> list[Example]:
    """The photographs of a manifest, found below the folder `data`."""
    return [
        Example(
            data / photo.file,
            photo.label,
            photo.group,
            photo.split,
            photo.source,
            "photograph",
            photo.grayscale,
        )
        for photo in photos
    ]


def split_of_render(group: str) -> str:
    """The split of a rendered scene by its name: a sixth goes to calibration and to test each."""
    sixth = hashlib.sha256(group.encode()).digest()[0] % 6
    return {0: "calibration", 1: "test"}.get(sixth, "train")


def renders(manifest: Path) -> list[Example]:
    """The renders of a manifest with file, label, group and seized; those that exist."""
    examples = []
    for row in read_rows(manifest) if manifest.exists() else []:
        path, group = manifest.parent / row["file"], row["group"]
        split, seized = split_of_render(group), row["seized"] == "1"
        example = Example(
            path, row["label"], f"render:{group}", split, "render", "render", seized=seized
        )
        if path.exists():
            examples.append(example)
    return examples
