/* Operator: the type of public callables such as aotops.add, and calls of them. In Python:
 *
 *     class Operator:
 *         def __call__(self, *inputs, out=None):    # elementwise; reductions and scans: reduce.c
 *             inputs may be passed by name; those with a default may be omitted; Python handles `where`
 *             return apply(self, *inputs, out=out)
 *
 * A call that fails with a TypeError may have an argument of a library that computes with it then (aotops.foreign).
 * An operator declared in Python (declare.c) is bound to its kernels by its first call.
 */
#include "tape.h"

#include <stddef.h>
#include <structmember.h>
#include <string.h>

/* --- calls ----------------------------------------------------------------------------------------- */

/* Returns the position of the input that a keyword names, or -1. */
static int input_named(const aot_operator *definition, PyObject *key)
{
    Py_ssize_t size = 0;
    const char *string = PyUnicode_Check(key) ? PyUnicode_AsUTF8AndSize(key, &size) : NULL;
    if (string == NULL) {
        PyErr_Clear(); /* not a string, or not valid UTF-8, so not an input's name */
        return -1;
    }
    const char *name = definition->parameters;
    for (int k = 0; k < definition->inputs; k++) {
        size_t length = strcspn(name, " ");
        if (length == (size_t)size && memcmp(name, string, length) == 0) {
            return k;
        }
        name += length + 1;
    }
    return -1;
}

static PyObject *call_elementwise(const aot_operator_object *operator, PyObject *args, PyObject *kwargs)
{
    const aot_operator *definition = operator->definition;
    Py_ssize_t given = PyTuple_Size(args);
    PyObject *inputs[AOT_MAX_OPERANDS] = {NULL};
    PyObject *out = NULL;
    for (int k = 0; k < given && k < definition->inputs; k++) {
        inputs[k] = PyTuple_GetItem(args, k);
    }
    Py_ssize_t named = 0;
    if (kwargs != NULL) {
        PyObject *key, *value;
        Py_ssize_t position = 0;
        while (PyDict_Next(kwargs, &position, &key, &value)) {
            int k = aot_is_keyword(key, "out") ? -1 : input_named(definition, key);
            if (k >= 0 && inputs[k] == NULL) {
                inputs[k] = value;
                named++;
            } else if (k < 0 && aot_is_keyword(key, "out")) {
                out = value == Py_None ? NULL : value;
            } else if (k < 0 && aot_is_keyword(key, "where")) {
                return aot_call("masked", "(OOO)", operator, args, kwargs);
            } else {
                return aot_raise("unexpected_operand", "(sOs)", definition->name, key, definition->parameters);
            }
        }
    }
    int required = 0, missing = -1;
    for (int k = 0; k < definition->inputs; k++) {
        bool optional = definition->optional >> k & 1;
        required += !optional;
        missing = inputs[k] == NULL && !optional && missing < 0 ? k : missing;
        inputs[k] = inputs[k] == Py_None && optional ? NULL : inputs[k];
    }
    if (given > definition->inputs || given + named < required) {
        return aot_raise("wrong_count", "(ssin)", definition->name, definition->parameters, required, given + named);
    }
    if (missing >= 0) { /* enough are given, but others in its place */
        return aot_raise("missing_argument", "(ssi)", definition->name, definition->parameters, missing);
    }
    /* casts run Python code, which could get hold of kwargs and empty it */
    Py_XINCREF(out);
    for (int k = 0; named > 0 && k < definition->inputs; k++) {
        Py_XINCREF(inputs[k]);
    }
    PyObject *result = aot_apply(operator, inputs, out);
    for (int k = 0; named > 0 && k < definition->inputs; k++) {
        Py_XDECREF(inputs[k]);
    }
    Py_XDECREF(out);
    return result;
}

/* --- the type ------------------------------------------------------------------------------------ */

static PyObject *call_own(PyObject *self, PyObject *args, PyObject *kwargs)
{
    aot_operator_object *operator = (aot_operator_object *)self;
    if (operator->unbound && aot_load(operator) < 0) {
        return NULL;
    }
    if (operator->fallback != NULL && aot_is_explained(operator->state)) {
        Py_RETURN_NONE; /* it would run as plain Python */
    }
    if (operator->fallback != NULL) {
        aot_state *state = operator->state;
        return state->tape.nodes != 0 && aot_is_recorded_in(state, args, kwargs)
                   ? aot_record_in_python(state, self, args, kwargs)
                   : PyObject_Call(operator->fallback, args, kwargs);
    }
    return operator->definition->kind == AOT_ELEMENTWISE ? call_elementwise(operator, args, kwargs)
                                                          : aot_reduce(operator, args, kwargs);
}

