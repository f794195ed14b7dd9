"""What is generated from the operator records: ``python -m aotops.aot.pack.stubs`` writes it.

``_native.pyi`` declares the native types, with the operators' methods and special methods on ``TensorBase``, and
``__init__.pyi`` the public names. In a checkout, README gets its list of operators. A test fails if any of them differs
from what this module would write.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import aotops
from aotops import ops
from aotops._native import Function, TensorBase
from aotops.abi import AXIS_KINDS, SLOTS
from aotops.ops.record import Record

PACKAGE = Path(aotops.__file__).parent
#: README's list of operators is between these comments, in lines that are at most this long.
LIST, LIST_END, WIDTH = "<!-- operators, by make stubs -->\n", "<!-- end -->\n", 128
HEADER = "# Generated from the operator records by `python -m aotops.aot.pack.stubs`; do not edit.\n"

NATIVE = '''from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from aotops.ops.record import Record
from aotops.tensors import Tensor

#: What operators take in place of a tensor.
class Array(Protocol):
    @property
    def shape(self) -> Any: ...
    @property
    def dtype(self) -> Any: ...

Operand = Tensor | float | Array | array[Any] | memoryview | list[Any] | tuple[Any, ...] | range
Result = TypeVar("Result", Tensor, tuple[Tensor, ...])

dtypes: tuple[DType, ...]
operators: Mapping[str, Operator]

def empty(shape: tuple[int, ...], dtype: DType, function: str = "empty", /) -> Tensor: ...
def full(
    shape: tuple[int, ...], value: float, dtype: DType, function: str = "full", argument: str = "fill_value", /
) -> Tensor: ...
def copy_to_out(function: str, result: Result, out: Result | None, broadcasts: bool = False, /) -> Result: ...
def generate(
    operator: Operator,
    dtype: DType,
    out: Tensor,
    first: int,
    strides: tuple[int, ...],
    inputs: tuple[Tensor | float, ...],
    /,
) -> Tensor: ...
def fold_states(operator: Operator, variant: int, inputs: tuple[Tensor, ...], axes: int, /) -> tuple[Tensor, ...]: ...
def combine_states(
    operator: Operator, variant: int, a: tuple[Tensor, ...], b: tuple[Tensor, ...], /
) -> tuple[Tensor, ...]: ...
def finish_states(operator: Operator, variant: int, states: tuple[Tensor, ...], /) -> Tensor: ...
def astype(x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """The elements of a tensor converted to a dtype, in row-major order."""

def is_number(object: Any, /) -> bool: ...
def from_buffer(
    exporter: Any, copy: bool, function: str = "asarray", argument: str = "obj", /
) -> Tensor | None: ...
def from_bytes(
    exporter: Any, offset: int, dtype: DType, shape: tuple[int, ...], function: str, argument: str, /
) -> Tensor: ...
def to_dlpack(x: Tensor, versioned: bool, copied: bool, /) -> Any: ...
def from_dlpack(capsule: Any, copy: bool | None, function: str, argument: str, /) -> Tensor | None: ...
def arrow_schema(dtype: DType, /) -> Any: ...
def to_arrow(x: Tensor, /) -> Any: ...
def from_arrow(schema: Any, array: Any, copy: bool | None, function: str, argument: str, /) -> Tensor | None: ...
def register_tensor_type(type: type[TensorBase], choose: Operator, dot: Operator, /) -> None: ...
def take_at(
    x: Tensor, indices: tuple[Tensor | None, ...], place: int, function: str, axes: tuple[int, ...], /
) -> Tensor: ...
def put_at(
    x: Tensor,
    indices: tuple[Tensor | None, ...],
    place: int,
    function: str,
    axes: tuple[int, ...],
    value: Tensor,
    adds: bool = False,
    /,
) -> None: ...
def take_along(x: Tensor, index: Tensor, axis: int, /) -> Tensor: ...
def compress(x: Tensor, mask: Tensor, /) -> Tensor: ...
def expand(x: Tensor, mask: Tensor, value: Tensor, /) -> None: ...
def positions(mask: Tensor, /) -> tuple[Tensor | None, Tensor]: ...
def sort(x: Tensor, descending: bool, positions: bool, function: str, /) -> Tensor: ...
def triangle(x: Tensor, k: int, lower: bool, function: str, /) -> Tensor: ...
def spread(counts: Tensor, total: int, /) -> Tensor: ...
def search(ordered: Tensor, values: Tensor, right: bool, /) -> Tensor: ...
def draw(generator: Tensor, normal: bool, a: Any, b: Any, shape: Any, dtype: Any, /) -> Tensor | None: ...
def draw_integers(generator: Tensor, least: int, bound: int, shape: tuple[int, ...], /) -> Tensor: ...
def update(outputs: tuple[Tensor, ...], gradient: Tensor, numbers: tuple[float, ...], /) -> bool: ...
def shuffle(generator: Tensor, x: Tensor, count: int, size: int, /) -> None: ...
def matmul(function: str, x1: Tensor, x2: Tensor, out: Tensor | None = None, start: Tensor | None = None, /) -> Any: ...
def cpu_level() -> str:
    """The CPU level whose kernels run, for example 'x86-64-v3'."""

def get_num_threads() -> int:
    """The number of threads that an operation may use."""

def set_num_threads(n: int, /) -> None:
    """Set the number of threads that an operation may use, from 1 to 1024."""

def share_from(elements: int, /) -> None: ...
def trace(watcher: Callable[[Any], None] | None, /) -> None: ...
def explain(
    watcher: Callable[[Any], None], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], /
) -> None: ...
def forget_other_threads() -> None: ...

kernel_version: int
library_capsule: str
array_kernel_version: int
array_capsule: str
max_rank: int

F = TypeVar("F", bound=Callable[..., Any])

def fast_path(*operators: Operator) -> Callable[[F], F]: ...
def declare(
    record: Record,
    name: str,
    parameters: str,
    fields: tuple[int | bytes, ...],
    variants: tuple[tuple[bytes, bytes], ...],
    /,
) -> Operator: ...
def bind(operator: Operator, library: Any, symbols: tuple[tuple[str, str | None], ...], /) -> None: ...
def set_fallback(operator: Operator, function: Callable[..., Any], /) -> None: ...
def rename(operator: Operator, name: str, /) -> None: ...
def find_array_function(library: Any, symbol: str, /) -> tuple[int, ...]: ...
def run_array_function(
    library: Any, number: int, name: str, parameters: tuple[str, ...], operands: tuple[TensorBase, ...], /
) -> Any: ...
def bind_array_kernel(
    kernel: ArrayKernelBase,
    library: Any,
    name: str,
    symbols: tuple[str, ...],
    sizes: Callable[[tuple[int, ...]], tuple[int, ...] | None] | None,
    order: tuple[int, ...],
    /,
) -> None: ...
def load_array_kernel(kernel: Any, /) -> None: ...
def check_out(
    name: str, out: TensorBase, dtype: DType, shape: tuple[int, ...], others: tuple[TensorBase, ...], /
) -> bool: ...
def check_written(
    name: str, argument: str, tensor: TensorBase, others: tuple[TensorBase, ...], /
) -> tuple[bool, ...]: ...
def run_array_kernel(
    kernel: ArrayKernelBase, number: int, operands: tuple[TensorBase, ...], names: tuple[str, ...], /
) -> None: ...
def start_tape(call: Any, sum: Operator, matmul: Any, /) -> None: ...
def is_recording() -> bool: ...
def set_recording(flag: bool, /) -> bool: ...
def recorded(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Any: ...
def record(
    function: Any, results: Any, inputs: tuple[TensorBase | None, ...], saved: tuple[TensorBase, ...], pull: Any, /
) -> Any: ...
def record_assigned(x: TensorBase, key: Any, value: Any, /) -> None: ...
def backward(
    outputs: tuple[TensorBase, ...],
    gradients: tuple[TensorBase, ...],
    retain_graph: bool,
    inputs: tuple[TensorBase, ...] | None,
    /,
) -> Any: ...
def backward_from(x: TensorBase, gradient: Any, retain_graph: Any, /) -> None: ...
def alias(x: TensorBase, /) -> Tensor: ...
def keep_grad(x: TensorBase, /) -> None: ...
def writes(x: TensorBase, /) -> int: ...
def memory_stats() -> tuple[int, int, int, int, int, int]: ...
def memory_limit(bytes: int, /) -> None: ...
def memory_release() -> int: ...

class Function:
    """A public function of Python that has a fast path in C."""

    def __call__(self, *args: Any, **options: Any) -> Any: ...

class ArrayKernelBase:
    """The code of an array kernel."""

class DType:
    """The type of a tensor's elements; equal to its name as a string."""

    @property
    def name(self) -> str: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def format(self) -> str: ...
    @property
    def type(self) -> Any: ...

