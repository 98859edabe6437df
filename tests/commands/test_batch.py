"""`tui-draggan batch`: what lines mean, and the command as a person runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.batch.test_results import lines
from tui_draggan import paths
from tui_draggan.batch.cluster import check_address
from tui_draggan.batch.job import Job, Refused
from tui_draggan.batch.results import Shard
from tui_draggan.bundle import ModelBundle
from tui_draggan.cli import main
from tui_draggan.commands.jobs import Lines
from tui_draggan.commands.opening import OpenRequest
from tui_draggan.directions.direction import Direction
from tui_draggan.directions.store import DirectionStore
from tui_draggan.edit.document import Document
from tui_draggan.edit.latent import Latent, Seed
from tui_draggan.edit.latent_files import write_latent
from tui_draggan.edit.parameters import model_params
from tui_draggan.edit.points import Pair
from tui_draggan.edit.store import encode, save_session
from tui_draggan.errors import UsageError
from tui_draggan.testing.waiting import LIMIT, wait_until

BUNDLE = ModelBundle.open(paths.bundled_models() / "critters")
INFO = BUNDLE.info
POINT = {"point": ["27,27:30,8"]}


def parsed(folder: Path, *values: Any, request: OpenRequest | None = None) -> list[Job | Refused]:
    file = folder / "jobs.jsonl"
    texts = [one if isinstance(one, str) else json.dumps(one) for one in values]
    file.write_text("\n".join(texts) + "\n")
    return list(Lines(file, request or OpenRequest(), Shard()).jobs())


def job_of_line(folder: Path, value: Any, **request: Any) -> Job:
    (job,) = parsed(folder, value, request=OpenRequest(**request))
    assert isinstance(job, Job), job.reason
    return job


def session() -> Document:
    ws = np.full((INFO.num_ws, INFO.w_dim), 0.25, np.float32)
    latent = Latent(ws, Seed(6, 0.7, 4), edited=True)
    return Document(latent, (Pair(1, (5, 5), (9, 9)),), parameters=model_params(INFO))


def test_a_line_has_the_options_of_drag(tmp_path: Path) -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 16:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    line = {"seed": 6, "psi": 0.5, "class": "fox", "mask": "mask.png", "steps": 40, "lr": 0.1}
    job = job_of_line(tmp_path, {**line, "id": "fox-6", "point": ["27,27:30,8", "1,1:2,2"]})
    assert (job.line, job.id, job.model) == (1, "fox-6", "critters")
    latent = job.edit["latent"]
    assert latent["origin"] == {"seed": 6, "psi": 0.5, "class": INFO.classes.index("fox")}
    assert latent["ws"] is None and job.edit["mask"]
    assert [pair["target"] for pair in job.edit["pairs"]] == [(30, 8), (2, 2)]
    assert job.edit["parameters"]["steps"] == 40
    assert job.edit["parameters"]["learning_rate"] == 0.1


def test_what_lines_do_not_say_the_command_says(tmp_path: Path) -> None:
    own = job_of_line(tmp_path, {**POINT, "steps": 40}, parameters={"steps": 9, "r1": 2})
    assert (own.edit["parameters"]["steps"], own.edit["parameters"]["r1"]) == (40, 2)


def test_one_point_may_stand_alone_and_dashes_are_as_good(tmp_path: Path) -> None:
    one = job_of_line(tmp_path, {"point": "27,27:30,8", "learning-rate": 0.1})
    other = job_of_line(tmp_path, {**POINT, "learning_rate": 0.1})
    assert one.key == other.key


def test_a_session_in_a_file_in_its_field_and_as_the_line_is_one_edit(tmp_path: Path) -> None:
    save_session(tmp_path / "edit.json", session(), INFO.name)
    values = encode(session(), INFO.name)
    jobs = [
        job_of_line(tmp_path, line)
        for line in ({"session": "edit.json"}, {"session": values}, values)
    ]
    assert len({job.key for job in jobs}) == 1 and jobs[0].edit["latent"]["ws"] is not None
    more = job_of_line(tmp_path, {"session": "edit.json", "point": "1,1:2,2", "steps": 3})
    assert [pair["id"] for pair in more.edit["pairs"]] == [1, 2]
    assert more.key != jobs[0].key


def test_a_latent_of_a_file(tmp_path: Path) -> None:
    write_latent(tmp_path / "w.npz", session().latent)
    job = job_of_line(tmp_path, {"latent": "w.npz", **POINT})
    assert job.edit["latent"]["origin"]["latent"] == "w.npz"
    assert job.edit["latent"]["ws"]["shape"] == (INFO.num_ws, INFO.w_dim)


def test_directions_of_this_person_travel_with_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    smile = Direction("smile", np.ones((1, INFO.w_dim), np.float32))
    DirectionStore(paths.user_directions("critters"), BUNDLE.path / "directions", INFO).keep(
        [smile]
    )
    job = job_of_line(tmp_path, {**POINT, "direction": ["smile=1.5@shape", "component 1=2"]})
    assert [one.name for one in job.directions] == ["smile"]
    assert job.moves == ("smile=1.5@shape", "component 1=2")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not an edit; expected {"),
        ('"\\udcff"', "not an edit"),
        ({}, "nothing to drag"),
        ({**POINT, "sed": 3}, "no field 'sed'; available: id, "),
        ({**POINT, "seed": -1}, "seed is -1; expected 0 to"),
        ({**POINT, "seed": "x"}, "'x' is not a number"),
        ({**POINT, "seed": True}, "seed is 'true'; expected text or a number"),
        ({**POINT, "seed": [1, 2]}, "expected text or a number"),
        ({**POINT, "steps": None}, "steps is 'null'"),
        ({**POINT, "id": [1]}, "id is '[1]'; expected text or a number"),
        ({**POINT, "psi": float("nan")}, "psi is nan"),
        ({"point": ["1,1:2"]}, "is not a point"),
        ({"point": ["1,1:2,999"]}, "lies outside the picture"),
        ({"point": [["1,1:2,2"]]}, "expected text or a number"),
        ({**POINT, "mask": "none.png"}, "none.png cannot be read"),
        ({**POINT, "session": "none.json"}, "none.json does not exist"),
        ({**POINT, "session": {"format": "x"}}, "the session in it is not one"),
        ({**POINT, "session": "a.json", "seed": 3}, "a resumed edit already has a seed"),
        ({**POINT, "seed": 3, "latent": "w.npz", "session": "a"}, "not allowed with"),
        ({**POINT, "model": "nowhere"}, "no model named nowhere"),
        ({**POINT, "engine": "ort"}, "no field 'engine'"),
        ({**POINT, "out": "a.png"}, "no field 'out'"),
        ({**POINT, "--seed": 3}, "no field '--seed'"),
        ({**POINT, "class": "dragon"}, "no class dragon"),
        ({**POINT, "\x1b[2J": 3}, "no field '\\x1b[2J'"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_of_it(tmp_path: Path, line: Any, reason: str) -> None:
    first, refused, last = parsed(tmp_path, POINT, line, {**POINT, "seed": 2})
    assert isinstance(first, Job) and isinstance(last, Job)
    assert isinstance(refused, Refused) and refused.line == 2
    assert reason in refused.reason and refused.reason.isprintable()


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "tcp://localhost:1", "tls://gpu:1", "[::1]:9"]
)
def test_addresses_that_are_safe(address: str) -> None:
    check_address(address, unencrypted=False)


@pytest.mark.parametrize("address", ["gpu:8786", "tcp://10.0.0.1:8786", "tcp://0.0.0.0:1"])
def test_a_scheduler_elsewhere_needs_encryption(address: str) -> None:
    with pytest.raises(UsageError, match="neither on this machine nor encrypted"):
        check_address(address, unencrypted=False)
    check_address(address, unencrypted=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shard", "3/2"], "--shard '3/2': expected I/N"),
        (["--shard", "0/2"], "expected I/N"),
        (["--jobs", "0"], "--jobs is 0; expected 1 to"),
        (["--scheduler", "nowhere"], "expected HOST:PORT"),
        (["--scheduler", "localhost:1", "--jobs", "2"], "remove it, or --scheduler"),
        (["--unencrypted"], "--unencrypted is for --scheduler"),
    ],
)
def test_wrong_options_are_one_line(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jobs.jsonl").write_text(json.dumps(POINT))
    assert main(["batch", str(tmp_path / "jobs.jsonl"), "--out", str(tmp_path / "r"), *words]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1 and not (tmp_path / "r").exists()


@pytest.mark.slow
def test_a_batch_is_its_drags_and_what_is_done_is_not_done_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "jobs.jsonl", tmp_path / "results"
    edits = [{"seed": seed, "point": "60,40:20,110", "steps": 3} for seed in (1, 2, 1)]
    file.write_text("\n".join([*map(json.dumps, edits), "broken"]))
    words = ["batch", str(file), "--out", str(out), "--engine", "ort", "--device", "cpu"]
    assert main([*words, "--jobs", "1"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("line 4: not JSON")
    assert said[-1] == "3 of 4 edits: 2 step limit, 1 failed; 1 edit made earlier"

    drag = ["drag", "--seed", "2", "--point", "60,40:20,110", "--steps", "3", "--engine", "ort"]
    alone = [tmp_path / name for name in ("a.png", "a.jsonl", "a.json")]
    outputs = ["--out", str(alone[0]), "--log", str(alone[1]), "--save", str(alone[2])]
    assert main([*drag, "--device", "cpu", *outputs]) == 3
    entry = next(line for line in lines(out) if line["line"] == 2)
    made = [out / name for name in entry["files"]]
    assert made[0].read_bytes() == alone[0].read_bytes()
    assert json.loads(made[2].read_text()) == json.loads(alone[2].read_text())
    steps = [
        [json.loads(line) for line in path.read_text().splitlines()] for path in (made[1], alone[1])
    ]
    for step in (one for log in steps for one in log):
        del step["ms"]
    assert steps[0] == steps[1]

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    file.write_text("\n".join(map(json.dumps, edits)))
    assert main([*words, "--jobs", "1"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "3 edits made earlier"
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png")} == before


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_made(tmp_path: Path) -> None:
    file, out = tmp_path / "jobs.jsonl", tmp_path / "results"
    edits = [{"seed": seed, "point": "60,40:20,110", "steps": 2} for seed in range(200)]
    file.write_text("\n".join(map(json.dumps, edits)))
    words = ["batch", str(file), "--out", str(out), "--engine", "ort", "--device", "cpu"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_draggan", *words], stderr=subprocess.PIPE, text=True
    )
    index = out / "results.jsonl"
    wait_until(lambda: index.exists() and len(index.read_bytes().splitlines()) > 2, "results")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 130 and said.splitlines()[-1] == "tui-draggan: interrupted"
    made = lines(out)
    assert 2 < len(made) < 200
    for entry in made:
        assert all((out / name).stat().st_size for name in entry["files"])
    assert not list(out.rglob(".tui-draggan-*"))
