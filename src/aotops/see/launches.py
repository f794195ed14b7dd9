"""One launch, as the native module reports it: operands, plan, kernel, threads."""

from __future__ import annotations

from aotops import _native
from aotops.abi import FACTS, INDEX
from aotops.loops.plan import fields
from aotops.ops.record import has_widest_vectors, kernel_symbol

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from aotops._native import Operator
    from aotops.ops.record import Record

    ArrayKernel = tuple[str, str, str, int, int, int, tuple[str, ...]]
    #: What ``native/see.c`` reports: the operator (None: a copy; of a routine its name, the size of the elements that
    #: it moves, how many threads it may use, and the blocks of a product of matrices; of an array kernel its name, its
    #: symbol, its level, whether the contiguous version runs, how many threads the batch and its loops may use, and the
    #: names of its inputs), the number of inputs, whether it is compute-bound,
    #: the operands (dtype in memory, dtype in the kernel, strides; of an array kernel also its shape, and whether it
    #: is written), the shape, the plan up to the operands' strides
    #: (None: a fast path), the most threads (0: not known yet), begin and end in nanoseconds, the thread, and what each
    #: thread of the pool has done (its number, its parts, its begin and end, the nanoseconds that they took).
    Routine = tuple[str, int, int, tuple[int, int, int, int] | None]
    Report = tuple[
        Operator | Routine | ArrayKernel | None,
        int,
        int,
        tuple[tuple[Any, ...], ...],
        tuple[int, ...],
        bytes | None,
        int,
        int,
        int,
        int,
        list[tuple[int, int, int, int, int]] | None,
    ]

#: The widest vectors that kernels of a CPU level use, in bits: usually, and in kernels that gain from the widest.
VECTOR_BITS = {"x86-64-v2": (128, 128), "x86-64-v3": (256, 256), "x86-64-v4": (256, 512), "generic": (128, 128)}

#: The roles of operands in a plan, by their codes in ``fields``.
ROLES = {
    fields.PLAIN: "plain",
    fields.PACK: "packed",
    fields.CAST: "cast",
    fields.INDEX: "index",
    fields.PACK_AND_CAST: "packed, cast",
}


_LENGTHS = dict(fields.FIELDS)


class Plan:
    """The fields of a plan, by their names in ``loops/plan/fields.py``."""

    def __init__(self, data: bytes) -> None:
        self.cells = memoryview(data).cast("q")

    def __getattr__(self, name: str) -> Any:
        start, lengths = getattr(fields, name.upper()), _LENGTHS[name]
        return self.cells[start : start + lengths[0]].tolist() if lengths else self.cells[start]

    def space(self, axes: Sequence[int], operands: int) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
        """The lengths of some axes of the simplified space, and the strides of each operand along them."""
        starts = [fields.STRIDES + k * fields.ROW for k in range(operands)]
        return tuple([self.cells[fields.SHAPE + axis] for axis in axes]), [
            tuple([self.cells[start + axis] for axis in axes]) for start in starts
        ]


class Operand:
    """One operand of a launch.

    Attributes:
        name: the operator's parameter, or ``out``.
        dtype: of its elements in memory.
        kernel_dtype: of the elements that the kernel reads or writes.
        role: ``plain`` (read or written in place), ``packed`` (copied to contiguous memory, tile by tile), ``cast`` (to
            the kernel's dtype, tile by tile), ``streamed`` (written past the caches), ``carried`` (the result of a
            reduction, kept while its elements are read), or ``index`` (a position: there are no elements in memory).
        shape: that of the launch; of an array kernel its own, with the batch.
        strides: in elements, along the axes of ``shape``.
        planned_strides: along the axes of ``Launch.planned_shape``.
        nbytes: how much memory its elements take, each counted once.
    """

    __slots__ = ("dtype", "kernel_dtype", "name", "nbytes", "planned_strides", "role", "shape", "strides")

    def __init__(
        self, name: str, dtype: str, kernel_dtype: str, strides: tuple[int, ...], shape: tuple[int, ...]
    ) -> None:
        self.name, self.dtype, self.kernel_dtype, self.strides, self.shape = name, dtype, kernel_dtype, strides, shape
        self.nbytes = _bytes_of(dtype, shape, strides)
        self.role = "plain" if dtype == kernel_dtype else "cast"
        self.planned_strides = strides

    def __repr__(self) -> str:
        return f"<Operand {self.name}: {self.dtype}, {self.role}, strides {self.strides}>"


