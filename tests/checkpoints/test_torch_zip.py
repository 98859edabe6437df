"""torch's zip container: its forms, with torch itself as the other opinion, and archives it never
writes, some of which show two programs two contents."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.test_storages import DTYPES, layouts, same
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import generator_record, record
from tests.checkpoints.writers.pickling import Call, pickled
from tests.checkpoints.writers.torch_zip import (
    Oddities,
    archive,
    torch_archive,
    torch_zip,
    twice,
    two_in_one,
)
from tui_draggan.checkpoints.unpickling.pickles import read_torch_zip
from tui_draggan.checkpoints.unpickling.zip_archive import table_of_contents
from tui_draggan.errors import CheckpointError

KIND = Kind(conv_clamp=1.5)


def contents(data: bytes) -> Any:
    view = memoryview(data)
    return read_torch_zip(view, table_of_contents(view))


def saved(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def generator(dtype: torch.dtype = torch.float32, kind: Kind = KIND) -> tuple[Call, Any]:
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(kind).items()}
    return generator_record(tensors, kind), tensors


# Whole modules


@pytest.mark.parametrize("key", [None, "G_ema", "G"])
@pytest.mark.parametrize("numpy_core", ["numpy.core", "numpy._core"])
def test_a_module_is_read_as_from_a_pickle(key: str | None, numpy_core: str, read: Read) -> None:
    """PTI saves the generator bare, others in a dict; gains are numpy's scalars."""
    module, tensors = generator()
    discriminator = record("Discriminator", {"c_dim": 0}, {"b4.weight": torch.randn(3, 3)})
    value = module if key is None else {key: module, "D": discriminator, "cur_nimg": 25_000}
    checkpoint = read(torch_zip(value, numpy_core=numpy_core))
    assert "stylegan2-ada-pytorch" in checkpoint.format
    assert checkpoint.config.conv_clamp == 1.5
    assert len(checkpoint.notes) == (key == "G")
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_a_module_in_another_precision_becomes_float32(dtype: torch.dtype, read: Read) -> None:
    module, tensors = generator(dtype)
    checkpoint = read(torch_zip({"G_ema": module}))
    assert {str(tensor.dtype) for tensor in checkpoint.tensors.values()} == {"float32"}
    assert_same_pictures(checkpoint, KIND, tensors)


def test_arrays_and_scalars_of_numpy_lie_beside_it(read: Read) -> None:
    module, tensors = generator()
    value: dict[str, Any] = {
        "G_ema": module,
        "mean": np.random.default_rng(0).standard_normal((300, 300)),
        "fid": np.float32(3.5),
        "step": np.int64(25_000),
        "best": np.bool_(True),
        "order": np.asfortranarray(np.arange(12, dtype=">i2").reshape(3, 4)),
    }
    checkpoint = read(torch_zip(value))
    assert checkpoint.notes == ()
    assert_same_pictures(checkpoint, KIND, tensors)
    arrays = contents(torch_zip(value))
    assert np.array_equal(arrays["mean"], value["mean"])
    assert np.array_equal(arrays["order"], value["order"])
    assert (arrays["fid"], arrays["step"], arrays["best"]) == (3.5, 25_000, True)


def test_a_module_of_a_big_endian_machine(read: Read) -> None:
    module, tensors = generator()
    assert_same_pictures(read(torch_zip(module, big_endian=True)), KIND, tensors)


# Tensors, as torch writes and reads them


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("big_endian", [False, True])
def test_each_type_and_byte_order_is_what_torch_reads(dtype: torch.dtype, big_endian: bool) -> None:
    tensor = (40 * torch.randn(3, 5)).to(dtype)
    data = torch_zip({"t": tensor, "row": tensor[1]}, big_endian=big_endian)
    theirs = torch.load(io.BytesIO(data), weights_only=True)
    assert torch.equal(theirs["t"], tensor)
    ours = contents(data)
    exact = tensor.float() if dtype == torch.bfloat16 else tensor
    assert np.array_equal(ours["t"], exact.numpy())
    assert np.array_equal(ours["row"], exact[1].numpy())
    assert ours["t"].dtype.newbyteorder("=") == exact.numpy().dtype


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_each_type_is_read_from_torch_s_own_file(dtype: torch.dtype) -> None:
    tensor = (40 * torch.randn(3, 5)).to(dtype)
    assert same(contents(saved({"t": tensor}))["t"], tensor)


