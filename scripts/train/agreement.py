#!/usr/bin/env python3
"""Compare the converted backbone with the TFLite interpreter on real photographs, class by class.

    agreement.py --data DIR --tflite FILE --out eval/model

Five readings of the same pixels by the network's 1001 ImageNet classes:

    onnx             the float32 ONNX graph of convert_tflite.py
    tflite_float     the TFLite interpreter on the same weights, dequantised into a float TFLite file
    uint8_xnnpack    the TFLite interpreter on the quantised file, its default kernels
    uint8_optimised  the same without the XNNPACK delegate
    uint8_reference  the same with the reference kernels

The conversion is right when `onnx` and `tflite_float` agree. The uint8 readings show what rounding every
activation to 256 levels does: the interpreter's own kernels, which differ in rounding only, disagree with each other.
"""

import argparse
import csv
import random
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from train.convert_tflite import Converter
from train.features import session
from train.photos import listing, load, resized

PHOTOS, SEED = 400, 11
LOGITS = "SpatialSqueeze"


def tensor(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> float32 [1, 3, H, W]: the TFLite input's scale 1/127 and zero point 128 within 0.5 %."""
    return ((pixels.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]


def float_tflite(path: Path, target: Path) -> None:
    """Write the quantised TFLite file again with float32 tensors: weights dequantised, activation ranges dropped."""
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
    """Logits [N, 1001] by the TFLite interpreter; of a quantised file as integers 0..255, larger is likelier."""
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "tflite", "cache", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    photos = listing(arguments.data)
    random.Random(SEED).shuffle(photos)
    photos = photos[:PHOTOS]
    pixels = [resized(load(arguments.data / photo.file)) for photo in photos]

    converter = Converter(arguments.tflite)
    converter.walk()
    logits = next(value for name, value in converter.named.items() if name.endswith(LOGITS))
    converter.save(arguments.cache / "backbone.onnx", {"logits": (logits, 1001)})
    model = session(arguments.cache / "backbone.onnx", threads=1)
    float_tflite(arguments.tflite, arguments.cache / "float.tflite")
    readings = {
        "onnx": np.concatenate(
            [model.run(["logits"], {"input": tensor(picture)})[0] for picture in pixels]
        ),
        "tflite_float": interpreted(
            arguments.cache / "float.tflite",
            pixels,
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        ),
        "uint8_xnnpack": interpreted(arguments.tflite, pixels, OpResolverType.BUILTIN),
        "uint8_optimised": interpreted(
            arguments.tflite, pixels, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
        "uint8_reference": interpreted(arguments.tflite, pixels, OpResolverType.BUILTIN_REF),
    }
    tops = {name: values.argmax(1) for name, values in readings.items()}
    print(
        f"largest difference of a logit, onnx and tflite_float: {np.abs(readings['onnx'] - readings['tflite_float']).max():.5f}"
    )
    margin = np.sort(readings["onnx"], axis=1)
    margin = margin[:, -1] - margin[:, -2]
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "tflite_agreement.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", *(f"top1_{name}" for name in tops), "onnx_margin"])
        for i, photo in enumerate(photos):
            writer.writerow(
                [photo.file, *(int(top[i]) for top in tops.values()), f"{margin[i]:.3f}"]
            )
    steady = (tops["uint8_xnnpack"] == tops["uint8_optimised"]) & (
        tops["uint8_optimised"] == tops["uint8_reference"]
    )
    pairs = [("onnx", other) for other in tops if other != "onnx"]
    pairs += [
        ("uint8_xnnpack", "uint8_optimised"),
        ("uint8_xnnpack", "uint8_reference"),
        ("uint8_optimised", "uint8_reference"),
    ]
    with open(
        arguments.out / "tflite_agreement_summary.csv", "w", newline="", encoding="utf-8"
    ) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["left", "right", "photographs", "which", "same_top1", "share"])
        for left, right in pairs:
            choices = [
                ("all", np.ones(len(photos), bool)),
                ("uint8 kernels agree", steady),
                ("uint8 kernels agree and onnx margin >= 1", steady & (margin >= 1.0)),
            ]
            for which, rows in choices:
                same = (tops[left] == tops[right])[rows]
                writer.writerow(
                    [left, right, len(same), which, int(same.sum()), f"{same.mean():.4f}"]
                )
                print(f"{left} / {right}, {which}: {same.sum()} of {len(same)} ({same.mean():.2%})")


if __name__ == "__main__":
    main()
