"""Where things lie: the bundled model, the user's models, journals (XDG folders)."""

from __future__ import annotations

from pathlib import Path

import platformdirs

APP = "tui-draggan"


def bundled_models() -> Path:
    """`artifacts/`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "artifacts"
    return installed if installed.is_dir() else package.parent / "artifacts"


def user_models() -> Path:
    """$XDG_DATA_HOME/tui-draggan/models"""
    return Path(platformdirs.user_data_dir(APP)) / "models"


def journals() -> Path:
    """$XDG_STATE_HOME/tui-draggan/journals"""
    return Path(platformdirs.user_state_dir(APP)) / "journals"


def find_model(name: str) -> Path:
    """A path as it is; a bare name is looked for among the user's and the bundled models."""
    if Path(name).is_dir() or "/" in name:
        return Path(name)
    for folder in (user_models(), bundled_models()):
        if (folder / name).is_dir():
            return folder / name
    return Path(name)
