/* Applying an elementwise operator. In Python:
 *
 *     def apply(operator, *inputs, out=None):
 *         variant = the one for the dtype that the inputs promote to, or are cast to; Python numbers are weak
 *         if variant is None:
 *             if a comparison with an int beyond the dtype: return full(shape, its constant result)
 *             return apply(operator, *aotops.operator.cast_inputs(operator, inputs), out=out)
 *         shape = broadcast shape of the inputs
 *         if out is None: out = empty(shape, variant.result), with its axes in the inputs' memory order
 *         launch(variant.kernel, [*inputs, out], shape)      # casts inputs and output tile by tile
 *         return out
 *
 * An operator that returns a tuple has several outputs, all with the same memory order. Tensors that the caller passes
 * as `out` receive copies of the results, unless they are alike and can be written themselves.
 *
 * Python runs the slow paths: operands that are not tensors, numbers that do not fit (aotops.operator), errors
 * (aotops.errors).
 */
#include "native.h"

#include <string.h>

/* --- choosing a kernel --------------------------------------------------------------------------- */

const aot_variant *aot_variant_of(const aot_operator *definition, int dtype)
{
    int deciding = 0; /* the first input without a fixed dtype */
    while (definition->fixed[deciding] != AOT_NO_DTYPE) {
        deciding++;
    }
    for (int v = 0; v < definition->n_variants; v++) {
        if (definition->variants[v].dtypes[deciding] == dtype) {
            return &definition->variants[v];
        }
    }
    return NULL;
}

const aot_variant *aot_find_variant(const aot_operator *definition, PyObject *const *inputs,
                                    aot_tensor *const *tensors)
{
    int dtype = AOT_NO_DTYPE, category = AOT_CATEGORY_BOOL; /* of the tensors; the highest one of the numbers */
    uint32_t dtypes = 0;
    bool numbers = false;
    for (int k = 0; k < definition->inputs; k++) {
        int fixed = definition->fixed[k];
        if (tensors[k] != NULL) {
            if (fixed == AOT_NO_DTYPE) {
                dtype = dtype == AOT_NO_DTYPE ? tensors[k]->dtype : aot_promotion[dtype][tensors[k]->dtype];
                dtypes |= UINT32_C(1) << tensors[k]->dtype;
            } else if (!aot_fixed_takes(fixed, tensors[k]->dtype)) {
                return NULL;
            }
        } else if (inputs[k] != NULL) {
            int own = aot_number_category(inputs[k]);
            numbers = true;
            if (fixed == AOT_NO_DTYPE) {
                category = own > category ? own : category;
            } else if (fixed != AOT_BOOL && fixed != AOT_INDEX && own > aot_dtypes[fixed].category) {
                return NULL;
            }
        }
    }
    dtype = definition->inputs > 2 ? aot_promote(dtypes) : dtype;
    dtype = dtype == AOT_NO_DTYPE ? dtype : aot_weak_promotion[category][dtype];
    if (dtype == AOT_NO_DTYPE) {
        return NULL;
    }
    const aot_variant *variant = aot_variant_of(definition, dtype);
    if (variant == NULL && definition->casts[dtype] != AOT_NO_DTYPE) {
        variant = aot_variant_of(definition, definition->casts[dtype]);
    }
    /* The operator decides on an int that the dtype cannot hold: comparisons are defined for it, arithmetic is not. */
    for (int k = 0; numbers && variant != NULL && k < definition->inputs; k++) {
        if (tensors[k] == NULL && inputs[k] != NULL && variant->dtypes[k] != AOT_INDEX &&
            !aot_number_fits(inputs[k], variant->dtypes[k])) {
            variant = NULL;
        }
    }
    return variant;
}

/* --- elementwise operators ----------------------------------------------------------------------- */

