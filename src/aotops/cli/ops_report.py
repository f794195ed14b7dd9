"""The operator benchmark for a terminal: the table of one number of threads, its summary, and a comparison."""

import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby

from aotops.cli.ops_matrix import SIZES
from aotops.cli.ops_results import Run, geometric_mean, summary
from aotops.cli.ops_timing import Measured
from aotops.cli.report import plural

BAD = 0.5
"""Below this ratio a cell is marked twice."""
WORST = 10
"""So many of the worst cells are listed by name."""
DISTURBED = 0.1
"""From so many CPUs that other processes keep busy on does the table say so."""
CHANGED = 1.1
"""By this factor must a time go up or down to count as changed."""

WIDTH, LABELS, TIMES = 80, 17, 7


def headings(run: Run) -> list[str]:
    """The lines above everything: what this is, where it ran, with what."""
    where = run.machine
    sizes = ", ".join(f"{level} {size(number)}" for level, number in run.caches.items())
    lines = [
        f"Operators: {run.matrix}; times per call",
        f"{run.cpu}, {plural(where.cpus, 'CPU')} for this process" + (f"; {sizes}" if sizes else ""),
        f"{where.implementation} {where.python}, {where.platform}",
        ", ".join(f"{name} {version}" for name, version in where.versions.items())
        + f"; aotops runs kernels for {run.level}",
    ]
    for name, reason in run.missing.items():
        lines.append(f"without {name}: {reason}")
    if run.absent:
        lines.append(f"this aotops does not have {', '.join(run.absent)}")
    if "numpy" not in run.libraries:
        lines.append("results are not checked, since NumPy is not installed")
    return lines


def wrapped(lines: Iterable[str]) -> list[str]:
    """The lines, with the long ones broken to fit a terminal."""
    return [part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent="    ") or [""]]


def table(run: Run, threads: int) -> str:
    """All cells measured at this number of threads, a block for each operator and dtype."""
    lines = ["", f"== {plural(threads, 'thread')} =="]
    single = [run.libraries[name] for name in run.single.get(str(threads), [])]
    if single:
        lines.append(f"on one thread all the same: {', '.join(single)}")
    others = run.others.get(str(threads), 0.0)
    if others > DISTURBED:
        lines.append(
            f"DISTURBED: other processes kept {others:.1f} of {run.machine.cpus_of_machine} CPUs busy meanwhile; "
            "with several threads, times can be off by far"
        )
    triad = run.triads.get(str(threads))
    for form, libraries in (triad or {}).items():
        rates = ", ".join(f"{run.libraries[name]} {rate / 1e9:.1f}" for name, rate in libraries.items())
        lines.append(f"memory: {form:8} {max(libraries.values()) / 1e9:5.1f} GB/s ({rates})")
    lines.append("ratio: the faster of NumPy and PyTorch / aotops; < is below 1, << below 0.5")
    if triad:
        lines.append("triad: bytes moved per second, as a share of what the memory can do")
    lines = wrapped(lines)
    mine = [cell for cell in run.cells if cell.threads == threads]
    shares = any(run.share(cell) is not None for cell in mine)
    for (operator, dtype), members in groupby(mine, lambda cell: (cell.operator, cell.dtype)):
        name = f"{operator} {dtype}"
        titles = line(list(run.libraries.values()), "ratio", "", "triad" if shares else "")
        above, beside = ([], name) if len(name) <= LABELS else ([name], "")
        lines += ["", *above, beside.ljust(LABELS) + titles]
        for cell in members:
            label = f"  {cell.size:>3} {cell.layout}".ljust(LABELS)
            lines.append(label + row(run, cell))
            lines += [f"      {text}" for text in remarks(run, cell)]
    return "\n".join(lines)


def line(times: Sequence[str], ratio: str, mark: str, share: str) -> str:
    """Entries in columns to the right of the label."""
    columns = "".join(f"  {entry:>{TIMES}}" for entry in times)
    return f"{columns}  {ratio:>5} {mark:<2}  {share:>5}".rstrip()


def row(run: Run, cell: Measured) -> str:
    """The figures of one cell."""
    times = [brief(cell.seconds[name]) if name in cell.seconds else "-" for name in run.libraries]
    ratio, share = cell.ratio, run.share(cell)
    mark = "" if ratio is None or ratio >= 1 else "<" if ratio >= BAD else "<<"
    return line(times, "-" if ratio is None else digits(ratio), mark, "" if share is None else f"{share:.0%}")


def remarks(run: Run, cell: Measured) -> list[str]:
    """What has to be said of the cell beside its figures."""
    said = [f"WRONG: {run.libraries[name]}: {text}" for name, text in cell.wrong.items()]
    return said + [f"failed: {run.libraries[name]}: {text}" for name, text in cell.failed.items()]


