"""An ONNX graph that is written node by node: what the backbones' converters and the exporter
share.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17  # read by every ONNX Runtime since 1.12
IR_VERSION = 8


class Graph:
    """Nodes in NCHW order over one `input` [batch, 3, side, side]; `named` holds the values that
    others ask for by name.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.named: dict[str, str] = {}
        self.count = 0

    def fresh(self, stem: str) -> str:
        """A name that is not taken."""
        self.count += 1
        return f"{stem}_{self.count}"

    def constant(self, array: np.ndarray, stem: str) -> str:
        """Store an array; returns its name."""
        name = self.fresh(stem)
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(
        self, operator: str, inputs: list[str], stem: str | None = None, **attributes: object
    ) -> str:
        """Add a node of one output; returns its name."""
        output = self.fresh(stem or operator.lower())
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def half(self, array: np.ndarray) -> str:
        """A constant stored as float16 and used as float32."""
        return self.node(
            "Cast", [self.constant(array.astype(np.float16), "half")], to=TensorProto.FLOAT
        )

    def relu6(self, value: str) -> str:
        """A value cut off at 0 and 6."""
        return self.node(
            "Clip",
            [value, self.constant(np.float32(0), "low"), self.constant(np.float32(6), "high")],
        )

    def save(self, path: Path, outputs: dict[str, tuple[str, int]]) -> None:
        """Write the graph with `outputs` (public name -> ONNX value, width) and without nodes they
        do not need.
        """
        nodes = [
            helper.make_node("Identity", [value], [name]) for name, (value, _) in outputs.items()
        ]
        kept = needed_nodes(self.nodes + nodes, set(outputs))
        used = {name for node in kept for name in node.input}
        graph = helper.make_graph(
            kept,
            "backbone",
            [
                helper.make_tensor_value_info(
                    "input", TensorProto.FLOAT, ["batch", 3, self.side, self.side]
                )
            ],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
                for name, (_, width) in outputs.items()
            ],
            [tensor for tensor in self.initialisers if tensor.name in used],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        model.producer_name = "faunalens scripts/train"
        onnx.checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString(deterministic=True))


def same_padding(side: int, size: int, stride: int, dilation: int = 1) -> tuple[int, int, int]:
    """TensorFlow's SAME: output side, padding before and after; the odd pixel of padding goes to
    the end.
    """
    out = -(-side // stride)
    total = max((out - 1) * stride + (size - 1) * dilation + 1 - side, 0)
    return out, total // 2, total - total // 2


def needed_nodes(nodes: list[onnx.NodeProto], wanted: set[str]) -> list[onnx.NodeProto]:
    """The nodes, in order, on which the values in `wanted` depend."""
    kept = []
    wanted = set(wanted)
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]
