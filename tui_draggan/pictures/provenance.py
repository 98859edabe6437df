"""Where a picture comes from, as it is written into the picture's file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tui_draggan import __version__

AI_GENERATED = "AI-generated"
PROGRAM = f"tui-draggan {__version__}"


@dataclass(frozen=True)
class Provenance:
    """What a picture was made by and from: model, latent, points."""

    model: str
    seed: int | None
    psi: float | None
    label: int | None
    edited: bool
    points: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    """Handle, where it is now, and target of every pair, in pixels (x, y)."""
    class_name: str | None = None
    photo: str | None = None
    """Name of the photograph's file; then there is neither seed nor ψ."""
    photo_sha256: str | None = None
    latent: str | None = None
    """Name of the file that the latent came from; then there is neither seed nor ψ."""
    latent_sha256: str | None = None

    def text(self) -> dict[str, str]:
        """Keyword → text, the keywords as registered for PNG where there is one."""
        what = "" if self.class_name is None else f", class {self.class_name}"
        if self.photo is not None:
            what = f", from the photograph {self.photo}"
        if self.latent is not None:
            what = f", from the latent {self.latent}"
        return {
            "Software": PROGRAM,
            "Source": f"{AI_GENERATED} by the model {self.model}{what}",
            "tui-draggan": json.dumps({"program": PROGRAM, AI_GENERATED: True, **asdict(self)}),
        }

    def comment(self) -> str:
        """All of it in one line, for formats with a single comment."""
        return "; ".join(self.text().values())
