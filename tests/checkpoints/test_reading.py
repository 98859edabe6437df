from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import nvidia_pickle
from tests.checkpoints.writers.pickling import pickled
from tui_draggan.checkpoints.reading import read_checkpoint
from tui_draggan.errors import CheckpointError


def refusal(path: Path) -> str:
    """What is said of the file: one line that begins with its path."""
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    line = str(caught.value)
    assert line.startswith(f"{path} ")
    assert line.isprintable()
    return line.removeprefix(f"{path} ")


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("network.pkl"))
    return file.getvalue()


def onnx_model() -> bytes:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "g", [value], [value])
    model: onnx.ModelProto = helper.make_model(graph, producer_name="pytorch")
    serialized: bytes = model.SerializeToString()
    return serialized


def zipped(names: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, contents in names.items():
            archive.writestr(name, contents)
    return file.getvalue()


ACCIDENTS = {
    "page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "page after blanks": (b"\n  <html lang='en'>", "web page"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\nsize 3\n", "git lfs pull"),
    "empty": (b"", "is empty"),
    "one byte": (b"\x80", "unknown format"),
    "text": (b"Not Found", "unknown format"),
    "gzip": (gzip.compress(b"network"), "gzip"),
    "tar": (tarred(), "tar archive"),
    "onnx": (onnx_model(), "ONNX"),
    "script": (zipped({"net/data.pkl": b"", "net/constants.pkl": b""}), "TorchScript"),
    "other zip": (zipped({"readme.txt": b"weights"}), "torch.save did not write"),
    "empty zip": (zipped({}), "torch.save did not write"),
    "beginning of a zip": (b"PK\x03\x04 and nothing else", "damaged zip"),
    "list": (pickled([1, 2, 3]), "holds a list"),
    "text in a pickle": (pickled("weights", protocol=2), "holds a str"),
    "no JSON": ((100).to_bytes(8, "little") + b"{" + 99 * b" ", "damaged safetensors"),
    "long JSON": ((5 << 20).to_bytes(8, "little") + b"{" + bytes(5 << 20), "oversized header"),
}


