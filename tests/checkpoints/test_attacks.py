"""Files made to do harm are refused; a process that reports all it is asked to do reads them."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from tests.checkpoints.attack_parts import TOUCH, Evil, valid
from tests.checkpoints.attacks import ATTACKS, ZIPPED
from tests.checkpoints.network_attacks import MODULES, NUMBERS
from tests.checkpoints.watched import MODEL, Outcome, read_watched, run_apart
from tests.checkpoints.writers.nvidia import SOURCE
from tui_draggan.checkpoints.unpickling.limits import MiB

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does"),
]


ALL = ATTACKS | ZIPPED | MODULES | NUMBERS


def truncated() -> dict[str, bytes]:
    contents = valid(networks=("G_ema",))
    ends = np.linspace(0, len(contents) - 1, 50).astype(int)
    return {f"truncated, {part}": contents[:end] for part, end in enumerate(ends)}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What comes of each attack, of a valid file among them and of truncated ones."""
    folder = tmp_path_factory.mktemp("attacks")
    harmless = SOURCE.encode()
    writing = b"open('pwned', 'w').close()\n"
    source = writing + harmless[len(writing) :]
    files = {name: contents for name, (contents, _) in ALL.items()} | truncated()
    for protocol in (2, 3, 4):
        contents = valid(protocol=protocol)
        assert contents.count(harmless) == 1
        files[f"valid, protocol {protocol}"] = contents
        files[f"source, protocol {protocol}"] = contents.replace(harmless, source)
    paths = []
    for number, contents in enumerate(files.values()):
        paths.append(folder / f"{number}.pkl")
        paths[-1].write_bytes(contents)
    warm_up = folder / "valid.pkl"
    warm_up.write_bytes(valid())
    before = set(folder.iterdir())

    read = dict(zip(files, read_watched(warm_up, paths, folder), strict=True))

    assert set(folder.iterdir()) == before
    return read


@pytest.mark.parametrize("name", ALL)
def test_an_attack_is_refused_by_name(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert outcome.refused and ALL[name][1] in outcome.said, outcome
    assert outcome.said.isprintable() and len(outcome.said) < 300
    assert outcome.events == []
    assert outcome.seconds < 10


def test_a_truncated_file_is_refused_wherever_it_ends(outcomes: dict[str, Outcome]) -> None:
    ends = [outcomes[name] for name in outcomes if name.startswith("truncated")]
    assert len(ends) == 50
    for outcome in ends:
        assert outcome.refused and outcome.events == [], outcome
    assert "is empty" in ends[0].said
    assert all("is truncated" in outcome.said for outcome in ends[2:])


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_the_source_of_a_network_is_not_run(protocol: int, outcomes: dict[str, Outcome]) -> None:
    for name in ("valid", "source"):
        outcome = outcomes[f"{name}, protocol {protocol}"]
        assert (outcome.said, outcome.events) == (MODEL, [])


CARELESS = """
    import pickle, sys
    from pathlib import Path
    from tests.checkpoints.watched import Watch

    watch = Watch(lambda path: pickle.loads(path.read_bytes()))
    for path in map(Path, sys.argv[1:]):
        outcome = watch.read(path)
        print(outcome.said, outcome.events)
"""


def test_the_watch_sees_what_python_s_own_unpickler_does(tmp_path: Path) -> None:
    for name, attack in (("system", TOUCH), ("memory", Evil(bytearray, 300 * MiB))):
        (tmp_path / name).write_bytes(pickle.dumps(attack))
    system, memory = run_apart(["-c", dedent(CARELESS), "system", "memory"], tmp_path)
    assert "os.system" in system
    assert (tmp_path / "pwned").exists()
    assert memory.startswith("MemoryError")