class Launch:
    """One launch of a kernel: what is planned, and why.

    Attributes:
        operator: the operator's name; ``copy``, ``cast`` or ``fill`` where elements are copied; that of a routine, a
            compiled loop over whole arrays, such as ``matmul``, ``gather`` or ``sort_keys``.
        kind: ``map``, ``zip``, ``reduce``, ``argreduce``, ``scan``, ``copy``, ``routine``, ``array kernel`` or ``array
            function``.
        kernel: the kernel's symbol, which ``aotops kernels`` lists.
        level: the CPU level whose version of the kernel runs.
        vector_bits: how wide the vectors of the kernel may be.
        path: ``fast path``, a few elements in one call of the kernel without a plan, ``planned``, or ``routine``, which
            shares out its work itself; of an array kernel or function ``contiguous`` or ``strided``, the version of its
            code that runs.
        shape: of the iteration space, as it is passed to the planner: operands that are all contiguous are one axis. Of
            a product of matrices the last axis is the one that is summed over; of an array kernel, the batch.
        planned_shape: after axes are ordered by strides, those of length 1 dropped and neighbours merged.
        operands: inputs, then outputs, each an ``Operand``.
        tile: how many elements one call of the kernel covers at most, along the outer and the inner axis.
        tiles: how many tiles there are: of the kept axes, and of the reduced or scanned axis.
        parts: into how many parts the reduced axes are divided among threads.
        threads: how many threads the launch may use; whether it is worth it shows while it runs.
        most_threads: how many threads any operation may use, ``get_num_threads()``.
        threads_reason: why that many.
        bytes_read, bytes_written: of the operands in memory, each element counted once.
        streams: whether the output is written with streaming stores, past the caches.
        blocks: of a product of matrices, the most rows, columns and depth of a block, which ``parts`` counts; the parts
            of small matrices are several of them. None of others.
        flops: of a product of matrices, how many floating-point operations it takes; 0 of others.
    """

    def __init__(self, report: Report) -> None:
        launched, inputs, compute_bound, operands, self.shape, plan, most, *_ = report
        self.level = _native.cpu_level()
        self.compute_bound = bool(compute_bound)
        self.planned_shape = self.shape
        self.tile: tuple[int, ...] = (1, _product(self.shape))
        self.tiles: tuple[int, ...] = (1,)
        self.parts = self.threads = 1
        self.streams = False
        self.blocks: tuple[int, ...] | None = None
        self.flops = 0
        self.most_threads = most or _native.get_num_threads()
        if isinstance(launched, tuple) and len(launched) > 4:
            self._read_array_kernel(launched, inputs, operands)
            return
        operator: Operator | Routine | None = launched
        routine = operator if isinstance(operator, tuple) else None
        self.path = "routine" if routine else "fast path" if plan is None else "planned"
        self.operands = [
            Operand(name, own, kernel, strides, self.shape)
            for name, (own, kernel, strides) in zip(_names(operator, inputs, operands), operands, strict=True)
        ]
        self.inputs, self.outputs = self.operands[:inputs], self.operands[inputs:]
        self.operator, self.kind, self.kernel = _kernel(operator, self.inputs, self.outputs)
        if routine:
            from aotops.loops.routines import COMPUTE_BOUND

            self.compute_bound = self.operator in COMPUTE_BOUND
            for operand in self.operands:
                at_positions = self.operator in ("gather", "scatter", "scatter_add")
                if at_positions and operand.name in ("x", "out"):
                    operand.nbytes = FACTS[operand.dtype].itemsize * self.elements
        wide = self.compute_bound
        if not routine:
            dtypes, output = [each.kernel_dtype for each in self.inputs], self.outputs[0].kernel_dtype
            wide = has_widest_vectors(self.kind, dtypes, output, self.compute_bound)
        self.vector_bits = VECTOR_BITS[self.level][wide]
        if routine:
            self.threads = routine[2]
            if routine[3] is not None:
                *blocks, self.parts = routine[3]
                self.blocks = tuple(blocks)
                self.flops = 2 * self.elements * (4 if FACTS[self.inputs[0].dtype].kind == "complex" else 1)
            self.threads_reason = self._why(self.most_threads)
        elif plan is None:
            self.threads_reason = "a few elements take one call of the kernel, without a plan"
        else:
            self._read(Plan(plan))
        for operand in self.outputs:
            if self.kind in ("reduce", "argreduce"):
                operand.role = "carried"

    def _read_array_kernel(self, launched: ArrayKernel, inputs: int, operands: tuple[tuple[Any, ...], ...]) -> None:
        """Take over what is told of an array kernel, or of a whole-array function."""
        self.operator, symbol, self.level, contiguous, self.threads, loop_threads, parameters = launched
        is_function = inputs == len(operands)
        self.kind = "array function" if is_function else "array kernel"
        self.kernel = symbol if contiguous else f"{symbol[:-1]}s"  # as ``ArrayRecord.symbol`` has it
        self.path = "contiguous" if contiguous else "strided"
        self.compute_bound = True
        self.vector_bits = VECTOR_BITS[self.level][True]
        given = len(operands) if is_function else len(parameters)  # with those that a kernel writes in place
        names = [*parameters[:given], *_output_names(len(operands) - given)]
        self.operands = [Operand(name, *each[:4]) for name, each in zip(names, operands, strict=True)]
        self.inputs = self.operands[:given]
        self.outputs = [own for own, each in zip(self.operands, operands, strict=True) if each[4]]
        if self.threads > 1:
            self.threads_reason = "others join in once the rest of the batch would take longer than waking them"
        elif self.most_threads == 1:
            self.threads_reason = self._why(1)
        elif loop_threads > 1:
            self.threads = loop_threads
            self.threads_reason = "loops over prange, if there are any, may use them"
        elif self.elements == 1:
            self.threads_reason = "there is one item"
        else:
            self.threads_reason = "the batch is expected to take less time than waking another"

    def _read(self, plan: Plan) -> None:
        """Take over what the planner has written."""
        axes = [*range(plan.rank)]
        if self.kind == "scan":
            axes.append(len(self.shape) - 1)  # where the planner keeps the scanned axis
        self.planned_shape, strides = plan.space(axes, len(self.operands))
        for operand, own, role in zip(self.operands, strides, plan.roles, strict=False):
            operand.planned_strides, operand.role = own, ROLES[role]
        self.tile = tuple(plan.sizes)
        self.tiles = tuple(plan.tiles)
        if self.kind in ("map", "zip", "copy"):
            self.tiles = self.tiles[:1]
            self.streams = bool(plan.streams)
            if self.streams:
                self.outputs[0].role = "streamed"
        if self.kind in ("reduce", "argreduce"):
            self.parts = plan.parts
        self.threads = plan.threads
        self.threads_reason = self._why(plan.allowed)

    def _why(self, allowed: int) -> str:
        """Why no more threads are used, from what the planner was allowed and what it found useful."""
        if self.most_threads == 1:
            return "the limit is one (set_num_threads, the environment, or the CPUs that this process may use)"
        if self.elements < fields.GRAIN:
            return f"fewer than {fields.GRAIN:,} elements stay on the calling thread"
        if allowed < self.most_threads:
            return "the number of CPUs has not been asked for yet: this happens at a larger operation"
        if self.threads == 1:
            return "there is one tile, or one part" if self.kind != "routine" else "this step is not shared out"
        return "others join in once the rest of the work would take longer than waking them"

    @property
    def elements(self) -> int:
        """How many elements the iteration space has."""
        return _product(self.shape)

    @property
    def noun(self) -> str:
        """What the iteration space consists of: elements, or items of a batch."""
        return "item" if self.kind.startswith("array") else "element"

    def _use(self, operand: Operand) -> str:
        """How an operand is used, in words."""
        if self.noun == "item":
            return "written" if operand in self.outputs else "read"
        return _ROLES_IN_WORDS[operand.role].format(operand.kernel_dtype)

    @property
    def bytes_read(self) -> int:
        """Bytes of the inputs, each element counted once."""
        return sum([operand.nbytes for operand in self.inputs])

    @property
    def bytes_written(self) -> int:
        """Bytes of the outputs."""
        return sum([operand.nbytes for operand in self.outputs])

    @property
    def bytes_moved(self) -> int:
        """Bytes read and written."""
        return self.bytes_read + self.bytes_written

    @property
    def casts(self) -> list[tuple[str, str, str]]:
        """The operands that are cast, each with the dtype in memory and that of the kernel."""
        return [(each.name, each.dtype, each.kernel_dtype) for each in self.operands if each.dtype != each.kernel_dtype]

    def lines(self) -> Iterator[str]:
        """Yield the description, line by line."""
        path = "" if self.kind == "routine" else f", {self.path}"
        yield f"{self.operator}: {self.kind} of {counted(self.elements, self.noun)}{path}"
        lanes = [
            f"{self.vector_bits // FACTS[dtype].bits} {dtype}"
            for dtype in dict.fromkeys([operand.kernel_dtype for operand in self.operands])
            if dtype != INDEX
        ]
        compiled = f", for {self.level}; vectors of {self.vector_bits} bits ({', '.join(lanes)})"
        yield f"  kernel      {self.kernel}{compiled if self.kernel != MEMCPY else ' of the C library, row by row'}"
        simplified = "" if self.path != "planned" else f", planned as {dimensions(self.planned_shape)}"
        if self.noun == "element" or self.shape:
            yield f"  {'dimensions' if self.noun == 'element' else 'batch':10}  {dimensions(self.shape)}{simplified}"
        rows = [
            (each.name, each.dtype, "" if self.noun == "element" else f"shape {each.shape}", f"strides {each.strides}",
             f"-> {each.planned_strides}" if self.path == "planned" else "", self._use(each))
            for each in self.operands
        ]  # fmt: skip
        columns = [k for k in range(5) if any(row[k] for row in rows)]
        widths = {k: max([len(row[k]) for row in rows]) for k in columns}
        for number, row in enumerate(rows):
            cells = " ".join([row[k].ljust(widths[k]) for k in columns])
            yield f"  {'' if number else 'operands':10}  {cells}  {row[5]}".rstrip()
        if self.path == "planned":
            inside = f"{self.tile[0]} x {self.tile[1]} elements"
            if len(self.tiles) == 1:
                yield f"  tiles       {self.tiles[0]} of up to {inside}"
            else:
                along = "scanned" if self.kind == "scan" else "reduced"
                parts = f", in {counted(self.parts, 'part')}" if self.kind != "scan" else ""
                yield f"  tiles       {self.tiles[0]} kept x {self.tiles[1]} {along} of up to {inside}{parts}"
        if self.blocks is not None:
            inside = f"{dimensions(self.blocks[:2])}, {self.blocks[2]} deep"
            yield f"  blocks      {counted(self.parts, 'part')} of up to {inside}; {self.flops / 1e9:.3g} Gflop"
        yield f"  threads     {self.threads} of {self.most_threads}: {self.threads_reason}"
        stores = "; streaming stores" if self.streams else ""
        yield f"  memory      {amount(self.bytes_read)} read, {amount(self.bytes_written)} written{stores}"

    def __repr__(self) -> str:
        return "\n".join(self.lines())


