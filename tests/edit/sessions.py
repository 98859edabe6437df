"""Sessions on the engine with a known answer, and working them to their rest."""

from __future__ import annotations

from tui_draggan.edit.document import Frame, State
from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.testing.spot_engine import SpotEngine, spot_session

PARAMS = DragParams(learning_rate=0.002, steps=40, r1=1, r2=2)


def make(engine: SpotEngine | None = None, params: DragParams = PARAMS) -> Session:
    return spot_session(engine, params)


def finish(session: Session, limit: int = 500) -> list[Frame]:
    frames: list[Frame] = []
    for _ in range(limit):
        if not session.wait_for_work(0):
            return frames
        event = session.work()
        if isinstance(event, Frame):
            frames.append(event)
    raise AssertionError("the session never came to rest")


def state_of(session: Session) -> State:
    return session.status.state
