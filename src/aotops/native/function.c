/* Function: a public Python function that has a fast path in C. In Python:
 *
 *     class Function:
 *         def __init__(self, function, *operators): ...        # aotops._native.fast_path(*operators)(function)
 *         def __call__(self, *args, **kwargs):
 *             result = self.fast_path(*args, **kwargs)         # fast_paths.c
 *             return self.function(*args, **kwargs) if it declines else result
 *
 * The Python function defines what a call means: signature, documentation, conversions and errors. The fast path
 * handles plain arguments (tensors, ints and bools of the exact types) and returns exactly what the function would. As
 * a class attribute, a Function is a method.
 *
 * mean, var and std are methods of TensorBase from the start. They get their Python functions when aotops.mean and the
 * others are first used, so that `import aotops` need not import their module.
 */
#include "tape.h"

#include <stddef.h>
#include <structmember.h>

/* Part of the limited API from 3.12; has the same value in 3.11. */
#ifndef Py_TPFLAGS_HAVE_VECTORCALL
#define Py_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
#endif
#define ARGUMENTS_OFFSET ((size_t)1 << (8 * sizeof(size_t) - 1)) /* PY_VECTORCALL_ARGUMENTS_OFFSET */

/* Returns the Python function, borrowed. */
static PyObject *wrapped(aot_function *self)
{
    if (self->function == NULL) { /* importing its module sets it */
        PyObject *found = aot_call("public_name", "(s)", self->row->name);
        if (found != NULL && self->function == NULL) {
            PyErr_Format(PyExc_SystemError, "aotops.%s must be decorated with fast_path", self->row->name);
        }
        Py_XDECREF(found);
    }
    return self->function;
}

static PyObject *call_python(aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *function = wrapped(self);
    PyObject *positional = function != NULL ? PyTuple_New(count) : NULL;
    PyObject *keywords = positional != NULL && names != NULL ? PyDict_New() : NULL;
    bool failed = positional == NULL || (names != NULL && keywords == NULL);
    for (Py_ssize_t k = 0; !failed && k < count; k++) {
        Py_INCREF(args[k]);
        failed = PyTuple_SetItem(positional, k, args[k]) < 0;
    }
    for (Py_ssize_t k = 0; !failed && names != NULL && k < PyTuple_Size(names); k++) {
        failed = PyDict_SetItem(keywords, PyTuple_GetItem(names, k), args[count + k]) < 0;
    }
    PyObject *result = failed ? NULL : PyObject_Call(function, positional, keywords);
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return result;
}

static PyObject *function_vectorcall(PyObject *object, PyObject *const *args, size_t flags, PyObject *names)
{
    aot_function *self = (aot_function *)object;
    Py_ssize_t count = (Py_ssize_t)(flags & ~ARGUMENTS_OFFSET);
    if (self->state->tape.nodes != 0 && self->row->recording != AOT_RECORD_NOTHING &&
        aot_is_recorded_in_lists(self->state, args, count + (names != NULL ? PyTuple_Size(names) : 0))) {
        return aot_record_function(self, args, count, names);
    }
    PyObject *result = self->row->fast_path(self, args, count, names);
    return result != NULL || PyErr_Occurred() ? result : call_python(self, args, count, names);
}

/* Serves `__call__` looked up by name; all other calls are vectorcalls. */
static PyObject *function_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    PyObject *function = wrapped((aot_function *)object);
    return function != NULL ? PyObject_Call(function, args, kwargs) : NULL;
}

static PyObject *function_get(PyObject *object, PyObject *instance, PyObject *Py_UNUSED(type))
{
    if (instance == NULL || instance == Py_None) {
        Py_INCREF(object);
        return object;
    }
    return aot_bound_method(((aot_function *)object)->state, object, instance);
}

/* Forwards to the Python function: its name, its module, what it wraps. */
static PyObject *function_getattr(PyObject *object, PyObject *name)
{
    PyObject *found = PyObject_GenericGetAttr(object, name);
    if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        PyObject *function = wrapped((aot_function *)object);
        found = function != NULL ? PyObject_GetAttr(function, name) : NULL;
    }
    return found;
}

static PyObject *attribute_of_function(PyObject *object, void *name)
{
    PyObject *function = wrapped((aot_function *)object);
    return function != NULL ? PyObject_GetAttrString(function, name) : NULL;
}

