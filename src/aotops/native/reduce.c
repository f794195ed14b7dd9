/* Calling reductions and scans. In Python:
 *
 *     def reduction(*inputs, axis=None, keepdims=False, dtype=None, out=None):    # Python handles initial and where
 *         inputs = cast to dtype, or to dtypes that have a kernel
 *         shape = broadcast shape of the inputs, with the reduced axes of length 1 (keepdims) or removed
 *         if a reduced axis has length 0: out = full(shape, identity)
 *         else: fold(kernel, [*inputs, out with stride 0 along the reduced axes])
 *
 *     def argreduction(x, axis=None, keepdims=False, out=None):
 *         the same, with x flattened if axis is None
 *
 *     def scan(x, axis=None, dtype=None, include_initial=False, out=None):
 *         x = cast to dtype, or to a dtype that has a kernel
 *         out[1:] if include_initial else out = scan(kernel, x)
 */
#include "retry.h"
#include "tape.h"

#include <string.h>

typedef struct {
    const aot_operator_object *operator;
    PyObject *inputs[AOT_MAX_OPERANDS];
    PyObject *axis;  /* NULL: all axes */
    PyObject *dtype; /* NULL: the operator decides */
    PyObject *out;   /* NULL: a new tensor */
    PyObject *flag;  /* keepdims or include_initial; NULL: False */
    bool is_true;    /* truth value of the flag */
    uint32_t axes;   /* of a reduction that has been done: those that were folded */
    const aot_variant *variant; /* the chosen variant; inputs are cast to its dtypes */
    int wraps_to; /* an integer dtype narrower than the variant's, whose low bits the result keeps; or AOT_NO_DTYPE */
} call_arguments;

/* Returns the dtype of the result, of one computed in `dtype`. */
static int result_dtype(const call_arguments *call, int dtype)
{
    return call->wraps_to != AOT_NO_DTYPE ? call->wraps_to : dtype;
}

static PyObject *or_null(PyObject *object)
{
    return object == Py_None ? NULL : object;
}

/* Borrows everything; runs no Python code except to raise. Returns -1 for an error, 1 for a call with arguments that
 * Python handles (aotops.namespace.masked), else 0. */
static int parse(const aot_operator_object *operator, PyObject *args, PyObject *kwargs, call_arguments *parsed)
{
    const aot_operator *definition = operator->definition;
    *parsed = (call_arguments){.operator = operator, .wraps_to = AOT_NO_DTYPE};
    Py_ssize_t given = PyTuple_Size(args);
    int inputs = definition->inputs;
    for (int k = 0; k < inputs && k < given; k++) {
        parsed->inputs[k] = PyTuple_GetItem(args, k);
    }
    if (given == inputs + 1) {
        parsed->axis = or_null(PyTuple_GetItem(args, inputs));
    }
    bool scans = definition->kind == AOT_SCAN, takes_dtype = definition->takes_dtype;
    bool masks = definition->kind == AOT_REDUCE && inputs == 1, masked = false;
    const char *flag = !scans ? "keepdims" : definition->has_identity ? "include_initial" : NULL;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (kwargs != NULL && PyDict_Next(kwargs, &position, &key, &value)) {
        if (flag != NULL && aot_is_keyword(key, flag)) {
            parsed->flag = value;
        } else if (aot_is_keyword(key, "axis") && given <= inputs) {
            parsed->axis = or_null(value);
        } else if (aot_is_keyword(key, "dtype") && takes_dtype) {
            parsed->dtype = or_null(value);
        } else if (aot_is_keyword(key, "out")) {
            parsed->out = or_null(value);
        } else if (masks && (aot_is_keyword(key, "where") || aot_is_keyword(key, "initial"))) {
            masked = true;
        } else {
            PyObject *keywords = PyUnicode_FromFormat("axis, %s%s%sout%s", flag != NULL ? flag : "",
                                                      flag != NULL ? ", " : "", takes_dtype ? "dtype, " : "",
                                                      masks ? ", initial, where" : "");
            aot_raise("unexpected_keyword", "(sONs)", definition->name, key, keywords, definition->parameters);
            return -1;
        }
    }
    if (given < inputs || given > inputs + 1) {
        PyObject *names = PyUnicode_FromFormat("%s axis", definition->parameters);
        aot_raise("wrong_count", "(sNin)", definition->name, names, inputs, given);
        return -1;
    }
    return masked;
}

