/* Operator: what a public name such as aotops.add is. In Python:
 *
 *     class Operator:
 *         def __call__(self, *inputs, out=None):                    # elementwise; reductions: reduce.c
 *             variant = the signature whose dtypes are the inputs', Python numbers fitting any of their kind
 *             if variant is None:
 *                 return self(*aotops.operator.convert_inputs(self, inputs), out=out)
 *             shape = broadcast shape of the inputs
 *             if out is None: out = empty(shape, variant.result)
 *             launch(variant.kernel, [*inputs, out], shape)
 *             return out
 *
 * Everything that takes time for thought, promotion and messages, is Python's: aotops.operator, aotops.errors.
 */
#include "native.h"

#include <stdarg.h>
#include <string.h>

/* --- calls into Python --------------------------------------------------------------------------- */

static PyObject *call_va(const char *module, const char *function, const char *format, va_list values)
{
    PyObject *args = Py_VaBuildValue(format, values);
    if (args == NULL) {
        return NULL; /* Python code must not run while an exception is set */
    }
    PyObject *imported = PyImport_ImportModule(module);
    PyObject *callable = imported != NULL ? PyObject_GetAttrString(imported, function) : NULL;
    PyObject *result = callable != NULL ? PyObject_Call(callable, args, NULL) : NULL;
    Py_XDECREF(callable);
    Py_XDECREF(imported);
    Py_DECREF(args);
    return result;
}

PyObject *aot_call(const char *module, const char *function, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PyObject *result = call_va(module, function, format, values);
    va_end(values);
    return result;
}

PyObject *aot_raise(const char *function, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PyObject *result = call_va("aotops.errors", function, format, values);
    va_end(values);
    if (result != NULL) {
        Py_DECREF((PyObject *)result);
        PyErr_Format(PyExc_SystemError, "aotops.errors.%s must raise", function);
    }
    return NULL;
}

/* --- choosing a kernel --------------------------------------------------------------------------- */

/* Python numbers are weak: they take on any dtype of their kind or a higher one. */
static bool number_fits(PyObject *number, int dtype)
{
    return aot_dtypes[dtype].kind >= aot_dtypes[aot_natural_dtype(number)].kind;
}

static const aot_variant *find_variant(const aot_operator *definition, PyObject *const *inputs,
                                       aot_tensor *const *tensors)
{
    for (int v = 0; v < definition->n_variants; v++) {
        const aot_variant *variant = &definition->variants[v];
        bool fits = true;
        bool any_tensor = false;
        for (int k = 0; k < definition->inputs && fits; k++) {
            any_tensor = any_tensor || tensors[k] != NULL;
            fits = tensors[k] != NULL ? tensors[k]->dtype == variant->dtypes[k]
                                      : number_fits(inputs[k], variant->dtypes[k]);
        }
        if (fits && any_tensor) {
            return variant;
        }
    }
    return NULL;
}

const aot_variant *aot_variant_of(const aot_operator *definition, int dtype)
{
    for (int v = 0; v < definition->n_variants; v++) {
        if (definition->variants[v].dtypes[0] == dtype) {
            return &definition->variants[v];
        }
    }
    return NULL;
}

/* --- the output ---------------------------------------------------------------------------------- */

/* Whether no two elements of a tensor share memory: sufficient, and exact for anything but exotic strides. */
static bool elements_are_distinct(const aot_tensor *tensor)
{
    Py_ssize_t reach = 0; /* of the axes looked at so far, which step less far than the others */
    uint32_t seen = 0;
    for (int round = 0; round < tensor->ndim; round++) {
        int nearest = -1;
        Py_ssize_t smallest = 0;
        for (int axis = 0; axis < tensor->ndim; axis++) {
            Py_ssize_t step = tensor->strides[axis] < 0 ? -tensor->strides[axis] : tensor->strides[axis];
            if (!(seen >> axis & 1) && (nearest < 0 || step < smallest)) {
                nearest = axis;
                smallest = step;
            }
        }
        seen |= UINT32_C(1) << nearest;
        if (tensor->shape[nearest] > 1) {
            if (smallest <= reach) {
                return false;
            }
            reach += smallest * (tensor->shape[nearest] - 1);
        }
    }
    return true;
}

int aot_check_out(const aot_operator_object *operator, aot_tensor *out, int ndim, const Py_ssize_t *shape)
{
    if (out->ndim != ndim || memcmp(out->shape, shape, (size_t)ndim * sizeof *shape) != 0) {
        PyObject *got = aot_tuple_of_sizes(out->ndim, out->shape);
        PyObject *wanted = aot_tuple_of_sizes(ndim, shape);
        aot_raise("wrong_out_shape", "(sNN)", operator->definition->name, got, wanted);
        return -1;
    }
    if (aot_check_writable(out, "out") < 0) {
        return -1;
    }
    if (out->size > 1 && !elements_are_distinct(out)) {
        PyErr_SetString(PyExc_ValueError, "out has elements that share memory, so that it cannot hold a result");
        return -1;
    }
    return 0;
}

