"""ModelBundle: a folder with bundle.json and the ONNX files of one generator.

bundle.json      what this file describes; SHA-256 and size of every other file
mapping.onnx     z (1, z_dim) [, label (1, c_dim)] → w (1, w_dim), w_avg (w_dim,)
synthesis.onnx   ws (1, num_ws, w_dim) → image (1, 3, H, W) in [-1, 1]; 4 channels with alpha
inversion.onnx   w_plus (num_ws, w_dim), target (1, 3, H, W) → loss, gradient (num_ws, w_dim),
                 image (H, W, 3) in bytes: a step of an inversion; older bundles are without
                 inversion_training.onnx  inversion_checkpoint: the same for the training API
distance.onnx    picture, target (1, 3, H, W) → loss, gradient (1, 3, H, W): for engines that
                 have the network themselves; older bundles are without
tuning.onnx      as inversion.onnx, with the convolutions' weights as inputs and the gradient by
                 each: a step of pivotal tuning; tuning.json: where these weights lie; older
                 bundles are without
drag/            step.onnx: one iteration in standard operators, for any runtime
                 training_model.onnx  eval_model.onnx  optimizer_model.onnx  checkpoint: the same
                 for ONNX Runtime's training API, where the bundle was written beside it
                 step_without_picture.onnx  training_model_without_picture.onnx: for steps that
                 nobody looks at, where that saves something
                 weights.bin: the one copy of the weights all graphs share
parts.onnx       ws (1, num_ws, w_dim) → parts (H, W), numbers; where parts have been added
statistics.safetensors  what w look like (`latent_statistics`); older bundles are without
"""

from __future__ import annotations

import json
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tui_draggan.errors import BundleError
from tui_draggan.files import kind_of, reason_of, sha256
from tui_draggan.manifest import problem
from tui_draggan.size import Size
from tui_draggan.wording import printable

FORMAT_VERSION = 4
"""What is written. Version 3 is read: all of its pictures are squares, and say one side."""
MANIFEST = "bundle.json"
STEP, WEIGHTS = "drag/step.onnx", "drag/weights.bin"
MAPPING, SYNTHESIS = "mapping.onnx", "synthesis.onnx"
REQUIRED_FILES = (
    MAPPING,
    SYNTHESIS,
    STEP,
    WEIGHTS,
)
STATISTICS = "statistics.safetensors"
PARTS = "parts.onnx"
"""Which part of the picture each pixel belongs to, where parts have been added to the model."""
INVERSION = "inversion.onnx"
"""How far a picture is from a photograph; older bundles are without."""
TRAINED_INVERSION = INVERSION_TRAINING, INVERSION_CHECKPOINT = (
    "inversion_training.onnx",
    "inversion_checkpoint",
)
"""The same for ONNX Runtime's training API, with w+ as the trainable parameter; only where the
bundle was written beside it."""
DISTANCE = "distance.onnx"
"""The same for a picture that is given; older bundles are without."""
TUNING, TUNABLE = "tuning.onnx", "tuning.json"
"""The same by the convolutions' weights, and where these lie (`engines.tunable`); older bundles are
without both."""
TRAINING_FILES = TRAINING_MODEL, EVAL_MODEL, OPTIMIZER_MODEL, CHECKPOINT = (
    "drag/training_model.onnx",
    "drag/eval_model.onnx",
    "drag/optimizer_model.onnx",
    "drag/checkpoint",
)
"""For ONNX Runtime's training API: all of them, or none where the bundle was written without it."""
WITHOUT_PICTURE = {
    STEP: "drag/step_without_picture.onnx",
    TRAINING_MODEL: "drag/training_model_without_picture.onnx",
}
"""The graph of an iteration for steps that nobody looks at, by that of those with a picture. Not
there where it would save little, nor in bundles of earlier versions."""

TEXTS = {"name", "description", "licence", "origin"}
"""What a manifest says in words. They are read as `printable`, and so are the classes."""


@dataclass(frozen=True)
class ReferenceStep:
    """The first step of a drag of the mean picture, and what it gave where it was exported.

    Every row of w+ is the mean w, all trainable rows are trained, there is no mask.
    """

    points: list[list[float]]
    """(N, 2) where the templates are taken, and where tracking must find them again."""
    handles: list[list[float]]
    """(N, 2) where tracking starts."""
    targets: list[list[float]]
    r1: int
    r2: int
    loss: float
    gradient_norm: float


