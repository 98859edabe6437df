"""`tui-draggan verify`: what pictures say of themselves, and whether they are intact."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import say
from tui_draggan.wording import counted, cut

if TYPE_CHECKING:
    from pathlib import Path

    from tui_draggan.pictures.provenance import Found

ALTERED, SILENT, UNREADABLE = 1, 3, 2
"""Exit statuses; the first of them that is true of a file is the command's."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Tells what PNG, WebP, GIF and MP4 files say of themselves: whether they are AI-generated, "
        "by which model, from what; and whether the picture is as it was written. Anyone can write "
        "such a record: it shows what was changed by accident, not who made it. Exit status: 0 if "
        "all are intact, 1 if one has been altered or its record is damaged, 2 if one cannot be "
        "read, 3 if one says nothing."
    )
    parser.add_argument("files", nargs="+", type=typed_path, metavar="FILE", help="pictures")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a line of JSON for each: file, state (intact, altered, damaged, silent, "
        "unreadable), source_type, tool, record, session, problem",
    )


def run(options: argparse.Namespace) -> int:
    """Raises nothing for what is wrong with a file: that is said."""
    from tui_draggan.pictures.provenance import Found, found_in
    from tui_draggan.pictures.reading import UnreadableError

    statuses = set()
    for path in options.files:
        try:
            found = found_in(path)
            state = state_of(found)
        except UnreadableError as error:
            found, state = Found(problem=str(error)), "unreadable"
        statuses.add(STATUS[state])
        if options.json:
            said = {**asdict(found), "session": found.session is not None}
            del said["intact"]
            say(json.dumps({"file": str(path), "state": state, **said}))
        else:
            say(*_lines(path, found, state))
    return next((one for one in (ALTERED, UNREADABLE, SILENT) if one in statuses), 0)


STATUS = {
    "intact": 0,
    "altered": ALTERED,
    "damaged": ALTERED,
    "silent": SILENT,
    "unreadable": UNREADABLE,
}


def state_of(found: Found) -> str:
    """In one word."""
    if found.problem:
        return "damaged"
    if found.intact is None:
        return "silent"
    return "intact" if found.intact else "altered"


def _lines(path: Path, found: Found, state: str) -> list[str]:
    """«a.png: intact», and what it says, a line each."""
    told = {
        "intact": "intact: as it was written",
        "altered": "altered since it was written",
        "damaged": f"damaged: {found.problem}",
        "silent": "says nothing that this program has written",
        "unreadable": f"cannot be read: {found.problem}",
    }
    lines = [f"{path}: {told[state]}"]
    if found.source_type is not None:
        lines.append(f"  source type  {cut(found.source_type.rpartition('/')[2])}")
    if found.tool is not None:
        lines.append(f"  written by   {cut(found.tool)}")
    return lines + [f"  {name:12} {cut(text)}" for name, text in _record(found.record).items()]


def _record(record: dict[str, Any]) -> dict[str, str]:
    """What a record says, in words; of values that it does not have, or that are none, nothing."""

    def told(name: str) -> str:
        value = record.get(name)
        return str(value) if isinstance(value, str | int | float) and value != "" else ""

    origin = {
        "seed": ", ".join(filter(None, (told("seed"), told("class_name"), _psi(told("psi"))))),
        "photograph": " ".join(filter(None, (told("photo"), _short(told("photo_sha256"))))),
        "latent": " ".join(filter(None, (told("latent"), _short(told("latent_sha256"))))),
    }
    points, sliders = record.get("points"), record.get("sliders")
    drawn = record.get("drawn")
    return {
        name: text
        for name, text in {
            "model": " ".join(filter(None, (told("model"), _short(told("weights"))))),
            **{name: text for name, text in origin.items() if told(_KEYS[name])},
            "edited": "yes" if record.get("edited") is True else "",
            "points": counted(len(points), "pair") if isinstance(points, list) and points else "",
            "sliders": ", ".join(map(str, sliders)) if isinstance(sliders, dict) else "",
            "drawn": ", ".join(map(str, drawn)) if isinstance(drawn, list) else "",
        }.items()
        if text
    }


_KEYS = {"seed": "seed", "photograph": "photo", "latent": "latent"}


def _psi(text: str) -> str:
    return f"ψ {text}" if text else ""


def _short(digest: str) -> str:
    return f"(SHA-256 {digest[:12]}…)" if digest else ""