PyObject *aot_deliver(const aot_operator_object *operator, PyObject *object, aot_tensor *out)
{
    if (object == NULL) {
        return NULL;
    }
    aot_tensor *result = (aot_tensor *)object;
    PyObject *delivered = NULL;
    if (aot_dtypes[result->dtype].kind > aot_dtypes[out->dtype].kind) {
        aot_raise("cannot_cast_out", "(sss)", operator->definition->name, aot_dtypes[result->dtype].name,
                  aot_dtypes[out->dtype].name);
    } else if (aot_check_out(operator, out, result->ndim, result->shape) == 0 && aot_copy(out, result) == 0) {
        Py_INCREF((PyObject *)out);
        delivered = (PyObject *)out;
    }
    Py_DECREF((PyObject *)result);
    return delivered;
}

/* --- elementwise operators ----------------------------------------------------------------------- */

/* The shape that operands have together; returns the rank, or -1. NULL operands are numbers. */
static int broadcast(const aot_operator *definition, aot_tensor *const *tensors, Py_ssize_t *shape)
{
    int ndim = 0;
    for (int k = 0; k < definition->inputs; k++) {
        if (tensors[k] != NULL && tensors[k]->ndim > ndim) {
            ndim = tensors[k]->ndim;
        }
    }
    for (int axis = 0; axis < ndim; axis++) {
        shape[axis] = 1;
    }
    for (int k = 0; k < definition->inputs; k++) {
        for (int axis = 0; tensors[k] != NULL && axis < tensors[k]->ndim; axis++) {
            Py_ssize_t length = tensors[k]->shape[axis];
            Py_ssize_t *common = &shape[ndim - tensors[k]->ndim + axis];
            if (*common == 1) {
                *common = length;
            } else if (length != 1 && length != *common) {
                PyObject *shapes = PyTuple_New(definition->inputs);
                for (int i = 0; shapes != NULL && i < definition->inputs; i++) {
                    PyObject *item = tensors[i] != NULL ? aot_tuple_of_sizes(tensors[i]->ndim, tensors[i]->shape)
                                                        : PyTuple_New(0);
                    if (item == NULL || PyTuple_SetItem(shapes, i, item) < 0) {
                        Py_CLEAR(shapes);
                    }
                }
                if (shapes != NULL) {
                    aot_raise("cannot_broadcast", "(ssN)", definition->name, definition->parameters, shapes);
                }
                return -1;
            }
        }
    }
    return ndim;
}

/* Whether the tensors among the operands are all of this shape and in row-major order. */
static bool all_flat(const aot_operator *definition, aot_tensor *const *tensors, int ndim, const Py_ssize_t *shape)
{
    for (int k = 0; k < definition->inputs; k++) {
        if (tensors[k] == NULL) {
            continue;
        }
        if (!tensors[k]->contiguous || tensors[k]->ndim != ndim ||
            memcmp(tensors[k]->shape, shape, (size_t)ndim * sizeof *shape) != 0) {
            return false;
        }
    }
    return true;
}

/* Runs a variant into `out`, which has the result's shape and dtype and no harmful overlap. */
static int run(aot_state *state, const aot_operator *definition, const aot_variant *variant, PyObject *const *inputs,
               aot_tensor *const *tensors, aot_tensor *out)
{
    static const Py_ssize_t unit[1] = {1};
    int count = definition->inputs;
    aot_view views[AOT_MAX_OPERANDS];
    aot_element numbers[AOT_MAX_OPERANDS];
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    bool flat = out->contiguous && all_flat(definition, tensors, out->ndim, out->shape);
    for (int k = 0; k < count; k++) {
        if (tensors[k] == NULL) {
            if (aot_element_of(inputs[k], variant->dtypes[k], &numbers[k]) < 0) {
                return -1;
            }
            views[k] = (aot_view){(char *)&numbers[k], aot_no_strides};
        } else if (flat) {
            views[k] = (aot_view){tensors[k]->data, unit};
        } else {
            aot_broadcast_strides(tensors[k], out->ndim, out->shape, strides[k]);
            views[k] = (aot_view){tensors[k]->data, strides[k]};
        }
    }
    if (flat) {
        views[count] = (aot_view){out->data, unit};
        aot_launch(state, variant->kernels, variant->dtypes, count + 1, views, 1, &out->size);
    } else {
        views[count] = (aot_view){out->data, out->strides};
        aot_launch(state, variant->kernels, variant->dtypes, count + 1, views, out->ndim, out->shape);
    }
    return 0;
}

/* Whether writing `out` could change an input before it is read: kernels read and write in any order, so only the
 * very same view is harmless. */
