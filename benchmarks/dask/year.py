"""Years of weather on a grid, in chunks, and what is computed from them: by aotops, and by NumPy in the usual words.

Arrays have the axes (year, day, latitude, longitude). A chunk is a year of a tile, 24 MB of float64.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import dask.array as da
import numpy as np

import aotops as ao

DAYS, TILE = 365, 90
LATITUDES, LONGITUDES = 180, 360
LIMIT = 24.0
GIGABYTES_OF_YEAR = 2 * 8 * DAYS * LATITUDES * LONGITUDES / 1e9
"""Of temperature and humidity together."""


def source(what: str, years: int, as_tensors: bool) -> da.Array:
    """Daily temperature in degrees Celsius or humidity in per cent: chunks that workers make, by NumPy."""
    chunks = ((1,) * years, DAYS, (TILE,) * (LATITUDES // TILE), (TILE,) * (LONGITUDES // TILE))
    meta = ao.empty((0, 0, 0, 0)) if as_tensors else np.empty((0, 0, 0, 0))
    name = f"{what}-{years}-{'tensors' if as_tensors else 'arrays'}"
    return da.map_blocks(tile, what, as_tensors, chunks=chunks, dtype=float, meta=meta, name=name)


def tile(what: str, as_tensors: bool, block_info: Any = None) -> Any:
    """One chunk: a season, a zone and a table of noise that each year begins at another day."""
    (year, _), _, (south, _), (west, _) = block_info[None]["array-location"]
    days, latitudes = np.arange(DAYS), np.deg2rad(np.arange(south, south + TILE) - 89.5)
    noise = table()[year % 50 + west // TILE :][:DAYS]
    if what == "temperature":
        zone = 29.0 - 42.0 * np.sin(latitudes) ** 2
        season = 13.0 * np.cos(2.0 * np.pi / DAYS * (days - 196.0))[:, None] * np.sin(latitudes)
        chunk = (zone + season)[:, :, None] + 3.0 * noise
    else:
        chunk = 75.0 + 8.0 * noise
    return ao.asarray(chunk[None]) if as_tensors else chunk[None]


@functools.cache
def table() -> np.ndarray[Any, Any]:
    """Numbers from -2.5 to 2.5 for more days than a year has, once in each process."""
    return np.random.default_rng(0).uniform(-2.5, 2.5, (DAYS + 64, TILE, TILE))


# --- from built-in functions alone ------------------------------------------------------------------------------------


def built_in_of_aotops(temperature: da.Array, humidity: da.Array) -> dict[str, da.Array]:
    """Mean and deviation of the vapour pressure deficit, and by which day 500 degree days above 10 are reached."""
    saturated = ao.exp(17.67 * temperature / (temperature + 243.5)) * 6.112
    deficit = saturated * (1.0 - humidity * 0.01)
    warmth = ao.cumulative_sum(ao.maximum(temperature - 10.0, 0.0), axis=1)
    return {
        "mean deficit": ao.mean(deficit, axis=1),
        "deviation of deficit": ao.std(deficit, axis=1),
        "largest deficit": ao.max(deficit, axis=1),
        "days until warm": ao.count_nonzero(warmth < 500.0, axis=1),
    }


def built_in_of_numpy(temperature: da.Array, humidity: da.Array) -> dict[str, da.Array]:
    """The same."""
    saturated = np.exp(17.67 * temperature / (temperature + 243.5)) * 6.112
    deficit = saturated * (1.0 - humidity * 0.01)
    warmth = da.cumsum(np.maximum(temperature - 10.0, 0.0), axis=1)
    return {
        "mean deficit": deficit.mean(axis=1),
        "deviation of deficit": deficit.std(axis=1),
        "largest deficit": deficit.max(axis=1),
        "days until warm": da.count_nonzero(warmth < 500.0, axis=1),
    }


# --- with a user's kernels --------------------------------------------------------------------------------------------


def own_of_aotops(temperature: da.Array, humidity: da.Array) -> dict[str, da.Array]:
    """Heat stress, as examples/gridded_year has it."""
    ops = importlib.import_module("gridded_ops")
    wet = ops.wet_bulb(temperature, humidity)
    return {
        "mean": ao.mean(wet, axis=1),
        "degree days": ops.degree_days(wet, LIMIT, axis=1),
        "longest spell": ops.longest_spell(wet, LIMIT, axis=1),
    }


def own_of_numpy(temperature: da.Array, humidity: da.Array) -> dict[str, da.Array]:
    """The same in NumPy's functions, which make a pass of each operation."""
    t, h = temperature, humidity
    wet = (
        t * np.arctan(0.151977 * np.sqrt(h + 8.313659))
        + np.arctan(t + h)
        - np.arctan(h - 1.676331)
        + 0.00391838 * h * np.sqrt(h) * np.arctan(0.023101 * h)
        - 4.686035
    )
    return {
        "mean": wet.mean(axis=1),
        "degree days": np.maximum(wet - LIMIT, 0.0).sum(axis=1),
        "longest spell": wet.map_blocks(longest_run, LIMIT, drop_axis=1, dtype=int, meta=np.empty((0, 0, 0), int)),
    }


def longest_run(days: np.ndarray[Any, Any], limit: float) -> np.ndarray[Any, Any]:
    """The longest run of days above a limit along axis 1: days counted on, less what was counted when it last ended."""
    hot = days > limit
    count = np.cumsum(hot, axis=1)
    return (count - np.maximum.accumulate(np.where(hot, 0, count), axis=1)).max(axis=1)


PIPELINES = {
    "built-in functions": (built_in_of_aotops, built_in_of_numpy),
    "a user's kernels": (own_of_aotops, own_of_numpy),
}
