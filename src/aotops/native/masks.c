/* Elements that a mask selects, repetitions, and binary searches. In Python:
 *
 *     def compress(x, mask):                      # of one shape
 *         counts = [count(piece of mask) for piece in pieces]                # threads share the pieces out
 *         out = empty(sum(counts))
 *         for piece in pieces: out[so many as are before it:] = x[piece][mask[piece]]
 *     def expand(x, mask, value): x[mask] = value, one value for each True
 *     def positions(mask): the rows, None if there is one, and the columns of all True, of a matrix or a row of bools
 *     def spread(counts, total): [position for position, count in enumerate(counts) for _ in range(count)]
 *     def search(ordered, values, right): where values belong among ordered ones
 *
 * Pieces are of a fixed size, and end where rows end, so that a thread knows the position of each bool.
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"

#define PIECE 65536

typedef struct {
    int64_t rows, columns;       /* of the mask, which is contiguous */
    int64_t pieces, rows_each;   /* a piece has whole rows, or a part of one */
    const char *mask;
    int64_t *before;             /* how many are selected before each piece, and in all */
    aot_kernel kernel;
    char *x, *out, *places;      /* elements; their rows or NULL */
    int64_t itemsize;
    int dtype;
    enum { COUNT, COMPRESS, EXPAND, LIST } what;
} job;

/* Finds where a piece begins, and its size. */
static int64_t find_piece(const job *own, int64_t piece, int64_t *rows, int64_t *columns)
{
    if (own->rows_each > 1 || own->columns <= PIECE) {
        int64_t first = piece * own->rows_each;
        *rows = aot_smaller(own->rows_each, own->rows - first);
        *columns = own->columns;
        return first * own->columns;
    }
    int64_t each = (own->columns - 1) / PIECE + 1, start = piece % each * PIECE;
    *rows = 1;
    *columns = aot_smaller(PIECE, own->columns - start);
    return piece / each * own->columns + start;
}

static void run_pieces(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    for (int64_t piece = first; piece < last && !aot_is_stopped(); piece++) {
        int64_t rows, columns, start = find_piece(own, piece, &rows, &columns);
        int64_t count = own->what == COUNT ? 0 : own->before[piece + 1] - own->before[piece];
        char *mask = (char *)own->mask + start, *unused = NULL;
        aot_kernel_call call = {NULL, aot_poll};
        if (own->what != COUNT && count == 0) {
            continue;
        }
        if (own->what == COUNT) {
            char *data[] = {mask, mask, (char *)&own->before[piece + 1]};
            own->kernel(&unused, &call, 1, rows * columns, data, NULL);
        } else if (own->what == LIST) {
            int64_t before = own->before[piece] * (int64_t)sizeof(int64_t);
            const int64_t numbers[] = {count, start / own->columns, start % own->columns, own->places != NULL};
            char *data[] = {mask, mask, own->places != NULL ? own->places + before : NULL, own->out + before};
            own->kernel(&unused, &call, rows, columns, data, numbers);
        } else {
            int64_t whole = start * own->itemsize, selected = own->before[piece] * own->itemsize;
            const int64_t numbers[] = {count};
            char *data[] = {own->x + (own->what == COMPRESS ? whole : selected), mask, mask,
                            own->out + (own->what == COMPRESS ? selected : whole)};
            own->kernel(&unused, &call, 1, rows * columns, data, numbers);
        }
    }
}

static void run_all(const aot_runner *runner)
{
    aot_share(runner, ((const job *)runner->job)->pieces, run_pieces);
}

static int run(aot_state *state, job *own)
{
    static const char *const names[] = {"count", "compress", "expand", "positions"};
    static const uint8_t operands[] = {1, 3, 3, 2};
    int64_t total = own->rows * own->columns;
    aot_runner runner = {.job = own, .total = total, .threads = aot_threads(state, total, false, false)};
    uint8_t dtype = own->what == LIST ? AOT_INT64 : (uint8_t)own->dtype;
    Py_ssize_t shape[] = {own->rows, own->columns}, strides[] = {own->columns, 1};
    aot_view mask = {(char *)own->mask, strides, AOT_BOOL}, x = {own->x, strides, dtype}, out = {own->out, strides, dtype};
    aot_view views[] = {mask, own->what == LIST ? out : x, out};
    const aot_routine routine = {names[own->what], (int)own->itemsize, own->what == COUNT,
                                 own->what == COMPRESS || own->what == EXPAND ? 2 : 1, operands[own->what], views, 2,
                                 shape, NULL};
    return total > 0 ? aot_run_routine(state, &routine, &runner, run_all) : 0;
}

