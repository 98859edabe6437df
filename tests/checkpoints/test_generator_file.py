"""This program's own files of weights: what torch.save wrote comes back, and nothing is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.checkpoints.writers.torch_zip import torch_zip
from tests.tiny import tiny_generator
from tui_draggan.checkpoints.generator_file import (
    load_generator,
    load_named_generator,
    read_values,
    save_generator,
)
from tui_draggan.errors import UsageError

ADVICE = ("weights_only", "torch.load", "safe_globals", "Unpickl", "trust", "arbitrary")
"""Words of what torch says of a file that it does not read."""


def save(path: Path, **changes: object) -> Path:
    generator = tiny_generator()
    values = {"config": generator.config.to_dict(), "state": generator.state_dict(), **changes}
    torch.save(values, path)
    return path


def refusal(path: Path) -> str:
    """What is said of the file: one line, without torch's advice."""
    with pytest.raises(UsageError) as caught:
        load_generator(path)
    line = str(caught.value)
    assert line.startswith(str(path)) and line.isprintable()
    assert not any(word in line.removeprefix(str(path)) for word in ADVICE), line
    return line


@pytest.mark.parametrize("options", [{}, {"architecture": "resnet", "c_dim": 2, "mapping_dim": 7}])
def test_a_generator_comes_back_with_its_classes(options: dict[str, Any], tmp_path: Path) -> None:
    generator = tiny_generator(**options)
    names = ("moon", "sun")[: generator.config.c_dim]
    save_generator(generator, names, tmp_path / "generator.pt")
    loaded, classes = load_named_generator(tmp_path / "generator.pt")
    assert (loaded.config, classes) == (generator.config, names)
    for name, value in generator.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    assert not loaded.training


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": None}, "no .config. and .state."),
        ({"config": [3]}, "no .config. and .state."),
        ({"config": {"resolution": 32}}, "do not fit"),
        ({"config": {"resolution": 48, "channels": (8, 8)}}, "do not fit"),
        ({"config": {"channels": (8, 8), "size": 32}}, "do not fit"),
        ({"state": {}}, "do not fit"),
        ({"state": {"b4.const": torch.ones(3)}}, "do not fit"),
    ],
)
def test_odd_weights_are_refused_in_one_line(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    path = save(tmp_path / "odd.pt", **changes)
    with pytest.raises(UsageError, match=words) as caught:
        load_generator(path)
    assert "\n" not in str(caught.value)


CLAIMS: dict[str, dict[str, object]] = {
    "two hundred blocks": {"resolution": 2**201, "channels": 200 * [8]},
    "a million channels": {"channels": 4 * [10**6]},
    "a million mapping layers": {"mapping_layers": 10**6},
    "2**40 classes": {"c_dim": 2**40},
    "2**60 numbers in w": {"w_dim": 2**60},
    "another architecture": {"architecture": "resnet"},
    "a fraction of a pixel": {"resolution": 32.5},
    "no pixel": {"resolution": 0},
    "a word": {"resolution": "32"},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_nothing_is_made_of_a_size_that_only_the_configuration_claims(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(*_: object, **__: object) -> None:
        raise AssertionError("a network was made")

    config = tiny_generator().config.to_dict() | CLAIMS[name]
    path = save(tmp_path / "odd.pt", config=config)
    monkeypatch.setattr("tui_draggan.checkpoints.generator_file.build_generator", made)
    assert "do not fit" in refusal(path)


@pytest.mark.parametrize("name", ["mapping.w_avg", "synthesis.b8.conv0.noise_const"])
def test_an_own_file_lacks_nothing(name: str, tmp_path: Path) -> None:
    state = tiny_generator().state_dict()
    del state[name]
    assert "do not fit" in refusal(save(tmp_path / "odd.pt", state=state))


def test_missing_foreign_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_generator(tmp_path / "none.pt")
    text = tmp_path / "text.pt"
    text.write_text("not weights")
    with pytest.raises(UsageError, match="cannot be read as weights"):
        load_generator(text)
    with pytest.raises(UsageError, match="cannot be read"):
        load_generator(tmp_path)
    generator = tiny_generator()
    state = generator.state_dict()
    state["synthesis.b8.conv0.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(UsageError, match="not finite"):
        load_generator(save(tmp_path / "nan.pt", state=state))


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch pwned",)


@pytest.mark.parametrize("write", ["zip", "legacy", "pickle"])
@pytest.mark.parametrize("inside", [True, False])
def test_nothing_is_run_and_torch_gives_no_advice(
    write: str, inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    generator = tiny_generator()
    values: Any = {"config": generator.config.to_dict(), "state": generator.state_dict()}
    values = {**values, "kimg": Evil()} if inside else Evil()
    path = tmp_path / "evil.pt"
    if write == "pickle":
        path.write_bytes(pickle.dumps(values))
    else:
        torch.save(values, path, _use_new_zipfile_serialization=write == "zip")
    assert "names posix.system" in refusal(path)
    with pytest.raises(UsageError, match=r"names posix\.system"):
        read_values(path)
    assert not (tmp_path / "pwned").exists()


def test_the_state_of_training_comes_back(tmp_path: Path) -> None:
    """Parameters, moments, a step of no dimension, the state of random numbers, options."""
    layer = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adam = torch.optim.Adam(layer.parameters(), 0.002, betas=(0.0, 0.99), fused=True)
    layer(torch.randn(1, 3, 8, 8)).sum().backward()
    adam.step()
    values = {
        "network": layer.state_dict(),
        "adam": adam.state_dict(),
        "random": torch.get_rng_state(),
        "signs": torch.tensor(0.5),
        "step": 3,
        "nested": [(1, None), {"a": True}],
    }
    path = tmp_path / "snapshot.pt"
    torch.save(values, path)

    read = read_values(path)

    def same(ours: Any, theirs: Any) -> bool:
        if isinstance(theirs, torch.Tensor):
            return (
                torch.equal(ours, theirs)
                and ours.dtype == theirs.dtype
                and ours.stride() == theirs.stride()
            )
        if isinstance(theirs, dict):
            return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in theirs)
        if isinstance(theirs, (list, tuple)):
            return len(ours) == len(theirs) and all(map(same, ours, theirs))
        return bool(ours == theirs)

    assert same(read, values)
    read["network"]["weight"].zero_()  # a copy of one's own
    assert same(read_values(path), values)
    adam.load_state_dict(read["adam"])


def test_what_is_not_plain_is_refused(tmp_path: Path) -> None:
    for value, words in (({"a": b"bytes"}, "holds a memoryview"), ([1], "holds a list")):
        path = tmp_path / "odd.pt"
        path.write_bytes(torch_zip(value))
        with pytest.raises(UsageError, match=words):
            read_values(path)
