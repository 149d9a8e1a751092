"""How well `faunalens model learn` does with 5, 10, 20 and 50 pictures of a label.

    scripts/bench/learn_curve DATA [BUNDLE]

See eval/learn/README.md.
"""

import argparse
import csv
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

import numpy as np

from train import background
from train.features import network_input, open_session
from train.photos import Photo, read_manifest

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "eval/learn"
SIZES = (5, 10, 20, 50)
NEW = ("Leopards", "trilobite", "hawksbill", "buddha", "nautilus")  # Caltech-101's largest kinds
SPARED = 10  # pictures of a kind that are always left to test on
OTHERS = 500  # test pictures that show none of the new labels


def kind(photo: Photo) -> str:
    """What a Caltech-101 or grocery photograph shows, by its file's name."""
    return photo.file.split("/")[1] if photo.source == "caltech101" else ""


class Bench:
    """A bundle, its photographs, and what it says of them before and after learning."""

    def __init__(self, arguments: argparse.Namespace, work: Path) -> None:
        self.data, self.program, self.draws, self.work = (
            arguments.data.resolve(),
            arguments.program.resolve(),
            arguments.draws,
            work,
        )
        self.photos = read_manifest(ROOT / "eval/model/manifest.csv")
        self.base = work / "base"
        shutil.copytree(arguments.bundle, self.base)
        self.labels = tomllib.loads((self.base / "bundle.toml").read_text())["labels"]["names"]
        # The background without the kinds that play the new labels: it would teach that they are
        # something else.
        held = [
            photo
            for photo in self.photos
            if photo.split == "calibration" and kind(photo) not in NEW
        ]
        held = [(photo, photo.label) for photo in held]
        background.add_background(
            self.base,
            [self.data / photo.file for photo, _ in held],
            [self.labels.index(label) for _, label in held],
            self.labels,
        )
        self.held = [photo for photo, _ in held]
        self.run = open_session(self.base / "model.onnx", 2)
        self.seen: dict[str, np.ndarray] = {}

    def descriptor(self, photo: Photo) -> np.ndarray:
        """The features of a photograph, of unit length."""
        if photo.file not in self.seen:
            self.seen[photo.file] = self.run.run(
                ["descriptor"], network_input(self.run, self.data / photo.file)
            )[0][0]
        return self.seen[photo.file]

    def manifest(self, name: str, rows: list[tuple[Photo, str]]) -> Path:
        """Write a manifest of (photo, label)."""
        path = self.work / f"{name}.csv"
        with open(path, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["file", "label", "group"])
            writer.writerows([self.data / photo.file, label, photo.group] for photo, label in rows)
        return path

    def learn(self, rows: list[tuple[Photo, str]], products: list[str]) -> tuple[Path, float]:
        """Teach the base bundle these rows; the new bundle and the seconds that it took."""
        into = self.work / "taught"
        shutil.rmtree(into, ignore_errors=True)
        options = [part for product in products for part in ("--product", product)]
        said = subprocess.run(
            [
                self.program,
                "model",
                "learn",
                "--from",
                self.manifest("lesson", rows),
                "--into",
                into,
                "--model",
                self.base,
                *options,
            ],
            capture_output=True,
            text=True,
        )
        if said.returncode not in (0, 1):
            raise SystemExit(said.stderr)
        return into, float(re.search(r"([\d.]+) s -> ", said.stdout)[1])

    def answers(self, bundle: Path, rows: list[tuple[Photo, str]]) -> list[dict]:
        """The records of photographs, in their order."""
        out = self.work / "rows.jsonl"
        out.unlink(missing_ok=True)
        subprocess.run(
            [
                self.program,
                "scan",
                self.manifest("test", rows),
                "--out",
                out,
                "--model",
                bundle,
                "--schreger",
                "never",
                "-q",
            ],
            check=True,
        )
        return [json.loads(line) for line in out.read_text().splitlines()]

    def nearest(self, taught: list[tuple[Photo, str]], rows: list[tuple[Photo, str]]) -> list[str]:
        """The label of the nearest descriptor among the pictures taught and the background's."""
        known = taught + [(photo, photo.label) for photo in self.held]
        vectors = np.array([self.descriptor(photo) for photo, _ in known])
        return [known[int((vectors @ self.descriptor(photo)).argmax())][1] for photo, _ in rows]


