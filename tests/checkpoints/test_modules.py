"""Networks that torch saved whole, of classes that are not there: read by their tensors' names."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import pytest
import torch

from tests.checkpoints.conftest import Read
from tests.checkpoints.pictures import assert_same_pictures
from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.modules import Part, module_of
from tests.checkpoints.writers.namings import NAMINGS
from tests.checkpoints.writers.nvidia import generator_record
from tests.checkpoints.writers.pickling import Call, Instance, Name, pickled
from tests.checkpoints.writers.rosinality import rosinality_state
from tests.checkpoints.writers.torch_zip import torch_zip
from tui_draggan.checkpoints import modules
from tui_draggan.checkpoints.modules import named_tensors
from tui_draggan.checkpoints.unpickling.values import Record
from tui_draggan.errors import CheckpointError

pytestmark = pytest.mark.slow

KIND = Kind(z_dim=12, mapping_dim=12, channels=(5, 4, 3))
CLASS = "tests.checkpoints.writers.modules.Part"


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("naming", NAMINGS)
def test_a_generator_of_an_unknown_class_is_read(naming: str, zipped: bool, read: Read) -> None:
    tensors = random_tensors(KIND)
    module = module_of(NAMINGS[naming](tensors, KIND))
    value = {"g": module_of({"input.input": torch.ones(2)}), "g_ema": module, "epoch": 3}
    checkpoint = read(saved(value, zipped))
    assert naming in checkpoint.format
    assert checkpoint.notes[-1] == f"not read, since no generator needs it: {CLASS}"
    assert_same_pictures(checkpoint, KIND, tensors)


@pytest.mark.parametrize(
    "place",
    [
        lambda module: module,
        torch.nn.DataParallel,
        lambda module: torch.nn.ModuleDict({"decoder": module, "encoder": torch.nn.Linear(2, 3)}),
        lambda module: {"nets": [{"ema": module}]},
    ],
)
def test_it_may_lie_in_other_modules(place: Any, read: Read) -> None:
    tensors = random_tensors(KIND)
    state = rosinality_state(tensors, KIND) | {"latent_avg": tensors["mapping.w_avg"]}
    checkpoint = read(saved(place(module_of(state))))
    assert checkpoint.notes == ()
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], tensors["mapping.w_avg"])
    assert_same_pictures(checkpoint, KIND, tensors)


def test_a_mean_that_is_an_attribute_is_read(read: Read) -> None:
    """As the whole networks of pSp and e4e have it."""
    tensors = random_tensors(KIND)
    net = torch.nn.ModuleDict({"decoder": module_of(rosinality_state(tensors, KIND))})
    mean: Any = tensors["mapping.w_avg"].repeat(6, 1)
    net.latent_avg = mean
    checkpoint = read(saved(net))
    np.testing.assert_array_equal(checkpoint.tensors["mapping.w_avg"], tensors["mapping.w_avg"])


def without_persistence(record: Call) -> Instance:
    """The same modules of a copy of NVIDIA's classes, without the decorator."""
    meta = record.arguments[0]
    state = dict(meta["state"])
    state["_modules"] = {
        name: without_persistence(child) for name, child in state["_modules"].items()
    }
    return Instance(Name("models.stylegan2", meta["class_name"]), attributes=state)


@pytest.mark.parametrize("write", [pickled, torch_zip])
def test_a_copy_of_nvidia_s_classes_is_read_by_its_attributes(write: Any, read: Read) -> None:
    kind = Kind(conv_clamp=1.5, architecture="resnet", mapping_lr=0.1, channels=(5, 4, 3))
    tensors = random_tensors(kind)
    module = without_persistence(generator_record(tensors, kind))
    checkpoint = read(write({"model": {"netG_ema": module}}))
    assert "stylegan2-ada-pytorch" in checkpoint.format
    assert checkpoint.notes == ()
    assert (checkpoint.config.conv_clamp, checkpoint.config.mapping_lr) == (1.5, 0.1)
    assert_same_pictures(checkpoint, kind, tensors)


def test_an_unknown_layer_in_nvidia_s_generator_is_refused_by_name(read: Read) -> None:
    module = generator_record(random_tensors(KIND), KIND)
    synthesis = module.arguments[0]["state"]["_modules"]["synthesis"]
    synthesis.arguments[0]["state"]["_modules"]["b8"] = torch.nn.Linear(2, 3)
    with pytest.raises(CheckpointError, match=r"names torch\.nn\.modules\.linear\.Linear"):
        read(pickled({"G_ema": module}))


def test_a_tensor_that_does_not_fit_is_named(read: Read) -> None:
    state = rosinality_state(random_tensors(KIND), KIND) | {"convs.1.gate": torch.ones(2)}
    with pytest.raises(CheckpointError, match=r"convs\.1\.gate of shape \(2,\), which"):
        read(saved({"g_ema": module_of(state)}))


def test_another_network_is_refused_by_its_class(read: Read) -> None:
    with pytest.raises(CheckpointError, match=rf"names {CLASS}, which.*refused"):
        read(saved({"net": module_of({"conv.weight": torch.ones(2)})}))


@pytest.mark.parametrize("broken", [3, None, {"a": 1}, [torch.ones(2)], pathlib.PurePath("a")])
@pytest.mark.parametrize("part", ["_parameters", "_buffers", "_modules"])
def test_parts_in_another_form_are_no_network(part: str, broken: Any, read: Read) -> None:
    module = Part()
    module.__dict__[part] = broken
    tensors = random_tensors(KIND)
    checkpoint = read(saved({"g_ema": tensors, "net": module}))
    assert any(CLASS in note for note in checkpoint.notes)
    assert_same_pictures(checkpoint, KIND, tensors)


def test_many_names_for_few_modules_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that hold each other twice have exponentially many names."""

    def record(children: dict[str, Any], tensors: dict[str, Any]) -> Record:
        return Record("a", {"_modules": children, "_parameters": tensors, "_buffers": {}})

    monkeypatch.setattr(modules, "MAX_PARTS", 1000)
    module = record({}, {"weight": np.ones(2)})
    for _ in range(9):
        module = record({"a": module, "b": module}, {})
    with pytest.raises(CheckpointError, match="network of more than 1,000 parts"):
        named_tensors(module)
    many = {str(name): np.ones(1) for name in range(1001)}
    with pytest.raises(CheckpointError, match="network of more than 1,000 parts"):
        named_tensors(record({}, many))
