"""Train the network from its ImageNet weights: thirteen labels and a copy descriptor at once.

    python -m train.finetune --data DIR --manifest FILE --renders FILE --cache DIR
        [--backbone lite0] [--seed N] [--pictures N] [--steps N]

Every picture of a batch appears in two random views. Both are classified (cross entropy with label
smoothing); against all other views of the batch they must find each other (InfoNCE with an entropy
term, as in SSCD: Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection", CVPR 2022).
Layers up to the 28x28 maps keep their ImageNet weights, and the others must let the ImageNet
classifier say what it said before: most products are known from renders alone, and a network that
forgets real photographs while it learns renders does not know the real product (Chen et al.,
"Automated Synthetic-to-Real Generalization", ICML 2020). What is kept is the running mean of the
weights. Checkpoints every 100 steps: run it again to go on. A GPU is used if there is one.
"""

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.special import softmax
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from train.arguments import all_examples, command_line
from train.batches import ViewSampler
from train.efficientnet import SIDES
from train.features import TAPS
from train.labels import LABELS, PRODUCTS
from train.network import Network, imagenet_backbone, tensor
from train.photos import resized
from train.taxonomy import Example

LATE = 0.6  # of the steps: from there on museum photographs come twice as often
TEMPERATURE, ENTROPY = 0.05, 5.0  # InfoNCE, and the weight of its entropy term
COPIES = 0.15  # weight of the copy loss
IMAGENET = 0.3  # weight of the divergence from what the ImageNet network says
BACKBONE_RATE, HEAD_RATE, DECAY = 1e-4, 1e-3, 1e-2  # AdamW: peak rates, weight decay
SMOOTHING = 0.05  # of the labels
LARGEST_GRADIENT = 5.0  # norm
RISE = 100  # steps over which the backbone's rate rises after the heads are warm
SCALE_BATCHES = 12  # from which the features' scale is taken
CHECKPOINT_EVERY, LOG_EVERY, PRINT_EVERY = 100, 300, 20  # steps


class Batches(IterableDataset):
    """The sampler's batches from step `start` on, without end, shared out among workers."""

    def __init__(self, sampler: ViewSampler, start: int):
        self.sampler, self.start = sampler, start

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        worker = torch.utils.data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        step = self.start + number
        while True:
            yield self.sampler.batch(step)
            step += count


