#!/usr/bin/env python3
"""Write sklearn.json: what scikit-learn says of random and degenerate cases, for tests/evaluate.rs to reproduce.

    python3 tests/data/evaluate/make_sklearn.py      needs numpy and scikit-learn (made with 1.9.1)
"""

import json
import warnings
from pathlib import Path

import numpy as np
from sklearn import metrics

warnings.simplefilter("ignore")
RATES = (0.1, 0.01, 0.001)


def binary(name, scores, positive, weights=None):
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
        "name": name, "scores": scores.tolist(), "positive": positive.tolist(), "weights": weights.tolist(),
        "average_precision": float(metrics.average_precision_score(p, s, sample_weight=w)) if p.any() else None,
        "roc_auc": float(metrics.roc_auc_score(p, s, sample_weight=w)) if both else None,
        "recall_at_fpr": recall_at,
    }


def several(name, scores, truth):
    """Three cases in the manner of public benchmarks: scores that sum to one, one answer per row."""
    scores, truth = np.asarray(scores), np.asarray(truth)
    labels = np.arange(scores.shape[1])
    best = scores.argmax(1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, best, labels=labels, zero_division=np.nan)
    hot = np.eye(len(labels))[truth]
    return {
        "name": name, "scores": scores.tolist(), "truth": truth.tolist(),
        "confusion": metrics.confusion_matrix(truth, best, labels=labels).ravel().tolist(),
        "accuracy": float(metrics.accuracy_score(truth, best)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, best)),
        "log_loss": float(metrics.log_loss(truth, scores, labels=labels)),
        "brier": float(((scores - hot) ** 2).sum(1).mean()),
        **{key: [None if np.isnan(v) else float(v) for v in values] for key, values in
           (("precision", precision), ("recall", recall), ("f1", f1))},
        "average_precision": [float(metrics.average_precision_score(truth == l, scores[:, l])) if (truth == l).any() else None for l in labels],
    }


def drawn(rng, rows, labels, skill):
    truth = rng.choice(labels, rows, p=rng.dirichlet(np.full(labels, 2.0)))
    logits = rng.normal(size=(rows, labels))
    logits[np.arange(rows), truth] += skill
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    # Six decimals, as records have: readers of JSON need not keep the last bit, which would make or break ties.
    return scores.round(6), truth


def main():
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
        binary("weights", rng.integers(0, 9, 150) / 8, rng.random(150) < 0.4, rng.integers(0, 4, 150)),
    ]
    sets = [
        several("three flowers, 150 rows", *drawn(rng, 150, 3, 2.0)),
        several("ten digits, 600 rows", *drawn(rng, 600, 10, 1.5)),
        several("a label that never occurs", *(lambda s, t: (np.c_[(s * 0.99).round(6), np.full(len(s), 0.01)], t))(*drawn(rng, 200, 2, 1.0))),
    ]
    Path(__file__).with_name("sklearn.json").write_text(json.dumps({"binary": cases, "several": sets}) + "\n")


if __name__ == "__main__":
    main()
