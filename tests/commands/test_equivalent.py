"""The command that the editor copies does what the editor did."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest

from tui_draggan.cli import parse
from tui_draggan.commands.equivalent import drag_command
from tui_draggan.edit.latent import Photo
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.session import Session
from tui_draggan.errors import UsageError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, ZooEngine, spot_session


def words_of(session: Session) -> list[str]:
    """The command's words; the command line takes them."""
    words = shlex.split(drag_command(session.snapshot(), "my spot"))
    assert parse(words[1:]).command
    return words


def test_seed_points_and_changed_parameters_are_in_it() -> None:
    session = spot_session(SpotEngine(), model_params(INFO))
    session.add_pair((10, 20), (12, 20))
    assert words_of(session) == [
        *("tui-draggan", "drag", "--model", "my spot", "--seed", "3", "--psi", "0.7"),
        *("--point", "10,20:12,20", "--out", "edited.png"),
    ]
    session.set_parameters(session.document.parameters.with_values(steps=12, anchor=0.25))
    session.set_mask(np.eye(64, dtype=bool))
    assert {"--steps", "12", "--anchor", "0.25", "--mask", "spot-mask.png"} <= set(
        words_of(session)
    )


def test_after_a_run_the_handles_are_those_it_began_with() -> None:
    session = spot_session(SpotEngine(), model_params(INFO).with_values(learning_rate=0.001))
    session.add_pair((32, 32), (32, 26))
    assert list(session.run())
    assert session.document.pairs[0].handle != (32, 32)
    assert "32,32:32,26" in words_of(session)


def test_classes_go_by_name() -> None:
    session = spot_session(ZooEngine())
    session.add_pair((32, 32), (32, 26))
    named = words_of(session)
    assert named[named.index("--class") + 1] in ZooEngine.info.classes


def test_what_options_cannot_say_is_said() -> None:
    session = spot_session(SpotEngine())
    with pytest.raises(UsageError, match="no points"):
        drag_command(session.snapshot(), "spot")
    snapshot = session.snapshot()
    photo = replace(snapshot.document.latent, origin=Photo("me.jpg", "0" * 64))
    snapshot = replace(snapshot, document=replace(snapshot.document, latent=photo))
    with pytest.raises(UsageError, match="--session FILE"):
        drag_command(snapshot, "spot")


def test_pins_are_options_of_their_own() -> None:
    session = spot_session(SpotEngine())
    session.add_pair((9, 8), (9, 8))
    with pytest.raises(UsageError, match="no points"):
        drag_command(session.snapshot(), "spot")
    session.add_pair((10, 20), (12, 20))
    words = words_of(session)
    assert words[words.index("--pin") + 1] == "9,8" and words.count("--point") == 1
