"""The DragGAN iteration on any build of ONNX Runtime: drag/step.onnx, and Adam in numpy.

For steps that nobody looks at there is a second graph without the picture, on the same weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from tui_draggan.arrays import Floats
from tui_draggan.bundle import STEP
from tui_draggan.engines import graph_cache, runtime
from tui_draggan.engines.adam import AdamLatent
from tui_draggan.engines.bundle_engine import IMAGE, MISMATCH, BundleEngine, iteration_of
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.latent_optimizer import Iteration

RESULTS = ("gradient", "loss", "motion_loss", "mask_loss", "new_handles")


class OrtEngine(BundleEngine):
    """Runs the bundle's step graph, which holds standard operators only."""

    name = "ort"

    def _step_session(self) -> Any:
        optimizer = self._optimizer
        assert isinstance(optimizer, StepGraphOptimizer)
        return optimizer.with_picture

    def _open_optimizer(self) -> StepGraphOptimizer:
        drag = self.info.drag
        shape = drag.trainable_rows, self.info.w_dim
        small = drag.preview != drag.feature_map
        return StepGraphOptimizer(self._open, self._bundle.without_picture(STEP), small, shape)

    def _open(self, name: str) -> Any:
        return graph_cache.open_graph(self._bundle, name, self.device)


class StepGraphOptimizer(AdamLatent):
    """A `LatentOptimizer`: the latent is an input of the graph, its gradient an output."""

    def __init__(
        self,
        open_graph: Callable[[str], Any],
        other: str | None,
        both: bool,
        shape: tuple[int, int],
    ) -> None:
        """open_graph: file of the bundle → session; each is opened when it is needed. other: the
        graph for steps without a picture, if there is one; both: whether `prepare` opens that too.
        """
        super().__init__(shape)
        self._open_graph, self._other, self._both = open_graph, other, both
        self._part_only = runtime.load_runtime().RunOptions()
        # Only the training builds heed it; the others compute the whole graph.
        self._part_only.only_execute_path_to_fetches = True

    def prepare(self) -> None:
        _ = self.with_picture
        if self._both:
            _ = self._without_picture

    @cached_property
    def with_picture(self) -> Any:
        return self._open_graph(STEP)

    @cached_property
    def _without_picture(self) -> Any:
        return self.with_picture if self._other is None else self._open_graph(self._other)

    def iterate(self, feeds: Feeds, picture: bool) -> Iteration:
        with runtime.failing_as("step"):
            if picture:
                names = [*self._results, IMAGE]
                results = self.with_picture.run(names, self._fed(feeds))
            else:
                names = self._results
                results = self._without_picture.run(names, self._fed(feeds), self._part_only)
        given = dict(zip(names, results, strict=True))
        self.gradient = given["gradient"]
        self.gradient_is_new = True
        return iteration_of(given)

    @cached_property
    def _results(self) -> list[str]:
        """Outputs of every step."""
        is_open = "with_picture" in self.__dict__
        session = self.with_picture if is_open else self._without_picture
        outputs = {output.name for output in session.get_outputs()}
        return [*RESULTS, *([MISMATCH] if MISMATCH in outputs else [])]

    def features_at_handles(self, feeds: Feeds) -> Floats:
        # The same to the bit in both; a large network's second graph is opened for steps alone.
        is_open = "with_picture" in self.__dict__
        return self._output(
            self.with_picture if is_open else self._without_picture, "sampled", feeds
        )

    def features_outside(self, feeds: Feeds) -> Floats:
        return self._output(self.with_picture, "outside", feeds)

    def end_profiling(self) -> str:
        """The file with the times of a session that was opened under `runtime.profiling`."""
        return str(self.with_picture.end_profiling())

    def _output(self, session: Any, name: str, feeds: Feeds) -> Floats:
        with runtime.failing_as("features"):
            features: Floats = session.run([name], self._fed(feeds), self._part_only)[0]
        return features

    def _fed(self, feeds: Feeds) -> Feeds:
        return {**feeds, "latent": self.latent}
