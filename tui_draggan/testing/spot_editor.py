"""The editor on the engine with a known answer, as a program for terminals.

python -m tui_draggan.testing.spot_editor [options]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time

from tui_draggan.edit.parameters import DragParams
from tui_draggan.edit.session import Session
from tui_draggan.errors import BundleError, DragganError
from tui_draggan.testing.spot_engine import INFO, SpotEngine, spot_session
from tui_draggan.tui.launch import run_editor
from tui_draggan.tui.services import Choice, EditorOptions, Services

BROKEN = ("key", "callback", "thread")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--slow-open", type=float, default=0.0)
    parser.add_argument("--fail-open", action="store_true")
    parser.add_argument("--graphics", default="half")
    parser.add_argument("--colour", default="auto")
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--endless", action="store_true", help="no step reaches anything")
    parser.add_argument(
        "--broken", choices=BROKEN, help="place where the key o meets what nobody foresaw"
    )
    parser.add_argument("--closed", help="file to write when all has been closed")
    options = parser.parse_args()

    def open_session() -> Session:
        time.sleep(options.slow_open)
        if options.fail_open:
            raise BundleError("the model spot is damaged: synthesis.onnx is missing")
        engine = SpotEngine(options.delay)
        params = DragParams(learning_rate=options.lr, steps=300, r1=1, r2=2)
        if options.endless:
            params = params.with_values(learning_rate=1e-6, steps=100_000, patience=100_000)
        return spot_session(engine, params)

    def close() -> None:
        if options.closed:
            with open(options.closed, "w") as file:  # noqa: PTH123
                file.write("closed")

    def models() -> list[Choice]:
        if options.broken == "key":
            fail()
        elif options.broken == "callback":
            asyncio.get_running_loop().call_soon(fail)
        elif options.broken == "thread":
            threading.Thread(target=fail).start()
        return []

    services = Services(
        open_session,
        close=close,
        export=lambda snapshot, request: f"{request.path}",
        models=models,
        open_model=lambda name: sys.exit(f"there is no {name}"),
    )
    try:
        return run_editor(
            EditorOptions(
                services, "spot", INFO.size, graphics=options.graphics, colour=options.colour
            )
        )
    except DragganError as error:
        print(error.line, file=sys.stderr)
        return error.exit_status


def fail() -> None:
    raise RuntimeError("broken [/x] [ONNXRuntimeError]")


if __name__ == "__main__":
    sys.exit(main())
