/* Fast paths of functions of whole arrays. In Python:
 *
 *     def take(x, indices, /, *, axis=None), take_along_axis(...), nonzero(x, /): see gather.c and masks.c
 *     def count_nonzero(x, /): ...                # of all elements
 *     def repeat(x, repeats, /, *, axis=None), tile(...), roll(...), tril(...), triu(...): see rows.c
 *     def sort(x, /, *, axis=-1, descending=False, stable=True), argsort(...): see sort.c
 *     def concat(arrays, /, *, axis=0):
 *         out = empty(the shape of arrays[0], but along the axis the sum of all lengths; the dtype they promote to)
 *         for part, source in zip(parts of out, arrays): part[...] = source
 *     def stack(arrays, /, *, axis=0): the same along a new axis, of which each array has one position
 *
 * They decline, and Python does it or reports an error, if an array is no tensor, or the shapes do not fit.
 */
#include "native.h"

#include "arrays.h"

/* --- positions ----------------------------------------------------------------------------------- */

/* take(x, indices, /, *, axis=None) */
PyObject *aot_take_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"axis", NULL};
    PyObject *given;
    Py_ssize_t axis = 0;
    bool plain = count == 2 && aot_read_keywords(args + count, names, keys, &given) &&
                 (given == NULL || aot_plain_size(given, &axis));
    const aot_tensor *x = plain ? aot_as_tensor(args[0]) : NULL;
    aot_tensor *index = x != NULL ? aot_as_tensor(args[1]) : NULL;
    if (index == NULL || index->dtype != AOT_INT64 || (given == NULL && x->ndim != 1) || axis < -x->ndim ||
        axis >= x->ndim) {
        return NULL;
    }
    return (PyObject *)aot_take(x, index, (int)axis + (axis < 0 ? x->ndim : 0), "take");
}

/* take_along_axis(x, indices, /, *, axis=-1) */
PyObject *aot_take_along_axis(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count,
                                 PyObject *names)
{
    static const char *const keys[] = {"axis", NULL};
    PyObject *given;
    Py_ssize_t axis = -1;
    bool plain = count == 2 && aot_read_keywords(args + count, names, keys, &given) &&
                 (given == NULL ? names == NULL : aot_plain_size(given, &axis));
    const aot_tensor *x = plain ? aot_as_tensor(args[0]) : NULL;
    aot_tensor *index = x != NULL ? aot_as_tensor(args[1]) : NULL;
    return index != NULL ? (PyObject *)aot_take_along(x, index, axis) : NULL;
}

/* Returns which elements of a contiguous tensor are not zero, as a contiguous tensor; the only operator is not_equal.
 * NULL without an exception for anything else. */
static PyObject *are_nonzero(const aot_function *self, PyObject *object)
{
    const aot_tensor *x = aot_as_tensor(object);
    if (x == NULL || self->operators == NULL) {
        return NULL;
    }
    if (x->dtype == AOT_BOOL) {
        Py_INCREF(object);
        return object;
    }
    PyObject *inputs[] = {object, Py_False};
    return aot_apply((const aot_operator_object *)PyTuple_GetItem(self->operators, 0), inputs, NULL);
}

/* nonzero(x, /) */
PyObject *aot_nonzero(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    const aot_tensor *x = count == 1 && names == NULL ? aot_as_tensor(args[0]) : NULL;
    PyObject *mask = x != NULL && x->ndim > 0 && x->ndim < 3 && x->contiguous ? are_nonzero(self, args[0]) : NULL;
    PyObject *found = mask != NULL ? aot_positions(mask) : NULL;
    Py_XDECREF(mask);
    if (found != NULL && PyTuple_GetItem(found, 0) == Py_None) {
        PyObject *columns = PyTuple_GetSlice(found, 1, 2);
        Py_DECREF(found);
        return columns;
    }
    return found;
}

