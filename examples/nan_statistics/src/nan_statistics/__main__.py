"""Statistics of a week of temperatures at three stations, of which some were not read."""

import math

import aotops as ao
from nan_statistics import count, nanmax, nanmean, nanvar

nan = math.nan
temperatures = ao.tensor(
    [
        [11.5, 12.0, nan, 14.5, 13.0, 12.5, 12.0],
        [nan, nan, 9.0, 9.5, nan, 8.0, 8.5],
        [nan, nan, nan, nan, nan, nan, nan],
    ]
)
table = [statistic(temperatures, axis=1).tolist() for statistic in (count, nanmean, nanvar, nanmax)]
print("station  read   mean  variance  highest")
for station, (read, mean, variance, highest) in enumerate(zip(*table, strict=True)):
    print(f"{station:7} {read:5} {mean:6.2f} {variance:9.3f} {highest:8.1f}")
