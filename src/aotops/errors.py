"""The exceptions, and what messages say: one function for each kind of error, all but Python's own through ``reject``.

Each function raises. A message is ``function: argument must be X, got Y; do Z``: the public function that was called,
the argument, what it wanted, what the caller gave, and what to write instead. Python's form is kept where Python has
one: for calls that do not fit a signature, for ``len()`` and iteration, and for operators that a type does not have.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NoReturn

    from aotops._native import Operator
    from aotops.tensors import Tensor

Shape = tuple[int, ...]


class AxisError(ValueError, IndexError):
    """An axis that the tensor does not have; caught as ``ValueError`` or ``IndexError``, as NumPy's is.

    >>> import aotops as ao
    >>> ao.sum(ao.ones((2, 3)), axis=2)
    Traceback (most recent call last):
    aotops.errors.AxisError: sum: axis must be from -2 to 1 for a tensor of 2 dimensions, got 2
    """


class RecordError(ValueError):
    """The declaration of an operator that contradicts itself; the message names the operator.

    >>> import aotops as ao
    >>> ao.map(lambda x: -x, dtypes=())
    Traceback (most recent call last):
    aotops.errors.RecordError: <lambda>: dtypes must be distinct and at least one, got none
    """


class GradientError(RuntimeError):
    """A gradient that cannot be computed: something has no derivative, or what its formula reads was written to.

    Also a derivative that finite differences contradict; the message says where, and what both are.

    >>> import aotops as ao
    >>> issubclass(ao.GradientError, RuntimeError)
    True
    """


class NotBuiltError(RuntimeError):
    """A user-defined operator was called that has no compiled kernels, where nothing could compile them.

    >>> import aotops as ao
    >>> issubclass(ao.NotBuiltError, RuntimeError)
    True
    """


class BuildError(RuntimeError):
    """Kernels cannot be compiled; the message says which and why, or what to install.

    >>> import aotops as ao
    >>> issubclass(ao.BuildError, RuntimeError)
    True
    """


def reject(kind: type[Exception], function: str, argument: str, wanted: str, got: object, advice: str = "") -> NoReturn:
    """Raise the error of an argument: ``wanted`` follows "must", ``advice`` says what to write instead.

    >>> reject(ValueError, "arange", "step", "not be 0", 0)
    Traceback (most recent call last):
    ValueError: arange: step must not be 0, got 0
    """
    raise kind(f"{function}: {argument} must {wanted}, got {got}{'; ' if advice else ''}{advice}") from None


def without_advice(kind: type[Exception], error: Exception) -> NoReturn:
    """Raise an error that ``reject`` has raised as another kind, and without what it says to write instead."""
    raise kind(str(error).partition("; ")[0]) from None


# --- values in messages ---------------------------------------------------------------------------


def shown(value: Any) -> str:
    """A value as messages show it, shortened if it is long."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"an int of {value.bit_length()} bits"  # Python writes out no int of over 4300 digits
    if type(value) in (tuple, list):
        few = ", ".join([shown(item) for item in value[:8]])
        more = ", ..." if len(value) > 8 else "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"({few}{more})" if isinstance(value, tuple) else f"[{few}{more}]"
    written = repr(value)
    return f"{written[:60]}..." if len(written) > 61 else written


