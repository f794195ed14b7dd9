"""The contenders of the operator benchmark: how each library takes data and threads, and how a call reads.

A call is a line of Python that is compiled into the timing loop itself, so that each contender pays for its
own call and for nothing else. The libraries are loaded by name when the benchmark runs.
"""

import importlib
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmarks.ops.matrix import Cell, Shape
from benchmarks.ops.table import FLOATS


class Library:
    """One contender, loaded."""

    name = ""
    label = ""
    alias = ""
    """What its calls call the module."""

    def __init__(self) -> None:
        """Import it; `ImportError` or `OSError` where that does not work."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.module: Any = importlib.import_module(self.name)

    def use_threads(self, count: int) -> bool:
        """Set the number of threads; False if the library always uses one."""
        return count == 1

    def lacks(self, cell: Cell) -> bool:
        """True where there is no such operator, or no natural way to say it."""
        spelling = cell.operator.spelling(self.name)
        return "{" not in spelling and not hasattr(self.module, spelling)

    def array(self, memory: memoryview, dtype: str, shape: Shape) -> Any:
        """An array of its own that holds the numbers in `memory`."""
        raise NotImplementedError

    def call(self, cell: Cell, out: bool) -> str:
        """The expression, with or without `out=`; or a statement, where the library has no `out` for it."""
        spelling = cell.operator.spelling(self.name)
        names = [operand.name for operand in cell.operands()]
        operands = ", ".join([*names, *filter(None, [cell.scalar])])
        axis = "" if cell.layout.axis is None else f", axis={cell.layout.axis}"
        keyword = ", out=x" if out else ""
        if "{" not in spelling:
            return f"{self.alias}.{spelling}({operands}{cell.operator.arguments}{axis}{keyword})"
        text = spelling.format(operands=operands, x=names[0], axis=axis, out=keyword)
        return f"x[...] = {text}" if out and "{out}" not in spelling else text

    def extra_names(self, cell: Cell) -> dict[str, Any]:
        """What the call needs besides the module and the operands."""
        return {}

    def as_numpy(self, result: Any) -> Any:
        """The result as an array of NumPy."""
        return importlib.import_module("numpy").asarray(result)


class Aotops(Library):
    """The library that all this is about."""

    name, label, alias = "aotops", "aotops", "ao"

    def use_threads(self, count: int) -> bool:
        """As others do, where it has threads."""
        if not hasattr(self.module, "set_num_threads"):
            return count == 1
        self.module.set_num_threads(count)
        return True

    def lacks(self, cell: Cell) -> bool:
        """True where the operator is missing, or does not take the dtype."""
        spelling = cell.operator.spelling(self.name)
        if spelling.startswith("{"):  # an index
            return False
        function = getattr(self.module, spelling.partition("(")[0].removeprefix("ao."), None)
        kernels = getattr(function, "dtypes", None)
        if function is None or kernels is None:
            return function is None
        wanted = [operand.dtype for operand in cell.operands()]
        taken = {str(dtype.name) for dtype in getattr(function, "casts", {})}
        taken |= {str(row[len(wanted) - 1].name) for row in kernels}
        return wanted[-1] not in taken

    def array(self, memory: memoryview, dtype: str, shape: Shape) -> Any:
        """In memory that aotops allocates."""
        return self.module.asarray(memory, copy=True).reshape(shape)


class NumPy(Library):
    """Also the judge of all results."""

    name, label, alias = "numpy", "NumPy", "np"

    def __init__(self) -> None:
        """Its warnings of divisions by zero would be printed by the hundred, and take microseconds of the calls."""
        super().__init__()
        importlib.import_module("numpy").seterr(all="ignore")

    def use_threads(self, count: int) -> bool:
        """Of its own it has one; the library that computes its products has as many as there are CPUs."""
        importlib.import_module("threadpoolctl").threadpool_limits(count, "blas")
        return count == 1

    def array(self, memory: memoryview, dtype: str, shape: Shape) -> Any:
        """In memory that NumPy allocates."""
        numpy = importlib.import_module("numpy")
        return numpy.array(numpy.frombuffer(memory, dtype), copy=True).reshape(shape)


class Torch(Library):
    """PyTorch."""

    name, label, alias = "torch", "PyTorch", "torch"

    def use_threads(self, count: int) -> bool:
        """Of the pool that one operation runs in."""
        self.module.set_num_threads(count)
        return True

    def array(self, memory: memoryview, dtype: str, shape: Shape) -> Any:
        """In memory that PyTorch allocates."""
        return self.module.frombuffer(memory, dtype=getattr(self.module, dtype)).clone().reshape(shape)

    def call(self, cell: Cell, out: bool) -> str:
        """`maximum` with a number is called `clamp_min`."""
        text = super().call(cell, out)
        return text.replace("torch.maximum", "torch.clamp_min") if cell.scalar else text

    def as_numpy(self, result: Any) -> Any:
        """Without a copy."""
        return result.numpy()


class NumExpr(NumPy):
    """Expressions as strings, on arrays of NumPy."""

    name, label, alias = "numexpr", "numexpr", "ne"

    def use_threads(self, count: int) -> bool:
        """As many as it was started with, at most."""
        if count > self.module.MAX_THREADS:
            return False
        self.module.set_num_threads(count)
        return True

    def lacks(self, cell: Cell) -> bool:
        """It takes part in contiguous elementwise cells of floats."""
        return not cell.operator.numexpr or cell.dtype not in FLOATS or cell.layout.name != "contiguous"

    def call(self, cell: Cell, out: bool) -> str:
        """With the operands passed by name, which spares it a search through the stack."""
        return f"ne.evaluate({cell.operator.numexpr!r}, operands, {{}})"

    def extra_names(self, cell: Cell) -> dict[str, Any]:
        """The operands are filled in by `prepare`."""
        return {"operands": {}}


class Numba(NumPy):
    """Scalar functions: through `@vectorize` on one thread, in a loop with `prange` on several.

    `@vectorize(target="parallel")` would be shorter, but its loops do not use vectors: relu of 10^6 elements took
    3 ms in it, and 0.06 ms in the other one.
    """

    name, label, alias = "numba", "Numba", "numba"

    def __init__(self) -> None:
        super().__init__()
        self._threads = 1
        self._compiled: dict[tuple[str, str, bool], Any] = {}

    def use_threads(self, count: int) -> bool:
        """On one thread its functions are compiled without threads at all."""
        if count > self.module.config.NUMBA_NUM_THREADS:
            return False
        self.module.set_num_threads(count)
        self._threads = count
        return True

    def lacks(self, cell: Cell) -> bool:
        """It takes part in contiguous elementwise cells of floats."""
        return not cell.operator.numba or cell.dtype not in FLOATS or cell.layout.name != "contiguous"

    def call(self, cell: Cell, out: bool) -> str:
        """A compiled function's."""
        return f"kernel({', '.join(operand.name for operand in cell.operands())})"

    def extra_names(self, cell: Cell) -> dict[str, Any]:
        """The function; it is compiled for the dtype here or, in the loop's case, in the call that is checked."""
        key = (cell.operator.numba, cell.dtype, self._threads > 1)
        if key not in self._compiled:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._compiled[key] = self._loop(cell) if self._threads > 1 else self._ufunc(cell)
        return {"kernel": self._compiled[key]}

    def _ufunc(self, cell: Cell) -> Any:
        operands = cell.operands()
        text = f"lambda {', '.join(each.name for each in operands)}: {cell.operator.numba}"
        inputs = ", ".join("boolean" if each.dtype == "bool" else each.dtype for each in operands)
        result = "boolean" if cell.operator.compares else cell.dtype
        return self.module.vectorize([f"{result}({inputs})"])(eval(text, {"math": math}))

    def _loop(self, cell: Cell) -> Any:
        names = [each.name for each in cell.operands()]
        lines = [
            f"def kernel({', '.join(f'all_{name}' for name in names)}):",
            "    out = np.empty(all_x.shape, np.bool_)" if cell.operator.compares else "    out = np.empty_like(all_x)",
            "    for i in prange(all_x.size):",
            *(f"        {name} = all_{name}[i]" for name in names),
            f"        out[i] = {cell.operator.numba}",
            "    return out",
        ]
        scope = {"math": math, "np": importlib.import_module("numpy"), "prange": self.module.prange}
        exec("\n".join(lines), scope)
        return self.module.njit(parallel=True)(scope["kernel"])


