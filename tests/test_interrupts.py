"""Ctrl-C ends a process soon, whatever it is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tui_draggan.interrupts import EXIT_PATIENCE, PATIENCE
from tui_draggan.testing.pane import ROOT
from tui_draggan.testing.waiting import LIMIT

pytestmark = pytest.mark.slow

BUSY = 20.0
"""Seconds that a busy machine may need more."""


def interrupted(
    path: Path, body: str, number: signal.Signals = signal.SIGINT
) -> tuple[int, str, float]:
    """Exit status, words and seconds of a process that gets a signal in the middle of `body`."""
    code = (
        "import atexit, hashlib, sys, time; from pathlib import Path\n"
        "from tui_draggan.files import replacing\n"
        "from tui_draggan.interrupts import prompt_interrupts\n"
        "def ready(): print('ready', flush=True)\n"
        "with prompt_interrupts() as interrupts:\n"
        f"    with replacing(Path({str(path)!r})) as work:\n"
        + "".join(f"        {line}\n" for line in body.splitlines())
        + "print('done', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(number)
    since = time.monotonic()
    out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out + err, time.monotonic() - since


WORK = "while True: time.sleep(0.1)"
SWALLOWED = """\
ready()
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""
LOST_IN_A_DESTRUCTOR = """\
class Lost:
    def __del__(self):
        ready()
        time.sleep(1)
del (lost := [Lost()])[0]
time.sleep(60)
"""
IN_A_LIBRARY = """\
ready()
hashlib.pbkdf2_hmac('sha256', b'x', b'y', 2**31 - 1)
"""


@pytest.mark.parametrize(
    "body",
    [SWALLOWED, LOST_IN_A_DESTRUCTOR, IN_A_LIBRARY],
    ids=["swallowed", "lost in a destructor", "in a library"],
)
def test_an_interrupt_that_is_lost_ends_the_process_all_the_same(tmp_path: Path, body: str) -> None:
    status, said, seconds = interrupted(tmp_path / "a.png", body)
    assert status == 130
    assert said.splitlines()[-1] == "tui-draggan: interrupted"
    assert PATIENCE - 0.1 < seconds < 2 + BUSY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_so_do_other_signals_that_end_a_process(tmp_path: Path, number: signal.Signals) -> None:
    status, _, seconds = interrupted(tmp_path / "a.png", IN_A_LIBRARY, number)
    assert status == 128 + number and PATIENCE - 0.1 < seconds < 2 + BUSY
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_heard_ends_it_at_once(tmp_path: Path) -> None:
    status, said, seconds = interrupted(tmp_path / "a", f"ready()\n{WORK}")
    assert status == -signal.SIGINT and "KeyboardInterrupt" in said
    assert seconds < 2 + BUSY and list(tmp_path.iterdir()) == []


def test_work_that_goes_on_after_it_is_left_alone(tmp_path: Path) -> None:
    body = (
        f"try:\n    ready()\n    {WORK}\n"
        "except KeyboardInterrupt:\n    interrupts.forgive()\n"
        f"time.sleep({PATIENCE + 1})\nwork.write_text('whole')"
    )
    status, said, _ = interrupted(tmp_path / "a", body)
    assert (status, said) == (0, "done\n")
    assert (tmp_path / "a").read_text() == "whole"


def test_an_answer_that_is_quicker_than_the_watcher_counts() -> None:
    code = (
        "import os, signal, threading; from tui_draggan.interrupts import PATIENCE, Interrupts\n"
        "heard, tell = os.pipe()\n"
        "os.set_blocking(heard, False)\n"
        "interrupts = Interrupts(heard)\n"
        "os.write(tell, bytes([signal.SIGINT]))\n"
        "interrupts.forgive()\n"
        "threading.Timer(PATIENCE + 0.5, os.close, [tell]).start()\n"
        "interrupts.watch()\n"
        "print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_a_second_one_counts_again(tmp_path: Path) -> None:
    body = (
        f"try:\n    ready()\n    {WORK}\n"
        "except KeyboardInterrupt:\n    interrupts.forgive()\n"
        "import os, signal, threading\n"
        "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 2**31 - 1)"
    )
    status, said, _ = interrupted(tmp_path / "a", body)
    assert (status, said) == (130, "tui-draggan: interrupted\n")


def test_an_interpreter_that_does_not_end_is_ended(tmp_path: Path) -> None:
    body = f"atexit.register(time.sleep, 60)\nready()\n{WORK}"
    status, _, seconds = interrupted(tmp_path / "a", body)
    assert status == 130 and EXIT_PATIENCE - 0.1 < seconds < EXIT_PATIENCE + BUSY


@pytest.mark.parametrize(
    "words",
    [
        ["bench"],
        ["doctor"],
        ["import", "weights.pt"],
        ["train", "--data", "critters", "--out", "run"],
        ["evaluate", "critters", "--data", "critters"],
    ],
    ids=lambda words: words[0],
)
def test_in_the_import_of_torch_it_ends_the_process_at_once(
    words: list[str], tmp_path: Path
) -> None:
    """A stand-in for torch, which takes an interrupt for a broken installation."""
    (tmp_path / "torch.py").write_text(
        "import time\n"
        "print('ready', flush=True)\n"
        "try:\n    time.sleep(60)\n"
        "except BaseException:\n    raise ImportError('partially initialized module')\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from tui_draggan.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and "ready\n" in iter(process.stdout.readline, "")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, said) == (130, "tui-draggan: interrupted\n")


def test_an_interrupt_in_executed_text_ends_with_its_status_too(tmp_path: Path) -> None:
    """Python forgets that it was caught, where the program is run by -m."""
    (tmp_path / "sitecustomize.py").write_text(
        "from tui_draggan.commands import models\n"
        "models.show_all = lambda: exec('raise KeyboardInterrupt')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "tui_draggan", "models"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (ended.returncode, ended.stderr) == (130, "tui-draggan: interrupted\n")
