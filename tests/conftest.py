"""Settings of the whole suite, made before any test imports aotops."""

import os

# What one run compiles must not be found by the next one; tests of the cache choose a folder.
os.environ.setdefault("AOTOPS_JIT_CACHE", "0")
