"""What the screen's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual import constants

from tui_draggan.testing.pane import Pane


@pytest.fixture(autouse=True)
def _true_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every terminal shows 24-bit colours, whatever the one the tests are run in does."""
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def pane() -> Iterator[Pane]:
    """A real terminal."""
    pane = Pane((100, 30))
    yield pane
    pane.close()
