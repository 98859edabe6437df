from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tests.tiny import tiny_alias_free, tiny_generator
from tui_draggan.bundle import STEP, WITHOUT_PICTURE, ModelBundle
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.engines.adam import EPSILON
from tui_draggan.engines.choose import open_engine
from tui_draggan.errors import BundleError, EngineError, OutputError, UsageError
from tui_draggan.export import drag_graphs, resampling
from tui_draggan.export import folded as folded_module
from tui_draggan.export.bundle_writer import default_feature_block, export_bundle
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.config import GeneratorConfig


def save(path: Path, **changes: object) -> Path:
    generator = tiny_generator()
    values = {"config": generator.config.to_dict(), "state": generator.state_dict(), **changes}
    torch.save({key: value for key, value in values.items() if value is not None}, path)
    return path


def test_weights_go_through_a_bundle_and_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    info = export_bundle(
        load_generator(save(tmp_path / "weights.pt")),
        tmp_path / "model",
        name="small",
        feature_block=8,
        recommended={"learning_rate": 0.002, "r1": 2},
        keep_weights=True,
        description="a test",
    )
    assert capfd.readouterr() == ("", "")
    bundle = ModelBundle.open(tmp_path / "model")
    bundle.verify()
    assert bundle.info == info
    assert info.name == "small" and info.recommended == {"learning_rate": 0.002, "r1": 2}
    assert info.drag.feature_block == 8 and info.drag.trainable_rows == 3

    expected = tiny_generator()
    kept = load_generator(tmp_path / "model" / "generator.pt")
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(kept.state_dict()[name], value)

    engine = open_engine(bundle, "cpu")
    z = torch.randn(1, info.z_dim)
    w = engine.map(z[0].numpy())
    np.testing.assert_allclose(w, expected.mapping(z)[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(engine.w_avg, expected.mapping.w_avg)
    picture = expected.synthesis(torch.tensor(w)[None, None].expand(-1, info.num_ws, -1))
    levels = (picture[0] * 127.5 + 127.5).round().clamp(0, 255).permute(1, 2, 0)
    difference = np.abs(engine.render(np.tile(w, (info.num_ws, 1))) - levels.numpy())
    assert difference.max() <= 1


def test_a_conditional_generator_has_classes(tmp_path: Path) -> None:
    generator = tiny_generator(c_dim=3)
    export_bundle(generator, tmp_path / "model", name="classes", feature_block=16)
    engine = open_engine(ModelBundle.open(tmp_path / "model"), "cpu")
    assert engine.info.classes == ("0", "1", "2")
    z = torch.randn(1, 16)
    for label in range(3):
        expected = generator.mapping(z, torch.eye(3)[label : label + 1])
        np.testing.assert_allclose(engine.map(z[0].numpy(), label), expected[0], rtol=1e-4)
    for wrong in None, -1, 3:
        with pytest.raises(ValueError, match="0 to 2"):
            engine.map(z[0].numpy(), wrong)


def test_what_the_runtime_needs_of_the_files(tmp_path: Path) -> None:
    export_bundle(tiny_generator(), tmp_path / "model", name="m", feature_block=16)
    stored = 0
    for file in sorted((tmp_path / "model").rglob("*.onnx")):
        model = onnx.load(file, load_external_data=False)
        assert model.ir_version <= 10, file
        stored += sum(len(tensor.raw_data) for tensor in model.graph.initializer)
        kinds = {node.op_type for node in model.graph.node}
        assert not kinds & {"ConvGrad", "ConvTransposeGrad", "LeakyReluGrad", "LeakyRelu", "Sign"}
        if file.name == "optimizer_model.onnx":
            (node,) = model.graph.node
            values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            assert values["epsilon"] == pytest.approx(EPSILON)
            assert values["adam_mode"] == 0  # ε after the bias correction
            assert values["weight_decay"] == 0
    weights = (tmp_path / "model" / "drag" / "weights.bin").stat().st_size
    parameters = sum(p.numel() for p in tiny_generator().synthesis.parameters())
    assert weights < 4 * parameters * 2  # one copy, with what is folded beside it


def test_export_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose from 4, 8, 16, 32"):
        export_bundle(tiny_generator(), tmp_path / "model", name="m", feature_block=64)
    assert not (tmp_path / "model").exists()
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists"):
        export_bundle(tiny_generator(), tmp_path / "there", name="m", feature_block=16)


def test_default_feature_blocks() -> None:
    for resolution, block in (1024, 128), (512, 128), (256, 128), (128, 64), (64, 32):
        config = GeneratorConfig.from_channel_base(resolution, 64, 8)
        assert default_feature_block(config) == block


def test_a_picture_drawn_in_bands_keeps_its_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resampling, "FILTER_BY_PRODUCT", 16)
    monkeypatch.setattr(resampling, "UPSAMPLE_BY_PRODUCT", 16)
    monkeypatch.setattr(folded_module, "BAND", 8 * 32 * 32)
    generator = tiny_generator()
    for name, strength in generator.synthesis.named_parameters():
        if name.endswith("noise_strength"):
            strength.data.fill_(1.0)
    info = export_bundle(generator, tmp_path / "model", name="noisy", feature_block=8)
    engine = open_engine(ModelBundle.open(tmp_path / "model"), "cpu", "ort")
    ws = torch.randn(info.num_ws, info.w_dim)
    expected = (generator.synthesis(ws[None])[0].permute(1, 2, 0) * 127.5 + 127.5).clamp(0, 255)
    assert np.abs(engine.render(ws.numpy()) - expected.numpy()).max() <= 1


def test_without_training_tools_the_step_is_the_same_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient is the program's own: any platform writes the step that any other would."""
    export_bundle(tiny_generator(), tmp_path / "with", name="m", feature_block=8)
    monkeypatch.setattr(drag_graphs, "has_training_tools", lambda: False)
    export_bundle(tiny_generator(), tmp_path / "without", name="m", feature_block=8)
    bundle = ModelBundle.open(tmp_path / "without")
    assert not bundle.for_training_api
    names = STEP, WITHOUT_PICTURE[STEP], "drag/weights.bin"
    assert {f"drag/{path.name}" for path in (bundle.path / "drag").iterdir()} == {*names}
    for name in names:
        assert bundle.file(name).read_bytes() == (tmp_path / "with" / name).read_bytes()
    with pytest.raises(EngineError, match=r"^m has no graphs for the training API"):
        open_engine(bundle, "cpu", "ort-training")
    assert open_engine(bundle, "cpu", "ort").name == "ort"


def test_a_step_without_picture_has_no_upper_blocks(tmp_path: Path) -> None:
    """And no control flow."""
    export_bundle(tiny_generator(), tmp_path / "model", name="m", feature_block=8)
    bundle = ModelBundle.open(tmp_path / "model")
    whole, less = (onnx.load(bundle.file(name)) for name in (STEP, WITHOUT_PICTURE[STEP]))
    assert {node.op_type for node in less.graph.node}.isdisjoint({"If", "Loop", "Scan"})
    assert not any("b32" in tensor.name for tensor in less.graph.initializer)
    assert any("b32" in tensor.name for tensor in whole.graph.initializer)
    outputs = {value.name for value in whole.graph.output}
    assert {value.name for value in less.graph.output} == outputs - {"image", "outside"}


def test_a_bundle_with_a_part_of_the_training_files_is_damaged(tmp_path: Path) -> None:
    export_bundle(tiny_generator(), tmp_path / "model", name="m", feature_block=8)
    if not ModelBundle.open(tmp_path / "model").for_training_api:
        pytest.skip("this onnxruntime has no training tools")
    manifest = tmp_path / "model" / "bundle.json"
    values = json.loads(manifest.read_text())
    del values["files"]["drag/checkpoint"]
    manifest.write_text(json.dumps(values))
    with pytest.raises(BundleError, match="does not list drag/checkpoint"):
        ModelBundle.open(tmp_path / "model")


def test_weights_that_give_no_numbers_are_refused(tmp_path: Path) -> None:
    """Before anything is written that no program would open."""
    generator = tiny_generator()
    with torch.no_grad():
        generator.get_parameter("synthesis.b8.conv0.affine.bias").fill_(torch.nan)
    with pytest.raises(UsageError, match="no finite features at its mean w"):
        export_bundle(generator, tmp_path / "broken", name="broken", feature_block=8)
    assert not (tmp_path / "broken").exists()


def test_a_new_stylegan3_draws_its_mean_w() -> None:
    """Which is 0 then; a published one begins with the same bias."""
    config = tiny_alias_free().config
    generator = AliasFreeGenerator(config)
    assert not generator.mapping.w_avg.any()
    with torch.no_grad():
        assert generator.synthesis(torch.zeros(1, config.num_ws, config.w_dim)).isfinite().all()