def type_name(value: Any) -> str:
    """How messages call the type of a value, and the value where it is short."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"{type(value).__name__} of {value.bit_length()} bits"
    if isinstance(value, (str, int, float, complex)):
        return f"{type(value).__name__} {shown(value)}"
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return f"{library}.{kind.__name__}" if kind.__name__ == "Tensor" and library != "aotops" else kind.__name__


def advice(value: Any) -> str:
    """What to write in place of a value that is no number and no array."""
    kind = type(value)
    if isinstance(value, (str, type(None))):
        return ""
    if not hasattr(kind, "__len__"):
        for method, conversion in (("__index__", "int"), ("__float__", "float")):
            if hasattr(kind, method):
                return f"convert with {conversion}"
    if isinstance(value, dict):
        return "take list(...) of its values"
    if hasattr(kind, "__next__") or isinstance(value, (set, frozenset)):
        return "make a list of it with list(...)"
    if any(hasattr(kind, method) for method in ("__dlpack__", "__arrow_c_array__", "__array__")):
        return "make a Tensor with aotops.asarray"
    try:
        memoryview(value).release()
    except (TypeError, ValueError, BufferError):
        return ""
    return "make a Tensor with aotops.asarray"


# --- arguments of any function --------------------------------------------------------------------


def wrong_type(function: str, argument: str, wanted: str, got: Any) -> NoReturn:
    """An argument of a type that cannot be used."""
    is_data = wanted == "a Tensor" and not isinstance(got, (str, type(None)))
    reject(TypeError, function, argument, f"be {wanted}", type_name(got), "make one with aotops.asarray" * is_data)


def wrong_value(function: str, argument: str, wanted: str, got: Any) -> NoReturn:
    """An argument of a value that cannot be used."""
    reject(ValueError, function, argument, f"be {wanted}", shown(got))


def out_of_range(function: str, argument: str, least: int, most: int, got: int) -> NoReturn:
    """A number beyond some limits."""
    reject(ValueError, function, argument, f"be from {least} to {most}", shown(got))


def wrong_operand(function: str, argument: str, got: Any) -> NoReturn:
    """An argument that no operator takes."""
    wanted = "be a Tensor, a Python number, an array or lists of numbers"
    reject(TypeError, function, argument, wanted, type_name(got), advice(got))


def not_real(function: str, argument: str, dtype: str) -> NoReturn:
    """Complex elements for a function of real ones."""
    reject(TypeError, function, argument, "be real", dtype, "take aotops.real(x) or aotops.abs(x)")


def complex_number(function: str, argument: str, dtype: str, got: complex) -> NoReturn:
    """A complex number for a dtype of real ones."""
    reject(TypeError, function, argument, f"be a real number for dtype {dtype}", type_name(got), "take its real part")


def complex_to_real(function: str, source: str, target: str, argument: str = "x") -> NoReturn:
    """Complex elements that would have to become real ones."""
    advice = f"take aotops.real({argument}) or aotops.abs({argument})"
    reject(TypeError, function, argument, f"have real elements to be converted to {target}", source, advice)


def wrong_dtype(function: str, argument: str, dtypes: Iterable[str], got: Any) -> NoReturn:
    """An argument that stands for no dtype, or for none that the function takes."""
    is_short = isinstance(got, (str, type)) and len(repr(got)) < 100
    value = repr(got) if is_short else type_name(got)
    names = (got, getattr(got, "name", None), getattr(got, "__name__", None))
    is_half = any(isinstance(name, str) and name == "float16" for name in names)
    advice = (
        'take "float32"; where NumPy computes in float16, as exp of 8-bit integers and bools, call aotops.exp'
        if is_half
        else ""
    )
    reject(TypeError, function, argument, f"be one of {', '.join(dtypes)}", value, advice)


def cannot_fit(function: str, argument: str, dtype: str, number: float, advice: str | None = None) -> NoReturn:
    """A Python number that a dtype cannot hold. Without ``advice``, a dtype that holds it is advised."""
    kind = ValueError if number != number else OverflowError
    text = wider(function, dtype, number) if advice is None else advice
    reject(kind, function, argument, f"fit {dtype}", type_name(number), text)


#: Functions that say in what dtype they create a tensor.
CREATING = ("arange", "asarray", "full", "full_like", "linspace", "tensor")


def wider(function: str, dtype: str, number: float) -> str:
    """What to write for a dtype that holds a number which another one does not; nothing where none does."""
    is_int = isinstance(number, int)
    name = "int64" if is_int and -(2**63) <= number < 2**63 and dtype != "int64" else "float64"
    if is_int and 2**63 <= number < 2**64 and function in CREATING:  # a tensor may have negative elements
        name = "uint64"
    if name == "float64" and is_int and not takes_floats(function):  # as of bits
        if not 2**63 <= number < 2**64:
            return ""
        name = "uint64"
    try:
        float(number)
    except OverflowError:  # an int beyond all dtypes
        return ""
    if name == dtype:
        return ""
    return f"give dtype={name!r}" if function in CREATING else f"convert the tensor first, with x.astype({name!r})"


def takes_floats(function: str) -> bool:
    """Whether a function computes with floats; what is no operator does."""
    from aotops._native import operators

    operator = operators.get(function)
    return operator is None or any(each.kind == "float" for signature in operator.dtypes for each in signature[:-1])


def too_many_dimensions(function: str, argument: str, got: tuple[Any, ...] | list[Any] | range | int) -> NoReturn:
    """A shape, or axes, of more lengths than a tensor can have."""
    try:
        count = str(got if isinstance(got, int) else len(got))
    except OverflowError:
        count = "more than 2**63 - 1"
    from aotops._native import max_rank

    names_axes = argument in ("axis", "axes")
    wanted = f"name at most {max_rank} axes" if names_axes else f"have at most {max_rank} dimensions"
    reject(ValueError, function, argument, wanted, count)


def negative_length(function: str, got: Any) -> NoReturn:
    """A shape that has a length below 0."""
    reject(ValueError, function, "shape", "have no negative length", shown(got))


def too_large(function: str, argument: str, got: Any) -> NoReturn:
    """A length or a stride that no memory has."""
    wanted = f"be {'of ints' if isinstance(got, (tuple, list)) else 'an int'} below 2**63"
    reject(ValueError, function, argument, wanted, shown(got))


def too_many_bytes(function: str, shape: Shape, dtype: str) -> NoReturn:
    """The shape of a tensor, given or of a result, that no memory could hold."""
    reject(ValueError, function, "shape", "take at most 2**63 - 1 bytes", f"{shown(shape)} of dtype {dtype}")


def wrong_axis(function: str, argument: str, ndim: int, got: Any) -> NoReturn:
    """An axis that the tensor does not have."""
    wanted = f"be from {-ndim} to {ndim - 1} for a tensor of {ndim} dimensions"
    if ndim == 0:
        wanted = "name no axis of a tensor of 0 dimensions, which has none"
    reject(AxisError, function, argument, wanted, shown(got))


def no_matrix(function: str, shape: Shape) -> NoReturn:
    """A tensor without the two axes of matrices."""
    reject(ValueError, function, "x", "have at least 2 dimensions", f"shape {shape}")


def outside_storage(function: str, nbytes: int, size: int, offset: int) -> NoReturn:
    """A view of memory that does not belong to its tensor."""
    got = f"a tensor of {size} elements that begins at byte {offset} and reaches outside, or is not aligned"
    reject(ValueError, function, "shape and strides", f"stay inside of the storage, which has {nbytes} bytes", got)


def read_only(function: str, argument: str) -> NoReturn:
    """A tensor to be written whose memory cannot be."""
    got = "a read-only tensor, whose memory belongs to an object that forbids writing"
    reject(ValueError, function, argument, "be writable", got, "write to a copy, as aotops.tensor(x) makes")


# --- calls ----------------------------------------------------------------------------------------

#: What NumPy, PyTorch and others call an argument, and what it is called here.
OTHER_NAMES = {
    "dim": "axis",
    "dims": "axes",
    "keepdim": "keepdims",
    "keep_dims": "keepdims",
    "size": "shape",
    "newshape": "shape",
    "value": "fill_value",
    "end": "stop",
    "unbiased": "correction",
    "loc": "mean",
    "scale": "std",
    "a_min": "min",
    "a_max": "max",
    "object": "data",
    "input": "x",
    "a": "x",
    "type": "dtype",
}


#: What NumPy's functions take beside, and how to do without.
INSTEAD = {
    "create_graph": "gradients of gradients are not recorded",
    "initial": "combine the result with it",
    "where": "replace the other elements first, with aotops.where",
}


def for_keyword(name: str, key: str, by_position: Sequence[str], by_name: Sequence[str]) -> str:
    """What to write in place of a keyword argument that a function does not take; nothing if there is no advice."""
    other = OTHER_NAMES.get(key, key)
    if key in by_position or other in by_position:
        return f"{name} takes {other if other in by_position else key} by position, without its name"
    if other in by_name and key not in by_name:
        return f"{key} is called {other} here, write {other}="
    return INSTEAD.get(key, "")


def wrong_call(message: str) -> NoReturn:
    """A call that does not fit a signature, in Python's words for it."""
    raise TypeError(message) from None


