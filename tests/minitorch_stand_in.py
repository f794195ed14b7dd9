"""A small package with the interface of the course's: what a backend is asked for, and loops to compare it with.

The tests of ``aotops.minitorch`` run without MiniTorch, whose every copy is a student's own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class IndexingError(RuntimeError):
    """Shapes that do not broadcast together."""


class TensorData:
    """A storage, with a shape and strides in elements."""

    def __init__(self, storage: Any, shape: tuple[int, ...], strides: tuple[int, ...] | None = None) -> None:
        self._storage = storage if isinstance(storage, np.ndarray) else np.array(storage, dtype=np.float64)
        self.shape = shape
        self.strides = strides if strides is not None else contiguous_strides(shape)
        self._shape, self._strides = np.array(shape), np.array(self.strides)  # float64 where they are empty
        self.size = math.prod(shape)
        assert len(self._storage) == self.size

    def permute(self, *order: int) -> TensorData:
        shape, strides = tuple(self.shape[k] for k in order), tuple(self.strides[k] for k in order)
        return TensorData(self._storage, shape, strides)


class Tensor:
    """A tensor of a backend, without gradients."""

    def __init__(self, data: TensorData, backend: Any) -> None:
        self._tensor, self.backend = data, backend

    @property
    def shape(self) -> tuple[int, ...]:
        return self._tensor.shape

    @staticmethod
    def make(storage: Any, shape: Any, strides: Any = None, backend: Any = None) -> Tensor:
        return Tensor(TensorData(storage, shape, strides), backend)

    def zeros(self, shape: tuple[int, ...]) -> Tensor:
        return Tensor.make([0.0] * math.prod(shape), shape, backend=self.backend)

    def permute(self, *order: int) -> Tensor:
        return Tensor(self._tensor.permute(*order), self.backend)

    def tolist(self) -> Any:
        """Nested lists, read element by element."""
        data = self._tensor

        def level(axis: int, position: int) -> Any:
            if axis == len(data.shape):
                return float(data._storage[position])
            return [level(axis + 1, position + k * data.strides[axis]) for k in range(data.shape[axis])]

        return level(0, 0)


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def broadcast_shape(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(first), len(second))
    pairs = list(zip((1,) * (rank - len(first)) + first, (1,) * (rank - len(second)) + second, strict=True))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        raise IndexingError(f"{first} and {second}")
    return tuple(n if m == 1 else m for m, n in pairs)


def position(index: tuple[int, ...], tensor: Tensor) -> int:
    """Where an element lies that a larger tensor has at an index."""
    shape, strides = tensor._tensor.shape, tensor._tensor.strides
    own = index[len(index) - len(shape) :]
    return sum(min(k, n - 1) * step for k, n, step in zip(own, shape, strides, strict=True))


class Loops:
    """The operators as loops in Python: what each one means."""

    cuda = False

    @staticmethod
    def map(fn: Any) -> Any:
        def apply(a: Tensor, out: Tensor | None = None) -> Tensor:
            out = a.zeros(a.shape) if out is None else out
            if broadcast_shape(a.shape, out.shape) != out.shape:
                raise IndexingError(f"{a.shape} and {out.shape}")
            for index in np.ndindex(*out.shape):
                out._tensor._storage[position(index, out)] = fn(float(a._tensor._storage[position(index, a)]))
            return out

        return apply

    cmap = map

    @staticmethod
    def zip(fn: Any) -> Any:
        def apply(a: Tensor, b: Tensor) -> Tensor:
            out = a.zeros(broadcast_shape(a.shape, b.shape))
            for index in np.ndindex(*out.shape):
                x, y = (float(t._tensor._storage[position(index, t)]) for t in (a, b))
                out._tensor._storage[position(index, out)] = fn(x, y)
            return out

        return apply

    @staticmethod
    def reduce(fn: Any, start: float = 0.0) -> Any:
        def apply(a: Tensor, dim: int) -> Tensor:
            shape = [*a.shape]
            shape[dim] = 1
            out = a.zeros(tuple(shape))
            out._tensor._storage[:] = start
            for index in np.ndindex(*a.shape):
                place = position(index, out)
                out._tensor._storage[place] = fn(
                    float(out._tensor._storage[place]), float(a._tensor._storage[position(index, a)])
                )
            return out

        return apply

    @staticmethod
    def matrix_multiply(a: Tensor, b: Tensor) -> Tensor:
        assert a.shape[-1] == b.shape[-2]
        out = a.zeros((*broadcast_shape(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
        for index in np.ndindex(*out.shape):
            total = 0.0
            for k in range(a.shape[-1]):
                x = a._tensor._storage[position((*index[:-1], k), a)]
                y = b._tensor._storage[position((*index[:-2], k, index[-1]), b)]
                total += float(x) * float(y)
            out._tensor._storage[position(index, out)] = total
        return out


class Functions:
    """One student's scalar functions."""

    @staticmethod
    def neg(x: float) -> float:
        return -x

    @staticmethod
    def sigmoid(x: float) -> float:
        return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))

    @staticmethod
    def relu(x: float) -> float:
        return x if x > 0 else 0.0

    @staticmethod
    def log(x: float) -> float:
        return math.log(x)

    @staticmethod
    def exp(x: float) -> float:
        return math.exp(x)

    @staticmethod
    def id(x: float) -> float:
        return x

    @staticmethod
    def inv(x: float) -> float:
        return 1.0 / x

    @staticmethod
    def add(x: float, y: float) -> float:
        return x + y

    @staticmethod
    def mul(x: float, y: float) -> float:
        return x * y

    @staticmethod
    def lt(x: float, y: float) -> float:
        return 1.0 if x < y else 0.0

    @staticmethod
    def eq(x: float, y: float) -> float:
        return 1.0 if x == y else 0.0

    @staticmethod
    def is_close(x: float, y: float) -> float:
        return abs(x - y) < 1e-2

    @staticmethod
    def relu_back(x: float, d: float) -> float:
        return d if x > 0 else 0.0

    @staticmethod
    def log_back(x: float, d: float) -> float:
        return d / x

    @staticmethod
    def inv_back(x: float, d: float) -> float:
        return -d / (x * x)


class TensorBackend:
    """What is asked of a class of operators when a backend is made."""

    def __init__(self, ops: Any, functions: Any = Functions) -> None:
        for name in ("neg", "sigmoid", "relu", "log", "exp", "id", "inv"):
            setattr(self, f"{name}_map", ops.map(getattr(functions, name)))
        self.id_cmap = ops.cmap(functions.id)
        for name in ("add", "mul", "lt", "eq", "is_close", "relu_back", "log_back", "inv_back"):
            setattr(self, f"{name}_zip", ops.zip(getattr(functions, name)))
        self.add_reduce, self.mul_reduce = ops.reduce(functions.add, 0.0), ops.reduce(functions.mul, 1.0)
        self.matrix_multiply, self.cuda = ops.matrix_multiply, ops.cuda