#define FEW_PIECES 8

/* Counts what each piece of a mask selects; `few` has room for a few of them, and own->before is freed by `done`. */
static int count_selected(aot_state *state, const aot_tensor *mask, job *own, int64_t *few)
{
    own->rows = mask->ndim == 2 ? mask->shape[0] : 1;
    own->columns = mask->ndim == 2 ? mask->shape[1] : mask->size;
    own->mask = mask->data;
    bool whole = own->columns <= PIECE;
    own->rows_each = whole ? PIECE / aot_larger(own->columns, 1) : 1;
    own->pieces = own->columns == 0 ? 0
                  : whole           ? (own->rows + own->rows_each - 1) / own->rows_each
                                    : own->rows * ((own->columns - 1) / PIECE + 1);
    own->before = own->pieces < FEW_PIECES ? few : PyMem_Malloc((size_t)(own->pieces + 1) * sizeof *own->before);
    if (own->before == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    own->what = COUNT;
    own->kernel = aot_count_routine[state->level];
    own->before[0] = 0;
    if (run(state, own) < 0) {
        return -1;
    }
    for (int64_t piece = 0; piece < own->pieces; piece++) {
        own->before[piece + 1] += own->before[piece];
    }
    return 0;
}

static void done(job *own, const int64_t *few)
{
    if (own->before != few) {
        PyMem_Free(own->before);
    }
}

/* Routines read a mask's bools also in words of 8. */
static bool has_words(const aot_tensor *mask)
{
    return mask->contiguous && (uintptr_t)mask->data % sizeof(int64_t) == 0;
}

static aot_tensor *as_words(const aot_tensor *mask, const char *function)
{
    return aot_astype((aot_tensor *)mask, AOT_BOOL, !has_words(mask), function);
}

/* Returns a contiguous tensor, a new reference. */
static aot_tensor *contiguous(const aot_tensor *x, const char *function)
{
    return aot_astype((aot_tensor *)x, x->dtype, !x->contiguous, function);
}

Py_ssize_t aot_count(const aot_tensor *mask)
{
    int64_t few[FEW_PIECES + 1];
    job own = {.before = few};
    aot_tensor *bools = as_words(mask, "count_nonzero");
    if (bools == NULL) {
        return -1;
    }
    aot_tensor flat = *bools;
    flat.ndim = 1; /* rows do not matter */
    Py_ssize_t total = count_selected(mask->state, &flat, &own, few) < 0 ? -1 : own.before[own.pieces];
    done(&own, few);
    Py_DECREF((PyObject *)bools);
    return total;
}

/* The same as aot_compress for a few contiguous elements. */
static aot_tensor *compress_few(const aot_tensor *x, const aot_tensor *mask)
{
    aot_state *state = x->state;
    int64_t count = 0;
    char *unused = NULL, *to_count[] = {mask->data, mask->data, (char *)&count};
    aot_kernel_call call = {NULL, aot_poll};
    aot_count_routine[state->level](&unused, &call, 1, mask->size, to_count, NULL);
    Py_ssize_t size = count;
    aot_tensor *out = aot_tensor_new(state, x->dtype, 1, &size, "indexing");
    if (out != NULL && count > 0) {
        char *data[] = {x->data, mask->data, mask->data, out->data};
        aot_compress_routine[aot_width(aot_dtypes[x->dtype].itemsize)][state->level](&unused, &call, 1, mask->size, data, &count);
    }
    return out;
}

aot_tensor *aot_compress(const aot_tensor *x, const aot_tensor *mask)
{
    if (!x->state->watched && x->size < AOT_PLAN_GRAIN && x->contiguous && has_words(mask)) {
        return compress_few(x, mask);
    }
    aot_state *state = x->state;
    aot_tensor *source = contiguous(x, "indexing"), *bools = source != NULL ? as_words(mask, "indexing") : NULL;
    aot_tensor *out = NULL;
    int64_t few[FEW_PIECES + 1];
    job own = {.itemsize = aot_dtypes[x->dtype].itemsize, .dtype = x->dtype, .before = few};
    if (bools != NULL) {
        aot_tensor flat = *bools;
        flat.ndim = 1; /* rows do not matter */
        if (count_selected(state, &flat, &own, few) == 0) {
            Py_ssize_t count = own.before[own.pieces];
            out = aot_tensor_new(state, x->dtype, 1, &count, "indexing");
        }
    }
    if (out != NULL) {
        own.what = COMPRESS;
        own.kernel = aot_compress_routine[aot_width(aot_dtypes[x->dtype].itemsize)][state->level];
        own.x = source->data;
        own.out = out->data;
        if (run(state, &own) < 0) {
            Py_CLEAR(out);
        }
    }
    done(&own, few);
    Py_XDECREF((PyObject *)source);
    Py_XDECREF((PyObject *)bools);
    return out;
}

static int wrong_number(const aot_tensor *value, Py_ssize_t count)
{
    aot_raise("cannot_assign_shape", "(NN)", aot_tuple_of_sizes(value->ndim, value->shape), aot_tuple_of_sizes(1, &count));
    return -1;
}

/* The same as aot_expand for a few contiguous elements. */
static int expand_few(aot_tensor *x, const aot_tensor *mask, const aot_tensor *value)
{
    int level = x->state->level;
    int64_t count = 0;
    char *unused = NULL, *to_count[] = {mask->data, mask->data, (char *)&count};
    aot_kernel_call call = {NULL, aot_poll};
    aot_count_routine[level](&unused, &call, 1, mask->size, to_count, NULL);
    if (count != value->size) {
        return wrong_number(value, count);
    }
    if (count > 0) {
        char *data[] = {value->data, mask->data, mask->data, x->data};
        aot_expand_routine[aot_width(aot_dtypes[x->dtype].itemsize)][level](&unused, &call, 1, mask->size, data, &count);
    }
    return 0;
}

int aot_expand(aot_tensor *x, const aot_tensor *mask, const aot_tensor *value)
{
    aot_state *state = x->state;
    if (aot_check_writable(x, "assignment", "x") < 0) {
        return -1;
    }
    if (!state->watched && x->size < AOT_PLAN_GRAIN && value->contiguous && has_words(mask)) {
        return expand_few(x, mask, value);
    }
    aot_tensor *bools = as_words(mask, "assignment"), *source = bools != NULL ? contiguous(value, "assignment") : NULL;
    int64_t few[FEW_PIECES + 1];
    job own = {.itemsize = aot_dtypes[x->dtype].itemsize, .dtype = x->dtype, .before = few};
    int failed = source != NULL ? 0 : -1;
    if (!failed) {
        aot_tensor flat = *bools;
        flat.ndim = 1;
        failed = count_selected(state, &flat, &own, few);
    }
    if (!failed && own.before[own.pieces] != source->size) {
        failed = wrong_number(value, own.before[own.pieces]);
    }
    if (!failed) {
        own.what = EXPAND;
        own.kernel = aot_expand_routine[aot_width(aot_dtypes[x->dtype].itemsize)][state->level];
        own.x = source->data;
        own.out = x->data;
        failed = run(state, &own);
    }
    done(&own, few);
    Py_XDECREF((PyObject *)source);
    Py_XDECREF((PyObject *)bools);
    return failed;
}

/* Reads tensors, the second of which is a mask of the first one's shape, and another one of its dtype; raises if they are
 * none. */
static bool read_masked(PyObject *args, aot_tensor **x, aot_tensor **mask, aot_tensor **value)
{
    PyObject *objects[3] = {NULL};
    if (!PyArg_UnpackTuple(args, "masked", 2, 3, &objects[0], &objects[1], &objects[2])) {
        return false;
    }
    *x = aot_as_tensor(objects[0]);
    *mask = aot_as_tensor(objects[1]);
    *value = objects[2] != NULL ? aot_as_tensor(objects[2]) : *x;
    bool valid = *x != NULL && *mask != NULL && *value != NULL && (*mask)->dtype == AOT_BOOL &&
                 (*value)->dtype == (*x)->dtype && (*mask)->ndim == (*x)->ndim;
    for (int axis = 0; valid && axis < (*x)->ndim; axis++) {
        valid = (*mask)->shape[axis] == (*x)->shape[axis];
    }
    if (!valid) {
        PyErr_SetString(PyExc_SystemError, "the arguments must be those that aotops.namespace.indexing gives");
    }
    return valid;
}

PyObject *aot_compress_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    aot_tensor *x, *mask, *value;
    return read_masked(args, &x, &mask, &value) ? (PyObject *)aot_compress(x, mask) : NULL;
}

