"""imagededup's CNN encoder on a folder, as its users call it.

The weights are random: the pretrained ones are a download, and the arithmetic is the
same. Architecture and transform are imagededup's own (MobileNetV3-small cut after the
pooling, 256 x 256, centre 224 x 224).

    imagededup_cnn.py FOLDER [--workers N] [--split]

Prints JSON: photos, seconds of `encode_images` alone; with --split also the seconds of
loading alone and of the network alone.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from imagededup.methods import CNN
from imagededup.utils.data_generator import img_dataloader
from imagededup.utils.models import CustomModel, MobilenetV3
from torchvision.models import mobilenet_v3_small


def encoder() -> CNN:
    """Imagededup's default encoder, weights aside."""
    torch.manual_seed(0)
    network = mobilenet_v3_small(weights=None).eval()
    network = torch.nn.Sequential(network.features, network.avgpool, torch.nn.Flatten()).eval()
    return CNN(
        verbose=False,
        model_config=CustomModel(
            name=f"{MobilenetV3.name} with random weights",
            model=network,
            transform=MobilenetV3.transform,
        ),
    )


def split(cnn: CNN, folder: Path, workers: int) -> dict[str, float]:
    """Seconds of loading alone and of the network alone."""
    loader = img_dataloader(
        image_dir=folder,
        batch_size=cnn.batch_size,
        basenet_preprocess=cnn.apply_preprocess,
        recursive=False,
        num_workers=workers,
    )
    began = time.perf_counter()
    sizes = []
    for pictures, _, _ in loader:
        sizes.append(len(pictures))
    loading = time.perf_counter() - began
    began = time.perf_counter()
    with torch.no_grad():
        for size in sizes:
            cnn.model(pictures[:1].repeat(size, 1, 1, 1))
    return {"loading": loading, "network": time.perf_counter() - began}


def main() -> None:
    """Encode the folder and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--split", action="store_true")
    options = parser.parse_args()
    cnn = encoder()
    if options.split:
        answer = split(cnn, options.folder, options.workers)
    else:
        began = time.perf_counter()
        photos = len(cnn.encode_images(image_dir=options.folder, num_enc_workers=options.workers))
        answer = {"photos": photos, "seconds": time.perf_counter() - began}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
