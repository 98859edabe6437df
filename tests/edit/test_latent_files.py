"""Latents out of other programs' files, and into them; what is none is refused in a line."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tui_draggan.edit.document import Document
from tui_draggan.edit.journal import Journal
from tui_draggan.edit.journal_lines import recover
from tui_draggan.edit.latent import Latent, LatentFile, Seed
from tui_draggan.edit.latent_files import check_latent_file, read_latent, write_latent
from tui_draggan.edit.session import Session
from tui_draggan.edit.store import load_session, save_session
from tui_draggan.errors import OutputError, UsageError
from tui_draggan.files import sha256
from tui_draggan.testing.spot_engine import INFO, SpotEngine

L, D = INFO.num_ws, INFO.w_dim
Array = NDArray[Any]
WS = np.random.default_rng(0).standard_normal((L, D)).astype(np.float32)
W = np.arange(D, dtype=np.float32)
EVERY_ROW = np.tile(W, (L, 1))


def saved(path: Path, values: Array, **others: Array) -> Path:
    """As numpy writes it: .npy without a name, .npz under `w`."""
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        np.savez(path, w=values, **others)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (WS, WS),
        (WS[None], WS),
        (W, EVERY_ROW),
        (W[None], EVERY_ROW),
        (W[None, None], EVERY_ROW),
        (WS.astype(np.float64), WS),
        (WS.astype(">f4"), WS),
        (np.asfortranarray(WS), WS),
        (WS.astype(np.float16), WS.astype(np.float16)),
    ],
    ids=["w+", "w+ of one", "w", "w of one", "w of one, one row", "f8", ">f4", "by columns", "f2"],
)
def test_every_shape_that_programs_write(
    tmp_path: Path, name: str, values: Array, expected: Array
) -> None:
    path = saved(tmp_path / name, values)
    latent = read_latent(path, INFO)
    assert np.array_equal(latent.ws, expected) and latent.ws.dtype == np.float32
    assert latent.origin == LatentFile(name, sha256(path)) and not latent.edited


@pytest.mark.parametrize("name", ["w", "ws", "w_plus", "dlatents", "latents", "latent", "xyz"])
def test_the_names_that_programs_give(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, **{name: WS[None]})  # type: ignore[arg-type]
    assert np.array_equal(read_latent(path, INFO).ws, WS)


def test_what_lies_beside_the_latent_is_left_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", WS, noise=np.zeros((4, 4)), name=np.array("cat"))
    assert np.array_equal(read_latent(path, INFO).ws, WS)


def test_one_of_several(tmp_path: Path) -> None:
    three = np.stack([WS, 2 * WS, 3 * WS])
    path = saved(tmp_path / "latents.npy", three)
    with pytest.raises(UsageError, match=r"holds 3 latents; add --latent-index 0 to 2$"):
        read_latent(path, INFO)
    for index in range(3):
        assert np.array_equal(read_latent(path, INFO, index).ws, three[index])
    for wrong in (3, -1):
        with pytest.raises(UsageError, match=f"no latent {wrong} in .*; it holds 3 latents"):
            read_latent(path, INFO, wrong)
    single = saved(tmp_path / "one.npy", WS)
    assert np.array_equal(read_latent(single, INFO, 0).ws, WS)
    with pytest.raises(UsageError, match="it holds 1 latent, numbered from 0"):
        read_latent(single, INFO, 1)


# -- torch ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
def test_latents_of_pti_e4e_and_rosinality(tmp_path: Path, zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "0.pt"

    def save(content: object) -> Path:
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        return path

    ws = torch.from_numpy(WS)
    assert np.array_equal(read_latent(save(ws[None]), INFO).ws, WS), "PTI's pivot"
    assert np.array_equal(read_latent(save(ws[None].requires_grad_()), INFO).ws, WS)
    assert np.array_equal(read_latent(save(torch.nn.Parameter(ws)), INFO).ws, WS)
    assert np.array_equal(read_latent(save(torch.stack([ws, ws + 1])), INFO, 1).ws, WS + 1), "e4e"
    entries = {name: {"latent": ws + i, "noise": [ws], "img": ws} for i, name in enumerate("ab")}
    assert np.array_equal(read_latent(save(entries), INFO, 1).ws, WS + 1), "rosinality's"
    half = ws.to(torch.bfloat16)
    assert np.array_equal(read_latent(save(half), INFO).ws, half.float().numpy())


class Evil:
    """Unpickled by torch or numpy, it would run code."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('run')",)


