/* Calls of reductions. In Python:
 *
 *     def reduction(x, axis=None, *, keepdims=False, dtype=None, out=None):
 *         x = converted to dtype, or to a dtype that has a kernel
 *         shape = x.shape with the axes 1 (keepdims) or gone
 *         out = full(shape, identity if nothing folds else start)
 *         launch(kernel, [x, out with step 0 along the axes], x.shape)
 */
#include "native.h"

#include <string.h>

typedef struct {
    PyObject *x;
    PyObject *axis;     /* NULL: all */
    PyObject *dtype;    /* NULL: as it comes */
    PyObject *out;      /* NULL: a new one */
    PyObject *keepdims; /* NULL: False */
} reduce_arguments;

static PyObject *or_null(PyObject *object)
{
    return object == Py_None ? NULL : object;
}

/* Borrows everything; runs no Python code but to raise. */
static int parse(const aot_operator *definition, PyObject *args, PyObject *kwargs, reduce_arguments *parsed)
{
    *parsed = (reduce_arguments){0};
    Py_ssize_t given = PyTuple_Size(args);
    if (given < 1 || given > 2) {
        aot_raise("wrong_count", "(ssin)", definition->name, "x axis", 1, given);
        return -1;
    }
    parsed->x = PyTuple_GetItem(args, 0);
    if (given == 2) {
        parsed->axis = or_null(PyTuple_GetItem(args, 1));
    }
    if (kwargs == NULL) {
        return 0;
    }
    const char *keywords = definition->has_identity ? "axis, keepdims, dtype, out" : "axis, keepdims, out";
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(kwargs, &position, &key, &value)) {
        if (aot_is_keyword(key, "keepdims")) {
            parsed->keepdims = value;
        } else if (aot_is_keyword(key, "axis") && given == 1) {
            parsed->axis = or_null(value);
        } else if (aot_is_keyword(key, "dtype") && definition->has_identity) {
            parsed->dtype = or_null(value);
        } else if (aot_is_keyword(key, "out")) {
            parsed->out = or_null(value);
        } else {
            aot_raise("unexpected_keyword", "(sOs)", definition->name, key, keywords);
            return -1;
        }
    }
    return 0;
}

/* The axes to fold as a bit mask. */
static int parse_axes(PyObject *axis, int ndim, uint32_t *mask)
{
    if (axis == NULL) {
        *mask = ndim == 32 ? UINT32_MAX : (UINT32_C(1) << ndim) - 1;
        return 0;
    }
    *mask = 0;
    if (PyLong_CheckExact(axis)) {
        long value = PyLong_AsLong(axis);
        if (value == -1 && PyErr_Occurred()) {
            PyErr_Clear(); /* too large for long: out of range, as Python will say */
        } else if (value >= -ndim && value < ndim) {
            *mask = UINT32_C(1) << (value < 0 ? value + ndim : value);
            return 0;
        }
    }
    Py_ssize_t axes[AOT_MAX_RANK];
    PyObject *normalized = aot_call("aotops.shapes", "normalize_axes", "(Oi)", axis, ndim);
    int count = normalized != NULL ? aot_read_sizes(normalized, axes, "axis") : -1;
    Py_XDECREF(normalized);
    for (int k = 0; k < count; k++) {
        if (axes[k] < 0 || axes[k] >= ndim) {
            PyErr_SetString(PyExc_SystemError, "aotops.shapes.normalize_axes must return axes of the tensor");
            return -1;
        }
        *mask |= UINT32_C(1) << axes[k];
    }
    return count < 0 ? -1 : 0;
}

/* x in the dtype in which the reduction computes: a new reference. */
static aot_tensor *converted_input(const aot_operator_object *operator, const reduce_arguments *parsed)
{
    aot_state *state = operator->state;
    const aot_operator *definition = operator->definition;
    aot_tensor *x = aot_as_tensor(parsed->x);
    if (x == NULL) {
        return (aot_tensor *)aot_raise("wrong_type", "(sssO)", definition->name, "x", "a Tensor", parsed->x);
    }
    int dtype = x->dtype;
    if (parsed->dtype != NULL) {
        dtype = aot_dtype_code(state, parsed->dtype, "dtype");
        if (dtype < 0) {
            return NULL;
        }
    }
    if (aot_variant_of(definition, dtype) == NULL) {
        if (definition->conversions[dtype] == AOT_NO_DTYPE || parsed->dtype != NULL) {
            PyObject *name = PyUnicode_FromString(aot_dtypes[dtype].name);
            return (aot_tensor *)aot_raise("wrong_dtypes", "(O(N))", operator, name);
        }
        dtype = definition->conversions[dtype];
    }
    if (dtype == x->dtype) {
        Py_INCREF((PyObject *)x);
        return x;
    }
    aot_tensor *copy = aot_tensor_new(state, dtype, x->ndim, x->shape);
    if (copy != NULL && aot_copy(copy, x) < 0) {
        Py_DECREF((PyObject *)copy);
        copy = NULL;
    }
    return copy;
}

