"""Everything side by side in one run; see `scripts/bench/pipeline`."""

import argparse
import csv
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from PIL import Image

HERE = Path(__file__).parent
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
# What the floor benchmark prints that belongs to each part.
FLOOR_STAGES = {
    "scan": ("decode", "pdq", "inference"),
    "check": ("session", "first inference"),
}
TRIAL_PHOTOS = 300
CHECKS = 20
# What is left to us of the cores when the machine is quiet.
QUIET = 0.95
# Share of the cores used by others from which a run is repeated, and how often. Not lower:
# while a program uses one core only, others may well use the rest.
DISTURBED = 0.35
ATTEMPTS = 3
MEMORY_PHOTOS = (1_000, 10_000)


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


class Bench:
    """What is measured, and with which programs."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.folder, self.scratch = options.folder, scratch
        self.binary, self.floor = options.binary, options.floor
        self.photos = sorted(path for path in self.folder.rglob("*") if path.is_file())

    def python_scan(self, part: str, folder: Path, batch: int, turn: tuple[int, int]) -> list[dict]:
        """The same scan in Python."""
        run = Run(
            [sys.executable, HERE / "python_scan.py", folder]
            + ["--out", self.scratch / f"python-{turn[1]}.jsonl"]
            + ["--workers", WORKERS, "--batch", batch]
        )
        answer = json.loads(run.out)
        return [
            run.row(part, "python", f"batch {batch}", turn, answer["photos"], answer["seconds"])
        ]

    def imagededup(
        self, part: str, folder: Path, workers: int, turn: tuple[int, int]
    ) -> list[dict]:
        """imagededup's encoder on a folder."""
        run = Run([sys.executable, HERE / "imagededup_cnn.py", folder, "--workers", workers])
        answer = json.loads(run.out)
        setting = f"num_enc_workers {workers}"
        return [run.row(part, "imagededup", setting, turn, answer["photos"], answer["seconds"])]

    def imagededup_split(self, folder: Path, workers: int, turn: tuple[int, int]) -> list[dict]:
        """imagededup's loading and network, each alone."""
        command = [sys.executable, HERE / "imagededup_cnn.py", folder]
        run = Run([*command, "--workers", workers, "--split"])
        photos = sum(1 for _ in folder.iterdir())
        return [
            run.row("scan", f"imagededup {stage}", "alone", turn, photos, seconds)
            for stage, seconds in json.loads(run.out).items()
        ]

    def floor_stages(self, part: str, folder: Path, turn: tuple[int, int]) -> list[dict]:
        """What decoding, hashing and inference cost each, alone."""
        run = Run([self.floor, folder, WORKERS])
        wanted = FLOOR_STAGES[part]
        return [
            run.row(part, f"floor {line['stage']}", "alone", turn, line["photos"])
            | {"inner_s": line["seconds"]}
            for line in csv.DictReader(run.out.splitlines())
            if line["stage"] in wanted
        ]

    def scan(self, folder: Path, turn: tuple[int, int]) -> list[dict]:
        """A scan by faunalens, with the lattice and without."""
        out = self.scratch / f"faunalens-{turn[1]}.jsonl"
        out.unlink(missing_ok=True)
        photos = sum(1 for _ in folder.iterdir())
        run = ours(self.binary, "scan", folder, "--out", out, "--workers", WORKERS)
        rows = [run.row("scan", "faunalens", "", turn, photos)]
        out.unlink(missing_ok=True)
        # What the others do: they read no lattice, which half of these photographs make worth
        # while.
        run = ours(
            self.binary, "scan", folder, "--out", out, "--workers", WORKERS, "--schreger", "never"
        )
        return [*rows, run.row("scan", "faunalens, no lattice", "--schreger never", turn, photos)]

    def linked(self, name: str, photos: Sequence[Path]) -> Path:
        """A folder that holds these photos."""
        folder = self.scratch / name
        folder.mkdir()
        for path in photos:
            (folder / path.name).symlink_to(path.resolve())
        return folder

    def trial(self, patience: Patience) -> Iterator[dict]:
        """Which setting is the fastest for each competitor."""
        step = max(1, len(self.photos) // TRIAL_PHOTOS)
        few = self.linked("few", self.photos[::step][:TRIAL_PHOTOS])
        for repetition in range(2):
            patience.wait()
            for batch in (1, 8):
                yield from self.python_scan("trial", few, batch, (repetition, 0))
            for workers in (0, WORKERS):
                yield from self.imagededup("trial", few, workers, (repetition, 0))

    def scans(
        self, options: argparse.Namespace, patience: Patience, batch: int, workers: int
    ) -> Iterator[dict]:
        """The whole folder in slices, every program in turn on each: what disturbs the
        machine then spoils a slice and not a whole run. Turns start with another program.
        """
        slices = [
            self.linked(f"slice-{number}", self.photos[number :: options.slices])
            for number in range(options.slices)
        ]
        programs = [
            lambda folder, turn: self.floor_stages("scan", folder, turn),
            self.scan,
            lambda folder, turn: self.python_scan("scan", folder, batch, turn),
            lambda folder, turn: self.imagededup("scan", folder, workers, turn),
        ]
        for repetition in range(options.repetitions):
            for number, folder in enumerate(slices):
                first = (repetition + number) % len(programs)
                for program in programs[first:] + programs[:first]:
                    yield from patience.measure(lambda: program(folder, (repetition, number)))
                time.sleep(options.rest)
        self.agree()
        for number, folder in enumerate(slices):
            yield from self.imagededup_split(folder, workers, (0, number))

    def agree(self) -> None:
        """Both sides must have done the same work."""
        ours, theirs = (
            {
                row["file"]: row
                for path in self.scratch.glob(f"{name}-*.jsonl")
                for row in map(json.loads, path.read_text().splitlines())
            }
            for name in ("faunalens", "python")
        )
        # A folder's rows name files by their path inside it or with it, as the program likes.
        theirs = {Path(name).name: row for name, row in theirs.items()}
        pairs = [(row, theirs[Path(name).name]) for name, row in ours.items()]
        same = {
            key: sum(a[key] == b[key] for a, b in pairs) / len(pairs)
            for key in ("sha256", "decision", "pdq")
        }

        def score(row: dict, label: str) -> float:
            return next(m["score"] for m in row["materials"] if m["label"] == label)

        furthest = max(
            abs(m["score"] - score(b, m["label"])) for a, b in pairs for m in a["materials"]
        )
        with open(HERE.parent.parent / "eval/bench/agreement.csv", "w") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["measure", "value"])
            out.writerow(["photos", len(pairs)])
            out.writerows(
                (f"share with the same {key}", f"{value:.4f}") for key, value in same.items()
            )
            out.writerow(["largest difference of a score", f"{furthest:.4f}"])

    def checks(self, patience: Patience) -> Iterator[dict]:
        """One photo of 800 pixels, from process start to exit."""
        folder = self.scratch / "one"
        folder.mkdir()
        photo = folder / "photo.jpg"
        with Image.open(self.photos[0]) as picture:
            picture = picture.convert("RGB")
            scale = 800 / max(picture.size)
            size = [round(side * scale) for side in picture.size]
            picture.resize(size, Image.Resampling.LANCZOS).save(photo, quality=90)
        for repetition in range(CHECKS):
            patience.wait()
            yield ours(self.binary, "check", "--json", photo).row(
                "check", "faunalens", "", (repetition, 0)
            )
            command = [sys.executable, HERE / "python_check.py", photo]
            yield Run(command).row("check", "python", "", (repetition, 0))
            plain = Run([*command, "--plain"])
            yield plain.row("check", "python, one step after the other", "", (repetition, 0))
            yield from self.floor_stages("check", folder, (repetition, 0))
            yield Run([self.floor, photo]).row(
                "check", "session and one inference", "a process of its own", (repetition, 0)
            )

    def memory(self) -> Iterator[dict]:
        """Peak of a scan as the list grows, the folder over and over."""
        names = [str(path.resolve()) for path in self.photos]
        for count in MEMORY_PHOTOS:
            paths = self.scratch / "paths"
            paths.write_text("".join(f"{names[n % len(names)]}\n" for n in range(count)))
            out = self.scratch / f"{count}.jsonl"
            with open(paths) as stdin:
                run = ours(self.binary, "scan", "-", "--out", out, "--workers", 2, stdin=stdin)
            rows = len(out.read_text().splitlines())
            yield run.row("memory", "faunalens", "--workers 2", (0, 0), rows)


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


