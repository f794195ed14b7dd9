/* Fast paths of functions of whole arrays: take, take_along_axis, nonzero, sort, argsort, concat, stack. In Python:
 *
 *     def take(x, indices, /, *, axis=None), take_along_axis(...), nonzero(x, /): see gather.c and masks.c
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

/* nonzero(x, /) */
PyObject *aot_nonzero(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *found = count == 1 && names == NULL ? aot_positions(args[0]) : NULL;
    if (found != NULL && PyTuple_GetItem(found, 0) == Py_None) {
        PyObject *columns = PyTuple_GetSlice(found, 1, 2);
        Py_DECREF(found);
        return columns;
    }
    return found;
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

/* --- joining ------------------------------------------------------------------------------------- */

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
