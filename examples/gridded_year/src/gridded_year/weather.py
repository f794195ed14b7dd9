"""Weather that is made up: daily fields of temperature and humidity as Dask arrays of tensors.

A real program would read files here, by xarray.open_mfdataset or dask.array.from_zarr. Each day has a generator of
random numbers of its own, so the numbers do not depend on how days are divided into chunks, nor on who makes them.
"""

import math

import dask.array as da

import aotops as ao

DAYS = 365


def latitudes(step):
    """The latitudes of the middles of cells, from south to north."""
    count = round(180 / step)
    return ao.linspace(-90.0 + step / 2, 90.0 - step / 2, count)


def temperature(step, days_per_chunk):
    """Daily mean temperatures in degrees Celsius, of shape (days, latitudes, longitudes)."""
    return fields(temperature_of_day, step, days_per_chunk)


def humidity(step, days_per_chunk):
    """Daily mean relative humidity in per cent, of the same shape."""
    return fields(humidity_of_day, step, days_per_chunk)


def fields(of_day, step, days_per_chunk):
    rows = round(180 / step)
    days = [min(days_per_chunk, DAYS - first) for first in range(0, DAYS, days_per_chunk)]
    return da.map_blocks(
        chunk_of_days,
        of_day,
        step,
        chunks=(tuple(days), rows, 2 * rows),
        dtype=float,
        meta=ao.empty((0, 0, 0)),
        name=f"{of_day.__name__}-{step}-{days_per_chunk}",
    )


def chunk_of_days(of_day, step, block_info=None):
    first, end = block_info[None]["array-location"][0]
    return ao.stack([of_day(day, step) for day in range(first, end)])


def noise(seed, step):
    """Random numbers for each cell, alike in cells of 20 degrees."""
    generator = ao.random.Generator(seed)
    rows = round(180 / step)
    wide = generator.normal(shape=(9, 18))
    alike = ao.repeat(ao.repeat(wide, -(-rows // 9), axis=0), -(-2 * rows // 18), axis=1)[:rows, : 2 * rows]
    return alike + 0.3 * generator.normal(shape=(rows, 2 * rows))


def temperature_of_day(day, step):
    phi = latitudes(step)[:, None] * (math.pi / 180)
    season = math.cos(2 * math.pi * (day - 196) / DAYS)  # it is warmest in the north in the middle of July
    return 29.0 - 42.0 * ao.sin(phi) ** 2 + 13.0 * season * ao.sin(phi) + 3.0 * noise(2 * day, step)


def humidity_of_day(day, step):
    phi = latitudes(step)[:, None] * (math.pi / 180)
    return ao.clip(80.0 - 20.0 * ao.sin(2 * phi) ** 2 + 10.0 * noise(2 * day + 1, step), 5.0, 99.0)
