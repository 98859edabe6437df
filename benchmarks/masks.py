"""What a mask costs and keeps: edits of critters with masks of parts that the renderer knows.

    .venv/bin/python benchmarks/masks.py --n 60

A landmark is dragged to where another critter has it, with a mask of its part and its way there.
Prints a table: whether handles arrive, what changes beyond the mask's border, and how far from the
targets two detectors find the landmarks again.

The contenders `blocks …` are the other way to hold: features and picture are blended back to the
start's in every block from one on, in the step and in the picture; written plainly, in torch.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tui_draggan import Model, open_model
from tui_draggan.arrays import Bytes, Floats, to_bytes
from tui_draggan.bench.contenders import WEIGHTS
from tui_draggan.bench.plain_features import PlainFeatures
from tui_draggan.bench.reference import PlainDragGAN
from tui_draggan.bench.score.edits import Edit, landmark_edits
from tui_draggan.bench.score.looking import look
from tui_draggan.bench.score.part_masks import PART_OF, drawn_parts, with_part_masks
from tui_draggan.bench.score.part_masks import part_at as drawn_part_at
from tui_draggan.bench.score.ways import open_way
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.edit.hold import weight_inside
from tui_draggan.edit.part import part_at
from tui_draggan.stylegan.network import Generator, SynthesisBlock, upsample
from tui_draggan.training.critters import LANDMARKS

STEPS = 60
"""Most steps of an edit."""
NONE = "none"


@dataclass(frozen=True)
class Result:
    """What came of one edit."""

    arrived: bool
    steps: int
    outside: float
    """Mean grey levels by which pixels changed beyond the mask's border."""
    most: int
    """Most levels there, of any pixel and colour."""
    error: float
    again: float
    """Distance of the landmark from its target, by the first detector and by the second."""
    confidence: float
    """Of the first, in all landmarks."""


@dataclass(frozen=True)
class Ended:
    picture: Bytes
    arrived: bool
    steps: int


Way = Callable[[Edit], Ended]


def program(model: Model, settings: str) -> Way:
    """This program, with settings as `score` takes them."""
    way = open_way(f"shipped:steps={STEPS}{settings}", model)

    def run(edit: Edit) -> Ended:
        edited = way(edit)
        picture = edited.picture
        assert picture is not None
        return Ended(picture, edited.arrived, edited.steps)

    return run


class HeldFeatures(PlainFeatures):
    """Features and picture blended back to those of a start outside a mask, from one block on."""

    def __init__(
        self, generator: Generator, block: int, start: Tensor, weight: Tensor, first: int
    ) -> None:
        """start (L, w_dim); weight (H, W) of the edit."""
        super().__init__(generator, block)
        self._first = first
        self._weight = weight[None, None]
        with torch.no_grad():
            self._start = [(x, image) for _, x, image in generator.synthesis.walk(start[None])]

    def small(self, ws: Tensor) -> Tensor:
        return next(x for block, x, _ in self._walk(ws) if block == self.feature_block)

    @torch.no_grad()
    def picture(self, ws: Tensor) -> Tensor:
        *_, (_, _, image) = self._walk(ws)
        return image[0]

    def _walk(self, ws: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
        assert isinstance(self.generator, Generator)
        synthesis = self.generator.synthesis
        x: Tensor | None = None
        image: Tensor | None = None
        row = 0
        for resolution, (start, shown) in zip(
            self.generator.config.block_resolutions, self._start, strict=True
        ):
            block = synthesis.get_submodule(f"b{resolution}")
            assert isinstance(block, SynthesisBlock) and block.torgb is not None
            assert shown is not None
            of_block = ws[None, row : row + block.num_conv + 1]
            own: Tensor = block(x, of_block)
            weight = F.adaptive_avg_pool2d(self._weight, (start.shape[2], start.shape[3]))
            held = resolution >= self._first
            x = features = torch.lerp(start, own, weight) if held else own
            rgb: Tensor = block.torgb(features, of_block[:, -1])
            picture = rgb if image is None else upsample(image) + rgb
            image = picture = torch.lerp(shown, picture, weight) if held else picture
            row += block.num_conv
            yield resolution, features, picture


def blocks(model: Model, generator: Generator, first: int) -> Way:
    """The paper's drag with the model's recommendations, held in every block from `first` on."""
    info, usual = model.info, model.parameters

    def run(edit: Edit) -> Ended:
        assert edit.mask is not None
        start, block = torch.tensor(edit.latent.ws), info.drag.feature_block
        plain = PlainDragGAN(generator, start, feature_block=block, rows=usual.rows)
        weight = torch.from_numpy(weight_inside(edit.mask))
        plain.features = features = HeldFeatures(generator, block, start, weight, first)
        handles, targets = (torch.tensor(one).float() for one in (edit.handles, edit.targets))
        templates, within = plain.templates(handles), usual.reached_within(len(handles))
        steps, arrived = -1, False
        while not arrived and steps < STEPS:
            steps += 1
            step = plain.step(
                handles, targets, templates, r1=usual.r1, r2=usual.r2, mask_weight=0.0,
                learning_rate=usual.learning_rate, anchor=usual.anchor,
            )  # fmt: skip
            handles = step.handles
            arrived = bool((handles - targets).norm(dim=1).max() <= within)
        image: Floats = features.picture(step.ws).numpy()
        return Ended(to_bytes(image).transpose(1, 2, 0).copy(), arrived, steps)

    return run


def measured(model: Model, name: str, way: Way, edit: Edit) -> Result:
    assert edit.mask is not None and edit.targets_again is not None
    ended = way(replace(edit, mask=None) if name == NONE else edit)
    start = model.render(edit.latent)
    levels = np.abs(ended.picture.astype(np.int16) - start)[weight_inside(edit.mask) == 0]
    seen = look([ended.picture])[0]
    chosen = list(edit.landmarks)
    return Result(
        ended.arrived,
        ended.steps,
        float(levels.mean()),
        int(levels.max()),
        float(np.linalg.norm(seen.places[chosen] - np.array(edit.targets), axis=1).mean()),
        float(np.linalg.norm(seen.again[chosen] - edit.targets_again, axis=1).mean()),
        float(seen.confidence.mean()),
    )


def row(name: str, results: Sequence[Result]) -> str:
    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values))

    cells = (
        name,
        f"{mean([one.arrived for one in results]):.0%}",
        f"{np.median([one.steps for one in results]):g}",
        f"{mean([one.outside for one in results]):.2f}",
        f"{max(one.most for one in results)}",
        f"{mean([one.error for one in results]):.2f}",
        f"{mean([one.again for one in results]):.2f}",
        f"{mean([one.confidence for one in results]):.3f}",
    )
    return f"| {' | '.join(cells)} |"


