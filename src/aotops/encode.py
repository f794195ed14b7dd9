"""Encoding a record for C, in the same way for built-in and user-defined operators.

``encode`` fills the fields that ``aotops.abi`` lists, in their order. ``aotops.aot.pack.table`` writes them in C,
and ``_native.declare`` reads them. ``encode_kernel`` encodes a kernel in the library of an extension.
"""

from __future__ import annotations

from aotops import abi

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from aotops.aot.pack.kernels import Kernel
    from aotops.ops.record import Record


def dtype_code(dtype: str | None) -> int:
    """Return the code of a dtype in C's enum, or the code of no dtype."""
    others = {None: abi.NO_DTYPE, abi.INDEX: abi.INDEX_CODE}
    return others[dtype] if dtype in others else abi.NAMES.index(str(dtype))


def stable_code(dtype: str) -> int:
    """Return the code of a dtype in ``aotops_kernel.h``, which does not depend on the other dtypes."""
    fact = abi.FACTS[dtype]
    return abi.KINDS_OF_NUMBERS.index(fact.kind) << 4 | fact.itemsize.bit_length() - 1


def element(value: Any, dtype: str) -> bytes:
    """Return the bytes of an ``aot_element`` of a value, which must be in the dtype's range; floats are rounded.

    >>> element(258, "int64")[:2].hex()
    '0201'
    """
    fact = abi.FACTS[dtype]
    parts = (value.real, value.imag) if fact.kind == "complex" else (value,)
    data = memoryview(bytearray(abi.ELEMENT_BYTES))
    width = fact.itemsize // len(parts)
    for k, part in enumerate(parts):
        room: Any = data[k * width : (k + 1) * width].cast(fact.format[-1:])  # type: ignore[call-overload]
        room[0] = part if fact.kind in ("real", "complex") else int(part) if fact.kind != "bool" else bool(part)
    return bytes(data)


class Encoded:
    """An operator, encoded for C.

    Attributes:
        fields: numbers and bytes, in the order of ``aotops.abi``.
        variants: for each dtype the codes of the dtypes of operands and of the numbers in a state, and the bytes of the
            constants.
    """

    __slots__ = ("fields", "variants")

    def __init__(self, fields: tuple[int | bytes, ...], variants: tuple[tuple[bytes, bytes], ...]) -> None:
        self.fields, self.variants = fields, variants


def encode(record: Record, compute_bound: bool = False, formula: tuple[int, int] = (0, 0)) -> Encoded:
    """Encode a record; only the compiler of its kernels knows ``compute_bound``, and what a derivative reads."""
    axis_kind = record.kind in abi.AXIS_KINDS
    numbers = {
        "kind": abi.KINDS.index(record.kind if axis_kind else "elementwise"),
        "inputs": record.inputs,
        "outputs": max(record.outputs, 1),
        "returns_tuple": int(record.outputs > 0),
        "slot": 0 if record.slot is None else 1 + tuple(abi.SLOTS).index(record.slot),
        "is_method": int(record.method),
        "compute_bound": int(compute_bound),
        "unbounded": 0,  # no operator of aotops is; of others their kernels tell
        "has_identity": int(record.identity is not None),
        "takes_dtype": int(record.takes_dtype),
        "has_absorbing": int(record.absorbing is not None),
        "states": len(record.states_for(record.dtypes[0])),
        "retry": abi.RETRIES.index(record.retry),
        "redoes": abi.RETRIES.index(record.redoes),
        "optional": mask(record, record.defaults),
        "reads": formula[0],
        "passes": formula[1],
    }
    fixed = [dtype_code(record.fixed.get(name)) for name in record.parameters]
    arrays = {
        "fixed": bytes(fixed + [abi.NO_DTYPE] * (abi.MAX_OPERANDS - len(fixed))),
        "casts": bytes([dtype_code(record.casts.get(dtype)) for dtype in abi.NAMES]),
    }
    return Encoded(
        (
            *[numbers[name] for name, *_ in abi.OPERATOR_FIELDS],
            *[arrays[name] for name, *_ in abi.OPERATOR_ARRAYS],
        ),
        tuple(
            [
                (
                    bytes(map(dtype_code, (*record.inputs_for(dtype), *record.results_for(dtype), *states))),
                    b"".join(constants(record, dtype)),
                )
                for dtype in record.dtypes
                for states in [record.states_for(dtype)]
            ]
        ),
    )


def constants(record: Record, dtype: str) -> list[bytes]:
    """Return the constants of a variant, in the order of ``aotops.abi``, and what follows them.

    That is the defaults of optional inputs, or the numbers in the state of no elements.
    """
    nothing = bytes(abi.ELEMENT_BYTES)
    result = record.result_for(dtype)
    values: dict[str, bytes] = {}
    states = record.states_for(dtype)
    if states:
        numbers = [element(value, number) for value, number in zip(record.identity_for(dtype), states, strict=True)]
        return [nothing] * len(abi.CONSTANTS) + numbers
    if record.kind in abi.AXIS_KINDS:
        identity = record.identity_for(dtype)
        if identity is not None:
            values["identity"] = element(identity, result)
        # an argreduce combines elements, the others results
        values["initial"] = element(record.initial_for(dtype), dtype if record.kind == "argreduce" else result)
        absorbing = record.absorbing_for(dtype)
        if absorbing is not None:
            values["absorbing"] = element(absorbing, dtype if record.kind == "argreduce" else result)
    found = [values.get(name, nothing) for name, _ in abi.CONSTANTS]
    if record.defaults:
        for name, own in zip(record.parameters, record.inputs_for(dtype), strict=True):
            found.append(element(record.default_for(name, dtype), own) if name in record.defaults else nothing)
    return found


#: The loop nests in the order of their codes in ``aotops_kernel.h``, which never change.
LOOPS = ("elementwise", "reduce", "argreduce", "scan")


def encode_kernel(kernel: Kernel) -> tuple[str, int, int, int, int, int, bytes]:
    """Encode a kernel in a library: the fields of an ``aot_named_kernel`` in order, except the addresses.

    They are its symbol, the code of its loop nest, the numbers of its inputs and outputs, whether it is compute-bound
    and whether it is unbounded, and the dtypes of all operands.
    """
    inputs, outputs, dtypes = kernel.operands
    codes = bytes([stable_code(dtype) for dtype in dtypes])
    flags = int(kernel.compute_bound), int(kernel.unbounded)
    return kernel.symbol, LOOPS.index(kernel.kind), inputs, outputs, *flags, codes


def mask(record: Record, parameters: Iterable[str]) -> int:
    """Return some of the parameters as a bit mask."""
    return sum(1 << record.parameters.index(parameter) for parameter in parameters)
