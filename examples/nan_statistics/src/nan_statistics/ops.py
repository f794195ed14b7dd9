"""The kernels: reductions that leave NaN out, each in one pass over the data."""

import math

import aotops as ao


def add(a, b):
    return a + b


def present(x):
    return 0.0 if math.isnan(x) else x


def deviation(x, centre):
    return 0.0 if math.isnan(x) else (x - centre) * (x - centre)


def floor(x):
    return -math.inf if math.isnan(x) else x


count = ao.reduce(add, identity=0, map=lambda x: not math.isnan(x), result="int64")
nansum = ao.reduce(add, identity=0.0, map=present)
sum_of_squares = ao.reduce(add, identity=0.0, map=deviation)
largest = ao.reduce(lambda a, b: b if b > a else a, identity=-math.inf, map=floor)
