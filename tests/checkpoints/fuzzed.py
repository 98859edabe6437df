"""Reads mutations of a file under watch.

python -m tests.checkpoints.fuzzed FILE COUNT
    prints each refusal, or the word for a model, with its number, as JSON. A mutation that ends
    otherwise, or does anything but read, is kept in the working folder, and the reason printed.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.checkpoints.mutations import Seed, mutated
from tests.checkpoints.watched import MODEL, Watch
from tests.checkpoints.writers.torch_zip import torch_archive
from tui_draggan.checkpoints.reading import read_checkpoint


def main(file: Path, count: int) -> None:
    read_checkpoint(file)
    pickle, packed = _unpacked(file.read_bytes())
    seed, random = Seed.of(pickle), Random(0)
    said: Counter[str] = Counter()
    failures = []
    watch = Watch()
    for number in range(count):
        path = Path(f"mutation-{number}.pkl")
        path.write_bytes(packed(mutated(seed, random)))
        outcome = watch.read(path)
        said[re.sub(r"[\d,]+", "#", outcome.said)] += 1
        one_line = outcome.said.isprintable() and (outcome.refused or outcome.said == MODEL)
        if outcome.events or not one_line or outcome.seconds > 5:
            failures.append(f"{path.absolute()}: {outcome}")
        else:
            path.unlink()
    print(json.dumps({"said": said, "failures": failures}))


def _unpacked(contents: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The pickle of a file, and what makes a file of a pickle: an archive, with its checksums."""
    if not contents.startswith(b"PK"):
        return contents, lambda pickle: pickle
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        entries = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    storages = {
        name.removeprefix("data/"): value
        for name, value in entries.items()
        if name.startswith("data/")
    }
    return entries["data.pkl"], lambda pickle: torch_archive(pickle, storages)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
