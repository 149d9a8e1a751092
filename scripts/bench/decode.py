"""Decoded pixels beside Pillow's and libvips's, file by file; see `scripts/bench/decode`."""

import argparse
import csv
import hashlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bench.decode_report import COLUMNS, summary, write_table

ROOT = Path(__file__).resolve().parent.parent.parent
LEVELS = 2  # pictures are the same up to this difference of a channel
SECONDS = 30  # for one file in one decoder
# What surely holds no picture, whatever a decoder makes of it.
NO_PICTURES = frozenset(
    ".am .asm .bat .c .cc .cmake .cpp .cs .gitignore .go .h .html .in .java .js .json .md .mp3 "
    ".mp4 .mov .otf .py .pyi .rs .rst .sh .svg .toml .ttf .txt .wav .xml .yaml .yml".split()
)
# Formats by their first bytes; what starts otherwise is named by its suffix.
SIGNATURES = (
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (8, b"WEBP", "webp"),
    (0, b"GIF8", "gif"),
    (0, b"BM", "bmp"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"II+\0", "tiff"),
    (0, b"MM\0+", "tiff"),
    (4, b"ftypavi", "avif"),
    (4, b"ftyphe", "heic"),
    (4, b"ftypmif1", "heic"),
    (4, b"ftypmsf1", "heic"),
    (0, b"\xff\x0a", "jxl"),
    (0, b"\0\0\0\x0cJXL ", "jxl"),
)


class Decoder:
    """A process that answers paths with pixels, started anew when it hangs or dies."""

    def __init__(self, *command: object) -> None:
        self.command = [str(word) for word in command]
        self.process: subprocess.Popen | None = None

    def decode(self, path: Path) -> tuple[dict, np.ndarray | None]:
        """What the process says of a file, and its pixels (H, W, 3)."""
        if self.process is None:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        deadline = time.monotonic() + SECONDS
        try:
            self.process.stdin.write(os.fsencode(path) + b"\n")
            data = bytearray()
            while b"\n" not in data:
                data += self._some(deadline)
            line, _, data = data.partition(b"\n")
            head = json.loads(line)
            if "error" in head:
                return head, None
            shape = (head["height"], head["width"], 3)
            missing = shape[0] * shape[1] * 3 - len(data)
            while missing > 0:
                some = self._some(deadline)
                data += some
                missing -= len(some)
            return head, np.frombuffer(data, np.uint8).reshape(shape)
        except TimeoutError:
            return self._failed("hang", f"no answer in {SECONDS} s"), None
        except (BrokenPipeError, EOFError):
            self.process.wait()
            return self._failed("crash", f"exit {self.process.returncode}"), None

    def _some(self, deadline: float) -> bytes:
        pipe = self.process.stdout
        if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        if not (some := os.read(pipe.fileno(), 1 << 20)):
            raise EOFError
        return some

    def _failed(self, kind: str, message: str) -> dict:
        self.process.kill()
        self.process.wait()
        self.process = None
        return {"error": {"kind": kind, "message": message}}


class Cache:
    """A reference's answers kept in a folder: it doesn't change while ours does."""

    def __init__(self, decoder: Decoder, folder: Path | None) -> None:
        self.decoder, self.folder = decoder, folder

    def decode(self, path: Path) -> tuple[dict, np.ndarray | None]:
        """What the decoder says of a file, from the folder if it was asked before."""
        if self.folder is None:
            return self.decoder.decode(path)
        key = hashlib.sha256(f"{self.decoder.command}{path}".encode(errors="replace")).hexdigest()
        kept = self.folder / f"{key}.npz"
        if kept.exists():
            with np.load(kept) as file:
                head = json.loads(str(file["head"]))
                return head, file["pixels"] if "pixels" in file else None
        head, pixels = self.decoder.decode(path)
        arrays = {} if pixels is None else {"pixels": pixels}
        np.savez(kept, head=np.array(json.dumps(head)), **arrays)
        return head, pixels


def sniff(path: Path) -> str:
    """The format by the first bytes, else by the suffix."""
    with open(path, "rb") as file:
        start = file.read(16)
    for offset, signature, name in SIGNATURES:
        if start[offset:].startswith(signature):
            return name
    return path.suffix.lower()


