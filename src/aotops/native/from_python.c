/* Tensors of nested lists, tuples and ranges of Python numbers. In Python:
 *
 *     def read_nested(data, dtype):
 *         shape = lengths of data, data[0], data[0][0], ...
 *         while True:
 *             numbers = [number for each number in data, all lists at one depth being of the length that shape says]
 *             if dtype is given or holds them all: return tensor(numbers, shape, dtype)
 *             dtype = the one of bool, int64 and float64 that the number calls for
 *
 * This reads what is of Python's own types and right. Everything else (tensors and arrays in lists, subclasses of list,
 * ragged nesting, numbers that do not fit) and every error is Python's, in aotops.namespace.creation, which reads it all
 * again.
 *
 * Reading may run Python code (a number's __bool__, a signal handler), which may change the lists: each item is asked for
 * by its position, which PyList_GetItem checks, and is held while it is read.
 */
#include "native.h"

#include <string.h>

#define ITEMS_BETWEEN_SIGNALS 200000 /* 2 ms */

enum outcome { FAILED = -1, DONE, DECLINED, NEEDS_HIGHER_DTYPE };

typedef struct {
    int dtype;    /* of the elements that are written */
    bool is_open; /* the dtype is to be the lowest that holds all numbers */
    int ndim;
    Py_ssize_t shape[AOT_MAX_RANK];
    char *next;         /* element to be written */
    Py_ssize_t patience; /* items until signals are looked at */
} reader;

/* The number of items of a list or a tuple, or -1. */
static Py_ssize_t length_of(PyObject *data)
{
    return PyList_CheckExact(data) ? PyList_Size(data) : PyTuple_CheckExact(data) ? PyTuple_Size(data) : -1;
}

/* Borrowed; NULL with an exception where there is none. */
static PyObject *item_of(PyObject *data, Py_ssize_t position)
{
    return PyList_CheckExact(data) ? PyList_GetItem(data, position) : PyTuple_GetItem(data, position);
}

bool aot_is_sequence(PyObject *data)
{
    return PyList_CheckExact(data) || PyTuple_CheckExact(data) || Py_IS_TYPE(data, &PyRange_Type);
}

/* A list or tuple of a sequence's items: a new reference. */
static PyObject *listed(PyObject *sequence)
{
    if (Py_IS_TYPE(sequence, &PyRange_Type)) {
        return PySequence_List(sequence);
    }
    Py_INCREF(sequence);
    return sequence;
}

/* Clears an exception which Python words better; FAILED for one that stands for itself. */
static enum outcome declined(void)
{
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
        PyErr_ExceptionMatches(PyExc_OverflowError) || PyErr_ExceptionMatches(PyExc_IndexError)) {
        PyErr_Clear();
        return DECLINED;
    }
    return FAILED;
}

static enum outcome read_number(reader *r, PyObject *item)
{
    if (!aot_is_number(item)) {
        return DECLINED;
    }
    int natural = aot_natural_dtype(item);
    if (r->is_open && aot_dtypes[natural].category > aot_dtypes[r->dtype].category) {
        r->dtype = natural;
        return NEEDS_HIGHER_DTYPE;
    }
    aot_element element;
    Py_INCREF(item);
    int failed = aot_element_of(item, r->dtype, &element);
    Py_DECREF(item);
    if (failed < 0) {
        return declined();
    }
    memcpy(r->next, &element, aot_dtypes[r->dtype].itemsize);
    r->next += aot_dtypes[r->dtype].itemsize;
    return DONE;
}

/* Reads items of a list or tuple from one position to another. */
static enum outcome read_items(reader *r, PyObject *data, Py_ssize_t start, Py_ssize_t stop)
{
    bool is_list = PyList_CheckExact(data);
    for (Py_ssize_t k = start; k < stop; k++) {
        PyObject *item = is_list ? PyList_GetItem(data, k) : PyTuple_GetItem(data, k);
        if (item == NULL) {
            return declined();
        }
        if (r->dtype == AOT_FLOAT64 && PyFloat_CheckExact(item)) {
            double value = PyFloat_AsDouble(item);
            memcpy(r->next, &value, sizeof value);
            r->next += sizeof value;
            continue;
        }
        if (r->dtype == AOT_INT64 && PyLong_CheckExact(item)) {
            int overflow;
            long long value = PyLong_AsLongLongAndOverflow(item, &overflow);
            if (overflow != 0) {
                return DECLINED;
            }
            memcpy(r->next, &value, sizeof value);
            r->next += sizeof value;
            continue;
        }
        enum outcome outcome = read_number(r, item);
        if (outcome != DONE) {
            return outcome;
        }
    }
    return DONE;
}

