"""Draw the golden pictures and write what Pillow and ONNX Runtime for Python make of them with a
bundle.

    .venv-train/bin/python tests/data/golden/make.py models/faunalens-base-float

Writes five small PNG files beside itself and golden.json: for each picture the sum of the resized
pixels, the logits and the first descriptor values. The Rust pipeline must come close to them: it
resizes and runs the same model. Needs numpy, pillow and onnxruntime (the environment of
scripts/train/setup has them).
"""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
import PIL
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
RESAMPLE = {
    "bilinear": Image.Resampling.BILINEAR,
    "catmull_rom": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}


def waves() -> Image.Image:
    """Coloured plane waves in 16 steps, wider than high: shrinks differently on both axes."""
    y, x = np.mgrid[0:300, 0:420]
    planes = [
        127.5 + 127.5 * np.sin(2 * np.pi * (fx * x + fy * y))
        for fx, fy in ((0.011, 0.003), (0.002, 0.017), (0.006, -0.008))
    ]
    return Image.fromarray((np.stack(planes, 2) // 16 * 17).astype(np.uint8))


def bangle() -> Image.Image:
    """A pale ring on a dark ground, higher than wide."""
    image = Image.new("RGB", (260, 340), (40, 36, 34))
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 60, 230, 260), fill=(236, 224, 196))
    draw.ellipse((75, 105, 185, 215), fill=(40, 36, 34))
    return image


def small_checks() -> Image.Image:
    """A 64 x 48 chequerboard: must be enlarged."""
    y, x = np.mgrid[0:48, 0:64]
    odd = ((x // 8 + y // 8) % 2)[..., None]
    return Image.fromarray(np.where(odd, [250, 240, 220], [60, 90, 120]).astype(np.uint8))


def blocks() -> Image.Image:
    """Blocks of fixed pseudo-random colour, square."""
    numbers = np.random.default_rng(3).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(numbers.repeat(20, 0).repeat(20, 1))


def vase() -> Image.Image:
    """A white and blue outline on grey, exactly the model's size: no resizing."""
    image = Image.new("RGB", (224, 224), (150, 150, 152))
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(90, 20), (134, 20), (126, 60), (176, 120), (150, 205), (74, 205), (48, 120), (98, 60)],
        fill=(238, 240, 244),
    )
    for row in range(85, 200, 22):
        draw.line((60, row, 164, row), fill=(40, 60, 150), width=5)
    return image


def main() -> None:
    """Draw the pictures and write the golden file."""
    bundle = Path(sys.argv[1])
    settings = tomllib.loads((bundle / "bundle.toml").read_text())
    entry = settings["input"]
    wanted = {"resize": "squash", "layout": "nchw", "colour": "rgb"}
    assert {name: entry[name] for name in wanted} == wanted
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnxruntime.InferenceSession(
        bundle / settings["model"]["file"], options, providers=["CPUExecutionProvider"]
    )
    rows = []
    for draw in (waves, bangle, small_checks, blocks, vase):
        image = draw()
        image.save(HERE / f"{draw.__name__}.png", optimize=True)
        size = (entry["width"], entry["height"])
        pixels = np.asarray(image.resize(size, RESAMPLE[entry["filter"]]))
        scaled = (pixels.astype(np.float32) - np.float32(entry["mean"])) / np.float32(entry["std"])
        tensor = scaled.transpose(2, 0, 1)[None]
        logits, descriptor = model.run(["logits", "descriptor"], {"input": tensor})
        exponent = np.exp((logits[0] - logits[0].max()) / settings["output"]["temperature"])
        rows.append(
            {
                "file": f"{draw.__name__}.png",
                "width": image.width,
                "height": image.height,
                "resized_sum": [int(pixels[..., c].sum()) for c in range(3)],
                "logits": [round(float(v), 5) for v in logits[0]],
                "scores": [round(float(v), 5) for v in exponent / exponent.sum()],
                "descriptor_first": [round(float(v), 5) for v in descriptor[0][:8]],
            }
        )
    (HERE / "golden.json").write_text(
        json.dumps(
            {
                "made_by": f"Pillow {PIL.__version__}, onnxruntime {onnxruntime.__version__}",
                "model": {
                    "name": settings["name"],
                    "version": settings["version"],
                    "sha256": settings["model"]["sha256"],
                },
                "pictures": rows,
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
