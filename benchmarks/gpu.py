"""One GPU, everything that is worth knowing about it, in eight minutes.

    python -m benchmarks.gpu [--device cuda:1] [--json gpu.json] [--only bench,training]
    python -m benchmarks.gpu --device cpu --small        a trial of the script without a GPU

It needs torch with CUDA, numpy, Pillow, rich, safetensors, onnx and onnxruntime: no screen, no
network, nothing installed. Every line runs in a process of its own, a fork of this one, so that
the next goes on whatever becomes of it. Prints a Markdown table as it goes; the JSON holds more,
and is written again after every line. The exit status is 1 where a line has failed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

LIMIT = 460.0
"""Seconds for all lines."""
STAND_INS = {
    "platformdirs": (
        "import os\n"
        "def _folder(kind):\n"
        "    return lambda app: os.path.join(os.environ['XDG_' + kind + '_HOME'], app)\n"
        "user_data_dir, user_state_dir = _folder('DATA'), _folder('STATE')\n"
        "user_cache_dir, user_config_dir = _folder('CACHE'), _folder('CONFIG')\n"
    )
}
"""Modules that the program wants and a machine for torch may lack, as much of them as is used."""
COLUMNS = "| line | | what | s |"


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    run: Callable[[Any], Any]
    """`Setting` → `Told`."""
    seconds: float
    """The most it may take."""


@dataclass(frozen=True)
class Row:
    """What became of a line."""

    name: str
    verdict: str
    """pass, FAIL, or `-` where it could not be tried."""
    words: str
    seconds: float
    values: dict[str, Any]

    @property
    def markdown(self) -> str:
        words = self.words.replace("|", "/").replace("\n", " ")
        return f"| {self.name} | {self.verdict} | {words} | {self.seconds:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda", help="cuda (default), cuda:N, or cpu")
    parser.add_argument("--small", action="store_true", help="tiny models and short times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    parser.add_argument("--only", metavar="LINE,…", help="lines that begin like these")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        failed = measure(
            options.device, options.small, Path(work), options.json, (options.only or "").split(",")
        )
    sys.exit(failed)


def measure(device: str, small: bool, work: Path, out: Path | None, only: list[str]) -> bool:
    """Runs the lines; whether one of them failed."""
    _prepare(work)
    if small:  # threads would only wait for each other
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # Here, so that the lines' processes have torch already; CUDA is theirs to start.
    from benchmarks.gpu_lines.setting import Setting

    if device == "cpu":  # the stand-in for CUDA's graphs makes torch import it in every line
        import_module("torch._dynamo")
    setting = Setting(device, small, work)
    end = time.monotonic() + LIMIT
    rows: list[Row] = []
    print(COLUMNS, "| --- | --- | --- | --- |", sep="\n", flush=True)
    for name, line in _lines(setting.sizes).items():
        if not (name == "models" or any(name.startswith(word) for word in only)):
            continue
        limit = min(line.seconds, end - time.monotonic())
        rows.append(_in_a_fork(name, partial(line.run, setting), limit))
        print(rows[-1].markdown, flush=True)
        if out is not None:
            values = {"device": device, "small": small, "lines": [asdict(row) for row in rows]}
            out.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")
    return any(row.verdict == "FAIL" for row in rows)


def _lines(sizes: tuple[int, ...]) -> Mapping[str, Line]:
    """What matters most first: the time may be up before the end."""
    from benchmarks.gpu_lines import numbers, programs, speed, trouble

    benches = {f"bench {size} px": Line(partial(speed.bench, size=size), 60) for size in sizes}
    return {
        "card": Line(numbers.card, 60),
        "models": Line(numbers.models, 150),
        "parity float32": Line(numbers.parity_float32, 60),
        "parity TF32": Line(numbers.parity_tf32, 60),
        "parity bf16": Line(numbers.parity_bf16, 60),
        "reference step": Line(numbers.reference_step, 40),
        "graph replay": Line(numbers.replay, 40),
        **dict(reversed(benches.items())),
        "preview": Line(speed.preview, 60),
        "drag": Line(programs.drag, 60),
        "import": Line(programs.import_and_drag, 90),
        "out of memory": Line(trouble.out_of_memory, 40),
        "card is gone": Line(trouble.card_is_gone, 60),
        "training": Line(programs.training, programs.TRAINING_SECONDS + 60),
        "memory": Line(speed.memory, 60),
        "two editors": Line(speed.two_editors, 60),
        "ort on CUDA": Line(numbers.ort_on_cuda, 60),
    }


def _prepare(work: Path) -> None:
    """Folders of its own for whatever the program keeps, and modules that are missing."""
    for kind in ("DATA", "STATE", "CACHE", "CONFIG"):
        os.environ[f"XDG_{kind}_HOME"] = str(work / kind.lower())
    folder = work / "stand-ins"
    folder.mkdir()
    for name, text in STAND_INS.items():
        try:
            import_module(name)
        except ModuleNotFoundError:
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
    sys.path.append(str(folder))
    invalidate_caches()


def _in_a_fork(name: str, run: Callable[[], Any], limit: float) -> Row:
    """The line's answer, or how its process ended."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as said:
        if limit > 1:
            child = os.fork()
            if child == 0:
                _answer(run, answer.fileno(), said.fileno())
            status = _awaited(child, limit)
        else:
            status = None
        seconds = time.monotonic() - began
        answer.seek(0)
        said.seek(0)
        if text := answer.read():
            values = json.loads(text)
            verdict = {True: "pass", False: "FAIL", None: "-"}[values["passed"]]
            return Row(name, verdict, values["words"], seconds, values["values"])
        lines = said.read().decode(errors="replace").strip().splitlines()
        why = f"no answer in {limit:.0f} s" if status is None else f"status {status}"
        words = f"{why}: {lines[-1]}" if lines else why
        return Row(name, "FAIL", words, seconds, {"output": lines[-40:]})


def _answer(run: Callable[[], Any], answer: int, said: int) -> None:
    """The child: what it prints goes to `said`, what it found to `answer`."""
    os.setsid()
    for stream in (1, 2):
        os.dup2(said, stream)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    status = 1
    try:
        text = json.dumps(asdict(run()), default=str)
        os.write(answer, text.encode())
        status = 0
    except BaseException:  # whatever it is, it belongs to this line alone
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _awaited(child: int, limit: float) -> int | None:
    """Its status; None where the time was up. What it has started ends with it."""
    end, status = time.monotonic() + limit, None
    while time.monotonic() < end:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
            break
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return status


if __name__ == "__main__":
    main()
