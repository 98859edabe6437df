"""The models there are: the user's, the bundled ones and those of opened files, found by name and
described."""

from __future__ import annotations

import json
import os
import re
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui_draggan import cache, paths
from tui_draggan.bundle import BundleInfo, ModelBundle
from tui_draggan.errors import BundleError, DragganError
from tui_draggan.files import replacing
from tui_draggan.folders import sweep

DEFAULT_MODEL = "critters"
"""The bundled model, which opens where none is named."""
KNOWN = 20
"""Models elsewhere that are remembered."""
LONGEST_NAME = 80
"""Characters of a model's name."""
DAMAGED = "does not open"
"""In place of what is known of a model; the reason stands behind it."""


@dataclass(frozen=True)
class ListedModel:
    """A folder among the models, whether or not it can be opened."""

    name: str
    """What --model takes."""
    path: Path
    bundle: ModelBundle | None
    problem: str = ""
    """Why it cannot be opened."""

    @classmethod
    def at(cls, path: Path, name: str) -> ListedModel:
        try:
            return cls(name, path, ModelBundle.open(path))
        except DragganError as error:
            return cls(name, path, None, str(error))

    @property
    def bundled(self) -> bool:
        """It came with the program."""
        return self.path.parent == paths.bundled_models()

    def opened(self) -> ModelBundle:
        """Raises BundleError where it cannot be opened."""
        if self.bundle is None:
            raise BundleError(self.problem)
        return self.bundle


def all_models() -> list[ListedModel]:
    """The user's, the bundled ones and those of opened files, by the names that open them."""
    return [ListedModel.at(path, name) for name, path in _folders().items()]


def elsewhere() -> list[ListedModel]:
    """Models outside these folders that were opened or written by path, the latest first, as far as
    they are there; their names are their paths."""
    return [ListedModel.at(path, str(path)) for path in _known_elsewhere() if path.is_dir()]


def remember(path: Path) -> None:
    """A model that was opened or written by path is listed from now on, where that can be kept."""
    path = path.resolve()
    if path in {folder.resolve() for folder in _folders().values()}:
        return
    known = [path, *(other for other in _known_elsewhere() if other != path)][:KNOWN]
    file = paths.known_bundles()
    with suppress(OSError, DragganError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as work:
            work.write_text(json.dumps([str(one) for one in known]), encoding="utf-8")


def _known_elsewhere() -> list[Path]:
    try:
        known = json.loads(paths.known_bundles().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    texts = known if isinstance(known, list) else []
    return [Path(text) for text in texts if isinstance(text, str) and "\0" not in text][:KNOWN]


def look_up(name: str) -> ListedModel:
    """One model, by name or folder, under its folder's name. Raises BundleError for none."""
    path = find_model(name).absolute()
    return ListedModel.at(path, path.resolve().name)


def find_model(name: str) -> Path:
    """The folder of one of the user's or the bundled models by its name, else `name` as a path.

    So a folder that happens to be called like a model does not hide it. Raises BundleError, naming
    the models there are.
    """
    folders = _folders()
    if name in folders:
        return folders[name]
    if "/" in name or name.startswith("~") or os.path.isdir(name):  # noqa: PTH112  # no error
        return paths.typed_path(name)
    available = ", ".join(folders)
    raise BundleError(f"no model named {name}; available: {available} (or a folder's path)")


def is_listed(name: str) -> bool:
    """Whether a model is found by that name, which is no path then."""
    return name in _folders()


def is_there(name: str) -> bool:
    """Whether `find_model` has a folder of that name."""
    try:
        return find_model(name).is_dir()
    except (DragganError, OSError):
        return False


def name_that_opens(path: Path) -> str:
    """What --model takes for the bundle in a folder, as it is typed into a shell."""
    for name, folder in _folders().items():
        if folder.resolve() == path.resolve():
            return shlex.quote(name)
    return shlex.quote(str(path.resolve()))


def name_from(stem: str) -> str:
    """A model's name from a file's: letters, digits and ._- only."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:LONGEST_NAME] or "imported"


def summary(info: BundleInfo) -> str:
    """«64 px», «256 px · 5 classes»."""
    return " · ".join((f"{info.size} px", *([f"{info.c_dim} classes"] * bool(info.c_dim))))


def without_training(bundle: ModelBundle) -> str:
    """That a model has no files for ONNX Runtime's training API, and what that means; nothing where
    it has them."""
    if bundle.for_training_api:
        return ""
    return (
        "no training files, since it was imported without onnxruntime-training: the engine "
        "ort-training cannot run it; ort and torch compute the same"
    )


def _folders() -> dict[str, Path]:
    """Every model by the name that opens it: the user's, the bundled ones, those of opened files.

    Of the cache counts only what is the user's own.
    """
    found: dict[str, Path] = {}
    sweep(paths.user_models())
    parents = [paths.user_models(), paths.bundled_models()]
    if cache.is_own_folder(paths.opened_models()):
        parents.append(paths.opened_models())
    for parent in parents:
        try:
            inside = sorted(parent.iterdir())
        except OSError:
            continue  # not there, or closed to this user
        for folder in inside:
            if folder.is_dir() and not folder.name.startswith("."):
                found.setdefault(folder.name, folder)
    return found
