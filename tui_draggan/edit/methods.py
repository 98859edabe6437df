"""The methods of dragging by their names: which task a run of each is."""

from __future__ import annotations

from collections.abc import Callable

from tui_draggan.edit.drag import DragTask
from tui_draggan.edit.freedrag import FreeDragTask
from tui_draggan.edit.parameters import DRAGGAN, FREEDRAG
from tui_draggan.edit.task import Task
from tui_draggan.engines.base import Engine

METHOD_TASKS: dict[str, Callable[[Engine], Task]] = {DRAGGAN: DragTask, FREEDRAG: FreeDragTask}