int aot_common_shape(aot_tensor *const *tensors, int count, Py_ssize_t *shape)
{
    int ndim = 0;
    for (int k = 0; k < count; k++) {
        if (tensors[k] != NULL && tensors[k]->ndim > ndim) {
            ndim = tensors[k]->ndim;
        }
    }
    for (int axis = 0; axis < ndim; axis++) {
        shape[axis] = 1;
    }
    for (int k = 0; k < count; k++) {
        for (int axis = 0; tensors[k] != NULL && axis < tensors[k]->ndim; axis++) {
            Py_ssize_t length = tensors[k]->shape[axis];
            Py_ssize_t *common = &shape[ndim - tensors[k]->ndim + axis];
            if (*common == 1) {
                *common = length;
            } else if (length != 1 && length != *common) {
                return -1;
            }
        }
    }
    return ndim;
}

PyObject *aot_shapes_of(aot_tensor *const *tensors, int count)
{
    PyObject *shapes = PyTuple_New(count);
    for (int k = 0; shapes != NULL && k < count; k++) {
        PyObject *own = tensors[k] != NULL ? aot_tuple_of_sizes(tensors[k]->ndim, tensors[k]->shape) : PyTuple_New(0);
        if (own == NULL || PyTuple_SetItem(shapes, k, own) < 0) {
            Py_CLEAR(shapes);
        }
    }
    return shapes;
}

int aot_broadcast(const aot_operator *definition, aot_tensor *const *tensors, Py_ssize_t *shape)
{
    int ndim = aot_common_shape(tensors, definition->inputs, shape);
    if (ndim < 0) {
        PyObject *shapes = aot_shapes_of(tensors, definition->inputs);
        if (shapes != NULL) {
            aot_raise("cannot_broadcast", "(ssN)", definition->name, definition->parameters, shapes);
        }
    }
    return ndim;
}

/* Returns whether every tensor among the operands has this shape and is in row-major order, or has one element. */
static bool all_flat(const aot_operator *definition, aot_tensor *const *tensors, int ndim, const Py_ssize_t *shape)
{
    for (int k = 0; k < definition->inputs; k++) {
        if (tensors[k] == NULL || tensors[k]->size == 1) {
            continue;
        }
        if (!tensors[k]->contiguous || tensors[k]->ndim != ndim ||
            memcmp(tensors[k]->shape, shape, (size_t)ndim * sizeof *shape) != 0) {
            return false;
        }
    }
    return true;
}

/* Casts an input that broadcasting repeats, once instead of per tile: a single element into `element`, anything else
 * into a new tensor, which the caller owns. Returns NULL with an exception, or without one for a single element. */
