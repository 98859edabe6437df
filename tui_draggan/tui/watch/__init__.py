"""`tui-draggan train --watch RUN`: samples and curves of a run, as it trains or afterwards.

Without torch: a run can be watched from where nothing of it is installed.
"""

from __future__ import annotations

from pathlib import Path

from tui_draggan.errors import UsageError
from tui_draggan.tui.terminal.graphics import Terminal, apply_colour, terminal_problem
from tui_draggan.tui.watch.run import check_run


def watch(folder: Path, graphics: str = "auto", colour: str = "auto") -> int:
    """Shows the run until the person leaves; the exit status.

    graphics, colour: as for the editor. Raises UsageError for a folder that is not a run, and where
    there is no terminal.
    """
    check_run(folder)
    problem = terminal_problem()
    if problem is not None:
        raise UsageError(f"{problem}; --watch needs one to show pictures")
    apply_colour(colour)
    terminal = Terminal.at_start(graphics, colour)

    from tui_draggan.tui.program import run_program
    from tui_draggan.tui.watch.app import WatchApp

    return run_program(WatchApp(folder, terminal))
