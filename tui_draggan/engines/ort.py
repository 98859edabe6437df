"""The DragGAN iteration on any build of ONNX Runtime: drag/step.onnx, and Adam in numpy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tui_draggan.arrays import Floats
from tui_draggan.engines import graph_cache, runtime
from tui_draggan.engines.adam import AdamLatent
from tui_draggan.engines.bundle_engine import BundleEngine
from tui_draggan.engines.graph_inputs import Feeds

RESULTS = ("loss", "motion_loss", "mask_loss", "image", "new_handles", "gradient")


class OrtEngine(BundleEngine):
    """Runs the bundle's step graph, which holds standard operators only."""

    name = "ort"

    def _open_optimizer(self) -> StepGraphOptimizer:
        shape = self.info.drag.trainable_rows, self.info.w_dim
        session = graph_cache.open_graph(self._bundle, "drag/step.onnx", self.device)
        return StepGraphOptimizer(session, shape)


class StepGraphOptimizer(AdamLatent):
    """A `LatentOptimizer`: the latent is an input of the graph, its gradient an output."""

    def __init__(self, session: Any, shape: tuple[int, int]) -> None:
        super().__init__(shape)
        self._session = session
        self._part_only = runtime.load_runtime().RunOptions()
        # Only the training builds heed it; the others compute the whole step.
        self._part_only.only_execute_path_to_fetches = True

    def iterate(self, feeds: Feeds) -> tuple[NDArray[Any], ...]:
        with runtime.failing_as("step"):
            *results, self.gradient = self._session.run(RESULTS, {**feeds, "latent": self.latent})
        self.gradient_is_new = True
        return tuple(results)

    def features_at_handles(self, feeds: Feeds) -> Floats:
        return self._output("sampled", feeds)

    def features_outside(self, feeds: Feeds) -> Floats:
        return self._output("outside", feeds)

    def end_profiling(self) -> str:
        """The file with the times of a session that was opened under `runtime.profiling`."""
        return str(self._session.end_profiling())

    def _output(self, name: str, feeds: Feeds) -> Floats:
        with runtime.failing_as("features"):
            features: Floats = self._session.run(
                [name], {**feeds, "latent": self.latent}, self._part_only
            )[0]
        return features