/* Folds the axes in `mask` of x into `out`, whose shape is x's without them, or with 1 in their place. */
static int fold(const aot_operator_object *operator, aot_tensor *x, uint32_t mask, aot_tensor *out, bool keepdims)
{
    const aot_operator *definition = operator->definition;
    const aot_variant *variant = aot_variant_of(definition, x->dtype);
    Py_ssize_t strides[AOT_MAX_RANK];
    int kept = 0;
    bool nothing_folds = false;
    for (int axis = 0; axis < x->ndim; axis++) {
        bool folds = mask >> axis & 1;
        strides[axis] = folds ? 0 : out->strides[kept];
        kept += keepdims || !folds;
        nothing_folds = nothing_folds || (folds && x->shape[axis] == 0);
    }
    aot_element start = {.bits = variant->start};
    if (nothing_folds) {
        if (!definition->has_identity && out->size > 0) {
            PyObject *shape = aot_tuple_of_sizes(x->ndim, x->shape);
            aot_raise("nothing_to_reduce", "(sN)", definition->name, shape);
            return -1;
        }
        start.bits = variant->identity;
    }
    aot_fill(out, start, out->dtype);
    aot_view views[] = {{x->data, x->strides}, {out->data, strides}};
    aot_launch(operator->state, variant->kernels, variant->dtypes, 2, views, x->ndim, x->shape);
    return 0;
}

static PyObject *apply(const aot_operator_object *operator, const reduce_arguments *parsed, bool keepdims)
{
    aot_tensor *x = converted_input(operator, parsed);
    if (x == NULL) {
        return NULL;
    }
    PyObject *result = NULL;
    uint32_t mask;
    if (parse_axes(parsed->axis, x->ndim, &mask) < 0) {
        goto done;
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = 0;
    for (int axis = 0; axis < x->ndim; axis++) {
        bool folds = mask >> axis & 1;
        if (keepdims || !folds) {
            shape[ndim++] = folds ? 1 : x->shape[axis];
        }
    }
    aot_tensor *given = NULL;
    if (parsed->out != NULL) {
        given = aot_as_tensor(parsed->out);
        if (given == NULL) {
            aot_raise("wrong_type", "(sssO)", operator->definition->name, "out", "a Tensor", parsed->out);
            goto done;
        }
        if (aot_check_out(operator, given, ndim, shape) < 0) {
            goto done;
        }
    }
    int dtype = aot_variant_of(operator->definition, x->dtype)->dtypes[1];
    bool direct = given != NULL && given->dtype == dtype && !aot_may_overlap(given, x);
    aot_tensor *out = direct ? given : aot_tensor_new(operator->state, dtype, ndim, shape);
    if (out == NULL) {
        goto done;
    }
    if (direct) {
        Py_INCREF((PyObject *)out);
    }
    if (fold(operator, x, mask, out, keepdims) < 0) {
        Py_DECREF((PyObject *)out);
    } else {
        result = given == NULL || direct ? (PyObject *)out : aot_deliver(operator, (PyObject *)out, given);
    }
done:
    Py_DECREF((PyObject *)x);
    return result;
}

PyObject *aot_reduce(const aot_operator_object *operator, PyObject *args, PyObject *kwargs)
{
    reduce_arguments parsed;
    if (parse(operator->definition, args, kwargs, &parsed) < 0) {
        return NULL;
    }
    /* from here on Python code runs (truth, conversions), which could find kwargs and empty it */
    Py_XINCREF(parsed.axis);
    Py_XINCREF(parsed.dtype);
    Py_XINCREF(parsed.out);
    Py_XINCREF(parsed.keepdims);
    int keepdims = parsed.keepdims != NULL ? PyObject_IsTrue(parsed.keepdims) : 0;
    PyObject *result = keepdims < 0 ? NULL : apply(operator, &parsed, keepdims);
    Py_XDECREF(parsed.axis);
    Py_XDECREF(parsed.dtype);
    Py_XDECREF(parsed.out);
    Py_XDECREF(parsed.keepdims);
    return result;
}
