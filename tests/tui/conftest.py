"""Every terminal of these tests shows 24-bit colours, whatever the one they are run in does."""

from __future__ import annotations

import pytest
from textual import constants


@pytest.fixture(autouse=True)
def _true_colours(monkeypatch):
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
