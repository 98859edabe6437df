"""A run's folder as it is now: configuration, log, sample grids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_draggan.errors import UsageError
from tui_draggan.files import reason_of
from tui_draggan.run_folder import RunFolder
from tui_draggan.tui.watch.log import Curve, LogReader


@dataclass(frozen=True)
class Grid:
    """A picture of samples."""

    kimg: int
    path: Path
    changed: int = 0
    """Time of the file, in nanoseconds since 1970: a resumed run draws some of its grids again."""


@dataclass(frozen=True)
class RunSnapshot:
    """What is shown, as it was at one moment."""

    name: str
    resolution: int | None = None
    data: str = ""
    """Name of the data it trains on."""
    total: float | None = None
    """Planned length in kimg."""
    kimg: float | None = None
    """Length so far; None: no entry in the log yet."""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    grids: tuple[Grid, ...] = ()
    """Oldest first."""
    changed: float | None = None
    """Time of the last update, in seconds since 1970."""

    def place_of(self, path: Path | None) -> int | None:
        """Which of the grids that file is."""
        paths = [grid.path for grid in self.grids]
        return paths.index(path) if path in paths else None

    @property
    def finished(self) -> bool:
        return self.total is not None and self.kimg is not None and self.kimg >= self.total - 1e-6


def check_run(folder: Path) -> None:
    """Raises UsageError for what is not a training run. An empty folder may become one."""
    wanted = "give --watch the folder of train --out"
    try:
        names = {path.name for path in folder.iterdir()}
    except NotADirectoryError:
        raise UsageError(f"{folder} is a file; {wanted}") from None
    except FileNotFoundError:
        raise UsageError(f"{folder} does not exist; {wanted}") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {reason_of(error)}; {wanted}") from None
    run = RunFolder(folder)
    shown = {name for name in names if not name.startswith(".")}
    if shown and not shown & {run.config.name, run.log.name, run.samples.name}:
        raise UsageError(
            f"{folder} is not a training run: it has neither {run.config.name} nor "
            f"{run.log.name}; {wanted}"
        )


class RunReader:
    """Looks at the folder again and again; each time in one thread at most."""

    def __init__(self, folder: Path) -> None:
        self._folder = RunFolder(folder)
        self._log = LogReader(folder)
        self._config: dict[str, Any] = {}
        self._config_changed = 0

    def look(self) -> RunSnapshot:
        """The run now. What is missing or half there is left out. Reads files: slow."""
        self._log.look()
        self._read_config()
        listed = self._folder.list_sample_grids()
        grids = tuple(Grid(kimg, path, _changed(path)) for kimg, path in listed)
        times = [_changed(self._folder.log), *(grid.changed for grid in grids)]
        resolution, total = self._config.get("resolution"), self._config.get("kimg")
        return RunSnapshot(
            name=self._folder.path.resolve().name,
            resolution=resolution if isinstance(resolution, int) else None,
            data=Path(str(self._config.get("data") or "")).name,
            total=float(total) if isinstance(total, int | float) and total > 0 else None,
            kimg=self._log.kimg,
            curves=self._log.curves,
            grids=grids,
            changed=max(times) / 1e9 or None,
        )

    def _read_config(self) -> None:
        path = self._folder.config
        changed = _changed(path)
        if not changed or changed == self._config_changed:
            return
        try:
            config = json.loads(path.read_text())
        except (OSError, ValueError):
            return
        if isinstance(config, dict):
            self._config, self._config_changed = config, changed


def _changed(path: Path) -> int:
    """In nanoseconds since 1970; 0 where there is nothing."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
