"""Takes the pictures of this folder: the real editor, in tmux, on the bundled model.

    python screenshots/make.py

before, during and after one drag at 120×36, and the same drag at 80×24.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from screenshots.ansi_png import ansi_to_image
from tests.tmux import Pane

HERE = Path(__file__).resolve().parent
SEED = 7
HANDLE = "45,12"
TARGET = "47,5"
LARGE, SMALL = (120, 36), (80, 24)
MIDDLE = 12
"""Iteration at which the drag is shown."""


def main() -> None:
    for size, names in ((LARGE, ("before", "during", "after")), (SMALL, ("", "small", ""))):
        pane = Pane(size)
        try:
            shoot(pane, size, names)
        finally:
            pane.close()


def shoot(pane: Pane, size: tuple[int, int], names: tuple[str, str, str]) -> None:
    """One drag from the first picture to the last; an empty name takes none."""
    before, during, after = names
    pane.run("python", "-m", "tui_draggan", "--seed", str(SEED))
    pane.wait_for("Enter for a handle")
    go(pane, HANDLE)
    save(pane, before, size)
    pane.keys("Enter")
    go(pane, TARGET)
    pane.keys("Enter", "Space")
    pane.wait(lambda screen: iteration(screen) >= MIDDLE, f"iteration {MIDDLE}")
    save(pane, during, size)
    pane.wait_for("reached", seconds=60)
    save(pane, after, size)
    pane.keys("q")


def go(pane: Pane, point: str) -> None:
    """The crosshair to typed coordinates."""
    pane.keys("g")
    pane.wait_for("moves the crosshair")
    pane.type(point)
    pane.keys("Enter")
    pane.wait(lambda screen: f"✛ {point}" in screen, f"the crosshair at {point}")


def iteration(screen: str) -> int:
    """«running  34 / 300» → 34."""
    found = re.search(r"running\s+(\d+)", screen)
    return int(found[1]) if found else 0


def save(pane: Pane, name: str, size: tuple[int, int]) -> None:
    if name:
        ansi_to_image(pane.capture(ansi=True), columns=size[0]).save(HERE / f"{name}.png")
        print(HERE / f"{name}.png")


if __name__ == "__main__":
    main()
