"""Build time only: records x dtypes x CPU levels -> object files -> extension. The only user of Numba."""
