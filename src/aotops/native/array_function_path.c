/* The fast path of calls of whole-array functions. In Python:
 *
 *     def fast_path(self, *arguments):                      # tensors, NumPy's arrays and scalars, numbers, tuples of these
 *         library, name, names, numbers, form = self._codes[len(arguments)]
 *         leaves = the arguments, with the members of tuples in place of these
 *         function = the first among the numbers that takes the leaves as they are
 *         return run(function, leaves)
 *
 * It declines whatever needs a cast or another order, and what fits no function: Python does that, and has the messages.
 */
#include "array_kernel.h"

#include <string.h>

typedef struct {
    Py_ssize_t count;
    PyObject *given[AOT_MAX_OPERANDS];
    aot_tensor *tensors[AOT_MAX_OPERANDS]; /* owned; NULL: a Python number, so far */
    bool any_tensor, any_array;
} fast_arguments;

/* Reads an argument; returns false for what the fast path does not take. */
static bool read_plain(aot_state *state, fast_arguments *own, Py_ssize_t k)
{
    PyObject *object = own->given[k];
    if (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object) || PyComplex_CheckExact(object)) {
        return true;
    }
    own->tensors[k] = aot_as_tensor(object);
    if (own->tensors[k] != NULL) {
        Py_INCREF(object);
        own->any_tensor = true;
        return true;
    }
    if (!aot_know_numpy(state)) {
        return false;
    }
    if (Py_TYPE(object) == state->numpy.array) {
        own->any_array = true;
    } else if (!PyType_IsSubtype(Py_TYPE(object), state->numpy.scalar)) {
        return false;
    }
    own->tensors[k] = aot_share_buffer(state, object);
    return own->tensors[k] != NULL;
}

/* Collects the numbers and arrays of an argument of a form. Returns false if it has another one, or if they are too many. */
static bool collect(fast_arguments *own, PyObject *form, PyObject *object)
{
    if (form == Py_None) {
        bool fits = own->count < AOT_MAX_OPERANDS;
        if (fits) {
            own->given[own->count++] = object;
        }
        return fits;
    }
    PyObject *class = PyTuple_GetItem(form, 0), *members = PyTuple_GetItem(form, 1);
    PyTypeObject *wanted = class == Py_None ? &PyTuple_Type : (PyTypeObject *)class;
    bool fits = PyType_IsSubtype(Py_TYPE(object), wanted) && PyTuple_Size(object) == PyTuple_Size(members);
    for (Py_ssize_t k = 0; fits && k < PyTuple_Size(members); k++) {
        fits = collect(own, PyTuple_GetItem(members, k), PyTuple_GetItem(object, k));
    }
    return fits;
}

/* Whether the arguments have the types of a function; `nearly`: a Python number fits larger dtypes as well. */
static bool has_types(const fast_arguments *own, const aot_named_array_kernel *kernel, bool nearly)
{
    if (own->count != kernel->inputs || kernel->outputs != 0) {
        return false;
    }
    for (int k = 0; k < kernel->inputs; k++) {
        const aot_tensor *tensor = own->tensors[k];
        if (tensor != NULL) {
            if (aot_dtypes[tensor->dtype].stable != kernel->dtypes[k] || tensor->ndim != kernel->ranks[k]) {
                return false;
            }
            continue;
        }
        int dtype = aot_dtype_of_stable(kernel->dtypes[k]);
        bool fits = nearly ? aot_number_category(own->given[k]) <= aot_dtypes[dtype].category
                           : aot_natural_dtype(own->given[k]) == dtype;
        if (kernel->ranks[k] != 0 || !fits) {
            return false;
        }
    }
    return true;
}

static const aot_named_array_kernel *choose(const fast_arguments *own, const aot_array_library *library,
                                            PyObject *numbers)
{
    for (int nearly = 0; nearly < 2; nearly++) {
        for (Py_ssize_t k = 0; k < PyTuple_Size(numbers); k++) {
            size_t number = PyLong_AsSize_t(PyTuple_GetItem(numbers, k));
            if (number < library->n_kernels && has_types(own, &library->kernels[number], nearly)) {
                return &library->kernels[number];
            }
        }
    }
    PyErr_Clear();
    return NULL;
}

