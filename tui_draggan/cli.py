"""The commands: a name, a line of help and a module for each; `main` runs one.

A command's module is imported when the command is called, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from tui_draggan import __version__, standard_streams
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.files import reason_of
from tui_draggan.standard_streams import complain

PROGRAM = "tui-draggan"


@dataclass(frozen=True)
class Command:
    """A command and the module that has its `add_arguments` and `run`."""

    name: str
    module: str
    """Name of the module in `tui_draggan.commands`."""
    help: str | None = None
    """Line in the list of commands; None for a command that is not listed."""
    needs_torch: bool = False
    """Whether it needs what the extra `torch` installs."""


EDITOR = Command("edit", "edit")
"""What runs where no command is given."""
COMMANDS = (
    Command("tutorial", "tutorial", "learn the editor in five minutes, step by step"),
    Command("drag", "drag", "run a drag without the editor and write the result"),
    Command("batch", "batch", "run many drags, on this machine or on a cluster"),
    Command("verify", "verify", "tell what pictures say of themselves, and if they are intact"),
    Command("gallery", "gallery", "look through a model's seeds and classes as thumbnails"),
    Command("invert", "invert", "find photographs among the pictures a model can draw"),
    Command("mix", "mix", "mix the pictures of two seeds: between them, or some rows of w+"),
    Command("apply", "apply", "move pictures along directions and write the results"),
    Command("directions", "directions", "find, name and share directions for sliders"),
    Command("attributes", "attributes", "find directions of attributes from labels or scores"),
    Command("parts", "parts", "find the parts of pictures, and mask them", True),
    Command("import", "import_model", "make a model of a StyleGAN2 or StyleGAN3 checkpoint", True),
    Command("export", "export", needs_torch=True),
    Command("models", "models", "list, show, verify and remove models"),
    Command(
        "config", "config", "show the settings and where they come from, or write a file of them"
    ),
    Command("completion", "completion", "print a script that completes this program's options"),
    Command("doctor", "doctor", "check this machine and terminal, with advice on what is missing"),
    Command("bench", "bench", "measure how fast an iteration is on this machine", True),
    Command("score", "score", "measure where edits land, beside the published algorithms", True),
    Command("train", "train", "train a generator on a folder of pictures", True),
    Command("evaluate", "evaluate", "compare a model's pictures with real ones", True),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns the exit status: 0 done, 1 failed, 2 wrong input, 3 a drag that stopped short.
    """
    standard_streams.prepare()
    try:
        try:
            return _run(parse(sys.argv[1:] if arguments is None else arguments))
        finally:
            sys.stdout.flush()
    except DragganError as error:
        complain(f"{PROGRAM}: {error.line}")
        return error.exit_status
    except KeyboardInterrupt:
        complain(f"{PROGRAM}: interrupted")
        return 130
    except BrokenPipeError:  # whoever reads has seen enough
        return 1
    except OSError as error:
        what = (
            "output: standard output cannot be written"
            if error.filename is None
            else (f"file: {error.filename}")
        )
        complain(f"{PROGRAM}: {what}: {reason_of(error)}")
        return 1
    finally:
        standard_streams.discard()


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options, with the command itself as `command`, its function as `run`.

    Raises UsageError.
    """
    try:
        options, unknown = _parser().parse_known_args(words)
    except UsageError as error:
        # argparse takes what is no option for a command: what is to be opened, or the value of an
        # option that it does not know.
        options, unknown = _EditorParser().parse_known_args(words)
        if "COMMAND" not in str(error) or not unknown:
            raise
        if unknown[0].startswith("-"):
            raise _unknown(unknown[0], PROGRAM) from None
        from tui_draggan.commands.file_opening import take_word

        if len(unknown) > 1 or not take_word(unknown[0], options):
            raise
        return options
    if unknown:
        command: Command = options.command
        raise _unknown(unknown[0], PROGRAM if command is EDITOR else f"{PROGRAM} {command.name}")
    return options


def _unknown(word: str, program: str) -> UsageError:
    what = "option" if word.startswith("-") else "argument"
    return UsageError(f"unknown {what} {word}; see {program} --help")


def _run(options: argparse.Namespace) -> int:
    command: Command = options.command
    try:
        return int(options.run(options))
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if not command.needs_torch or missing == __package__:
            raise
        raise UsageError(
            f"{command.name} needs {missing}, which is not installed; "
            f"pip install '{PROGRAM}[torch]'"
        ) from None


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the help is."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def _print_message(self, message: str, file: Any = None) -> None:
        """argparse's own passes over what cannot be written."""
        (file or sys.stdout).write(message)


class _EditorParser(_Parser):
    """The program's own options: the editor's."""

    def __init__(self) -> None:
        super().__init__(prog=PROGRAM)
        self.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
        _add_arguments(self, EDITOR)


class _CommandParser(_Parser):
    """A command's options, asked for when the command is called."""

    def __init__(self, *, command: Command, **options: Any) -> None:
        super().__init__(**options)
        self._command = command

    def parse_known_args(  # type: ignore[override]  # argparse's types tell two forms apart
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        _add_arguments(self, self._command)
        return super().parse_known_args(args, namespace)


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the options of every command, which otherwise come when they are wanted."""
    parser = _parser()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                _add_arguments(command, next(one for one in COMMANDS if one.name == name))
    return parser


def _parser() -> _Parser:
    parser = _EditorParser()
    parser.epilog = (
        f"{PROGRAM} FILE opens a checkpoint, a session, or the folder of a model or of a training "
        f"run. {PROGRAM} COMMAND --help describes a command."
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", parser_class=_CommandParser
    )
    for command in COMMANDS:
        needs = f" (needs {PROGRAM}[torch])" if command.needs_torch else ""
        if command.help is None:
            commands.add_parser(command.name, command=command)
        else:
            commands.add_parser(command.name, command=command, help=command.help + needs)
    return parser


def _add_arguments(parser: argparse.ArgumentParser, command: Command) -> None:
    module = import_module(f"{__package__}.commands.{command.module}")
    module.add_arguments(parser)
    parser.set_defaults(command=command, run=module.run, whole_parser=whole_parser)
