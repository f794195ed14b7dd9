/* Recording calls of Functions: views and means here, all others by Python. See tape.h. */
#include "tape.h"

/* Calls Python for a call of a Function. */
static PyObject *function_in_python(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *positional = PyTuple_New(count), *keywords = names != NULL ? PyDict_New() : NULL;
    bool failed = positional == NULL || (names != NULL && keywords == NULL);
    for (Py_ssize_t k = 0; !failed && k < count; k++) {
        Py_INCREF(args[k]);
        failed = PyTuple_SetItem(positional, k, args[k]) < 0;
    }
    for (Py_ssize_t k = 0; !failed && names != NULL && k < PyTuple_Size(names); k++) {
        failed = PyDict_SetItem(keywords, PyTuple_GetItem(names, k), args[count + k]) < 0;
    }
    PyObject *result = failed ? NULL : aot_record_in_python(self->state, (PyObject *)self, positional, keywords);
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return result;
}

/* Makes the mean of a tensor the output of a node: its arguments are those that the fast path has taken. */
static PyObject *record_mean(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names,
                             PyObject *result)
{
    const aot_tensor *x = aot_as_tensor(args[0]);
    PyObject *axis = count == 2 ? args[1] : Py_None;
    bool keepdims = false;
    for (Py_ssize_t k = 0; names != NULL && k < PyTuple_Size(names); k++) {
        if (aot_is_keyword(PyTuple_GetItem(names, k), "axis")) {
            axis = args[count + k];
        } else if (aot_is_keyword(PyTuple_GetItem(names, k), "keepdims")) {
            keepdims = args[count + k] == Py_True;
        }
    }
    uint32_t axes = (uint32_t)((UINT64_C(1) << x->ndim) - 1);
    Py_ssize_t single, folded = 1;
    if (aot_plain_size(axis, &single)) {
        axes = UINT32_C(1) << (single < 0 ? single + x->ndim : single);
    } else if (axis != Py_None && !aot_plain_axes(axis, x->ndim, &axes)) {
        axes = 0; /* the fast path has read it */
    }
    for (int k = 0; k < x->ndim; k++) {
        folded *= axes >> k & 1 ? x->shape[k] : 1;
    }
    aot_state *state = self->state;
    result = aot_record_fold((const aot_operator_object *)state->tape.sum, args, axes, keepdims, result);
    const aot_tensor *made = result != NULL ? aot_as_tensor(result) : NULL;
    if (made != NULL && made->node != NULL) {
        Py_INCREF((PyObject *)self);
        Py_DECREF(made->node->function);
        made->node->function = (PyObject *)self;
        made->node->rule = PyLong_FromSsize_t(folded);
        if (made->node->rule == NULL) {
            Py_CLEAR(result);
        }
    }
    return result;
}

PyObject *aot_record_function(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    enum aot_recording way = (enum aot_recording)self->row->recording;
    aot_tensor *x = count > 0 ? aot_tracked(self->state, args[0]) : NULL;
    if (way == AOT_RECORD_PRODUCT && count == 2 && names == NULL &&
        (aot_as_tensor(args[0]) != NULL || aot_as_tensor(args[1]) != NULL)) {
        return aot_record_product(args[0], args[1]);
    }
    PyObject *result = NULL;
    if (way != AOT_RECORD_IN_PYTHON && way != AOT_RECORD_PRODUCT && x != NULL) {
        bool before = aot_set_recording(false);
        result = self->row->fast_path(self, args, count, names);
        aot_set_recording(before);
        if (result == NULL && PyErr_Occurred()) {
            return NULL;
        }
    }
    if (result == NULL) {
        return function_in_python(self, args, count, names);
    }
    if (way == AOT_RECORD_MEAN) {
        return record_mean(self, args, count, names, result);
    }
    if (way == AOT_RECORD_PERMUTED) {
        Py_ssize_t axes[AOT_MAX_RANK];
        int order[AOT_MAX_RANK], given = aot_plain_sizes(args + 1, count - 1, axes);
        for (int k = 0; k < given; k++) {
            order[k] = (int)axes[k] + (axes[k] < 0 ? x->ndim : 0);
        }
        return aot_record_permuted(x, order, (PyObject *)self, result);
    }
    return aot_record_view(x, way == AOT_RECORD_RESHAPED ? AOT_NODE_RESHAPED : AOT_NODE_PASS, (PyObject *)self, result);
}