LIBRARIES: tuple[type[Library], ...] = (Aotops, NumPy, Torch, NumExpr, Numba)
RIVALS = ("numpy", "torch")
"""Whose faster one the ratios compare aotops with."""


@dataclass(frozen=True)
class Entrant:
    """A library in a cell, ready to run."""

    library: Library
    operands: list[Any]
    once: Callable[[], Any]
    """Call it once and return the result, or the first operand if that is where the result is."""
    batch: Callable[[Iterable[object]], float]
    """Call it once for each element, and return the seconds that took."""


def prepare(cell: Cell, library: Library, memories: Sequence[memoryview], out: bool) -> Entrant:
    """Give the library its arrays and compile its call; all loops are alike but for the call."""
    names: dict[str, Any] = {"clock": perf_counter, "math": math, library.alias: library.module}
    names |= library.extra_names(cell)
    arrays = []
    for operand, memory in zip(cell.operands(), memories, strict=True):
        parent = library.array(memory, operand.dtype, operand.shape)
        view = eval(f"parent{cell.layout.view}", {"parent": parent})
        names[operand.name] = view
        arrays.append(view)
    if "operands" in names:
        names["operands"].update({operand.name: names[operand.name] for operand in cell.operands()})
    call = library.call(cell, out)
    once = f"{call}\n        return x" if out else f"return {call}"
    source = (
        f"def make({', '.join(names)}):\n"
        f"    def once():\n        {once}\n"
        "    def batch(times):\n"
        "        began = clock()\n"
        f"        for _ in times:\n            {call}\n"
        "        return clock() - began\n"
        "    return once, batch\n"
    )
    scope: dict[str, Any] = {}
    exec(source, scope)
    return Entrant(library, arrays, *scope["make"](**names))


def load() -> tuple[list[Library], dict[str, str]]:
    """The libraries that are installed, aotops first, and why each of the others cannot take part."""
    loaded, missing = [], {}
    for kind in LIBRARIES:
        try:
            loaded.append(kind())
        except (ImportError, OSError) as error:
            if kind is Aotops:
                raise
            missing[kind.name] = "not installed" if isinstance(error, ModuleNotFoundError) else str(error)
    return loaded, missing
