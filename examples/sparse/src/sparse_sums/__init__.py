"""Sums by index, and products with matrices in compressed rows."""

import aotops as ao
from sparse_sums.ops import add_at, add_at_pairs, times_matrix, times_vector

__all__ = ["add_at", "add_at_pairs", "sums_by_index", "times_matrix", "times_vector"]


def sums_by_index(index: ao.Tensor, values: ao.Tensor, size: int) -> ao.Tensor:
    """The sum of the values of each index from 0 to ``size - 1``."""
    return add_at(ao.zeros(size), index, values)
