/* Reading and writing elements at the positions that tensors of integers hold. In Python:
 *
 *     def take(x, indices, place):                # an index, or None for a whole axis, for each axis of x
 *         if there are several indices: make them one, of places in memory, by the routine "combine"
 *         out = empty(the whole axes before place, the shape of the indices, the whole axes behind it)
 *         for axes in the space of out, but for its last two: the routine "gather"
 *         if it has counted positions out of bounds: raise IndexError
 *     def put(x, indices, place, value, adds): the same with "scatter" or "scatter_add", but positions are checked before anything is written
 *
 * Rows of the space are shared out among threads, and long ones in pieces; a scatter runs on one thread, since of
 * several values for a place the last one stays. Additions are shared out in parts that have no place in common. Indices are of int64, and values of x's dtype: Python sees to that.
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"
#include "system.h"

#include <string.h>

/* The elements of one call of a routine, between which threads are told to stop: some 50 us. */
#define PIECE 32768

/* A space, and the operands of a routine over it: x at the positions in index, and other. */
typedef struct {
    int ndim;
    Py_ssize_t shape[AOT_MAX_RANK], x[AOT_MAX_RANK], index[AOT_MAX_RANK], other[AOT_MAX_RANK]; /* lengths, strides */
    char *data[3];        /* of x, index, other */
    int64_t itemsize;     /* of x and other */
    int64_t length, step; /* of the indexed axis */
    int64_t pieces;       /* of each row */
    bool adds;            /* to what is at the positions */
    int apart;            /* an addition's axis along which other parts have other places, whatever the positions are */
    int64_t part;         /* the length of such a part */
    aot_kernel kernel;
} space;

typedef struct {
    const space *over;
    aot_atomic *outside; /* whether some position is out of bounds */
} job;

/* Merges axes that all operands step through as one, and gives the space two axes at least. */
static void merge_axes(space *over)
{
    int kept = 0;
    for (int axis = 0; axis < over->ndim; axis++) {
        if (over->shape[axis] == 1) {
            continue;
        }
        int64_t length = over->shape[axis];
        bool merges = kept > 0 && over->x[kept - 1] == over->x[axis] * length &&
                      over->index[kept - 1] == over->index[axis] * length &&
                      over->other[kept - 1] == over->other[axis] * length;
        int to = merges ? kept - 1 : kept++;
        over->shape[to] = merges ? over->shape[to] * length : length;
        over->x[to] = over->x[axis];
        over->index[to] = over->index[axis];
        over->other[to] = over->other[axis];
    }
    for (; kept < 2; kept++) {
        memmove(over->shape + 1, over->shape, sizeof *over->shape);
        memmove(over->x + 1, over->x, sizeof *over->x);
        memmove(over->index + 1, over->index, sizeof *over->index);
        memmove(over->other + 1, over->other, sizeof *over->other);
        over->shape[0] = 1;
        over->x[0] = over->index[0] = over->other[0] = 0;
        if (kept == 0) { /* a single element: the second axis has not been written either */
            over->shape[1] = 1;
            over->x[1] = over->index[1] = over->other[1] = 0;
        }
    }
    over->ndim = kept;
}

/* So few elements of each row are taken column by column. */
#define NARROW 4

