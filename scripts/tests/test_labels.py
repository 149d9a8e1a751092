"""Labels: what a source's own words mean, and what a bundle's labels stand for."""

import pytest

from train.batches import SHARES
from train.labels import LABELS, MUSEUM, PHOTOGRAPHED, PRODUCTS, caltech_label
from train.taxonomy import parse_merged_labels


def test_products_come_first_and_no_label_is_there_twice() -> None:
    assert LABELS[: len(PRODUCTS)] == PRODUCTS
    assert len(set(LABELS)) == len(LABELS) == 13


def test_every_label_that_sources_and_batches_name_exists() -> None:
    named = {*MUSEUM.values(), *PHOTOGRAPHED, *(label for label, _ in SHARES)}
    assert named <= set(LABELS)


def test_labels_without_members_stand_for_themselves() -> None:
    assert parse_merged_labels(",".join(LABELS)) == {label: [label] for label in LABELS}


def test_a_star_takes_all_labels_that_no_other_names() -> None:
    merged = parse_merged_labels("ivory,bone=bone_antler+bovid_horn,other=*")
    assert merged["ivory"] == ["ivory"]
    assert merged["bone"] == ["bone_antler", "bovid_horn"]
    members = [member for several in merged.values() for member in several]
    assert sorted(members) == sorted(LABELS)


@pytest.mark.parametrize(
    ("kind", "label"),
    [("Leopards", "live_animal"), ("nautilus", "shell_scale"), ("ewer", "other")],
)
def test_caltech_kinds(kind: str, label: str) -> None:
    assert caltech_label(kind) == label
