"""A person's own classifier: a graph of means with a known answer, in the forms that there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tui_draggan.errors import EngineError, UsageError

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

from tui_draggan.engines.classifier import IMAGENET_DEVIATION, IMAGENET_MEAN, Classifier  # noqa: E402

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 8, 3)).astype(np.uint8)


def means(
    path: Path, shape: tuple[str | int | None, ...], names: str = "", kind: int = TensorProto.FLOAT
) -> Path:
    """A graph that gives the mean of each colour, (N, 3)."""
    axes = [1, 2] if shape[-1] == 3 else [2, 3]
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["picture"], ["colours"], axes=axes, keepdims=0)],
        "means",
        [helper.make_tensor_value_info("picture", kind, shape)],
        [helper.make_tensor_value_info("colours", kind, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    if names:
        helper.set_model_props(model, {"outputs": names})
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    "shape",
    [("n", 3, "h", "w"), (1, 3, 12, 8), (None, "h", "w", 3), (1, 12, 8, 3)],
    ids=str,
)
@pytest.mark.parametrize("pixels", ["-1..1", "0..1", "0..255", "imagenet"])
def test_it_sees_the_picture_as_it_wants_it(
    tmp_path: Path, shape: tuple[str | int | None, ...], pixels: str
) -> None:
    found = Classifier(means(tmp_path / "a.onnx", shape), pixels).scores(PICTURE)
    mean = PICTURE.mean(axis=(0, 1), dtype=np.float64)
    expected = {
        "-1..1": mean / 127.5 - 1,
        "0..1": mean / 255,
        "0..255": mean,
        "imagenet": (mean / 255 - IMAGENET_MEAN) / IMAGENET_DEVIATION,
    }[pixels]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_another_size_is_scaled(tmp_path: Path) -> None:
    flat = np.full((64, 32, 3), (10, 20, 30), np.uint8)
    for shape in ((1, 3, 224, 224), (1, 32, 16, 3)):
        found = Classifier(means(tmp_path / "a.onnx", shape), "0..255").scores(flat)
        np.testing.assert_allclose(found, [10, 20, 30], rtol=1e-4)


def test_what_it_gives_has_names_or_numbers(tmp_path: Path) -> None:
    named = Classifier(means(tmp_path / "a.onnx", (1, 3, 8, 8), "red, green,blue"), "0..1")
    assert named.names == ("red", "green", "blue")
    assert [named.column(name, 3) for name in ("green", "2")] == [1, 2]
    with pytest.raises(UsageError, match=r"a.onnx gives 3 numbers: red, green, blue; none is 'x'"):
        named.column("x", 3)
    bare = Classifier(means(tmp_path / "b.onnx", (1, 3, 8, 8)), "0..1")
    assert bare.column("smile", 1) == 0
    with pytest.raises(UsageError, match="write NAME=NUMBER, 0 to 2"):
        bare.column("smile", 3)


def test_other_graphs_are_refused_by_name(tmp_path: Path) -> None:
    path = means(tmp_path / "a.onnx", (1, 4, 8, 8))
    with pytest.raises(UsageError, match=r"a.onnx takes no pictures; expected one input"):
        Classifier(path, "0..1")
    means(path, (1, 3, 8, 8), kind=TensorProto.DOUBLE)
    with pytest.raises(UsageError, match=r"a.onnx takes no pictures"):
        Classifier(path, "0..1")
    path.write_bytes(b"not at all")
    with pytest.raises(UsageError, match=r"a.onnx is not a classifier \(.onnx\)"):
        Classifier(path, "0..1")
    with pytest.raises(UsageError, match=r"nothing.onnx does not exist"):
        Classifier(tmp_path / "nothing.onnx", "0..1")


def test_it_opens_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(12))
    tensor = helper.make_tensor("weights", TensorProto.FLOAT, [3], [0.0] * 3)
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    graph = helper.make_graph(
        [helper.make_node("Identity", ["weights"], ["out"])],
        "thief",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [3])],
        [tensor],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UsageError, match="has its weights in other files"):
        Classifier(tmp_path / "a.onnx", "0..1")


def test_numbers_that_are_none_are_not_taken(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Log", ["picture"], ["log"]),
         helper.make_node("ReduceMean", ["log"], ["out"], axes=[2, 3], keepdims=0)],
        "logs",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, 12, 8))],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(EngineError, match=r"a.onnx gives numbers that are not finite"):
        Classifier(tmp_path / "a.onnx", "-1..1").scores(PICTURE)
