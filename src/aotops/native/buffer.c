/* The buffer protocol, both ways, and tensors on any foreign memory. In Python:
 *
 *     def __buffer__(self, flags): return memoryview of self's memory     # aot_get_buffer
 *     def from_buffer(exporter, copy):                                    # aot_from_buffer
 *         return from_memory(memoryview(exporter), copy)
 *     def from_memory(view, copy):                                        # aot_from_memory
 *         zero_copy = view's data and strides are multiples of the itemsize
 *         return a tensor that holds the view if zero_copy and not copy, else a copy of it
 */
#include "native.h"

#include <string.h>

/* --- export -------------------------------------------------------------------------------------- */

bool aot_is_column_major(const aot_tensor *tensor)
{
    Py_ssize_t step = 1;
    for (int axis = 0; axis < tensor->ndim && tensor->size > 1; axis++) {
        if (tensor->shape[axis] != 1 && tensor->strides[axis] != step) {
            return false;
        }
        step *= tensor->shape[axis];
    }
    return true;
}

/* Returns what a tensor must be for a request, where it is not. */
static const char *refusal(const aot_tensor *tensor, int flags)
{
    if ((flags & PyBUF_WRITABLE) && tensor->storage->readonly) {
        return "be writable";
    }
    if ((flags & PyBUF_FORMAT) && (flags & PyBUF_ND) != PyBUF_ND) {
        return "be read with its shape where its format is asked for"; /* without a shape a buffer is plain bytes */
    }
    if ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !tensor->contiguous &&
        !aot_is_column_major(tensor)) {
        return "be contiguous";
    }
    if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !aot_is_column_major(tensor)) {
        return "be contiguous in column-major order";
    }
    bool row_major = (flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS;
    bool no_strides = (flags & PyBUF_STRIDES) != PyBUF_STRIDES;
    if ((row_major || no_strides) && !tensor->contiguous) {
        return "be contiguous in row-major order";
    }
    return NULL;
}

