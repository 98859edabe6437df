"""Tensor names of OpenMMLab's StyleGAN2: mmgeneration, and mmagic, which took it over.

Their generator descends from rosinality's and has other names for the same: weights under the
equalised learning rate are `weight_orig`, noise maps `injected_noise_{k}`. mmagic's conditional
ones have `embed` before a mapping network that normalises nothing itself, so that its layers begin
at 0. (mmgen/models/architectures/stylegan/, mmagic/models/editors/stylegan2/)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tui_draggan.checkpoints.unpickling.values import Array, LongText

CONSTANT = "constant_input.input"
"""The tensor by which the naming is recognised."""
FORMAT = "OpenMMLab's StyleGAN2 (mmgeneration, mmagic)"

_RENAMED = (
    (re.escape(CONSTANT), "input.input"),
    (r"(.+)\.conv\.weight_orig", r"\1.conv.weight"),
    (r"(.+)\.conv\.style_modulation\.linear\.weight_orig", r"\1.conv.modulation.weight"),
    (r"(.+)\.conv\.style_modulation\.bias", r"\1.conv.modulation.bias"),
    (r"(.+)\.noise_injector\.weight", r"\1.noise.weight"),
    (r"injected_noise_(\d+)", r"noises.noise_\1"),
    (r"embed\.linear\.weight_orig", "mapping.embed.weight"),
    (r"embed\.bias", "mapping.embed.bias"),
    (r"w_avg", "mapping.w_avg"),
)
_BGR = re.compile(rb"\bto_rgb=False\b")


def rosinality_names(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The same tensors by rosinality's names, or NVIDIA's; unknown ones keep their name."""
    first = 1 if "embed.bias" in tensors else 0
    return {_renamed(name, first): tensor for name, tensor in tensors.items()}


def _renamed(name: str, first: int) -> str:
    if found := re.fullmatch(r"style_mapping\.(\d\d?)\.(linear\.weight_orig|bias)", name):
        return f"style.{int(found[1]) + first}.{'bias' if found[2] == 'bias' else 'weight'}"
    for pattern, to in _RENAMED:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, to, name)
    return name


def is_bgr(meta: Any) -> bool:
    """Whether the training's configuration, which lies beside the weights, says that pictures
    were read as OpenCV does: blue, green, red.

    meta: what stands under the key «meta»; mmcv has the text under «config», mmengine «cfg».
    """
    texts = [meta.get(key) for key in ("config", "cfg")] if isinstance(meta, Mapping) else []
    # A long text is searched where it lies; it may be as long as the file.
    return any(
        _BGR.search(text.utf8 if isinstance(text, LongText) else text.encode()) is not None
        for text in texts
        if isinstance(text, (str, LongText))
    )
