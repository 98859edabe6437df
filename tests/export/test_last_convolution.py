"""A step without a picture computes the last convolution where it is read, to the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.tiny import SIZE, tiny_generator
from tui_draggan.bundle import STEP, WITHOUT_PICTURE, ModelBundle
from tui_draggan.engines import graph_inputs
from tui_draggan.engines.graph_inputs import Feeds
from tui_draggan.engines.runtime import load_runtime
from tui_draggan.export import last_convolution
from tui_draggan.export.bundle_writer import export_bundle

BLOCK = 32
PLACES = ((16, 16), (0, 0), (31, 3), (2, 31), (31, 31))


def exported(path: Path, **options: Any) -> ModelBundle:
    export_bundle(tiny_generator(**options), path, name="m", feature_block=BLOCK)
    return ModelBundle.open(path)


def feeds(bundle: ModelBundle, places: list[tuple[int, int]], masked: bool) -> Feeds:
    """A step with handles there, a few pixels from their targets; the mask keeps rows 20 to 23."""
    info, random = bundle.info, np.random.default_rng(0)
    rows = info.drag.trainable_rows
    ws = random.standard_normal((info.num_ws, info.w_dim), np.float32)
    points = np.array(places, np.float32)
    frozen = ws.copy()
    frozen[:rows] = 0
    given = graph_inputs.with_handles(graph_inputs.untrained(info, frozen), points)
    if masked:
        given |= graph_inputs.outside_rows(info, 20, 4)
        given["outside_weight"] = given["outside_weight"] + np.float32(0.01)
    given |= {"latent": ws[:rows], "mix": np.eye(rows, dtype=np.float32)}
    given |= {"targets": (points + 5).clip(0, SIZE - 1) - (points > SIZE - 6) * np.float32(7)}
    return given | {"disc": graph_inputs.disc(2), "window": graph_inputs.window(2)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"architecture": "resnet", "conv_clamp": 1.2}, {"architecture": "orig"}],
    ids=str,
)
def test_all_it_gives_is_the_same_to_the_bit(tmp_path: Path, options: dict[str, Any]) -> None:
    bundle = exported(tmp_path / "model", **options)
    runtime = load_runtime()
    whole, less = (
        runtime.InferenceSession(str(bundle.file(name)), providers=["CPUExecutionProvider"])
        for name in (STEP, WITHOUT_PICTURE[STEP])
    )
    names = [value.name for value in less.get_outputs()]
    assert {"loss", "motion_loss", "mask_loss", "new_handles", "gradient"} <= {*names}
    for places in [[place] for place in PLACES] + [[*PLACES]]:
        for masked in False, True:
            given = feeds(bundle, places, masked)
            expected, found = whole.run(names, given), less.run(names, given)
            for name, one, other in zip(names, expected, found, strict=True):
                np.testing.assert_array_equal(one, other, f"{name}, {places}, masked {masked}")
            assert np.abs(found[names.index("gradient")]).max() > 0


def test_the_whole_map_is_not_there(tmp_path: Path) -> None:
    bundle = exported(tmp_path / "model")
    nodes = onnx.load(bundle.file(WITHOUT_PICTURE[STEP]), load_external_data=False).graph.node
    makers = {output: node for node in nodes for output in node.output}
    convolution = makers["/b32/conv1/Conv_output_0"]
    assert makers[convolution.input[0]].op_type == "Pad"
    assert makers[makers[convolution.input[0]].input[0]].op_type == "Slice"


def test_what_runs_in_tiles_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers would be rounded otherwise."""
    monkeypatch.setattr(last_convolution, "pays", lambda *_: True)
    bundle = exported(tmp_path / "model")
    assert bundle.without_picture(STEP) is None, "it would save nothing"
