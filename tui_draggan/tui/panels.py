"""The editor's panels: how they lie on the screen, and what each shows of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widget import Widget

from tui_draggan.arrays import Bytes
from tui_draggan.edit.document import State
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.pictures.alpha import over_checker
from tui_draggan.size import Size
from tui_draggan.tui import words
from tui_draggan.tui.comparing import Comparison
from tui_draggan.tui.cropping import CropMode
from tui_draggan.tui.keys.bar import KeyBar
from tui_draggan.tui.keys.table import KEYS
from tui_draggan.tui.layout import Arrangement, has_timeline, plan
from tui_draggan.tui.masking import MaskMode
from tui_draggan.tui.pointer import Pointer
from tui_draggan.tui.remembered import Remembered
from tui_draggan.tui.scene import Scene
from tui_draggan.tui.sliders import SliderMode
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.timeline import Timeline
from tui_draggan.tui.tutorial import Tutorial
from tui_draggan.tui.widgets.bars import StatusLine, TitleBar
from tui_draggan.tui.widgets.lesson_line import LessonLine
from tui_draggan.tui.widgets.loss_log import LossLog
from tui_draggan.tui.widgets.loss_plot import LossPlot
from tui_draggan.tui.widgets.loupe import Loupe, PassingLoupe
from tui_draggan.tui.widgets.picture_panel import PicturePanel
from tui_draggan.tui.widgets.points_panel import PointsPanel
from tui_draggan.tui.widgets.run_panel import RunPanel
from tui_draggan.tui.widgets.sliders_panel import SlidersPanel
from tui_draggan.tui.widgets.timeline_strip import TimelineStrip

ROOMY = 46
"""Rows of the terminal from which the loupe is twice as large."""
PASSING_LOUPE = (18, 12)
"""Columns and rows from the lower right corner of the terminal to the passing loupe's corner."""