def parts_found(model: Model, edits: Sequence[Edit]) -> str:
    """How well the part that the editor proposes is the renderer's, as intersection over union."""
    random = np.random.default_rng(0)
    by_part: dict[str, list[tuple[float, float]]] = {}
    for edit in edits:
        parts, features = drawn_parts(model, edit.latent), model.engine.feature_map(edit.latent.ws)
        for number, handle in zip(edit.landmarks, edit.handles, strict=True):
            name = PART_OF[LANDMARKS[number]]
            truth = drawn_part_at(parts, name, handle)
            rows, columns = np.nonzero(truth)
            if len(rows):
                inside = int(random.integers(len(rows)))
                places = handle, (int(columns[inside]), int(rows[inside]))
                at, within = (
                    float((found & truth).sum() / (found | truth).sum())
                    for found in (part_at(features, place, model.info.size) for place in places)
                )
                by_part.setdefault(name, []).append((at, within))
    lines = ["| part | n | from the landmark | from anywhere in it |", f"|{' --- |' * 4}"]
    every = [one for found in by_part.values() for one in found]
    for name, found in (*sorted(by_part.items()), ("all", every)):
        at, within = np.mean(found, axis=0)
        lines.append(f"| {name} | {len(found)} | {at:.2f} | {within:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=60, help="edits")
    parser.add_argument("--points", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the edits")
    parser.add_argument("--ways", default="", help="beginnings of the contenders' names: none,hold")
    parser.add_argument("--parts", action="store_true", help="of the editor's proposals instead")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = open_model("critters", "ort")
    generator = load_generator(model.bundle.file(WEIGHTS))
    ways = {
        NONE: program(model, ""),
        "hold": program(model, ":mask_mode=hold"),
        "loss, λ 4": program(model, ":mask_mode=loss:mask_weight=4"),
        "loss, λ 20": program(model, ":mask_mode=loss:mask_weight=20"),
        "loss, λ 100": program(model, ":mask_mode=loss:mask_weight=100"),
        "blocks from 4": blocks(model, generator, 4),
        "blocks from 16": blocks(model, generator, 16),
    }
    edits = [
        with_part_masks(edit, drawn_parts(model, edit.latent))
        for edit in landmark_edits(model, options.n, options.points, options.seed)
    ]
    share = np.mean([edit.mask.mean() for edit in edits if edit.mask is not None])
    if options.parts:
        print(parts_found(model, edits))
        return
    print(f"{len(edits)} edits of {options.points} point(s), masks of {share:.1%} of the picture")
    print("| mask | arrived | steps | outside, mean | most | error | again | confidence |")
    print(f"|{' --- |' * 8}")
    for name, way in ways.items():
        if not name.startswith(tuple(options.ways.split(","))):
            continue
        print(row(name, [measured(model, name, way, edit) for edit in edits]), flush=True)


if __name__ == "__main__":
    main()
