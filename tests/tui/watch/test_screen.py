"""The watching program on a headless terminal."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.watch.runs import colour_of, line, whole_run, write_config, write_grid, write_lines
from tui_draggan.testing.waiting import pause_until
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.terminal.replies import CellSize
from tui_draggan.tui.watch import app as module
from tui_draggan.tui.watch.app import WatchApp
from tui_draggan.tui.watch.curves import Curves
from tui_draggan.tui.watch.picture import GridPicture
from tui_draggan.tui.widgets import pixel_surface
from tui_draggan.tui.widgets.readout import Readout

pytestmark = pytest.mark.slow


class Watcher:
    def __init__(self, pilot: Pilot[int], app: WatchApp) -> None:
        self.pilot, self.app = pilot, app
        self.press = pilot.press

    @property
    def title(self) -> str:
        return self.app.query_one("#title", Readout).text

    @property
    def status(self) -> str:
        return self.app.query_one("#status", Readout).text

    @property
    def curves(self) -> str:
        return self.app.query_one(Curves).text

    @property
    def picture(self) -> GridPicture:
        return self.app.query_one(GridPicture)

    @property
    def rows(self) -> list[str]:
        return [self.picture.render_line(y).text for y in range(self.picture.size.height)]

    def colour(self, right: bool = True) -> tuple[int, int, int]:
        """Of the picture's last or first dot."""
        picture = self.picture
        place = picture.place
        strip = picture.render_line(place.bottom - 1 if right else place.y)
        x = place.right - 1 if right else place.x
        (segment,) = strip.crop(x, x + 1)
        assert segment.style is not None and segment.style.bgcolor is not None
        return segment.style.bgcolor.get_truecolor()

    async def until(self, condition: Callable[[], object]) -> None:
        await pause_until(
            self.pilot, condition, lambda: f"{self.title}\n{self.curves}\n{self.status}"
        )


def is_white(colour: tuple[int, int, int]) -> bool:
    """More or less: a dot at an edge has something of both sides."""
    return min(colour) > 180


@asynccontextmanager
async def watching(
    folder: Path,
    size: tuple[int, int] = (80, 24),
    terminal: Terminal = Terminal(),  # noqa: B008 - frozen
) -> AsyncIterator[Watcher]:
    app = WatchApp(folder, terminal)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Watcher(pilot, app)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.05)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (160, 50), (30, 60), (12, 5)])
async def test_newest_grid_curves_and_state(tmp_path: Path, size: tuple[int, int]) -> None:
    async with watching(whole_run(tmp_path / "cats"), size) as watcher:
        await watcher.until(lambda: "40" in watcher.status and watcher.picture.image is not None)
        await watcher.pilot.pause()
        assert watcher.colour() == colour_of(40)
        if size[0] >= 30:
            assert is_white(watcher.colour(right=False))
        assert watcher.picture.region.width <= size[0]
        if size[0] >= 40:
            assert watcher.title.startswith(" cats  samples at 40 kimg  4 of 4")
            assert watcher.status.startswith(" 40 / 100 kimg  30 min left")
            assert watcher.curves.startswith("losses  D 1.02  G 1.98")
            assert re.search("[\u2801-\u28ff]", watcher.curves)


async def test_it_waits_for_a_run_without_files_and_follows_it(tmp_path: Path) -> None:
    async with watching(tmp_path) as watcher:
        await watcher.until(lambda: "no log entries yet" in watcher.status)
        assert "no log and no samples yet; waiting" in "".join(watcher.rows)
        assert watcher.curves == " no curves yet"
        write_config(tmp_path)
        write_lines(tmp_path, line(1, d=1.5, g=0.5))
        await watcher.until(lambda: "1 / 100 kimg" in watcher.status and "D 1.5" in watcher.curves)
        await watcher.until(lambda: "no samples yet; waiting" in "".join(watcher.rows))
        write_grid(tmp_path, 10)
        await watcher.until(lambda: "10 kimg  1 of 1" in watcher.title)
        assert watcher.colour() == colour_of(10)
        write_grid(tmp_path, 20, (4, 4))
        await watcher.until(lambda: "20 kimg  2 of 2" in watcher.title)
        await watcher.pilot.pause()
        assert watcher.colour() == colour_of(20)
        place = watcher.picture.place
        assert (place.width, place.height) == (42, 21), "as wide as high, the curves beside it"


async def test_walking_through_older_grids(tmp_path: Path) -> None:
    whole_run(tmp_path)
    async with watching(tmp_path) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        await watcher.press("comma", "comma")
        await watcher.until(lambda: "20 kimg  2 of 4" in watcher.title)
        assert watcher.colour() == colour_of(20)
        write_grid(tmp_path, 50)
        await watcher.until(lambda: "2 of 5" in watcher.title)
        assert watcher.colour() == colour_of(20), "a new grid takes nobody away from an older one"
        await watcher.press(*["comma"] * 9)
        await watcher.until(lambda: "10 kimg  1 of 5" in watcher.title)
        await watcher.press("end")
        await watcher.until(lambda: "50 kimg  5 of 5" in watcher.title)
        write_grid(tmp_path, 60)
        await watcher.until(lambda: "60 kimg  6 of 6" in watcher.title)
        assert watcher.colour() == colour_of(60), "at the newest one is taken along"


