"""How well parts of critters are told from 1, 4 and 16 labelled pictures; the renderer knows.

    .venv/bin/python -m benchmarks.parts

Heads are fitted to some pictures and tried on others that none has seen.
"""

from __future__ import annotations

import time

import numpy as np

from tui_draggan import open_model
from tui_draggan.bench.score.part_masks import drawn_parts
from tui_draggan.parts.fitting import Labelled, fit
from tui_draggan.parts.graph import feature_network
from tui_draggan.parts.measures import overlaps
from tui_draggan.training.critters import PARTS, SPECIES

COUNTS = (1, 4, 16)
HELD_OUT = 20
DRAWS = 3
"""Heads of each number of pictures, each of other pictures."""


def main() -> None:
    model = open_model("critters", engine="ort")
    pictures = []
    with feature_network(model.bundle) as features:
        for number in range(HELD_OUT + max(DRAWS * count for count in COUNTS)):
            latent = model.latent(model.seed(500 + number, 1.0, number % len(SPECIES)))
            pictures.append(Labelled(features(latent.ws), drawn_parts(model, latent)))
    held, size = pictures[:HELD_OUT], model.info.size
    print("| labelled pictures | mIoU | " + " | ".join(PARTS) + " | s |")
    print("| --- |" + " --- |" * (len(PARTS) + 2))
    for count in COUNTS:
        found, began = [], time.process_time()
        for draw in range(DRAWS):
            start = HELD_OUT + draw * count
            head = fit(pictures[start : start + count], PARTS, seed=draw)
            told = [head.parts(one.features, size) for one in held]
            found.append(overlaps(told, [one.parts for one in held], len(PARTS)))
        spent = (time.process_time() - began) / DRAWS
        cells = np.mean(found, axis=0)
        row = " | ".join(f"{cell:.2f}" for cell in cells)
        print(f"| {count} | {cells.mean():.2f} | {row} | {spent:.0f} |", flush=True)


if __name__ == "__main__":
    main()
