"""The photographs that the model is trained and judged on: labels, groups, splits, resizing.

Every photograph belongs to one group; a group never crosses a split. Met groups are the
collection's own sets, grocery groups are products, Caltech-101 photographs are groups of their own;
groups that share near-duplicate photographs (PDQ distance <= 31 at quality >= 50, the reference's
match threshold) are joined.
"""

import csv
import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pdqhash
from PIL import Image

from train.labels import MUSEUM, caltech_label

SIDE = 224
SPLITS = (("train", 0.60), ("calibration", 0.15), ("test", 0.25))
PDQ_DISTANCE, PDQ_QUALITY = 31, 50


@dataclass(frozen=True)
class Photo:
    """One labelled photograph.

    `file` is relative to the data folder; `source` is met, caltech101 or grocery.
    """

    file: str
    source: str
    label: str
    group: str
    grayscale: bool
    split: str = ""


def list_photographs(data: Path) -> list[Photo]:
    """All usable photographs, sorted by file name.

    Left out: Met rows of undecided material (`ivory_or_bone`), and painted miniatures, whose ivory
    lies unseen under the paint: what the photograph shows is a portrait. Caltech-101 is
    `live_animal`, `shell_scale` or `other` by its categories, grocery is all `other`.
    """
    photos = []
    with open(data / "met/labels.csv", newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["material"] in MUSEUM and row["painted_miniature"] == "0":
                photos.append(
                    Photo(
                        f"met/{row['file']}",
                        "met",
                        MUSEUM[row["material"]],
                        f"met:{row['group']}",
                        row["grayscale"] == "1",
                    )
                )
    for path in (data / "caltech101").glob("*/*.jpg"):
        name = path.relative_to(data).as_posix()
        photos.append(Photo(name, "caltech101", caltech_label(path.parent.name), name, False))
    for path in (data / "grocery").glob("*.jpg"):
        _, *product, _ = path.name.split("__")
        photos.append(
            Photo(f"grocery/{path.name}", "grocery", "other", "grocery:" + "/".join(product), False)
        )
    return sorted(photos, key=lambda photo: photo.file)


def load(path: Path) -> Image.Image:
    """Decode to RGB at full size."""
    with Image.open(path) as image:
        return image.convert("RGB")


def join_near_duplicates(data: Path, photos: list[Photo]) -> tuple[list[Photo], int]:
    """Give groups that share near-duplicate photographs one common name; also the number of such
    pairs.
    """

    def fingerprint(photo: Photo) -> tuple[np.ndarray, int]:
        return pdqhash.compute(np.asarray(load(data / photo.file)))

    with ThreadPoolExecutor(2) as pool:
        hashes = list(pool.map(fingerprint, photos))
    usable = [i for i, (_, quality) in enumerate(hashes) if quality >= PDQ_QUALITY]
    bits = np.array([hashes[i][0] for i in usable], np.float32) * 2 - 1
    parent = {photo.group: photo.group for photo in photos}

    def root(group: str) -> str:
        while parent[group] != group:
            group = parent[group]
        return group

    pairs = 0
    for start in range(0, len(usable), 512):
        distance = (256 - bits[start : start + 512] @ bits.T) / 2
        for row, column in zip(*np.nonzero(distance <= PDQ_DISTANCE)):
            left, right = photos[usable[start + row]], photos[usable[column]]
            if left.file < right.file and left.group != right.group:
                pairs += 1
                low, high = sorted((root(left.group), root(right.group)))
                parent[high] = low
    return [replace(photo, group=root(photo.group)) for photo in photos], pairs


def assign_splits(photos: list[Photo]) -> list[Photo]:
    """Assign each group to train, calibration or test, within strata of source and label.

    The order within a stratum is that of the SHA-256 of the group's name: it depends on nothing
    else, so a photograph added later moves no other group far. A group of mixed labels counts for
    its first photograph's.
    """
    members: dict[str, list[Photo]] = {}
    for photo in photos:
        members.setdefault(photo.group, []).append(photo)
    strata: dict[tuple[str, str], list[str]] = {}
    for group, own in members.items():
        strata.setdefault((own[0].source, own[0].label), []).append(group)
    assigned = {}
    for groups in strata.values():
        groups.sort(key=lambda group: hashlib.sha256(group.encode()).hexdigest())
        total, seen = sum(len(members[group]) for group in groups), 0
        for group in groups:
            position, bound = (seen + len(members[group]) / 2) / total, 0.0
            for name, share in SPLITS:
                bound += share
                assigned[group] = name
                if position < bound:
                    break
            seen += len(members[group])
    return [replace(photo, split=assigned[photo.group]) for photo in photos]


def resized(image: Image.Image, side: int = SIDE) -> np.ndarray:
    """RGB uint8 [side, side, 3], whatever the aspect ratio, antialiased: `squash` and `bilinear` of
    the bundle format.
    """
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def write_manifest(path: Path, photos: list[Photo]) -> None:
    """One row per photograph with its label, group and split."""
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", "source", "label", "group", "grayscale", "split"])
        writer.writerows(
            [p.file, p.source, p.label, p.group, int(p.grayscale), p.split] for p in photos
        )


def read_manifest(path: Path) -> list[Photo]:
    """The photographs of a manifest, in its order."""
    with open(path, newline="", encoding="utf-8") as rows:
        return [
            Photo(r["file"], r["source"], r["label"], r["group"], r["grayscale"] == "1", r["split"])
            for r in csv.DictReader(rows)
        ]


def main() -> None:
    """`python -m train.photos DATA MANIFEST`: list, group and split the photographs."""
    data, manifest = Path(sys.argv[1]), Path(sys.argv[2])
    photos, joined = join_near_duplicates(data, list_photographs(data))
    photos = assign_splits(photos)
    write_manifest(manifest, photos)
    groups = len({photo.group for photo in photos})
    print(
        f"{len(photos)} photographs, {groups} groups, "
        f"{joined} pairs of near-duplicates across groups"
    )


if __name__ == "__main__":
    main()
