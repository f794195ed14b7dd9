"""Generating the C header of the definitions in ``aotops.abi``: enums, the union of elements, promotion."""

from __future__ import annotations

from collections.abc import Iterable

from aotops import abi
from aotops.abi import DTYPES, DtypeFact
from aotops.encode import stable_code
from aotops.errors import BuildError

#: The generated file, in the build's folder, which ``native/kernel.h`` includes.
FILE = "aot_generated.h"


def dtype_code(dtype: str) -> str:
    """Return the name of a dtype in C's enum."""
    return f"AOT_{dtype.upper()}"


def c_type(fact: DtypeFact) -> str:
    """Return the C type of an element."""
    if fact.kind in ("real", "complex"):
        real = "float" if fact.bits == (32 if fact.kind == "real" else 64) else "double"
        return real if fact.kind == "real" else f"struct {{ {real} real, imaginary; }}"
    return f"{'' if fact.kind == 'signed' else 'u'}int{fact.bits}_t"


def c_format(fact: DtypeFact) -> str:
    """Return the format character of the buffer protocol; 64-bit integers are long where NumPy's are."""
    return f"AOT_{fact.name.upper()}_FORMAT" if fact.format in ("q", "Q") else f'"{fact.format}"'


def enum(name: str, members: Iterable[str], last: str | None = None) -> str:
    """Return an enum; ``last`` names the number of its members."""
    return f"enum {name} {{ {', '.join([*members, *([last] if last else [])])} }};"


def each(name: str, facts: Iterable[DtypeFact]) -> str:
    """Return a macro that expands X for some dtypes."""
    rows = [
        f"X({dtype_code(fact.name)}, as_{fact.name}, {fact.name}, AOT_KIND_{fact.kind.upper()}, "
        f"AOT_CATEGORY_{fact.category.upper()}, {fact.itemsize}, {c_format(fact)}, {stable_code(fact.name):#04x})"
        for fact in facts
    ]
    return f"#define {name}(X) " + " ".join(["\\\n    " + row for row in rows])


def matrix(name: str, rows: Iterable[Iterable[str]]) -> str:
    """Return a macro that initializes a matrix."""
    return f"#define {name} {{ " + ", ".join(["\\\n    {" + ", ".join(row) + "}" for row in rows]) + " }"


def require_closed() -> None:
    """Raise ``BuildError`` if two dtypes promote to one that is not supported."""
    for a in abi.NAMES:
        for b in (*abi.NAMES, *[abi.DEFAULTS[category] for category in abi.CATEGORIES[:3]]):
            if abi.promote(a, b) not in abi.FACTS:
                raise BuildError(f"aotops.abi: {a} and {b} promote to {abi.promote(a, b)}, which has no row in DTYPES")