def wrong_count(name: str, parameters: str, wanted: int, given: int) -> NoReturn:
    """Too many or too few positional arguments."""
    names = parameters.split()
    count = f"{wanted} to {len(names)}" if wanted < len(names) else str(wanted)
    plural = "s" * (len(names) != 1)
    advice = f"; what follows them, as {'copy' if name == 'astype' else 'out'}=, is given by name"
    advice *= given > len(names)
    if name.endswith(".derivative") and given == 1:  # what a second `@f.derivative` calls
        advice = "; it is declared already, and can be declared once"
    wrong_call(f"{name}() takes {count} positional argument{plural} ({', '.join(names)}), got {given}{advice}")


def missing_argument(name: str, parameters: str, index: int) -> NoReturn:
    """A required argument is missing, although enough are given: a later one, which may be left out, is among them."""
    wrong_call(f"{name}() missing a required argument: {parameters.split()[index]!r}")


def unexpected_keyword(name: str, key: str, valid: str, positional: str = "") -> NoReturn:
    """A keyword argument that the operator does not have, takes by position only, or has been given by position."""
    if key in valid.split(", "):
        wrong_call(f"{name}() got multiple values for argument {key!r}")
    advice = for_keyword(name, key, positional.split(), valid.split(", ")) or f"it takes {valid}"
    wrong_call(f"{name}() got an unexpected keyword argument {key!r}; {advice}")