/* Runs items `first` up to `last`: rows, or pieces of rows. */
static void run_items(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    const space *over = own->over;
    int outer = over->ndim - 2, inner = over->ndim - 1;
    int64_t numbers[AOT_GATHER_NUMBERS];
    numbers[AOT_GATHER_LENGTH] = over->length;
    numbers[AOT_GATHER_STEP] = over->step;
    numbers[AOT_GATHER_X_OUTER] = over->x[outer];
    numbers[AOT_GATHER_X_INNER] = over->x[inner];
    numbers[AOT_GATHER_INDEX_OUTER] = over->index[outer];
    numbers[AOT_GATHER_INDEX_INNER] = over->index[inner];
    numbers[AOT_GATHER_OTHER_OUTER] = over->other[outer];
    numbers[AOT_GATHER_OTHER_INNER] = over->other[inner];
    int64_t size = aot_smaller(over->shape[inner], PIECE), most = PIECE / size, outside = 0, rows;
    for (int64_t item = first; item < last && !aot_is_stopped(); item += rows) {
        int64_t rest = item / over->pieces, start = item % over->pieces * PIECE;
        int64_t x = start * over->x[inner], index = start * over->index[inner], other = start * over->other[inner];
        int64_t left = over->shape[outer] - rest % over->shape[outer]; /* rows before the outer axis begins again */
        for (int axis = outer; axis >= 0; axis--) {
            int64_t at = rest % over->shape[axis];
            rest /= over->shape[axis];
            x += at * over->x[axis];
            index += at * over->index[axis];
            other += at * over->other[axis];
        }
        rows = over->pieces > 1 ? 1 : aot_smaller(aot_smaller(last - item, left), most);
        int64_t wrong = 0;
        char *data[] = {aot_moved(over->data[0], x * over->itemsize),
                        aot_moved(over->data[1], index * (int64_t)sizeof(int64_t)),
                        aot_moved(over->data[2], other * over->itemsize), (char *)&wrong};
        aot_kernel_call call = {NULL, aot_poll};
        char *unused = NULL; /* of routines, that of the floating-point environment is set by aot_run */
        over->kernel(&unused, &call, rows, aot_smaller(size, over->shape[inner] - start), data, numbers);
        outside |= wrong;
    }
    if (outside != 0) {
        aot_atomic_store(own->outside, 1);
    }
}

/* Returns the items of a space: its rows, or pieces of them. */
static int64_t items_of(space *over)
{
    int64_t rows = 1;
    for (int axis = 0; axis < over->ndim - 1; axis++) {
        rows *= over->shape[axis];
    }
    over->pieces = (over->shape[over->ndim - 1] - 1) / PIECE + 1;
    return rows * over->pieces;
}

/* Runs parts of additions, each whole: the values for a place are added in one order on any number of threads. */
static void run_parts(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const job *own = runner->job;
    for (int64_t part = first; part < last && !aot_is_stopped(); part++) {
        space over = *own->over;
        int axis = over.apart;
        int64_t start = part * over.part;
        over.shape[axis] = aot_smaller(over.part, over.shape[axis] - start);
        over.data[0] = aot_moved(over.data[0], start * over.x[axis] * over.itemsize);
        over.data[2] = aot_moved(over.data[2], start * over.other[axis] * over.itemsize);
        int64_t items = items_of(&over);
        const job of_part = {&over, own->outside};
        const aot_runner alone = {.job = &of_part};
        run_items(&alone, 0, items, scratch);
    }
}

static void run_all(const aot_runner *runner)
{
    space over = *((const job *)runner->job)->over;
    int64_t items = items_of(&over);
    if (over.adds) {
        aot_share(runner, (over.shape[over.apart] - 1) / over.part + 1, run_parts);
    } else {
        aot_share(runner, items, run_items);
    }
}

/* An addition's inner axis is shared out in multiples of so many elements: a cache line of float32. */
#define COLUMNS 16

/* Shares an addition out among threads: along the longest axis through which x steps, but no position. Without one,
 * there is one part. */
static void set_parts(space *over, int threads)
{
    int inner = over->ndim - 1;
    over->apart = inner;
    over->part = over->shape[inner];
    int64_t longest = 1;
    for (int axis = 0; axis <= inner && threads > 1; axis++) {
        if (over->index[axis] == 0 && over->x[axis] != 0 && over->shape[axis] > longest) {
            longest = over->shape[axis];
            over->apart = axis;
            over->part = (longest - 1) / threads + 1;
            over->part = axis == inner ? (over->part - 1) / COLUMNS * COLUMNS + COLUMNS : over->part;
        }
    }
}

/* Runs a routine over a space, telling of elements of a dtype: rows of wider ones stand for several. */
static int run_told(aot_state *state, const char *name, int dtype, const space *over, aot_runner *runner)
{
    int64_t wide = over->itemsize / aot_dtypes[dtype].itemsize;
    Py_ssize_t shape[AOT_MAX_RANK], x[AOT_MAX_RANK], other[AOT_MAX_RANK];
    for (int axis = 0; axis < over->ndim; axis++) {
        int64_t steps = axis < over->ndim - 1 ? wide : 1;
        shape[axis] = over->shape[axis] * (wide / steps);
        x[axis] = over->x[axis] * steps;
        other[axis] = over->other[axis] * steps;
    }
    aot_view views[3] = {{over->data[1], over->index, AOT_INT64}};
    int inputs = 1;
    if (over->data[0] != NULL) {
        views[inputs++] = (aot_view){over->data[0], x, (uint8_t)dtype};
    }
    views[inputs] = (aot_view){over->data[2], other, (uint8_t)dtype};
    int operands = inputs + (over->data[2] != NULL), itemsize = (int)over->itemsize;
    const aot_routine routine = {name, itemsize, false, inputs, operands, views, over->ndim, shape, NULL};
    return aot_run_routine(state, &routine, runner, run_all);
}

