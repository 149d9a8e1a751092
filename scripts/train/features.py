"""Frozen features of the photographs, for the head.

The backbone is run once per photograph and view; what leaves it are, for each tapped map, the mean over the map
(which things are there) and the standard deviation over it (how textured they are). Views other than the
first are augmentations of training photographs. Features are kept in a cache folder, one file per view.
"""

import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageEnhance, ImageFilter

from convert_tflite import Converter
from photos import Photo, load, resized

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


def tapped_backbone(tflite: Path, onnx: Path) -> None:
    """Write the backbone with the tapped features as outputs."""
    converter = Converter(tflite)
    converter.walk()
    converter.save(onnx, add_taps(converter))


def session(onnx: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


def tensor(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> float32 [1, 3, H, W] as the bundle's `[input]` says."""
    return ((pixels.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)[None]


def augmented(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What happens to a photograph between camera and listing: crop, mirror, tint, exposure, blur, grey, JPEG."""
    width, height = image.size
    scale = rng.uniform(0.75, 1.0, 2)
    w, h = int(width * scale[0]), int(height * scale[1])
    left, top = int(rng.uniform(0, width - w)), int(rng.uniform(0, height - h))
    image = image.crop((left, top, left + max(w, 1), top + max(h, 1)))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image.thumbnail((448, 448), Image.Resampling.BILINEAR)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.7, 1.3))
    gains = rng.uniform(0.92, 1.08, 3)
    image = Image.fromarray(np.clip(np.asarray(image) * gains, 0, 255).astype(np.uint8))
    if rng.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    if rng.random() < 0.15:
        image = image.convert("L").convert("RGB")
    if rng.random() < 0.5:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(45, 95)))
        image = load(buffer)
    return image


def view(image: Image.Image, name: str, file: str) -> np.ndarray:
    """Pixels of one view: a resize rule (`squash`, ...), `flip`, or `augment<N>` seeded by N and the file name."""
    if name == "flip":
        return resized(image)[:, ::-1]
    if name.startswith("augment"):
        return resized(augmented(image, np.random.default_rng([int(name[7:]), zlib.crc32(file.encode())])))
    rule, _, resample = name.partition("-")
    return resized(image, rule, Image.Resampling[resample.upper() or "BILINEAR"])


def features(data: Path, photos: list[Photo], name: str, onnx: Path, cache: Path) -> dict[str, np.ndarray]:
    """Features of one view of `photos`: tap -> float32 [len(photos), width]; computed once, then read from `cache`."""
    stored = cache / f"{name}.npz"
    if stored.exists():
        with np.load(stored) as arrays:
            files = arrays["files"].tolist()
            rows = {file: i for i, file in enumerate(files)}
            if all(photo.file in rows for photo in photos):
                order = [rows[photo.file] for photo in photos]
                return {tap: arrays[tap][order].astype(np.float32) for tap in arrays if tap != "files"}
    backbone = session(onnx)
    taps = [output.name for output in backbone.get_outputs()]

    def one(photo: Photo) -> list[np.ndarray]:
        return [values[0] for values in backbone.run(taps, {"input": tensor(view(load(data / photo.file), name, photo.file))})]

    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(one, photos))
    found = {tap: np.array([row[i] for row in rows], np.float32) for i, tap in enumerate(taps)}
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(stored, files=np.array([photo.file for photo in photos]), **{t: v.astype(np.float16) for t, v in found.items()})
    return {tap: values.astype(np.float16).astype(np.float32) for tap, values in found.items()}
