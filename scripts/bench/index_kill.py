"""kill -9 at random moments while an index is built: it opens, nothing reported is lost, nothing is
there twice.

    .venv-bench/bin/python -m bench.index_kill [TIMES]

Writes eval/index/kill.csv. Exit status 1 when something was lost, doubled or damaged.
"""

import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from bench.index_study import BENCH, BINARY, write_table


def store_and_kill(index: pathlib.Path, first: int, wait: float) -> int:
    """Let pictures be stored from number `first` on, kill after `wait` seconds.

    Returns the highest number that was reported as stored.
    """
    words = [str(word) for word in (BENCH, "store", index, first)]
    reported = [0]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:

        def listen() -> None:
            for line in child.stdout:
                reported.append(int(line))

        reader = threading.Thread(target=listen)
        reader.start()
        time.sleep(wait)
        child.kill()
        child.wait()
        reader.join()
    return max(reported)


def count_held(index: pathlib.Path) -> tuple[int, bool]:
    """How many pictures the database holds, and whether each is there once, with one sighting."""
    db = sqlite3.connect(index / "faunalens.sqlite")
    begun = "SELECT count(*) FROM sqlite_master WHERE name = 'image'"
    held, unique, sightings = 0, 0, (0, 0)
    if db.execute(begun).fetchone()[0]:
        pictures = "SELECT count(*), count(DISTINCT sha256) FROM image"
        held, unique = db.execute(pictures).fetchone()
    if held:
        seen = "SELECT count(*), count(DISTINCT file) FROM sighting"
        sightings = db.execute(seen).fetchone()
    db.close()
    return held, held == unique and sightings == (held, held)


def main() -> None:
    """Kill, look, and write the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    moments = random.Random(6)
    rows: list[dict] = []
    bad = held = 0
    with tempfile.TemporaryDirectory() as folder:
        index = pathlib.Path(folder) / "index"
        for number in range(times):
            # From a little before what is there: what is there already must not be stored twice.
            wait = moments.uniform(0.02, 1.2)
            reported = store_and_kill(index, max(0, held - 20), wait)
            row = {"kill": number, "after_s": round(wait, 3)}
            if not (index / "faunalens.sqlite").exists():
                rows.append(row | {"reported": 0, "held": 0, "sound": "not begun"})
                continue
            command = [BINARY, "index", "verify", index]
            verified = subprocess.run(command, capture_output=True, text=True)
            held, once = count_held(index)
            sound = verified.returncode == 0 or held == 0
            fine = held >= reported and once and sound
            bad += not fine
            words = "yes" if fine else verified.stderr.strip() or "lost or doubled"
            rows.append(row | {"reported": reported, "held": held, "sound": words})
    write_table("kill.csv", rows)
    print(f"{times} kills, {bad} bad; {held} pictures at the end")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
