/* Functions of whole arrays, which C and Python call: positions, masks, sorting, products of matrices. */
#ifndef AOTOPS_ARRAYS_H
#define AOTOPS_ARRAYS_H

#include "native.h"

/* A launch of a routine, as it is told of. */
typedef struct aot_routine {
    const char *name; /* as in loops/routines.py */
    int itemsize;     /* of the elements that it moves */
    bool counts;      /* runs also where a call is only explained, since the size of a result depends on it */
    int inputs, operands;
    const aot_view *views;
    int ndim;
    const Py_ssize_t *shape;
    const int64_t *blocks; /* NULL, or of matmul the most rows, columns and depth of a block, and the number of blocks */
} aot_routine;

/* see.c */
/* Runs a routine and tells of it. Returns 0, or -1 with an exception. */
int aot_run_routine(aot_state *state, const aot_routine *routine, aot_runner *runner, aot_work work);

/* Returns the place of an element's size, a power of two, in the table of a routine that only moves elements. */
static inline int aot_width(int64_t itemsize)
{
    int width = 0;
    while (1 << width < itemsize) {
        width++;
    }
    return width;
}

/* gather.c: elements at the positions in tensors of int64 */
/* The arguments of one call: what errors name, and an index or NULL for each axis. */
typedef struct {
    const char *function;
    PyObject *axes; /* what errors call each axis, a tuple of ints; NULL: by its number */
    aot_tensor *const *indices;
} aot_asked;

/* Returns the elements of x at positions, whose axes are behind so many others in the result. */
aot_tensor *aot_gather(const aot_tensor *x, const aot_asked *call, int place);
/* Writes a value of the same dtype, broadcast, to positions, or adds it. It and the indices share no memory with x. */
int aot_scatter(aot_tensor *x, const aot_asked *call, int place, const aot_tensor *value, bool adds);
/* Returns x with the positions along an axis that an index has, which gives its own axes instead. */
aot_tensor *aot_take(const aot_tensor *x, aot_tensor *index, int axis, const char *function);
/* Writes a value of x's dtype, broadcast, to positions along the first axis; they share no memory with x. */
int aot_put(aot_tensor *x, aot_tensor *index, const aot_tensor *value);
/* Returns x with the positions along an axis that an index of as many axes has, of which the others broadcast. Returns
 * NULL without an exception if they do not fit. */
aot_tensor *aot_take_along(const aot_tensor *x, aot_tensor *index, Py_ssize_t axis);
/* gather_calls.c */
/* For Python: take_at(x, indices, place, function, axes), put_at(x, indices, place, function, axes, value, adds=False). An
 * index, or None, for each axis; their own axes are behind so many others in the result. */
PyObject *aot_take_at(PyObject *module, PyObject *args);
PyObject *aot_put_at(PyObject *module, PyObject *args);
PyObject *aot_take_along_call(PyObject *module, PyObject *args);

/* out.c */
/* Returns whether no two elements of a view share memory. True is always right; false may be wrong, but only for
 * strides that interleave axes. */
bool aot_elements_are_distinct(int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides);

/* masks.c: elements that a mask of the same shape selects; searches */
aot_tensor *aot_compress(const aot_tensor *x, const aot_tensor *mask);
/* Writes a value with one element for each True to a contiguous tensor; they share no memory. */
int aot_expand(aot_tensor *x, const aot_tensor *mask, const aot_tensor *value);
/* Returns the rows, or None, and the columns of what is True; NULL without an exception unless the mask is a contiguous
 * row or matrix of bools. */
PyObject *aot_positions(PyObject *mask);
/* Returns how many of a contiguous tensor of bools are True, or -1. */
Py_ssize_t aot_count(const aot_tensor *mask);
/* For Python: compress(x, mask), expand(x, mask, value), positions(mask), spread(counts, total),
 * search(ordered, values, right). */
PyObject *aot_compress_call(PyObject *module, PyObject *args);
PyObject *aot_expand_call(PyObject *module, PyObject *args);
PyObject *aot_positions_call(PyObject *module, PyObject *mask);
PyObject *aot_spread(PyObject *module, PyObject *args);
PyObject *aot_search(PyObject *module, PyObject *args);

