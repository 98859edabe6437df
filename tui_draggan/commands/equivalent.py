"""The command that does what was done in the editor."""

from __future__ import annotations

import shlex

from tui_draggan.edit.latent import LatentFile, Photo, Seed, class_name
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.errors import UsageError


def drag_command(snapshot: Snapshot, model: str) -> str:
    """`tui-draggan drag …` for the edit's last run, or the one that would come next; only what
    differs from the model's own values is in it. model: name that opens it.

    Raises UsageError for an edit that options cannot say.
    """
    document, info = snapshot.document, snapshot.info
    origin = document.latent.origin
    if isinstance(origin, Photo) or document.sliders.settings:
        what = "of a photograph" if isinstance(origin, Photo) else "with sliders"
        raise UsageError(
            f"no options say an edit {what}; save the session, and continue it with: "
            "tui-draggan drag --session FILE"
        )
    if not document.dragged:
        raise UsageError("no points yet; the command needs a handle and its target")
    words = ["tui-draggan", "drag", "--model", model]
    if isinstance(origin, LatentFile):
        words += ["--latent", origin.file]
    else:
        words += _seed(origin, class_name(origin, info))
    starts = snapshot.frames[0].handles if snapshot.frames else {}
    for pair in document.pairs:
        if pair.pin:
            words += ["--pin", "{},{}".format(*pair.target)]
            continue
        places = (starts.get(pair.id, pair.handle), pair.target)
        words += ["--point", ":".join(f"{x},{y}" for x, y in places)]
    for one in document.parameters.differing(model_params(info)):
        words += [one.flags[0], one.shown(getattr(document.parameters, one.name))]
    if document.mask is not None:
        words += ["--mask", f"{info.name}-mask.png"]
    return shlex.join([*words, "--out", "edited.png"])


def _seed(origin: Seed, label: str | None) -> list[str]:
    words = ["--seed", str(origin.seed), "--psi", f"{origin.psi:g}"]
    return words if label is None else [*words, "--class", label]
