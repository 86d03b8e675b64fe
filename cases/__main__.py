"""Run the command line: ``python -m cases run na3sb_ni``."""

from __future__ import annotations

import sys

from cases.cli import main

if __name__ == "__main__":
    sys.exit(main())
