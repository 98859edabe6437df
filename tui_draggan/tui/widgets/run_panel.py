"""State of the run, and its parameters."""

from __future__ import annotations

from rich.text import Text

from tui_draggan.edit.document import State
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.widgets.readout import Readout
from tui_draggan.tui.words import state_words


class RunPanel(Readout):
    """State, iteration, it/s, loss and distance, then the parameters, as far as there is room."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__("run", id)

    def show(self, snapshot: Snapshot, rate: float) -> None:
        """The state now; `rate`: iterations a second, 0 where nothing runs."""
        rows = self.content_size.height
        state = self._state(snapshot)
        numbers = _numbers(snapshot, rate, rows >= 7)
        muted = self.colour("foreground-muted") or "dim"
        values = _parameters(snapshot.document.parameters, rows >= 7)
        params = [Text(line, style=muted) for line in values]
        if rows >= 7:
            lines = [state, *(Text(line) for line in numbers), Text(""), *params]
        else:
            lines = [state, Text("  ".join(numbers)), *params]
        self.write(Text("\n").join(lines[: max(1, rows)]))

    def _state(self, snapshot: Snapshot) -> Text:
        status = snapshot.status
        colours: dict[Outcome | None, str] = {
            Outcome.REACHED: self.colour("text-success"),
            Outcome.FOUND: self.colour("text-success"),
            Outcome.TUNED: self.colour("text-success"),
            Outcome.ANIMATED: self.colour("text-success"),
            Outcome.UNLIKE: self.colour("text-warning"),
            Outcome.LOST: self.colour("text-warning"),
            Outcome.HIDDEN: self.colour("text-warning"),
            Outcome.UNCERTAIN: self.colour("text-warning"),
            Outcome.POINT_LOST: self.colour("text-warning"),
            Outcome.STUCK: self.colour("text-warning"),
            Outcome.NO_GRADIENT: self.colour("text-warning"),
            Outcome.STEP_LIMIT: self.colour("text-warning"),
            Outcome.FAILED: self.colour("text-error"),
        }
        colour = colours.get(status.outcome, "")
        if status.state is State.RUNNING:
            colour = self.colour("accent")
        line = Text(state_words(snapshot), style=f"bold {colour}".strip())
        if snapshot.frames:
            at = snapshot.shown if snapshot.shown is not None else len(snapshot.frames) - 1
            running = status.state in (State.RUNNING, State.PAUSED)
            end = snapshot.limit if running else snapshot.frames[-1].iteration
            line.append(f"  {snapshot.frames[at].iteration} / {end}", style="not bold")
        return line


def _numbers(snapshot: Snapshot, rate: float, roomy: bool) -> list[str]:
    if not snapshot.frames:
        return []
    frame = snapshot.frame or snapshot.frames[-1]
    speed = f"{rate:.1f} it/s" if rate else f"{frame.milliseconds:.0f} ms/step"
    loss = f"loss {frame.loss:.{4 if roomy else 3}g}"
    if not frame.handles:  # a search, which moves no points
        return [speed, loss]
    return [speed, loss, f"{'distance ' * roomy}{frame.distance:.1f} px"]


def _parameters(params: DragParams, roomy: bool) -> list[str]:
    space = f"{params.space}  K {params.rows}"
    radii = f"r1 {params.r1}  r2 {params.r2}"
    if roomy:
        weights = f"λ {params.mask_weight:g}  α {params.anchor:g}"
        return [f"step size {params.learning_rate:g}", f"{radii}  {weights}", space]
    anchor = f"  α {params.anchor:g}" * bool(params.anchor)
    return [f"step {params.learning_rate:g}{anchor}  {radii}  {space}"]
