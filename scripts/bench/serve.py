"""A resident service beside what it replaces; see `scripts/bench/serve`."""

import argparse
import csv
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.measure import memory_mib

PORT, PYTHON_PORT = 7411, 7412
COLUMNS = ("round", "what", "setting", "per_second", "p50_ms", "p99_ms", "cpu_s", "photos", "note")
# Sends the photographs one after another, each connection from another place of the list.
LUA = """
local files = {}
for line in io.lines("LIST") do
  local file = io.open(line, "rb"); files[#files + 1] = file:read("*a"); file:close()
end
local started = 0
function setup(thread) thread:set("offset", started); started = started + 37 end
local at = 0
function request()
  at = at + 1
  return wrk.format("POST", "/v1/check", nil, files[(at + offset) % #files + 1])
end
"""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--photos", type=int, default=400, help="of a scan")
    parser.add_argument("--binary", type=Path, default=Path("target/release/faunalens"))
    parser.add_argument("--index", type=Path, help="an index to look into as well")
    parser.add_argument("--requests", type=int, help="how many more to ask, for the memory")
    parser.add_argument("--python", help="an interpreter with uvicorn and the rest")
    parser.add_argument("--out", type=Path, default=Path("eval/serve/serve.csv"))
    return parser.parse_args()


def cpu_of(pid: int) -> float:
    """Seconds of all cores that a process and its children have used."""
    total = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    pids = [pid]
    while pids:
        current = pids.pop()
        with suppress(OSError):
            fields = Path(f"/proc/{current}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / tick
            children = Path(f"/proc/{current}/task/{current}/children").read_text()
            pids += [int(child) for child in children.split()]
    return total


def serving(binary: Path, index: Path | None = None) -> list[str]:
    """The command of the service, which logs no request."""
    command = ["env", "RUST_LOG=warn", str(binary), "serve", "--listen", f"127.0.0.1:{PORT}"]
    return [*command, "--index", str(index)] if index else command


@contextmanager
def running(command: list[str], port: int, cwd: str | None = None) -> Iterator[int]:
    """A service, from when it listens to its end; gives its process number."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd
    )
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.1)
    time.sleep(1)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wrk(port: int, script: Path, connections: int, seconds: int) -> dict[str, float]:
    """Answers a second, and times in milliseconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    text = subprocess.run(
        [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
    ).stdout
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}

    def percentile(name: str) -> float:
        found = re.search(rf"{name}%\s+([\d.]+)(us|ms|s|m)", text)
        return float(found.group(1)) * unit[found.group(2)] if found else float("nan")

    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {
        "per_second": float(rate.group(1)) if rate else 0.0,
        "p50_ms": percentile("50"),
        "p99_ms": percentile("99"),
        "refused": float(refused.group(1)) if refused else 0.0,
    }


def flood(photos: list[bytes], rate: float, seconds: int) -> tuple[list[float], list[float]]:
    """Asks at a fixed rate, whatever comes back; times of answers and of refusals, in seconds."""
    answered: list[float] = []
    refused: list[float] = []
    connections = 64
    start = time.perf_counter() + 0.2

    def ask(number: int) -> None:
        stream = socket.create_connection(("127.0.0.1", PORT))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        count = 0
        while True:
            due = start + (count * connections + number) / rate
            if due > start + seconds:
                stream.close()
                return
            time.sleep(max(0.0, due - time.perf_counter()))
            photo = photos[(count * connections + number) % len(photos)]
            head = f"POST /v1/check HTTP/1.1\r\nhost: a\r\ncontent-length: {len(photo)}\r\n\r\n"
            asked = time.perf_counter()
            stream.sendall(head.encode() + photo)
            text = b""
            while b"\r\n\r\n" not in text:
                text += stream.recv(65536)
            found = re.search(rb"content-length: (\d+)", text)
            body = int(found.group(1)) if found else 0
            missing = body - (len(text) - text.index(b"\r\n\r\n") - 4)
            while missing > 0:
                missing -= len(stream.recv(65536))
            took = time.perf_counter() - asked
            (answered if text.startswith(b"HTTP/1.1 200") else refused).append(took)
            count += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered, refused


def p99(times: list[float]) -> float:
    """The 99th percentile, in milliseconds."""
    return sorted(times)[int(0.99 * (len(times) - 1))] * 1e3 if times else float("nan")


def alone(photos: list[bytes]) -> list[float]:
    """The time of each photograph, asked one after another over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    times = []
    for photo in photos:
        began = time.perf_counter()
        connection.request("POST", "/v1/check", photo)
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    connection.close()
    return times


def spawned(
    binary: Path, photos: list[Path], setting: list[str], shells: int = 2
) -> tuple[float, list[float]]:
    """Photos a second of shells that start `check` for each, and the time of each."""
    times: list[float] = []

    def loop(part: list[Path]) -> None:
        for photo in part:
            began = time.perf_counter()
            command = [str(binary), "check", "--json", *setting, str(photo)]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    parts = [photos[k::shells] for k in range(shells)]
    threads = [threading.Thread(target=loop, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(photos) / (time.perf_counter() - began), times


def lookups(
    number: int, row: Callable[..., None], binary: Path, index: Path, photos: list[bytes]
) -> None:
    """The same photographs without an index, with an empty one, and with one, one at a time."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        subprocess.run([str(binary), "index", "init", str(empty)], capture_output=True, check=True)
        places = {"none": None, "an empty index": empty, f"the index {index.name}": index}
        times: dict[str, list[float]] = {name: [] for name in places}
        for name in [*places, *reversed(places)]:
            place = places[name]
            with running(serving(binary, place), PORT):
                alone(photos[:20])
                times[name] += alone(photos)
        names = list(places)
        for less, more in itertools.pairwise(names):
            pairs = zip(times[less], times[more], strict=True)
            over = statistics.median(b - a for a, b in pairs) * 1e3
            row(number, "serve", f"with {more}, over {less}", p50_ms=over)


def endurance(serve: list[str], script: Path, requests: int) -> list[dict[str, object]]:
    """Resident memory after a thousand requests and after many more."""
    rows: list[dict[str, object]] = []
    with running(serve, PORT) as pid:
        answered, seconds = 0.0, 2
        while answered < requests:
            answered += seconds * wrk(PORT, script, 8, seconds)["per_second"]
            if answered >= 1000 and (not rows or answered >= requests):
                note = f"{memory_mib(pid):.0f} MiB resident"
                rows.append({"what": "serve", "setting": f"{answered:.0f} requests", "note": note})
                seconds = 20
    return rows


def main() -> None:
    """Measures, round by round."""
    options = arguments()
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    files = files[: options.photos]
    if not files:
        raise SystemExit(f"{options.folder}: no photographs")
    scratch = Path(tempfile.mkdtemp())
    listing = scratch / "list"
    listing.write_text("".join(f"{path.resolve()}\n" for path in files))
    script = scratch / "post.lua"
    script.write_text(LUA.replace("LIST", str(listing)))
    binary = options.binary.resolve()
    serve = serving(binary)
    python = None
    if options.python:
        python = [options.python, "-m", "uvicorn", "--workers", "2", "--no-access-log"]
        python += ["--port", str(PYTHON_PORT), "bench.serve_python:app"]
    rows: list[dict[str, object]] = []

    def row(number: int, what: str, setting: str, **values: object) -> None:
        rows.append({"round": number, "what": what, "setting": setting, **values})
        print(json.dumps(rows[-1]), flush=True)

    photos = [path.read_bytes() for path in files]
    for number in range(1, options.rounds + 1):
        out = scratch / f"scan-{number}.jsonl"
        began = time.perf_counter()
        command = [str(binary), "scan", "-", "--out", str(out)]
        subprocess.run(command, input=listing.read_bytes(), capture_output=True, check=True)
        wall = time.perf_counter() - began
        row(number, "scan", "2 workers", per_second=len(files) / wall, photos=len(files))
        with running(serve, PORT) as pid:
            wrk(PORT, script, 2, 1)
            before = cpu_of(pid)
            full = wrk(PORT, script, 8, options.seconds)
            used = cpu_of(pid) - before
            note = f"{full.pop('refused'):.0f} refused"
            row(number, "serve", "8 connections", cpu_s=used, note=note, **full)
            times = alone(photos)
            median, slowest = statistics.median(times) * 1e3, p99(times)
            row(number, "serve", "one at a time", p50_ms=median, p99_ms=slowest)
            answered, _ = flood(photos, full["per_second"] / 2, options.seconds)
            median = statistics.median(answered) * 1e3
            rate = len(answered) / options.seconds
            row(
                number,
                "serve",
                "half the load",
                per_second=rate,
                p50_ms=median,
                p99_ms=p99(answered),
            )
            answered, refused = flood(photos, 2 * full["per_second"], options.seconds)
            row(
                number,
                "serve",
                "twice the load: answered",
                per_second=len(answered) / options.seconds,
                p50_ms=statistics.median(answered) * 1e3,
                p99_ms=p99(answered),
            )
            row(
                number,
                "serve",
                "twice the load: refused",
                per_second=len(refused) / options.seconds,
                p50_ms=statistics.median(refused) * 1e3 if refused else "",
                p99_ms=p99(refused),
            )
            server = ["--server", f"http://127.0.0.1:{PORT}"]
            rate, times = spawned(binary, files[:40], server)
            median = statistics.median(times) * 1e3
            row(number, "check --server", "2 at once", per_second=rate, p50_ms=median)
            some = len(files[:100])
            here = alone(photos[:some])
            _, there = spawned(binary, files[:some], server, shells=1)
            over = statistics.median(b - a for a, b in zip(here, there, strict=True)) * 1e3
            row(number, "check --server", "one at a time, over the request alone", p50_ms=over)
            before = cpu_of(pid)
            time.sleep(5)
            row(number, "serve", "idle for 5 s", cpu_s=cpu_of(pid) - before)
            row(number, "serve", "memory", note=f"{memory_mib(pid):.0f} MiB resident")
        if options.index:
            lookups(number, row, binary, options.index, photos)
        rate, times = spawned(binary, files[:40], [])
        row(number, "check", "2 at once", per_second=rate, p50_ms=statistics.median(times) * 1e3)
        if python:
            with running(python, PYTHON_PORT, cwd="scripts") as pid:
                wrk(PYTHON_PORT, script, 2, 1)
                full = wrk(PYTHON_PORT, script, 8, options.seconds)
                full.pop("refused")
                row(number, "python", "uvicorn, 2 workers, 8 connections", **full)
    if options.requests:
        rows += endurance(serve, script, options.requests)
        print(json.dumps(rows[-2:]), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for written in rows:
            shown = {k: f"{v:.2f}" if isinstance(v, float) else v for k, v in written.items()}
            writer.writerow(shown)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
