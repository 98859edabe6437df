"""`tui-draggan bench`: models, ways and numbers of points; turns; the table."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tui_draggan import __version__, paths
from tui_draggan.bench.contenders import PLAIN, SGEMM, SGEMM_GFLOP, WEIGHTS, Scene
from tui_draggan.bench.flops import needed
from tui_draggan.bench.profile import PARTS
from tui_draggan.bundle import ModelBundle
from tui_draggan.engines import cpu
from tui_draggan.engines.choose import NAMED
from tui_draggan.engines.graph_cache import prepare
from tui_draggan.errors import EngineError, UsageError

TURN_SECONDS = 3.0
FEWEST, MOST = 3, 30
"""Iterations that are looked at part by part."""


@dataclass(frozen=True)
class BenchOptions:
    """What is to be measured, as the command line says it."""

    model: str | None
    """None: generators of `sizes` with random weights."""
    sizes: tuple[int, ...]
    engines: tuple[str, ...] | None
    """None: all that can be opened here."""
    points: tuple[int, ...]
    seconds: float
    """For each model and number of points."""
    plain: bool = True
    """Whether to run the plain reference too."""
    json: bool = False
    parts: bool = True
    """Whether to look at iterations part by part too."""


@dataclass(frozen=True)
class Measured:
    """One way on one model. Milliseconds are medians of the iterations that count."""

    model: str
    resolution: int
    points: int
    way: str
    milliseconds: float
    spread: float
    """Half the distance between the quartiles, in milliseconds."""
    peak_bytes: int
    times_plain: float | None
    """How many times as fast as the plain reference in the same run."""
    sgemm_gflops: float
    """The rate of numpy's matrix product in float32, in turns with the ways."""
    of_sgemm: float
    """Share of that rate, counting only what an iteration needs (`work.needed`)."""
    parts: dict[str, float]
    """Milliseconds of each part (`parts.PARTS`): its share of the profile, of `milliseconds`."""


def run_bench(options: BenchOptions) -> int:
    """Measures and prints. Raises UsageError, BundleError, EngineError."""
    unknown = set(options.engines or ()) - NAMED.keys()
    if unknown:
        raise UsageError(f"engine {', '.join(unknown)} is unknown; choose from {', '.join(NAMED)}")
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as work:
        for bundle in _bundles(options, Path(work)):
            for points in options.points:
                found += measure(bundle, points, options)
    where = cpu.in_words()
    if options.json:
        rows = [asdict(one) for one in found]
        told = {"version": __version__, "machine": where, "results": rows}
        print(json.dumps(told, indent=2))
    else:
        print(f"tui-draggan {__version__}; {where}")
        print(table(found))
        print()
        print(parts_table(found))
    return 0


