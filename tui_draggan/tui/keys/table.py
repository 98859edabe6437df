"""All keys."""

from __future__ import annotations

from tui_draggan.tui.keys.crop import CROP
from tui_draggan.tui.keys.document import DOCUMENT
from tui_draggan.tui.keys.mask import MASK
from tui_draggan.tui.keys.points import CROSSHAIR, NUMBERS, POINTS
from tui_draggan.tui.keys.run import RUN
from tui_draggan.tui.keys.sliders import SLIDERS
from tui_draggan.tui.keys.timeline import TIMELINE
from tui_draggan.tui.keys.view import VIEW

GROUPS = (
    ("points", POINTS + NUMBERS),
    ("crosshair", CROSSHAIR),
    ("run", RUN),
    ("timeline", TIMELINE),
    ("document", DOCUMENT),
    ("mask", MASK),
    ("sliders", SLIDERS),
    ("photograph", CROP),
    ("view", VIEW),
)
"""By subject, in the order of help and palette."""
KEYS = tuple(key for _, keys in GROUPS for key in keys)
KEY_BY_ID = {key.id: key for key in KEYS}
