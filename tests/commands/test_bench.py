"""`tui-draggan bench`, on a small model: what it measures and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tiny import tiny_generator
from tui_draggan.cli import main
from tui_draggan.export.bundle_writer import export_bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "small"
    export_bundle(tiny_generator(), folder, name="small", keep_weights=True)
    return folder


def test_every_contender_is_measured(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "--model", str(small), "--engines", "ort,torch", "--seconds", "0", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    by_name = {row["contender"]: row for row in told["results"]}
    assert set(by_name) == {"ort", "torch", "reference"}
    for row in by_name.values():
        assert row["points"] == 1 and row["milliseconds"] > 0
        assert row["sgemm_gflops"] > 0 and 0 < row["of_sgemm"] < 10
        assert 20e6 < row["peak_bytes"] < 4e9
        ratio = by_name["reference"]["milliseconds"] / row["milliseconds"]
        assert row["speedup"] == pytest.approx(ratio)
        assert sum(row["stages"].values()) == pytest.approx(row["milliseconds"])
        assert all(row["stages"][stage] > 0 for stage in ("synthesis", "tracking", "backward"))


def test_the_table_can_be_pasted(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "--model", str(small), "--engines", "ort", "--points", "1,3"]
    assert main([*words, "--no-reference", "--seconds", "0"]) == 0
    tables = capsys.readouterr().out.split("\n\n")
    assert len(tables) == 2
    for told in tables:
        rows = [line for line in told.splitlines() if line.startswith("| small")]
        assert [row.split("|")[2].strip() for row in rows] == ["1", "3"]
        assert len({line.count("|") for line in told.splitlines() if line.startswith("|")}) == 1


@pytest.mark.parametrize("words", [["--engines", "fast"], ["--sizes", "100"], ["--sizes", "big"]])
def test_what_cannot_be_meant_is_told_in_a_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--seconds", "0", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
