"""The graph over descriptors against hnswlib and usearch: recall at 10 and time per question.

    .venv-bench/bin/python -m bench.index_descriptors [COUNT] [DIMENSION]

Writes eval/index/descriptors.csv. Unit vectors around 2,000 centres; one thread each, in one run.
The times of faunalens hold everything from the float vector to the ten rows ranked by the floats of
the database.
"""

import csv
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import hnswlib
import numpy
from usearch.index import Index

from bench.index_study import BENCH, output_of, write_table

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


class Study:
    """Drawn vectors, their true neighbours, and the rows that tell of each library."""

    def __init__(self, count: int, dimension: int):
        random = numpy.random.default_rng(5)
        centres = random.standard_normal((2000, dimension))

        def draw(n: int) -> numpy.ndarray:
            own = centres[random.integers(0, 2000, n)]
            return unit(own + random.standard_normal((n, dimension)))

        self.stored, self.queries = draw(count), draw(1000)
        near = numpy.argpartition(-(self.queries @ self.stored.T), 10, axis=1)[:, :10]
        self.truth = [set(row) for row in near.tolist()]
        self.rows: list[dict] = []

    def recall(self, answers: list) -> float:
        """At ten neighbours."""
        found = sum(len(set(a) & t) for a, t in zip(answers, self.truth))
        return found / (10 * len(self.truth))

    def report(self, library: str, width: int, build: float, us: float, answers: list) -> None:
        """Note what a library took: seconds to build, microseconds a question."""
        row = {"library": library, "descriptors": len(self.stored)}
        row |= {"dimension": self.stored.shape[1], "width": width, "build_s": round(build, 1)}
        row |= {"us_per_query": round(us, 1), "recall_at_10": round(self.recall(answers), 4)}
        self.rows.append(row)
        print(row, flush=True)

    def ask_faunalens(self) -> None:
        """Through the project's bench program, which reads the vectors from files."""
        dimension = self.stored.shape[1]
        with tempfile.TemporaryDirectory() as scratch:
            index, stored, queries = (
                pathlib.Path(scratch) / name for name in ("index", "stored", "queries")
            )
            stored.write_bytes(self.stored.tobytes())
            queries.write_bytes(self.queries.tobytes())
            described = output_of(BENCH, "describe", index, stored, dimension)
            built = next(csv.DictReader(described.splitlines()))
            print(built)
            for width in WIDTHS:
                lines = output_of(BENCH, "nearest", index, queries, dimension, width).split()
                # Rows of the database start at 1, in the order of adding.
                answers = [[int(row) - 1 for row in line.split(",")] for line in lines[1:]]
                seconds = float(built["graph_seconds"])
                self.report("faunalens", width, seconds, float(lines[0]), answers)

    def ask_hnswlib(self) -> None:
        """One thread, the same links and candidates."""
        start = time.perf_counter()
        library = hnswlib.Index("ip", self.stored.shape[1])
        library.init_index(len(self.stored), M=16, ef_construction=160)
        library.set_num_threads(1)
        library.add_items(self.stored, num_threads=1)
        build = time.perf_counter() - start

        def ask(query: numpy.ndarray) -> list:
            return library.knn_query(query, 10, num_threads=1)[0][0]

        for width in WIDTHS:
            library.set_ef(width)
            self.report("hnswlib", width, build, *timed(ask, self.queries))

    def ask_usearch(self) -> None:
        """One thread, the same links and candidates."""
        start = time.perf_counter()
        sizes = {"connectivity": 16, "expansion_add": 160}
        library = Index(ndim=self.stored.shape[1], metric="ip", dtype="f32", **sizes)
        library.add(numpy.arange(len(self.stored)), self.stored, threads=1)
        build = time.perf_counter() - start

        def ask(query: numpy.ndarray) -> list:
            return library.search(query, 10, threads=1).keys

        for width in WIDTHS:
            library.expansion_search = width
            self.report("usearch", width, build, *timed(ask, self.queries))


def main() -> None:
    """Build all three graphs, ask them, write the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    dimension = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    study = Study(count, dimension)
    study.ask_faunalens()
    study.ask_hnswlib()
    study.ask_usearch()
    write_table("descriptors.csv", study.rows)


if __name__ == "__main__":
    main()
