"""What the lines of text say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from tui_draggan.tui.watch.charts import LABELS
from tui_draggan.tui.watch.log import Curve
from tui_draggan.tui.watch.run import Grid, RunSnapshot
from tui_draggan.wording import duration, in_kimg, number

SILENCE = 300.0
"""Seconds without an update from which they are worth a word."""
RECENT = 5
"""Lines of the log whose median is the pace."""
TOLD = ("d", "g", "paired", "p", "metric", "held_out")
"""Values in the status line, the most telling first."""
STALE = 3.0
"""A value that has not come for so many of its usual intervals is no longer told: its stage is
over."""
GAP = 2


def status_words(run: RunSnapshot, now: float) -> list[str]:
    """«12 / 500 kimg», state or «4 h 12 min left», «31.2 s/kimg», then the last values.

    now: seconds since 1970.
    """
    if run.kimg is None:
        return ["no log entries yet"]
    done = in_kimg(run.kimg)
    words = [f"{done} kimg" if run.total is None else f"{done} / {run.total:g} kimg"]
    pace = _pace(run)
    if run.finished:
        words.append("finished")
    elif run.changed is not None and now - run.changed > SILENCE:
        words.append(f"no update for {duration(now - run.changed)}")
    elif run.total is not None and pace is not None:
        words.append(f"{duration(pace * (run.total - run.kimg))} left")
    if pace is not None:
        words.append(f"{number(pace)} s/kimg")
    for name in TOLD:
        curve = run.curves.get(name)
        if curve is not None and _fresh(curve, run.kimg):
            words.append(f"{LABELS.get(name, name)} {number(curve[1, -1])}")
    return words


def title_words(run: RunSnapshot, grid: Grid | None) -> list[str]:
    """The run, then the grid that is shown: «run», «60 kimg», «8 of 9», «128 px», «critters»."""
    words = [run.name]
    at = None if grid is None else run.place_of(grid.path)
    if grid is not None and at is not None:
        words += [f"samples at {grid.kimg} kimg", f"{at + 1} of {len(run.grids)}"]
    if run.resolution is not None:
        words.append(f"{run.resolution} px")
    return words + ([run.data] if run.data else [])


def waiting_words(run: RunSnapshot) -> str:
    """In place of the picture."""
    if run.kimg is None and not run.grids:
        return f"{run.name}: no log and no samples yet; waiting"
    return "no samples yet; waiting"


def fitted(words: Sequence[str], width: int, first: str, others: str) -> Text:
    """Words in a row, whole ones, those that fit; the ones that weigh most come first.

    first, others: styles.
    """
    text = Text(" ")
    for index, word in enumerate(words):
        gap = " " * GAP if index else ""
        if not index or text.cell_len + len(gap) + cell_len(word) <= width:
            text.append(gap).append(word, style=others if index else first)
    return text


def _fresh(curve: Curve, kimg: float) -> bool:
    places = curve[0]
    if len(places) < 2:
        return True
    interval = (places[-1] - places[0]) / (len(places) - 1)
    return bool(kimg - places[-1] <= STALE * interval)


def _pace(run: RunSnapshot) -> float | None:
    """Seconds for 1000 pictures."""
    curve = run.curves.get("seconds_per_kimg")
    return None if curve is None else float(np.median(curve[1, -RECENT:]))
