"""The options of `train` and `evaluate`; here, so that --help answers without torch."""

from __future__ import annotations

import argparse
from pathlib import Path

RESOLUTIONS = (64, 128, 256, 512)
LOSSES = ("logistic", "hinge", "least-squares", "wasserstein-gp", "relativistic")


def add_training_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", metavar="FOLDER|ZIP|critters", help="the pictures")
    _add_classes_option(parser)
    add("--resolution", type=int, choices=RESOLUTIONS, default=128, help="default 128")
    add("--out", type=Path, metavar="RUN", help="the run's folder; a run in it goes on")
    add("--watch", type=Path, metavar="RUN", help="shows a run in the terminal, and nothing else")
    add("--kimg", type=float, metavar="K", help="thousands of pictures to see")
    add("--batch", type=int, default=16, metavar="N", help="of all processes together (16)")
    add("--accumulate", type=int, default=1, metavar="N", help="parts of a batch (1)")
    add("--device", default="auto", metavar="auto|cpu|cuda", help="default auto")
    add("--precision", choices=("auto", "bf16", "fp32"), default="auto", help="default auto")
    add("--compile", action="store_true", help="torch.compile; needs a C compiler")
    add("--workers", type=int, default=1, metavar="N", help="processes that read pictures (1)")
    add("--threads", type=int, metavar="N", help="of torch, on a processor")
    add("--seed", type=int, default=1, metavar="N")
    add("--from", dest="begin_with", type=Path, metavar="FILE", help="weights to begin with")

    game = parser.add_argument_group("the game")
    add = game.add_argument
    add("--loss", choices=LOSSES, default="logistic", help="default logistic")
    add("--learning-rate", "--lr", type=float, metavar="X", help="of both players (0.0025)")
    add("--n-critic", type=int, default=1, metavar="N", help="D steps for each step of G (1)")
    add("--gamma", type=float, metavar="γ", help="weight of R1, R2 or the gradient penalty")
    add("--style-mixing", type=float, default=0.9, metavar="P", help="probability (0.9)")
    add("--path-weight", type=float, default=2.0, metavar="X", help="of path length (2; 0: none)")
    add("--augment", default="ada", metavar="ada|none|P", help="what D sees is changed (ada)")
    add("--mirror", action="store_true", help="flip half of the pictures")

    size = parser.add_argument_group("networks, for folders")
    add = size.add_argument
    add("--channel-base", type=int, metavar="N", help="16384 up to 256 px, then 32768")
    add("--channel-max", type=int, default=512, metavar="N", help="default 512")

    pairs = parser.add_argument_group("critters")
    pairs.add_argument("--paired-kimg", type=float, metavar="K", help="of pairs first (164)")

    kept = parser.add_argument_group("what is kept")
    add = kept.add_argument
    add("--log-kimg", type=float, default=1.0, metavar="K", help="a line every (1)")
    add("--samples-kimg", type=float, default=10.0, metavar="K", help="a grid every (10)")
    add("--snapshot-kimg", type=float, default=10.0, metavar="K", help="a snapshot every (10)")
    add("--keep", type=int, default=3, metavar="N", help="snapshots (3)")


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", help="a model's name or folder, weights (.pt), or a run's folder")
    add("--data", required=True, metavar="FOLDER|ZIP|critters", help="the real pictures")
    _add_classes_option(parser)
    add("--samples", type=int, default=2000, metavar="N", help="of each side (default 2000)")
    add("--seed", type=int, default=0, metavar="N", help="of everything drawn (default 0)")
    add(
        "--features",
        type=Path,
        metavar="FILE",
        help="a run's network.pt whose discriminator's features are compared (default: the model's "
        "own run's; for critters the landmark network's)",
    )
    add("--device", default="auto", metavar="auto|cpu|cuda", help="default auto")
    add("--json", action="store_true", help="numbers for programs")


def _add_classes_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--classes",
        choices=("folders", "none", "dataset.json"),
        help="where classes come from (default: dataset.json if there is one, else the folders "
        "side by side)",
    )
