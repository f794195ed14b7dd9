/* Products of vectors and matrices, for Python: dot products of vectors are sums, the rest is for matmul.c. In Python:
 *
 *     def product(x1, x2):
 *         if both are vectors:
 *             return sum_of_products(x1, x2)
 *         return matmul(x1, x2)
 */
#include "native.h"

#include "arrays.h"

/* Returns x1 @ x2 of two vectors, in the order of sums. Returns NULL without an exception for others. */
static PyObject *as_dot(const aot_tensor *x1, const aot_tensor *x2)
{
    bool has_dot = x1->dtype == AOT_INT64 || x1->dtype == AOT_FLOAT32 || x1->dtype == AOT_FLOAT64;
    if (!has_dot || x1->dtype != x2->dtype || x1->ndim != 1 || x2->ndim != 1 || x1->shape[0] != x2->shape[0]) {
        return NULL;
    }
    return PyObject_CallFunction(x1->state->dot, "OOi", (PyObject *)x1, (PyObject *)x2, -1);
}

PyObject *aot_product(const char *function, PyObject *first, PyObject *second, PyObject *into, PyObject *start)
{
    const aot_tensor *x1 = aot_as_tensor(first), *x2 = aot_as_tensor(second);
    aot_tensor *out = into != NULL ? aot_as_tensor(into) : NULL, *before = start != NULL ? aot_as_tensor(start) : NULL;
    if (x1 == NULL || x2 == NULL || (into != NULL && out == NULL) || (start != NULL && before == NULL)) {
        return NULL;
    }
    PyObject *result = start == NULL ? as_dot(x1, x2) : NULL;
    if (result != NULL && out != NULL) {
        const aot_tensor *own = (const aot_tensor *)result;
        if (aot_check_out(function, out, own->dtype, own->ndim, own->shape, false) < 0) {
            Py_CLEAR(result);
        }
        result = aot_copy_to_out(result, out);
    }
    return result != NULL || PyErr_Occurred() ? result : (PyObject *)aot_matmul(function, x1, x2, out, before);
}

PyObject *aot_matmul_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *function;
    PyObject *first, *second, *out = Py_None, *start = Py_None;
    if (!PyArg_ParseTuple(args, "sOO|OO:matmul", &function, &first, &second, &out, &start)) {
        return NULL;
    }
    PyObject *result = aot_product(function, first, second, out == Py_None ? NULL : out, start == Py_None ? NULL : start);
    if (result == NULL && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return result;
}
