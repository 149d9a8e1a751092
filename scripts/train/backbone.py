"""A converted backbone as a PyTorch module, so that its weights can be trained further.

Reads the float ONNX file that efficientnet.py writes and runs its nodes one after the other; every
convolution's weight and bias becomes a parameter. Batch normalisation is already folded into them.
"""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F


class Backbone(nn.Module):
    """Image [N, 3, S, S] -> the maps named in `taps`, each [N, C, H, W]; `imagenet_weight` and
    `imagenet_bias` are the classifier it came with.
    """

    def __init__(self, path: Path, taps: dict[str, str], width: int) -> None:
        super().__init__()
        graph = onnx.load(path).graph
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        for node in graph.node:  # weights are stored as float16 behind a Cast
            if node.op_type == "Cast" and node.input[0] in constants:
                constants[node.output[0]] = constants[node.input[0]].astype("float32")
        self.taps, self.width = taps, width  # width: of the features that are taken from the taps
        self.steps = []
        self.frozen = 0  # steps whose weights are never trained
        self.convolutions = nn.ModuleList()
        last = list(taps.values())
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Conv":
                weight, bias = (
                    torch.from_numpy(constants[name].copy()) for name in node.input[1:3]
                )
                top, left, bottom, right = attributes["pads"]
                symmetric = top == bottom and left == right
                convolution = nn.Conv2d(
                    weight.shape[1] * attributes["group"],
                    weight.shape[0],
                    weight.shape[2:],
                    attributes["strides"],
                    (top, left) if symmetric else 0,
                    attributes["dilations"],
                    attributes["group"],
                )
                convolution.weight.data, convolution.bias.data = weight.float(), bias.float()
                border = None if symmetric else (left, right, top, bottom)
                self.steps.append(
                    ("Conv", node.output[0], [node.input[0]], (len(self.convolutions), border))
                )
                self.convolutions.append(convolution)
            elif node.op_type in ("Relu", "Clip", "Add"):
                sources = list(node.input) if node.op_type == "Add" else [node.input[0]]
                self.steps.append((node.op_type, node.output[0], sources, None))
            if node.output[0] in last:
                last.remove(node.output[0])
            if not last:
                for name, value in zip(
                    ("imagenet_weight", "imagenet_bias"), self.classifier(graph, constants)
                ):
                    self.register_buffer(name, value, persistent=False)
                return
        raise ValueError(f"{path}: no value named {', '.join(last)}")

    @staticmethod
    def classifier(graph: onnx.GraphProto, constants: dict) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight [classes, C] and bias of ImageNet's classifier over the means of the last map."""
        node = [node for node in graph.node if node.op_type == "Conv"][-1]
        weight, bias = (
            torch.from_numpy(constants[name].copy()).float() for name in node.input[1:3]
        )
        return weight.flatten(1), bias

    def freeze_until(self, tap: str) -> None:
        """Keep the weights of every layer up to a tap as they are; nothing is differentiated
        through them.
        """
        for operator, target, _, what in self.steps:
            self.frozen += 1
            if operator == "Conv":
                self.convolutions[what[0]].requires_grad_(False)
            if target == self.taps[tap]:
                return

    def until_frozen(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """The values of the layers that are never trained, computed in bfloat16: three times as
        fast.
        """
        values = {"input": image}
        with torch.no_grad(), torch.autocast(image.device.type, torch.bfloat16):
            self.run(values, self.steps[: self.frozen])
        return {
            name: value.float() for name, value in values.items() if name in self.taps.values()
        } or values

    def forward(
        self, image: torch.Tensor, values: dict[str, torch.Tensor] | None = None
    ) -> dict[str, torch.Tensor]:
        """`values`, if given, are those of `until_frozen` for this image: networks with the same
        frozen layers share them.
        """
        values = dict(values or self.until_frozen(image))
        self.run(values, self.steps[self.frozen :])
        return {name: values[value] for name, value in self.taps.items()}

    def run(self, values: dict[str, torch.Tensor], steps: list[tuple]) -> None:
        """Run steps one after the other; each puts its value into `values`."""
        for operator, target, sources, what in steps:
            first = values[sources[0]]
            if operator == "Conv":
                index, border = what
                values[target] = self.convolutions[index](F.pad(first, border) if border else first)
            elif operator == "Add":
                values[target] = first + values[sources[1]]
            else:
                values[target] = F.relu(first) if operator == "Relu" else F.relu6(first)
