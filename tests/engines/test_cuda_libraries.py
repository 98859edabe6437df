"""Libraries from the package index are loaded in the order they need each other."""

from __future__ import annotations

from pathlib import Path

from tui_draggan.engines.cuda_libraries import LIBRARIES, preload


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def test_each_is_loaded_once_in_order_wherever_it_lies(tmp_path: Path) -> None:
    first = tree(tmp_path / "user", *LIBRARIES[3:], "cudnn/lib/libcudnn.so.9")
    second = tree(tmp_path / "venv", *LIBRARIES[:6])
    order: list[Path] = []
    loaded = preload([first, second], order.append)
    assert loaded == order
    assert order == [(second if i < 3 else first) / name for i, name in enumerate(LIBRARIES)]


def test_what_is_not_there_or_does_not_load_is_left_out(tmp_path: Path) -> None:
    def load(file: Path) -> None:
        if "cublasLt" in file.name:
            raise OSError("invalid ELF header")

    place = tree(tmp_path, *LIBRARIES[2:5])
    assert preload([tmp_path / "nowhere", place], load) == [place / x for x in LIBRARIES[3:5]]
    assert preload([], load) == []
    assert preload([place]) == []  # empty files: the linker's own refusal
