"""Everything side by side in one run; see `scripts/bench/pipeline`."""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from bench.measure import COLUMNS, MEMORY_PHOTOS, WORKERS, Patience, Run, ours
from bench.pipeline_report import best_setting, tables, write_readme

HERE = Path(__file__).parent
# What the floor benchmark prints that belongs to each part.
FLOOR_STAGES = {
    "scan": ("decode", "pdq", "inference"),
    "check": ("session", "first inference"),
}
TRIAL_PHOTOS = 300
CHECKS = 20


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
    write_readme(results / "README.md", tables(rows, options.binary))


if __name__ == "__main__":
    main()
