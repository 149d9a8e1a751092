"""Compare the converted backbone with the TFLite interpreter on real photographs, class by class.

    python -m train.agreement --data DIR --tflite FILE --cache DIR --out eval/model

Five readings of the same pixels by the network's 1001 ImageNet classes:

    onnx             the float32 ONNX graph of convert_tflite.py
    tflite_float     the TFLite interpreter on the same weights, dequantised into a float file
    uint8_xnnpack    the TFLite interpreter on the quantised file, its default kernels
    uint8_optimised  the same without the XNNPACK delegate
    uint8_reference  the same with the reference kernels

The conversion is right when `onnx` and `tflite_float` agree. The uint8 readings show what rounding
every activation to 256 levels does: the interpreter's own kernels, which differ in rounding only,
disagree with each other.
"""

import itertools
import random
from pathlib import Path

import flatbuffers
import numpy as np
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from train.arguments import command_line
from train.convert_tflite import Converter
from train.features import open_session
from train.photos import list_photographs, load, resized
from train.tables import write_rows

PHOTOS, SEED = 400, 11
LOGITS = "SpatialSqueeze"


def tensor(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> float32 [1, 3, H, W]: the TFLite input's scale 1/127 and zero point 128
    within 0.5 %.
    """
    return ((pixels.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]


def float_tflite(path: Path, target: Path) -> None:
    """Write the quantised TFLite file again with float32 tensors: weights dequantised, activation
    ranges dropped.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    graph = model.subgraphs[0]
    kinds = {schema.TensorType.UINT8: np.uint8, schema.TensorType.INT32: np.int32}
    for item in graph.tensors:
        quantisation = item.quantization
        if quantisation is None or quantisation.scale is None or len(quantisation.scale) == 0:
            continue  # the shape of a reshape
        data = model.buffers[item.buffer].data
        if data is not None and len(data):
            numbers = np.frombuffer(np.asarray(data, np.uint8).tobytes(), kinds[item.type]).astype(
                np.float32
            )
            real = (numbers - np.float32(quantisation.zeroPoint[0])) * np.float32(
                quantisation.scale[0]
            )
            model.buffers[item.buffer].data = np.frombuffer(real.tobytes(), np.uint8)
        item.type, item.quantization = schema.TensorType.FLOAT32, None
    builder = flatbuffers.Builder(1 << 24)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    target.write_bytes(bytes(builder.Output()))


def interpreted(path: Path, pixels: list[np.ndarray], kernels: OpResolverType) -> np.ndarray:
    """Logits [N, 1001] by the TFLite interpreter; of a quantised file as integers 0..255, larger is
    likelier.
    """
    interpreter = Interpreter(
        str(path),
        num_threads=1,
        experimental_op_resolver_type=kernels,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    logits = next(
        item["index"] for item in interpreter.get_tensor_details() if item["name"].endswith(LOGITS)
    )
    rows = []
    for picture in pixels:
        # The quantised input is the pixel itself (scale 1/127, zero point 128).
        value = picture if source["dtype"] == np.uint8 else tensor(picture)[0].transpose(1, 2, 0)
        interpreter.set_tensor(source["index"], value[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(logits).reshape(-1).astype(np.float32))
    return np.array(rows)


def converted(tflite: Path, onnx: Path) -> onnxruntime.InferenceSession:
    """The converted backbone with its logits as the output."""
    converter = Converter(tflite)
    converter.walk()
    logits = next(value for name, value in converter.named.items() if name.endswith(LOGITS))
    converter.save(onnx, {"logits": (logits, 1001)})
    return open_session(onnx, threads=1)


def read_five_ways(tflite: Path, cache: Path, pixels: list[np.ndarray]) -> dict[str, np.ndarray]:
    """The logits [N, 1001] of the pictures by each reading."""
    model = converted(tflite, cache / "backbone.onnx")
    plain = cache / "float.tflite"
    float_tflite(tflite, plain)
    own = [model.run(["logits"], {"input": tensor(picture)})[0] for picture in pixels]
    without = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return {
        "onnx": np.concatenate(own),
        "tflite_float": interpreted(plain, pixels, without),
        "uint8_xnnpack": interpreted(tflite, pixels, OpResolverType.BUILTIN),
        "uint8_optimised": interpreted(tflite, pixels, without),
        "uint8_reference": interpreted(tflite, pixels, OpResolverType.BUILTIN_REF),
    }


def agreements(tops: dict[str, np.ndarray], margin: np.ndarray) -> list[dict]:
    """How often two readings name the same class; `margin`: of the ONNX graph's best class."""
    uint8 = ("uint8_xnnpack", "uint8_optimised", "uint8_reference")
    steady = (tops[uint8[0]] == tops[uint8[1]]) & (tops[uint8[1]] == tops[uint8[2]])
    choices = {
        "all": np.ones(len(margin), bool),
        "uint8 kernels agree": steady,
        "uint8 kernels agree and onnx margin >= 1": steady & (margin >= 1.0),
    }
    pairs = [("onnx", other) for other in tops if other != "onnx"]
    pairs += itertools.combinations(uint8, 2)
    rows = []
    for (left, right), (which, chosen) in itertools.product(pairs, choices.items()):
        same = (tops[left] == tops[right])[chosen]
        row = {"left": left, "right": right, "photographs": len(same), "which": which}
        rows.append(row | {"same_top1": int(same.sum()), "share": f"{same.mean():.4f}"})
    return rows


def main() -> None:
    """Read the photographs five ways and write how far the readings agree."""
    arguments = command_line(__doc__, ("data", "tflite", "cache", "out")).parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    photos = list_photographs(arguments.data)
    random.Random(SEED).shuffle(photos)
    photos = photos[:PHOTOS]
    pixels = [resized(load(arguments.data / photo.file)) for photo in photos]
    readings = read_five_ways(arguments.tflite, arguments.cache, pixels)
    apart = np.abs(readings["onnx"] - readings["tflite_float"]).max()
    print(f"largest difference of a logit, onnx and tflite_float: {apart:.5f}")
    tops = {name: values.argmax(1) for name, values in readings.items()}
    best = np.sort(readings["onnx"], axis=1)
    margin = best[:, -1] - best[:, -2]
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for i, photo in enumerate(photos):
        classes = {f"top1_{name}": int(top[i]) for name, top in tops.items()}
        rows.append({"file": photo.file, **classes, "onnx_margin": f"{margin[i]:.3f}"})
    write_rows(arguments.out / "tflite_agreement.csv", rows)
    summary = agreements(tops, margin)
    write_rows(arguments.out / "tflite_agreement_summary.csv", summary)
    for row in summary:
        counts = f"{row['same_top1']} of {row['photographs']} ({float(row['share']):.2%})"
        print(f"{row['left']} / {row['right']}, {row['which']}: {counts}")


if __name__ == "__main__":
    main()
