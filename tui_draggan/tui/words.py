"""What the editor's lines say of a session: plain text, made from a snapshot and the pointer."""

from __future__ import annotations

from tui_draggan.edit.document import State
from tui_draggan.edit.latent import Seed, class_name
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.pointer import Pointer

FIRST_RUN = "arrows, Enter for a handle, Enter for its target, space to drag"
LONGEST_CLASS = 26
"""Cells of a class in the title, where room is scarce: some names are whole lists of synonyms."""

SIGNS = {
    State.EMPTY: "○",
    State.READY: "●",
    State.RUNNING: "▶",
    State.PAUSED: "‖",
    State.DONE: "■",
}

NEXT = {
    Outcome.REACHED: "",
    Outcome.LOST: "u takes the run back",
    Outcome.FOUND: "",
    Outcome.UNLIKE: "u takes it back",
    Outcome.TUNED: "",
    Outcome.HIDDEN: "m paints the mask",
    Outcome.UNCERTAIN: "u takes the run back",
    Outcome.POINT_LOST: "u takes the run back, space drags on",
    Outcome.ANIMATED: "e exports it",
    Outcome.STEP_LIMIT: "space continues from here",
    Outcome.STUCK: "try a larger step: ]",
    Outcome.NO_GRADIENT: "",
    Outcome.STOPPED: "space continues from here",
    Outcome.FAILED: "",  # its reason says what helps
}
"""What helps after a run, with its key."""


def state_words(snapshot: Snapshot) -> str:
    """«▶ running», «✓ reached»."""
    status = snapshot.status
    if status.state is State.RUNNING and not snapshot.frames:
        return f"{SIGNS[status.state]} starting"  # an engine is chosen, a graph opened
    if status.outcome in (
        Outcome.REACHED,
        Outcome.FOUND,
        Outcome.TUNED,
        Outcome.ANIMATED,
    ):
        return f"✓ {status.outcome.value}"
    if status.outcome is not None:
        return f"{SIGNS[status.state]} {status.outcome.value}"
    words = {State.EMPTY: "no points"}
    return f"{SIGNS[status.state]} {words.get(status.state, status.state.value)}"


def title_facts(snapshot: Snapshot, model: str = "") -> list[str]:
    """«critters · 128 px», «seed 7», «class cat», «ψ 0.70», «ort-training · cpu».

    model: name under which it was opened, where that is not its own.
    """
    origin, info = snapshot.document.latent.origin, snapshot.info
    facts = [
        f"{model or info.name} · {info.size} px",
        f"seed {origin.seed}" if isinstance(origin, Seed) else origin.file,
        _class_words(class_name(origin, info)),
        f"ψ {origin.psi:.2f}" if isinstance(origin, Seed) else "",
        snapshot.engine,
    ]
    return [fact for fact in facts if fact]


def hint(snapshot: Snapshot, pointer: Pointer, notice: str, has_run: bool) -> str:
    """What to know now, in one line.

    notice: what was done last. has_run: there has been a run since the editor opened.
    """
    status = snapshot.status
    if pointer.pending is not None:
        return "now its target: move there and press Enter; Enter here pins it; Escape cancels"
    if pointer.grabbed is not None:
        return "drop it with Enter; Escape leaves it where it was"
    if notice:
        return notice
    if status.outcome is not None:
        words = (status.outcome.value, NEXT[status.outcome], status.message)
        return " · ".join(filter(None, words))
    if snapshot.waits_for_model:
        return "the model is being made from the file; the run begins when it is ready"
    if pointer.selected is not None:
        return f"{pointer.selected.end} selected: Enter picks it up, x deletes, g moves it to x,y"
    if snapshot.picture is None:
        return "drawing the picture …"
    return "" if has_run else FIRST_RUN


def whole_state(snapshot: Snapshot, words: str) -> str:
    """State and hint in one line, for a terminal that has room for nothing else."""
    parts = [state_words(snapshot)]
    if snapshot.status.state is State.RUNNING and snapshot.frames:
        newest = snapshot.frames[-1]
        parts.append(f"{newest.iteration} / {snapshot.limit}")
        if newest.handles:
            parts.append(f"{newest.distance:.1f} px")
    return " · ".join(filter(None, (*parts, "? keys", words)))


def _class_words(name: str | None) -> str:
    if name is None:
        return ""
    words = f"class {name}"
    return words if len(words) <= LONGEST_CLASS else words[: LONGEST_CLASS - 2] + " …"
