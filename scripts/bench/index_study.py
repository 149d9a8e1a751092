"""What the studies of the index share: programs, and where tables go."""

import csv
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/release/faunalens"
BENCH = ROOT / "target/release/examples/index_bench"


def output_of(*command: object) -> str:
    """What a program prints; it must succeed."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def run_index(*words: object) -> str:
    """What `faunalens index` prints."""
    return output_of(BINARY, "index", *words)


def write_table(name: str, rows: list[dict]) -> None:
    """Write rows of equal keys to eval/index/NAME."""
    with (ROOT / "eval/index" / name).open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
