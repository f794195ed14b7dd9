"""What `python -m benchmarks.ops` measures: one row for each operator, from which cells, calls and data are derived.

The row of an operator follows from its record; those that other libraries spell in a way of their own are below.
"""

import math
from dataclasses import dataclass

from aotops import ops
from aotops.ops.record import Record

FLOATS = ("float64", "float32")
NUMBERS = (*FLOATS, "int64")
BYTES = (*NUMBERS, "uint8")
WITH_BOOL = (*NUMBERS, "bool")
ALL = (*BYTES, "bool")


@dataclass(frozen=True)
class Operator:
    """One operator and how each library spells it.

    A spelling is the name of a function, or a template of an expression with `{operands}` (all of them),
    `{x}` (the first one), `{axis}` and `{out}` (the keywords with a comma before them, or nothing). Those of
    numexpr and Numba are plain expressions in `x`, `y` and `c`; an empty one says that there is no natural one.
    """

    name: str
    kind: str
    """`map`, `zip`, `select` (a condition and two operands), `reduction`, `scan`, `copy`, `routine` (a vector, and what
    `others` has) or `product` (two square matrices)."""
    dtypes: tuple[str, ...]
    """Of the operands; the condition of a `select` is bool."""
    data: str = "any"
    """Which numbers the operands hold: a row of `matrix.NUMBERS_OF`."""
    aotops: str = ""
    numpy: str = ""
    torch: str = ""
    """These three are the operator's name where they are empty."""
    numexpr: str = ""
    numba: str = ""
    arguments: str = ""
    """What follows the operands of a function that is spelled by its name."""
    in_place: bool = True
    """Can it be repeated in place for ever? Not if the numbers soon become infinities or NaN, or change dtype."""
    others: str = ""
    """The operands of a routine beside `x`, a letter for each: a row of `matrix.OTHERS`."""
    memory_bound: bool = False
    """Is it so little work for each element that on large arrays the memory is what limits it?"""

    @property
    def compares(self) -> bool:
        """True where results are bool whatever the operands are."""
        return self.name in ("less", "equal")

    def spelling(self, library: str) -> str:
        """The library's spelling."""
        return getattr(self, library) or self.name


#: What numexpr has, under NumPy's names.
NUMEXPR = frozenset(
    {"arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cos", "cosh", "exp", "expm1", "log"}
    | {"log10", "log1p", "sin", "sinh", "sqrt", "tan", "tanh"}
)
#: Kinds of records, and what they are called here.
KINDS = {"map": "map", "zip": "zip", "reduce": "reduction", "argreduce": "reduction", "scan": "scan"}
#: Those whose results, taken as arguments again and again, neither become infinities or NaN nor all the same.
REPEATABLE = frozenset({"atan", "atan2", "cos", "sin", "sqrt", "tanh"})


def row(record: Record) -> Operator:
    """The row of an operator that has none below: from its record, as other libraries call it."""
    numpy = next((name.removeprefix("numpy.") for name in record.aliases if name.startswith("numpy.")), record.name)
    python = next((name for name in record.aliases if name.startswith("math.")), "")
    variables = ", ".join("xy"[: record.inputs])
    low, high = record.cases.domain
    return Operator(
        record.name,
        KINDS[record.kind],
        tuple(dtype for dtype in WITH_BOOL if dtype in record.dtypes),
        "any" if math.isinf(low) else "within one" if math.isfinite(high) else "above one" if low else "positive",
        numpy=numpy,
        numexpr=f"{numpy}({variables})" if numpy in NUMEXPR else "",
        numba=f"{python}({variables})" if python else "",
        in_place=record.name in REPEATABLE,
        memory_bound=not record.compute_bound,
    )


