"""The folded form of a generator, whatever its family."""

from __future__ import annotations

from tui_draggan.export.alias_free_folded import FoldedAliasFree
from tui_draggan.export.folded import FoldedSynthesis
from tui_draggan.stylegan.alias_free import AliasFreeGenerator
from tui_draggan.stylegan.families import AnyGenerator

FoldedNetwork = FoldedSynthesis | FoldedAliasFree
"""What a step is built around: `config`, `feature_block`, `rows` R, `features` of the lower R rows
of w+, `synthesised` of all rows, and the whole picture when it is called."""


def folded(generator: AnyGenerator, feature_block: int) -> FoldedNetwork:
    if isinstance(generator, AliasFreeGenerator):
        return FoldedAliasFree(generator.synthesis, feature_block)
    return FoldedSynthesis(generator.synthesis, feature_block)
