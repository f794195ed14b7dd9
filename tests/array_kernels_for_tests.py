"""Array kernels that tests call: loops, temporaries, errors, and functions that never end."""

from __future__ import annotations

import math

import numpy as np

import aotops as ao

SIGNATURES = [("float64", "int64", "float64"), ("float32", "int64", "float32")]
WEIGHTS = (0.25, 0.5, 0.25)


@ao.kernel("(n),()->(n)", dtypes=SIGNATURES)
def moving_mean(x, length, out):
    if not 1 <= length <= x.shape[0]:
        raise ValueError("length must be from 1 to the number of elements")
    total = 0.0
    for i in range(length):
        total += x[i]
        out[i] = total / (i + 1)
    for i in range(length, x.shape[0]):
        out[i] = out[i - 1] + (x[i] - x[i - length]) / length


def squared(a, b):
    return (a - b) ** 2


@ao.kernel("(n,d),(m,d)->(n,m)")
def distances(x, y, out):
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total = 0.0
            for k in range(x.shape[1]):
                total += squared(x[i, k], y[j, k])
            out[i, j] = math.sqrt(total)


@ao.kernel("(n),(k)->(n-k+1),()", dtypes="float64")
def correlate(x, weights, out, total):
    temporary = np.zeros(out.shape[0])
    for i in range(out.shape[0]):
        for j in range(weights.shape[0]):
            temporary[i] += x[i + j] * weights[j]
    out[:] = temporary
    total[0] = np.sum(temporary)


@ao.kernel("(3),(3)->(3)")
def cross(a, b, out):
    out[0] = a[1] * b[2] - a[2] * b[1]
    out[1] = a[2] * b[0] - a[0] * b[2]
    out[2] = a[0] * b[1] - a[1] * b[0]


@ao.kernel("(n)->(n)", dtypes="float64")
def smooth(x, out):
    for i in range(x.shape[0]):
        total = 0.0
        for k in range(3):
            j = min(max(i + k - 1, 0), x.shape[0] - 1)
            total += WEIGHTS[k] * math.exp(x[j])
        out[i] = total


@ao.kernel("(n)->(),()", dtypes=[("float64", "float64", "int64")])
def running(x, best, where):
    numbers = [x[0]]
    for i in range(1, x.shape[0]):
        numbers.append(max(numbers[-1], x[i]))
    best[0] = numbers[-1]
    where[0] = len(numbers)


@ao.kernel("(n),()->(n)", dtypes=[("float64", "int64", "float64")])
def read_at(x, k, out):
    out[:] = x[k]


@ao.kernel("(n),()->(n)", dtypes=[("float64", "int64", "float64")])
def write_at(x, k, out):
    out[:] = x
    out[k] = 1.0


@ao.kernel("(n)->()", dtypes="float64")
def fails_late(x, out):
    table = np.empty(1000)
    for i in range(x.shape[0]):
        table[i % 1000] = x[i]
        if x[i] < 0:
            raise ValueError("negative")
    out[0] = table[0]


@ao.kernel("()->()", dtypes=[("int64", "float64")])
def allocates(count, out):
    table = np.empty(count)
    out[0] = table.shape[0]


@ao.kernel("(n)->()", dtypes="float64")
def endless(x, out):
    while x[0] > 0:
        out[0] += 1.0


@ao.kernel("(n)->()", dtypes="float64")
def largest(x, out):
    out[0] = x[0]
    for i in range(1, x.shape[0]):
        out[0] = max(out[0], x[i])


@ao.kernel("(n)->(n)", dtypes=["bool", "uint8", "complex64"])
def backwards(x, out):
    for i in range(x.shape[0]):
        out[i] = x[x.shape[0] - 1 - i]
