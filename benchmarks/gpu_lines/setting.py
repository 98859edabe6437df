"""Where a line runs, and what it answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tests.engines.recorded_cuda import RecordedCuda
from tests.tiny import narrow_generator
from tui_draggan import paths
from tui_draggan.bench.random_model import random_bundle
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.torch.engine import TorchEngine
from tui_draggan.export.bundle_writer import export_bundle

SIZES = (256, 512, 1024)
SMALL_SIZES = (32, 64)


@dataclass(frozen=True)
class Told:
    """What a line found."""

    words: str
    """Its figures, for the table."""
    passed: bool | None = True
    """None: it could not be tried here, and the words say why."""
    values: dict[str, Any] = field(default_factory=dict)
    """All its figures, for the JSON."""


@dataclass(frozen=True)
class Setting:
    """Where a line runs."""

    device: str
    """`cuda`, `cuda:N`; `cpu` for a trial of the script, in which a stand-in captures steps."""
    small: bool
    """Whether models are tiny and times short: for a trial."""
    work: Path
    """A folder for models and whatever lines write."""

    @property
    def on_gpu(self) -> bool:
        return self.device != "cpu"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sides of the models' pictures."""
        return SMALL_SIZES if self.small else SIZES

    @property
    def seconds(self) -> float:
        """Length of one measurement."""
        return 0.1 if self.small else 2.0

    def cuda(self, *failures: Exception) -> Any:
        """What captures steps, in place of `torch.cuda` where there is no GPU. failures: of the
        captures, as in `RecordedCuda`; on a GPU `NoGraphs` makes them."""
        if not self.on_gpu:
            return RecordedCuda(*failures)
        return NoGraphs() if failures else None

    def engine(
        self, bundle: ModelBundle, precision: str = "float32", cuda: Any = None
    ) -> TorchEngine:
        return TorchEngine(bundle, self.device, precision, self.cuda() if cuda is None else cuda)

    def make_models(self) -> None:
        """Writes a model with random weights for every size."""
        for size in self.sizes:
            if self.small:
                generator = narrow_generator(size)
                export_bundle(generator, self._folder(size), name="random", keep_weights=True)
            else:
                random_bundle(size, self._folder(size))

    def model(self, size: int) -> ModelBundle:
        """One of those."""
        return ModelBundle.open(self._folder(size))

    def critters(self) -> ModelBundle:
        """The bundled model."""
        return ModelBundle.open(paths.bundled_models() / "critters")

    def _folder(self, size: int) -> Path:
        return self.work / f"random-{size}"


class NoGraphs:
    """`torch.cuda`, which captures nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch.cuda, name)

    @contextmanager
    def graph(self, graph: Any, **options: Any) -> Iterator[None]:
        raise RuntimeError("left out on purpose")
        yield


class LoggedWarnings(logging.Handler):
    """Collects what the program warns of, while entered: a graph that is not captured, say."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> LoggedWarnings:
        logging.getLogger("tui_draggan").addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("tui_draggan").removeHandler(self)


def megabytes(count: float) -> str:
    return f"{count / 1e6:.0f} MB"
