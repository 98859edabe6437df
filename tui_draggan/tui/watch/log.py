"""A run's log, read again and again while it grows.

RUN/log.jsonl: a JSON object a line, each with `kimg` and any of the values that have curves. It may
end in half a line, and a run that is resumed writes it anew, cut back to the snapshot.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tui_draggan.run_folder import RunFolder

NO_CURVES = ("step", "kimg", "seconds")
"""What says when, not how it goes."""

Curve = NDArray[np.float64]
"""(2, N): kimg, rising, and the values there."""


class LogReader:
    """Takes from the log what has been added since it looked last."""

    def __init__(self, folder: Path) -> None:
        self._path = RunFolder(folder).log
        self._file = (0, 0)
        """Device and number of the file that was read."""
        self._offset = 0
        self._points: dict[str, list[tuple[float, float]]] = {}
        self.curves: Mapping[str, Curve] = MappingProxyType({})
        """Curves by name, in the order in which the log brought them."""
        self.kimg: float | None = None
        """Length of the run at the last line."""

    def look(self) -> bool:
        """Whether there is something new. Slow on slow disks: not for the event loop."""
        lines = self._new_lines()
        if lines is None:
            return False
        for line in lines:
            self._take(line)
        self.curves = MappingProxyType(
            {name: np.array(points).T for name, points in self._points.items() if points}
        )
        return True

    def _new_lines(self) -> list[bytes] | None:
        """Whole lines alone; None: as before."""
        try:
            with self._path.open("rb") as file:
                stat = self._path.stat()
                started_anew = (stat.st_dev, stat.st_ino) != self._file
                if started_anew or stat.st_size < self._offset:
                    self._file, self._offset = (stat.st_dev, stat.st_ino), 0
                    self._points, self.kimg = {}, None
                elif stat.st_size == self._offset:
                    return None
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return None
        whole = data.rfind(b"\n") + 1
        self._offset += whole
        return data[:whole].splitlines() if whole or started_anew else None

    def _take(self, line: bytes) -> None:
        """What is no line of a log is passed over."""
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            return
        kimg = _number(values.get("kimg")) if isinstance(values, dict) else None
        if kimg is None:
            return
        if self.kimg is not None and kimg < self.kimg:
            for points in self._points.values():
                while points and points[-1][0] > kimg:
                    points.pop()
        self.kimg = kimg
        for name, value in values.items():
            number = _number(value)
            if name in NO_CURVES or number is None:
                continue
            points = self._points.setdefault(name, [])
            if points and points[-1][0] == kimg:
                points.pop()
            points.append((kimg, number))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value) if abs(value) < 1e300 else math.inf
    return number if math.isfinite(number) else None
