"""What is installed: the wheel, and the sdist that makes the same one."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from docs.manual import PAGE, manual

pytest.importorskip("build")
ROOT = Path(__file__).parents[1]
LARGEST = 40e6
"""Bytes of a wheel; the bundled model is nearly all of it."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`sdist`, the `wheel` made of it, and the wheel made of the checkout, `direct`."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True)
    direct = folder / "direct"
    subprocess.run([*build, str(direct), "--wheel", str(ROOT)], check=True, capture_output=True)
    return {
        "sdist": next(folder.glob("*.tar.gz")),
        "wheel": next(folder.glob("*.whl")),
        "direct": next(direct.glob("*.whl")),
    }


@pytest.mark.slow
def test_the_sdist_makes_the_same_wheel(built: dict[str, Path]) -> None:
    assert contents(built["wheel"]) == contents(built["direct"])


@pytest.mark.slow
def test_what_the_wheel_holds(built: dict[str, Path]) -> None:
    names = list(contents(built["wheel"]))
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.startswith("tui_draggan-")} == {"tui_draggan"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]
    for model in (ROOT / "artifacts").iterdir():
        for file in model.rglob("*"):
            if file.is_file():
                assert f"tui_draggan/artifacts/{file.relative_to(ROOT / 'artifacts')}" in names
    for ending in ("py.typed", "editor.tcss", "licenses/LICENSE", "man/man1/tui-draggan.1"):
        assert [name for name in names if name.endswith(ending)], f"{ending} is missing"
    assert built["wheel"].stat().st_size < LARGEST


@pytest.mark.slow
def test_the_sdist_holds_no_build_folders(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        parts = {part for name in archive.getnames() for part in Path(name).parts}
    assert not parts & {".venv", ".venv-bare", "__pycache__", "demo", "node_modules", ".git"}
    assert {"tests", "pyproject.toml", "LICENSE", "Makefile"} <= parts


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other Pythons word help otherwise")
def test_the_man_page_is_that_of_these_options() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual(), "make manual writes it again"


def contents(wheel: Path) -> dict[str, int]:
    """Each file of a wheel with its checksum."""
    with zipfile.ZipFile(wheel) as archive:
        return {one.filename: one.CRC for one in archive.infolist()}
