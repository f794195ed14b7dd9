"""What the declaration of an array kernel says: its layout, dtypes and function. Parsing layouts."""

from __future__ import annotations

from aotops import errors

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FunctionType
    from typing import Any


#: The most dimensions of a layout, or of all arguments of a function together, as in ``array_kernel.h``.
MOST_DIMENSIONS = 255


class ArraySignature:
    """One signature that an array kernel is compiled for.

    Attributes:
        dtypes: of each operand, those that are only read first.
        inputs: the number of operands that are only read.
        boxed: the inputs without axes that the function gets as arrays of one element, as ``guvectorize`` can.
        axes: the numbers of the dimensions that each operand's own axes have.
        sizes: the size of each dimension where it is fixed, and -1 elsewhere.
        order: the number of the function's parameter that gets each operand.
    """

    def __init__(
        self,
        dtypes: tuple[str, ...],
        inputs: int,
        boxed: tuple[int, ...],
        axes: tuple[tuple[int, ...], ...],
        sizes: tuple[int, ...],
        order: tuple[int, ...] = (),
    ) -> None:
        self.dtypes = dtypes
        self.inputs = inputs
        self.boxed = boxed
        self.axes = axes
        self.sizes = sizes
        self.order = order or tuple(range(len(dtypes)))

    @property
    def identity(self) -> tuple[Any, ...]:
        """What code is compiled from, of this signature."""
        return self.dtypes, self.boxed, self.order

    def is_array(self, operand: int) -> bool:
        """Whether the function gets an operand as an array, not as a number. Outputs always are."""
        return bool(self.axes[operand]) or operand >= self.inputs or operand in self.boxed


