"""Statistics of moving windows."""

from moving_statistics.ops import moving_extremes, moving_mean, moving_std

__all__ = ["moving_extremes", "moving_mean", "moving_std"]
