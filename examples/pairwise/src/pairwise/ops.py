"""The kernels: distances between all rows of two tables, for several metrics."""

import math

import aotops as ao


def manhattan(x, y):
    """Sum of the absolute differences."""
    total = 0.0
    for k in range(x.shape[0]):
        total += abs(x[k] - y[k])
    return total


def canberra(x, y):
    """Sum of the absolute differences, each relative to the absolute values; 0 of 0 and 0."""
    total = 0.0
    for k in range(x.shape[0]):
        size = abs(x[k]) + abs(y[k])
        if size > 0.0:
            total += abs(x[k] - y[k]) / size
    return total


def cosine(x, y):
    """1 minus the cosine of the angle; 1 where a row is all zeros."""
    both, left, right = 0.0, 0.0, 0.0
    for k in range(x.shape[0]):
        both += x[k] * y[k]
        left += x[k] * x[k]
        right += y[k] * y[k]
    size = math.sqrt(left * right)
    return 1.0 - both / size if size > 0.0 else 1.0


def between_all_rows(metric):
    """Return the kernel of a metric: (n, d) and (m, d) give (n, m)."""

    def distances(x, y, out):
        for i in range(x.shape[0]):
            for j in range(y.shape[0]):
                out[i, j] = metric(x[i], y[j])

    distances.__name__ = f"{metric.__name__}_distances"
    distances.__doc__ = metric.__doc__
    return ao.kernel("(n,d),(m,d)->(n,m)", dtypes="float64")(distances)


manhattan_distances = between_all_rows(manhattan)
canberra_distances = between_all_rows(canberra)
cosine_distances = between_all_rows(cosine)


@ao.kernel("(n,d),(m,d)->(n),(n)", dtypes=[("float64", "float64", "int64", "float64")])
def nearest(x, y, position, distance):
    """For each row of ``x`` the position of the nearest row of ``y`` in the Manhattan metric, and how far it is."""
    if y.shape[0] == 0:
        raise ValueError("y must have at least one row")
    for i in range(x.shape[0]):
        position[i], distance[i] = 0, math.inf
        for j in range(y.shape[0]):
            d = manhattan(x[i], y[j])
            if d < distance[i]:
                position[i], distance[i] = j, d
