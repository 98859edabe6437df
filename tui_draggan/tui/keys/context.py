"""What the keys depend on, and what most of them ask of it."""

from __future__ import annotations

from dataclasses import dataclass

from tui_draggan.edit.document import State
from tui_draggan.edit.latent import Photo
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.modes import Mode
from tui_draggan.tui.pointer import Pointer
from tui_draggan.tui.services import Services


@dataclass(frozen=True)
class KeyContext:
    """What the keys depend on."""

    open: bool = False
    """Whether there is a session."""
    state: State = State.EMPTY
    pairs: bool = False
    edited: bool = False
    """Whether the picture is another than the one it was opened with."""
    frames: bool = False
    """Whether there are steps to walk through."""
    pending: bool = False
    """Whether a handle waits for its target."""
    grabbed: bool = False
    """Whether a point has been picked up."""
    selected: bool = False
    zoomed: bool = False
    export: bool = True
    save: bool = True
    classes: bool = False
    """Whether the model has classes."""
    photographs: bool = False
    """Whether photographs can be opened."""
    photograph: bool = False
    """Whether the picture can be put back into the photograph that it came from."""
    found_here: bool = False
    """Whether the picture was found of a photograph that is still known."""
    tuning: bool = False
    """Whether the model can be tuned."""
    models: bool = False
    """Whether there is a way to another model."""
    mode: str = ""
    """Name of the mode that has the keys; none: points."""
    crosshair: bool = True
    """Whether the arrows move the crosshair: not where a mode has them."""
    compare: bool = False
    """Whether there is a picture from before the edit."""
    name_direction: bool = False
    """Whether there is a place to keep a direction under a name."""

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING

    @property
    def has_run(self) -> bool:
        """Whether there is something to run: points, or what is paused, which may need none."""
        return self.pairs or self.state is State.PAUSED

    @property
    def busy(self) -> bool:
        """Something is half done with the pointer: only what ends it makes sense."""
        return self.pending or self.grabbed

    @property
    def idle(self) -> bool:
        """Neither a run nor something half done, and its picture is there to be seen: the document
        may be replaced."""
        return not self.running and not self.busy and seeing(self)


def key_context(
    snapshot: Snapshot, pointer: Pointer, services: Services, mode: Mode | None, **shown: bool
) -> KeyContext:
    """What the keys depend on while a session is open. shown: `zoomed`, `compare`,
    `found_here`."""
    return KeyContext(
        open=True,
        state=snapshot.status.state,
        pairs=bool(snapshot.document.pairs),
        edited=snapshot.document.latent.edited,
        frames=bool(snapshot.frames),
        pending=pointer.pending is not None,
        grabbed=pointer.grabbed is not None,
        selected=pointer.selected is not None,
        export=services.export is not None,
        save=services.save_session is not None,
        classes=bool(snapshot.info.classes),
        photograph=services.export_into is not None and _has_photograph(snapshot),
        photographs=services.check_photographs is not None,
        tuning=services.tuned_model is not None,
        models=services.models is not None,
        name_direction=services.name_direction is not None,
        mode="" if mode is None else mode.name,
        crosshair=mode is None or not mode.has_arrows,
        **shown,
    )


def _has_photograph(snapshot: Snapshot) -> bool:
    origin = snapshot.document.latent.origin
    return isinstance(origin, Photo) and origin.crop is not None


def always(now: KeyContext) -> bool:
    """Whatever the moment."""
    return True


def pointing(now: KeyContext) -> bool:
    """The arrows move the crosshair."""
    return now.crosshair


def seeing(now: KeyContext) -> bool:
    """The document's picture is there to be seen."""
    return now.mode != "crop"


def settled(now: KeyContext) -> bool:
    """The same, and nothing is half done."""
    return not now.busy and seeing(now)


def placing(now: KeyContext) -> bool:
    """No mode has the keys that set points."""
    return not now.mode