PyObject *aot_expand_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    aot_tensor *x, *mask, *value;
    if (!read_masked(args, &x, &mask, &value)) {
        return NULL;
    }
    if (!x->contiguous) {
        PyErr_SetString(PyExc_SystemError, "expand: x must be contiguous");
        return NULL;
    }
    mask = aot_astype(mask, AOT_BOOL, aot_may_overlap(x, mask), "assignment");
    value = mask != NULL ? aot_astype(value, value->dtype, aot_may_overlap(x, value), "assignment") : NULL;
    int failed = value != NULL ? aot_expand(x, mask, value) : -1;
    Py_XDECREF((PyObject *)mask);
    Py_XDECREF((PyObject *)value);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *aot_positions(PyObject *object)
{
    const aot_tensor *mask = aot_as_tensor(object);
    if (mask == NULL || mask->dtype != AOT_BOOL || !mask->contiguous || mask->ndim < 1 || mask->ndim > 2) {
        return NULL; /* no exception */
    }
    aot_state *state = mask->state;
    int64_t few[FEW_PIECES + 1];
    job own = {.before = few};
    aot_tensor *rows = NULL, *columns = NULL, *bools = as_words(mask, "nonzero");
    int failed = bools != NULL ? count_selected(state, bools, &own, few) : -1;
    Py_ssize_t count = failed ? 0 : own.before[own.pieces];
    if (!failed) {
        columns = aot_tensor_new(state, AOT_INT64, 1, &count, "nonzero");
        rows = columns != NULL && mask->ndim == 2 ? aot_tensor_new(state, AOT_INT64, 1, &count, "nonzero") : NULL;
        failed = columns == NULL || (mask->ndim == 2 && rows == NULL) ? -1 : 0;
    }
    if (!failed) {
        own.what = LIST;
        own.kernel = aot_positions_routine[state->level];
        own.places = rows != NULL ? rows->data : NULL;
        own.out = columns->data;
        failed = run(state, &own);
    }
    done(&own, few);
    PyObject *result = failed ? NULL : PyTuple_Pack(2, rows != NULL ? (PyObject *)rows : Py_None, columns);
    Py_XDECREF((PyObject *)rows);
    Py_XDECREF((PyObject *)columns);
    Py_XDECREF((PyObject *)bools);
    return result;
}

