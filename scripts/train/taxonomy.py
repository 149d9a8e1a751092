"""What the network is trained and judged on: the photographs of a manifest, and renders, with one kind of record."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from train.labels import LABELS
from train.photos import Photo


def merging(text: str) -> dict[str, list[str]]:
    """`ivory,bone=bone_antler,other=*` -> label of the bundle: labels of the network it stands for; `*` is all others."""
    merged = {
        name: (members or name).split("+")
        for name, _, members in (part.partition("=") for part in text.split(","))
    }
    used = {member for members in merged.values() for member in members}
    rest = [label for label in LABELS if label not in used]
    return {name: rest if members == ["*"] else members for name, members in merged.items()}


@dataclass(frozen=True)
class Example:
    """One labelled picture; `split` is train, calibration or test, `domain` photograph or render; `seized` a render in bulk or close."""

    path: Path
    label: str
    group: str
    split: str
    source: str
    domain: str
    grayscale: bool = False
    seized: bool = False


def photographs(data: Path, photos: list[Photo]) -> list[Example]:
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


def renders(manifest: Path) -> list[Example]:
    """The renders of a manifest with file, label and group; by its group's name a sixth goes to calibration and to test each."""
    if not manifest.exists():
        return []
    with open(manifest, newline="", encoding="utf-8") as rows:
        rows = list(csv.DictReader(rows))

    def split(group: str) -> str:
        return {0: "calibration", 1: "test"}.get(
            hashlib.sha256(group.encode()).digest()[0] % 6, "train"
        )

    return [
        Example(
            manifest.parent / row["file"],
            row["label"],
            f"render:{row['group']}",
            split(row["group"]),
            "render",
            "render",
            seized=row["seized"] == "1",
        )
        for row in rows
        if (manifest.parent / row["file"]).exists()
    ]
