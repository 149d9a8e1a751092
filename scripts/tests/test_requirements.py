"""What is installed is pinned, hashed, and that which other parts of the project say."""

import re
import tomllib
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1]
FILES = sorted((SCRIPTS / "requirements").glob("*.txt"))
PARTS = {"build", "pytest"}  # groups that others include


def pins(file: Path) -> dict[str, tuple[str, int]]:
    """Package -> version and number of hashes."""
    found = {}
    entries = re.split(r"\n(?=\S)", file.read_text())
    for entry in (entry for entry in entries if not entry.startswith("#")):
        name, version = re.match(r"([\w.-]+)==([\w.]+)", entry).groups()
        found[name] = (version, entry.count("--hash=sha256:"))
    return found


def test_every_group_has_its_file() -> None:
    project = tomllib.loads((SCRIPTS / "pyproject.toml").read_text())
    assert {file.stem for file in FILES} == project["dependency-groups"].keys() - PARTS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_package_is_pinned_with_hashes(file: Path) -> None:
    assert all(hashes > 0 for _, hashes in pins(file).values())


@pytest.mark.parametrize("file", [*FILES, SCRIPTS / "pyproject.toml"], ids=lambda file: file.stem)
def test_no_registry_is_named(file: Path) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", file.read_text())


def test_the_tests_packages_are_those_of_training() -> None:
    tested, trained = (
        pins(SCRIPTS / "requirements/test.txt"),
        pins(SCRIPTS / "requirements/train.txt"),
    )
    common = tested.keys() & trained.keys()
    assert {"numpy", "onnx", "onnxruntime", "pillow", "scikit-image", "scipy"} <= common
    assert {name: tested[name] for name in common} == {name: trained[name] for name in common}


def test_python_is_measured_with_the_library_that_the_program_loads() -> None:
    script = (SCRIPTS / "onnxruntime").read_text()
    version = re.search(r"^version=(\S+)$", script, flags=re.MULTILINE).group(1)
    bench = SCRIPTS / "requirements/bench.txt"
    assert pins(bench)["onnxruntime"][0] == version
    hashes = re.findall(r"sha256=([0-9a-f]{64})", script)
    assert len(hashes) == 3
    assert all(sha256 in bench.read_text() for sha256 in hashes)
