"""kill -9 at random moments while an index is built: it opens, nothing reported is lost, nothing is
there twice.

    python3 scripts/bench/index_kill.py [TIMES]

Writes eval/index/kill.csv. Exit status 1 when something was lost, doubled or damaged.
"""

import csv
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "target/release/examples/index_bench"
BINARY = ROOT / "target/release/faunalens"


def main() -> None:
    """Kill, look, and write the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    moments = random.Random(6)
    rows, bad = [], 0
    with tempfile.TemporaryDirectory() as folder:
        index = pathlib.Path(folder) / "index"
        held = 0
        for number in range(times):
            # From a little before what is there: what is there already must not be stored twice.
            child = subprocess.Popen(
                [BENCH, "store", index, str(max(0, held - 20))], stdout=subprocess.PIPE, text=True
            )
            reported = [0]
            reader = threading.Thread(
                target=lambda: [reported.append(int(line)) for line in child.stdout]
            )
            reader.start()
            wait = moments.uniform(0.02, 1.2)
            time.sleep(wait)
            child.kill()
            child.wait()
            reader.join()
            if not (index / "faunalens.sqlite").exists():
                rows.append(
                    {
                        "kill": number,
                        "after_s": round(wait, 3),
                        "reported": 0,
                        "held": 0,
                        "sound": "not begun",
                    }
                )
                continue
            verified = subprocess.run(
                [BINARY, "index", "verify", index], capture_output=True, text=True
            )
            db = sqlite3.connect(index / "faunalens.sqlite")
            held, unique = (
                db.execute("SELECT count(*), count(DISTINCT sha256) FROM image").fetchone()
                if db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'image'").fetchone()[
                    0
                ]
                else (0, 0)
            )
            sightings = (
                db.execute("SELECT count(*), count(DISTINCT file) FROM sighting").fetchone()
                if held
                else (0, 0)
            )
            db.close()
            fine = (
                held >= max(reported)
                and held == unique
                and sightings == (held, held)
                and (verified.returncode == 0 or held == 0)
            )
            bad += not fine
            rows.append(
                {
                    "kill": number,
                    "after_s": round(wait, 3),
                    "reported": max(reported),
                    "held": held,
                    "sound": "yes" if fine else verified.stderr.strip() or "lost or doubled",
                }
            )
    with (ROOT / "eval/index/kill.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{times} kills, {bad} bad; {held} pictures at the end")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
