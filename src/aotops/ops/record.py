"""The record: all facts about one operator, declared in one place.

A record is made by decorating the operator's scalar function with ``map`` (one input), ``zip`` (several),
or ``reduce`` (an associative combination of two values that folds an axis away), or from a reduction with ``scan``
(an axis keeps its running result) or ``argreduce`` (the index of the result along an axis). The kernels, the public
function with its docstring and signature, the method and the special method on ``Tensor``, the type
stubs and the tests' tables are all derived from the record; to add an operator is to add one record.

User-defined operators (``aotops.map`` and its like) have records of the same kind. At run time the records of aotops'
own operators are imported only for documentation; the build reads them all.
"""

from __future__ import annotations

from aotops.abi import AXIS_KINDS, DEFAULTS, INDEX, MAX_OPERANDS, MAX_STATES, NAMES, SLOTS, named, parts
from aotops.errors import RecordError, reject
from aotops.ops.cases import Cases

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

    Scalar = Callable[..., Any]
    #: A number, or those of a state.
    Constant = float | tuple[float, ...]
else:
    Scalar = Constant = object

BOOL = named("bool")
INTEGERS = named("signed", "unsigned")
INT64 = (DEFAULTS["integer"],)
#: The dtype that the integers of each dtype are added and multiplied in.
WIDE = {**dict.fromkeys(BOOL + named("signed"), "int64"), **dict.fromkeys(named("unsigned"), "uint64")}
FLOATS = named("real")
NUMBERS = named("signed", "unsigned", "real")
COMPLEX = named("complex")
ALL = NAMES
#: The dtypes whose elements are ordered.
ORDERED = BOOL + NUMBERS
#: The dtypes of the parts of complex numbers.
PARTS = {dtype: parts(dtype) for dtype in COMPLEX}

#: Inputs of these dtypes compute in another one where an operator has no kernel for them.
TO_FLOAT = dict.fromkeys(BOOL + INTEGERS, DEFAULTS["float"])


DERIVATIVE_DOC = """The gradient of ``{name}`` by its inputs, from {incoming}.

Called as ``{name}.derivative({takes})``, it computes element by element. All arguments broadcast together, and each
gradient has the shape that results: the gradient by an input that was broadcast is its sum over the axes that were
added or stretched, which is left to the caller.
"""

LEFT_OUT_DOC = """
An input that ``{name}`` was called without is None here as well.
"""

#: Keyword arguments of elementwise operators, and of those that go along an axis.
RESERVED = (("out", "where"), ("axis", "keepdims", "include_initial", "dtype", "out", "initial", "where"))


def kernel_symbol(name: str, *parts: str) -> str:
    """The C name of what an operator has for some dtypes: another one for every other operator and other parts.

    In the name an underscore is doubled, and characters that C lacks are ``_x<code>_``; a part begins with neither.
    """
    spelled = "".join([c if c.isascii() and c.isalnum() else "__" if c == "_" else f"_x{ord(c):x}_" for c in name])
    return "_".join(("aot", spelled, *parts))


def has_widest_vectors(kind: str, inputs: Sequence[str], output: object, compute_bound: bool) -> bool:
    """Return whether a kernel of some dtypes uses the widest vectors of a level; memory-bound ones lose by them.

    Reductions of two inputs are memory-bound: a dot product takes 5 to 14 % longer with 512 bits. Elements that become
    bools are compared into masks, which narrower vectors fill by fours: isnan of 48,000 float32 takes 0.12 ns an
    element with 256 bits, and 0.08 with 512.
    """
    narrowing = output == "bool" and not {"bool", "int8", "uint8"}.issuperset(inputs)
    return compute_bound or narrowing or (kind in AXIS_KINDS and len(inputs) == 1)


def combine_symbol(record: Record, dtype: str) -> str:
    """The C name of the kernel that combines two results of a reduction, or two states."""
    return kernel_symbol(record.name, "combine", dtype if record.finish else record.result_for(dtype))


#: Combinations of two elements, and how the reductions and scans with them are done again.
USUAL_RETRIES: tuple[tuple[str, tuple[Scalar, ...]], ...] = (
    ("scaled", (lambda a, b: a + b, lambda a, b: b + a)),
    ("apart", (lambda a, b: a * b, lambda a, b: b * a)),
)