/* Runs a routine over a space, which it changes. Returns 0, or 1 if a position is out of bounds, or -1. */
static int run(aot_state *state, const char *name, int dtype, const aot_kernel *routine, space *over, bool shared)
{
    int64_t total = 1;
    for (int axis = 0; axis < over->ndim; axis++) {
        total *= over->shape[axis];
    }
    if (total == 0) {
        return 0;
    }
    merge_axes(over);
    int outer = over->ndim - 2, inner = over->ndim - 1;
    if (over->shape[inner] <= NARROW && over->index[outer] == 0 && over->index[inner] != 0) {
        Py_ssize_t *exchanged[] = {over->shape, over->x, over->index, over->other};
        for (int k = 0; k < 4; k++) {
            Py_ssize_t length_or_stride = exchanged[k][outer];
            exchanged[k][outer] = exchanged[k][inner];
            exchanged[k][inner] = length_or_stride;
        }
    }
    over->kernel = routine[state->level];
    (void)items_of(over);
    aot_atomic outside = {0};
    const job own = {over, &outside};
    aot_runner runner = {.job = &own, .total = total, .threads = shared ? aot_threads(state, total, false, false) : 1};
    if (over->adds) {
        set_parts(over, runner.threads);
    }
    return run_told(state, name, dtype, over, &runner) < 0 ? -1 : aot_atomic_load(&outside) != 0;
}

/* --- one index from several ---------------------------------------------------------------------- */

/* Where elements are: at base + step * position for each position in index, which has `length` possible values. */
typedef struct {
    aot_tensor *index; /* owned */
    char *base;
    int64_t length, step;
} located;

/* Raises IndexError for the first position of an index that is out of bounds; returns -1. */
static int raise_outside(const aot_tensor *x, const aot_asked *call, int axis)
{
    PyObject *named = call->axes != NULL ? PyTuple_GetItem(call->axes, axis) : NULL;
    Py_XINCREF(named);
    aot_raise("wrong_positions", "(sNnO)", call->function, named != NULL ? named : PyLong_FromLong(axis), x->shape[axis],
              call->indices[axis]);
    return -1;
}

/* Returns the operands of a routine that only reads an index of a shape, or writes positions of the same shape. */
static space over_index(const aot_tensor *x, int axis, const aot_tensor *index, const aot_tensor *positions, int ndim,
                        const Py_ssize_t *shape)
{
    space over = {.ndim = ndim, .itemsize = sizeof(int64_t), .length = x->shape[axis]};
    over.data[1] = index->data;
    over.data[2] = positions != NULL ? positions->data : NULL;
    aot_broadcast_strides(index, ndim, shape, over.index);
    for (int k = 0; k < ndim; k++) {
        over.shape[k] = shape[k];
        over.other[k] = positions != NULL ? positions->strides[k] : 0;
    }
    return over;
}

/* Checks an index; returns -1 with an exception if a position is out of bounds. */
static int check(const aot_tensor *x, const aot_asked *call, int axis)
{
    const aot_tensor *index = call->indices[axis];
    space over = over_index(x, axis, index, NULL, index->ndim, index->shape);
    bool none = x->shape[axis] == 0 && index->size > 0;
    int wrong = none ? 1 : run(x->state, "check", AOT_INT64, aot_check_routine, &over, true);
    return wrong > 0 ? raise_outside(x, call, axis) : wrong;
}

