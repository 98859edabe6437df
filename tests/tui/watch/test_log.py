"""The log is read as it grows, whatever it holds."""

from __future__ import annotations

from pathlib import Path

from tests.tui.watch.runs import line, write_lines
from tui_draggan.tui.watch.log import LogReader


def points(reader: LogReader, name: str) -> list[list[float]]:
    return [list(point) for point in reader.curves[name].T.tolist()]


def test_a_log_that_is_not_there_yet_and_then_grows(tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    assert not reader.look() and not reader.curves and reader.kimg is None
    write_lines(tmp_path, line(1, d=3.0))
    assert reader.look()
    assert points(reader, "d") == [[1, 3]] and reader.kimg == 1
    assert not reader.look(), "nothing new"
    write_lines(tmp_path, line(2, d=2.0, g=1), line(2, metric=0.5))
    assert reader.look()
    assert points(reader, "d") == [[1, 3], [2, 2]]
    assert points(reader, "g") == [[2, 1]] and points(reader, "metric") == [[2, 0.5]]
    assert set(reader.curves) == {"d", "g", "metric"}


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    write_lines(tmp_path, line(1, d=3.0))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"kimg": 2.0, "d"')
    reader.look()
    assert points(reader, "d") == [[1, 3]]
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write(": 7.0}\n")
    assert reader.look()
    assert points(reader, "d") == [[1, 3], [2, 7]]


def test_a_resumed_run_writes_the_log_anew(tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    write_lines(tmp_path, *(line(k, d=k) for k in (1, 2, 3)))
    reader.look()
    shorter = tmp_path / "shorter"
    write_lines(shorter, line(1, d=1.0), *(line(k, d=10.0 * k) for k in (2, 3, 4, 5)))
    (shorter / "log.jsonl").replace(tmp_path / "log.jsonl")
    assert reader.look()
    assert points(reader, "d") == [[1, 1], [2, 20], [3, 30], [4, 40], [5, 50]]


def test_a_log_cut_back_in_its_place(tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    write_lines(tmp_path, *(line(k, d=k) for k in (1, 2, 3)))
    reader.look()
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    assert reader.look()
    assert points(reader, "d") == [[1, 1]] and reader.kimg == 1


def test_steps_that_go_backwards_replace_what_came_after_them(tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    write_lines(tmp_path, *(line(k, d=k, p=k) for k in (1, 2, 3)), line(2, d=20.0))
    reader.look()
    assert points(reader, "d") == [[1, 1], [2, 20]]
    assert points(reader, "p") == [[1, 1], [2, 2]]


def test_what_is_no_line_of_a_log_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(
        b'{"kimg": 1, "d": 1}\nnonsense\n[1]\n"x"\n\n\xff\xfe\n{"d": 4}\n{"kimg": "2", "d": 4}\n'
        b'{"kimg": NaN, "d": 4}\n{"kimg": 2, "d": NaN, "g": "x", "p": true, "r": null}\n'
        b'{"kimg": 3, "d": 1e999, "g": 1' + b"0" * 400 + b"}\n" + b"[" * 100_000 + b"\n"
        b'{"kimg": 4, "d": 2}\n'
    )
    reader = LogReader(tmp_path)
    assert reader.look()
    assert {name: points(reader, name) for name in reader.curves} == {"d": [[1, 1], [4, 2]]}
    assert reader.kimg == 4
