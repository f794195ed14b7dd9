/* Results in tensors that the caller passes as `out`. In Python:
 *
 *     def check_out(name, out, dtype, shape):              # before anything is computed
 *         if out.shape != shape or out.readonly or two elements of out share memory or not can_cast(dtype, out.dtype):
 *             raise an error in the operator's name
 *     def check_outs(name, outs, dtypes, shape):           # of operators that return a tuple
 *         for out, dtype in zip(outs, dtypes): check_out(name, out, dtype, shape)
 *         if two of the outs share elements: raise ValueError
 *     def check_written(name, argument, x, others):        # of arguments that a kernel writes to
 *         if x.readonly or two elements of x share memory: raise ValueError
 *         return tuple(x shares elements with other, maybe for other in others)
 */
#include "arrays.h"
#include "tape.h"

#include <string.h>

bool aot_elements_are_distinct(int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides)
{
    Py_ssize_t reach = 0; /* of the axes seen so far, whose strides are smaller than the rest */
    uint64_t seen = 0;
    for (int round = 0; round < ndim; round++) {
        int nearest = -1;
        Py_ssize_t smallest = 0;
        for (int axis = 0; axis < ndim; axis++) {
            Py_ssize_t step = strides[axis] < 0 ? -strides[axis] : strides[axis];
            if (!(seen >> axis & 1) && (nearest < 0 || step < smallest)) {
                nearest = axis;
                smallest = step;
            }
        }
        seen |= UINT64_C(1) << nearest;
        if (shape[nearest] > 1) {
            if (smallest <= reach) {
                return false;
            }
            reach += smallest * (shape[nearest] - 1);
        }
    }
    return true;
}

int aot_check_out(const char *name, const aot_tensor *out, int dtype, int ndim, const Py_ssize_t *shape, bool in_place)
{
    if (!aot_can_cast[dtype][out->dtype]) {
        aot_raise("cannot_cast_out", "(sssi)", name, aot_dtypes[dtype].name, aot_dtypes[out->dtype].name,
                  (int)in_place);
        return -1;
    }
    if (out->ndim != ndim || memcmp(out->shape, shape, (size_t)ndim * sizeof *shape) != 0) {
        PyObject *got = aot_tuple_of_sizes(out->ndim, out->shape);
        PyObject *wanted = aot_tuple_of_sizes(ndim, shape);
        aot_raise("wrong_out_shape", "(sNNi)", name, got, wanted, (int)in_place);
        return -1;
    }
    if (aot_check_writable(out, name, in_place ? "x1" : "out") < 0) {
        return -1;
    }
    if (out->size > 1 && !aot_elements_are_distinct(out->ndim, out->shape, out->strides)) {
        aot_raise("overlapping_out", "(sNNi)", name, aot_tuple_of_sizes(out->ndim, out->shape),
                  aot_tuple_of_sizes(out->ndim, out->strides), (int)in_place);
        return -1;
    }
    return 0;
}

PyObject *aot_check_out_call(aot_state *state, PyObject *args)
{
    const char *name;
    PyObject *object, *dtype, *sizes, *others;
    Py_ssize_t shape[AOT_MAX_RANK];
    if (!PyArg_ParseTuple(args, "sOOOO!:check_out", &name, &object, &dtype, &sizes, &PyTuple_Type, &others)) {
        return NULL;
    }
    const aot_tensor *out = aot_as_tensor(object);
    if (out == NULL) {
        return aot_raise("wrong_type", "(sssO)", name, "out", "a Tensor", object);
    }
    int ndim = aot_read_sizes(sizes, shape, name, "shape"), code = aot_dtype_code(state, dtype, name);
    if (ndim < 0 || code < 0 || aot_check_out(name, out, code, ndim, shape, false) < 0) {
        return NULL;
    }
    bool fits = out->dtype == code;
    for (Py_ssize_t k = 0; fits && k < PyTuple_Size(others); k++) {
        const aot_tensor *other = aot_as_tensor(PyTuple_GetItem(others, k));
        fits = other != NULL && !aot_may_overlap(out, other);
    }
    return PyBool_FromLong(fits);
}

