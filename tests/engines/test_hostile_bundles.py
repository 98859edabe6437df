"""A bundle from somewhere else is data: what its graphs hold, take and give is known before a
runtime reads them, and what it says of itself is checked by type and range."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tui_draggan.bundle import INVERSION, MANIFEST, ModelBundle
from tui_draggan.cli import main
from tui_draggan.engines import graph_files
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.graph_files import check_files, check_graphs
from tui_draggan.errors import BundleError, EngineError
from tui_draggan.files import sha256

ROWS, WIDTH, SIDE = 12, 256, 128
"""Rows and width of w+, and the picture's side, of the bundled model."""


@pytest.fixture
def folder(critters: ModelBundle, tmp_path: Path) -> Path:
    """A copy of the bundled model, as it might come from somewhere else."""
    return Path(shutil.copytree(critters.path, tmp_path / "elsewhere"))


def say_again(folder: Path, name: str) -> None:
    """The manifest of whoever changed that file agrees with it."""
    values = json.loads((folder / MANIFEST).read_text())
    file = folder / name
    values["files"][name] = {"size": file.stat().st_size, "sha256": sha256(file)}
    (folder / MANIFEST).write_text(json.dumps(values))


def synthesis(
    *nodes: onnx.NodeProto, shape: list[Any] | None = None, **more: Any
) -> onnx.ModelProto:
    """A small graph in the place of synthesis.onnx: a picture of one colour."""
    ends = numpy_helper.from_array(np.array([1, 3, SIDE, SIDE]), "ends")
    made = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["ws"], ["mean"], axes=[0, 1, 2], keepdims=0),
            *nodes,
            helper.make_node("Expand", ["mean", "ends"], ["image"]),
        ],
        "synthesis",
        [helper.make_tensor_value_info("ws", TensorProto.FLOAT, [1, ROWS, WIDTH])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape or [1, 3, SIDE, SIDE])],
        [ends],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_model(made, opset_imports=versions, ir_version=8, **more)


def body(*nodes: onnx.NodeProto) -> onnx.GraphProto:
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, []) for name in ("into", "out")
    ]
    return helper.make_graph(list(nodes), "body", [], values[1:])


def calls(name: str, of: str, times: int = 1) -> onnx.FunctionProto:
    """A function that calls another one so many times in a row."""
    places = ["x", *(f"x{n}" for n in range(1, times)), "y"]
    nodes = [
        helper.make_node(of, [before], [after], domain="own") for before, after in pairwise(places)
    ]
    return helper.make_function("own", name, ["x"], ["y"], nodes, [helper.make_opsetid("own", 1)])


CALL = helper.make_node("f", ["mean"], ["called"], domain="own")
BRANCH = body(helper.make_node("Identity", ["mean"], ["out"]))
SPARSE = helper.make_sparse_tensor(
    numpy_helper.from_array(np.ones(1, np.float32), "few"),
    numpy_helper.from_array(np.zeros(1, np.int64)),
    [1 << 40],
)
HOSTILE: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "calls itself": (lambda: synthesis(CALL, functions=[calls("f", "f")]), "has functions"),
    "calls without end": (
        lambda: synthesis(
            CALL, functions=[calls("f", "f0"), *(calls(f"f{n}", f"f{n + 1}", 9) for n in range(40))]
        ),
        "has functions",
    ),
    "branches": (
        lambda: synthesis(
            helper.make_node("If", ["mean"], ["out2"], then_branch=BRANCH, else_branch=BRANCH)
        ),
        "has graphs inside its nodes",
    ),
    "loops": (
        lambda: synthesis(helper.make_node("Loop", ["", "", "mean"], ["out2"], body=BRANCH)),
        "has graphs inside its nodes",
    ),
    "an operator of another domain": (
        lambda: synthesis(helper.make_node("PythonOp", ["mean"], ["out2"], domain="com.microsoft")),
        "has the operator PythonOp of com.microsoft, which is not a standard one",
    ),
    "its own operator": (lambda: synthesis(CALL), "has the operator f of own"),
    "another input": (
        lambda: renamed(synthesis(), "input", "w"),
        "takes w, which no graph of a bundle does",
    ),
    "another output": (lambda: renamed(synthesis(), "output", "picture"), "does not give image"),
    "another shape": (
        lambda: synthesis(shape=[1, 3, 64, SIDE]),
        "gives image of shape (1, 3, 64, 128); bundle.json says (1, 3, 128, 128)",
    ),
    "fewer axes": (lambda: synthesis(shape=[1, 3, SIDE]), "gives image of shape (1, 3, 128)"),
}


def renamed(model: onnx.ModelProto, kind: str, name: str) -> onnx.ModelProto:
    getattr(model.graph, kind)[0].name = name
    return model


