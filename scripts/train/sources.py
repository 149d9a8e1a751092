#!/usr/bin/env python3
"""What a whole source teaches about another: each is left out in turn, and judged by heads that never saw it.

    sources.py --data DIR --manifest FILE --renders FILE --backbone lite0 --cache DIR --out eval/model

Photographs from a seller's table are a source that nobody trained on, so this is nearer to use than a split within
sources. To be affordable, heads only (multinomial logistic regression) are fitted, on the features of the untrained
ImageNet network, from the training split without the source; every picture of the source is then judged.
Writes sources.csv: source left out, what is measured, value, pictures.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from train.efficientnet import SIDES, EfficientNet
from train.features import add_taps, picture, session
from train.labels import LABELS, PRODUCTS
from train.photos import read_manifest
from train.taxonomy import Example, photographs, renders

FALSE_ALARMS = (0.01, 0.001)


def features(backbone: str, cache: Path, examples: list[Example]) -> np.ndarray:
    """Means and deviations of the ImageNet network's tapped maps, [N, width]; kept in the cache by file."""
    known, path = {}, cache / "imagenet-features.npz"
    if path.exists():
        stored = np.load(path)
        known = dict(zip(stored["files"].tolist(), stored["rows"]))
    graph = EfficientNet(backbone)
    graph.walk()
    model = cache / "imagenet-features.onnx"
    graph.save(model, {"features": add_taps(graph)})
    run = session(model)
    for example in examples:
        if str(example.path) not in known:
            known[str(example.path)] = run.run(
                ["features"], {"input": picture(example.path, graph.side)}
            )[0][0].astype(np.float16)
    np.savez(path, files=np.array(list(known)), rows=np.array(list(known.values())))
    return np.array([known[str(example.path)] for example in examples], np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "renders", "cache", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--backbone", choices=SIDES, default="lite0")
    arguments = parser.parse_args()
    examples = photographs(arguments.data, read_manifest(arguments.manifest)) + renders(
        arguments.renders
    )
    rows = features(arguments.backbone, arguments.cache, examples)
    labels = np.array([LABELS.index(example.label) for example in examples])
    source = np.array([example.source for example in examples])
    train = np.array([example.split == "train" for example in examples])
    ivory, ceramic = LABELS.index("ivory"), LABELS.index("ceramic_stone")
    lines = []
    for left_out in ("met", "render", "caltech101", "grocery"):
        seen, judged = train & (source != left_out), np.nonzero(source == left_out)[0]
        mean, deviation = rows[seen].mean(0), rows[seen].std(0) + 1e-3
        standard = (rows - mean) / deviation
        head = LogisticRegression(C=3e-4, max_iter=400, class_weight="balanced").fit(
            standard[seen], labels[seen]
        )
        scores = np.zeros((len(judged), len(LABELS)))
        scores[:, head.classes_] = head.predict_proba(standard[judged])
        own = labels[judged]

        def add(measure: str, value: float, chosen: np.ndarray) -> None:
            lines.append(
                {
                    "left_out": left_out,
                    "measure": measure,
                    "value": f"{value:.4f}",
                    "pictures": int(chosen.sum()),
                }
            )

        pair = np.isin(own, [ivory, ceramic])
        if (own == ivory).any() and (own == ceramic).any():
            add(
                "ivory against ceramic, accuracy",
                ((scores[:, ivory] > scores[:, ceramic]) == (own == ivory))[pair].mean(),
                pair,
            )
        known = np.isin(own, head.classes_)
        add(
            "most likely label, of labels known without the source",
            (scores.argmax(1) == own)[known].mean(),
            known,
        )
        product = scores[:, : len(PRODUCTS)].max(1)
        plain = own >= len(PRODUCTS)
        if not (own < len(PRODUCTS)).any():
            for level in (0.5, 0.8):
                add(f"any product at {level} or more", (product >= level)[plain].mean(), plain)
        else:
            for share in FALSE_ALARMS:
                limit = np.quantile(product[plain], 1 - share)
                add(
                    f"recall of any product at {share:.1%} false alarms",
                    (product > limit)[~plain].mean(),
                    ~plain,
                )
            for k, name in enumerate(PRODUCTS):
                if (own == k).any() and k in head.classes_:
                    add(
                        f"recall of {name} (most likely label)",
                        (scores.argmax(1) == k)[own == k].mean(),
                        own == k,
                    )
    with open(arguments.out / "sources.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    for line in lines:
        print(", ".join(f"{key} {value}" for key, value in line.items()))


if __name__ == "__main__":
    main()
