"""What a person is told when something is wrong: what, what was expected, what to do."""

from __future__ import annotations

from tui_draggan.wording import printable


class DragganError(Exception):
    """An error with words for the person, never shown as a traceback.

    `title` names the thing, the message says what was expected and what to do. As a string it is
    one line fit for a terminal, whatever names and values are quoted in it.
    """

    title = "error"
    exit_status = 1

    def __str__(self) -> str:
        return printable(super().__str__())

    @property
    def line(self) -> str:
        return f"{self.title}: {self}"


class UsageError(DragganError):
    """An option, a point or a file that cannot be what was meant."""

    title = "usage"
    exit_status = 2


class CheckpointError(DragganError):
    """A foreign file of weights that cannot be read, or must not be."""

    title = "checkpoint"
    exit_status = 2


class BundleError(DragganError):
    """A model that is missing, damaged or of another version."""

    title = "model"
    exit_status = 2


class EngineError(DragganError):
    """The runtime cannot be loaded or gave up."""

    title = "engine"


class OutputError(DragganError):
    """A result that could not be written."""

    title = "output"
