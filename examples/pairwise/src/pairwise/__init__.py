"""Distances between all rows of two tables."""

from pairwise.ops import canberra_distances, cosine_distances, manhattan_distances, nearest

__all__ = ["canberra_distances", "cosine_distances", "manhattan_distances", "nearest"]