int aot_get_buffer(PyObject *object, Py_buffer *view, int flags)
{
    aot_tensor *self = (aot_tensor *)object;
    view->obj = NULL;
    const char *wanted = refusal(self, flags);
    if (wanted != NULL) {
        aot_raise("refused_buffer", "(sNN)", wanted, aot_tuple_of_sizes(self->ndim, self->shape),
                  aot_tuple_of_sizes(self->ndim, self->strides));
        return -1;
    }
    Py_ssize_t itemsize = aot_dtypes[self->dtype].itemsize;
    Py_ssize_t *axes = NULL;
    if (self->ndim > 0) {
        axes = PyMem_Calloc(2u * self->ndim, sizeof(Py_ssize_t));
        if (axes == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        for (int axis = 0; axis < self->ndim; axis++) {
            axes[axis] = self->shape[axis];
            axes[self->ndim + axis] = self->strides[axis] * itemsize;
        }
    }
    bool shaped = (flags & PyBUF_ND) == PyBUF_ND;
    bool strided = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
    view->buf = self->data;
    view->len = self->size * itemsize;
    view->itemsize = itemsize;
    view->readonly = self->storage->readonly;
    view->format = (flags & PyBUF_FORMAT) ? (char *)aot_dtypes[self->dtype].format : NULL;
    view->ndim = shaped ? self->ndim : 1;
    view->shape = shaped ? axes : NULL;
    view->strides = strided && axes != NULL ? axes + self->ndim : NULL;
    view->suboffsets = NULL;
    view->internal = axes;
    Py_INCREF(object);
    view->obj = object;
    return 0;
}

void aot_release_buffer(PyObject *Py_UNUSED(self), Py_buffer *view)
{
    PyMem_Free(view->internal);
    view->internal = NULL;
}

/* --- import -------------------------------------------------------------------------------------- */

/* Returns the dtype of a format's elements in native byte order, or -1. */
static int dtype_of_format(const char *format, Py_ssize_t itemsize)
{
    format = format != NULL ? format : "B"; /* the protocol's default */
    const int one = 1;
    bool little_endian = *(const char *)&one == 1;
    if (*format == '@' || *format == '=' || *format == (little_endian ? '<' : '>') ||
        (itemsize == 1 && strchr("<>!|", *format) != NULL && *format != '\0')) {
        format++; /* single bytes have no byte order */
    }
    bool is_complex = *format == 'Z';
    format += is_complex;
    if (format[0] == '\0' || format[1] != '\0') {
        return -1;
    }
    /* the itemsize decides, not the format character: ctypes writes "<l" for 8 bytes */
    int kind = *format == '?'                            ? AOT_KIND_BOOL
               : strchr("bhilqn", *format) != NULL       ? AOT_KIND_SIGNED
               : strchr("BHILQN", *format) != NULL       ? AOT_KIND_UNSIGNED
               : *format == 'f' || *format == 'd'        ? AOT_KIND_REAL
                                                         : -1;
    kind = !is_complex ? kind : kind == AOT_KIND_REAL ? AOT_KIND_COMPLEX : -1;
    for (int code = 0; code < AOT_N_DTYPES; code++) {
        if (aot_dtypes[code].kind == kind && aot_dtypes[code].itemsize == itemsize) {
            return code;
        }
    }
    return -1;
}

/* Returns the dtype of a buffer's elements, or -1.
 *
 * NumPy's scalars of dates and times, of which the protocol knows nothing, export their bytes along an axis that the
 * scalar does not have; `bytes` of NumPy's own are data, like Python's. */
int aot_dtype_of_buffer(PyObject *exporter, const Py_buffer *view)
{
    int dtype = dtype_of_format(view->format, view->itemsize);
    if (dtype == AOT_UINT8 && view->ndim == 1 && !PyBytes_Check(exporter)) {
        PyObject *shape = PyObject_GetAttrString(exporter, "shape");
        if (shape == NULL) {
            PyErr_Clear();
        } else if (PyTuple_Check(shape) && PyTuple_Size(shape) == 0) {
            dtype = -1;
        }
        Py_XDECREF(shape);
    }
    return dtype;
}

/* Reads the shape of an exporter's elements and their strides in bytes. Where the exporter gives no strides, as ctypes
 * never does, they are those of row-major order. */
static int read_axes(const Py_buffer *view, Py_ssize_t *shape, Py_ssize_t *steps, const char *function,
                     const char *argument)
{
    if (view->ndim > AOT_MAX_RANK) {
        aot_raise("too_many_dimensions", "(ssi)", function, argument, view->ndim);
        return -1;
    }
    size_t step = (size_t)view->itemsize;
    for (int axis = view->ndim - 1; axis >= 0; axis--) {
        shape[axis] = view->shape != NULL ? view->shape[axis] : view->len / view->itemsize;
        steps[axis] = view->strides != NULL ? view->strides[axis] : (Py_ssize_t)step;
        step *= (size_t)shape[axis]; /* may wrap around: aot_tensor_view rejects such shapes */
    }
    return 0;
}

/* Finds how many bytes the elements reach below the first one and above it; returns false if this exceeds any
 * memory. */
static bool find_reach(int ndim, const Py_ssize_t *shape, const Py_ssize_t *steps, size_t *below, size_t *above)
{
    size_t left = PY_SSIZE_T_MAX - AOT_ALIGNMENT; /* room for the element itself */
    *below = *above = 0;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 0) {
            *below = *above = 0;
            return true;
        }
        size_t *side = steps[axis] < 0 ? below : above;
        size_t step = steps[axis] < 0 ? (size_t)0 - (size_t)steps[axis] : (size_t)steps[axis];
        if (shape[axis] > 1) {
            size_t count = (size_t)shape[axis] - 1;
            if (step > left / count) {
                return false;
            }
            *side += step * count;
            left -= step * count;
        }
    }
    return true;
}

