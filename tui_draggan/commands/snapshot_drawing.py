"""The process that draws snapshots (`commands.snapshots`): a question a line, as JSON, with file,
seed, ψ and class; the answer is the picture's shape as JSON in a line, then its bytes, or a text
that says why there is none."""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from pathlib import Path

from tui_draggan import children
from tui_draggan.arrays import Bytes
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.errors import DragganError
from tui_draggan.opened_files.engine import CheckpointEngine
from tui_draggan.opened_files.processes import FileModel

KEPT = 3
"""Networks in memory: as many as a run has snapshots, unless it is told to keep more."""
NICENESS = 10


class Drawings:
    """Pictures of any file of weights; the networks that were used last are kept."""

    def __init__(self) -> None:
        self._engines: OrderedDict[str, CheckpointEngine] = OrderedDict()

    def picture(self, file: str, seed: int, psi: float, label: int | None) -> Bytes:
        """(H, W, 3 or 4). Raises DragganError."""
        engine = self._engine(file)
        return engine.render(latent_from_seed(engine, seed, psi, label).ws)

    def _engine(self, file: str) -> CheckpointEngine:
        if file not in self._engines:
            path = Path(file)
            # Nothing is ever exported there: only pictures are asked for.
            model = FileModel(path, "", path.stem, path / "none", None)
            self._engines[file] = CheckpointEngine(model, "cpu", "auto")
        self._engines.move_to_end(file)
        while len(self._engines) > KEPT:
            self._engines.popitem(last=False)
        return self._engines[file]


def main() -> None:
    children.end_with_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the pictures
    os.nice(NICENESS)
    drawings = Drawings()
    for line in sys.stdin:
        try:
            picture = drawings.picture(*json.loads(line))
        except (DragganError, OSError, RuntimeError) as error:
            answers.write(json.dumps(str(error)).encode() + b"\n")
        else:
            answers.write(json.dumps(picture.shape).encode() + b"\n" + picture.tobytes())
        answers.flush()
