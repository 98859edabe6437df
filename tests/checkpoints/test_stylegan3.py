"""StyleGAN3's pickles, written independently, and what must not be in them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch

from tests.checkpoints.conftest import Read
from tests.checkpoints.test_nvidia import attributes_of
from tests.checkpoints.writers.pickling import pickled
from tests.checkpoints.writers.stylegan3 import W_DIM, Z_DIM, random_stylegan3, stylegan3_record
from tests.plain_stylegan2 import PlainGenerator
from tests.tiny import tiny_alias_free
from tui_draggan.checkpoints.generator import build_generator
from tui_draggan.checkpoints.missing import MEAN_NOTE
from tui_draggan.errors import CheckpointError
from tui_draggan.stylegan.alias_free_config import AliasFreeConfig

pytestmark = pytest.mark.slow

LAYER = "L1_24_6"


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_gives_its_pictures(radial: bool, protocol: int, read: Read) -> None:
    plain = random_stylegan3(radial)
    checkpoint = read(pickled({"G_ema": stylegan3_record(plain)}, protocol))
    config = checkpoint.config
    assert isinstance(config, AliasFreeConfig)
    assert config.architecture == f"StyleGAN3-{'R' if radial else 'T'}"
    assert config.architecture in checkpoint.format and checkpoint.notes == ()
    assert (config.z_dim, config.w_dim, config.num_ws, config.conv_clamp) == (4, 5, 8, 1.5)
    generator = build_generator(checkpoint)
    z, ws = torch.randn(Z_DIM), torch.randn(config.num_ws, W_DIM)
    picture = plain.picture(ws)
    assert picture.std() > 0.1, "the picture says nothing"
    actual = generator.synthesis(ws[None])[0].double()
    torch.testing.assert_close(actual, picture, rtol=0, atol=1e-4)
    expected_w = PlainGenerator({k: v.double() for k, v in plain.tensors.items()}).w(z.double())
    torch.testing.assert_close(
        generator.mapping(z[None])[0].double(), expected_w, rtol=0, atol=1e-4
    )


def test_classes(read: Read) -> None:
    plain = random_stylegan3(False, c_dim=3)
    checkpoint = read(pickled({"G_ema": stylegan3_record(plain)}))
    assert checkpoint.config.c_dim == 3
    z = torch.randn(Z_DIM)
    expected = PlainGenerator({k: v.double() for k, v in plain.tensors.items()}).w(z.double(), 1)
    w = build_generator(checkpoint).mapping(z[None], torch.eye(3)[1:2])[0]
    torch.testing.assert_close(w.double(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("module", "key", "value", "words"),
    [
        (LAYER, "down_radial", True, "down_radial"),
        (LAYER, "in_cutoff", 2.5, "in_cutoff"),
        (LAYER, "out_cutoff", 3.0, "in_cutoff|down_filter"),
        (LAYER, "padding", [1, 1, 1, 1], "padding"),
        (LAYER, "out_size", np.array([24, 30]), "out_size"),
        (LAYER, "out_sampling_rate", 17, "rates|in_sampling_rate"),
        (LAYER, "out_channels", 10**9, "out_channels"),
        (LAYER, "conv_clamp", 3.0, "conv_clamp"),
        (LAYER, "up_taps", 18, "up_taps"),
        ("L6_32_3", "out_size", np.array([4096, 4096]), "out_size"),
        ("L0_24_7", "up_taps", 10**6, "up_taps"),
        ("L0_24_7", "tmp_sampling_rate", 0, "tmp_sampling_rate"),
    ],
)
def test_a_layer_that_says_something_else_is_refused(
    module: str, key: str, value: Any, words: str, read: Read
) -> None:
    record = stylegan3_record(random_stylegan3(False))
    attributes_of(record, "synthesis", module)[key] = value
    with pytest.raises(CheckpointError, match=words):
        read(pickled({"G_ema": record}))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (f"synthesis.{LAYER}.weight", torch.ones(6, 7, 5, 5), "shape"),
        (f"synthesis.{LAYER}.magnitude_ema", torch.tensor(-1.0), "magnitude_ema"),
        (f"synthesis.{LAYER}.bias", torch.full((6,), torch.nan), "not finite"),
        ("synthesis.input.transform", torch.diag(torch.tensor([2.0, 1, 1])), "transform"),
        ("synthesis.input.freqs", torch.ones(3, 2), "freqs"),
    ],
)
def test_tensors_that_cannot_be(name: str, value: torch.Tensor, words: str, read: Read) -> None:
    plain = random_stylegan3(False)
    record = stylegan3_record(plain)
    module, _, key = name.rpartition(".")
    state = attributes_of(record, *module.split("."))
    place = state["_parameters"] if key in state["_parameters"] else state["_buffers"]
    place[key] = value
    with pytest.raises(CheckpointError, match=words):
        read(pickled({"G_ema": record}))


def test_other_filters_are_refused(read: Read) -> None:
    record = stylegan3_record(random_stylegan3(True))
    attributes_of(record, "synthesis", LAYER)["_buffers"]["down_filter"] = torch.ones(12, 12) / 144
    with pytest.raises(CheckpointError, match=rf"{LAYER}\.down_filter other than a Kaiser"):
        read(pickled({"G_ema": record}))


def test_a_layer_is_missing(read: Read) -> None:
    record = stylegan3_record(random_stylegan3(False))
    del attributes_of(record, "synthesis")["_modules"]["L2_40_6"]
    with pytest.raises(CheckpointError, match="layers L0, L1, L3"):
        read(pickled({"G_ema": record}))


def saved(values: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(values, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "filters",
    [{"synthesis.L1_36_12.down_filter": torch.ones(12, 12)}, {}],
    ids=["with filters", "without"],
)
def test_a_state_dict_of_a_published_network(filters: dict[str, torch.Tensor], read: Read) -> None:
    """Cutoffs are not in it: the paper's rule gives them, where the sizes fit."""
    generator = tiny_alias_free(radial=True, margin=10, layers=6)
    checkpoint = read(saved({"g_ema": {**generator.state_dict(), **filters}}))
    assert isinstance(checkpoint.config, AliasFreeConfig)
    assert checkpoint.config.stages == generator.config.stages
    multiplier, cutoffs = checkpoint.notes
    assert "published networks are assumed" in cutoffs
    assert "learning-rate multiplier; 0.01 is assumed, which fits its weights" in multiplier
    ws = torch.randn(1, 8, 16)
    picture = build_generator(checkpoint).synthesis(ws)
    torch.testing.assert_close(picture, generator.synthesis(ws))
    with pytest.raises(CheckpointError, match="the file gives no cutoffs"):
        read(saved(tiny_alias_free(margin=4, layers=6).state_dict()))


def test_of_a_mean_that_is_missing_its_error_is_told(read: Read) -> None:
    state = dict(tiny_alias_free(radial=True, margin=10, layers=6).state_dict())
    del state["mapping.w_avg"]
    checkpoint = read(saved({"g_ema": state}))
    assert MEAN_NOTE in checkpoint.notes
    assert build_generator(checkpoint).mapping.w_avg.isfinite().all()


def test_this_programs_own_file(read: Read) -> None:
    generator = tiny_alias_free(c_dim=2)
    config = {"family": "StyleGAN3", **generator.config.to_dict()}
    values = {"config": config, "state": generator.state_dict(), "classes": ["cat", "dog"]}
    checkpoint = read(saved(values))
    assert checkpoint.config == generator.config and checkpoint.classes == ("cat", "dog")
    ws = torch.randn(1, 8, 16)
    picture = build_generator(checkpoint).synthesis(ws)
    torch.testing.assert_close(picture, generator.synthesis(ws))
    for wrong in ({**config, "stages": 3}, {**config, "family": "StyleGAN9"}):
        with pytest.raises(CheckpointError, match="unknown configuration"):
            read(saved({**values, "config": wrong}))
