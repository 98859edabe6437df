"""How many drag iterations a second: this program's engine beside plain torch.

    python benchmarks/step.py [--model artifacts/critters] [--points 1] [--seconds 20]

Ways to compute the same iteration, one point, no mask, all with Adam:
- engine: the ONNX Runtime training engine;
- autograd: torch autograd on the same folded network, differentiated up to the feature block,
  sampling the small feature map and making the preview picture, as the engine does; and the same
  without the picture, which the engine cannot leave out;
- plain: the paper's formulas as they stand (tui_draggan/bench/plain.py): the whole network, features
  up-sampled to the picture, autograd.
They take turns, so that whatever else the machine does hits all alike; a turn begins with some
iterations that do not count, while the other runtime's threads go to sleep and the caches fill.
The medians of all iterations that count are compared.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tui_draggan.bench.plain import PlainDragGAN
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines.base import Problem, StepRequest
from tui_draggan.engines.choose import open_engine
from tui_draggan.engines.runtime import physical_cores
from tui_draggan.errors import DragganError
from tui_draggan.stylegan.export import load_generator
from tui_draggan.stylegan.export_form import FoldedSynthesis
from tui_draggan.stylegan.network import Generator
from tui_draggan.stylegan.step_graph import Locate

SETTLE, TURN = 5, 20
"""Iterations of a turn before those that count, and those."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("artifacts/critters"))
    parser.add_argument("--weights", type=Path, help="default: generator.pt in the model's folder")
    parser.add_argument("--points", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    torch.set_num_threads(physical_cores())

    bundle = ModelBundle.open(options.model)
    generator = load_generator(options.weights or options.model / "generator.pt")
    scene = Scene(bundle, options.points)
    engine = engine_step(bundle, scene)
    ways = {
        "engine": engine,
        "autograd": autograd_step(generator, scene, picture=True),
        "no picture": autograd_step(generator, scene, picture=False),
        "plain": plain_step(generator, scene),
    }
    seconds = measure(ways, options.seconds)

    info = bundle.info
    print(f"{processor()}, {physical_cores()} cores, torch {torch.__version__}")
    print(
        f"{info.name}: {info.resolution} px, features {info.drag.feature_channels} × "
        f"{info.drag.feature_block}², {options.points} point(s), r1 {scene.r1}, r2 {scene.r2}"
    )
    print(f"{'':12}{'ms/it':>9}{'it/s':>9}{'engine is':>12}")
    for name, value in seconds.items():
        ratio = value / seconds["engine"]
        print(f"{name:12}{value * 1000:9.2f}{1 / value:9.1f}{ratio:11.2f}×")


class Scene:
    """The same edit for all: points, radii, start."""

    def __init__(self, bundle: ModelBundle, points: int) -> None:
        info = bundle.info
        engine = open_engine(bundle, "cpu")
        rng = np.random.RandomState(0)
        label = 0 if info.c_dim else None
        w = engine.map(rng.randn(info.z_dim).astype(np.float32), label)
        w = engine.w_avg + np.float32(0.7) * (w - engine.w_avg)
        size = info.resolution
        self.feature_block = info.drag.feature_block
        self.ws = np.tile(w, (info.num_ws, 1))
        self.handles = rng.randint(size // 4, size // 2, (points, 2)).astype(np.float32)
        self.targets = self.handles + size // 4
        self.templates = engine.features(self.ws, self.handles)
        # The published radii, in pixels of this picture; never so small that nothing is left.
        self.r1 = max(round(3 / 512 * size), 2)
        self.r2 = max(round(12 / 512 * size), 2)
        self.learning_rate = 1e-3


def engine_step(bundle: ModelBundle, scene: Scene) -> Callable[[], None]:
    engine = open_engine(bundle, "cpu")
    engine.begin(Problem(scene.ws))
    handles = scene.handles

    def step() -> None:
        nonlocal handles
        request = StepRequest(
            handles, scene.targets, scene.templates, scene.r1, scene.r2, 20.0, scene.learning_rate
        )
        handles = engine.step(request).handles

    return step


def autograd_step(generator: Generator, scene: Scene, picture: bool) -> Callable[[], None]:
    synthesis = FoldedSynthesis(generator.synthesis, scene.feature_block)
    config = generator.config
    channels = config.channels[config.block_resolutions.index(scene.feature_block)]
    locate = Locate(scene.feature_block, channels, config.resolution)
    trained = torch.tensor(scene.ws[: synthesis.rows], requires_grad=True)
    frozen = torch.tensor(scene.ws[synthesis.rows :])
    optimizer = torch.optim.Adam([trained], lr=scene.learning_rate)
    side = range(1 - scene.r1, scene.r1)
    disc = torch.tensor(
        [(x, y) for y in side for x in side if x * x + y * y < scene.r1**2], dtype=torch.float32
    )
    window = torch.arange(-scene.r2, scene.r2 + 1, dtype=torch.float32)
    handles, targets = torch.tensor(scene.handles), torch.tensor(scene.targets)
    templates = torch.tensor(scene.templates)

    def step() -> None:
        nonlocal handles
        features, image = None, None
        for block, x, w in synthesis.walk(trained, frozen):
            if picture:
                with torch.no_grad():
                    image = block.picture(x, w, image)
            if block.resolution == scene.feature_block:
                features = x
                if not picture:
                    break
                torch.set_grad_enabled(False)  # what follows is for the eye alone
        torch.set_grad_enabled(True)
        assert features is not None
        with torch.no_grad():
            handles, selector, reference, weight, (top, left), (bottom, right), _ = locate(
                features, handles, targets, templates, disc, window
            )
        moved = features[0, :, top:bottom, left:right].flatten(1) @ selector
        loss = ((moved - reference).abs() * weight).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def plain_step(generator: Generator, scene: Scene) -> Callable[[], None]:
    plain = PlainDragGAN(
        generator, torch.tensor(scene.ws), feature_block=scene.feature_block, all_blocks=True
    )
    handles, targets = torch.tensor(scene.handles), torch.tensor(scene.targets)
    templates = plain.templates(handles)

    def step() -> None:
        nonlocal handles
        handles = plain.step(
            handles,
            targets,
            templates,
            r1=scene.r1,
            r2=scene.r2,
            mask_weight=20.0,
            learning_rate=scene.learning_rate,
        ).handles

    return step


def measure(ways: dict[str, Callable[[], None]], seconds: float) -> dict[str, float]:
    """Median seconds per iteration of each way, in turns until the time is up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, step in ways.items():
            for _ in range(SETTLE):
                step()
            for _ in range(TURN):
                start = time.perf_counter()
                step()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    try:
        main()
    except DragganError as error:
        sys.exit(error.line)
