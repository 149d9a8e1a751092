"""Write sklearn.json: what scikit-learn says of random and degenerate cases, for tests/evaluate.rs
to reproduce.

python3 tests/data/evaluate/make_sklearn.py      needs numpy and scikit-learn (made with 1.9.1)
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from sklearn import datasets, metrics
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore")
RATES = (0.1, 0.01, 0.001)


def binary(
    name: str, scores: ArrayLike, positive: ArrayLike, weights: ArrayLike | None = None
) -> dict:
    """One label against the rest, rows weighted."""
    scores, positive = np.asarray(scores, float).round(3), np.asarray(positive, bool)
    weights = np.ones(len(scores), int) if weights is None else np.asarray(weights)
    held = weights > 0  # scikit-learn refuses labels that only weightless rows have
    s, p, w = scores[held], positive[held], weights[held]
    both = p.any() and not p.all()
    recall_at = None
    if both:
        rate, recall, _ = metrics.roc_curve(p, s, sample_weight=w, drop_intermediate=False)
        recall_at = [float(recall[rate <= limit + 1e-12].max()) for limit in RATES]
    return {
        "name": name,
        "scores": scores.tolist(),
        "positive": positive.tolist(),
        "weights": weights.tolist(),
        "average_precision": float(metrics.average_precision_score(p, s, sample_weight=w))
        if p.any()
        else None,
        "roc_auc": float(metrics.roc_auc_score(p, s, sample_weight=w)) if both else None,
        "recall_at_fpr": recall_at,
    }


def several(name: str, scores: ArrayLike, truth: ArrayLike) -> dict:
    """Scores that sum to one, one answer per row."""
    scores, truth = np.asarray(scores), np.asarray(truth)
    labels = np.arange(scores.shape[1])
    best = scores.argmax(1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, best, labels=labels, zero_division=np.nan
    )
    hot = np.eye(len(labels))[truth]
    return {
        "name": name,
        "scores": scores.tolist(),
        "truth": truth.tolist(),
        "confusion": metrics.confusion_matrix(truth, best, labels=labels).ravel().tolist(),
        "accuracy": float(metrics.accuracy_score(truth, best)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, best)),
        "log_loss": float(metrics.log_loss(truth, scores, labels=labels)),
        # Half of it for two labels: `brier_score_loss` with scale_by_half="auto".
        "brier": float(((scores - hot) ** 2).sum(1).mean()) * (0.5 if len(labels) == 2 else 1.0),
        "ece": ece(scores.max(1), best == truth),
        **{
            key: [None if np.isnan(v) else float(v) for v in values]
            for key, values in (("precision", precision), ("recall", recall), ("f1", f1))
        },
        "average_precision": [
            float(metrics.average_precision_score(truth == k, scores[:, k]))
            if (truth == k).any()
            else None
            for k in labels
        ],
    }


def ece(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error from scikit-learn's reliability diagram and the weights of its
    bins.
    """
    share, mean = calibration_curve(right, confidence, n_bins=bins, strategy="uniform")
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
    weight = np.bincount(place, minlength=bins)
    return float((weight[weight > 0] * np.abs(share - mean)).sum() / len(confidence))


def public(name: str, load: Callable) -> dict:
    """A public set as a study would see it: what a logistic regression says of the half it did not
    learn from.
    """
    values, truth = load(return_X_y=True)
    learn, held, learned, answers = train_test_split(
        values, truth, test_size=0.5, random_state=3, stratify=truth
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=1000)).fit(
        learn, learned
    )
    return several(name, model.predict_proba(held).round(6), answers)


