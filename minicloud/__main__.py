"""`python -m minicloud`: the same as the command `minicloud`."""

from __future__ import annotations

import sys

from minicloud.cli import main

if __name__ == "__main__":
    sys.exit(main())