/* Reads the axes into a bit mask. */
static int parse_axes(const call_arguments *call, int ndim, uint32_t *mask)
{
    PyObject *axis = call->axis;
    const aot_operator *definition = call->operator->definition;
    if (axis == NULL) {
        *mask = (uint32_t)((UINT64_C(1) << ndim) - 1);
        return 0;
    }
    *mask = 0;
    if (PyLong_CheckExact(axis)) {
        long value = PyLong_AsLong(axis);
        if (value == -1 && PyErr_Occurred()) {
            PyErr_Clear(); /* too large for long, so out of range: Python raises */
        } else if (value >= -ndim && value < ndim) {
            *mask = UINT32_C(1) << (value < 0 ? value + ndim : value);
            return 0;
        }
    }
    Py_ssize_t axes[AOT_MAX_RANK];
    if (definition->kind == AOT_REDUCE && aot_plain_axes(axis, ndim, mask)) {
        return 0;
    }
    *mask = 0;
    PyObject *normalized = aot_call("normalize_axes", "(ssOii)", definition->name, "axis", axis, ndim,
                                    definition->kind == AOT_REDUCE); /* others have one axis */
    int count = normalized != NULL ? aot_read_sizes(normalized, axes, definition->name, "axis") : -1;
    Py_XDECREF(normalized);
    for (int k = 0; k < count; k++) {
        if (axes[k] < 0 || axes[k] >= ndim) {
            PyErr_SetString(PyExc_SystemError, "aotops.callbacks.normalize_axes must return axes of the tensor");
            return -1;
        }
        *mask |= UINT32_C(1) << axes[k];
    }
    return count < 0 ? -1 : 0;
}