@dataclass(frozen=True)
class DragInfo:
    """What the drag artifacts were exported for."""

    feature_block: int
    """Name of the block whose features are supervised and tracked: 128 for b128."""
    feature_map: Size
    """Rows and columns of its map, in cells; the picture's divided by a power of two."""
    feature_channels: int
    trainable_rows: int
    """Rows of w+ the feature map depends on: the largest K."""
    preview: Size
    """Height and width of the preview picture of a step, in pixels."""
    reference: ReferenceStep | None = None
    """Written as "check" in bundle.json."""


@dataclass(frozen=True)
class Parent:
    """The bundle that another one was made from."""

    name: str
    sha256: str
    """Hash of its bundle.json, which has the hashes of all its files."""


@dataclass(frozen=True)
class BundleInfo:
    """bundle.json. `recommended` holds drag parameters by name where the model wants its own."""

    name: str
    size: Size
    """Height and width of the picture, in pixels."""
    z_dim: int
    w_dim: int
    num_ws: int
    drag: DragInfo
    alpha: bool = False
    """Whether pictures have a fourth channel, their opacity."""
    classes: tuple[str, ...] = ()
    recommended: dict[str, str | float] = field(default_factory=dict)
    generator: dict[str, Any] = field(default_factory=dict)
    """What the network is built from (`stylegan.config`), for engines that build it again."""
    input_affine: str = ""
    """Of StyleGAN3: the affine layer that gives cos, sin, x and y of the input from row 0 of w+,
    (4, w_dim) weights, then 4 biases; float32, little-endian, in base64."""
    description: str = ""
    licence: str = ""
    origin: str = ""
    parts: tuple[str, ...] = ()
    """Names of the parts that `PARTS` tells, by their numbers; () without it."""
    derived_from: Parent | None = None
    """The model whose weights were tuned to photographs; None of all others."""
    format_version: int = FORMAT_VERSION
    weights: str = field(default="", compare=False)
    """SHA-256 of its weights; empty where they are in no bundle. Not written: it is in `files`."""

    @property
    def picture_channels(self) -> int:
        """3, or 4 with alpha."""
        return 4 if self.alpha else 3

    @property
    def c_dim(self) -> int:
        return len(self.classes)

    @property
    def family(self) -> str:
        """StyleGAN2 or StyleGAN3; "" where the manifest does not say what the network is."""
        return str(self.generator.get("family", "StyleGAN2")) if self.generator else ""


