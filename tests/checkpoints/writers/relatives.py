"""Checkpoints of generators that are none of StyleGAN2's, as their programs write them.

Names of modules, attributes and tensors are the originals'; sizes are small, layers few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tests.checkpoints.writers.generators import Kind, random_tensors
from tests.checkpoints.writers.pickling import Call, Instance, Name
from tests.checkpoints.writers.rosinality import rosinality_state
from tests.checkpoints.writers.stylegan3 import random_stylegan3, stylegan3_record

HAAR = torch.ones(2, 2) / 2


def plain(
    module: str, name: str, tensors: Mapping[str, Tensor] | None = None, **modules: Any
) -> Instance:
    """A module of torch of the class `module`.`name`, with buffers for its tensors."""
    state = {"training": False, "_parameters": {}, "_buffers": dict(tensors or {})}
    return Instance(Name(module, name), attributes={**state, "_modules": modules})


def swagan() -> dict[str, Any]:
    """rosinality's swagan.py: each ToRGB makes four bands, kept by inverse wavelets."""
    kind = Kind(z_dim=12, mapping_dim=12, colours=12)
    state = rosinality_state(random_tensors(kind), kind)
    bands = dict.fromkeys(("ll", "lh", "hl", "hh"), HAAR)
    for prefix in ("iwt", "to_rgbs.0.iwt", "to_rgbs.0.dwt", "to_rgbs.1.iwt", "to_rgbs.1.dwt"):
        state |= {f"{prefix}.{band}": kernel for band, kernel in bands.items()}
    return {"g": state, "d": {"dwt.ll": HAAR}, "g_ema": state}


def fastgan() -> dict[str, Any]:
    """odegeasslbc/FastGAN-pytorch: DataParallel's names, the average as a list of tensors."""
    state = {
        "module.init.init.0.weight_orig": torch.randn(4, 8, 4, 4),
        "module.init.init.0.weight_u": torch.randn(8),
        "module.feat_8.1.weight_orig": torch.randn(8, 4, 3, 3),
        "module.to_big.weight_orig": torch.randn(3, 4, 3, 3),
    }
    return {"g": state, "d": {"module.down_4.0.weight": torch.ones(2)}, "g_ema": [torch.ones(3)]}


def projected_gan() -> dict[str, Any]:
    """Projected GAN's own generator: plain modules, of which synthesis is FastGAN's."""
    weight = {"weight_orig": torch.randn(4, 8, 4, 4)}
    layers: dict[str, Any] = {"0": plain("torch.nn.modules.conv", "ConvTranspose2d", weight)}
    sequence = plain("torch.nn.modules.container", "Sequential", None, **layers)
    init = plain("pg_modules.blocks", "InitLayer", init=sequence)
    generator = plain(
        "pg_modules.networks_fastgan",
        "Generator",
        mapping=plain("pg_modules.networks_fastgan", "DummyMapping"),
        synthesis=plain("pg_modules.networks_fastgan", "FastganSynthesis", init=init),
    )
    return {"G": generator, "D": projected_discriminator(), "G_ema": generator}


def projected_discriminator() -> Instance:
    """Features of a pretrained network, behind which small discriminators stand."""
    features = plain("timm.models.efficientnet", "EfficientNet", {"weight": torch.randn(2, 3)})
    return plain("pg_modules.discriminator", "ProjectedDiscriminator", feature_network=features)


def stylegan_xl() -> dict[str, Any]:
    """autonomousvision/stylegan-xl, a snapshot by dill: classes are embedded by ImageNet's."""
    generator = stylegan3_record(random_stylegan3(False))
    parts = generator.arguments[0]["state"]["_modules"]["mapping"].arguments[0]["state"]["_modules"]
    embedding = plain("torch.nn.modules.sparse", "Embedding", {"weight": torch.randn(3, 4)})
    parts |= {"embed": embedding, "embed_proj": parts["fc0"]}
    made = Call(Name("dill._dill", "_create_type"), (Name("dill._dill", "_load_type"), "Loss"))
    progress = {"cur_nimg": torch.tensor([25_000]), "best_fid": 3.5}
    nets = {"G": generator, "D": projected_discriminator(), "G_ema": generator}
    return {**nets, "loss": made, "progress": progress}


def stylegan_t() -> dict[str, Any]:
    """NVIDIA's and autonomousvision's StyleGAN-T: text by CLIP, styles split in three."""
    proj = plain("networks.shared", "FullyConnectedLayer", {"weight": torch.randn(9, 4)})
    layer = plain(
        "networks.generator",
        "SynthesisLayer",
        {"weight": torch.randn(3, 3, 3, 3)},
        affine=plain("networks.generator", "StyleSplit", proj=proj),
    )
    block = plain("networks.generator", "SynthesisBlock", conv0=layer)
    generator = plain(
        "networks.generator",
        "Generator",
        mapping=plain("networks.generator", "MappingNetwork", mlp=proj),
        synthesis=plain("networks.generator", "SynthesisNetwork", b8=block),
    )
    return {"G": generator, "G_ema": generator}
