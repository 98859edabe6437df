"""The command palette: everything that makes sense now, with its key beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui_draggan.edit.latent import Seed, class_name
from tui_draggan.edit.parameters import PARAMETERS, SEED
from tui_draggan.tui.keys import KEYS, MOVES, allowed
from tui_draggan.tui.screens.edit import EditScreen
from tui_draggan.tui.screens.help import key_names

ELSEWHERE = ("commands", "label")
"""Actions of keys that the palette offers in words of its own, or not at all."""


@dataclass(frozen=True)
class Offer:
    """One line of the palette."""

    title: str
    help: str
    action: str


class Commands(Provider):
    """Keys allowed at this moment, parameters, seed, mask, session."""

    async def discover(self) -> Hits:
        for offer in self._offers():
            yield DiscoveryHit(offer.title, self._runner(offer), help=offer.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matched(query, offer)
            if score > 0:
                title = matcher.highlight(offer.title)
                yield Hit(score, title, self._runner(offer), text=offer.title, help=offer.help)

    def _runner(self, offer: Offer):  # type: ignore[no-untyped-def]
        async def run() -> None:
            await self.screen.run_action(offer.action)

        return run

    def _offers(self) -> Iterator[Offer]:
        screen = self.screen
        if not isinstance(screen, EditScreen):
            return
        yield from offers(screen)


def matched(query: str, offer: Offer) -> float:
    """How well an offer answers a query: all its words are in the title, or also in the help, or
    (0) not. Textual's matcher finds scattered letters, and has Enter do what nobody asked for."""
    title, wanted = offer.title.casefold(), query.casefold().split()
    if all(word in title for word in wanted):
        return 1.0
    return 0.5 * all(word in f"{title} {offer.help.casefold()}" for word in wanted)


def offers(screen: EditScreen) -> Iterator[Offer]:
    """What the palette offers on this screen now."""
    session, moment = screen.session, screen.moment
    for binding in KEYS:
        action = binding.action.partition("(")[0]
        if binding not in MOVES and action not in ELSEWHERE and allowed(action, moment):
            yield Offer(f"{binding.tooltip}", f"key {key_names(binding)}", binding.action)
    if session is None:
        return
    snapshot = session.snapshot()
    origin = snapshot.origin
    for parameter in PARAMETERS:
        value = parameter.shown(getattr(snapshot.document.parameters, parameter.name))
        action = f"parameter('{parameter.name}')"
        yield Offer(
            f"Set {parameter.title} (now {value})", f"Parameter. {parameter.description}", action
        )
    if allowed("seed", moment):
        yield Offer("Open a seed by its number", SEED.range, "seed_number")
        yield Offer("Open a random seed", "Any of a million", "random_seed")
        psi = f"now {origin.psi:g}" if isinstance(origin, Seed) else "of a generated picture"
        yield Offer(f"Set truncation ψ ({psi})", "Opens the seed's picture anew", "truncation")
    if allowed("label", moment):
        now = class_name(origin, snapshot.info) or "none"
        yield Offer(f"Set class (now {now})", "The seed's picture of another; key C", "label")
    yield Offer("Load a mask", "White may change, black stays", "load_mask")
    if snapshot.document.mask is not None:
        yield Offer("Clear the mask", "Everything may change", "clear_mask")
    if moment.save:
        yield Offer("Save the session", "The whole edit, to go on later", "save_session")
