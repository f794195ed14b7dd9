"""The kernel: the distance between two places on a sphere."""

import math

import aotops as ao

EARTH = 6371.0088  # kilometres, the mean radius of the Earth


@ao.zip
def haversine(latitude1, longitude1, latitude2, longitude2):
    """Great-circle distance of two places on the Earth in kilometres; their coordinates are in degrees."""
    phi1, phi2 = math.radians(latitude1), math.radians(latitude2)
    across = math.sin(0.5 * (phi2 - phi1))
    along = math.sin(0.5 * math.radians(longitude2 - longitude1))
    h = across * across + math.cos(phi1) * math.cos(phi2) * along * along
    return 2.0 * EARTH * math.atan2(math.sqrt(h), math.sqrt(1.0 - h))