/* Returns a tensor of the same elements whose axes are not read backwards: a new reference. */
static PyObject *forwards(aot_tensor *x)
{
    Py_ssize_t strides[AOT_MAX_RANK], offset = x->data - x->storage->data;
    bool turns = false;
    for (int axis = 0; axis < x->ndim; axis++) {
        bool backwards = x->strides[axis] < 0 && x->size > 0;
        strides[axis] = backwards ? -x->strides[axis] : x->strides[axis];
        offset += backwards ? (x->shape[axis] - 1) * x->strides[axis] * aot_dtypes[x->dtype].itemsize : 0;
        turns = turns || backwards;
    }
    if (!turns) {
        Py_INCREF((PyObject *)x);
        return (PyObject *)x;
    }
    return (PyObject *)aot_tensor_view(x->state, x->storage, offset, x->dtype, x->ndim, x->shape, strides, "count_nonzero");
}

/* count_nonzero(x, /, *, axis=None, keepdims=False): of all elements. Operators that are watched report themselves. */
PyObject *aot_count_nonzero(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"axis", "keepdims", NULL};
    PyObject *given[2];
    bool plain = count == 1 && aot_read_keywords(args + 1, names, keys, given) && given[0] == NULL &&
                 (given[1] == NULL || given[1] == Py_False) && !self->state->watched;
    aot_tensor *x = plain ? aot_as_tensor(args[0]) : NULL;
    PyObject *turned = x != NULL ? forwards(x) : NULL;
    PyObject *mask = turned != NULL ? are_nonzero(self, turned) : NULL;
    Py_ssize_t total = mask != NULL ? aot_count(aot_as_tensor(mask)) : -1;
    aot_tensor *out = total >= 0 ? aot_tensor_new(self->state, AOT_INT64, 0, NULL, "count_nonzero") : NULL;
    if (out != NULL) {
        *(int64_t *)(void *)out->data = total;
    }
    Py_XDECREF(mask);
    Py_XDECREF(turned);
    return (PyObject *)out;
}

static PyObject *ordered(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names,
                         bool positions)
{
    static const char *const keys[] = {"axis", "descending", "stable", NULL};
    PyObject *given[3];
    Py_ssize_t axis = -1;
    aot_tensor *x = count == 1 ? aot_as_tensor(args[0]) : NULL;
    if (x == NULL || !aot_read_keywords(args + 1, names, keys, given)) {
        return NULL;
    }
    for (Py_ssize_t k = 0; names != NULL && k < PyTuple_Size(names); k++) {
        if (args[1 + k] == Py_None) {
            return NULL;
        }
    }
    bool plain = (given[0] == NULL || aot_plain_size(given[0], &axis)) && (axis == -1 || axis == x->ndim - 1);
    for (int k = 1; k < 3; k++) {
        plain = plain && (given[k] == NULL || given[k] == Py_True || given[k] == Py_False);
    }
    return plain ? (PyObject *)aot_sort(x, given[1] == Py_True, positions, self->row->name) : NULL;
}

PyObject *aot_sort_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return ordered(self, args, count, names, false);
}

PyObject *aot_argsort_path(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return ordered(self, args, count, names, true);
}

/* --- moving -------------------------------------------------------------------------------------- */

/* Reads a tensor, with so many other positional arguments, and an axis, NULL: none. */
static aot_tensor *read_along(PyObject *const *args, Py_ssize_t count, Py_ssize_t others, PyObject *names,
                              PyObject **given, Py_ssize_t *axis)
{
    static const char *const keys[] = {"axis", NULL};
    *axis = 0;
    bool plain = count == 1 + others && aot_read_keywords(args + count, names, keys, given) &&
                 (*given == NULL || aot_plain_size(*given, axis));
    return plain ? aot_as_tensor(args[0]) : NULL;
}

/* repeat(x, repeats, /, *, axis=None) */
PyObject *aot_repeat_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given;
    Py_ssize_t axis, times;
    aot_tensor *x = read_along(args, count, 1, names, &given, &axis);
    return x != NULL && aot_plain_size(args[1], &times) ? (PyObject *)aot_repeat(x, times, given == NULL, axis) : NULL;
}

