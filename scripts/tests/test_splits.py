"""Groups and splits: no group on two sides, whatever is added later."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.photos import (
    Photo,
    assign_splits,
    join_near_duplicates,
    list_photographs,
    read_manifest,
    write_manifest,
)
from train.pictures import among_first, listings, shop_examples
from train.taxonomy import renders, split_of_render


def photos_of(groups: int, each: int = 3, label: str = "ivory") -> list[Photo]:
    """`groups` groups of `each` photographs."""
    return [
        Photo(f"met/{g}_{k}.jpg", "met", label, f"met:{g}", False)
        for g in range(groups)
        for k in range(each)
    ]


def test_no_group_crosses_a_split() -> None:
    sides: dict[str, set[str]] = {}
    for photo in assign_splits(photos_of(200)):
        sides.setdefault(photo.group, set()).add(photo.split)
    assert all(len(side) == 1 for side in sides.values())


def test_every_label_of_a_source_is_split_60_15_25() -> None:
    photos = assign_splits(photos_of(400) + photos_of(400, label="ceramic_stone"))
    for label in ("ivory", "ceramic_stone"):
        count = Counter(photo.split for photo in photos if photo.label == label)
        shares = [count[name] / 1200 for name in ("train", "calibration", "test")]
        assert shares == pytest.approx([0.60, 0.15, 0.25], abs=0.01)


def test_photographs_added_later_move_few_others() -> None:
    before = {photo.file: photo.split for photo in assign_splits(photos_of(400))}
    after = {photo.file: photo.split for photo in assign_splits(photos_of(404))}
    assert sum(after[file] != side for file, side in before.items()) <= 0.02 * len(before)


def test_a_render_keeps_its_split_whatever_else_is_drawn() -> None:
    sides = Counter(split_of_render(f"render-11-{index}") for index in range(3000))
    assert sides["calibration"] / 3000 == pytest.approx(1 / 6, abs=0.03)
    assert sides["test"] / 3000 == pytest.approx(1 / 6, abs=0.03)
    # Written down once: a change of the rule would move test pictures into training.
    first = {index: split_of_render(f"render-11-{index}") for index in range(7)}
    assert {index for index, side in first.items() if side == "test"} == {1, 4, 6}
    assert {index for index, side in first.items() if side == "train"} == {0, 2, 3, 5}


def test_renders_that_were_not_drawn_are_left_out(tmp_path: Path) -> None:
    rows = ["file,label,subject,group,seed,seized", "a.jpg,wood,x,g1,1,0", "b.jpg,wood,x,g2,1,1"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "b.jpg").write_bytes(b"")
    (example,) = renders(tmp_path / "manifest.csv")
    assert (example.group, example.seized, example.domain) == ("render:g2", True, "render")
    assert renders(tmp_path / "none.csv") == []


def clouds(seed: int) -> Image.Image:
    """A picture of large soft shapes, of which a perceptual hash can say much."""
    small = np.random.default_rng(seed).integers(0, 256, (14, 14, 3), np.uint8)
    return Image.fromarray(small).resize((256, 256), Image.Resampling.BICUBIC)


def test_groups_that_share_near_duplicates_are_joined(tmp_path: Path) -> None:
    clouds(1).save(tmp_path / "a.jpg", quality=95)
    clouds(1).resize((200, 200)).save(tmp_path / "b.jpg", quality=40)
    clouds(2).save(tmp_path / "c.jpg")
    photos = [Photo(f"{name}.jpg", "met", "ivory", f"met:{name}", False) for name in "abc"]
    joined, pairs = join_near_duplicates(tmp_path, photos)
    assert [photo.group for photo in joined] == ["met:a", "met:a", "met:c"]
    assert pairs == 1


def test_undecided_materials_and_painted_miniatures_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "met").mkdir()
    (tmp_path / "met/labels.csv").write_text(
        "file,material,group,grayscale,painted_miniature\n"
        "a.jpg,ivory,1,0,0\nb.jpg,ivory_or_bone,2,0,0\nc.jpg,ivory,3,0,1\nd.jpg,ceramic,4,1,0\n"
    )
    (tmp_path / "caltech101/Leopards").mkdir(parents=True)
    (tmp_path / "caltech101/Leopards/1.jpg").write_bytes(b"")
    (tmp_path / "grocery").mkdir()
    (tmp_path / "grocery/train__Fruit__Apple__Gala__1.jpg").write_bytes(b"")
    found = {photo.file: (photo.label, photo.group) for photo in list_photographs(tmp_path)}
    assert found == {
        "met/a.jpg": ("ivory", "met:1"),
        "met/d.jpg": ("ceramic_stone", "met:4"),
        "caltech101/Leopards/1.jpg": ("live_animal", "caltech101/Leopards/1.jpg"),
        "grocery/train__Fruit__Apple__Gala__1.jpg": ("other", "grocery:Fruit/Apple/Gala"),
    }


def test_a_manifest_reads_as_it_was_written(tmp_path: Path) -> None:
    photos = assign_splits([*photos_of(5), Photo('met/a "b", c.jpg', "met", "wood", "met:,", True)])
    write_manifest(tmp_path / "manifest.csv", photos)
    assert read_manifest(tmp_path / "manifest.csv") == photos


def test_shops_without_a_licence_for_training_are_listings_alone(tmp_path: Path) -> None:
    (tmp_path / "shops").mkdir()
    (tmp_path / "shops/labels.csv").write_text(
        "file,label,source,usable_for\n"
        "a.jpg,wood,one,training (MIT or CC)\n"
        "b.jpg,wood,two,validation and thresholds only\n"
    )
    assert [one.group for one in shop_examples(tmp_path)] == ["shops:a.jpg"]
    assert [(one.group, one.split) for one in listings(tmp_path)] == [("shops:b.jpg", "listing")]


def test_renders_are_counted_by_their_seed() -> None:
    first = ["11:558", "12:195"]
    assert among_first("render:render-11-557", first)
    assert not among_first("render:render-11-558", first)
    assert among_first("render:render-12-194", first)
    assert not among_first("render:render-12-557", first)
    assert not among_first("render:render-13-0", first)
    assert among_first("render:render-13-9000", None)
