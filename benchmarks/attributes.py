"""Directions and boundaries on critters, whose parameters are known: the tables of
docs/directions.md.

    .venv/bin/python -m benchmarks.attributes

A reader tells the renderer's parameters from a picture: ridge regression on what the landmark
network sees, fitted to renders. So what a move changes is read off pictures, not off w.

    .venv/bin/python -m benchmarks.attributes --reader reader.onnx

writes it as a classifier for `tui-draggan attributes find --classifier`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tui_draggan import open_model
from tui_draggan.arrays import Floats
from tui_draggan.bench.contenders import WEIGHTS
from tui_draggan.checkpoints.generator_file import load_generator
from tui_draggan.directions.boundary import (
    Boundary,
    Fit,
    Values,
    Whitening,
    accuracy,
    by_labels,
    by_scores,
    keeping,
)
from tui_draggan.directions.principal import principal_directions
from tui_draggan.directions.sefa import sefa_directions
from tui_draggan.latent_statistics import LatentStatistics
from tui_draggan.stylegan.network import Generator
from tui_draggan.training.critters import SPECIES, Z_DIM, parameters_from_z, render_parts
from tui_draggan.training.critters.known import NAMES, known_parameters
from tui_draggan.training.metrics.landmarks.network import (
    FoundLandmarks,
    find_landmarks,
    landmark_network,
    resized,
)

ATTRIBUTES = (
    "yaw",
    "pitch",
    "ear_length",
    "ear_fold",
    "eye_open",
    "mouth_open",
    "smile",
    "pattern",
)
READABLE = 0.5
"""R² from which the reader is believed."""
COUNTS = (20, 100, 1000)
HELD_OUT = 4000
"""Samples that no boundary has seen."""
MOVED = 10
"""Pictures that each direction moves."""
REACH = 1.5
"""σ by which they are moved, to both sides."""
TOGETHER = 32


@dataclass(frozen=True, eq=False)
class Domain:
    """Samples of the model, and what they were asked to be."""

    generator: Generator
    statistics: LatentStatistics
    w: Floats
    """(N, w_dim)"""
    species: NDArray[np.int64]
    """(N,)"""
    asked: dict[str, Values]
    """Parameters by name, (N,), as places in their species' ranges."""

    @classmethod
    def of(cls, count: int) -> Domain:
        model = open_model("critters", engine="ort")
        generator = load_generator(model.bundle.file(WEIGHTS)).eval()
        random = np.random.default_rng(0)
        z = random.standard_normal((count, Z_DIM))
        species = np.arange(count) % len(SPECIES)
        one_hot = torch.nn.functional.one_hot(torch.from_numpy(species), len(SPECIES)).float()
        with torch.no_grad():
            w = generator.mapping(torch.from_numpy(z.astype(np.float32)), one_hot).numpy()
        statistics = model.engine.statistics
        return cls(generator, statistics, w, species, known_parameters(z, species))

    @torch.no_grad()
    def pictures(self, w: Floats) -> Tensor:
        """w (N, w_dim) → (N, 3, H, W)"""
        rows = torch.from_numpy(w.astype(np.float32))[:, None].expand(-1, self.generator.num_ws, -1)
        return torch.cat(
            [self.generator.synthesis(some).clamp(-1, 1) for some in rows.split(TOGETHER)]
        )


