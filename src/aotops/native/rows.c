/* New tensors made of rows of bytes, which the C library copies: concatenations, repetitions, rolls, triangles. In Python:
 *
 *     def copy_rows(out, pieces, rows):
 *         for row in range(rows):                 # threads share out groups of rows, or parts of long ones
 *             for piece in pieces:
 *                 for time in range(piece.times):
 *                     out += piece.data[row * piece.step:][:piece.bytes]
 *     def triangle(x, k, lower):
 *         for row in x: out += (row[:row.index + k + 1], zeros) if lower else (zeros, row[row.index + k:])
 *
 * A kernel that copies a strided view takes as long for a row as for some 20 elements, and goes over the result once for
 * each array; here a result is written from its beginning to its end. Copies that are watched are left to launches,
 * which report them.
 */
#include "native.h"

#include "arrays.h"

#include <string.h>

/* The bytes that are copied between two questions whether to stop; longer rows are cut. */
#define CHUNK 65536

typedef struct {
    char *out;
    int64_t rows, row_bytes; /* of the result */
    const aot_row_piece *pieces;
    int64_t count;
    int64_t rows_each, chunks; /* an item is so many rows, or one of so many parts of a row */
} job;

/* Copies what lies between two positions of a row. */
static void copy_part(const job *own, int64_t row, int64_t start, int64_t end)
{
    char *out = own->out + row * own->row_bytes;
    int64_t at = 0;
    for (const aot_row_piece *piece = own->pieces; piece < own->pieces + own->count && at < end; piece++) {
        if (piece->bytes == 0) {
            continue;
        }
        const char *source = piece->data + row * piece->step;
        int64_t time = start > at ? aot_smaller((start - at) / piece->bytes, piece->times) : 0;
        for (at += time * piece->bytes; time < piece->times && at < end; time++, at += piece->bytes) {
            int64_t from = aot_larger(start - at, 0), to = aot_smaller(end - at, piece->bytes);
            memcpy(out + at + from, source + from, (size_t)(to - from));
        }
        at += (piece->times - time) * piece->bytes; /* 0 unless the end has been reached */
    }
}

static void copy_whole(const job *own, int64_t first, int64_t last)
{
    char *out = own->out + first * own->row_bytes;
    for (int64_t row = first; row < last; row++) {
        for (const aot_row_piece *piece = own->pieces; piece < own->pieces + own->count; piece++) {
            const char *source = piece->data + row * piece->step;
            for (int64_t time = 0; time < piece->times; time++) {
                memcpy(out, source, (size_t)piece->bytes);
                out += piece->bytes;
            }
        }
    }
}

static void run_rows(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    for (int64_t item = first; item < last && !aot_is_stopped(); item++) {
        if (own->chunks > 1) {
            int64_t start = item % own->chunks * CHUNK;
            copy_part(own, item / own->chunks, start, aot_smaller(start + CHUNK, own->row_bytes));
        } else {
            int64_t row = item * own->rows_each;
            copy_whole(own, row, aot_smaller(row + own->rows_each, own->rows));
        }
    }
}

static void run_all(const aot_runner *runner)
{
    const job *own = runner->job;
    aot_share(runner, own->chunks > 1 ? own->rows * own->chunks : (own->rows - 1) / own->rows_each + 1, run_rows);
}

int aot_copy_rows(aot_tensor *out, int64_t rows, const aot_row_piece *pieces, int64_t count)
{
    if (out->size == 0) {
        return 0;
    }
    int64_t bytes = out->size * aot_dtypes[out->dtype].itemsize / rows;
    job own = {.out = out->data, .rows = rows, .row_bytes = bytes, .pieces = pieces, .count = count,
               .rows_each = aot_larger(CHUNK / bytes, 1), .chunks = (bytes - 1) / CHUNK + 1};
    aot_runner runner = {.job = &own, .total = out->size, .threads = aot_threads(out->state, out->size, false, false)};
    return aot_run_or_raise(out->state, &runner, run_all);
}

/* --- repetitions --------------------------------------------------------------------------------- */

/* Shorter rows are repeated by a kernel. */
#define LEAST_REPEATED 32