/* rows.c: rows of bytes */
/* In each row, `bytes` from data on, so many times; the next row's are `step` bytes further on. */
typedef struct {
    const char *data;
    int64_t step, bytes, times;
} aot_row_piece;

/* Fills a new contiguous tensor, row by row, with pieces that follow each other and have all of its bytes. */
int aot_copy_rows(aot_tensor *out, int64_t rows, const aot_row_piece *pieces, int64_t count);
/* repeat, tile and roll of contiguous tensors; `flat`: elements in row-major order instead of an axis. They return NULL
 * without an exception for others, and for what is invalid. */
aot_tensor *aot_repeat(aot_tensor *x, Py_ssize_t times, bool flat, Py_ssize_t axis);
aot_tensor *aot_tile(aot_tensor *x, int count, const Py_ssize_t *times);
aot_tensor *aot_roll(aot_tensor *x, Py_ssize_t shift, bool flat, Py_ssize_t axis);
/* Returns matrices with zeros above the diagonal k (lower), or below it. */
aot_tensor *aot_triangle(aot_tensor *x, Py_ssize_t k, bool lower, const char *function);
PyObject *aot_triangle_call(PyObject *module, PyObject *args);

/* random.c: random numbers, for Python. Generators are tensors of four int64.
 * draw(generator, normal, a, b, shape, dtype), draw_integers(generator, least, bound, shape),
 * shuffle(generator, x, count, size). */
PyObject *aot_draw(PyObject *module, PyObject *args);
PyObject *aot_draw_integers(PyObject *module, PyObject *args);
PyObject *aot_shuffle(PyObject *module, PyObject *args);
/* optimiser.c: for Python, update(outputs, gradient, numbers) */
PyObject *aot_update(PyObject *module, PyObject *args);
/* Generator.uniform, Generator.normal */
PyObject *aot_uniform_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_normal_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

/* matmul.c: products of matrices */
/* Returns x1 @ x2, for tensors of one dtype that has a kernel; NULL without an exception for others. Writes it into `out`,
 * unless that is NULL; adds it to `start`, which broadcasts to its shape, unless that is NULL. Errors name the function. */
aot_tensor *aot_matmul(const char *function, const aot_tensor *x1, const aot_tensor *x2, aot_tensor *out,
                       aot_tensor *start);
/* product.c: products of vectors as well */
/* The same of any objects, of which `out` and `start` may be NULL; NULL, maybe without an exception, for what has no
 * kernel. A factor that is a vector, or has one row or column, may be multiplied in the order of sums. */
PyObject *aot_product(const char *function, PyObject *x1, PyObject *x2, PyObject *out, PyObject *start);
/* For Python: matmul(function, x1, x2, out=None, start=None), or None. */
PyObject *aot_matmul_call(PyObject *module, PyObject *args);
/* sort.c: sorted rows, the last axis of a contiguous tensor, or the positions that sort them; equal elements keep their
 * order, and NaN is last. Returns NULL without an exception if the tensor is not contiguous or its dtype has no order. */
aot_tensor *aot_sort(aot_tensor *x, bool descending, bool positions, const char *function);
PyObject *aot_sort_call(PyObject *module, PyObject *args);

/* fast_arrays.c: fast paths of functions of whole arrays */
PyObject *aot_take_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_take_along_axis(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_nonzero(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_matmul_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_sort_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_argsort_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_concat(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_stack(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_count_nonzero(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_flip_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_repeat_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_roll_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_tile_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_tril(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_triu(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

/* statistics.c: fast paths of statistics */
/* Reduces so many inputs, of which some may be NULL with an exception, along an axis; NULL: all axes. */
PyObject *aot_reduced(const aot_operator_object *operator, int count, PyObject *const *inputs, PyObject *axis,
                      bool keepdims);
PyObject *aot_mean_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_var_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_std_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_vecdot_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

#endif
