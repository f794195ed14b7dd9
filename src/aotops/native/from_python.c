/* Reading nested lists, tuples and ranges of Python numbers, tensors or arrays. In Python:
 *
 *     def read_nested(data, dtype):
 *         shape = lengths of data, data[0], data[0][0], ..., and the shape of the first leaf
 *         while True:
 *             for each leaf, provided that all lists at one depth and all leaves agree with `shape`:
 *                 if dtype is open and lower than the leaf requires: raise dtype, restart
 *                 write the leaf, a Python number or a tensor
 *             return the tensor
 *     def read_operand(object): return read_nested(object, None) or a tensor on the memory of an array
 *
 * C reads only well-formed data of built-in types, and objects with a buffer. Everything else (subclasses of list,
 * ragged nesting, numbers that do not fit, dtypes that tensors lack) and every error is left to
 * aotops.namespace.creation, which reads the data again.
 *
 * Reading may run Python code (a number's __bool__, a signal handler), which may change the lists. Each item is
 * therefore fetched by position, which PyList_GetItem checks, and a reference to it is held while it is read.
 */
#include "tape.h"

#include <string.h>

#define ITEMS_BETWEEN_SIGNALS 200000 /* 2 ms */
#define LONGEST_RANGE 1000 /* longer ones are computed instead of listed, which takes 40 bytes for each int */

enum outcome { FAILED = -1, DONE, DECLINED, NEEDS_HIGHER_DTYPE };

typedef struct {
    aot_state *state;
    int dtype;    /* of the elements written */
    bool narrows; /* it is cast again, to another float dtype */
    bool is_open; /* the dtype is to be the lowest one that holds all leaves */
    uint32_t strong; /* if open: the dtypes of the tensors so far, as a bit mask */
    int weak;     /* if open: the highest dtype that a Python number requires, or AOT_NO_DTYPE */
    int ndim;
    int depth; /* of the nested lists; further axes belong to the leaves */
    Py_ssize_t shape[AOT_MAX_RANK];
    aot_tensor *result;
    char *next;          /* where the next element is written */
    Py_ssize_t patience; /* items left until signals are checked */
} reader;

/* Returns the number of items of a list or a tuple, or -1. */
static Py_ssize_t length_of(PyObject *data)
{
    return PyList_CheckExact(data) ? PyList_Size(data) : PyTuple_CheckExact(data) ? PyTuple_Size(data) : -1;
}

/* Returns an item, borrowed; NULL with an exception if it does not exist. */
static PyObject *item_of(PyObject *data, Py_ssize_t position)
{
    return PyList_CheckExact(data) ? PyList_GetItem(data, position) : PyTuple_GetItem(data, position);
}

bool aot_is_sequence(PyObject *data)
{
    return PyList_CheckExact(data) || PyTuple_CheckExact(data) || Py_IS_TYPE(data, &PyRange_Type);
}

/* Returns a list or tuple of a sequence's items: a new reference. */
static PyObject *listed(PyObject *sequence)
{
    if (Py_IS_TYPE(sequence, &PyRange_Type)) {
        return PySequence_List(sequence);
    }
    Py_INCREF(sequence);
    return sequence;
}

/* Returns whether objects of a type are operands through the buffer protocol, rather than through operators of their
 * own; Python decides. The answer is cached for immutable types, NumPy's arrays and scalars among them. */
static int is_operand(aot_state *state, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || !PyObject_CheckBuffer(object)) {
        return 0;
    }
    for (int k = 0; k < state->n_operand_types; k++) {
        if (state->operand_types[k] == type) {
            return 1;
        }
    }
    if (state->n_operand_types == AOT_OPERAND_TYPES) {
        return 0;
    }
    PyObject *answer = aot_call("is_operand", "(O)", object);
    int known = answer != NULL ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    if (known > 0 && state->n_operand_types < AOT_OPERAND_TYPES) { /* checked again: Python code has run */
        state->operand_types[state->n_operand_types++] = type;
    }
    return known;
}

