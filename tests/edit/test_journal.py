"""A journal holds the last state whatever happens to disk, process or file."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.edit.spot_edits import PARAMS, assert_same, dragged
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.journal import KEPT, Journal, journals_in, newest_journals
from tui_draggan.edit.journal_lines import (
    Outline,
    document_line,
    model_of_journal,
    outline,
    recover,
)
from tui_draggan.edit.latent import Photo, latent_from_seed
from tui_draggan.edit.lifecycle import Change
from tui_draggan.edit.session import Session
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine, spot_session

DATA = Path(__file__).parent / "data"


def newest_journal(folder: Path, model: str | None = None) -> Path:
    return newest_journals(folder, model)[0][0]


def test_what_is_merely_looked_at_leaves_no_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "spot")
    engine = SpotEngine()
    session = Session(engine, Document(latent_from_seed(engine, 3, 0.7)), journal.record)
    assert list(tmp_path.iterdir()) == []
    session.add_pair((30, 30), (30, 10))
    session.undo()
    assert recover(newest_journal(tmp_path), INFO).document.pairs == (), "the first state is in it"


def test_each_model_has_its_newest_journal(tmp_path: Path) -> None:
    paths = {}
    for age, model in enumerate(("spot", "zoo", "spot", "zoo")):
        journal = Journal(tmp_path, model)
        engine = ZooEngine() if model == "zoo" else SpotEngine()
        latent = latent_from_seed(engine, 3, 0.7)
        Session(engine, Document(latent), journal.record).add_pair((3, 3), (9, 9))
        os.utime(journal.path, (age, age))
        paths[model] = journal.path
    assert newest_journal(tmp_path, "spot") == paths["spot"]
    assert newest_journal(tmp_path) == newest_journal(tmp_path, "zoo") == paths["zoo"]
    assert model_of_journal(paths["spot"]) == "spot"
    with pytest.raises(UsageError, match="no earlier edit of cats"):
        newest_journal(tmp_path, "cats")


def test_the_outline_of_a_journal_is_what_it_holds(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name)
    _, frames = dragged(journal.record)
    steps = frames[-1].iteration
    assert outline(journal.path) == Outline("seed 3", steps) and steps > 0
    with journal.path.open("ab") as stream:
        stream.write(b'{"format": "tui-draggan session", "latent": {"origin": {"seed": 9')
    assert outline(journal.path) == Outline("seed 3", steps), "the last line is cut off"
    photo = Photo("cat\x1b.jpg", "ab" * 32)
    document = replace(recover(journal.path, INFO).document, mask=None)
    document = replace(document, latent=replace(document.latent, origin=photo))
    journal.path.write_bytes(document_line(document, INFO.name))
    assert outline(journal.path) == Outline(r"cat\x1b.jpg", 0)
    for text in (b"", b"\xff\n", b"[]\n", b'{"latent": 5}\n', b'{"latent": {"origin": []}}\n'):
        journal.path.write_bytes(text)
        assert outline(journal.path) == Outline("", 0)


def test_the_journal_of_a_killed_process_loses_at_most_a_step(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journals", INFO.name)
    session, frames = dragged(journal.record)
    path = newest_journal(tmp_path / "journals")
    document = recover(path, INFO).document
    assert document.parameters == PARAMS
    np.testing.assert_array_equal(document.latent.ws, session.document.latent.ws)
    assert document.pairs[0].handle == session.document.pairs[0].handle

    text = path.read_text()
    path.write_text(text[:-20])  # the last line is cut off, as by a kill in the middle of a write
    document = recover(path, INFO).document
    np.testing.assert_array_equal(document.latent.ws, frames[-2].ws)
    assert document.pairs[0].handle == frames[-2].handles[1]
    journal.close()


def test_journals_do_not_pile_up(tmp_path: Path) -> None:
    for i in range(30):
        (tmp_path / f"2020-{i:02d}.jsonl").write_text("")
    dragged(Journal(tmp_path, "spot").record)
    assert len(list(tmp_path.glob("*.jsonl"))) == 20
    with pytest.raises(UsageError, match="no earlier edit"):
        newest_journal(tmp_path / "none")


def test_a_changed_parameter_is_in_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name)
    session, _ = dragged(journal.record)
    session.set_parameters(PARAMS.with_values(r1=7))
    assert recover(journal.path, INFO).document.parameters.r1 == 7
    assert_same(recover(journal.path, INFO).document, session.document)
    session.undo()
    assert recover(journal.path, INFO).document.parameters == PARAMS
    journal.close()


def test_a_resumed_edit_is_the_same_document_and_goes_the_same_way(tmp_path: Path) -> None:
    """The whole of it, and its next thirty steps, wherever the journal ends."""
    journal = Journal(tmp_path, INFO.name)
    there = spot_session(parameters=PARAMS.with_values(steps=99), recorder=journal.record)
    mask = np.zeros((64, 64), bool)
    mask[9:50] = True
    edits = (
        lambda: there.add_pair((30, 30), (2, 10)),
        lambda: there.set_mask(mask),
        lambda: there.set_parameters(there.document.parameters.with_values(r1=3)),
        lambda: list(there.run(steps=3)),
        lambda: there.move_target(1, (60, 60)),
        lambda: there.set_parameters(there.document.parameters.with_values(tolerance=0)),
        lambda: list(there.run(steps=2)),
        lambda: there.add_pair((9, 9), (50, 9)),
        there.undo,
    )
    for edit in edits:
        edit()
        while there.wait_for_work(0):
            there.work()
        document = there.document
        resumed = recover(journal.path, INFO)
        assert resumed.damaged == 0
        assert_same(resumed.document, document)
        if document.pairs:
            ways = [
                [(frame.ws.tobytes(), frame.handles) for frame in session.run(steps=30)]
                for session in (
                    Session(SpotEngine(), document),
                    Session(SpotEngine(), resumed.document),
                )
            ]
            assert ways[0] == ways[1]


# -- damage ---------------------------------------------------------------------------------------

LINES = [
    "5",
    "[]",
    "null",
    "[" * 100_000,
    '{"a":' * 100_000,
    '{"step": 1}',
    '{"step": 1, "ws": {"shape": [2], "float32": ""}, "handles": {}}',
    '{"step": null, "ws": null, "handles": null}',
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_line_that_is_neither_is_passed_over(tmp_path: Path, line: str) -> None:
    for name, info in (("1", ZooEngine.info), ("2", INFO)):
        path = tmp_path / f"{name}.jsonl"
        if name == "1":
            path.write_text((DATA / "journal-1.jsonl").read_text())
        else:
            journal = Journal(tmp_path, INFO.name)
            dragged(journal.record)
            path.write_bytes(journal.path.read_bytes())
        before = recover(path, info)
        with path.open("a") as stream:
            stream.write(line + "\n\n" + line + "\n")
        after = recover(path, info)
        assert_same(after.document, before.document)
        assert before.damaged == 0 and after.damaged >= 1
        path.write_text(line + "\n")
        assert model_of_journal(path) is None
        with pytest.raises(UsageError, match=rf"{name}.jsonl: (incomplete|not a session|a step)"):
            recover(path, info)


def test_steps_that_are_impossible_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    text = (DATA / "journal-1.jsonl").read_text()
    step = json.loads(text.splitlines()[-1])
    path.write_text(text)
    before = recover(path, ZooEngine.info).document
    values = np.full(step["ws"]["shape"], np.nan, "<f4").tobytes()
    nan = {**step, "ws": {**step["ws"], "float32": base64.b64encode(values).decode()}}
    for damage in ({**step, "handles": {"1": [9999, -5]}}, nan):
        path.write_text(text + json.dumps(damage) + "\n")
        found = recover(path, ZooEngine.info)
        assert found.damaged == 1
        assert_same(found.document, before)


@pytest.mark.slow
def test_no_damaged_byte_alters_a_state(tmp_path: Path) -> None:
    """What is recovered is one of the states there were, or the file is refused by name."""
    journal = Journal(tmp_path, INFO.name)
    states: list[Document] = []

    def record(document: Document, frame: Frame | None, change: Change) -> None:
        states.append(document)
        journal.record(document, frame, change)

    session, _ = dragged(record)
    session.move_target(1, (50, 50))
    list(session.run(steps=2))
    whole = journal.path.read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "damaged.jsonl"
    for _ in range(300):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 4)):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            found = recover(path, INFO).document
        except UsageError as error:
            assert str(path) in str(error)
            continue
        assert any(_is_same(found, state) for state in states)


def _is_same(one: Document, other: Document) -> bool:
    try:
        assert_same(one, other)
    except (AssertionError, ValueError):
        return False
    return True


@pytest.mark.slow
def test_a_journal_cut_at_any_byte_holds_a_state_there_was(tmp_path: Path) -> None:
    """Where the process was killed while it wrote."""
    journal = Journal(tmp_path, INFO.name)
    session = spot_session(recorder=journal.record)
    session.add_pair((30, 30), (60, 60))
    list(session.run(steps=1))
    whole = journal.path.read_bytes()
    path = tmp_path / "cut.jsonl"
    ends = [0, *(place + 1 for place, byte in enumerate(whole) if byte == ord("\n"))]
    for size in range(ends[1], len(whole) + 1):
        path.write_bytes(whole[:size])
        found = recover(path, INFO)
        assert found.damaged == 0
        path.write_bytes(whole[: max(end for end in ends if end <= size + 1)])
        assert_same(found.document, recover(path, INFO).document)


# -- the disk -------------------------------------------------------------------------------------


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may become longer, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_is_told_once_and_recording_resumes(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name)
    session = spot_session(recorder=journal.record)
    session.add_pair((30, 30), (60, 60))
    list(session.run(steps=2))
    good = session.document
    with room(journal.path.stat().st_size + 100):
        list(session.run(steps=3))
        session.move_target(1, (5, 5))
        [told] = journal.notices()
        assert told.startswith(f"the edit is not recorded: {journal.path}: ")
        kept = recover(journal.path, INFO)
        assert kept.damaged == 0
        np.testing.assert_array_equal(kept.document.latent.ws, good.latent.ws)
    list(session.run(steps=1))
    assert journal.notices() == ["the edit is recorded again"]
    found = recover(journal.path, INFO)
    assert found.damaged == 0
    assert_same(found.document, session.document)


def test_a_folder_that_cannot_be_written_is_told_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "file" / "journals"
    folder.parent.write_text("")
    journal = Journal(folder, INFO.name)
    session = spot_session(recorder=journal.record)
    session.add_pair((30, 30), (60, 60))
    session.move_target(1, (5, 5))
    [told] = journal.notices()
    assert "not recorded" in told and str(folder) in told
    folder.parent.unlink()
    session.move_target(1, (6, 6))
    assert journal.notices() == ["the edit is recorded again"]
    assert_same(recover(journal.path, INFO).document, session.document)


def test_a_journal_that_is_removed_begins_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name)
    session, _ = dragged(journal.record)
    journal.path.unlink()
    list(session.run(steps=1))
    assert_same(recover(journal.path, INFO).document, session.document)


# -- other editors --------------------------------------------------------------------------------


def test_later_edits_leave_the_journal_of_an_open_editor(tmp_path: Path) -> None:
    first = Journal(tmp_path, INFO.name)
    session, _ = dragged(first.record)
    for _ in range(25):
        journal = Journal(tmp_path, INFO.name)
        dragged(journal.record, steps=1)
        journal.close()
    assert first.path.exists()
    assert_same(recover(first.path, INFO).document, session.document)
    assert len(journals_in(tmp_path)) <= 21
    first.close()
    Journal(tmp_path, INFO.name)
    assert not first.path.exists(), "closed, it is as old as it is"


def test_editors_that_start_together_all_have_a_journal(tmp_path: Path) -> None:
    for i in range(40):
        (tmp_path / f"2020-{i:02d}.jsonl").write_text("")
    journals: list[Journal] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        journal = Journal(tmp_path, INFO.name)
        dragged(journal.record, steps=1)
        journals.append(journal)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journals) == 8
    for journal in journals:
        assert journal.notices() == [] and recover(journal.path, INFO).document.pairs


# -- length ---------------------------------------------------------------------------------------


def test_a_long_journal_is_shortened_and_holds_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path, INFO.name, longest=20_000)
    session = spot_session(recorder=journal.record)
    session.add_pair((30, 30), (60, 60))
    sizes = []
    for index in range(300):
        session.move_target(1, (index % 60, 5))
        list(session.run(steps=1))
        sizes.append(journal.path.stat().st_size)
        assert_same(recover(journal.path, INFO).document, session.document)
    assert max(sizes) < 30_000 and min(sizes[50:]) < 10_000
    assert journal.notices() == [] and [journal.path] == list(tmp_path.iterdir())
    lines = journal.path.read_bytes()
    journal.path.write_bytes(lines[:-20])
    assert recover(journal.path, INFO).document.pairs, "one damaged line is not the end"
    for _ in range(KEPT + 5):
        other = Journal(tmp_path, INFO.name)
        dragged(other.record, steps=1)
        other.close()
    assert journal.path.exists(), "its lock is on the shortened one too"


def test_a_full_disk_while_it_is_shortened_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OutputError(f"{path} cannot be written: No space left on device")

    journal = Journal(tmp_path, INFO.name, longest=20_000)
    session = spot_session(recorder=journal.record)
    session.add_pair((30, 30), (60, 60))
    monkeypatch.setattr("tui_draggan.edit.journal.replacing", full)
    for index in range(60):
        session.move_target(1, (index, 5))
    assert journal.notices() == []
    assert_same(recover(journal.path, INFO).document, session.document)


KILLED = """
import sys
from pathlib import Path
from tui_draggan.edit.journal import Journal
from tui_draggan.testing.spot_engine import spot_session

session = spot_session(recorder=Journal(Path(sys.argv[1]), "spot", longest=20_000).record)
session.add_pair((30, 30), (60, 60))
index = 0
while True:
    session.move_target(1, (index % 60, index // 60 % 60))
    print(index, flush=True)
    index += 1
"""


@pytest.mark.slow
def test_a_process_killed_while_it_shortens_its_journal_loses_one_change(tmp_path: Path) -> None:
    for kill in range(5):
        folder = tmp_path / str(kill)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(200 + 7 * kill):
            process.stdout.readline()
        process.kill()
        done = [int(line) for line in process.stdout if line.endswith("\n")][-1:]
        process.wait()
        found = recover(newest_journal(folder), INFO).document
        x, y = found.pair(1).target
        assert not done or x + 60 * y >= done[0]
