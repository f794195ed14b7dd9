"""Reading modules that use Numba, without importing them or Numba: what can be compiled ahead of time, and how."""
