"""The tables of eval/bench/README.md, from the rows of pipeline.csv."""

import datetime
import platform
import statistics
import subprocess
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.measure import ENVIRONMENT, MEMORY_PHOTOS, WORKERS

PACKAGES = ("onnxruntime", "pillow", "pdqhash", "numpy", "imagededup", "torch")
TIMING_COLUMNS = (
    "part",
    "program",
    "setting",
    "photos",
    "runs",
    "fastest, s",
    "median, s",
    "photos/s",
)


def best_setting(rows: list[dict], program: str, otherwise: int) -> int:
    """The number in the setting that was the fastest in the trial."""
    found = [row for row in rows if (row["part"], row["program"]) == ("trial", program)]
    best = min(found, key=lambda row: float(row["wall_s"]), default=None)
    return int(best["setting"].split()[-1]) if best else otherwise


def by_slice(rows: list[dict], key: str) -> Collection[list[float]]:
    """The values of a column, grouped by slice."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        groups.setdefault(row["slice"], []).append(float(row[key]))
    return groups.values()


def least(rows: list[dict], part: str, program: str, key: str = "wall_s") -> float:
    """Seconds for the whole folder: each slice's quickest repetition."""
    found = [row for row in rows if (row["part"], row["program"]) == (part, program)]
    return sum(map(min, by_slice(found, key))) if found else float("nan")


def markdown_table(head: Sequence[str], body: Sequence[Sequence]) -> list[str]:
    """The lines of a table, and an empty one."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in body]
    return [*lines, ""]


def machine(binary: Path) -> str:
    """Date, processor and versions."""
    with open("/proc/cpuinfo") as about:
        names = (line.split(":")[1].strip() for line in about if "model name" in line)
        cpu = next(names, platform.machine())
    command = [binary, "--version"]
    program = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}; {WORKERS} cores, {cpu}; "
        f"{program.stdout.strip()}; Python {platform.python_version()}, {versions}."
    )


def target(name: str, value: float, text: str, met: bool) -> list[str]:
    """One line of the targets."""
    return [name, text.format(value), "met" if met else "**not met**"]


def scan_targets(rows: list[dict]) -> list[list[str]]:
    """A crawl's speed beside the floor, Python and imagededup."""
    floor = least(rows, "scan", "floor decode", "inner_s")
    floor += least(rows, "scan", "floor inference", "inner_s")
    scan = least(rows, "scan", "faunalens, no lattice")
    python = least(rows, "scan", "python") / scan
    other = least(rows, "scan", "imagededup", "inner_s") / scan
    share = floor / scan
    return [
        target("scan: at least 85 % of the floor", 100 * share, "{:.1f} %", share >= 0.85),
        target("scan: at least 1.3 times Python", python, "{:.3f} times", python >= 1.3),
        target("scan: at least 3 times imagededup", other, "{:.2f} times", other >= 3),
    ]


def check_targets(rows: list[dict]) -> list[list[str]]:
    """One photo's time beside Python and a bare session."""
    check = least(rows, "check", "faunalens")
    python = least(rows, "check", "python") / check
    bare = least(rows, "check", "floor session", "inner_s")
    bare += least(rows, "check", "floor first inference", "inner_s")
    once = check / least(rows, "check", "session and one inference")
    again = check / bare
    alone = "check: at most 1.5 times session and one inference in a process of their own"
    opened = "the same in a process that has opened sessions before"
    return [
        target("check: at least 5 times Python", python, "{:.2f} times", python >= 5),
        target(alone, once, "{:.2f} times", once <= 1.5),
        target(opened, again, "{:.2f} times", again <= 1.5),
    ]


def memory_targets(rows: list[dict]) -> list[list[str]]:
    """Memory, and that it does not grow with the list."""
    peaks = {row["photos"]: float(row["peak_mib"]) for row in rows if row["part"] == "memory"}
    few, many = (peaks.get(str(count), float("nan")) for count in MEMORY_PHOTOS)
    megabytes, growth = many * 1.048576, many / few
    told = f"{few:.0f} and {many:.0f} MiB, {{:.2f}} times"
    same = "memory: the same after 10,000 photos as after 1,000"
    return [
        target("memory: under 600 MB", megabytes, "{:.0f} MB", megabytes < 600),
        target(same, growth, told, growth <= 1.05),
    ]


def timing(same: list[dict]) -> list[str | int]:
    """One line of the timings, from all runs of one program with one setting."""
    part, name, setting = (same[0][key] for key in ("part", "program", "setting"))
    clock = "inner_s" if name.startswith("floor") or setting == "alone" else "wall_s"
    quickest = sum(map(min, by_slice(same, clock)))
    middle = sum(map(statistics.median, by_slice(same, clock)))
    photos = sum({row["slice"]: int(row["photos"]) for row in same}.values())
    runs = len(same) / len(by_slice(same, clock))
    shown = "" if setting == "alone" else setting
    numbers = [f"{runs:.1f}", f"{quickest:.3f}", f"{middle:.3f}", f"{photos / quickest:.1f}"]
    return [part, name, shown, photos, *numbers]


def timings(rows: list[dict]) -> list[list[str | int]]:
    """The lines of the timings, in the order of the first runs."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        size = row["photos"] if row["part"] == "memory" else ""
        key = (row["part"], row["program"], row["setting"], size)
        groups.setdefault(key, []).append(row)
    return [timing(same) for same in groups.values()]


def tables(rows: list[dict], binary: Path) -> str:
    """The Markdown of the README that is measured, not written."""
    targets = scan_targets(rows) + check_targets(rows) + memory_targets(rows)
    lines = [machine(binary), "", *markdown_table(("target", "measured", ""), targets)]
    lines += markdown_table(TIMING_COLUMNS, timings(rows))
    inner = least(rows, "scan", "imagededup", "inner_s")
    whole = least(rows, "scan", "imagededup")
    lines.append(
        f"Imagededup's time is that of `encode_images` ({inner:.1f} s); "
        f"with its start and imports it is {whole:.1f} s."
    )
    return "\n".join(lines)


def write_readme(path: Path, measured: str) -> None:
    """Replace what lies between the marks, keep what a person wrote around them."""
    begin, end = "<!-- measured -->\n", "<!-- /measured -->\n"
    text = path.read_text() if path.exists() else f"# Speed and memory\n\n{begin}{end}"
    before, rest = text.split(begin, 1)
    path.write_text(f"{before}{begin}{measured}\n{end}{rest.split(end, 1)[1]}")
