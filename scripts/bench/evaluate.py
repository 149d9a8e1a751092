#!/usr/bin/env python3
"""How long a full report over many scored rows takes, and how much memory: wall time, CPU time,
peak resident memory.

    python3 scripts/bench/evaluate.py [--rows 100000] [--labels 13] [--resamples 1000]
                                      [--binary target/release/faunalens] [--out CSV]

The rows are drawn (seeded): a manifest with sellers, and records of `scan` with scores and PDQ
hashes, of which one in fifty is a near-duplicate of an earlier one. Needs nothing but Python.
"""

import argparse
import csv
import json
import math
import pathlib
import random
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def write_rows(folder: pathlib.Path, count: int, labels: int) -> None:
    """Write manifest.csv and records.jsonl of `count` drawn rows."""
    chance = random.Random(29)
    names = [f"label_{number:02}" for number in range(labels)]
    hashes = []
    with (
        open(folder / "manifest.csv", "w") as manifest,
        open(folder / "records.jsonl", "w") as records,
    ):
        manifest.write("file,label,seller\n")
        for number in range(count):
            truth = min(int(chance.expovariate(0.5)), labels - 1)
            logits = [
                chance.gauss(0, 1) + (2.5 if label == truth else 0) for label in range(labels)
            ]
            weights = [math.exp(value) for value in logits]
            scores = sorted(
                ((round(w / sum(weights), 6), name) for w, name in zip(weights, names)),
                reverse=True,
            )
            if hashes and chance.random() < 0.02:
                pdq = chance.choice(hashes)
                for bit in chance.sample(range(256), chance.randrange(20)):
                    pdq ^= 1 << bit
            else:
                pdq = chance.getrandbits(256)
            hashes.append(pdq)
            manifest.write(
                f"photo {number:06}.jpg,{names[truth]},seller {chance.randrange(count // 8)}\n"
            )
            records.write(
                json.dumps(
                    {
                        "schema": "faunalens.record.v1",
                        "file": f"photo {number:06}.jpg",
                        "decision": "clear",
                        "materials": [{"label": name, "score": score} for score, name in scores],
                        "pdq": f"{pdq:064x}",
                        "pdq_quality": 100,
                        "error": None,
                    }
                )
                + "\n"
            )


def main() -> None:
    """Time `eval classify` on drawn rows and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=13)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/faunalens")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "eval/bench/evaluate.csv")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_rows(folder, arguments.rows, arguments.labels)
        rows = []
        for _ in range(arguments.rounds):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            done = subprocess.run(
                [
                    arguments.binary,
                    "eval",
                    "classify",
                    folder / "manifest.csv",
                    "--scores",
                    folder / "records.jsonl",
                    "--out",
                    folder / "study",
                    "--no-pictures",
                    "--resamples",
                    str(arguments.resamples),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            assert done.returncode in (0, 1), done.stderr
            rows.append(
                {
                    "rows": arguments.rows,
                    "labels": arguments.labels,
                    "resamples": arguments.resamples,
                    "wall_s": round(wall, 1),
                    "cpu_s": round(
                        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1
                    ),
                    "peak_mib": after.ru_maxrss // 1024,
                    "report_mib": round(
                        sum(file.stat().st_size for file in (folder / "study").iterdir()) / 2**20, 1
                    ),
                }
            )
            print(rows[-1], done.stdout.splitlines()[-1])
    with open(arguments.out, "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
