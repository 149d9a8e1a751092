"""Writers and readers on one index for an hour; see `scripts/bench/soak`."""

import argparse
import hashlib
import itertools
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench import safety
from bench.measure import memory_mib

WRITERS, READERS = 4, 4
FEED_PER_S = 20  # pictures a second that the endless scan is given
PATIENCE_S = 120  # how long a writer waits for its turn
PAUSE_S = 1.0  # between two turns of a writer or a reader


class Soak:
    """What is stored by whom, and what went wrong."""

    def __init__(self, folder: Path, minutes: float) -> None:
        self.folder, self.index = folder, folder / "index"
        self.end = time.monotonic() + 60 * minutes
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.reported: set[str] = set()  # SHA-256 of what a writer said it stored
        self.faults: list[str] = []
        self.done = {"added": 0, "removed": 0, "asked": 0, "scanned": 0}

    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.end

    def note(self, what: str, count: int = 1) -> None:
        """Counts something that was done."""
        with self.lock:
            self.done[what] += count

    def fault(self, done: subprocess.CompletedProcess) -> None:
        """Keeps what went wrong."""
        words = " ".join(done.args[1:3])
        with self.lock:
            self.faults.append(f"{words}: exit {done.returncode}: {done.stderr.strip()[-300:]}")

    def pictures(self, folder: Path, count: int) -> dict[str, Path]:
        """New pictures by their SHA-256."""
        made = {}
        for _ in range(count):
            with self.lock:
                number = next(self.numbers)
            path = folder / f"{number}.png"
            safety.picture(path, 1_000_000 + number, 64)
            made[hashlib.sha256(path.read_bytes()).hexdigest()] = path
        return made

    def write(self, name: str) -> None:
        """Adds twenty pictures, now and then takes five away again."""
        folder = self.folder / name
        folder.mkdir()
        for turn in itertools.count():
            if not self.goes_on():
                return
            made = self.pictures(folder, 20)
            words = ["index", "add", self.index, folder, "--wait", PATIENCE_S]
            added = safety.faunalens(*words)
            if added.returncode != 0:
                self.fault(added)
            else:
                with self.lock:
                    self.reported |= made.keys()
                self.note("added", len(made))
            for path in made.values():
                path.unlink()
            if turn % 4 == 3:
                self.remove(sorted(made)[:5])
            time.sleep(PAUSE_S)

    def remove(self, gone: list[str]) -> None:
        """Removes pictures; a writer that is busy is asked again."""
        options = [word for digest in gone for word in ("--sha256", digest)]
        while True:
            removed = safety.faunalens("index", "remove", self.index, *options)
            if removed.returncode == 0:
                with self.lock:
                    self.reported -= set(gone)
                return self.note("removed", len(gone))
            if "another" not in removed.stderr:
                return self.fault(removed)

    def read(self, name: str) -> None:
        """Asks for a picture, looks at the figures."""
        folder = self.folder / name
        folder.mkdir()
        path = next(iter(self.pictures(folder, 1).values()))
        while self.goes_on():
            for words in (["query", self.index, path], ["stats", self.index, "--json"]):
                asked = safety.faunalens("index", *words)
                if asked.returncode != 0:
                    self.fault(asked)
            self.note("asked", 2)
            time.sleep(PAUSE_S)

    def scan(self, rows: list[dict]) -> None:
        """One scan that is fed pictures to the end; its memory, once a minute."""
        folder = self.folder / "fed"
        folder.mkdir()
        words = ["scan", "-", "--out", self.folder / "rows.jsonl", "--quiet"]
        command = [str(word) for word in (safety.BINARY, *words)]
        paths = [str(path) for path in self.pictures(folder, 500).values()]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as child:
            minute = -1
            for number in itertools.count():
                if not self.goes_on():
                    break
                print(paths[number % len(paths)], file=child.stdin, flush=True)
                self.note("scanned")
                time.sleep(1 / FEED_PER_S)
                left = int((self.end - time.monotonic()) // 60)
                if left != minute:
                    minute = left
                    rows.append(self.row(child.pid))
            child.stdin.close()
            if child.wait() not in (0, 1):
                self.faults.append(f"scan: exit {child.returncode}")

    def row(self, process: int) -> dict:
        """Where things stand."""
        size = sum(path.stat().st_size for path in self.index.rglob("*") if path.is_file())
        with self.lock:
            return {
                "left_s": round(self.end - time.monotonic()),
                **self.done,
                "scan_rss_mib": round(memory_mib(process), 1),
                "index_mib": round(size / 2**20, 1),
                "faults": len(self.faults),
            }


def main() -> None:
    """Soak, look, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--binary", type=Path, default=safety.BINARY)
    options = parser.parse_args()
    safety.BINARY = options.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.minutes)
        safety.require(safety.faunalens("index", "init", soak.index))
        rows: list[dict] = []
        threads = [threading.Thread(target=soak.scan, args=(rows,))]
        for number in range(WRITERS):
            threads.append(threading.Thread(target=soak.write, args=(f"writer-{number}",)))
        for number in range(READERS):
            threads.append(threading.Thread(target=soak.read, args=(f"reader-{number}",)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        faults = soak.faults + safety.index_faults(soak.index)
        held = safety.Stored(soak.index).files
        if held != soak.reported:
            faults.append(f"{len(soak.reported - held)} lost, {len(held - soak.reported)} too many")
    if rows:
        safety.write_table("soak.csv", rows)
    for fault in faults:
        print(fault)
    print(f"{soak.done}, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
