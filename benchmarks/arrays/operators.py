# mypy: allow-untyped-defs
# ruff: noqa: D103 - the functions say in their names what they compute
"""Operators as packages write them for `numba.vectorize`, compiled by both and measured.

`python -m benchmarks.arrays.operators [NAME ...] [--sizes 1000 1000000] [--dtypes float32]`. Constants of Numba's
float32 functions are float32, as aotops has them: both compute the same. The ratio is the median, over the rounds, of
Numba's time by that of aotops.
"""

import argparse
import gc
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType
from typing import Any

import numba
import numpy as np

import aotops as ao

Function = Callable[..., Any]
#: The functions, and how their inputs are made: a range of random numbers, or a number.
CASES: dict[str, tuple[Function, tuple[Any, ...]]] = {}


def case(*inputs: Any) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        CASES[function.__name__] = function, inputs
        return function

    return add


@case((80.0, 120.0), (80.0, 120.0), 0.02, (0.1, 0.5), (0.1, 2.0))
def option_price(spot, strike, rate, volatility, years):
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    first = 0.5 * (1.0 + math.erf(d1 * 0.7071067811865476))
    second = 0.5 * (1.0 + math.erf(d2 * 0.7071067811865476))
    return spot * first - strike * math.exp(-rate * years) * second


@case((-4.0, 4.0), 0.5, 1.5)
def normal_density(x, mean, deviation):
    z = (x - mean) / deviation
    return math.exp(-0.5 * z * z) / (deviation * 2.5066282746310002)


@case((-4.0, 4.0), 0.5, 1.5)
def normal_probability(x, mean, deviation):
    return 0.5 * math.erfc((mean - x) / (deviation * 1.4142135623730951))


@case((-4.0, 8.0), 0.5, 1.5)
def gumbel_density(x, mode, scale):
    z = (x - mode) / scale
    return math.exp(-(z + math.exp(-z))) / scale


@case((0.0, 5.0), 1.7, 2.0)
def weibull_probability(x, shape, scale):
    return -math.expm1(-((x / scale) ** shape)) if x > 0.0 else 0.0


@case((0.1, 5.0), 0.2, 0.8)
def lognormal_density(x, mean, deviation):
    z = (math.log(x) - mean) / deviation
    return math.exp(-0.5 * z * z) / (x * deviation * 2.5066282746310002)


@case((-4.0, 4.0), 0.1, 1.2, 0.3, 1.1)
def johnson_density(x, gamma, delta, mean, scale):
    z = (x - mean) / scale
    root = math.sqrt(1.0 + z * z)
    u = gamma + delta * math.log(z + root)
    return delta / (scale * root * 2.5066282746310002) * math.exp(-0.5 * u * u)


@case((-6.0, 6.0), 0.1, 1.0, 1.5, 3.0, 1.2, 2.5)
def crystal_ball(x, mean, sigma, alpha, n, beta, m):
    z = (x - mean) / sigma
    if z < -alpha:
        return math.exp(n * math.log(n / alpha) - 0.5 * alpha * alpha - n * math.log(n / alpha - alpha - z))
    if z > beta:
        return math.exp(m * math.log(m / beta) - 0.5 * beta * beta - m * math.log(m / beta - beta + z))
    return math.exp(-0.5 * z * z)


@case((0.0, 1.0))
def linear_light(x):
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


@case((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))
def hue(red, green, blue):
    high = max(red, green, blue)
    spread = high - min(red, green, blue)
    if spread == 0.0:
        return 0.0
    if high == red:
        return ((green - blue) / spread) % 6.0
    if high == green:
        return (blue - red) / spread + 2.0
    return (red - green) / spread + 4.0


@case((-1.5, 1.5), (-3.0, 3.0), (-1.5, 1.5), (-3.0, 3.0))
def great_circle(latitude, longitude, other_latitude, other_longitude):
    a = math.sin(0.5 * (other_latitude - latitude))
    b = math.sin(0.5 * (other_longitude - longitude))
    c = a * a + math.cos(latitude) * math.cos(other_latitude) * b * b
    return 12742.0 * math.asin(math.sqrt(c))


