"""What the labels are, and which photographs carry which.

Products, look-alikes that are sold beside them or confused with them, and everything else. Law is not a label.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from photos import Photo

PRODUCTS = ("ivory", "rhino_horn", "pangolin_scale", "big_cat_part", "big_cat_skin")
LOOKALIKES = ("bone_antler", "bovid_horn", "wood", "ceramic_stone", "shell_scale", "synthetic", "live_animal")
LABELS = (*PRODUCTS, *LOOKALIKES, "other")

MATERIALS = {"ivory": "ivory", "bone": "bone_antler", "ceramic_stone": "ceramic_stone"}  # photos.py's labels
ANIMALS = frozenset(
    "Leopards ant bass beaver butterfly cougar_body cougar_face crab crayfish crocodile crocodile_head dalmatian dolphin dragonfly "
    "elephant emu flamingo flamingo_head gerenuk hawksbill hedgehog ibis kangaroo llama lobster mayfly octopus okapi panda "
    "pigeon platypus rhino rooster scorpion sea_horse tick wild_cat".split()
)
SHELLS = frozenset(("nautilus", "starfish", "trilobite"))


def merging(text: str) -> dict[str, list[str]]:
    """`ivory,bone=bone_antler,other=*` -> label of the bundle: labels of the network it stands for; `*` is all others."""
    merged = {name: (members or name).split("+") for name, _, members in (part.partition("=") for part in text.split(","))}
    used = {member for members in merged.values() for member in members}
    rest = [label for label in LABELS if label not in used]
    return {name: rest if members == ["*"] else members for name, members in merged.items()}


@dataclass(frozen=True)
class Example:
    """One labelled picture; `split` is train, calibration or test, `domain` photograph or render."""

    path: Path
    label: str
    group: str
    split: str
    source: str
    domain: str
    grayscale: bool = False


def label_of(photo: Photo) -> str:
    """The label, among the thirteen, of a photograph of photos.py's listing."""
    if photo.source == "met":
        return MATERIALS[photo.label]
    if photo.source == "caltech101":
        kind = photo.file.split("/")[1]
        if kind in ANIMALS:
            return "live_animal"
        if kind in SHELLS:
            return "shell_scale"
    return "other"


def photographs(data: Path, photos: list[Photo]) -> list[Example]:
    return [
        Example(data / photo.file, label_of(photo), photo.group, photo.split, photo.source, "photograph", photo.grayscale)
        for photo in photos
    ]


def renders(manifest: Path) -> list[Example]:
    """The renders of a manifest with file, label and group; a sixteenth of the groups is kept for calibration, and for test."""
    if not manifest.exists():
        return []
    with open(manifest, newline="", encoding="utf-8") as rows:
        rows = list(csv.DictReader(rows))
    order = {group: i for i, group in enumerate(sorted({row["group"] for row in rows}))}
    split = {0: "calibration", 8: "test"}
    return [
        Example(manifest.parent / row["file"], row["label"], f"render:{row['group']}", split.get(order[row["group"]] % 16, "train"), "render", "render")
        for row in rows
        if (manifest.parent / row["file"]).exists()
    ]
