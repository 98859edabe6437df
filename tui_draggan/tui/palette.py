"""The command palette: everything that makes sense now, with its key beside it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.style import Style

from tui_draggan.edit.latent import Seed, class_name
from tui_draggan.edit.parameters import PARAMETERS, SEED
from tui_draggan.tui.editor import Editor
from tui_draggan.tui.keys.key import Action
from tui_draggan.tui.keys.points import CROSSHAIR
from tui_draggan.tui.keys.table import KEY_BY_ID, KEYS
from tui_draggan.tui.screen import EditorScreen

ELSEWHERE = ("commands", "class")
"""Keys that the palette offers in words of its own, or not at all."""
SYNONYMS = {
    "quit": "exit leave close bye end",
    "reset-picture": "revert restore original start over",
    "markers": "show points crosshair toggle",
    "pin": "hold keep fix",
    "hold-rest": "pin keep fix grid all",
    "clear-points": "remove erase points",
    "delete": "remove erase",
    "copy": "clipboard yank osc 52",
    "save-again": "write store",
    "export": "save write picture png gif mp4 download",
    "undo": "back revert",
    "redo": "forward again",
    "help": "shortcuts bindings manual",
    "compare": "before after difference split original",
    "run": "drag start go play",
    "pause": "stop halt",
    "open-model": "load change network checkpoint",
    "learning_rate": "learning rate lr adam",
    "mask_weight": "lambda λ",
    "tolerance": "reached distance",
    "steps": "iterations limit",
    "theme": "colours colors dark light",
    "screenshot": "picture of the screen svg save",
    "parameters": "settings options defaults",
}
"""What people call things, by key, parameter or command."""


@dataclass(frozen=True)
class Offer:
    """One line of the palette."""

    title: str
    help: str
    action: Action
    name: str = ""
    """One or two words that are its name: who types just them means it."""
    synonyms: str = ""


class Commands(Provider):
    """Keys that make sense now, parameters, seed, mask, session."""

    async def discover(self) -> Hits:
        for offer in self._offers():
            title = Content(offer.title)  # a class may be called like markup
            yield DiscoveryHit(title, self._runner(offer), offer.title, offer.help)

    async def search(self, query: str) -> Hits:
        for offer in self._offers():
            score = matched(query, offer)
            if score > 0:
                title = highlighted(offer.title, query, self.match_style)
                yield Hit(score, title, self._runner(offer), text=offer.title, help=offer.help)

    def _runner(self, offer: Offer) -> Callable[[], Coroutine[Any, Any, None]]:
        async def run() -> None:
            if isinstance(self.screen, EditorScreen):
                await self.screen.perform(offer.action)

        return run

    def _offers(self) -> Iterator[Offer]:
        if isinstance(self.screen, EditorScreen):
            yield from offers(self.screen)


def matched(query: str, offer: Offer) -> float:
    """How well an offer answers a query: it is its name, all its words are in the title, among its
    synonyms, or also in the help, or (0) not. Textual's matcher finds scattered letters, and has
    Enter do what nobody asked for."""
    title, wanted = offer.title.casefold(), query.casefold().split()
    if " ".join(wanted) == offer.name.casefold():
        return 1.0
    known = f"{offer.name} {title}".casefold()
    if wanted and all(word in known.split() for word in wanted):
        return 0.9
    if all(word in known for word in wanted):
        return 0.8
    known += f" {offer.synonyms}"
    if all(word in known for word in wanted):
        return 0.7
    return 0.5 * all(word in f"{known} {offer.help.casefold()}" for word in wanted)


def highlighted(title: str, query: str, style: Style | None) -> Content:
    """A title with the words of the query marked."""
    content, low = Content(title), title.casefold()
    if style is None or len(low) != len(title):
        return content
    for word in query.casefold().split():
        start = low.find(word)
        if start >= 0:
            content = content.stylize(style, start, start + len(word))
    return content


def offers(screen: EditorScreen) -> Iterator[Offer]:
    """What the palette offers on this screen now: first what has no key."""
    if screen.is_open:
        yield from _parameters(screen)
        yield from _pictures(screen)
        yield from _mask_and_session(screen)
    yield from _program(screen)
    for key in KEYS:
        listed = key.listed and key not in CROSSHAIR and key.id not in ELSEWHERE
        if listed and key.allowed(screen.context):
            names = " ".join(key.names_in(screen.options.keymap))
            synonyms = SYNONYMS.get(key.id, "")
            yield Offer(key.help, f"key {names}", key.action, key.label, synonyms)


def _program(screen: EditorScreen) -> Iterator[Offer]:
    """Textual's own commands."""
    for command in screen.app.get_system_commands(screen):
        name = command.title.rpartition(" ")[2].casefold()
        yield Offer(
            command.title,
            command.help,
            lambda _, do=command.callback: do(),  # type: ignore[misc]
            name,
            SYNONYMS.get(name, ""),
        )


def _parameters(screen: EditorScreen) -> Iterator[Offer]:
    values = screen.parts.editor.snapshot.document.parameters
    for one in PARAMETERS:
        yield Offer(
            f"Set {one.title} (now {one.shown(getattr(values, one.name))})",
            f"Parameter. {one.description}",
            _set(one.name),
            one.title,
            SYNONYMS.get(one.name, ""),
        )


def _set(name: str) -> Action:
    return lambda screen: screen.parts.prompts.parameter(name)


def _pictures(screen: EditorScreen) -> Iterator[Offer]:
    snapshot, now = screen.parts.editor.snapshot, screen.context
    if KEY_BY_ID["next-seed"].allowed(now):
        yield Offer(
            "Open a seed by its number", SEED.range, lambda screen: screen.parts.prompts.seed()
        )
        yield Offer(
            "Open a random seed",
            "One of a million",
            lambda screen: screen.parts.prompts.another_picture(Editor.open_random_seed),
        )
        origin = snapshot.origin
        psi = f"now {origin.psi:g}" if isinstance(origin, Seed) else "of a generated picture"
        yield Offer(
            f"Set truncation ψ ({psi})",
            "Opens the seed's picture again",
            lambda screen: screen.parts.prompts.truncation(),
        )
    if KEY_BY_ID["class"].allowed(now):
        yield Offer(
            f"Set class (now {class_name(snapshot.origin, snapshot.info) or 'none'})",
            "The same seed's picture of another class; key C",
            lambda screen: screen.parts.prompts.class_from_list(),
        )


def _mask_and_session(screen: EditorScreen) -> Iterator[Offer]:
    yield Offer(
        "Load a mask", "White may change, black stays", lambda screen: screen.parts.prompts.mask()
    )
    if screen.parts.editor.snapshot.document.mask is not None:
        yield Offer(
            "Save the mask",
            "As a picture: white may change, black stays",
            lambda screen: screen.parts.saving.save_mask(),
        )
        yield Offer(
            "Clear the mask",
            "Everything may change",
            lambda screen: screen.parts.editor.clear_mask(),
        )
    if screen.context.save:
        yield Offer(
            "Save the session",
            "The whole edit, to resume later",
            lambda screen: screen.parts.saving.save_session(),
        )
