"""The DragGAN iteration on any build of ONNX Runtime: drag/step.onnx, and Adam in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.engines import graph_cache, runtime
from tui_draggan.engines.adam import Trained
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.engines.iteration import Feeds

RESULTS = ("loss", "motion_loss", "mask_loss", "image", "new_handles", "gradient")


class OrtEngine(BundleEngine):
    """Runs the bundle's step graph, which holds standard operators only."""

    name = "ort"

    def _open_trainer(self) -> _Trainer:
        shape = self.info.drag.trainable_rows, self.info.w_dim
        session = graph_cache.open_graph(self._bundle, "drag/step.onnx", self.device)
        return _Trainer(session, shape)


class _Trainer(Trained):
    """`iteration.Trainer`: the latent is an input of the graph, its gradient an output."""

    def __init__(self, session: Any, shape: tuple[int, int]) -> None:
        super().__init__(shape)
        self._session = session
        self._looking = runtime.load_runtime().RunOptions()
        # Heeded by the training builds only; the others compute the whole step for a look.
        self._looking.only_execute_path_to_fetches = True

    def train(self, feeds: Feeds) -> tuple[NDArray[Any], ...]:
        with runtime.failing_as("step"):
            *results, self.gradient = self._session.run(RESULTS, {**feeds, "latent": self.latent})
        self.pending = True
        return tuple(results)

    def sampled(self, feeds: Feeds) -> Floats:
        return self._looked("sampled", feeds)

    def outside(self, feeds: Feeds) -> Floats:
        return self._looked("outside", feeds)

    def end_profiling(self) -> str:
        """The file with the times of a session that was opened under `runtime.profiling`."""
        return str(self._session.end_profiling())

    def _looked(self, name: str, feeds: Feeds) -> Floats:
        with runtime.failing_as("features"):
            (found,) = self._session.run([name], {**feeds, "latent": self.latent}, self._looking)
        return found