/* roll(x, /, shift, *, axis=None) */
PyObject *aot_roll_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given;
    Py_ssize_t axis, shift;
    aot_tensor *x = read_along(args, count, 1, names, &given, &axis);
    return x != NULL && aot_plain_size(args[1], &shift) ? (PyObject *)aot_roll(x, shift, given == NULL, axis) : NULL;
}

/* tile(x, repetitions, /) */
PyObject *aot_tile_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    Py_ssize_t times[AOT_MAX_RANK];
    aot_tensor *x = count == 2 && names == NULL ? aot_as_tensor(args[0]) : NULL;
    int axes = x != NULL ? aot_plain_sizes(args + 1, 1, times) : -1;
    return axes >= 0 ? (PyObject *)aot_tile(x, axes, times) : NULL;
}

/* flip(x, /, *, axis=None) */
PyObject *aot_flip_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *given;
    Py_ssize_t axis, strides[AOT_MAX_RANK], offset = 0;
    const aot_tensor *x = read_along(args, count, 0, names, &given, &axis);
    if (x == NULL || x->size == 0 || (given != NULL && (axis < -x->ndim || axis >= x->ndim))) {
        return NULL;
    }
    axis += axis < 0 ? x->ndim : 0;
    for (int own = 0; own < x->ndim; own++) {
        bool turns = given == NULL || own == axis;
        offset += turns ? (x->shape[own] - 1) * x->strides[own] : 0;
        strides[own] = turns ? -x->strides[own] : x->strides[own];
    }
    return (PyObject *)aot_tensor_part(x, offset, x->ndim, x->shape, strides);
}

static PyObject *triangle(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names, bool lower)
{
    static const char *const keys[] = {"k", NULL};
    PyObject *given;
    Py_ssize_t k = 0;
    bool plain = count == 1 && aot_read_keywords(args + count, names, keys, &given) &&
                 (given == NULL ? names == NULL : aot_plain_size(given, &k));
    aot_tensor *x = plain ? aot_as_tensor(args[0]) : NULL;
    return x != NULL && x->ndim > 1 ? (PyObject *)aot_triangle(x, k, lower, self->row->name) : NULL;
}

/* tril(x, /, *, k=0) */
PyObject *aot_tril(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return triangle(self, args, count, names, true);
}

/* triu(x, /, *, k=0) */
PyObject *aot_triu(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return triangle(self, args, count, names, false);
}

/* --- joining ------------------------------------------------------------------------------------- */

/* Shorter rows of each array, on average, are copied by a kernel, as are results that are written past the caches. */
#define LEAST_JOINED 64
#define FEW_PIECES 8

/* Fills a new tensor of rows with those of the contiguous tensors of its dtype in a tuple; returns 1 if they are not. */
static int join_rows(aot_tensor *out, Py_ssize_t rows, PyObject *arrays)
{
    Py_ssize_t count = PyTuple_Size(arrays), itemsize = aot_dtypes[out->dtype].itemsize;
    bool fits = rows > 1 && out->size / rows * itemsize / count >= LEAST_JOINED &&
                2 * out->size * itemsize <= AOT_PLAN_STREAMED_BYTES && !out->state->watched;
    for (Py_ssize_t k = 0; fits && k < count; k++) {
        const aot_tensor *each = aot_as_tensor(PyTuple_GetItem(arrays, k));
        fits = each->contiguous && each->dtype == out->dtype;
    }
    if (!fits) {
        return 1;
    }
    aot_row_piece few[FEW_PIECES], *pieces = count > FEW_PIECES ? PyMem_Malloc((size_t)count * sizeof *pieces) : few;
    if (pieces == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        const aot_tensor *each = aot_as_tensor(PyTuple_GetItem(arrays, k));
        int64_t bytes = each->size / rows * itemsize;
        pieces[k] = (aot_row_piece){each->data, bytes, bytes, 1};
    }
    int failed = aot_copy_rows(out, rows, pieces, count);
    if (pieces != few) {
        PyMem_Free(pieces);
    }
    return failed;
}

