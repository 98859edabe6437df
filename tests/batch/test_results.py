"""The folder of results: what it says is there is there, whatever happened."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.batch.made import job, made
from tui_draggan.batch.job import Failed, Refused
from tui_draggan.batch.results import Results, Shard
from tui_draggan.errors import OutputError


def lines(folder: Path, name: str = "results.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files do not grow beyond, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_an_edit_has_its_files_and_a_line(tmp_path: Path) -> None:
    one = made(job(line=4, id="cat-4"))
    with closing(Results(tmp_path / "out")) as results:
        assert not results.has(one.job.key)
        results.add(one)
        assert results.has(one.job.key)
    (line,) = lines(tmp_path / "out")
    assert (line["key"], line["line"], line["id"]) == (one.job.key, 4, "cat-4")
    assert line["outcome"] == "reached" and line["worker"] == "here:1"
    contents = [(tmp_path / "out" / file).read_bytes() for file in line["files"]]
    assert contents == [one.picture, one.log.encode(), one.session.encode()]
    with closing(Results(tmp_path / "out")) as results:
        assert results.has(one.job.key)


def test_failures_are_lines_and_no_results(tmp_path: Path) -> None:
    one = job()
    with closing(Results(tmp_path)) as results:
        results.fail(Failed(one, "the engine gave up", "here:1"))
        results.fail(Refused("ab" * 16, 9, None, "not JSON"))
        assert not results.has(one.key)
    assert [(line["line"], line["error"]) for line in lines(tmp_path)] == [
        (1, "the engine gave up"),
        (9, "not JSON"),
    ]
    with closing(Results(tmp_path)) as results:
        assert not results.has(one.key) and results.damaged == 0


def test_an_edit_whose_files_are_gone_is_made_again(tmp_path: Path) -> None:
    one = made(job())
    with closing(Results(tmp_path)) as results:
        results.add(one)
        (tmp_path / lines(tmp_path)[0]["files"][0]).unlink()
        assert not results.has(one.job.key)


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_half_a_line_of_a_machine_that_lost_its_power(tmp_path: Path, cut: int) -> None:
    first, second = made(job(seed=1)), made(job(seed=2))
    with closing(Results(tmp_path)) as results:
        results.add(first)
        results.add(second)
    index = tmp_path / "results.jsonl"
    os.truncate(index, index.stat().st_size - cut)
    with closing(Results(tmp_path)) as results:
        assert results.has(first.job.key)
        whole = cut == 1  # only the end of the line is missing
        assert (results.has(second.job.key), results.damaged) == (whole, 1 - whole)
        results.add(second)
    assert index.read_bytes().endswith(b"\n")
    with closing(Results(tmp_path)) as results:
        assert results.has(first.job.key) and results.has(second.job.key)


@pytest.mark.parametrize("line", ["[]", "7", '{"key": 3}', "{", "\x00", '{"key": "a", "files": 3}'])
def test_lines_that_are_none_are_passed_over(tmp_path: Path, line: str) -> None:
    (tmp_path / "results.jsonl").write_text(line + "\n")
    with closing(Results(tmp_path)) as results:
        assert results.damaged == 1


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """Whichever write it is that finds no room."""
    before = made(job(seed=1))
    with closing(Results(tmp_path)) as results:
        results.add(before)
        index = tmp_path / "results.jsonl"
        size = index.stat().st_size
        for room in (0, 50, size + 10):
            with largest_file(room), pytest.raises(OutputError, match="File too large"):
                results.add(made(job(seed=2)))
            assert index.stat().st_size == size and not results.has(job(seed=2).key)
        assert [path.name for path in tmp_path.rglob(".tui-draggan-*")] == []
        results.add(made(job(seed=2)))
    assert len(lines(tmp_path)) == 2


def test_two_batches_do_not_write_into_one_index(tmp_path: Path) -> None:
    with closing(Results(tmp_path)):
        with pytest.raises(OutputError, match="being written by another batch"):
            Results(tmp_path)
        Results(tmp_path, Shard(2, 3)).close()
    Results(tmp_path).close()


def test_shards_are_merged_by_copying(tmp_path: Path) -> None:
    for number in (1, 2):
        with closing(Results(tmp_path / f"{number}", Shard(number, 2))) as results:
            results.add(made(job(line=number, seed=number)))
    shutil.copytree(tmp_path / "2", tmp_path / "1", dirs_exist_ok=True)
    with closing(Results(tmp_path / "1")) as results:
        assert all(results.has(job(seed=seed).key) for seed in (1, 2))


def test_every_line_is_in_one_shard() -> None:
    for count in (1, 2, 7):
        shards = [Shard(number, count) for number in range(1, count + 1)]
        assert all(sum(one.has(line) for one in shards) == 1 for line in range(1, 50))
        assert len({one.index for one in shards}) == count


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not a folder"):
        Results(tmp_path / "file")