/* Computes the shape of all indices together; returns its rank, or -1. */
static int shape_of_indices(const aot_tensor *x, const aot_asked *call, Py_ssize_t *shape)
{
    int ndim = 0;
    for (int axis = 0; axis < x->ndim; axis++) {
        const aot_tensor *index = call->indices[axis];
        for (; index != NULL && ndim < index->ndim; ndim++) {
            memmove(shape + 1, shape, (size_t)ndim * sizeof *shape);
            *shape = 1;
        }
        for (int k = 0; index != NULL && k < index->ndim; k++) {
            Py_ssize_t *here = &shape[ndim - index->ndim + k];
            if (*here != index->shape[k] && index->shape[k] != 1) {
                if (*here != 1) {
                    PyObject *shapes = PyList_New(0);
                    for (int other = 0; shapes != NULL && other < x->ndim; other++) {
                        const aot_tensor *each = call->indices[other];
                        PyObject *own = each != NULL ? aot_tuple_of_sizes(each->ndim, each->shape) : NULL;
                        if (own != NULL && PyList_Append(shapes, own) < 0) {
                            Py_CLEAR(shapes);
                        }
                        Py_XDECREF(own);
                    }
                    aot_raise("indices_of_other_shapes", "(sN)", call->function, shapes);
                    return -1;
                }
                *here = index->shape[k];
            }
        }
    }
    return ndim;
}

/* Makes one index of several, of places in memory; checks all positions. */
static int combine(const aot_tensor *x, const aot_asked *call, int ndim, const Py_ssize_t *shape, located *found)
{
    int64_t low = 0, high = 0; /* what the indexed axes reach */
    aot_tensor *positions = aot_tensor_new(x->state, AOT_INT64, ndim, shape, call->function);
    if (positions == NULL) {
        return -1;
    }
    for (int axis = 0; axis < x->ndim; axis++) {
        if (call->indices[axis] != NULL && x->size > 0) {
            int64_t reach = (x->shape[axis] - 1) * x->strides[axis];
            low += aot_smaller(reach, 0);
            high += aot_larger(reach, 0);
        }
    }
    aot_element start = {.as_int64 = -low};
    int failed = aot_fill(positions, start, AOT_INT64);
    for (int axis = 0; !failed && axis < x->ndim; axis++) {
        const aot_tensor *index = call->indices[axis];
        if (index == NULL || positions->size == 0) {
            continue;
        }
        space over = over_index(x, axis, index, positions, ndim, shape);
        over.step = x->size > 0 ? x->strides[axis] : 0;
        int wrong = x->shape[axis] == 0 ? 1 : run(x->state, "combine", AOT_INT64, aot_combine_routine, &over, true);
        failed = wrong > 0 ? raise_outside(x, call, axis) : wrong;
    }
    if (failed) {
        Py_DECREF((PyObject *)positions);
        return -1;
    }
    *found = (located){positions, x->data + low * aot_dtypes[x->dtype].itemsize, high - low + 1, 1};
    return 0;
}

/* Finds where the elements of an index are, and the space of the result. `checks`: also whether they are in bounds,
 * which a gather does itself. */
static int locate(const aot_tensor *x, const aot_asked *call, int place, bool checks, located *found, space *over)
{
    Py_ssize_t shape[AOT_MAX_RANK];
    int given = 0, last = 0, whole = 0, ndim = shape_of_indices(x, call, shape);
    if (ndim < 0) {
        return -1;
    }
    for (int axis = 0; axis < x->ndim; axis++) {
        given += call->indices[axis] != NULL;
        last = call->indices[axis] != NULL ? axis : last;
    }
    if (x->ndim - given + ndim > AOT_MAX_RANK) {
        aot_raise("too_many_dimensions", "(ssi)", call->function, "index", x->ndim - given + ndim);
        return -1;
    }
    if (given > 1) {
        if (combine(x, call, ndim, shape, found) < 0) {
            return -1;
        }
    } else {
        checks = checks || x->size == 0;
        if (checks && check(x, call, last) < 0) {
            return -1;
        }
        Py_INCREF((PyObject *)call->indices[last]);
        *found = (located){call->indices[last], x->data, x->shape[last], x->strides[last]};
    }
    *over = (space){.ndim = x->ndim - given + ndim, .itemsize = aot_dtypes[x->dtype].itemsize};
    int to = 0;
    for (int axis = 0; axis <= x->ndim; axis++) {
        if (whole == place && to == place) {
            for (int k = 0; k < ndim; k++) {
                over->shape[to] = shape[k];
                over->index[to++] = found->index->strides[k];
            }
        }
        if (axis < x->ndim && call->indices[axis] == NULL) {
            over->shape[to] = x->shape[axis];
            over->x[to++] = x->strides[axis];
            whole++;
        }
    }
    over->data[0] = found->base;
    over->data[1] = found->index->data;
    over->length = found->length;
    over->step = found->step;
    return 0;
}

