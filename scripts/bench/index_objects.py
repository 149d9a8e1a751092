"""One object in several shots: does the descriptor tell it from other objects of its kind?

    .venv-bench/bin/python -m bench.index_objects INDEX PACKAGES_FOLDER

INDEX holds the photographs below PACKAGES_FOLDER and any number of others, added with --describe.
Files that are named SPLIT__Packages__KIND__PRODUCT__PRODUCT_NUMBER.jpg (Grocery Store Dataset) are
shots of that product by hand; a pair of one product is right, a pair with anything else is wrong.
Pairs that are one picture by hash or landmarks (`faunalens links`) are left out. Writes
eval/index/objects.csv: recall of right pairs by cosine, at the threshold where so many of the pairs
proposed are right.
"""

import csv
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import numpy

from bench.index_study import BINARY, write_table


def product(file: str) -> str:
    """What the shot shows, when it is known; fruit in bulk is a kind, not an object."""
    words = pathlib.Path(file).stem.split("__")
    return (
        words[-2]
        if len(words) == 5
        and words[1] == "Packages"
        and words[0] != "iconic-images-and-descriptions"
        else ""
    )


def main() -> None:
    """Compare every pair of shots and write the table."""
    index = sys.argv[1]
    db = sqlite3.connect(pathlib.Path(index) / "faunalens.sqlite")
    rows = db.execute(
        "SELECT image.id, vector, min(file) FROM image "
        "JOIN descriptor ON descriptor.id = image.descriptor "
        "JOIN sighting ON sighting.image = image.id WHERE removed_at IS NULL GROUP BY image.id"
    ).fetchall()
    place = {row[0]: k for k, row in enumerate(rows)}
    vectors = numpy.stack([numpy.frombuffer(row[1], numpy.float32) for row in rows])
    shown = numpy.array([product(row[2]) for row in rows])
    # Other photographs of the same shop shelf may show the same package: they are neither right nor
    # wrong.
    shelf = numpy.array(["__" in row[2] for row in rows])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([BINARY, "links", index, "--out", folder], check=True, capture_output=True)
        same = {
            (place[int(row["image_a"])], place[int(row["image_b"])])
            for row in csv.DictReader((pathlib.Path(folder) / "pairs.csv").open())
            if int(row["image_a"]) in place and int(row["image_b"]) in place
        }
    cosines, right = [], []
    asked = numpy.nonzero(shown != "")[0]
    first = []
    for k in asked:
        cosine = vectors @ vectors[k]
        good = shown == shown[k]
        judged = good | ~shelf | ((shown != "") & ~good)
        judged[k] = False
        for a, b in same:
            if k in (a, b):
                judged[a if b == k else b] = False
        cosines.append(cosine[judged])
        right.append(good[judged])
        if good[judged].any():
            first.append(bool(right[-1][cosines[-1].argmax()]))
    cosines, right = numpy.concatenate(cosines), numpy.concatenate(right)
    order = numpy.argsort(-cosines)
    hits = numpy.cumsum(right[order])
    precision = hits / numpy.arange(1, len(order) + 1)
    table = []
    for aim in (0.99, 0.95, 0.9, 0.5):
        enough = numpy.nonzero(precision >= aim)[0]
        last = enough[-1] if len(enough) else None
        table.append(
            {
                "photographs": len(rows),
                "shots": len(asked),
                "products": len(set(shown[asked])),
                "right_pairs": int(right.sum()) // 2,
                "wrong_pairs": int((~right).sum()),
                "precision": aim,
                "cosine": "" if last is None else round(float(cosines[order[last]]), 3),
                "recall": 0 if last is None else round(float(hits[last] / right.sum()), 4),
                "nearest_is_right": round(sum(first) / len(first), 4),
                "one_picture_pairs_left_out": len(same),
            }
        )
    for line in table:
        print(line)
    write_table("objects.csv", table)


if __name__ == "__main__":
    main()