def new_labels(bench: Bench) -> list[dict]:
    """Five kinds that the bundle does not know, beside everything it does."""
    lines = []
    for draw in range(bench.draws):
        rng = np.random.default_rng([1, draw])
        kinds = {name: [p for p in bench.photos if kind(p) == name] for name in NEW}
        order = {name: rng.permutation(len(own)) for name, own in kinds.items()}
        others = [p for p in bench.photos if p.split == "test" and kind(p) not in NEW]
        others = [(others[i], others[i].label) for i in rng.permutation(len(others))[:OTHERS]]
        before = [row["materials"][0]["label"] for row in bench.answers(bench.base, others)]
        for size in SIZES:
            taught, test = [], []
            for name, own in kinds.items():
                count = min(size, len(own) - SPARED)
                taught += [(own[i], name) for i in order[name][:count]]
                test += [(own[i], name) for i in order[name][count:]]
            bundle, seconds = bench.learn(taught, list(NEW))
            rows = bench.answers(bundle, test + others)
            named = [row["materials"][0]["label"] for row in rows]
            for method, said in (
                ("learn", named),
                ("nearest", bench.nearest(taught, test + others)),
            ):
                own = list(zip((label for _, label in test), said))
                rest = list(zip((label for _, label in others), said[len(test) :]))
                line = {
                    "study": "new",
                    "draw": draw,
                    "size": size,
                    "method": method,
                    "taught": len(taught),
                    "test": len(own),
                    "found": sum(a == b for a, b in own),
                    "macro": np.mean(
                        [np.mean([a == b for a, b in own if a == name]) for name in NEW]
                    ),
                    "others": len(rest),
                    "others_named_new": sum(b in NEW for _, b in rest),
                    "others_right": sum(a == b for a, b in rest),
                    "others_right_before": sum(a == b for (_, a), b in zip(others, before)),
                }
                if method == "learn":
                    decided = [
                        row["decision"]
                        if any(reason.split()[0] in NEW for reason in row["reasons"])
                        else "clear"
                        for row in rows
                    ]
                    line |= {
                        "review": sum(d != "clear" for d in decided[: len(test)]),
                        "flag": sum(d == "flag" for d in decided[: len(test)]),
                        "others_review": sum(d != "clear" for d in decided[len(test) :]),
                        "others_flag": sum(d == "flag" for d in decided[len(test) :]),
                        "seconds": seconds,
                    }
                lines.append(line)
                print(line, flush=True)
    return lines


def known_labels(bench: Bench) -> list[dict]:
    """Labels that the bundle knows, corrected with pictures of groups that it never saw."""
    materials = ("ivory", "bone_antler", "ceramic_stone")
    lines = []
    for draw in range(bench.draws):
        rng = np.random.default_rng([2, draw])
        groups = defaultdict(list)
        for photo in bench.photos:
            if photo.split == "test" and photo.source == "met":
                groups[photo.label, photo.group].append(photo)
        keys = [list(groups)[i] for i in rng.permutation(len(groups))]
        own = {
            name: [
                photo for label, group in keys if label == name for photo in groups[label, group]
            ]
            for name in materials
        }
        fixed = {
            name: photos[min(50, len(photos) - 12) :] for name, photos in own.items()
        }  # the same test pictures for every size
        taken = {photo.group for photos in fixed.values() for photo in photos}
        test = [(photo, name) for name, photos in fixed.items() for photo in photos]
        for size in (0, *SIZES):
            taught = (
                [
                    (p, name)
                    for name, photos in own.items()
                    for p in photos[:size]
                    if p.group not in taken
                ]
                if size
                else []
            )
            bundle, seconds = bench.learn(taught, []) if size else (bench.base, 0.0)
            best = [row["materials"][0]["label"] for row in bench.answers(bundle, test)]
            for method, said in (("learn", best), ("nearest", bench.nearest(taught, test))):
                line = {
                    "study": "known",
                    "draw": draw,
                    "size": size,
                    "method": method,
                    "taught": len(taught),
                    "test": len(test),
                    "found": sum(label == b for (_, label), b in zip(test, said)),
                    "seconds": seconds,
                }
                for name in materials:
                    hits = [label == b for (_, label), b in zip(test, said) if label == name]
                    line |= {f"{name}_test": len(hits), f"{name}_found": sum(hits)}
                line["macro"] = np.mean(
                    [line[f"{name}_found"] / line[f"{name}_test"] for name in materials]
                )
                lines.append(line)
                print(line, flush=True)
    return lines


