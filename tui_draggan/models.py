"""`tui-draggan models`: the models there are; one in full; hashed again; removed."""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_draggan import paths
from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.errors import BundleError, DragganError, OutputError, UsageError

DAMAGED = "does not open"
"""In place of what is known of a model; the reason stands behind it."""


@dataclass(frozen=True)
class Model:
    """A folder among the models, whether or not it can be opened."""

    name: str
    """What --model takes."""
    path: Path
    bundle: ModelBundle | None
    problem: str = ""
    """Why it cannot be opened."""

    @property
    def bundled(self) -> bool:
        """It came with the program."""
        return self.path.parent == paths.bundled_models()


def all_models() -> list[Model]:
    """The user's models and the bundled ones, by the names that open them."""
    return [_look(name, path) for name, path in paths.model_folders().items()]


def facts(info: BundleInfo) -> str:
    """«64 px», «256 px · 5 classes»."""
    return " · ".join((f"{info.resolution} px", *([f"{info.c_dim} classes"] * bool(info.c_dim))))


def name_that_opens(path: Path) -> str:
    """What --model takes for the bundle in a folder, as it is typed into a shell."""
    for name, folder in paths.model_folders().items():
        if folder.resolve() == path.resolve():
            return shlex.quote(name)
    return shlex.quote(str(path.resolve()))


def size_in_words(size: float) -> str:
    """Bytes as «3.1 MB»."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


# -- the command ---------------------------------------------------------------------------------


def list_models() -> int:
    """Prints a line for each model."""
    rows = [("name", "picture", "on disk", "from"), *map(_row, all_models())]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, picture, size, origin in rows:
        line = f"{name:{widths[0]}}  {picture:{widths[1]}}  {size:>{widths[2]}}  {origin}"
        print(line.rstrip())
    return 0


def show_model(name: str) -> int:
    """Prints all there is to know of a model. Raises BundleError where it cannot be opened."""
    model = _find(name)
    bundle = _opened(model)
    info = bundle.info
    lines = {
        "picture": f"{info.resolution} × {info.resolution} px",
        "latent": f"z {info.z_dim}, w {info.w_dim}, {info.num_ws} rows of w+",
        "drag": f"feature block {info.drag.feature_block} px, "
        f"{info.drag.feature_channels} channels, up to {info.drag.trainable_rows} rows",
        "recommended": ", ".join(_recommended(info)),
        "classes": ", ".join(f"{number} {text}" for number, text in enumerate(info.classes)),
        "about": info.description,
        "licence": info.licence,
        "origin": info.origin,
        "folder": str(model.path),
        "on disk": size_in_words(_size(bundle)),
    }
    print(info.name)
    for key, value in lines.items():
        if value:
            print(_HANGING.fill(f"{key:13}{value}"))
    print(f"open it with: tui-draggan --model {name_that_opens(model.path)}")
    return 0


def verify_models(name: str | None) -> int:
    """Hashes every file of one model or of all; a line for each. The exit status: 2 at damage."""
    status = 0
    for model in all_models() if name is None else [_find(name)]:
        try:
            _opened(model).verify()
        except BundleError as error:
            print(f"{model.name}: {error}", file=sys.stderr)
            status = BundleError.exit_status
        else:
            print(f"{model.name}: whole")
    return status


def remove_model(name: str, sure: bool) -> int:
    """Removes one of the user's models; asks first unless `sure`. 1 where the answer is no."""
    model = _find(name)
    if model.path.parent != paths.user_models():
        whose = "came with the program" if model.bundled else "is not in the folder of your models"
        raise UsageError(f"{name} {whose} and is not removed")
    if not sure:
        if not sys.stdin.isatty():
            raise UsageError(f"to remove {name} without a terminal to ask on, add --yes")
        answer = input(f"remove {model.name} ({model.path})? [y/N] ")
        if answer.strip().casefold() not in ("y", "yes"):
            print("nothing was removed")
            return 1
    try:
        if model.path.is_symlink():
            model.path.unlink()
        else:
            shutil.rmtree(model.path)
    except OSError as error:
        raise OutputError(f"{model.path} cannot be removed: {error.strerror or error}") from error
    if model.bundle is not None:
        from tui_draggan.engines import graph_cache  # loads ONNX Runtime, which lists do without

        graph_cache.forget(model.bundle)
    print(f"removed: {model.name}")
    return 0


_HANGING = textwrap.TextWrapper(
    88, "  ", " " * 15, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
)


def _recommended(info: BundleInfo) -> Iterator[str]:
    """By the names of the command's options."""
    for key, value in info.recommended.items():
        if key == "w_plus":
            yield f"space {'w+' if value else 'w'}"
        else:
            yield f"{key.replace('_', '-')} {value:g}"


def _look(name: str, path: Path) -> Model:
    try:
        return Model(name, path, ModelBundle.open(path))
    except DragganError as error:
        return Model(name, path, None, str(error))


def _find(name: str) -> Model:
    path = paths.find_model(name).absolute()
    return _look(path.resolve().name, path)


def _opened(model: Model) -> ModelBundle:
    if model.bundle is None:
        raise BundleError(model.problem)
    return model.bundle


def _row(model: Model) -> Sequence[str]:
    if model.bundle is None:
        return model.name, DAMAGED, "", model.problem
    info = model.bundle.info
    origin = "came with the program" if model.bundled else info.origin.partition(", SHA-256")[0]
    return model.name, facts(info), size_in_words(_size(model.bundle)), origin


def _size(bundle: ModelBundle) -> int:
    return sum(int(entry["size"]) for entry in bundle.files.values())
