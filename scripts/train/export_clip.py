"""An open_clip model and a file of prompts as a bundle that scores labels zero-shot.

    scripts/python-environment clip
    .venv-clip/bin/python -m train.export_clip --model ViT-B-32 --weights FILE
        --prompts prompts.toml --licence TEXT models/NAME

FILE is a checkpoint that open_clip reads (.pt, .safetensors); a name of open_clip's own list also
works where its weights are at hand. prompts.toml has, per label, the sentences that describe it;
their mean is the label's direction:

    [labels]
    ivory = ["a photo of an ivory carving", "a photo of an elephant tusk"]
    other = ["a photo of furniture", "a photo of food"]
    [thresholds.ivory]      # optional: without thresholds a label raises nothing
    review = 0.5
    flag = 0.9

The bundle holds the image encoder alone. Its last step multiplies the L2-normalised image
embedding, which is the descriptor, with the text embeddings; the model's logit scale is folded into
these. Nothing is calibrated: measure the bundle with `faunalens eval classify` before you set
thresholds, or teach it with `faunalens model learn`.
"""

import argparse
import hashlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import open_clip
import torch
from torch import nn

FILTERS = {"bicubic": "catmull_rom", "bilinear": "bilinear"}
MOST_BYTES = 2_000_000_000  # an ONNX file in one piece holds no more

BUNDLE = """\
schema = "faunalens.bundle.v1"
name = {name}
version = "1"
license = {licence}

[model]
file = "model.onnx"
sha256 = "{sha256}"

[input]
name = "input"
width = {width}
height = {height}
layout = "nchw"
colour = "rgb"
resize = "{resize}"
filter = "{filter}"
mean = {mean}   # value = (pixel 0..255 - mean) / std
std = {std}

[output]
logits = "logits"
activation = "softmax"
temperature = 1.0
descriptor = "descriptor"
descriptor_size = {descriptor_size}

[labels]
names = {labels}
"""


CARD = """\
# {name}

{source}, its labels scored zero-shot by scripts/train/export_clip.py. A screening aid, no evidence.

## Sentences

{sentences}

## Results

None: nothing was measured or calibrated. `faunalens eval classify` measures it on your photographs.
"""


class ZeroShot(nn.Module):
    """Image [1, 3, H, W] -> logits [1, labels], unit embedding [1, D]."""

    def __init__(self, model: nn.Module, directions: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("directions", directions)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and embedding of pictures."""
        embedding = self.model.encode_image(image, normalize=True)
        return embedding @ self.directions, embedding


@torch.no_grad()
def directions(model: nn.Module, tokenizer: Callable, labels: dict[str, list[str]]) -> torch.Tensor:
    """[D, labels]: per label the mean of its sentences' unit embeddings, of unit length, times the
    logit scale.
    """
    columns = []
    for sentences in labels.values():
        mean = model.encode_text(tokenizer(sentences), normalize=True).mean(0)
        columns.append(mean / mean.norm())
    return torch.stack(columns, 1) * model.logit_scale.exp()


def picture_rules(preprocess: dict) -> dict:
    """open_clip's preprocessing as keys of `[input]`."""
    size = preprocess["size"]
    height, width = (size, size) if isinstance(size, int) else size
    mode, interpolation = (
        preprocess.get("resize_mode", "shortest"),
        preprocess.get("interpolation", "bicubic"),
    )
    if mode not in ("shortest", "squash") or mode == "shortest" and height != width:
        raise SystemExit(f"resize mode {mode} to {width} x {height} has no counterpart in a bundle")
    if interpolation not in FILTERS:
        raise SystemExit(f"interpolation {interpolation} has no counterpart in a bundle")
    scaled = {key: [round(255 * value, 6) for value in preprocess[key]] for key in ("mean", "std")}
    return {
        "width": width,
        "height": height,
        "resize": mode,
        "filter": FILTERS[interpolation],
        **scaled,
    }


def export(
    model: nn.Module,
    tokenizer: Callable,
    preprocess: dict,
    prompts: dict,
    folder: Path,
    licence: str,
    source: str,
) -> ZeroShot:
    """Write the bundle; returns what it computes."""
    model = model.eval().float()
    labels, rules = prompts["labels"], picture_rules(preprocess)
    network = ZeroShot(model, directions(model, tokenizer, labels)).eval()
    folder.mkdir(parents=True, exist_ok=True)
    onnx = folder / "model.onnx"
    image = torch.zeros(1, 3, rules["height"], rules["width"])
    if sum(p.numel() for p in model.visual.parameters()) * 4 > MOST_BYTES:
        raise SystemExit("the image encoder is over 2 GB, more than one ONNX file holds")
    torch.onnx.export(
        network,
        (image,),
        onnx,
        input_names=["input"],
        output_names=["logits", "descriptor"],
        external_data=False,
    )
    toml = BUNDLE.format(
        name=json.dumps(folder.name),
        licence=json.dumps(licence),
        sha256=hashlib.sha256(onnx.read_bytes()).hexdigest(),
        descriptor_size=network.directions.shape[0],
        labels=json.dumps(list(labels), ensure_ascii=False),
        **rules,
    )
    for label, limits in prompts.get("thresholds", {}).items():
        review, flag = float(limits["review"]), float(limits["flag"])
        toml += f"\n[thresholds.{label}]\nreview = {review}\nflag = {flag}\n"
    (folder / "bundle.toml").write_text(toml, encoding="utf-8")
    sentences = "\n".join(f"- {label}: {'; '.join(told)}" for label, told in labels.items())
    card = CARD.format(name=folder.name, source=source, sentences=sentences)
    (folder / "CARD.md").write_text(card, encoding="utf-8")
    return network


def main() -> None:
    """Export one model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="architecture, as ViT-B-32")
    parser.add_argument(
        "--weights", required=True, help="checkpoint file, or a tag of open_clip's list"
    )
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--licence", required=True, help="of the weights, for the bundle")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    prompts = tomllib.loads(arguments.prompts.read_text(encoding="utf-8"))
    model, _, _ = open_clip.create_model_and_transforms(
        arguments.model, pretrained=arguments.weights
    )
    source = f"open_clip {arguments.model}, weights {Path(arguments.weights).name}"
    export(
        model,
        open_clip.get_tokenizer(arguments.model),
        open_clip.get_model_preprocess_cfg(model),
        prompts,
        arguments.folder,
        arguments.licence,
        source,
    )
    size = (arguments.folder / "model.onnx").stat().st_size
    print(
        f"{arguments.folder}: {size / 1e6:.0f} MB, {len(prompts['labels'])} labels; "
        f"next: faunalens model verify --model {arguments.folder}"
    )


if __name__ == "__main__":
    main()
