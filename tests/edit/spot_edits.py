"""An edit on the spot, and the comparison of two documents: for session files and journals."""

from __future__ import annotations

import numpy as np

from tui_draggan.edit.document import Document, Frame
from tui_draggan.edit.latent import latent_from_seed
from tui_draggan.edit.lifecycle import Recorder
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.testing.spot_engine import SpotEngine

PARAMS = DragParams(learning_rate=0.002, r1=1, r2=2)


def dragged(recorder: Recorder | None = None, steps: int = 4) -> tuple[Session, list[Frame]]:
    engine = SpotEngine()
    mask = np.zeros((64, 64), bool)
    mask[10:50, 3:60] = True
    session = Session(
        engine, Document(latent_from_seed(engine, 3, 0.7), (), mask, PARAMS), recorder
    )
    session.add_pair((30, 30), (30, 10))
    session.start(steps)
    frames = []
    while session.wait_for_work(0):
        event = session.work()
        if isinstance(event, Frame):
            frames.append(event)
    return session, frames


def assert_same(one: Document, other: Document) -> None:
    np.testing.assert_array_equal(one.latent.ws, other.latent.ws)
    assert one.latent.origin == other.latent.origin
    assert one.latent.edited == other.latent.edited
    for ours, theirs in zip(one.pairs, other.pairs, strict=True):
        assert (ours.id, ours.handle, ours.target) == (theirs.id, theirs.handle, theirs.target)
        assert (ours.template is None) == (theirs.template is None)
        if ours.template is not None and theirs.template is not None:
            np.testing.assert_array_equal(ours.template, theirs.template)
    assert (one.mask is None) == (other.mask is None)
    if one.mask is not None and other.mask is not None:
        np.testing.assert_array_equal(one.mask, other.mask)
    assert (one.held is None) == (other.held is None)
    if one.held is not None and other.held is not None:
        np.testing.assert_array_equal(one.held, other.held)
    assert one.parameters == other.parameters