def tables(rows: list[dict], options: argparse.Namespace) -> str:
    """The Markdown of the README that is measured, not written."""
    lines = []

    def table(head: Sequence[str], body: Sequence[Sequence]) -> None:
        lines.extend(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)])
        lines.extend("| " + " | ".join(map(str, row)) + " |" for row in body)
        lines.append("")

    def target(name: str, value: float, text: str, met: bool) -> list[str]:
        return [name, text.format(value), "met" if met else "**not met**"]

    cpu = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line),
        platform.machine(),
    )
    program = subprocess.run(
        [options.binary, "--version"], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    packages = ("onnxruntime", "pillow", "pdqhash", "numpy", "imagededup", "torch")
    lines += [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}; {WORKERS} cores, {cpu}; "
        f"{program.stdout.strip()}; Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in packages)
        + ".",
        "",
    ]
    floor = least(rows, "scan", "floor decode", "inner_s") + least(
        rows, "scan", "floor inference", "inner_s"
    )
    scan, python = least(rows, "scan", "faunalens, no lattice"), least(rows, "scan", "python")
    other, other_inner = (
        least(rows, "scan", "imagededup"),
        least(rows, "scan", "imagededup", "inner_s"),
    )
    check, python_check = least(rows, "check", "faunalens"), least(rows, "check", "python")
    bare = least(rows, "check", "floor session", "inner_s")
    bare += least(rows, "check", "floor first inference", "inner_s")
    once = least(rows, "check", "session and one inference")
    peaks = {row["photos"]: float(row["peak_mib"]) for row in rows if row["part"] == "memory"}
    few, many = (peaks.get(str(count), float("nan")) for count in MEMORY_PHOTOS)
    table(
        ("target", "measured", ""),
        [
            target(
                "scan: at least 85 % of the floor",
                100 * floor / scan,
                "{:.1f} %",
                floor / scan >= 0.85,
            ),
            target(
                "scan: at least 1.3 times Python",
                python / scan,
                "{:.3f} times",
                python / scan >= 1.3,
            ),
            target(
                "scan: at least 3 times imagededup",
                other_inner / scan,
                "{:.2f} times",
                other_inner / scan >= 3,
            ),
            target(
                "check: at least 5 times Python",
                python_check / check,
                "{:.2f} times",
                python_check / check >= 5,
            ),
            target(
                "check: at most 1.5 times session and one inference in a process of their own",
                check / once,
                "{:.2f} times",
                check / once <= 1.5,
            ),
            target(
                "the same in a process that has opened sessions before",
                check / bare,
                "{:.2f} times",
                check / bare <= 1.5,
            ),
            target("memory: under 600 MB", many * 1.048576, "{:.0f} MB", many * 1.048576 < 600),
            target(
                "memory: the same after 10,000 photos as after 1,000",
                many / few,
                f"{few:.0f} and {many:.0f} MiB, {{:.2f}} times",
                many / few <= 1.05,
            ),
        ],
    )
    order = []
    for row in rows:
        key = [row[name] for name in ("part", "program", "setting")]
        key.append(row["photos"] if row["part"] == "memory" else "")
        if key not in order:
            order.append(key)
    body = []
    for part, name, setting, size in order:
        same = [
            row
            for row in rows
            if (row["part"], row["program"], row["setting"]) == (part, name, setting)
            and (part != "memory" or row["photos"] == size)
        ]
        clock = "inner_s" if name.startswith("floor") or setting == "alone" else "wall_s"
        quickest = sum(map(min, by_slice(same, clock)))
        middle = sum(map(statistics.median, by_slice(same, clock)))
        photos = sum({row["slice"]: int(row["photos"]) for row in same}.values())
        body.append(
            (
                part,
                name,
                setting if setting != "alone" else "",
                photos,
                f"{len(same) / len(by_slice(same, clock)):.1f}",
                f"{quickest:.3f}",
                f"{middle:.3f}",
                f"{photos / quickest:.1f}",
            )
        )
    table(
        ("part", "program", "setting", "photos", "runs", "fastest, s", "median, s", "photos/s"),
        body,
    )
    lines += [
        f"Imagededup's time is that of `encode_images` ({other_inner:.1f} s); "
        f"with its start and imports it is {other:.1f} s.",
    ]
    return "\n".join(lines)


