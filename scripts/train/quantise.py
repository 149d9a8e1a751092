"""int8 arithmetic for a float graph: static quantisation with weights that no processor saturates
on, and corrected biases.

Activations are uint8, one range a tensor, from photographs (ONNX Runtime's own tool); weights int8,
one step a channel. Processors with AVX2 but without VNNI add two products of a byte and a weight in
16 bits and cut the sum off (VPMADDUBSW). ONNX Runtime's remedy is to keep weights to seven bits,
which doubles their error. Here only what can overflow is kept small: the sum of two neighbouring
weights of one sign. The step grows by a fifth instead of twofold, and such a processor computes,
bit for bit, what all others do.

The input is the photo's bytes, channels last: quantised to 128ths around 127, (pixel - 127) / 128
is the pixel again. The first convolution, of three channels and stride two, gathers 27 values three
at a time for every result, which takes longer than its arithmetic. So four neighbouring pixels are
read as one of twelve channels, and two neighbouring results are computed at once (`cell_weights`):
the same sums in 0.19 instead of 0.48 ms of 4.3.

A convolution whose weights are rounded is off by a constant on average; its bias takes that back
(Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019),
the mean input coming from the same photographs.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from train.efficientnet import MEAN, STD
from train.features import float_input, open_session

CELL = 4  # neighbouring pixels that the first convolution reads as one
LARGE = 1 << 16  # bytes of a matrix that is worth storing as float16
# Of a weight, and of the sum of two neighbours of one sign: 128 * 255 still fits into 16 bits, and
# rounding may add one.
WIDEST = 127


class Photographs(CalibrationDataReader):
    """Feeds photographs, squashed to `side`, to ONNX Runtime's calibration."""

    def __init__(self, paths: list[Path], side: int) -> None:
        self.paths, self.side = iter(paths), side

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next photograph's input, None after the last."""
        path = next(self.paths, None)
        return None if path is None else {"input": float_input(path, self.side)}


def weight_steps(weight: np.ndarray) -> np.ndarray:
    """The step of each output channel of a convolution's weights [out, in, height, width].

    Neighbours are those of the matrix product that the convolution is computed by: positions of the
    kernel, and within one the input channels. A depthwise convolution is not computed by one, and
    multiplies in 16 bits.
    """
    rows = np.abs(weight).reshape(len(weight), -1).max(1)
    if weight.shape[1] > 1:
        flat = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)
        flat = np.pad(flat, ((0, 0), (0, flat.shape[1] % 2)))
        left, right = flat[:, ::2], flat[:, 1::2]
        rows = np.maximum(
            rows, np.where(np.sign(left) == np.sign(right), np.abs(left + right), 0).max(1)
        )
    return np.maximum(rows, 1e-9) / WIDEST


