"""Python's own pickler writes, objects of modules that are not there included."""

from __future__ import annotations

import io
import pickle
import sys
import types
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tui_draggan.checkpoints.mapped import map_file
from tui_draggan.checkpoints.unpickling.limits import MAX_FILE_BYTES, MAX_TEXT_LENGTH
from tui_draggan.checkpoints.unpickling.pickles import is_pickle, read_pickle
from tui_draggan.checkpoints.unpickling.values import LongText, Record
from tui_draggan.errors import CheckpointError

PROTOCOLS = (2, 3, 4, 5)
SOURCE = "raise SystemExit('the source in the checkpoint was run')\n" * 100


def read(value: Any, protocol: int = 4) -> Any:
    return read_pickle(memoryview(pickle.dumps(value, protocol)))


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """NVIDIA's modules as far as a pickler needs them, with classes that pickle as theirs do."""

    def module(name: str, **contents: Any) -> types.ModuleType:
        made = types.ModuleType(name)
        for key, value in contents.items():
            value.__module__, value.__qualname__ = name, key
            setattr(made, key, value)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    def reconstruct(meta: Any) -> None:
        """The pickler only looks it up."""

    class EasyDict(dict[str, Any]):
        pass

    class Network:
        def __init__(self, **state: Any) -> None:
            self.state = state

        def __getstate__(self) -> dict[str, Any]:
            return self.state

    class Persistent(torch.nn.Module):
        def __reduce__(self) -> Any:
            meta = {
                "type": "class",
                "version": 6,
                "module_src": SOURCE,
                "class_name": type(self).__name__,
                "state": super().__reduce__()[2],
            }
            return reconstruct, (meta,), None

    module("torch_utils")
    module("torch_utils.persistence", _reconstruct_persistent_obj=reconstruct)
    module("dnnlib")
    module("dnnlib.util", EasyDict=EasyDict)
    module("dnnlib.tflib")
    module("dnnlib.tflib.network", Network=Network)
    return types.SimpleNamespace(EasyDict=EasyDict, Network=Network, Persistent=Persistent)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values_come_back(protocol: int) -> None:
    value = {
        "numbers": [0, 1, -1, 255, 256, 65536, -(2**31), 2**31, 2**63, -(2**127), 0.1, -1e300],
        "words": ("", "ψ", "\N{GRINNING FACE}" * 50, True, False, None),
        "sets": {"a", 1, None},
        "nested": [[], {}, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {"a": {"b": [(None,)]}}],
        "ordered": OrderedDict(b=1, a=2),
        7: "seven",
    }
    assert read(value, protocol) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bytes_come_back_and_long_text_is_left_alone(protocol: int) -> None:
    content = bytes(range(256)) * 8192
    text = "ψ" * MAX_TEXT_LENGTH
    value = read({"none": b"", "few": b"a\xff", "many": content, "text": text}, protocol)
    assert (value["none"], value["few"], value["many"]) == (b"", b"a\xff", content)
    assert isinstance(value["text"], LongText)
    assert value["text"].utf8 == text.encode()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("spelling", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "f2", "f8", "i1", ">i8", "u2", "?"])