class Panels:
    """All widgets of the editor's screen.

    What a mode adds takes the place of the plot or the log, never of the picture.
    """

    def __init__(
        self, display: Display, keymap: Mapping[str, str], tutorial: Tutorial | None = None
    ) -> None:
        """keymap: keys that a person has in place of the program's, by id."""
        self.display = display
        """The way pictures reach the terminal."""
        self.title = TitleBar(id="title")
        self.picture: PicturePanel = PicturePanel(display, id="picture")
        self.points = PointsPanel(id="points")
        self.loupe = Loupe(id="loupe")
        self.run = RunPanel(id="run")
        self.plot = LossPlot(id="plot")
        self.log = LossLog(id="log")
        self.sliders = SlidersPanel(id="sliders")
        self.passing_loupe = PassingLoupe(id="passing-loupe")
        self.timeline = TimelineStrip(id="timeline")
        self.lesson = None if tutorial is None else LessonLine(tutorial)
        self.status = StatusLine(id="status")
        self.keys: KeyBar = KeyBar(KEYS, keymap, id="keys")
        self._shown = Remembered[Bytes]()
        """The last picture, and what is seen of it."""
        self._timeline_wanted = False
        """Whether there are steps."""
        self.arrangement = Arrangement.SMALL
        """The one in force."""
        self._frame = Container(self.picture, id="frame")
        self._frame.border_title = "picture"

    def compose(self) -> ComposeResult:
        yield self.title
        with Container(id="body"):
            yield self._frame
            with Container(id="side"):
                yield self.points
                with Horizontal(id="middle"):
                    yield self.loupe
                    yield self.run
                yield self.plot
                yield self.log
                yield self.sliders
        yield self.passing_loupe
        yield self.timeline
        if self.lesson is not None:
            yield self.lesson
        yield self.status
        yield self.keys

    def arrange(self, screen: Widget, columns: int, rows: int, picture: Size) -> None:
        """As suits a terminal of that size and a picture of that size; the classes of `screen` say
        which for the style."""
        chosen = plan(columns, rows, picture, self._timeline_wanted)
        self.arrangement = chosen.arrangement
        self.timeline.display = has_timeline(chosen.arrangement, self._timeline_wanted)
        for arrangement in Arrangement:
            screen.set_class(arrangement is chosen.arrangement, arrangement.value)
        screen.set_class(rows >= ROOMY, "roomy")
        tall = chosen.arrangement is Arrangement.TALL
        self._frame.styles.width = chosen.width
        self._frame.styles.height = chosen.height if tall else "100%"
        right, bottom = PASSING_LOUPE
        # Whose ends it would cover.
        above = bottom + self.timeline.display + (self.lesson.size.height if self.lesson else 0)
        self.passing_loupe.styles.offset = (columns - right, rows - above)

    def show_timeline(self, timeline: Timeline) -> bool:
        """Whether the panels have to be arranged anew: there is something to show now, or nothing
        more."""
        wanted, self._timeline_wanted = self._timeline_wanted, bool(timeline.steps)
        self.timeline.show(timeline)
        return wanted is not self._timeline_wanted

    def take_display(self, display: Display) -> None:
        """Pictures reach the terminal in another way."""
        self.display = display
        self.picture.take_display(display)

    # -- showing -------------------------------------------------------------------------------

    def show_opening(self, model: str, size: Size) -> None:
        """There is no session yet."""
        facts = [f"{model} · {size} px"] if model else []
        self.title.show(facts, self.display.words)
        muted = self.status.colour("foreground-muted") or "dim"
        self.status.show(None, 1, Text("opening the model …", style=muted))

    def show(self, snapshot: Snapshot, rate: float, model: str) -> None:
        """What does not depend on the pointer.

        rate: iterations a second, 0 where nothing runs. model: name it was opened under.
        """
        self.title.show(words.title_facts(snapshot, model), self.display.words)
        self.run.show(snapshot, rate)
        self.plot.show(snapshot)
        self.log.show(snapshot.runs, snapshot.run, snapshot.shown)

    def _opaque(self, picture: Bytes | None) -> Bytes | None:
        """A picture over a checker where it has alpha; the same array for the same picture."""
        if picture is None:
            return None
        return self._shown.of(picture, answer=lambda: over_checker(picture))

    def show_sliders(self, screen: Widget, sliders: SliderMode, off: bool) -> None:
        """The sliders in place of plot and log, where they are open."""
        screen.set_class(sliders.is_open, "sliding")
        if sliders.is_open:
            self.sliders.show(sliders.rows(), off)

    def name_mode(self, mode: str) -> None:
        """Says in the picture's border which mode is on; «» for none."""
        title = f"picture · {mode}" if mode else "picture"
        if self._frame.border_title != title:  # setting it repaints the whole picture
            self._frame.border_title = title

    def show_pointer(
        self,
        snapshot: Snapshot,
        pointer: Pointer,
        masking: MaskMode,
        cropping: CropMode,
        comparison: Comparison,
        bare: bool,
        hint: str,
        hurried: bool = False,
    ) -> None:
        """What depends on crosshair and selection: a key repaints a few rows.

        bare: without marks on the picture. hurried: the loupe, of which every cell changes, stays
        for another time.
        """
        size = snapshot.info.size
        scene = cropping.scene or Scene(
            self._opaque(comparison.shown(snapshot.picture, size, pointer.cursor[0])),
            size,
            snapshot.document.pairs,
            pointer,
            snapshot.next_id,
            masking.mask,
            masking.outline,
            masking.corners,
            bare=bare,
            moving=snapshot.status.state is State.RUNNING,
        )
        self.picture.show(scene)
        if not hurried:
            self.loupe.show(scene)
            self.passing_loupe.show(scene)
        self.points.show(snapshot, pointer)
        if self.arrangement is Arrangement.TINY:
            hint = words.whole_state(snapshot, hint)
        muted = self.status.colour("foreground-muted") or "dim"
        here = None if cropping.is_open else pointer
        self.status.show(here, self.picture.view.zoom, Text(hint, style=muted))
