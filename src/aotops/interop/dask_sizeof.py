"""The entry point of Dask's group ``dask.sizeof``: how much memory tensors take, by which workers decide to spill.

Dask loads it in every process that uses it, before there is any tensor, so it imports neither Dask nor tensors.
"""

from __future__ import annotations

from typing import Any


def register(sizeof: Any) -> None:
    """Let Dask's ``sizeof`` know tensors, once there are some."""

    @sizeof.register_lazy("aotops")  # type: ignore[untyped-decorator]
    def register_tensors() -> None:
        from aotops._native import TensorBase

        sizeof.register(TensorBase, bytes_of)


def bytes_of(x: Any) -> int:
    """The bytes of a tensor's elements; along axes that broadcasting repeats there is one."""
    count = 1
    for length, stride in zip(x.shape, x.strides, strict=True):
        count *= 1 if stride == 0 and length > 0 else length
    return int(count * x.dtype.itemsize)
