"""The head on the frozen features: projection, descriptor, Gaussian-kernel logistic regression.

All of it lives inside the ONNX graph. With the concatenated features f of one photograph:

    z          = f P + p                                standardised, then principal components
    descriptor = (z / s) / ||z / s||                    whitened by the components' deviations s, unit length
    phi_j      = exp(-gamma ||z - m_j||^2)              similarity to landmark photographs m_j (Nystroem)
    logits     = phi W + w
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from sklearn.linear_model import LogisticRegression

from convert_tflite import Converter


@dataclass(frozen=True)
class Settings:
    """What is chosen by cross-validation on the training split."""

    taps: tuple[str, ...]
    components: int = 256
    descriptor_size: int = 256
    landmarks: int = 1024
    width: float = 0.5  # gamma = width / total variance of the components
    penalty: float = 5.0  # inverse strength of the L2 penalty, as in scikit-learn
    bone_weight: float = 1.0
    seed: int = 7


def concatenated(features: dict[str, np.ndarray], taps: tuple[str, ...]) -> np.ndarray:
    return np.concatenate([features[tap] for tap in taps], axis=1)


def kernel(z: np.ndarray, landmarks: np.ndarray, gamma: float) -> np.ndarray:
    """Gaussian kernel [N, M] between components and landmarks."""
    squares = (z**2).sum(1)[:, None] - 2 * z @ landmarks.T + (landmarks**2).sum(1)
    return np.exp(-gamma * np.maximum(squares, 0)).astype(np.float32)


@dataclass
class Projection:
    """Standardised principal components: z = f projection + offset, with the components' deviations [K]."""

    projection: np.ndarray
    offset: np.ndarray
    deviations: np.ndarray

    def __call__(self, plain: np.ndarray) -> np.ndarray:
        return plain @ self.projection + self.offset


def project(plain: np.ndarray, components: int) -> Projection:
    """Principal components of standardised features [N, D] of the training photographs."""
    mean, deviation = plain.mean(0), plain.std(0) + 1e-6
    standard = (plain - mean) / deviation
    covariance = (standard.T @ standard) / len(standard)
    size = len(covariance)
    values, vectors = eigh(covariance, subset_by_index=[size - components, size - 1], overwrite_a=True, check_finite=False)
    values, vectors = values[::-1], vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(components)])  # a vector's sign is free: fix it
    projection = (vectors / deviation[:, None]).astype(np.float16).astype(np.float32)  # as the file stores it
    return Projection(projection, (-mean @ projection).astype(np.float32), np.sqrt(values).astype(np.float32))


@dataclass
class Kernel:
    """Gaussian-kernel logistic regression on components: landmarks [M, K], weights [M, C], bias [C]."""

    landmarks: np.ndarray
    gamma: float
    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, z: np.ndarray) -> np.ndarray:
        return kernel(z, self.landmarks, self.gamma) @ self.weights + self.bias


def fit_kernel(views: list[np.ndarray], labels: np.ndarray, settings: Settings) -> Kernel:
    """Fit on the components of the training photographs: the plain view first, then augmented views.

    Landmarks are drawn from the plain view; the penalty is the norm in the kernel's own space.
    """
    rng = np.random.default_rng(settings.seed)
    gamma = settings.width / float(views[0].var(0).sum())
    landmarks = views[0][rng.permutation(len(labels))[: settings.landmarks]]
    landmarks = ((2 * gamma * landmarks).astype(np.float16).astype(np.float32) / (2 * gamma)).astype(np.float32)  # as stored
    spectrum, basis = eigh(kernel(landmarks, landmarks, gamma).astype(np.float64))
    keep = spectrum > 1e-6 * spectrum.max()
    root = basis[:, keep] / np.sqrt(spectrum[keep])
    design = np.concatenate([kernel(view, landmarks, gamma) for view in views]) @ root.astype(np.float32)
    targets = np.tile(labels, len(views))
    importance = np.where(targets == 1, settings.bone_weight, 1.0) / len(views)
    model = LogisticRegression(C=settings.penalty, max_iter=1000, tol=1e-4).fit(design, targets, sample_weight=importance)
    return Kernel(landmarks, gamma, (root @ model.coef_.T).astype(np.float32), model.intercept_.astype(np.float32))


@dataclass
class Head:
    """A fitted head: what it reads, its projection, and its kernel machine."""

    settings: Settings
    projection: Projection
    kernel: Kernel

    def components(self, features: dict[str, np.ndarray]) -> np.ndarray:
        """z [N, K] of the features of N photographs."""
        return self.projection(concatenated(features, self.settings.taps))

    def logits(self, features: dict[str, np.ndarray]) -> np.ndarray:
        """Uncalibrated logits [N, C]."""
        return self.kernel(self.components(features))

    def add_to(self, converter: Converter, taps: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
        """Append the head to a graph with the tapped features; returns the outputs `logits` and `descriptor`."""
        node, constant = converter.node, converter.constant
        features = node("Concat", [taps[tap][0] for tap in self.settings.taps], axis=1)
        z = node("Gemm", [features, converter.half(self.projection.projection), constant(self.projection.offset, "offset")])
        size = self.settings.descriptor_size
        first = node("Slice", [z, constant(np.array([0], np.int64), "start"), constant(np.array([size], np.int64), "end"),
                               constant(np.array([1], np.int64), "axis")])
        white = node("Mul", [first, constant(1.0 / self.projection.deviations[:size], "whiten")])
        descriptor = node("LpNormalization", [white], axis=1, p=2)
        # -gamma ||z - m||^2 = 2 gamma z.m - gamma ||m||^2 - gamma ||z||^2
        gamma, landmarks = self.kernel.gamma, self.kernel.landmarks
        square = node("ReduceSumSquare", [z], axes=[1], keepdims=1)
        cross = node("Gemm", [z, converter.half((2 * gamma * landmarks).T), constant(
            (-gamma * (landmarks**2).sum(1)).astype(np.float32), "landmark_squares")])
        phi = node("Exp", [node("Sub", [cross, node("Mul", [square, constant(np.float32(gamma), "gamma")])])])
        logits = node("Gemm", [phi, constant(self.kernel.weights, "head_weights"), constant(self.kernel.bias, "head_bias")])
        return {"logits": (logits, len(self.kernel.bias)), "descriptor": (descriptor, size)}


def fit(first: dict[str, np.ndarray], others: list[dict[str, np.ndarray]], labels: np.ndarray, settings: Settings) -> Head:
    """Fit a head: `first` is the plain view of the training photographs, `others` their augmented views."""
    plain = concatenated(first, settings.taps)
    projection = project(plain, settings.components)
    views = [projection(plain)] + [projection(concatenated(view, settings.taps)) for view in others]
    return Head(settings, projection, fit_kernel(views, labels, settings))
