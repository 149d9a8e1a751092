"""Draws pictures OUT/<label>/<subject>_<seed>_<index>.jpg and lists them in OUT/manifest.csv.

See `scripts/render/render`. A picture depends on the seed, its index and whether it is `--seized`
alone; pictures of several seeds may lie together. Files that exist are skipped. The process that
the user starts only watches: it runs `--workers` others, starts one again when it dies or hangs,
and leaves out the scene at fault.
"""

import argparse
import contextlib
import csv
import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from render import photo, scene
from render.subject import Subject
from render.subjects import choose, everyday_builders

HANG = 240  # seconds without a picture after which a worker is started again
BATCH = 250  # pictures per process, so that memory cannot grow without end
BATCH_DONE = 3  # exit status of a worker that drew its batch
LISTED_EVERY = 120  # seconds between manifests of what is drawn so far
COLUMNS = ["file", "label", "subject", "group", "seed", "seized"]


@dataclass(frozen=True)
class Plan:
    """What is to be drawn: `count` pictures of a seed below `out`, by so many workers.

    `subjects`: only these subjects or labels, by commas; all if empty.
    """

    out: Path
    count: int
    seed: int
    workers: int
    seized: bool
    subjects: str

    @property
    def scratch(self) -> Path:
        """Where workers keep their logs and raw pictures."""
        return self.out / ".scratch"

    def generator(self, index: int) -> np.random.Generator:
        """The random numbers of one picture."""
        return np.random.default_rng([self.seed, index])

    def choose_subject(self, rng: np.random.Generator) -> Subject:
        """What a picture is of: the first thing that its random numbers decide."""
        return choose(rng, set(self.subjects.split(",")) if self.subjects else None)

    def subject_and_path(self, index: int) -> tuple[Subject, Path]:
        """What a picture is of and its file."""
        subject = self.choose_subject(self.generator(index))
        name = f"{subject.name}_{self.seed}_{index:06d}.jpg"
        return subject, self.out / subject.label / name

    def worker_arguments(self, first: int) -> list[str]:
        """The command line of a worker that draws from index `first` on."""
        numbers = {"count": self.count, "seed": self.seed, "workers": self.workers, "first": first}
        words = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
        seized = ["--seized"] if self.seized else []
        return [str(self.out), *words, "--subjects", self.subjects, *seized]


@contextlib.contextmanager
def silenced_stdout() -> Iterator[None]:
    """Keep what Blender prints off the standard output, which tells how far a worker is."""
    kept, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(null)


def render_light(raw: Path) -> np.ndarray:
    """Render the scene through the file `raw`; linear light [height, width, 3]."""
    bpy.context.scene.render.filepath = str(raw)
    with silenced_stdout():
        bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(raw))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    raw.unlink()
    return pixels.reshape(height, width, 4)[::-1, :, :3].astype(float)


def draw_picture(plan: Plan, index: int) -> None:
    """Draw one picture, written aside and renamed."""
    rng = plan.generator(index)
    subject, (_, path) = plan.choose_subject(rng), plan.subject_and_path(index)
    scene.compose(rng, subject, everyday_builders(), plan.seized)
    light = render_light(plan.scratch / f"{os.getpid()}.exr")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_bytes(photo.encode_jpeg(rng, photo.develop(rng, light)))
    aside.rename(path)


def run_worker(plan: Plan, first: int) -> None:
    """Draw a worker's share of the pictures that are missing, telling each index on stdout."""
    done = 0
    for index in range(first, plan.count, plan.workers):
        subject, path = plan.subject_and_path(index)
        if path.exists():
            continue
        print(index, flush=True)
        try:
            draw_picture(plan, index)
        except Exception as error:
            if not isinstance(error, scene.OutOfView):
                traceback.print_exc()
            print(f"scene {index} left out: {subject.name}", file=sys.stderr, flush=True)
        done += 1
        if done >= BATCH:
            sys.exit(BATCH_DONE)


