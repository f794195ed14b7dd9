"""Time aotops' operators against other libraries: `python -m benchmarks.ops`."""