def copy_loss(descriptors: torch.Tensor) -> torch.Tensor:
    """InfoNCE over both views [2 n, D], row i and i + n of one picture, and the entropy term.

    The entropy term: the distance to the nearest picture that is no copy should be large.
    """
    count = len(descriptors)
    similarity = descriptors @ descriptors.T
    itself = torch.eye(count, dtype=torch.bool, device=similarity.device)
    partner = torch.arange(count, device=similarity.device).roll(count // 2)
    found = F.cross_entropy((similarity / TEMPERATURE).masked_fill(itself, -1e4), partner)
    strangers = similarity.masked_fill(itself | itself[partner], -1)
    nearest = (2 - 2 * strangers.amax(1)).clamp_min(1e-4).sqrt()
    return found - ENTROPY * TEMPERATURE * nearest.log().mean()


@torch.no_grad()
def plain_logits(network: Network, examples: list[Example], side: int) -> np.ndarray:
    """Logits [N, 13] of plain pictures, squashed to the input's square as the binary does."""
    network.eval()
    device = network.mean.device.type
    rows = []
    for start in range(0, len(examples), 64):
        pictures = [Image.open(one.path).convert("RGB") for one in examples[start : start + 64]]
        pixels = np.array([resized(picture, side=side) for picture in pictures])
        with torch.autocast(device, torch.bfloat16):
            rows.append(network(tensor(pixels, device))[0].float())
    return torch.cat(rows).cpu().numpy()


def summary(network: Network, held: list[Example], wild: list[Example], side: int) -> dict:
    """How it stands on held-out groups, as shares: a log line, no choice of final numbers."""
    logits = plain_logits(network, held, side)
    labels = np.array([LABELS.index(example.label) for example in held])
    right = logits.argmax(1) == labels
    photograph = np.array([example.domain == "photograph" for example in held])
    scores = softmax(logits, 1)
    ivory, ceramic = LABELS.index("ivory"), LABELS.index("ceramic_stone")
    pair = photograph & np.isin(labels, [ivory, ceramic])
    ivory_side = logits[:, ivory] > logits[:, ceramic]
    everyday = photograph & np.isin(labels, [LABELS.index("other"), LABELS.index("live_animal")])
    product = scores[:, : len(PRODUCTS)].max(1)
    render_products = ~photograph & (labels < len(PRODUCTS))
    line = {
        "photographs": right[photograph].mean(),
        "renders": right[~photograph].mean() if (~photograph).any() else None,
        "ivory_ceramic": (ivory_side == (labels == ivory))[pair].mean(),
        "everyday_over_half": (product[everyday] > 0.5).mean(),
        "render_products": right[render_products].mean() if render_products.any() else None,
    }
    if wild:
        best = plain_logits(network, wild, side).argmax(1)
        line["wild"] = [f"{e.path.stem}:{e.label}>{LABELS[k]}" for e, k in zip(wild, best)]
    return line


class Training:
    """A network, the running mean of its weights, and how far the training is.

    `origin` is the network as ImageNet left it.
    """

    def __init__(self, network: Network, steps: int, warm: int, device: str):
        self.network, self.steps, self.warm, self.device = network, steps, warm, device
        self.average, self.origin = copy.deepcopy(network), copy.deepcopy(network)
        trained = [p for p in network.backbone.parameters() if p.requires_grad]
        heads = [*network.label.parameters(), *network.copy.parameters()]
        groups = [
            {"params": trained, "lr": BACKBONE_RATE},
            {"params": heads, "lr": HEAD_RATE},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
        self.step = 0

    def state(self) -> dict:
        """All that a checkpoint holds."""
        parts = {"network": self.network, "average": self.average, "optimiser": self.optimiser}
        return {"step": self.step, **{name: part.state_dict() for name, part in parts.items()}}

    def resume(self, checkpoint: Path) -> None:
        """Go on from a checkpoint."""
        stored = torch.load(checkpoint, weights_only=True, map_location=self.device)
        self.step = stored["step"]
        self.network.load_state_dict(stored["network"])
        self.average.load_state_dict(stored["average"])
        self.optimiser.load_state_dict(stored["optimiser"])

    @torch.no_grad()
    def scale_features(self, batches: Iterator) -> None:
        """Take the features' mean and deviation from views as the training sees them."""
        views = (tensor(next(batches)[0].numpy(), self.device) for _ in range(SCALE_BATCHES))
        seen = torch.cat([self.network.features(image) for image in views])
        for one in (self.network, self.average):
            one.mean.copy_(seen.mean(0))
            one.deviation.copy_(seen.std(0) + 1e-2 * seen.std(0).mean())

    def set_rates(self) -> None:
        """Cosine decay; while the heads are warmed the backbone stays, then its rate rises."""
        warm = self.step < self.warm
        progress = min(1, self.step / self.steps)
        rate = 1.0 if warm else 0.5 * (1 + math.cos(math.pi * progress))
        backbone, heads = self.optimiser.param_groups
        rise = min(1, (self.step - self.warm) / RISE)
        backbone["lr"] = 0 if warm else BACKBONE_RATE * rate * rise
        heads["lr"] = HEAD_RATE * rate

    def losses(self, image: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Of labels, of copies, and of what ImageNet's network knew; and the share right."""
        shared = self.network.backbone.until_frozen(image)
        with torch.no_grad(), torch.autocast(self.device, torch.bfloat16):
            before = self.origin.imagenet(self.origin.features(image, shared).float())
        with torch.set_grad_enabled(self.step >= self.warm):
            features = self.network.features(image, shared)
        logits, descriptors = self.network.heads(features)
        classes = F.cross_entropy(logits, labels, label_smoothing=SMOOTHING)
        copies = copy_loss(descriptors)
        now = self.network.imagenet(features)
        forgotten = F.kl_div(now, before, reduction="batchmean", log_target=True)
        return classes, copies, forgotten, (logits.argmax(1) == labels).float().mean()

    def learn(self, views: torch.Tensor, labels: torch.Tensor) -> tuple[float, str]:
        """One step on uint8 views [N, side, side, 3]; the loss, and how it stands in words."""
        self.network.train()
        self.set_rates()
        image, labels = tensor(views.numpy(), self.device), labels.to(self.device)
        classes, copies, forgotten, right = self.losses(image, labels)
        loss = classes + COPIES * copies + IMAGENET * forgotten
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.step += 1
        self.average_weights()
        parts = {"classes": classes, "copies": copies, "forgotten": forgotten}
        words = " ".join(f"{name} {value.item():.3f}" for name, value in parts.items())
        return loss.item(), f"{self.step} {words} right {right.item():.2f}"

    @torch.no_grad()
    def average_weights(self) -> None:
        """Move the running mean, which at first forgets quickly."""
        keep = min(0.997, 1 - 1 / (1 + self.step / 10))
        for mean, now in zip(self.average.parameters(), self.network.parameters()):
            mean.lerp_(now, 1 - keep)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, ("data", "manifest", "renders", "cache"))
    add = parser.add_argument
    add("--backbone", choices=SIDES, default="lite0")
    add("--side", type=int, help="of the views; else the one that the backbone was trained at")
    add("--steps", type=int, default=1500)
    add("--pictures", type=int, default=24, help="of a batch, each in two views")
    add("--warm", type=int, default=60, help="steps in which only the heads learn")
    add("--threads", type=int, default=2)
    add("--seed", type=int, default=7, help="export.py takes the mean of trainings of several")
    workers = "processes that make views: one keeps two processor cores busy, a GPU wants a dozen"
    add("--workers", type=int, default=1, help=workers)
    without = "a source (met, caltech101, grocery, render) to leave out, and judge unseen"
    add("--without", default="", help=without)
    return parser.parse_args()


def main() -> None:
    """Train to the last step, from the checkpoint if there is one."""
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    examples = all_examples(arguments)
    train = [e for e in examples if e.split == "train" and e.source != arguments.without]
    held = [e for e in examples if e.split == "calibration"]
    pictures = sorted((arguments.data / "wild").glob("*.jpg"))
    wild = [Example(path, "?", "", "", "wild", "photograph") for path in pictures]
    side = arguments.side or SIDES[arguments.backbone]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    backbone = imagenet_backbone(arguments.backbone, side, arguments.cache / "backbone.onnx")
    network = Network(backbone).to(device, memory_format=torch.channels_last)
    network.backbone.freeze_until(TAPS[0])

    training = Training(network, arguments.steps, arguments.warm, device)
    checkpoint = arguments.cache / "checkpoint.pt"
    if checkpoint.exists():
        training.resume(checkpoint)
    late = int(LATE * arguments.steps)
    sampler = ViewSampler(train, arguments.pictures, late, side, arguments.seed)
    source = Batches(sampler, training.step)
    loader = DataLoader(source, batch_size=None, num_workers=arguments.workers, prefetch_factor=8)
    batches = iter(loader)
    if training.step == 0:
        training.scale_features(batches)
    start = time.time()
    while training.step < arguments.steps:
        loss, words = training.learn(*next(batches))
        minutes, last = (time.time() - start) / 60, training.step == arguments.steps
        if training.step % PRINT_EVERY == 0:
            print(f"{words} {minutes:.1f} min", flush=True)
        if training.step % CHECKPOINT_EVERY == 0 or last:
            torch.save(training.state(), checkpoint)
        if training.step % LOG_EVERY == 0 or last:
            line = {"seed": arguments.seed, "pictures": arguments.pictures}
            line |= {"step": training.step, "loss": loss, "minutes": minutes}
            line |= summary(training.average, held, wild, side)
            with open(arguments.cache / "training.jsonl", "a", encoding="utf-8") as log:
                print(json.dumps(line), file=log)
            print(line, flush=True)


if __name__ == "__main__":
    main()
