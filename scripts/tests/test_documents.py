"""What the documents of studies and scripts name is there; capitals stand for the reader's own."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("eval/**/README.md"), *ROOT.glob("scripts/[!.]*/*.md")])
DOCUMENTS.append(ROOT / "scripts/README.md")
NAMES = [document.relative_to(ROOT).as_posix() for document in DOCUMENTS]


def unwrapped(name: str) -> str:
    """A document with its lines joined, so that what was wrapped is whole again."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("name", NAMES)
def test_scripts_exist(name: str) -> None:
    for script in re.findall(r"(?<![\w/.])scripts/[\w/.-]*\w", unwrapped(name)):
        assert (ROOT / script).exists(), script


@pytest.mark.parametrize("name", NAMES)
def test_modules_exist(name: str) -> None:
    for group, module in re.findall(
        r"\.venv-([a-z]+)/bin/python -m ([a-z0-9_.]+)", unwrapped(name)
    ):
        assert (ROOT / f"scripts/requirements/{group}.txt").exists(), group
        assert importlib.util.find_spec(module) is not None, module


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in link:
            assert (ROOT / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("eval/")])
def test_tables_of_a_study_are_there(name: str) -> None:
    """A code span that is the name of a table or a drawing stands for a file beside the page."""
    folder = (ROOT / name).parent
    for file in re.findall(r"`((?:[a-z0-9_-]+/)*[a-z0-9_-]+\.(?:csv|svg|jsonl))`", unwrapped(name)):
        found = [folder / file, ROOT / file, ROOT / "eval" / file, folder.parent / file]
        assert any(path.exists() for path in found), file