@pytest.mark.parametrize("name", layouts())
def test_each_layout_is_read(name: str) -> None:
    tensor = layouts()[name]
    assert same(contents(saved(tensor)), tensor)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_each_protocol_is_read(protocol: int) -> None:
    file = io.BytesIO()
    torch.save({"t": torch.arange(5.0)}, file, pickle_protocol=protocol)
    assert np.array_equal(contents(file.getvalue())["t"], np.arange(5))


def test_weights_are_views_of_the_file_and_cannot_be_changed() -> None:
    data = saved({"t": torch.randn(1000)})
    array = contents(data)["t"]
    assert np.shares_memory(array, np.frombuffer(data, "u1"))
    assert not array.flags.writeable


def test_an_archive_packed_again_without_compression_is_read() -> None:
    """By another program: without zip64, alignment and descriptors."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, value in parts().items():
            packed.writestr(name, value)
    assert np.array_equal(contents(file.getvalue())["t"], np.arange(5))


def test_checksums_that_torch_left_out_are_not_missed() -> None:
    torch.serialization.set_crc32_options(False)
    try:
        data = saved({"t": torch.arange(5.0)})
    finally:
        torch.serialization.set_crc32_options(True)
    assert np.array_equal(contents(data)["t"], np.arange(5))


def test_weights_that_were_damaged_on_the_way_are_noticed(read: Read) -> None:
    data = bytearray(saved({"g_ema": random_tensors(KIND)}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        begin = data.index(archive.read("archive/data/3"))
    data[begin + 5] ^= 1
    with pytest.raises(CheckpointError, match=r"data/3 does not match its checksum\); download"):
        read(bytes(data))


# Archives that torch never writes


def parts(value: Any = None) -> dict[str, bytes]:
    """Entries of a file of torch."""
    contents = saved({"t": torch.arange(5.0)} if value is None else value)
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_one_file_does_not_show_two_contents(tmp_path: Path, read: Read) -> None:
    """Python's zipfile and torch's reader each find another archive in it."""
    path = tmp_path / "two.pt"
    path.write_bytes(two_in_one(parts({"shown": torch.ones(2)}), parts({"hidden": torch.ones(3)})))
    with zipfile.ZipFile(path) as archive:
        assert b"shown" in archive.read("archive/data.pkl")
    assert list(torch.load(path, weights_only=True)) == ["hidden"]
    with pytest.raises(CheckpointError, match="ambiguous table of contents"):
        read(path.read_bytes())


ZIP64_SIZES = (1).to_bytes(2, "little") + (16).to_bytes(2, "little") + bytes(16)
ODD: dict[str, tuple[Oddities, str]] = {
    "a comment of an entry": (Oddities(entry_comment=b"weights"), "ambiguous"),
    "a comment of the archive": (Oddities(comment=b"weights"), "damaged zip archive"),
    "an end record as a comment": (Oddities(comment=b"PK\5\6" + bytes(18)), "ambiguous"),
    "larger sizes of an entry": (Oddities(extra=ZIP64_SIZES), "ambiguous"),
    "another size in the entry": (Oddities(sizes=(3, 3)), "ambiguous"),
    "another name in the entry": (Oddities(said_name="archive/data.pk2"), "ambiguous"),
    "a longer name in the entry": (Oddities(said_name="archive/data.pkl2"), "ambiguous"),
    "an encrypted entry": (Oddities(flags=1), "encrypted"),
    "a compressed entry": (Oddities(method=8), "compressed"),
    "a table before itself": (Oddities(shift=-4), "ambiguous"),
    "a table behind itself": (Oddities(shift=4), "ambiguous"),
    "a larger record of another place": (Oddities(shift64=-4), "ambiguous"),
    "an entry too many": (Oddities(count=1), "ambiguous"),
    "an entry too few": (Oddities(count=-1), "ambiguous"),
}


@pytest.mark.parametrize("zip64", [True, False])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_archive_is_refused(name: str, zip64: bool) -> None:
    odd, words = ODD[name]
    odd = Oddities(**{**vars(odd), "zip64": zip64})
    if odd.shift64 and not zip64:
        pytest.skip("there is no larger record")
    entries = parts()
    with pytest.raises(CheckpointError, match=words):
        contents(archive(entries, odd))
    assert contents(archive(entries, Oddities(zip64=zip64)))


def test_a_name_that_comes_twice_is_refused() -> None:
    entries = parts()
    for name in ("archive/data.pkl", "archive/data/0", "archive/version"):
        with pytest.raises(CheckpointError, match="ambiguous table of contents"):
            contents(twice(entries, {name: entries[name]}))


@pytest.mark.parametrize("name", ["other/data.pkl", "other/data/0", "data/0", "/data/0", "archive"])
def test_a_second_folder_is_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match="in several folders"):
        contents(archive(parts() | {name: b"weights"}))


@pytest.mark.parametrize("name", ["archive/\n", "archive/\x1b[2J", "archive/\u202e", ""])
def test_a_name_that_is_not_text_is_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match="without a proper name"):
        contents(archive(parts() | {name: b"weights"}))


def entry_moved(data: bytes, field: int, value: int) -> bytes:
    """The same archive with a number of the first line of its table changed, at that byte."""
    at = data.index(b"PK\1\2") + field
    return data[:at] + value.to_bytes(4, "little") + data[at + 4 :]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (42, 2**31, "overlap"),
        (42, 2**32 - 1, "overlap|ambiguous"),
        (42, 64, "overlap|ambiguous|damaged"),
        (24, 2**31, "compressed"),
        (20, 2**31, "compressed"),
    ],
)
def test_an_entry_elsewhere_is_refused(field: int, value: int, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        contents(entry_moved(archive(parts()), field, value))


def test_an_entry_over_another_is_refused() -> None:
    """Each byte of a file is read at most once."""
    data = archive(parts())
    larger = len(data).to_bytes(4, "little")
    at = data.index(b"PK\1\2")
    bomb = data[: at + 20] + 2 * larger + data[at + 28 :]
    with pytest.raises(CheckpointError, match="overlap"):
        contents(bomb)


def reference(numel: int, key: str = "0", kind: str = "FloatStorage") -> bytes:
    """A pickle that is one storage."""

    class Refers(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return value if isinstance(value, tuple) else None

        def reducer_override(self, value: Any) -> Any:
            return NotImplemented

    file = io.BytesIO()
    storage = getattr(torch, kind)
    Refers(file, 2).dump([("storage", storage, key, "cpu", numel)])
    return file.getvalue()


@pytest.mark.parametrize(
    ("pickled_storage", "words"),
    [
        (reference(2**60), "two sizes"),
        (reference(4), "two sizes"),
        (reference(-1), "unknown form"),
        (reference(5, "1"), r"no entry data/1; the file is incomplete"),
        (reference(5, "../version"), r"no entry data/\.\./version"),
        (reference(5, "\x1b[2J"), r"no entry data/\\x1b"),
    ],
)
def test_a_storage_is_what_its_entry_holds(pickled_storage: bytes, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        contents(torch_archive(pickled_storage, {"0": bytes(20)}))


def test_a_storage_of_two_types_is_refused() -> None:
    both = reference(5)[:-1] + reference(5, kind="IntStorage")[2:-1] + b"\x86."
    assert contents(torch_archive(reference(5), {"0": bytes(20)}))
    with pytest.raises(CheckpointError, match="two sizes"):
        contents(torch_archive(both, {"0": bytes(20)}))


@pytest.mark.parametrize("byteorder", [b"", b"middle", b"little endian", b"LITTLE"])
def test_an_unknown_byte_order_is_refused(byteorder: bytes) -> None:
    with pytest.raises(CheckpointError, match="byte order"):
        contents(torch_archive(pickled({}, 2), byteorder=byteorder))


def test_torch_s_reader_is_not_asked(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    def asked(*_: Any, **__: Any) -> Mapping[str, Any]:
        raise AssertionError("torch's reader was asked")

    monkeypatch.setattr(torch, "load", asked)
    monkeypatch.setattr(torch._C, "PyTorchFileReader", asked)
    monkeypatch.setattr(zipfile, "ZipFile", asked)
    module, tensors = generator()
    assert_same_pictures(read(torch_zip(module)), KIND, tensors)