/* Returns a tensor cast to a dtype: a new reference. */
static aot_tensor *cast(const call_arguments *call, aot_tensor *x, int dtype)
{
    if (dtype == x->dtype) {
        Py_INCREF((PyObject *)x);
        return x;
    }
    aot_tensor *copy = aot_tensor_new(x->state, dtype, x->ndim, x->shape, call->operator->definition->name);
    if (copy != NULL && aot_copy(copy, x) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* Chooses the variant for an input; returns the input or a cast copy: a new reference. The memory layout of an input
 * determines the order in which its elements are combined, and a cast copy is in row-major order. Casting must not
 * change the result, so unless any order gives the same one, as of integers, only an input in row-major order is left
 * to be cast tile by tile later. */
static aot_tensor *with_variant(call_arguments *call, aot_tensor *x)
{
    const aot_operator_object *operator = call->operator;
    aot_state *state = operator->state;
    const aot_operator *definition = operator->definition;
    int dtype = x->dtype;
    if (call->dtype != NULL) {
        dtype = aot_dtype_code(state, call->dtype, definition->name);
        if (dtype < 0) {
            return NULL;
        }
    }
    const aot_variant *variant = aot_variant_of(definition, dtype);
    int casts = variant == NULL ? definition->casts[dtype] : AOT_NO_DTYPE;
    const aot_variant *wide = casts != AOT_NO_DTYPE ? aot_variant_of(definition, casts) : variant;
    if (call->dtype != NULL && wide != NULL && wide->dtypes[1] != dtype &&
        aot_dtypes[dtype].category == AOT_CATEGORY_INTEGER &&
        aot_dtypes[wide->dtypes[1]].category == AOT_CATEGORY_INTEGER) {
        /* the dtype's numbers, computed in a wider one: the low bits of sums and products depend on low bits alone */
        call->variant = wide;
        call->wraps_to = dtype;
        aot_tensor *narrow = cast(call, x, dtype);
        aot_tensor *widened = narrow != NULL ? cast(call, narrow, wide->dtypes[0]) : NULL;
        Py_XDECREF((PyObject *)narrow);
        return widened;
    }
    if (variant == NULL || (call->dtype != NULL && variant->dtypes[1] != dtype)) {
        if (call->dtype != NULL) {
            return (aot_tensor *)aot_raise("wrong_result_dtype", "(Os)", operator, aot_dtypes[dtype].name);
        }
        if (definition->casts[dtype] == AOT_NO_DTYPE) {
            PyObject *name = PyUnicode_FromString(aot_dtypes[dtype].name);
            return (aot_tensor *)aot_raise("wrong_dtypes", "(O(N))", operator, name);
        }
        dtype = definition->casts[dtype];
        variant = aot_variant_of(definition, dtype);
    }
    call->variant = variant;
    bool any_order = aot_dtypes[variant->dtypes[1]].category < AOT_CATEGORY_FLOAT;
    bool later = (x->contiguous || any_order) && definition->kind != AOT_ARGREDUCE;
    return cast(call, x, later ? x->dtype : dtype);
}

/* Returns the only input, of any type, as a tensor: a new reference. */
static aot_tensor *converted_input(call_arguments *call)
{
    aot_tensor *x = aot_as_tensor(call->inputs[0]);
    if (x != NULL) {
        return with_variant(call, x);
    }
    PyObject *made = (PyObject *)aot_read_operand(call->operator->state, call->inputs[0]);
    if (made == NULL && !PyErr_Occurred()) {
        made = aot_call("as_operand_tensor", "(ssO)", call->operator->definition->name, "x", call->inputs[0]);
    }
    x = made != NULL ? aot_as_tensor(made) : NULL;
    if (made != NULL && x == NULL) {
        PyErr_SetString(PyExc_SystemError, "aotops.callbacks.as_operand_tensor must return a Tensor");
    }
    aot_tensor *converted = x != NULL ? with_variant(call, x) : NULL;
    Py_XDECREF(made);
    return converted;
}

/* Converts the inputs to tensors that the chosen variant accepts, new references; returns their number, or -1. */
static int converted_inputs(call_arguments *call, aot_tensor **tensors)
{
    int count = call->operator->definition->inputs;
    if (count == 1) {
        tensors[0] = converted_input(call);
        return tensors[0] != NULL ? 1 : -1;
    }
    bool known = call->dtype == NULL;
    for (int k = 0; k < count; k++) {
        tensors[k] = aot_as_tensor(call->inputs[k]);
        known = known && tensors[k] != NULL;
    }
    const aot_variant *variant = known ? aot_find_variant(call->operator->definition, call->inputs, tensors) : NULL;
    if (variant != NULL) {
        call->variant = variant;
        bool later = aot_dtypes[variant->dtypes[count]].category < AOT_CATEGORY_FLOAT; /* as with_variant says */
        for (int k = 0; k < count; k++) {
            tensors[k] = cast(call, tensors[k], later ? tensors[k]->dtype : variant->dtypes[k]);
            if (tensors[k] == NULL) {
                while (k > 0) {
                    Py_DECREF((PyObject *)tensors[--k]);
                }
                return -1;
            }
        }
        return count;
    }
    PyObject *converted = aot_cast_inputs(call->operator, call->inputs, tensors);
    for (int k = 0; converted != NULL && k < count; k++) {
        Py_INCREF((PyObject *)tensors[k]);
    }
    if (converted != NULL) {
        call->variant = aot_find_variant(call->operator->definition, (PyObject *const *)tensors, tensors);
    }
    Py_XDECREF(converted);
    return converted != NULL ? count : -1;
}

/* Returns the tensor to compute into: `out` itself if it has the dtype and does not overlap an input, else a new
 * one. */
static aot_tensor *target_for(const call_arguments *call, aot_tensor *const *inputs, int dtype, int ndim,
                              const Py_ssize_t *shape)
{
    const aot_operator *definition = call->operator->definition;
    bool direct = false;
    if (call->out != NULL) {
        aot_tensor *given = aot_as_tensor(call->out);
        if (given == NULL) {
            return (aot_tensor *)aot_raise("wrong_type", "(sssO)", definition->name, "out", "a Tensor", call->out);
        }
        if (aot_check_out(definition->name, given, result_dtype(call, dtype), ndim, shape, false) < 0) {
            return NULL;
        }
        direct = given->dtype == dtype && call->wraps_to == AOT_NO_DTYPE;
        for (int k = 0; k < definition->inputs; k++) {
            direct = direct && !aot_may_overlap(given, inputs[k]);
        }
    }
    if (!direct) {
        return aot_tensor_new(call->operator->state, dtype, ndim, shape, definition->name);
    }
    Py_INCREF(call->out);
    return (aot_tensor *)call->out;
}

/* Returns the result of a call from a computed target, copying it to `out` if they differ; NULL if `failed`. Takes over
 * `target`. */
static PyObject *copied_to_out(const call_arguments *call, aot_tensor *target, int failed)
{
    if (failed < 0) {
        Py_DECREF((PyObject *)target);
        return NULL;
    }
    if (call->out == (PyObject *)target) {
        return (PyObject *)target;
    }
    if (call->wraps_to != AOT_NO_DTYPE) {
        aot_tensor *low = aot_astype(target, call->wraps_to, false, call->operator->definition->name);
        Py_DECREF((PyObject *)target);
        target = low;
    }
    if (call->out == NULL || target == NULL) {
        return (PyObject *)target;
    }
    return aot_copy_to_out((PyObject *)target, (aot_tensor *)call->out);
}

/* Returns whether a space has elements and their number fits in 64 bits, which bounds every axis and every part of it;
 * 0 if a length is 0; -1 with a ValueError if there are too many elements. This cannot happen with a single input, only
 * with inputs that broadcast each other. */
static int has_elements(const call_arguments *call, aot_tensor *const *inputs, int ndim, const Py_ssize_t *shape)
{
    Py_ssize_t left = PY_SSIZE_T_MAX;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 0) {
            return 0;
        }
    }
    for (int axis = 0; axis < ndim; axis++) {
        left /= shape[axis];
    }
    if (left > 0) {
        return 1;
    }
    int count = call->operator->definition->inputs;
    PyObject *shapes = PyTuple_New(count);
    for (int k = 0; shapes != NULL && k < count; k++) {
        PyObject *own = aot_tuple_of_sizes(inputs[k]->ndim, inputs[k]->shape);
        if (own == NULL || PyTuple_SetItem(shapes, k, own) < 0) {
            Py_CLEAR(shapes);
        }
    }
    if (shapes != NULL) {
        aot_raise("too_many_elements", "(sNN)", call->operator->definition->name, shapes,
                  aot_tuple_of_sizes(ndim, shape));
    }
    return -1;
}

