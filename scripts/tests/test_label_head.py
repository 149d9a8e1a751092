"""The label head of an exported network, run by ONNX Runtime."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from train.export_graph import State, add_label_logits
from train.features import open_session
from train.graph import Graph
from train.labels import LABELS, PHOTOGRAPHED
from train.taxonomy import parse_merged_labels

WIDTH, SIDE = 3, 4  # of the features, here the means of the picture's channels
PICTURES = np.random.default_rng(5).normal(size=(6, WIDTH, SIDE, SIDE)).astype(np.float32)
EACH = parse_merged_labels(",".join(LABELS))


def drawn(name: str, labels: int, seed: int) -> State:
    """A head of random weights."""
    rng = np.random.default_rng(seed)
    return {
        f"{name}.weight": rng.normal(size=(labels, WIDTH)),
        f"{name}.bias": rng.normal(size=labels),
    }


def shares(state: State, labels: dict[str, list[str]], folder: Path) -> np.ndarray:
    """Probabilities [N, labels] by the exported head."""
    graph = Graph(SIDE)
    features = graph.node("Flatten", [graph.node("GlobalAveragePool", ["input"])])
    logits = add_label_logits(graph, features, state, labels)
    graph.save(folder / "head.onnx", {"logits": (logits, len(labels))})
    rows = [
        open_session(folder / "head.onnx").run(None, {"input": one[None]})[0] for one in PICTURES
    ]
    return softmax(np.concatenate(rows), axis=1)


def test_logits_are_those_of_the_linear_head(tmp_path: Path) -> None:
    state = drawn("label", len(LABELS), 1)
    means = PICTURES.mean((2, 3))
    wanted = softmax(means @ state["label.weight"].T + state["label.bias"], axis=1)
    assert shares(state, EACH, tmp_path) == pytest.approx(wanted, abs=2e-3)  # float16 weights


def test_a_label_that_stands_for_several_has_the_sum_of_their_shares(tmp_path: Path) -> None:
    state = drawn("label", len(LABELS), 2)
    each = shares(state, EACH, tmp_path)
    merged = parse_merged_labels("ivory,bone=bone_antler+bovid_horn,other=*")
    found = shares(state, merged, tmp_path)
    for column, members in enumerate(merged.values()):
        places = [LABELS.index(member) for member in members]
        assert found[:, column] == pytest.approx(each[:, places].sum(1), abs=1e-5)


def test_photographed_labels_share_out_what_they_have_together(tmp_path: Path) -> None:
    state = drawn("label", len(LABELS), 3)
    plain = shares(state, EACH, tmp_path)
    own = drawn("photographed", len(PHOTOGRAPHED), 4)
    found = shares(state | own, EACH, tmp_path)
    places = [LABELS.index(label) for label in PHOTOGRAPHED]
    rest = [place for place in range(len(LABELS)) if place not in places]
    assert found[:, rest] == pytest.approx(plain[:, rest], abs=1e-5)
    assert found[:, places].sum(1) == pytest.approx(plain[:, places].sum(1), abs=1e-5)
    means = PICTURES.mean((2, 3))
    wanted = softmax(means @ own["photographed.weight"].T + own["photographed.bias"], axis=1)
    within = found[:, places] / found[:, places].sum(1, keepdims=True)
    assert within == pytest.approx(wanted, abs=2e-3)
