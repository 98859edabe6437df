"""What a person has settled once for all: one TOML file, and above it the environment.

    flags  >  $TUI_DRAGGAN_…  >  config.toml  >  what was chosen last  >  the program's own

What the editor remembers by itself (theme, folder of exports) stands in a file of its own, which
nobody needs to look at.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_draggan import paths
from tui_draggan.commands.arguments import ENGINES
from tui_draggan.errors import DragganError, UsageError
from tui_draggan.files import check_readable, reason_of, replacing
from tui_draggan.tui.terminal.graphics import COLOUR_CHOICES, GRAPHICS_CHOICES
from tui_draggan.wording import printable, quoted

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PREFIX = "TUI_DRAGGAN_"
"""Beginning of every variable's name."""
MAX_PACE = 1000.0
LARGEST = 1 << 20
"""Bytes of a file of settings."""

Value = str | float | Path | None


@dataclass(frozen=True)
class Setting:
    """One line of the file."""

    name: str
    """As in the file; the variable is `PREFIX` and this in capitals."""
    default: Value
    note: str
    read: Callable[[Any], Value]
    """Raises UsageError with what was expected."""
    example: str
    """In TOML, for the commented file."""

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


@dataclass(frozen=True)
class Settled:
    """A setting's value, and where it comes from."""

    value: Value
    origin: str = "default"


@dataclass(frozen=True)
class Settings:
    """All settings."""

    settled: Mapping[str, Settled]
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys by the id of what they do: other than the program's own."""

    def text(self, name: str) -> str:
        """The value of a setting that is text."""
        return str(self.settled[name].value)

    @property
    def model(self) -> str | None:
        """Model that opens where none is named; None: the bundled one."""
        value = self.settled["model"].value
        return None if value is None else str(value)

    @property
    def theme(self) -> str | None:
        """Name of a Textual theme; None: the program's own."""
        value = self.settled["theme"].value
        return None if value is None else str(value)

    @property
    def pace(self) -> float:
        """Steps a second at most; 0: as many as the engine makes."""
        value = self.settled["pace"].value
        assert isinstance(value, float)
        return value

    @property
    def export_folder(self) -> Path:
        """Folder that exports go to."""
        value = self.settled["export_folder"].value
        return value if isinstance(value, Path) else Path()


def _one_of(choices: Sequence[str]) -> Callable[[Any], Value]:
    def read(value: Any) -> Value:
        if value not in choices:
            raise UsageError(f"expected one of {', '.join(choices)}")
        return str(value)

    return read


def _text(value: Any) -> Value:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise UsageError("expected a name")
    return value


def _pace(value: Any) -> Value:
    try:
        number = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number <= MAX_PACE:
        raise UsageError(f"expected 0 to {MAX_PACE:g} steps a second")
    return number


def _folder(value: Any) -> Value:
    if not isinstance(value, str):
        raise UsageError("expected a folder's path")
    return paths.typed_path(value)


