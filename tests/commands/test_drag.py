"""`tui-draggan drag` on the bundled model, and what every command says to wrong input."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.tiny import tiny_generator
from tui_draggan import paths
from tui_draggan.api import open_model
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.commands import opening, results
from tui_draggan.edit.document import Document, Frame
from tui_draggan.engines.process import EngineProcess
from tui_draggan.export.bundle_writer import export_bundle
from tui_draggan.files import replacing
from tui_draggan.testing.waiting import LIMIT

CRITTERS = paths.bundled_models() / "critters"
SIDE = ModelBundle.open(CRITTERS).info.size.width


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui_draggan", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        timeout=LIMIT,
        check=False,
    )


@pytest.mark.slow
def test_a_drag_writes_all_it_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, log = tmp_path / "edited.png", tmp_path / "steps.jsonl"
    saved, gif = tmp_path / "edit.json", tmp_path / "drag.gif"
    arguments = ["drag", "--seed", "17", "--point", "69,73:75,73", "--out", str(out)]
    arguments += ["--log", str(log), "--save", str(saved), "--animation", str(gif)]
    assert main(arguments) == 0
    assert capsys.readouterr().err.startswith("class cat: reached after ")

    steps = [json.loads(line) for line in log.read_text().splitlines()]
    assert [step["step"] for step in steps] == list(range(len(steps)))
    assert steps[0]["handles"] == [[69, 73]] and steps[0]["targets"] == [[75, 73]]
    assert steps[-1]["distance"] <= 1 < steps[0]["distance"]
    assert all(
        step["loss"] == pytest.approx(step["motion_loss"] + step["mask_loss"]) for step in steps
    )

    with Image.open(out) as picture:
        assert picture.size == (SIDE, SIDE)
        record = json.loads(picture.info["tui-draggan"])
    assert record["seed"] == 17 and record["edited"] and record["AI-generated"]
    with Image.open(gif) as animation:
        count = sum(1 for _ in ImageSequence.Iterator(animation))
    assert count > len(steps) // 2  # equal neighbours are merged


@pytest.mark.slow
def test_a_saved_session_gives_the_same_picture_again(tmp_path: Path) -> None:
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    saved = tmp_path / "edit.json"
    point = ["--point", "69,73:75,73"]
    assert main(["drag", *point, "--steps", "3", "--out", str(first), "--save", str(saved)]) == 3
    # With every distance within the tolerance the run ends at once, on the loaded latent.
    tolerance = ["--tolerance", "64"]
    assert main(["drag", *tolerance, "--session", str(saved), "--out", str(again)]) == 0
    with Image.open(first) as one, Image.open(again) as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_how_much_a_mask_lets_change_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.zeros((32, 32), np.uint8)
    values[:, 16:] = 255
    Image.fromarray(values).save(tmp_path / "mask.png")
    arguments = ["drag", "--point", "5,5:60,60", "--steps", "1"]
    assert main([*arguments, "--mask", str(tmp_path / "mask.png")]) == 3
    said = capsys.readouterr().err.splitlines()[0]
    assert said == f"mask: 32×32 scaled to {SIDE}×{SIDE}, 50 % of the picture may change"


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_signal_while_results_are_written_leaves_those_that_are_complete(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    code = (
        "import sys, time; from tui_draggan.cli import main\n"
        "from tui_draggan import interrupts\n"
        "from tui_draggan.pictures import animation\n"
        f"interrupts.PATIENCE = interrupts.EXIT_PATIENCE = {LIMIT}\n"
        "def write(*_):\n"
        "    print('writing', flush=True)\n"
        "    while True: time.sleep(0.1)\n"
        "animation._write_with_pillow = write\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["drag", "--point", "5,5:60,60", "--steps", "1"]
    arguments += ["--out", str(tmp_path / "a.png"), "--animation", str(tmp_path / "a.gif")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 2, "and one has its temporary name"
    process.send_signal(number)
    _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == status
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert said == ("tui-draggan: interrupted\n" if number == signal.SIGINT else "")


STEP = ["drag", "--point", "5,5:60,60", "--steps", "1"]


def test_a_summary_in_json_is_all_of_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    assert main([*STEP, "--engine", "ort", "--json", "--out", str(out)]) == 3
    said, err = capsys.readouterr()
    summary = json.loads(said)
    assert len(said.splitlines()) == 1 and "step limit after 1 step (" in err
    assert (summary["outcome"], summary["steps"]) == ("step limit", 1)
    assert summary["written"] == [str(out)] and summary["engine"] == "ort · cpu"
    (point,) = summary["points"]
    assert point["target"] == [60, 60] and point["distance"] == pytest.approx(
        summary["distance"], abs=0.1
    )
    assert 0 < summary["seconds"] < 60


def test_the_log_on_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*STEP, "--log", "-"]) == 3
    said, err = capsys.readouterr()
    assert [json.loads(line)["step"] for line in said.splitlines()] == [0, 1]
    assert list(tmp_path.iterdir()) == [] and "nothing written" in err
    assert main([*STEP, "--log", "-", "--json"]) == 2
    assert "each write to standard output" in capsys.readouterr().err


def test_the_start_of_the_engine_is_no_part_of_the_pace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clock of which the start takes an hour, and a step a tenth of a second."""
    ticks = iter([0.0, *(3600 + 0.1 * n for n in range(100))])
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr("tui_draggan.commands.drag.time", clock)
    assert main([*STEP[:3], "--steps", "3"]) == 3
    assert "after 3 steps (0.3 s, 10.0 it/s)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--point", "9" * 5000 + ",1:2,2"], "is not a point"),
        (["--point", "5,5:9,9", "--class", "9" * 5000], "no class 999"),
        (["--point", "5,5:9,9", "--seed", "9" * 5000], "seed is inf"),
        (["--point", "5,5:9,9", "--steps", "9" * 5000], "steps is inf"),
        (["--session", str(CRITTERS / "drag/weights.bin")], "not a session file"),
        (["--point", "5,5:9,9", "--model", "n" * 300], "no model named n"),
        (["--point", "5,5:9,9", "--model", "./" + "n" * 300], "File name too long"),
        (["--point", "5,5:9,9", "--out", "n" * 300 + ".png"], "File name too long"),
    ],
)
def test_what_is_far_too_long_or_no_text_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drag", *words]) in (1, 2)
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1


