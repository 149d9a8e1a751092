"""What the heads read: for each tapped map of the backbone the mean over it (which things are there) and the standard
deviation over it (how textured they are).
"""

from pathlib import Path

import numpy as np
import onnxruntime

from convert_tflite import Converter

# TFLite tensors whose maps are tapped, by the end of their name, with height = width and channels of the map.
TAPS = {
    "mid28": ("expanded_conv_8/add", 48),
    "mid14": ("expanded_conv_16/add", 96),
    "late7": ("expanded_conv_20/add", 160),
    "last7": ("Conv_1/BatchNorm_Fold/bias1", 1280),
}
MEAN = STD = 127.5  # value = (pixel - mean) / std, the TFLite input's scale 1/127 and zero point 128 within 0.5 %


def add_taps(converter: Converter) -> dict[str, tuple[str, int]]:
    """Add mean and deviation of every tapped map to a walked graph; returns name -> (ONNX value, width)."""
    outputs = {}
    for name, (ending, width) in TAPS.items():
        value = next(v for key, v in converter.named.items() if key.endswith(ending))
        mean = converter.node("GlobalAveragePool", [value])
        square = converter.node("GlobalAveragePool", [converter.node("Mul", [value, value])])
        variance = converter.node("Sub", [square, converter.node("Mul", [mean, mean])])
        positive = converter.node("Max", [variance, converter.constant(np.float32(1e-6), "floor")])
        outputs[f"{name}.mean"] = (converter.node("Flatten", [mean]), width)
        outputs[f"{name}.std"] = (converter.node("Flatten", [converter.node("Sqrt", [positive])]), width)
    return outputs


def session(onnx: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


def tensor(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> float32 [1, 3, H, W] as the bundle's `[input]` says."""
    return ((pixels.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)[None]
