"""A week of temperatures at two stations, beside the mean and the range of the last three days."""

import aotops as ao
from moving_statistics import moving_extremes, moving_mean

temperatures = ao.tensor([[11.5, 12.0, 9.0, 14.5, 13.0, 12.5, 12.0], [8.0, 7.5, 9.0, 9.5, 10.0, 8.0, 8.5]])
means = moving_mean(temperatures, 3).tolist()
lowest, highest = (each.tolist() for each in moving_extremes(temperatures, 3))
for station, row in enumerate(temperatures.tolist()):
    print(f"station {station}  read  mean   low  high")
    for day in zip(row, means[station], lowest[station], highest[station], strict=True):
        print("          " + " ".join(f"{number:5.1f}" for number in day))
