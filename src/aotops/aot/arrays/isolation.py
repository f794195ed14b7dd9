"""Compile the functions of Numba's own library for array kernels as user-defined ones are.

Numba would compile them by its compiler for this process: optimized for the machine that builds, with exceptions whose
messages are made by Python. It keeps what it has compiled, so two sets are kept apart: its own, for functions that it
compiles for this process, and one for array kernels.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from numba.core import cgutils, compiler, dispatcher, typed_passes, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import RequireLiteralValue, TypingError
from numba.core.typing import templates
from numba.core.typing.collections import SetItemSequence
from numba.extending import intrinsic, overload
from numba.np import arraymath, arrayobj, npyimpl

from aotops.aot.arrays.pipeline import ArrayCompiler
from aotops.aot.arrays.products import covariance

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


def require_supported(func_ir: Any, typemap: Any) -> None:
    """Raise for what Numba does not support, but for views of numbers: it takes all for Python's, which have none."""
    try:
        _NUMBA_REQUIRE(func_ir, typemap)
    except TypingError as error:
        if "'view' can only be called on NumPy dtypes" not in str(error):
            raise


# --- indices ----------------------------------------------------------------------------------------------------------


def fixed_index(context: Any, builder: Any, type_: Any, index: Any, size: Any) -> Any:
    """Return an index that may be negative as one that is not; raise ``IndexError`` for one out of range.

    One comparison tells that an index is in range as it stands, since sizes are not negative. Only another one is
    looked at for its sign, aside: Numba's own takes four instructions that each address waits for, and two comparisons.
    """
    if not type_.signed or not context.enable_boundscheck:
        return _NUMBA_FIXED_INDEX(context, builder, type_, index, size)
    index = context.cast(builder, index, type_, types.intp)
    before = builder.basic_block
    aside, after = (builder.append_basic_block(f"index.{name}") for name in ("aside", "after"))
    branch = builder.cbranch(builder.icmp_unsigned("<", index, size), after, aside)
    branch.set_weights([1 << 20, 1])
    builder.position_at_end(aside)
    negative = builder.icmp_signed("<", index, index.type(0))
    wrapped = builder.select(negative, builder.add(index, size), index)
    check_bounds(context, builder, wrapped, size)
    aside = builder.basic_block
    builder.branch(after)
    builder.position_at_end(after)
    result = builder.phi(index.type)
    result.add_incoming(index, before)
    result.add_incoming(wrapped, aside)
    result.aotops_is_checked = True
    return result


def check_bounds(context: Any, builder: Any, index: Any, size: Any, axis: Any = None) -> None:
    """Raise ``IndexError`` for an index out of range, unless ``fixed_index`` has."""
    if getattr(index, "aotops_is_checked", False):
        return
    with cgutils.if_unlikely(builder, builder.icmp_unsigned(">=", index, size)):
        context.call_conv.return_user_exc(builder, IndexError, ("index is out of bounds",))


# --- what Numba does not check ----------------------------------------------------------------------------------------


