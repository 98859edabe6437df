"""Takes the pictures of this folder: the real editor, in tmux, on the bundled model.

    python -m screenshots.make        (the moving one: python -m screenshots.demo)

before, during and after one drag at 120×36, the same drag at 80×24, the sliders and the mask, and
the first 40 seeds as they come (critters.png), eight of each species.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
from PIL import Image

from screenshots.ansi_png import ansi_to_image
from tui_draggan import open_model
from tui_draggan.paths import bundled_models
from tui_draggan.testing.pane import Pane

HERE = Path(__file__).resolve().parent
SEED = 6
HANDLE = "27,27"
TARGET = "30,8"
LARGE, SMALL = (120, 36), (80, 24)
COLUMNS = 8
OPTIONS = ("--engine", "ort", "--pace", "5")
"""So that every machine shows the same, and no step is over before it is seen."""
MIDDLE = 10
"""Iteration at which the drag is shown."""


def main() -> None:
    for size, names in ((LARGE, ("before", "during", "after")), (SMALL, ("", "small", ""))):
        pane = Pane(size)
        try:
            shoot(pane, size, names)
        finally:
            pane.close()
    pane = Pane(LARGE)
    try:
        shoot_modes(pane)
    finally:
        pane.close()
    save_seeds()


def save_seeds() -> None:
    """Eight seeds of each species as they come, the model's own ψ: nothing chosen."""
    model = open_model(bundled_models() / "critters", device="cpu")
    rows = []
    for label in range(model.info.c_dim):
        seeds = range(COLUMNS * label, COLUMNS * (label + 1))
        latents = [model.latent(model.seed(seed, label=label)) for seed in seeds]
        rows.append(np.concatenate([model.render(latent) for latent in latents], axis=1))
    Image.fromarray(np.concatenate(rows)).save(HERE / "critters.png")
    print(HERE / "critters.png")


def shoot(pane: Pane, size: tuple[int, int], names: tuple[str, str, str]) -> None:
    """One drag from the first picture to the last; an empty name takes none."""
    before, during, after = names
    pane.run("python", "-m", "tui_draggan", "--seed", str(SEED), *OPTIONS)
    pane.wait_for("Enter for a handle")
    go(pane, HANDLE)
    save(pane, before, size)
    pane.keys("Enter")
    go(pane, TARGET)
    pane.keys("Enter", "Space")
    pane.wait(lambda screen: iteration(screen) >= MIDDLE, f"iteration {MIDDLE}")
    save(pane, during, size)
    pane.wait_for("reached · ")
    time.sleep(0.5)  # the last panels follow
    save(pane, after, size)
    pane.keys("q")


def shoot_modes(pane: Pane) -> None:
    """The head turned by the first slider; then a mask painted over an ear."""
    pane.run("python", "-m", "tui_draggan", "--seed", str(SEED), *OPTIONS)
    pane.wait_for("Enter for a handle")
    pane.keys("d")
    pane.wait_for("component 12")
    pane.type("LL")
    pane.keys("Down", "Down")
    pane.type("HH")
    pane.wait_for("-2.0 σ")
    time.sleep(0.5)  # the picture follows
    save(pane, "sliders", LARGE)
    pane.keys("d", "m")
    pane.wait_for("paints what may change")
    pane.keys("g")
    pane.wait_for("moves the crosshair")
    pane.type("36,36")
    pane.keys("Enter")
    pane.type("]]]")
    pane.keys("Enter")
    pane.type("KKK")
    pane.keys("Enter")
    pane.wait_for("% may change")
    time.sleep(0.5)
    save(pane, "mask", LARGE)
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
