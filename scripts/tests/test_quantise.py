"""A float graph and its int8 one agree. In .venv-train: `python -m pytest scripts`."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="PyTorch is not installed (group train)")

from train.features import outputs
from train.graph import Graph, same_padding
from train.quantise import quantise

SIDE = 32


def add_convolution(
    graph: Graph, value: str, shape: tuple[int, ...], side: int, stride: int, seed: int
) -> tuple[str, int]:
    """A convolution of random weights [out, in, size, size] with its bound; its value and side."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
    bias = rng.normal(0, 0.1, shape[0]).astype(np.float32)
    out, before, after = same_padding(side, shape[2], stride)
    stored = [value, graph.constant(weight, "weight"), graph.constant(bias, "bias")]
    found = graph.node(
        "Conv",
        stored,
        kernel_shape=[shape[2]] * 2,
        strides=[stride] * 2,
        dilations=[1, 1],
        pads=[before, before, after, after],
        group=1,
    )
    return graph.relu6(found), out


@pytest.fixture
def float_graph(tmp_path: Path) -> Path:
    """Two convolutions and a head, as the network begins and ends."""
    graph = Graph(SIDE)
    value, side = add_convolution(graph, "input", (8, 3, 3, 3), SIDE, 2, 1)
    value, side = add_convolution(graph, value, (16, 8, 3, 3), side, 1, 2)
    pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [value])])
    head = graph.constant(np.random.default_rng(3).normal(size=(16, 5)).astype(np.float32), "head")
    graph.save(tmp_path / "float.onnx", {"logits": (graph.node("MatMul", [pooled, head]), 5)})
    return tmp_path / "float.onnx"


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Pictures of soft shapes."""
    paths = []
    for seed in range(12):
        small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
        path = tmp_path / f"{seed}.png"
        Image.fromarray(small).resize((64, 48), Image.Resampling.BICUBIC).save(path)
        paths.append(path)
    return paths


def test_int8_logits_are_near_the_float_ones(float_graph: Path, photos: list[Path]) -> None:
    target = float_graph.with_name("int8.onnx")
    quantise(float_graph, target, photos, SIDE)
    plain, rounded = (outputs(model, "logits", photos) for model in (float_graph, target))
    assert np.abs(rounded - plain).max() < 0.05 * np.ptp(plain)
    # Biases are corrected: what rounding costs on average is taken back.
    assert np.abs((rounded - plain).mean(0)).max() < 0.01 * np.ptp(plain)


def test_quantising_again_gives_the_same_bytes(float_graph: Path, photos: list[Path]) -> None:
    targets = [float_graph.with_name(f"{name}.onnx") for name in ("one", "other")]
    for target in targets:
        quantise(float_graph, target, photos, SIDE)
    assert targets[0].read_bytes() == targets[1].read_bytes()
