"""Models and sessions for programs: what `import tui_draggan` opens and runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from tui_draggan import library
from tui_draggan.arrays import Bytes
from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.known import known_directions
from tui_draggan.directions.placement import placements
from tui_draggan.edit.document import Document
from tui_draggan.edit.drawing import Drawing
from tui_draggan.edit.inversion import InversionProblem, Inverted, inverted
from tui_draggan.edit.latent import Latent, Seed, class_index, latent_from_seed, recommended_psi
from tui_draggan.edit.latent_files import read_latent
from tui_draggan.edit.lifecycle import Past, Recorder
from tui_draggan.edit.mask import Mask, load_mask
from tui_draggan.edit.parameters import DragParams, model_params
from tui_draggan.edit.past import load_edit
from tui_draggan.edit.session import Session
from tui_draggan.edit.values import Value
from tui_draggan.engines.base import Engine
from tui_draggan.engines.choose import AUTO, open_engine
from tui_draggan.inversion.recipe import recipe_for
from tui_draggan.pictures.crop import parse_crop
from tui_draggan.pictures.photograph import read_photograph


def open_model(
    model: str | Path = library.DEFAULT_MODEL, engine: str = AUTO, device: str = AUTO
) -> Model:
    """Opens a model by its name or folder.

    engine: `auto`, the fastest that reproduces the model's numbers here, or one of its names
    (`ort`, `ort-training`, `torch`, `torch-bf16`). device: `auto`, `cpu`, `cuda`, `cuda:N` or
    `mps`.

    Raises BundleError where there is no such model or it is damaged. The engine is opened for the
    first picture; that raises EngineError where it cannot be had.
    """
    bundle = ModelBundle.open(library.find_model(str(model)))
    return Model(bundle, lambda: open_engine(bundle, device, engine))


class Model:
    """An opened model and the engine that runs it.

    All sessions of a model share its engine, which works on one run at a time: a run that another
    session displaces ends at its next step. Sessions of one model belong to one thread.
    """

    def __init__(self, bundle: ModelBundle, open_engine: Callable[[], Engine]) -> None:
        self.bundle = bundle
        self._open_engine = open_engine

    @property
    def info(self) -> BundleInfo:
        """Name, size, classes and the like."""
        return self.bundle.info

    @cached_property
    def engine(self) -> Engine:
        """Opened when it is asked for first. Raises EngineError."""
        return self._open_engine()

    @property
    def parameters(self) -> DragParams:
        """The parameters of a drag that the model recommends, else the paper's."""
        return model_params(self.info)

    def seed(self, seed: int = 0, psi: float | None = None, label: str | int | None = None) -> Seed:
        """A generated picture by its seed; `psi`: None for what the model recommends; `label`:
        class by name or number, None for the first. Raises UsageError out of range."""
        psi = recommended_psi(self.info) if psi is None else psi
        return Seed(seed, psi, class_index(label, self.info))

    def latent(self, origin: Seed) -> Latent:
        """w+ of a generated picture."""
        return latent_from_seed(self.engine, origin.seed, origin.psi, origin.label)

    def read_latent(self, path: str | Path, index: int | None = None) -> Latent:
        """A latent of a file of this or another program, .npz, .npy or .pt. index: which of
        several. Raises UsageError, naming the file."""
        return read_latent(Path(path), self.info, index)

    def invert(
        self,
        photograph: str | Path,
        crop: str | None = None,
        label: str | int | None = None,
        space: str = "w+",
        steps: int | None = None,
    ) -> Inverted:
        """The nearest picture to a photograph that the model can draw; `edit(found.document)` is a
        session on it.

        crop: «x,y,width» in pixels, None for the largest box in the middle; label: class, None for
        the nearest; space: `w` or `w+`. Raises UsageError, and BundleError for a model that was
        imported by an earlier version.
        """
        recipe = recipe_for(space, steps)
        self.bundle.require_inversion()
        full = read_photograph(Path(photograph))
        box = None if crop is None else parse_crop(crop, full.size, self.info.size)
        problem = InversionProblem.of(full, self.info, box, label, recipe)
        return inverted(self.engine, problem)

    def render(self, latent: Latent) -> Bytes:
        """The picture (H, W, 3) of a latent; 4 channels where `info.alpha`."""
        return self.engine.render(latent.ws)

    def picture(self, document: Document) -> Bytes:
        """The picture (H, W, 3) of an edit as it is seen: held outside its mask."""
        return Drawing(self.engine).picture(document.latent.ws, document.hold)

    def directions(
        self, label: int | None = None, kept: Sequence[Direction] = ()
    ) -> tuple[Direction, ...]:
        """The directions for pictures of a class: shifts and turn of StyleGAN3's, kept ones, the
        ways to other classes, then the model's principal ones."""
        return known_directions(
            (), kept, self.engine.statistics, label, placements(self.info), self.info.classes
        )

    def session(
        self,
        seed: int = 0,
        psi: float | None = None,
        label: str | int | None = None,
        mask: Mask | str | Path | None = None,
        recorder: Recorder | None = None,
        **parameters: Value,
    ) -> Session:
        """A session on a generated picture (`seed`), without points.

        mask: (H, W), True where the picture may change, or a picture file, white there.
        recorder: told of every change. parameters: values of `DragParams` that overrule the
        model's. All that can be wrong is found before the engine is opened; raises UsageError.
        """
        origin = self.seed(seed, psi, label)
        values = self.parameters.with_values(**parameters)
        if isinstance(mask, str | Path):
            mask = load_mask(Path(mask), self.info.size).mask
        document = Document(self.latent(origin), mask=mask, parameters=values)
        return self.edit(document, recorder)

    def edit(
        self, document: Document, recorder: Recorder | None = None, past: Past | None = None
    ) -> Session:
        """A session on a document as it is. past: what led to it. Raises UsageError where it is of
        another model."""
        return Session(self.engine, document, recorder, past=past)

    def load(self, path: str | Path) -> Session:
        """A session on what a session file holds. Raises UsageError, naming the file."""
        document, past = load_edit(Path(path), self.info)
        return self.edit(document, past=past)