bool aot_is_float64_scalar(aot_state *state, PyObject *object)
{
    return PyFloat_Check(object) && is_operand(state, object) > 0;
}

/* Clears an exception that Python will raise with a better message; FAILED for one that must propagate. */
static enum outcome declined(void)
{
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
        PyErr_ExceptionMatches(PyExc_OverflowError) || PyErr_ExceptionMatches(PyExc_IndexError)) {
        PyErr_Clear();
        return DECLINED;
    }
    return FAILED;
}

/* Returns the dtype of the result while it is open: Python numbers only set a lower bound on its kind
 * (aotops.result_type). */
static int called_for(const reader *r)
{
    int strong = aot_promote(r->strong);
    if (strong == AOT_NO_DTYPE) {
        return r->weak == AOT_NO_DTYPE ? AOT_FLOAT64 : r->weak; /* no leaves: float64 */
    }
    return r->weak == AOT_NO_DTYPE ? strong : aot_weak_promotion[aot_dtypes[r->weak].category][strong];
}

static void call_for_number(reader *r, PyObject *number)
{
    int natural = aot_natural_dtype(number);
    if (r->weak == AOT_NO_DTYPE || aot_dtypes[natural].category > aot_dtypes[r->weak].category) {
        r->weak = natural;
    }
}

static void call_for_dtype(reader *r, int dtype)
{
    r->strong |= UINT32_C(1) << dtype;
}

/* Returns whether the dtype is still right; updates it if not. */
static bool dtype_stays(reader *r)
{
    int wanted = r->is_open ? called_for(r) : r->dtype;
    bool stays = wanted == r->dtype;
    r->dtype = wanted;
    return stays;
}

static enum outcome read_number(reader *r, PyObject *item)
{
    call_for_number(r, item);
    if (!dtype_stays(r)) {
        return NEEDS_HIGHER_DTYPE;
    }
    aot_element element;
    Py_INCREF(item);
    int failed = aot_element_of(item, r->dtype, &element, "tensor", "data");
    Py_DECREF(item);
    if (failed < 0) {
        return declined();
    }
    memcpy(r->next, &element, aot_dtypes[r->dtype].itemsize);
    r->next += aot_dtypes[r->dtype].itemsize;
    return DONE;
}

/* Returns a leaf as a tensor: a new reference, or NULL. */
static aot_tensor *tensor_of(const reader *r, PyObject *item)
{
    aot_tensor *leaf = aot_as_tensor(item);
    if (leaf != NULL) {
        Py_INCREF(item);
        return leaf;
    }
    return aot_is_sequence(item) ? NULL : aot_read_operand(r->state, item);
}

/* Writes a leaf: a tensor is cast, as aotops.astype does. */
static enum outcome write_leaf(reader *r, aot_tensor *leaf)
{
    if (leaf->node != NULL && aot_is_recording()) {
        return DECLINED; /* Python records where it goes */
    }
    int ndim = r->ndim - r->depth;
    const Py_ssize_t *shape = r->shape + r->depth;
    if (leaf->ndim != ndim || memcmp(leaf->shape, shape, (size_t)ndim * sizeof *shape) != 0) {
        return DECLINED;
    }
    call_for_dtype(r, leaf->dtype);
    if (!dtype_stays(r)) {
        return NEEDS_HIGHER_DTYPE;
    }
    Py_ssize_t itemsize = aot_dtypes[r->dtype].itemsize;
    if (leaf->dtype == r->dtype && leaf->contiguous) {
        memcpy(r->next, leaf->data, (size_t)(leaf->size * itemsize));
    } else {
        /* a single number must fit, and an int64 must not be rounded twice */
        bool rounds_twice = r->narrows && aot_dtypes[leaf->dtype].kind != AOT_KIND_REAL;
        if (leaf->dtype != r->dtype &&
            ((leaf->ndim == 0 && !r->is_open) || rounds_twice || !aot_converts(leaf->dtype, r->dtype))) {
            return DECLINED;
        }
        Py_ssize_t offset = (r->next - r->result->data) / itemsize;
        aot_tensor *target = aot_tensor_part(r->result, offset, ndim, shape, r->result->strides + r->depth);
        int failed = target == NULL ? -1 : aot_copy(target, leaf);
        Py_XDECREF((PyObject *)target);
        if (failed < 0) {
            return FAILED;
        }
    }
    r->next += leaf->size * itemsize;
    return DONE;
}

