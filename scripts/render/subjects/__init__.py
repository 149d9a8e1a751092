"""All subjects, and how often each label is drawn."""

import importlib
import pathlib

import numpy as np

from render.subject import Builder, Subject

SHARE = {  # of the pictures, by label
    "ivory": 0.12,
    "rhino_horn": 0.09,
    "pangolin_scale": 0.09,
    "big_cat_part": 0.09,
    "big_cat_skin": 0.09,
    "bone_antler": 0.07,
    "bovid_horn": 0.06,
    "wood": 0.06,
    "ceramic_stone": 0.06,
    "shell_scale": 0.05,
    "synthetic": 0.05,
    "live_animal": 0.03,
    "other": 0.14,
}

SUBJECTS: list[Subject] = []
for path in sorted(pathlib.Path(__file__).parent.glob("*.py")):
    if path.stem not in ("__init__",):
        SUBJECTS += getattr(importlib.import_module(f"render.subjects.{path.stem}"), "SUBJECTS", [])


def choose(rng: np.random.Generator, names: set[str] | None = None) -> Subject:
    """A label by its share, then a subject by weight; `names`: only these subjects or labels."""
    pool = [s for s in SUBJECTS if not names or s.name in names or s.label in names]
    labels = sorted({s.label for s in pool})
    share = np.array([SHARE.get(label, 0.03) for label in labels])
    label = labels[rng.choice(len(labels), p=share / share.sum())]
    pool = [s for s in pool if s.label == label]
    weight = np.array([s.weight for s in pool], float)
    return pool[rng.choice(len(pool), p=weight / weight.sum())]


def everyday_builders() -> list[Builder]:
    """Builders of everyday things that may lie beside an item."""
    return [s.build for s in SUBJECTS if s.label == "other" and s.name.startswith("everyday_")]
