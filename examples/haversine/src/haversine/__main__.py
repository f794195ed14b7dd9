"""A table of the distances between some cities."""

import aotops as ao
from haversine import distances

cities = {"Vienna": (48.21, 16.37), "Nairobi": (-1.29, 36.82), "Lima": (-12.05, -77.04), "Sydney": (-33.87, 151.21)}
table = distances(ao.tensor([list(place) for place in cities.values()])).tolist()
print(" " * 8 + "".join(f"{name:>9}" for name in cities))
for name, row in zip(cities, table, strict=True):
    print(f"{name:8}" + "".join(f"{distance:9.0f}" for distance in row))