def table(found: Sequence[Measured]) -> str:
    """Markdown, so that it can be pasted."""
    lines = [
        "| model | points | way | ms an iteration | it/s | × plain | of sgemm | peak memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        ratio = f"{one.times_plain:.1f}" if one.times_plain else ""
        lines.append(
            f"| {one.model}, {one.resolution} px | {one.points} | {one.way} "
            f"| {one.milliseconds:.1f} ± {one.spread:.1f} | {1000 / one.milliseconds:.1f} "
            f"| {ratio} | {one.of_sgemm:.0%} | {one.peak_bytes / 1e6:.0f} MB |"
        )
    return "\n".join(lines)


def parts_table(found: Sequence[Measured]) -> str:
    """Milliseconds by part, Markdown; without the columns in which nothing would stand."""
    parts = [part for part in PARTS if any(part in one.parts for one in found)]
    lines = [
        f"| model | points | way | {' | '.join(parts)} |",
        f"| --- | --- | --- |{' --- |' * len(parts)}",
    ]
    for one in found:
        times = [f"{one.parts[part]:.1f}" if part in one.parts else "" for part in parts]
        lines.append(
            f"| {one.model}, {one.resolution} px | {one.points} | {one.way} | {' | '.join(times)} |"
        )
    return "\n".join(lines)


def measure(bundle: ModelBundle, points: int, options: BenchOptions) -> list[Measured]:
    """All ways take turns, each in a process of its own, so that whatever else the machine does
    hits all alike."""
    prepare(bundle)
    ways = list(options.engines or _engines_for(bundle))
    if options.plain and (bundle.path / WEIGHTS).exists():
        ways.append(PLAIN)
    running = [*ways, SGEMM]
    times: dict[str, list[float]] = {way: [] for way in running}
    peaks: dict[str, int] = {}
    with ExitStack() as stack:
        workers = {
            way: stack.enter_context(_Worker.running(way, bundle, points)) for way in running
        }
        end = time.monotonic() + options.seconds
        while not peaks or time.monotonic() < end:
            for way, worker in workers.items():
                count = 1
                if times[way]:
                    count = max(1, round(TURN_SECONDS * 1000 / times[way][-1]))
                answer = worker.ask(count)
                times[way] += answer["ms"]
                peaks[way] = answer["peak"]
    gflop = 2 * needed(bundle.info, points, Scene.radii(bundle.info.resolution)[0]) / 1e9
    medians = {way: statistics.median(values) for way, values in times.items()}
    rate = SGEMM_GFLOP / medians.pop(SGEMM) * 1000
    plain = medians.get(PLAIN)
    return [
        Measured(
            model=bundle.info.name,
            resolution=bundle.info.resolution,
            points=points,
            way=way,
            milliseconds=median,
            spread=float(np.subtract(*np.percentile(times[way], [75, 25]))) / 2,
            peak_bytes=peaks[way],
            times_plain=plain / median if plain else None,
            sgemm_gflops=rate,
            of_sgemm=gflop / median * 1000 / rate,
            parts=_parts(way, bundle, points, median) if options.parts else {},
        )
        for way, median in medians.items()
    ]


def _parts(way: str, bundle: ModelBundle, points: int, median: float) -> dict[str, float]:
    """In a process of its own, and after the others: who looks slows down."""
    iterations = max(FEWEST, min(MOST, round(TURN_SECONDS * 1000 / median)))
    words = [way, str(bundle.path), str(points), str(iterations)]
    done = subprocess.run(
        [sys.executable, "-m", "tui_draggan.bench.profile", *words], capture_output=True, text=True
    )
    if done.returncode:
        raise EngineError(f"the profile of {way} failed: {done.stderr.strip().splitlines()[-1]}")
    shares: dict[str, float] = json.loads(done.stdout)["parts"]
    return {part: share * median for part, share in shares.items()}


class _Worker:
    """A process of `ways`."""

    def __init__(self, way: str, process: subprocess.Popen[str]) -> None:
        self.way = way
        self._process = process

    @classmethod
    @contextmanager
    def running(cls, way: str, bundle: ModelBundle, points: int) -> Iterator[_Worker]:
        command = [sys.executable, "-m", "tui_draggan.bench.contenders", way, str(bundle.path)]
        process = subprocess.Popen(
            [*command, str(points)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        worker = cls(way, process)
        try:
            worker.answer()
            yield worker
        finally:
            process.kill()
            process.communicate()

    def ask(self, iterations: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{iterations}\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            complaints = self._process.stderr.read().strip().splitlines()
            why = complaints[-1] if complaints else "it said nothing"
            raise EngineError(f"the process of {self.way} has ended: {why}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise EngineError(f"{self.way}: {answer['error']}")
        return answer


def _engines_for(bundle: ModelBundle) -> Iterator[str]:
    for name, opener in NAMED.items():
        try:
            opener(bundle, "auto")
        except EngineError:
            continue
        yield name


def _bundles(options: BenchOptions, work: Path) -> Iterator[ModelBundle]:
    """The model that is named, or one after the other of the sizes with random weights."""
    if options.model is not None:
        yield ModelBundle.open(paths.find_model(options.model))
        return
    for size in options.sizes:
        yield random_bundle(size, work / str(size))


def random_bundle(size: int, folder: Path, feature_block: int | None = None) -> ModelBundle:
    """A generator with random weights: StyleGAN2's small configuration up to 256 px, its large one
    above. Raises UsageError for sizes there are none of."""
    import torch

    from tui_draggan.export.bundle_writer import export_bundle
    from tui_draggan.stylegan.config import GeneratorConfig
    from tui_draggan.stylegan.network import Generator

    base = 16384 if size <= 256 else 32768
    try:
        config = GeneratorConfig.from_channel_base(size, base)
    except ValueError as error:
        raise UsageError(f"--sizes: {error}") from None
    torch.manual_seed(0)
    generator = Generator(config).eval()
    name = f"random/{base}"
    export_bundle(generator, folder, name=name, feature_block=feature_block, keep_weights=True)
    return ModelBundle.open(folder)