PyObject *aot_positions_call(PyObject *Py_UNUSED(module), PyObject *mask)
{
    PyObject *found = aot_positions(mask);
    if (found == NULL && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "positions: the mask must be a contiguous matrix of bools");
    }
    return found;
}

/* --- repetitions ---------------------------------------------------------------------------------- */

typedef struct {
    aot_kernel kernel;
    char *counts, *out;
    int64_t positions, total;
} repetitions;

static void run_repetitions(const aot_runner *runner)
{
    const repetitions *own = runner->job;
    const int64_t numbers[] = {own->total};
    char *data[] = {own->counts, own->out}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    own->kernel(&unused, &call, 1, own->positions, data, numbers);
}

/* spread(counts, total): each position as often as its count says, `total` in all. */
PyObject *aot_spread(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object;
    Py_ssize_t total;
    if (!PyArg_ParseTuple(args, "On:spread", &object, &total)) {
        return NULL;
    }
    const aot_tensor *counts = aot_as_tensor(object);
    if (counts == NULL || counts->dtype != AOT_INT64 || counts->ndim != 1 || !counts->contiguous || total < 0) {
        PyErr_SetString(PyExc_SystemError, "spread: counts must be a contiguous row of int64");
        return NULL;
    }
    aot_state *state = counts->state;
    aot_tensor *out = aot_tensor_new(state, AOT_INT64, 1, &total, "repeat");
    if (out != NULL) {
        const repetitions own = {aot_spread_routine[state->level], counts->data, out->data, counts->size, total};
        aot_runner runner = {.job = &own, .total = total + counts->size, .threads = 1};
        aot_view views[] = {{counts->data, aot_no_strides, AOT_INT64}, {out->data, out->strides, AOT_INT64}};
        const aot_routine routine = {"spread", sizeof(int64_t), false, 1, 2, views, 1, out->shape, NULL};
        if (aot_run_routine(state, &routine, &runner, run_repetitions) < 0) {
            Py_CLEAR(out);
        }
    }
    return (PyObject *)out;
}