def flat_class(type_: Any) -> Any:
    """Return the class that generates code for ``x.flat``, with checked indices, which may be negative."""
    base = _NUMBA_FLAT_CLASS(type_)

    def checked(context: Any, builder: Any, array: Any, index: Any) -> Any:
        size = array.nitems
        negative = builder.icmp_signed("<", index, index.type(0))
        index = builder.select(negative, builder.add(index, size), index)
        with cgutils.if_unlikely(builder, builder.icmp_unsigned(">=", index, size)):
            context.call_conv.return_user_exc(builder, IndexError, ("index is out of bounds",))
        return index

    class Flat(base):  # type: ignore[misc, valid-type]
        def getitem(self, context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
            return super().getitem(context, builder, array_type, array, checked(context, builder, array, index))

        def setitem(self, context: Any, builder: Any, array_type: Any, array: Any, index: Any, value: Any) -> Any:
            own = checked(context, builder, array, index)
            return super().setitem(context, builder, array_type, array, own, value)

    return Flat


class FancyIndexer(arrayobj.FancyIndexer):
    """Numba's code for ``x[mask]`` and ``x[indices]``, which raises if a mask has not as many elements as its axis.

    Numba would raise for some that are too long, and take a short one as if False followed.
    """

    def prepare(self) -> None:
        """Generate what comes before the loop."""
        super().prepare()
        for indexer, size in zip(self.indexers, self.shapes, strict=True):
            if not isinstance(indexer, arrayobj.BooleanArrayIndexer):
                continue
            with cgutils.if_unlikely(self.builder, self.builder.icmp_signed("!=", indexer.size, size)):
                message = "a mask must have as many elements as the axis that it indexes"
                self.context.call_conv.return_user_exc(self.builder, IndexError, (message,))


def universal_function(context: Any, builder: Any, signature: Any, arguments: Any, function: Any, kernel: Any) -> Any:
    """Generate the loop of a universal function, which raises if operands do not broadcast to the output that is given.

    Outputs are given in ``x += y``, too. Numba would read as many elements of the operands as the output has.
    """
    given = [npyimpl._prepare_argument(context, builder, *each) for each in zip(arguments, signature.args, strict=True)]
    shape = getattr(given[function.nin], "shape", ()) if len(given) > function.nin else ()
    for k, operand in enumerate(given if shape else ()):
        lengths = operand.shape if hasattr(operand, "ndim") else ()
        fits = cgutils.true_bit if len(lengths) <= len(shape) else cgutils.false_bit
        for own, wanted in zip(reversed(lengths), reversed(shape), strict=False):
            same = builder.icmp_signed("==", own, wanted)
            if k < function.nin:
                same = builder.or_(same, builder.icmp_signed("==", own, own.type(1)))
            fits = builder.and_(fits, same)
        with cgutils.if_unlikely(builder, builder.not_(fits)):
            message = "operands could not be broadcast to the shape of the output"
            context.call_conv.return_user_exc(builder, ValueError, (message,))
    return _NUMBA_UFUNC_KERNEL(context, builder, signature, arguments, function, kernel)


#: Functions of Numba's library that may take positions from their arguments are in these modules. Those with one of the
#: words in their names do not, and would become slower.
_CHECKED = ("numba.np.arrayobj", "numba.np.arraymath")
_UNCHECKED = ("partition", "select", "median", "sort", "cumsum", "cumprod", "searchsorted")


def checks_indices(function: Any) -> bool:
    """Whether indices are checked in a function of Numba's library, as in those of users."""
    words = function.__qualname__
    return function.__module__ in _CHECKED and not any(each in words for each in _UNCHECKED)


_NUMBA_REQUIRE = typed_passes.raise_on_unsupported_feature
_NUMBA_SET_ITEM = SetItemSequence.generic
_NUMBA_FIXED_INDEX = arrayobj.fix_integer_index
_NUMBA_FLAT_CLASS = arrayobj.make_array_flat_cls
_NUMBA_UFUNC_KERNEL = npyimpl.numpy_ufunc_kernel

#: What is replaced while array kernels are compiled.
_REPLACED = (
    (arrayobj, "raise_with_shape_context", raise_with_shapes),
    (arrayobj, "_as_layout_array_intrinsic", as_layout),
    (typed_passes, "raise_on_unsupported_feature", require_supported),
    (types.NumpyNdIterType, "views", property(views)),
    (SetItemSequence, "generic", set_item),
    (arrayobj, "make_array_flat_cls", flat_class),
    (arrayobj, "fix_integer_index", fixed_index),
    (arrayobj, "FancyIndexer", FancyIndexer),
    (cgutils, "do_boundscheck", check_bounds),
    (npyimpl, "numpy_ufunc_kernel", universal_function),
    (arraymath, "np_cov_impl_inner", covariance()),
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
            given, options = self.pipeline_class, self.targetoptions
            if given is compiler.Compiler:
                self.pipeline_class = ArrayCompiler
                if checks_indices(self.py_func):
                    self.targetoptions = {**options, "boundscheck": True}
            try:
                return core(self, args, return_type)
            finally:
                self.pipeline_class, self.targetoptions = given, options

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