class Record:
    """One operator's declaration.

    Attributes:
        kind: ``"map"``, ``"zip"``, ``"reduce"``, ``"argreduce"`` or ``"scan"``.
        name: the public name; one that begins with an underscore is a part of public functions.
        scalar: the scalar function; for a reduction, and what is made of one, the combination of two values.
        dtypes: the input dtypes that get a kernel, in the order of ``aotops.abi``.
        result: the dtype of the result where it is not that of the inputs: one, or one for each dtype.
        results: the dtypes of the results where the scalar function returns a tuple of them: of each what ``result`` is
            of a single one.
        outputs: how many results there are where the scalar function returns a tuple of them; 0 where it does not.
        fixed: the dtypes of inputs that have one of their own, whatever that of the others, by name. ``INDEX`` is that
            of an input that is no operand but an int64 that depends on the element's position, such as its index;
            ``aotops._native.generate`` calls such an operator.
        defaults: for inputs that may be left out, or None: the value, or one for each dtype.
        map: for a reduction, a scalar function of the inputs whose values are combined in place of the
            elements: the map and the reduction in one pass.
        absorbing: for a reduction, the result that no further element changes, or one for each dtype: it ends the work
            early.
        identity: for a reduction, the value of an empty one, or one for each dtype; ``None`` if it has none. For one
            whose state is several numbers, a tuple of them.
        within: for a reduction whose state is several numbers, a cheaper combination of two, for few elements in a row:
            ``scalar`` is ``settle`` of it.
        settle: of such a reduction, the function of a state that makes it fit for more elements.
        deep: for a reduction, whether errors do not grow with the number of elements that are combined in order: those
            of sums do. By default that of a product.
        finish: for a reduction or a scan whose state is several numbers, the scalar function that makes a result of
            them. ``map`` then returns a state, and ``scalar`` combines two.
        state: the dtypes of the numbers of such a state, None for one that follows from the number in ``identity``:
            bool, int64, or the dtype of the inputs if that is a float, else float64.
        initial: for a reduction, what a non-empty one starts from, where that is not the identity:
            a value, or one for each dtype.
        casts: dtypes without a kernel of their own, and the dtype in which they compute.
        signless: whether integers of one width give the same bits, signed or not, so that they share kernels.
        slot: the special method, one of ``aotops.abi.SLOTS``.
        squares: of an operator of two inputs, the record that stands in for it where the second input is the
            Python number 2.
        method: whether ``Tensor`` has it as a method.
        numpy: the reference, a function of NumPy arrays given the NumPy module first; by default NumPy's function of
            the first alias that begins with ``numpy.``, or of the operator's name.
        reduction: for a scan, the reduction whose running results it keeps; for an argreduce, the one whose
            result it looks for.
        retry: for a reduction or a scan, how it is done again where a part of it has overflowed, one of
            ``aotops.abi.RETRIES``; by default that of a sum or a product, if it combines elements as one of these does.
        redoes: for a reduction, the retry of those that it is the first to do again.
        max_ulp: bound of the error in ULP, units in the last place. It is 0 if the operator is exact or correctly
            rounded, and for derivatives, whose error is that of a few operations.
        compute_bound: whether it computes so much that it is 5 to 15 times as slow without vectors.
        aliases: what the function is called elsewhere, as in ``numpy.arcsin`` and ``math.asin``. Scalar functions that
            call it by these names mean this operator, and tensors that NumPy's function is called with get it.
        cases: what tests and benchmarks need to know about it besides.
        specialised: scalar functions for particular dtypes, in place of ``scalar``.
        fast_paths: for particular dtypes a cheaper function with the same bits, and a predicate for the inputs that it
            cannot handle.
        gradient: the record of the derivative, or None.
        derivative_of: of a derivative, the record of what it is the derivative of.
        namespace: the variables of the module that declares the operator; empty where that is aotops.
        operator: the public operator of such a declaration's derivative.
        replaces: the earlier declaration of that name in the module, if any.
        loaded: whether such an operator has been bound to its kernels.
    """

    kind: str
    name: str
    scalar: Scalar
    dtypes: tuple[str, ...]

    def __init__(
        self,
        kind: str,
        name: str,
        scalar: Scalar,
        dtypes: tuple[str, ...],
        *,
        numpy: Callable[..., Any] | None = None,
        result: str | Mapping[str, str] | None = None,
        results: tuple[str | Mapping[str, str] | None, ...] = (),
        outputs: int = 0,
        bool_inputs: tuple[str, ...] = (),
        fixed: Mapping[str, str] | None = None,
        defaults: Mapping[str, float | Mapping[str, float]] | None = None,
        map: Scalar | None = None,
        within: Scalar | None = None,
        settle: Scalar | None = None,
        deep: bool = False,
        reduction: Record | None = None,
        doc: str = "",
        absorbing: float | Mapping[str, float] | None = None,
        identity: Constant | Mapping[str, Constant] | None = None,
        finish: Scalar | None = None,
        state: tuple[str | None, ...] = (),
        initial: float | Mapping[str, float] | None = None,
        casts: Mapping[str, str] | None = None,
        signless: bool = False,
        slot: str | None = None,
        squares: Record | None = None,
        method: bool = False,
        max_ulp: float = 0,
        compute_bound: bool = False,
        aliases: tuple[str, ...] = (),
        cases: Cases | None = None,
        specialised: Mapping[str, Scalar] | None = None,
        retry: str | None = None,
        redoes: str = "none",
        derivative_of: Record | None = None,
    ) -> None:
        self.kind, self.name, self.scalar, self.dtypes = kind, name, scalar, dtypes
        self.numpy = numpy
        self.result = result
        self.results = results or (result,) * outputs
        self.outputs = len(self.results)
        self.fixed = {**dict.fromkeys(bool_inputs, "bool"), **(fixed or {})}
        self.defaults = defaults or {}
        self.map = map
        self.within = within
        self.settle = settle
        self.reduction = reduction
        self.absorbing = absorbing
        self.identity = identity
        self.finish = finish
        self.state = state
        self.initial = initial
        self.casts = casts or {}
        self.signless = signless
        self.slot = slot
        self.squares = squares
        self.method = method
        self.max_ulp = max_ulp
        self.compute_bound = compute_bound
        self.aliases = aliases
        self.cases = cases or Cases()
        self.specialised = dict(specialised or {})
        self.retry = retry or self._usual_retry()
        self.redoes = redoes
        self.deep = deep or self.retry == "apart"
        self.fast_paths: dict[str, tuple[Scalar, Scalar]] = {}
        self._combinations: dict[Scalar, Scalar] = {}
        self.gradient: Record | None = None
        self.derivative_of = derivative_of
        self.namespace: dict[str, Any] = {}
        self.operator: Any = None
        self.replaces: Record | None = None
        self.loaded = False
        self._doc = doc
        self._check()

    def _usual_retry(self) -> str:
        """How sums and products of elements, whoever declares them, are done again."""
        if self.kind in ("reduce", "scan") and self.map is None and not self.specialised:
            for retry, functions in USUAL_RETRIES:
                if self.scalar.__code__.co_code in [function.__code__.co_code for function in functions]:
                    return retry
        return "none"

    def _check(self) -> None:
        results = [
            own
            for each in (self.result, *self.results)
            for own in (each.values() if isinstance(each, dict) else (each,))
            if own is not None
        ]
        for dtype in (*self.dtypes, *self.casts, *results, *self.fixed.values()):
            if dtype not in (*ALL, INDEX):
                self._reject("dtypes", f"be some of {', '.join(ALL)}", repr(dtype))
        given = ", ".join(self.dtypes) or "none"
        if not self.dtypes or len(set(self.dtypes)) != len(self.dtypes):
            self._reject("dtypes", "be distinct and at least one", given)
        if tuple(sorted(self.dtypes, key=ALL.index)) != self.dtypes:
            self._reject("dtypes", f"be in the order of {', '.join(ALL)}", given)
        for source, target in self.casts.items():
            if source in self.dtypes or target not in self.dtypes:
                self._reject("casts", f"lead from other dtypes to some of {given}", f"{source} to {target}")
        if self.slot is not None and self.slot not in SLOTS:
            self._reject("slot", f"be one of {', '.join(SLOTS)}", repr(self.slot))
        names = ", ".join(self.parameters)
        for name in (*self.fixed, *self.defaults):
            if name not in self.parameters:
                argument = "defaults" if name in self.defaults else "bool_inputs and fixed"
                self._reject(argument, f"name some of the inputs {names}", repr(name))
        if self.fixed and len(self.fixed) == self.inputs:
            advice = "give dtypes, of which each gets a kernel"
            self._reject("bool_inputs and fixed", "leave an input whose dtype decides", f"all of {names}", advice)
        if self.fixed and self.kind in AXIS_KINDS:
            self._reject("fixed", f"be empty, since the inputs of a {self.kind} have one dtype", ", ".join(self.fixed))
        if self.defaults and not set(self.parameters) - set(self.fixed) - set(self.defaults):
            wanted = "leave an input whose dtype decides"
            self._reject("defaults", wanted, ", ".join(self.defaults))
        last = self.parameters[self.inputs - len(self.defaults) :]
        if set(last) != set(self.defaults) and not self.derivative_of:
            self._reject("defaults", f"be of the last inputs of {names}", ", ".join(self.defaults))
        if self.kind in AXIS_KINDS:
            taken = self.scalar.__code__.co_argcount
            if taken != 2:
                has_map = self.kind == "reduce" and self.map is None
                advice = "a function of the inputs, whose values are combined, is given as map=" if has_map else ""
                self._reject("function", "combine 2 values", f"a function of {taken}", advice)
            if self.identity is None and self.initial is None and self.finish is None:
                wanted = "be given" if self.kind == "scan" else "be given, or initial"
                self._reject("identity", wanted, "neither" if self.kind != "scan" else "none")
            for what, value in (("identity", self.identity), ("initial", self.initial), ("absorbing", self.absorbing)):
                if isinstance(value, dict) and not set(self.dtypes) <= set(value):
                    self._reject(what, f"have a value for each of {given}", value)
            self._check_state()
        least = 2 if self.kind == "zip" else 1
        if self.inputs < least or (self.kind == "map" and self.inputs > 1):
            wanted = {"map": "1 input", "zip": "2 inputs or more"}.get(self.kind, "1 input or more")
            other = {"map": "aotops.zip", "zip": "aotops.map"}.get(self.kind)
            advice = f"declare it with {other}" if other and self.inputs > 0 else ""
            self._reject(f"the function of a {self.kind}", f"have {wanted}", self.inputs, advice)
        others = max(self.outputs, 1) + len(self.states_for(self.dtypes[0]))
        if self.inputs + others > MAX_OPERANDS:
            what = "results" if self.finish is None else "result and numbers of the state"
            self._reject(f"inputs and {what}", f"be at most {MAX_OPERANDS} together", f"{self.inputs} and {others}")
        for name in self.parameters:
            if name in RESERVED[self.kind in AXIS_KINDS]:
                self._reject("the names of inputs", "not be those of arguments of every operator", name)

    def _check_state(self) -> None:
        """Check what a state of several numbers needs, and that nothing else has it."""
        if self.finish is None:
            if self.state or isinstance(self.identity_for(self.dtypes[0]), tuple):
                self._reject("finish", "be given, since the state is a tuple", "none")
            return
        if self.map is None:
            wanted = "be given, since it makes a state of the elements"
            self._reject("map", wanted, "none", "write map=lambda x: (x, 1.0), for instance")
        numbers = {len(own) for dtype in self.dtypes for own in [self.identity_for(dtype)] if isinstance(own, tuple)}
        if self.identity is None or len(numbers) != 1 or not 1 <= max(numbers) <= MAX_STATES:
            wanted = f"be a tuple of 1 to {MAX_STATES} numbers, the state of no elements"
            self._reject("identity", wanted, repr(self.identity))
        (count,) = numbers
        taken = self.finish.__code__.co_argcount
        if taken != count:
            self._reject("finish", f"take the {count} numbers of the state", f"a function of {taken}")
        if self.state and len(self.state) != count:
            self._reject("state", f"have a dtype, or None, for each of {count} numbers", len(self.state))
        for what, value in (("initial", self.initial), ("absorbing", self.absorbing)):
            if value is not None:
                self._reject(what, "not be given, since the state is a tuple", repr(value))
        if self.kind == "scan" and self.inputs != 1:
            self._reject("map", "take 1 value, since a scan has 1 input", f"a function of {self.inputs}")

    def _reject(self, argument: str, wanted: str, got: object, advice: str = "") -> NoReturn:
        reject(RecordError, self.name, argument, wanted, got, advice)

    @property
    def doc(self) -> str:
        """The docstring: the declaration's or the scalar function's, with the sections that the record knows.

        Empty if the function has none. Derivatives, and parts of public functions, have the function's alone.
        """
        import inspect

        own = inspect.cleandoc(self._doc or self.scalar.__doc__ or "")
        if self.derivative_of and not own:
            of = self.derivative_of
            plain = self.inputs == len(of.derivative_inputs) + 2
            names = {
                "name": of.variable,
                "takes": ", ".join((*of.derivative_inputs, "y", "g") if plain else self.parameters),
                "incoming": "the gradient ``g`` by its output ``y``"
                if plain
                else "what its results are, and gradients",
            }
            own = (DERIVATIVE_DOC + LEFT_OUT_DOC * bool(self.defaults)).format(**names).strip()
        is_private = self.name.startswith("_") and not self.namespace
        if not own or self.derivative_of or is_private:
            return own
        from aotops.ops.documentation import documentation

        return documentation(self, own)

    @property
    def place(self) -> str:
        """The file and line of the scalar function."""
        code = self.scalar.__code__
        return f"{code.co_filename}, line {code.co_firstlineno}"

    @property
    def variable(self) -> str:
        """The name of the module's variable that holds the operator, or where none does, of its function."""
        for name, value in list(self.namespace.items()):
            if type(value).__name__ == "Operator" and type(value).__module__ == "aotops":
                held = value._record
                if held is not None and self in (held, held.gradient):
                    return name if held is self else f"{name}.derivative"
        return self.name

    @property
    def inputs(self) -> int:
        """Number of the public function's tensor arguments."""
        return len(self.parameters)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the public function's tensor arguments."""
        if self.kind in AXIS_KINDS and self.map is None:
            return ("x",)
        code = (self.map or self.scalar).__code__
        return code.co_varnames[: code.co_argcount]

    def scalar_for(self, dtype: str) -> Scalar:
        """The scalar function that computes in a dtype; one that combines has another ``max`` and ``min``."""
        scalar = self.specialised.get(dtype, self.scalar)
        if self.kind not in AXIS_KINDS:
            return scalar
        if scalar not in self._combinations:
            from aotops.scalar.combinations import in_combination

            self._combinations[scalar] = in_combination(scalar)
        return self._combinations[scalar]

    def result_for(self, dtype: str) -> str:
        """The dtype of the result from inputs of a dtype."""
        return _own_dtype(self.result, dtype)

    def results_for(self, dtype: str) -> tuple[str, ...]:
        """The dtypes of all results from inputs of a dtype."""
        return tuple([_own_dtype(result, dtype) for result in self.results or (self.result,)])

    def output_for(self, dtype: str) -> str | tuple[str, ...]:
        """The dtype of the result, or of each in a tuple of them: the output of a kernel's signature."""
        return self.results_for(dtype) if self.outputs else self.result_for(dtype)

    def states_for(self, dtype: str) -> tuple[str, ...]:
        """The dtypes of the numbers of a state for inputs of a dtype; none if the state is a result."""
        if self.finish is None:
            return ()
        identity = self.identity_for(dtype)
        assert isinstance(identity, tuple)  # checked by _check_state
        own = self.state or (None,) * len(identity)
        return tuple([own[k] or state_dtype(value, dtype) for k, value in enumerate(identity)])

    def symbols(self) -> tuple[tuple[Any, ...], ...]:
        """For each dtype, the C names of the kernel, and of what combines two results of a reduction or a scan.

        If the state is several numbers, also of what makes a result of one, and for a scan, a state of an element.
        """
        on_axis = self.kind in ("reduce", "scan")
        owner = self.reduction or self  # of a scan of a reduction that is an operator, the operator's kernel combines
        return tuple(
            [
                (
                    kernel_symbol(self.name, dtype),
                    combine_symbol(owner, dtype) if on_axis else None,
                    *[kernel_symbol(owner.name, "finish", dtype)] * (self.finish is not None),
                    *[kernel_symbol(self.name, "map", dtype)] * (self.finish is not None and self.kind == "scan"),
                )
                for dtype in self.dtypes
            ]
        )

    @property
    def takes_dtype(self) -> bool:
        """Whether a reduction or a scan may be told in which dtype to compute: that of the result as well."""
        own = any(self.result_for(dtype) == dtype for dtype in self.dtypes)
        return self.kind in AXIS_KINDS and self.identity is not None and self.map is None and own

    @property
    def takes_where(self) -> bool:
        """Whether it can be told which elements to compute, or to fold: those where a mask is true."""
        return self.kind in ("map", "zip") or (self.kind == "reduce" and self.map is None)

    @property
    def flag(self) -> str | None:
        """The keyword argument that is True or False: ``keepdims``, or ``include_initial`` with an identity."""
        if self.kind == "scan":
            return "include_initial" if self.identity is not None else None
        return "keepdims" if self.kind in AXIS_KINDS else None

    def inputs_for(self, dtype: str) -> tuple[str, ...]:
        """The dtypes of the inputs when they compute in a dtype."""
        return tuple([self.fixed.get(name, dtype) for name in self.parameters])

    def default_for(self, parameter: str, dtype: str) -> float:
        """The value of an input that is left out, in a dtype."""
        default = self.defaults[parameter]
        return default[dtype] if isinstance(default, dict) else default  # type: ignore[return-value]

    def initial_for(self, dtype: str) -> float:
        """What a non-empty reduction in a dtype starts from."""
        initial: Any = self.initial
        if isinstance(initial, dict):
            initial = initial[dtype]
        if initial is None:
            initial = self.identity_for(dtype)
        assert initial is not None  # checked by _check
        return initial  # type: ignore[no-any-return]

    def identity_for(self, dtype: str) -> Any:
        """The value of an empty reduction in a dtype, if it has one: a number, or a tuple of those of a state."""
        return self.identity[dtype] if isinstance(self.identity, dict) else self.identity

    def absorbing_for(self, dtype: str) -> float | None:
        """The result of a reduction in a dtype that no further element changes, if there is one."""
        if self.absorbing is None or isinstance(self.absorbing, (int, float, complex)):
            return self.absorbing
        return self.absorbing[dtype]

    @property
    def positions(self) -> tuple[str, ...]:
        """The parameters that are no operands but positions."""
        return tuple([name for name in self.parameters if self.fixed.get(name) == INDEX])

    @property
    def bool_inputs(self) -> tuple[str, ...]:
        """The parameters that are bool, whatever the others are."""
        return tuple([name for name in self.parameters if self.fixed.get(name) == "bool"])

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The parameters that a derivative is taken by: those that have no dtype of their own."""
        return tuple([name for name in self.parameters if name not in self.fixed])

    @property
    def derivative_inputs(self) -> tuple[str, ...]:
        """The inputs of a derivative beside the output and the incoming gradient."""
        if self.kind == "scan":
            return self.scalar.__code__.co_varnames[:2]
        return self.parameters

    def derivative(self, function: Scalar, kinds: tuple[str, ...] = FLOATS) -> Scalar:
        """Decorator: the derivative, a function of the inputs, the output and the incoming gradient, for some dtypes.

        Of a map it returns the outgoing gradient, of a zip a tuple of them, one for each input that has no dtype of its
        own. Of several results it takes all outputs, and then the incoming gradient of each that is of floats. Of a
        reduction it is the same for each element, with the output and the incoming gradient of the result that the
        element goes into; if that has a state, its numbers may stand before the output. Of a scan it is that of the
        combination, ``(a, b, y, g)``: the gradients by the running result before and by the element.

        Formulas of complex numbers have gradients of both parts for ``g`` and results. aotops' own operators have other
        formulas for these (``aotops.autograd.rules_complex``), which need no kernels of their own.
        """
        if self.gradient is not None:
            self._reject("derivative", "be declared once", "a second one")
        if self.kind == "argreduce":
            self._reject("the operator of a derivative", "be a map, a zip, a reduction or a scan", self.kind)
        if self.kind == "scan" and self.finish is not None:
            wanted_state = "have results that are combined themselves"
            self._reject("the scan of a derivative", wanted_state, "a state of several numbers")
        inputs = self.derivative_inputs
        code = function.__code__
        dtypes = tuple(dtype for dtype in self.dtypes if dtype in kinds and self._is_smooth(dtype))
        if not dtypes:
            computes = ", ".join([f"{dtype} to {', '.join(self.results_for(dtype))}" for dtype in self.dtypes])
            wanted_dtypes = "have inputs and a result of one dtype of floats, or of complex numbers and their parts"
            self._reject("the operator of a derivative", wanted_dtypes, computes)
        incoming = [k for k, own in enumerate(self.results_for(dtypes[0])) if own in FLOATS + COMPLEX]
        read: list[Callable[[str], tuple[str, ...]]] = [self.results_for]
        states = len(self.states_for(dtypes[0])) if self.kind == "reduce" else 0
        wanted = len(inputs) + max(self.outputs, 1) + len(incoming)
        if states and code.co_argcount == wanted + states:
            read.insert(0, self.states_for)
        elif code.co_argcount != wanted:
            outputs = "the output" if not self.outputs else f"the {self.outputs} outputs"
            gradients = "the incoming gradient" if len(incoming) == 1 else f"the {len(incoming)} incoming gradients"
            takes = f"{wanted} values, {', '.join(inputs)}, {outputs} and {gradients}"
            if states:
                takes += f", or {wanted + states}, with the {states} numbers of the state before the output"
            self._reject("derivative", f"take {takes}", code.co_argcount)
        read.append(lambda dtype: tuple([self.results_for(dtype)[k] for k in incoming]))
        taken = {name: code.co_varnames[k] for k, name in enumerate(self.parameters)}  # the function's own names
        fixed = {taken[name]: own for name, own in self.fixed.items()}
        # what has the dtype of the inputs in each kernel has none of its own
        rows = [[own for each in read for own in each(dtype)] for dtype in dtypes]
        for k, name in enumerate(code.co_varnames[len(inputs) : code.co_argcount]):
            column = [row[k] for row in rows]
            if tuple(column) != dtypes:
                fixed[name] = column[0]
                if len(set(column)) > 1:
                    advice = "declare an operator for each dtype"
                    self._reject("the operator of a derivative", "have results of one dtype", column, advice)
        self.gradient = Record(
            "zip",
            f"{self.name}.derivative",
            function,
            dtypes,
            outputs=0 if len(inputs) == 1 else len([name for name in inputs if name not in self.fixed]),
            fixed=fixed,
            defaults={taken[name]: value for name, value in self.defaults.items()},
            casts={source: target for source, target in self.casts.items() if target in dtypes},
            derivative_of=self,
        )
        return function

    def _is_smooth(self, dtype: str) -> bool:
        """Whether a result moves with inputs of a dtype: one of the same dtype, or whose parts have the same."""
        return any(parts(own) == parts(dtype) for own in self.results_for(dtype))

    @property
    def incoming(self) -> int:
        """The number of incoming gradients, the last inputs of a derivative; 0 of any other operator."""
        if self.derivative_of is None:
            return 0
        return len([own for own in self.derivative_of.results_for(self.dtypes[0]) if own in FLOATS + COMPLEX])

    @property
    def derivative_reads_state(self) -> bool:
        """Whether the derivative of a reduction takes the numbers of the state besides."""
        return self.finish is not None and self.gradient is not None and self.gradient.inputs > self.inputs + 2

    def specialise_derivative(self, dtype: str) -> Callable[[Scalar], Scalar]:
        """Decorator: the derivative in one dtype, after that of all."""
        if self.gradient is None:
            self._reject("derivative", f"be declared before that for {dtype}", "none")
        return self.gradient.specialise(dtype)

    def specialise(self, dtype: str) -> Callable[[Scalar], Scalar]:
        """Decorator: the scalar function that computes this operator in one dtype."""
        self._require_kernel(dtype)

        def register(scalar: Scalar) -> Scalar:
            self._require_inputs(dtype, scalar)
            self.specialised[dtype] = scalar
            return scalar

        return register

    def fast_path(self, dtype: str, unless: Scalar) -> Callable[[Scalar], Scalar]:
        """Decorator: a cheaper function that gives the bits of ``scalar_for(dtype)`` except where ``unless`` is true.

        Contiguous rows take it for blocks without such elements (``aotops.loops.elementwise``).
        """
        self._require_kernel(dtype)

        def register(scalar: Scalar) -> Scalar:
            for function in (scalar, unless):
                self._require_inputs(dtype, function)
            self.fast_paths[dtype] = (scalar, unless)
            return scalar

        return register

    def _require_kernel(self, dtype: str) -> None:
        if dtype not in self.dtypes:
            self._reject("the dtype of a function", f"be one of {', '.join(self.dtypes)}", dtype)

    def _require_inputs(self, dtype: str, scalar: Scalar) -> None:
        taken, wanted = scalar.__code__.co_argcount, self.scalar.__code__.co_argcount
        if taken != wanted:
            self._reject(f"the function for {dtype}", f"take {wanted} values", taken)


def state_dtype(value: Any, dtype: str) -> str:
    """The dtype of a number in a state, from its value in ``identity``, for inputs of a dtype."""
    if isinstance(value, (bool, int)):
        return DEFAULTS["bool" if isinstance(value, bool) else "integer"]
    part = parts(dtype)
    real = part if part in FLOATS else DEFAULTS["float"]
    return next(name for name in COMPLEX if parts(name) == real) if isinstance(value, complex) else real


def _own_dtype(result: str | Mapping[str, str] | None, dtype: str) -> str:
    """The dtype of a result from inputs of a dtype, which it has itself unless another one is given."""
    return (result if result is None or isinstance(result, str) else result.get(dtype)) or dtype


def _decorator(kind: str, options: dict[str, Any]) -> Callable[[Scalar], Record]:
    def declare(scalar: Scalar) -> Record:
        name = options.pop("name", scalar.__name__)
        called = [alias.removeprefix("numpy.") for alias in options.get("aliases", ()) if alias.startswith("numpy.")]
        numpy_name = (*called, name)[0]
        options.setdefault("numpy", lambda np, *arrays, **keywords: getattr(np, numpy_name)(*arrays, **keywords))
        record = Record(kind, name, scalar, **options)
        if not record.doc:
            reject(RecordError, name, "the scalar function", "have a docstring, which is the operator's", "none")
        return record

    return declare


def map(**options: Any) -> Callable[[Scalar], Record]:
    """Declare an operator of one input, computed element by element. Options are the record's attributes."""
    return _decorator("map", options)


def zip(**options: Any) -> Callable[[Scalar], Record]:
    """Declare an operator of several inputs over one iteration space. Options are the record's attributes."""
    return _decorator("zip", options)


def reduce(**options: Any) -> Callable[[Scalar], Record]:
    """Declare an operator that folds axes away by an associative combination of two values."""
    return _decorator("reduce", options)


def scan(reduction: Record, **options: Any) -> Record:
    """Declare an operator that keeps the running results of a reduction; it has the reduction's dtypes."""
    return _derived("scan", reduction, {"identity": reduction.identity, "result": reduction.result, **options})


def argreduce(reduction: Record, **options: Any) -> Record:
    """Declare an operator that tells where along an axis the first element is that a reduction results in."""
    return _derived("argreduce", reduction, {"result": "int64", **options})


def _derived(kind: str, reduction: Record, options: dict[str, Any]) -> Record:
    shared = ("dtypes", "casts", "initial", "absorbing", "signless", "map", "finish", "state")
    inherited = {name: getattr(reduction, name) for name in shared if name != "map" or reduction.finish is not None}
    inherited["specialised"] = dict(reduction.specialised)
    return _decorator(kind, {**inherited, "reduction": reduction, **options})(reduction.scalar)