/* Returns a tensor of a shape: rows of a contiguous one, of so many elements, each as often as `times` says. */
static aot_tensor *repeat_rows(aot_tensor *x, Py_ssize_t length, Py_ssize_t times, int ndim, const Py_ssize_t *shape,
                               const char *function)
{
    aot_tensor *out = aot_tensor_new(x->state, x->dtype, ndim, shape, function);
    if (out == NULL || out->size == 0) {
        return out;
    }
    Py_ssize_t rows = x->size / length;
    int64_t bytes = length * aot_dtypes[x->dtype].itemsize;
    int failed;
    if (bytes >= LEAST_REPEATED && !x->state->watched) {
        const aot_row_piece piece = {x->data, bytes, bytes, times};
        failed = aot_copy_rows(out, rows, &piece, 1);
    } else {
        Py_ssize_t split[] = {rows, times, length}, from[] = {length, 0, 1}, to[] = {times * length, length, 1};
        aot_tensor source = *x, target = *out; /* never seen by Python */
        source.ndim = target.ndim = 3;
        source.shape = target.shape = split;
        source.strides = from;
        target.strides = to;
        source.size = out->size;
        source.contiguous = times == 1;
        failed = aot_copy(&target, &source);
    }
    if (failed) {
        Py_CLEAR(out);
    }
    return out;
}

/* Multiplies a length; returns false if the product is too large for a tensor of any dtype. */
static bool multiply(Py_ssize_t *length, Py_ssize_t times)
{
    if (times > 0 && *length > PY_SSIZE_T_MAX / 16 / times) {
        return false;
    }
    *length *= times;
    return true;
}

/* repeat(x, repeats, /, *, axis=None) */
aot_tensor *aot_repeat(aot_tensor *x, Py_ssize_t times, bool flat, Py_ssize_t axis)
{
    Py_ssize_t shape[AOT_MAX_RANK] = {0}, length = 1, size = x->size;
    if (!x->contiguous || times < 0 || (!flat && (axis < -x->ndim || axis >= x->ndim)) || !multiply(&size, times)) {
        return NULL; /* no exception */
    }
    axis += axis < 0 ? x->ndim : 0;
    if (flat) {
        return repeat_rows(x, 1, times, 1, &size, "repeat");
    }
    for (int k = 0; k < x->ndim; k++) {
        shape[k] = x->shape[k];
        length *= k > axis ? x->shape[k] : 1;
    }
    if (!multiply(&shape[axis], times)) {
        return NULL; /* there may be no elements */
    }
    return repeat_rows(x, length, times, x->ndim, shape, "repeat");
}

/* tile(x, repetitions, /): along the last axes first, so that the first results are the small ones */
aot_tensor *aot_tile(aot_tensor *x, int count, const Py_ssize_t *times)
{
    Py_ssize_t shape[AOT_MAX_RANK], length = 1, size = x->size;
    int ndim = count > x->ndim ? count : x->ndim;
    aot_tensor *out = NULL, *from = x;
    bool valid = x->contiguous && x->size > 0;
    for (int k = 0; k < count; k++) {
        valid = valid && times[k] > 0 && multiply(&size, times[k]);
    }
    if (!valid || size == x->size) {
        return NULL; /* no exception */
    }
    for (int axis = 0; axis < ndim; axis++) {
        int own = axis - (ndim - x->ndim);
        shape[axis] = own < 0 ? 1 : x->shape[own];
    }
    for (int axis = ndim - 1; axis >= 0; axis--) {
        Py_ssize_t own = axis < ndim - count ? 1 : times[axis - (ndim - count)];
        length *= shape[axis];
        if (own > 1) {
            shape[axis] *= own;
            out = repeat_rows(from, length, own, ndim, shape, "tile");
            if (from != x) {
                Py_DECREF((PyObject *)from);
            }
            if (out == NULL) {
                return NULL;
            }
            length *= own;
            from = out;
        }
    }
    return out;
}