class Reader(nn.Module):
    """Pictures (N, 3, 128, 128) in [-1, 1] → parameters (N, 35), about 0 to 1."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.network = landmark_network()
        self.weight, self.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)

    @classmethod
    def fitted(cls, count: int) -> Reader:
        random = np.random.default_rng(1)
        z = random.standard_normal((count, Z_DIM))
        species = random.integers(len(SPECIES), size=count)
        values = known_parameters(z, species)
        parameters = parameters_from_z(
            torch.from_numpy(z.astype(np.float32)), torch.from_numpy(species)
        )
        seen = torch.cat([_seen(part.image) for part in render_parts(parameters, 128)])
        wanted = torch.from_numpy(np.stack([values[name] for name in NAMES], 1)).double()
        x = torch.cat([seen.double(), torch.ones(count, 1, dtype=torch.float64)], 1)
        scale = x.std(0).clamp_min(1e-6)
        scale[-1] = 1
        x = x / scale
        penalty = torch.full((x.shape[1],), 1.0, dtype=torch.float64)
        penalty[-1] = 0
        solved = torch.linalg.solve(x.T @ x + torch.diag(penalty), x.T @ wanted) / scale[:, None]
        return cls(solved[:-1].float(), solved[-1].float())

    def forward(self, image: Tensor) -> Tensor:
        return _seen(image) @ self.weight + self.bias


def _seen(image: Tensor) -> Tensor:
    """What the landmark network sees in pictures: places, species, statistics of its maps; and the
    products of places with species, so that each species may be read in its own way."""
    found: FoundLandmarks = find_landmarks(image)
    places = found.places.flatten(1) / 128
    share = found.species.softmax(1)
    by_species = (share[:, :, None] * torch.cat([places, places**2], 1)[:, None]).flatten(1)
    colours = nn.functional.adaptive_avg_pool2d(resized(image), 8).flatten(1)
    return torch.cat([places, share, found.features, by_species, colours], 1)


def read(reader: Reader, pictures: Tensor) -> Values:
    with torch.no_grad():
        found: Values = (
            torch.cat([reader(some) for some in pictures.split(TOGETHER)]).double().numpy()
        )
    return found


def by_least_squares(u: Values, labels: Values, prior: Values) -> Boundary:
    """Ridge regression on labels, in closed form; as Fisher's discriminant, but for its length."""
    boundary = by_scores(u, labels, prior)
    return Boundary(boundary.slope, float(-u.mean(axis=0) @ boundary.slope + labels.mean() - 0.5))


def by_means(u: Values, labels: Values, prior: Values) -> Boundary:
    """The difference of the means of both kinds, as linear discriminants with covariance 1."""
    ones, zeros = u[labels > 0.5].mean(axis=0), u[labels <= 0.5].mean(axis=0)
    return Boundary(ones - zeros, float(-(ones - zeros) @ (ones + zeros) / 2))


FITS: dict[str, Fit] = {
    "logistic regression": by_labels,
    "least squares": by_least_squares,
    "difference of means": by_means,
}


def r_squared(one: Values, other: Values) -> float:
    return float(np.corrcoef(one, other)[0, 1] ** 2)


def components(domain: Domain) -> list[str]:
    """How well components tell the parameters, by each method."""
    weights = [
        parameter.detach().T[None].numpy()
        for name, parameter in domain.generator.synthesis.named_parameters()
        if name.endswith("affine.weight")
    ]
    of_all = principal_directions(domain.statistics)
    ways = {
        "PCA per class": [
            principal_directions(domain.statistics, one) for one in range(len(SPECIES))
        ],
        "PCA of all": [of_all] * len(SPECIES),
        "SeFA": [sefa_directions(weights, domain.statistics)] * len(SPECIES),
    }
    lines = [
        "| 20 components by | together: R² > 0.5 | mean R² | the best alone: R² > 0.5 | mean R² |",
        "| --- | --- | --- | --- | --- |",
    ]
    for way, by_class in ways.items():
        best = []
        for name in NAMES:
            found = []
            for number, directions in enumerate(by_class):
                own = domain.species == number
                vectors = np.concatenate([one.vector[:1] for one in directions])
                along, values = domain.w[own] @ vectors.T, domain.asked[name][own]
                alone = max(r_squared(column, values) for column in along.T)
                found.append((together(along, values), alone))
            best.append(np.mean(found, axis=0))
        cells = [
            f"{sum(column > 0.5)} of {len(NAMES)} | {column.mean():.2f}"
            for column in np.array(best).T
        ]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return lines


def together(along: Floats, values: Values) -> float:
    """R² of the best sum of sliders, on the half of the samples that it was not chosen on."""
    half = len(values) // 2
    x = np.concatenate([along, np.ones((len(along), 1))], axis=1)
    solved = np.linalg.lstsq(x[:half], values[:half], rcond=None)[0]
    return r_squared(x[half:] @ solved, values[half:])


def boundaries(domain: Domain, fits: dict[str, Fit]) -> list[str]:
    """Accuracy on samples that were not seen."""
    whitening = Whitening.of(domain.statistics)
    u = whitening.coordinates(domain.w)
    lines = ["| labels | " + " | ".join(fits) + " |", "| --- |" + " --- |" * len(fits)]
    for count in COUNTS:
        cells = []
        for fit in fits.values():
            found = []
            for name in ATTRIBUTES:
                labels = _labels(domain, name)
                boundary = fit(u[:count], labels[:count], whitening.prior)
                found.append(accuracy(boundary.margins(u[-HELD_OUT:]), labels[-HELD_OUT:]))
            cells.append(f"{np.mean(found):.3f}")
        lines.append(f"| {count} | " + " | ".join(cells) + " |")
    return lines


