"""What is read of a run's folder, and what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from rich.text import Text

from tests.tui.watch.runs import line, whole_run, write_config, write_grid, write_lines
from tui_draggan.errors import UsageError
from tui_draggan.tui.watch.charts import charts_of
from tui_draggan.tui.watch.layout import drawn_size, plan
from tui_draggan.tui.watch.log import Curve
from tui_draggan.tui.watch.plot import EMPTY, Ink, drawn
from tui_draggan.tui.watch.run import RunReader, RunSnapshot, check_run
from tui_draggan.tui.watch.words import fitted, status_words, title_words

INK = Ink(("blue", "yellow"), "dim")


def test_a_whole_run(tmp_path: Path) -> None:
    run = RunReader(whole_run(tmp_path / "cats")).look()
    assert (run.name, run.resolution, run.data, run.total) == ("cats", 16, "kittens", 100)
    assert run.kimg == 40 and not run.finished
    assert [grid.kimg for grid in run.grids] == [10, 20, 30, 40]
    assert run.changed == pytest.approx(run.grids[-1].path.stat().st_mtime, abs=0.5)
    os.utime(tmp_path / "cats" / "log.jsonl", (9e9, 9e9))
    assert RunReader(tmp_path / "cats").look().changed == 9e9


def test_an_empty_folder_may_become_a_run(tmp_path: Path) -> None:
    check_run(tmp_path)
    (tmp_path / ".hidden").touch()
    check_run(tmp_path)
    reader = RunReader(tmp_path)
    run = reader.look()
    assert (run.kimg, run.total, run.grids, run.changed) == (None, None, (), None)
    write_config(tmp_path)
    check_run(tmp_path)
    assert reader.look().total == 100
    write_config(tmp_path, kimg=250)
    os.utime(tmp_path / "config.json", (1, 1))
    assert reader.look().total == 250, "a run may be made longer"


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere does not exist; give --watch"):
        check_run(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file is a file"):
        check_run(tmp_path / "file")
    with pytest.raises(
        UsageError, match=r"is not a training run: it has neither config.json nor log.jsonl"
    ):
        check_run(tmp_path)


def test_what_is_damaged_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"kimg": 5')
    (tmp_path / "samples").mkdir()
    for name in ("000010.png.part", ".000020-x.png", "best.png", "-3.png", "٣.png"):
        (tmp_path / "samples" / name).touch()
    run = RunReader(tmp_path).look()
    assert run.total is None and run.grids == ()
    for config in ("[1, 2]", '{"kimg": "many", "resolution": [1], "data": null}', '{"kimg": -1}'):
        (tmp_path / "config.json").write_text(config)
        run = RunReader(tmp_path).look()
        assert (run.total, run.resolution, run.data) == (None, None, "")


def test_grids_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for kimg in (200, 30, 1_000_000):
        write_grid(tmp_path, kimg)
    assert [grid.kimg for grid in RunReader(tmp_path).look().grids] == [30, 200, 1_000_000]


def test_the_status_line(tmp_path: Path) -> None:
    run = RunReader(whole_run(tmp_path)).look()
    assert run.changed is not None
    assert status_words(run, run.changed + 10) == [
        *("40 / 100 kimg", "30 min left", "30 s/kimg"),
        *("D 1.02", "G 1.98", "p 0.1", "SWD 0.025"),
    ]
    assert status_words(run, run.changed + 299)[1] == "30 min left"
    silent = status_words(run, run.changed + 301)
    assert silent[1] == "no update for 5 min" and not any("left" in word for word in silent)
    assert status_words(RunSnapshot("x"), 0) == ["no log entries yet"]


def test_a_short_run_is_told_in_small_numbers(tmp_path: Path) -> None:
    write_config(tmp_path, kimg=0.064)
    write_lines(tmp_path, line(0.048))
    assert status_words(RunReader(tmp_path).look(), 0) == ["0.048 / 0.064 kimg"]


def test_a_finished_run_says_so_however_long_ago(tmp_path: Path) -> None:
    run = RunReader(whole_run(tmp_path, 100)).look()
    words = status_words(run, 1e12)
    assert words[:2] == ["100 / 100 kimg", "finished"]
    assert not any("left" in word or "update" in word for word in words)


def test_values_of_a_stage_that_is_over_are_not_told(tmp_path: Path) -> None:
    write_config(tmp_path)
    write_lines(tmp_path, *(line(k, paired=1.0) for k in range(1, 6)))
    write_lines(tmp_path, *(line(k, d=1.0) for k in range(6, 8)))
    run = RunReader(tmp_path).look()
    assert "paired 1" in status_words(run, 0), "two lines without it may be chance"
    write_lines(tmp_path, *(line(k, d=1.0) for k in range(8, 12)))
    assert status_words(RunReader(tmp_path).look(), 0)[1:] == ["D 1"]


def test_words_that_do_not_fit_are_left_out_whole() -> None:
    words = ["40 / 100 kimg", "30 min left", "s/kimg 30.000000", "D 1"]
    assert fitted(words, 80, "", "").plain == " 40 / 100 kimg  30 min left  s/kimg 30.000000  D 1"
    assert fitted(words, 32, "", "").plain == " 40 / 100 kimg  30 min left  D 1"


def test_the_title_says_which_grid(tmp_path: Path) -> None:
    run = RunReader(whole_run(tmp_path / "cats")).look()
    assert title_words(run, run.grids[1]) == [
        *("cats", "samples at 20 kimg", "2 of 4", "16 px", "kittens")
    ]
    assert title_words(run, None) == ["cats", "16 px", "kittens"]


def test_curves_of_a_kind_share_a_chart_and_unknown_ones_have_their_own() -> None:
    charts = charts_of(["lr", "g", "metric", "d", "new_thing"])
    assert [(chart.title, chart.names) for chart in charts] == [
        ("losses", ("d", "g")),
        ("distance to the data", ("metric",)),
        ("lr", ("lr",)),
        ("new thing", ("new_thing",)),
    ]


def curve(*points: tuple[float, float]) -> Curve:
    return np.array(points, float).T


def plain(lines: list[Text]) -> list[str]:
    return [text.plain for text in lines]


def test_two_curves_on_one_scale() -> None:
    curves = {"d": curve((0, 0), (10, 0)), "g": curve((0, 4), (10, 4))}
    (chart,) = charts_of(curves)
    lines = drawn(chart, curves, 40, 8, INK)
    assert len(lines) == 8 and max(text.cell_len for text in lines) <= 40
    legend, *rows, axis = plain(lines)
    assert legend == "losses  D 0  G 4"
    assert rows[0] == "4 " + "⠉" * 38, "G at the top"
    assert rows[-1] == "0 " + "⣀" * 38, "D at the bottom"
    assert set("".join(rows[1:-1])) == {" ", chr(EMPTY)}
    assert axis == "  0" + " " * 30 + "10 kimg"
    top, bottom = lines[1], lines[6]
    assert str(top.spans[-1].style) == "yellow" and str(bottom.spans[-1].style) == "blue"


def test_a_curve_is_drawn_where_it_has_values_alone() -> None:
    curves = {"paired": curve((0, 1), (10, 2)), "held_out": curve((5, 3), (10, 3))}
    (chart,) = charts_of(curves)
    top = plain(drawn(chart, curves, 42, 4, INK))[1].removeprefix("3 ")
    assert set(top[:19]) == {chr(EMPTY)} and set(top[21:]) == {"⠉"}


def test_a_single_value_is_a_level_line() -> None:
    curves = {"metric": curve((3, 0.5))}
    _, first, last = plain(drawn(charts_of(curves)[0], curves, 30, 3, INK))
    assert set(first[4:]) == {chr(EMPTY)} and set(last[4:]) == {"⠉"}


def test_a_wide_range_is_logarithmic_and_zero_allows_none() -> None:
    falling = curve(*((k, 10.0 ** (4 - k)) for k in range(5)))
    curves = {"metric": falling}
    rows = plain(drawn(charts_of(curves)[0], curves, 30, 5, INK))[1:]
    for row, text in enumerate(rows):
        used = [at for at, cell in enumerate(text[6:]) if cell != chr(EMPTY)]
        assert used[0] == 6 * row and used[-1] in (6 * row + 5, 6 * row + 6), "a straight line"
    curves = {"metric": np.concatenate([falling, curve((5, 0))], axis=1)}
    last = plain(drawn(charts_of(curves)[0], curves, 30, 5, INK))[4]
    assert last.count("⣀") > 10, "a plain scale: most of it lies at the bottom"


def test_the_bar_stands_at_its_kimg() -> None:
    curves = {"metric": curve((0, 1), (100, 1))}
    lines = drawn(charts_of(curves)[0], curves, 41, 4, INK, marked=50)
    (bar,) = (span for span in lines[1].spans if "reverse" in str(span.style))
    assert lines[1].plain[:2] == "1 " and bar.start == 2 + 19 and bar.end == bar.start + 1


def test_no_room_for_curves_leaves_the_legend() -> None:
    curves = {"metric": curve((0, 1), (100, 1))}
    for width, height in ((5, 10), (40, 1)):
        assert len(drawn(charts_of(curves)[0], curves, width, height, INK)) == 1


@pytest.mark.parametrize("aspect", [0.25, 1.0, 2.0, 8.0])
@pytest.mark.parametrize("columns", [1, 20, 40, 80, 133, 200])
@pytest.mark.parametrize("rows", [1, 3, 12, 24, 50])
def test_a_picture_fits_its_cells_and_keeps_its_proportions(
    columns: int, rows: int, aspect: float
) -> None:
    width, height = drawn_size(columns, rows, aspect)
    assert 1 <= width <= columns and 1 <= height <= rows
    if min(width, height) > 4:
        assert width / (2 * height) == pytest.approx(aspect, rel=0.15)
    chosen = plan(columns, rows, aspect)
    assert 1 <= chosen.width <= columns and 1 <= chosen.height <= max(1, rows - 2)


def test_curves_lie_where_they_leave_the_picture_largest() -> None:
    assert plan(80, 24, 2.0).beside is False
    assert plan(160, 40, 1.0).beside is True
    assert plan(80, 24, 2.0).height == 17 and plan(40, 12, 2.0).height == 8
