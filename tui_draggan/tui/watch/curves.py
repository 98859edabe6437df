"""The curves: the chosen chart, and the ones after it where there is room."""

from __future__ import annotations

from rich.text import Text

from tui_draggan.tui.watch.charts import charts_of
from tui_draggan.tui.watch.layout import CHART
from tui_draggan.tui.watch.plot import Ink, drawn
from tui_draggan.tui.watch.run import RunSnapshot
from tui_draggan.tui.widgets.readout import Readout


class Curves(Readout):
    """Charts of a run's values over kimg."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__("", id)
        self._chosen = ""
        """Title of the first chart; by title, since charts are added during a run."""

    def walk(self, run: RunSnapshot, step: int) -> None:
        """Another chart first."""
        titles = [chart.title for chart in charts_of(run.curves)]
        if titles:
            at = titles.index(self._chosen) if self._chosen in titles else 0
            self._chosen = titles[(at + step) % len(titles)]

    def show(self, run: RunSnapshot, marked: float | None = None) -> None:
        """marked: kimg of the grid that is shown, where it is not the newest."""
        width, height = self.content_size
        charts = charts_of(run.curves)
        muted = self.colour("foreground-muted") or "dim"
        if not charts or width < 8 or height < 1:
            self.write(Text("" if charts else " no curves yet", style=muted))
            return
        titles = [chart.title for chart in charts]
        first = titles.index(self._chosen) if self._chosen in titles else 0
        count = min(len(charts), max(1, height // CHART))
        ink = Ink((self.colour("accent") or "cyan", self.colour("warning") or "yellow"), muted)
        lines: list[Text] = []
        for index in range(count):
            chart = charts[(first + index) % len(charts)]
            end = height * (index + 1) // count
            room = end - len(lines) - (index + 1 < count)
            lines += drawn(chart, run.curves, width, room, ink, marked)
            lines += [Text()] * (end - len(lines))
        self.write(Text("\n").join(lines))
