/* What Python calls of gather.c: reading and writing elements at the positions that an index has for each axis. */
#include "native.h"

#include "arrays.h"
#include "routines.h"

/* Reads a tuple with an index of int64, or None, for each axis of x, one index at least. */
static bool read_indices(const aot_tensor *x, PyObject *tuple, aot_tensor **indices)
{
    bool any = false, valid = PyTuple_Size(tuple) == x->ndim;
    for (int axis = 0; valid && axis < x->ndim; axis++) {
        PyObject *item = PyTuple_GetItem(tuple, axis);
        indices[axis] = item == Py_None ? NULL : aot_as_tensor(item);
        valid = item == Py_None || (indices[axis] != NULL && indices[axis]->dtype == AOT_INT64);
        any = any || indices[axis] != NULL;
    }
    return valid && any;
}

static PyObject *wrong_call(const char *function)
{
    return PyErr_Format(PyExc_SystemError, "%s: the arguments must be those that aotops.namespace.indexing gives", function);
}

PyObject *aot_take_at(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *source, *tuple, *axes;
    int place;
    const char *function;
    aot_tensor *indices[AOT_MAX_RANK];
    if (!PyArg_ParseTuple(args, "OO!isO!:take_at", &source, &PyTuple_Type, &tuple, &place, &function, &PyTuple_Type,
                          &axes)) {
        return NULL;
    }
    aot_tensor *x = aot_as_tensor(source);
    if (x == NULL || !read_indices(x, tuple, indices) || PyTuple_Size(axes) != x->ndim) {
        return wrong_call("take_at");
    }
    const aot_asked call = {function, axes, indices};
    return (PyObject *)aot_gather(x, &call, place);
}

PyObject *aot_put_at(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *target, *tuple, *axes, *object;
    int place, adds = 0;
    const char *function;
    aot_tensor *indices[AOT_MAX_RANK];
    if (!PyArg_ParseTuple(args, "OO!isO!O|p:put_at", &target, &PyTuple_Type, &tuple, &place, &function, &PyTuple_Type,
                          &axes, &object, &adds)) {
        return NULL;
    }
    aot_tensor *x = aot_as_tensor(target), *value = aot_as_tensor(object);
    if (x == NULL || value == NULL || value->dtype != x->dtype || !read_indices(x, tuple, indices) ||
        PyTuple_Size(axes) != x->ndim || (adds && aot_scatter_add_routine[x->dtype][x->state->level] == NULL)) {
        return wrong_call("put_at");
    }
    aot_tensor *copies[AOT_MAX_RANK + 1] = {NULL}; /* of indices and a value that share memory with x */
    bool failed = false;
    for (int axis = 0; !failed && axis < x->ndim; axis++) {
        if (indices[axis] != NULL && aot_may_overlap(x, indices[axis])) {
            copies[axis] = indices[axis] = aot_astype(indices[axis], AOT_INT64, true, function);
            failed = copies[axis] == NULL;
        }
    }
    if (!failed && aot_may_overlap(x, value)) {
        copies[AOT_MAX_RANK] = value = aot_astype(value, value->dtype, true, function);
        failed = value == NULL;
    }
    const aot_asked call = {function, axes, indices};
    failed = failed || aot_scatter(x, &call, place, value, adds != 0) < 0;
    for (int k = 0; k <= AOT_MAX_RANK; k++) {
        Py_XDECREF((PyObject *)copies[k]);
    }
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* take_along(x, index, axis) */
PyObject *aot_take_along_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *source, *object;
    Py_ssize_t axis;
    if (!PyArg_ParseTuple(args, "OOn:take_along", &source, &object, &axis)) {
        return NULL;
    }
    aot_tensor *x = aot_as_tensor(source), *index = aot_as_tensor(object);
    aot_tensor *out = x != NULL && index != NULL ? aot_take_along(x, index, axis) : NULL;
    return out == NULL && !PyErr_Occurred() ? wrong_call("take_along") : (PyObject *)out;
}
