"""The command itself: `python -m benchmarks.ops`."""

import sys

from benchmarks.ops.command import main

sys.exit(main())
