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


@dataclass(frozen=True)
class Offer:
    """One line of the palette."""

    title: str
    help: str
    action: Action


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
    """How well an offer answers a query: all its words are in the title, or also in the help, or
    (0) not. Textual's matcher finds scattered letters, and has Enter do what nobody asked for."""
    title, wanted = offer.title.casefold(), query.casefold().split()
    if all(word in title for word in wanted):
        return 1.0
    return 0.5 * all(word in f"{title} {offer.help.casefold()}" for word in wanted)


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
    """What the palette offers on this screen now."""
    for key in KEYS:
        if (
            key.listed
            and key not in CROSSHAIR
            and key.id not in ELSEWHERE
            and key.allowed(screen.context)
        ):
            yield Offer(
                key.help, f"key {' '.join(key.names_in(screen.options.keymap))}", key.action
            )
    if screen.is_open:
        yield from _parameters(screen)
        yield from _pictures(screen)
        yield from _mask_and_session(screen)


def _parameters(screen: EditorScreen) -> Iterator[Offer]:
    values = screen.editor.snapshot.document.parameters
    for one in PARAMETERS:
        yield Offer(
            f"Set {one.title} (now {one.shown(getattr(values, one.name))})",
            f"Parameter. {one.description}",
            _set(one.name),
        )


def _set(name: str) -> Action:
    return lambda screen: screen.prompts.parameter(name)


def _pictures(screen: EditorScreen) -> Iterator[Offer]:
    snapshot, now = screen.editor.snapshot, screen.context
    if KEY_BY_ID["next-seed"].allowed(now):
        yield Offer("Open a seed by its number", SEED.range, lambda screen: screen.prompts.seed())
        yield Offer(
            "Open a random seed",
            "One of a million",
            lambda screen: screen.prompts.another_picture(Editor.open_random_seed),
        )
        origin = snapshot.origin
        psi = f"now {origin.psi:g}" if isinstance(origin, Seed) else "of a generated picture"
        yield Offer(
            f"Set truncation ψ ({psi})",
            "Opens the seed's picture again",
            lambda screen: screen.prompts.truncation(),
        )
    if KEY_BY_ID["class"].allowed(now):
        yield Offer(
            f"Set class (now {class_name(snapshot.origin, snapshot.info) or 'none'})",
            "The same seed's picture of another class; key C",
            lambda screen: screen.prompts.class_from_list(),
        )


def _mask_and_session(screen: EditorScreen) -> Iterator[Offer]:
    yield Offer(
        "Load a mask", "White may change, black stays", lambda screen: screen.prompts.mask()
    )
    if screen.editor.snapshot.document.mask is not None:
        yield Offer(
            "Save the mask",
            "As a picture: white may change, black stays",
            lambda screen: screen.saving.save_mask(),
        )
        yield Offer(
            "Clear the mask", "Everything may change", lambda screen: screen.editor.clear_mask()
        )
    if screen.context.save:
        yield Offer(
            "Save the session",
            "The whole edit, to resume later",
            lambda screen: screen.saving.save_session(),
        )