/* Copies elements with any strides and alignment into a new tensor. */
static PyObject *copy_of_view(aot_state *state, Py_buffer *view, int dtype, const Py_ssize_t *shape,
                              const char *function, const char *argument)
{
    aot_tensor *copy = aot_tensor_new(state, dtype, view->ndim, shape, function);
    if (copy == NULL || copy->size == 0) {
        return (PyObject *)copy;
    }
    Py_ssize_t nbytes = copy->size * view->itemsize;
    if (nbytes != view->len) { /* ctypes.resize causes this, and PyBuffer_ToContiguous writes len bytes */
        aot_raise("wrong_buffer_size", "(ssnnn)", function, argument, copy->size, nbytes, view->len);
        Py_DECREF((PyObject *)copy);
        copy = NULL;
    } else if (PyBuffer_ToContiguous(copy->data, view, nbytes, 'C') < 0) {
        Py_DECREF((PyObject *)copy);
        copy = NULL;
    }
    return (PyObject *)copy;
}

PyObject *aot_from_memory(aot_state *state, Py_buffer *view, aot_release release, int dtype, enum aot_copying copying,
                          const char *function, const char *argument)
{
    PyObject *result = NULL;
    Py_ssize_t shape[AOT_MAX_RANK], strides[AOT_MAX_RANK];
    size_t below, above;
    uintptr_t first = (uintptr_t)view->buf;
    if (read_axes(view, shape, strides, function, argument) < 0) {
        goto release;
    }
    if (!find_reach(view->ndim, shape, strides, &below, &above) || below > first || above > UINTPTR_MAX - first) {
        aot_raise("unreachable_buffer", "(ss)", function, argument);
        goto release;
    }
    bool aligned = first % (uintptr_t)view->itemsize == 0;
    bool empty = false;
    for (int axis = 0; axis < view->ndim; axis++) {
        aligned = aligned && strides[axis] % view->itemsize == 0;
        empty = empty || shape[axis] == 0;
        strides[axis] /= view->itemsize;
    }
    /* where there is nothing to share, alignment does not matter */
    if (copying == AOT_COPY_ALWAYS || (!aligned && (copying == AOT_COPY_IF_NEEDED || empty))) {
        result = copy_of_view(state, view, dtype, shape, function, argument);
        goto release;
    }
    if (!aligned) {
        Py_INCREF(Py_None); /* only a copy is possible */
        result = Py_None;
        goto release;
    }
    int ndim = view->ndim;
    char *low = (char *)(first - below);
    Py_ssize_t nbytes = empty ? 0 : (Py_ssize_t)(below + above) + view->itemsize;
    aot_storage *storage = aot_storage_of_memory(state, view, release, low, nbytes);
    if (storage == NULL) {
        return NULL;
    }
    result = (PyObject *)aot_tensor_view(state, storage, (Py_ssize_t)below, dtype, ndim, shape, strides, function);
    Py_DECREF((PyObject *)storage);
    return result;
release:
    aot_release_memory(view, release);
    return result;
}

/* Up to this many bytes, a copy costs less than a tensor on the exporter's memory to copy from. */
#define FEW_BYTES 4096

/* Returns a tensor, or None if only a copy is possible. With `quiet`, returns NULL without an exception for elements
 * that no dtype matches. */
static PyObject *from_buffer(aot_state *state, PyObject *exporter, bool copy, bool quiet, const char *function,
                             const char *argument)
{
    Py_buffer *view = PyMem_Calloc(1, sizeof *view);
    if (view == NULL) {
        return PyErr_NoMemory();
    }
    if (PyObject_GetBuffer(exporter, view, PyBUF_RECORDS_RO) < 0) {
        PyMem_Free(view);
        return NULL;
    }
    int dtype = aot_dtype_of_buffer(exporter, view);
    if (dtype >= 0) {
        return aot_from_memory(state, view, PyBuffer_Release, dtype, copy ? AOT_COPY_ALWAYS : AOT_COPY_NEVER, function,
                               argument);
    }
    if (!quiet) {
        Py_XDECREF(aot_call("unsupported_buffer", "(ssOsn)", function, argument, Py_TYPE(exporter),
                            view->format ? view->format : "B", view->itemsize)); /* raises */
    }
    aot_release_memory(view, PyBuffer_Release);
    return NULL;
}