class Layout:
    """A layout, as in ``"(n),(m)->(n,m)"``.

    Attributes:
        inputs: the dimensions of the own axes of each operand that is only read, as they are written.
        outputs: those of each operand that is written: first the arguments that are written in place.
        reads, in_place: how many arguments are only read, and how many are written in place.
        arguments: how many arguments calls have.
        order: the number of the function's parameter that gets each operand, the inputs first.
        dimensions: all of them, each once.
        computed: the functions that compute the sizes of some of the outputs' dimensions.
    """

    def __init__(self, name: str, text: Any, computed: Any = (), in_place: tuple[int, ...] = ()) -> None:
        if not isinstance(text, str):
            errors.wrong_type(name, "layout", "a string such as '(n),()->(n)'", text)
        self.text = "".join(text.split())
        left, _, right = self.text.partition("->")
        arguments, results = _operands(left), _operands(right)
        if not arguments or results is None or not (results or in_place):
            wanted = "be like '(n),()->(n)', with inputs and outputs"
            is_alone = bool(arguments) and not right
            advice = "or name the arguments that the function writes to: in_place='x'" if is_alone else ""
            errors.reject(errors.RecordError, name, "layout", wanted, repr(text), advice)
        if not results:
            self.text = left
        if any(k >= len(arguments) for k in in_place):
            wanted = "name parameters in front of ->, which calls give; those behind it are written anyway"
            errors.reject(errors.RecordError, name, "in_place", wanted, f"one behind it in {text!r}")
        self.arguments, self.in_place = len(arguments), len(in_place)
        read = [k for k in range(len(arguments)) if k not in in_place]
        self.order = (*read, *in_place, *range(len(arguments), len(arguments) + len(results)))
        self.reads = len(read)
        self.inputs = tuple([arguments[k] for k in read])
        self.outputs = (*[arguments[k] for k in in_place], *results)
        self.computed: dict[str, Callable[..., int]] = dict(computed)
        self.dimensions = tuple(dict.fromkeys(each for axes in (*self.inputs, *self.outputs) for each in axes))
        given = {each for axes in arguments for each in axes}
        for each in given:
            if not (each.isidentifier() or _is_size(each)):
                wanted = "name the dimensions of inputs, or fix them, as in '(n),(3)->(n)'"
                errors.reject(errors.RecordError, name, "layout", wanted, each)
        for axes in results:
            for each in axes:
                if _is_size(each):
                    continue
                if each in computed:
                    continue
                unknown = [word for word in _names(name, each) if word not in given]
                if unknown:
                    wanted = "compute the sizes of outputs from dimensions of inputs"
                    errors.reject(errors.RecordError, name, "layout", wanted, f"{unknown[0]} in {each}")

    def size_of(self, name: str, expression: str, sizes: dict[str, int]) -> int:
        """The size of an output's dimension, from those of the inputs'; ``ValueError`` if it is negative."""
        function = self.computed.get(expression)
        if function is not None:
            size: Any = function(*[sizes[each] for each in parameters_of(function)])
            if type(size) is not int:
                errors.wrong_type(name, f"what sizes[{expression!r}] returns", "an int", size)
        else:
            try:
                size = eval(expression, {"__builtins__": {}, "min": min, "max": max}, dict(sizes))
            except ZeroDivisionError:
                size = None
        if size is None or not 0 <= size < 2**63:
            known = ", ".join(f"{key} = {value}" for key, value in sizes.items() if function or key in expression)
            what = f"the size {expression} of the output"
            if size is None:
                errors.reject(ValueError, name, what, "not divide by zero", known)
            errors.reject(
                ValueError, name, what, "not be negative" if size < 0 else "be below 2**63", f"{size} for {known}"
            )
        return int(size)

    def signature(self, dtypes: tuple[str, ...], boxed: tuple[int, ...] = ()) -> ArraySignature:
        """The layout with the dtypes of the function's parameters, of which some are ``boxed``."""
        numbers = {each: k for k, each in enumerate(self.dimensions)}
        axes = tuple(tuple(numbers[each] for each in own) for own in (*self.inputs, *self.outputs))
        sizes = tuple(int(each) if _is_size(each) else -1 for each in self.dimensions)
        boxes = tuple([k for k, parameter in enumerate(self.order[: len(self.inputs)]) if parameter in boxed])
        own = tuple([dtypes[parameter] for parameter in self.order])
        return ArraySignature(own, len(self.inputs), boxes, axes, sizes, self.order)


def is_positional(function: Any) -> bool:
    """Whether a Python function has parameters by position alone: no ``*``, no ``**`` and none by keyword."""
    code = function.__code__
    return not (code.co_flags & 0x0C or code.co_kwonlyargcount)


def parameters_of(function: Any) -> tuple[str, ...]:
    """The names of the parameters of a function that computes a size."""
    code = function.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _operands(text: str) -> tuple[tuple[str, ...], ...] | None:
    """The operands of one side; None if it is malformed. A size may have brackets of its own: ``(n-(k-1))``."""
    operands: list[tuple[str, ...]] = []
    depth, start = 0, 0
    sizes: list[str] = []
    expects_operand = True
    for position, character in enumerate(text):
        if character == "(":
            if depth == 0:
                if not expects_operand:
                    return None
                start, sizes = position + 1, []
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                return None
            if depth == 0:
                last = text[start:position]
                if last or sizes:
                    sizes.append(last)
                if not all(sizes):
                    return None
                operands.append(tuple(sizes))
                expects_operand = False
        elif character == "," and depth == 1:
            sizes.append(text[start:position])
            start = position + 1
        elif character == "," and depth == 0:
            if expects_operand:
                return None
            expects_operand = True
        elif depth == 0:
            return None
    return None if depth or (expects_operand and operands) else tuple(operands)