/* Reduces inputs over a shape along the axes in `mask` into `out`, which lacks these axes or has length 1 in their
 * place. */
static int fold(const call_arguments *call, aot_tensor *const *inputs, int ndim, const Py_ssize_t *shape, uint32_t mask,
                aot_tensor *out)
{
    const aot_operator *definition = call->operator->definition;
    const aot_variant *variant = call->variant;
    int count = definition->inputs;
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    aot_view views[AOT_MAX_OPERANDS];
    int kept = 0;
    bool nothing_folds = false;
    for (int axis = 0; axis < ndim; axis++) {
        bool folds = mask >> axis & 1;
        strides[count][axis] = folds ? 0 : out->strides[kept];
        kept += call->is_true || !folds;
        nothing_folds = nothing_folds || (folds && shape[axis] == 0);
    }
    if (nothing_folds) {
        if (!definition->has_identity && out->size > 0) {
            aot_raise("nothing_to_reduce", "(sN)", definition->name, aot_tuple_of_sizes(ndim, shape));
            return -1;
        }
        if (!definition->has_identity || out->size == 0) {
            return 0;
        }
        return aot_fill(out, aot_empty_result(call->operator->state, definition, variant), out->dtype);
    }
    if (out->size == 0) {
        return 0;
    }
    for (int k = 0; k < count; k++) {
        aot_broadcast_strides(inputs[k], ndim, shape, strides[k]);
        views[k] = (aot_view){inputs[k]->data, strides[k], inputs[k]->dtype};
    }
    views[count] = (aot_view){out->data, strides[count], out->dtype};
    return aot_fold(call->operator, variant, views, ndim, shape, NULL);
}

/* Reduces by the operator that is the first to do reductions like this one again. Returns 1 if there is none, or if a
 * part of it has left the range, too. */
static int fold_again(const call_arguments *call, aot_tensor *const *inputs, int ndim, const Py_ssize_t *shape,
                      uint32_t mask, aot_tensor *out)
{
    const aot_operator_object *other =
        (const aot_operator_object *)call->operator->state->redoing[call->operator->definition->retry];
    const aot_variant *variant =
        other != NULL && other != call->operator ? aot_variant_of(other->definition, out->dtype) : NULL;
    if (variant == NULL) {
        return 1;
    }
    call_arguments again = *call;
    again.operator = other;
    again.variant = variant;
    return fold(&again, inputs, ndim, shape, mask, out);
}

/* Returns whether a product has so many elements that it most likely leaves the range: they are not multiplied as they
 * are first. Where whole rows are combined, that would take less time, though. */
static bool is_long_product(const call_arguments *call, int ndim, const Py_ssize_t *shape, uint32_t mask)
{
    int64_t count = 1;
    for (int axis = 0; axis < ndim; axis++) {
        count *= mask >> axis & 1 ? shape[axis] : 1;
    }
    return call->operator->definition->retry == AOT_RETRY_APART && ndim > 0 && mask >> (ndim - 1) & 1 &&
           count > AOT_PLAN_LEAF;
}

