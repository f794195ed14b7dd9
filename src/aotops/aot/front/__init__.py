"""From Python functions to Numba: what a scalar function means, and the faults that are told before Numba sees them."""
