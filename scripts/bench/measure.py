"""Processes measured from start to exit, on a machine that is as quiet as it gets."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

COLUMNS = (
    "part",  # trial, scan, check or memory; `quiet` is a scan measured apart, see the README
    "program",
    "setting",
    "repetition",
    "slice",  # which part of the folder
    "photos",
    "wall_s",  # process start to exit
    "inner_s",  # the program's own clock, start and imports left out
    "cpu_s",  # user and system time, children included
    "peak_mib",  # largest resident set of one process
    "others",  # share of the machine's cores that other processes used meanwhile
)
WORKERS = os.cpu_count() or 1
# Without it ONNX Runtime 1.31 writes a database of its own use, which costs about 60 ms a start.
# faunalens sees to that itself.
ENVIRONMENT = os.environ | {"ORT_DISABLE_TELEMETRY": "1"}
# What is left to us of the cores when the machine is quiet.
QUIET = 0.95
# Share of the cores used by others from which a run is repeated, and how often. Not lower:
# while a program uses one core only, others may well use the rest.
DISTURBED = 0.35
ATTEMPTS = 3
MEMORY_PHOTOS = (1_000, 10_000)  # of the list after which memory is compared


def memory_mib(process: int, field: str = "VmRSS") -> float:
    """Memory of a process in MiB, by a field of its status: `RssAnon` leaves mapped files out."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"^{field}:\s+(\d+)", status, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


def busy_seconds() -> float | None:
    """Core seconds that the machine has worked since it started (Linux)."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def granted(duration: float = 1.0) -> float:
    """Share of all cores that this priority gets just now, by spinning on each of them."""
    spin = (
        f"import time\nend = time.perf_counter() + {duration}\n"
        "while time.perf_counter() < end: pass"
    )
    spinning = [subprocess.Popen([sys.executable, "-S", "-c", spin]) for _ in range(WORKERS)]
    usages = [os.wait4(process.pid, 0)[2] for process in spinning]
    for process in spinning:
        process.returncode = 0
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) / duration / WORKERS


class Patience:
    """So many seconds may be spent waiting for a quiet machine, all together."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def wait(self) -> None:
        """Waits until nothing else holds the cores, or the patience is spent."""
        while self.seconds > 0:
            began = time.perf_counter()
            if granted() >= QUIET:
                return
            time.sleep(1)
            self.seconds -= time.perf_counter() - began

    def measure(self, program: Callable[[], list[dict]]) -> Iterator[dict]:
        """Rows of a program; it runs again when others came between."""
        for _ in range(ATTEMPTS):
            self.wait()
            rows = program()
            yield from rows
            if rows[0]["others"] == "" or float(rows[0]["others"]) < DISTURBED or self.seconds <= 0:
                return


class Run:
    """One process from start to exit."""

    def __init__(
        self,
        command: Sequence,
        stdin: TextIO | None = None,
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            before = busy_seconds()
            began = time.perf_counter()
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=stdin,
                stdout=out,
                stderr=errors,
                env=environment,
            )
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            after = busy_seconds()
            out.seek(0)
            errors.seek(0)
            self.out = out.read().decode()
            if process.returncode != 0:
                raise SystemExit(f"{command}: exit {process.returncode}\n{errors.read().decode()}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss / 1024
        self.others: float | str = ""
        if before is not None and after is not None:
            self.others = max(0.0, (after - before - self.cpu) / self.wall / WORKERS)

    def row(
        self,
        part: str,
        program: str,
        setting: str = "",
        turn: tuple[int, int] = (0, 0),
        photos: int | str = 1,
        inner: float | str = "",
    ) -> dict:
        """The row for `pipeline.csv`; a turn is a repetition and a slice."""
        values = (part, program, setting, *turn, photos)
        numbers = (self.wall, inner, self.cpu, self.peak, self.others)
        return dict(
            zip(COLUMNS, values + tuple(n if n == "" else f"{n:.4f}" for n in numbers), strict=True)
        )


def ours(*command: object, stdin: TextIO | None = None) -> Run:
    """A run of faunalens, in the environment that its users have."""
    plain = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    return Run(command, stdin, plain)
