"""Command lines that the training's programs share."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from train.labels import LABELS
from train.photos import read_manifest
from train.taxonomy import Example, parse_merged_labels, photographs, renders

HELP = {
    "data": "folder with met/, caltech101/, grocery/ and wild/",
    "manifest": "of the photographs, as photos.py writes it",
    "renders": "manifest of the renders",
}


def command_line(doc: str | None, paths: Iterable[str]) -> argparse.ArgumentParser:
    """A parser with the required `paths`, such as data, manifest, renders; `doc` is its help."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=doc, formatter_class=form)
    for name in paths:
        parser.add_argument(f"--{name}", type=Path, required=True, help=HELP.get(name))
    return parser


def add_labels(parser: argparse.ArgumentParser) -> None:
    """The option `--labels`: which of the network's labels a label of the bundle stands for."""
    every = parse_merged_labels(",".join(LABELS))
    told = "as ivory,bone=bone_antler,other=*"
    parser.add_argument("--labels", type=parse_merged_labels, default=every, help=told)


def all_examples(arguments: argparse.Namespace) -> list[Example]:
    """The photographs of `--manifest` below `--data`, then the renders of `--renders`."""
    photos = photographs(arguments.data, read_manifest(arguments.manifest))
    return photos + renders(arguments.renders)
