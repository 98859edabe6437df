"""The gallery's keys: one binding each, which footer and help read."""

from __future__ import annotations

from textual.binding import Binding

from tui_draggan.tui.keys.key import names

PSI = Binding.Group("ψ", compact=True)
ANSWER = Binding.Group("answer", compact=True)


def _key(
    id: str,
    keys: str,
    action: str,
    label: str,
    words: str,
    shown: bool = False,
    group: Binding.Group | None = None,
) -> Binding:
    """label: for the footer. words: for the help."""
    return Binding(
        keys,
        action,
        label,
        shown,
        names(keys)[0],
        tooltip=words,
        id=f"gallery-{id}",
        group=group,
    )


KEYS = (
    _key("left", "left,h", "move(-1,0)", "left", "The picture to the left"),
    _key("down", "down,j", "move(0,1)", "down", "The picture below"),
    _key("up", "up,k", "move(0,-1)", "up", "The picture above"),
    _key("right", "right,l", "move(1,0)", "right", "The picture to the right"),
    _key("page-down", "pagedown,J", "turn_page(1)", "page down", "The next page"),
    _key("page-up", "pageup,K", "turn_page(-1)", "page up", "The page before"),
    _key("first", "home", "ends(0)", "first", "The first picture"),
    _key("last", "end", "ends(1)", "last", "The last picture"),
    _key("open", "enter", "open", "open", "Open the picture in the editor", True),
    _key("mark", "m", "mark", "mark", "Mark the picture for later, or no longer", True),
    _key("mix", "x", "mix", "mix", "What lies between the two pictures marked last", True),
    _key("rows", "R", "next_rows", "rows", "Mix all rows of w+, those of shape, of colour", True),
    _key("series", "tab", "turn(1)", "series", "Seeds, classes, steps, mix, marked", True),
    _key("series-before", "shift+tab", "turn(-1)", "back", "The same, backwards"),
    _key("psi-less", "left_square_bracket", "psi(-1)", "ψ −", "ψ by 0.1 less", True, PSI),
    _key("psi-more", "right_square_bracket", "psi(1)", "ψ +", "ψ by 0.1 more", True, PSI),
    _key("class", "c", "next_class(1)", "class", "The next class", True),
    _key("class-list", "C", "class_list", "classes", "Choose a class"),
    _key("go-to", "g", "go_to", "go to", "Type a seed, a class, the number of a step", True),
    _key("random", "r", "random", "random", "A random seed"),
    _key("larger", "plus,equals_sign", "zoom(1)", "larger", "Larger pictures"),
    _key("smaller", "minus", "zoom(-1)", "smaller", "Smaller pictures, more of them"),
    _key("attribute", "a", "attribute", "attribute", "Label an attribute, for a slider", True),
    _key("yes", "1", "answer(True)", "has it", "The picture has the attribute", True, ANSWER),
    _key("no", "0", "answer(False)", "has not", "The picture has it not", True, ANSWER),
    _key("skip", "s", "answer(None)", "skip", "Ask about the next picture", True, ANSWER),
    _key("take-back", "u", "take_back", "undo", "Take the last answer back", True),
    _key("help", "question_mark,f1", "help", "keys", "Show these keys", True),
    _key("back", "escape,G", "back", "back", "Back to the editor", True),
    _key("quit", "q", "quit", "quit", "Quit"),
)
MOUSE = (
    ("click", "Choose a picture"),
    ("double click", "Open it"),
    ("wheel", "Scroll"),
)
