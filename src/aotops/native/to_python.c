/* Python numbers and lists of a tensor's elements. In Python:
 *
 *     def item(self, *index): return the element as a bool, int, float or complex
 *     def tolist(self): return [row.tolist() for row in self] if self.ndim else self.item()
 *     def __bool__(self), __int__(self), __float__(self): of the only element
 *     def __index__(self): of a 0-d integer tensor
 */
#include "native.h"

#include <string.h>

/* Stores the elements of a row as the items of a new list. With the switch inside the loop this would take a third
 * longer. */
static int fill_list(PyObject *list, Py_ssize_t length, const char *data, Py_ssize_t step, int dtype)
{
    aot_element element;
    switch (dtype) {
#define ROW(CODE, member, number)                                                                                       \
    case CODE:                                                                                                         \
        for (Py_ssize_t k = 0; k < length; k++) {                                                                      \
            memcpy(&element, data + k * step, sizeof element.member);                                                  \
            PyObject *item = number;                                                                                   \
            if (item == NULL || PyList_SetItem(list, k, item) < 0) {                                                   \
                return -1;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
        return 0;
#define BOOLS(CODE, member, ...) ROW(CODE, member, PyBool_FromLong(element.member))
#define SIGNED(CODE, member, ...) ROW(CODE, member, PyLong_FromLongLong(element.member))
#define UNSIGNED(CODE, member, ...) ROW(CODE, member, PyLong_FromUnsignedLongLong(element.member))
#define COMPLEXES(CODE, member, ...)                                                                                   \
    ROW(CODE, member,                                                                                                  \
        PyComplex_FromDoubles(aot_read_part(&element.member.real, sizeof element.member.real),                         \
                              aot_read_part(&element.member.imaginary, sizeof element.member.imaginary)))
#define REALS(CODE, member, name, ...) ROW(CODE, member, PyFloat_FromDouble(aot_real_of_##name(element.member)))
        AOT_EACH_BOOL(BOOLS)
        AOT_EACH_SIGNED(SIGNED)
        AOT_EACH_UNSIGNED(UNSIGNED)
        AOT_EACH_REAL(REALS)
        AOT_EACH_COMPLEX(COMPLEXES)
    default:
        PyErr_SetString(PyExc_SystemError, "no Python numbers stand for these elements");
        return -1;
    }
}

static PyObject *only_item(const aot_tensor *self, const char *function)
{
    if (self->size != 1) {
        return aot_raise("item_of_many", "(sN)", function, aot_tuple_of_sizes(self->ndim, self->shape));
    }
    return aot_number_of(self->data, self->dtype);
}

/* The same for a function that takes real numbers alone. */
static PyObject *only_real_item(const aot_tensor *self, const char *function)
{
    if (self->size == 1 && aot_dtypes[self->dtype].category == AOT_CATEGORY_COMPLEX) {
        return aot_raise("not_real", "(sss)", function, "x", aot_dtypes[self->dtype].name);
    }
    return only_item(self, function);
}

/* Finds the element that plain ints select: one per axis, or a single one that counts in row-major order. Returns NULL
 * without an exception for anything else. */
static const char *find_item(const aot_tensor *self, PyObject *const *indices, Py_ssize_t count)
{
    Py_ssize_t position, offset = 0;
    if (count == 1 && self->ndim != 1) {
        if (!aot_plain_size(indices[0], &position) || position >= self->size || position < -self->size) {
            return NULL;
        }
        position += position < 0 ? self->size : 0;
        for (int axis = self->ndim - 1; axis >= 0; axis--) {
            offset += position % self->shape[axis] * self->strides[axis];
            position /= self->shape[axis];
        }
        return self->data + offset * aot_dtypes[self->dtype].itemsize;
    }
    if (count != self->ndim || self->size == 0) {
        return NULL;
    }
    for (int axis = 0; axis < self->ndim; axis++) {
        Py_ssize_t length = self->shape[axis];
        if (!aot_plain_size(indices[axis], &position) || position >= length || position < -length) {
            return NULL;
        }
        offset += (position + (position < 0 ? length : 0)) * self->strides[axis];
    }
    return self->data + offset * aot_dtypes[self->dtype].itemsize;
}

PyObject *aot_item(PyObject *object, PyObject *const *indices, Py_ssize_t count)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (count == 0) {
        return only_item(self, "item");
    }
    const char *found = find_item(self, indices, count);
    if (found != NULL) {
        return aot_number_of(found, self->dtype);
    }
    PyObject *given = PyTuple_New(count);
    for (Py_ssize_t k = 0; given != NULL && k < count; k++) {
        Py_INCREF(indices[k]);
        if (PyTuple_SetItem(given, k, indices[k]) < 0) {
            Py_CLEAR(given);
        }
    }
    return given != NULL ? aot_call("item_at", "(ON)", object, given) : NULL;
}

/* Returns the elements along an axis and all later ones as nested lists. */
static PyObject *list_of(const aot_tensor *self, int axis, const char *data)
{
    Py_ssize_t length = self->shape[axis];
    Py_ssize_t step = self->size == 0 ? 0 : self->strides[axis] * aot_dtypes[self->dtype].itemsize;
    PyObject *list = PyList_New(length);
    if (list != NULL && axis == self->ndim - 1) {
        if (fill_list(list, length, data, step, self->dtype) < 0) {
            Py_CLEAR(list);
        }
        return list;
    }
    for (Py_ssize_t k = 0; list != NULL && k < length; k++) {
        PyObject *item = list_of(self, axis + 1, data + k * step);
        if (item == NULL || PyList_SetItem(list, k, item) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

PyObject *aot_to_list(const aot_tensor *self)
{
    return self->ndim == 0 ? aot_number_of(self->data, self->dtype) : list_of(self, 0, self->data);
}

/* Returns whether an element is not zero, from its bits: with denormals-are-zero, comparisons take a subnormal number
 * for zero. */
static bool is_nonzero(const char *data, int dtype)
{
    enum aot_category category = aot_dtypes[dtype].category;
    bool is_complex = category == AOT_CATEGORY_COMPLEX;
    int width = aot_dtypes[dtype].itemsize / (is_complex ? 2 : 1);
    bool has_sign = is_complex || category == AOT_CATEGORY_FLOAT;
    uint64_t found = 0;
    for (int part = 0; part < (is_complex ? 2 : 1); part++) {
        uint64_t bits = 0;
        uint32_t half;
        if (width == (int)sizeof half) {
            memcpy(&half, data + part * width, sizeof half);
            bits = (uint64_t)half << 32;
        } else {
            memcpy(&bits, data + part * width, (size_t)width);
        }
        found |= has_sign ? bits << 1 : bits;
    }
    return found != 0;
}

int aot_number_bool(PyObject *object)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (self->size != 1) {
        aot_raise("ambiguous_truth", "(N)", aot_tuple_of_sizes(self->ndim, self->shape));
        return -1;
    }
    return is_nonzero(self->data, self->dtype);
}

PyObject *aot_number_int(PyObject *object)
{
    PyObject *number = only_real_item((const aot_tensor *)object, "int");
    PyObject *result = number != NULL ? PyNumber_Long(number) : NULL;
    Py_XDECREF(number);
    return result;
}

PyObject *aot_number_float(PyObject *object)
{
    PyObject *number = only_real_item((const aot_tensor *)object, "float");
    PyObject *result = number != NULL ? PyNumber_Float(number) : NULL;
    Py_XDECREF(number);
    return result;
}

PyObject *aot_number_index(PyObject *object)
{
    const aot_tensor *self = (const aot_tensor *)object;
    if (self->ndim != 0 || aot_dtypes[self->dtype].category != AOT_CATEGORY_INTEGER) {
        return aot_raise("no_index", "(Ns)", aot_tuple_of_sizes(self->ndim, self->shape), aot_dtypes[self->dtype].name);
    }
    return aot_number_of(self->data, self->dtype);
}