static bool harms_input(const aot_operator *definition, aot_tensor *const *tensors, const aot_tensor *out)
{
    for (int k = 0; k < definition->inputs; k++) {
        if (tensors[k] != NULL && aot_may_overlap(tensors[k], out) && !aot_same_elements(tensors[k], out)) {
            return true;
        }
    }
    return false;
}

/* Inputs of other dtypes than the kernels': promoted by Python, then computed. */
static PyObject *apply_converted(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out)
{
    const aot_operator *definition = operator->definition;
    PyObject *given = PyTuple_New(definition->inputs);
    if (given == NULL) {
        return NULL;
    }
    for (int k = 0; k < definition->inputs; k++) {
        Py_INCREF(inputs[k]);
        PyTuple_SetItem(given, k, inputs[k]);
    }
    PyObject *converted = aot_call("aotops.operator", "convert_inputs", "(ON)", operator, given);
    if (converted == NULL) {
        return NULL;
    }
    PyObject *result = NULL;
    PyObject *objects[AOT_MAX_OPERANDS];
    aot_tensor *tensors[AOT_MAX_OPERANDS];
    bool valid = PyTuple_Check(converted) && PyTuple_Size(converted) == definition->inputs;
    for (int k = 0; valid && k < definition->inputs; k++) {
        objects[k] = PyTuple_GetItem(converted, k);
        tensors[k] = aot_as_tensor(objects[k]);
        valid = tensors[k] != NULL;
    }
    if (valid && find_variant(definition, objects, tensors) != NULL) {
        result = aot_apply(operator, objects, out);
    } else {
        PyErr_SetString(PyExc_SystemError, "aotops.operator.convert_inputs must return tensors of a kernel's dtypes");
    }
    Py_DECREF(converted);
    return result;
}

PyObject *aot_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out_object)
{
    aot_state *state = operator->state;
    const aot_operator *definition = operator->definition;
    aot_tensor *tensors[AOT_MAX_OPERANDS];
    bool known = true;
    for (int k = 0; k < definition->inputs; k++) {
        bool ours = Py_TYPE(inputs[k]) == state->tensor_type;
        tensors[k] = ours ? (aot_tensor *)inputs[k] : aot_as_tensor(inputs[k]);
        known = known && (tensors[k] != NULL || aot_is_number(inputs[k]));
    }
    const aot_variant *variant = known ? find_variant(definition, inputs, tensors) : NULL;
    if (variant == NULL) {
        return apply_converted(operator, inputs, out_object);
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = broadcast(definition, tensors, shape);
    if (ndim < 0) {
        return NULL;
    }
    int dtype = variant->dtypes[definition->inputs];
    aot_tensor *out = NULL;
    if (out_object != NULL) {
        out = aot_as_tensor(out_object);
        if (out == NULL) {
            return aot_raise("wrong_type", "(sssO)", definition->name, "out", "a Tensor", out_object);
        }
        if (out->dtype != dtype || harms_input(definition, tensors, out)) {
            return aot_deliver(operator, aot_apply(operator, inputs, NULL), out);
        }
        if (aot_check_out(operator, out, ndim, shape) < 0) {
            return NULL;
        }
        Py_INCREF((PyObject *)out);
    } else {
        out = aot_tensor_new(state, dtype, ndim, shape);
        if (out == NULL) {
            return NULL;
        }
    }
    if (run(state, definition, variant, inputs, tensors, out) < 0) {
        Py_DECREF((PyObject *)out);
        return NULL;
    }
    return (PyObject *)out;
}

bool aot_is_keyword(PyObject *key, const char *name)
{
    /* f(**{1: 2}) comes through to a type's call as it is */
    return PyUnicode_Check(key) && PyUnicode_CompareWithASCIIString(key, name) == 0;
}

static PyObject *call_elementwise(const aot_operator_object *operator, PyObject *args, PyObject *kwargs)
{
    const aot_operator *definition = operator->definition;
    Py_ssize_t given = PyTuple_Size(args);
    if (given != definition->inputs) {
        return aot_raise("wrong_count", "(ssin)", definition->name, definition->parameters, (int)definition->inputs,
                         given);
    }
    PyObject *out = NULL;
    if (kwargs != NULL) {
        PyObject *key, *value;
        Py_ssize_t position = 0;
        while (PyDict_Next(kwargs, &position, &key, &value)) {
            if (!aot_is_keyword(key, "out")) {
                return aot_raise("unexpected_keyword", "(sOs)", definition->name, key, "out");
            }
            out = value == Py_None ? NULL : value;
        }
    }
    PyObject *inputs[AOT_MAX_OPERANDS];
    for (int k = 0; k < definition->inputs; k++) {
        inputs[k] = PyTuple_GetItem(args, k);
    }
    /* conversions run Python code, which could find kwargs and empty it */
    Py_XINCREF(out);
    PyObject *result = aot_apply(operator, inputs, out);
    Py_XDECREF(out);
    return result;
}

/* --- the type ------------------------------------------------------------------------------------ */

static PyObject *operator_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    return operator->definition->kind == AOT_REDUCE ? aot_reduce(operator, args, kwargs)
                                                     : call_elementwise(operator, args, kwargs);
}

