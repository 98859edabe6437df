"""What no generator needs: beside one it is not read, and said; within one it is refused."""

from __future__ import annotations

import datetime
import functools
import io
import pathlib
import pickle
import types
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from tests.checkpoints.attacks import CALLS
from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.nvidia import generator_record
from tests.checkpoints.writers.pickling import Call, Instance, Name, pickled
from tests.checkpoints.writers.torch_zip import torch_zip
from tui_draggan.errors import CheckpointError

pytestmark = pytest.mark.slow

KIND = Kind(channels=(5, 4))


def zipped(value: Any, protocol: int = 2) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, pickle_protocol=protocol)
    return file.getvalue()


def legacy(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "zip, protocol 2": zipped,
    "zip, protocol 4": lambda value: zipped(value, 4),
    "legacy": legacy,
    "pickle, protocol 2": lambda value: pickle.dumps(value, 2),
    "pickle, protocol 5": lambda value: pickle.dumps(value, 5),
}


ODDMENTS: dict[str, tuple[Any, str]] = {
    "a path": (pathlib.PurePosixPath("/runs/3"), "pathlib.PurePosixPath"),
    "a type of numbers": (torch.float32, "torch.float32"),
    "a date": (datetime.datetime(2024, 5, 1), "datetime.datetime"),
    "a duration": (datetime.timedelta(seconds=3), "datetime.timedelta"),
    "a dict with defaults": (defaultdict(list, {"loss": [1.0]}), "collections.defaultdict"),
    "counts": (Counter("abc"), "collections.Counter"),
    "counts of tuples": (Counter([(1, "a"), (1, "a")]), "collections.Counter"),
    "a queue": (deque([1, 2], maxlen=5), "collections.deque"),
    "a complex number": (1 + 2j, "builtins.complex|__builtin__.complex"),
    "a namespace": (types.SimpleNamespace(lr=0.1), "types.SimpleNamespace"),
    "a fraction": (Fraction(1, 3), "fractions.Fraction"),
    "a range": (range(3), "builtins.range|__builtin__.xrange"),
    "a slice": (slice(1, 2), "builtins.slice|__builtin__.slice"),
    "a class": (torch.nn.Linear, "torch.nn.modules.linear.Linear"),
    "a function": (np.sin, "numpy"),
    "a partial call": (functools.partial(torch.nn.Linear, 3), "functools.partial"),
    "an activation": (torch.nn.LeakyReLU(0.2), "torch.nn.modules.activation.LeakyReLU"),
    "complex numbers": (np.zeros(3, "c8"), "an array of the type 'c8'"),
    "texts": (np.array(["cat", "dog"]), "an array of the type 'U3'"),
    "objects": (np.array([None, {}], dtype=object), "an array of the type 'O8'"),
    "dates": (np.array(["2024-05-01"], "M8[D]"), "an array of the type 'M8'"),
    "records": (np.zeros(2, [("a", "f4"), ("b", "i4")]), "an array of the type 'V8'"),
    "a random state": (np.random.RandomState(0), "numpy.random"),
    "a generator of numbers": (np.random.default_rng(0), "numpy.random"),
    "a sparse tensor": (torch.eye(3).to_sparse(), "torch._utils._rebuild_sparse_tensor"),
    "complex tensors": (torch.zeros(2, dtype=torch.complex64), "torch.ComplexFloatStorage"),
}
ONLY_ZIPPED = ("complex tensors",)
"""The old container does not say how long a storage is, only how many numbers it has."""


def oddment(name: str, writer: str) -> tuple[Any, tuple[str, ...]]:
    value, names = ODDMENTS[name]
    if name in ONLY_ZIPPED and (writer == "legacy" or writer.startswith("pickle")):
        pytest.skip("read from the zip container only")
    return value, tuple(names.split("|"))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", ODDMENTS)
def test_beside_a_generator_it_is_not_read_and_said(name: str, writer: str, read: Read) -> None:
    value, names = oddment(name, writer)
    tensors = random_tensors(KIND)
    checkpoint = read(WRITERS[writer]({"before": value, "g_ema": tensors, "after": [value]}))
    (note,) = (note for note in checkpoint.notes if note.startswith("not read"))
    assert any(said in note for said in names), note
    assert note.isprintable()
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", ODDMENTS)
def test_within_a_generator_it_is_refused_by_name(name: str, writer: str, read: Read) -> None:
    value, names = oddment(name, writer)
    tensors: dict[str, Any] = random_tensors(KIND)
    tensors["synthesis.b8.conv1.bias"] = value
    with pytest.raises(CheckpointError) as caught:
        read(WRITERS[writer]({"g_ema": tensors}))
    assert any(said in str(caught.value) for said in names), caught.value
    assert "refused" in str(caught.value)


