"""What needs no network: trivial classifiers on the same splits, as CSV files that `faunalens eval
compare` reads.

    python -m train.baselines --data DIR --manifest FILE --out DIR

`histogram`: logistic regression on a colour histogram (8 x 8 x 8 bins, square roots); `nearest`:
the label of the nearest training histogram; `majority`: shares of the labels in the training split,
whatever the photograph. Fitted on the training split, strength of the penalty chosen on the
calibration split, written for the test split.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from train.arguments import command_line
from train.labels import LABELS
from train.photos import load, read_manifest
from train.tables import write_rows

BINS = 8  # per channel
PENALTIES = (1, 10, 100, 1000)  # inverse strengths


def histogram(path: Path) -> np.ndarray:
    """Square roots of the shares of 512 colours (their scalar product is the Bhattacharyya
    coefficient).
    """
    image = load(path)
    image.thumbnail((128, 128))
    level = np.asarray(image).reshape(-1, 3) // (256 // BINS)
    counts = np.bincount(level @ [BINS * BINS, BINS, 1], minlength=BINS**3)
    return np.sqrt(counts / counts.sum())


def baseline_scores(
    features: np.ndarray, labels: np.ndarray, splits: np.ndarray
) -> dict[str, np.ndarray]:
    """Scores [N, 13] of the test split by each classifier.

    `features` [all, 512], `labels` [all], `splits` [all]: train, calibration or test.
    """
    train, held, test = (splits == name for name in ("train", "calibration", "test"))
    models = [
        LogisticRegression(C=c, max_iter=2000).fit(features[train], labels[train])
        for c in PENALTIES
    ]
    best = max(models, key=lambda model: model.score(features[held], labels[held]))
    nearest = labels[train][(features[test] @ features[train].T).argmax(1)]
    known = np.unique(labels[train])  # labels that have photographs
    shares = np.bincount(labels[train], minlength=len(LABELS)) / train.sum()
    return {
        "histogram": best.predict_proba(features[test]) @ np.eye(len(LABELS))[known],
        "nearest": np.eye(len(LABELS))[nearest],
        "majority": np.tile(shares, (test.sum(), 1)),
    }


def main() -> None:
    """Fit the trivial classifiers and write their scores."""
    arguments = command_line(__doc__, ("data", "manifest", "out")).parse_args()
    photos = read_manifest(arguments.manifest)
    with ThreadPoolExecutor(2) as pool:
        paths = [arguments.data / photo.file for photo in photos]
        features = np.array(list(pool.map(histogram, paths)))
    labels = np.array([LABELS.index(photo.label) for photo in photos])
    splits = np.array([photo.split for photo in photos])
    test = [photo for photo in photos if photo.split == "test"]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, scores in baseline_scores(features, labels, splits).items():
        rows = []
        for photo, row in zip(test, scores):
            told = {"file": photo.file, "label": photo.label, "group": photo.group}
            told["source"] = photo.source
            rows.append(told | {f"score_{label}": f"{s:.5f}" for label, s in zip(LABELS, row)})
        write_rows(arguments.out / f"baseline-{name}.csv", rows)
        right = (scores.argmax(1) == labels[splits == "test"]).mean()
        print(f"{name}: right {right:.3f}")


if __name__ == "__main__":
    main()
