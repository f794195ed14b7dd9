"""The kernels: a function of two numbers, a reduction, and a loop over the days of a place."""

import math

import aotops as ao


@ao.zip(dtypes="float64")
def wet_bulb(temperature, humidity):
    """Wet-bulb temperature, in degrees Celsius, of air of some temperature and relative humidity in per cent.

    What sweating can cool a body to, by Stull's fit (Journal of Applied Meteorology and Climatology 50, 2011), which is
    within 1 degree from -20 to 50 degrees and from 5 to 99 per cent.
    """
    return (
        temperature * math.atan(0.151977 * math.sqrt(humidity + 8.313659))
        + math.atan(temperature + humidity)
        - math.atan(humidity - 1.676331)
        + 0.00391838 * humidity * math.sqrt(humidity) * math.atan(0.023101 * humidity)
        - 4.686035
    )


@ao.reduce(identity=0.0, dtypes="float64", map=lambda temperature, base: max(temperature - base, 0.0))
def degree_days(a, b):
    """Sum of the degrees by which days are warmer than a base."""
    return a + b


@ao.kernel("(n),()->()", dtypes=[("float64", "float64", "int64")])
def longest_spell(days, limit, out):
    """Number of days of the longest run of days that are all warmer than a limit."""
    longest, length = 0, 0
    for i in range(days.shape[0]):
        length = length + 1 if days[i] > limit else 0
        longest = max(longest, length)
    out[0] = longest