def test_a_good_one_is_good(critters: ModelBundle, folder: Path) -> None:
    check_graphs(critters)
    onnx.save(synthesis(), folder / "synthesis.onnx")
    say_again(folder, "synthesis.onnx")
    bundle = ModelBundle.open(folder)
    check_graphs(bundle)
    image = open_engine(bundle, "cpu", "ort").render(np.full((ROWS, WIDTH), 1, np.float32))
    assert image.shape == (SIDE, SIDE, 3) and (image == 255).all()


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_runtime_sees_a_graph_that(
    kind: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, words = HOSTILE[kind]
    onnx.save(make(), folder / "synthesis.onnx")
    say_again(folder, "synthesis.onnx")
    for command in (["models", str(folder)], ["models", "--verify", str(folder)]):
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"synthesis.onnx {words}" in line
    monkeypatch.setattr("tui_draggan.engines.runtime.open_session", None)
    monkeypatch.setattr("tui_draggan.engines.runtime.write_optimised", None)
    with pytest.raises(BundleError, match=r"synthesis\.onnx"):
        open_engine(ModelBundle.open(folder), "cpu", "ort").render(
            np.zeros((ROWS, WIDTH), np.float32)
        )


def test_sparse_tensors_and_too_many_operators(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = synthesis()
    model.graph.sparse_initializer.append(SPARSE)
    onnx.save(model, folder / "synthesis.onnx")
    say_again(folder, "synthesis.onnx")
    with pytest.raises(BundleError, match="has sparse tensors"):
        check_files(ModelBundle.open(folder), "synthesis.onnx")
    monkeypatch.setattr(graph_files, "MOST_NODES", 30)
    with pytest.raises(BundleError, match="has 35 operators, expected up to 30"):
        check_files(ModelBundle.open(folder), "mapping.onnx")
    monkeypatch.setattr(graph_files, "MOST_BYTES", 100)
    with pytest.raises(BundleError, match="larger than a bundle's graph"):
        check_files(ModelBundle.open(folder), "mapping.onnx")


def test_the_training_graphs_may_have_what_ours_have(folder: Path) -> None:
    model = onnx.load(folder / "drag/eval_model.onnx", load_external_data=False)
    model.graph.node[0].domain = "com.microsoft"
    model.graph.node[0].op_type = "FusedMatMul"
    onnx.save(model, folder / "drag/eval_model.onnx")
    onnx.save(model, folder / "drag/step.onnx")
    for name in ("drag/eval_model.onnx", "drag/step.onnx"):
        say_again(folder, name)
    bundle = ModelBundle.open(folder)
    check_files(bundle, "drag/eval_model.onnx")
    with pytest.raises(BundleError, match=r"FusedMatMul of com\.microsoft"):
        check_files(bundle, "drag/step.onnx")


@pytest.mark.parametrize("engine", ["ort", "torch"])
def test_a_picture_that_is_not_finite_or_of_another_shape_is_refused(
    folder: Path, engine: str
) -> None:
    """What the graph does not declare is seen when it runs."""
    broken = {
        r"the picture is not finite": synthesis(helper.make_node("Log", ["mean"], ["log"])),
        r"the picture has shape \(1, 1, 1, 1\); bundle.json says \(1, 3, 128, 128\)": synthesis(),
    }
    for number, (words, model) in enumerate(broken.items()):
        if number:
            model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.ones(4, int), "ends"))
            model.graph.output[0].CopyFrom(onnx.ValueInfoProto(name="image"))
            model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
        else:
            model.graph.node[-1].input[0] = "log"
        onnx.save(model, folder / "synthesis.onnx")
        say_again(folder, "synthesis.onnx")
        with pytest.raises(EngineError, match=words):
            open_engine(ModelBundle.open(folder), "cpu", engine).render(
                np.full((ROWS, WIDTH), -1, np.float32)
            )


def test_the_graph_of_inversions_takes_and_gives_what_the_manifest_says(folder: Path) -> None:
    whole = onnx.load(folder / INVERSION, load_external_data=False)

    def refused(model: onnx.ModelProto) -> str:
        onnx.save(model, folder / INVERSION)
        say_again(folder, INVERSION)
        with pytest.raises(BundleError) as error:
            check_files(ModelBundle.open(folder), INVERSION)
        return str(error.value)

    check_files(ModelBundle.open(folder), INVERSION)
    assert "takes ws, which no graph of a bundle does" in refused(synthesis())
    small = copy.deepcopy(whole)
    small.graph.input[1].type.tensor_type.shape.dim[2].dim_value = 64
    assert "takes target of shape (1, 3, 64, 128)" in refused(small)
    mute = copy.deepcopy(whole)
    del mute.graph.output[1]
    assert "does not give gradient" in refused(mute)


# -- the manifest ---------------------------------------------------------------------------------

