"""`python -m tui_draggan` is `tui-draggan`."""

import sys

from tui_draggan.cli import main

status = main()
# Where a KeyboardInterrupt was raised in text that was being executed, as dataclasses and torch do,
# Python ends a program run by -m as if SIGINT had killed it, though it was caught and answered.
# Executing another text makes it forget.
exec("")
sys.exit(status)
