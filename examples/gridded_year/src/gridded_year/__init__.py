"""A year of weather on a grid: chunks that are made where they are needed, and what to compute from them."""

from gridded_year.ops import degree_days, longest_spell, wet_bulb
from gridded_year.weather import humidity, latitudes, temperature

__all__ = ["degree_days", "humidity", "latitudes", "longest_spell", "temperature", "wet_bulb"]
