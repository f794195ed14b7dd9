"""aotops for users of MiniTorch, the teaching library of the course "Machine Learning Engineering".

``AotOps`` makes a backend of a student's own package, or of the course's::

    from aotops.minitorch import AotOps
    backend = minitorch.TensorBackend(AotOps)

Scripts of the course also run without MiniTorch, NumPy and Numba, on aotops' own tensors and gradients::

    import aotops.minitorch as minitorch

See docs/minitorch.md. Names are loaded on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.minitorch.backend import AotOps as AotOps
    from aotops.minitorch.data import datasets as datasets
    from aotops.minitorch.modules import SGD as SGD
    from aotops.minitorch.modules import Module as Module
    from aotops.minitorch.modules import Parameter as Parameter
    from aotops.minitorch.recognise import PlainPythonWarning as PlainPythonWarning
    from aotops.minitorch.tensors import FastOps as FastOps
    from aotops.minitorch.tensors import IndexingError as IndexingError
    from aotops.minitorch.tensors import SimpleBackend as SimpleBackend
    from aotops.minitorch.tensors import SimpleOps as SimpleOps
    from aotops.minitorch.tensors import Tensor as Tensor
    from aotops.minitorch.tensors import TensorBackend as TensorBackend
    from aotops.minitorch.tensors import grad_check as grad_check
    from aotops.minitorch.tensors import rand as rand
    from aotops.minitorch.tensors import tensor as tensor
    from aotops.minitorch.tensors import zeros as zeros

#: Where each public name lives.
_HOMES = {
    "AotOps": "backend",
    "FastOps": "tensors",
    "IndexingError": "tensors",
    "Module": "modules",
    "Parameter": "modules",
    "PlainPythonWarning": "recognise",
    "SGD": "modules",
    "SimpleBackend": "tensors",
    "SimpleOps": "tensors",
    "Tensor": "tensors",
    "TensorBackend": "tensors",
    "datasets": "data",
    "grad_check": "tensors",
    "rand": "tensors",
    "tensor": "tensors",
    "zeros": "tensors",
}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_HOMES)
    if name not in _HOMES:
        raise AttributeError(f"module 'aotops.minitorch' has no attribute {name!r}")
    value = getattr(__import__(f"aotops.minitorch.{_HOMES[name]}", fromlist=("",)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_HOMES, *[name for name in globals() if name.startswith("__")]})
