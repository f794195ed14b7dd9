"""What functions of whole arrays cannot have or call, and what to write instead.

The compiler rejects it (``aotops.aot.arrays.functions``), and ``aotops port`` finds it in sources (``aotops.porting``).
"""

from __future__ import annotations

#: Instructions of what functions of arrays cannot have, and what to write instead.
REJECTED = {
    "@=": ("a @=", "write out[:] = out @ a"),
    "BUILD_SET": ("a set", "write a sorted array"),
    "SET_ADD": ("a set", "write a sorted array"),
    "BUILD_MAP": ("a dict", "write an array that an integer indexes, or two arrays and a search"),
    "BUILD_CONST_KEY_MAP": ("a dict", "write an array that an integer indexes, or two arrays and a search"),
    "MAP_ADD": ("a dict", "write an array that an integer indexes, or two arrays and a search"),
    "FORMAT_VALUE": ("a formatted string", "messages are constants: raise ValueError('...')"),
    "FORMAT_SIMPLE": ("a formatted string", "messages are constants: raise ValueError('...')"),
    "FORMAT_WITH_SPEC": ("a formatted string", "messages are constants: raise ValueError('...')"),
    "BUILD_STRING": ("a formatted string", "messages are constants: raise ValueError('...')"),
    "BEFORE_WITH": ("a with statement", "leave it out"),
    "PUSH_EXC_INFO": ("a try", "write a condition before the statement that would raise"),
    "IMPORT_NAME": ("an import", "import at the top of the module"),
    "STORE_GLOBAL": ("an assignment to a global variable", "return the value: kernels run on several threads at once"),
    "DELETE_GLOBAL": ("a del of a global variable", "leave it out"),
    "YIELD_VALUE": ("a yield", "write the values to an array"),
    "BUILD_CLASS": ("a class", "write functions"),
}

#: What is wrong with what calls these libraries or makes random numbers, and what to write instead.
PRODUCTS = "it calls BLAS, which wheels would have to contain; write np.dot, @ or loops"
LINEAR_ALGEBRA = "it calls LAPACK, which wheels would have to contain; compute it outside of the kernel"
RANDOM = (
    "it draws random numbers; pass random numbers, or compute them from a key and a counter, "
    "as docs/array-kernels.md shows"
)

#: What functions of arrays cannot call, by the beginning of its name, and what to write instead.
NOT_CALLED = {
    "builtins.print": "it is for people: return what is to be printed",
    "builtins.dict": "write an array that an integer indexes",
    "builtins.set": "write a sorted array",
    "builtins.open": "read files outside of the kernel",
    "builtins.eval": "write a function",
    "builtins.exec": "write a function",
    "builtins.id": "objects have no address in kernels",
    "random.": RANDOM,
    "numpy.random.": RANDOM,
    "numpy.linalg.": LINEAR_ALGEBRA,
    "numpy.roots": LINEAR_ALGEBRA,
    "numpy.lib.stride_tricks.": "its indices could not be checked; write indices",
    "numpy.lib._stride_tricks_impl.": "its indices could not be checked; write indices",
    "numpy.frombuffer": "its indices could not be checked; pass an array",
    "numba.carray": "pass an array",
    "numba.farray": "pass an array",
    "numba.core.": "it is of Numba itself; write Python",
    "numba.typed.": "write arrays, or lists of numbers",
    "ctypes.": "write Python",
    "time.": "measure outside of the kernel",
    "os.": "do it outside of the kernel",
}

#: What they can call although a name begins so.
CALLED = frozenset({"numpy.linalg.norm"})

#: The exceptions that kernels may raise: those of Python that have a message alone, and classes that inherit from them.
RAISED = (
    *("ArithmeticError", "AssertionError", "Exception", "FloatingPointError", "IndexError", "KeyError", "LookupError"),
    *("MemoryError", "NotImplementedError", "OverflowError", "RecursionError", "RuntimeError", "TypeError"),
    *("ValueError", "ZeroDivisionError"),
)
