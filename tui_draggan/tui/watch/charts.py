"""Which curves a run has, and which of them share a chart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LABELS = {
    "d": "D",
    "g": "G",
    "r1": "R1",
    "p": "p",
    "real": "real",
    "fake": "fake",
    "metric": "SWD",
    "path_length": "path length",
    "held_out": "held out",
    "seconds_per_kimg": "s/kimg",
}
"""Names on the screen for names of the log; others stay as they are."""


@dataclass(frozen=True)
class Chart:
    """Curves that share one scale."""

    title: str
    names: tuple[str, ...]


CHARTS = (
    Chart("losses", ("d", "g")),
    Chart("paired loss", ("paired", "held_out")),
    Chart("distance to the data", ("metric",)),
    Chart("augmentation", ("p",)),
    Chart("logits", ("real", "fake")),
    Chart("gradient penalty", ("penalty", "r1")),
    Chart("path length", ("path_length",)),
    Chart("pace", ("seconds_per_kimg",)),
)


def charts_of(names: Iterable[str]) -> tuple[Chart, ...]:
    """The charts of a log with these values; what is not known gets a chart of its own."""
    there = list(names)
    known = {name for chart in CHARTS for name in chart.names}
    found = [
        Chart(chart.title, present)
        for chart in CHARTS
        if (present := tuple(name for name in chart.names if name in there))
    ]
    others = (name for name in there if name not in known)
    return (*found, *(Chart(name.replace("_", " "), (name,)) for name in others))
