#!/usr/bin/env python3
"""How long one `check` takes, called in a row and called now and then: scripts/bench/check.py PHOTO [NAME=PROGRAM...]

A hook is called now and then: by then caches are cold, and a virtual machine has given free memory back to its host. Programs take
turns. NAME=PROGRAM adds other builds of faunalens. Writes eval/bench/check.csv: program, rest before each run in seconds, run, wall time, processor time.
First: scripts/bench/setup, cargo build --release, cargo bench --no-run.
"""

import csv
import os
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RUNS = {0: 25, 3: 12}  # rest in seconds -> runs


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds from start to exit."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)])
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{command[0]} failed")
    return wall, used.ru_utime + used.ru_stime


def main() -> None:
    photo = sys.argv[1]
    floor = max((ROOT / "target/release/deps").glob("floor-*[!.]"), key=lambda file: (file.suffix == "", file.stat().st_mtime))
    programs = {"faunalens": [str(ROOT / "target/release/faunalens"), "check", "--json", photo]}
    programs |= {name: [program, "check", "--json", photo] for name, _, program in (other.partition("=") for other in sys.argv[2:])}
    programs |= {"python": [str(ROOT / ".venv-bench/bin/python"), str(HERE / "python_check.py"), photo], "session and one inference": [str(floor), photo]}
    rows = []
    for rest, runs in RUNS.items():
        for run in range(runs):
            for program, command in programs.items():
                time.sleep(rest)
                wall, processor = timed(command)
                rows.append([program, rest, run, f"{wall:.4f}", f"{processor:.4f}"])
        for program in programs:
            walls = [float(row[3]) for row in rows if row[:2] == [program, rest]]
            print(f"rest {rest} s, {program}: best {min(walls) * 1e3:.0f} ms, median {statistics.median(walls) * 1e3:.0f}, worst {max(walls) * 1e3:.0f}")
    with open(ROOT / "eval/bench/check.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["program", "rest_s", "run", "wall_s", "processor_s"])
        out.writerows(rows)


if __name__ == "__main__":
    main()
