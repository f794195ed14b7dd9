"""A module with operators of every kind, as a user would write it; the tests of declarations build it and run it."""

import math
from math import exp

import aotops as ao

FACTOR = 0.7071067811865476


@ao.map
def gelu(x):
    """Gaussian error linear unit of each element."""
    return 0.5 * x * (1 + math.erf(x * FACTOR))


@gelu.derivative
def _(x, y, g):
    return g * (0.5 * (1.0 + math.erf(x * FACTOR)) + x * 0.3989422804014327 * math.exp(-0.5 * x * x))


@ao.zip(dtypes=("float32", "float64"), result="bool")
def inside(x, lo, hi):
    return lo <= x and x < hi


@ao.zip(dtypes=("int64", "float32", "float64"))
def scaled_sum(x, y, factor):
    return (x + y) * factor


@scaled_sum.derivative
def _(x, y, factor, result, g):
    return g * factor, g * factor, g * (x + y)


@ao.zip(bool_inputs=("mask",))
def masked(mask, x, otherwise):
    return x if mask else otherwise


@ao.reduce(identity=0.0)
def total(a, b):
    """Sum of the elements."""
    return a + b


dot = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x * y, dtypes="float64")
largest = ao.reduce(
    lambda a, b: max(a, b),
    identity={"int64": -(2**63), "float64": -math.inf},
    dtypes=("int64", "float64"),
)
sum_of_exponentials = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x: math.exp(x), dtypes="float64")
count_positive = ao.reduce(lambda a, b: a + b, identity=0, map=lambda x: x > 0, dtypes="float64", result="int64")


def logistic(x):
    return 1 / (1 + exp(-x))


@ao.map
def swish(x):
    return x * logistic(x)


@ao.map(dtypes="float64")
def composed(x):
    return 2 * gelu(x) + ao.maximum(x, 0) - ao.where(x > 1, x, -1)


@ao.map
def powers(x):
    return x**2 + x**-1 - x**3 + abs(x) ** 0.5 + math.pow(2.0, x)


@ao.map(dtypes="int64", result="float64")
def root(n):
    return math.sqrt(n)


WEIGHTS = (0.25, 0.5, 1.0, 2.0)


@ao.map
def stepped(x):
    """What CPU levels disagree about when it is left to them: integers beyond int64, shifts beyond its width."""
    k = int(x)
    return WEIGHTS[min(max(k, 0), 3)] * (math.floor(x) + (k << (k & 127)) + (k >> k)) + x % 0.75


@ao.map
def weak(x):
    return max((2 * x + 1) / 3, 0)


def scaled_by(factor):
    return ao.map(lambda x: x * factor)


double, triple = scaled_by(2.0), scaled_by(3.0)
alias = double


@ao.zip(dtypes="float64")
def waves(x, y):
    """Calls of functions that have fast paths."""
    return math.sin(x) * math.exp(-abs(y))


@waves.derivative
def _(x, y, result, g):
    decay = math.exp(-abs(y))
    return g * math.cos(x) * decay, -g * math.sin(x) * math.copysign(decay, y)
