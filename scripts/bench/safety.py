"""What the safety studies share: pictures to write, an index to look into, and the writers that are
killed or run out of disk.
"""

import csv
import json
import random
import shutil
import sqlite3
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = ROOT / "target/release/faunalens"
PICTURES = 120
HASHES = 20_000
REMOVED = 40  # pictures that the remover takes out


def write_table(name: str, rows: Sequence[dict]) -> None:
    """Rows of equal keys as eval/safety/NAME."""
    folder = ROOT / "eval/safety"
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def picture(path: Path, seed: int, side: int = 96) -> None:
    """Writes a PNG of coloured blocks that no other seed gives."""
    moments = random.Random(seed)
    blocks = [[moments.randbytes(3) for _ in range(8)] for _ in range(8)]
    rows = []
    for y in range(side):
        line = b"".join(blocks[y * 8 // side][x * 8 // side] for x in range(side))
        rows.append(b"\0" + line)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )


def faunalens(*words: object, **more: object) -> subprocess.CompletedProcess:
    """Runs the program to its end."""
    command = [str(word) for word in (BINARY, *words)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **more)


class Stored:
    """What an index holds, read beside the program."""

    def __init__(self, index: Path) -> None:
        db = sqlite3.connect(f"file:{index / 'faunalens.sqlite'}?mode=ro", uri=True)
        held = "removed_at IS NULL"
        self.files = {
            row[0].hex() for row in db.execute(f"SELECT sha256 FROM image WHERE {held}") if row[0]
        }
        self.pictures = db.execute(f"SELECT count(*) FROM image WHERE {held}").fetchone()[0]
        self.sightings, self.distinct = db.execute(
            "SELECT count(*), count(DISTINCT file || seller || listing) FROM sighting"
        ).fetchone()
        db.close()


def index_faults(index: Path) -> list[str]:
    """What is wrong with an index whose writer was stopped at any moment."""
    if not (index / "faunalens.sqlite").exists():
        return []
    verified = faunalens("index", "verify", index)
    if verified.returncode != 0:
        words = verified.stderr.strip()
        # Stopped before its first commit, there is no index yet, and the program says so.
        return [] if "no index" in words or "init" in words else [words]
    stored = Stored(index)
    return [] if stored.sightings == stored.distinct else ["a sighting is stored twice"]


class Crawl:
    """Pictures, a list of hashes, and an index of both, made once."""

    def __init__(self, folder: Path) -> None:
        self.photos = folder / "photos"
        self.photos.mkdir(parents=True)
        for number in range(PICTURES):
            picture(self.photos / f"{number:04}.png", number)
        self.manifest = folder / "listings.csv"
        lines = [f"photos/{n:04}.png,shop {n % 7},listing {n}" for n in range(PICTURES)]
        self.manifest.write_text("file,seller,listing\n" + "\n".join(lines) + "\n")
        self.list = folder / "hashes.txt"
        digits = random.Random(1)
        self.list.write_text("".join(f"pdq {digits.randbytes(32).hex()}\n" for _ in range(HASHES)))
        self.index = folder / "index"
        require(faunalens("index", "add", self.index, self.manifest))
        self.stored = Stored(self.index)


def require(done: subprocess.CompletedProcess) -> subprocess.CompletedProcess:
    """The run, if it ended well."""
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(done.args)}: exit {done.returncode}: {done.stderr.strip()}")
    return done


class Writer:
    """A command that writes into `place`; how it begins, and what must hold when it is stopped."""

    def __init__(self, name: str, crawl: Crawl, place: Path) -> None:
        self.name, self.crawl, self.place = name, crawl, place

    def begin(self) -> None:
        """Makes the place as it is before the command."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)

    def command(self) -> list[object]:
        """The words behind the program's name."""
        raise NotImplementedError

    def stopped(self) -> list[str]:
        """What is wrong after the command was stopped."""
        return []

    def finished(self) -> list[str]:
        """What is wrong after the same command ran once more, to its end."""
        return []


def faults_of(writer: Writer) -> list[str]:
    """What is wrong after a stop, and after the same command ran once more."""
    faults = writer.stopped()
    again = faunalens(*writer.command())
    if again.returncode != 0:
        faults.append(f"run again: exit {again.returncode}: {again.stderr.strip()}")
    return faults + writer.finished()


