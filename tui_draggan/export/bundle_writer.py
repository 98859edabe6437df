"""A torch generator as a model bundle."""

from __future__ import annotations

from collections.abc import Mapping as Values
from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor

from tui_draggan.bundle import (
    STATISTICS,
    WEIGHTS,
    BundleInfo,
    DragInfo,
    ReferenceStep,
    write_manifest,
)
from tui_draggan.checkpoints.generator_file import save_generator
from tui_draggan.errors import UsageError
from tui_draggan.export.drag_graphs import write_drag_graphs
from tui_draggan.export.families import FoldedNetwork, folded
from tui_draggan.export.inversion_graph import write_inversion_graph
from tui_draggan.export.lowering import lower
from tui_draggan.export.reference_step import reference_step
from tui_draggan.export.shared_weights import SharedWeights
from tui_draggan.export.step_graph import DragStep
from tui_draggan.export.tracing import trace
from tui_draggan.export.tuning_graph import tunable, write_tuning_graph
from tui_draggan.folders import new_folder
from tui_draggan.input_transform import InputTransform
from tui_draggan.latent_statistics import LatentStatistics, statistics_samples
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.families import AnyConfig, AnyGenerator, described
from tui_draggan.stylegan.network import Mapping

TOGETHER = 2000
"""w that are sampled at once for the statistics."""


def export_bundle(
    generator: AnyGenerator,
    path: Path,
    *,
    name: str,
    feature_block: int | None = None,
    recommended: Values[str, str | float] | None = None,
    classes: tuple[str, ...] = (),
    description: str = "",
    licence: str = "",
    origin: str = "",
    keep_weights: bool = False,
    replace: bool = False,
    features: onnx.ModelProto | None = None,
) -> BundleInfo:
    """Writes the bundle folder `path`, whole or not at all.

    feature_block: the block whose features are supervised and tracked; None for the default.
    recommended: drag parameters by name where the model wants its own.
    keep_weights: adds generator.pt, which `load_generator` reads.
    features: a network for the loss of inversions (`feature_network.read_feature_network`).
    Raises UsageError for a feature block the generator does not have, OutputError where the
    folder cannot be written.
    """
    synthesis = folded(generator, chosen_block(generator.config, feature_block))
    step = DragStep(synthesis)
    info = bundle_info(
        generator,
        step,
        name,
        reference=reference_step(synthesis, generator.mapping.w_avg),
        recommended=recommended,
        classes=classes,
        description=description,
        licence=licence,
        origin=origin,
    )
    statistics = latent_statistics(generator.mapping)
    with new_folder(path, replace=replace) as folder:
        (folder / "drag").mkdir()
        weights = SharedWeights(folder / WEIGHTS, tunable(synthesis))
        write_drag_graphs(step, folder, weights)
        onnx.save(_export_mapping(generator.mapping), folder / "mapping.onnx")
        weights.save(
            _export_synthesis(synthesis), folder / "synthesis.onnx", synthesis.state_dict()
        )
        write_inversion_graph(synthesis, folder, weights, features)
        write_tuning_graph(synthesis, folder, weights, features)
        statistics.save(folder / STATISTICS)
        if keep_weights:
            save_generator(generator, classes, folder / "generator.pt")
        write_manifest(folder, info)
    return info


def bundle_info(
    generator: AnyGenerator,
    step: DragStep,
    name: str,
    *,
    reference: ReferenceStep | None = None,
    recommended: Values[str, str | float] | None = None,
    classes: tuple[str, ...] = (),
    description: str = "",
    licence: str = "",
    origin: str = "",
) -> BundleInfo:
    """What the manifest says of a generator and its step."""
    config, block = generator.config, step.feature_block
    if config.c_dim and not classes:
        classes = tuple(map(str, range(config.c_dim)))
    return BundleInfo(
        name=name,
        size=config.size,
        z_dim=config.z_dim,
        w_dim=config.w_dim,
        num_ws=config.num_ws,
        drag=DragInfo(
            feature_block=block,
            feature_map=config.size_of(block),
            feature_channels=config.feature_channels(block),
            trainable_rows=step.rows,
            preview=config.size_of(step.preview_block),
            reference=reference,
        ),
        alpha=config.alpha,
        classes=classes,
        recommended=dict(recommended or {}),
        generator=described(config),
        input_affine=_input_affine(generator),
        description=description,
        licence=licence,
        origin=origin,
    )


