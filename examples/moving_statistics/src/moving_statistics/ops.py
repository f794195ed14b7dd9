"""The kernels: statistics of the last elements of a row, each in one pass over it."""

import math

import aotops as ao

WINDOWS = [("float64", "int64", "float64"), ("float32", "int64", "float32")]


@ao.kernel("(n),()->(n)", dtypes=WINDOWS)
def moving_mean(x, length, out):
    """Mean of the last ``length`` elements, or of as many as there are."""
    if length < 1:
        raise ValueError("length must be at least 1")
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i]
        if i >= length:
            total -= x[i - length]
        out[i] = total / min(i + 1, length)


@ao.kernel("(n),()->(n)", dtypes=WINDOWS)
def moving_std(x, length, out):
    """Standard deviation of the last ``length`` elements; NaN where there are fewer than two."""
    if length < 1:
        raise ValueError("length must be at least 1")
    mean, squares, count = 0.0, 0.0, 0
    for i in range(x.shape[0]):
        if count == length:  # Welford's update, backwards: the oldest element leaves
            count -= 1
            away = x[i - length] - mean
            mean = mean - away / count if count else 0.0
            squares = squares - away * (x[i - length] - mean) if count else 0.0
        count += 1
        away = x[i] - mean
        mean += away / count
        squares += away * (x[i] - mean)
        out[i] = math.sqrt(max(squares, 0.0) / (count - 1)) if count > 1 else math.nan


@ao.kernel("(n),()->(n),(n)", dtypes=[("float64", "int64", "float64", "float64")])
def moving_extremes(x, length, lowest, highest):
    """Smallest and largest of the last ``length`` elements, in constant time per element, whatever the length."""
    if length < 1:
        raise ValueError("length must be at least 1")
    running_best(x, length, lowest, -1.0)
    running_best(x, length, highest, 1.0)


def running_best(x, length, out, sign):
    """Write the largest of the last elements (``sign`` 1), or the smallest (-1)."""
    waiting = ao.empty(x.shape[0], dtype=ao.int64)  # positions of ever worse elements; those before ``first`` have left
    first, end = 0, 0
    for i in range(x.shape[0]):
        while end > first and sign * x[waiting[end - 1]] <= sign * x[i]:
            end -= 1
        waiting[end] = i
        end += 1
        if waiting[first] <= i - length:
            first += 1
        out[i] = x[waiting[first]]
