/* Calling Python: the slow paths (aotops.callbacks) and the functions that raise exceptions (aotops.errors); and
 * reading arguments, as several files do. In Python:
 *
 *     def call(function, *values):
 *         return getattr(aotops.callbacks, function)(*values)
 *     def raise_(function, *values):
 *         getattr(aotops.errors, function)(*values)     # raises
 */
#include "native.h"

#include <pythread.h>
#include <stdarg.h>

/* --- calls --------------------------------------------------------------------------------------- */

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

PyObject *aot_call(const char *function, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PyObject *result = call_va("aotops.callbacks", function, format, values);
    va_end(values);
    return result;
}

Py_ssize_t aot_ask(const char *function)
{
    PyObject *type, *value, *traceback; /* a launch may run while an exception is set */
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *answer = aot_call(function, "()");
    Py_ssize_t number = answer != NULL ? PyLong_AsSsize_t(answer) : -1;
    Py_XDECREF(answer);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_SetInterrupt(); /* raised later, in Python code of the caller, which can handle it */
    }
    PyErr_Restore(type, value, traceback);
    return number < 0 ? -1 : number;
}

unsigned long aot_main_thread(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    unsigned long found = PyThread_get_thread_ident();
    PyObject *name = PyUnicode_FromString("threading");
    PyObject *module = name != NULL ? PyImport_GetModule(name) : NULL;
    if (module != NULL) {
        PyObject *thread = PyObject_CallMethod(module, "main_thread", NULL);
        PyObject *ident = thread != NULL ? PyObject_GetAttrString(thread, "ident") : NULL;
        found = ident != NULL ? PyLong_AsUnsignedLong(ident) : 0;
        Py_XDECREF(ident);
        Py_XDECREF(thread);
        Py_DECREF(module);
    }
    Py_XDECREF(name);
    PyErr_Restore(type, value, traceback); /* also replaces what has failed here */
    return found;
}

/* Finds the type of bound methods, which the limited API does not name: it is that of a bound function. */
static PyTypeObject *method_type(void)
{
    PyObject *module = PyImport_ImportModule("aotops.callbacks");
    PyObject *function = module != NULL ? PyObject_GetAttrString(module, "__getattr__") : NULL;
    PyObject *bound = function != NULL ? PyObject_CallMethod(function, "__get__", "(O)", module) : NULL;
    PyTypeObject *type = bound != NULL ? Py_TYPE(bound) : NULL;
    Py_XINCREF((PyObject *)type);
    Py_XDECREF(bound);
    Py_XDECREF(function);
    Py_XDECREF(module);
    return type;
}

PyObject *aot_bound_method(aot_state *state, PyObject *function, PyObject *instance)
{
    if (state->method_type == NULL) {
        state->method_type = method_type();
    }
    return state->method_type != NULL
               ? PyObject_CallFunctionObjArgs((PyObject *)state->method_type, function, instance, NULL)
               : NULL;
}

PyObject *aot_raise(const char *function, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PyObject *result = call_va("aotops.errors", function, format, values);
    va_end(values);
    if (result != NULL) {
        Py_DECREF(result);
        PyErr_Format(PyExc_SystemError, "aotops.errors.%s must raise", function);
    }
    return NULL;
}

PyObject *aot_call_foreign(PyObject *function, PyObject *args, PyObject *kwargs)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *result = aot_call("foreign_call", "(OOO)", function, args, kwargs != NULL ? kwargs : Py_None);
    if (result == Py_NotImplemented) {
        Py_CLEAR(result);
        PyErr_Restore(type, value, traceback);
        return NULL;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return result;
}

/* --- reading arguments --------------------------------------------------------------------------- */

bool aot_is_keyword(PyObject *key, const char *name)
{
    /* f(**{1: 2}) reaches a type's call with its keys unchecked */
    return PyUnicode_Check(key) && PyUnicode_CompareWithASCIIString(key, name) == 0;
}

int aot_read_flag(PyObject *object, const char *function, const char *argument)
{
    if (PyType_GetSlot(Py_TYPE(object), Py_nb_bool) == NULL) {
        aot_raise("wrong_type", "(sssO)", function, argument, "True or False", object);
        return -1;
    }
    int truth = PyObject_IsTrue(object);
    if (truth < 0 && PyErr_ExceptionMatches(PyExc_ValueError)) { /* a tensor or an array of several elements */
        PyErr_Clear();
        aot_raise("wrong_type", "(sssO)", function, argument, "True or False", object);
    }
    return truth;
}

bool aot_plain_size(PyObject *object, Py_ssize_t *size)
{
    if (!PyLong_CheckExact(object)) {
        return false;
    }
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    *size = (Py_ssize_t)value;
    return overflow == 0 && (long long)*size == value;
}

bool aot_plain_axes(PyObject *object, int ndim, uint32_t *mask)
{
    *mask = 0;
    Py_ssize_t count = PyTuple_CheckExact(object) ? PyTuple_Size(object) : -1;
    for (Py_ssize_t k = 0; k < count; k++) {
        Py_ssize_t axis;
        if (!aot_plain_size(PyTuple_GetItem(object, k), &axis) || axis < -ndim || axis >= ndim) {
            return false;
        }
        uint32_t bit = UINT32_C(1) << (axis < 0 ? axis + ndim : axis);
        if (*mask & bit) {
            return false;
        }
        *mask |= bit;
    }
    return count >= 0;
}