@case((0.01, 0.99))
def logit(p):
    return math.log(p / (1.0 - p))


@case((-5.0, 5.0))
def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


@case((-40.0, 120.0))
def celsius(fahrenheit):
    return (fahrenheit - 32.0) * 0.5555555555555556


@case((-2.0, 2.0), -1.0, 1.0)
def clipped(x, low, high):
    return min(max(x, low), high)


@case((-1.0, 1.0), (0.0, 1.0))
def filled(x, other):
    return other if x < 0.0 or math.isnan(x) else x


@case((-1.0, 1.0))
def polynomial(x):
    return 1.0 + x * (0.5 + x * (-0.25 + x * (0.125 + x * (-0.0625 + x * (0.03125 + x * 0.015625)))))


@case((0.0, 40.0), (10.0, 100.0))
def dew_point(temperature, humidity):
    a = math.log(humidity / 100.0) + 17.62 * temperature / (243.12 + temperature)
    return 243.12 * a / (17.62 - a)


@case((-5.0, 5.0), (-5.0, 5.0))
def angle(x, y):
    result = math.atan2(y, x) * 57.29577951308232
    return result + 360.0 if result < 0.0 else result


def single(function: Function) -> Function:
    """The function with constants of float32."""

    def constants(code: CodeType) -> CodeType:
        return code.replace(co_consts=tuple(np.float32(c) if type(c) is float else c for c in code.co_consts))

    assert isinstance(function, FunctionType)
    return FunctionType(constants(function.__code__), function.__globals__, function.__name__)


def seconds(call: Callable[[], Any], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count


def measure(name: str, size: int, dtype: str, rounds: int) -> tuple[float, float]:
    """The ratio of a function for a number of elements, and the seconds of aotops."""
    function, inputs = CASES[name]
    rng = np.random.default_rng(17)
    operands = [
        rng.uniform(each[0], each[1], size).astype(dtype) if isinstance(each, tuple) else each for each in inputs
    ]
    declare = ao.map if len(inputs) == 1 else ao.zip
    own = declare(function, dtypes=dtype)
    number = getattr(numba, dtype)
    rival = numba.vectorize([number(*[number] * len(inputs))])(single(function) if dtype == "float32" else function)
    given = [np.dtype(dtype).type(each) if isinstance(each, float) else each for each in operands]
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    if not np.allclose(own(*operands), rival(*given), rtol=tolerance, atol=tolerance):
        raise SystemExit(f"benchmarks.arrays: {name} computes something else than Numba")
    calls = (lambda: own(*operands)), (lambda: rival(*given))
    count = max(1, int(3e-4 / max(seconds(calls[0], 3), 1e-7)))
    samples: list[list[float]] = [[], []]
    for number_ in range(rounds):
        for k in (number_ % 2, 1 - number_ % 2):
            samples[k].append(seconds(calls[k], count))
    return statistics.median(b / a for a, b in zip(*samples, strict=True)), statistics.median(samples[0])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.arrays.operators", description=__doc__)
    parser.add_argument("names", nargs="*", help="functions; all by default")
    parser.add_argument("--sizes", nargs="*", type=int, default=[1000, 1_000_000])
    parser.add_argument("--dtypes", nargs="*", default=["float64", "float32"])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    ao.set_num_threads(1)
    gc.disable()
    cells = [(size, dtype) for dtype in options.dtypes for size in options.sizes]
    print(f"{'function':<20}" + "".join(f"{f'{dtype} {size}':>18}" for size, dtype in cells))
    columns: list[list[float]] = [[] for _ in cells]
    for name in options.names or CASES:
        row = [measure(name, *cell, options.rounds)[0] for cell in cells]
        print(f"{name:<20}" + "".join(f"{ratio:18.2f}" for ratio in row), flush=True)
        for column, ratio in zip(columns, row, strict=True):
            column.append(ratio)
    print(f"{'geometric mean':<20}" + "".join(f"{statistics.geometric_mean(each):18.2f}" for each in columns))
    print(f"{'worst':<20}" + "".join(f"{min(each):18.2f}" for each in columns))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
