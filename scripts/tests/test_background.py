"""The pictures that `faunalens model learn` tells new labels from."""

from collections import Counter
from pathlib import Path

import numpy as np

from train.background import background_bytes, choose_balanced
from train.graph import Graph

SIDE = 8


def test_labels_take_turns_so_that_rare_ones_are_not_crowded_out() -> None:
    labels = [0] * 500 + [1] * 20 + [2] * 3
    kept = Counter(labels[i] for i in choose_balanced(labels, 30))
    assert kept == {0: 14, 1: 13, 2: 3}


def test_the_choice_depends_on_the_labels_alone() -> None:
    labels = np.random.default_rng(0).integers(0, 13, 400).tolist()
    assert (
        choose_balanced(labels, 100)
        == choose_balanced(labels, 100)
        == sorted(set(choose_balanced(labels, 100)))
    )
    assert choose_balanced(labels, 10_000) == list(range(400))


def test_a_row_holds_label_logits_and_features_in_127ths(tmp_path: Path) -> None:
    graph = Graph(SIDE)
    pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", ["input"])])
    scaled = graph.node("Mul", [pooled, graph.constant(np.float32([1, -20, 300]), "scale")])
    graph.save(tmp_path / "model.onnx", {"logits": (pooled, 3), "features": (scaled, 3)})
    colour = np.full((SIDE, SIDE, 3), (255, 64, 10), np.uint8)
    row = background_bytes(tmp_path / "model.onnx", [colour], [7])
    assert len(row) == 4 + 3 * 4 + 4 + 3
    assert np.frombuffer(row, "<u4", 1)[0] == 7
    logits, scale = np.frombuffer(row, "<f4", 3, 4), np.frombuffer(row, "<f4", 1, 16)[0]
    features = np.frombuffer(row, np.int8, 3, 20) * scale
    assert np.abs(features - logits * [1, -20, 300]).max() <= scale / 2 * 1.001