# fmt: off
BY_HAND = (
    # Where others return their argument, or a view of it, a copy is made, as it is here.
    Operator("positive", "map", NUMBERS, torch="torch.clone({x})", memory_bound=True),
    Operator("conj", "map", NUMBERS, torch="torch.clone({x})", memory_bound=True),
    Operator("real", "map", NUMBERS, numpy="np.copy({x})", torch="torch.clone({x})", memory_bound=True),
    Operator("imag", "map", NUMBERS, torch="torch.zeros_like({x})", in_place=False, memory_bound=True),
    Operator("negative", "map", NUMBERS, numexpr="-x", numba="-x", memory_bound=True),
    Operator("abs", "map", NUMBERS, numexpr="abs(x)", numba="abs(x)", memory_bound=True),
    # NumPy has none; this is what says what is right.
    Operator("erf", "map", FLOATS, numpy="np.vectorize(math.erf, otypes=[{x}.dtype])({x})", numba="math.erf(x)"),
    Operator("sigmoid", "map", FLOATS, numpy="1 / (1 + np.exp(-{x}))",
             numexpr="1 / (1 + exp(-x))", numba="1 / (1 + math.exp(-x))"),
    Operator("rsqrt", "map", FLOATS, "positive", numpy="1 / np.sqrt({x})", numexpr="1 / sqrt(x)",
             numba="1 / math.sqrt(x)"),
    Operator("erfc", "map", FLOATS, numpy="np.vectorize(math.erfc, otypes=[{x}.dtype])({x})", numba="math.erfc(x)",
             torch="torch.special.erfc"),
    Operator("softplus", "map", FLOATS, numpy="np.logaddexp({x}, 0)", numexpr="log1p(exp(x))",
             numba="math.log1p(math.exp(x))", torch="torch.nn.functional.softplus({x})"),
    Operator("silu", "map", FLOATS, numpy="{x} / (1 + np.exp(-{x}))", numexpr="x / (1 + exp(-x))",
             numba="x / (1 + math.exp(-x))", torch="torch.nn.functional.silu({x})"),
    Operator("gelu", "map", FLOATS, numba="0.5 * x * (1 + math.erf(x * 0.7071067811865476))",
             numpy="np.vectorize(lambda x: x / 2 * math.erfc(-x * 0.7071067811865476), otypes=[{x}.dtype])({x})",
             torch="torch.nn.functional.gelu({x})"),
    # What torch.relu calls, and unlike it this takes `out`.
    Operator("relu", "map", NUMBERS, numpy="np.maximum({x}, 0{out})", torch="torch.clamp_min({x}, 0{out})",
             numexpr="where(x > 0, x, 0)", numba="x if x > 0 else 0", memory_bound=True),
    Operator("clip", "map", NUMBERS, arguments=", -1, 1",
             numexpr="where(x < -1, -1, where(x > 1, 1, x))", numba="-1 if x < -1 else (1 if x > 1 else x)",
             memory_bound=True),

    Operator("add", "zip", BYTES, numexpr="x + y", numba="x + y", memory_bound=True),
    Operator("subtract", "zip", BYTES, numexpr="x - y", numba="x - y", memory_bound=True),
    Operator("multiply", "zip", BYTES, numexpr="x * y", numba="x * y", memory_bound=True),
    Operator("divide", "zip", FLOATS, "positive", numexpr="x / y", numba="x / y", memory_bound=True),
    # PyTorch raises an error where an integer is divided by 0.
    Operator("floor_divide", "zip", NUMBERS, "positive", numba="x // y", in_place=False),
    Operator("remainder", "zip", NUMBERS, "positive", numba="x % y", in_place=False),
    Operator("maximum", "zip", ALL, numexpr="where(x > y, x, y)", numba="x if x > y else y", memory_bound=True),
    Operator("pow", "zip", FLOATS, "positive", numpy="power", numexpr="x ** y", numba="x ** y", in_place=False),
    Operator("less", "zip", ALL, numexpr="x < y", numba="x < y", in_place=False, memory_bound=True),
    Operator("equal", "zip", ALL, torch="eq", numexpr="x == y", numba="x == y", in_place=False, memory_bound=True),
    Operator("where", "select", ALL, numexpr="where(c, x, y)", numba="x if c else y", in_place=False,
             memory_bound=True),

    # PyTorch sums uint8 as int64, NumPy and the standard as uint64.
    Operator("sum", "reduction", WITH_BOOL, "positive", memory_bound=True),
    Operator("prod", "reduction", NUMBERS, "near one", memory_bound=True),
    # Of booleans, with data on which no library can short-circuit.
    Operator("max", "reduction", ALL, "any or false", torch="amax", memory_bound=True),
    Operator("min", "reduction", ALL, "any or true", torch="amin", memory_bound=True),
    # PyTorch's any and all of uint8 are uint8
    Operator("any", "reduction", WITH_BOOL, "zero", memory_bound=True),
    Operator("all", "reduction", WITH_BOOL, "one", memory_bound=True),
    Operator("argmax", "reduction", NUMBERS, memory_bound=True),
    Operator("argmin", "reduction", NUMBERS, memory_bound=True),
    Operator("mean", "reduction", FLOATS, "positive", memory_bound=True),
    # NumPy's variance divides by the number of elements, PyTorch's by default by one less.
    Operator("var", "reduction", FLOATS, torch="torch.var({operands}, correction=0{axis})"),

    Operator("cumulative_sum", "scan", NUMBERS, "positive", numpy="cumsum", torch="cumsum"),
    Operator("cumulative_prod", "scan", NUMBERS, "near one", numpy="cumprod", torch="cumprod"),
    Operator("cumulative_max", "scan", NUMBERS, numpy="np.maximum.accumulate({operands}{axis}{out})",
             torch="torch.cummax({operands}{axis}).values"),
    Operator("cumulative_min", "scan", NUMBERS, numpy="np.minimum.accumulate({operands}{axis}{out})",
             torch="torch.cummin({operands}{axis}).values"),

    Operator("copy", "copy", ALL, aotops="ao.astype({x}, {x}.dtype)", numpy="{x}.copy()",
             torch="{x}.clone(memory_format=torch.contiguous_format)", memory_bound=True),

    Operator("sort", "routine", BYTES, aotops="ao.sort({x})", numpy="np.sort({x})", torch="torch.sort({x}).values"),
    Operator("argsort", "routine", BYTES, aotops="ao.argsort({x})", numpy="np.argsort({x}, kind='stable')",
             torch="torch.argsort({x}, stable=True)"),
    Operator("unique", "routine", BYTES, aotops="ao.unique_values({x})", numpy="np.unique({x})",
             torch="torch.unique({x})"),
    Operator("searchsorted", "routine", NUMBERS, "ascending", others="y", aotops="ao.searchsorted({x}, y)",
             numpy="np.searchsorted({x}, y)", torch="torch.searchsorted({x}, y)"),
    Operator("take", "routine", ALL, others="p", aotops="ao.take({x}, p)", numpy="np.take({x}, p)",
             torch="torch.take({x}, p)", memory_bound=True),
    Operator("mask", "routine", ALL, others="m", aotops="{x}[m]", numpy="{x}[m]", torch="{x}[m]", memory_bound=True),
    Operator("concat", "routine", ALL, others="z", aotops="ao.concat([{x}, z])", numpy="np.concatenate([{x}, z])",
             torch="torch.cat([{x}, z])", memory_bound=True),
    Operator("matmul", "product", FLOATS, "positive"),
)
# fmt: on

#: Not measured: a part of another operator, one that differs from one above in a detail, or one that no peer has.
LEFT_OUT = frozenset({"fma", "lerp", "less_equal", "greater", "greater_equal", "not_equal"})


def operators() -> tuple[Operator, ...]:
    """A row for every public operator of aotops, in the order of its records, and those that are no operators."""
    by_hand = {operator.name: operator for operator in BY_HAND}
    records = [record for name, record in ops.collect().items() if "." not in name and not name.startswith("_")]
    rows = {record.name: row(record) for record in records if record.name not in LEFT_OUT}
    return tuple({**rows, **by_hand}.values())


OPERATORS = operators()
