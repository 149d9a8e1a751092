"""Additions and removals beside a service that is asked; see `scripts/bench/serve_soak`."""

import argparse
import csv
import hashlib
import http.client
import itertools
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench import safety
from bench.measure import memory_mib
from bench.serve import PORT, cpu_of, p99, running, serving

REMEMBERED, ADDED, REMOVED = 16, 4, 5  # a second
EVERY = 5  # seconds between two additions by another process, whose start is most of their cost
ASKERS, REMEMBERERS = 8, 4  # connections
LATE = 10  # seconds that are caught up
FOUND_WITHIN = 30  # seconds until a picture counts as not found
Action = Callable[[http.client.HTTPConnection], None]


class Company:
    """What is done beside each other, and what came of it."""

    def __init__(self, folder: Path, index: Path, minutes: float) -> None:
        self.folder, self.index = folder, index
        self.end = time.monotonic() + 60 * minutes
        self.numbers = itertools.count(5_000_000)
        self.lock = threading.Lock()
        self.times: list[float] = []
        self.found_after: list[float] = []
        self.gone_after: list[float] = []
        self.remembered: list[bytes] = []
        self.faults: list[str] = []
        self.done = dict.fromkeys(
            ("checked", "busy", "remembered", "added", "removed", "reconnected"), 0
        )

    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.end

    def note(self, what: str, count: int = 1) -> None:
        """Counts something that was done."""
        with self.lock:
            self.done[what] += count

    def fault(self, fault: str) -> None:
        """Notes and shows what went wrong."""
        with self.lock:
            self.faults.append(fault)
        print(fault, flush=True)

    def paced(self, per_second: float, action: Action) -> None:
        """Does something so many times a second, as far as it can."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        due = time.monotonic()
        while self.goes_on():
            try:
                action(connection)
            except (BrokenPipeError, http.client.RemoteDisconnected):
                # It waited for longer than `--header-timeout`; the next request opens another.
                self.note("reconnected")
                connection.close()
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.fault(repr(error))
                connection.close()
            due = max(due + 1 / per_second, time.monotonic() - LATE)
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    def picture(self) -> Path:
        """A picture that nobody has seen."""
        with self.lock:
            number = next(self.numbers)
        path = self.folder / f"{number}.png"
        safety.picture(path, number, 64)
        return path

    def ask(self, connection: http.client.HTTPConnection, photo: bytes) -> None:
        """Checks a photograph."""
        began = time.perf_counter()
        connection.request("POST", "/v1/check", photo)
        answer = connection.getresponse()
        answer.read()
        with self.lock:
            self.times.append(time.perf_counter() - began)
        self.note("checked" if answer.status == 200 else "busy")

    def remember(self, connection: http.client.HTTPConnection) -> None:
        """Checks a new picture and has it remembered in the same call."""
        path = self.picture()
        data = path.read_bytes()
        path.unlink()
        connection.request("POST", "/v1/check?seller=lotus", data)
        answer = connection.getresponse()
        answer.read()
        self.note("remembered" if answer.status == 200 else "busy")
        if answer.status == 200:
            with self.lock:
                self.remembered.append(data)

    def write(self, connection: http.client.HTTPConnection) -> None:
        """Another process adds pictures and removes others, its own and those that the service
        remembered; one of each is looked for.
        """
        paths = [self.picture() for _ in range(ADDED * EVERY)]
        listed = self.folder / "listed.csv"
        listed.write_text("file,seller\n" + "".join(f"{path.name},anna\n" for path in paths))
        self.run("index", "add", self.index, listed, "--wait", "20")
        self.note("added", len(paths))
        photos = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        took = self.until(connection, photos[-1], found=True)
        with self.lock:
            self.found_after.append(took)
            old, self.remembered = self.remembered, []
        out = (photos[: len(photos) // 2] + old)[: REMOVED * EVERY]
        digests = [hashlib.sha256(photo).hexdigest() for photo in out]
        options = [word for digest in digests for word in ("--sha256", digest)]
        self.run("index", "remove", self.index, *options)
        self.note("removed", len(digests))
        took = self.until(connection, out[-1], found=False)
        with self.lock:
            self.gone_after.append(took)

    def until(self, connection: http.client.HTTPConnection, photo: bytes, found: bool) -> float:
        """Seconds until the service knows a picture, or knows it no more."""
        began = time.perf_counter()
        while self.is_found(connection, photo) != found:
            if time.perf_counter() - began > FOUND_WITHIN:
                self.fault(f"after {FOUND_WITHIN} s, found is not {found}")
                break
            time.sleep(0.02)
        return time.perf_counter() - began

    def is_found(self, connection: http.client.HTTPConnection, photo: bytes) -> bool | None:
        """Whether the service knows a picture's bytes by now; nothing where it is busy. Others may
        look like it: one in eight of these pictures matches another by its descriptor.
        """
        connection.request("POST", "/v1/check", photo)
        answer = connection.getresponse()
        record = json.loads(answer.read())
        if answer.status != 200:
            return None
        return any(match["method"] == "sha256" for match in record["matches"])

    def run(self, *words: object) -> None:
        """Runs the program; a writer that is busy is asked again."""
        for _ in range(200):
            done = safety.faunalens(*words)
            if done.returncode == 0:
                return
            if "another process" not in done.stderr:
                break
        self.fault(f"{words[1]}: exit {done.returncode}: {done.stderr[-200:]}")

    def row(self, minute: int, process: int, used: float) -> dict:
        """A minute's line."""
        with self.lock:
            times, found, gone = self.times, self.found_after, self.gone_after
            self.times, self.found_after, self.gone_after = [], [], []
            return {
                "minute": minute,
                **self.done,
                "p50_ms": f"{statistics.median(times) * 1e3:.1f}" if times else "",
                "p99_ms": f"{p99(times):.1f}",
                "found_after_s": f"{max(found):.3f}" if found else "",
                "gone_after_s": f"{max(gone):.3f}" if gone else "",
                "rss_mib": f"{memory_mib(process):.1f}",
                "anonymous_mib": f"{memory_mib(process, 'RssAnon'):.1f}",
                "cpu_s": f"{used:.1f}",
                "faults": len(self.faults),
            }