def closing(run: Run) -> str:
    """For each number of threads the geometric mean and the worst cells; and everything that went wrong."""
    lines: list[str] = []
    for threads in run.threads:
        mine = [cell for cell in run.cells if cell.threads == threads]
        total = summary(mine)
        head = f"{plural(threads, 'thread')}:"
        if total is None:
            lines += ["", f"{head} {plural(len(mine), 'cell')}, none of them with a rival to compare with"]
            continue
        lines += ["", f"{head} geometric mean {total.mean:.2f} over {plural(total.count, 'cell')}, "
                  f"{total.below} below 1"]  # fmt: skip
        for title, groups in (("size", SIZES), ("kind", dict.fromkeys(cell.kind for cell in mine))):
            parts = [(group, summary(cell for cell in mine if getattr(cell, title) == group)) for group in groups]
            means = [f"{group} {part.mean:.2f}" for group, part in parts if part]
            if len(means) > 1:
                lines += wrapped([f"  by {title}: {', '.join(means)}"])
        below = sorted((cell.ratio, cell.name) for cell in mine if cell.ratio is not None and cell.ratio < 1)
        lines.append(f"  worst: {total.worst.ratio:.2f} {total.worst.name}")
        lines += [f"         {ratio:.2f} {name}" for ratio, name in below[1:WORST]]
    trouble = [
        f"  {cell.name}, {plural(cell.threads, 'thread')}: {text}" for cell in run.cells for text in remarks(run, cell)
    ]
    if trouble:
        lines += ["", "What went wrong:", *trouble]
    return "\n".join(lines)


def comparison(old: Run, new: Run) -> str:
    """The cells of both runs in which the time of aotops changed, and by how much that of its rival did."""
    before = {(cell.name, cell.threads): cell for cell in old.cells}
    pairs = [(before[key], cell) for cell in new.cells if (key := (cell.name, cell.threads)) in before]
    both = [(one, two) for one, two in pairs if "aotops" in one.seconds and "aotops" in two.seconds]
    if not both:
        return f"\nCompared with {old.date}: no cell is in both runs"
    changed = [(one, two) for one, two in both if not 1 / CHANGED <= _factor(one, two) <= CHANGED]
    changed.sort(key=lambda pair: _factor(*pair), reverse=True)
    width = max([len(cell.name) for _, cell in changed], default=0)
    lines = ["", f"Compared with {old.date}, aotops {old.machine.versions.get('aotops', '?')}: "
             f"{len(changed)} of {plural(len(both), 'cell')} changed by more than {CHANGED - 1:.0%}"]  # fmt: skip
    if changed:
        lines.append(f"  {'':{width}}  thr      old      new  new/old   rival")
    for one, two in changed:
        names = (one.name, two.threads, brief(one.seconds["aotops"]), brief(two.seconds["aotops"]))
        rival = _rival_factor(one, two)
        said = "-" if rival is None else f"{rival:.2f}"
        lines.append(
            "  {:{width}}  {:3}  {:>7}  {:>7}".format(*names, width=width) + f"  {_factor(one, two):7.2f}  {said:>6}"
        )
    mean = geometric_mean([_factor(one, two) for one, two in both])
    rivals = [factor for one, two in both if (factor := _rival_factor(one, two)) is not None]
    lines.append(f"  geometric mean of new/old: aotops {mean:.3f}" +
                 (f", its rivals {geometric_mean(rivals):.3f}" if rivals else ""))  # fmt: skip
    return "\n".join(lines)


def _factor(old: Measured, new: Measured) -> float:
    return new.seconds["aotops"] / old.seconds["aotops"]


def _rival_factor(old: Measured, new: Measured) -> float | None:
    """How the time of the same rival changed: about 1, unless the machine or the rival is another one."""
    rival = new.rival
    return new.seconds[rival] / old.seconds[rival] if rival and rival in old.seconds else None


def brief(seconds: float) -> str:
    """Three digits and the unit: `412 ns`, `1.23 us`, `98.7 ms`."""
    units = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0))
    unit, scale = next((each for each in units if seconds < 999.5 * each[1]), units[-1])
    return f"{digits(seconds / scale)} {unit}"


def digits(number: float) -> str:
    """About three digits, without an exponent."""
    return f"{number:.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"


def size(number: int) -> str:
    """Of a cache: `32 KiB`, `1 MiB`."""
    return f"{number / 2**20:g} MiB" if number >= 2**20 else f"{number / 2**10:g} KiB"


def failures(cells: Iterable[Measured]) -> bool:
    """True if anybody computed something wrong, or aotops failed."""
    return any(cell.wrong or "aotops" in cell.failed for cell in cells)