def test_nothing_is_run(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "a.pt"
    torch.save({"latent": Evil()}, path)
    with pytest.raises(UsageError, match=r"a\.pt names \S+\.exec, which .*; refused") as caught:
        read_latent(path, INFO)
    assert "\n" not in str(caught.value)
    for name in ("a.npy", "a.npz"):
        evil = saved(tmp_path / name, np.array([Evil()], object))
        with pytest.raises(UsageError, match=r"is not a file of a latent .* or it is damaged"):
            read_latent(evil, INFO)


# -- what is no latent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((L, D), np.nan), "not finite"),
        (np.full((1, D), np.inf), "not finite"),
        (np.full((1, D), 1e300), "not finite"),
        (np.ones((18, D)), r"of another model \(18×4\); w of spot is 4, w\+ is 10×4"),
        (np.ones((1, 18, 512)), r"of another model \(1×18×512\)"),
        (np.ones(512), r"of another model \(512\)"),
        (np.ones((1, 1, L, D)), r"of another model \(1×1×10×4\)"),
        (np.float64(3), r"of another model \(one number\)"),
        (np.ones((0, L, D)), r"empty latent \(0×10×4\)"),
        (np.ones((L, 0)), "empty latent"),
        (np.ones((L, D), int), "expected floating-point numbers"),
        (np.ones((L, D), complex), "expected floating-point numbers"),
        (np.ones((L, D), [("a", "f4")]), "expected floating-point numbers"),
        (np.full((L, D), "x"), "expected floating-point numbers"),
    ],
)
@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_what_is_no_latent_is_refused_in_a_line(
    tmp_path: Path, name: str, values: Array, message: str
) -> None:
    path = saved(tmp_path / name, values)
    with pytest.raises(UsageError, match=message) as caught:
        read_latent(path, INFO)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def bomb(path: Path) -> None:
    """257 MB of zeros in little more than a megabyte."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("w.npy", "w", force_zip64=True) as stream,
    ):
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (257 << 18,)}
        )
        for _ in range(257):
            stream.write(bytes(1 << 20))


def claim(path: Path) -> None:
    """A header that promises a terabyte."""
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (1 << 38,)}
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bomb, "unpacks to more than 256 MB; it is not read"),
        (claim, "or it is damaged"),
        (lambda path: path.touch(), "or it is damaged"),
        (lambda path: path.write_bytes(b"PK\x03\x04"), "or it is damaged"),
        (lambda path: path.write_text("{}"), "or it is damaged"),
        (lambda path: np.savez(path, seed=np.ones(3), psi=np.ones(1)), "holds no latent"),
        (lambda path: np.savez(path), "holds no latent"),
        (lambda path: path.mkdir(), "is a folder; expected a file of a latent"),
        (lambda path: None, "does not exist; expected a file of a latent"),
    ],
)
def test_files_that_are_none(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    path = tmp_path / "a.npz"
    make(path)
    with pytest.raises(UsageError, match=message) as caught:
        read_latent(path, INFO)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_a_damaged_file_is_a_latent_or_a_line(tmp_path: Path, name: str) -> None:
    intact = saved(tmp_path / name, WS).read_bytes()
    random, path = Random(0), tmp_path / f"damaged-{name}"
    refused = 0
    for _ in range(300):
        damaged = bytearray(intact)
        for _ in range(random.choice((1, 1, 3, 20))):
            damaged[random.randrange(min(len(damaged), 400))] = random.randrange(256)
        path.write_bytes(damaged[: random.choice((len(damaged), random.randrange(len(damaged))))])
        try:
            assert np.isfinite(read_latent(path, INFO).ws).all()
        except UsageError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100


# -- written -------------------------------------------------------------------------------------


def test_what_is_written_is_what_stylegan2_ada_takes(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"
    write_latent(path, Latent(WS.copy(), Seed(3), edited=True))
    with np.load(path, allow_pickle=False) as file:
        assert list(file) == ["w"] and file["w"].shape == (1, L, D)  # its generate.py asserts it
    assert np.array_equal(read_latent(path, INFO).ws, WS)


def test_where_none_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"latents are written as \.npz"):
        check_latent_file(tmp_path / "a.pt")
    with pytest.raises(OutputError, match="cannot be written"):
        write_latent(tmp_path / "no" / "a.npz", Latent(WS.copy(), Seed(3)))


def test_sessions_and_journals_keep_where_it_came_from(tmp_path: Path) -> None:
    latent = read_latent(saved(tmp_path / "cat.npz", W), INFO)
    journal = Journal(tmp_path / "journals", INFO.name)
    session = Session(SpotEngine(), Document(latent), journal.record)
    session.add_pair((3, 3), (9, 9))
    save_session(tmp_path / "edit.json", session.document, INFO.name)
    for document in (
        load_session(tmp_path / "edit.json", INFO),
        recover(journal.path, INFO).document,
    ):
        assert document.latent.origin == latent.origin
        assert np.array_equal(document.latent.ws, EVERY_ROW)
    journal.close()


def test_an_origin_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="expected its name"):
        LatentFile("", "0" * 64)
    with pytest.raises(UsageError, match="expected 64 hex digits"):
        replace(LatentFile("a", "0" * 64), sha256="x")