static PyObject *function_repr(PyObject *object)
{
    PyObject *function = wrapped((aot_function *)object);
    return function != NULL ? PyObject_Repr(function) : NULL;
}

/* pickle and copy look a function up by its name in its module */
static PyObject *function_reduce(PyObject *object, PyObject *Py_UNUSED(unused))
{
    return attribute_of_function(object, "__qualname__");
}

static int function_traverse(PyObject *object, visitproc visit, void *arg)
{
    aot_function *self = (aot_function *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->function);
    Py_VISIT(self->operators);
    return 0;
}

/* There is no tp_clear, as for Operator: cycles pass through the dict of the function's module, which the collector
 * clears. */
static void function_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(((aot_function *)object)->function);
    Py_CLEAR(((aot_function *)object)->operators);
    PyObject_GC_Del(object);
    Py_DECREF((PyObject *)type);
}

static PyGetSetDef function_getset[] = {
    {"__doc__", attribute_of_function, NULL, NULL, "__doc__"},
    {"__module__", attribute_of_function, NULL, NULL, "__module__"},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef function_methods[] = {
    {"__reduce__", function_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef function_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(aot_function, vectorcall), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot function_slots[] = {
    {Py_tp_dealloc, function_dealloc},
    {Py_tp_traverse, function_traverse},
    {Py_tp_call, function_call},
    {Py_tp_repr, function_repr},
    {Py_tp_descr_get, function_get},
    {Py_tp_getattro, function_getattr},
    {Py_tp_getset, function_getset},
    {Py_tp_methods, function_methods},
    {Py_tp_members, function_members},
    {0, NULL},
};

PyType_Spec aot_function_spec = {
    .name = "aotops._native.Function",
    .basicsize = sizeof(aot_function),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = function_slots,
};

static aot_function *new_function(aot_state *state, const aot_fast_path *row)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(state->function_type, Py_tp_alloc);
    aot_function *self = (aot_function *)allocate(state->function_type, 0); /* zeroed */
    if (self != NULL) {
        self->vectorcall = function_vectorcall;
        self->state = state;
        self->row = row;
    }
    return self;
}

int aot_add_methods(aot_state *state)
{
    for (const aot_fast_path *row = aot_fast_paths; row->name != NULL; row++) {
        if (row->is_method) {
            aot_function *function = new_function(state, row);
            int failed = function == NULL ? -1
                                          : PyObject_SetAttrString((PyObject *)state->base_type, row->name,
                                                                   (PyObject *)function);
            Py_XDECREF((PyObject *)function);
            if (failed < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Returns the Function of a row of the table: the existing method, or a new one. */
static aot_function *function_of(aot_state *state, const aot_fast_path *row)
{
    if (!row->is_method) {
        return new_function(state, row);
    }
    PyObject *method = PyObject_GetAttrString((PyObject *)state->base_type, row->name);
    if (method != NULL && (Py_TYPE(method) != state->function_type || ((aot_function *)method)->function != NULL)) {
        Py_CLEAR(method); /* the module is being imported again */
        return new_function(state, row);
    }
    return (aot_function *)method;
}

PyObject *aot_with_fast_path(aot_state *state, PyObject *function, PyObject *operators)
{
    PyObject *name = PyObject_GetAttrString(function, "__qualname__");
    const aot_fast_path *row = aot_fast_paths;
    while (name != NULL && row->name != NULL && !aot_is_keyword(name, row->name)) {
        row++;
    }
    bool valid = name != NULL && row->name != NULL && PyTuple_Size(operators) == row->operators;
    for (int k = 0; valid && k < row->operators; k++) {
        valid = Py_TYPE(PyTuple_GetItem(operators, k)) == state->operator_type;
    }
    aot_function *self = valid ? function_of(state, row) : NULL;
    if (self != NULL) {
        Py_INCREF(function);
        self->function = function;
        Py_INCREF(operators);
        self->operators = operators;
    } else if (name != NULL && !valid) {
        aot_raise("wrong_type", "(sssO)", "fast_path", "function", "one that has a fast path, with as many operators", name);
    }
    Py_XDECREF(name);
    return (PyObject *)self;
}