/* Makes tensors of Python numbers. Returns false if one does not fit, which Python reports, or with an exception. */
static bool read_numbers(aot_state *state, fast_arguments *own, const aot_named_array_kernel *kernel, const char *name)
{
    for (int k = 0; k < kernel->inputs; k++) {
        if (own->tensors[k] != NULL) {
            continue;
        }
        int dtype = aot_dtype_of_stable(kernel->dtypes[k]);
        aot_element element;
        if (!aot_number_fits(own->given[k], dtype) || aot_element_of(own->given[k], dtype, &element, name, "") < 0) {
            PyErr_Clear();
            return false;
        }
        own->tensors[k] = aot_tensor_new(state, dtype, 0, NULL, name);
        if (own->tensors[k] == NULL) {
            return false;
        }
        memcpy(own->tensors[k]->data, &element, aot_dtypes[dtype].itemsize);
    }
    return true;
}

/* Returns a result with NumPy's arrays in place of tensors; takes it over. */
static PyObject *as_arrays(aot_state *state, PyObject *result)
{
    if (result == NULL) {
        return NULL;
    }
    PyObject *changed = result;
    if (PyTuple_Check(result)) {
        changed = PyTuple_New(PyTuple_Size(result));
        for (Py_ssize_t k = 0; changed != NULL && k < PyTuple_Size(result); k++) {
            PyObject *member = as_arrays(state, Py_NewRef(PyTuple_GetItem(result, k)));
            if (member == NULL || PyTuple_SetItem(changed, k, member) < 0) {
                Py_CLEAR(changed);
            }
        }
        if (changed != NULL && !PyTuple_CheckExact(result)) { /* a named one */
            PyObject *named = PyObject_CallMethod(result, "_make", "(O)", changed);
            Py_DECREF(changed);
            changed = named;
        }
    } else if (aot_as_tensor(result) != NULL) {
        changed = PyObject_CallFunctionObjArgs(state->numpy.asarray, result, NULL);
    } else {
        return result;
    }
    Py_DECREF(result);
    return changed;
}

/* Whether all arrays are in the order that the function takes; others are copied by Python, unless they are written to. */
static bool has_orders(const fast_arguments *own, const aot_named_array_kernel *kernel, const int64_t *flags)
{
    for (int k = 0; k < kernel->inputs; k++) {
        if (own->tensors[k] != NULL && !(flags[k] & AOT_WRITES) && !aot_array_has_order(own->tensors[k], flags[k])) {
            return false;
        }
    }
    return true;
}

static PyObject *call_plainly(aot_state *state, PyObject *code, PyObject *const *args, Py_ssize_t count)
{
    PyObject *capsule, *parameters, *numbers, *form;
    const char *name;
    if (!PyArg_ParseTuple(code, "OsO!O!O", &capsule, &name, &PyTuple_Type, &parameters, &PyTuple_Type, &numbers, &form)) {
        return NULL;
    }
    const aot_array_library *library = aot_array_library_of(capsule);
    int level = library != NULL ? aot_array_level(state, library) : -1;
    if (level < 0) {
        return NULL;
    }
    fast_arguments own = {.count = 0};
    bool plain = true;
    for (Py_ssize_t k = 0; plain && k < count; k++) {
        plain = collect(&own, form == Py_None ? form : PyTuple_GetItem(form, k), args[k]);
    }
    plain = plain && own.count <= PyTuple_Size(parameters);
    for (Py_ssize_t k = 0; plain && k < own.count; k++) {
        plain = read_plain(state, &own, k);
    }
    const aot_named_array_kernel *kernel = plain ? choose(&own, library, numbers) : NULL;
    PyObject *result = NULL;
    int64_t flags[AOT_MAX_OPERANDS];
    if (kernel != NULL) {
        aot_array_read_flags(kernel->strided[level], kernel->inputs, flags);
    }
    if (kernel != NULL && has_orders(&own, kernel, flags) && read_numbers(state, &own, kernel, name)) {
        result = aot_array_run_once(state, library, kernel, level, flags, own.tensors, name, parameters);
        result = own.any_array && !own.any_tensor ? as_arrays(state, result) : result;
    }
    for (Py_ssize_t k = 0; k < own.count; k++) {
        Py_XDECREF((PyObject *)own.tensors[k]);
    }
    return result;
}

PyObject *aot_array_function_path(const aot_function *function, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    if (count < 1 || names != NULL) {
        return NULL;
    }
    PyObject *codes = PyObject_GetAttrString(args[0], "_codes"), *number = PyLong_FromSsize_t(count - 1);
    PyObject *code = codes != NULL && number != NULL && PyDict_Check(codes) ? PyDict_GetItemWithError(codes, number) : NULL;
    PyObject *result = NULL;
    if (code != NULL && PyTuple_Check(code)) {
        Py_INCREF(code);
        result = call_plainly(function->state, code, args + 1, count - 1);
        Py_DECREF(code);
    } else {
        PyErr_Clear(); /* Python says what is wrong */
    }
    Py_XDECREF(codes);
    Py_XDECREF(number);
    return result;
}
