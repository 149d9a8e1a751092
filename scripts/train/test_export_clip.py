#!/usr/bin/env python3
"""Does a bundle of export_clip.py give what open_clip gives?

    test_export_clip.py --program target/release/faunalens PHOTO...

The pictures are first saved as PNG, so that differences of JPEG decoders stay out of it. A small model of random weights is exported twice: once as it is, its scores compared with PyTorch's on pictures
prepared by open_clip; once as a probe that hands out pixels of its input as its scores, compared with open_clip's own.
Prints the largest differences; exits with 1 where they exceed the limits.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import open_clip
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from torch import nn

from export_clip import export

PROMPTS = {"labels": {"ivory": ["a photo of ivory", "a tusk"], "bone": ["a photo of a bone"], "other": ["a photo of a car", "food"]}}
SIDE, PROBES = 64, 400


def small(mode: str, interpolation: str):
    torch.manual_seed(3)
    model = open_clip.CLIP(
        embed_dim=32, vision_cfg={"layers": 2, "width": 64, "head_width": 32, "patch_size": 16, "image_size": SIDE},
        text_cfg={"layers": 2, "width": 32, "heads": 2, "context_length": 77, "vocab_size": 49408},
    )
    preprocess = {"size": (SIDE, SIDE), "mode": "RGB", "mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD,
                  "interpolation": interpolation, "resize_mode": mode, "fill_color": 0}
    return model, preprocess


class Probe(nn.Module):
    """Image -> some of its pixels as shares of one whole, and a descriptor of one value."""

    def __init__(self, preprocess: dict, places: torch.Tensor):
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocess["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocess["std"]).view(1, 3, 1, 1))
        self.register_buffer("places", places)

    def forward(self, image: torch.Tensor):
        pixels = (image * self.std + self.mean).flatten(1)[:, self.places].clamp(0, 1)
        rest = len(self.places) - pixels.sum(1, keepdim=True)
        return torch.cat([pixels, rest], 1), torch.ones_like(rest)


def records(program: Path, bundle: Path, photos: list[Path]) -> list[dict]:
    out = subprocess.run([program, "check", "--json", "--model", bundle, *photos], capture_output=True, text=True, check=True).stdout
    return [{m["label"]: m["score"] for m in json.loads(line)["materials"]} for line in out.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("photos", type=Path, nargs="+")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        photos = [Path(folder) / f"{number}.png" for number in range(len(arguments.photos))]
        for photo, png in zip(arguments.photos, photos):
            Image.open(photo).convert("RGB").save(png)
        for mode, interpolation in (("shortest", "bicubic"), ("squash", "bicubic"), ("squash", "bilinear")):
            bundle = Path(folder) / f"{mode}-{interpolation}"
            model, preprocess = small(mode, interpolation)
            network = export(model, open_clip.get_tokenizer("ViT-B-32"), preprocess, PROMPTS, bundle, "none", "random weights")
            transform = image_transform_v2(PreprocessCfg(**preprocess), is_train=False)
            images = [transform(Image.open(photo))[None] for photo in photos]
            with torch.no_grad():
                wanted = [network(image)[0].softmax(1)[0].numpy() for image in images]
            found = [[row[label] for label in PROMPTS["labels"]] for row in records(arguments.program, bundle, photos)]
            scores = np.abs(np.array(wanted) - np.array(found)).max()

            places = torch.from_numpy(np.random.default_rng(1).choice(3 * SIDE * SIDE, PROBES, replace=False))
            probe, onnx = Probe(preprocess, places).eval(), bundle / "model.onnx"
            torch.onnx.export(probe, (images[0],), onnx, input_names=["input"], output_names=["logits", "descriptor"], external_data=False)
            toml = (bundle / "bundle.toml").read_text().split("\n[labels]")[0]
            toml = toml.replace(toml.split('sha256 = "')[1][:64], hashlib.sha256(onnx.read_bytes()).hexdigest())
            toml = toml.replace('"softmax"', '"none"').replace("descriptor_size = 32", "descriptor_size = 1")
            names = [f"p{i}" for i in range(PROBES)]
            (bundle / "bundle.toml").write_text(f"{toml}\n[labels]\nnames = {json.dumps([*names, 'rest'])}\n")
            with torch.no_grad():
                wanted = np.array([probe(image)[0][0, :-1].numpy() for image in images])
            rows = records(arguments.program, bundle, photos)
            found = np.array([[row[name] for name in names] for row in rows]) * PROBES
            levels = 255 * np.abs(wanted - found)
            print(f"{mode}, {interpolation}: {len(images)} pictures; scores differ by at most {scores:.6f}; "
                  f"pixels by {levels.mean():.3f} of 255 levels in the mean, {levels.max():.2f} at most")
            # Scores are printed to six decimals, a pixel to a fifth of a level.
            failed |= scores > 2e-3 or levels.max() > 2
    sys.exit(failed)


if __name__ == "__main__":
    main()
