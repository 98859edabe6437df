"""Standard output and error that cannot show everything, or anything."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

COMMANDS = ("--help", "--version", "models", "models critters", "train --help", "doctor")
LOCALES = (
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)


def in_a_shell(words: str, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and error of the program, called by a shell."""
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m tui_draggan {words}"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


@pytest.mark.parametrize("environment", LOCALES, ids=str)
@pytest.mark.parametrize("words", COMMANDS)
def test_signs_that_the_encoding_lacks_are_replaced(
    words: str, environment: dict[str, str]
) -> None:
    status, said, err = in_a_shell(words, **environment)
    assert (status, err) == (0, "") and len(said) > 10


def test_so_they_are_in_errors() -> None:
    status, _, err = in_a_shell("models 水", PYTHONIOENCODING="ascii")
    assert status == 2
    assert err == "tui-draggan: model: no model named ?; available: critters (or a folder's path)\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("to", "why"), [("/dev/full", "No space left on device"), ("&-", "Bad file descriptor")]
)
@pytest.mark.parametrize("words", COMMANDS)
def test_what_cannot_be_written_is_said_in_one_line(
    words: str, to: str, why: str, unbuffered: str
) -> None:
    status, said, err = in_a_shell(f"{words} >{to}", PYTHONUNBUFFERED=unbuffered)
    assert (status, said) == (1, "")
    assert err == f"tui-draggan: output: standard output cannot be written: {why}\n"


@pytest.mark.parametrize("to", ["/dev/full", "&-"])
@pytest.mark.parametrize(("words", "expected"), [("models", 1), ("models nothing", 2)])
def test_nowhere_to_say_it_either(words: str, expected: int, to: str) -> None:
    assert in_a_shell(f"{words} >{to} 2>{to}") == (expected, "", "")


def test_a_reader_that_has_seen_enough_is_no_error_to_report() -> None:
    status, said, err = in_a_shell("models | true; echo")
    assert (status, said.strip(), err) == (0, "", "")


def test_errors_go_where_they_can_while_the_output_is_fine() -> None:
    status, said, _ = in_a_shell("models 2>&-")
    assert status == 0 and "critters" in said


def test_what_is_logged_is_printable() -> None:
    code = (
        "import logging; from tui_draggan import standard_streams; standard_streams.prepare();"
        "logging.getLogger('tui_draggan.x').warning('%s', 'a\\x1b]0;b\\x07\\nc')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "a\\x1b]0;b\\x07\\nc\n"