/* Reads the numbers at the end of the nesting. */
static enum outcome read_row(reader *r, PyObject *data)
{
    Py_ssize_t length = r->shape[r->ndim - 1];
    for (Py_ssize_t start = 0; start < length;) {
        if (r->patience <= 0) {
            if (PyErr_CheckSignals() < 0) {
                return FAILED;
            }
            r->patience = ITEMS_BETWEEN_SIGNALS;
        }
        Py_ssize_t stop = (Py_ssize_t)aot_smaller(length, start + r->patience);
        enum outcome outcome = read_items(r, data, start, stop);
        if (outcome != DONE) {
            return outcome;
        }
        r->patience -= stop - start;
        start = stop;
    }
    return DONE;
}

static enum outcome read_level(reader *r, PyObject *data, int axis)
{
    PyObject *items = listed(data);
    if (items == NULL) {
        return declined();
    }
    enum outcome outcome = length_of(items) == r->shape[axis] ? DONE : DECLINED;
    if (outcome == DONE && axis == r->ndim - 1) {
        outcome = read_row(r, items);
    } else {
        for (Py_ssize_t k = 0; outcome == DONE && k < r->shape[axis]; k++) {
            PyObject *inner = item_of(items, k);
            if (inner == NULL) {
                outcome = declined();
            } else if (!aot_is_sequence(inner)) {
                outcome = DECLINED;
            } else {
                Py_INCREF(inner);
                outcome = read_level(r, inner, axis + 1);
                Py_DECREF(inner);
            }
        }
    }
    if (outcome == DONE && length_of(items) != r->shape[axis]) {
        outcome = DECLINED; /* it has been changed meanwhile */
    }
    Py_DECREF(items);
    return outcome;
}

/* Sets the shape that the first items say, and a dtype that the first number calls for if none is given. */
static enum outcome find_shape(reader *r, PyObject *data)
{
    PyObject *first = data;
    Py_INCREF(first);
    enum outcome outcome = DONE;
    r->ndim = 0;
    while (outcome == DONE && first != NULL && aot_is_sequence(first)) {
        Py_ssize_t length = PySequence_Size(first);
        PyObject *next = length > 0 ? PySequence_GetItem(first, 0) : NULL;
        Py_DECREF(first);
        first = next;
        if (length < 0 || (length > 0 && next == NULL)) {
            outcome = declined();
        } else if (r->ndim == AOT_MAX_RANK) {
            outcome = DECLINED;
        } else {
            r->shape[r->ndim++] = length;
        }
    }
    if (outcome == DONE && first != NULL && !aot_is_number(first)) {
        outcome = DECLINED;
    }
    if (outcome == DONE && r->is_open) {
        r->dtype = first != NULL ? aot_natural_dtype(first) : AOT_FLOAT64; /* of nothing */
    }
    Py_XDECREF(first);
    return outcome;
}

/* The tensor of a number alone, or of nested sequences, in the dtype that the reader has. */
static aot_tensor *read_all(reader *r, aot_state *state, PyObject *data, enum outcome *outcome)
{
    aot_tensor *result = aot_tensor_new(state, r->dtype, r->ndim, r->shape);
    if (result == NULL) {
        /* lists that are not as long as the first ones need no such memory, and are another error */
        PyErr_Clear();
        *outcome = DECLINED;
        return NULL;
    }
    r->next = result->data;
    *outcome = r->ndim > 0 ? read_level(r, data, 0) : read_number(r, data);
    if (*outcome != DONE) {
        Py_CLEAR(result);
    }
    return result;
}

aot_tensor *aot_read_nested(aot_state *state, PyObject *data, int dtype)
{
    /* floats are converted to other widths as tensors are */
    bool narrows = dtype != AOT_NO_DTYPE && aot_dtypes[dtype].kind == AOT_KIND_REAL && dtype != AOT_FLOAT64;
    reader r = {.dtype = narrows ? AOT_FLOAT64 : dtype, .is_open = dtype == AOT_NO_DTYPE};
    r.patience = ITEMS_BETWEEN_SIGNALS;
    enum outcome outcome = find_shape(&r, data);
    if (outcome != DONE) {
        return NULL;
    }
    aot_tensor *result;
    do {
        result = read_all(&r, state, data, &outcome);
    } while (outcome == NEEDS_HIGHER_DTYPE);
    if (result == NULL || !narrows) {
        return result;
    }
    aot_tensor *narrowed = aot_tensor_new(state, dtype, r.ndim, r.shape);
    if (narrowed != NULL && aot_copy(narrowed, result) < 0) {
        Py_CLEAR(narrowed);
    }
    Py_DECREF((PyObject *)result);
    return narrowed;
}
