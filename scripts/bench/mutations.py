"""Broken copies of pictures through `scan` and `hash`; see `scripts/bench/mutations`."""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.decode_report import write_table

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 2.0  # of a core, for one file
MEMORY_MIB = 400
KINDS = ("unsupported", "corrupt", "too_large", "internal", "not_found")


class Process:
    """A program run to its end; any exit status is an answer."""

    def __init__(self, *command: object) -> None:
        with tempfile.TemporaryFile() as out:
            began = time.perf_counter()
            process = subprocess.Popen(
                [str(word) for word in command], stdout=out, stderr=subprocess.DEVNULL
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = self.status = os.waitstatus_to_exitcode(status)
            self.wall = time.perf_counter() - began
            out.seek(0)
            self.out = out.read().decode(errors="replace")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss / 1024


class Run:
    """One seed's copies, measured chunk by chunk."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.kept = options.scratch / "finds"
        self.kept.mkdir(parents=True, exist_ok=True)

    def chunk(self, first: int, count: int) -> dict:
        """Makes, scans and hashes the copies numbered `first` and up."""
        options = self.options
        folder, table = options.scratch / f"copies-{first}", options.scratch / f"{first}.jsonl"
        shutil.rmtree(folder, ignore_errors=True)
        table.unlink(missing_ok=True)
        made = Process(options.mutants, options.seeds, folder, first, count, options.seed)
        if made.status != 0:
            raise SystemExit(f"{options.mutants}: exit {made.status}")
        paths = sorted(folder.iterdir())
        workers = ("--workers", max(1, (os.cpu_count() or 1) // options.jobs))
        scan = Process(options.binary, "scan", folder, "--all-files", "--out", table, *workers)
        if not table.exists():
            raise SystemExit(f"{options.binary} scan: exit {scan.status}, no rows")
        rows = [json.loads(line) for line in table.read_text().splitlines()]
        hashing = Process(options.binary, "hash", *paths)
        kinds = Counter(row["error"]["kind"] for row in rows if row["error"])
        slow = [row for row in rows if (row["elapsed_ms"] or 0) > 1000 * SECONDS]
        slowest = max((self.seconds_alone(folder, row["file"]) for row in slow), default=None)
        if slowest is None:
            slowest = max((row["elapsed_ms"] or 0) for row in rows) / 1000
        bad = [row["file"] for row in rows if row["error"] and row["error"]["kind"] == "internal"]
        named = {Path(row["file"]).name for row in rows}
        bad += [str(path) for path in paths if path.name not in named]
        for name in bad + [row["file"] for row in slow]:
            shutil.copy(folder / Path(name).name, self.kept)
        counted = {
            "seed": options.seed,
            "first": first,
            "files": len(paths),
            "rows": len(rows),
            "read": sum(row["error"] is None for row in rows),
            **{kind: kinds[kind] for kind in KINDS},
            "marked": sum(bool(row.get("marks")) for row in rows),
            "scan_exit": scan.status,
            "hash_exit": hashing.status,
            "hash_rows": len(hashing.out.splitlines()),
            "slowest_s": f"{slowest:.2f}",
            "over_2_s": sum(self.seconds_alone(folder, r["file"]) > SECONDS for r in slow),
            "scan_peak_mib": f"{scan.peak:.0f}",
            "hash_peak_mib": f"{hashing.peak:.0f}",
            "scan_cpu_s": f"{scan.cpu:.1f}",
        }
        shutil.rmtree(folder)
        table.unlink()
        return counted

    def seconds_alone(self, folder: Path, name: str) -> float:
        """Core seconds of one file in a process of its own, starting it taken off: on a machine
        that others use, time on the clock says little.
        """
        check = Process(self.options.binary, "check", "--json", folder / Path(name).name)
        nothing = Process(self.options.binary, "check", "--json", ROOT / "Cargo.toml")
        return max(0.0, check.cpu - nothing.cpu)


def verdict(rows: Sequence[dict]) -> list[str]:
    """What does not hold, in words."""
    total = {key: sum(int(row[key]) for row in rows) for key in ("files", "rows", "over_2_s")}
    found = []
    if total["rows"] != total["files"]:
        found.append(f"{total['files'] - total['rows']} files without a row")
    if any(int(row["scan_exit"]) not in (0, 1) for row in rows):
        found.append("a scan crashed")
    if any(int(row["hash_exit"]) not in (0, 1) for row in rows):
        found.append("a hash crashed")
    if total["over_2_s"]:
        found.append(f"{total['over_2_s']} files over {SECONDS} s")
    peak = max(float(row[key]) for row in rows for key in ("scan_peak_mib", "hash_peak_mib"))
    if peak > MEMORY_MIB:
        found.append(f"a peak of {peak:.0f} MiB")
    print(f"{total['files']} files, {total['rows']} rows, peak {peak:.0f} MiB")
    return found


def main() -> None:
    """Measure chunk by chunk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--chunk", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="chunks at a time")
    parser.add_argument("--seeds", type=Path, help="a folder of sound files [default: made here]")
    parser.add_argument("--scratch", type=Path, default=ROOT / "target/mutations")
    parser.add_argument("--out", type=Path, default=ROOT / "eval/photo/mutations.csv")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/faunalens")
    parser.add_argument("--mutants", type=Path, default=ROOT / "fuzz/target/release/mutants")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if options.seeds is None:
        options.seeds = options.scratch / "seeds"
        subprocess.run([sys.executable, "-m", "bench.mutation_seeds", options.seeds], check=True)
    rows = []
    if options.out.exists():
        with open(options.out) as file:
            rows = [row for row in csv.DictReader(file) if int(row["first"]) < options.first]
    run = Run(options)
    end = options.first + options.count
    firsts = range(options.first, end, options.chunk)
    with ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda at: run.chunk(at, min(options.chunk, end - at)), firsts):
            rows.append(row)
            print(*row.values(), flush=True)
            write_table(options.out, rows)
    if found := verdict(rows):
        raise SystemExit("; ".join(found))


if __name__ == "__main__":
    main()
