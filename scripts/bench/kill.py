"""kill -9 at random moments of every writer; see `scripts/bench/kill`."""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import safety


def kill_after(writer: safety.Writer, seconds: float) -> bool:
    """Starts the command and kills it; whether it still ran."""
    words = [str(word) for word in (safety.BINARY, *writer.command())]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            return True
    return False


def study(writer: safety.Writer, times: int, moments: random.Random) -> list[dict]:
    """Kills one writer so many times, each time from the beginning."""
    writer.begin()
    began = time.perf_counter()
    safety.require(safety.faunalens(*writer.command()))
    whole = time.perf_counter() - began
    faults = writer.finished()
    if faults:
        raise SystemExit(f"{writer.name} without a kill: {faults}")
    rows = []
    for number in range(times):
        writer.begin()
        after = moments.uniform(0.0, whole)
        ran = kill_after(writer, after)
        faults = safety.faults_of(writer)
        row = {"writer": writer.name, "kill": number, "whole_s": round(whole, 3)}
        row |= {"after_s": round(after, 3), "ran": ran, "faults": "; ".join(faults)}
        rows.append(row)
    return rows


def main() -> None:
    """Kill, look, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=50)
    parser.add_argument("--binary", type=Path, default=safety.BINARY)
    options = parser.parse_args()
    safety.BINARY = options.binary.resolve()
    moments = random.Random(6)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        crawl = safety.Crawl(Path(folder) / "crawl")
        for writer in safety.writers(crawl, Path(folder) / "place"):
            rows += study(writer, options.times, moments)
            bad = sum(bool(row["faults"]) for row in rows if row["writer"] == writer.name)
            print(f"{writer.name}: {options.times} kills, {bad} bad", flush=True)
    safety.write_table("kill.csv", rows)
    sys.exit(any(row["faults"] for row in rows))


if __name__ == "__main__":
    main()
