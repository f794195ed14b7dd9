"""The kernels: loops that scatter and gather by index. Every index is checked: a wrong one is an IndexError."""

import aotops as ao


@ao.kernel("(n),(e),(e)->(n)", dtypes=[("float64", "int64", "float64", "float64")])
def add_at(base, index, values, out):
    """``base`` with each value added at its index; an index may occur any number of times."""
    out[:] = base
    for k in range(index.shape[0]):
        out[index[k]] += values[k]


@ao.kernel("(r,c),(e),(e),(e)->(r,c)", dtypes=[("float64", "int64", "int64", "float64", "float64")])
def add_at_pairs(base, row, column, values, out):
    """``base`` with each value added at its row and column."""
    out[:] = base
    for k in range(row.shape[0]):
        out[row[k], column[k]] += values[k]


@ao.kernel("(p),(e),(e),(c)->(p-1)", dtypes=[("int64", "int64", "float64", "float64", "float64")])
def times_vector(start, column, value, x, out):
    """Product of a matrix in compressed rows and a vector: row ``i`` has the elements from ``start[i]`` on."""
    for i in range(out.shape[0]):
        if start[i] > start[i + 1]:
            raise ValueError("start must not decrease")
        total = 0.0
        for k in range(start[i], start[i + 1]):
            total += value[k] * x[column[k]]
        out[i] = total


@ao.kernel("(p),(e),(e),(c,k)->(p-1,k)", dtypes=[("int64", "int64", "float64", "float64", "float64")])
def times_matrix(start, column, value, x, out):
    """Product of a matrix in compressed rows and a dense one."""
    out[:] = 0.0
    for i in range(out.shape[0]):
        if start[i] > start[i + 1]:
            raise ValueError("start must not decrease")
        for k in range(start[i], start[i + 1]):
            for j in range(out.shape[1]):
                out[i, j] += value[k] * x[column[k], j]
