"""An edit goes back into the photograph that it came from, and into no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pictures import profiles
from tui_draggan.api import open_model
from tui_draggan.cli import main
from tui_draggan.commands.results import write_picture
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Photo, Seed
from tui_draggan.edit.photographs import photograph_of
from tui_draggan.edit.store import save_session
from tui_draggan.errors import UsageError
from tui_draggan.files import sha256
from tui_draggan.pictures.crop import Crop
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session

NOISE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
CROP = Crop(60, 40, 128, 128)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    Image.fromarray(NOISE).save(path, icc_profile=profiles.wide_rgb())
    return path


def origin(path: Path) -> Photo:
    return Photo(path.name, sha256(path), CROP)


def test_the_file_has_the_photographs_colours_and_pixels(tmp_path: Path, photo: Path) -> None:
    latent = Latent(spot_session().document.latent.ws, origin(photo))
    document = Document(latent)
    picture = SpotEngine().render(latent.ws)
    full_size = photograph_of(photo, latent.origin)
    write_picture(tmp_path / "out.png", document, picture, INFO, into=full_size)
    with Image.open(tmp_path / "out.png") as written:
        full = np.asarray(written)
        assert written.info["icc_profile"] == profiles.wide_rgb()
        assert written.info["Source"].endswith("spot, from the photograph cat.png")
    changed = (full != NOISE).any(axis=2)
    assert changed[104, 124], "the middle of the box"
    changed[41:167, 61:187] = False
    assert not changed.any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"crop": None}, r"of cat\.png .* unknown; invert it again"),
        ({"sha256": "0" * 64}, r"is not the photograph of the edit, cat\.png, or has changed"),
        ({"crop": Crop(200, 0, 128, 128)}, "reaches beyond"),
        ({"crop": Crop(-5, 0, 128, 128)}, "reaches beyond"),
    ],
)
def test_another_photograph_is_refused(photo: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        photograph_of(photo, replace(origin(photo), **changed))


def test_a_generated_picture_has_none(photo: Path) -> None:
    with pytest.raises(UsageError, match="the edit is not of a photograph"):
        photograph_of(photo, Seed(3))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("drag", "--point", "1,1:9,9"), "--into says what --out is to show; add --out FILE.png"),
        (("apply", "--direction", "x=1", "--save", "a.json"), "--into says what --out is to show"),
        (
            ("drag", "--point", "1,1:9,9", "--markers", "--out", "a.png"),
            "--markers are not drawn into a photograph; remove it, or --into",
        ),
        (
            ("apply", "a.json", "b.json", "--direction", "x=1", "--out", "c"),
            "--into is for one edit",
        ),
    ],
)
def test_where_it_cannot_be_meant(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--into", "photo.jpg"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_drag_and_sliders_into_the_photograph(tmp_path: Path, photo: Path) -> None:
    model = open_model("critters", "ort")
    document = Document(Latent(model.latent(model.seed(17)).ws, origin(photo)))
    save_session(tmp_path / "edit.json", document, "critters")
    out, session = tmp_path / "out.png", str(tmp_path / "edit.json")
    into = ["--into", str(photo), "--out", str(out), "--engine", "ort"]
    main(["drag", "--session", session, "--point", "69,73:75,73", "--steps", "2", *into])
    dragged = np.asarray(Image.open(out))
    main(["apply", session, "--direction", "component 1=2", *into, "--force"])
    moved = np.asarray(Image.open(out))
    for full in (dragged, moved):
        changed = (full != NOISE).any(axis=2)
        assert changed[60:150, 80:170].mean() > 0.9
        changed[41:167, 61:187] = False
        assert not changed.any()
    assert (dragged != moved).any()
