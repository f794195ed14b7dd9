"""A benchmark of operators on Dask's clusters, against Numba's functions and NumPy's chunks."""