static enum outcome read_float64(reader *r, PyObject *item)
{
    call_for_dtype(r, AOT_FLOAT64);
    if (!dtype_stays(r)) {
        return NEEDS_HIGHER_DTYPE;
    }
    if (r->dtype != AOT_FLOAT64) {
        return DECLINED;
    }
    double value = PyFloat_AsDouble(item);
    memcpy(r->next, &value, sizeof value);
    r->next += sizeof value;
    return DONE;
}

static enum outcome read_leaf(reader *r, PyObject *item)
{
    if (aot_is_number(item)) {
        return r->depth == r->ndim ? read_number(r, item) : DECLINED;
    }
    if (aot_is_float64_scalar(r->state, item) && r->depth == r->ndim) {
        return read_float64(r, item);
    }
    aot_tensor *leaf = tensor_of(r, item);
    if (leaf == NULL) {
        return PyErr_Occurred() ? FAILED : DECLINED;
    }
    enum outcome outcome = write_leaf(r, leaf);
    Py_DECREF((PyObject *)leaf);
    return outcome;
}

/* Reads items of a list or tuple from one position up to another. */
static enum outcome read_items(reader *r, PyObject *data, Py_ssize_t start, Py_ssize_t stop)
{
    bool is_list = PyList_CheckExact(data);
    bool of_floats = r->dtype == AOT_FLOAT64 && r->depth == r->ndim && (!r->is_open || r->weak == AOT_FLOAT64);
    bool of_ints = r->dtype == AOT_INT64 && r->depth == r->ndim && (!r->is_open || r->weak == AOT_INT64);
    for (Py_ssize_t k = start; k < stop; k++) {
        PyObject *item = is_list ? PyList_GetItem(data, k) : PyTuple_GetItem(data, k);
        if (item == NULL) {
            return declined();
        }
        if (of_floats && PyFloat_CheckExact(item)) {
            double value = PyFloat_AsDouble(item);
            memcpy(r->next, &value, sizeof value);
            r->next += sizeof value;
            continue;
        }
        if (of_ints && PyLong_CheckExact(item)) {
            int overflow;
            long long value = PyLong_AsLongLongAndOverflow(item, &overflow);
            if (overflow != 0) {
                return DECLINED;
            }
            memcpy(r->next, &value, sizeof value);
            r->next += sizeof value;
            continue;
        }
        enum outcome outcome = read_leaf(r, item);
        if (outcome != DONE) {
            return outcome;
        }
    }
    return DONE;
}

/* Reads the leaves of an innermost list. */
static enum outcome read_row(reader *r, PyObject *data)
{
    Py_ssize_t length = r->shape[r->depth - 1];
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
    if (PySequence_Size(data) != r->shape[axis]) { /* of a range, before it is listed */
        return PyErr_Occurred() ? declined() : DECLINED;
    }
    PyObject *items = listed(data);
    if (items == NULL) {
        return declined();
    }
    enum outcome outcome = DONE;
    if (axis == r->depth - 1) {
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
        outcome = DECLINED; /* changed by Python code meanwhile */
    }
    Py_DECREF(items);
    return outcome;
}

