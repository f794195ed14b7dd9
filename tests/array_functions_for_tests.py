"""Whole-array functions that tests call: results of all kinds, writing in place, defaults, errors."""

from __future__ import annotations

from collections import namedtuple
from typing import NamedTuple

import numpy as np

import aotops as ao

TABLE = np.arange(12.0).reshape(3, 4)
Summary = namedtuple("Summary", "mean rest span")


class Span(NamedTuple):
    """The least and the largest."""

    low: float
    high: float


@ao.function("(float64[:], float64) -> (int64, float64)")
def first_above(x, limit=0.5):
    """The position and the value of the first element above a limit."""
    for i in range(x.shape[0]):
        if x[i] > limit:
            return i, x[i]
    return -1, limit


@ao.function(["void(float64[:, :], int64)", "void(float32[:, :], int64)"])
def add_to_row(x, k):
    if k > 100:
        raise ValueError("no such row")
    x[k] += 1


@ao.function(["(float64[:]) -> float64", "(float64[:], float64[:]) -> float64"])
def mean(x, weights=None):
    if weights is None:
        return helper(x) / x.shape[0]
    return helper(x * weights) / helper(weights)


def helper(x):
    return x.sum()


@ao.function("(float64[:]) -> float64[:]")
def doubled(x):
    return x * 2.0


@ao.function("(complex64[::1], uint8[::1, :], bool, float32) -> optional((complex64, float32))")
def contiguous(z, m, choice, factor):
    if choice:
        return z[0] * m[0, 0], factor * 2
    return None


@ao.function("(float64[::1])")
def grow(x):
    while x[0] > 0:
        x[0] += 1.0


@ao.function("(float64[:])")
def summary(x):
    return Summary(np.mean(x), x[1:], Span(np.min(x), np.max(x)))


@ao.function("(float64[:, :], float64[:], int64)")
def results(x, y, k):
    own = x * 2.0
    z = np.zeros((k, 3))
    return own, own.T, own[1:, ::-1], x, y[::-1], x[k], TABLE[k:, ::2], (k, (z, x > 0, k > 1)), None


class Model(NamedTuple):
    """Arrays and numbers under names."""

    weights: object
    span: Span
    part: tuple[int, int]


@ao.function("(float64[:], (int64, int64), NamedTuple((float64, float64), Span)) -> float64")
def sum_within(x, window, span):
    """The sum of the elements of a window that are in a span."""
    total = 0.0
    for i in range(window[0], window[1]):
        if span.low <= x[i] <= span.high:
            total += x[i]
    return total


@ao.function("(NamedTuple((float64[:], NamedUniTuple(float64, 2, Span), UniTuple(int64, 2)), Model))")
def change(model):
    first, count = model.part
    model.weights[first : first + count] *= model.span.high - model.span.low
    return model.weights[first : first + count], model.span, model.weights.copy()


@ao.function(["(UniTuple(float64[:], 3), int64)", "(Tuple((float64[:], float64[:])), int64)", "(float64[:], int64)"])
def chosen(arrays, k=1):
    total = 0.0
    for each in arrays:
        total += np.sum(each)
    return arrays[k], total