def _names(name: str, expression: str) -> Iterator[str]:
    """The names in the size of an output; ``RecordError`` if it is no expression of integers."""
    if expression.isidentifier():
        yield expression
        return
    import ast  # 10 ms, for the layouts that have expressions

    allowed = (
        ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant, ast.Load, ast.Add, ast.Sub, ast.Mult,
        ast.FloorDiv, ast.Mod, ast.USub, ast.Call,
    )  # fmt: skip
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    nodes = [] if tree is None else list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    called = {id(node.func) for node in calls}
    valid = bool(nodes) and all(
        isinstance(node, allowed) and (not isinstance(node, ast.Constant) or type(node.value) is int) for node in nodes
    )
    valid = valid and all(
        isinstance(call.func, ast.Name) and call.func.id in ("min", "max") and len(call.args) > 1 and not call.keywords
        for call in calls
    )
    if not valid:
        wanted = "compute sizes with + - * // % min and max, as in '(n),(k)->(n-k+1)'"
        errors.reject(errors.RecordError, name, "layout", wanted, expression)
    for node in nodes:
        if isinstance(node, ast.Name) and id(node) not in called:
            yield node.id


class ArrayRecord:
    """The declaration of an array kernel.

    It has what the build and the comparison with it (``aotops.user.library``, ``aotops.user.identity``) ask of the
    record of an operator, too.

    Attributes:
        name: its public name.
        function: the Python function.
        layout: its layout.
        signatures: what it is compiled for.
        boundscheck: whether indices are checked.
        reassociate: whether floats may be added and multiplied in another order.
        namespace: the variables of the module that declares it.
        loaded: whether its kernels are known.
    """

    kind = "array kernel"
    #: The name of the capsule with its code, in an extension.
    capsule = "arrays"
    #: The class of what is called, which ``aotops.user.array_kernels`` sets.
    public: Any
    gradient = None

    def __init__(
        self,
        function: FunctionType,
        layout: Layout | None,
        signatures: tuple[ArraySignature, ...],
        boundscheck: bool,
        reassociate: bool,
        namespace: dict[str, Any],
    ) -> None:
        self.name = function.__name__
        self.scalar = self.function = function
        self.layout: Layout = layout  # type: ignore[assignment]  # None for a whole-array function
        self.signatures = signatures
        self.boundscheck = boundscheck
        self.reassociate = reassociate
        self.namespace = namespace
        earlier: Any = namespace.get(self.name)
        is_same = isinstance(earlier, self.public) and earlier._record.namespace is namespace
        #: what the module has declared by this name before
        self.replaces: ArrayRecord | None = earlier._record if is_same else None
        self.loaded = False
        code = function.__code__
        self.parameters = code.co_varnames[: code.co_argcount]
        self.place = f"{code.co_filename}, line {code.co_firstlineno}"

    @property
    def variable(self) -> str:
        """The name that messages use."""
        return self.name

    @property
    def declared(self) -> str:
        """What the declaration says beside signatures."""
        layout = self.layout
        written = [self.parameters[k] for k in layout.order[len(layout.inputs) : layout.arguments]]
        return f"{layout.text}, written in place: {', '.join(written)}" if written else layout.text

    def described(self, number: int) -> str:
        """One of the signatures, as the names of its code in reports have it."""
        return " ".join(dict.fromkeys(self.signatures[number].dtypes))

    def symbol(self, number: int, contiguous: bool) -> str:
        """The name of the code for one of the signatures."""
        spelled = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in self.name)
        return f"aot_array_{spelled}_{number}_{'c' if contiguous else 's'}"

    def facts(self, spelled: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
        """What the declaration says, each a label and a spelling, as ``aotops.user.identity.Facts`` compares them."""
        yield "kind", self.kind
        yield "layout", self.declared
        yield "parameters", ", ".join(self.parameters)
        for number, signature in enumerate(self.signatures):
            boxed = f", arrays of one element: {signature.boxed}" if signature.boxed else ""
            yield f"dtypes {number}", f"{', '.join(signature.dtypes)}{boxed}"
        yield "checked indices", str(self.boundscheck)
        yield "reassociated", str(self.reassociate)
        yield "function", spelled(self.function)
