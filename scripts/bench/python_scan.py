"""A crawl scored in Python with the same bundle, written as well as Python allows.

One process per core, each with its own session of one thread; paths handed out in
chunks; JSON lines in input order.

    python_scan.py FOLDER --out FILE [--model DIR] [--workers N] [--batch N]
                   [--decode full|draft|simplejpeg]
"""

import argparse
import json
import multiprocessing
import os
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import onnxruntime

from bench.python_photo import Bundle, conclude, prepare, prepare_simplejpeg, prepare_small

CHUNK = 16  # photos that a process takes at once
bundle: Bundle
session: onnxruntime.InferenceSession
read = prepare  # all three of one process
READERS = {"full": prepare, "draft": prepare_small, "simplejpeg": prepare_simplejpeg}


def start(folder: str, decode: str) -> None:
    """Set up one process."""
    global bundle, session, read
    read = READERS[decode]
    bundle = Bundle(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        bundle.model, options, providers=["CPUExecutionProvider"]
    )


def score(paths: list[str]) -> str:
    """One inference for all paths given; a photo that fails becomes a row with its error."""
    records, tensors, lines = [], [], {}
    for number, path in enumerate(paths):
        try:
            record, tensor = read(bundle, path)
        except Exception as error:
            lines[number] = json.dumps({"file": path, "error": str(error)})
            continue
        records.append((number, record))
        tensors.append(tensor)
    if tensors:
        batch = tensors[0][None] if len(tensors) == 1 else np.stack(tensors)
        (logits,) = session.run([bundle.logits], {bundle.input: batch})
        for (number, record), row in zip(records, logits, strict=True):
            lines[number] = conclude(bundle, record, row)
    return "".join(lines[number] + "\n" for number in range(len(paths)))


def main() -> None:
    """Score the folder and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="models/faunalens-base")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument(
        "--decode", choices=READERS, default="full", help="draft, simplejpeg: scaled, without PDQ"
    )
    options = parser.parse_args()

    began = time.perf_counter()
    paths = sorted(str(path) for path in options.folder.rglob("*") if path.is_file())
    batches = [paths[at : at + options.batch] for at in range(0, len(paths), options.batch)]
    with (
        open(options.out, "w") as out,
        multiprocessing.Pool(options.workers, start, (options.model, options.decode)) as pool,
    ):
        for lines in pool.imap(score, batches, max(1, CHUNK // options.batch)):
            out.write(lines)
        pool.close()
        pool.join()
    print(json.dumps({"photos": len(paths), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