class Worker:
    """A process that draws, started again where it stopped."""

    def __init__(self, plan: Plan, number: int) -> None:
        self.plan, self.number = plan, number
        self.log = plan.scratch / f"worker-{number}.log"
        self.finished = False
        self.start(number)

    def start(self, first: int) -> None:
        """Start the process at a picture's index."""
        self.first = first
        self.output = open(self.log, "w")
        command = [sys.executable, "-m", "render.draw", *self.plan.worker_arguments(first)]
        self.process = subprocess.Popen(command, stdout=self.output)
        self.seen, self.since = "", time.monotonic()

    def watch(self) -> None:
        """See how far it is; end it when it hangs, start it again when it ended early."""
        lines = self.log.read_text().split()
        now = lines[-1] if lines else ""
        if now != self.seen:
            self.seen, self.since = now, time.monotonic()
        code = self.process.poll()
        if code is None and time.monotonic() - self.since > HANG:
            self.process.kill()
            code = self.process.wait()
        if code is not None:
            self.output.close()
            self.finished = code == 0
            if not self.finished:
                self.start_again(code, now)

    def start_again(self, code: int, now: str) -> None:
        """Go on after the scene at which the process ended; `now`: the last index that it told."""
        if code != BATCH_DONE and not now.isdigit():
            sys.exit(f"a worker ended with {code} before its first scene; its words stand above")
        last = int(now) if now.isdigit() else self.first
        if code != BATCH_DONE:
            told = f"worker {self.number} ended with {code} at scene {last}; it goes on after it"
            print(told, file=sys.stderr, flush=True)
        self.start(last + self.plan.workers)


def write_manifest(plan: Plan) -> int:
    """List every picture that lies there, by index after those of other seeds; how many of ours."""
    manifest, rows = plan.out / "manifest.csv", []
    if manifest.exists():
        with open(manifest, newline="") as file:
            rows = [row for row in list(csv.reader(file))[1:] if row[4] != str(plan.seed)]
    others, told = len(rows), [str(plan.seed), str(int(plan.seized))]
    for index in range(plan.count):
        subject, path = plan.subject_and_path(index)
        if path.exists():
            name, group = path.relative_to(plan.out).as_posix(), f"render-{plan.seed}-{index}"
            rows.append([name, subject.label, subject.name, group, *told])
    aside = plan.out / "manifest.csv.part"
    with open(aside, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    aside.rename(manifest)
    return len(rows) - others


def draw_all(plan: Plan) -> None:
    """Run the workers until every picture is drawn or left out."""
    plan.scratch.mkdir(parents=True, exist_ok=True)
    began = listed = time.monotonic()
    workers = [Worker(plan, number) for number in range(plan.workers)]
    while not all(worker.finished for worker in workers):
        time.sleep(0.5)
        for worker in workers:
            if not worker.finished:
                worker.watch()
        if time.monotonic() - listed > LISTED_EVERY:
            write_manifest(plan)
            listed = time.monotonic()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, cpu = time.monotonic() - began, spent.ru_utime + spent.ru_stime
    done = f"{write_manifest(plan)} pictures lie in {plan.out}"
    print(f"{done}; {wall:.0f} s, {cpu:.0f} s of processor time", file=sys.stderr)


def main() -> None:
    """Draw the pictures, or be one of the workers."""
    parser = argparse.ArgumentParser(description="Draws training pictures.")
    add = parser.add_argument
    add("out", type=Path)
    add("--count", type=int, required=True, help="pictures, the ones that exist included")
    add("--seed", type=int, default=1)
    add("--workers", type=int, default=2)
    seized = (
        "in bulk, or close: as things are photographed where they were found; take another seed"
    )
    add("--seized", action="store_true", help=seized)
    add("--subjects", default="", help="only these subjects or labels, by commas")
    add("--first", type=int, help=argparse.SUPPRESS)
    options = vars(parser.parse_args())
    first = options.pop("first")
    plan = Plan(**options)
    if first is None:
        draw_all(plan)
    else:
        run_worker(plan, first)


if __name__ == "__main__":
    main()
