"""`import tui_draggan`: what it offers, that it costs nothing and is enough for an edit."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import tui_draggan
from tui_draggan import Frame, Model, Outcome, Session, State, UsageError, open_model

NAMES = {
    "BundleError",
    "BundleInfo",
    "CheckpointError",
    "Document",
    "DragParams",
    "DragganError",
    "EngineError",
    "Frame",
    "Latent",
    "Model",
    "Outcome",
    "OutputError",
    "Pair",
    "Photo",
    "Seed",
    "Session",
    "Snapshot",
    "State",
    "Status",
    "UsageError",
    "__version__",
    "load_session",
    "open_model",
    "save_session",
}


def test_the_public_names_are_these_and_all_are_there() -> None:
    assert set(tui_draggan.__all__) == NAMES
    assert list(tui_draggan.__all__) == sorted(tui_draggan.__all__)
    assert set(dir(tui_draggan)) >= NAMES
    for name in NAMES - {"__version__", "load_session", "open_model", "save_session"}:
        assert isinstance(getattr(tui_draggan, name), type), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(tui_draggan, "nothing")  # noqa: B009 - a type checker knows better


def test_what_a_type_checker_reads_is_what_is_imported() -> None:
    """The imports under TYPE_CHECKING name the modules that the names come from at run time."""
    tree = ast.parse(Path(str(tui_draggan.__file__)).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    homes = {
        alias.name: node.module
        for node in imports
        for alias in node.names
        if node.module is not None and node.module.startswith("tui_draggan.")
    }
    assert set(homes) == NAMES - {"__version__"}
    for name, home in homes.items():
        assert getattr(tui_draggan, name) is getattr(import_module(home), name)


def test_the_package_is_typed_and_its_import_costs_nothing() -> None:
    assert (Path(str(tui_draggan.__file__)).parent / "py.typed").exists()
    heavy = "numpy", "PIL", "onnxruntime", "textual", "torch", "argparse"
    script = f"import sys, tui_draggan; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def model() -> Model:
    return open_model("critters", engine="ort", device="cpu")


def test_a_drag_in_a_script(model: Model, tmp_path: Path) -> None:
    session: Session = model.session(seed=6, tolerance=2)
    session.add_pair((27, 27), (30, 20))
    frames: list[Frame] = list(session.run())
    assert session.status.outcome is Outcome.REACHED and frames[-1].distance <= 2
    side = model.info.size.width
    assert session.picture is not None and session.picture.shape == (side, side, 3)
    rendered = model.render(session.document.latent).astype(int)
    np.testing.assert_allclose(session.picture, rendered, atol=1)  # another graph's rounding

    tui_draggan.save_session(tmp_path / "edit.json", session.document, model.info.name)
    again = model.load(tmp_path / "edit.json")
    np.testing.assert_array_equal(again.document.latent.ws, session.document.latent.ws)
    assert again.document.parameters == session.document.parameters


def test_steps_by_number_and_a_loop_that_is_left(model: Model) -> None:
    session = model.session(seed=6)
    session.add_pair((27, 27), (30, 8))
    assert [frame.iteration for frame in session.run(steps=2)] == [0, 1, 2]
    assert session.status.state is State.PAUSED
    for frame in session.run():
        if frame.iteration == 5:
            break
    assert session.status.outcome is Outcome.STOPPED
    np.testing.assert_array_equal(session.document.latent.ws, frame.ws)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed is -1; expected 0 to"),
        ({"psi": 9.0}, "psi is 9.0; expected -2 to 2"),
        ({"label": "dragon"}, "no class dragon in critters; available: "),
        ({"label": 99}, "no class 99 in critters"),
        ({"steps": 0}, "steps is 0; expected 1 to"),
        ({"speed": 3}, "no parameter named speed; available: "),
        ({"mask": "missing.png"}, "missing.png"),
        ({"mask": np.ones((3, 3), bool)}, r"the mask is bool \(3, 3\); expected bool"),
        ({"mask": np.zeros((128, 128), bool)}, "allows no change"),
    ],
)
def test_what_is_wrong_is_said(model: Model, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model.session(**wrong)  # type: ignore[arg-type]


def test_the_example_of_the_manual_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manual = Path(__file__).parents[1] / "docs" / "python.md"
    example = manual.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    example = example.replace('open_model("critters")', 'open_model("critters", engine="ort")')
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    assert capsys.readouterr().out.endswith("Outcome.REACHED\n")
    assert (tmp_path / "edited.png").exists()


def test_models_are_found_by_name_and_by_folder(model: Model) -> None:
    assert open_model(model.bundle.path).info == model.info
    with pytest.raises(tui_draggan.BundleError, match="critters"):
        open_model("unheard-of")
