"""Heat stress in a year, by zones of latitude.

    python -m gridded_year [STEP] [SCHEDULER]

STEP is the distance of grid points in degrees, 5 unless it is given. SCHEDULER is the address of a scheduler of Dask,
whose workers compute; without one, threads of this process do.
"""

import contextlib
import itertools
import sys

import dask

import aotops as ao
from gridded_year import degree_days, humidity, latitudes, longest_spell, temperature, wet_bulb

LIMIT = 24.0  # degrees of the wet-bulb temperature, from which on work outdoors is dangerous
ZONES = (-90, -60, -30, 0, 30, 60, 90)


def year(step, days_per_chunk=30):
    """The results for each cell as Dask arrays: nothing is computed yet."""
    wet = wet_bulb(temperature(step, days_per_chunk), humidity(step, days_per_chunk))
    by_place = wet.rechunk((-1, "auto", -1))  # a kernel that goes along days wants them in one chunk
    return {
        "mean": ao.mean(wet, axis=0),
        "hottest": ao.max(wet, axis=0),
        "degree days": degree_days(wet, LIMIT, axis=0),
        "longest spell": longest_spell(by_place, LIMIT, axis=0),
    }


def client_of(arguments):
    if len(arguments) < 2:
        return contextlib.nullcontext()
    from distributed import Client

    return Client(arguments[1])


def main(arguments):
    step = float(arguments[0]) if arguments else 5.0
    with client_of(arguments):
        (results,) = dask.compute(year(step))
    print("latitudes    mean  hottest  degree days  longest spell")
    phi = latitudes(step)
    for south, north in itertools.pairwise(ZONES):
        inside = (south < phi) & (phi < north)
        cells = {name: values[inside] for name, values in results.items()}
        print(
            f"{south:4} to {north:3}  {float(ao.mean(cells['mean'])):6.1f}  {float(ao.max(cells['hottest'])):7.1f}"
            f"  {float(ao.mean(cells['degree days'])):11.1f}  {int(ao.max(cells['longest spell'])):13}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
