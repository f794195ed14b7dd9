/* Indexing: one element by Python ints, the case of every loop over elements, is done here. In Python:
 *
 *     def __getitem__(self, key):
 *         if key is an int or a tuple of ints, one for each axis, and inside: return a 0-d copy of the element
 *         return self._select(key)                    # aotops.indexing
 *     def __setitem__(self, key, value):
 *         if key is such an index and value a Python number: write the element
 *         else: self._assign(key, value)
 */
#include "native.h"

#include <string.h>

/* The element that ints alone select, or NULL without an exception: the index is another one, or outside. */
static char *element_at(const aot_tensor *self, PyObject *key)
{
    bool alone = PyLong_CheckExact(key);
    Py_ssize_t count = alone ? 1 : PyTuple_Check(key) ? PyTuple_Size(key) : -1;
    if (count != self->ndim || count == 0) {
        return NULL;
    }
    Py_ssize_t offset = 0;
    for (int axis = 0; axis < self->ndim; axis++) {
        PyObject *item = alone ? key : PyTuple_GetItem(key, axis);
        if (!PyLong_CheckExact(item)) {
            return NULL;
        }
        int overflow = 0;
        long long position = PyLong_AsLongLongAndOverflow(item, &overflow);
        Py_ssize_t length = self->shape[axis];
        if (overflow != 0 || position >= length || position < -length) {
            return NULL;
        }
        offset += (Py_ssize_t)(position < 0 ? position + length : position) * self->strides[axis];
    }
    return self->data + offset * aot_dtypes[self->dtype].itemsize;
}

PyObject *aot_subscript(PyObject *object, PyObject *key)
{
    const aot_tensor *self = (const aot_tensor *)object;
    const char *element = element_at(self, key);
    if (element == NULL) {
        return PyObject_CallMethod(object, "_select", "(O)", key);
    }
    aot_tensor *copy = aot_tensor_new(self->state, self->dtype, 0, NULL);
    if (copy != NULL) {
        memcpy(copy->data, element, aot_dtypes[self->dtype].itemsize);
    }
    return (PyObject *)copy;
}

int aot_assign_subscript(PyObject *object, PyObject *key, PyObject *value)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "elements of a Tensor cannot be deleted");
        return -1;
    }
    char *element = self->storage->readonly || !aot_is_number(value) ? NULL : element_at(self, key);
    if (element == NULL) {
        PyObject *done = PyObject_CallMethod(object, "_assign", "(OO)", key, value);
        Py_XDECREF(done);
        return done != NULL ? 0 : -1;
    }
    aot_element converted;
    if (aot_element_of(value, self->dtype, &converted) < 0) {
        return -1;
    }
    memcpy(element, &converted, aot_dtypes[self->dtype].itemsize);
    return 0;
}

/* Of the sequence protocol, which counts negative positions from the end itself. */
PyObject *aot_sequence_item(PyObject *object, Py_ssize_t position)
{
    PyObject *key = PyLong_FromSsize_t(position);
    PyObject *item = key != NULL ? aot_subscript(object, key) : NULL;
    Py_XDECREF(key);
    return item;
}

int aot_assign_sequence_item(PyObject *object, Py_ssize_t position, PyObject *value)
{
    PyObject *key = PyLong_FromSsize_t(position);
    int failed = key != NULL ? aot_assign_subscript(object, key, value) : -1;
    Py_XDECREF(key);
    return failed;
}
