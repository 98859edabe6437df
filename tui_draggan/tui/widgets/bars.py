"""The title above and the status line below."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from tui_draggan.tui.pointer import Pointer
from tui_draggan.tui.widgets.readout import Readout


class TitleBar(Readout):
    """Name of the program, model, picture, engine."""

    def show(self, facts: list[str], graphics: str) -> None:
        """Facts from the left, how pictures are drawn at the right; whole ones, as many as fit."""
        muted = self.colour("foreground-muted") or "dim"
        text = Text(" tui-draggan", style=f"bold {self.colour('accent')}".strip())
        for fact in filter(None, facts):
            if text.cell_len + 3 + cell_len(fact) <= self.size.width:
                text.append(f"   {fact}", style=f"not bold {muted}")
        room = self.size.width - text.cell_len - len(graphics) - 1
        if room >= 3:
            text.append(" " * room + graphics, style=f"not bold {muted}")
        self.write(text)


class StatusLine(Readout):
    """Crosshair, then what to know now."""

    def show(self, pointer: Pointer | None, zoom: float, words: Text) -> None:
        """`words`: hint or message."""
        text = Text(" ")
        if pointer is not None:
            text.append("✛ ", style=self.colour("accent"))
            text.append(f"{pointer.cursor[0]},{pointer.cursor[1]}".ljust(8), style="bold")
            if zoom > 1:
                text.append(f" {zoom:g}×", style=self.colour("foreground-muted") or "dim")
            text.append("  ")
        text.append(words)
        self.write(text)
