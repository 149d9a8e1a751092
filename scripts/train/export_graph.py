"""The trained network as an ONNX graph: backbone, tapped features, label head, copy descriptor."""

from pathlib import Path

import numpy as np

from train.efficientnet import EfficientNet
from train.features import add_taps
from train.graph import Graph
from train.labels import DESCRIPTOR, LABELS, PHOTOGRAPHED

State = dict[str, np.ndarray]  # a training's weights by their names in `network.Network`
# Convolutions after this map, which tell things, can be a share of the way from ImageNet's weights
# to the trained ones: such networks keep what training gave on its own pictures and lose less on
# other sources (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022). Those before
# it, which tell textures, and the heads stay as trained.
AS_TRAINED = "stage_4"


class Exporter(EfficientNet):
    """The network with its trained weights, late ones the share `kept` of the way from ImageNet's.

    `half`: convolutions are stored as float16.
    """

    def __init__(self, backbone: str, state: State, half: bool, side: int, kept: float):
        super().__init__(backbone, side)
        self.state, self.store_half, self.count_of = state, half, {"weight": 0, "bias": 0}
        self.kept = kept

    def trained(self, kind: str, array: np.ndarray) -> np.ndarray:
        """The weight or bias of the next convolution, whose ImageNet values are `array`.

        The ImageNet classifier comes last, has no trained ones, and is left out of the bundle.
        """
        name = f"backbone.convolutions.{self.count_of[kind]}.{kind}"
        self.count_of[kind] += 1
        kept = self.kept if AS_TRAINED in self.named else 1.0
        return kept * self.state[name] + (1 - kept) * array if name in self.state else array

    def weight(self, array: np.ndarray) -> str:
        """Store the trained weights, as float16 where asked for."""
        array = self.trained("weight", array)
        if self.store_half:
            return self.half(array)
        return self.constant(array.astype(np.float32), "weight")

    def bias(self, array: np.ndarray) -> str:
        """Store the trained biases."""
        return super().bias(self.trained("bias", array))


def add_linear(graph: Graph, features: str, state: State, name: str) -> str:
    """A head of the state on standardised features."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    stored = graph.half(weight.T)
    return graph.node(
        "Gemm", [features, stored, graph.constant(bias.astype(np.float32), "head_bias")]
    )


def add_gather(graph: Graph, value: str, places: list[int]) -> str:
    """The columns of a value at `places`, in their order."""
    return graph.node(
        "Gather", [value, graph.constant(np.array(places, np.int64), "members")], axis=1
    )


def add_log_sum_exp(graph: Graph, value: str) -> str:
    """The logarithm of the sum of a value's exponentials, [N, 1]."""
    return graph.node("ReduceLogSumExp", [value], axes=[1], keepdims=1)


def add_label_logits(
    graph: Graph, features: str, state: State, labels: dict[str, list[str]]
) -> str:
    """The logits of a bundle's labels, [N, len(labels)].

    What the label head gives the labels that photographs teach together is shared out by their own
    classifier, if the state has one. A label that stands for several of the network's has the
    logarithm of the sum of their exponentials, so that its probability is the sum of theirs.
    """
    every = add_linear(graph, features, state, "label")
    if "photographed.weight" in state:
        places = [LABELS.index(label) for label in PHOTOGRAPHED]
        rest = [place for place in range(len(LABELS)) if place not in places]
        together = add_log_sum_exp(graph, add_gather(graph, every, places))
        own = add_linear(graph, features, state, "photographed")
        shares = graph.node("LogSoftmax", [own], axis=1)
        shared = graph.node("Add", [shares, together])
        both = graph.node("Concat", [shared, add_gather(graph, every, rest)], axis=1)
        order = places + rest
        every = add_gather(graph, both, [order.index(place) for place in range(len(LABELS))])
    columns = []
    for members in labels.values():
        gathered = add_gather(graph, every, [LABELS.index(member) for member in members])
        columns.append(add_log_sum_exp(graph, gathered))
    if list(labels.values()) == [[label] for label in LABELS]:
        return every
    return graph.node("Concat", columns, axis=1)


def write_network(
    backbone: str,
    state: State,
    labels: dict[str, list[str]],
    path: Path,
    half: bool,
    side: int,
    kept: float,
) -> None:
    """Write the float graph: backbone, tapped features brought to one scale, both heads.

    `kept` of what training changed in the late convolutions, 0 to 1. The features are an output
    too: what `faunalens model learn` learns from.
    """
    graph = Exporter(backbone, state, half, side, kept)
    graph.walk()
    tapped, width = add_taps(graph)
    mean, deviation = (
        graph.constant(state[name].astype(np.float32), name) for name in ("mean", "deviation")
    )
    features = graph.node("Div", [graph.node("Sub", [tapped, mean]), deviation])
    logits = add_label_logits(graph, features, state, labels)
    copied = add_linear(graph, features, state, "copy")
    descriptor = graph.node("LpNormalization", [copied], axis=1, p=2)
    outputs = {
        "logits": (logits, len(labels)),
        "descriptor": (descriptor, DESCRIPTOR),
        "features": (features, width),
    }
    graph.save(path, outputs)