PyObject *aot_from_buffer(aot_state *state, PyObject *exporter, bool copy, const char *function, const char *argument)
{
    return from_buffer(state, exporter, copy, false, function, argument);
}

static void release_bytes(Py_buffer *source)
{
    PyBuffer_Release(source->internal);
    PyMem_Free(source->internal);
}

PyObject *aot_from_bytes(aot_state *state, PyObject *exporter, Py_ssize_t offset, int dtype, int ndim,
                         Py_ssize_t *shape, const char *function, const char *argument)
{
    Py_ssize_t size = aot_count_elements(dtype, ndim, shape, function);
    if (size < 0) {
        return NULL;
    }
    Py_buffer *view = PyMem_Calloc(1, sizeof *view), *bytes = PyMem_Calloc(1, sizeof *bytes);
    if (view == NULL || bytes == NULL || PyObject_GetBuffer(exporter, bytes, PyBUF_SIMPLE) < 0) {
        PyMem_Free(view);
        PyMem_Free(bytes);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    view->internal = bytes;
    Py_ssize_t nbytes = size * aot_dtypes[dtype].itemsize;
    if (offset < 0 || offset > bytes->len || nbytes > bytes->len - offset) {
        aot_raise("wrong_buffer_size", "(ssnnn)", function, argument, size, nbytes, bytes->len - offset);
        aot_release_memory(view, release_bytes);
        return NULL;
    }
    view->buf = (char *)bytes->buf + offset;
    view->len = nbytes;
    view->itemsize = aot_dtypes[dtype].itemsize;
    view->format = (char *)aot_dtypes[dtype].format;
    view->ndim = ndim;
    view->shape = shape;
    view->readonly = bytes->readonly;
    return aot_from_memory(state, view, release_bytes, dtype, AOT_COPY_IF_NEEDED, function, argument);
}

/* Clears an exporter's refusal: Python tries again and raises the error. */
static void clear_refusal(void)
{
    if (PyErr_Occurred() && (PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_TypeError) ||
                             PyErr_ExceptionMatches(PyExc_ValueError))) {
        PyErr_Clear();
    }
}

aot_tensor *aot_copy_few(aot_state *state, PyObject *exporter, const char *function)
{
    Py_buffer view;
    Py_ssize_t shape[AOT_MAX_RANK], unused[AOT_MAX_RANK];
    if (PyObject_GetBuffer(exporter, &view, PyBUF_RECORDS_RO) < 0) {
        clear_refusal();
        return NULL;
    }
    aot_tensor *copy = NULL;
    int dtype = view.len <= FEW_BYTES ? aot_dtype_of_buffer(exporter, &view) : -1;
    if (dtype >= 0 && view.ndim <= AOT_MAX_RANK && PyBuffer_IsContiguous(&view, 'C') &&
        read_axes(&view, shape, unused, function, "data") == 0) {
        copy = aot_tensor_new(state, dtype, view.ndim, shape, function);
        if (copy != NULL && copy->size * view.itemsize == view.len) {
            memcpy(copy->data, view.buf, (size_t)view.len);
        } else {
            Py_CLEAR(copy);
        }
    }
    PyBuffer_Release(&view);
    return copy;
}

aot_tensor *aot_share_buffer(aot_state *state, PyObject *exporter)
{
    PyObject *shared = from_buffer(state, exporter, false, true, "asarray", "obj");
    if (shared == NULL) {
        clear_refusal();
    }
    aot_tensor *tensor = shared != NULL ? aot_as_tensor(shared) : NULL;
    if (tensor == NULL) {
        Py_XDECREF(shared); /* None */
    }
    return tensor;
}