_ROLES_IN_WORDS = {
    "plain": "plain",
    "packed": "packed: copied to contiguous memory, tile by tile",
    "cast": "cast to {}",
    "streamed": "streamed: written past the caches",
    "carried": "carried from tile to tile",
    "index": "index: positions, which are not in memory",
}


def _product(shape: tuple[int, ...]) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


def _bytes_of(dtype: str, shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """How much memory the elements of a view take, each counted once."""
    if dtype == INDEX or 0 in shape:
        return 0
    # the axes along which the elements move, those with the largest strides last
    axes = sorted([(abs(step), length) for step, length in zip(strides, shape, strict=True) if step and length > 1])
    count = FACTS[dtype].itemsize
    while axes and axes[-1][0] > sum([step * (length - 1) for step, length in axes[:-1]]):
        count *= axes.pop()[1]  # what the other axes reach is repeated elsewhere
    # the rest overlaps, as windows do: the positions of their elements are the bits of an integer
    positions = 1
    for step, length in axes:
        done = 1
        while done < length:
            more = min(done, length - done)
            positions |= positions << step * more
            done += more
    return count * positions.bit_count()


#: What ``native/rows.c`` calls instead of a kernel.
MEMCPY = "memcpy"

#: What the inputs of routines are called, where that is not x.
_ROUTINE_INPUTS = {
    "matmul": ("x1", "x2"),
    "gather": ("index", "x"),
    "scatter": ("index", "x"),
    "scatter_add": ("index", "x"),
    "check": ("index",),
    "combine": ("index",),
    "count": ("mask",),
    "compress": ("mask", "x"),
    "expand": ("mask", "x"),
    "positions": ("mask",),
    "spread": ("counts",),
    "search": ("values", "ordered"),
    "momentum_step": ("gradient",),
    "adam_step": ("gradient",),
    **dict.fromkeys(("uniform", "normal", "integers", "exchange"), ()),
}


def _names(operator: Operator | Routine | None, inputs: int, operands: Sequence[object]) -> list[str]:
    """The names of the operands."""
    if isinstance(operator, tuple):
        names = list(_ROUTINE_INPUTS.get(operator[0], ("x",)))
    else:
        names = ["x"] if operator is None else list(operator.parameters)
    return names + _output_names(len(operands) - inputs)


def _output_names(count: int) -> list[str]:
    return ["out"] if count == 1 else [f"out[{k}]" for k in range(count)]


def _kernel(operator: Operator | Routine | None, inputs: list[Operand], outputs: list[Operand]) -> tuple[str, str, str]:
    """The name and the kind of what is launched, and the symbol of its kernel."""
    if isinstance(operator, tuple):
        from aotops.loops.routines import DTYPE, ROUTINES, WIDTH, WIDTHS, at_level, compiled_dtype

        name, itemsize, *_ = operator
        if name not in ROUTINES:
            return name, "routine", MEMCPY
        by, dtypes, _ = ROUTINES[name]
        own = next(each.dtype for each in inputs + outputs if each.name != "index") if by == DTYPE else dtypes[0]
        dtype = WIDTHS[itemsize] if by == WIDTH else own
        dtype = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)  # matrices of their parts
        own_name = at_level(name, _native.cpu_level())
        return name, "routine", kernel_symbol("routine", own_name, compiled_dtype(own_name, dtype))
    if operator is None:
        source, target = inputs[0].kernel_dtype, outputs[0].kernel_dtype
        repeated = inputs[0].nbytes < outputs[0].nbytes and not any(inputs[0].strides)
        name = "fill" if repeated else "copy" if source == target else "cast"
        return name, "copy", kernel_symbol("convert", source, target)
    signature = tuple([operand.kernel_dtype for operand in inputs + outputs])
    return operator.__name__, operator.kind, symbols_of(operator)[signature]


def symbols_of(operator: Operator) -> dict[tuple[str, ...], str]:
    """The symbols of an operator's kernels, by the dtypes of all operands."""
    declared: Record | None = operator._record
    if declared is None and not _builtin:
        from aotops import ops

        _builtin.update({name: _symbols(record) for name, record in ops.collect().items()})
    return _builtin[operator.__name__] if declared is None else _symbols(declared)


#: The symbols of the built-in operators' kernels, once they have been asked for.
_builtin: dict[str, dict[tuple[str, ...], str]] = {}


def _symbols(record: Record) -> dict[tuple[str, ...], str]:
    signatures = [(*record.inputs_for(dtype), *record.results_for(dtype)) for dtype in record.dtypes]
    return {own: symbols[0] for own, symbols in zip(signatures, record.symbols(), strict=True)}


def counted(number: int, noun: str) -> str:
    """A number and a noun: ``1 tile``, ``1,000 tiles``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def dimensions(shape: tuple[int, ...]) -> str:
    """A shape in words: ``300 x 200``."""
    return " x ".join(map(str, shape)) or "a single element"


def amount(number: int) -> str:
    """A number of bytes in a unit that suits it: ``15.2 MB``."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} B"
