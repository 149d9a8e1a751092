"""Convert a quantised TFLite convolutional classifier to a float32 ONNX graph.

The uint8 weights are dequantised and stored as float16 with a Cast to float32, which ONNX Runtime
folds when a session is made: half the file of float32 weights, at a rounding of an eighth of a
quantisation step at most. (Keeping the uint8 numbers and dequantising by Cast, Sub, Mul halves the
file again but made a session five times slower to create.) The quantised activations become plain
float32: clamping them to their uint8 ranges brought no more of 240 photographs to the quantised
model's class.

Supported operators: CONV_2D, DEPTHWISE_CONV_2D (multiplier 1), ADD, AVERAGE_POOL_2D, SQUEEZE,
RESHAPE, SOFTMAX; per-tensor uint8 quantisation (real = scale * (q - zero_point), TFLite
quantisation spec).

    python -m train.convert_tflite MODEL.tflite OUT.onnx
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as tflite

from train.graph import Graph, same_padding

OPERATORS = {
    value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)
}
NO_ACTIVATION, RELU, RELU6 = 0, 1, 3  # tflite.ActivationFunctionType
SAME = 0  # tflite.Padding


@dataclass
class Quantised:
    """A TFLite tensor: shape as stored, quantisation, and the raw numbers if it is a constant."""

    name: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    numbers: np.ndarray | None


class Converter(Graph):
    """Walks the operators of the first subgraph once; `named` holds values by the name of the
    TFLite operator's output.
    """

    def __init__(self, path: Path) -> None:
        model = tflite.Model.GetRootAs(path.read_bytes(), 0)
        self.model, self.subgraph = model, model.Subgraphs(0)
        _, side, width, _ = self.tensor(int(self.subgraph.Inputs(0))).shape
        if side != width:
            raise ValueError(f"{path}: an input of {side} x {width} is not supported")
        super().__init__(side)
        self.names: dict[int, str] = {}  # TFLite tensor -> ONNX value
        self.sides: dict[int, int] = {}  # TFLite tensor -> height (= width) of the map
        self.channels: dict[int, int] = {}

    # -- reading ---------------------------------------------------------------------------------

    def tensor(self, index: int) -> Quantised:
        """Tensor `index` of the subgraph; constants are decoded by their type (uint8 or int32)."""
        stored = self.subgraph.Tensors(index)
        quantisation = stored.Quantization()
        if quantisation is not None and quantisation.ScaleLength() > 1:
            raise ValueError(f"{stored.Name()}: per-channel quantisation is not supported")
        quantised = quantisation is not None and quantisation.ScaleLength() == 1
        raw = self.model.Buffers(stored.Buffer()).DataAsNumpy()
        shape = tuple(int(n) for n in stored.ShapeAsNumpy()) if stored.ShapeLength() else ()
        kinds = {tflite.TensorType.UINT8: np.uint8, tflite.TensorType.INT32: np.int32}
        constant = isinstance(raw, np.ndarray) and raw.size > 0
        return Quantised(
            name=stored.Name().decode(),
            shape=shape,
            scale=float(quantisation.Scale(0)) if quantised else 1.0,
            zero_point=int(quantisation.ZeroPoint(0)) if quantised else 0,
            numbers=np.frombuffer(raw.tobytes(), kinds[stored.Type()]).reshape(shape)
            if constant
            else None,
        )

    # -- writing ---------------------------------------------------------------------------------

    def weight(self, tensor: Quantised, order: tuple[int, ...]) -> str:
        """Dequantised weight, its axes permuted by `order`."""
        numbers = tensor.numbers.transpose(order)
        return self.half(
            (numbers.astype(np.float32) - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
        )

    def activation(self, value: str, fused: int, name: str) -> str:
        """The activation that TFLite fuses into an operator."""
        if fused == NO_ACTIVATION:
            return value
        if fused == RELU:
            return self.node("Relu", [value])
        if fused == RELU6:
            return self.relu6(value)
        raise ValueError(f"{name}: fused activation {fused} is not supported")

    # -- operators -------------------------------------------------------------------------------

    def convolution(
        self,
        op: tflite.Operator,
        options: tflite.Conv2DOptions | tflite.DepthwiseConv2DOptions,
        depthwise: bool,
    ) -> None:
        """A plain or depthwise convolution with its fused activation."""
        source, kernel, bias = op.InputsAsNumpy()
        target = int(op.OutputsAsNumpy()[0])
        kernel, bias = self.tensor(int(kernel)), self.tensor(int(bias))
        if depthwise and options.DepthMultiplier() != 1:
            raise ValueError(f"{kernel.name}: a depth multiplier is not supported")
        size = kernel.shape[1]
        stride, dilation = options.StrideH(), options.DilationHFactor()
        side = self.sides[source]
        reach = (size - 1) * dilation + 1
        if options.Padding() == SAME:
            out, before, after = same_padding(side, size, stride, dilation)
        else:
            out, before, after = (side - reach) // stride + 1, 0, 0
        # TFLite keeps OHWI kernels and, for depthwise, 1HWC; ONNX wants OIHW and C1HW.
        weight = self.weight(kernel, (3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
        real_bias = self.constant(bias.numbers.astype(np.float32) * np.float32(bias.scale), "bias")
        channels = kernel.shape[3] if depthwise else kernel.shape[0]
        value = self.node(
            "Conv",
            [self.names[source], weight, real_bias],
            kernel_shape=[size, size],
            strides=[stride, stride],
            dilations=[dilation, dilation],
            pads=[before, before, after, after],
            group=channels if depthwise else 1,
        )
        self.done(
            target,
            self.activation(value, options.FusedActivationFunction(), self.tensor(target).name),
            out,
            channels,
        )

    def addition(self, op: tflite.Operator, options: tflite.AddOptions) -> None:
        """The sum of two maps."""
        left, right = (int(i) for i in op.InputsAsNumpy())
        target = int(op.OutputsAsNumpy()[0])
        value = self.node("Add", [self.names[left], self.names[right]])
        value = self.activation(value, options.FusedActivationFunction(), self.tensor(target).name)
        self.done(target, value, self.sides[left], self.channels[left])

    def average_pool(self, op: tflite.Operator, options: tflite.Pool2DOptions) -> None:
        """The mean over a whole map."""
        source, target = int(op.InputsAsNumpy()[0]), int(op.OutputsAsNumpy()[0])
        if options.FilterHeight() != self.sides[source] or options.Padding() == SAME:
            raise ValueError("only an average over the whole map is supported")
        self.done(
            target, self.node("GlobalAveragePool", [self.names[source]]), 1, self.channels[source]
        )

    def done(self, target: int, value: str, side: int, channels: int) -> None:
        """Note what a TFLite tensor has become: its value, its side and its channels."""
        self.names[target], self.sides[target], self.channels[target] = value, side, channels
        self.named[self.tensor(target).name] = value

    # -- whole graph -----------------------------------------------------------------------------

    def walk(self) -> None:
        """Translate every operator; then `named` holds the ONNX value of each TFLite tensor."""
        source = int(self.subgraph.Inputs(0))
        _, side, _, channels = self.tensor(source).shape
        self.names[source], self.sides[source], self.channels[source] = "input", side, channels
        for position in range(self.subgraph.OperatorsLength()):
            op = self.subgraph.Operators(position)
            code = self.model.OperatorCodes(op.OpcodeIndex())
            kind = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            if kind == "CONV_2D":
                self.convolution(op, self.options(op, tflite.Conv2DOptions), depthwise=False)
            elif kind == "DEPTHWISE_CONV_2D":
                self.convolution(
                    op, self.options(op, tflite.DepthwiseConv2DOptions), depthwise=True
                )
            elif kind == "ADD":
                self.addition(op, self.options(op, tflite.AddOptions))
            elif kind == "AVERAGE_POOL_2D":
                self.average_pool(op, self.options(op, tflite.Pool2DOptions))
            elif kind in ("SQUEEZE", "RESHAPE"):
                before, target = int(op.InputsAsNumpy()[0]), int(op.OutputsAsNumpy()[0])
                value = (
                    self.names[before]
                    if kind == "RESHAPE"
                    else self.node("Flatten", [self.names[before]])
                )
                self.done(target, value, 1, self.channels[before])
            elif kind == "SOFTMAX":
                before, target = int(op.InputsAsNumpy()[0]), int(op.OutputsAsNumpy()[0])
                self.done(
                    target,
                    self.node("Softmax", [self.names[before]], axis=1),
                    1,
                    self.channels[before],
                )
            else:
                raise ValueError(f"operator {kind} is not supported")

    @staticmethod
    def options(op: tflite.Operator, kind: type) -> Any:
        """The options of an operator, of the type `kind`."""
        table = op.BuiltinOptions()
        options = kind()
        options.Init(table.Bytes, table.Pos)
        return options


def main() -> None:
    """Convert one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tflite", type=Path)
    parser.add_argument("onnx", type=Path)
    arguments = parser.parse_args()
    converter = Converter(arguments.tflite)
    converter.walk()
    logits = next(
        value for name, value in converter.named.items() if name.endswith("SpatialSqueeze")
    )
    converter.save(arguments.onnx, {"logits": (logits, 1001)})
    print(f"{arguments.onnx}: {arguments.onnx.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
