"""Templates f0: the feature under each handle where and when it was placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui_draggan.edit.document import Document
from tui_draggan.edit.points import Pair, coordinates
from tui_draggan.engines.base import Engine


def lacks_templates(document: Document) -> bool:
    """Whether a pair waits for its template."""
    return any(pair.template is None for pair in document.pairs)


def take_templates(engine: Engine, document: Document) -> Sequence[tuple[Pair, Pair]]:
    """Each pair that has no template, and the same with it, from the features of the latent."""
    missing = [pair for pair in document.pairs if pair.template is None]
    if not missing:
        return []
    handles = coordinates([pair.handle for pair in missing])
    features = engine.features(document.latent.ws, handles)
    return [
        (pair, replace(pair, template=template))
        for pair, template in zip(missing, features, strict=True)
    ]
