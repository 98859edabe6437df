"""An attribute labelled by keys in the gallery: the next picture, the accuracy, the slider."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.tui.gallery.test_screen import drawn, gallery, labels, title
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.labels import LabelStore, Sample
from tui_draggan.edit.attributes import Latents
from tui_draggan.errors import OutputError
from tui_draggan.testing.pilot import EditorPilot, editing
from tui_draggan.testing.spot_engine import INFO, SpotEngine
from tui_draggan.tui.widgets.readout import Readout

pytestmark = pytest.mark.slow


def status(editor: EditorPilot) -> str:
    return gallery(editor).query_one("#status", Readout).text


async def begun(editor: EditorPilot, name: str) -> None:
    await editor.press("G")
    await editor.until(lambda: drawn(editor), "the thumbnails")
    await editor.press("a")
    await editor.type(name)
    await editor.until(lambda: f"label: {name}" in title(editor), "the attribute")


async def test_labels_by_key_give_a_slider(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "spot.json", INFO)
    engine, kept = SpotEngine(), list[Direction]()

    def keep(directions: Sequence[Direction]) -> None:
        kept[:] = directions

    async with editing(
        engine, (120, 36), labels=store, keep_direction=keep, directions=lambda: kept
    ) as editor:
        await begun(editor, "right")
        latents = Latents(SpotEngine())
        assert "8 labels to the first slider" in status(editor)
        for number in range(22):
            sample = gallery(editor).browsing.question
            assert sample is not None and sample not in store.answers("right")
            await editor.press("1" if latents.of([sample])[0, 0] > 0.5 else "0")
            assert len(store.answers("right")) == number + 1
        await editor.until(lambda: "accuracy" in status(editor), "the accuracy")
        assert any("✓" in word or "✗" in word for word in labels(editor))
        last = list(store.answers("right"))[-1]
        await editor.press("u")
        assert last not in store.answers("right")
        assert gallery(editor).browsing.question == last
        await editor.press("s")
        assert store.answers("right")[last] is None
        await editor.until(lambda: bool(kept), "the slider")
        await editor.press("escape", "d")
        await editor.until(
            lambda: any(row.name == "right" for row in editor.screen.parts.sliders.rows()),
            "the slider",
        )


async def test_labels_go_on_where_they_were_left(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "spot.json", INFO)
    store.add({"right": {Sample(seed, 0.7, None): seed % 2 == 0 for seed in range(6)}})
    async with editing(size=(120, 36), labels=store) as editor:
        await editor.press("G", "a")
        await editor.pilot.pause()
        await editor.press("enter")
        await editor.until(lambda: "label: right" in title(editor), "the attribute")
        assert "3 with, 3 without" in status(editor)
        question = gallery(editor).browsing.question
        assert question == Sample(6, 0.7, None)
        await editor.press("right_square_bracket")
        question = gallery(editor).browsing.question
        assert question is not None and question.psi == 0.8, "pictures with another ψ"
        await editor.press("tab")
        assert not gallery(editor).browsing.is_asking
        await editor.press("1")
        assert len(store.answers("right")) == 6, "elsewhere the keys label nothing"


async def test_what_cannot_be_kept_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LabelStore(tmp_path / "spot.json", INFO)

    def full(*_: object) -> None:
        raise OutputError("spot.json cannot be written: No space left on device")

    async with editing(size=(120, 36), labels=store) as editor:
        await begun(editor, "right")
        monkeypatch.setattr(store, "add", full)
        await editor.press("1")
        await editor.until(
            lambda: any("No space left" in note for note in editor.notes), "the reason"
        )
        await editor.press("1")
        assert "0 with, 0 without" in status(editor)


async def test_without_a_place_for_labels_there_is_no_key(tmp_path: Path) -> None:
    async with editing(size=(120, 36)) as editor:
        await editor.press("G")
        await editor.until(lambda: drawn(editor), "the thumbnails")
        await editor.press("a", "1", "u")
        assert "seeds" in title(editor) and "label" not in title(editor)
