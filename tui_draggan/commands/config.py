"""`tui-draggan config`: what is settled, and where each of it comes from."""

from __future__ import annotations

import argparse

from tui_draggan import paths
from tui_draggan.commands.settings import commented_file, read_settings
from tui_draggan.errors import OutputError
from tui_draggan.files import replacing, unwritable
from tui_draggan.standard_streams import say
from tui_draggan.wording import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Prints the settings and where each comes from: a flag of the command line overrules a "
        "variable (TUI_DRAGGAN_MODEL …), that the file, that what was chosen last."
    )
    parser.add_argument(
        "--init", action="store_true", help="write a file with every setting, commented out"
    )


def run(options: argparse.Namespace) -> int:
    """Raises UsageError for a file that cannot be used, OutputError where none can be written."""
    file = paths.settings()
    if options.init:
        return _write(commented_file(_own_keys()))
    settings = read_settings()
    rows = [(name, one.value, one.origin) for name, one in settings.settled.items()]
    rows += [(f"keys.{name}", keys, str(file)) for name, keys in settings.keys.items()]
    shown = [(name, "–" if value is None else f"{value}", origin) for name, value, origin in rows]
    widths = [max(len(printable(row[column])) for row in shown) for column in range(2)]
    for name, value, origin in shown:
        say(f"{printable(name):{widths[0]}}  {printable(value):{widths[1]}}  {printable(origin)}")
    exists = "" if file.exists() else " (not there; --init writes one)"
    say(f"file: {printable(str(file))}{exists}")
    return 0


def _own_keys() -> list[tuple[str, str, str]]:
    from tui_draggan.tui.gallery import keys as gallery
    from tui_draggan.tui.keys.table import KEYS

    rows = [(key.id, key.keys, key.help) for key in KEYS]
    return rows + [(key.id or "", key.key, f"Gallery: {key.tooltip}") for key in gallery.KEYS]


def _write(text: str) -> int:
    file = paths.settings()
    if file.exists():
        raise OutputError(f"{file} exists; move it away to have a new one written")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(file, error) from error
    with replacing(file) as work:
        work.write_text(text, encoding="utf-8")
    say(f"written: {printable(str(file))}")
    return 0