def test_arrays_and_scalars_come_back(
    protocol: int, spelling: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (40 * np.random.default_rng(0).standard_normal((3, 4, 5))).astype(dtype)

    class Pickler(pickle.Pickler):
        """Writes numpy's functions under the module's name of either version."""

        def reducer_override(self, value: Any) -> Any:
            if not isinstance(value, np.ndarray | np.generic):
                return NotImplemented
            reduced: Any = value.__reduce_ex__(protocol)
            function, *others = reduced
            module = f"{spelling}.{function.__module__.rpartition('.')[2]}"
            if module == function.__module__:
                return NotImplemented

            def alias() -> None:
                """The pickler only looks it up."""

            alias.__module__, alias.__qualname__ = module, function.__name__
            aliases = types.SimpleNamespace(**{function.__name__: alias})
            monkeypatch.setitem(sys.modules, module, aliases)
            return alias, *others

    file = io.BytesIO()
    Pickler(file, protocol).dump(
        {
            "array": content,
            "Fortran": np.asfortranarray(content[0]),
            "number": content[1, 2, 3],
            "scalar": np.array(content[0, 0, 0]),
            "empty": content[:0],
        }
    )
    data = file.getvalue()
    assert (b"_core" in data) == (spelling == "numpy._core")

    value = read_pickle(memoryview(data))

    assert value["array"].dtype == content.dtype
    assert np.array_equal(value["array"], content)
    assert np.array_equal(value["Fortran"], content[0])
    assert type(value["number"]) in (int, float, bool)
    assert value["number"] == content[1, 2, 3]
    assert value["scalar"].shape == () and value["scalar"] == content[0, 0, 0]
    assert value["empty"].shape == (0, 4, 5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_networks_are_records_and_their_source_stays_text(
    protocol: int, programs: types.SimpleNamespace
) -> None:
    class Generator(programs.Persistent):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.z_dim = 512
            self.gain = np.sqrt(2)
            self.mapping = Mapping()
            self.again = self.mapping

    class Mapping(programs.Persistent):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(3, 2))
            self.register_buffer("w_avg", torch.randn(3))
            self.register_buffer("cache", torch.randn(3), persistent=False)

    generator = Generator()
    kwargs = programs.EasyDict(class_name="ImageFolderDataset", xflip=True)

    value = read({"G_ema": generator, "D": None, "training_set_kwargs": kwargs}, protocol)

    record = value["G_ema"]
    assert isinstance(record, Record)
    assert record.class_name == "Generator"
    assert (record.state["z_dim"], record.state["gain"]) == (512, np.sqrt(2))
    mapping = record.state["_modules"]["mapping"]
    assert record.state["_modules"]["again"] is mapping
    assert np.array_equal(mapping.state["_parameters"]["weight"], generator.mapping.weight.detach())
    assert np.array_equal(mapping.state["_buffers"]["w_avg"], generator.mapping.w_avg)
    assert mapping.state["_non_persistent_buffers_set"] == {"cache"}
    assert value["training_set_kwargs"] == {"class_name": "ImageFolderDataset", "xflip": True}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_networks_of_the_tensorflow_era_are_records(
    protocol: int, programs: types.SimpleNamespace
) -> None:
    weight = np.random.default_rng(0).standard_normal((3, 3, 4, 5)).astype("f4")
    networks = tuple(
        programs.Network(
            version=4,
            name=name,
            static_kwargs=programs.EasyDict(resolution=256),
            variables=[("4x4/Conv/weight", weight)],
            build_module_src=SOURCE,
        )
        for name in ("G", "D", "Gs")
    )

    value = read(networks, protocol)

    assert [record.class_name for record in value] == ["dnnlib.tflib.network.Network"] * 3
    assert value[2].state["name"] == "Gs"
    assert value[2].state["static_kwargs"] == {"resolution": 256}
    ((name, array),) = value[2].state["variables"]
    assert name == "4x4/Conv/weight"
    assert np.array_equal(array, weight)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_other_objects_of_checkpoints_come_back(protocol: int) -> None:
    state = torch.nn.Linear(2, 3).state_dict()  # an OrderedDict with an attribute of its own
    value = read(
        {
            "state": state,
            "args": Namespace(size=256),
            "size": torch.Size([1, 2]),
            "devices": [torch.device("cpu"), torch.device("cuda", 1)],
        },
        protocol,
    )
    assert np.array_equal(value["state"]["weight"], state["weight"])
    assert value["args"].class_name == "argparse.Namespace"
    assert value["args"].state == {"size": 256}
    assert value["size"] == (1, 2)
    assert value["devices"] == ["cpu", "cuda"]


def test_a_pickle_is_recognised_by_its_beginning() -> None:
    assert all(is_pickle(memoryview(pickle.dumps({}, protocol))) for protocol in PROTOCOLS)
    assert not is_pickle(memoryview(pickle.dumps({}, 0)))
    assert not is_pickle(memoryview(b"PK\x03\x04"))
    assert not is_pickle(memoryview(b"\x80"))


def test_a_file_is_mapped_not_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(torch.arange(1000.0)))
    data = map_file(path)
    assert data.readonly
    assert np.shares_memory(read_pickle(data), np.frombuffer(data, "u1"))


def test_what_is_no_file_of_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a file"):
        map_file(tmp_path)
    with pytest.raises(CheckpointError, match=r"nothing.pkl cannot be read: No such file"):
        map_file(tmp_path / "nothing.pkl")
    with pytest.raises(CheckpointError, match="cannot be read: File name too long"):
        map_file(tmp_path / ("x" * 300))
    empty = tmp_path / "empty.pkl"
    empty.touch()
    with pytest.raises(CheckpointError, match="is empty"):
        map_file(empty)
    with empty.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # takes no room on disk
    with pytest.raises(CheckpointError, match=r"has 4\.3 GB"):
        map_file(empty)