/* The widest elements that routines move, in bytes. */
#define WIDEST (1 << (AOT_N_WIDTHS - 1))
/* Returns the routine for a space, after making its rows of contiguous elements rows of fewer, wider ones: 8 int8 are
 * one element of 8 bytes. */
static const aot_kernel *widened(const aot_kernel routine[][AOT_MAX_LEVELS], space *over)
{
    merge_axes(over);
    int inner = over->ndim - 1;
    bool contiguous = over->x[inner] == 1 && over->other[inner] == 1 && over->index[inner] == 0;
    int64_t factor = contiguous ? WIDEST / over->itemsize : 1;
    for (bool fits = false; factor > 1 && !fits; factor = fits ? factor : factor / 2) {
        uintptr_t bytes = (uintptr_t)(factor * over->itemsize);
        /* a row that is one element of 8 bytes or less moves faster than as two, but not one of 16 */
        fits = over->shape[inner] % factor == 0 && (bytes < WIDEST || over->shape[inner] > factor) &&
               over->step % factor == 0 && (uintptr_t)over->data[0] % bytes == 0 && (uintptr_t)over->data[2] % bytes == 0;
        for (int axis = 0; axis < inner; axis++) {
            fits = fits && over->x[axis] % factor == 0 && over->other[axis] % factor == 0;
        }
    }
    over->itemsize *= factor;
    over->step /= factor;
    over->shape[inner] /= factor;
    for (int axis = 0; axis < inner; axis++) {
        over->x[axis] /= factor;
        over->other[axis] /= factor;
    }
    return routine[aot_width(over->itemsize)];
}

aot_tensor *aot_gather(const aot_tensor *x, const aot_asked *call, int place)
{
    located found;
    space over;
    if (locate(x, call, place, false, &found, &over) < 0) {
        return NULL;
    }
    aot_tensor *out = aot_tensor_new(x->state, x->dtype, over.ndim, over.shape, call->function);
    if (out != NULL) {
        memcpy(over.other, out->strides, (size_t)out->ndim * sizeof *out->strides);
        over.data[2] = out->data;
        int wrong = run(x->state, "gather", x->dtype, widened(aot_gather_routine, &over), &over, true);
        for (int axis = 0; wrong > 0 && axis < x->ndim; axis++) {
            if (call->indices[axis] != NULL) {
                raise_outside(x, call, axis);
                break;
            }
        }
        if (wrong != 0) {
            Py_CLEAR(out);
        }
    }
    Py_DECREF((PyObject *)found.index);
    return out;
}

int aot_scatter(aot_tensor *x, const aot_asked *call, int place, const aot_tensor *value, bool adds)
{
    located found;
    space over;
    if (aot_check_writable(x, call->function, "x") < 0 || locate(x, call, place, true, &found, &over) < 0) {
        return -1;
    }
    int failed = aot_assigned_strides(value, over.ndim, over.shape, over.other);
    over.data[2] = value->data;
    if (failed == 0 && adds) {
        over.adds = true;
        failed = run(x->state, "scatter_add", x->dtype, aot_scatter_add_routine[x->dtype], &over, true);
    } else if (failed == 0) {
        failed = run(x->state, "scatter", x->dtype, widened(aot_scatter_routine, &over), &over, false);
    }
    Py_DECREF((PyObject *)found.index);
    return failed;
}

/* --- for C ---------------------------------------------------------------------------------------- */

/* Runs a routine over a few elements of rows: x at the positions in an index of one axis. Returns whether a position is
 * out of bounds. */