def unexpected_operand(name: str, key: str, parameters: str) -> NoReturn:
    """A keyword argument that an elementwise operator does not have, or has been given by position."""
    unexpected_keyword(name, key, ", ".join([*parameters.split(), "out", "where"]))


def lost_by_fork() -> NoReturn:
    """A signal handler forked during an operation: in the child, what other threads were computing is lost."""
    raise RuntimeError(
        "a signal handler forked while an operation was running on several threads, and the child has none of them: "
        "leave the child with os._exit, or fork elsewhere"
    )


def no_length(what: str) -> NoReturn:
    """The length of a 0-d tensor, or iteration over it."""
    wrong_call(f"{what} {'of' if what == 'len()' else 'over'} a 0-d tensor")


def no_deletion() -> NoReturn:
    """The deletion of a tensor's elements."""
    wrong_call("'Tensor' object doesn't support item deletion")


def no_numpy_dtype(name: str) -> NoReturn:
    """The NumPy dtype of a dtype, where NumPy is not there."""
    raise AttributeError(f"aotops.{name} has no NumPy dtype before NumPy is imported") from None


def no_constructor(kind: type) -> NoReturn:
    """A call of the class of tensors, or of a subclass."""
    wrong_call(f"{kind.__name__}() takes no call: make a tensor with aotops.tensor(data) or aotops.empty(shape)")


# --- operators ------------------------------------------------------------------------------------


def wrong_array_operands(name: str, wanted: str) -> NoReturn:
    """Operands of an array kernel that do not fit it, where C is called with them directly."""
    reject(ValueError, name, "operands", wanted, "others")


def wrong_order(name: str, argument: str, row_major: int) -> NoReturn:
    """An array that is written to, in another order than a function takes."""
    order, other = ("row-major", "x.copy()") if row_major else ("column-major", "numpy.asfortranarray(x)")
    got = "an array with other strides"
    reject(
        ValueError, name, argument, f"be contiguous in {order} order, since {name} writes to it", got, f"pass {other}"
    )


def raised_by_kernel(name: str, text: str, called: str) -> NoReturn:
    """The exception that an array kernel has raised: its class, file, line and message, in lines.

    One of Numba's library has no file; then ``called`` is where the kernel has called that: a file and a line.
    A class of the user's is ``module:name:base``; where there is none by that name any more, its base is raised.
    """
    import builtins

    kind, file, line, message = text.split("\n", 3)
    if not file and called:
        file, line = called.split("\n")
    own, _, base = kind.rpartition(":")
    raised: Any = getattr(builtins, base)
    if own:
        module, _, path = own.partition(":")
        found: Any = __import__(module, fromlist=("",))
        for part in path.split("."):
            found = getattr(found, part, None)
        raised = found if isinstance(found, type) and issubclass(found, raised) else raised
    place = f" ({file}, line {line})" if file else ""
    raise raised(f"{name}: {message}{place}") from None


def not_built(name: str, place: str, reason: str, command: str) -> NoReturn:
    """An operator that cannot run."""
    build = f"Build it with `{command}`" if command else "Declare it in a module that can be built"
    raise NotBuiltError(
        f"{name} ({place}) {reason}. {build} where Numba is installed (pip install 'aotops[build]'), "
        "or set AOTOPS_PYTHON=1 to run it, slowly, as plain Python."
    )


def needs_positions(name: str) -> NoReturn:
    """A call of an operator with position inputs, which only aotops' own functions can provide."""
    wrong_call(f"{name} takes positions, and can only be called by aotops' own functions")


def axis_needed(name: str, ndim: int) -> NoReturn:
    """A scan of several dimensions, or none, that does not say along which."""
    reject(ValueError, name, "axis", f"be given for a tensor of {ndim} dimensions", None)


def wrong_dtypes(operator: Operator, dtypes: tuple[str, ...]) -> NoReturn:
    """Inputs of dtypes that an operator cannot compute with."""
    first = next(k for k, name in enumerate(operator.parameters) if name not in operator.fixed)
    takes = dict.fromkeys(signature[first].name for signature in operator.dtypes)
    unsupported_inputs(operator.__name__, operator.parameters, takes, dtypes)


def unsupported_inputs(
    name: str,
    parameters: tuple[str, ...],
    takes: Iterable[str],
    dtypes: tuple[str, ...],
    advice: str = "convert with astype",
) -> NoReturn:
    """The same, by the names of parameters and dtypes."""
    wanted = f"be of one of the dtypes {', '.join(takes)}"
    reject(TypeError, name, ", ".join(parameters), wanted, " and ".join(dtypes), advice)


def wrong_fixed_dtype(name: str, argument: str, wanted: str, got: str, advice: str) -> NoReturn:
    """An input whose dtype does not depend on the others, given in one that it cannot be cast from."""
    reject(TypeError, name, argument, f"be of dtype {wanted}", got, advice)


