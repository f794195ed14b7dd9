"""The kernels: dynamic programmes, whose tables are filled cell by cell from the cells before."""

import math

import aotops as ao


@ao.kernel("(n),(m),()->()", dtypes=[("float64", "float64", "int64", "float64")])
def dtw(x, y, window, out):
    """Dynamic time warping distance of two series whose elements are matched at most ``window`` positions apart."""
    n, m = x.shape[0], y.shape[0]
    if window < 0:
        raise ValueError("window must not be negative")
    reach = max(window, abs(n - m))  # the ends always meet
    before, row = ao.full(m + 1, math.inf), ao.full(m + 1, math.inf)
    before[0] = 0.0
    for i in range(n):
        row[:] = math.inf
        for j in range(max(i - reach, 0), min(i + reach + 1, m)):
            row[j + 1] = abs(x[i] - y[j]) + min(before[j + 1], row[j], before[j])
        before, row = row, before
    out[0] = before[m]


@ao.kernel("(n),(m)->(n+m-1,2),()", dtypes=[("float64", "float64", "int64", "int64")])
def warping_path(x, y, path, length):
    """The pairs of positions that ``dtw`` matches without a window, and how many there are; the rest is -1.

    The kernel alone knows the number of pairs, so the output has as many rows as there can be.
    """
    n, m = x.shape[0], y.shape[0]
    if n == 0 or m == 0:
        raise ValueError("x and y must not be empty")
    cost = ao.full((n + 1, m + 1), math.inf)
    cost[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost[i + 1, j + 1] = abs(x[i] - y[j]) + min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
    path[:] = -1
    i, j, count = n, m, 0
    while i > 0 or j > 0:
        path[count, 0], path[count, 1] = i - 1, j - 1
        count += 1
        best = min(cost[i - 1, j - 1], cost[i - 1, j], cost[i, j - 1])
        if best == cost[i - 1, j - 1]:
            i, j = i - 1, j - 1
        elif best == cost[i - 1, j]:
            i -= 1
        else:
            j -= 1
    for k in range(count // 2):
        other = count - 1 - k
        for side in range(2):
            path[k, side], path[other, side] = path[other, side], path[k, side]
    length[0] = count


@ao.kernel("(n),(m)->()", dtypes=[("int64", "int64", "int64")])
def edit_distance(x, y, out):
    """Number of insertions, deletions and substitutions that make one sequence of codes the other."""
    m = y.shape[0]
    row = ao.arange(m + 1)
    for i in range(x.shape[0]):
        diagonal, row[0] = row[0], i + 1
        for j in range(m):
            substituted = diagonal + (1 if x[i] != y[j] else 0)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    out[0] = row[m]
