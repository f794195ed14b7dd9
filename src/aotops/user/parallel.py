"""``prange``: loops of array kernels whose iterations run on several threads."""

from __future__ import annotations


def prange(*bounds: int) -> range:
    """The range of a loop whose iterations do not depend on each other.

    In array kernels and whole-array functions, the iterations of ``for i in prange(n)`` run on several threads; in
    plain Python it is ``range``. A variable may accumulate over iterations: ``total += ...``, ``*=``, ``|=``, ``&=``,
    ``^=``, ``best = min(best, ...)`` or ``max``. Iterations are divided into up to 256 parts, by their number alone;
    what the parts have accumulated is combined in order: the bits do not depend on the number of threads.

    What else would depend on the order of iterations does not compile: another variable that is carried from one to
    the next or read after the loop, ``break``, ``return``, and ``out[0] += ...``. Elements that iterations write must
    differ: that is not checked. Where iterations raise, the exception of the first of them is raised. Loops over
    ``prange`` inside of one, and in batches that run on several threads, run on one.

    Parameters:
        bounds: As of ``range``: the end, or the start, the end and the step.

    Returns:
        The range.

    Raises:
        TypeError, ValueError: As of ``range``.

    Example:
        >>> import aotops as ao
        >>> list(ao.prange(2, 8, 3))
        [2, 5]
    """
    return range(*bounds)