int aot_check_broadcast_out(const char *name, const aot_tensor *out, int dtype, int ndim, const Py_ssize_t *shape,
                            bool in_place)
{
    bool fits = ndim <= out->ndim;
    for (int axis = 0; fits && axis < ndim; axis++) {
        fits = shape[axis] == 1 || shape[axis] == out->shape[out->ndim - ndim + axis];
    }
    return fits ? aot_check_out(name, out, dtype, out->ndim, out->shape, in_place)
                : aot_check_out(name, out, dtype, ndim, shape, in_place);
}

/* Returns whether two tensors of one shape share elements. False is always right. Tensors of equal strides, such as
 * z[..., 0] and z[..., 1], are the two rows of one view whose first axis leads from one to the other. */
static bool share_elements(const aot_tensor *a, const aot_tensor *b)
{
    if (!aot_may_overlap(a, b)) {
        return false;
    }
    Py_ssize_t itemsize = aot_dtypes[a->dtype].itemsize;
    Py_ssize_t distance = b->data - a->data; /* both lie in the memory that they seem to share */
    if (a->dtype != b->dtype || distance % itemsize != 0 ||
        memcmp(a->strides, b->strides, a->ndim * sizeof *a->strides) != 0) {
        return true;
    }
    Py_ssize_t shape[AOT_MAX_RANK + 1] = {2}, strides[AOT_MAX_RANK + 1] = {distance / itemsize};
    memcpy(shape + 1, a->shape, a->ndim * sizeof *shape);
    memcpy(strides + 1, a->strides, a->ndim * sizeof *strides);
    return !aot_elements_are_distinct(a->ndim + 1, shape, strides);
}

PyObject *aot_check_written_call(PyObject *args)
{
    const char *name, *argument;
    PyObject *object, *others;
    if (!PyArg_ParseTuple(args, "ssOO!:check_written", &name, &argument, &object, &PyTuple_Type, &others)) {
        return NULL;
    }
    const aot_tensor *written = aot_as_tensor(object);
    if (written == NULL) {
        return aot_raise("wrong_type", "(sssO)", name, argument, "a Tensor", object);
    }
    if (aot_check_writable(written, name, argument) < 0) {
        return NULL;
    }
    if (written->size > 1 && !aot_elements_are_distinct(written->ndim, written->shape, written->strides)) {
        return aot_raise("overlapping_argument", "(ssNN)", name, argument,
                         aot_tuple_of_sizes(written->ndim, written->shape),
                         aot_tuple_of_sizes(written->ndim, written->strides));
    }
    PyObject *shares = PyTuple_New(PyTuple_Size(others));
    for (Py_ssize_t k = 0; shares != NULL && k < PyTuple_Size(others); k++) {
        const aot_tensor *other = aot_as_tensor(PyTuple_GetItem(others, k));
        bool alike = other != NULL && other->ndim == written->ndim &&
                     memcmp(other->shape, written->shape, (size_t)written->ndim * sizeof *written->shape) == 0;
        bool apart = alike ? !share_elements(written, other) : other != NULL && !aot_may_overlap(written, other);
        if (PyTuple_SetItem(shares, k, PyBool_FromLong(!apart)) < 0) {
            Py_CLEAR(shares);
        }
    }
    return shares;
}

int aot_check_outs(const char *name, PyObject *outs, int count, const uint8_t *dtypes, int ndim,
                   const Py_ssize_t *shape)
{
    if (!PyTuple_Check(outs) || PyTuple_Size(outs) != count) {
        aot_raise("wrong_outs", "(siO)", name, count, outs);
        return -1;
    }
    for (int k = 0; k < count; k++) {
        PyObject *object = PyTuple_GetItem(outs, k);
        const aot_tensor *out = aot_as_tensor(object);
        if (out == NULL) {
            aot_raise("wrong_type", "(sssO)", name, "out", "a tuple of Tensors", object);
            return -1;
        }
        if (aot_check_out(name, out, dtypes[k], ndim, shape, false) < 0) {
            return -1;
        }
        for (int j = 0; j < k; j++) {
            if (share_elements(aot_as_tensor(PyTuple_GetItem(outs, j)), out)) {
                aot_raise("overlapping_outs", "(sii)", name, j, k);
                return -1;
            }
        }
    }
    return 0;
}