def main() -> None:
    """Runs for the time asked, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--checks", type=float, default=50, help="a second")
    parser.add_argument("--binary", type=Path, default=safety.BINARY)
    parser.add_argument("--out", type=Path, default=Path("eval/serve/soak.csv"))
    options = parser.parse_args()
    safety.BINARY = options.binary.resolve()
    photos = [path.read_bytes() for path in sorted(options.photos.iterdir())[:400]]
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as name:
        index = Path(name) / "index"
        shutil.copytree(options.index, index)
        with running(serving(safety.BINARY, index), PORT) as process:
            company = Company(Path(name), index, options.minutes)
            turn = itertools.cycle(photos)
            each = options.checks / ASKERS

            def ask(connection: http.client.HTTPConnection) -> None:
                with company.lock:
                    photo = next(turn)
                company.ask(connection, photo)

            work = [(each, ask)] * ASKERS
            work += [(REMEMBERED / REMEMBERERS, company.remember)] * REMEMBERERS
            work.append((1 / EVERY, company.write))
            threads = [threading.Thread(target=company.paced, args=one) for one in work]
            for thread in threads:
                thread.start()
            minute, before = 0, cpu_of(process)
            while company.goes_on():
                time.sleep(min(60.0, max(0.0, company.end - time.monotonic()) + 0.01))
                minute, now = minute + 1, cpu_of(process)
                rows.append(company.row(minute, process, now - before))
                before = now
                print(rows[-1], flush=True)
            for thread in threads:
                thread.join()
        verified = safety.faunalens("index", "verify", index)
        if verified.returncode != 0:
            company.fault(verified.stderr)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.exit(bool(company.faults))


if __name__ == "__main__":
    main()
