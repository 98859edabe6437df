"""What a file without a StyleGAN2 generator is instead, in words, and what to do with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from tui_draggan.checkpoints.modules import is_module, named_tensors
from tui_draggan.checkpoints.unpickling.messages import shown, worded
from tui_draggan.checkpoints.unpickling.zip_archive import Entry

EXPECTED = "expected a StyleGAN2 generator: an NVIDIA .pkl, a torch .pt or a .safetensors file"
ITS_GENERATOR = "not a generator; import the generator that it was made with"
DIRECTIONS = "tui-draggan directions import FILE"
ARCHIVES = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"Rar!": "rar",
}
ARCHITECTURES = {
    re.compile(rf"(?:^|\.)(?:{pattern})$"): words
    for pattern, words in {
        r"to_rgbs\.\d+\.[id]wt\.ll": "a SWAGAN generator of rosinality's stylegan2-pytorch; its "
        "pictures are sums of wavelets",
        r"GE?\.initial_block": "a generator of lucidrains' stylegan2-pytorch, which differs from "
        "StyleGAN2's in its layers",
        r"GE?\.initial_conv\.0\.weight": "a generator of lucidrains' lightweight-gan, a relative "
        "of FastGAN",
        r"init\.init\.0\.weight(?:_orig)?": "a FastGAN generator, which Projected GAN trains too; "
        "it has no mapping network and no styles",
        r"synthesis\.b\d+\.\w+\.affine\.proj\.weight": "a StyleGAN-T generator; it draws from text "
        "by residual layers",
        r"synthesis\.layer0\.const|g_synthesis\.blocks\.4x4\.const|progression\.0\.adain1\..+": "a "
        "StyleGAN1 generator; it modulates activations (AdaIN) instead of weights",
    }.items()
}
"""Other architectures by the name of one of their tensors, whatever stands before it."""
NAMES_AT_MOST = 100_000


def of_bytes(head: bytes) -> str:
    """From its first bytes: a file whose format is none of a checkpoint's."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page: the download went wrong; download the file itself"
    if head.startswith(b"version https://git-lfs"):
        return "is a git-lfs pointer, the weights were not fetched; run git lfs pull"
    if head[257:262] == b"ustar":
        return "is a tar archive; unpack it first"
    for magic, name in ARCHIVES.items():
        if head.startswith(magic):
            return f"is compressed with {name}; unpack it first"
    if head.startswith(b"\x89HDF"):
        return f"is an HDF5 file; {EXPECTED}"
    if head.startswith(b"\x93NUMPY"):
        return (
            f"is a NumPy array, such as a latent code or a direction, {ITS_GENERATOR}; a "
            f"direction is added to it with {DIRECTIONS}"
        )
    if head[:1] == b"\x08" and head[2:3] in (b"\x12", b"\x3a"):
        return "is an ONNX model, whose graph cannot be trained further; take its checkpoint"
    return f"has an unknown format; {EXPECTED}"


def of_archive(entries: list[Entry]) -> str:
    """From its table of contents: a zip archive that is none of torch's."""
    names = [entry.name for entry in entries]
    if names == ["w.npy"]:
        return f"is a latent code (projected_w.npz of NVIDIA's projector), {ITS_GENERATOR}"
    if "lat_comp.npy" in names:
        return f"holds GANSpace's directions, {ITS_GENERATOR} and add them to it with {DIRECTIONS}"
    if names and all(name.endswith(".npy") for name in names):
        arrays = ", ".join(shown(name.removesuffix(".npy")) for name in names[:4])
        return f"is a NumPy archive (of {arrays}), {ITS_GENERATOR}"
    return "is a zip archive that torch.save did not write; unpack it first"


def of_content(content: Any) -> str:
    """From what was read out of it."""
    if isinstance(content, np.ndarray):
        if content.ndim in (1, 2, 3) and content.dtype.kind == "f":
            return f"holds a latent code of shape {content.shape} (PTI's 0.pt), {ITS_GENERATOR}"
        return f"holds an array of shape {content.shape}; {EXPECTED}"
    if not isinstance(content, Mapping):
        name = type(content).__name__
        return f"holds {'an' if name[0] in 'aeiou' else 'a'} {name}; {EXPECTED}"
    if isinstance(content.get("eigvec"), np.ndarray):
        return (
            "holds directions of a closed-form factorisation (rosinality's factor.pt), "
            f"{ITS_GENERATOR} and add them to it with {DIRECTIONS}"
        )
    keys = ", ".join(worded(key) for key in list(content)[:8]) or "nothing"
    return f"has no StyleGAN2 generator in NVIDIA's or rosinality's naming; it holds {keys}"


def other_architecture(content: Any) -> str | None:
    """What a file is by the names of its tensors, if it is a generator of another architecture."""
    for name in islice(_tensor_names(content), NAMES_AT_MOST):
        for pattern, architecture in ARCHITECTURES.items():
            if pattern.search(name):
                return f"is {architecture}; this program edits StyleGAN2 and StyleGAN3"
    return None


def _tensor_names(content: Any) -> Iterator[str]:
    """Names of the tensors in dicts, in those within them, and in modules."""
    if is_module(content):
        yield from named_tensors(content)
    elif isinstance(content, Mapping):
        for name, value in content.items():
            if isinstance(value, np.ndarray) and isinstance(name, str):
                yield name
            else:
                yield from _tensor_names(value)
