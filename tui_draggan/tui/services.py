"""What the editor is started with. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui_draggan.size import Size

if TYPE_CHECKING:
    from tui_draggan.directions.direction import Direction
    from tui_draggan.directions.labels import LabelStore
    from tui_draggan.edit.latent import Latent, Seed
    from tui_draggan.edit.marks import Mark
    from tui_draggan.edit.orders import Deliver
    from tui_draggan.edit.session import Session
    from tui_draggan.edit.snapshot import Snapshot
    from tui_draggan.edit.tuning import TunedModel
    from tui_draggan.tui.tutorial import Tutorial


@dataclass(frozen=True)
class ExportRequest:
    """A picture (.png) or an animation (.gif, .webp, .mp4) to be written."""

    path: Path
    markers: bool = False


@dataclass(frozen=True)
class Choice:
    """One line of a list to choose from."""

    value: str
    """Answer that it stands for, not shown."""
    title: str
    note: str = ""
    problem: str = ""
    """Reason why it cannot be chosen."""
    current: bool = False
    """Whether it is the one that is open."""


@dataclass(frozen=True)
class SnapshotPicture:
    """A seed as a snapshot of a training run draws it."""

    file: Path
    seed: Seed


class Snapshots(Protocol):
    """The snapshots of a training run."""

    def files(self) -> Sequence[Path]:
        """The newest first."""

    def want(self, pictures: Sequence[SnapshotPicture], deliver: Deliver[SnapshotPicture]) -> None:
        """Asks for their pictures; as `Session.want`."""


@dataclass(frozen=True)
class Services:
    """What the editor asks others to do."""

    open_session: Callable[[], Session]
    """Opens engine, model and first latent; slow, so the worker thread calls it."""
    export: Callable[[Snapshot, ExportRequest], str] | None = None
    """Writes what is asked for, in a thread of its own; returns a line to show, or raises
    DragganError."""
    export_into: Callable[[Snapshot, Path, Path], str] | None = None
    """Writes the photograph, the first path, with the edit in it to the second; otherwise as
    `export`."""
    check_export: Callable[[Path], None] | None = None
    """Raises DragganError, while it is being typed, for a file that could not be written."""
    save_session: Callable[[Snapshot, Path], str] | None = None
    """Writes the edit to a file; returns a line to show, or raises DragganError."""
    command: Callable[[Snapshot], str] | None = None
    """The command that does without a screen what was done; raises DragganError where none does."""
    close: Callable[[], None] | None = None
    """Called last, by the worker thread when its work is done: closes engine and journal."""
    abandon: Callable[[], None] | None = None
    """Ends the engine at once, whatever it is doing: what the worker thread waits for raises
    EngineError. Any thread may call it; returns within a second."""
    notices: Callable[[], list[str]] | None = None
    """Lines to show that have come up since it was last asked: the journal cannot be written."""
    check_photographs: Callable[[], None] | None = None
    """Raises DragganError where the model takes no photographs."""
    tuned_model: Callable[[Snapshot, str], TunedModel] | None = None
    """The model of that name, which a tuning to the picture's photograph would write; raises
    DragganError for a name that cannot be, or a model that cannot be tuned."""
    open_tuned: Callable[[Snapshot, str], EditorOptions] | None = None
    """Options to continue the edit on the model of that name; raises DragganError."""
    remember: Callable[[str, str], None] | None = None
    """Keeps what was chosen for the next start: `theme` and its name."""
    resume: str = "tui-draggan --resume"
    """The command that resumes an edit that was left."""
    models: Callable[[], list[Choice]] | None = None
    """The models there are."""
    marks: Callable[[], Sequence[Mark]] = tuple
    """The pictures that a person has marked; raises DragganError."""
    keep_marks: Callable[[Sequence[Mark]], None] = lambda marks: None
    """Keeps them, in place of those kept before; raises DragganError."""
    directions: Callable[[], Sequence[Direction]] | None = None
    """The directions that a person keeps for the model; raises DragganError."""
    name_direction: Callable[[Direction, str], Direction] | None = None
    """Keeps a direction under another name; the direction of that name. Raises DragganError."""
    keep_direction: Callable[[Sequence[Direction]], None] | None = None
    """Keeps directions, in place of those of the same names. Raises DragganError."""
    labels: LabelStore | None = None
    """The labels that a person gives to pictures of the model."""
    open_model: Callable[[str], EditorOptions] | None = None
    """Options to start on the model of that `Choice.value`; raises DragganError."""
    latent_of_edit: Callable[[str], Latent | None] = lambda edit: None
    """The latent of one of `EditorOptions.edits`, None where it is another model's; slow; raises
    DragganError."""
    run: Snapshots | None = None
    """The training run that the model is a snapshot of."""
    open_snapshot: Callable[[SnapshotPicture], EditorOptions] | None = None
    """Options to start on one of its snapshots; slow; raises DragganError."""
    open_edit: Callable[[str], EditorOptions] | None = None
    """Options to start on that one of `EditorOptions.edits`; raises DragganError."""


@dataclass(frozen=True)
class EditorOptions:
    """What `run_editor` starts with."""

    services: Services
    model: str
    """Name of the model, for the title."""
    size: Size
    """Size of its picture in pixels, for the title and for the room it is given."""
    resumed: str = ""
    """A line about the edit that is resumed, if one is."""
    edits: Sequence[Choice] = ()
    """Edits that can be resumed instead, to be offered at once where there are several."""
    masked: str = ""
    """A line about the mask that the edit starts with, if a file was given."""
    weights: Path | None = None
    """File of weights that the model is made of, where it was opened by that."""
    gallery: bool = False
    """Whether the gallery is opened at once."""
    tutorial: Tutorial | None = None
    """What leads through a first edit."""
    pace: float = 30.0
    """Steps a second at most; 0: as many as the engine makes."""
    graphics: str = "auto"
    colour: str = "auto"
    theme: str | None = None
    """Name of a Textual theme."""
    export_folder: Path = Path()
    """Folder that exports go to by default."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Keys by the id of what they do, in place of the program's own."""