NONE = object()
NO_SIDES: tuple[object, ...] = -128, 0, 1e9, 128.5, "128"
NO_LENGTHS: tuple[object, ...] = -1, 0, 10**30, True, None, []
WRONG: list[tuple[str, object, str]] = [
    *(("size.height", value, "size is an object, expected height and width") for value in NO_SIDES),
    ("size", 128, "size is 128, expected height and width, each a whole number from 1 to 8192"),
    ("size.depth", 3, "size is an object, expected height and width"),
    *(("z_dim", value, "expected a whole number") for value in NO_LENGTHS),
    ("w_dim", 0, "w_dim is 0, expected a whole number from 1 to 65536"),
    ("num_ws", -3, "num_ws is -3"),
    ("num_ws", NONE, "num_ws is missing"),
    ("num_ws", 3, "drag.trainable_rows is 7, but num_ws 3"),
    ("name", "", 'name is "", expected text of 1 to 255 characters'),
    ("name", 7, "name is 7"),
    ("classes", "cat", 'classes is "cat", expected a list'),
    ("classes", [1], "classes is a list, expected a list, each text"),
    ("licence", ["MIT"], "licence is a list, expected text"),
    ("recommended", {"r1": "3"}, "what the model recommends cannot be used: r1 is 3"),
    ("recommended", {"r1": float("nan")}, "recommended is an object, expected a finite number"),
    ("recommended", {"r1": [3]}, "recommended is an object, expected a finite number"),
    ("recommended", {"r1": 1e9}, "what the model recommends cannot be used: r1 is"),
    ("recommended", {"magic": 1}, "no parameter named magic"),
    ("recommended", {"psi": 900}, "psi is 900"),
    ("generator", [], "generator is a list, expected an object"),
    ("invented", 1, "invented is unknown"),
    ("drag", 5, "drag is 5, expected an object"),
    ("drag.feature_map.height", 48, "drag.feature_map is 32×48, no even part of a picture of 128"),
    ("drag.feature_channels", -1, "drag.feature_channels is -1"),
    ("drag.trainable_rows", 0, "drag.trainable_rows is 0"),
    ("drag.preview.width", 10**9, "drag.preview is an object, expected height and width"),
    ("drag.invented", 1, "drag.invented is unknown"),
    ("drag.check", [], "drag.check is a list, expected an object"),
    ("drag.check.loss", "low", 'drag.check.loss is "low", expected a finite number'),
    ("drag.check.r1", 10**9, "drag.check.r1 is 1000000000"),
    ("drag.check.points", [[1, 2, 3]], "drag.check.points is a list, expected a list, each two"),
    ("drag.check.points", [], "drag.check needs as many points"),
    ("drag.check.handles", [[-5, 900]], "points"),
    ("files", [], "files is a list, expected an object"),
    ("files.mapping\u2024onnx.sha256", NONE, "files.mapping.onnx.sha256 is missing"),
    ("files.mapping\u2024onnx.sha256", "feed", "expected 64 hexadecimal digits"),
    ("files.mapping\u2024onnx.size", -1, "files.mapping.onnx.size is -1"),
    ("files.mapping\u2024onnx", 3, "files.mapping.onnx is 3, expected an object"),
]


@pytest.mark.parametrize(("field", "value", "words"), WRONG)
def test_a_manifest_that_cannot_be_is_one_line(
    field: str, value: object, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = json.loads((folder / MANIFEST).read_text())
    held = values
    *way, last = [part.replace("\u2024", ".") for part in field.split(".")]
    for part in way:
        held = held[part]
    if value is NONE:
        del held[last]
    else:
        held[last] = value
    (folder / MANIFEST).write_text(json.dumps(values))
    for command in (
        ["models", str(folder)],
        ["models", "--verify", str(folder)],
        ["drag", "--model", str(folder), "--point", "5,5:9,9"],
    ):
        assert main(command) == 2
        said = capsys.readouterr()
        (line,) = said.err.splitlines()
        assert words in line and said.out == ""


def test_sizes_of_format_3_are_checked_as_well(folder: Path) -> None:
    """Whose pictures are squares, and whose feature block is the side of its map."""
    values = json.loads((folder / MANIFEST).read_text())
    del values["size"], values["drag"]["feature_map"], values["drag"]["preview"]
    values |= {"format_version": 3, "resolution": SIDE}
    values["drag"]["preview_size"] = SIDE
    check = ModelBundle.open

    def written(**drag: object) -> Path:
        changed = {**values, "drag": {**values["drag"], **drag}}
        (folder / MANIFEST).write_text(json.dumps(changed))
        return folder

    assert check(written()).info.size == (SIDE, SIDE)
    with pytest.raises(BundleError, match="feature_block is 48×48, no even part of a picture of"):
        check(written(feature_block=48))
    with pytest.raises(BundleError, match=r"drag\.preview_size is 0, expected a whole number"):
        check(written(preview_size=0))
    values["resolution"] = -SIDE
    with pytest.raises(BundleError, match="resolution is -128, expected a whole number from 1"):
        check(written())


def test_a_list_of_models_names_those_that_cannot_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder.parent / "data"))
    models = folder.parent / "data" / "tui-draggan" / "models"
    models.mkdir(parents=True)
    values = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**values, "size": -1}))
    folder.rename(models / "a\u202egpj.exe\x1b[31m")
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if "exe" in line]
    assert line.startswith("a\\u202egpj.exe\\x1b[31m") and "does not open" in line
    assert "size is -1, expected height and width" in line
    assert main(["models", "--verify"]) == 2
    said = capsys.readouterr()
    assert "critters: intact" in said.out and "size is -1" in said.err