def wild(bench: Bench) -> list[dict]:
    """Real products, far too few: taught are the two labels with four pictures or more; theirs are
    held out.
    """
    with open(bench.data / "wild/labels.csv", newline="", encoding="utf-8") as rows:
        rows = [
            (Photo(f"wild/{row['file']}", "wild", row["label"], row["file"], False), row["label"])
            for row in csv.DictReader(rows)
        ]
    count = defaultdict(int)
    for _, label in rows:
        count[label] += 1
    taught = [(photo, label) for photo, label in rows if count[label] >= 4]
    bundle, _ = bench.learn(taught, sorted({label for _, label in taught}))
    lines = []
    with open(bundle / "held_out.csv", newline="", encoding="utf-8") as held:
        for row in csv.DictReader(held):
            scores = {
                name[6:]: float(value) for name, value in row.items() if name.startswith("score_")
            }
            best = max(scores, key=scores.get)
            lines.append(
                {
                    "file": Path(row["file"]).name,
                    "shows": row["label"],
                    "taught": "held out",
                    "named": best,
                    "score": round(scores[best], 3),
                }
            )
    rest = [(photo, label) for photo, label in rows if count[label] < 4]
    for (photo, label), row in zip(rest, bench.answers(bundle, rest)):
        best = row["materials"][0]
        lines.append(
            {
                "file": Path(photo.file).name,
                "shows": label,
                "taught": "no",
                "named": best["label"],
                "score": round(best["score"], 3),
            }
        )
    return lines


def write(name: str, lines: list[dict]) -> None:
    """Write rows to eval/learn/NAME.csv."""
    columns = list(dict.fromkeys(key for line in lines for key in line))
    with open(STUDY / name, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in line.items()
            }
            for line in lines
        )


def spread(values: list[float]) -> str:
    """Mean of the draws, and their range, in percent."""
    return f"{100 * np.mean(values):.1f} % ({100 * min(values):.1f} to {100 * max(values):.1f})"


def tables(new: list[dict], known: list[dict]) -> str:
    """The tables of the README."""

    def of(lines: list[dict], size: int, method: str) -> list[dict]:
        return [line for line in lines if line["size"] == size and line["method"] == method]

    heads = ("pictures of each", "taught in all", "right", "nearest descriptor")
    heads += ("others named new", "nearest descriptor", "others right, before", "after")
    heads += ("over review", "over flag", "others over review", "over flag", "seconds")
    text = f"| {' | '.join(heads)} |\n"
    text += "|" + "---|" * 13 + "\n"
    for size in SIZES:
        own, near = of(new, size, "learn"), of(new, size, "nearest")
        cells = [
            f"{size}",
            f"{own[0]['taught']}",
            spread([line["macro"] for line in own]),
            spread([line["macro"] for line in near]),
            *(
                spread([line["others_named_new"] / line["others"] for line in lines])
                for lines in (own, near)
            ),
            spread([line["others_right_before"] / line["others"] for line in own]),
            spread([line["others_right"] / line["others"] for line in own]),
            *(spread([line[key] / line["test"] for line in own]) for key in ("review", "flag")),
            *(
                spread([line[key] / line["others"] for line in own])
                for key in ("others_review", "others_flag")
            ),
            f"{np.mean([line['seconds'] for line in own]):.0f}",
        ]
        text += "| " + " | ".join(cells) + " |\n"
    materials = [key[:-5] for key in known[0] if key.endswith("_test")]
    text += (
        "\n| pictures of each | taught in all | "
        + " | ".join(f"{name} found" for name in materials)
        + " | mean of the three | nearest descriptor |\n|"
        + "---|" * (len(materials) + 4)
        + "\n"
    )
    for size in (0, *SIZES):
        own, near = of(known, size, "learn"), of(known, size, "nearest")
        cells = [
            "none: the base" if size == 0 else f"up to {size}",
            f"{np.mean([line['taught'] for line in own]):.0f}",
        ]
        cells += [
            spread([line[f"{name}_found"] / line[f"{name}_test"] for line in own])
            for name in materials
        ]
        cells += [spread([line["macro"] for line in lines]) for lines in (own, near)]
        text += "| " + " | ".join(cells) + " |\n"
    return text


def main() -> None:
    """Run the studies and write their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/faunalens")
    parser.add_argument("--draws", type=int, default=3)
    arguments = parser.parse_args()
    described = tomllib.loads((arguments.bundle / "bundle.toml").read_text())
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(arguments, Path(work))
        new, known = new_labels(bench), known_labels(bench)
        write("curve.csv", new)
        write("known.csv", known)
        write("wild.csv", wild(bench))
    readme = STUDY / "README.md"
    start, end = (
        "<!-- tables: scripts/bench/learn_curve writes them -->\n",
        "<!-- end of tables -->",
    )
    before, _, rest = readme.read_text(encoding="utf-8").partition(start)
    title = f"Bundle {described['name']} {described['version']}"
    draws = f"mean of {arguments.draws} draws and their range"
    made = f"{title}, {draws}.\n\n{tables(new, known)}"
    readme.write_text(before + start + made + end + rest.partition(end)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
