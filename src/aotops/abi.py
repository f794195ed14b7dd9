"""The definitions shared by Python, C and the build: dtypes, promotion, slots, kinds of operators, limits.

``aotops.aot.pack.header`` generates the C header from them. A row of ``DTYPES`` is a dtype: its enum, the union of
elements, its buffer format, the promotion matrix, the casting kernels and the stubs follow from it.
"""

from __future__ import annotations


class DtypeFact:
    """One dtype.

    Attributes:
        name: as in ``aotops.float32``, and in Numba and NumPy.
        kind: one of ``KINDS_OF_NUMBERS``.
        bits: the width of an element.
    """

    __slots__ = ("bits", "kind", "name")

    def __init__(self, kind: str, bits: int) -> None:
        prefix = {"bool": "bool", "signed": "int", "unsigned": "uint", "real": "float", "complex": "complex"}[kind]
        self.name = prefix if kind == "bool" else f"{prefix}{bits}"
        self.kind, self.bits = kind, bits

    def __repr__(self) -> str:
        return self.name

    @property
    def itemsize(self) -> int:
        """Bytes in one element."""
        return self.bits // 8

    @property
    def category(self) -> str:
        """The value of ``DType.kind``; each category corresponds to a Python number type."""
        return {"signed": "integer", "unsigned": "integer", "real": "float"}.get(self.kind, self.kind)

    @property
    def format(self) -> str:
        """The format of ``struct`` and ``memoryview`` for an element; a complex dtype has two letters."""
        codes = {"signed": "bhiq", "unsigned": "BHIQ"}
        if self.kind in codes:
            return codes[self.kind][self.itemsize.bit_length() - 1]
        return {"bool": "?", "real": "f" if self.bits == 32 else "d", "complex": "Zf" if self.bits == 64 else "Zd"}[
            self.kind
        ]

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest number of an integer dtype, or of bool."""
        if self.kind == "signed":
            return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1
        return 0, 1 if self.kind == "bool" else 2**self.bits - 1

    def wrapped(self, number: int) -> int:
        """Wrap an integer around to an integer dtype, keeping its low bits.

        >>> DtypeFact("unsigned", 8).wrapped(300), DtypeFact("signed", 8).wrapped(200)
        (44, -56)
        """
        least, _ = self.bounds
        return (number - least) % (1 << self.bits) + least


#: Not an order: int64 holds every uint32, and no integer dtype holds both int64 and uint64.
KINDS_OF_NUMBERS = ("bool", "unsigned", "signed", "real", "complex")

#: The categories in Python's order: each of Python's number types holds the values of those before it.
CATEGORIES = ("bool", "integer", "float", "complex")

#: The supported dtypes, in the order in which they are listed and printed.
DTYPES = (
    DtypeFact("bool", 8),
    *[DtypeFact("signed", bits) for bits in (8, 16, 32, 64)],
    *[DtypeFact("unsigned", bits) for bits in (8, 16, 32, 64)],
    *[DtypeFact("real", bits) for bits in (32, 64)],
    *[DtypeFact("complex", bits) for bits in (64, 128)],
)

#: The dtypes by their names.
FACTS = {fact.name: fact for fact in DTYPES}

#: The dtypes' names in the order of their codes.
NAMES = tuple(FACTS)

#: The default dtype of a Python number of each category.
DEFAULTS = {"bool": "bool", "integer": "int64", "float": "float64", "complex": "complex128"}

#: The size in bytes of the largest element.
ELEMENT_BYTES = 16


def computed(dtype: str) -> str:
    """Return the dtype in which kernels compute: integers of fewer than 64 bits are promoted to int64, as to int in C.

    Storing a result keeps its low bits, so sums, differences and products wrap around as in NumPy.
    """
    fact = FACTS[dtype]
    return DEFAULTS["integer"] if fact.category == "integer" and fact.bits < 64 else dtype


def named(*kinds: str) -> tuple[str, ...]:
    """Return the names of the dtypes of some kinds."""
    return tuple([fact.name for fact in DTYPES if fact.kind in kinds])


# --- promotion ------------------------------------------------------------------------------------------------------


def promoted(a: DtypeFact, b: DtypeFact) -> tuple[str, int]:
    """Return the kind and the width of the dtype that two promote to, as defined by ``numpy.result_type``.

    Integers promote to the smallest integer dtype that holds both, or to float64 if there is none. With a float, an
    integer of up to 16 bits counts as a float32, wider ones as a float64.

    >>> promoted(DtypeFact("signed", 8), DtypeFact("unsigned", 8))
    ('signed', 16)
    >>> promoted(DtypeFact("signed", 64), DtypeFact("unsigned", 64))
    ('real', 64)
    """
    if a.kind == b.kind:
        return a.kind, max(a.bits, b.bits)
    low, high = sorted((a, b), key=lambda fact: KINDS_OF_NUMBERS.index(fact.kind))
    if low.kind == "bool":
        return high.kind, high.bits
    if low.kind == "unsigned" and high.kind == "signed":
        bits = max(high.bits, 2 * low.bits)
        return ("signed", bits) if bits <= 64 else ("real", 64)
    if low.kind in ("unsigned", "signed"):
        # float32 holds 16-bit integers; float64 is used for 64-bit integers, too, although it does not hold all
        parts = 2 if high.kind == "complex" else 1
        real = max(high.bits // parts, 32 if low.bits <= 16 else 64)
        return high.kind, real * parts
    return "complex", max(high.bits, 2 * low.bits)  # of a real and a complex


def promote(*dtypes: str) -> str:
    """Return the name of the dtype that some promote to.

    Floats come first, since each integer is promoted with them by itself: int16 and uint16 alone would be an int32.

    >>> promote("int64", "float32"), promote("int16", "uint16", "float32")
    ('float64', 'float32')
    """
    first, *others = sorted([FACTS[name] for name in dtypes], key=lambda fact: -KINDS_OF_NUMBERS.index(fact.kind))
    for fact in others:
        first = DtypeFact(*promoted(first, fact))
    return first.name


def promote_number(dtype: str, category: str) -> str:
    """Return the name of the dtype that a tensor and a Python number of a category, which is weak, promote to.

    >>> promote_number("float32", "integer"), promote_number("bool", "float")
    ('float32', 'float64')
    """
    own = FACTS[dtype]
    if CATEGORIES.index(category) <= CATEGORIES.index(own.category):
        return dtype
    if category == "complex" and own.category == "float":
        return DtypeFact("complex", 2 * own.bits).name
    return DEFAULTS[category]


def holding(dtype: str) -> tuple[str, ...]:
    """Return the other dtypes that hold all values of one, in order of preference.

    Inputs of a dtype without a kernel are cast to the first of them that has one.

    >>> holding("int64"), holding("float64")
    (('float64', 'complex128'), ('complex128',))
    """

    def preference(fact: DtypeFact) -> tuple[int, bool, int]:
        return CATEGORIES.index(fact.category), DEFAULTS[fact.category] != fact.name, fact.bits

    found = [fact for fact in DTYPES if fact.name != dtype and promote(dtype, fact.name) == fact.name]
    return tuple([fact.name for fact in sorted(found, key=preference)])


def converts(source: str, target: str) -> bool:
    """Return whether elements of a dtype can be converted to another: not complex ones to real ones, but to bool."""
    return FACTS[source].kind != "complex" or FACTS[target].kind in ("complex", "bool")


def parts(dtype: str) -> str:
    """Return the dtype of the real and the imaginary part of a complex dtype; a real dtype itself."""
    fact = FACTS[dtype]
    return f"float{fact.bits // 2}" if fact.kind == "complex" else dtype


def can_cast(source: str, target: str) -> bool:
    """Return whether ``out`` of a dtype accepts results of another: NumPy's rule "same_kind".

    A kind accepts the kinds before it, of any width; unsigned integers do not accept signed ones.

    >>> can_cast("float64", "float32"), can_cast("float32", "int64"), can_cast("int64", "float32")
    (True, False, True)
    """
    return KINDS_OF_NUMBERS.index(FACTS[source].kind) <= KINDS_OF_NUMBERS.index(FACTS[target].kind)


# --- operators ------------------------------------------------------------------------------------------------------

#: The kinds of operators in the glue, in the order of their codes; maps and zips are one kind.
KINDS = ("elementwise", "reduce", "argreduce", "scan")

#: The kinds whose operators combine elements along an axis.
AXIS_KINDS = KINDS[1:]

#: How a reduction or a scan of floats is done again where a part of it has overflowed or underflowed
#: (``aotops.retry``), in the order of their codes: not at all; with elements scaled, as sums are; with exponents apart,
#: as products are; by whoever called it.
RETRIES = ("none", "scaled", "apart", "noted")

#: Python's special methods that an operator can implement: plain, reflected, in place. The comparisons are in the
#: order of Python's C API.
SLOTS = {
    "add": ("__add__", "__radd__", "__iadd__"),
    "subtract": ("__sub__", "__rsub__", "__isub__"),
    "multiply": ("__mul__", "__rmul__", "__imul__"),
    "true_divide": ("__truediv__", "__rtruediv__", "__itruediv__"),
    "power": ("__pow__", "__rpow__", "__ipow__"),
    "floor_divide": ("__floordiv__", "__rfloordiv__", "__ifloordiv__"),
    "remainder": ("__mod__", "__rmod__", "__imod__"),
    "and": ("__and__", "__rand__", "__iand__"),
    "or": ("__or__", "__ror__", "__ior__"),
    "xor": ("__xor__", "__rxor__", "__ixor__"),
    "lshift": ("__lshift__", "__rlshift__", "__ilshift__"),
    "rshift": ("__rshift__", "__rrshift__", "__irshift__"),
    "negative": ("__neg__",),
    "positive": ("__pos__",),
    "invert": ("__invert__",),
    "absolute": ("__abs__",),
    "lt": ("__lt__",),
    "le": ("__le__",),
    "eq": ("__eq__",),
    "ne": ("__ne__",),
    "gt": ("__gt__",),
    "ge": ("__ge__",),
}
COMPARISONS = ("lt", "le", "eq", "ne", "gt", "ge")

#: The largest rank of a tensor.
MAX_RANK = 32
#: The most inputs and results of an operator together.
MAX_OPERANDS = 16
#: The most numbers in the state of a reduction or a scan: count, mean and the sums of three powers of deviations.
MAX_STATES = 5
#: The most CPU levels that kernels are compiled for.
MAX_LEVELS = 3

#: The dtype code for no dtype.
NO_DTYPE = 255

#: The dtype of an input that is a position, an int64, instead of an operand in memory; and its code.
INDEX = "index"
INDEX_CODE = 254

# --- the fields of an operator in C ---------------------------------------------------------------------------------

#: The fields of an operator in C beside its names and variants, each with its C type and meaning, and for an array the
#: name of its length. ``aotops.encode`` fills them in this order, for built-in and user-defined operators.
OPERATOR_FIELDS = (
    ("kind", "uint8_t", "enum aot_kind"),
    ("inputs", "uint8_t", "number of inputs"),
    ("outputs", "uint8_t", "number of outputs, 1 but for elementwise operators that return a tuple"),
    ("returns_tuple", "uint8_t", "of one output or several"),
    ("slot", "uint8_t", "enum aot_slot"),
    ("is_method", "uint8_t", "also a method of Tensor"),
    ("compute_bound", "uint8_t", "strided elements are worth copying for the sake of whole vectors"),
    ("unbounded", "uint8_t", "one element may take any time: a user-defined operator has loops of unknown length"),
    ("has_identity", "uint8_t", "axis kinds: an empty axis has a result"),
    ("takes_dtype", "uint8_t", "reductions and scans: may be told in which dtype to compute"),
    ("has_absorbing", "uint8_t", "reductions: some result ends the work early"),
    ("states", "uint8_t", "reductions and scans: the numbers in a state; 0 if the state is a result"),
    ("retry", "uint8_t", "reductions and scans: enum aot_retry"),
    ("redoes", "uint8_t", "reductions: enum aot_retry, of those that this one is the first to do again"),
    ("optional", "uint16_t", "inputs that may be left out, as a bit mask"),
    ("reads", "uint16_t", "derivatives: the inputs that the formula reads, as a bit mask; 0: not known yet"),
    ("passes", "uint16_t", "derivatives: the results that are the incoming gradient itself, as a bit mask"),
)
OPERATOR_ARRAYS = (
    (
        "fixed",
        "AOT_MAX_OPERANDS",
        "dtypes of inputs whatever the others are; AOT_NO_DTYPE for those that promote together",
    ),
    ("casts", "AOT_N_DTYPES", "the dtype in which inputs of a dtype without a kernel compute, or AOT_NO_DTYPE"),
)

#: The constants of a variant, in the order in which C stores them; the defaults of the inputs follow, or the
#: numbers in the state of no elements.
CONSTANTS = (
    ("identity", "axis kinds: the value of an empty axis"),
    ("initial", "axis kinds: what a non-empty one begins with"),
    ("absorbing", "reductions: the result that nothing changes any more"),
)
