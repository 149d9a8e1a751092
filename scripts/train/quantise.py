"""int8 arithmetic for a float graph: static quantisation with weights that no processor saturates on, and corrected biases.

Activations are uint8, one range a tensor, from photographs (ONNX Runtime's own tool); weights int8, one step a channel. Processors with
AVX2 but without VNNI add two products of a byte and a weight in 16 bits and cut the sum off (VPMADDUBSW). ONNX Runtime's remedy is to
keep weights to seven bits, which doubles their error. Here only what can overflow is kept small: the sum of two neighbouring
weights of one sign. The step grows by a fifth instead of twofold, and such a processor computes, bit for bit, what all others do.

A convolution whose weights are rounded is off by a constant on average; its bias takes that back (Nagel et al., "Data-Free Quantization
Through Weight Equalization and Bias Correction", ICCV 2019), the mean input coming from the same photographs.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from torch.nn import functional as F

from features import picture, session

WIDEST = 127  # of a weight, and of the sum of two neighbours of one sign: 128 * 255 still fits into 16 bits, and rounding may add one


class Photographs(CalibrationDataReader):
    def __init__(self, paths: list[Path], side: int):
        self.paths, self.side = iter(paths), side

    def get_next(self):
        path = next(self.paths, None)
        return None if path is None else {"input": picture(path, self.side)}


def steps(weight: np.ndarray) -> np.ndarray:
    """The step of each output channel of a convolution's weights [out, in, height, width].

    Neighbours are those of the matrix product that the convolution is computed by: positions of the kernel, and within one the input channels.
    A depthwise convolution is not computed by one, and multiplies in 16 bits.
    """
    rows = np.abs(weight).reshape(len(weight), -1).max(1)
    if weight.shape[1] > 1:
        flat = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)
        flat = np.pad(flat, ((0, 0), (0, flat.shape[1] % 2)))
        left, right = flat[:, ::2], flat[:, 1::2]
        rows = np.maximum(rows, np.where(np.sign(left) == np.sign(right), np.abs(left + right), 0).max(1))
    return np.maximum(rows, 1e-9) / WIDEST


def mean_inputs(source: Path, photos: list[Path], side: int) -> dict[str, np.ndarray]:
    """What every convolution of a float graph reads, the mean over photographs, [1, channels, height, width]."""
    graph = onnx.load(source)
    names = sorted({node.input[0] for node in graph.graph.node if node.op_type == "Conv"} - {"input"})
    graph.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    run = session(graph.SerializeToString())
    means = dict.fromkeys(["input", *names], np.float64(0))
    for path in photos:
        image = picture(path, side)
        for name, value in zip(["input", *names], [image, *run.run(names, {"input": image})]):
            means[name] = means[name] + value / len(photos)
    return means


def convolution(node: onnx.NodeProto, image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Without its bias, in double precision."""
    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    top, left, bottom, right = settings["pads"]
    padded = F.pad(torch.from_numpy(image), (left, right, top, bottom))
    return F.conv2d(padded, torch.from_numpy(weight), stride=settings["strides"], groups=settings["group"]).numpy()


def quantise(source: Path, target: Path, photos: list[Path], side: int) -> None:
    """From a float graph to its int8 one, rewritten by ONNX Runtime as every session would otherwise do again, which takes half of the time that
    a session needs to start. What is no convolution, sum or bound computes in float, the heads among it."""
    quantised = target.with_suffix(".qdq.onnx")
    quantize_static(
        source, quantised, Photographs(photos, side), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv", "Add", "Clip", "Relu"],
        per_channel=True, weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8, calibrate_method=CalibrationMethod.MinMax,
    )
    plain, graph = onnx.load(source), onnx.load(quantised)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in plain.graph.initializer}
    stored = {tensor.name: tensor for tensor in graph.graph.initializer}
    means = mean_inputs(source, photos, side)

    def store(name: str, values: np.ndarray, kind: type) -> None:
        stored[name].CopyFrom(numpy_helper.from_array(values.astype(kind), name))

    for node in plain.graph.node:
        if node.op_type != "Conv":
            continue
        value, kernel, bias = node.input
        weight, reads = constants[kernel].astype(np.float64), float(numpy_helper.to_array(stored[f"{value}_scale"]))
        # The bias is stored in steps of the products, in 32 bits; a channel that is nearly constant has a large one.
        step = np.maximum(steps(weight), np.abs(constants[bias]) / (reads * 2**30))
        rounded = np.rint(weight / step[:, None, None, None])
        lost = convolution(node, means[value], weight - rounded * step[:, None, None, None]).mean((0, 2, 3))
        products = reads * step
        store(f"{kernel}_scale", step, np.float32)
        store(f"{kernel}_quantized", rounded, np.int8)
        store(f"{bias}_quantized_scale", products, np.float32)
        store(f"{bias}_quantized", np.rint((constants[bias] + lost) / products), np.int32)
    onnx.save(graph, quantised)

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # All of it: what the last level does to an int8 network (channels last) any processor runs. What it does to float convolutions is made for one processor.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(quantised, options, providers=["CPUExecutionProvider"])
    bound = {node.domain for node in onnx.load(target).graph.node} - {"", "com.microsoft"}
    if bound:
        raise SystemExit(f"{target}: made for this processor alone ({', '.join(bound)})")