def _labels(domain: Domain, name: str) -> Values:
    values = domain.asked[name]
    found: Values = (values > 0.5).astype(np.float64)
    return found


def moves(domain: Domain, reader: Reader, names: Sequence[str]) -> list[str]:
    """What changes along n, along Σ·n, and with the others kept, read off pictures."""
    whitening = Whitening.of(domain.statistics)
    u = whitening.coordinates(domain.w)
    start = domain.w[-MOVED:]
    spread = read(reader, domain.pictures(domain.w[:400])).std(axis=0)
    columns = [NAMES.index(name) for name in names]
    ways: dict[str, Callable[[Values, Sequence[Values]], Floats]] = {
        "along n": lambda slope, others: _same_length(slope, whitening),
        "along Σ·n": lambda slope, others: whitening.direction("x", slope).vector[0],
        "along Σ·n, others kept": lambda slope, others: whitening.direction(
            "x", keeping(slope, others)
        ).vector[0],
    }
    lines = [
        "| labels | move | own, σ for 1 σ | others, share of own | confidence |",
        "| --- | --- | --- | --- | --- |",
    ]
    for count in COUNTS:
        slopes = [
            by_labels(u[:count], _labels(domain, name)[:count], whitening.prior).slope
            for name in names
        ]
        for way, move in ways.items():
            own, others, sure = [], [], []
            for number, slope in enumerate(slopes):
                rest = [other for one, other in enumerate(slopes) if one != number]
                vector = move(slope, rest)
                ahead, behind = (domain.pictures(start + sign * REACH * vector) for sign in (1, -1))
                change = (
                    (read(reader, ahead) - read(reader, behind)).mean(axis=0) / spread / (2 * REACH)
                )
                change = change[columns]
                own.append(change[number])
                others.append(
                    np.abs(np.delete(change, number)).mean() / max(abs(change[number]), 1e-9)
                )
                sure.append(float(find_landmarks(torch.cat([ahead, behind])).confidence.mean()))
            values = f"{np.mean(own):.2f} | {np.median(others):.2f} | {np.mean(sure):.3f}"
            lines.append(f"| {count} | {way} | {values} |")
    return lines


def _same_length(slope: Values, whitening: Whitening) -> Floats:
    """Along the normal, as far in W as Σ·n goes for 1 σ."""
    normal = slope @ whitening.normals
    length = np.linalg.norm(whitening.direction("x", slope).vector)
    found: Floats = (normal / np.linalg.norm(normal) * length).astype(np.float32)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=int, default=3000, help="renders for the reader")
    parser.add_argument("--reader", type=Path, help="write the reader as a classifier, and end")
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.reader is not None:
        write_reader(Reader.fitted(options.renders), options.reader)
        return
    domain = Domain.of(HELD_OUT + 6000)
    print(*components(domain), "", *boundaries(domain, FITS), "", sep="\n", flush=True)
    reader = Reader.fitted(options.renders)
    known = read(reader, domain.pictures(domain.w[:400]))
    fits = [r_squared(known[:, NAMES.index(name)], domain.asked[name][:400]) for name in ATTRIBUTES]
    print(
        "reader, R² on generated pictures:",
        ", ".join(f"{name} {fit:.2f}" for name, fit in zip(ATTRIBUTES, fits, strict=True)),
        "\n",
    )
    believed = [name for name, fit in zip(ATTRIBUTES, fits, strict=True) if fit > READABLE]
    print(*moves(domain, reader, believed), sep="\n")


def write_reader(reader: Reader, path: Path) -> None:
    """As a classifier: pictures in [-1, 1] → parameters by name."""
    from onnx import helper, save

    from tui_draggan.export.tracing import trace

    example = (torch.zeros(1, 3, 128, 128),)
    graph = trace(reader, example, ("picture",), ("parameters",), with_weights=True)
    helper.set_model_props(graph, {"outputs": ",".join(NAMES)})
    save(graph, path)


if __name__ == "__main__":
    main()
