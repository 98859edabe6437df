"""The moving picture of the README, from the real editor in tmux: a cat grows an ear.

    python -m screenshots.demo        writes demo.gif beside this file

Every key is a frame, and every look at the running drag that differs from the one before; how long
a frame stays is set here, so that a busy machine makes the same film.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from screenshots.ansi_png import ansi_to_image
from tui_draggan.testing.pane import Pane

HERE = Path(__file__).resolve().parent
SIZE = (100, 30)
SCALE = 0.8
OPTIONS = ("--graphics", "half", "--engine", "ort")
START = (64, 64)
MOVES = {
    "H": (-8, 0),
    "L": (8, 0),
    "K": (0, -8),
    "J": (0, 8),
    "h": (-1, 0),
    "l": (1, 0),
    "k": (0, -1),
}
TO_HANDLE, TO_TARGET = "HHHHKKKKhhhhhkkkkk", "KKkkklll"
KEY, STEP, LOOK, END = 120, 140, 1200, 3000
"""Milliseconds that a key, a step of the drag, a pause to look, and the last frame stay."""


@dataclass
class Film:
    """Frames with the milliseconds that each stays; the same twice is one that stays longer."""

    pane: Pane
    screens: list[str] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)

    def take(self, milliseconds: int) -> None:
        """The screen as it is now."""
        screen = self.pane.capture(ansi=True)
        if self.screens and screen == self.screens[-1]:
            self.milliseconds[-1] = max(self.milliseconds[-1], milliseconds)
        else:
            self.screens.append(screen)
            self.milliseconds.append(milliseconds)

    def save(self, path: Path) -> None:
        frames = [ansi_to_image(screen, columns=SIZE[0]) for screen in self.screens]
        width, height = (round(SCALE * side) for side in frames[0].size)
        small = [frame.resize((width, height), Image.Resampling.LANCZOS) for frame in frames]
        palette = _side_by_side(small[:: max(1, len(small) // 6)]).quantize(255)
        flat = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in small]
        flat[0].save(
            path, save_all=True, append_images=flat[1:], duration=self.milliseconds, loop=0
        )


def _side_by_side(frames: list[Image.Image]) -> Image.Image:
    """One picture with the colours of all."""
    width, height = frames[0].size
    both = Image.new("RGB", (width, height * len(frames)))
    for number, frame in enumerate(frames):
        both.paste(frame, (0, number * height))
    return both


def main() -> None:
    pane = Pane(SIZE)
    film = Film(pane)
    try:
        pane.run("python", "-m", "tui_draggan", "--seed", "6", *OPTIONS)
        pane.wait(lambda screen: "Enter for a handle" in screen and "▀" in screen, "the picture")
        pane.settled()
        film.take(LOOK)
        x, y = START
        for keys in (TO_HANDLE, TO_TARGET):
            for key in keys:
                x, y = x + MOVES[key][0], y + MOVES[key][1]
                pane.keys(key)
                pane.wait_for(f"{x},{y} ")
                pane.settled()
                film.take(KEY)
            pane.keys("Enter")
            pane.settled()
            film.take(LOOK)
        pane.keys("Space")
        while "reached" not in pane.capture():
            film.take(STEP)
        pane.settled()
        film.take(END)
    finally:
        pane.close()
    film.save(HERE / "demo.gif")
    print(HERE / "demo.gif", f"{len(film.screens)} frames", (HERE / "demo.gif").stat().st_size)


if __name__ == "__main__":
    main()