def retrieval(
    name: str, scores: ArrayLike, right: ArrayLike, missing: int, weights: ArrayLike | None = None
) -> dict:
    """Answers to many questions ranked together.

    Ties are broken for scikit-learn in the worst order, wrong answers first; matches that no answer
    names (`missing`) scale the recall. `weights` are whole copies.
    """
    scores, right = np.asarray(scores, float).round(3), np.asarray(right, bool)
    weights = np.ones(len(scores), int) if weights is None else np.asarray(weights)
    s, r = np.repeat(scores, weights), np.repeat(right, weights)
    order = np.lexsort((r, -s))
    rank = np.empty(len(s))
    rank[order] = np.arange(len(s))[::-1]
    found = r.sum() / (r.sum() + missing) if r.sum() + missing else None
    precision, recall, thresholds = (
        metrics.precision_recall_curve(r, s) if r.any() else ([1.0], [0.0], [])
    )
    at = [
        max((k * found for p, k, _ in zip(precision, recall, thresholds) if p >= aim), default=0.0)
        for aim in (0.9, 0.99)
    ]
    return {
        "name": name,
        "scores": scores.tolist(),
        "right": right.tolist(),
        "weights": weights.tolist(),
        "missing": missing,
        "micro_ap": float(metrics.average_precision_score(r, rank) * found)
        if r.any()
        else 0.0
        if missing
        else None,
        "recall_at_precision": [float(v) for v in at] if found is not None else None,
    }


def drawn(
    rng: np.random.Generator, rows: int, labels: int, skill: float
) -> tuple[np.ndarray, np.ndarray]:
    """Scores [rows, labels] that sum to one, and the true labels; `skill`: how far these lead."""
    truth = rng.choice(labels, rows, p=rng.dirichlet(np.full(labels, 2.0)))
    logits = rng.normal(size=(rows, labels))
    logits[np.arange(rows), truth] += skill
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    # Six decimals, as records have: readers of JSON need not keep the last bit, which would make or
    # break ties.
    return scores.round(6), truth


def with_an_empty_label(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores with one more label, which has a hundredth of each row and is never true."""
    return np.c_[(scores * 0.99).round(6), np.full(len(scores), 0.01)], truth


def main() -> None:
    """Write the cases and what scikit-learn says of them."""
    rng = np.random.default_rng(11)
    normal = rng.normal(size=300)
    rare = rng.random(2000) < 0.01
    cases = [
        binary("random", normal + (rng.random(300) < 0.3), rng.random(300) < 0.3),
        binary("rare positives", rng.normal(size=2000) + 2 * rare, rare),
        binary("many ties", rng.integers(0, 5, 200) / 4, rng.random(200) < 0.5),
        binary("one score for all", np.full(50, 0.5), rng.random(50) < 0.4),
        binary("no positives", rng.random(40), np.zeros(40)),
        binary("no negatives", rng.random(40), np.ones(40)),
        binary("one row", [0.3], [True]),
        binary("perfect", [0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]),
        binary("upside down", [0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]),
        binary(
            "weights", rng.integers(0, 9, 150) / 8, rng.random(150) < 0.4, rng.integers(0, 4, 150)
        ),
    ]
    sets = [
        several("three flowers, 150 rows", *drawn(rng, 150, 3, 2.0)),
        several("ten digits, 600 rows", *drawn(rng, 600, 10, 1.5)),
        several("a label that never occurs", *with_an_empty_label(*drawn(rng, 200, 2, 1.0))),
    ]
    sets += [
        public("iris", datasets.load_iris),
        public("wine", datasets.load_wine),
        public("digits", datasets.load_digits),
    ]
    sets.append(several("one label in the answers", drawn(rng, 60, 3, 1.0)[0], np.zeros(60, int)))
    right = rng.random(400) < 0.4
    answers = [
        retrieval("random answers", rng.normal(size=400) + 2 * right, right, 30),
        retrieval("answers with ties", rng.integers(0, 6, 300) / 5, rng.random(300) < 0.5, 10),
        retrieval("one score for all", np.full(40, 0.5), rng.random(40) < 0.5, 0),
        retrieval(
            "weights",
            (rng.integers(0, 20, 200) / 19),
            rng.random(200) < 0.6,
            0,
            rng.integers(0, 4, 200),
        ),
        retrieval("nothing right", rng.random(20), np.zeros(20), 5),
        retrieval("nothing to find", rng.random(20), np.zeros(20), 0),
        retrieval("all right", rng.random(20), np.ones(20), 0),
    ]
    Path(__file__).with_name("sklearn.json").write_text(
        json.dumps({"binary": cases, "several": sets, "retrieval": answers}) + "\n"
    )


if __name__ == "__main__":
    main()