class Operator:
    """A public operator: picks a compiled kernel by its inputs' dtypes and runs it."""

    __name__: str
    __qualname__: str
    @property
    def kind(self) -> str: ...
    @property
    def parameters(self) -> tuple[str, ...]: ...
    @property
    def bool_inputs(self) -> tuple[str, ...]: ...
    @property
    def fixed(self) -> dict[str, DType]: ...
    @property
    def optional(self) -> tuple[str, ...]: ...
    @property
    def dtypes(self) -> tuple[tuple[DType, ...], ...]: ...
    @property
    def casts(self) -> dict[DType, DType]: ...
    @property
    def derivative(self) -> Any:
        """The operator of the derivative, or the decorator that declares one."""

    @property
    def scalar(self) -> Callable[..., Any]:
        """The Python function that the kernels are compiled from."""

    @property
    def _record(self) -> Record | None: ...
    def __call__(self, *inputs: Any, **options: Any) -> Any: ...

class Node:
    """A recorded call, through which gradients flow."""

    @property
    def function(self) -> Any: ...
    @property
    def inputs(self) -> tuple[tuple[Node, int] | None, ...]: ...

class TensorBase:
    requires_grad: bool
    @property
    def grad(self) -> Tensor | None: ...
    @grad.setter
    def grad(self, value: Tensor | None) -> None: ...
    @property
    def grad_fn(self) -> Node | None: ...
    @property
    def is_leaf(self) -> bool: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def readonly(self) -> bool: ...
    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def device(self) -> str: ...
    def item(self, *index: int | tuple[int, ...]) -> float: ...
    def is_contiguous(self) -> bool: ...
    def _as_strided(
        self, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, function: str = "_as_strided", /
    ) -> Tensor: ...
    def _copy_from(self, source: TensorBase, /) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __getitem__(self, key: Any, /) -> Tensor: ...
    def __setitem__(self, key: Any, value: Operand, /) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __bool__(self) -> bool: ...
    def __int__(self) -> int: ...
    def __float__(self) -> float: ...
    def __index__(self) -> int: ...
