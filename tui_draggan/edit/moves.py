"""Moves along directions as people type them, for commands and files: «yaw=1.5@shape»."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui_draggan.bundle import BundleInfo
from tui_draggan.directions.direction import Direction
from tui_draggan.edit.document import Document
from tui_draggan.edit.sliders import Rows, Slider, parse_slider
from tui_draggan.errors import UsageError
from tui_draggan.wording import quoted


@dataclass(frozen=True, eq=False)
class Move:
    """How far a picture is to be moved along a direction, or from where to where."""

    direction: Direction
    start: float
    end: float
    """σ; other than `start` where it is a sweep."""
    rows: Rows


def parse_move(text: str, known: Sequence[Direction], info: BundleInfo) -> Move:
    """«yaw=1.5», «yaw=-2@shape», «yaw=-3..3». Raises UsageError."""
    name, sign, values = text.rpartition("=")
    if not sign:
        raise UsageError(f"--direction {quoted(text)}: expected NAME=σ, as in smile=1.5")
    found = next((one for one in known if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in known[:12]) + ("…" if len(known) > 12 else "")
        raise UsageError(f"no direction is named {quoted(name)}; available: {names}")
    sigmas, _, rows = values.partition("@")
    ends = sigmas.split("..")
    if len(ends) > 2:
        raise UsageError(f"--direction {quoted(text)}: expected NAME=A..B for a sweep")
    parsed = [parse_slider(f"{end} {rows}", info, found) for end in ends]
    return Move(found, parsed[0][0], parsed[-1][0], parsed[0][1] or (0, info.num_ws - 1))


def parse_moves(texts: Sequence[str], known: Sequence[Direction], info: BundleInfo) -> list[Move]:
    """Those of a picture that is to stand still. Raises UsageError, for sweeps too."""
    moves = [parse_move(text, known, info) for text in texts]
    for text, move in zip(texts, moves, strict=True):
        if move.start != move.end:
            raise UsageError(
                f"--direction {quoted(text)} is a sweep; expected one value, NAME=σ, or use "
                "tui-draggan apply --animation"
            )
    return moves


def moved_along(document: Document, moves: Sequence[Move], share: float = 1.0) -> Document:
    """The edit with its sliders so far on the way of those moves, 0 to 1."""
    sliders = document.sliders
    for one in moves:
        value = one.start + share * (one.end - one.start)
        sliders = sliders.having(Slider(one.direction, value, one.rows))
    return document.holding().with_sliders(sliders)
