"""A million rows, ten million lines; see `scripts/bench/volume`."""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import safety
from bench.measure import memory_mib

DISTINCT = 1_000  # pictures that stand behind the rows, by hard links
PER_FOLDER = 1_000
SAMPLES = 40  # looks at the memory over a run, about


def one_layer(folder: Path) -> Path:
    """A bundle whose network is a mean colour and one layer."""
    import numpy
    from onnx import TensorProto, helper, numpy_helper

    labels = ["ivory", "other"]
    floats, image = TensorProto.FLOAT, ["batch", 224, 224, 3]
    weights = numpy.array([[0.004, -0.004]] * 3, dtype=numpy.float32)
    bias = numpy.array([-2.0, 2.0], dtype=numpy.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["input"], ["float"], to=floats),
            helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2], keepdims=0),
            helper.make_node("Gemm", ["mean", "weights", "bias"], ["logits"]),
        ],
        "one-layer",
        [helper.make_tensor_value_info("input", TensorProto.UINT8, image)],
        [helper.make_tensor_value_info("logits", floats, ["batch", len(labels)])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    folder.mkdir()
    data = model.SerializeToString()
    (folder / "model.onnx").write_bytes(data)
    (folder / "bundle.toml").write_text(
        f"""schema = "faunalens.bundle.v1"
name = "one-layer"
version = "0.1.0"
license = "MIT"
[model]
file = "model.onnx"
sha256 = "{hashlib.sha256(data).hexdigest()}"
[input]
name = "input"
width = 224
height = 224
layout = "nhwc"
dtype = "uint8"
colour = "rgb"
resize = "squash"
filter = "bilinear"
[output]
logits = "logits"
activation = "softmax"
temperature = 1.0
[labels]
names = {json.dumps(labels)}
[thresholds.ivory]
review = 0.5
flag = 0.9
"""
    )
    return folder


def pictures(folder: Path, rows: int) -> Path:
    """Folders of pictures, as many as rows."""
    sources = folder / "sources"
    sources.mkdir()
    for number in range(DISTINCT):
        safety.picture(sources / f"{number}.png", number, 64)
    crawl = folder / "crawl"
    for row in range(rows):
        place = crawl / f"{row // PER_FOLDER:05}"
        if row % PER_FOLDER == 0:
            place.mkdir(parents=True)
        os.link(sources / f"{row % DISTINCT}.png", place / f"{row % PER_FOLDER:04}.png")
    return crawl


def hashes(path: Path, lines: int) -> Path:
    """A list of hashes, none twice but by chance of 2 to the 256th."""
    digits = random.Random(1)
    with path.open("w") as out:
        for _ in range(lines):
            out.write(f"pdq {digits.randbytes(32).hex()}\n")
    return path


def watched(study: str, command: list[object], every_s: float, done: Path) -> list[dict]:
    """Runs a command to its end; its memory and the size of what it writes, now and then."""
    words = [str(word) for word in (safety.BINARY, *command)]
    rows = []
    began = time.monotonic()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        peak = 0.0
        due = began
        while child.poll() is None:
            anonymous = memory_mib(child.pid, "RssAnon")
            peak = max(peak, anonymous)
            if time.monotonic() >= due:
                due += every_s
                rows.append(row(study, began, anonymous, peak, done))
            time.sleep(0.05)
        complaint = child.stderr.read().decode(errors="replace") if child.stderr else ""
    rows.append(row(f"{study}, end", began, 0.0, peak, done))
    if child.returncode not in (0, 1):
        sys.exit(f"{study}: exit {child.returncode}: {complaint[-500:]}")
    return rows


def row(study: str, began: float, anonymous: float, peak: float, done: Path) -> dict:
    """Where things stand."""
    files = [done] if done.is_file() else done.rglob("*")
    size = sum(path.stat().st_size for path in files if path.is_file()) if done.exists() else 0
    return {
        "study": study,
        "s": round(time.monotonic() - began, 1),
        "memory_mib": round(anonymous, 1),
        "peak_mib": round(peak, 1),
        "written_mib": round(size / 2**20, 1),
    }


def main() -> None:
    """Scan, import, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two looks")
    parser.add_argument("--network", default="one-layer")
    parser.add_argument("--binary", type=Path, default=safety.BINARY)
    options = parser.parse_args()
    safety.BINARY = options.binary.resolve()
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.rows:
            network = options.network
            bundle = one_layer(folder / network) if network == "one-layer" else Path(network)
            crawl, out = pictures(folder, options.rows), folder / "rows.jsonl"
            command = ["scan", crawl, "--out", out, "--quiet", "--model", bundle]
            rows += watched("scan", command, options.every, out)
            with out.open("rb") as file:
                found = sum(1 for _ in file)
            if found != options.rows:
                sys.exit(f"{found} rows of {options.rows}")
            out.unlink()
        if options.lines:
            listed, index = hashes(folder / "hashes.txt", options.lines), folder / "index"
            safety.require(safety.faunalens("index", "init", index))
            rows += watched("import", ["index", "import", index, listed], options.every, index)
            counted = json.loads(safety.faunalens("index", "stats", index, "--json").stdout)
            print(counted)
    safety.write_table("volume.csv", rows)
    for end in rows:
        if end["study"].endswith("end"):
            print(end)


main()
