"""The list of commands, and their help: instant, and in one form."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui_draggan.cli import COMMANDS, main, parse

HEAVY = {"numpy", "textual", "onnxruntime", "onnx", "PIL", "rich", "torch"}


@pytest.mark.parametrize("words", [[], *([command.name] for command in COMMANDS)], ids=" ".join)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from tui_draggan.cli import main\n"
        f"try:\n    main([*{words}, '--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted({HEAVY} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(" ".join(["usage: tui-draggan", *words]))
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    listed = said[said.index("COMMAND\n") :]
    for command in COMMANDS:
        assert (f"    {command.name} " in listed) == (command.help is not None)


def test_options_before_a_command_are_its_own() -> None:
    options = parse(["--seed", "7", "--model", "zoo", "drag", "--steps", "3", "--model", "other"])
    assert (options.seed, options.model, options.steps) == (7, "other", 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["drag", "--pont"], "unknown option --pont; see tui-draggan drag --help"),
        (["drag", "place"], "unknown argument place; see tui-draggan drag --help"),
        (["models", "a", "b"], "unknown argument b; see tui-draggan models --help"),
        (["bench", "--points", "x"], "see tui-draggan bench --help"),
        (["evaluate"], "see tui-draggan evaluate --help"),
    ],
)
def test_an_error_names_the_help_that_helps(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert message in said and said.startswith("tui-draggan: ") and len(said.splitlines()) == 1
