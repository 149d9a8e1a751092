"""Draws pictures OUT/<label>/<subject>_<seed>_<index>.jpg and lists them in OUT/manifest.csv. See `scripts/render/render`.

A picture depends on the seed, its index and whether it is `--seized` alone; pictures of several seeds may lie together. Files that exist are skipped. The process that the user starts
only watches: it runs `--workers` others, starts one again when it dies or hangs, and leaves out the scene at fault.
"""

import argparse
import csv
import os
import pathlib
import resource
import subprocess
import sys
import time
import traceback

import numpy as np

from render.subjects import choose, small_things

HANG = 240  # seconds without a picture after which a worker is started again
BATCH = 250  # pictures per process, so that memory cannot grow without end


def generator(seed, index):
    return np.random.default_rng([seed, index])


def name_of(out, options, index):
    subject = choose(generator(options.seed, index), options.names)
    return subject, out / subject.label / f"{subject.name}_{options.seed}_{index:06d}.jpg"


def draw(options, index):
    """One picture, written aside and renamed."""
    import bpy

    from render import photo, scene

    rng = generator(options.seed, index)
    subject, path = choose(rng, options.names), name_of(options.out, options, index)[1]
    scene.compose(rng, subject, small_things(), options.seized)
    raw = f"{options.scratch}/{os.getpid()}.exr"
    bpy.context.scene.render.filepath = raw
    quiet = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        bpy.ops.render.render(write_still=True)
    finally:
        os.dup2(quiet, 1)
        os.close(quiet)
        os.close(null)
    image = bpy.data.images.load(raw)
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    os.unlink(raw)
    light = pixels.reshape(height, width, 4)[::-1, :, :3].astype(float)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_bytes(photo.jpeg(rng, photo.develop(rng, light)))
    aside.rename(path)


def work(options):
    """A worker: its share of the indices that are not drawn yet, told line by line on stdout."""
    from render import scene

    done = 0
    for index in range(options.first, options.count, options.workers):
        if name_of(options.out, options, index)[1].exists():
            continue
        print(index, flush=True)
        try:
            draw(options, index)
        except Exception as error:
            if not isinstance(error, scene.OutOfView):
                traceback.print_exc()
            print(
                f"scene {index} left out: {name_of(options.out, options, index)[0].name}",
                file=sys.stderr,
                flush=True,
            )
        done += 1
        if done >= BATCH:
            sys.exit(3)


class Worker:
    """Starts a worker again where it stopped."""

    def __init__(self, options, number):
        self.options, self.number, self.first = options, number, number
        self.finished = False
        self.start()

    def start(self):
        self.log = self.options.scratch / f"worker-{self.number}.log"
        o = self.options
        command = [
            sys.executable,
            "-m",
            "render.draw",
            str(o.out),
            "--count",
            str(o.count),
            "--seed",
            str(o.seed),
            "--workers",
            str(o.workers),
            "--first",
            str(self.first),
            "--scratch",
            str(o.scratch),
        ]
        if o.seized:
            command.append("--seized")
        if o.subjects:
            command += ["--subjects", o.subjects]
        self.output = open(self.log, "w")
        self.process = subprocess.Popen(command, stdout=self.output)
        self.seen, self.since = "", time.monotonic()

    def watch(self):
        lines = self.log.read_text().split()
        now = lines[-1] if lines else ""
        if now != self.seen:
            self.seen, self.since = now, time.monotonic()
        code = self.process.poll()
        if code is None and time.monotonic() - self.since > HANG:
            self.process.kill()
            code = self.process.wait()
        if code is None:
            return
        self.output.close()
        if code == 0:
            self.finished = True
            return
        if code != 3 and not now.isdigit():
            sys.exit(
                f"a worker ended with {code} before its first scene; what it wrote stands above"
            )
        last = int(now) if now.isdigit() else self.first
        if code != 3:
            print(
                f"worker {self.number} ended with {code} at scene {last}; it goes on after it",
                file=sys.stderr,
                flush=True,
            )
        self.first = last + self.options.workers
        self.start()


def write_manifest(options):
    """Every picture that lies there, in the order of the indices; rows of other seeds stay before them."""
    manifest, rows = options.out / "manifest.csv", []
    if manifest.exists():
        with open(manifest, newline="") as file:
            rows = [row for row in list(csv.reader(file))[1:] if row[4] != str(options.seed)]
    others = len(rows)
    for index in range(options.count):
        subject, path = name_of(options.out, options, index)
        if path.exists():
            rows.append(
                [
                    path.relative_to(options.out),
                    subject.label,
                    subject.name,
                    f"render-{options.seed}-{index}",
                    options.seed,
                    int(options.seized),
                ]
            )
    aside = options.out / "manifest.csv.part"
    with open(aside, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label", "subject", "group", "seed", "seized"])
        writer.writerows(rows)
    aside.rename(manifest)
    return len(rows) - others


def main():
    parser = argparse.ArgumentParser(description="Draws training pictures.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument(
        "--count", type=int, required=True, help="pictures, the ones that exist included"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--seized",
        action="store_true",
        help="in bulk, or close: as things are photographed where they were found; take another seed",
    )
    parser.add_argument("--subjects", help="only these subjects or labels, by commas")
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.names = set(options.subjects.split(",")) if options.subjects else None
    if options.first is not None:
        return work(options)
    options.out.mkdir(parents=True, exist_ok=True)
    options.scratch = options.out / ".scratch"
    options.scratch.mkdir(exist_ok=True)
    began = time.monotonic()
    workers = [Worker(options, k) for k in range(options.workers)]
    listed = time.monotonic()
    while not all(w.finished for w in workers):
        time.sleep(0.5)
        for w in workers:
            if not w.finished:
                w.watch()
        if time.monotonic() - listed > 120:
            write_manifest(options)
            listed = time.monotonic()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{write_manifest(options)} pictures lie in {options.out}; {time.monotonic() - began:.0f} s, {spent.ru_utime + spent.ru_stime:.0f} s of processor time",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
