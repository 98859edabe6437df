"""Reads mutations of a file under watch.

python -m tests.checkpoints.fuzzed FILE COUNT
    prints each refusal, or the word for a model, with its number, as JSON. A mutation that ends
    otherwise, or does anything but read, is kept in the working folder, and the reason printed.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from random import Random

from tests.checkpoints.mutations import Seed, mutated
from tests.checkpoints.watched import MODEL, Watch
from tui_draggan.checkpoints.reading import read_checkpoint


def main(file: Path, count: int) -> None:
    read_checkpoint(file)
    seed, random = Seed.of(file.read_bytes()), Random(0)
    said: Counter[str] = Counter()
    failures = []
    watch = Watch()
    for number in range(count):
        path = Path(f"mutation-{number}.pkl")
        path.write_bytes(mutated(seed, random))
        outcome = watch.read(path)
        said[re.sub(r"[\d,]+", "#", outcome.said)] += 1
        one_line = outcome.said.isprintable() and (outcome.refused or outcome.said == MODEL)
        if outcome.events or not one_line or outcome.seconds > 5:
            failures.append(f"{path.absolute()}: {outcome}")
        else:
            path.unlink()
    print(json.dumps({"said": said, "failures": failures}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
