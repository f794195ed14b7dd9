"""Functions and tables that the kernels of another module refer to."""

from __future__ import annotations

import math

import numba
import numpy as np

OFFSETS = (3, 1, 2)


@numba.njit
def hypotenuse(a, b):
    """A function that Numba has decorated."""
    total = 0.0
    for k in range(a.shape[0]):
        total += (a[k] - b[k]) ** 2
    return math.sqrt(total)


@numba.njit
def manhattan(a, b):
    return np.abs(a - b).sum()


@numba.njit
def metric_of(which, a, b):
    if which == 0:
        return hypotenuse(a, b)
    return manhattan(a, b) + _small(a)


@numba.njit
def _small(a, scale=1e-3):
    return scale * a.max()


@numba.njit
def shifted(i, by=2):
    return i + by