static void operator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF((PyObject *)type);
}

static const char *name_of(PyObject *self)
{
    return ((aot_operator_object *)self)->definition->name;
}

static PyObject *operator_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<aotops operator %s>", name_of(self));
}

/* As a class attribute an operator is a method. Calls do not come here, they pass the instance along. */
static PyObject *operator_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(type))
{
    if (instance == NULL || instance == Py_None) {
        Py_INCREF((PyObject *)self);
        return self;
    }
    return aot_call("types", "MethodType", "(OO)", self, instance);
}

static PyObject *operator_name(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(name_of(self));
}

static PyObject *operator_doc(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("aotops.operator", "documentation", "(s)", name_of(self));
}

static PyObject *operator_signature(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("aotops.operator", "signature", "(O)", self);
}

static PyObject *operator_parameters(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *joined = PyUnicode_FromString(((aot_operator_object *)self)->definition->parameters);
    PyObject *names = joined != NULL ? PyUnicode_Split(joined, NULL, -1) : NULL;
    PyObject *tuple = names != NULL ? PySequence_Tuple(names) : NULL;
    Py_XDECREF(joined);
    Py_XDECREF(names);
    return tuple;
}

static PyObject *operator_kind(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator *definition = ((aot_operator_object *)self)->definition;
    return PyUnicode_FromString(definition->kind == AOT_REDUCE ? "reduce" : definition->inputs == 1 ? "map" : "zip");
}

static PyObject *operator_dtypes(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    const aot_operator *definition = operator->definition;
    PyObject *signatures = PyTuple_New(definition->n_variants);
    for (int v = 0; signatures != NULL && v < definition->n_variants; v++) {
        PyObject *signature = PyTuple_New(definition->inputs + 1);
        if (signature == NULL) {
            Py_CLEAR(signatures);
            break;
        }
        for (int k = 0; k <= definition->inputs; k++) {
            PyObject *dtype = operator->state->dtypes[definition->variants[v].dtypes[k]];
            Py_INCREF(dtype);
            PyTuple_SetItem(signature, k, dtype);
        }
        if (PyTuple_SetItem(signatures, v, signature) < 0) {
            Py_CLEAR(signatures);
        }
    }
    return signatures;
}

static PyObject *operator_conversions(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    PyObject *conversions = PyDict_New();
    for (int from = 0; conversions != NULL && from < AOT_N_DTYPES; from++) {
        int to = operator->definition->conversions[from];
        if (to != AOT_NO_DTYPE &&
            PyDict_SetItem(conversions, operator->state->dtypes[from], operator->state->dtypes[to]) < 0) {
            Py_CLEAR(conversions);
        }
    }
    return conversions;
}

/* pickle and copy find an operator by its name in the package */
static PyObject *operator_reduce(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return operator_name(self, NULL);
}

static PyGetSetDef operator_getset[] = {
    {"__name__", operator_name, NULL, NULL, NULL},
    {"__qualname__", operator_name, NULL, NULL, NULL},
    {"__doc__", operator_doc, NULL, NULL, NULL},
    {"__signature__", operator_signature, NULL, NULL, NULL},
    {"kind", operator_kind, NULL, "'map', 'zip' or 'reduce'.", NULL},
    {"parameters", operator_parameters, NULL, "Names of the tensor arguments.", NULL},
    {"dtypes", operator_dtypes, NULL, "The compiled signatures: dtypes of the inputs, then of the result.", NULL},
    {"conversions", operator_conversions, NULL, "Dtypes that are converted first, and to what.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef operator_methods[] = {
    {"__reduce__", operator_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot operator_slots[] = {
    {Py_tp_dealloc, operator_dealloc},
    {Py_tp_call, operator_call},
    {Py_tp_repr, operator_repr},
    {Py_tp_descr_get, operator_get},
    {Py_tp_getset, operator_getset},
    {Py_tp_methods, operator_methods},
    {0, NULL},
};

PyType_Spec aot_operator_spec = {
    .name = "aotops.Operator",
    .basicsize = sizeof(aot_operator_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = operator_slots,
};

PyObject *aot_operator_new(aot_state *state, const aot_operator *definition)
{
    aot_operator_object *self = PyObject_Malloc(sizeof *self);
    if (self == NULL) {
        return PyErr_NoMemory();
    }
    PyObject_Init((PyObject *)self, state->operator_type);
    self->state = state;
    self->definition = definition;
    return (PyObject *)self;
}
