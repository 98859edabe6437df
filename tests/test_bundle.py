"""A bundle is whole or it is refused, by the name of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui_draggan.bundle import MANIFEST, REQUIRED_FILES, ModelBundle, write_manifest
from tui_draggan.errors import BundleError
from tui_draggan.folders import new_folder
from tui_draggan.testing.spot_engine import INFO, UprightEngine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "spot"
    with new_folder(path) as work:
        for name in REQUIRED_FILES:
            (work / name).parent.mkdir(exist_ok=True)
            (work / name).write_text(name)
        write_manifest(work, INFO)
    return path


def test_what_was_written_is_what_opens(folder: Path) -> None:
    bundle = ModelBundle.open(folder)
    assert bundle.info == INFO
    bundle.verify()
    assert [path.name for path in folder.parent.iterdir()] == ["spot"]


def test_format_3_is_read_as_squares(folder: Path) -> None:
    """It gives one side of the picture and of the preview, and the block for the map's."""
    values = json.loads((folder / MANIFEST).read_text())
    del values["size"], values["alpha"], values["drag"]["feature_map"], values["drag"]["preview"]
    values |= {"format_version": 3, "resolution": 64}
    values["drag"]["preview_size"] = 64
    (folder / MANIFEST).write_text(json.dumps(values))
    assert ModelBundle.open(folder).info == INFO


def test_height_and_width_come_back(folder: Path) -> None:
    write_manifest(folder, UprightEngine.info)
    assert ModelBundle.open(folder).info == UprightEngine.info
    assert json.loads((folder / MANIFEST).read_text())["size"] == {"height": 64, "width": 32}


def test_what_is_wrong_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nowhere is not a folder"):
        ModelBundle.open(tmp_path / "nowhere")
    with pytest.raises(BundleError, match=f"has no {MANIFEST}"):
        ModelBundle.open(tmp_path)

    (folder / "synthesis.onnx").write_text("synthesis.oxxx")
    bundle = ModelBundle.open(folder)
    with pytest.raises(BundleError, match=r"synthesis.onnx is damaged"):
        bundle.verify()
    (folder / "synthesis.onnx").write_text("short")
    with pytest.raises(BundleError, match=r"synthesis.onnx has 5 bytes, expected 14"):
        ModelBundle.open(folder)
    (folder / "synthesis.onnx").unlink()
    with pytest.raises(BundleError, match=r"synthesis.onnx is missing"):
        ModelBundle.open(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "format version 99"),
        (
            {"size": None, "unknown": 1},
            "size is null, expected height and width, each a whole number",
        ),
        ({"alpha": 1}, "alpha is 1, expected true or false"),
        ({"files": {}}, "does not list"),
        ({"files": 3}, "files is 3, expected an object"),
        ({"drag": {}}, "drag.feature_block is missing"),
    ],
)
def test_a_manifest_of_another_kind(folder: Path, change: dict[str, object], message: str) -> None:
    values = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**values, **change}))
    with pytest.raises(BundleError, match=message):
        ModelBundle.open(folder)


@pytest.mark.parametrize(
    ("size", "feature_map", "message"),
    [
        *((side, 32, "size is an object, expected height and width") for side in (-64, 0, 6e9)),
        *((side, 32, "size is an object, expected height and width") for side in (64.5, "64")),
        (64, 0, "drag.feature_map is an object, expected height and width, each a whole number"),
        (64, 128, "drag.feature_map is 128×128, no even part of a picture of 64×64"),
        (64, 48, "drag.feature_map is 48×48, no even part"),
    ],
)
def test_sizes_that_cannot_be(
    folder: Path, size: object, feature_map: object, message: str
) -> None:
    values = json.loads((folder / MANIFEST).read_text())
    values["size"] = {"height": size, "width": size}
    values["drag"]["feature_map"] = {"height": feature_map, "width": feature_map}
    (folder / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(BundleError, match=message):
        ModelBundle.open(folder)


def test_a_map_of_other_proportions(folder: Path) -> None:
    values = json.loads((folder / MANIFEST).read_text())
    values["drag"]["feature_map"] = {"height": 32, "width": 16}
    (folder / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(BundleError, match="feature_map is 16×32, no even part of a picture of 64"):
        ModelBundle.open(folder)


def test_paths_out_of_the_bundle_and_broken_json(folder: Path) -> None:
    values = json.loads((folder / MANIFEST).read_text())
    values["files"]["../../secret"] = {"size": 1, "sha256": ""}
    (folder / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(BundleError, match="outside"):
        ModelBundle.open(folder)
    (folder / MANIFEST).write_text("{")
    with pytest.raises(BundleError, match="cannot be read"):
        ModelBundle.open(folder)
