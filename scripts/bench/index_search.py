"""Exact search within 31 bits against faiss, adding a million sightings, and one question to a cold
process.

    .venv-bench/bin/python -m bench.index_search [COUNT]

Writes eval/index/search.csv and eval/index/add.csv. Hashes in clusters of five near-duplicates, and
1,500 identical copies of one. One thread each, rounds alternate.
"""

import csv
import pathlib
import statistics
import sys
import tempfile
import time

import faiss
import numpy

from bench.index_study import BENCH, output_of, write_table


def flip(rows: numpy.ndarray, most: int, random: numpy.random.Generator) -> numpy.ndarray:
    """Copies of `rows`, each with up to `most` bits changed."""
    changed = rows.copy()
    for row in changed:
        bits = random.choice(256, random.integers(0, most + 1), replace=False)
        numpy.bitwise_xor.at(row, bits // 8, (1 << (bits % 8)).astype(numpy.uint8))
    return changed


def bench_rows(*words: object) -> list[dict]:
    """The rows that the project's bench program prints."""
    return list(csv.DictReader(output_of(BENCH, *words).splitlines()))


def main() -> None:
    """Fill an index, ask it and faiss, write the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    faiss.omp_set_num_threads(1)
    random = numpy.random.default_rng(4)
    centres = random.integers(0, 256, (count // 5, 32), dtype=numpy.uint8)
    hashes = numpy.concatenate([centres] + [flip(centres, 20, random) for _ in range(4)])
    hashes[-1500:] = hashes[7]
    queries = flip(hashes[random.choice(count - 1500, 1000, replace=False)], 25, random)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "hashes").write_bytes(hashes.tobytes())
        (folder / "queries").write_bytes(queries.tobytes())
        added = bench_rows("add", folder / "index", folder / "hashes")
        write_table("add.csv", added)
        print(added)
        unique = numpy.unique(hashes, axis=0)
        flat = faiss.IndexBinaryFlat(256)
        flat.add(unique)
        multi = faiss.IndexBinaryMultiHash(256, 16, 16)
        multi.nflip = 1
        multi.add(unique)
        rows = []
        for number in range(5):
            for index, name, asked in (
                (flat, "faiss IndexBinaryFlat", queries[:200]),
                (multi, "faiss IndexBinaryMultiHash 16x16", queries),
            ):
                start = time.perf_counter()
                # The radius is exclusive: 32 is "within 31". One question at a time, as an index is
                # asked.
                found = sum(
                    int(index.range_search(asked[k : k + 1], 32)[0][-1]) for k in range(len(asked))
                )
                rows.append(
                    {
                        "round": number,
                        "method": name,
                        "queries": len(asked),
                        "us_per_query": round((time.perf_counter() - start) * 1e6 / len(asked), 2),
                        "found": found,
                    }
                )
            for row in bench_rows("search", folder / "index", folder / "queries"):
                rows.append({"round": number, **row, "method": "faunalens " + row["method"]})
            once = bench_rows("once", folder / "index", queries[number].tobytes().hex())[0]
            rows.append(
                {
                    "round": number,
                    "method": "faunalens one process, open and ask",
                    "queries": 1,
                    "us_per_query": round(float(once["total_ms"]) * 1e3, 1),
                    "found": once["found"],
                }
            )
        write_table("search.csv", rows)
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == method]
        middle = statistics.median(float(row["us_per_query"]) for row in mine)
        print(f"{method:40} {middle:10.1f} us  found {mine[0]['found']}")


if __name__ == "__main__":
    main()
