"""Sales by shop, and a few steps of a walk on a graph."""

import aotops as ao
from sparse_sums import sums_by_index, times_vector

shop, sale = ao.tensor([2, 0, 2, 1, 0]), ao.tensor([9.5, 3.0, 0.5, 7.0, 4.0])
print("sales", sums_by_index(shop, sale, 4).tolist())

# from each of 4 places, one goes on to the next or stays, with equal chances; row i says from where one comes to i
start, column = ao.tensor([0, 2, 4, 6, 8]), ao.tensor([0, 3, 0, 1, 1, 2, 2, 3])
chance = ao.full(8, 0.5)
where = ao.tensor([1.0, 0.0, 0.0, 0.0])
for _ in range(3):
    where = times_vector(start, column, chance, where)
print("walk", where.tolist())
try:
    sums_by_index(shop, sale, 2)
except IndexError as error:
    print(str(error).partition(" (")[0])