def wrong_result_dtype(operator: Operator, dtype: str) -> NoReturn:
    """A ``dtype`` in which a reduction cannot compute."""
    pairs = [*operator.casts.items(), *[signature[-2:] for signature in operator.dtypes]]
    # narrow integers keep the low bits of what is computed in wider ones
    takes = [own for own, wide in pairs if own == wide or own.kind == wide.kind == "integer"]
    names = ", ".join([own.name for own in sorted(takes, key=lambda own: own.code)])
    reject(TypeError, operator.__name__, "dtype", f"be one of {names}", dtype)


def cannot_broadcast(name: str, parameters: str, shapes: tuple[Shape, ...]) -> NoReturn:
    """Shapes that do not go together."""
    named = [f"{parameter} {shape}" for parameter, shape in zip(parameters.split(), shapes, strict=True)]
    reject(ValueError, name, "shapes", "broadcast together", ", ".join(named))


def inner_lengths(name: str, first: Shape, second: Shape) -> NoReturn:
    """Two tensors whose axes that are summed over have different lengths."""
    wanted = "have the same lengths along the axes that are summed over"
    reject(ValueError, name, "x1 and x2", wanted, f"shapes {first} and {second}")


def too_many_elements(name: str, shapes: tuple[Shape, ...], together: Shape) -> NoReturn:
    """A reduction over more elements than can be counted, of inputs that are broadcast together."""
    given = " and ".join(str(shape) for shape in shapes)
    wanted = "have at most 2**63 - 1 elements together"
    reject(ValueError, name, "inputs", wanted, f"shapes {given}, together {together}")


def nothing_to_reduce(name: str, shape: Shape) -> NoReturn:
    """A reduction without an identity over no elements."""
    reject(ValueError, name, "x", "have elements along the axes that fold away", f"shape {shape}")


# --- out ------------------------------------------------------------------------------------------


def wrong_outs(name: str, wanted: int, got: Any) -> NoReturn:
    """An ``out`` that is not as many tensors as there are results."""
    count = f"a tuple of {len(got)}" if isinstance(got, tuple) else type_name(got)
    reject(TypeError, name, "out", f"be a tuple of {wanted} Tensors, one for each result", count)


def reject_out(kind: type[Exception], name: str, in_place: bool, wanted: str, got: object) -> NoReturn:
    """A tensor that cannot take a result: an ``out``, or the tensor that an in-place form writes into."""
    advice = f"the in-place form writes into it: write x = aotops.{name}(x, ...) for a new tensor" if in_place else ""
    reject(kind, name, "x1" if in_place else "out", wanted, got, advice)


def wrong_out_shape(name: str, got: Shape, wanted: Shape, in_place: bool) -> NoReturn:
    """An ``out`` of another shape than the result."""
    reject_out(ValueError, name, in_place, f"have the shape of the result {wanted}", got)


def cannot_open(error: OSError, path: Any) -> NoReturn:
    """A file that the system does not let us open, by the path that was given."""
    raise OSError(error.errno, error.strerror, path) from None


def cannot_cast_out(name: str, source: str, target: str, in_place: bool) -> NoReturn:
    """An ``out`` whose dtype cannot hold the result."""
    wanted = f"be able to hold a result of dtype {source}"
    reject_out(TypeError, name, in_place, wanted, f"a tensor of dtype {target}")


def overlapping_out(name: str, shape: Shape, strides: Shape, in_place: bool) -> NoReturn:
    """An ``out`` that has one element at several indices, so that it cannot hold a result."""
    got = f"shape {shape} and strides {strides}, which share memory"
    reject_out(ValueError, name, in_place, "have memory of its own for each element", got)


def overlapping_argument(name: str, argument: str, shape: Shape, strides: Shape) -> NoReturn:
    """An argument that is written in place, and has one element at several indices."""
    got = f"shape {shape} and strides {strides}, which share memory"
    reject(ValueError, name, argument, "have memory of its own for each element, since it is written", got)


def overlapping_outs(name: str, first: int, second: int) -> NoReturn:
    """Two of several ``out`` that share memory, so that one result would overwrite another."""
    got = f"out[{first}] and out[{second}], which share memory"
    reject(ValueError, name, "out", "have memory of its own for each result", got)


# --- elements -------------------------------------------------------------------------------------


def cannot_assign_shape(source: Shape, target: Shape) -> NoReturn:
    """An assignment of a shape that does not broadcast to the target's."""
    reject(ValueError, "assignment", "value", f"broadcast to the shape {target}", source)


