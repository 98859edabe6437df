"""`python -m tui_draggan` is `tui-draggan`."""

import sys

from tui_draggan.cli import main

sys.exit(main())
