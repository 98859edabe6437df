"""What an edit says of itself: its steps, how it ended, and where its picture comes from."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from tui_draggan.bundle import BundleInfo
from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.latent import Photo, Seed, class_name, label_of
from tui_draggan.edit.progress import Outcome
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import encode
from tui_draggan.pictures.provenance import Provenance


def step_line(frame: Frame, document: Document) -> str:
    """A step of a drag of this document, as a line of JSON without its end."""
    return json.dumps(
        {
            "step": frame.iteration,
            "loss": frame.loss,
            "motion_loss": frame.motion_loss,
            "mask_loss": frame.mask_loss,
            "distance": frame.distance,
            "handles": list(frame.handles.values()),
            "targets": [pair.target for pair in document.pairs],
            "unpulled": frame.unpulled_numbers,
            "match": list(frame.match.values()),
            "ms": round(frame.milliseconds, 3),
        }
    )


def ending(session: Session, last: Frame | None, seconds: float) -> dict[str, Any]:
    """A drag that has ended, as JSON values. last: its last step; seconds: that its steps took."""
    status = session.status
    unpulled = frozenset() if last is None else last.unpulled
    match = {} if last is None else last.match
    points = [
        {
            "handle": pair.handle,
            "target": pair.target,
            "distance": round(pair.distance, 3),
            "pulled": pair.id not in unpulled,
            "pin": pair.pin,
            "match": match.get(pair.id),
        }
        for pair in session.document.pairs
    ]
    return {
        "outcome": (status.outcome or Outcome.STOPPED).value,
        "message": status.message,
        "steps": status.iteration,
        "seconds": round(seconds, 3),
        "distance": None if last is None else last.distance,
        "points": points,
        "engine": session.engine,
    }


def provenance_of(
    document: Document, info: BundleInfo, composite: bool = False, drawn: tuple[str, ...] = ()
) -> Provenance:
    """Where a document's picture comes from. composite, drawn: as in `Provenance`."""
    latent, origin = document.latent, document.latent.origin
    points = tuple((pair.handle, pair.target) for pair in document.pairs)
    made = Provenance(
        info.name,
        None,
        None,
        label_of(origin),
        latent.edited,
        points,
        class_name(origin, info),
        weights=info.weights,
        sliders={one.name: one.value for one in document.sliders.settings if one.value},
        parameters=asdict(document.parameters),
        composite=composite,
        drawn=drawn,
        session=json.dumps(encode(document, info.name)),
    )
    if isinstance(origin, Seed):
        return replace(made, seed=origin.seed, psi=origin.psi)
    if isinstance(origin, Photo):
        return replace(made, photo=origin.file, photo_sha256=origin.sha256)
    return replace(made, latent=origin.file, latent_sha256=origin.sha256)