async def test_a_resumed_run_draws_grids_again(tmp_path: Path) -> None:
    whole_run(tmp_path)
    async with watching(tmp_path) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        await watcher.press("comma")
        await watcher.until(lambda: "3 of 4" in watcher.title)
        write_grid(tmp_path, 77)
        (tmp_path / "samples" / "000077.png").replace(tmp_path / "samples" / "000030.png")
        await watcher.until(lambda: watcher.colour() == colour_of(77))
        assert "30 kimg  3 of 4" in watcher.title, "and one stays where one is"


async def test_a_bar_in_the_curves_where_the_older_grid_is(tmp_path: Path) -> None:
    async with watching(whole_run(tmp_path)) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        spans = watcher.app.query_one(Curves)._text.spans
        assert not any("reverse" in str(span.style) for span in spans)
        await watcher.press("comma")
        await watcher.until(lambda: "3 of 4" in watcher.title)
        spans = watcher.app.query_one(Curves)._text.spans
        assert any("reverse" in str(span.style) for span in spans)


async def test_tab_and_c_choose_the_curves(tmp_path: Path) -> None:
    async with watching(whole_run(tmp_path)) as watcher:
        await watcher.until(lambda: watcher.curves.startswith("losses"))
        await watcher.press("tab")
        assert watcher.curves.startswith("distance to the data  SWD 0.025")
        await watcher.press("c")
        assert watcher.curves.startswith("augmentation  p 0.1")
        await watcher.press("shift+tab", "shift+tab", "shift+tab")
        assert watcher.curves.startswith("pace  s/kimg 30")


async def test_nearer_and_about(tmp_path: Path) -> None:
    async with watching(whole_run(tmp_path)) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        await watcher.press("plus", "plus", "plus")
        assert is_white(watcher.colour()), "the first sample fills the window"
        assert watcher.picture.window.box(128, 64) == (0, 0, 16, 8)
        await watcher.press("right", "right", "right")
        assert watcher.colour(right=False) == colour_of(40)
        assert watcher.picture.window.box(128, 64) == (24, 0, 40, 8)
        await watcher.press(*["down"] * 15, *["l"] * 12)
        assert watcher.picture.window.box(128, 64) == (112, 56, 128, 64), "never over the edge"
        await watcher.press("0")
        assert watcher.picture.window.box(128, 64) == (0, 0, 128, 64)


async def test_a_grid_that_cannot_be_read_leaves_the_one_before(tmp_path: Path) -> None:
    whole_run(tmp_path)
    async with watching(tmp_path) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        whole = (tmp_path / "samples" / "000040.png").read_bytes()
        (tmp_path / "samples" / "000050.png").write_bytes(whole[:60])
        await watcher.until(lambda: "4 of 5" in watcher.title)
        assert watcher.colour() == colour_of(40)
        write_grid(tmp_path, 50)
        await watcher.until(lambda: "50 kimg  5 of 5" in watcher.title)


async def test_a_run_that_is_removed_under_the_watcher(tmp_path: Path) -> None:
    import shutil

    folder = whole_run(tmp_path / "run")
    async with watching(folder) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        shutil.rmtree(folder)
        await watcher.until(lambda: "waiting" in "".join(watcher.rows))
        await watcher.press("comma", "tab", "plus", "q")
    assert watcher.app.return_code == 0


async def test_no_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with watching(whole_run(tmp_path)) as watcher:
        await watcher.until(lambda: "4 of 4" in watcher.title)
        red, green, blue = watcher.colour()
        assert red == green == blue


async def test_kitty_pictures_replace_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(pixel_surface, "write_through", lambda app, data: sent.append(data))
    terminal = Terminal("kitty", window_cell=CellSize(10, 20))
    async with watching(whole_run(tmp_path), terminal=terminal) as watcher:
        await watcher.until(lambda: any("\U0010eeee" in row for row in watcher.rows))
        await watcher.press("comma")
        await watcher.until(lambda: "d=I" in "".join(sent))
        await watcher.press("plus")
        await watcher.until(lambda: "".join(sent).count("a=T") == 3)
        await watcher.until(lambda: "".join(sent).count("d=I") == 2)
    made = re.findall(r"a=T.*?i=(\d+)", "".join(sent))
    freed = re.findall(r"d=I,q=2,i=(\d+)", "".join(sent))
    assert made == freed, "the last one too, when it is left"


async def test_sixels_are_drawn_at_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(pixel_surface, "write_through", lambda app, data: sent.append(data))
    terminal = Terminal("sixel", window_cell=CellSize(6, 12))
    async with watching(whole_run(tmp_path), terminal=terminal) as watcher:
        await watcher.until(lambda: sent)
        place = watcher.picture.place.offset + watcher.picture.region.offset
        assert sent[-1].startswith(f"\x1b7\x1b[{place.y + 1};{place.x + 1}H\x1bP")
