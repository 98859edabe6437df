"""Where things lie: the bundled model, the user's models, journals (XDG folders)."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from tui_draggan.errors import UsageError

APP = "tui-draggan"


def typed_path(text: str) -> Path:
    """A path as a person types it: ~ and ~NAME are home folders. Raises UsageError."""
    if not text or "\0" in text:
        raise UsageError(f"{text!r} is not a path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        home = Path(text).parts[0]
        raise UsageError(f"{text}: {home} has no home folder; write the path in full") from None


def bundled_models() -> Path:
    """`artifacts/`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "artifacts"
    return installed if installed.is_dir() else package.parent / "artifacts"


def user_models() -> Path:
    """$XDG_DATA_HOME/tui-draggan/models"""
    return Path(platformdirs.user_data_dir(APP)) / "models"


def settings() -> Path:
    """$XDG_CONFIG_HOME/tui-draggan/config.toml"""
    return Path(platformdirs.user_config_dir(APP)) / "config.toml"


def remembered() -> Path:
    """$XDG_STATE_HOME/tui-draggan/chosen.json: what the editor was set to last"""
    return Path(platformdirs.user_state_dir(APP)) / "chosen.json"


def user_directions(model: str) -> Path:
    """$XDG_DATA_HOME/tui-draggan/directions/MODEL.npz"""
    return Path(platformdirs.user_data_dir(APP)) / "directions" / f"{model}.npz"


def user_labels(model: str) -> Path:
    """$XDG_DATA_HOME/tui-draggan/labels/MODEL.json"""
    return Path(platformdirs.user_data_dir(APP)) / "labels" / f"{model}.json"


def marks(model: str) -> Path:
    """$XDG_STATE_HOME/tui-draggan/marks/MODEL.json: pictures marked in the gallery"""
    return Path(platformdirs.user_state_dir(APP)) / "marks" / f"{model}.json"


def journals() -> Path:
    """$XDG_STATE_HOME/tui-draggan/journals"""
    return Path(platformdirs.user_state_dir(APP)) / "journals"


def known_bundles() -> Path:
    """$XDG_STATE_HOME/tui-draggan/bundles.json: folders of models elsewhere, opened or written"""
    return Path(platformdirs.user_state_dir(APP)) / "bundles.json"


def failure() -> Path:
    """$XDG_STATE_HOME/tui-draggan/failure.txt: what ended the editor when nobody foresaw it"""
    return Path(platformdirs.user_state_dir(APP)) / "failure.txt"


def cache() -> Path:
    """$XDG_CACHE_HOME/tui-draggan"""
    return Path(platformdirs.user_cache_dir(APP))


def chosen_engines() -> Path:
    """$XDG_CACHE_HOME/tui-draggan/engines.json: which engine is the fastest for which model."""
    return cache() / "engines.json"


def hashes() -> Path:
    """$XDG_CACHE_HOME/tui-draggan/hashes.json: the hashes of files that have not changed"""
    return cache() / "hashes.json"


def optimised_graphs() -> Path:
    """$XDG_CACHE_HOME/tui-draggan/optimised: graphs as ONNX Runtime runs them here"""
    return cache() / "optimised"


def opened_models() -> Path:
    """$XDG_CACHE_HOME/tui-draggan/opened: models of files that were opened as they are"""
    return cache() / "opened"


def prepared_pictures() -> Path:
    """$XDG_CACHE_HOME/tui-draggan/pictures: folders of pictures, cut to training's size"""
    return cache() / "pictures"