def header() -> str:
    """The text of the header."""
    require_closed()
    names = abi.NAMES
    weak = [
        [
            dtype_code(weak) if (weak := abi.promote_number(name, category)) in abi.FACTS else "AOT_NO_DTYPE"
            for name in names
        ]
        for category in abi.CATEGORIES
    ]
    fields = [f"    {c} {name}; /* {meaning} */" for name, c, meaning in abi.OPERATOR_FIELDS]
    arrays = [f"    uint8_t {name}[{length}]; /* {meaning} */" for name, length, meaning in abi.OPERATOR_ARRAYS]
    longs = [fact for fact in DTYPES if fact.format in ("q", "Q")]
    return "\n".join(
        [
            "/* Generated from aotops.abi by aotops.aot.pack.header: the facts that Python and C share. */",
            "#ifndef AOT_GENERATED_H",
            "#define AOT_GENERATED_H",
            "",
            "#include <limits.h>",
            "#include <stdint.h>",
            "",
            f"#define AOT_MAX_RANK {abi.MAX_RANK}",
            f"#define AOT_MAX_OPERANDS {abi.MAX_OPERANDS} /* inputs and outputs */",
            f"#define AOT_MAX_STATES {abi.MAX_STATES}",
            f"#define AOT_MAX_LEVELS {abi.MAX_LEVELS}",
            f"#define AOT_ELEMENT_BYTES {abi.ELEMENT_BYTES}",
            f"#define AOT_NO_DTYPE {abi.NO_DTYPE}",
            f"#define AOT_INDEX {abi.INDEX_CODE} /* of an input that is a position, an int64 */",
            "",
            enum("aot_dtype", map(dtype_code, names), "AOT_N_DTYPES"),
            enum("aot_number_kind", [f"AOT_KIND_{kind.upper()}" for kind in abi.KINDS_OF_NUMBERS]),
            enum("aot_category", [f"AOT_CATEGORY_{name.upper()}" for name in abi.CATEGORIES], "AOT_N_CATEGORIES"),
            enum("aot_kind", [f"AOT_{kind.upper()}" for kind in abi.KINDS], "AOT_N_KINDS"),
            "/* How a reduction or a scan is done again where a part of it has overflowed. */",
            enum("aot_retry", [f"AOT_RETRY_{retry.upper()}" for retry in abi.RETRIES], "AOT_N_RETRIES"),
            "/* Python's special methods that an operator can stand behind. */",
            enum("aot_slot", [f"AOT_SLOT_{slot.upper()}" for slot in ("none", *abi.SLOTS)], "AOT_N_SLOTS"),
            "/* Where the elements are in a variant's constants; defaults of the inputs follow. */",
            enum(
                "aot_constant", [f"AOT_CONSTANT_{name.upper()}" for name, _ in abi.CONSTANTS], "AOT_CONSTANT_DEFAULTS"
            ),
            "",
            "#if LONG_MAX == INT64_MAX",
            *[f'#define AOT_{fact.name.upper()}_FORMAT "{"l" if fact.format == "q" else "L"}"' for fact in longs],
            "#else",
            *[f'#define AOT_{fact.name.upper()}_FORMAT "{fact.format}"' for fact in longs],
            "#endif",
            "",
            "/* X(code, member of aot_element, name, kind, category, bytes, buffer format, code in aotops_kernel.h) */",
            each("AOT_EACH_DTYPE", DTYPES),
            *[
                each(f"AOT_EACH_{kind.upper()}", [fact for fact in DTYPES if fact.kind == kind])
                for kind in abi.KINDS_OF_NUMBERS
            ],
            "",
            "/* One element of any dtype. */",
            "typedef union {",
            "    unsigned char bytes[AOT_ELEMENT_BYTES];",
            *[f"    {c_type(fact)} as_{fact.name};" for fact in DTYPES],
            "} aot_element;",
            "",
            "/* By two dtypes: the one that holds the values of both. */",
            matrix("AOT_PROMOTION", [[dtype_code(abi.promote(a, b)) for b in names] for a in names]),
            "/* By a category of Python's numbers, which are weak, and a dtype: what the two compute in. */",
            matrix("AOT_WEAK_PROMOTION", weak),
            "/* By the dtype of a result and that of `out`: whether it may be stored there. */",
            matrix("AOT_CAN_CAST", [[str(int(abi.can_cast(a, b))) for b in names] for a in names]),
            "/* By two dtypes: whether elements of the first can be converted to the second. */",
            matrix("AOT_CONVERTS", [[str(int(abi.converts(a, b))) for b in names] for a in names]),
            "/* By a category of Python's numbers: their dtype by themselves. */",
            "#define AOT_DEFAULT_DTYPES { "
            + ", ".join(
                dtype_code(name) if (name := abi.DEFAULTS[category]) in abi.FACTS else "AOT_NO_DTYPE"
                for category in abi.CATEGORIES
            )
            + " }",
            "",
            "/* What `aotops.encode` says of an operator: F(field) is a number, A(field) an array of bytes. */",
            "#define AOT_TRAITS \\",
            *[f"{line} \\" for line in (*fields, *arrays)],
            "",
            "#define AOT_EACH_FIELD(F, A) "
            + " ".join(
                [f"F({name})" for name, *_ in abi.OPERATOR_FIELDS] + [f"A({name})" for name, *_ in abi.OPERATOR_ARRAYS]
            ),
            "",
            *[
                f"#define {macro}(X) " + " ".join(f"X({slot.upper()}, {slot})" for slot in slots)
                for macro, slots in (
                    # not power, to which Python passes a modulus, too
                    (
                        "AOT_EACH_BINARY_SLOT",
                        [slot for slot, each in abi.SLOTS.items() if len(each) == 3 and slot != "power"],
                    ),
                    (
                        "AOT_EACH_UNARY_SLOT",
                        [slot for slot in abi.SLOTS if slot not in abi.COMPARISONS and len(abi.SLOTS[slot]) == 1],
                    ),
                )
            ],
            "",
            "#endif",
            "",
        ]
    )
