"""What the heads read: for each tapped map of the backbone the mean over it (which things are
there) and the standard deviation over it (how textured they are).
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import onnxruntime
from PIL import Image

from train.efficientnet import MEAN, STD, EfficientNet
from train.photos import load, resized

# The maps that are tapped: an eighth, a sixteenth and a thirty-second of the picture's side. Of the
# last one the mean is enough: with its deviations a classifier was no better (museum photographs,
# five-fold: 89.7 with, 90.0 % without) and a bundle 40 % larger.
TAPS = ("stage_2", "stage_4", "stage_6", "head")
PLAIN = "head"


def add_taps(graph: EfficientNet) -> tuple[str, int]:
    """Add mean and deviation of every tapped map to a walked graph, but no deviation of the last;
    returns their ONNX value and width.
    """
    values, width = [], 0
    for tap in TAPS:
        value = graph.named[tap]
        mean = graph.node("GlobalAveragePool", [value])
        if tap == PLAIN:
            values.append(graph.node("Flatten", [mean]))
            width += graph.widths[tap]
            continue
        square = graph.node("GlobalAveragePool", [graph.node("Mul", [value, value])])
        variance = graph.node("Sub", [square, graph.node("Mul", [mean, mean])])
        positive = graph.node("Max", [variance, graph.constant(np.float32(1e-6), "floor")])
        values += [
            graph.node("Flatten", [mean]),
            graph.node("Flatten", [graph.node("Sqrt", [positive])]),
        ]
        width += 2 * graph.widths[tap]
    return graph.node("Concat", values, axis=1), width


def open_session(onnx: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session on the processor, with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


def normalise(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> float32 [1, 3, H, W] as the bundle's `[input]` says."""
    return ((pixels.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)[None]


def squash(shown: Path | np.ndarray, side: int) -> np.ndarray:
    """A picture, from a file or uint8 [H, W, 3], as uint8 [side, side, 3], squashed as the binary
    does.
    """
    return resized(load(shown) if isinstance(shown, Path) else Image.fromarray(shown), side=side)


def float_input(shown: Path | np.ndarray, side: int) -> np.ndarray:
    """The same as a float network's input [1, 3, side, side]."""
    return normalise(squash(shown, side))


def network_input(
    run: onnxruntime.InferenceSession, shown: Path | np.ndarray
) -> dict[str, np.ndarray]:
    """A picture as the input of a network, which takes floats [1, 3, side, side] or, with int8
    arithmetic, bytes [1, side, side, 3].
    """
    entry = run.get_inputs()[0]
    pixels = squash(shown, entry.shape[2])
    return {"input": pixels[None] if entry.type == "tensor(uint8)" else normalise(pixels)}


def outputs(onnx: Path, name: str, pictures: Iterable[Path | np.ndarray]) -> np.ndarray:
    """One output of a network for pictures, [N, width]; a session and a thread for each core."""
    sessions: SimpleQueue[onnxruntime.InferenceSession] = SimpleQueue()
    threads = os.cpu_count() or 1
    for _ in range(threads):
        sessions.put(open_session(onnx))

    def one(shown: Path | np.ndarray) -> np.ndarray:
        run = sessions.get()
        value = run.run([name], network_input(run, shown))[0]
        sessions.put(run)
        return value

    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(one, pictures)))
