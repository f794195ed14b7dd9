"""A Kalman filter for series with a local linear trend, and a smoother; both for many series at once."""

from kalman.ops import filtered, smoothed

__all__ = ["filtered", "smoothed"]