'''


def options(record: Record) -> str:
    """Return the keyword parameters of an operator."""
    if record.kind not in AXIS_KINDS:
        return "*, out: Tensor | None = None, where: Operand = True"
    axes = "int" if record.kind in ("argreduce", "scan") else "int | tuple[int, ...]"
    flag = f"{record.flag}: builtins.bool = False, " if record.flag else ""
    dtype = "dtype: Any = None, " if record.takes_dtype else ""
    masks = ", initial: Operand | None = None, where: Operand = True" if record.takes_where else ""
    return f"axis: {axes} | None = None, *, {flag}{dtype}out: Tensor | None = None{masks}"


def operands(record: Record, names: tuple[str, ...]) -> str:
    """Return the tensor parameters of an operator."""
    if record.kind in AXIS_KINDS:
        return "".join(f"{name}: Operand, " for name in names) + "/"
    parameters = [f"{name}: Operand | None = None" if name in record.defaults else f"{name}: Operand" for name in names]
    return ", ".join(parameters)


def docstring(doc: str, indent: str) -> list[str]:
    """Return the lines of a docstring, as in source code."""
    return textwrap.indent(f'"""{inspect.cleandoc(doc)}\n"""', indent, lambda line: bool(line.strip())).splitlines()


def method_stubs(record: Record) -> list[str]:
    """Yield the lines of ``TensorBase`` that declare an operator."""
    lines = []
    if record.method:
        others = f"{operands(record, record.parameters[1:])}, " if record.inputs > 1 else ""
        lines.append(f"    def {record.name}(self, {others}{options(record)}) -> Tensor:")
        lines += [*docstring(record.doc, " " * 8), ""]
    if record.slot is not None:
        other = ", other: Operand, /" if record.inputs == 2 else ""
        # object's == and != accept anything and return bool: tensors override both types
        ignore = "  # type: ignore[override]" if record.slot in ("eq", "ne") else ""
        lines.extend(f"    def {name}(self{other}) -> Tensor: ...{ignore}" for name in SLOTS[record.slot])
    return lines


def method_signature(function: Any) -> str:
    """Return the signature of a function as a method, with its annotations as written."""
    signature = str(inspect.signature(function)).replace("'", "")
    return re.sub(r"^\(x: \w+", "(self", signature)


def native_stub(records: list[Record]) -> str:
    """Return the content of ``_native.pyi``."""
    methods = [line.replace("builtins.bool", "bool") for record in records for line in method_stubs(record)]
    functions = [name for name, value in vars(TensorBase).items() if isinstance(value, Function)]
    for name in sorted(functions):
        methods.append(f"    def {name}{method_signature(getattr(aotops, name))}:")
        methods += [*docstring(getattr(aotops, name).__doc__, " " * 8), ""]
    return HEADER + NATIVE + "\n".join(methods).rstrip() + "\n"


def public_stub(records: list[Record]) -> str:
    """Return the content of ``__init__.pyi``."""
    homes: dict[str, list[str]] = {}
    for name, home in aotops._HOMES.items():
        homes.setdefault(f"aotops.{home}" if home else "aotops", []).append(name)
    lines = ["import builtins", "from typing import Any", "", "from aotops._native import Operand", ""]
    for home in sorted(homes):
        names = ", ".join(f"{name} as {name}" for name in sorted(homes[home]))
        lines.append(f"from {home} import {names}")
    lines += ["", "__version__: str", "_HOMES: dict[str, str | None]", ""]
    for record in records:
        if not aotops.is_public(record.name):
            continue
        lines.append(f"def {record.name}({operands(record, record.parameters)}, {options(record)}) -> Tensor:")
        lines += [*docstring(record.doc, "    "), ""]
    return HEADER + "\n".join(lines).rstrip() + "\n"


def readme(text: str) -> str:
    """Return README with its list of operators: one code span for each chapter, and for each kind of reduction."""
    groups: dict[str, list[str]] = {}
    records = {record.name: record for record in ops.collect().values() if aotops.is_public(record.name)}
    for chapter in ops.chapters():
        for value in vars(chapter).values():
            record = records.pop(value.name, None) if isinstance(value, Record) else None
            if record is not None:
                kind = record.kind if record.kind in AXIS_KINDS else chapter.__name__
                groups.setdefault(kind, []).append(record.name)
    spans = [f"`{' '.join(names)}`" for names in groups.values()]
    lines = [f"  {spans[0]}"]
    for span in spans[1:]:
        fits = len(lines[-1]) + len(span) + 3 <= WIDTH
        lines[-1:] = [f"{lines[-1]}, {span}"] if fits else [f"{lines[-1]},", f"  {span}"]
    head, start, rest = text.partition(LIST)
    return f"{head}{start}{chr(10).join(lines)}. {LIST_END}{rest.partition(LIST_END)[2]}"


def stubs() -> dict[Path, str]:
    """Return the path and the content of each stub, and of README in a checkout."""
    records = list(ops.collect().values())
    files = {PACKAGE / "_native.pyi": native_stub(records), PACKAGE / "__init__.pyi": public_stub(records)}
    page = PACKAGE.parents[1] / "README.md"
    if page.is_file() and LIST in page.read_text(encoding="utf-8"):
        files[page] = readme(page.read_text(encoding="utf-8"))
    return files


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")