/* roll(x, shift, /, *, axis=None) */
aot_tensor *aot_roll(aot_tensor *x, Py_ssize_t shift, bool flat, Py_ssize_t axis)
{
    if (!x->contiguous || x->size == 0 || x->state->watched || (!flat && (axis < -x->ndim || axis >= x->ndim))) {
        return NULL; /* no exception */
    }
    axis += axis < 0 ? x->ndim : 0;
    Py_ssize_t length = flat ? x->size : x->shape[axis], rows = 1;
    int64_t bytes = aot_dtypes[x->dtype].itemsize;
    for (int k = 0; !flat && k < x->ndim; k++) {
        rows *= k < axis ? x->shape[k] : 1;
        bytes *= k > axis ? x->shape[k] : 1;
    }
    shift = shift % length + (shift % length < 0 ? length : 0);
    aot_tensor *out = aot_tensor_new(x->state, x->dtype, x->ndim, x->shape, "roll");
    const aot_row_piece pieces[] = {{x->data + (length - shift) * bytes, length * bytes, shift * bytes, 1},
                                    {x->data, length * bytes, (length - shift) * bytes, 1}};
    if (out != NULL && aot_copy_rows(out, rows, pieces, 2) < 0) {
        Py_CLEAR(out);
    }
    return out;
}

/* --- triangles ----------------------------------------------------------------------------------- */

typedef struct {
    const char *x; /* the same as out if that is to be changed */
    char *out;
    int64_t rows, rows_each;          /* of all matrices, and of an item */
    int64_t height, columns, itemsize; /* of a matrix */
    int64_t k;
    bool lower;
} triangle_job;

static void run_triangles(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const triangle_job *own = runner->job;
    int64_t bytes = own->columns * own->itemsize;
    for (int64_t item = first; item < last && !aot_is_stopped(); item++) {
        int64_t end = aot_smaller((item + 1) * own->rows_each, own->rows);
        for (int64_t row = item * own->rows_each; row < end; row++) {
            int64_t diagonal = row % own->height + own->k + own->lower;
            int64_t cut = aot_smaller(aot_larger(diagonal, 0), own->columns) * own->itemsize;
            int64_t kept = own->lower ? 0 : cut, kept_bytes = own->lower ? cut : bytes - cut;
            if (own->x != own->out) {
                memcpy(own->out + row * bytes + kept, own->x + row * bytes + kept, (size_t)kept_bytes);
            }
            memset(own->out + row * bytes + cut - kept, 0, (size_t)(bytes - kept_bytes));
        }
    }
}

static void run_all_triangles(const aot_runner *runner)
{
    const triangle_job *own = runner->job;
    aot_share(runner, (own->rows - 1) / own->rows_each + 1, run_triangles);
}

aot_tensor *aot_triangle(aot_tensor *x, Py_ssize_t k, bool lower, const char *function)
{
    aot_tensor *out = x->contiguous ? aot_tensor_new(x->state, x->dtype, x->ndim, x->shape, function)
                                    : aot_astype(x, x->dtype, true, function);
    if (out == NULL || out->size == 0) {
        return out;
    }
    int64_t height = x->shape[x->ndim - 2], columns = x->shape[x->ndim - 1], itemsize = aot_dtypes[x->dtype].itemsize;
    triangle_job own = {.x = x->contiguous ? x->data : out->data, .out = out->data, .rows = x->size / columns,
                        .rows_each = aot_larger(CHUNK / (columns * itemsize), 1), .height = height, .columns = columns,
                        .itemsize = itemsize, .k = aot_larger(-height, aot_smaller(k, columns)), .lower = lower};
    aot_view views[] = {{(char *)own.x, x->contiguous ? x->strides : out->strides, (uint8_t)x->dtype},
                        {out->data, out->strides, (uint8_t)x->dtype}};
    const aot_routine routine = {"triangle", (int)itemsize, false, 1, 2, views, x->ndim, x->shape, NULL};
    aot_runner runner = {.job = &own, .total = x->size, .threads = aot_threads(x->state, x->size, false, false)};
    if (aot_run_routine(x->state, &routine, &runner, run_all_triangles) < 0) {
        Py_CLEAR(out);
    }
    return out;
}

/* triangle(x, k, lower, function): matrices with zeros beyond a diagonal. */
PyObject *aot_triangle_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object;
    Py_ssize_t k;
    int lower;
    const char *function;
    if (!PyArg_ParseTuple(args, "Onps:triangle", &object, &k, &lower, &function)) {
        return NULL;
    }
    aot_tensor *x = aot_as_tensor(object);
    if (x == NULL || x->ndim < 2) {
        PyErr_SetString(PyExc_SystemError, "triangle: x must be a tensor of matrices");
        return NULL;
    }
    return (PyObject *)aot_triangle(x, k, lower, function);
}