static PyObject *operator_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *result = call_own(self, args, kwargs);
    return result != NULL || !PyErr_ExceptionMatches(PyExc_TypeError) ? result : aot_call_foreign(self, args, kwargs);
}

static int operator_traverse(PyObject *self, visitproc visit, void *arg)
{
    aot_operator_object *operator = (aot_operator_object *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(operator->attributes);
    Py_VISIT(operator->record);
    Py_VISIT(operator->library);
    Py_VISIT(operator->fallback);
    Py_VISIT(operator->square);
    Py_VISIT(operator->derivative);
    return 0;
}

/* There is no tp_clear: finalizers may call an operator that is garbage, and it must then still have all its members.
 * Cycles through an operator pass through the dict of its attributes, of its record or of its fallback's globals, which
 * the collector clears. */
static void operator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    aot_operator_object *operator = (aot_operator_object *)self;
    Py_CLEAR(operator->attributes);
    Py_CLEAR(operator->record);
    Py_CLEAR(operator->fallback);
    Py_CLEAR(operator->library);
    Py_CLEAR(operator->names);
    Py_CLEAR(operator->square);
    Py_CLEAR(operator->derivative);
    PyMem_Free(operator->own);
    PyObject_GC_Del(self);
    Py_DECREF((PyObject *)type);
}

/* An operator declared in Python has no name until its first call, so Python is asked for it. */
static PyObject *operator_name(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    return operator->unbound ? aot_call("operator_name", "(O)", self)
                           : PyUnicode_FromString(operator->definition->name);
}

static PyObject *operator_repr(PyObject *self)
{
    PyObject *name = operator_name(self, NULL);
    PyObject *string = name != NULL ? PyUnicode_FromFormat("<aotops operator %S>", name) : NULL;
    Py_XDECREF(name);
    return string;
}

/* As a class attribute an operator is a method. Method calls bypass this function: they pass the instance as an
 * argument. */
static PyObject *operator_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(type))
{
    if (instance == NULL || instance == Py_None) {
        Py_INCREF((PyObject *)self);
        return self;
    }
    return aot_bound_method(((aot_operator_object *)self)->state, self, instance);
}

static PyObject *operator_doc(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("operator_documentation", "(O)", self);
}

static PyObject *operator_signature(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("operator_signature", "(O)", self);
}

static PyObject *operator_parameters(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *joined = PyUnicode_FromString(((aot_operator_object *)self)->definition->parameters);
    PyObject *space = PyUnicode_FromString(" ");
    PyObject *names = joined != NULL && space != NULL ? PyUnicode_Split(joined, space, -1) : NULL;
    PyObject *tuple = names != NULL ? PySequence_Tuple(names) : NULL;
    Py_XDECREF(joined);
    Py_XDECREF(space);
    Py_XDECREF(names);
    return tuple;
}

/* Returns the names of the parameters in a bit mask. */
static PyObject *parameters_in(PyObject *self, unsigned mask)
{
    PyObject *names = operator_parameters(self, NULL), *found = PyList_New(0), *result = NULL;
    bool failed = names == NULL || found == NULL;
    for (int k = 0; !failed && k < ((aot_operator_object *)self)->definition->inputs; k++) {
        failed = (mask >> k & 1) && PyList_Append(found, PyTuple_GetItem(names, k)) < 0;
    }
    result = failed ? NULL : PySequence_Tuple(found);
    Py_XDECREF(names);
    Py_XDECREF(found);
    return result;
}

static PyObject *operator_bool_inputs(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator *definition = ((aot_operator_object *)self)->definition;
    unsigned mask = 0;
    for (int k = 0; k < definition->inputs; k++) {
        mask |= (unsigned)(definition->fixed[k] == AOT_BOOL) << k;
    }
    return parameters_in(self, mask);
}

static PyObject *operator_fixed(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    PyObject *names = operator_parameters(self, NULL), *fixed = PyDict_New();
    for (int k = 0; names != NULL && fixed != NULL && k < operator->definition->inputs; k++) {
        int dtype = operator->definition->fixed[k];
        if (dtype != AOT_NO_DTYPE &&
            PyDict_SetItem(fixed, PyTuple_GetItem(names, k),
                           operator->state->dtypes[dtype == AOT_INDEX ? AOT_INT64 : dtype]) < 0) {
            Py_CLEAR(fixed);
        }
    }
    if (names == NULL) {
        Py_CLEAR(fixed);
    }
    Py_XDECREF(names);
    return fixed;
}

static PyObject *operator_optional(PyObject *self, void *Py_UNUSED(closure))
{
    return parameters_in(self, ((aot_operator_object *)self)->definition->optional);
}

