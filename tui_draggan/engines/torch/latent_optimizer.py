"""A `LatentOptimizer` in torch.

Only the latent, points and the optimizer are on the host: a few thousand numbers that come back
with every step anyway, and take longer to launch a kernel for than to compute.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import cpu, runtime
from tui_draggan.engines.adam import AdamLatent
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.latent_optimizer import Iteration
from tui_draggan.engines.torch.alias_free import AliasFreeSynthesis
from tui_draggan.engines.torch.fixed_step import FixedStep, is_full
from tui_draggan.engines.torch.partial_synthesis import PartialSynthesis
from tui_draggan.engines.torch.points import Grid, sampled
from tui_draggan.engines.torch.regions import Rect
from tui_draggan.engines.torch.step import Arrays, LocalFeatures, Step, Synthesis, Values, patches
from tui_draggan.engines.torch.weights import read_weights
from tui_draggan.engines.torch.workers import Workers
from tui_draggan.errors import EngineError
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig
from tui_draggan.stylegan.families import config_from
from tui_draggan.stylegan.pixels import to_pictures

KEPT = 8
"""Fixed steps that are kept, two for each number of points, radius and mask: with a picture and
without."""


class TorchLatentOptimizer(AdamLatent):
    """The bundle's network on one device: `cpu`, `cuda`, `cuda:N` or `mps`."""

    def __init__(self, bundle: ModelBundle, device: str, precision: str, cuda: Any = None) -> None:
        """precision: of the maps, `float32` (on CUDA, convolutions round their factors to TF32)
        or `bfloat16`; styles, losses and the latent are always float32. cuda: where given, steps
        are captured by it as they are by `torch.cuda` on CUDA, whatever the device."""
        self._info = bundle.info
        super().__init__((self._info.drag.trainable_rows, self._info.w_dim))
        self._device = torch_device(device)
        self._cuda = torch.cuda if cuda is None and self._device.type == "cuda" else cuda
        self._fixed = self._cuda is not None or self._device.type == "mps"
        """Whether steps work on whole maps in memory of their own: asking a GPU where the points
        are would make the host wait for it."""
        self._grid = Grid(self._info.size, self._info.drag.feature_map)
        self._steps: OrderedDict[Any, FixedStep] = OrderedDict()
        dtype: torch.dtype = getattr(torch, precision)
        cores = cpu.physical_cores()
        plain = self._info.family != "StyleGAN2"
        by_tiles = not self._fixed and not plain and dtype == torch.float32
        # Either torch divides its operators among the cores, or work is divided among threads.
        torch.set_num_threads(1 if by_tiles else cores)
        workers = Workers(self._device, dtype, cores if by_tiles else 1, by_tiles)
        with failing_as("drag model"):
            if self._device.type == "cuda":
                torch.cuda.set_device(self._device)
                torch.backends.cudnn.benchmark = True
                # In the mask loss |F − F0| of a feature that is as it was has no gradient; rounded
                # in another order at every run, it has one of a random sign.
                torch.backends.cudnn.deterministic = True
            self._synthesis = _build_synthesis(bundle, workers)

    def iterate(self, feeds: Feeds, picture: bool) -> Iteration:
        lower, upper = self._rows(feeds)
        taken = {field.name: feeds[field.name] for field in fields(Values) if field.name in feeds}
        arrays = {**taken, "lower": lower, "upper": upper}
        with failing_as("step", self):
            numbers, *image = self._step(feeds, arrays, picture)(arrays)
        count = len(feeds["handles"])
        losses, handles, mismatch, by_lower = np.split(numbers, [2, 2 + 2 * count, 2 + 3 * count])
        self.gradient = feeds["mix"].T @ by_lower.reshape(self.latent.shape)
        self.gradient_is_new = True
        return Iteration(
            loss=float(losses.sum()),
            motion_loss=float(losses[0]),
            mask_loss=float(losses[1]),
            handles=handles.reshape(-1, 2),
            image=image[0] if image else None,
            mismatch=mismatch,
        )

    @torch.no_grad()
    def features_at_handles(self, feeds: Feeds) -> Floats:
        lower, _ = self._rows(feeds)
        grid, features = self._grid, LocalFeatures(self._synthesis)
        with failing_as("features", self):
            points = self._on_device(feeds["handles"])
            self._synthesis.look(
                self._on_device(lower), patches(grid.first(points, 0), grid.cells(0))
            )
            return sampled(grid, features.gather, points).numpy(force=True)

    @torch.no_grad()
    def features_outside(self, feeds: Feeds) -> Floats:
        lower, _ = self._rows(feeds)
        first, end = int(feeds["outside_first"][0]), int(feeds["outside_end"][0])
        with failing_as("features", self):
            # All of them, as in a step: parts of a map are rounded otherwise.
            self._synthesis.look(self._on_device(lower), [Rect.whole(self._grid.map)])
            rows = LocalFeatures(self._synthesis).rows(first, end).clone()
        return rows.numpy(force=True).transpose(2, 0, 1)

    @torch.no_grad()
    def render(self, ws: Floats) -> Bytes:
        """w+ (L, w_dim) → the full picture (H, W, 3)."""
        with failing_as("synthesis", self):
            return _to_bytes(self._synthesis.picture(*self._parts(ws)))

    @torch.no_grad()
    def preview(self, ws: Floats) -> Bytes:
        """w+ (L, w_dim) → the picture of a step."""
        with failing_as("preview", self):
            picture = self._synthesis.synthesise(*self._parts(ws), self._info.drag.preview)
            assert picture is not None
            return _to_bytes(picture)

    def _parts(self, ws: Floats) -> tuple[Tensor, Tensor]:
        """w+ (L, w_dim) → the rows that features depend on, and the rest."""
        rows = self._on_device(ws)
        return rows[: len(self.latent)], rows[len(self.latent) :]

    def _rows(self, feeds: Feeds) -> tuple[Floats, Floats]:
        """w+ in two parts: of the rows that features depend on, and the rest."""
        count = len(self.latent)
        lower, mix = feeds["frozen"][:count], feeds["mix"]
        if mix.any():
            with np.errstate(over="ignore", invalid="ignore"):
                lower = lower + mix @ self.latent
        return lower, feeds["frozen"][count:]

    def _on_device(self, array: NDArray[Any]) -> Tensor:
        return torch.tensor(array, device=self._device)

    def _step(
        self, feeds: Feeds, arrays: Arrays, picture: bool
    ) -> Callable[[Arrays], tuple[NDArray[Any], ...]]:
        masked = self._fixed or bool(feeds["outside_weight"].any())
        step = Step(
            self._synthesis,
            self._grid,
            preview=self._info.drag.preview,
            drawn=picture,
            radius=int(feeds["disc"].max()) + 1,
            outside_first=int(feeds["outside_first"][0]) if masked else None,
            whole=self._fixed,
        )
        if not self._fixed:
            return step.on_host
        key = step, tuple((name, array.shape) for name, array in arrays.items())
        if key not in self._steps:
            while len(self._steps) >= KEPT:
                self._steps.popitem(last=False)
            fixed = self._fixed_step(step, arrays)
            if fixed is None:  # what it had taken is free again
                self._steps.clear()
                self._cuda.empty_cache()
                fixed = FixedStep(step, arrays, self._device, self._cuda)
            self._steps[key] = fixed
        self._steps.move_to_end(key)
        return self._steps[key]

    def _fixed_step(self, step: Step, arrays: Arrays) -> FixedStep | None:
        """None where there is not enough memory for it beside the others that are kept."""
        beside = next(iter(self._steps.values()), None)
        try:
            return FixedStep(step, arrays, self._device, self._cuda, beside)
        except RuntimeError as error:
            if not self._steps or not is_full(error):
                raise
            return None


