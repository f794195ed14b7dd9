"""aotops: tensors whose map, zip and reduce kernels are Python functions compiled ahead of time.

>>> import aotops as ao
>>> layer1 = ao.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
>>> (layer1 * ao.tensor([0.0, 1.0, 0.0])).sum(1)
tensor([0.2, 0.5])

Names are loaded on first use, so that ``import aotops`` costs little more than the interpreter's own start.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"
#: The version of the array API standard that this is written for.
__array_api_version__ = "2025.12"

_native: Any
try:
    import aotops._native as _native
except ModuleNotFoundError as error:
    if error.name != "aotops._native":
        raise
    if not os.path.exists(__file__.removesuffix("__init__.py") + "native/module.c"):
        raise ImportError(
            "aotops is installed without its extension module for this Python or this machine: install it again, "
            "with `pip install --force-reinstall aotops`"
        ) from None
    _native = None  # a source tree, not built yet: the build imports the records and the loop nests from here

#: Where each public name lives; operators are found by the name in their record.
_HOMES = {
    **{dtype.name: "dtypes" for dtype in (_native.dtypes if _native is not None else ())},
    "ArrayFunction": "user.array_functions",
    "ArrayKernel": "user.array_kernels",
    "AxisError": "errors",
    "BuildError": "errors",
    "DType": "_native",
    "GradientError": "errors",
    "NotBuiltError": "errors",
    "Operator": "_native",
    "RecordError": "errors",
    "Tensor": "tensors",
    "__array_namespace_info__": "namespace.inspection",
    "arange": "namespace.creation",
    "argreduce": "user.declare",
    "argsort": "namespace.sorting",
    "asarray": "namespace.creation",
    "astype": "_native",
    "broadcast_arrays": "namespace.manipulation",
    "broadcast_shapes": "namespace.manipulation",
    "broadcast_to": "namespace.manipulation",
    "can_cast": "namespace.data_types",
    "concat": "namespace.joining",
    "count_nonzero": "namespace.searching",
    "cpu_level": "_native",
    "diff": "namespace.utility",
    "dtypes": None,
    "e": "namespace.constants",
    "einsum": "namespace.contraction",
    "embedding": "namespace.neural",
    "empty": "namespace.creation",
    "empty_like": "namespace.like",
    "enable_grad": "autograd.modes",
    "expand_dims": "namespace.manipulation",
    "explain": "see.explain",
    "eye": "namespace.grids",
    "finfo": "namespace.data_types",
    "flip": "namespace.manipulation",
    "from_dlpack": "namespace.exchange",
    "full": "namespace.creation",
    "full_like": "namespace.like",
    "function": "user.array_functions",
    "get_num_threads": "_native",
    "grad": "autograd.engine",
    "grad_check": "autograd.grad_check",
    "iinfo": "namespace.data_types",
    "inf": "namespace.constants",
    "is_grad_enabled": "autograd.modes",
    "isdtype": "namespace.data_types",
    "isin": "namespace.sets",
    "kernel": "user.array_declaration",
    "linspace": "namespace.grids",
    "load": "interop.files",
    "log_softmax": "namespace.neural",
    "logspace": "namespace.grids",
    "logsumexp": "namespace.neural",
    "map": "user.declare",
    "matmul": "namespace.linear_algebra",
    "matrix_transpose": "namespace.manipulation",
    "mean": "namespace.statistics",
    "median": "namespace.quantiles",
    "memory": None,
    "meshgrid": "namespace.grids",
    "moveaxis": "namespace.manipulation",
    "nan": "namespace.constants",
    "nanargmax": "namespace.nan_statistics",
    "nanargmin": "namespace.nan_statistics",
    "nanmax": "namespace.nan_statistics",
    "nanmean": "namespace.nan_statistics",
    "nanmin": "namespace.nan_statistics",
    "nansum": "namespace.nan_statistics",
    "newaxis": "namespace.constants",
    "nn": None,
    "no_grad": "autograd.modes",
    "nonzero": "namespace.searching",
    "norm": "namespace.neural",
    "one_hot": "namespace.neural",
    "ones": "namespace.creation",
    "ones_like": "namespace.like",
    "optim": None,
    "percentile": "namespace.quantiles",
    "permute_dims": "namespace.manipulation",
    "pi": "namespace.constants",
    "prange": "user.parallel",
    "quantile": "namespace.quantiles",
    "random": None,
    "reduce": "user.declare",
    "repeat": "namespace.joining",
    "reshape": "namespace.manipulation",
    "result_type": "namespace.data_types",
    "roll": "namespace.joining",
    "save": "interop.files",
    "scan": "user.declare",
    "searchsorted": "namespace.searching",
    "set_num_threads": "_native",
    "softmax": "namespace.neural",
    "sort": "namespace.sorting",
    "squeeze": "namespace.manipulation",
    "stack": "namespace.joining",
    "std": "namespace.statistics",
    "take": "namespace.searching",
    "take_along_axis": "namespace.searching",
    "tensor": "namespace.creation",
    "tensordot": "namespace.linear_algebra",
    "tile": "namespace.joining",
    "trace": "see.trace",
    "tril": "namespace.grids",
    "triu": "namespace.grids",
    "unique_all": "namespace.sets",
    "unique_counts": "namespace.sets",
    "unique_inverse": "namespace.sets",
    "unique_values": "namespace.sets",
    "unstack": "namespace.manipulation",
    "var": "namespace.statistics",
    "vecdot": "namespace.linear_algebra",
    "zeros": "namespace.creation",
    "zeros_like": "namespace.like",
    "zip": "user.declare",
}


#: What functions of NumPy and PyTorch are called here, for those who look for them: read only where a name is missing.
_ELSEWHERE = (
    "absolute=abs amax=max amin=min arccos=acos arccosh=acosh arcsin=asin arcsinh=asinh arctan2=atan2 arctan=atan "
    "arctanh=atanh array=tensor as_tensor=asarray bitwise_not=bitwise_invert cat=concat clamp=clip "
    "concatenate=concat conjugate=conj cummax=cumulative_max cummin=cumulative_min cumprod=cumulative_prod "
    "cumsum=cumulative_sum div=divide dot=matmul eq=equal fix=trunc from_numpy=asarray gather=take_along_axis "
    "ge=greater_equal gt=greater identity=eye in1d=isin index_select=take invert=bitwise_invert le=less_equal "
    "left_shift=bitwise_left_shift lt=less mm=matmul mod=remainder mul=multiply ndarray=Tensor ne=not_equal "
    "neg=negative permute=permute_dims power=pow rand=random.uniform randn=random.normal repeat_interleave=repeat "
    "right_shift=bitwise_right_shift rint=round sub=subtract transpose=permute_dims true_divide=divide "
    "unique=unique_values unsqueeze=expand_dims"
)


def is_public(name: str) -> bool:
    """Whether an operator is called by users: not a part of others, and not a derivative."""
    return not name.startswith("_") and "." not in name


def __getattr__(name: str) -> Any:
    if _native is None:
        raise AttributeError(
            f"module 'aotops' has no attribute {name!r}: its extension is not built, run `pip install .`"
        )
    if name == "__all__":
        return sorted({*_HOMES, *[name for name in _native.operators if is_public(name)]})
    if name in _HOMES:
        home = _HOMES[name]
        module = __import__(f"aotops.{home or name}", fromlist=("",))  # the module itself, not the package
        value = getattr(module, name) if home else module
    elif name in _native.operators and is_public(name):
        value = _native.operators[name]
    else:
        own = f" {_ELSEWHERE} ".partition(f" {name}=")[2].partition(" ")[0]
        advice = f"; write aotops.{own}" if own else ""
        raise AttributeError(f"module 'aotops' has no attribute {name!r}{advice}")
    globals()[name] = value
    return value


#: How long a fork waits at most for imports in other threads.
_FORKS_WAIT_S = 10.0


def _await_imports() -> None:
    """Before a fork, wait until no other thread imports a module of this package or of the standard library.

    Modules are imported at their first use, which may be any call. The child has none of the other threads, so it would
    wait forever for an import that one of them had begun. The wait is limited, since that thread may wait in turn for
    something that the forking one holds.
    """
    from _thread import get_ident
    from time import monotonic, sleep

    locks: dict[str, Any] = getattr(sys.modules["_frozen_importlib"], "_module_locks", {})
    ours = {"aotops", *sys.stdlib_module_names}
    until = monotonic() + _FORKS_WAIT_S
    while monotonic() < until:
        held = [lock() for name, lock in list(locks.items()) if name.partition(".")[0] in ours]
        if not [lock for lock in held if getattr(lock, "owner", None) not in (None, get_ident())]:
            return
        sleep(0.001)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_await_imports)


def __dir__() -> list[str]:
    return [name for name in globals() if name.startswith("__")] + __getattr__("__all__")
