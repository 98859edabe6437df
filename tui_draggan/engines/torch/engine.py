"""The DragGAN iteration in torch: by tiles on the CPU, as captured graphs on CUDA.

The network is built again from what the bundle says of it, around the weights the bundle holds.
Nothing here imports torch before a drag is near: seeds and first pictures come from ONNX Runtime,
which starts in a tenth of the time.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import DISTANCE, ModelBundle
from tui_draggan.engines import cpu, cuda_libraries, graph_cache, memory
from tui_draggan.engines.base import Comparison
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.engines.runtime import cuda_number
from tui_draggan.engines.tunable import Tunable
from tui_draggan.engines.tuning import LossByWeights
from tui_draggan.errors import EngineError

if TYPE_CHECKING:
    from tui_draggan.engines.torch.latent_optimizer import TorchLatentOptimizer
    from tui_draggan.engines.torch.photographs import TorchPhotographs

BFLOAT16 = 8, 0
"""Compute capability from which NVIDIA's cards multiply bfloat16."""
QUICK = 256
"""Longer side of pictures up to which ONNX Runtime's memory for them is not worth mentioning."""
INSTALL = "pip install 'tui-draggan[torch]'"


class TorchEngine(BundleEngine):
    """Raises EngineError without torch, or where torch lacks the device that is asked for, and
    for a bundle that does not say what its network is."""

    name = "torch"

    def __init__(
        self,
        bundle: ModelBundle,
        device: str = "auto",
        precision: str = "float32",
        cuda: Any = None,
    ) -> None:
        """precision and cuda as in `TorchLatentOptimizer`."""
        for package in ("torch", "onnx"):
            if importlib.util.find_spec(package) is None:
                raise EngineError(f"{package} is not installed; {INSTALL}")
        if not bundle.info.generator:
            raise EngineError(f"{bundle.path} does not say what its network is; export it again")
        super().__init__(bundle, device)
        self._precision = precision
        self._cuda = cuda

    def render(self, ws: Floats) -> Bytes:
        if "_optimizer" not in self.__dict__ and self.info.size.longer <= QUICK:
            return super().render(ws)
        return self._optimizer.render(self._checked_ws(ws))

    def preview(self, ws: Floats) -> Bytes:
        if "_optimizer" not in self.__dict__:  # torch takes seconds to be there
            return super().preview(ws)
        return self._optimizer.preview(self._checked_ws(ws))

    def _device_problem(self, device: str) -> str | None:
        return _mps_problem() if device == "mps" else _cuda_problem(cuda_number(device))

    def _open_optimizer(self) -> TorchLatentOptimizer:
        try:
            from tui_draggan.engines.torch.latent_optimizer import TorchLatentOptimizer
        except Exception as error:  # a broken installation fails in many ways
            raise EngineError(f"torch cannot be imported ({error}); {INSTALL}") from error
        return TorchLatentOptimizer(self._bundle, self.device, self._precision, self._cuda)

    @cached_property
    def _optimizer(self) -> TorchLatentOptimizer:
        optimizer = self._open_optimizer()
        self._close_synthesis()  # holds the weights once more, and is not needed now
        memory.trim_heap()
        return optimizer

    @cached_property
    def _synthesis(self) -> Any:
        return graph_cache.open_graph(self._bundle, "synthesis.onnx", "cpu")

    def compare(self, ws: Floats, target: Bytes) -> Comparison:
        if not self._has_distance:
            return super().compare(ws, target)
        return self._photographs.compare(self._checked_ws(ws), target)

    def _open_loss(self, tunable: Tunable) -> LossByWeights:
        return self._photographs.tuned(tunable)

    @property
    def _has_distance(self) -> bool:
        """Whether the bundle has the loss by itself; one of an earlier version is without."""
        return DISTANCE in self._bundle.files

    @cached_property
    def _photographs(self) -> TorchPhotographs:
        try:
            from tui_draggan.engines.torch.photographs import TorchPhotographs
        except Exception as error:  # a broken installation fails in many ways
            raise EngineError(f"torch cannot be imported ({error}); {INSTALL}") from error
        return TorchPhotographs(self._bundle, self.device)

    @cached_property
    def _inversion(self) -> Any:
        return self._opened_inversion("cpu")


class ReducedTorchEngine(TorchEngine):
    """The same with maps and weights in bfloat16, losses and the latent in float32. Raises
    EngineError where the CPU would have to emulate it."""

    name = "torch-bf16"

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        super().__init__(bundle, device, "bfloat16")
        if self.device == "cpu" and not cpu.has_bfloat16():
            raise EngineError("this CPU has no bfloat16 arithmetic; choose the engine torch")

    def _device_problem(self, device: str) -> str | None:
        problem = super()._device_problem(device)
        if problem is None and device != "mps":
            import torch

            if torch.cuda.get_device_capability(cuda_number(device)) < BFLOAT16:
                return "it has no bfloat16 arithmetic; choose the engine torch"
        return problem


def _cuda_problem(number: int) -> str | None:
    """Why torch cannot use that CUDA device, and what helps; None where it can."""
    if not cuda_libraries.has_driver():
        return "there is no NVIDIA driver"
    import torch

    build = torch.version.cuda
    if build is None:
        return "this torch is built for the CPU; see pytorch.org for one with CUDA"
    # Devices are counted without CUDA, so too where the driver is older than CUDA asks for.
    if not torch.cuda.is_available():
        return f"torch for CUDA {build} finds no device it can use, or the driver is too old for it"
    if number >= torch.cuda.device_count():
        return f"torch for CUDA {build} finds no device {number}"
    capability = torch.cuda.get_device_capability(number)
    oldest = min((_capability(arch) for arch in torch.cuda.get_arch_list()), default=capability)
    if capability < oldest:
        name = torch.cuda.get_device_name(number)
        return f"torch for CUDA {build} has no kernels for {name}; install a build for older cards"
    return None


def _capability(arch: str) -> tuple[int, int]:
    """`sm_86`, `sm_90a`, `compute_120` → (8, 6), (9, 0), (12, 0)."""
    digits = "".join(filter(str.isdigit, arch))
    return int(digits[:-1]), int(digits[-1])


def _mps_problem() -> str | None:
    """Why there can be no Apple GPU; None where there can. torch says the rest when it opens it."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return None
    return "that is the GPU of a Mac with Apple silicon"