@pytest.mark.parametrize("writer", WRITERS)
def test_alone_it_is_refused_by_name(writer: str, read: Read) -> None:
    for value in (pathlib.PurePosixPath("/runs"), {"run": pathlib.PurePosixPath("/runs")}):
        with pytest.raises(CheckpointError, match=r"names pathlib\.PurePosixPath, which"):
            read(WRITERS[writer](value))


@pytest.mark.parametrize("write", [pickled, torch_zip])
def test_within_a_module_it_is_refused_by_name(write: Any, read: Read) -> None:
    path = Call(Name("pathlib", "PosixPath"), ("/", "runs"))
    for attributes in ({"path": path}, {"kwargs": [{"a": (path,)}]}):
        module = generator_record(random_tensors(KIND), KIND, **attributes)
        with pytest.raises(CheckpointError, match=r"names pathlib\.PosixPath"):
            read(write({"G_ema": module}))


@pytest.mark.parametrize("write", [pickled, torch_zip])
def test_a_discriminator_of_plain_modules_lies_beside(write: Any, read: Read) -> None:
    """Projected GAN's: its own classes, torch's and timm's, around a StyleGAN2 generator."""
    convolution = Instance(
        Name("torch.nn.modules.conv", "Conv2d"),
        attributes={"_parameters": OrderedDict(weight=torch.randn(4, 3, 3, 3)), "_modules": {}},
    )
    discriminator = Instance(
        Name("pg_modules.discriminator", "ProjectedDiscriminator"),
        attributes={
            "_modules": OrderedDict(
                feature_network=Instance(
                    Name("timm.models.efficientnet", "EfficientNet"),
                    attributes={"_modules": {"conv": convolution}, "act": torch.nn.SiLU()},
                )
            ),
            "diffaug": True,
        },
    )
    tensors = random_tensors(KIND)
    module = generator_record(tensors, KIND)
    checkpoint = read(write({"D": discriminator, "G": module, "G_ema": module}))
    assert checkpoint.notes == (
        "not read, since no generator needs it: pg_modules.discriminator.ProjectedDiscriminator",
    )
    assert_same_pictures(checkpoint, KIND, tensors)


def test_known_objects_need_no_note(read: Read) -> None:
    easy = Instance(Name("dnnlib.util", "EasyDict"), items={"a": 1}, attributes={"a": 1})
    value = {
        "G_ema": generator_record(random_tensors(KIND), KIND),
        "kwargs": easy,
        "args": Namespace(lr=0.1),
        "names": frozenset({"a"}),
        "ordered": OrderedDict(a=1),
    }
    assert read(pickled(value)).notes == ()


def test_an_easydict_of_another_package_is_not_read(read: Read) -> None:
    easy = Instance(Name("easydict", "EasyDict"), items={"lr": 0.1}, attributes={"lr": 0.1})
    value = {"G_ema": generator_record(random_tensors(KIND), KIND), "args": easy}
    assert read(pickled(value)).notes == (
        "not read, since no generator needs it: easydict.EasyDict",
    )


@pytest.mark.parametrize("writer", WRITERS)
def test_keys_that_are_no_names(writer: str, read: Read) -> None:
    tensors = random_tensors(KIND)
    keyed = {0.5: 1, (3, "a"): 2, torch.float16: 3, pathlib.PurePosixPath("a"): 4, None: 5, 7: 6}
    checkpoint = read(WRITERS[writer]({"g_ema": tensors, "table": keyed}))
    assert "torch.float16, pathlib.PurePosixPath" in checkpoint.notes[-1]
    assert_same_pictures(checkpoint, KIND, tensors)


def test_many_names_are_counted(read: Read) -> None:
    things = [Call(Name("train", f"Part{i}"), ()) for i in range(20)]
    value = {"G_ema": generator_record(random_tensors(KIND), KIND), "things": things}
    assert read(pickled(value)).notes == (
        "not read, since no generator needs it: "
        "train.Part0, train.Part1, train.Part2, train.Part3 and 16 more",
    )


@pytest.mark.parametrize("name", ["os.system", "eval", "exec", "open", "subprocess", "pickle"])
@pytest.mark.parametrize("writer", WRITERS)
def test_what_would_run_code_elsewhere_is_refused_beside_a_generator_too(
    name: str, writer: str, read: Read, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contents = WRITERS[writer]({"g_ema": random_tensors(KIND), "note": CALLS[name]})
    with pytest.raises(CheckpointError, match="refused: it would run code in a program"):
        read(contents)
    assert not (tmp_path / "pwned").exists()
