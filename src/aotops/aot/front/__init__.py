"""From Python functions to Numba: the semantics of scalar functions, and errors that are found before Numba runs."""