def difference(a: np.ndarray | None, b: np.ndarray | None) -> tuple[int, float] | None:
    """Largest and mean difference of a channel; nothing where sizes differ."""
    if a is None or b is None or a.shape != b.shape:
        return None
    gaps = np.maximum(a, b) - np.minimum(a, b)
    return int(gaps.max()), float(gaps.mean())


def as_small(pixels: np.ndarray | None, head: dict) -> np.ndarray | None:
    """A reference's pixels averaged down as far as ours are."""
    if pixels is None or "declared" not in head or head["declared"][0] == head["width"]:
        return pixels
    factor = -(-head["declared"][0] // head["width"])
    return np.asarray(Image.fromarray(pixels).reduce(factor))


def verdict(
    gaps: Sequence[tuple[int, float] | None],
    references: Sequence[np.ndarray | None],
    ours: np.ndarray | None,
) -> str:
    """What the differences between references, to Pillow and to libvips say."""
    read = sum(pixels is not None for pixels in references)
    if read == 0:
        return "ours alone" if ours is not None else "nobody"
    if read == 1:
        if ours is None:
            return "one reference, refused"
        near = any(gap and gap[0] <= LEVELS for gap in gaps[1:])
        return "one reference, same" if near else "one reference, different"
    if gaps[0] is None or gaps[0][0] > LEVELS:
        if ours is None:
            return "references disagree, refused"
        near = any(gap and gap[0] <= LEVELS for gap in gaps[1:])
        return "references disagree, same as one" if near else "references disagree, like neither"
    if ours is None:
        return "refused"
    return "same" if all(gap and gap[0] <= LEVELS for gap in gaps[1:]) else "different"


def compare(
    suites: Sequence[Path], only: frozenset[str], binary: Path, cache: Path | None
) -> Iterator[dict]:
    """A row per picture of the suites."""
    reference = (sys.executable, "-m", "bench.decode_references")
    decoders = [Cache(Decoder(*reference, name), cache) for name in ("pillow", "libvips")]
    decoders.append(Decoder(binary))
    for suite in suites:
        for path in sorted(path for path in suite.rglob("*") if path.is_file()):
            form = sniff(path)
            if form in NO_PICTURES or "\n" in str(path) or (only and form not in only):
                continue
            (pillow, first), (libvips, second), (head, ours) = (
                decoder.decode(path) for decoder in decoders
            )
            gaps = [
                difference(first, second),
                difference(as_small(first, head), ours),
                difference(as_small(second, head), ours),
            ]
            found = verdict(gaps, (first, second), ours)
            if found == "different" and head["declared"][0] % head["width"]:
                found = "reduced by a fraction, not compared"
            error = head.get("error", {})
            known = form in {name for _, _, name in SIGNATURES}
            if found == "nobody" and not known:
                continue
            sizes = [
                "" if pixels is None else f"{pixels.shape[1]}x{pixels.shape[0]}"
                for pixels in (first, second, ours)
            ]
            numbers = [
                number
                for gap in gaps
                for number in (("", "") if gap is None else (gap[0], f"{gap[1]:.3f}"))
            ]
            errors = [
                said.get("error", {}).get(part, "")
                for said, part in ((pillow, "kind"), (libvips, "kind"), (head, "kind"))
            ]
            yield dict(
                zip(
                    COLUMNS,
                    [suite.name, str(path.relative_to(suite)), form.lstrip("."), found]
                    + [*sizes, *numbers, *errors, error.get("message", "")]
                    + [" ".join(head.get("marks", [])), f"{head.get('seconds', 0):.3f}"],
                )
            )


def main() -> None:
    """Compare and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", type=Path, nargs="+")
    parser.add_argument("--only", default="", help="formats, such as jpeg,tiff")
    parser.add_argument("--out", type=Path, default=ROOT / "eval/photo/decode.csv")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/examples/pixels")
    parser.add_argument("--cache", type=Path, help="keep what the references gave in this folder")
    options = parser.parse_args()
    only = frozenset(filter(None, options.only.split(",")))
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in compare(options.suites, only, options.binary, options.cache):
        rows.append(row)
        if len(rows) % 100 == 0:
            print(f"{len(rows)} files", file=sys.stderr, flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_table(options.out, rows)
    totals = summary(rows)
    write_table(options.out.with_name(f"{options.out.stem}-summary.csv"), totals)
    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    out.writerow(totals[0])
    out.writerows(row.values() for row in totals)


if __name__ == "__main__":
    main()