static PyObject *operator_kind(PyObject *self, void *Py_UNUSED(closure))
{
    static const char *const names[] = {
        [AOT_ELEMENTWISE] = "zip", [AOT_REDUCE] = "reduce", [AOT_ARGREDUCE] = "argreduce", [AOT_SCAN] = "scan"};
    const aot_operator *definition = ((aot_operator_object *)self)->definition;
    bool is_map = definition->kind == AOT_ELEMENTWISE && definition->inputs == 1;
    return PyUnicode_FromString(is_map ? "map" : names[definition->kind]);
}

static PyObject *operator_dtypes(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    const aot_operator *definition = operator->definition;
    PyObject *signatures = PyTuple_New(definition->n_variants);
    for (int v = 0; signatures != NULL && v < definition->n_variants; v++) {
        PyObject *signature = PyTuple_New(definition->inputs + definition->outputs);
        if (signature == NULL) {
            Py_CLEAR(signatures);
            break;
        }
        for (int k = 0; k < definition->inputs + definition->outputs; k++) {
            int code = definition->variants[v].dtypes[k];
            PyObject *dtype = operator->state->dtypes[code == AOT_INDEX ? AOT_INT64 : code];
            Py_INCREF(dtype);
            PyTuple_SetItem(signature, k, dtype);
        }
        if (PyTuple_SetItem(signatures, v, signature) < 0) {
            Py_CLEAR(signatures);
        }
    }
    return signatures;
}

static PyObject *operator_casts(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_operator_object *operator = (const aot_operator_object *)self;
    PyObject *casts = PyDict_New();
    for (int from = 0; casts != NULL && from < AOT_N_DTYPES; from++) {
        int to = operator->definition->casts[from];
        if (to != AOT_NO_DTYPE &&
            PyDict_SetItem(casts, operator->state->dtypes[from], operator->state->dtypes[to]) < 0) {
            Py_CLEAR(casts);
        }
    }
    return casts;
}

/* Returns the declaration of an operator that is not built in. */
static PyObject *operator_record(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *record = ((aot_operator_object *)self)->record;
    record = record != NULL ? record : Py_None;
    Py_INCREF(record);
    return record;
}

static PyObject *operator_derivative(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("operator_derivative", "(O)", self);
}

static PyObject *operator_scalar(PyObject *self, void *Py_UNUSED(closure))
{
    return aot_call("operator_scalar", "(O)", self);
}

/* pickle and copy look an operator up by its name in its module */
static PyObject *operator_reduce(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return operator_name(self, NULL);
}

static PyGetSetDef operator_getset[] = {
    {"__name__", operator_name, NULL, NULL, NULL},
    {"__qualname__", operator_name, NULL, NULL, NULL},
    {"__doc__", operator_doc, NULL, NULL, NULL},
    {"__signature__", operator_signature, NULL, NULL, NULL},
    {"kind", operator_kind, NULL, "'map', 'zip', 'reduce', 'argreduce' or 'scan'.", NULL},
    {"parameters", operator_parameters, NULL, "Names of the tensor arguments.", NULL},
    {"bool_inputs", operator_bool_inputs, NULL, "Those of the parameters that are bool whatever the others are.", NULL},
    {"fixed", operator_fixed, NULL, "Parameters whose dtype does not depend on the others, and that dtype.", NULL},
    {"optional", operator_optional, NULL, "Those of the parameters that may be left out.", NULL},
    {"dtypes", operator_dtypes, NULL, "The compiled signatures: dtypes of the inputs, then of the results.", NULL},
    {"casts", operator_casts, NULL, "Dtypes that are cast first, and to what.", NULL},
    {"derivative", operator_derivative, NULL,
     "The operator of the derivative, of the inputs, the output and the incoming gradient; where none is declared yet, "
     "the decorator that declares it.", NULL},
    {"scalar", operator_scalar, NULL,
     "The Python function that the kernels are compiled from, of one element of each input; of a reduction, the "
     "combination of two values.", NULL},
    {"_record", operator_record, NULL, "The declaration, where the operator is not one of aotops' own.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef operator_methods[] = {
    {"__reduce__", operator_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef operator_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(aot_operator_object, attributes), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot operator_slots[] = {
    {Py_tp_dealloc, operator_dealloc},
    {Py_tp_traverse, operator_traverse},
    {Py_tp_members, operator_members},
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
             Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_GC,
    .slots = operator_slots,
};

aot_operator_object *aot_operator_new(aot_state *state, const aot_operator *definition)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(state->operator_type, Py_tp_alloc);
    aot_operator_object *self = (aot_operator_object *)allocate(state->operator_type, 0); /* zeroed */
    if (self != NULL) {
        self->state = state;
        self->definition = definition;
    }
    return self;
}
