"""The kernels against NumPy and plain Python, and a small year, however it is divided into chunks."""

import itertools

import dask
import numpy as np
from gridded_year import degree_days, humidity, latitudes, longest_spell, temperature, wet_bulb
from gridded_year.__main__ import LIMIT, year


def test_wet_bulb_temperatures_are_those_of_the_paper():
    assert abs(wet_bulb(20.0, 50.0).item() - 13.7) < 0.05
    t, h = np.linspace(-20.0, 50.0, 40)[:, None], np.linspace(5.0, 99.0, 30)
    expected = t * np.arctan(0.151977 * np.sqrt(h + 8.313659)) + np.arctan(t + h) - np.arctan(h - 1.676331)
    expected += 0.00391838 * h**1.5 * np.arctan(0.023101 * h) - 4.686035
    np.testing.assert_allclose(wet_bulb(t, h), expected, rtol=1e-12, atol=1e-12)


def test_degree_days_are_sums():
    days = np.random.default_rng(1).normal(20.0, 5.0, (100, 7))
    np.testing.assert_allclose(degree_days(days, 22.0, axis=0), np.maximum(days - 22.0, 0.0).sum(0), rtol=1e-13)


def test_spells_are_runs_of_days():
    days = np.random.default_rng(2).normal(20.0, 5.0, (5, 200))
    for row, longest in zip(days.tolist(), longest_spell(days, 18.0).tolist(), strict=True):
        runs = [sum(1 for _ in run) for warm, run in itertools.groupby(day > 18.0 for day in row) if warm]
        assert longest == max(runs, default=0)


def test_a_year_does_not_depend_on_its_chunks():
    assert temperature(30.0, 100).shape == (365, *latitudes(30.0).shape, 12)
    first, *others = (dask.compute(temperature(30.0, days), humidity(30.0, days)) for days in (365, 30, 1))
    for other in others:
        for x, y in zip(first, other, strict=True):
            np.testing.assert_array_equal(x, y)


def test_the_results_are_those_of_numpy():
    t, h = (np.asarray(field(30.0, 365).compute()) for field in (temperature, humidity))
    wet = np.asarray(wet_bulb(t, h))
    results = dict(zip(year(30.0), dask.compute(*year(30.0).values()), strict=True))
    np.testing.assert_allclose(results["mean"], wet.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(results["hottest"], wet.max(0))
    np.testing.assert_allclose(results["degree days"], np.maximum(wet - LIMIT, 0.0).sum(0), rtol=1e-12)
    np.testing.assert_array_equal(results["longest spell"], longest_spell(wet, LIMIT, axis=0))