static aot_tensor *cast_once(aot_tensor *tensor, int dtype, aot_element *element, const char *function)
{
    if (tensor->size == 1) {
        char *data[] = {tensor->data, (char *)element};
        const int64_t strides[] = {0, 0, 0, 0};
        aot_run_kernel(aot_builtin_convert[tensor->dtype][dtype][tensor->state->level], 1, 1, data, strides);
        return NULL;
    }
    aot_tensor *copy = aot_tensor_new(tensor->state, dtype, tensor->ndim, tensor->shape, function);
    if (copy != NULL && !tensor->contiguous) {
        aot_tensor_order_as(copy, &tensor, 1);
    }
    if (copy != NULL && aot_copy(copy, tensor) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* Runs a variant into `outs`, which have the shape of the results, equal strides and no harmful overlap with inputs.
 * `position` is passed for inputs that are positions; NULL if there are none. */
static int run(const aot_operator_object *operator, const aot_variant *variant, PyObject *const *inputs,
               aot_tensor *const *tensors, aot_tensor *const *outs, const aot_view *position)
{
    const aot_operator *definition = operator->definition;
    const aot_tensor *out = outs[0];
    static const Py_ssize_t unit[1] = {1};
    int count = definition->inputs;
    aot_view views[AOT_MAX_OPERANDS];
    aot_element numbers[AOT_MAX_OPERANDS];
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    aot_tensor *casts[AOT_MAX_OPERANDS];
    int n_casts = 0;
    bool failed = false;
    bool flat = position == NULL && out->contiguous && all_flat(definition, tensors, out->ndim, out->shape);
    for (int k = 0; k < count && !failed; k++) {
        aot_tensor *tensor = tensors[k];
        int dtype = variant->dtypes[k];
        if (dtype == AOT_INDEX) {
            if (position != NULL) {
                views[k] = *position;
                continue;
            }
            aot_raise("needs_positions", "(s)", definition->name);
            failed = true;
            break;
        }
        if (tensor != NULL && tensor->dtype != dtype && (tensor->size == 1 || tensor->size < out->size)) {
            tensor = cast_once(tensor, dtype, &numbers[k], definition->name);
            if (tensor != NULL) {
                casts[n_casts++] = tensor;
            } else {
                failed = tensors[k]->size != 1;
                views[k] = (aot_view){(char *)&numbers[k], aot_no_strides, (uint8_t)dtype};
                continue;
            }
        }
        if (tensor == NULL) {
            if (inputs[k] == NULL) {
                numbers[k] = variant->constants[AOT_CONSTANT_DEFAULTS + k];
            } else {
                failed = aot_element_of(inputs[k], dtype, &numbers[k], definition->name, "each number") < 0;
            }
            views[k] = (aot_view){(char *)&numbers[k], aot_no_strides, (uint8_t)dtype};
        } else if (flat) {
            views[k] = (aot_view){tensor->data, tensor->size == 1 ? aot_no_strides : unit, tensor->dtype};
        } else {
            aot_broadcast_strides(tensor, out->ndim, out->shape, strides[k]);
            views[k] = (aot_view){tensor->data, strides[k], tensor->dtype};
        }
    }
    for (int k = 0; k < definition->outputs; k++) {
        views[count + k] = (aot_view){outs[k]->data, flat ? unit : out->strides, outs[k]->dtype};
    }
    if (!failed) {
        failed = aot_launch(operator->state, operator, variant->kernels, variant->dtypes, count, definition->outputs,
                            views, flat ? 1 : out->ndim, flat ? &out->size : out->shape) < 0;
    }
    for (int k = 0; k < n_casts; k++) {
        Py_DECREF((PyObject *)casts[k]);
    }
    return failed ? -1 : 0;
}

/* Returns whether writing `out` could change an input before it is read. Kernels read and write in any order, so only
 * an input that is the same view as `out` is harmless. */
static bool overwrites_input(const aot_operator *definition, aot_tensor *const *tensors, const aot_tensor *out)
{
    for (int k = 0; k < definition->inputs; k++) {
        if (tensors[k] != NULL && aot_may_overlap(tensors[k], out) && !aot_same_elements(tensors[k], out)) {
            return true;
        }
    }
    return false;
}

/* Returns whether the tensors of a checked tuple can take the results themselves: of their dtypes, with equal strides,
 * and not over inputs. Stores them in `outs`. */
static bool take_results(const aot_operator *definition, const uint8_t *dtypes, aot_tensor *const *tensors,
                         PyObject *out_object, aot_tensor **outs)
{
    for (int k = 0; k < definition->outputs; k++) {
        aot_tensor *out = outs[k] = aot_as_tensor(PyTuple_GetItem(out_object, k));
        if (out->dtype != dtypes[k] || overwrites_input(definition, tensors, out) ||
            memcmp(out->strides, outs[0]->strides, (size_t)out->ndim * sizeof *out->strides) != 0) {
            return false;
        }
    }
    return true;
}

PyObject *aot_cast_inputs(const aot_operator_object *operator, PyObject *const *inputs, aot_tensor **tensors)
{
    const aot_operator *definition = operator->definition;
    PyObject *given = PyTuple_New(definition->inputs);
    if (given == NULL) {
        return NULL;
    }
    for (int k = 0; k < definition->inputs; k++) {
        PyObject *input = inputs[k] != NULL ? inputs[k] : Py_None;
        Py_INCREF(input);
        PyTuple_SetItem(given, k, input);
    }
    PyObject *converted = aot_call("cast_inputs", "(ON)", operator, given);
    if (converted == NULL) {
        return NULL;
    }
    PyObject *objects[AOT_MAX_OPERANDS];
    bool valid = PyTuple_Check(converted) && PyTuple_Size(converted) == definition->inputs;
    for (int k = 0; valid && k < definition->inputs; k++) {
        objects[k] = PyTuple_GetItem(converted, k);
        tensors[k] = aot_as_tensor(objects[k]);
        bool left_out = objects[k] == Py_None && definition->optional >> k & 1;
        objects[k] = left_out ? NULL : objects[k];
        valid = tensors[k] != NULL || left_out;
    }
    if (!valid || aot_find_variant(definition, objects, tensors) == NULL) {
        PyErr_SetString(PyExc_SystemError, "aotops.callbacks.cast_inputs must return tensors of a kernel's dtypes");
        Py_CLEAR(converted);
    }
    return converted;
}

/* Applies an operator to inputs some of which are lists or arrays. Returns NULL without an exception if Python has to
 * read one of them, or if there are none. */
static PyObject *apply_to_read(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out,
                               bool in_place)
{
    int count = operator->definition->inputs;
    PyObject *objects[AOT_MAX_OPERANDS], *read[AOT_MAX_OPERANDS] = {NULL}, *result = NULL;
    bool any = false, all = true;
    for (int k = 0; k < count && all; k++) {
        objects[k] = inputs[k];
        if (inputs[k] != NULL && aot_as_tensor(inputs[k]) == NULL && !aot_is_number(inputs[k])) {
            objects[k] = read[k] = (PyObject *)aot_read_operand(operator->state, inputs[k]);
            any = true;
            all = read[k] != NULL;
        }
    }
    if (any && all) {
        result = aot_apply_plain(operator, objects, out, in_place);
    }
    for (int k = 0; k < count; k++) {
        Py_XDECREF(read[k]);
    }
    return result;
}

/* Applies an operator to inputs that are not tensors, or whose dtypes have no kernel: C reads them if it can, else
 * Python. */
static PyObject *apply_cast(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out, bool in_place)
{
    PyObject *done = apply_to_read(operator, inputs, out, in_place);
    if (done != NULL || PyErr_Occurred()) {
        return done;
    }
    aot_tensor *tensors[AOT_MAX_OPERANDS];
    PyObject *objects[AOT_MAX_OPERANDS];
    PyObject *converted = aot_cast_inputs(operator, inputs, tensors);
    if (converted == NULL) {
        return NULL;
    }
    for (int k = 0; k < operator->definition->inputs; k++) {
        objects[k] = (PyObject *)tensors[k];
    }
    PyObject *result = aot_apply_plain(operator, objects, out, in_place);
    Py_DECREF(converted);
    return result;
}

/* Returns whether an input is the Python number 2. */
static bool is_two(PyObject *number)
{
    return (PyFloat_CheckExact(number) && PyFloat_AsDouble(number) == 2.0) ||
           (PyLong_CheckExact(number) && PyLong_AsLongLongAndOverflow(number, &(int){0}) == 2);
}

/* Returns a new tensor for a result, with its axes in the inputs' memory order. */
static aot_tensor *new_output(aot_state *state, const aot_operator *definition, aot_tensor *const *tensors, int dtype,
                              int ndim, const Py_ssize_t *shape)
{
    aot_tensor *out = aot_tensor_new(state, dtype, ndim, shape, definition->name);
    bool ordered = out == NULL || ndim < 2;
    for (int k = 0; k < definition->inputs && !ordered; k++) {
        if (tensors[k] != NULL && !tensors[k]->contiguous) {
            aot_tensor_order_as(out, tensors, definition->inputs);
            ordered = true;
        }
    }
    return out;
}

/* Returns `out`, or a new tensor of a dtype, with one truth value in all elements of the inputs' shape. */
static PyObject *filled_output(const aot_operator_object *operator, int dtype, aot_tensor *const *tensors, bool value,
                               PyObject *out_object)
{
    const aot_operator *definition = operator->definition;
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = aot_broadcast(definition, tensors, shape);
    aot_tensor *out = out_object != NULL ? aot_as_tensor(out_object) : NULL;
    if (ndim < 0 || (out != NULL && aot_check_broadcast_out(definition->name, out, dtype, ndim, shape, false) < 0)) {
        return NULL;
    }
    if (out == NULL && out_object != NULL) {
        return aot_raise("wrong_type", "(sssO)", definition->name, "out", "a Tensor", out_object);
    }
    aot_element element;
    if (out != NULL) {
        Py_INCREF(out_object);
    } else {
        out = new_output(operator->state, definition, tensors, dtype, ndim, shape);
    }
    PyObject *number = value ? Py_True : Py_False;
    if (out != NULL && (aot_element_of(number, out->dtype, &element, definition->name, "value") < 0 ||
                        aot_fill(out, element, out->dtype) < 0)) {
        Py_CLEAR(out);
    }
    return (PyObject *)out;
}

/* Returns the tuple of results of an operator that has several outputs. */
static PyObject *apply_several(const aot_operator_object *operator, const aot_variant *variant,
                               PyObject *const *inputs, aot_tensor *const *tensors, int ndim, const Py_ssize_t *shape)
{
    const aot_operator *definition = operator->definition;
    aot_tensor *outs[AOT_MAX_OPERANDS];
    PyObject *results = PyTuple_New(definition->outputs);
    for (int k = 0; results != NULL && k < definition->outputs; k++) {
        outs[k] = new_output(operator->state, definition, tensors, variant->dtypes[definition->inputs + k], ndim, shape);
        if (outs[k] == NULL || PyTuple_SetItem(results, k, (PyObject *)outs[k]) < 0) {
            Py_CLEAR(results);
        }
    }
    if (results != NULL && run(operator, variant, inputs, tensors, outs, NULL) < 0) {
        Py_CLEAR(results);
    }
    return results;
}

/* Compares a tensor of integers with an int beyond its dtype, so that all elements give one result: that of an operator
 * which serves one of Python's comparisons. Returns NULL without an exception for anything else. */
static PyObject *compare_with_far_int(const aot_operator_object *operator, PyObject *const *inputs,
                                      aot_tensor *const *tensors, PyObject *out_object)
{
    aot_state *state = operator->state;
    int comparison = Py_LT;
    while (comparison <= Py_GE && state->slots[AOT_SLOT_LT + comparison] != (PyObject *)operator) {
        comparison++;
    }
    if (comparison > Py_GE || (tensors[0] == NULL) == (tensors[1] == NULL)) {
        return NULL;
    }
    int first = tensors[0] != NULL ? 0 : 1; /* the tensor's position */
    PyObject *number = inputs[1 - first];
    const aot_tensor *x = tensors[first];
    int dtype = aot_weak_promotion[AOT_CATEGORY_INTEGER][x->dtype];
    const aot_variant *variant = aot_variant_of(operator->definition, dtype);
    if (!PyLong_Check(number) || aot_dtypes[dtype].category != AOT_CATEGORY_INTEGER || variant == NULL ||
        aot_number_fits(number, dtype)) {
        return NULL;
    }
    int overflow = 0;
    bool is_negative = PyLong_AsLongLongAndOverflow(number, &overflow) < 0 && overflow <= 0; /* -1 if it overflows */
    bool less = is_negative == (first == 1); /* the first input is less than the second */
    bool result = comparison == Py_NE || ((comparison == Py_LT || comparison == Py_LE) && less) ||
                  ((comparison == Py_GT || comparison == Py_GE) && !less);
    return filled_output(operator, variant->dtypes[2], tensors, result, out_object);
}

const aot_operator_object *aot_chosen(const aot_operator_object *operator, PyObject *const *inputs)
{
    if (operator->square != NULL && inputs[1] != NULL && is_two(inputs[1])) {
        /* x ** 2.0 of integers is a float, so it is not the square of x */
        aot_tensor *x = aot_as_tensor(inputs[0]);
        if (x != NULL && aot_dtypes[x->dtype].category >= aot_number_category(inputs[1])) {
            return (const aot_operator_object *)operator->square;
        }
    }
    return operator;
}

PyObject *aot_apply_plain(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out_object,
                          bool in_place)
{
    aot_state *state = operator->state;
    operator = aot_chosen(operator, inputs);
    const aot_operator *definition = operator->definition;
    aot_tensor *tensors[AOT_MAX_OPERANDS];
    bool known = true;
    for (int k = 0; k < definition->inputs; k++) {
        if (inputs[k] == NULL) { /* omitted */
            tensors[k] = NULL;
            continue;
        }
        bool ours = Py_TYPE(inputs[k]) == state->tensor_type;
        tensors[k] = ours ? (aot_tensor *)inputs[k] : aot_as_tensor(inputs[k]);
        known = known && (tensors[k] != NULL || aot_is_number(inputs[k]));
    }
    const aot_variant *variant = known ? aot_find_variant(definition, inputs, tensors) : NULL;
    if (variant == NULL) {
        PyObject *same = known ? compare_with_far_int(operator, inputs, tensors, out_object) : NULL;
        return same != NULL || PyErr_Occurred() ? same : apply_cast(operator, inputs, out_object, in_place);
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = aot_broadcast(definition, tensors, shape);
    if (ndim < 0) {
        return NULL;
    }
    if (definition->returns_tuple) {
        const uint8_t *dtypes = variant->dtypes + definition->inputs;
        if (out_object != NULL &&
            aot_check_outs(definition->name, out_object, definition->outputs, dtypes, ndim, shape) < 0) {
            return NULL;
        }
        aot_tensor *outs[AOT_MAX_OPERANDS];
        if (out_object != NULL && take_results(definition, dtypes, tensors, out_object, outs)) {
            if (run(operator, variant, inputs, tensors, outs, NULL) < 0) {
                return NULL;
            }
            Py_INCREF(out_object);
            return out_object;
        }
        PyObject *results = apply_several(operator, variant, inputs, tensors, ndim, shape);
        return out_object == NULL ? results : aot_copy_to_outs(results, out_object);
    }
    int dtype = variant->dtypes[definition->inputs];
    aot_tensor *out = NULL;
    if (out_object != NULL) {
        out = aot_as_tensor(out_object);
        if (out == NULL) {
            return aot_raise("wrong_type", "(sssO)", definition->name, "out", "a Tensor", out_object);
        }
        if (aot_check_broadcast_out(definition->name, out, dtype, ndim, shape, in_place) < 0) {
            return NULL;
        }
        if (overwrites_input(definition, tensors, out)) {
            return aot_copy_to_out(aot_apply_plain(operator, inputs, NULL, false), out);
        }
        Py_INCREF((PyObject *)out);
    } else {
        out = new_output(state, definition, tensors, dtype, ndim, shape);
        if (out == NULL) {
            return NULL;
        }
    }
    if (run(operator, variant, inputs, tensors, &out, NULL) < 0) {
        Py_DECREF((PyObject *)out);
        return NULL;
    }
    return (PyObject *)out;
}

/* generate(operator, dtype, out, first, strides, inputs): fills a tensor with an operator that takes positions. At the
 * element of index (i, j, ...) the position is first + i * strides[0] + j * strides[1] + ...; `inputs` are the
 * operator's other inputs, Python numbers or tensors. Only aotops' own functions call it. */
PyObject *aot_generate(aot_state *state, PyObject *args)
{
    PyObject *operator, *dtype_object, *out_object, *stride_tuple, *others;
    long long first;
    if (!PyArg_ParseTuple(args, "O!OO!LO!O!", state->operator_type, &operator, &dtype_object, state->base_type,
                          &out_object, &first, &PyTuple_Type, &stride_tuple, &PyTuple_Type, &others)) {
        return NULL;
    }
    const aot_operator *definition = ((aot_operator_object *)operator)->definition;
    aot_tensor *out = (aot_tensor *)out_object, *tensors[AOT_MAX_OPERANDS] = {NULL};
    PyObject *inputs[AOT_MAX_OPERANDS] = {NULL};
    Py_ssize_t strides[AOT_MAX_RANK];
    int dtype = aot_dtype_code(state, dtype_object, "generate");
    int rank = dtype < 0 ? -1 : aot_read_sizes(stride_tuple, strides, "generate", "strides");
    if (rank < 0) {
        return NULL;
    }
    bool ours = ((aot_operator_object *)operator)->own == NULL && definition->kind == AOT_ELEMENTWISE;
    const aot_variant *variant = ours ? aot_variant_of(definition, dtype) : NULL;
    bool valid = variant != NULL && rank == out->ndim && definition->outputs == 1;
    Py_ssize_t given = 0;
    for (int k = 0; valid && k < definition->inputs; k++) {
        if (variant->dtypes[k] == AOT_INDEX) {
            continue;
        }
        inputs[k] = given < PyTuple_Size(others) ? PyTuple_GetItem(others, given) : NULL;
        tensors[k] = inputs[k] != NULL ? aot_as_tensor(inputs[k]) : NULL;
        valid = tensors[k] != NULL || (inputs[k] != NULL && aot_is_number(inputs[k]));
        given++;
    }
    if (!valid || given != PyTuple_Size(others)) {
        PyErr_SetString(PyExc_SystemError, "generate: the arguments must be those of an operator that takes positions");
        return NULL;
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = aot_broadcast(definition, tensors, shape);
    Py_ssize_t unused[AOT_MAX_RANK];
    for (int k = 0; ndim >= 0 && k < definition->inputs; k++) {
        if (tensors[k] != NULL && (!aot_broadcast_strides(tensors[k], out->ndim, out->shape, unused) ||
                                   aot_may_overlap(tensors[k], out))) {
            PyErr_SetString(PyExc_SystemError, "generate: inputs must broadcast to the output, and share no memory with it");
            return NULL;
        }
    }
    if (ndim < 0 || aot_check_out(definition->name, out, out->dtype, out->ndim, out->shape, false) < 0) {
        return NULL;
    }
    aot_view position = {(char *)(uintptr_t)first, strides, AOT_INDEX};
    if (run((aot_operator_object *)operator, variant, inputs, tensors, &out, &position) < 0) {
        return NULL;
    }
    Py_INCREF(out_object);
    return out_object;
}

PyObject *aot_generate_row(const aot_operator_object *operator, int dtype, PyObject *const *numbers, aot_tensor *out)
{
    const aot_operator *definition = operator->definition;
    const aot_variant *variant = aot_variant_of(definition, dtype);
    aot_tensor *tensors[AOT_MAX_OPERANDS] = {NULL};
    PyObject *inputs[AOT_MAX_OPERANDS] = {NULL};
    for (int k = 0, given = 0; k < definition->inputs; k++) {
        inputs[k] = variant->dtypes[k] == AOT_INDEX ? NULL : numbers[given++];
    }
    static const Py_ssize_t unit[1] = {1};
    aot_view position = {NULL, unit, AOT_INDEX};
    if (out != NULL && run(operator, variant, inputs, tensors, &out, &position) < 0) {
        Py_CLEAR(out);
    }
    return (PyObject *)out;
}