/* --- searches ------------------------------------------------------------------------------------ */

typedef struct {
    const aot_tensor *ordered, *values, *out;
    aot_kernel kernel;
    int64_t right;
} searches;

static void run_searches(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const searches *own = runner->job;
    int64_t itemsize = aot_dtypes[own->values->dtype].itemsize;
    const int64_t numbers[] = {own->ordered->size, own->right};
    for (int64_t item = first; item < last && !aot_is_stopped(); item++) {
        int64_t start = item * (PIECE / 8);
        char *data[] = {own->ordered->data, own->values->data + start * itemsize,
                        own->out->data + start * (int64_t)sizeof(int64_t)};
        char *unused = NULL;
        aot_kernel_call call = {NULL, aot_poll};
        own->kernel(&unused, &call, 1, aot_smaller(PIECE / 8, own->values->size - start), data, numbers);
    }
}

static void run_all_searches(const aot_runner *runner)
{
    aot_share(runner, (runner->total - 1) / (PIECE / 8) + 1, run_searches);
}

/* search(ordered, values, right): two contiguous tensors of one dtype. */
PyObject *aot_search(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *first, *second;
    int right;
    if (!PyArg_ParseTuple(args, "OOp:search", &first, &second, &right)) {
        return NULL;
    }
    const aot_tensor *ordered = aot_as_tensor(first), *values = aot_as_tensor(second);
    bool valid = ordered != NULL && values != NULL && ordered->dtype == values->dtype && ordered->contiguous &&
                 values->contiguous && ordered->ndim == 1;
    aot_kernel kernel = valid ? aot_search_routine[ordered->dtype][ordered->state->level] : NULL;
    if (kernel == NULL) {
        PyErr_SetString(PyExc_SystemError, "search: both must be contiguous tensors of one dtype that has an order");
        return NULL;
    }
    aot_state *state = values->state;
    aot_tensor *out = aot_tensor_new(state, AOT_INT64, values->ndim, values->shape, "searchsorted");
    if (out != NULL && values->size > 0) {
        const searches own = {ordered, values, out, kernel, right};
        aot_runner runner = {.job = &own, .total = values->size,
                             .threads = aot_threads(state, values->size, true, false), .compute_bound = true};
        aot_view views[] = {{values->data, values->strides, (uint8_t)values->dtype},
                            {ordered->data, aot_no_strides, (uint8_t)values->dtype},
                            {out->data, out->strides, AOT_INT64}};
        const aot_routine routine = {"search", aot_dtypes[values->dtype].itemsize, false, 2, 3, views, values->ndim,
                                     values->shape, NULL};
        if (aot_run_routine(state, &routine, &runner, run_all_searches) < 0) {
            Py_CLEAR(out);
        }
    }
    return (PyObject *)out;
}
