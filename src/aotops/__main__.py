"""Run the command line: `python -m aotops`."""

import sys

from aotops.cli import main

if __name__ == "__main__":
    sys.exit(main())