def wrong_index(function: str, got: Any) -> NoReturn:
    """An item of an index that selects nothing."""
    dtype = getattr(getattr(got, "dtype", None), "name", "")
    advice = "convert with astype('int64')" * dtype.startswith(("float", "complex"))
    wanted = "be an int, a slice, '...', None, a mask, positions, or a tuple of them"
    kind = f"{type(got).__name__} of dtype {dtype}" if dtype else type(got).__name__
    reject(IndexError, function, "index", wanted, kind, advice)


def too_many_indices(function: str, ndim: int, got: int) -> NoReturn:
    """An index of more items than a tensor has axes."""
    reject(IndexError, function, "index", f"have at most {ndim} items for a tensor of {ndim} dimensions", got)


def wrong_position(function: str, axis: int, length: int, got: int) -> NoReturn:
    """An int beyond its axis."""
    wanted = f"be from {-length} to {length - 1}" if length else "be a slice"
    reject(IndexError, function, "index", f"{wanted} for axis {axis} of length {length}", shown(got))


def wrong_positions(function: str, axis: int, length: int, index: Tensor) -> NoReturn:
    """A tensor of positions, one of which is beyond its axis; the first one is named."""
    from aotops import _native

    operators = _native.operators
    beyond = operators["where"](operators["less"](index, -length), True, operators["greater_equal"](index, length))
    first = operators["argmax"](beyond).__index__()
    wrong_position(function, axis, length, index.reshape(-1)[first].__index__())


def indices_of_other_shapes(function: str, shapes: list[Shape]) -> NoReturn:
    """Several tensors of positions whose shapes do not go together."""
    reject(IndexError, function, "index", "have tensors whose shapes broadcast together", shown(shapes))


def wrong_mask(function: str, axis: int, length: int, got: int) -> NoReturn:
    """A mask that has another length than the axis that it selects from."""
    wanted = f"have masks of the lengths of their axes, {length} for axis {axis}"
    reject(IndexError, function, "index", wanted, f"one of length {got}")


def item_of_many(function: str, shape: Shape) -> NoReturn:
    """The number that a tensor is, of one that has not exactly one element."""
    advice = "say which as x.item(index), or use x.tolist()"
    reject(ValueError, function, "x", "have exactly one element", f"shape {shape}", advice)


def ambiguous_truth(shape: Shape) -> NoReturn:
    """The truth of a tensor that has not exactly one element."""
    reject(ValueError, "bool", "x", "have exactly one element", f"shape {shape}", "use x.any() or x.all()")


def no_index(shape: Shape, dtype: str) -> NoReturn:
    """A tensor, other than a 0-d tensor of integers, in place of an int."""
    got = f"shape {shape} and dtype {dtype}"
    reject(TypeError, "index", "x", "be a 0-d tensor of integers", got, "use x.item() for an element")


# --- buffers --------------------------------------------------------------------------------------


def unsupported_buffer(
    function: str, argument: str, exporter: type, format: str, dtypes: Iterable[str], advice: str
) -> NoReturn:
    """A buffer whose elements are of no dtype that a tensor can have."""
    wanted = f"hold native elements of dtype {', '.join(dtypes)}"
    reject(TypeError, function, argument, wanted, f"{exporter.__name__} with format {format!r}", advice)


def wrong_buffer_size(function: str, argument: str, size: int, wanted: int, got: int) -> NoReturn:
    """A buffer of another length than its shape says, as after ``ctypes.resize``."""
    reject(BufferError, function, argument, f"have {wanted} bytes for {size} elements", got)


def unreachable_buffer(function: str, argument: str) -> NoReturn:
    """A buffer whose strides lead out of memory."""
    reject(BufferError, function, argument, "lie in memory", "a shape and strides that reach further")


def wrong_capsule(function: str, argument: str, got: Any, name: str | None) -> NoReturn:
    """What ``__dlpack__`` has returned, where it is no capsule that holds memory, or one that has been used."""
    found = f"a capsule named {name!r}" if name is not None else type_name(got)
    advice = "each capsule can be used once" if name is not None and name.startswith("used_") else ""
    wanted = "return a capsule named 'dltensor' or 'dltensor_versioned' from __dlpack__"
    reject(TypeError, function, argument, wanted, found, advice)


def wrong_dlpack(function: str, argument: str, wanted: str, got: Any) -> NoReturn:
    """A DLPack capsule that contradicts itself, or is of a later version."""
    reject(BufferError, function, argument, f"give {wanted} by DLPack", got)


