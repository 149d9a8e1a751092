"""The graph over descriptors against hnswlib and usearch: recall at 10 and time per question.

    .venv-bench/bin/python -m bench.index_descriptors [COUNT] [DIMENSION]

Writes eval/index/descriptors.csv. Unit vectors around 2,000 centres; one thread each, in one run.
The times of faunalens hold everything from the float vector to the ten rows ranked by the floats of
the database.
"""

import csv
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import hnswlib
import numpy
from usearch.index import Index

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "target/release/examples/index_bench"
WIDTHS = (16, 32, 48, 96, 192)


def unit(rows: numpy.ndarray) -> numpy.ndarray:
    """Rows [n, dimension] of unit length, float32."""
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)


def timed(ask: Callable[[numpy.ndarray], list], queries: numpy.ndarray) -> tuple[float, list]:
    """Median microseconds per question, which a busy machine disturbs least, and the answers."""
    times, answers = [], []
    for query in queries:
        start = time.perf_counter()
        answers.append(ask(query))
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times), answers


def main() -> None:
    """Build all three graphs, ask them, write the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    dimension = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    random = numpy.random.default_rng(5)
    centres = random.standard_normal((2000, dimension))

    def draw(n: int) -> numpy.ndarray:
        return unit(centres[random.integers(0, 2000, n)] + random.standard_normal((n, dimension)))

    stored, queries = draw(count), draw(1000)
    truth = [
        set(row) for row in numpy.argpartition(-(queries @ stored.T), 10, axis=1)[:, :10].tolist()
    ]

    def recall(answers: list) -> float:
        return sum(len(set(a) & t) for a, t in zip(answers, truth)) / (10 * len(truth))

    rows = []

    def report(library: str, width: int, build: float, us: float, answers: list) -> None:
        rows.append(
            {
                "library": library,
                "descriptors": count,
                "dimension": dimension,
                "width": width,
                "build_s": round(build, 1),
                "us_per_query": round(us, 1),
                "recall_at_10": round(recall(answers), 4),
            }
        )
        print(rows[-1], flush=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "stored").write_bytes(stored.tobytes())
        (folder / "queries").write_bytes(queries.tobytes())

        def run(*words: object) -> str:
            return subprocess.run(
                [BENCH, *map(str, words)], capture_output=True, text=True, check=True
            ).stdout

        built = next(
            csv.DictReader(
                run("describe", folder / "index", folder / "stored", dimension).splitlines()
            )
        )
        print(built)
        for width in WIDTHS:
            lines = run("nearest", folder / "index", folder / "queries", dimension, width).split()
            # Rows of the database start at 1, in the order of adding.
            answers = [[int(row) - 1 for row in line.split(",")] for line in lines[1:]]
            report("faunalens", width, float(built["graph_seconds"]), float(lines[0]), answers)
    start = time.perf_counter()
    library = hnswlib.Index("ip", dimension)
    library.init_index(count, M=16, ef_construction=160)
    library.set_num_threads(1)
    library.add_items(stored, num_threads=1)
    build = time.perf_counter() - start
    for width in WIDTHS:
        library.set_ef(width)
        report(
            "hnswlib",
            width,
            build,
            *timed(lambda query: library.knn_query(query, 10, num_threads=1)[0][0], queries),
        )
    start = time.perf_counter()
    other = Index(ndim=dimension, metric="ip", dtype="f32", connectivity=16, expansion_add=160)
    other.add(numpy.arange(count), stored, threads=1)
    build = time.perf_counter() - start
    for width in WIDTHS:
        other.expansion_search = width
        report(
            "usearch",
            width,
            build,
            *timed(lambda query: other.search(query, 10, threads=1).keys, queries),
        )
    with (ROOT / "eval/index/descriptors.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