def _input_affine(generator: AnyGenerator) -> str:
    """As `BundleInfo.input_affine`; "" where the network has none, or its input is moved already in
    a way that is no part of w."""
    if not isinstance(generator, AliasFreeGenerator):
        return ""
    features = generator.synthesis.input
    if not torch.equal(features.transform.cpu(), torch.eye(3)):
        return ""
    affine = features.affine
    weight = (affine.weight * affine.weight_gain).detach().numpy(force=True)
    bias = (affine.bias * affine.bias_gain).detach().numpy(force=True)
    return InputTransform.encoded(weight, bias)


def chosen_block(config: AnyConfig, wanted: int | None) -> int:
    """The feature block that is asked for, None for the default. Raises UsageError where the
    generator has none of that side."""
    block = default_feature_block(config) if wanted is None else wanted
    if block not in config.feature_sides:
        sides = ", ".join(map(str, config.feature_sides))
        raise UsageError(f"the generator has no feature block {block}; choose from {sides}")
    return block


def default_feature_block(config: AnyConfig) -> int:
    """b128 as in the paper (its sixth block) from b256 on, the last but one below."""
    return 128 if config.resolution >= 256 else config.resolution // 2


def check_classes(names: tuple[str, ...], classes: int) -> None:
    """Raises UsageError unless there are as many names as classes, or none, all different."""
    if names and len(names) != classes:
        raise UsageError(f"--classes has {len(names)} names; the generator has {classes} classes")
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise UsageError("--classes has a name twice, or an empty one")


def _export_mapping(mapping: Mapping) -> onnx.ModelProto:
    config = mapping.config
    example: tuple[Tensor, ...] = (torch.zeros(1, config.z_dim),)
    inputs: tuple[str, ...] = ("z",)
    if config.c_dim:
        example += (torch.zeros(1, config.c_dim),)
        inputs += ("label",)
    model = trace(mapping, example, inputs, ("w",), with_weights=True)
    lower(model)
    # The exporter drops an output that depends on no input; so it is added here.
    mean = mapping.w_avg.numpy()
    model.graph.initializer.append(numpy_helper.from_array(mean, "mean_w"))
    model.graph.node.append(helper.make_node("Identity", ["mean_w"], ["w_avg"]))
    value = helper.make_tensor_value_info("w_avg", onnx.TensorProto.FLOAT, mean.shape)
    model.graph.output.append(value)
    return model


def _export_synthesis(synthesis: FoldedNetwork) -> onnx.ModelProto:
    config = synthesis.config
    example = (torch.zeros(1, config.num_ws, config.w_dim),)
    # Noise is cut where pictures are drawn in bands: a folded cut would be a constant without name.
    model = trace(synthesis, example, ("ws",), ("image",), fold=False)
    lower(model)
    return model


@torch.no_grad()
def latent_statistics(mapping: Mapping) -> LatentStatistics:
    """What its w look like: what the bundle says of them."""
    config = mapping.config
    z, labels = statistics_samples(config.z_dim, config.c_dim)
    one_hot = torch.eye(max(config.c_dim, 1))[torch.from_numpy(labels)]
    parts = zip(torch.from_numpy(z).split(TOGETHER), one_hot.split(TOGETHER), strict=True)
    w = torch.cat([mapping(*(part if config.c_dim else part[:1])) for part in parts])
    return LatentStatistics.of(w.numpy(), labels if config.c_dim else None)
