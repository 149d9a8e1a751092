"""A bundle of export_clip.py gives what open_clip gives.

A small model of random weights is exported twice: as it is, its scores compared with PyTorch's on
pictures prepared by open_clip; and as a probe that hands out pixels of its input as its scores,
compared with open_clip's own. Runs in `.venv-clip` (`scripts/python-environment clip`, then install
pytest) with the program built.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

open_clip = pytest.importorskip("open_clip", reason="open_clip is not installed (group clip)")
torch = pytest.importorskip("torch", reason="PyTorch is not installed (group clip)")

from open_clip.transform import PreprocessCfg, image_transform_v2  # noqa: E402

from train.export_clip import export  # noqa: E402

ROOT = Path(__file__).parents[2]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/faunalens"
PROMPTS = {
    "labels": {
        "ivory": ["a photo of ivory", "a tusk"],
        "bone": ["a photo of a bone"],
        "other": ["a photo of a car", "food"],
    }
}
SIDE, PROBES = 64, 400  # pixels of the network's input, and how many of its values are compared

pytestmark = [
    pytest.mark.skipif(
        not PROGRAM.exists(), reason="the program is not built: cargo build --release"
    ),
    pytest.mark.parametrize(
        ("mode", "interpolation"),
        [("shortest", "bicubic"), ("squash", "bicubic"), ("squash", "bilinear")],
    ),
]


def small_model(mode: str, interpolation: str) -> tuple:
    """A network of random weights, and how open_clip prepares a picture for it."""
    torch.manual_seed(3)
    vision = {"layers": 2, "width": 64, "head_width": 32, "patch_size": 16, "image_size": SIDE}
    text = {"layers": 2, "width": 32, "heads": 2, "context_length": 77, "vocab_size": 49408}
    model = open_clip.CLIP(embed_dim=32, vision_cfg=vision, text_cfg=text)
    preprocess = {
        "size": (SIDE, SIDE),
        "mode": "RGB",
        "mean": open_clip.OPENAI_DATASET_MEAN,
        "std": open_clip.OPENAI_DATASET_STD,
        "interpolation": interpolation,
        "resize_mode": mode,
        "fill_color": 0,
    }
    return model, preprocess


class Probe(torch.nn.Module):
    """Image -> some of its pixels as shares of one whole, and a descriptor of one value."""

    def __init__(self, preprocess: dict, places: "torch.Tensor"):
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocess["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocess["std"]).view(1, 3, 1, 1))
        self.register_buffer("places", places)

    def forward(self, image: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """Pixels 0..1 divided by their number, and what is missing to 1."""
        pixels = (image * self.std + self.mean).flatten(1)[:, self.places].clamp(0, 1)
        rest = len(self.places) - pixels.sum(1, keepdim=True)
        return torch.cat([pixels, rest], 1), torch.ones_like(rest)


def scores(bundle: Path, photos: list[Path]) -> list[dict[str, float]]:
    """What the program says of each photo, by label."""
    command = [PROGRAM, "check", "--json", "--model", bundle, *photos]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    records = [json.loads(line) for line in out.splitlines()]
    return [{m["label"]: m["score"] for m in record["materials"]} for record in records]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Reference pictures as PNG, so that differences of JPEG decoders stay out of it."""
    files = sorted((ROOT / "reference-images").glob("*.jpg"))[:4]
    pngs = [tmp_path / f"{number}.png" for number in range(len(files))]
    for file, png in zip(files, pngs):
        Image.open(file).convert("RGB").save(png)
    return pngs


def test_scores_are_those_of_open_clip(
    mode: str, interpolation: str, photos: list[Path], tmp_path: Path
) -> None:
    model, preprocess = small_model(mode, interpolation)
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    network = export(
        model, tokenizer, preprocess, PROMPTS, tmp_path / "b", "none", "random weights"
    )
    transform = image_transform_v2(PreprocessCfg(**preprocess), is_train=False)
    with torch.no_grad():
        images = [transform(Image.open(photo))[None] for photo in photos]
        wanted = np.array([network(image)[0].softmax(1)[0].numpy() for image in images])
    found = [[row[label] for label in PROMPTS["labels"]] for row in scores(tmp_path / "b", photos)]
    assert np.abs(wanted - np.array(found)).max() <= 2e-3  # scores are printed to six decimals


def test_the_program_prepares_pictures_as_open_clip_does(
    mode: str, interpolation: str, photos: list[Path], tmp_path: Path
) -> None:
    model, preprocess = small_model(mode, interpolation)
    bundle = tmp_path / "b"
    export(model, open_clip.get_tokenizer("ViT-B-32"), preprocess, PROMPTS, bundle, "none", "probe")
    transform = image_transform_v2(PreprocessCfg(**preprocess), is_train=False)
    images = [transform(Image.open(photo))[None] for photo in photos]
    places = np.random.default_rng(1).choice(3 * SIDE * SIDE, PROBES, replace=False)
    probe = Probe(preprocess, torch.from_numpy(places)).eval()
    onnx = bundle / "model.onnx"
    names = ["logits", "descriptor"]
    torch.onnx.export(
        probe, (images[0],), onnx, input_names=["input"], output_names=names, external_data=False
    )
    describe_probe(bundle, hashlib.sha256(onnx.read_bytes()).hexdigest())
    with torch.no_grad():
        wanted = np.array([probe(image)[0][0, :-1].numpy() for image in images])
    rows = scores(bundle, photos)
    found = np.array([[row[f"p{i}"] for i in range(PROBES)] for row in rows]) * PROBES
    levels = 255 * np.abs(wanted - found)  # of 0..255; printed scores hold a fifth of a level
    assert levels.max() <= 2


def describe_probe(bundle: Path, sha256: str) -> None:
    """Let the bundle's description name the probe's labels, p0 to p399 and rest."""
    toml = (bundle / "bundle.toml").read_text().split("\n[labels]")[0]
    toml = toml.replace(toml.split('sha256 = "')[1][:64], sha256)
    toml = toml.replace('"softmax"', '"none"')
    toml = toml.replace("descriptor_size = 32", "descriptor_size = 1")
    names = [*(f"p{i}" for i in range(PROBES)), "rest"]
    (bundle / "bundle.toml").write_text(f"{toml}\n[labels]\nnames = {json.dumps(names)}\n")