def write_readme(path: Path, measured: str) -> None:
    """Replaces what lies between the marks, keeps what a person wrote around them."""
    begin, end = "<!-- measured -->\n", "<!-- /measured -->\n"
    text = path.read_text() if path.exists() else f"# Speed and memory\n\n{begin}{end}"
    before, rest = text.split(begin, 1)
    path.write_text(f"{before}{begin}{measured}\n{end}{rest.split(end, 1)[1]}")


def newest_floor(root: Path) -> Path:
    """The floor benchmark that was built last."""
    found = (root / "target/release/deps").glob("floor-*")
    built = [path for path in found if path.suffix == "" and os.access(path, os.X_OK)]
    if not built:
        raise SystemExit("no floor benchmark: run `cargo bench --no-run`")
    return max(built, key=lambda path: path.stat().st_mtime)


def main() -> None:
    """Measure the parts asked for and write the tables."""
    root = HERE.parent.parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--slices", type=int, default=1, help="measure the folder in so many parts")
    parser.add_argument("--rest", type=float, default=0, help="seconds between slices")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds to wait for a quiet machine, in all"
    )
    parser.add_argument(
        "--parts", default="trial,scan,check,memory", help="the others' rows are kept"
    )
    parser.add_argument("--binary", type=Path, default=root / "target/release/faunalens")
    parser.add_argument("--floor", type=Path, help="the built benchmark [default: the newest]")
    options = parser.parse_args()
    if options.floor is None:
        options.floor = newest_floor(root)

    results = root / "eval/bench"
    results.mkdir(parents=True, exist_ok=True)
    raw = results / "pipeline.csv"
    parts = options.parts.split(",")
    patience = Patience(options.patience)
    rows = []
    if raw.exists():
        with open(raw) as file:
            rows = [row for row in csv.DictReader(file) if row["part"] not in parts]
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options, Path(scratch))
        for part in filter(None, parts):
            if part == "trial":
                measured = bench.trial(patience)
            elif part == "scan":
                batch = best_setting(rows, "python", 1)
                workers = best_setting(rows, "imagededup", 0)
                measured = bench.scans(options, patience, batch, workers)
            elif part == "check":
                measured = bench.checks(patience)
            elif part == "memory":
                measured = bench.memory()
            else:
                raise SystemExit(f"no part {part!r}")
            for row in measured:
                rows.append({key: str(value) for key, value in row.items()})
                print(*row.values(), flush=True)
                with open(raw, "w") as file:
                    out = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                    out.writeheader()
                    out.writerows(rows)
    write_readme(results / "README.md", tables(rows, options))


if __name__ == "__main__":
    main()