@dataclass(frozen=True)
class ModelBundle:
    """An opened bundle: its folder and what its manifest says."""

    path: Path
    info: BundleInfo
    files: dict[str, dict[str, Any]]

    @classmethod
    def open(cls, path: Path) -> ModelBundle:
        """Reads the manifest and checks that every file is there in its full size.

        Raises BundleError, naming the file. Contents are checked by `verify`, which reads all.
        """
        manifest = path / MANIFEST
        try:
            if not stat.S_ISDIR(path.stat().st_mode):
                raise NotADirectoryError
            values = json.loads(manifest.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            if error.filename == str(manifest):
                raise BundleError(f"{path} has no {MANIFEST}; it is not a model bundle") from None
            raise BundleError(
                f"{path} is not a folder; expected a model bundle with {MANIFEST}"
            ) from None
        except OSError as error:
            raise BundleError(f"{path} cannot be read: {reason_of(error)}") from None
        except (ValueError, RecursionError) as error:
            raise BundleError(
                f"{manifest} cannot be read ({error}); import the model again"
            ) from error
        info, files = _parse(values, manifest)
        training = TRAINING_FILES if not files.keys().isdisjoint(TRAINING_FILES) else ()
        for name in (*REQUIRED_FILES, *training, *files):
            _check_size(path, name, files)
        return cls(path, info, files)

    def file(self, name: str) -> Path:
        return self.path / name

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights: the same wherever, and however, the same network was imported."""
        return str(self.files[WEIGHTS]["sha256"])

    @property
    def for_training_api(self) -> bool:
        """Whether it holds the graphs of ONNX Runtime's training API."""
        return not self.files.keys().isdisjoint(TRAINING_FILES)

    def require_inversion(self) -> None:
        """Raises BundleError for a bundle without the graph that photographs need."""
        if INVERSION not in self.files:
            raise BundleError(
                f"{self.info.name} was imported by an earlier version and takes no photographs; "
                f"import its weights again: tui-draggan import FILE --name {self.info.name} "
                "--replace"
            )

    def require_tuning(self) -> None:
        """Raises BundleError for a bundle without the graph that tuning needs."""
        if not {TUNING, TUNABLE} <= self.files.keys():
            raise BundleError(
                f"{self.info.name} was imported by an earlier version and cannot be tuned; import "
                f"its weights again: tui-draggan import FILE --name {self.info.name} --replace"
            )

    def without_picture(self, name: str) -> str | None:
        """The file of that graph's form without the picture; None where there is none."""
        other = WITHOUT_PICTURE[name]
        return other if other in self.files else None

    def verify(self) -> None:
        """Hashes every file. Raises BundleError at the first that differs from the manifest."""
        for name, entry in self.files.items():
            if sha256(self.path / name) != entry["sha256"]:
                raise BundleError(
                    f"{self.path / name} is damaged (SHA-256); import the model again"
                )


def write_manifest(folder: Path, info: BundleInfo) -> None:
    """Writes bundle.json for all files that lie in `folder`."""
    files = {
        str(file.relative_to(folder)): {"size": file.stat().st_size, "sha256": sha256(file)}
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    values = asdict(info)
    del values["weights"]
    for name in ("derived_from", "parts"):
        if not values[name]:
            del values[name]
    drag = values["drag"]
    drag["check"] = drag.pop("reference")
    for held, key in ((values, "size"), (drag, "feature_map"), (drag, "preview")):
        held[key] = Size(*held[key])._asdict()
    manifest = {**values, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _parse(values: Any, manifest: Path) -> tuple[BundleInfo, dict[str, dict[str, Any]]]:
    if not isinstance(values, dict):
        raise BundleError(f"{manifest} is not a JSON object")
    version = values.get("format_version")
    if version not in (3, FORMAT_VERSION):
        raise BundleError(
            f"{manifest} has format version {version}; this program reads {FORMAT_VERSION}: "
            "import the model again"
        )
    wrong = problem(values)
    if wrong is not None:
        raise BundleError(f"{manifest}: {wrong}; import the model again")
    values = _renewed(values) if version == 3 else dict(values)
    files = values.pop("files")
    drag_values = dict(values.pop("drag"))
    reference = drag_values.pop("check", None)
    for key in ("feature_map", "preview"):
        drag_values[key] = Size(**drag_values[key])
    drag = DragInfo(**drag_values, reference=reference and ReferenceStep(**reference))
    parent = values.pop("derived_from", None)
    derived_from = parent and Parent(printable(parent["name"]), parent["sha256"])
    classes = tuple(map(printable, values.pop("classes", ())))
    parts = tuple(map(printable, values.pop("parts", ())))
    parts = parts if PARTS in files else ()
    for key in TEXTS & values.keys():
        values[key] = printable(values[key])
    size = Size(**values.pop("size"))
    values["weights"] = str(files.get(WEIGHTS, {}).get("sha256", ""))
    info = BundleInfo(
        size=size, drag=drag, classes=classes, parts=parts, derived_from=derived_from, **values
    )
    return info, files


def _renewed(values: dict[str, Any]) -> dict[str, Any]:
    """What version 3 holds, as version 4 has it."""
    drag = dict(values["drag"])
    drag["feature_map"] = Size.square(drag["feature_block"])._asdict()
    drag["preview"] = Size.square(drag.pop("preview_size"))._asdict()
    size = Size.square(values.pop("resolution"))._asdict()
    return {**values, "size": size, "drag": drag, "format_version": FORMAT_VERSION}


def _check_size(path: Path, name: str, files: dict[str, dict[str, Any]]) -> None:
    if name not in files:
        raise BundleError(f"{path / MANIFEST} does not list {name}; import the model again")
    try:
        status = (path / name).stat()
    except OSError:
        raise BundleError(f"{path / name} is missing; import the model again") from None
    if not stat.S_ISREG(status.st_mode):
        raise BundleError(f"{path / name} is {kind_of(status.st_mode)}, expected a file")
    if status.st_size != files[name]["size"]:
        raise BundleError(
            f"{path / name} has {status.st_size} bytes, expected {files[name]['size']}; "
            "it is damaged, import the model again"
        )
