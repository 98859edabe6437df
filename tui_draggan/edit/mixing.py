"""Between two pictures: w+ from one towards another, in all rows or in some."""

from __future__ import annotations

from dataclasses import replace

from tui_draggan.edit.latent import Latent
from tui_draggan.edit.sliders import Rows


def mixed(first: Latent, second: Latent, at: float, rows: Rows) -> Latent:
    """(1 − at)·first + at·second in those rows, the first one elsewhere; its origin is the first's.

    All rows are interpolation in W; some of them at 1 are style mixing (Karras et al., "A
    Style-Based Generator", 2019, section 3.1). At 0 and at 1 the rows are those of the two to the
    bit. Raises ValueError for latents of two models.
    """
    if first.ws.shape != second.ws.shape:
        raise ValueError(f"w+ of {first.ws.shape} and {second.ws.shape}")
    ws, part = first.ws.copy(), slice(rows[0], rows[1] + 1)
    ws[part] = (1 - at) * first.ws[part] + at * second.ws[part]
    return replace(first, ws=ws, edited=True)
