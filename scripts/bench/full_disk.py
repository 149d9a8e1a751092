"""Every writer on a disk that fills up; see `scripts/bench/full_disk`."""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import safety

ROOM = 256  # MiB of the disk that is large enough


class Disk:
    """A tmpfs whose size changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}m", "disk", folder], check=True)

    def resize(self, kib: int) -> None:
        """Gives the disk this size."""
        option = f"remount,size={kib}k"
        subprocess.run(["mount", "-o", option, self.folder], check=True)

    def used_kib(self) -> int:
        """KiB in use."""
        words = ["df", "-k", "--output=used", self.folder]
        return int(subprocess.run(words, capture_output=True, text=True).stdout.split()[-1])


def study(writer: safety.Writer, disk: Disk, times: int, moments: random.Random) -> list[dict]:
    """Fills the disk up under one writer so many times, each time from the beginning."""
    disk.resize(ROOM * 1024)
    writer.begin()
    before = disk.used_kib()
    safety.require(safety.faunalens(*writer.command()))
    after = max(disk.used_kib(), before + 64)
    rows = []
    for number in range(times):
        disk.resize(ROOM * 1024)
        writer.begin()
        room = int(moments.uniform(4, after - before))
        disk.resize(disk.used_kib() + room)
        full = safety.faunalens(*writer.command())
        faults = []
        if full.returncode not in (0, 1, 2):
            faults.append(f"exit {full.returncode}")
        if "panicked" in full.stderr:
            faults.append("a panic")
        named = str(writer.place) in full.stderr
        if full.returncode != 0 and not named:
            faults.append(f"names no file: {full.stderr.strip()}")
        disk.resize(ROOM * 1024)
        faults += safety.faults_of(writer)
        row = {"writer": writer.name, "trial": number, "room_kib": room}
        row |= {"exit": full.returncode, "faults": "; ".join(faults)}
        rows.append(row)
    return rows


def main() -> None:
    """Fill, look, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=20)
    parser.add_argument("--binary", type=Path, default=safety.BINARY)
    options = parser.parse_args()
    safety.BINARY = options.binary.resolve()
    moments = random.Random(7)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        crawl = safety.Crawl(Path(folder) / "crawl")
        disk = Disk(Path(folder) / "disk")
        for writer in safety.writers(crawl, disk.folder / "place"):
            rows += study(writer, disk, options.times, moments)
            own = [row for row in rows if row["writer"] == writer.name]
            full = sum(row["exit"] == 2 for row in own)
            bad = sum(bool(row["faults"]) for row in own)
            print(f"{writer.name}: {len(own)} times, {full} full, {bad} bad", flush=True)
        subprocess.run(["umount", disk.folder], check=False)
    safety.write_table("full_disk.csv", rows)
    sys.exit(any(row["faults"] for row in rows))


if __name__ == "__main__":
    main()