def test_stopping_short_has_its_own_status_and_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drag", "--point", "5,5:60,60", "--steps", "2"]) == 3
    assert "step limit after 2 steps" in capsys.readouterr().err


@pytest.mark.slow
def test_an_engine_that_dies_is_started_again_and_the_drag_continues(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    engines: list[EngineProcess] = []
    engine_for, write_line = opening.engine_for, results.StepLog.write

    def engine(request: opening.OpenRequest, bundle: ModelBundle) -> EngineProcess:
        engines.append(engine_for(request, bundle))
        return engines[-1]

    def write(self: results.StepLog, frame: Frame, document: Document) -> None:
        if frame.iteration == 2:
            assert engines[0].pid is not None
            os.kill(engines[0].pid, signal.SIGKILL)
        write_line(self, frame, document)

    log = tmp_path / "steps.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(opening, "engine_for", engine)
        patch.setattr(results.StepLog, "write", write)
        assert main([*STEP[:3], "--steps", "5", "--log", str(log)]) == 3
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("(SIGKILL, as when memory is full); it has been started again")
    assert "step limit after 5 steps" in said[1]
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    assert [step["step"] for step in steps] == [0, 1, 2, 3, 4, 5]
    assert steps[3]["handles"] == steps[2]["handles"]


@pytest.mark.slow
def test_the_mask_keeps_what_is_outside_of_it(tmp_path: Path) -> None:
    """The same drag changes the protected half less when a mask protects it."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[: SIDE // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    pictures = {}
    drag = ["drag", "--seed", "17", "--point", "32,25:30,13", "--steps", "40"]
    for name, more in {
        "start": ["--steps", "1", "--lr", "1e-6"],
        "free": [],
        "masked": ["--mask", str(tmp_path / "mask.png"), "--mask-weight", "200"],
    }.items():
        main([*drag, *more, "--out", str(tmp_path / f"{name}.png")])
        with Image.open(tmp_path / f"{name}.png") as picture:
            pictures[name] = np.asarray(picture).astype(float)[SIDE // 2 :]
    free = np.abs(pictures["free"] - pictures["start"]).mean()
    masked = np.abs(pictures["masked"] - pictures["start"]).mean()
    assert masked < 0.6 * free


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drag"], "nothing to drag; add --point"),
        (["drag", "--point", "60"], "expected handle:target"),
        (["drag", "--point", "999,1:2,2"], "handle 999,1 lies outside"),
        (["drag", "--point", "1,1:2,-2"], "target 2,-2 lies outside"),
        (["drag", "--point", "1,1:2,2", "--steps", "0"], "steps is 0; expected 1"),
        (["drag", "--point", "1,1:2,2", "--lr", "nan"], "learning_rate is nan"),
        (["drag", "--point", "1,1:2,2", "--psi", "9"], "psi is 9"),
        (["drag", "--point", "1,1:2,2", "--seed", "-1"], "seed is -1"),
        (["drag", "--point", "1,1:2,2", "--seed", "x"], "'x' is not a number"),
        (["drag", "--point", "1,1:2,2", "--rows", "60"], "rows is 60"),
        (["drag", "--point", "1,1:2,2", "--feature-block", "8"], "has feature block 32, not 8"),
        (
            ["drag", "--point", "1,1:2,2", "--class", "cow"],
            "no class cow in critters; available: cat, dog",
        ),
        (["drag", "--point", "1,1:2,2", "--model", "/nowhere"], "/nowhere is not a folder"),
        (
            ["drag", "--point", "1,1:2,2", "--mask", "no.png"],
            "no.png cannot be read: No such file or directory",
        ),
        (["drag", "--point", "1,1:2,2", "--session", "no.json"], "no.json does not exist"),
        (["drag", "--point", "1,1:2,2", "--out", "a.bmp"], "written as .png"),
        (["drag", "--point", "1,1:2,2", "--animation", "a.avi"], "unsupported file type"),
        (["drag", "--unknown"], "unknown option --unknown; see tui-draggan drag --help"),
        (["--pace", "-1"], "pace is -1"),
        (["--pace", "nan"], "pace is nan"),
        (["paint"], "invalid choice"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said and said.startswith("tui-draggan: ")
    assert len(said.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_said_before_the_drag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drag", "--point", "1,1:2,2", "--out", str(tmp_path / "no" / "a.png")]) == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("fails", ["out", "animation", "log", "save"])
def test_an_output_that_fails_costs_only_itself(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    """The disk has no room for one of them, which is larger than usual."""
    names = {"out": "a.png", "animation": "a.gif", "log": "a.jsonl", "save": "a.json"}
    arguments = ["drag", "--point", "5,5:60,60", "--steps", "2"]
    for option, name in names.items():
        arguments += [f"--{option}", str(tmp_path / name)]
    large, room = b"x" * 3_000_000, 1_000_000
    if fails == "log":
        monkeypatch.setattr("tui_draggan.commands.results.step_line", lambda *_: large.decode())
    elif fails == "save":
        monkeypatch.setattr("tui_draggan.edit.store.encode", lambda *_: large.decode())
    else:
        writer = {"out": "write_png", "animation": "write_animation"}[fails]

        def write(path: Path, *_: object) -> None:
            with replacing(path) as work:
                work.write_bytes(large)

        monkeypatch.setattr(f"tui_draggan.commands.results.{writer}", write)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        assert main(arguments) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    said = capsys.readouterr().err.splitlines()
    missing = tmp_path / names.pop(fails)
    assert said[-1] == f"tui-draggan: output: {missing} cannot be written: File too large"
    assert said[-2].startswith("written: ")
    for name in names.values():
        assert str(tmp_path / name) in said[-2] and (tmp_path / name).stat().st_size
    assert str(missing) + "," not in said[-2] + ","
    assert fails == "log" or not missing.exists()


def test_a_damaged_bundle_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(CRITTERS, tmp_path / "critters")
    (tmp_path / "critters" / "synthesis.onnx").write_bytes(b"")
    assert main(["drag", "--point", "1,1:2,2", "--model", str(tmp_path / "critters")]) == 2
    assert "synthesis.onnx has 0 bytes" in capsys.readouterr().err


def test_the_editor_without_a_terminal_names_the_headless_command() -> None:
    done = command()
    assert done.returncode == 2
    assert "not a terminal" in done.stderr and "tui-draggan drag --help" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_and_version_without_the_heavy_imports() -> None:
    program = (
        "import sys\n"
        "from tui_draggan.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'textual', 'onnxruntime', 'PIL', 'torch'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "usage: tui-draggan" in command("--help").stdout
    assert command("--version").stdout.startswith("tui-draggan ")


def test_a_drag_never_imports_torch() -> None:
    program = (
        "import sys\n"
        "from tui_draggan.cli import main\n"
        "main(['drag', '--engine', 'ort', '--point', '5,5:9,9', '--steps', '2'])\n"
        "assert 'torch' not in sys.modules and 'textual' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=LIMIT)


@pytest.mark.slow
def test_a_cached_graph_that_is_made_anew_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    export_bundle(tiny_generator(), tmp_path / "tiny", name="tiny")
    words = ["drag", "--model", str(tmp_path / "tiny"), "--point", "10,10:12,10", "--steps", "1"]
    words += ["--engine", "ort"]
    said = []
    for _ in range(2):
        main(words)
        said.append(capsys.readouterr().err)
        for kept in paths.optimised_graphs().iterdir():
            (kept / "graph.onnx").write_bytes(b"")
    assert "rebuilding" not in said[0]
    lines = [line for line in said[1].splitlines() if "rebuilding the cached graph of" in line]
    assert any("drag/step_without_picture.onnx" in line for line in lines)
    assert any("synthesis.onnx" in line for line in lines)


@pytest.mark.slow
def test_a_latent_goes_out_and_comes_back(tmp_path: Path) -> None:
    latent, out, again = tmp_path / "w.npz", tmp_path / "a.png", tmp_path / "b.png"
    drag = ["drag", "--engine", "ort", "--steps", "2", "--point", "69,73:75,73"]
    main([*drag, "--seed", "17", "--save-latent", str(latent), "--out", str(out)])
    with np.load(latent) as file:
        saved = file["w"][0]
    model = open_model("critters", "ort")
    read = model.read_latent(latent)
    assert np.array_equal(read.ws, saved)
    with Image.open(out) as picture:
        assert np.array_equal(np.asarray(picture), model.render(read)), "the edited picture's"
    main(["apply", "--direction", "component 1=0", "--latent", str(latent), "--out", str(again)])
    with Image.open(out) as picture, Image.open(again) as same:
        assert np.abs(np.asarray(picture).astype(int) - np.asarray(same)).max() <= 1
        assert same.info["Source"].endswith(", from the latent w.npz")
    assert main([*drag, "--latent", str(latent)]) == 3, "dragged on from there"
