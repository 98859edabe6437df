"""The thumbnails of one page, each with a line below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_draggan.tui.gallery.grid import Grid
from tui_draggan.tui.gallery.painting import Colour, Colours, Tile, painted
from tui_draggan.tui.terminal.graphics import Display
from tui_draggan.tui.widgets.half_block_surface import HalfBlockSurface
from tui_draggan.tui.widgets.picture import Surface, surface_for
from tui_draggan.tui.widgets.theme import theme_colour

LONGEST = 1536
"""Pixels of a row's longer side at most, where the terminal can enlarge."""
MARK = "★"


class Page(Widget):
    """Every row of thumbnails is a picture of its own: one that changes leaves the others."""

    ALLOW_SELECT = False

    @dataclass
    class Pressed(Message):
        """A thumbnail was clicked."""

        number: int
        """Of the page."""
        twice: bool

    @dataclass
    class Scrolled(Message):
        """The wheel turned."""

        rows: int

    @dataclass
    class Resized(Message):
        """There is room for another number of thumbnails."""

        columns: int
        rows: int

    def __init__(self, display: Display, id: str | None = None) -> None:
        super().__init__(id=id)
        self._display = display
        self._grid: Grid | None = None
        self._tiles: Sequence[Tile] = ()
        self._surfaces: list[Surface] = []

    def show(self, grid: Grid, tiles: Sequence[Tile]) -> None:
        """Shows the thumbnails of a page; redraws the rows that differ."""
        before, self._tiles = self._tiles, tiles
        if grid != self._grid:
            self._grid, before = grid, ()
            self._make_surfaces()
            self.refresh()
        for row in range(grid.rows):
            part = slice(row * grid.columns, (row + 1) * grid.columns)
            if not before or _differ(before[part], tiles[part]):
                self._draw(row, tiles[part])

    def take_display(self, display: Display) -> None:
        """Pictures reach the terminal in another way, or its cells have another size."""
        self._display = display
        self._drop_surfaces()
        self._make_surfaces()
        self.repaint()

    def repaint(self) -> None:
        """Draws everything anew: the colours are others."""
        grid, tiles = self._grid, self._tiles
        if grid is not None:
            self._tiles = ()
            self.show(grid, tiles)
            self.refresh()

    # -- the rows ------------------------------------------------------------------------------

    def _make_surfaces(self) -> None:
        """As many as there are rows of thumbnails."""
        count = 0 if self._grid is None else self._grid.rows
        while len(self._surfaces) > count:
            self._surfaces.pop().stop()
        while len(self._surfaces) < count:
            surface = surface_for(self, self._display, LONGEST)
            surface.start()
            self._surfaces.append(surface)

    def _drop_surfaces(self) -> None:
        while self._surfaces:
            self._surfaces.pop().stop()

    def _draw(self, row: int, tiles: Sequence[Tile]) -> None:
        grid, width = self._grid, self.size.width
        assert grid is not None
        cells = Region(0, row * grid.pitch, max(1, width), grid.height)
        lefts = [grid.left(column) for column in range(len(tiles))]
        paint = partial(painted, tiles, lefts, (grid.width, grid.height), cells.size)
        surface, colours = self._surfaces[row], self._colours
        if isinstance(surface, HalfBlockSurface):
            surface.show(cells, paint((cells.width, 2 * cells.height), colours))
        else:
            surface.show(cells, lambda *size: paint(size, colours))
        self.refresh(Region(0, cells.bottom, cells.width, 1))

    # -- lines ---------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Without Textual's layer of filters, as `Picture` does."""
        grid = self._grid
        if grid is not None:
            for row, surface in enumerate(self._surfaces):
                top = row * grid.pitch
                if crop.y < top + grid.height and top < crop.bottom:
                    surface.before_lines()
        start, end = crop.column_span
        return [self.render_line(y).crop(start, end) for y in crop.line_range]

    def render_line(self, y: int) -> Strip:
        grid = self._grid
        if grid is not None and y // grid.pitch < len(self._surfaces):
            row, line = divmod(y, grid.pitch)
            return self._labels(row) if line == grid.height else self._surfaces[row].line(y)
        return Strip.blank(self.size.width, self._style())

    def _labels(self, row: int) -> Strip:
        """What stands below a row of thumbnails."""
        grid = self._grid
        assert grid is not None
        segments, end = [], 0
        for column in range(grid.columns):
            number = row * grid.columns + column
            if number >= len(self._tiles):
                break
            tile, left = self._tiles[number], grid.left(column)
            words = _words(tile, grid.width)
            start = left + (grid.width - cell_len(words)) // 2
            segments.append(Segment(" " * (start - end), self._style()))
            segments.append(Segment(words, self._style(tile)))
            end = start + cell_len(words)
        segments.append(Segment(" " * (self.size.width - end), self._style()))
        return Strip(segments, self.size.width)

    def _style(self, tile: Tile | None = None) -> Style:
        """That of a label, or of what surrounds it."""
        chosen = tile is not None and tile.chosen
        if self.app.no_color:
            return Style(bold=chosen, reverse=chosen)
        name = "foreground" if tile is None else "warning" if tile.marked else "foreground-muted"
        front = self._colour("accent" if chosen else name)
        ink = Style(color=front.rich_color, bgcolor=self.background_colors[1].rich_color)
        return ink + Style(bold=chosen, reverse=chosen)

    @property
    def _colours(self) -> Colours:
        def rgb(colour: Color) -> Colour:
            return colour.rgb

        return Colours(
            rgb(self.background_colors[1]),
            rgb(self._colour("panel")),
            rgb(self._colour("accent")),
            rgb(self._colour("warning")),
        )

    def _colour(self, name: str) -> Color:
        """A colour of the theme on the background; that of plain text where it has none."""
        return theme_colour(self, name) or self.colors[3]

    # -- events --------------------------------------------------------------------------------

    def on_unmount(self) -> None:
        self._drop_surfaces()

    def on_resize(self, event: events.Resize) -> None:
        self._tiles = ()  # the rows are wider or narrower
        self.post_message(self.Resized(event.size.width, event.size.height))

    def on_click(self, event: events.Click) -> None:
        number = None if self._grid is None else self._grid.at(int(event.x), int(event.y))
        if number is not None and number < len(self._tiles):
            self.post_message(self.Pressed(number, event.chain > 1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(-1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(1))


def _words(tile: Tile, width: int) -> str:
    """A label, cut to the width of its thumbnail."""
    words = f"{MARK} {tile.label}" if tile.marked else tile.label
    if cell_len(words) > width:
        words = set_cell_size(words, width - 1) + "…"
    return f" {words} " if cell_len(words) <= width - 2 else words


def _differ(before: Sequence[Tile], after: Sequence[Tile]) -> bool:
    """Whether two rows of thumbnails look different."""
    return len(before) != len(after) or any(
        one.picture is not other.picture or one.looks != other.looks
        for one, other in zip(before, after, strict=True)
    )