/* Joins the tensors in a tuple along an axis, or along a new one; NULL without an exception if they do not fit. */
static PyObject *join(aot_state *state, const char *function, PyObject *arrays, Py_ssize_t axis, bool adds)
{
    Py_ssize_t count = PyTuple_Size(arrays), length = 0;
    const aot_tensor *first = count > 0 ? aot_as_tensor(PyTuple_GetItem(arrays, 0)) : NULL;
    int ndim = first != NULL ? first->ndim + adds : 0;
    uint32_t dtypes = 0;
    if (ndim == 0 || ndim > AOT_MAX_RANK || axis < -ndim || axis >= ndim) {
        return NULL;
    }
    axis += axis < 0 ? ndim : 0;
    for (Py_ssize_t k = 0; k < count; k++) {
        const aot_tensor *each = aot_as_tensor(PyTuple_GetItem(arrays, k));
        if (each == NULL || each->ndim != first->ndim) {
            return NULL;
        }
        for (int own = 0; own < each->ndim; own++) {
            if (each->shape[own] != first->shape[own] && (adds || own != axis)) {
                return NULL;
            }
        }
        Py_ssize_t here = adds ? 1 : each->shape[axis];
        if (here > PY_SSIZE_T_MAX - length) {
            return NULL;
        }
        length += here;
        dtypes |= UINT32_C(1) << each->dtype;
    }
    int dtype = aot_promote(dtypes);
    Py_ssize_t shape[AOT_MAX_RANK], strides[AOT_MAX_RANK], rows = 1;
    for (int own = 0; own < ndim; own++) {
        shape[own] = own == axis ? length : first->shape[own - (adds && own > axis)];
        rows *= own < axis ? shape[own] : 1;
    }
    aot_tensor *out = aot_tensor_new(state, dtype, ndim, shape, function);
    if (out == NULL) {
        return NULL;
    }
    int joined = out->size > 0 ? join_rows(out, rows, arrays) : 0;
    if (joined <= 0) {
        if (joined < 0) {
            Py_CLEAR(out);
        }
        return (PyObject *)out;
    }
    aot_tensor part = *out; /* never seen by Python: a view of the elements of one array */
    part.strides = strides;
    part.ndim = first->ndim;
    part.contiguous = rows == 1;
    for (int own = 0; own < part.ndim; own++) {
        strides[own] = out->strides[own + (adds && own >= axis)];
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        aot_tensor *each = (aot_tensor *)PyTuple_GetItem(arrays, k);
        part.shape = each->shape;
        part.size = each->size;
        if (part.size > 0 && aot_copy(&part, each) < 0) {
            Py_DECREF((PyObject *)out);
            return NULL;
        }
        part.data += (adds ? 1 : each->shape[axis]) * out->strides[axis] * aot_dtypes[dtype].itemsize;
    }
    return (PyObject *)out;
}

static PyObject *call(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names, bool adds)
{
    static const char *const keys[] = {"axis", NULL};
    PyObject *given;
    Py_ssize_t axis = 0;
    bool plain = count == 1 && aot_read_keywords(args + count, names, keys, &given) &&
                 (given == NULL ? names == NULL : aot_plain_size(given, &axis));
    if (!plain) {
        return NULL;
    }
    /* a list may change while signal handlers run, a tuple cannot */
    PyObject *arrays = PyList_CheckExact(args[0]) ? PyList_AsTuple(args[0]) : args[0];
    if (arrays == NULL || !PyTuple_CheckExact(arrays)) {
        return NULL;
    }
    if (arrays == args[0]) {
        Py_INCREF(arrays);
    }
    PyObject *result = join(self->state, self->row->name, arrays, axis, adds);
    Py_DECREF(arrays);
    return result;
}

/* concat(arrays, /, *, axis=0) */
PyObject *aot_concat(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return call(self, args, count, names, false);
}

/* stack(arrays, /, *, axis=0) */
PyObject *aot_stack(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return call(self, args, count, names, true);
}

/* matmul(x1, x2, /, *, out=None) */
PyObject *aot_matmul_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keys[] = {"out", NULL};
    PyObject *out = NULL;
    bool plain = count == 2 && (names == NULL || aot_read_keywords(args + count, names, keys, &out));
    return plain ? aot_product("matmul", args[0], args[1], out, NULL) : NULL;
}
