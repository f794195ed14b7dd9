"""Benchmarks for the developers of aotops. They are no part of its wheel and may use any library."""
