"""How long one `check` takes, called in a row and called now and then.

    .venv-bench/bin/python -m bench.check PHOTO [NAME=PROGRAM...]

A hook is called now and then: by then caches are cold, and a virtual machine has given free memory
back to its host. Programs take turns. NAME=PROGRAM adds other builds of faunalens. Writes
eval/bench/check.csv: program, rest before each run in seconds, run, wall time, processor time.
First: scripts/bench/setup, cargo build --release, cargo bench --no-run.
"""

import csv
import statistics
import sys
import time

from bench.measure import Run, ours
from bench.pipeline import HERE, newest_floor

ROOT = HERE.resolve().parent.parent
RUNS = {0: 25, 3: 12}  # rest in seconds -> runs


def main() -> None:
    """Time every program in turn and write the table."""
    photo = sys.argv[1]
    builds = {"faunalens": ROOT / "target/release/faunalens"} | dict(
        other.split("=", 1) for other in sys.argv[2:]
    )
    programs = {
        name: lambda build=build: ours(build, "check", "--json", photo)
        for name, build in builds.items()
    }
    floor = newest_floor(ROOT)
    programs["python"] = lambda: Run([sys.executable, HERE / "python_check.py", photo])
    programs["session and one inference"] = lambda: Run([floor, photo])
    rows = []
    for rest, runs in RUNS.items():
        for repetition in range(runs):
            for name, program in programs.items():
                time.sleep(rest)
                run = program()
                rows.append([name, rest, repetition, f"{run.wall:.4f}", f"{run.cpu:.4f}"])
        for name in programs:
            walls = [float(row[3]) for row in rows if row[:2] == [name, rest]]
            middle = statistics.median(walls)
            best, median, worst = (f"{1e3 * wall:.0f}" for wall in (min(walls), middle, max(walls)))
            print(f"rest {rest} s, {name}: best {best} ms, median {median}, worst {worst}")
    with open(ROOT / "eval/bench/check.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["program", "rest_s", "run", "wall_s", "processor_s"])
        out.writerows(rows)


if __name__ == "__main__":
    main()
