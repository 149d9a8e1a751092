#!/usr/bin/env python3
"""Train the network from its ImageNet weights: thirteen labels and a copy descriptor from one inference.

    finetune.py --data DIR --manifest FILE --renders FILE --backbone lite0 --cache DIR [--seed N] [--pictures N] [--steps N]

Every picture of a batch appears in two random views. Both are classified (cross entropy with label smoothing);
against all other views of the batch they must find each other (InfoNCE with an entropy term, as in SSCD: Pizzi et al., "A
Self-Supervised Descriptor for Image Copy Detection", CVPR 2022). Layers up to the 28x28 maps keep their ImageNet weights, and the
others must let the ImageNet classifier say what it said before: most products are known from renders alone, and a network that
forgets real photographs while it learns renders does not know the real product (Chen et al., "Automated Synthetic-to-Real
Generalization", ICML 2020).
What is kept is the running mean of the weights. Checkpoints every 100 steps: run it again to go on. A GPU is used if there is one.
"""

import argparse
import copy
import json
import math
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.special import softmax
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from train.augment import blob, part, view
from train.backbone import Backbone
from train.efficientnet import MEAN, SIDES, STD, EfficientNet
from train.features import PLAIN, TAPS
from train.grounds import EVERYDAY, MUSEUM, Grounds
from train.labels import LABELS, PRODUCTS
from train.photos import read_manifest, resized
from train.taxonomy import Example, photographs, renders

DESCRIPTOR = 256
# Shares of a batch: (label, domain) -> weight. Where a label has photographs and renders, photographs lead.
SHARES = {
    **{(label, "render"): 1.0 for label in LABELS},
    **{(label, "render"): 1.6 for label in PRODUCTS},
    ("other", "render"): 2.0,
    ("ivory", "photograph"): 6.0,
    ("bone_antler", "photograph"): 1.5,
    ("ceramic_stone", "photograph"): 5.0,
    ("shell_scale", "photograph"): 0.3,
    ("live_animal", "photograph"): 1.5,
    ("other", "photograph"): 5.0,
    # Cuts of the fur of photographed leopards: else fur would be a skin in renders and an animal in photographs.
    ("big_cat_skin", "fur"): 0.8,
}
FURRED = ("Leopards",)
LATE = 0.6  # of the steps: from there on museum photographs come twice as often, as ivory against its look-alikes is learned longest
ANOTHER_GROUND = {
    MUSEUM: 0.6,
    **dict.fromkeys(EVERYDAY, 0.5),
}  # of the photographs that an object can be cut out of
TEMPERATURE, ENTROPY, COPIES = (
    0.05,
    5.0,
    0.15,
)  # InfoNCE, weight of the entropy term, weight of the copy loss
IMAGENET = 0.3  # weight of the divergence from what the ImageNet network says


def imagenet_backbone(variant: str, side: int, onnx: Path) -> Backbone:
    """The network with its ImageNet weights, written to `onnx` on the way."""
    graph = EfficientNet(variant, side)
    graph.walk()
    graph.save(onnx, {"logits": (graph.named["logits"], 1000)})
    return Backbone(
        onnx,
        {name: graph.named[name] for name in TAPS},
        sum(graph.widths[name] * (1 if name == PLAIN else 2) for name in TAPS),
    )


