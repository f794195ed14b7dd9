"""Flowers by the lengths of their sepals and petals: how far apart they are, and the most similar one known."""

import aotops as ao
from pairwise import canberra_distances, nearest

catalogue = {"setosa": (5.0, 3.4, 1.5, 0.2), "versicolor": (5.9, 2.8, 4.3, 1.3), "virginica": (6.6, 3.0, 5.6, 2.0)}
known = ao.tensor([list(row) for row in catalogue.values()])
found = ao.tensor([[6.1, 2.9, 4.7, 1.4], [5.1, 3.5, 1.4, 0.2]])
names = list(catalogue)
for flower, row in zip(found.tolist(), canberra_distances(found, known).tolist(), strict=True):
    print(flower, " ".join(f"{name} {distance:.3f}" for name, distance in zip(names, row, strict=True)))
position, distance = nearest(found, known)
for k, d in zip(position.tolist(), distance.tolist(), strict=True):
    print(f"nearest: {names[k]}, {d:.1f} cm away")
