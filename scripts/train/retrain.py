"""Train the network on looks of all pictures, from its ImageNet weights or on from a bundle.

    python -m train.retrain --pictures FILE.npz --cache DIR [--start models/NAME-float/model.onnx]
        [--backbone lite0] [--seed N] [--count N] [--steps N] [--renders SHARE] [--without NAME...]

As finetune.py, but looks are made a whole batch at once, on a GPU if there is one (looks.py), and
`wild/`, drawn pictures and shops' photographs are among the pictures (pictures.py). What the trials
with it gave is in eval/model (trials-photographs.csv, trials-renders.csv).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from train.arguments import command_line
from train.efficientnet import SIDES
from train.features import TAPS
from train.finetune import CHECKPOINT_EVERY, LATE, LOG_EVERY, Training
from train.looks import Looks
from train.network import Network, imagenet_backbone
from train.pictures import Pictures
from train.samples import Sampler


@torch.no_grad()
def start_from(network: Network, bundle: Path) -> None:
    """Take convolutions, the features' scale and the label head of a float bundle's graph."""
    graph = onnx.load(bundle).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for node in graph.node:  # weights are stored as float16 behind a Cast
        if node.op_type == "Cast" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]].astype(np.float32)

    def put(parameter: torch.Tensor, name: str) -> None:
        value = stored[name]
        value = value.T if value.shape != tuple(parameter.shape) and value.ndim == 2 else value
        parameter.copy_(torch.from_numpy(value.copy()).reshape(parameter.shape))

    own = [node for node in graph.node if node.op_type == "Conv"]
    for node, convolution in zip(own, network.backbone.convolutions, strict=True):
        put(convolution.weight, node.input[1])
        put(convolution.bias, node.input[2])
    head = next(node for node in graph.node if node.op_type == "Gemm")
    put(network.label.weight, head.input[1])
    put(network.label.bias, head.input[2])
    scale = next(node for node in graph.node if head.input[0] == node.output[0])
    shift = next(node for node in graph.node if scale.input[0] == node.output[0])
    put(network.mean, shift.input[1])
    put(network.deviation, scale.input[1])


def leave_out(pictures: Pictures, names: list[str]) -> Pictures:
    """The training pictures without the kinds, sources or groups of these names."""
    named = [np.isin(one, names) for one in (pictures.kind, pictures.source, pictures.group)]
    return pictures.chosen((pictures.split == "train") & ~np.any(named, 0))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, ("pictures", "cache"))
    add = parser.add_argument
    add("--backbone", choices=SIDES, default="lite0")
    add("--side", type=int, help="of the looks; else the one that the backbone was trained at")
    add("--steps", type=int, default=500)
    add("--count", type=int, default=48, help="pictures of a batch, each in two looks")
    add("--warm", type=int, default=60, help="steps in which only the heads learn")
    add("--seed", type=int, default=11)
    add("--start", type=Path, help="a float bundle's model.onnx; else the ImageNet weights")
    add("--renders", type=float, default=0.5, help="what the shares of renders are multiplied by")
    without = "kinds, sources or groups to leave out (wild, met, wild:scales)"
    add("--without", nargs="*", default=[], help=without)
    return parser.parse_args()


def main() -> None:
    """Train to the last step, from the checkpoint if there is one."""
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    cache, side = arguments.cache, arguments.side or SIDES[arguments.backbone]
    cache.mkdir(parents=True, exist_ok=True)
    pictures = leave_out(Pictures.read(arguments.pictures), arguments.without)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    backbone = imagenet_backbone(arguments.backbone, side, cache / "backbone.onnx")
    network = Network(backbone).to(device, memory_format=torch.channels_last)
    network.backbone.freeze_until(TAPS[0])
    training = Training(network, arguments.steps, arguments.warm, device)
    looks, late = Looks(pictures, side).to(device), int(LATE * arguments.steps)
    sampler = Sampler(pictures, looks, arguments.count, late, arguments.seed, arguments.renders)
    checkpoint = cache / "checkpoint.pt"
    if checkpoint.exists():
        training.resume(checkpoint)
    elif arguments.start:
        start_from(training.network, arguments.start)
        start_from(training.average, arguments.start)
    else:
        training.scale_features(sampler.batch(step) for step in range(1 << 30))
    start = time.time()
    while training.step < training.steps:
        loss, words = training.learn(*sampler.batch(training.step))
        minutes, last = (time.time() - start) / 60, training.step == training.steps
        if training.step % CHECKPOINT_EVERY == 0 or last:
            print(f"{words} {minutes:.1f} min", flush=True)
            torch.save(training.state(), checkpoint)
        if training.step % LOG_EVERY == 0 or last:
            line = {"seed": arguments.seed, "step": training.step, "loss": loss}
            with open(cache / "training.jsonl", "a", encoding="utf-8") as log:
                print(json.dumps(line | {"minutes": minutes}), file=log)


if __name__ == "__main__":
    main()