class Network(nn.Module):
    """Views [N, 3, side, side] -> logits [N, 13], descriptor [N, 256] of unit length."""

    def __init__(self, backbone: Backbone):
        super().__init__()
        self.backbone = backbone
        self.width = backbone.width
        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("deviation", torch.ones(self.width))
        self.label = nn.Linear(self.width, len(LABELS))
        self.copy = nn.Linear(self.width, DESCRIPTOR)
        nn.init.zeros_(self.label.weight)
        nn.init.zeros_(self.label.bias)

    def features(
        self, image: torch.Tensor, shared: dict[str, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Mean and deviation of every tapped map, [N, width], not standardised; the means of the last map come last."""
        values = []
        for name, tapped in self.backbone(image, shared).items():
            tapped = tapped.float()
            mean = tapped.mean((2, 3))
            if name == PLAIN:
                values.append(mean)
                continue
            variance = (tapped.square().mean((2, 3)) - mean.square()).clamp_min(1e-6)
            values += [mean, variance.sqrt()]
        return torch.cat(values, 1)

    def heads(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        standard = (features - self.mean) / self.deviation
        return self.label(F.dropout(standard, 0.2, self.training)), F.normalize(self.copy(standard))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.heads(self.features(image))


def imagenet(network: Network, features: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of the ImageNet classes, from the means of the last map."""
    weight = network.backbone.imagenet_weight
    return F.log_softmax(
        F.linear(features[:, -weight.shape[1] :], weight, network.backbone.imagenet_bias), 1
    )


def tensor(pixels: np.ndarray, device: str) -> torch.Tensor:
    """uint8 [N, H, W, 3] -> float32 [N, 3, H, W] as the bundle's `[input]` says."""
    image = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
    return ((image.float() - MEAN) / STD).contiguous(memory_format=torch.channels_last)


class Batches(IterableDataset):
    """Endless batches: uint8 views [2 * pictures, side, side, 3] and labels; picture i is rows i and i + pictures."""

    def __init__(
        self, examples: list[Example], pictures: int, start: int, late: int, side: int, seed: int
    ):
        self.pictures, self.start, self.late, self.side, self.seed = (
            pictures,
            start,
            late,
            side,
            seed,
        )
        self.grounds = Grounds(examples)
        groups = defaultdict(lambda: defaultdict(list))
        for i, example in enumerate(examples):
            groups[example.label, example.domain][example.group].append(i)
            if example.path.parent.name in FURRED:
                groups["big_cat_skin", "fur"][example.group].append(i)
        self.strata = [
            (
                LABELS.index(label),
                kind == "fur",
                [np.array(own) for own in groups[label, kind].values()],
            )
            for label, kind in SHARES
            if (label, kind) in groups
        ]
        early = np.array([share for key, share in SHARES.items() if key in groups])
        museum = np.array(
            [
                label in ("ivory", "bone_antler", "ceramic_stone") and domain == "photograph"
                for label, domain in SHARES
                if (label, domain) in groups
            ]
        )
        self.shares = [
            shares / shares.sum() for shares in (early, np.where(museum, 2 * early, early))
        ]

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        step = self.start + number
        while True:
            rng = np.random.default_rng([self.seed, step])
            chosen = []
            for stratum in rng.choice(
                len(self.strata), self.pictures, p=self.shares[int(step >= self.late)]
            ):
                label, fur, groups = self.strata[stratum]
                i = int(rng.choice(groups[rng.integers(len(groups))]))
                pixels, mask, source = (
                    self.grounds.pictures[i],
                    self.grounds.masks[i],
                    self.grounds.sources[i],
                )
                if fur:  # one cut for both views: they are copies of each other
                    pixels = part(pixels, rng)
                    mask = blob(pixels.shape[:2], rng)
                chosen.append((label, pixels, mask, source))
            views = [[self.view(*picture, rng) for _, *picture in chosen] for _ in range(2)]
            yield np.array(views[0] + views[1]), np.array([label for label, *_ in chosen] * 2)
            step += count

    def view(
        self, pixels: np.ndarray, mask: np.ndarray | None, source: str, rng: np.random.Generator
    ) -> np.ndarray:
        if mask is not None and rng.random() < ANOTHER_GROUND[source]:
            pixels = self.grounds.laid(pixels, mask, source, rng)
        return view(
            pixels, rng, 0.6 if source == "render" else 0.3, self.side
        )  # a render's things are small: narrow crops would miss them


def copy_loss(descriptors: torch.Tensor) -> torch.Tensor:
    """InfoNCE over both views, and the entropy term: distance to the nearest picture that is no copy should be large."""
    count = len(descriptors)
    similarity = descriptors @ descriptors.T
    itself = torch.eye(count, dtype=torch.bool, device=similarity.device)
    partner = torch.arange(count, device=similarity.device).roll(count // 2)
    found = F.cross_entropy((similarity / TEMPERATURE).masked_fill(itself, -1e4), partner)
    strangers = similarity.masked_fill(itself | itself[partner], -1)
    nearest = (2 - 2 * strangers.amax(1)).clamp_min(1e-4).sqrt()
    return found - ENTROPY * TEMPERATURE * nearest.log().mean()


@torch.no_grad()
def answers(network: Network, examples: list[Example], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits and descriptors of plain pictures, squashed to the input's square as the binary does."""
    network.eval()
    device = network.mean.device.type
    rows = []
    for start in range(0, len(examples), 64):
        pixels = np.array(
            [
                resized(Image.open(example.path).convert("RGB"), side=side)
                for example in examples[start : start + 64]
            ]
        )
        with torch.autocast(device, torch.bfloat16):
            rows.append(network(tensor(pixels, device)))
    return tuple(torch.cat([row[k].float() for row in rows]).cpu().numpy() for k in (0, 1))


def summary(network: Network, held: list[Example], wild: list[Example], side: int) -> dict:
    """How it stands on held-out groups: a log line, no choice of final numbers."""
    logits, _ = answers(network, held, side)
    labels = np.array([LABELS.index(example.label) for example in held])
    right = logits.argmax(1) == labels
    photograph = np.array([example.domain == "photograph" for example in held])
    scores = softmax(logits, 1)
    ivory, ceramic = labels == 0, labels == LABELS.index("ceramic_stone")
    pair = photograph & (ivory | ceramic)
    everyday = photograph & np.isin(labels, [LABELS.index("other"), LABELS.index("live_animal")])
    product = scores[:, : len(PRODUCTS)].max(1)
    render_products = ~photograph & (labels < len(PRODUCTS))
    line = {
        "photographs": right[photograph].mean(),
        "renders": right[~photograph].mean() if (~photograph).any() else None,
        "ivory_ceramic": ((logits[:, 0] > logits[:, LABELS.index("ceramic_stone")]) == ivory)[
            pair
        ].mean(),
        "everyday_over_half": (product[everyday] > 0.5).mean(),
        "render_products": right[render_products].mean() if render_products.any() else None,
    }
    if wild:
        logits, _ = answers(network, wild, side)
        line["wild"] = [
            f"{e.path.stem}:{e.label}>{LABELS[k]}" for e, k in zip(wild, logits.argmax(1))
        ]
    return line


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "manifest", "renders", "cache"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--backbone", choices=SIDES, default="lite0")
    parser.add_argument(
        "--side", type=int, help="of the views; else the one that the backbone was trained at"
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--pictures", type=int, default=24, help="of a batch, each in two views")
    parser.add_argument("--warm", type=int, default=60, help="steps in which only the heads learn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--seed",
        type=int,
        default=7,
        help="export.py takes the mean of the trainings of several seeds",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes that make views: one keeps two processor cores busy, a GPU wants a dozen",
    )
    parser.add_argument(
        "--without",
        default="",
        help="a source (met, caltech101, grocery, render) that is left out, to see how it is judged unseen",
    )
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    log = open(arguments.cache / "training.jsonl", "a", encoding="utf-8")

    examples = photographs(arguments.data, read_manifest(arguments.manifest)) + renders(
        arguments.renders
    )
    train = [
        example
        for example in examples
        if example.split == "train" and example.source != arguments.without
    ]
    held = [example for example in examples if example.split == "calibration"]
    wild = [
        Example(path, "?", "", "", "wild", "photograph")
        for path in sorted((arguments.data / "wild").glob("*.jpg"))
    ]
    side = arguments.side or SIDES[arguments.backbone]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = Network(
        imagenet_backbone(arguments.backbone, side, arguments.cache / "backbone.onnx")
    ).to(device, memory_format=torch.channels_last)
    network.backbone.freeze_until(TAPS[0])
    average, origin = copy.deepcopy(network), copy.deepcopy(network)
    trained = [p for p in network.backbone.parameters() if p.requires_grad]
    heads = [*network.label.parameters(), *network.copy.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": trained, "lr": 1e-4}, {"params": heads, "lr": 1e-3}], weight_decay=1e-2
    )
    peaks = [group["lr"] for group in optimiser.param_groups]
    step, checkpoint = 0, arguments.cache / "checkpoint.pt"
    if checkpoint.exists():
        stored = torch.load(checkpoint, weights_only=True, map_location=device)
        step = stored["step"]
        network.load_state_dict(stored["network"])
        average.load_state_dict(stored["average"])
        optimiser.load_state_dict(stored["optimiser"])
    batches = iter(
        DataLoader(
            Batches(
                train, arguments.pictures, step, int(LATE * arguments.steps), side, arguments.seed
            ),
            batch_size=None,
            num_workers=arguments.workers,
            prefetch_factor=8,
        )
    )
    if step == 0:  # the features' scale, from views as the training sees them
        with torch.no_grad():
            seen = torch.cat(
                [network.features(tensor(next(batches)[0].numpy(), device)) for _ in range(12)]
            )
        for one in (network, average):
            one.mean.copy_(seen.mean(0))
            one.deviation.copy_(seen.std(0) + 1e-2 * seen.std(0).mean())

    start = time.time()
    while step < arguments.steps:
        views, labels = next(batches)
        network.train()
        warm = step < arguments.warm
        progress = min(1, step / arguments.steps)
        rate = 1.0 if warm else 0.5 * (1 + math.cos(math.pi * progress))
        optimiser.param_groups[0]["lr"] = (
            0 if warm else peaks[0] * rate * min(1, (step - arguments.warm) / 100)
        )
        optimiser.param_groups[1]["lr"] = peaks[1] * rate
        image, labels = tensor(views.numpy(), device), labels.to(device)
        shared = network.backbone.until_frozen(image)
        with torch.no_grad(), torch.autocast(device, torch.bfloat16):
            before = imagenet(origin, origin.features(image, shared).float())
        with torch.set_grad_enabled(not warm):
            features = network.features(image, shared)
        logits, descriptors = network.heads(features)
        classes, copies = (
            F.cross_entropy(logits, labels, label_smoothing=0.05),
            copy_loss(descriptors),
        )
        forgotten = F.kl_div(
            imagenet(network, features), before, reduction="batchmean", log_target=True
        )
        loss = classes + COPIES * copies + IMAGENET * forgotten
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        keep = min(0.997, 1 - 1 / (1 + step / 10))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters()):
                mean.lerp_(now, 1 - keep)
        if step % 20 == 0:
            print(
                f"{step} classes {classes.item():.3f} copies {copies.item():.3f} forgotten {forgotten.item():.3f} right {(logits.argmax(1) == labels).float().mean():.2f} "
                f"{(time.time() - start) / 60:.1f} min",
                flush=True,
            )
        if step % 100 == 0 or step == arguments.steps:
            torch.save(
                {
                    "step": step,
                    "network": network.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                },
                checkpoint,
            )
        if step % 300 == 0 or step == arguments.steps:
            line = {
                "seed": arguments.seed,
                "pictures": arguments.pictures,
                "step": step,
                "loss": loss.item(),
                "minutes": (time.time() - start) / 60,
                **summary(average, held, wild, side),
            }
            print(json.dumps(line), file=log, flush=True)
            print(line, flush=True)


if __name__ == "__main__":
    main()
