"""The keys: one row each, with what it does, when it makes sense, and what footer, help and palette
say of it.

Where a key means different things at different moments (Enter, space) it has a row for each, and
`when` picks the right one. A mode that comes (mask, sliders, parts, gallery) brings a group of rows
of its own; what its keys do stands in a module of its own beside `editor`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding

from tui_draggan.edit.document import State
from tui_draggan.edit.snapshot import Snapshot
from tui_draggan.tui.pointer import Pointer
from tui_draggan.tui.services import Services
from tui_draggan.tui.sliders import LEAP, STEP

if TYPE_CHECKING:
    from tui_draggan.tui.screen import EditorScreen


@dataclass(frozen=True)
class KeyContext:
    """What the keys depend on."""

    open: bool = False
    """Whether there is a session."""
    state: State = State.EMPTY
    pairs: bool = False
    frames: bool = False
    """Whether there are steps to walk through."""
    pending: bool = False
    """Whether a handle waits for its target."""
    grabbed: bool = False
    """Whether a point has been picked up."""
    selected: bool = False
    zoomed: bool = False
    export: bool = True
    save: bool = True
    classes: bool = False
    """Whether the model has classes."""
    models: bool = False
    """Whether there is a way to another model."""
    sliding: bool = False
    """Whether the sliders are open."""
    masking: bool = False
    """Whether the mask is being painted."""
    compare: bool = False
    """Whether there is a picture from before the edit."""
    name_direction: bool = False
    """Whether there is a place to keep a direction under a name."""

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING

    @property
    def busy(self) -> bool:
        """Something is half done with the pointer: only what ends it makes sense."""
        return self.pending or self.grabbed

    @property
    def idle(self) -> bool:
        """Neither a run nor something half done: the document may be replaced."""
        return not self.running and not self.busy


def key_context(
    snapshot: Snapshot, pointer: Pointer, services: Services, **shown: bool
) -> KeyContext:
    """What the keys depend on while a session is open. shown: `zoomed`, `sliding`, `masking`,
    `compare`."""
    return KeyContext(
        open=True,
        state=snapshot.status.state,
        pairs=bool(snapshot.document.pairs),
        frames=bool(snapshot.frames),
        pending=pointer.pending is not None,
        grabbed=pointer.grabbed is not None,
        selected=pointer.selected is not None,
        export=services.export is not None,
        save=services.save_session is not None,
        classes=bool(snapshot.info.classes),
        models=services.models is not None,
        name_direction=services.name_direction is not None,
        **shown,
    )


Action = Callable[["EditorScreen"], Awaitable[None] | None]
"""What a key or a line of the palette does."""
When = Callable[[KeyContext], bool]


def always(now: KeyContext) -> bool:
    """Whatever the moment."""
    return True


def pointing(now: KeyContext) -> bool:
    """No mode has the keys that move the crosshair."""
    return not now.sliding


def placing(now: KeyContext) -> bool:
    """No mode has the keys that set points."""
    return not now.sliding and not now.masking


def masking(now: KeyContext) -> bool:
    """The mask is being painted."""
    return now.masking


def sliding(now: KeyContext) -> bool:
    """The sliders are open, and may be moved."""
    return now.sliding and now.idle


@dataclass(frozen=True)
class Key:
    """A key and what it does."""

    id: str
    """Name for keymaps."""
    keys: str
    """Names of the keys, as Textual calls them, separated by commas."""
    action: Action
    when: When
    label: str
    """One or two words for the footer."""
    help: str
    """A line for help and palette."""
    shown: bool = False
    """Whether the footer has it."""
    group: Binding.Group | None = None
    """Keys that share a label in the footer."""
    early: bool = False
    """Whether it works while a session is still being opened."""

    def allowed(self, now: KeyContext) -> bool:
        """Whether it makes sense now; else it is neither shown nor offered."""
        return (now.open or self.early) and self.when(now)

    @property
    def names(self) -> list[str]:
        """Its keys as a person reads them: «x», «⇧⇥»."""
        return self.names_in({})

    def names_in(self, keymap: Mapping[str, str]) -> list[str]:
        """The same where a person has other keys, by id."""
        return [_name(key) for key in keymap.get(self.id, self.keys).split(",")]

    @property
    def binding(self) -> Binding:
        """For Textual: every key runs the screen's one action `key`, with the row's id."""
        return Binding(
            self.keys,
            f"key('{self.id}')",
            self.label,
            self.shown,
            self.names[0],
            tooltip=self.help,
            id=self.id,
            group=self.group,
        )


SIGNS = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "enter": "↵",
    "escape": "esc",
    "tab": "⇥",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "full_stop": ".",
    "plus": "+",
    "equals_sign": "=",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "minus": "-",
    "colon": ":",
    "question_mark": "?",
}
"""Signs of the keys that have a longer name in Textual."""


def _name(key: str) -> str:
    for prefix, sign in (("shift+", "⇧"), ("ctrl+", "^")):
        if key.startswith(prefix):
            return sign + _name(key.removeprefix(prefix))
    return SIGNS.get(key, key)


def _move(name: str, dx: int, dy: int, letter: str, step: int) -> Key:
    keys = f"{name},{letter}" if step == 1 else f"shift+{name},{letter.upper()}"
    return Key(
        name if step == 1 else f"{name}-far",
        keys,
        lambda screen: screen.editor.move_by(dx * step, dy * step),
        pointing,
        f"{name} {step} px",
        f"Move the crosshair {step} image pixel{'s' * (step > 1)} {name}",
    )


SCRUB = Binding.Group("scrub", compact=True)
SEED = Binding.Group("seed", compact=True)
BRUSH = Binding.Group("brush", compact=True)
SLIDE = Binding.Group("slide", compact=True)

# Two lines a row: id, keys, action, when; label, help.
# fmt: off
POINTS = (
    Key("handle", "enter", lambda screen: screen.editor.confirm(),
        lambda now: placing(now) and not now.busy and not now.selected,
        "handle", "Set a handle point here", shown=True),
    Key("target", "enter", lambda screen: screen.editor.confirm(), lambda now: now.pending,
        "target", "Set its target point here", shown=True),
    Key("pick-up", "enter", lambda screen: screen.editor.confirm(),
        lambda now: placing(now) and now.selected and not now.busy,
        "pick up", "Pick up the selected point", shown=True),
    Key("drop", "enter", lambda screen: screen.editor.confirm(), lambda now: now.grabbed,
        "drop", "Drop the point here", shown=True),
    Key("cancel", "escape", lambda screen: screen.editor.cancel(), lambda now: now.busy,
        "cancel", "Cancel the new handle or the move", shown=True),
    Key("next-point", "tab", lambda screen: screen.editor.select_next(1),
        lambda now: placing(now) and now.pairs and not now.busy,
        "next", "Select the next point", shown=True),
    Key("previous-point", "shift+tab", lambda screen: screen.editor.select_next(-1),
        lambda now: placing(now) and now.pairs and not now.busy,
        "previous", "Select the previous point"),
    Key("delete", "x,delete", lambda screen: screen.editor.delete_selected(),
        lambda now: placing(now) and now.selected and not now.busy,
        "delete", "Delete the selected pair", shown=True),
    Key("coordinates", "g", lambda screen: screen.prompts.coordinates(), always,
        "go to", "Type coordinates: x,y for crosshair or selected point, x,y:x,y for a pair"),
)

CROSSHAIR = tuple(
    _move(name, dx, dy, letter, step)
    for step in (1, 8)
    for name, dx, dy, letter in (
        ("left", -1, 0, "h"), ("down", 0, 1, "j"), ("up", 0, -1, "k"), ("right", 1, 0, "l")
    )
)

RUN = (
    Key("run", "space", lambda screen: screen.editor.run(),
        lambda now: now.pairs and now.idle,
        "run", "Drag until every handle is at its target", shown=True),
    Key("pause", "space", lambda screen: screen.editor.pause(), lambda now: now.running,
        "pause", "Pause the run; space resumes it", shown=True),
    Key("step", "s", lambda screen: screen.editor.run(1),
        lambda now: now.pairs and now.idle,
        "step", "Run one step, then pause", shown=True),
    Key("stop", "c", lambda screen: screen.editor.stop(),
        lambda now: now.state in (State.RUNNING, State.PAUSED),
        "stop", "End the run and keep the picture as it is", shown=True),
    Key("smaller-step", "left_square_bracket", lambda screen: screen.editor.scale_step_size(-1),
        placing, "step −", "Halve the step size"),
    Key("larger-step", "right_square_bracket", lambda screen: screen.editor.scale_step_size(1),
        placing, "step +", "Double the step size"),
    Key("frame-back", "comma", lambda screen: screen.editor.scrub(-1),
        lambda now: now.frames and now.idle,
        "back", "Go back one step of the run", shown=True, group=SCRUB),
    Key("frame-on", "full_stop", lambda screen: screen.editor.scrub(1),
        lambda now: now.frames and now.idle,
        "forward", "Go forward one step of the run", shown=True, group=SCRUB),
)

DOCUMENT = (
    Key("undo", "u", lambda screen: screen.editor.undo(), lambda now: not now.busy,
        "undo", "Undo the last edit or run", shown=True),
    Key("redo", "ctrl+r", lambda screen: screen.editor.redo(), lambda now: not now.busy,
        "redo", "Redo what was undone last"),
    Key("next-seed", "n", lambda screen: screen.editor.step_seed(1), lambda now: now.idle,
        "seed +", "Open the picture of the next seed", shown=True, group=SEED),
    Key("previous-seed", "p", lambda screen: screen.editor.step_seed(-1), lambda now: now.idle,
        "seed −", "Open the picture of the previous seed", shown=True, group=SEED),
    Key("class", "C", lambda screen: screen.prompts.class_from_list(),
        lambda now: now.classes and now.idle,
        "class", "Choose a class: the same seed's picture of another"),
    Key("open-model", "o", lambda screen: screen.prompts.another_model(),
        lambda now: now.models and now.idle,
        "open", "Open another model"),
    Key("export", "e", lambda screen: screen.prompts.export(),
        lambda now: now.export and not now.busy,
        "export", "Export a picture or an animation", shown=True),
)

MASK = (
    Key("mask", "m", lambda screen: screen.masking.enter(),
        lambda now: placing(now) and not now.busy,
        "mask", "Paint the mask: where the picture may change", shown=True),
    Key("mask-paint", "enter", lambda screen: screen.masking.confirm(), masking,
        "paint", "Put the brush down, or lift it; set a corner", shown=True),
    Key("mask-turn", "f", lambda screen: screen.masking.turn(), masking,
        "change/stay", "Paint what may change, or what stays", shown=True),
    Key("mask-smaller", "left_square_bracket", lambda screen: screen.masking.resize(-1), masking,
        "smaller", "A smaller brush", shown=True, group=BRUSH),
    Key("mask-larger", "right_square_bracket", lambda screen: screen.masking.resize(1), masking,
        "larger", "A larger brush", shown=True, group=BRUSH),
    Key("mask-tool", "t", lambda screen: screen.masking.next_tool(), masking,
        "tool", "Brush, rectangle, polygon (Enter on a corner closes it)", shown=True),
    Key("mask-flood", "w", lambda screen: screen.masking.flood(), masking,
        "flood", "Paint what looks like the pixel under the crosshair and hangs together with it",
        shown=True),
    Key("mask-invert", "i", lambda screen: screen.masking.invert(), masking,
        "invert", "What may change stays, and the other way round", shown=True),
    Key("mask-grow", "greater_than_sign", lambda screen: screen.masking.grow(), masking,
        "wider", "Make what may change a pixel wider"),
    Key("mask-shrink", "less_than_sign", lambda screen: screen.masking.shrink(), masking,
        "narrower", "Make what may change a pixel narrower"),
    Key("mask-clear", "X", lambda screen: screen.masking.clear(), masking,
        "clear", "Clear the mask: everything may change"),
    Key("leave-mask", "m,escape", lambda screen: screen.masking.leave(), masking,
        "back", "Give up the stroke under way, or close the mask", shown=True),
)

SLIDERS = (
    Key("sliders", "d", lambda screen: screen.sliders.enter(),
        lambda now: placing(now) and not now.busy,
        "sliders", "Open the sliders: move the picture along directions", shown=True),
    Key("slider-less", "left,h", lambda screen: screen.sliders.move(-STEP), sliding,
        "−0.1", "Move the chosen slider by −0.1 σ", shown=True, group=SLIDE),
    Key("slider-more", "right,l", lambda screen: screen.sliders.move(STEP), sliding,
        "+0.1", "Move the chosen slider by 0.1 σ", shown=True, group=SLIDE),
    Key("slider-much-less", "shift+left,H", lambda screen: screen.sliders.move(-LEAP), sliding,
        "−1", "Move the chosen slider by −1 σ"),
    Key("slider-much-more", "shift+right,L", lambda screen: screen.sliders.move(LEAP), sliding,
        "+1", "Move the chosen slider by 1 σ"),
    Key("slider-up", "up,k", lambda screen: screen.sliders.select(-1), lambda now: now.sliding,
        "up", "Choose the slider above"),
    Key("slider-down", "down,j", lambda screen: screen.sliders.select(1), lambda now: now.sliding,
        "down", "Choose the slider below"),
    Key("slider-value", "enter", lambda screen: screen.prompts.slider(), sliding,
        "type", "Type the chosen slider's value, and its rows", shown=True),
    Key("slider-rows", "r", lambda screen: screen.sliders.next_rows(), sliding,
        "rows", "Chosen slider: all rows of w+, those of shape, those of colour", shown=True),
    Key("slider-reset", "0,backspace", lambda screen: screen.sliders.reset(), sliding,
        "reset", "Set the chosen slider to 0", shown=True),
    Key("sliders-reset", "R", lambda screen: screen.sliders.reset_all(), sliding,
        "reset all", "Take all sliders back"),
    Key("sliders-off", "b", lambda screen: screen.sliders.switch(), sliding,
        "compare", "Switch all sliders off, to compare, or on again", shown=True),
    Key("slider-name", "N", lambda screen: screen.prompts.name_direction(),
        lambda now: sliding(now) and now.name_direction,
        "name", "Keep the chosen direction under a name of yours"),
    Key("leave-sliders", "d,escape", lambda screen: screen.sliders.leave(),
        lambda now: now.sliding and not now.busy,
        "back", "Close the sliders", shown=True),
)

VIEW = (
    Key("zoom-in", "plus,equals_sign", lambda screen: screen.panels.picture.zoom(1), always,
        "zoom in", "Zoom in on the crosshair"),
    Key("zoom-out", "minus", lambda screen: screen.panels.picture.zoom(-1), always,
        "zoom out", "Zoom out"),
    Key("zoom", "z", lambda screen: screen.panels.picture.toggle_zoom(), always,
        "zoom", "Zoom in four times, or show the whole picture again"),
    Key("zoom-reset", "0", lambda screen: screen.panels.picture.reset_zoom(),
        lambda now: now.zoomed and pointing(now),
        "whole", "Show the whole picture"),
    Key("compare", "b", lambda screen: screen.compare(),
        lambda now: now.compare and not now.sliding,
        "before", "Show the picture before the edit, then both (the crosshair is the border), then "
        "what differs"),
    Key("help", "question_mark", lambda screen: screen.show_help(), always,
        "keys", "Show all keys", shown=True, early=True),
    Key("commands", "colon,ctrl+p", lambda screen: screen.show_commands(), always,
        "more", "Show all commands by name", shown=True, early=True),
    Key("quit", "q", lambda screen: screen.leave(), always,
        "quit", "Quit; the journal keeps the edit", early=True),
)
# fmt: on

GROUPS = (
    ("points", POINTS),
    ("crosshair", CROSSHAIR),
    ("run", RUN),
    ("document", DOCUMENT),
    ("mask", MASK),
    ("sliders", SLIDERS),
    ("view", VIEW),
)
KEYS = tuple(key for _, keys in GROUPS for key in keys)
KEY_BY_ID = {key.id: key for key in KEYS}
