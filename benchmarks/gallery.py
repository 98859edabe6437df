"""How soon the gallery shows something: from what `G` does until its first row, its page, is there.

    python -m benchmarks.gallery [--model critters] [--repeat 5] [--size 120x36]

The editor runs on a headless terminal, with the model's own engine; every round looks at seeds that
have not been drawn yet. `renders` is what such an engine alone takes for the pictures of a row, one
after the other, measured in turns with it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from contextlib import closing

from tui_draggan import open_model
from tui_draggan.api import Model
from tui_draggan.engines.process import EngineProcess
from tui_draggan.testing.waiting import pause_until
from tui_draggan.tui.app import EditorApp
from tui_draggan.tui.gallery.screen import GalleryScreen
from tui_draggan.tui.screen import EditorScreen
from tui_draggan.tui.services import EditorOptions, Services
from tui_draggan.tui.terminal.graphics import Terminal
from tui_draggan.tui.worker import engine_thread


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="critters")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--size", default="120x36")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    first, page, renders = asyncio.run(measured(options.model, options.repeat, (columns, rows)))
    print(f"{'':12}{'median s':>9}{'worst s':>9}")
    for name, times in (("first row", first), ("page", page), ("renders", renders)):
        print(f"{name:12}{statistics.median(times):9.2f}{max(times):9.2f}")


async def measured(
    name: str, repeat: int, size: tuple[int, int]
) -> tuple[list[float], list[float], list[float]]:
    """Seconds until the first row, until the page, and for a row's pictures without a gallery."""
    bundle = open_model(name).bundle
    first, page, renders = [], [], []
    with closing(EngineProcess(bundle)) as engine, closing(EngineProcess(bundle)) as other:
        model, alone = Model(bundle, lambda: engine), Model(bundle, lambda: other)
        row_alone(alone, -1, 1)  # opens it
        services = Services(lambda: model.session(0), close=engine.close)
        options = EditorOptions(services, name, bundle.info.size)
        thread = engine_thread(options)
        thread.start()
        app = EditorApp(options, [thread], Terminal())
        async with app.run_test(size=size) as pilot:
            editor = app.screen_stack[1]
            assert isinstance(editor, EditorScreen)
            await pause_until(pilot, lambda: editor.is_open, "the session")
            opened = editor.parts.editor.session
            await pause_until(pilot, lambda: opened.picture is not None, "its picture")
            for number in range(repeat):
                session = editor.parts.editor.session
                session.open_seed(1000 * (number + 1))
                await asyncio.sleep(0.5)
                editor.refresh_all()
                started = time.perf_counter()
                await editor.show_gallery()
                screen = app.screen
                assert isinstance(screen, GalleryScreen)
                across = screen.browsing.grid.columns
                while screen.missing(across):
                    await asyncio.sleep(0.002)
                first.append(time.perf_counter() - started)
                while screen.missing():
                    await asyncio.sleep(0.002)
                page.append(time.perf_counter() - started)
                await pilot.press("escape")
                await asyncio.sleep(0.5)  # what was under way has ended
                renders.append(await asyncio.to_thread(row_alone, alone, number, across))
        thread.join()
    return first, page, renders


def row_alone(model: Model, number: int, count: int) -> float:
    """Seconds the engine takes for so many pictures."""
    started = time.perf_counter()
    for seed in range(count):
        model.render(model.latent(model.seed(100_000 + 1000 * number + seed)))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
