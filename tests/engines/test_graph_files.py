"""What a graph reads beside itself is known before a runtime reads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from tui_draggan.bundle import MANIFEST, ModelBundle
from tui_draggan.engines.base import LocalEngine
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.graph_files import check_files
from tui_draggan.engines.onnx_messages import contents
from tui_draggan.errors import BundleError
from tui_draggan.files import sha256


def outside(name: str, location: str = "elsewhere") -> onnx.TensorProto:
    """A tensor whose values lie in another file."""
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), name)
    set_external_data(tensor, location, offset=0, length=16)
    tensor.ClearField("raw_data")
    return tensor


def graph(*nodes: onnx.NodeProto, **given: list[object]) -> onnx.GraphProto:
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])
    made = helper.make_graph(list(nodes), "graph", [], [y])
    for field, values in given.items():
        getattr(made, field).extend(values)
    return made


def constant(**attributes: object) -> onnx.NodeProto:
    node = helper.make_node("Constant", [], ["y"])
    node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
    return node


def sparse(values: onnx.TensorProto, indices: onnx.TensorProto) -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(values=values, indices=indices, dims=[4])


def function(node: onnx.NodeProto) -> onnx.FunctionProto:
    versions = [helper.make_opsetid("", 17)]
    return helper.make_function("own", "f", [], ["y"], [node], versions)


INSIDE = numpy_helper.from_array(np.zeros(4, np.float32), "inside")
PLACES = {
    "an initializer": helper.make_model(graph(initializer=[INSIDE, outside("a")])),
    "a constant": helper.make_model(graph(constant(value=outside("a")))),
    "tensors": helper.make_model(graph(constant(values=[INSIDE, outside("a")]))),
    "a graph in a node": helper.make_model(graph(constant(body=graph(initializer=[outside("a")])))),
    "graphs": helper.make_model(graph(constant(all=[graph(), graph(constant(v=outside("a")))]))),
    "sparse values": helper.make_model(graph(sparse_initializer=[sparse(outside("a"), INSIDE)])),
    "sparse indices": helper.make_model(graph(constant(sparse_value=sparse(INSIDE, outside("a"))))),
    "a function": helper.make_model(graph(), functions=[function(constant(value=outside("a")))]),
    "training": onnx.ModelProto(
        graph=graph(),
        training_info=[onnx.TrainingInfoProto(algorithm=graph(initializer=[outside("a")]))],
    ),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_file_is_found_wherever_it_is_named(where: str) -> None:
    assert contents(PLACES[where].SerializeToString()).files == {"elsewhere"}
    inside = helper.make_model(graph(initializer=[INSIDE]))
    assert contents(inside.SerializeToString()).files == set()


def test_a_graph_in_two_parts_is_one_graph() -> None:
    """A protobuf message that comes twice is both together."""
    parts = [helper.make_model(graph(initializer=[tensor])) for tensor in (INSIDE, outside("a"))]
    both = b"".join(part.SerializeToString() for part in parts)
    assert {item.name for item in onnx.ModelProto.FromString(both).graph.initializer} == {
        "inside",
        "a",
    }
    assert contents(both).files == {"elsewhere"}


@given(st.binary(max_size=200), st.sampled_from(sorted(PLACES)), st.integers(0, 200))
def test_what_is_no_model_is_said(noise: bytes, where: str, at: int) -> None:
    """Nothing but ValueError; and what protobuf can read is read as protobuf reads it."""
    model = PLACES[where].SerializeToString()
    for content in noise, model[:at] + noise + model[at:], model[:at]:
        try:
            files = contents(content).files
        except ValueError:
            continue
        try:
            parsed = onnx.ModelProto.FromString(content)
        except Exception:  # protobuf wants more than a length: text in UTF-8, for one
            continue
        entries = [e for t in parsed.graph.initializer for e in t.external_data]
        assert {entry.value for entry in entries if entry.key == "location"} <= files


@pytest.fixture
def reading_elsewhere(critters: ModelBundle, tmp_path: Path) -> ModelBundle:
    """A bundle with an honest manifest whose graphs read a file of the system."""
    folder = tmp_path / "model"
    shutil.copytree(critters.path, folder)
    secret = tmp_path / "secret"
    secret.write_bytes(critters.file("drag/weights.bin").read_bytes())
    values = json.loads((folder / MANIFEST).read_text())
    for name in values["files"]:
        if name.endswith(".onnx"):
            model = onnx.load(folder / name, load_external_data=False)
            for tensor in model.graph.initializer:
                for entry in tensor.external_data:
                    if entry.key == "location":
                        entry.value = str(secret)
            onnx.save(model, folder / name)
            file = folder / name
            values["files"][name] = {"size": file.stat().st_size, "sha256": sha256(file)}
    (folder / MANIFEST).write_text(json.dumps(values))
    return ModelBundle.open(folder)


def test_no_engine_reads_a_file_outside_the_bundle(
    reading_elsewhere: ModelBundle, engine_name: str
) -> None:
    engine: LocalEngine = open_engine(reading_elsewhere, "cpu", engine_name)
    words = r"refers to the file '/.*secret'; weights lie in drag/weights\.bin"
    with pytest.raises(BundleError, match=words):
        engine.warm_up()
    with pytest.raises(BundleError, match=words):
        engine.render(np.zeros((engine.info.num_ws, engine.info.w_dim), np.float32))


def test_files_are_what_the_manifest_says(critters: ModelBundle, tmp_path: Path) -> None:
    check_files(critters, *critters.files)
    folder = tmp_path / "model"
    shutil.copytree(critters.path, folder)
    copy = ModelBundle.open(folder)
    content = bytearray(copy.file("drag/weights.bin").read_bytes())
    content[1000] ^= 1
    copy.file("drag/weights.bin").write_bytes(content)
    for name in "synthesis.onnx", "drag/step.onnx", "drag/training_model.onnx":
        with pytest.raises(BundleError, match=r"weights.bin is damaged \(SHA-256\)"):
            check_files(copy, name)
    check_files(copy, "mapping.onnx", "drag/checkpoint")
    copy.file("mapping.onnx").unlink()
    with pytest.raises(BundleError, match=r"mapping.onnx cannot be read"):
        check_files(copy, "mapping.onnx")
    del copy.files["drag/checkpoint"]["sha256"]
    with pytest.raises(BundleError, match=r"checkpoint is damaged"):
        check_files(copy, "drag/checkpoint")
