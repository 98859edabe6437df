"""The DragGAN iteration in torch: by tiles on the CPU, as captured graphs on CUDA.

The network is built again from what the bundle says of it, around the weights the bundle holds.
Nothing here imports torch before a drag is near: seeds and first pictures come from ONNX Runtime,
which starts in a tenth of the time.
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tui_draggan.arrays import Bytes, Floats
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import cpu, cuda_libraries, graph_cache, memory
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.errors import EngineError

if TYPE_CHECKING:
    from tui_draggan.engines.torch.latent_optimizer import TorchLatentOptimizer

QUICK = 256
"""Longer side of pictures up to which ONNX Runtime's memory for them is not worth mentioning."""
INSTALL = "pip install 'tui-draggan[torch]'"


class TorchEngine(BundleEngine):
    """Raises EngineError without torch, or without CUDA where that is asked for, and for a bundle
    that does not say what its network is."""

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

    def _cuda_problem(self, number: int) -> str | None:
        if not cuda_libraries.has_driver():
            return "there is no NVIDIA driver"
        import torch

        if torch.version.cuda is None:
            return "this torch is built for the CPU; see pytorch.org for one with CUDA"
        if number < torch.cuda.device_count():
            return None
        return f"torch for CUDA {torch.version.cuda} finds no device {number}"

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


class ReducedTorchEngine(TorchEngine):
    """The same with maps and weights in bfloat16, losses and the latent in float32. Raises
    EngineError where the CPU would have to emulate it."""

    name = "torch-bf16"

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        super().__init__(bundle, device, "bfloat16")
        if self.device == "cpu" and not cpu.has_bfloat16():
            raise EngineError("this CPU has no bfloat16 arithmetic; choose the engine torch")