static bool run_few(const aot_kernel *routine, const aot_tensor *x, const aot_tensor *index, char *other,
                    Py_ssize_t other_step)
{
    int64_t numbers[AOT_GATHER_NUMBERS] = {0}, wrong = 0;
    numbers[AOT_GATHER_LENGTH] = x->shape[0];
    numbers[AOT_GATHER_STEP] = x->strides[0];
    numbers[AOT_GATHER_INDEX_INNER] = index->strides[0];
    numbers[AOT_GATHER_OTHER_INNER] = other_step;
    char *data[] = {x->data, index->data, other, (char *)&wrong}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    routine[x->state->level](&unused, &call, 1, index->size, data, numbers);
    return wrong != 0;
}

/* Returns whether run_few, which tells nobody, applies. A stride of 0 means another kind of index. */
static bool are_few(const aot_tensor *x, const aot_tensor *index)
{
    return !x->state->watched && x->ndim == 1 && index->ndim == 1 && x->size > 0 && index->size < AOT_PLAN_GRAIN && index->strides[0] != 0;
}

aot_tensor *aot_take(const aot_tensor *x, aot_tensor *index, int axis, const char *function)
{
    if (are_few(x, index)) {
        aot_tensor *out = aot_tensor_new(x->state, x->dtype, 1, index->shape, function);
        if (out == NULL || !run_few(aot_gather_routine[aot_width(aot_dtypes[x->dtype].itemsize)], x, index, out->data, 1)) {
            return out;
        }
        Py_DECREF((PyObject *)out); /* reported below */
    }
    aot_tensor *indices[AOT_MAX_RANK] = {NULL};
    indices[axis] = index;
    const aot_asked call = {function, NULL, indices};
    return aot_gather(x, &call, axis);
}

int aot_put(aot_tensor *x, aot_tensor *index, const aot_tensor *value)
{
    bool fits = value->ndim == 0 || (value->ndim == 1 && (value->size == index->size || value->size == 1));
    if (fits && are_few(x, index) && !x->storage->readonly && !run_few(aot_check_routine, x, index, NULL, 0)) {
        Py_ssize_t step = value->ndim == 0 || value->size == 1 ? 0 : value->strides[0];
        run_few(aot_scatter_routine[aot_width(aot_dtypes[x->dtype].itemsize)], x, index, value->data, step);
        return 0;
    }
    aot_tensor *indices[AOT_MAX_RANK] = {index};
    const aot_asked call = {"assignment", NULL, indices};
    return aot_scatter(x, &call, 0, value, false);
}

aot_tensor *aot_take_along(const aot_tensor *x, aot_tensor *index, Py_ssize_t axis)
{
    aot_tensor *indices[AOT_MAX_RANK] = {NULL};
    Py_ssize_t shape[AOT_MAX_RANK];
    axis += axis < 0 ? x->ndim : 0;
    if (index->dtype != AOT_INT64 || x->ndim != index->ndim || axis < 0 || axis >= x->ndim) {
        return NULL;
    }
    space over = {.ndim = x->ndim, .length = x->shape[axis], .step = x->strides[axis],
                  .itemsize = aot_dtypes[x->dtype].itemsize};
    for (int k = 0; k < x->ndim; k++) {
        bool stays = k == axis || x->shape[k] == 1; /* of x, which has the index's length here */
        if (!stays && index->shape[k] != 1 && x->shape[k] != index->shape[k]) {
            return NULL;
        }
        shape[k] = over.shape[k] = stays ? index->shape[k] : x->shape[k];
        over.x[k] = stays ? 0 : x->strides[k];
        over.index[k] = index->shape[k] == 1 ? 0 : index->strides[k];
    }
    indices[axis] = index;
    const aot_asked call = {"take_along_axis", NULL, indices};
    aot_tensor *out = aot_tensor_new(x->state, x->dtype, x->ndim, shape, call.function);
    if (out == NULL) {
        return NULL;
    }
    memcpy(over.other, out->strides, (size_t)out->ndim * sizeof *out->strides);
    over.data[0] = x->data;
    over.data[1] = index->data;
    over.data[2] = out->data;
    bool none = x->shape[axis] == 0 && out->size > 0;
    int wrong = none ? 1 : run(x->state, "gather", x->dtype, aot_gather_routine[aot_width(aot_dtypes[x->dtype].itemsize)], &over, true);
    if (wrong > 0) {
        raise_outside(x, &call, (int)axis);
    }
    if (wrong != 0) {
        Py_CLEAR(out);
    }
    return out;
}