def unsupported_dlpack(function: str, argument: str, code: int, bits: int, lanes: int) -> NoReturn:
    """Elements of DLPack's numbers for a dtype that tensors cannot have."""
    from aotops._native import dtypes

    names = ", ".join([dtype.name for dtype in dtypes])
    kinds = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 5: "complex", 6: "bool"}
    got = f"{kinds[code]}{bits}" if code in kinds else f"type code {code} of {bits} bits"
    got += f" in vectors of {lanes}" * (lanes != 1)
    reject(TypeError, function, argument, f"hold elements of dtype {names}", got, "convert it there first")


def no_arrow_type(dtype: str) -> NoReturn:
    """A tensor of a dtype that Arrow stores in another way."""
    why = "which Arrow packs into bits" if dtype == "bool" else "which Arrow does not have"
    advice = "share x.astype('uint8')" if dtype == "bool" else "share its parts"
    reject(BufferError, "Arrow", "x", "hold integers or floats", f"dtype {dtype}, {why}", advice)


def wrong_arrow_capsule(function: str, argument: str, wanted: str, got: Any, name: str | None) -> NoReturn:
    """What ``__arrow_c_array__`` has returned, where it is no pair of the two capsules."""
    found = f"a capsule named {name!r}" if name is not None else type_name(got)
    expected = f"return a pair of capsules from __arrow_c_array__, with one named {wanted!r}"
    reject(TypeError, function, argument, expected, found)


def used_arrow(function: str, argument: str) -> NoReturn:
    """Arrow capsules that somebody has used."""
    reject(TypeError, function, argument, "return new capsules from __arrow_c_array__", "ones that have been used")


def unsupported_arrow(function: str, argument: str, format: str | None) -> NoReturn:
    """An Arrow array of a type that no dtype stands for."""
    from aotops._native import dtypes

    names = ", ".join([dtype.name for dtype in dtypes if dtype.kind not in ("bool", "complex")])
    got = f"Arrow's format {format!r}" + (", bools packed into bits" if format == "b" else "")
    advice = "cast it there first, as x.cast('uint8')" if format == "b" else "cast it there first"
    reject(TypeError, function, argument, f"hold elements of dtype {names}", got, advice)


def arrow_nulls(function: str, argument: str, count: int) -> NoReturn:
    """An Arrow array with elements that are missing."""
    got = f"{count} of them" if count > 0 else "a bitmap of them"
    reject(ValueError, function, argument, "have no nulls", got, "fill them there first, as x.fill_null(0)")


def wrong_arrow(function: str, argument: str, wanted: str, got: int) -> NoReturn:
    """An Arrow array that contradicts itself."""
    reject(BufferError, function, argument, f"give {wanted} by Arrow", got)


def not_on_cpu(function: str, argument: str, device_type: int) -> NoReturn:
    """An array in memory that the CPU does not reach."""
    names = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 13: "CUDA managed memory", 14: "oneAPI"}
    got = f"device {names.get(device_type, device_type)}"
    advice = "copy it to the CPU there first, or call aotops.from_dlpack(x, device='cpu')"
    reject(BufferError, function, argument, "lie in memory of the CPU", got, advice)


def refused_buffer(wanted: str, shape: Shape, strides: Shape) -> NoReturn:
    """A request for a tensor's memory that the tensor cannot meet."""
    advice = {"be writable": "share a copy, as aotops.tensor(x) makes", "be contiguous": "share x.contiguous()"}
    found = advice.get(wanted, advice["be contiguous"] if wanted.endswith("row-major order") else "")
    got = "a read-only tensor" if wanted == "be writable" else f"shape {shape} and strides {strides}"
    reject(BufferError, "buffer", "x", wanted, got, found)


def needs_copy(function: str, argument: str, got: str) -> NoReturn:
    """``copy=False`` with what only a copy could show."""
    reject(ValueError, function, argument, "need no copy where copy=False", got)


# --- gradients ------------------------------------------------------------------------------------


def called(function: Any) -> str:
    """The name of what was called, as messages about gradients have it."""
    name: str = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or "a view"
    return name.removeprefix("Tensor.")


def no_derivative(function: Any, is_complex: bool) -> NoReturn:
    """A gradient that arrives at the result of something without a derivative."""
    name, wanted = called(function), "have a derivative"
    record = function._record if type(function).__name__ == "Operator" else None
    if record is not None:
        advice = f"declare one with @{name}.derivative"
    elif is_complex:
        wanted += " of complex numbers"
        advice = "compute it from operators that have one, or with the real and the imaginary part"
    else:
        advice = "compute it from operators that have one"
    reject(GradientError, name, "the operation", wanted, "none, where its gradient was asked for", advice)


def graph_is_spent(function: Any) -> NoReturn:
    """A second backward through what the first one has freed."""
    wanted = "be one whose formulas can still read what they need"
    got = f"{called(function)}, which a backward before has freed"
    reject(GradientError, "backward", "the graph", wanted, got, "call the first one with retain_graph=True")


