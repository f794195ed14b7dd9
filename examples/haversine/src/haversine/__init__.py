"""Distances on the Earth."""

import aotops as ao
from haversine.ops import haversine

__all__ = ["distances", "haversine"]


def distances(places: ao.Tensor) -> ao.Tensor:
    """The distances between all of some places, of shape (n, 2), latitude and longitude, in kilometres: (n, n)."""
    latitude, longitude = places[:, 0], places[:, 1]
    return haversine(latitude[:, None], longitude[:, None], latitude[None, :], longitude[None, :])
