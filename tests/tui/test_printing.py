"""A picture printed in a real terminal, and refused where there is none."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tui_draggan.errors import UsageError
from tui_draggan.testing.pane import Pane
from tui_draggan.tui.printing import print_picture


def test_without_a_terminal_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="--show prints on a terminal; standard output is none"):
        print_picture(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.terminal
def test_a_real_terminal_shows_it(pane: Pane) -> None:
    code = (
        "import numpy as np; from tui_draggan.tui.printing import print_picture; "
        "picture = np.zeros((16, 16, 3), np.uint8); picture[:, 8:] = 255, 128, 0; "
        "print_picture(picture); print('do' + 'ne')"
    )
    pane.run("env", "COLORTERM=truecolor", "python", "-c", code)
    pane.wait_for("done")
    shown = pane.capture(ansi=True)
    assert "255;128;0" in shown, "the right half's colour, in half blocks: tmux has no more"
