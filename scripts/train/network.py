"""The network that is trained: a backbone, its tapped maps, and two heads."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from train.backbone import Backbone
from train.efficientnet import MEAN, STD, EfficientNet
from train.features import PLAIN, TAPS
from train.labels import DESCRIPTOR, LABELS

DROPPED = 0.2  # of the features, in training


def imagenet_backbone(variant: str, side: int, onnx: Path) -> Backbone:
    """The network with its ImageNet weights, written to `onnx` on the way."""
    graph = EfficientNet(variant, side)
    graph.walk()
    graph.save(onnx, {"logits": (graph.named["logits"], 1000)})
    width = sum(graph.widths[name] * (1 if name == PLAIN else 2) for name in TAPS)
    return Backbone(onnx, {name: graph.named[name] for name in TAPS}, width)


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
        """Mean and deviation of every tapped map, [N, width], not standardised.

        The means of the last map come last. `shared`: values of the frozen layers.
        """
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
        """Logits [N, 13] and unit descriptors [N, 256] of features [N, width]."""
        standard = (features - self.mean) / self.deviation
        logits = self.label(F.dropout(standard, DROPPED, self.training))
        return logits, F.normalize(self.copy(standard))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and descriptors of pictures."""
        return self.heads(self.features(image))

    def imagenet(self, features: torch.Tensor) -> torch.Tensor:
        """Log-probabilities [N, 1000] of ImageNet's classes, from the means of the last map."""
        weight, bias = self.backbone.imagenet_weight, self.backbone.imagenet_bias
        return F.log_softmax(F.linear(features[:, -weight.shape[1] :], weight, bias), 1)


def tensor(pixels: np.ndarray, device: str) -> torch.Tensor:
    """uint8 [N, H, W, 3] -> float32 [N, 3, H, W] as the bundle's `[input]` says."""
    image = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
    return ((image.float() - MEAN) / STD).contiguous(memory_format=torch.channels_last)