def written_since(function: Any, shape: Shape) -> NoReturn:
    """A tensor that a formula reads, and that was written to after the call."""
    argument, got = (
        f"what the gradient of {called(function)} reads",
        f"a tensor of shape {shape} that was written to since",
    )
    advice = "write x = x + y in place of x += y, or give the operator a copy, x.copy()"
    reject(GradientError, "backward", argument, "have the values that it had at the call", got, advice)


def leaf_is_written(name: str) -> NoReturn:
    """Writing to a tensor that gradients are asked for: they would be those of other values."""
    wanted = "not be a tensor that requires gradients, or a view of one"
    advice = "write inside of `with aotops.no_grad():`, or x = x + y in place of x += y"
    reject(GradientError, name, "what is written to", wanted, "such a tensor", advice)


def argument_is_written(name: str, argument: str) -> NoReturn:
    """A function without a derivative that writes to an argument, and one of whose arguments requires gradients."""
    wanted = "be written where no argument requires gradients"
    advice = "write inside of `with aotops.no_grad():`, or give the values: x.detach()"
    reject(GradientError, name, argument, wanted, "a call with one that does", advice)


def view_is_written(name: str) -> NoReturn:
    """Writing to a tensor whose memory another one shows: the other one would not know of the gradient."""
    wanted = "share its memory with no other tensor where gradients are recorded"
    advice = "write x = x + y in place of x += y, or write to a copy, x.copy()"
    reject(GradientError, name, "what is written to", wanted, "a tensor with views", advice)


def out_is_recorded(name: str) -> NoReturn:
    """``out`` of a function whose arguments require gradients."""
    wanted = "be left out where gradients are recorded"
    reject(GradientError, name, "out", wanted, "a tensor", "use the result, or detach the arguments: x.detach()")


def written_by_numpy(name: str) -> NoReturn:
    """A function of NumPy that writes into an argument, one of which requires gradients."""
    wanted = "not require gradients where NumPy writes into one"
    advice = "write inside of `with aotops.no_grad():`, or give the values: x.detach()"
    reject(GradientError, f"numpy.{name}", "tensors", wanted, "one that does", advice)


def not_a_leaf(function: Any) -> NoReturn:
    """``requires_grad = False`` for the result of a recorded call."""
    wanted = "stay True for the result of a call"
    reject(GradientError, "requires_grad", "value", wanted, f"False for one of {called(function)}", "write x.detach()")


def no_gradients_of(dtype: str) -> NoReturn:
    """A tensor of another dtype than floats that is to take gradients."""
    advice = "convert it with x.astype('float64')"
    reject(TypeError, "requires_grad", "the tensor", "be of floats or complex numbers", dtype, advice)


def no_deletion_of(name: str) -> NoReturn:
    """``del x.requires_grad``."""
    raise AttributeError(f"{name} cannot be deleted; set it to False") from None


def not_tracked(name: str) -> NoReturn:
    """A gradient for a tensor that has none."""
    advice = "set x.requires_grad = True first"
    reject(GradientError, name, "the tensor", "require gradients", "one that does not", advice)


def wrong_gradient(name: str, gradient: Tensor, tensor: Tensor) -> NoReturn:
    """A gradient of another shape or dtype than the tensor."""
    wanted = f"be of shape {tensor.shape} and dtype {tensor.dtype.name}, as the tensor is"
    reject(ValueError, name, "gradient", wanted, f"shape {gradient.shape} and dtype {gradient.dtype.name}")


def wrong_gradients(function: Any, count: int, got: Any) -> NoReturn:
    """What a rule of Python has returned in place of gradients."""
    wanted = f"return a tuple of {count} gradients, tensors or None"
    raise GradientError(f"{called(function)}: its rule must {wanted}, got {type_name(got)}") from None


def wrong_gradient_shape(function: Any, got: Shape, wanted: Shape) -> NoReturn:
    """A gradient that a formula has computed in a shape which does not reduce to that of the input."""
    reject(GradientError, called(function), "the gradient", f"have the shape of the input, {wanted}", got)


def deep_copy_of_result(name: str) -> NoReturn:
    """``copy.deepcopy`` of the result of a recorded call: a copy cannot share its graph."""
    wanted = "be no result of a recorded call"
    reject(
        GradientError, name, "the tensor", wanted, "one", "write x.detach() for its values, x.copy() to go on with it"
    )


def export_is_tracked(name: str) -> NoReturn:
    """Giving the memory of a tensor that requires gradients to a library that would go on without them."""
    wanted = "not require gradients, which another library would not carry on"
    reject(BufferError, name, "x", wanted, "a tensor that does", "export x.detach()")
