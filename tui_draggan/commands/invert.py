"""`tui-draggan invert`: photographs become pictures of the model, which can be dragged."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_draggan.commands.arguments import add_force, add_model
from tui_draggan.commands.tuning import TuningOptions, tune, tuning_options
from tui_draggan.errors import UsageError
from tui_draggan.interrupts import prompt_interrupts
from tui_draggan.paths import typed_path
from tui_draggan.standard_streams import remark, say
from tui_draggan.wording import counted, duration

if TYPE_CHECKING:
    from tui_draggan.bundle import BundleInfo
    from tui_draggan.commands.progress import Report
    from tui_draggan.edit.inversion import InversionProblem, Inverted
    from tui_draggan.engines.process import EngineProcess
    from tui_draggan.inversion.recipe import Recipe

REFUSED = 3
AUTO = "auto"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Finds the latent of photographs: of all pictures that the model can draw, the nearest. "
        "What is found is an edit like any other, for the editor and for drag (--session). Exit "
        "status: 0 if every photograph was found, 3 if one is too far from what the model draws, "
        "2 for wrong input, 1 for a failure."
    )
    parser.add_argument(
        "photographs",
        nargs="+",
        type=typed_path,
        metavar="PHOTO|FOLDER",
        help="picture files, or folders of them",
    )
    add = parser.add_argument_group("search").add_argument
    add(
        "--class",
        dest="label",
        default=AUTO,
        metavar="NAME|NUMBER|auto",
        help="class of the photographs (default: auto, the nearest after some steps in each)",
    )
    add(
        "--space",
        choices=("w", "w+"),
        default="w+",
        help="w stays nearest to the model's own pictures, w+ comes nearer to the photograph "
        "(default: w+)",
    )
    add(
        "--crop",
        metavar="X,Y,WIDTH",
        help="box of the photograph, in pixels (default: the largest in the middle)",
    )
    add("--steps", type=int, metavar="N", help="steps of the search (default: 100)")
    add(
        "--anyway",
        action="store_true",
        help="write what was found of a photograph that is far from what the model draws, too",
    )
    add = parser.add_argument_group("tuning").add_argument
    add(
        "--tune",
        type=int,
        metavar="N",
        help="then tune a copy of the model to all these photographs together, for so many steps: "
        "it draws them nearer (with --save-model: 40)",
    )
    add(
        "--save-model",
        metavar="NAME",
        help="name of the tuned model; the edits in --out are on it then",
    )
    add = parser.add_argument_group("output").add_argument
    add(
        "--out",
        type=typed_path,
        metavar="FILE.json|FOLDER",
        help="the edit, for --session, and beside it its picture as .png; a folder for several "
        "photographs (default: only what was found is said)",
    )
    add_force(add)
    add("--show", action="store_true", help="print the pictures in the terminal")
    add(
        "--json",
        action="store_true",
        help="print a line of JSON for each photograph: photograph, class, outcome, decibels, "
        "unusual (1 for the model's own pictures), message, steps, tuning_steps, seconds, engine, "
        "written",
    )
    add_model(parser.add_argument_group("model", argument_default=argparse.SUPPRESS))


def run(options: argparse.Namespace) -> int:
    """Raises UsageError, BundleError, EngineError, OutputError."""
    with prompt_interrupts():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    from tui_draggan.commands.opening import OpenRequest, engine_for, open_bundle
    from tui_draggan.commands.progress import progress
    from tui_draggan.inversion.recipe import recipe_for

    if options.json and options.show:
        raise UsageError("--json and --show both write to standard output; use one of them")
    recipe = recipe_for(options.space, options.steps)
    files = _files(options.photographs)
    if options.crop is not None and len(files) > 1:
        raise UsageError("--crop is for one photograph; name a single one")
    places = _places(options.out, files, options.force)
    request = OpenRequest.of(options)
    bundle = open_bundle(request)
    bundle.require_inversion()
    tuning = tuning_options(options, [file.name for file in files], bundle.info)
    if tuning is not None:
        bundle.require_tuning()
    problems = _problems(files, options, recipe, bundle.info)
    with closing(engine_for(request, bundle)) as engine:
        results: list[Result] = []
        wanted: list[Result] = []

        def tell(result: Result) -> None:
            results.append(result)
            if options.json:
                say(result.json(bundle.info, f"{engine.name} · {engine.device}"))
            else:
                remark(*result.lines(bundle.info))
            if options.show:
                from tui_draggan.tui.printing import print_picture

                print_picture(result.found.picture)

        for number, (problem, place) in enumerate(zip(problems, places, strict=True), 1):
            which = f" {number} of {len(files)}" if len(files) > 1 else ""
            start = time.perf_counter()
            with progress(sys.stderr) as report:
                found = _search(engine, problem, f"photograph{which}", report)
            far = found.likeness.is_far and not options.anyway
            seconds = time.perf_counter() - start
            result = Result(problem, found, far, seconds, place)
            if tuning is None:
                tell(result.written(bundle.info.name, bundle.info))
            elif far:
                tell(result)
            else:
                remark(*result.lines(bundle.info)[:1])
                wanted.append(result)
        if tuning is not None and wanted:
            with progress(sys.stderr) as report:
                for result in _tuned(engine, wanted, tuning, report):
                    tell(result.written(tuning.model.name, bundle.info))
            if not options.json:
                remark(
                    f"the tuned model is {tuning.model.name}; these edits open on it (--session)"
                )
    return REFUSED if any(result.refused for result in results) else 0


def _tuned(
    engine: EngineProcess, results: Sequence[Result], tuning: TuningOptions, report: Report
) -> list[Result]:
    start = time.perf_counter()
    problems, found = ([getattr(one, name) for one in results] for name in ("problem", "found"))
    tuned = tune(engine, problems, found, tuning, report)
    seconds = time.perf_counter() - start
    return [
        replace(one, found=better, seconds=one.seconds + seconds, tuning_steps=tuning.steps)
        for one, better in zip(results, tuned, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Result:
    """What became of one photograph."""

    problem: InversionProblem
    found: Inverted
    refused: bool
    seconds: float
    place: Path | None
    """File that the edit goes to; None: it is not wanted."""
    tuning_steps: int = 0
    """Steps for which the model was tuned to it."""
    files: tuple[Path, ...] = ()
    """What was written."""

    def written(self, model: str, info: BundleInfo) -> Result:
        """It, with its files written, unless it was refused. model: name of the one that draws it.
        Raises OutputError."""
        if self.refused or self.place is None:
            return self
        return replace(self, files=_write(self.place, self.found, model, info))

    def lines(self, info: BundleInfo) -> list[str]:
        """For a person."""
        found, file = self.found, self.problem.origin.file
        label = "" if found.label is None else f", class {info.classes[found.label]}"
        likeness = found.likeness
        tuned = f" and {self.tuning_steps} of tuning" if self.tuning_steps else ""
        lines = [
            f"{file}{label}: {likeness.decibels:.1f} dB, {likeness.unusual:.1f} times as unusual "
            f"as the model's own pictures, after {counted(found.steps, 'step')}{tuned} "
            f"({duration(self.seconds)}): {likeness.words}"
        ]
        if self.files:
            lines.append(f"written: {', '.join(map(str, self.files))}")
        elif self.refused:
            lines.append(f"{file}: nothing written; add --anyway to keep what was found")
        else:
            lines.append("nothing written; add --out FILE.json")
        return lines

    def json(self, info: BundleInfo, engine: str) -> str:
        """For a program."""
        found = self.found
        return json.dumps(
            {
                "photograph": self.problem.origin.file,
                "class": None if found.label is None else info.classes[found.label],
                "outcome": "refused" if self.refused else found.outcome.value,
                "decibels": round(found.likeness.decibels, 3),
                "unusual": round(found.likeness.unusual, 3),
                "message": found.likeness.words,
                "steps": found.steps,
                "tuning_steps": self.tuning_steps,
                "seconds": round(self.seconds, 3),
                "engine": engine,
                "written": [str(path) for path in self.files],
            }
        )


def _files(paths: Sequence[Path]) -> list[Path]:
    """The photographs that are named, and those of the folders that are. Raises UsageError."""
    from tui_draggan.pictures.reading import SUFFIXES

    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not inside:
            raise UsageError(f"{path} holds no pictures")
        found += inside
    return found


def _places(out: Path | None, files: Sequence[Path], force: bool) -> list[Path] | list[None]:
    """Where the edit of each photograph goes. Raises UsageError or OutputError before long work."""
    from tui_draggan.commands.results import check_new, places_in
    from tui_draggan.files import check_folder, check_writable

    if out is None:
        return [None] * len(files)
    if out.suffix.lower() == ".json":
        if len(files) > 1:
            raise UsageError(f"--out {out} is one file; several photographs need a folder")
        check_writable(out)
        check_writable(_picture_of(out))
        places = [out]
    else:
        check_folder(out)
        places = places_in(out, [f"{file.stem}.json" for file in files], "photographs")
    pictures = [_picture_of(place) for place in places]
    read = {file.resolve() for file in files}
    for picture in pictures:
        if picture.resolve() in read:
            raise UsageError(f"{picture} is a photograph that is read; choose another --out")
    check_new([file for pair in zip(places, pictures, strict=True) for file in pair], force)
    return places


def _picture_of(path: Path) -> Path:
    """What is written beside the edit."""
    return path.with_suffix(".png")


def _problems(
    files: Sequence[Path], options: argparse.Namespace, recipe: Recipe, info: BundleInfo
) -> list[InversionProblem]:
    """All of them, as the model sees them. Raises UsageError, naming the file."""
    from tui_draggan.edit.inversion import InversionProblem
    from tui_draggan.pictures.crop import parse_crop
    from tui_draggan.pictures.photograph import read_photograph

    label = None if options.label == AUTO else options.label
    problems = []
    for file in files:
        full = read_photograph(file)
        remark(*(f"{full.file}: {note}" for note in full.notes))
        crop = None if options.crop is None else parse_crop(options.crop, full.size, info.size)
        problems.append(InversionProblem.of(full, info, crop, label, recipe))
    return problems


def _search(
    engine: EngineProcess, problem: InversionProblem, what: str, report: Report
) -> Inverted:
    from tui_draggan.edit.inversion import inverted

    report(what)
    return inverted(engine, problem, lambda done, total: report(what, done, total))


def _write(path: Path, found: Inverted, model: str, info: BundleInfo) -> tuple[Path, ...]:
    """The session and its picture. model: name of the one that draws it. Raises OutputError."""
    from tui_draggan.commands.results import write_picture
    from tui_draggan.edit.store import save_session
    from tui_draggan.files import unwritable

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    picture = _picture_of(path)
    save_session(path, found.document, model)
    write_picture(picture, found.document, found.picture, replace(info, name=model))
    return path, picture
