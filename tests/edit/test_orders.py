"""Pictures that are wanted beside the document's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.edit.sessions import finish, make
from tui_draggan.arrays import Bytes, Floats
from tui_draggan.edit.latent import Seed, latent_from_seed
from tui_draggan.edit.orders import Subject
from tui_draggan.errors import EngineError
from tui_draggan.testing.spot_engine import SpotEngine, ZooEngine


class Delivered(list[tuple[Subject, Bytes]]):
    def take(self, subject: Subject, picture: Bytes) -> None:
        self.append((subject, picture))

    @property
    def subjects(self) -> list[Subject]:
        return [subject for subject, _ in self]


def test_they_come_in_order_and_are_what_the_engine_renders() -> None:
    engine, delivered = ZooEngine(), Delivered()
    session = make(engine)
    finish(session)
    before = session.document, session.picture
    latent = latent_from_seed(engine, 5, 1.0, 2)
    wanted: list[Subject] = [Seed(4, 0.5, 1), latent, Seed(4, -1.0, 1)]
    session.want(wanted, delivered.take)
    finish(session)
    assert delivered.subjects == wanted
    for (_, picture), ws in zip(
        delivered,
        (
            latent_from_seed(engine, 4, 0.5, 1).ws,
            latent.ws,
            latent_from_seed(engine, 4, -1.0, 1).ws,
        ),
        strict=True,
    ):
        np.testing.assert_array_equal(picture, engine.render(ws))
    assert (session.document, session.picture) == before, "the document is as it was"


def test_another_list_takes_the_place_of_the_first() -> None:
    session, old, new = make(), Delivered(), Delivered()
    finish(session)
    session.want([Seed(1), Seed(2), Seed(3)], old.take)
    session.work()
    session.want([Seed(9)], new.take)
    finish(session)
    assert old.subjects == [Seed(1)] and new.subjects == [Seed(9)]
    session.want([Seed(1)], old.take)
    session.want([], old.take)
    assert not session.wait_for_work(0)


def test_the_document_comes_first() -> None:
    engine, delivered = SpotEngine(), Delivered()
    session = make(engine)
    session.want([Seed(1)], delivered.take)
    session.open_seed(8)
    session.work()
    assert not delivered and session.picture is not None
    session.add_pair((10, 10), (20, 20))
    session.start(3)
    frames = finish(session)
    assert len(frames) == 4 and delivered.subjects == [Seed(1)]


def test_where_the_engine_fails_nothing_is_wanted_any_more() -> None:
    class Broken(SpotEngine):
        def render(self, ws: Floats) -> Bytes:
            if self.calls.count("render") == 1:
                raise EngineError("out of memory")
            return super().render(ws)

    session, delivered = make(Broken()), Delivered()
    finish(session)
    session.want([Seed(1), Seed(2)], delivered.take)
    with pytest.raises(EngineError, match="out of memory"):
        session.work()
    assert not session.wait_for_work(0) and not delivered