class Scan(Writer):
    """`scan`, with a file of rows and, if asked, an index."""

    def __init__(self, form: str, remembers: bool, crawl: Crawl, place: Path) -> None:
        super().__init__(f"scan {form}{' index' if remembers else ''}", crawl, place)
        self.out, self.remembers = place / f"rows.{form}", remembers

    def command(self) -> list[object]:
        """Scans the manifest."""
        words = ["scan", self.crawl.manifest, "--out", self.out, "--quiet"]
        return [*words, "--index", self.place / "index"] if self.remembers else words

    def rows(self) -> list[dict]:
        """The whole rows; the last may be torn."""
        text = self.out.read_bytes().decode(errors="replace") if self.out.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if self.out.suffix == ".csv":
            return list(csv.DictReader(whole.splitlines()))
        return [json.loads(line) for line in whole.splitlines()]

    def stopped(self) -> list[str]:
        """Whole rows are the first of the manifest, each in the index that is to remember it."""
        faults = index_faults(self.place / "index") if self.remembers else []
        if self.out.suffix == ".parquet":
            return faults
        rows = self.rows()
        if [row["file"] for row in rows] != [f"photos/{n:04}.png" for n in range(len(rows))]:
            faults.append("rows are lost, doubled or out of order")
        if self.remembers and rows:
            stored = Stored(self.place / "index").files
            faults += [
                f"{row['file']} is reported, not stored"
                for row in rows
                if row["sha256"] not in stored
            ]
        return faults

    def finished(self) -> list[str]:
        """All rows, all pictures."""
        faults = self.stopped()
        if self.out.suffix == ".parquet":
            data = self.out.read_bytes()
            if data[:4] != b"PAR1" or data[-4:] != b"PAR1":
                faults.append("no whole Parquet file")
            if sorted(self.place.glob("rows.*")) != [self.out]:
                faults.append("something is left beside the Parquet file")
        elif len(self.rows()) != PICTURES:
            faults.append(f"{len(self.rows())} rows")
        if self.remembers:
            faults += missing(self.place / "index", self.crawl.stored.files)
        return faults


def missing(index: Path, files: set[str]) -> list[str]:
    """Whether the index holds just these files."""
    held = Stored(index).files
    return [] if held == files else [f"{len(files - held)} missing, {len(held - files)} too many"]


class Add(Writer):
    """`index add`."""

    def command(self) -> list[object]:
        """Adds the manifest."""
        return ["index", "add", self.place / "index", self.crawl.manifest]

    def stopped(self) -> list[str]:
        """The index is sound."""
        return index_faults(self.place / "index")

    def finished(self) -> list[str]:
        """It holds all pictures, once."""
        return self.stopped() + missing(self.place / "index", self.crawl.stored.files)


class OnIndex(Writer):
    """A command on a copy of the crawl's index."""

    def begin(self) -> None:
        """Copies the index."""
        super().begin()
        shutil.copytree(self.crawl.index, self.place / "index")

    def stopped(self) -> list[str]:
        """The index is sound."""
        return index_faults(self.place / "index")


class Import(OnIndex):
    """`index import`."""

    def command(self) -> list[object]:
        """Imports the list."""
        words = ["index", "import", self.place / "index", self.crawl.list]
        return [*words, "--form", "threatexchange", "--name", "partner"]

    def finished(self) -> list[str]:
        """All hashes are there beside the pictures, once."""
        stored = Stored(self.place / "index")
        right = stored.pictures == PICTURES + HASHES
        return self.stopped() + ([] if right else [f"{stored.pictures} pictures"])


class Remove(OnIndex):
    """`index remove`."""

    def __init__(self, name: str, crawl: Crawl, place: Path) -> None:
        super().__init__(name, crawl, place)
        self.gone = sorted(crawl.stored.files)[:REMOVED]

    def command(self) -> list[object]:
        """Removes some pictures."""
        words: list[object] = ["index", "remove", self.place / "index"]
        for digest in self.gone:
            words += ["--sha256", digest]
        return words

    def finished(self) -> list[str]:
        """The others are left."""
        return self.stopped() + missing(
            self.place / "index", self.crawl.stored.files - set(self.gone)
        )


class Compact(OnIndex):
    """`index compact`."""

    def command(self) -> list[object]:
        """Compacts."""
        return ["index", "compact", self.place / "index"]

    def stopped(self) -> list[str]:
        """Nothing is lost at any moment."""
        return super().stopped() + missing(self.place / "index", self.crawl.stored.files)

    def finished(self) -> list[str]:
        """Nothing is lost."""
        return self.stopped()


class Remember(Writer):
    """`check --remember`."""

    def begin(self) -> None:
        """Makes an empty index."""
        super().begin()
        require(faunalens("index", "init", self.place / "index"))

    def command(self) -> list[object]:
        """Checks and remembers the pictures."""
        photos = sorted(self.crawl.photos.iterdir())
        words = ["check", "--index", self.place / "index", "--remember", "--seller", "a", "--"]
        return [*words, *photos]

    def stopped(self) -> list[str]:
        """The index is sound."""
        return index_faults(self.place / "index")

    def finished(self) -> list[str]:
        """It holds all pictures, once."""
        return self.stopped() + missing(self.place / "index", self.crawl.stored.files)


def writers(crawl: Crawl, place: Path) -> list[Writer]:
    """Every command that writes."""
    return [
        Scan("jsonl", False, crawl, place),
        Scan("csv", False, crawl, place),
        Scan("parquet", False, crawl, place),
        Scan("jsonl", True, crawl, place),
        Add("index add", crawl, place),
        Import("index import", crawl, place),
        Remove("index remove", crawl, place),
        Compact("index compact", crawl, place),
        Remember("check remember", crawl, place),
    ]
