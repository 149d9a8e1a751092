"""The tables of `scripts/bench/decode`."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

COLUMNS = (
    "suite",
    "file",
    "format",
    "verdict",
    "pillow_size",
    "libvips_size",
    "size",
    "references_max",
    "references_mean",
    "pillow_max",
    "pillow_mean",
    "libvips_max",
    "libvips_mean",
    "pillow_error",
    "libvips_error",
    "error",
    "message",
    "marks",
    "seconds",
)


def counts(suite: str, form: str, rows: Sequence[dict]) -> dict:
    """One line of the summary."""
    verdicts = Counter(row["verdict"] for row in rows)
    both = [row for row in rows if row["pillow_size"] and row["libvips_size"]]
    read = verdicts["same"] + verdicts["different"]
    agreed = read + verdicts["refused"]
    single = verdicts["one reference, same"] + verdicts["one reference, different"]
    refused = sum(number for verdict, number in verdicts.items() if verdict.endswith("refused"))
    return {
        "suite": suite,
        "format": form,
        "files": len(rows),
        "both_read": len(both),
        "both_agree": agreed,
        "same": verdicts["same"],
        "different": verdicts["different"],
        "refused_of_agreed": verdicts["refused"],
        "share_of_read": f"{verdicts['same'] / read:.4f}" if read else "",
        "share_of_agreed": f"{verdicts['same'] / agreed:.4f}" if agreed else "",
        "one_reference": single,
        "same_as_one": verdicts["one reference, same"],
        "refused_of_all": refused,
        "ours_alone": verdicts["ours alone"],
        "crashed_or_hung": sum(row["error"] in ("crash", "hang") for row in rows),
    }


def summary(rows: Sequence[dict]) -> list[dict]:
    """Counts by suite and format, by format, and of all."""
    keys = sorted({(row["suite"], row["format"]) for row in rows})
    keys += [("all", form) for form in sorted({row["format"] for row in rows})]
    keys.append(("all", "all"))
    return [
        counts(
            suite,
            form,
            [
                row
                for row in rows
                if suite in (row["suite"], "all") and form in (row["format"], "all")
            ],
        )
        for suite, form in keys
    ]


def write_table(path: Path, rows: Sequence[dict]) -> None:
    """Rows as CSV."""
    with open(path, "w", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