/* Appends the shape of the first leaf, and initializes an open dtype from it. */
static enum outcome find_leaf(reader *r, PyObject *first)
{
    if (aot_is_number(first)) {
        call_for_number(r, first);
        return DONE;
    }
    aot_tensor *leaf = r->depth > 0 ? tensor_of(r, first) : NULL;
    if (leaf == NULL) {
        return PyErr_Occurred() ? FAILED : DECLINED;
    }
    enum outcome outcome = r->depth + leaf->ndim > AOT_MAX_RANK ? DECLINED : DONE;
    for (int axis = 0; outcome == DONE && axis < leaf->ndim; axis++) {
        r->shape[r->ndim++] = leaf->shape[axis];
    }
    call_for_dtype(r, leaf->dtype);
    Py_DECREF((PyObject *)leaf);
    return outcome;
}

/* Finds the shape from the first items, and initializes an open dtype from the first leaf. */
static enum outcome find_shape(reader *r, PyObject *data)
{
    PyObject *first = data;
    Py_INCREF(first);
    enum outcome outcome = DONE;
    r->ndim = 0;
    while (outcome == DONE && first != NULL && aot_is_sequence(first)) {
        Py_ssize_t length = PySequence_Size(first);
        bool is_range = Py_IS_TYPE(first, &PyRange_Type);
        PyObject *next = length > 0 ? PySequence_GetItem(first, 0) : NULL;
        Py_DECREF(first);
        first = next;
        if (length < 0 || (length > 0 && next == NULL)) {
            outcome = declined();
        } else if (r->ndim == AOT_MAX_RANK || (is_range && length > LONGEST_RANGE)) {
            outcome = DECLINED;
        } else {
            r->shape[r->ndim++] = length;
        }
    }
    r->depth = r->ndim;
    if (outcome == DONE && first != NULL) {
        outcome = find_leaf(r, first);
    }
    if (r->is_open) {
        r->dtype = called_for(r);
    }
    Py_XDECREF(first);
    return outcome;
}

/* Reads a single number, or nested sequences, into a new tensor of the reader's dtype. */
static aot_tensor *read_all(reader *r, PyObject *data, enum outcome *outcome)
{
    aot_tensor *result = aot_tensor_new(r->state, r->dtype, r->ndim, r->shape, "tensor");
    if (result == NULL) {
        /* ragged lists may need far less memory than this shape; Python reports them instead */
        PyErr_Clear();
        *outcome = DECLINED;
        return NULL;
    }
    r->result = result;
    r->next = result->data;
    *outcome = r->depth > 0 ? read_level(r, data, 0) : read_number(r, data);
    if (*outcome != DONE) {
        Py_CLEAR(result);
    }
    return result;
}

aot_tensor *aot_read_nested(aot_state *state, PyObject *data, int dtype)
{
    /* other float widths are cast from float64, as tensors are */
    bool narrows = dtype != AOT_NO_DTYPE && aot_dtypes[dtype].kind == AOT_KIND_REAL && dtype != AOT_FLOAT64;
    reader r = {.state = state, .dtype = narrows ? AOT_FLOAT64 : dtype, .narrows = narrows,
                .is_open = dtype == AOT_NO_DTYPE};
    r.weak = AOT_NO_DTYPE;
    r.patience = ITEMS_BETWEEN_SIGNALS;
    enum outcome outcome = find_shape(&r, data);
    if (outcome != DONE) {
        return NULL;
    }
    aot_tensor *result;
    do {
        result = read_all(&r, data, &outcome);
    } while (outcome == NEEDS_HIGHER_DTYPE);
    if (result == NULL || !narrows) {
        return result;
    }
    aot_tensor *narrowed = aot_tensor_new(state, dtype, r.ndim, r.shape, "tensor");
    if (narrowed != NULL && aot_copy(narrowed, result) < 0) {
        Py_CLEAR(narrowed);
    }
    Py_DECREF((PyObject *)result);
    return narrowed;
}

aot_tensor *aot_read_operand(aot_state *state, PyObject *object)
{
    if (aot_is_sequence(object)) {
        return aot_read_nested(state, object, AOT_NO_DTYPE);
    }
    return is_operand(state, object) > 0 ? aot_share_buffer(state, object) : NULL;
}
