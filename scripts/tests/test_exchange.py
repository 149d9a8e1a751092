"""Hash lists that faunalens writes are read by python-threatexchange, and the other way round."""

import json
import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("threatexchange")
if "FAUNALENS" not in os.environ:
    pytest.skip("FAUNALENS names no program: run scripts/test-exchange", allow_module_level=True)

from threatexchange.cli.dataset_cmd import DatasetCommand
from threatexchange.exchanges import fetch_state
from threatexchange.exchanges.collab_config import CollaborationConfigBase
from threatexchange.exchanges.fetch_state import SignalOpinion, SignalOpinionCategory
from threatexchange.exchanges.impl.file_api import (
    FileCollaborationConfig,
    LocalFileSignalExchangeAPI,
)
from threatexchange.signal_type.pdq.signal import PdqSignal

PICTURES = Path(__file__).parents[2] / "reference-images"
COLLAB = "Wild 'Life'"


def faunalens(*arguments: object, status: int = 0) -> str:
    command = [os.environ["FAUNALENS"], *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.fixture
def index(tmp_path: Path) -> Path:
    faunalens("index", "init", tmp_path / "seen")
    return tmp_path / "seen"


def matches(index: Path, signal: str) -> list[dict]:
    return json.loads(faunalens("index", "query", index, "--json", "--hash", signal))["matches"]


def read_by_them(path: Path) -> set[tuple[str, str]]:
    """What their exchange of local files takes from a list."""
    config = FileCollaborationConfig(
        name="ours", api="local_file", enabled=True, filename=str(path)
    )
    deltas = LocalFileSignalExchangeAPI.for_collab(config).fetch_iter([PdqSignal], None)
    return {signal for delta in deltas for signal in delta.updates}


def test_they_read_our_list_and_every_hash_is_theirs(index: Path, tmp_path: Path) -> None:
    names = ["ivory_tusk_carved_445", "rhino_horn_whole_202", "other_everyday_ball_674"]
    manifest = tmp_path / "rows.csv"
    manifest.write_text("file\n" + "".join(f"{PICTURES / name}.jpg\n" for name in names))
    faunalens("index", "add", index, manifest)
    ours = tmp_path / "ours.txt"
    ours.write_text(faunalens("index", "export", index, "--form", "threatexchange"))
    read = read_by_them(ours)
    assert len(read) == len(names)
    for kind, signal in read:
        assert kind == PdqSignal.get_name()
        PdqSignal.validate_signal_str(signal)
    # Their hash of the same files is the same but for a few bits.
    for name in names:
        theirs = PdqSignal.hash_from_bytes((PICTURES / f"{name}.jpg").read_bytes())
        near = [signal for _, signal in read if PdqSignal.compare_hash(theirs, signal).match]
        assert len(near) == 1, name


def test_our_csv_has_the_columns_of_theirs(index: Path) -> None:
    faunalens("index", "add", index, PICTURES / "wood")
    head = faunalens("index", "export", index, "--form", "csv").splitlines()[0]
    assert head == "signal_type,signal_str,collab,category,tags"


class Metadata(fetch_state.FetchedSignalMetadata):
    """One opinion on a signal."""

    def __init__(self, opinion: SignalOpinion) -> None:
        self.opinion = opinion

    def get_as_opinions(self) -> list[SignalOpinion]:
        """Return it."""
        return [self.opinion]


def printed(
    capsys: pytest.CaptureFixture[str], rows: dict[str, SignalOpinion], **options: object
) -> str:
    """What `threatexchange dataset -P` prints of these rows."""

    class State:
        fetched_state = None

        def get_all_signal_types(self) -> list:
            return [PdqSignal]

        def get_all_collabs(self) -> list[CollaborationConfigBase]:
            return []

    command = DatasetCommand(print_signals=True, **options)
    found = {PdqSignal: {signal: [(COLLAB, Metadata(opinion))] for signal, opinion in rows.items()}}
    command.get_signals = lambda *_: found
    capsys.readouterr()
    command.execute_print_signals(State())
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [{}, {"csv": True}, {"only_signals": [PdqSignal]}, {"only_collabs": [COLLAB]}],
    ids=["lines", "csv", "bare hashes", "one collaboration"],
)
def test_we_read_what_they_print(
    options: dict, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    positive, negative, seed = PdqSignal.get_examples()[0], "ab" * 32, "13" * 32
    rows = {
        positive: SignalOpinion(True, SignalOpinionCategory.POSITIVE_CLASS, {"tusk"}),
        negative: SignalOpinion(True, SignalOpinionCategory.NEGATIVE_CLASS, set()),
        seed: SignalOpinion(True, SignalOpinionCategory.INVESTIGATION_SEED, set()),
    }
    theirs = tmp_path / "theirs.txt"
    theirs.write_text(printed(capsys, rows, **options))
    faunalens("index", "import", index, theirs, "--source", "wild")
    for signal, opinion in [(positive, "positive"), (negative, "negative"), (seed, "investigate")]:
        found = [match for match in matches(index, signal) if match["distance"] == 0]
        assert [match["opinion"] for match in found] == [opinion], theirs.read_text()
        assert found[0]["source"] == "wild"
        assert found[0]["category"] == rows[signal].category.name
        assert found[0]["tags"] == sorted(rows[signal].tags)
    # What they no longer print is withdrawn.
    del rows[positive]
    theirs.write_text(printed(capsys, rows, **options))
    faunalens("index", "import", index, theirs, "--source", "wild")
    assert not [match for match in matches(index, positive) if match["distance"] == 0]


def test_a_list_goes_through_their_exchange_and_comes_back(index: Path, tmp_path: Path) -> None:
    ours = tmp_path / "list.txt"
    signals = sorted(PdqSignal.get_examples())
    ours.write_text("".join(f"pdq {signal}\n" for signal in signals))
    faunalens("index", "import", index, ours, "--source", "theirs")
    exported = tmp_path / "exported.txt"
    exported.write_text(
        faunalens("index", "export", index, "--form", "threatexchange", "--source", "theirs")
    )
    assert {signal for _, signal in read_by_them(exported)} == set(signals)