def cell_weights(weight: np.ndarray) -> np.ndarray:
    """Weights [out, in, 3, 3] of a convolution of stride two, for an input whose rows are cells of
    four pixels: [2 * out, 4 * in, 3, 2], of stride one along a row.

    A cell's channels are those of its pixels, one after the other; so are the results of two
    neighbouring places.
    """
    out, channels, height, width = weight.shape
    cells = np.zeros((CELL // 2, out, CELL, channels, height, 2), weight.dtype)
    for place in range(CELL // 2):
        for x in range(width):
            cell, pixel = divmod(2 * place + x, CELL)
            cells[place, :, pixel, :, :, cell] = weight[..., x]
    return cells.reshape(CELL // 2 * out, CELL * channels, height, 2)


def require_cells(nodes: Sequence[onnx.NodeProto], side: int) -> dict[str, onnx.AttributeProto]:
    """The settings of a first convolution that can read cells; ends the program otherwise."""
    settings = {attribute.name: attribute for attribute in nodes[2].attribute}
    if (
        [node.op_type for node in nodes] != ["QuantizeLinear", "Transpose", "QLinearConv"]
        or list(settings["strides"].ints) != [2, 2]
        or list(settings["pads"].ints) != [0, 0, 1, 1]
        or side % CELL
    ):
        raise SystemExit(
            "a network whose first convolution is not 3 x 3 of stride two, on a side that is a "
            "multiple of four, cannot take bytes"
        )
    return settings


def take_bytes(model: onnx.ModelProto, side: int) -> None:
    """Let a rewritten int8 network take bytes [batch, side, side, 3].

    Its first convolution reads them in cells.
    """
    graph = model.graph
    first = graph.node[2]
    settings = require_cells(graph.node[:3], side)
    stored = {tensor.name: tensor for tensor in graph.initializer}

    def replace(name: str, by: Callable[[np.ndarray], np.ndarray]) -> None:
        values = by(numpy_helper.to_array(stored[name]))
        stored[name].CopyFrom(numpy_helper.from_array(values, name))

    weight, scale, zero, bias = (first.input[i] for i in (3, 4, 5, 8))
    out = stored[weight].dims[0]
    replace(weight, cell_weights)
    for name in (scale, zero, bias):
        replace(name, lambda values: np.tile(values, CELL // 2))
    settings["kernel_shape"].ints[:] = [3, 2]
    settings["strides"].ints[:] = [2, 1]
    shapes = {"cells": [0, side, side // CELL, CELL * 3], "places": [0, side // 2, side // 2, out]}
    for name, shape in shapes.items():
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), name))
    after = first.output[0]
    first.input[0], first.output[0] = "input_cells", "first_cells"
    before = helper.make_node("Reshape", ["input", "cells"], ["input_cells"])
    back = helper.make_node("Reshape", ["first_cells", "places"], [after])
    nodes = [before, first, back, *graph.node[3:]]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    shape = ["batch", side, side, 3]
    taken = helper.make_tensor_value_info("input", onnx.TensorProto.UINT8, shape)
    graph.input[0].CopyFrom(taken)


def mean_inputs(source: Path, photos: list[Path], side: int) -> dict[str, np.ndarray]:
    """What every convolution of a float graph reads, the mean over photographs, [1, channels,
    height, width].
    """
    graph = onnx.load(source)
    names = sorted(
        {node.input[0] for node in graph.graph.node if node.op_type == "Conv"} - {"input"}
    )
    graph.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    run = open_session(graph.SerializeToString())
    means = dict.fromkeys(["input", *names], np.float64(0))
    for path in photos:
        image = float_input(path, side)
        for name, value in zip(["input", *names], [image, *run.run(names, {"input": image})]):
            means[name] = means[name] + value / len(photos)
    return means


def convolution(node: onnx.NodeProto, image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What a convolution gives without its bias, in double precision."""
    import torch  # here alone: the rest is arithmetic on weights
    from torch.nn import functional as F

    settings = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    top, left, bottom, right = settings["pads"]
    padded = F.pad(torch.from_numpy(image), (left, right, top, bottom))
    kernel, strides, groups = torch.from_numpy(weight), settings["strides"], settings["group"]
    return F.conv2d(padded, kernel, stride=strides, groups=groups).numpy()


def store_as_half(graph: onnx.GraphProto) -> None:
    """Keep large float matrices, those of the heads, as float16 behind a Cast.

    As the float graph did before it was rewritten; a session folds that back.
    """
    floats = [one for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT]
    for tensor in (one for one in floats if len(one.raw_data) > LARGE):
        name = tensor.name
        values = numpy_helper.to_array(tensor).astype(np.float16)
        half = numpy_helper.from_array(values, f"{name}_half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        cast = helper.make_node("Cast", [half.name], [name], name=name, to=onnx.TensorProto.FLOAT)
        graph.node.insert(0, cast)


class Int8Weights:
    """The float graph, and the stored numbers of its int8 one that are set anew.

    `means`: what each convolution reads on average, [1, channels, height, width].
    """

    def __init__(
        self, plain: onnx.ModelProto, graph: onnx.ModelProto, means: dict[str, np.ndarray]
    ) -> None:
        self.nodes, self.means = plain.graph.node, means
        tensors = plain.graph.initializer
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}
        self.stored = {tensor.name: tensor for tensor in graph.graph.initializer}

    def store(self, name: str, values: np.ndarray, kind: type) -> None:
        """Set a stored tensor."""
        self.stored[name].CopyFrom(numpy_helper.from_array(values.astype(kind), name))

    def set_input(self) -> None:
        """A byte is the pixel, whatever range the photographs had."""
        self.store("input_scale", np.array(1 / STD), np.float32)
        self.store("input_zero_point", np.array(MEAN), np.uint8)

    def set_convolution(self, node: onnx.NodeProto) -> None:
        """Steps that no processor saturates on, rounded weights, and a bias that corrects them."""
        value, kernel, bias = node.input
        weight = self.constants[kernel].astype(np.float64)
        reads = float(numpy_helper.to_array(self.stored[f"{value}_scale"]))
        if value == "input":
            step = weight_steps(cell_weights(weight)).reshape(CELL // 2, -1).max(0)
        else:
            step = weight_steps(weight)
        # The bias is stored in steps of the products, in 32 bits; a channel that is nearly constant
        # has a large one.
        step = np.maximum(step, np.abs(self.constants[bias]) / (reads * 2**30))
        rounded = np.rint(weight / step[:, None, None, None])
        rest = weight - rounded * step[:, None, None, None]
        lost = convolution(node, self.means[value], rest).mean((0, 2, 3))
        products = reads * step
        corrected = np.rint((self.constants[bias] + lost) / products)
        self.store(f"{kernel}_scale", step, np.float32)
        self.store(f"{kernel}_quantized", rounded, np.int8)
        self.store(f"{bias}_quantized_scale", products, np.float32)
        self.store(f"{bias}_quantized", corrected, np.int32)

    def set_all(self) -> None:
        """The input and every convolution."""
        self.set_input()
        for node in self.nodes:
            if node.op_type == "Conv":
                self.set_convolution(node)


def rewrite(quantised: Path, target: Path) -> onnx.ModelProto:
    """The int8 graph as ONNX Runtime rewrites it when a session is made.

    All of it: what the last level does to an int8 network (channels last) any processor runs. What
    it does to float convolutions is made for one processor.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(quantised, options, providers=["CPUExecutionProvider"])
    return onnx.load(target)


def quantise(source: Path, target: Path, photos: list[Path], side: int) -> None:
    """From a float graph to its int8 one, rewritten by ONNX Runtime.

    Every session would otherwise rewrite it again, which takes half of the time that a session
    needs to start. What is no convolution, sum or bound computes in float, the heads among it.
    """
    quantised = target.with_suffix(".qdq.onnx")
    quantize_static(
        source,
        quantised,
        Photographs(photos, side),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Add", "Clip", "Relu"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        calibrate_method=CalibrationMethod.MinMax,
    )
    plain, graph = onnx.load(source), onnx.load(quantised)
    Int8Weights(plain, graph, mean_inputs(source, photos, side)).set_all()
    onnx.save(graph, quantised)
    rewritten = rewrite(quantised, target)
    take_bytes(rewritten, side)
    store_as_half(rewritten.graph)
    onnx.save(rewritten, target)
    bound = {node.domain for node in rewritten.graph.node} - {"", "com.microsoft"}
    if bound:
        raise SystemExit(f"{target}: made for this processor alone ({', '.join(bound)})")
