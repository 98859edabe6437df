"""Files that people take for checkpoints are called what they are, with what to do instead."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch

from tests.checkpoints.conftest import Read
from tests.checkpoints.writers import relatives
from tests.checkpoints.writers.pickling import pickled
from tui_draggan.errors import CheckpointError

pytestmark = pytest.mark.slow


def npz(arrays: dict[str, Any], compressed: bool = False) -> bytes:
    file = io.BytesIO()
    write: Any = np.savez_compressed if compressed else np.savez
    write(file, **arrays)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def saved(value: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


W_PLUS = torch.randn(1, 18, 512)
ITS_GENERATOR = "not a generator; import the generator that it was made with"
PROJECTED = f"a latent code (projected_w.npz of NVIDIA's projector), {ITS_GENERATOR}"
PIVOT = f"a latent code of shape (1, 18, 512) (PTI's 0.pt), {ITS_GENERATOR}"
LUCIDRAINS = {"GE.S.net.0.weight": torch.ones(2), "G.initial_block": torch.ones(1, 8, 4, 4)}
FILES: dict[str, tuple[bytes, str]] = {
    "projected_w.npz": (npz({"w": W_PLUS.numpy()}), PROJECTED),
    "compressed latents": (npz({"w": np.ones((1, 18, 512))}, compressed=True), PROJECTED),
    "other arrays": (
        npz({"images": np.ones(3), "labels": np.ones(3)}),
        f"a NumPy archive (of images, labels), {ITS_GENERATOR}",
    ),
    "an array": (
        npy(np.ones(512)),
        f"a NumPy array, such as a latent code or a direction, {ITS_GENERATOR}; a direction is "
        "added to it with tui-draggan directions import FILE",
    ),
    "GANSpace's": (
        npz({"act_comp": np.ones(3), "lat_comp": np.ones((3, 1, 4)), "lat_stdev": np.ones(3)}),
        f"holds GANSpace's directions, {ITS_GENERATOR} and add them to it with tui-draggan",
    ),
    "PTI's 0.pt": (saved(W_PLUS), PIVOT),
    "PTI's 0.pt, old": (saved(W_PLUS, zipped=False), PIVOT),
    "a parameter": (saved(torch.nn.Parameter(W_PLUS[0])), "a latent code of shape (18, 512)"),
    "a picture": (saved(torch.zeros(1, 3, 8, 8)), "an array of shape (1, 3, 8, 8); expected a"),
    "whole numbers": (saved(torch.arange(4)), "an array of shape (4,); expected a StyleGAN2"),
    "factor.pt": (
        saved({"ckpt": "550000.pt", "eigvec": torch.randn(512, 512)}),
        f"directions of a closed-form factorisation (rosinality's factor.pt), {ITS_GENERATOR} and "
        "add them to it with tui-draggan directions import FILE",
    ),
    "lucidrains": (
        saved({"GAN": LUCIDRAINS, "version": "1.8.9"}),
        "a generator of lucidrains' stylegan2-pytorch",
    ),
    "lightweight-gan": (
        saved({"GAN": {"G.initial_conv.0.weight": torch.ones(2)}, "version": "1.1"}),
        "a generator of lucidrains' lightweight-gan",
    ),
    "SWAGAN": (saved(relatives.swagan()), "is a SWAGAN generator"),
    "FastGAN": (saved(relatives.fastgan()), "is a FastGAN generator, which Projected GAN trains"),
    "Projected GAN": (
        pickled(relatives.projected_gan()),
        "is a FastGAN generator",
    ),
    "StyleGAN-XL": (pickled(relatives.stylegan_xl()), "is a StyleGAN-XL generator"),
    "StyleGAN-T": (pickled(relatives.stylegan_t()), "is a StyleGAN-T generator"),
    "StyleGAN1 in torch": (
        saved({"g_synthesis.blocks.4x4.const": torch.ones(1, 2, 4, 4)}),
        "is a StyleGAN1 generator",
    ),
    "a part of StyleGAN3": (
        saved({"G_ema": {"synthesis.input.freqs": torch.ones(3, 2)}}),
        "has StyleGAN3 layers other than L0",
    ),
    "an optimiser": (
        saved({"state": {}, "param_groups": [{"lr": 0.1}]}),
        "it holds state, param_groups",
    ),
    "a number": (saved(3), "holds an int; expected a StyleGAN2 generator"),
    "names": (pickled(["cat", "dog"]), "holds a list; expected a StyleGAN2 generator"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_called_what_it_is(name: str, read: Read) -> None:
    contents, words = FILES[name]
    with pytest.raises(CheckpointError) as caught:
        read(contents)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_names_in_an_archive_cannot_write_to_the_terminal(read: Read) -> None:
    with pytest.raises(CheckpointError) as caught:
        read(npz({"\x1b[31m": np.ones(3)}))
    assert str(caught.value).isprintable()