/* Computes again what has overflowed in a part, in Python; `out` holds the result so far. */
static int retry(const call_arguments *call, aot_tensor *const *inputs, int ndim, uint32_t mask, aot_tensor *out)
{
    Py_ssize_t axes[AOT_MAX_RANK];
    int count = 0;
    for (int axis = 0; axis < ndim; axis++) {
        if (mask >> axis & 1) {
            axes[count++] = axis;
        }
    }
    int kind = call->operator->definition->kind, way = aot_retry_of(call->operator->definition, out->dtype);
    call->operator->state->retries++;
    PyObject *done = aot_call("retry", "(iOiNiO)", way, inputs[0], kind == AOT_SCAN,
                              aot_tuple_of_sizes(count, axes), (int)call->is_true, out);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

static PyObject *reduce(call_arguments *call, aot_tensor *const *inputs)
{
    const aot_operator *definition = call->operator->definition;
    Py_ssize_t shape[AOT_MAX_RANK], result_shape[AOT_MAX_RANK];
    int ndim = aot_broadcast(definition, inputs, shape), result_ndim = 0;
    uint32_t mask;
    if (ndim < 0 || parse_axes(call, ndim, &mask) < 0 || has_elements(call, inputs, ndim, shape) < 0) {
        return NULL;
    }
    call->axes = mask;
    for (int axis = 0; axis < ndim; axis++) {
        bool folds = mask >> axis & 1;
        if (call->is_true || !folds) {
            result_shape[result_ndim++] = folds ? 1 : shape[axis];
        }
    }
    int dtype = call->variant->dtypes[definition->inputs];
    aot_tensor *out = target_for(call, inputs, dtype, result_ndim, result_shape);
    if (out == NULL) {
        return NULL;
    }
    bool is_long = is_long_product(call, ndim, shape, mask);
    int failed = is_long ? fold_again(call, inputs, ndim, shape, mask, out) : 1;
    if (failed > 0) {
        failed = fold(call, inputs, ndim, shape, mask, out);
        failed = failed > 0 && !is_long ? fold_again(call, inputs, ndim, shape, mask, out) : failed;
    }
    if (failed > 0) {
        failed = retry(call, inputs, ndim, mask, out);
    }
    return copied_to_out(call, out, failed);
}

static PyObject *argreduce(call_arguments *call, aot_tensor *x)
{
    if (call->axis != NULL || x->ndim == 1) {
        return reduce(call, &x);
    }
    /* flatten in row-major order */
    Py_ssize_t unit = 1, ones[AOT_MAX_RANK];
    for (int axis = 0; axis < x->ndim; axis++) {
        ones[axis] = 1;
    }
    int ndim = call->is_true ? x->ndim : 0;
    aot_tensor *out = target_for(call, &x, AOT_INT64, ndim, ones);
    if (out == NULL) {
        return NULL;
    }
    aot_state *state = call->operator->state;
    const char *name = call->operator->definition->name;
    aot_tensor *ordered = x;
    int failed = 0;
    if (x->contiguous) {
        Py_INCREF((PyObject *)ordered);
    } else {
        ordered = aot_tensor_new(state, x->dtype, x->ndim, x->shape, name);
        failed = ordered == NULL ? -1 : aot_copy(ordered, x);
    }
    if (failed == 0) {
        Py_ssize_t offset = ordered->data - ordered->storage->data;
        aot_tensor *flat = aot_tensor_view(state, ordered->storage, offset, x->dtype, 1, &x->size, &unit, name);
        aot_tensor *scalar = aot_tensor_view(state, out->storage, out->data - out->storage->data, AOT_INT64, 1, &unit,
                                             &unit, name);
        call_arguments along = *call;
        along.is_true = true; /* keepdims: the result has one axis of length 1, as `scalar` does */
        failed = flat == NULL || scalar == NULL ? -1 : fold(&along, &flat, 1, flat->shape, 1, scalar);
        Py_XDECREF((PyObject *)flat);
        Py_XDECREF((PyObject *)scalar);
    }
    Py_XDECREF((PyObject *)ordered);
    return copied_to_out(call, out, failed);
}

static PyObject *scan(const call_arguments *call, aot_tensor *x)
{
    aot_state *state = call->operator->state;
    const aot_operator *definition = call->operator->definition;
    uint32_t mask = 0;
    if (call->axis == NULL && x->ndim != 1) {
        return aot_raise("axis_needed", "(si)", definition->name, (int)x->ndim);
    }
    if (parse_axes(call, x->ndim, &mask) < 0) {
        return NULL;
    }
    int axis = 0;
    while (!(mask >> axis & 1)) {
        axis++;
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    memcpy(shape, x->shape, x->ndim * sizeof *shape);
    shape[axis] += call->is_true && shape[axis] < PY_SSIZE_T_MAX;
    const aot_variant *variant = call->variant;
    int dtype = variant->dtypes[1];
    aot_tensor *out = target_for(call, &x, dtype, x->ndim, shape);
    if (out == NULL) {
        return NULL;
    }
    if ((PyObject *)out != call->out && !x->contiguous) {
        aot_tensor_order_as(out, &x, 1);
    }
    char *data = out->data;
    if (call->is_true && out->size > 0) {
        shape[axis] = 1;
        aot_tensor *initial = aot_tensor_view(state, out->storage, data - out->storage->data, dtype, out->ndim, shape,
                                              out->strides, definition->name);
        int failed = initial == NULL || aot_fill(initial, aot_empty_result(state, definition, variant), dtype) < 0;
        Py_XDECREF((PyObject *)initial);
        if (failed) {
            return copied_to_out(call, out, -1);
        }
        data += out->strides[axis] * aot_dtypes[dtype].itemsize;
    }
    aot_view views[] = {{x->data, x->strides, x->dtype}, {data, out->strides, out->dtype}};
    int failed = aot_scan(call->operator, variant, views, x->ndim, x->shape, axis);
    if (failed > 0) {
        aot_tensor *running = aot_tensor_view(state, out->storage, data - out->storage->data, dtype, x->ndim, x->shape,
                                              out->strides, definition->name);
        failed = running != NULL ? retry(call, &x, x->ndim, mask, running) : -1;
        Py_XDECREF((PyObject *)running);
    }
    return copied_to_out(call, out, failed);
}

static PyObject *run(call_arguments *call)
{
    const aot_operator *definition = call->operator->definition;
    const char *argument = definition->kind == AOT_SCAN ? "include_initial" : "keepdims";
    int truth = call->flag != NULL ? aot_read_flag(call->flag, definition->name, argument) : 0;
    aot_tensor *inputs[AOT_MAX_OPERANDS];
    int count = truth < 0 ? -1 : converted_inputs(call, inputs);
    if (count < 0) {
        return NULL;
    }
    call->is_true = truth;
    PyObject *result = definition->kind == AOT_REDUCE ? reduce(call, inputs)
                       : definition->kind == AOT_SCAN ? scan(call, inputs[0])
                                                      : argreduce(call, inputs[0]);
    for (int k = 0; k < count; k++) {
        Py_DECREF((PyObject *)inputs[k]);
    }
    return result;
}

/* Runs a call that is recorded. */
static PyObject *record(call_arguments *call, PyObject *args, PyObject *kwargs)
{
    const aot_operator_object *operator = call->operator;
    int here = aot_records_fold(operator, call->inputs, call->out);
    if (here <= 0) {
        return here < 0 ? NULL : aot_record_in_python(operator->state, (PyObject *)operator, args, kwargs);
    }
    bool before = aot_set_recording(false);
    PyObject *result = run(call);
    aot_set_recording(before);
    return result != NULL ? aot_record_fold(operator, call->inputs, call->axes, call->is_true, result) : NULL;
}

PyObject *aot_reduce(const aot_operator_object *operator, PyObject *args, PyObject *kwargs)
{
    call_arguments call;
    int parsed = parse(operator, args, kwargs, &call);
    if (parsed != 0) {
        return parsed < 0 ? NULL : aot_call("masked", "(OOO)", operator, args, kwargs);
    }
    /* Python code runs from here on (truth values, casts); it could get hold of kwargs and empty it */
    Py_XINCREF(call.axis);
    Py_XINCREF(call.dtype);
    Py_XINCREF(call.out);
    Py_XINCREF(call.flag);
    aot_state *state = operator->state;
    bool records = state->tape.nodes != 0 && (aot_is_recorded(state, &call.out, 1) ||
                                              aot_is_recorded_in_lists(state, call.inputs, operator->definition->inputs));
    PyObject *result = records ? record(&call, args, kwargs) : run(&call);
    Py_XDECREF(call.axis);
    Py_XDECREF(call.dtype);
    Py_XDECREF(call.out);
    Py_XDECREF(call.flag);
    return result;
}
