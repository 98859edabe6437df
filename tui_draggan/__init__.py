"""tui-draggan: point-based editing of GAN pictures in the terminal.

The Python interface. Everything is imported when it is used first, so that the import itself and
`tui-draggan --help` cost nothing:

    model = tui_draggan.open_model("critters")
    session = model.session(seed=6)
    session.add_pair((27, 27), (30, 8))
    for frame in session.run():
        print(frame.iteration, frame.distance)
    session.picture  # (H, W, 3), uint8
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_draggan.api import Model, open_model
    from tui_draggan.bundle import BundleInfo
    from tui_draggan.edit.document import Document, Frame, State, Status
    from tui_draggan.edit.latent import Latent, Photo, Seed
    from tui_draggan.edit.parameters import DragParams
    from tui_draggan.edit.points import Pair
    from tui_draggan.edit.progress import Outcome
    from tui_draggan.edit.session import Session
    from tui_draggan.edit.snapshot import Snapshot
    from tui_draggan.edit.store import load_session, save_session
    from tui_draggan.errors import (
        BundleError,
        CheckpointError,
        DragganError,
        EngineError,
        OutputError,
        UsageError,
    )

__version__ = "0.1.0"

__all__ = [
    "BundleError",
    "BundleInfo",
    "CheckpointError",
    "Document",
    "DragParams",
    "DragganError",
    "EngineError",
    "Frame",
    "Latent",
    "Model",
    "Outcome",
    "OutputError",
    "Pair",
    "Photo",
    "Seed",
    "Session",
    "Snapshot",
    "State",
    "Status",
    "UsageError",
    "__version__",
    "load_session",
    "open_model",
    "save_session",
]

if not TYPE_CHECKING:  # a type checker takes the imports above, and knows what is not there
    _HOMES = {
        "api": ("Model", "open_model"),
        "bundle": ("BundleInfo",),
        "edit.document": ("Document", "Frame", "State", "Status"),
        "edit.latent": ("Latent", "Photo", "Seed"),
        "edit.parameters": ("DragParams",),
        "edit.points": ("Pair",),
        "edit.progress": ("Outcome",),
        "edit.session": ("Session",),
        "edit.snapshot": ("Snapshot",),
        "edit.store": ("load_session", "save_session"),
        "errors": tuple(name for name in __all__ if name.endswith("Error")),
    }
    """Public names by the module they are defined in."""

    def __getattr__(name):
        """PEP 562: imports a public name when it is asked for first."""
        from importlib import import_module

        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
