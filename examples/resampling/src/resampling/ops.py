"""The kernels: values between samples, gathered from around each position."""

import math

import aotops as ao


def cubic(a, b, c, d, t):
    """The value at ``t`` between ``b`` and ``c`` of the Catmull-Rom spline through four samples."""
    return b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))


def inside(k, size):
    """The nearest position that exists."""
    return min(max(k, 0), size - 1)


@ao.kernel("(n),(m)->(m)", dtypes="float64")
def resample(samples, positions, out):
    """Values of a signal at fractional positions; beyond its ends it continues with its first and last sample."""
    n = samples.shape[0]
    if n == 0:
        raise ValueError("samples must not be empty")
    for j in range(positions.shape[0]):
        if not math.isfinite(positions[j]):
            out[j] = math.nan
            continue
        position = min(max(positions[j], 0.0), n - 1.0)
        k = int(position)
        a, b, c, d = samples[inside(k - 1, n)], samples[k], samples[inside(k + 1, n)], samples[inside(k + 2, n)]
        out[j] = cubic(a, b, c, d, position - k)


@ao.kernel("(h,w),(r,c),(r,c)->(r,c)", dtypes="float64")
def remap(image, rows, columns, out):
    """An image whose pixels are read from another at fractional rows and columns, bilinearly; 0 outside of it."""
    h, w = image.shape
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            y, x = rows[i, j], columns[i, j]
            out[i, j] = 0.0
            if 0.0 <= y <= h - 1.0 and 0.0 <= x <= w - 1.0:
                top, left = int(y), int(x)
                below, right = min(top + 1, h - 1), min(left + 1, w - 1)
                upper = image[top, left] + (x - left) * (image[top, right] - image[top, left])
                lower = image[below, left] + (x - left) * (image[below, right] - image[below, left])
                out[i, j] = upper + (y - top) * (lower - upper)
