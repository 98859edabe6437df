"""Files of directions: what comes back, what is refused, and other programs' files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_draggan.directions.direction import SIGMA, WAY, Direction
from tui_draggan.directions.other_files import read_other_directions
from tui_draggan.directions.store import DirectionStore, read_directions, write_directions
from tui_draggan.errors import UsageError
from tui_draggan.latent_statistics import LatentStatistics
from tui_draggan.testing.spot_engine import INFO

ZOO = replace(INFO, name="zoo", classes=("cat", "dog"))
ONE = Direction("yaw", np.array([[1, 2, 3, 4]], np.float32), 0.5, 0.25, None, "ganspace")
ROWS = Direction("grin", np.arange(40, dtype=np.float32).reshape(10, 4), label=1)


@pytest.fixture
def store(tmp_path: Path) -> DirectionStore:
    return DirectionStore(tmp_path / "data" / "zoo.npz", tmp_path / "bundled", ZOO)


def test_what_is_kept_comes_back(store: DirectionStore) -> None:
    assert store.all() == () == store.own()
    store.keep([ONE, ROWS])
    one, rows = store.all()
    assert (one.name, one.mean, one.share, one.label, one.method) == (
        "yaw", 0.5, 0.25, None, "ganspace"
    )  # fmt: skip
    assert (rows.name, rows.share, rows.label) == ("grin", None, 1)
    np.testing.assert_array_equal(rows.vector, ROWS.vector)
    np.testing.assert_array_equal(
        np.broadcast_to(one.vector, (10, 4)), np.tile(ONE.vector, (10, 1))
    )


def test_normals_and_units_are_kept_and_old_files_are_without(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    normal = np.array([1, 0, 0, 2], np.float32)
    way = replace(ONE, name="to dog", unit=WAY)
    write_directions(path, [replace(ONE, normal=normal), way], ZOO)
    one, other = read_directions(path, ZOO)
    assert one.normal is not None and other.normal is None
    np.testing.assert_array_equal(one.normal, normal)
    assert (one.unit, other.unit) == (SIGMA, WAY)
    damaged(path, lambda values: [values.pop(key) for key in ("normals", "units")])
    one, other = read_directions(path, ZOO)
    assert one.normal is None and one.unit == SIGMA


def test_names_are_given_and_taken_away(store: DirectionStore) -> None:
    store.keep([ONE, ROWS])
    assert store.rename(ONE, " turn ").name == "turn"
    assert [one.name for one in store.all()] == ["turn", "grin"]
    with pytest.raises(UsageError, match="there is a direction named grin"):
        store.rename(store.all()[0], "grin")
    with pytest.raises(UsageError, match="no direction of yours is named 'yaw'"):
        store.remove("yaw")
    store.remove("turn")
    store.remove("grin")
    assert store.all() == ()


def test_the_models_own_come_after_and_give_way_to_a_persons(
    store: DirectionStore, tmp_path: Path
) -> None:
    (tmp_path / "bundled").mkdir()
    write_directions(tmp_path / "bundled" / "a.npz", [ONE, ROWS], ZOO)
    store.keep([replace(ROWS, label=None)])
    assert [(one.name, one.label) for one in store.all()] == [("grin", None), ("yaw", None)]


def test_names_are_made_printable(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_directions(path, [replace(ONE, name="a\x1b[2J\u202eb")], ZOO)
    assert read_directions(path, ZOO)[0].name == "a\\x1b[2J\\u202eb"


def damaged(path: Path, damage: Callable[[dict[str, Any]], object]) -> None:
    write_directions(path, [ONE, ROWS], ZOO)
    with np.load(path) as file:
        values: dict[str, Any] = dict(file)
    damage(values)
    np.savez(path, **values)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda values: values.pop("means"), "is not a file of directions, or it is damaged"),
        (lambda values: values.update(format="x 2"), "'x 2'; expected tui-draggan directions 1"),
        (lambda values: values.update(model="dogs"), "of the model dogs, but zoo is open"),
        (lambda values: values.update(vectors=np.ones((2, 3, 4))), "of the model zoo, but"),
        (lambda values: values.update(vectors=np.ones(4)), "or it is damaged"),
        (lambda values: values.update(vectors=np.zeros((2, 1, 4))), "has no usable vector"),
        (lambda values: values.update(labels=np.array([0, 2])), "a class that zoo does not have"),
        (lambda values: values.update(labels=np.array([0, -7])), "a class that zoo does not have"),
        (lambda values: values.update(means=np.array([np.inf, 0])), "or it is damaged"),
        (lambda values: values.update(names=np.array(["a", ""])), "is no name"),
        (lambda values: values.update(names=np.array(["a" * 99, "b"])), "is no name"),
        (lambda values: values.update(names=np.array(["a"])), "or it is damaged"),
        (lambda values: values.update(normals=np.ones((2, 5))), "or it is damaged"),
        (lambda values: values.update(normals=np.full((2, 4), np.inf)), "has no usable normal"),
        (lambda values: values.update(units=np.array(["σ", "m"])), "or it is damaged"),
        (lambda values: values.update(units=np.array(["σ"])), "or it is damaged"),
    ],
)
def test_a_damaged_file_is_refused_by_name(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = tmp_path / "some.npz"
    damaged(path, damage)
    with pytest.raises(UsageError, match=message) as caught:
        read_directions(path, ZOO)
    assert "some.npz" in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    for content in (b"", b"PK\x03\x04", b"not at all"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"some.npz is not a file of directions"):
            read_directions(path, ZOO)
    with pytest.raises(UsageError, match="is a folder; expected a file of directions"):
        read_directions(tmp_path, ZOO)
    with pytest.raises(UsageError, match="does not exist"):
        read_directions(tmp_path / "nothing.npz", ZOO)


def test_objects_in_a_file_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    damaged(path, lambda values: values.update(names=np.array([print, "b"], object)))
    with pytest.raises(UsageError, match="or it is damaged"):
        read_directions(path, ZOO)


# -- other programs' -------------------------------------------------------------------------------

STATISTICS = LatentStatistics.of(
    (np.random.default_rng(0).standard_normal((20_000, 4)) * [4, 3, 2, 1] + 1).astype(np.float32)
)


def test_ganspaces_components_get_this_models_lengths(tmp_path: Path) -> None:
    path = tmp_path / "components.npz"
    np.savez(path, lat_comp=np.eye(4, dtype=np.float32)[:, None], lat_stdev=np.full(4, 9.0))
    found = read_other_directions(path, STATISTICS, "gs")
    assert found is not None
    assert [one.name for one in found] == ["gs 1", "gs 2", "gs 3", "gs 4"]
    for one, length in zip(found, (4, 3, 2, 1), strict=True):
        assert np.linalg.norm(one.vector) == pytest.approx(length, rel=0.03)
        assert one.position(np.ones((10, 4), np.float32)) == pytest.approx(0, abs=0.05)


def test_interfacegans_boundary(tmp_path: Path) -> None:
    path = tmp_path / "boundary.npy"
    np.save(path, np.array([[0, 0, 5.0, 0]]))
    found = read_other_directions(path, STATISTICS, "smile")
    assert found is not None and [one.name for one in found] == ["smile"]
    assert np.linalg.norm(found[0].vector) == pytest.approx(2, rel=0.03)


@pytest.mark.parametrize("zipped", [True, False])
def test_the_columns_of_a_factorisation(zipped: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "factor.pt"
    columns = torch.tensor([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
    factor = {"ckpt": "550000.pt", "eigvec": columns}
    torch.save(factor, path, _use_new_zipfile_serialization=zipped)
    found = read_other_directions(path, STATISTICS, "sefa")
    assert found is not None
    assert [one.name for one in found] == ["sefa 1", "sefa 2", "sefa 3", "sefa 4"]
    for one, axis, length in zip(found, (1, 0, 3, 2), (3, 4, 1, 2), strict=True):
        assert int(np.abs(one.vector).argmax()) == axis
        assert np.linalg.norm(one.vector) == pytest.approx(length, rel=0.03)


def test_files_of_torch_are_read_without_running_them(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "factor.pt"
    for content, message in (
        ({"eigvec": Evil()}, r"names \S+\.exec, which no .*refused"),
        ({"eigvec": [1.0]}, "holds no directions"),
        (torch.ones(5), "of 5 dimensions; this model has 4"),
        (torch.ones(4, dtype=torch.int64), "holds no directions"),
        ({"eigvec": torch.ones(5, 5)}, "of 5 dimensions; this model has 4"),
    ):
        torch.save(content, path)
        with pytest.raises(UsageError, match=message):
            read_other_directions(path, STATISTICS, "x")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UsageError, match="damaged"):
        read_other_directions(path, STATISTICS, "x")


class Evil:
    """Unpickled by torch, it would run code."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('run')",)


def test_other_shapes_are_refused_and_other_files_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "boundary.npy"
    for array, message in (
        (np.ones((1, 5)), "of 5 dimensions; this model has 4"),
        (np.zeros((1, 4)), "has no usable vector"),
        (np.ones((2, 3, 4)), "holds no directions in W"),
        (np.ones(4, int), "holds no directions in W"),
    ):
        np.save(path, array)
        with pytest.raises(UsageError, match=message):
            read_other_directions(path, STATISTICS, "x")
    np.savez(tmp_path / "own.npz", format=np.array("x"))
    assert read_other_directions(tmp_path / "own.npz", STATISTICS, "x") is None