SETTINGS = (
    Setting("model", None, "model that opens where none is named", _text, '"critters"'),
    Setting("engine", "auto", "what computes", _one_of(ENGINES), '"auto"'),
    Setting("device", "auto", "auto, cpu, cuda or cuda:N", _text, '"auto"'),
    Setting("theme", None, "colours: any theme of Textual", _text, '"nord"'),
    Setting("graphics", "auto", "how pictures are drawn", _one_of(GRAPHICS_CHOICES), '"auto"'),
    Setting("colour", "auto", "colour depth", _one_of(COLOUR_CHOICES), '"auto"'),
    Setting("pace", 30.0, "steps a second at most; 0: all", _pace, "30"),
    Setting("export_folder", None, "folder that exports go to", _folder, '"~/pictures"'),
)
REMEMBERED = ("theme", "export_folder")
"""Settings that the editor takes from what was chosen last."""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Reads file, environment and memory. Raises UsageError, naming file or variable, for what
    cannot be used."""
    environment = os.environ if environment is None else environment
    file = paths.settings()
    written = _read_file(file)
    remembered = _remembered()
    keys = _keys(written.pop("keys", {}), file)
    known = {one.name for one in SETTINGS}
    for name in written:
        if name not in known:
            raise UsageError(
                f"{file}: no setting is named {quoted(printable(name))}; available: "
                f"{', '.join(sorted(known))}, and the table [keys]"
            )
    settled = {}
    for one in SETTINGS:
        if one.variable in environment:
            value = environment[one.variable]
            settled[one.name] = Settled(_checked(one, value, one.variable), f"${one.variable}")
        elif one.name in written:
            value = written[one.name]
            settled[one.name] = Settled(_checked(one, value, f"{file}: {one.name}"), str(file))
        elif one.name in remembered:
            settled[one.name] = Settled(remembered[one.name], "chosen last")
        else:
            settled[one.name] = Settled(one.default)
    return Settings(settled, keys)


def screen_options(options: argparse.Namespace, settings: Settings) -> tuple[str, str]:
    """Graphics and colour of a command with `arguments.add_screen`: the flags', else the settled
    ones."""
    graphics = getattr(options, "graphics", settings.text("graphics"))
    return graphics, getattr(options, "colour", settings.text("colour"))


def remember(name: str, value: str) -> None:
    """Keeps what was chosen, for the next start; «» forgets it. What cannot be kept is not worth an
    error."""
    assert name in REMEMBERED
    values = {key: str(kept) for key, kept in _remembered().items()}
    if values.get(name) == value:
        return
    file = paths.remembered()
    with suppress(DragganError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as work:
            work.write_text(json.dumps({**values, name: value}) + "\n", encoding="utf-8")


def commented_file(keys: Sequence[tuple[str, str, str]]) -> str:
    """A file of settings with every line in it, commented out. keys: id, keys, what it does."""
    lines = [
        "# Settings of tui-draggan. Remove the # before a line to make it hold.",
        "# Flags of the command line and variables (TUI_DRAGGAN_MODEL …) overrule them.",
        "",
    ]
    for one in SETTINGS:
        lines += [f"# {one.note}", f"# {one.name} = {one.example}"]
    lines += ["", "# Keys by what they do, several separated by commas.", "# [keys]"]
    width = max((len(name) + len(own) for name, own, _ in keys), default=0) + 5
    lines += [f"# {f'{name} = {json.dumps(own)}':{width}}  # {note}" for name, own, note in keys]
    return "\n".join(lines) + "\n"


def _read_file(file: Path) -> dict[str, Any]:
    """The values of the file, {} where there is none. Raises UsageError."""
    try:
        if not file.exists():
            return {}
        check_readable(file, "a file of settings")
        if file.stat().st_size > LARGEST:
            raise UsageError(f"{file} has {file.stat().st_size} bytes; it is no file of settings")
        return dict(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not text in UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is not TOML: {printable(str(error))}") from None


def _checked(one: Setting, value: Any, place: str) -> Value:
    """Raises UsageError, naming the place."""
    try:
        return one.read(value)
    except UsageError as error:
        raise UsageError(f"{place} is {quoted(printable(str(value)))}; {error}") from None


def _keys(values: Any, file: Path) -> dict[str, str]:
    if not isinstance(values, dict):
        raise UsageError(f'{file}: keys is no table; expected [keys] and lines of ID = "KEYS"')
    for name, keys in values.items():
        if not isinstance(keys, str) or not keys.strip() or not keys.isprintable():
            raise UsageError(
                f"{file}: keys.{printable(name)} is {quoted(printable(str(keys)))}; expected keys "
                'separated by commas, as "x,delete"'
            )
    return {name: keys.replace(" ", "") for name, keys in values.items()}


def _remembered() -> dict[str, Value]:
    """What was chosen last; nothing where that cannot be read."""
    try:
        values = dict(json.loads(paths.remembered().read_text(encoding="utf-8")))
        found = {one.name: one.read(values[one.name]) for one in SETTINGS if values.get(one.name)}
    except (OSError, ValueError, TypeError, RecursionError, DragganError):
        return {}
    return {name: value for name, value in found.items() if name in REMEMBERED}
