"""Operators whose extension for Linux on x86-64 is kept beside this file, as an early aotops built it.

It must run as long as ``AOTOPS_KERNEL_VERSION`` is 1: a change of aotops is no reason to build it again. It was made by
``aotops build tests/kept/kept_operators.py``, which leaves ``_kept_operators_aotops.abi3.so``, and was renamed.
"""

import aotops as ao

SCALE = 3.0


def helper(x):
    return x * SCALE


@ao.zip(dtypes="float64", bool_inputs="mask", defaults={"y": 10.0})
def masked(mask, x, y):
    return helper(x) if mask else y


@ao.zip(dtypes="uint8", fixed={"count": "int64"})
def shifted(x, count):
    return x << count


@ao.map(dtypes="float64")
def cubed(x):
    return x * x * x


@cubed.derivative
def _(x, y, g):
    return 3.0 * x * x * g


running = ao.scan(lambda a, b: max(a, b), identity=-(2**63), dtypes="int64")
first_largest = ao.argreduce(lambda a, b: max(a, b), initial=0, dtypes="uint8")