@pytest.mark.parametrize(("contents", "words"), ACCIDENTS.values(), ids=ACCIDENTS)
def test_what_is_no_checkpoint_is_told_apart(contents: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(contents)
    assert words in refusal(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "network.pkl")
    assert "not a file" in refusal(tmp_path)


@pytest.fixture
def torch_file(tmp_path: Path) -> Path:
    path = tmp_path / "network.pt"
    torch.save(random_tensors(Kind()), path)
    return path


def entries(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            yield info.filename, archive.read(info)


def test_a_compressed_entry_is_refused(torch_file: Path) -> None:
    torch_file.write_bytes(zipped(dict(entries(torch_file)), zipfile.ZIP_DEFLATED))
    assert "compressed" in refusal(torch_file)


def test_an_encrypted_entry_is_refused(torch_file: Path) -> None:
    contents = bytearray(torch_file.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        contents[contents.index(signature) + flags] |= 1
    torch_file.write_bytes(contents)
    assert "encrypted" in refusal(torch_file)


def test_an_oversized_pickle_is_refused(torch_file: Path) -> None:
    contents = {
        name: value + bytes(5 << 20) if name.endswith("data.pkl") else value
        for name, value in entries(torch_file)
    }
    torch_file.write_bytes(zipped(contents))
    assert "bytes behind the end of data.pkl" in refusal(torch_file)


def test_a_long_table_of_contents_is_refused(torch_file: Path) -> None:
    contents = dict(entries(torch_file)) | {f"network/{i:060000d}": b"" for i in range(80)}
    torch_file.write_bytes(zipped(contents))
    assert "table of contents" in refusal(torch_file)


def test_something_before_the_archive_or_a_name_twice_is_refused(torch_file: Path) -> None:
    contents = torch_file.read_bytes()
    torch_file.write_bytes(b"PK\x03\x04" + contents)
    assert "ambiguous" in refusal(torch_file)
    torch_file.write_bytes(contents)
    with pytest.warns(UserWarning), zipfile.ZipFile(torch_file, "a") as archive:
        archive.writestr(next(entries(torch_file))[0], b"another")
    assert "ambiguous" in refusal(torch_file)


def test_a_truncated_archive_is_refused(torch_file: Path) -> None:
    contents = torch_file.read_bytes()
    for part in (0.1, 0.5, 0.9, 0.999):
        torch_file.write_bytes(contents[: int(len(contents) * part)])
        assert refusal(torch_file)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch pwned",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"g_ema": Evil()}, "posix.system"),
        ({"g_ema": torch.nn.Linear(2, 2)}, "state_dict()"),
        ({"g_ema": torch.ones(2).to_sparse()}, "sparse"),
        ({"g_ema": bytearray(3)}, "bytearray"),
        ([torch.ones(2)], "holds list"),
    ],
)
@pytest.mark.parametrize("new", [True, False])
def test_names_that_no_checkpoint_needs_are_refused(
    value: Any, words: str, new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "network.pt"
    torch.save(value, path, _use_new_zipfile_serialization=new)
    assert words in refusal(path).replace("holds a list", "holds list")
    assert list(tmp_path.iterdir()) == [path]


def test_a_stride_of_zero_is_refused(tmp_path: Path) -> None:
    tensors = random_tensors(Kind())
    tensors["synthesis.b32.conv0.weight"] = torch.ones(1).expand(6, 8, 3, 3)
    torch.save(tensors, tmp_path / "network.pt")
    assert "beyond the limit" in refusal(tmp_path / "network.pt")


def test_scalars_and_options_beside_the_weights_do_no_harm(tmp_path: Path) -> None:
    kind = Kind()
    tensors = random_tensors(kind)
    extra = {
        "args": argparse.Namespace(lr=0.002, betas=(0, 0.99), path=None),
        "fid": np.float64(3.5),
        "step": np.int64(25000),
        "size": torch.Size([3, 4]),
    }
    for new in (True, False):
        torch.save({"g_ema": tensors, **extra}, tmp_path / "n", _use_new_zipfile_serialization=new)
        assert_same_pictures(read_checkpoint(tmp_path / "n"), kind, tensors)


def damaged(contents: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, left out or put in, more often near the ends, where the tables are."""
    changed = bytearray(contents)
    for _ in range(chance.choice([1, 1, 2, 8])):
        near = chance.choice([len(changed), 3000])
        at = chance.randrange(min(near, len(changed)))
        at = chance.choice([at, len(changed) - 1 - at])
        new = chance.randbytes(chance.randrange(3))
        changed[at : at + chance.randrange(3)] = new
    return bytes(changed)


@pytest.mark.parametrize("form", ["zip", "safetensors"])
def test_a_damaged_file_is_read_or_refused(form: str, tmp_path: Path) -> None:
    """Besides pickles, of which `test_pickles` sees to it."""
    path = tmp_path / "network.bin"
    tensors = random_tensors(Kind(channels=(3, 2), mapping_layers=1))
    if form == "zip":
        torch.save({"g_ema": tensors, "args": argparse.Namespace(lr=0.002)}, path)
    else:
        save_file(tensors, path)
    contents = path.read_bytes()
    chance = random.Random(0)
    outcomes = set()
    for number in range(300):
        path = tmp_path / f"{number}"  # what is mapped must not change
        path.write_bytes(damaged(contents, chance))
        try:
            read_checkpoint(path)
            outcomes.add("read")
        except CheckpointError as error:
            assert str(error).isprintable()
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


MEASURE = """
    import resource, sys
    from pathlib import Path
    import torch
    from tui_draggan.checkpoints.reading import read_checkpoint

    def private() -> int:
        return next(
            int(line.split()[1]) for line in open("/proc/self/status") if "RssAnon" in line
        )

    read_checkpoint(Path(sys.argv[1]))
    before = private()
    checkpoint = read_checkpoint(Path(sys.argv[2]))
    print(checkpoint.parameters * 4 // 1024, private() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("form", ["pickle", "zip", "legacy", "safetensors"])
def test_weights_are_not_copied(form: str, tmp_path: Path) -> None:
    kind = Kind(channels=(512, 512))
    for name, seen in (("small", Kind(channels=(4, 4))), ("large", kind)):
        tensors = random_tensors(seen)
        path = tmp_path / name
        if form == "pickle":
            path.write_bytes(nvidia_pickle(tensors, seen, networks=("G_ema",)))
        elif form == "safetensors":
            save_file(tensors, path)
        else:
            torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
    weights, copied = map(
        int,
        subprocess.run(
            [
                sys.executable,
                "-c",
                textwrap.dedent(MEASURE),
                tmp_path / "small",
                tmp_path / "large",
            ],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split(),
    )
    assert weights > 25_000
    assert copied < weights / 10
