"""A benchmark of array kernels against Numba's functions, compiled from the same Python functions."""
