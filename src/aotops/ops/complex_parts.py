"""The parts of complex numbers, element by element."""

from __future__ import annotations

from typing import Any

from aotops.ops.arithmetic import unchanged
from aotops.ops.record import COMPLEX, NUMBERS, PARTS, map

# --- real ---------------------------------------------------------------------------------------------------------


@map(dtypes=NUMBERS + COMPLEX, result=PARTS, signless=True)
def real(x: Any) -> Any:
    """Real part of each element; real numbers as they are.

    >>> import aotops as ao
    >>> ao.real(ao.tensor([1 + 2j, 3.0]))
    tensor([1., 3.])
    """
    return unchanged(x)


@real.derivative
def real_derivative(x: Any, y: Any, g: Any) -> Any:
    return g


# --- imag ---------------------------------------------------------------------------------------------------------


def nothing(x: Any) -> Any:
    """0, without a look at the element."""
    return 0


@map(dtypes=NUMBERS + COMPLEX, result=PARTS, signless=True)
def imag(x: Any) -> Any:
    """Imaginary part of each element; 0 of real numbers.

    >>> import aotops as ao
    >>> ao.imag(ao.tensor([1 + 2j, 3.0]))
    tensor([2., 0.])
    """
    return nothing(x)


# --- conj ---------------------------------------------------------------------------------------------------------


@map(dtypes=NUMBERS + COMPLEX, signless=True, aliases=("numpy.conj", "numpy.conjugate"))
def conj(x: Any) -> Any:
    """Complex conjugate of each element: its imaginary part has the other sign. Real numbers as they are.

    >>> import aotops as ao
    >>> ao.conj(ao.tensor([1 + 2j, 3.0]))
    tensor([1.-2.j, 3.-0.j])
    """
    return unchanged(x)


@conj.derivative
def conj_derivative(x: Any, y: Any, g: Any) -> Any:
    return g


for _dtype in COMPLEX:
    real.specialise(_dtype)(lambda x: x.real)
    imag.specialise(_dtype)(lambda x: x.imag)
    conj.specialise(_dtype)(lambda x: complex(x.real, -x.imag))
