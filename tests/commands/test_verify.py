"""Pictures say what they are, can be made again from that, and `verify` tells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tui_draggan.cli import main
from tui_draggan.commands.results import write_picture, write_way
from tui_draggan.commands.verify import state_of
from tui_draggan.edit.past import load_edit
from tui_draggan.edit.report import provenance_of
from tui_draggan.edit.store import is_session, model_of_session
from tui_draggan.errors import UsageError
from tui_draggan.pictures.containers import with_packet
from tui_draggan.pictures.png import write_png
from tui_draggan.pictures.provenance import found_in
from tui_draggan.pictures.watermark import with_watermark
from tui_draggan.pictures.xmp import packet
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session


def picture_of_edit(path: Path, watermark: bool = False) -> Path:
    session = spot_session()
    session.add_pair((10, 10), (30, 30))
    image = SpotEngine().render(session.document.latent.ws)
    if path.suffix == ".png":
        write_picture(path, session.document, image, INFO, watermark=watermark)
    else:
        write_way(path, [image, image // 2], session.document, INFO, watermark=watermark)
    return path


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_a_picture_is_a_session(tmp_path: Path, suffix: str) -> None:
    path = picture_of_edit(tmp_path / f"a{suffix}")
    assert is_session(path) and model_of_session(path) == "spot"
    document, past = load_edit(path, INFO)
    assert past is None and [pair.target for pair in document.pairs] == [(30, 30)]
    np.testing.assert_array_equal(document.latent.ws, spot_session().document.latent.ws)


def test_a_picture_without_an_edit_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    with pytest.raises(UsageError, match=r"plain\.png: a picture without an edit in it"):
        load_edit(tmp_path / "plain.png", INFO)
    (tmp_path / "cut.png").write_bytes(picture_of_edit(tmp_path / "a.png").read_bytes()[:3000])
    with pytest.raises(UsageError, match=r"cut\.png: damaged at"):
        load_edit(tmp_path / "cut.png", INFO)


@pytest.mark.parametrize("session", ["[" * 90_000, "3", "{}", '{"format": "tui-draggan session"}'])
def test_a_session_in_a_picture_is_trusted_no_more_than_any(tmp_path: Path, session: str) -> None:
    data = picture_of_edit(tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(with_packet(data, packet({"tuidraggan:session": session})))
    with pytest.raises(UsageError, match=r"a\.png"):
        load_edit(tmp_path / "a.png", INFO)


def test_verify_tells_and_its_status_is_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = picture_of_edit(tmp_path / "good.png")
    altered = tmp_path / "altered.png"
    with Image.open(good) as file:
        file.load()
        text = file.info["xmp"]
    Image.new("RGB", (8, 8)).save(tmp_path / "silent.png")
    altered.write_bytes(with_packet((tmp_path / "silent.png").read_bytes(), text))
    names = {"good.png": 0, "altered.png": 1, "silent.png": 3, "missing.png": 2}
    for name, status in names.items():
        assert main(["verify", str(tmp_path / name)]) == status
    said = capsys.readouterr().out
    assert "good.png: intact" in said and "altered.png: altered since" in said
    assert "seed         3, ψ 0.7" in said and "points       1 pair" in said
    assert "silent.png: says nothing" in said and "missing.png: cannot be read: No such" in said
    every = [str(tmp_path / name) for name in names]
    assert main(["verify", *every]) == 1 and main(["verify", *every[2:]]) == 2
    assert main(["verify", every[0], every[2], "--json"]) == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [line["state"] for line in lines] == ["intact", "silent"]
    assert lines[0]["session"] is True and lines[0]["record"]["model"] == "spot"


HOSTILE = {
    "model": "\x1b]0;x\x07" * 50,
    "seed": {"a": 1},
    "class_name": "\u202e",
    "psi": "\x1b[2J",
    "points": "many",
    "sliders": ["\x1b"],
    "drawn": {"\x1b[2J": 1},
    "photo": "\x1b[31m",
    "photo_sha256": 3,
    "weights": ["x"],
    "edited": "\x00",
}


@pytest.mark.parametrize("hostile", [HOSTILE, *({name: value} for name, value in HOSTILE.items())])
def test_nothing_that_a_file_says_moves_the_cursor(
    tmp_path: Path, hostile: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"tuidraggan:record": json.dumps(hostile), "xmp:CreatorTool": "\u202e\u200bx"}
    said["Iptc4xmpExt:DigitalSourceType"] = "\u009b2J/" + "y" * 10_000
    data = picture_of_edit(tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(with_packet(data, packet(said)))
    for more in ([], ["--json"]):
        assert main(["verify", str(tmp_path / "a.png"), *more]) == 3
        out = capsys.readouterr().out
        assert all(line.isprintable() for line in out.splitlines())
        assert more or max(map(len, out.splitlines())) < 200


@pytest.mark.parametrize("shape", [(32, 32, 3), (64, 64, 4), (128, 512, 3), (512, 128, 3)])
def test_the_mark_is_seen_in_the_corner_only(shape: tuple[int, int, int]) -> None:
    image = np.full(shape, 128, np.uint8)
    marked = with_watermark(image)
    assert marked.shape == shape and (image == 128).all()
    height = shape[0]
    changed = (marked != image).any(axis=2)
    assert changed.any() and not changed[: height // 2].any()
    if min(shape[:2]) >= 64:
        assert marked[changed][:, :3].min() < 40 and marked[changed][:, :3].max() > 215
        assert not changed[: height - height // 4].any()


def test_what_is_drawn_is_said(tmp_path: Path) -> None:
    path = picture_of_edit(tmp_path / "a.png", watermark=True)
    assert found_in(path).record["drawn"] == ["watermark"]
    assert state_of(found_in(path)) == "intact"
    with Image.open(path) as file, Image.open(picture_of_edit(tmp_path / "b.png")) as plain:
        assert (np.asarray(file) != np.asarray(plain)).any()


DRAG = ["drag", "--engine", "ort", "--device", "cpu"]


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--watermark"], ["--markers"]], ids=" ".join)
def test_a_picture_is_made_again_to_the_byte(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a drag that stopped short, with sliders; --from does not drag on."""
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    edit = [
        "--seed",
        "17",
        "--point",
        "69,73:75,73",
        "--direction",
        "component 1=1",
        "--steps",
        "2",
    ]
    assert main([*DRAG, *edit, *more, "--out", str(first)]) == 3
    assert main([*DRAG, "--from", str(first), "--out", str(again)]) == 0
    assert f"the same as {first} to the byte" in capsys.readouterr().err
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "add --out FILE.png"),
        (["--out", "b.png", "--seed", "3"], "remove --seed"),
        (["--out", "b.png", "--class", "3"], "remove --class"),
        (["--out", "b.png", "--point", "1,1:2,2"], "or edit it with --session"),
        (["--out", "b.png", "--steps", "3"], "remove --steps"),
        (["--out", "b.png", "--log", "-"], "remove --log"),
    ],
)
def test_what_would_make_another_picture_is_refused(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture_of_edit(tmp_path / "a.png")
    assert main([*DRAG, "--from", str(path), *words]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1


def test_a_record_says_what_makes_the_picture(tmp_path: Path) -> None:
    session = spot_session()
    said = provenance_of(session.document, INFO)
    write_png(tmp_path / "a.png", SpotEngine().render(session.document.latent.ws), said)
    record = found_in(tmp_path / "a.png").record
    assert record["parameters"]["learning_rate"] == session.document.parameters.learning_rate
    assert record["weights"] == "" and record["sliders"] == {}
