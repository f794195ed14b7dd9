"""What `python -m benchmarks.ops` measures: one row for each operator, from which cells, calls and data are derived."""

from dataclasses import dataclass

FLOATS = ("float64", "float32")
NUMBERS = (*FLOATS, "int64")
ALL = (*NUMBERS, "bool")


@dataclass(frozen=True)
class Operator:
    """One operator and how each library spells it.

    A spelling is the name of a function, or a template of an expression with `{operands}` (all of them),
    `{x}` (the first one), `{axis}` and `{out}` (the keywords with a comma before them, or nothing). Those of
    numexpr and Numba are plain expressions in `x`, `y` and `c`; an empty one says that there is no natural one.
    """

    name: str
    kind: str
    """`map`, `zip`, `select` (a condition and two operands), `reduction`, `scan` or `copy`."""
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
    memory_bound: bool = False
    """Is it so little work for each element that on large arrays the memory is what limits it?"""

    @property
    def compares(self) -> bool:
        """True where results are bool whatever the operands are."""
        return self.name in ("less", "equal")

    def spelling(self, library: str) -> str:
        """The library's spelling."""
        return getattr(self, library) or self.name


# fmt: off
OPERATORS = (
    Operator("negative", "map", NUMBERS, numexpr="-x", numba="-x", memory_bound=True),
    Operator("abs", "map", NUMBERS, numexpr="abs(x)", numba="abs(x)", memory_bound=True),
    Operator("sqrt", "map", FLOATS, "positive", numexpr="sqrt(x)", numba="math.sqrt(x)"),
    Operator("exp", "map", FLOATS, numexpr="exp(x)", numba="math.exp(x)", in_place=False),
    Operator("log", "map", FLOATS, "positive", numexpr="log(x)", numba="math.log(x)", in_place=False),
    Operator("sin", "map", FLOATS, numexpr="sin(x)", numba="math.sin(x)"),
    Operator("cos", "map", FLOATS, numexpr="cos(x)", numba="math.cos(x)"),
    Operator("asin", "map", FLOATS, "within one", numpy="arcsin", numexpr="arcsin(x)", numba="math.asin(x)",
             in_place=False),
    Operator("acos", "map", FLOATS, "within one", numpy="arccos", numexpr="arccos(x)", numba="math.acos(x)",
             in_place=False),
    Operator("atan", "map", FLOATS, numpy="arctan", numexpr="arctan(x)", numba="math.atan(x)"),
    Operator("tanh", "map", FLOATS, numexpr="tanh(x)", numba="math.tanh(x)"),
    Operator("log1p", "map", FLOATS, "positive", numexpr="log1p(x)", numba="math.log1p(x)", in_place=False),
    Operator("expm1", "map", FLOATS, numexpr="expm1(x)", numba="math.expm1(x)", in_place=False),
    # NumPy has none; this is what says what is right.
    Operator("erf", "map", FLOATS, numpy="np.vectorize(math.erf, otypes=[{x}.dtype])({x})", numba="math.erf(x)"),
    Operator("sigmoid", "map", FLOATS, numpy="1 / (1 + np.exp(-{x}))",
             numexpr="1 / (1 + exp(-x))", numba="1 / (1 + math.exp(-x))"),
    # What torch.relu calls, and unlike it this takes `out`.
    Operator("relu", "map", NUMBERS, numpy="np.maximum({x}, 0{out})", torch="torch.clamp_min({x}, 0{out})",
             numexpr="where(x > 0, x, 0)", numba="x if x > 0 else 0", memory_bound=True),
    Operator("clip", "map", NUMBERS, arguments=", -1, 1",
             numexpr="where(x < -1, -1, where(x > 1, 1, x))", numba="-1 if x < -1 else (1 if x > 1 else x)",
             memory_bound=True),

    Operator("add", "zip", NUMBERS, numexpr="x + y", numba="x + y", memory_bound=True),
    Operator("subtract", "zip", NUMBERS, numexpr="x - y", numba="x - y", memory_bound=True),
    Operator("multiply", "zip", NUMBERS, numexpr="x * y", numba="x * y", memory_bound=True),
    Operator("divide", "zip", FLOATS, "positive", numexpr="x / y", numba="x / y", memory_bound=True),
    Operator("maximum", "zip", ALL, numexpr="where(x > y, x, y)", numba="x if x > y else y", memory_bound=True),
    Operator("pow", "zip", FLOATS, "positive", numpy="power", numexpr="x ** y", numba="x ** y", in_place=False),
    Operator("atan2", "zip", FLOATS, numpy="arctan2", numexpr="arctan2(x, y)", numba="math.atan2(x, y)"),
    Operator("less", "zip", ALL, numexpr="x < y", numba="x < y", in_place=False, memory_bound=True),
    Operator("equal", "zip", ALL, torch="eq", numexpr="x == y", numba="x == y", in_place=False, memory_bound=True),
    Operator("where", "select", ALL, numexpr="where(c, x, y)", numba="x if c else y", in_place=False,
             memory_bound=True),

    Operator("sum", "reduction", ALL, "positive", memory_bound=True),
    Operator("prod", "reduction", NUMBERS, "near one", memory_bound=True),
    # Of booleans, with the data that let nobody stop early.
    Operator("max", "reduction", ALL, "any or false", torch="amax", memory_bound=True),
    Operator("min", "reduction", ALL, "any or true", torch="amin", memory_bound=True),
    Operator("any", "reduction", ALL, "zero", memory_bound=True),
    Operator("all", "reduction", ALL, "one", memory_bound=True),
    Operator("argmax", "reduction", NUMBERS, memory_bound=True),
    Operator("argmin", "reduction", NUMBERS, memory_bound=True),
    Operator("mean", "reduction", FLOATS, "positive", memory_bound=True),
    # NumPy's variance divides by the number of elements, PyTorch's by one less unless told.
    Operator("var", "reduction", FLOATS, torch="torch.var({operands}, correction=0{axis})"),

    Operator("cumulative_sum", "scan", NUMBERS, "positive", numpy="cumsum", torch="cumsum"),
    Operator("cumulative_prod", "scan", NUMBERS, "near one", numpy="cumprod", torch="cumprod"),

    Operator("copy", "copy", ALL, aotops="ao.astype({x}, {x}.dtype)", numpy="{x}.copy()",
             torch="{x}.clone(memory_format=torch.contiguous_format)", memory_bound=True),
)
# fmt: on