def _to_bytes(picture: Tensor) -> Bytes:
    """(1, C, H, W) → (H, W, C). Raises EngineError where it is not finite."""
    if not picture.isfinite().all():
        raise EngineError("the picture is not finite; take another seed or truncation")
    return to_pictures(picture)[0].numpy(force=True)


def torch_device(name: str) -> torch.device:
    """With the number that some of torch's functions ask for."""
    if name.startswith("cuda"):
        return torch.device("cuda", runtime.cuda_number(name))
    return torch.device(name)


def _build_synthesis(bundle: ModelBundle, workers: Workers) -> Synthesis:
    """The bundle's network around the weights in its files."""
    check_files(bundle, "synthesis.onnx")
    config = config_from(bundle.info.generator)
    weights = read_weights(bundle.file("synthesis.onnx"))
    constants = {name: torch.from_numpy(array) for name, array in weights.items()}
    try:
        block = bundle.info.drag.feature_block
        if isinstance(config, AliasFreeConfig):
            device, dtype = workers.device, workers.dtype
            return AliasFreeSynthesis(config, block, constants, device, dtype)
        return PartialSynthesis(config, block, constants, workers)
    except KeyError as error:
        raise EngineError(f"{bundle.path} holds no {error.args[0]}; export it again") from error


LOST = re.compile(r"CUDA (driver )?error|CUBLAS_STATUS|CUDNN_STATUS")
"""What they say where the GPU itself has failed or is gone: nothing on it can be used again."""


_lost: list[object] = []
"""What has memory of such a GPU, and the errors, whose tracebacks hold what was being made.
Freeing it would end the process: torch's allocator of pinned memory asks the GPU first, in a
destructor."""


@contextmanager
def failing_as(what: str, holder: object = None) -> Iterator[None]:
    """holder: of memory on the GPU."""
    with runtime.failing_as(what, "torch"):
        try:
            yield
        except RuntimeError as error:
            if is_full(error):
                raise EngineError(
                    f"{what}: the GPU's memory is full; end what else uses it, or choose the "
                    "device cpu"
                ) from error
            if LOST.search(str(error)):
                _lost.extend([holder, error])
                raise EngineError(
                    f"{what}: the GPU failed ({runtime.first_line(error)}); start again, or "
                    "choose the device cpu"
                ) from error
            raise
