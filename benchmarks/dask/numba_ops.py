# ruff: noqa: D103 - the functions are those of examples/gridded_year
"""The kernels of examples/gridded_year as Numba's functions; copied to where the benchmark's workers import them.

Each is called by a plain function: tasks have that by its name, as they have operators. Numba pickles the code of its
own functions, and a worker that gets one compiles it whatever its cache has.
"""

import math

import numba
import numpy as np

CACHE = False


@numba.njit(cache=CACHE)
def compiled_wet_bulb(temperature, humidity):  # type: ignore[no-untyped-def]
    out = np.empty_like(temperature)
    for i in range(temperature.shape[0]):
        t, h = temperature[i], humidity[i]
        out[i] = (
            t * math.atan(0.151977 * math.sqrt(h + 8.313659))
            + math.atan(t + h)
            - math.atan(h - 1.676331)
            + 0.00391838 * h * math.sqrt(h) * math.atan(0.023101 * h)
            - 4.686035
        )
    return out


@numba.njit(cache=CACHE)
def compiled_degree_days(temperature, base):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(temperature.shape[0]):
        total += max(temperature[i] - base, 0.0)
    return total


@numba.njit(cache=CACHE)
def compiled_longest_spell(days, limit):  # type: ignore[no-untyped-def]
    longest, length = 0, 0
    for i in range(days.shape[0]):
        length = length + 1 if days[i] > limit else 0
        longest = max(longest, length)
    return longest


def wet_bulb(temperature, humidity):  # type: ignore[no-untyped-def]
    return compiled_wet_bulb(temperature, humidity)


def degree_days(temperature, base):  # type: ignore[no-untyped-def]
    return compiled_degree_days(temperature, base)


def longest_spell(days, limit):  # type: ignore[no-untyped-def]
    return compiled_longest_spell(days, limit)
