"""Settings: where each comes from, what is refused and how, what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_draggan import paths
from tui_draggan.cli import main
from tui_draggan.commands.opening import OpenRequest
from tui_draggan.commands.settings import PREFIX, SETTINGS, read_settings, remember
from tui_draggan.errors import UsageError
from tui_draggan.testing.pilot import editing
from tui_draggan.tui.gallery import keys as gallery
from tui_draggan.tui.keys.table import KEY_BY_ID, KEYS


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


def written(text: str) -> Path:
    file = paths.settings()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_flag_above_variable_above_file_above_memory_above_default() -> None:
    assert (
        read_settings({}).theme is None and read_settings({}).settled["theme"].origin == "default"
    )
    remember("theme", "dracula")
    assert (read_settings({}).theme, read_settings({}).settled["theme"].origin) == (
        "dracula", "chosen last"
    )  # fmt: skip
    file = written('theme = "nord"\npace = 12\n')
    assert read_settings({}).theme == "nord" and read_settings({}).settled["theme"].origin == str(
        file
    )
    settings = read_settings({"TUI_DRAGGAN_THEME": "gruvbox", "TUI_DRAGGAN_PACE": "0"})
    assert settings.theme == "gruvbox" and settings.pace == 0
    assert settings.settled["theme"].origin == "$TUI_DRAGGAN_THEME"


def test_the_engine_of_the_file_gives_way_to_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_draggan.cli import parse

    written('engine = "ort"\nmodel = "mine"\n')
    asked = OpenRequest.of(parse(["drag", "--point", "1,1:2,2"]))
    assert (asked.engine, asked.model, asked.usual_model) == ("ort", None, "mine")
    asked = OpenRequest.of(parse(["drag", "--engine", "torch", "--model", "critters"]))
    assert (asked.engine, asked.model) == ("torch", "critters")
    monkeypatch.setenv("TUI_DRAGGAN_DEVICE", "cuda:1")
    assert OpenRequest.of(parse(["drag"])).device == "cuda:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('theme = "x', "config.toml is not TOML: "),
        ('themes = "x"', "no setting is named 'themes'; available: colour, device"),
        ('engine = "fast"', "engine is 'fast'; expected one of auto, ort, ort-training"),
        ("pace = -1", "pace is '-1'; expected 0 to 1000 steps a second"),
        ("pace = true", "pace is 'True'; expected 0 to 1000"),
        ("pace = nan", "expected 0 to 1000"),
        ("model = 5", "model is '5'; expected a name"),
        ('device = "a\\u001bb"', r"device is 'a\\\\x1bb'; expected a name"),
        ('export_folder = "~nosuchuser/x"', "~nosuchuser has no home folder"),
        ("keys = 3", "keys is no table"),
        ("[keys]\nrun = 5", "keys.run is '5'; expected keys separated by commas"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(text)
    assert main(["config"]) == 2
    printed = capsys.readouterr().err
    assert str(file) in printed and printed.count("\n") == 1 and "\x1b" not in printed
    with pytest.raises(UsageError, match=message):
        read_settings({})


def test_a_variable_that_cannot_be_used_is_named() -> None:
    with pytest.raises(UsageError, match=r"TUI_DRAGGAN_PACE is 'fast'; expected 0 to 1000"):
        read_settings({"TUI_DRAGGAN_PACE": "fast"})


def test_a_file_that_is_none(tmp_path: Path) -> None:
    paths.settings().mkdir(parents=True)
    with pytest.raises(UsageError, match=r"config.toml is a folder; expected a file of settings"):
        read_settings({})
    paths.settings().rmdir()
    paths.settings().write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not text in UTF-8"):
        read_settings({})


def test_the_commented_file_says_all_and_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = read_settings({})
    assert main(["config", "--init"]) == 0
    assert read_settings({}) == before
    text = paths.settings().read_text()
    for name in (*(one.name for one in SETTINGS), *(key.id for key in KEYS)):
        assert f"# {name} = " in text
    assert main(["config", "--init"]) == 1, "it is not overwritten"
    lines = [line[2:] for line in text.splitlines() if line.startswith("# ") and " = " in line]
    written("\n".join(lines[: len(SETTINGS)]) + "\n[keys]\n" + "\n".join(lines[len(SETTINGS) :]))
    settings = read_settings({})
    assert settings.pace == 30 and settings.theme == "nord"
    own = {key.id: key.keys for key in KEYS}
    assert settings.keys == own | {str(key.id): key.key for key in gallery.KEYS}
    capsys.readouterr()


def test_config_prints_values_and_origins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written('pace = 5\n[keys]\nrun = "f5"\n')
    monkeypatch.setenv(f"{PREFIX}MODEL", "cats")
    assert main(["config"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["pace", "5.0", str(file)] in lines
    assert ["keys.run", "f5", str(file)] in lines
    assert ["model", "cats", "$TUI_DRAGGAN_MODEL"] in lines
    assert ["engine", "auto", "default"] in lines


def test_a_memory_that_cannot_be_read_is_no_error() -> None:
    paths.remembered().parent.mkdir(parents=True)
    for text in ("", "[", "5", '{"theme": 5}', '{"theme": "a\\u001b"}'):
        paths.remembered().write_text(text)
        assert read_settings({}).theme is None
    remember("theme", "nord")
    assert read_settings({}).theme == "nord"
    remember("export_folder", "/pictures")
    assert (
        read_settings({}).export_folder == Path("/pictures") and read_settings({}).theme == "nord"
    )
    remember("export_folder", "")
    assert read_settings({}).export_folder == Path() and read_settings({}).theme == "nord"


async def test_keys_of_a_persons_own() -> None:
    async with editing(keymap={"handle": "t", "target": "t"}) as editor:
        await editor.press("enter")
        assert editor.pointer.pending is None
        await editor.press("t", "K", "t")
        assert editor.pairs == [((32, 32), (32, 24))]
        assert "t" in KEY_BY_ID["handle"].names_in(editor.screen.options.keymap)


async def test_a_theme_that_is_chosen_is_remembered() -> None:
    kept: list[tuple[str, str]] = []
    async with editing(remember=lambda name, value: kept.append((name, value))) as editor:
        editor.app.theme = "nord"
        await editor.until(lambda: kept, "the theme")
    assert kept[-1] == ("theme", "nord")