PyObject *aot_copy_to_out(PyObject *result, aot_tensor *out)
{
    if (result == NULL) {
        return NULL;
    }
    int failed = aot_copy(out, (aot_tensor *)result);
    Py_DECREF(result);
    if (failed < 0) {
        return NULL;
    }
    Py_INCREF((PyObject *)out);
    return (PyObject *)out;
}

PyObject *aot_copy_to_outs(PyObject *results, PyObject *outs)
{
    for (Py_ssize_t k = 0; results != NULL && k < PyTuple_Size(outs); k++) {
        if (aot_copy(aot_as_tensor(PyTuple_GetItem(outs, k)), aot_as_tensor(PyTuple_GetItem(results, k))) < 0) {
            Py_CLEAR(results);
        }
    }
    if (results == NULL) {
        return NULL;
    }
    Py_DECREF(results);
    Py_INCREF(outs);
    return outs;
}

/* Copies a result of a function that may have recorded how it was computed; then `out` goes on with its gradient. */
static int copy_tracked(const char *name, aot_tensor *out, PyObject *result)
{
    PyObject *both[] = {(PyObject *)out, result};
    bool records = out->state->tape.nodes != 0 && aot_is_recorded(out->state, both, 2);
    if ((records && aot_check_recorded_write(out, name) < 0) || aot_copy(out, aot_as_tensor(result)) < 0) {
        return -1;
    }
    return records ? aot_record_assigned(out, Py_Ellipsis, result) : 0;
}

PyObject *aot_copy_computed(const char *name, PyObject *result, PyObject *out, bool broadcasts)
{
    Py_INCREF(result);
    if (out == Py_None) {
        return result;
    }
    aot_tensor *computed = aot_as_tensor(result), *target = aot_as_tensor(out);
    if (computed != NULL) {
        if (target == NULL) {
            aot_raise("wrong_type", "(sssO)", name, "out", "a Tensor", out);
            out = NULL;
        } else if ((broadcasts ? aot_check_broadcast_out : aot_check_out)(
                       name, target, computed->dtype, computed->ndim, computed->shape, false) == 0) {
            out = copy_tracked(name, target, result) < 0 ? NULL : out;
            Py_XINCREF(out);
        } else {
            out = NULL;
        }
        Py_DECREF(result);
        return out;
    }
    uint8_t dtypes[AOT_MAX_OPERANDS];
    Py_ssize_t count = PyTuple_Check(result) ? PyTuple_Size(result) : 0;
    for (Py_ssize_t k = 0; k < count && k < AOT_MAX_OPERANDS; k++) {
        computed = aot_as_tensor(PyTuple_GetItem(result, k));
        if (computed == NULL) {
            break;
        }
        dtypes[k] = (uint8_t)computed->dtype;
    }
    if (computed == NULL || count > AOT_MAX_OPERANDS) {
        aot_raise("wrong_type", "(sssO)", name, "result", "a Tensor or a tuple of them", result);
    } else if (aot_check_outs(name, out, (int)count, dtypes, computed->ndim, computed->shape) == 0) {
        bool failed = false;
        for (Py_ssize_t k = 0; k < count && !failed; k++) {
            failed = copy_tracked(name, aot_as_tensor(PyTuple_GetItem(out, k)), PyTuple_GetItem(result, k)) < 0;
        }
        Py_DECREF(result);
        Py_XINCREF(failed ? NULL : out);
        return failed ? NULL : out;
    }
    Py_DECREF(result);
    return NULL;
}
