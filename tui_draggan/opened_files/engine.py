"""An engine on a file of weights: pictures at once, drags as soon as the model is exported.

Pictures come from the weights as they were read, by the torch engine's network. Meanwhile another
process exports the model; the engine that was asked for is opened on it when there is time, at the
latest when the first features or steps are wanted, and computes everything from then on.

    python -m tui_draggan.opened_files.engine FILE SHA256 NAME FOLDER FEATURE_BLOCK DEVICE ENGINE
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor

from tui_draggan import cache
from tui_draggan.arrays import Bytes, Floats, averaged
from tui_draggan.bundle import ModelBundle
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.engines import cpu, graph_cache
from tui_draggan.engines.base import (
    PICTURES_ONLY,
    Comparison,
    LocalEngine,
    Pivot,
    Problem,
    StepRequest,
    StepResult,
    TuningStep,
)
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.graph_inputs import checked
from tui_draggan.engines.process import NICENESS, serve
from tui_draggan.engines.torch.partial_synthesis import PartialSynthesis
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.errors import EngineError
from tui_draggan.export.bundle_writer import bundle_info, chosen_block, latent_statistics
from tui_draggan.export.families import FoldedNetwork, folded
from tui_draggan.export.folded import FoldedSynthesis
from tui_draggan.export.step_graph import DragStep
from tui_draggan.latent_statistics import LatentStatistics
from tui_draggan.opened_files import processes
from tui_draggan.opened_files.processes import FileModel
from tui_draggan.size import Size
from tui_draggan.stylegan.network import Mapping
from tui_draggan.stylegan.pixels import to_pictures

log = logging.getLogger(__name__)


class CheckpointEngine:
    """`base.LocalEngine`. Raises CheckpointError for a file that is no generator."""

    device = "cpu"

    def __init__(self, model: FileModel, device: str, engine: str) -> None:
        """device and engine: as they are asked for on the model, once it is there."""
        file, folder, name = model.file, model.folder, model.name
        feature_block = model.feature_block
        self._opened_as = device, engine
        self._folder = folder
        self._command = processes.exporting(model)
        self._export: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._failure = ""
        self._network: _Network | None = None
        self._engine: LocalEngine | None = None
        self._unsettled: list[str] = []
        """Graphs of the new model that the next start would still have to try."""
        self._settled_at = 0.0
        if model.is_there:  # made by an earlier process
            self._engine = open_engine(ModelBundle.open(folder), device, engine)
            self.info = self._engine.info
            return
        torch.set_num_threads(cpu.physical_cores())
        checkpoint = read_checkpoint(file)
        generator = build_generator(checkpoint)
        block = chosen_block(generator.config, feature_block)
        synthesis = folded(generator, block)
        self.info = bundle_info(generator, DragStep(synthesis), name, classes=checkpoint.classes)
        self._network = _Network(generator.mapping, synthesis)
        for note in checkpoint.notes:
            log.warning("%s: %s", file.name, note)

    @property
    def name(self) -> str:
        return PICTURES_ONLY if self._engine is None else self._engine.name

    def warm_up(self) -> bool:
        """Has the model exported, and takes it over when it is."""
        if self._engine is not None:
            return self._engine.warm_up() or self._settle()
        if self._failure:
            return False
        if self._started().poll() is not None:
            self._take_over()
        return True

    def map(self, z: Floats, label: int | None = None) -> Floats:
        if self._network is None:
            return self._dragging().map(z, label)
        z = checked(z, (self.info.z_dim,), "z")
        return self._network.map(z, label)

    @property
    def w_avg(self) -> Floats:
        return self._dragging().w_avg if self._network is None else self._network.w_avg

    @property
    def statistics(self) -> LatentStatistics:
        return self._dragging().statistics if self._network is None else self._network.statistics

    def render(self, ws: Floats) -> Bytes:
        if self._network is None:
            return self._dragging().render(ws)
        return self._network.render(checked(ws, (self.info.num_ws, self.info.w_dim), "w+"))

    def preview(self, ws: Floats) -> Bytes:
        if self._network is None:
            return self._dragging().preview(ws)
        ws = checked(ws, (self.info.num_ws, self.info.w_dim), "w+")
        return self._network.preview(ws, self.info.drag.preview)

    def features(self, ws: Floats, points: Floats) -> Floats:
        return self._dragging().features(ws, points)

    def feature_map(self, ws: Floats) -> Floats:
        return self._dragging().feature_map(ws)

    def parts(self, ws: Floats) -> Bytes:
        return self._dragging().parts(ws)

    def begin(self, problem: Problem) -> None:
        self._dragging().begin(problem)

    def step(self, request: StepRequest) -> StepResult:
        return self._dragging().step(request)

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        return self._dragging().compare(ws, target)

    def begin_tuning(self) -> None:
        self._dragging().begin_tuning()

    def tune(self, pivots: Sequence[Pivot], learning_rate: float) -> TuningStep:
        return self._dragging().tune(pivots, learning_rate)

    def save_tuned(self, path: Path, name: str, description: str, replace: bool = False) -> None:
        self._dragging().save_tuned(path, name, description, replace)

    def gradient(self) -> Floats:
        return self._dragging().gradient()

    def _dragging(self) -> LocalEngine:
        """The engine that was asked for, once its model is there. Raises EngineError."""
        if self._engine is None and not self._failure:
            self._started().wait()
            self._take_over()
        if self._engine is None:
            raise EngineError(f"the model cannot be exported: {self._failure}")
        return self._engine

    def _started(self) -> subprocess.Popen[bytes]:
        """The export, which begins where it has not."""
        if self._export is None:
            log.warning("%s is being prepared; points wait until it is ready", self.info.name)
            self._export = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
            )
        return self._export

    def _take_over(self) -> None:
        """The export has ended: the engine is opened on the model, the weights are let go."""
        if self._started().returncode:
            self._complaints.seek(0)
            said = processes.last_line(self._complaints.read())
            self._failure = said or "its process was ended"
            log.warning("the model cannot be exported: %s", self._failure)
            return
        bundle = ModelBundle.open(self._folder)
        self._engine = open_engine(bundle, *self._opened_as)
        self.device = self._engine.device
        self._network = None
        self._unsettled = [name for name in graph_cache.GRAPHS if name in bundle.files]
        self._settled_at = monotonic() + cache.SETTLED
        log.warning("%s is ready to be dragged", self.info.name)

    def _settle(self) -> bool:
        """Makes the next start quicker; whether there is more to do for it."""
        if self._unsettled and monotonic() >= self._settled_at:
            graph_cache.settle(ModelBundle.open(self._folder), self._unsettled.pop())
        return bool(self._unsettled)


class _Network:
    """Mapping and synthesis, in torch on the CPU."""

    def __init__(self, mapping: Mapping, synthesis: FoldedNetwork) -> None:
        self._mapping = mapping
        self._whole = synthesis
        self._in_bands: PartialSynthesis | None = None
        """The same in less memory and time, of a network that the torch engine has."""
        if isinstance(synthesis, FoldedSynthesis):
            workers = Workers(torch.device("cpu"), torch.float32, cores=1, by_tiles=False)
            constants = dict(synthesis.state_dict())
            block = synthesis.feature_block
            self._in_bands = PartialSynthesis(synthesis.config, block, constants, workers)

    @property
    def w_avg(self) -> Floats:
        mean: Floats = self._mapping.w_avg.numpy()
        return mean

    @cached_property
    def statistics(self) -> LatentStatistics:
        return latent_statistics(self._mapping)

    @torch.no_grad()
    def map(self, z: Floats, label: int | None) -> Floats:
        classes = self._mapping.config.c_dim
        given = None
        if classes:
            given = torch.zeros(1, classes)
            given[0, label or 0] = 1
        w: Floats = self._mapping(torch.from_numpy(z)[None], given)[0].numpy()
        return w

    @torch.no_grad()
    def render(self, ws: Floats) -> Bytes:
        rows, count = torch.from_numpy(ws), self._whole.rows
        if self._in_bands is None:
            picture = self._whole(rows[None])
        else:
            picture = self._in_bands.picture(rows[:count], rows[count:])
        return _bytes(picture)

    @torch.no_grad()
    def preview(self, ws: Floats, size: Size) -> Bytes:
        """The picture of that size, at which the network has colours."""
        rows, count = torch.from_numpy(ws), self._whole.rows
        if self._in_bands is None:
            return averaged(self.render(ws), size)
        picture = self._in_bands.synthesise(rows[:count], rows[count:], size)
        assert picture is not None
        return _bytes(picture)


def _bytes(picture: Tensor) -> Bytes:
    """(1, C, H, W) → (H, W, C)"""
    image: Bytes = to_pictures(picture)[0].contiguous().numpy()
    return image


def main() -> None:
    *words, device, engine = sys.argv[1:]

    def opened() -> LocalEngine:
        return CheckpointEngine(FileModel.of(words), device, engine)

    serve(opened, device, engine, NICENESS)
