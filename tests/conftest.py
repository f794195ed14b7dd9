"""Settings of the whole suite, made before any test imports aotops."""

import os

# Threads that wait for others sleep. By default they spin for a while, which costs a suite that runs on as many
# processes as there are CPUs, each with as many threads, ten times its time where operations are large.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# What one run compiles must not be found by the next one; tests of the cache choose a folder.
os.environ.setdefault("AOTOPS_JIT_CACHE", "0")
