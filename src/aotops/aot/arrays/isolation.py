"""Compile the functions of Numba's own library for array kernels as user-defined ones are.

Numba would compile them by its compiler for this process: optimized for the machine that builds, with exceptions whose
messages are made by Python. It keeps what it has compiled, so two sets are kept apart: its own, for functions that it
compiles for this process, and one for array kernels.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from numba.core import compiler, dispatcher, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import RequireLiteralValue, TypingError
from numba.core.typing import templates
from numba.core.typing.collections import SetItemSequence
from numba.extending import intrinsic, overload
from numba.np import arrayobj

from aotops.aot.arrays.pipeline import ArrayCompiler

#: What templates of functions keep.
_CACHES = ("_impl_cache", "_compiled_overloads", "_overload_cache")
#: The caches for array kernels, by template and attribute.
_own: dict[tuple[type, str], dict[Any, Any]] = {}


def raise_with_shapes(source: Any, target: Any) -> None:
    """Raise because an array that is assigned has another shape than the slice."""


@overload(raise_with_shapes)
def _raise_with_shapes(source: Any, target: Any) -> Any:
    def implementation(source: Any, target: Any) -> None:
        raise ValueError("an array that is assigned to a slice must have its shape")

    return implementation


# --- arrays that must not be written to, where Numba forgets that they are -------------------------------------------


def views(nditer: Any) -> list[Any]:
    """Return the types of what ``numpy.nditer`` yields: not to be written to if the array is not."""
    return [
        types.Array(dtype, 0, "C", readonly=not getattr(array, "mutable", True))
        for dtype, array in zip(nditer.dtypes, nditer.arrays, strict=True)
    ]


def set_item(template: Any, arguments: Any, named: Any) -> Any:
    """Return the signature of an assignment to an element of ``x.flat``, and of what else Numba has."""
    if isinstance(arguments[0], types.NumpyFlatType) and not arguments[0].array_type.mutable:
        raise TypingError("Cannot modify readonly array")
    return _NUMBA_SET_ITEM(template, arguments, named)


@intrinsic
def as_layout(typing_context: Any, array: Any, layout: Any) -> Any:
    """Return an array in a layout, as ``numpy.ascontiguousarray`` does: the same one where it has that layout."""
    if not isinstance(layout, types.StringLiteral):
        raise RequireLiteralValue(layout)
    order = layout.literal_value
    result = array.copy(layout=order, ndim=max(array.ndim, 1), readonly=not array.mutable)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return arrayobj._as_layout_array(context, builder, signature, arguments, output_layout=order)

    return result(array, layout), generate


_NUMBA_SET_ITEM = SetItemSequence.generic

#: What is replaced while array kernels are compiled.
_REPLACED = (
    (arrayobj, "raise_with_shape_context", raise_with_shapes),
    (arrayobj, "_as_layout_array_intrinsic", as_layout),
    (types.NumpyNdIterType, "views", property(views)),
    (SetItemSequence, "generic", set_item),
)


def _templates(class_: Any) -> Iterator[Any]:
    for each in class_.__subclasses__():
        yield each
        yield from _templates(each)


def _swap() -> dict[tuple[type, str], dict[Any, Any]]:
    """Give every template the caches for array kernels; returns those that it had."""
    before = {}
    for template in list(_templates(templates.FunctionTemplate)):
        for name in _CACHES:
            cache = template.__dict__.get(name)
            if isinstance(cache, dict):
                before[template, name] = cache
                setattr(template, name, _own.setdefault((template, name), {}))
    return before


@contextlib.contextmanager
def isolated() -> Iterator[None]:
    """Compile everything for array kernels, in this block, which holds Numba's lock."""
    with global_compiler_lock:
        core = dispatcher._FunctionCompiler._compile_core
        numba_has = [(owner, name, owner.__dict__[name]) for owner, name, _ in _REPLACED]

        def compile_core(self: Any, args: Any, return_type: Any) -> Any:
            given = self.pipeline_class
            if given is compiler.Compiler:
                self.pipeline_class = ArrayCompiler
            try:
                return core(self, args, return_type)
            finally:
                self.pipeline_class = given

        before = _swap()
        dispatcher._FunctionCompiler._compile_core = compile_core
        for owner, name, value in _REPLACED:
            setattr(owner, name, value)
        try:
            yield
        finally:
            for owner, name, value in numba_has:
                setattr(owner, name, value)
            dispatcher._FunctionCompiler._compile_core = core
            for template in list(_templates(templates.FunctionTemplate)):
                for name in _CACHES:
                    if (template, name) in before:
                        setattr(template, name, before[template, name])
                    elif isinstance(template.__dict__.get(name), dict):  # of a function that was declared meanwhile
                        _own[template, name] = template.__dict__[name]
                        setattr(template, name, {})
