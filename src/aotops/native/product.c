/* Products of vectors and matrices, for Python: dot products are sums, the rest is for matmul.c. In Python:
 *
 *     def product(x1, x2):
 *         if one is a vector, or has one row or column, and the other is contiguous along the inner axis:
 *             return sum_of_products(the rows of the other, the vector)
 *         return matmul(x1, x2)
 */
#include "native.h"

#include "arrays.h"

/* Returns the sums of products of the rows of a tensor and a vector, in the order of sums. */
static PyObject *dots(PyObject *rows, PyObject *vector)
{
    return PyObject_CallFunction(aot_as_tensor(rows)->state->dot, "OOi", rows, vector, -1);
}

static bool has_dot(const aot_tensor *x)
{
    return x->dtype == AOT_INT64 || x->dtype == AOT_FLOAT32 || x->dtype == AOT_FLOAT64;
}

/* Returns whether a matrix times a column is the dot products of its rows, rather than its columns times numbers. */
static bool prefers_dots(const aot_tensor *x, int along, int across)
{
    return x->shape[along] < 2 || x->strides[across] != 1;
}

/* Returns matrices with rows for columns. */
static aot_tensor *transposed(const aot_tensor *x)
{
    int order[AOT_MAX_RANK];
    for (int axis = 0; axis < x->ndim; axis++) {
        order[axis] = axis < x->ndim - 2 ? axis : 2 * x->ndim - 3 - axis;
    }
    return aot_permuted(x, order);
}

/* Returns one row of a matrix, or one column, as a vector. */
static aot_tensor *only_line(const aot_tensor *x, int along)
{
    return aot_tensor_part(x, 0, 1, &x->shape[along], &x->strides[along]);
}

/* Returns x1 @ x2 if it is dot products: where a factor is a vector, or has one row or column, and the other one is
 * contiguous along the inner axis. Returns NULL without an exception for others. */
static PyObject *as_dots(const aot_tensor *x1, const aot_tensor *x2)
{
    int last1 = x1->ndim - 1, last2 = x2->ndim - 1;
    if (!has_dot(x1) || x1->dtype != x2->dtype || x1->ndim == 0 || x2->ndim == 0 ||
        x1->shape[last1] != x2->shape[last2 > 0 ? last2 - 1 : 0]) {
        return NULL;
    }
    if (last2 == 0) {
        bool by_rows = last1 == 0 || prefers_dots(x1, last1, last1 - 1);
        return by_rows ? dots((PyObject *)x1, (PyObject *)x2) : NULL;
    }
    aot_tensor *rows = NULL, *vector = NULL;
    PyObject *result = NULL;
    Py_ssize_t shape[] = {1, 1};
    if (last1 == 0) {
        if (prefers_dots(x2, last2 - 1, last2)) {
            rows = transposed(x2);
            result = rows != NULL ? dots((PyObject *)rows, (PyObject *)x1) : NULL;
        }
    } else if (last1 == 1 && last2 == 1 && x1->shape[1] > 1) {
        if (x2->shape[1] == 1 && x1->strides[1] == 1) {
            vector = only_line(x2, 0);
            shape[0] = x1->shape[0];
            result = vector != NULL ? dots((PyObject *)x1, (PyObject *)vector) : NULL;
        } else if (x1->shape[0] == 1 && x2->strides[0] == 1 && prefers_dots(x2, 0, 1)) {
            rows = transposed(x2);
            vector = rows != NULL ? only_line(x1, 1) : NULL;
            shape[1] = x2->shape[1];
            result = vector != NULL ? dots((PyObject *)rows, (PyObject *)vector) : NULL;
        }
        if (result != NULL) {
            PyObject *line = result;
            result = (PyObject *)aot_reshaped((aot_tensor *)line, 2, shape, AOT_COPY_IF_NEEDED, "matmul");
            Py_DECREF(line);
        }
    }
    Py_XDECREF((PyObject *)rows);
    Py_XDECREF((PyObject *)vector);
    return result;
}

PyObject *aot_product(PyObject *first, PyObject *second, PyObject *into, PyObject *start)
{
    const aot_tensor *x1 = aot_as_tensor(first), *x2 = aot_as_tensor(second);
    aot_tensor *out = into != NULL ? aot_as_tensor(into) : NULL, *before = start != NULL ? aot_as_tensor(start) : NULL;
    if (x1 == NULL || x2 == NULL || (into != NULL && out == NULL) || (start != NULL && before == NULL)) {
        return NULL;
    }
    PyObject *result = start == NULL ? as_dots(x1, x2) : NULL;
    if (result != NULL && out != NULL) {
        const aot_tensor *own = (const aot_tensor *)result;
        if (aot_check_out("matmul", out, own->dtype, own->ndim, own->shape, false) < 0) {
            Py_CLEAR(result);
        }
        result = aot_copy_to_out(result, out);
    }
    return result != NULL || PyErr_Occurred() ? result : (PyObject *)aot_matmul(x1, x2, out, before);
}

PyObject *aot_matmul_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *first, *second, *out = Py_None, *start = Py_None;
    if (!PyArg_ParseTuple(args, "OO|OO:matmul", &first, &second, &out, &start)) {
        return NULL;
    }
    PyObject *result = aot_product(first, second, out == Py_None ? NULL : out, start == Py_None ? NULL : start);
    if (result == NULL && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return result;
}
