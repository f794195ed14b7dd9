/* The fast path of calls of array kernels. In Python:
 *
 *     def fast_path(self, *arguments):                      # tensors, NumPy's arrays, and numbers
 *         signature = the first whose dtypes the arguments have exactly
 *         sizes = those of the layout's dimensions
 *         batch = broadcast of what the arguments have in front of their own axes
 *         outputs = [empty(batch + the sizes of its axes) for each output]
 *         launch(signature, inputs, arguments written in place, outputs)
 *
 * It declines whatever needs a cast, lists, keywords, what shares memory with an argument that is written, and what does not
 * fit: Python does that, and has the messages.
 */
#include "array_kernel.h"
#include "arrays.h"

#include <stddef.h>
#include <string.h>

/* NumPy's arrays of up to so many bytes are made by NumPy; larger ones have memory of aotops, whose pages are reused. */
#define OF_NUMPY_BYTES 32768

int aot_dtype_of_stable(int stable)
{
    int code = 0;
    while (code < AOT_N_DTYPES - 1 && aot_dtypes[code].stable != stable) {
        code++;
    }
    return code;
}

bool aot_know_numpy(aot_state *state)
{
    if (state->numpy.array != NULL) {
        return true;
    }
    /* (name of an array's dtype, type of arrays, of scalars, empty, asarray, the dtypes), or None */
    PyObject *parts = aot_call("numpy_parts", "()");
    bool found = parts != NULL && PyTuple_Check(parts) && PyTuple_Size(parts) == 5 + AOT_N_DTYPES;
    if (found && state->numpy.array == NULL) { /* checked again: Python code has run */
        PyObject **own[] = {&state->numpy.dtype_attribute, (PyObject **)&state->numpy.array,
                            (PyObject **)&state->numpy.scalar, &state->numpy.empty, &state->numpy.asarray};
        for (int k = 0; k < 5; k++) {
            *own[k] = Py_NewRef(PyTuple_GetItem(parts, k));
        }
        for (int code = 0; code < AOT_N_DTYPES; code++) {
            state->numpy.dtypes[code] = Py_NewRef(PyTuple_GetItem(parts, 5 + code));
        }
    }
    PyErr_Clear(); /* Python reports what the argument is */
    Py_XDECREF(parts);
    return found;
}

/* A call of the fast path. */
typedef struct {
    aot_state *state;
    aot_array_object *self;
    const aot_named_array_kernel *kernel;
    int inputs, arguments; /* those that are only read; with those that are written in place */
    aot_array_operand operands[AOT_MAX_OPERANDS];
    aot_storage *written[AOT_MAX_OPERANDS]; /* of tensors that are written in place, by their number; else NULL */
    PyObject *outputs[AOT_MAX_OPERANDS]; /* by their number among the operands; owned */
    Py_buffer buffers[AOT_MAX_OPERANDS]; /* of inputs and outputs */
    int n_buffers;
    bool any_tensor, any_array;
    aot_element numbers[AOT_MAX_OPERANDS]; /* inputs that are Python numbers */
    int64_t sizes[AOT_MOST_DIMENSIONS];
    int rank; /* of the batch */
    Py_ssize_t batch[AOT_MAX_RANK];
    Py_ssize_t shapes[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
} fast_call;

/* Reads a buffer of a dtype; AOT_NO_DTYPE: of the one that it says. Returns false for what tensors cannot share, and for
 * memory that must not be written to if it is to be. */
static bool read_buffer(fast_call *call, PyObject *object, int dtype, bool writes, aot_array_operand *operand)
{
    Py_buffer *view = &call->buffers[call->n_buffers];
    int flags = (dtype == AOT_NO_DTYPE ? PyBUF_RECORDS_RO : PyBUF_STRIDED_RO) | (writes ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags) < 0) {
        PyErr_Clear();
        return false;
    }
    call->n_buffers++;
    dtype = dtype == AOT_NO_DTYPE ? aot_dtype_of_buffer(object, view) : dtype;
    if (dtype < 0 || view->ndim > AOT_MAX_RANK) {
        return false;
    }
    *operand = (aot_array_operand){view->buf, view->shape, view->strides, 1, dtype, view->ndim};
    uintptr_t misaligned = (uintptr_t)view->buf;
    for (int axis = 0; axis < view->ndim; axis++) {
        misaligned |= (uintptr_t)view->strides[axis];
    }
    return (misaligned & (uintptr_t)(aot_dtypes[dtype].itemsize / (aot_dtypes[dtype].kind == AOT_KIND_COMPLEX ? 2 : 1) -
                                     1)) == 0;
}

/* Returns the dtype of one of NumPy's arrays if it is one of its own objects for ours, else AOT_NO_DTYPE. */
static int dtype_of_array(const aot_state *state, PyObject *array)
{
    PyObject *own = PyObject_GetAttr(array, state->numpy.dtype_attribute);
    int found = AOT_NO_DTYPE;
    for (int code = 0; code < AOT_N_DTYPES && found == AOT_NO_DTYPE; code++) {
        found = own == state->numpy.dtypes[code] ? code : AOT_NO_DTYPE;
    }
    if (own == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(own); /* the state has another reference */
    return found;
}

/* Reads an argument; numbers have no dtype yet. Returns false for what the fast path does not take. */
static bool read_argument(fast_call *call, PyObject *object, int k)
{
    aot_state *state = call->state;
    bool writes = k >= call->inputs;
    call->written[k] = NULL;
    if (state->numpy.array != NULL && Py_TYPE(object) == state->numpy.array) {
        call->any_array = true;
        return read_buffer(call, object, dtype_of_array(state, object), writes, &call->operands[k]);
    }
    if (!writes && (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object))) {
        call->operands[k] = (aot_array_operand){(char *)&call->numbers[k], NULL, NULL, 1, AOT_NO_DTYPE, 0};
        return true;
    }
    const aot_tensor *tensor = aot_as_tensor(object);
    if (tensor != NULL) {
        call->any_tensor = true;
        call->operands[k] = aot_array_operand_of(tensor);
        call->written[k] = writes ? tensor->storage : NULL;
        return !writes || !tensor->storage->readonly;
    }
    if (state->numpy.array == NULL) {
        return aot_know_numpy(state) && read_argument(call, object, k);
    }
    return !writes && PyType_IsSubtype(Py_TYPE(object), state->numpy.scalar) &&
           read_buffer(call, object, AOT_NO_DTYPE, false, &call->operands[k]);
}

/* Returns the argument of a call that is an operand. */
static PyObject *argument(const fast_call *call, PyObject *const *args, int k)
{
    return args[call->self->order[k]];
}

/* Whether the arguments have a signature's dtypes. */
static bool has_dtypes(const fast_call *call, PyObject *const *args, const aot_named_array_kernel *kernel)
{
    for (int k = 0; k < call->arguments; k++) {
        int dtype = call->operands[k].dtype;
        if (dtype != AOT_NO_DTYPE ? aot_dtypes[dtype].stable != kernel->dtypes[k]
                                  : aot_number_category(argument(call, args, k)) > aot_dtypes[aot_dtype_of_stable(kernel->dtypes[k])].category) {
            return false;
        }
    }
    return true;
}

/* Chooses the signature, and reads numbers as its dtypes. */
static bool choose(fast_call *call, PyObject *const *args)
{
    for (int s = 0; s < call->self->count && call->kernel == NULL; s++) {
        call->kernel = has_dtypes(call, args, call->self->signatures[s]) ? call->self->signatures[s] : NULL;
    }
    for (int k = 0; call->kernel != NULL && k < call->inputs; k++) {
        aot_array_operand *own = &call->operands[k];
        if (own->dtype == AOT_NO_DTYPE) {
            own->dtype = aot_dtype_of_stable(call->kernel->dtypes[k]);
            PyObject *number = argument(call, args, k);
            if (!aot_number_fits(number, own->dtype) ||
                aot_element_of(number, own->dtype, &call->numbers[k], call->self->name, "") < 0) {
                PyErr_Clear(); /* Python has a message of its own */
                return false;
            }
        }
    }
    return call->kernel != NULL;
}

/* Computes the sizes that no input has. */
static bool compute_sizes(fast_call *call)
{
    aot_array_object *self = call->self;
    size_t bytes = sizeof(int64_t) * call->kernel->dimensions;
    if (memcmp(self->known, call->sizes, bytes) == 0) {
        memcpy(call->sizes, self->computed, bytes);
        return true;
    }
    Py_ssize_t sizes[AOT_MOST_DIMENSIONS];
    for (int k = 0; k < call->kernel->dimensions; k++) {
        sizes[k] = (Py_ssize_t)call->sizes[k];
    }
    PyObject *given = aot_tuple_of_sizes(call->kernel->dimensions, sizes);
    PyObject *all = given != NULL ? PyObject_CallFunctionObjArgs(self->sizes, given, NULL) : NULL;
    bool done = all != NULL && PyTuple_Check(all) && PyTuple_Size(all) == call->kernel->dimensions;
    for (int k = 0; done && k < call->kernel->dimensions; k++) {
        done = aot_plain_size(PyTuple_GetItem(all, k), &sizes[k]) && sizes[k] >= 0;
    }
    Py_XDECREF(given);
    Py_XDECREF(all);
    if (!done) {
        return false;
    }
    memcpy(self->known, call->sizes, bytes);
    for (int k = 0; k < call->kernel->dimensions; k++) {
        call->sizes[k] = self->computed[k] = sizes[k];
    }
    return true;
}

/* Finds the sizes of the dimensions, and the shape of the batch, which arguments have that are written. */
static bool find_sizes(fast_call *call)
{
    const aot_named_array_kernel *kernel = call->kernel;
    const uint8_t *axes = kernel->axes;
    Py_ssize_t *batch = call->batch;
    for (int k = 0; k < kernel->dimensions; k++) {
        call->sizes[k] = kernel->sizes[k];
    }
    for (int k = 0; k < call->arguments; k++) {
        const aot_array_operand *own = &call->operands[k];
        int rank = kernel->ranks[k], first = own->ndim - rank;
        if (first < 0) {
            return false;
        }
        for (int axis = 0; axis < rank; axis++) {
            int64_t *size = &call->sizes[axes[axis]], length = own->shape[first + axis];
            if (*size >= 0 && *size != length) {
                return false;
            }
            *size = length;
        }
        axes += rank;
        for (; call->rank < first; call->rank++) { /* the batch gets axes of length 1 in front */
            memmove(batch + 1, batch, sizeof *batch * (size_t)call->rank);
            batch[0] = 1;
        }
        for (int axis = 0; axis < first; axis++) {
            Py_ssize_t length = own->shape[axis], *size = &batch[call->rank - first + axis];
            if (length != *size && length != 1 && *size != 1) {
                return false;
            }
            *size = *size == 1 ? length : *size;
        }
    }
    for (int k = call->inputs; k < call->arguments; k++) {
        const aot_array_operand *own = &call->operands[k];
        if (own->ndim - kernel->ranks[k] != call->rank ||
            memcmp(own->shape, batch, sizeof *batch * (size_t)call->rank) != 0) {
            return false;
        }
    }
    for (int k = 0; k < kernel->dimensions; k++) {
        if (call->sizes[k] < 0) {
            return compute_sizes(call);
        }
    }
    return true;
}

static void extent(const aot_array_operand *own, char **low, char **high)
{
    aot_extent(own->data, own->dtype, own->ndim, own->shape, own->strides, own->unit, low, high);
}

/* Whether the elements of each argument that is written in place are apart from one another and from other arguments. */
static bool are_apart(const fast_call *call)
{
    for (int k = call->inputs; k < call->arguments; k++) {
        const aot_array_operand *own = &call->operands[k];
        char *low, *high, *low_other, *high_other;
        extent(own, &low, &high);
        Py_ssize_t itemsize = aot_dtypes[own->dtype].itemsize, strides[AOT_MAX_RANK];
        for (int axis = 0; axis < own->ndim; axis++) {
            strides[axis] = own->strides[axis] * own->unit / itemsize;
            if (own->strides[axis] * own->unit % itemsize != 0) {
                return false;
            }
        }
        if (low != high && !aot_elements_are_distinct(own->ndim, own->shape, strides)) {
            return false;
        }
        for (int other = 0; other < k; other++) {
            extent(&call->operands[other], &low_other, &high_other);
            if (low < high_other && low_other < high) {
                return false;
            }
        }
    }
    return true;
}

/* Makes an output: one of NumPy's arrays, or a tensor. Returns false, maybe with an exception. */
static bool make_output(fast_call *call, int k, int dtype, Py_ssize_t elements)
{
    aot_array_operand *own = &call->operands[k];
    int itemsize = aot_dtypes[dtype].itemsize;
    own->dtype = dtype;
    if (!call->any_array || call->any_tensor || elements > OF_NUMPY_BYTES / itemsize) {
        aot_tensor *tensor = aot_tensor_new(call->state, dtype, own->ndim, call->shapes[k], call->self->name);
        call->outputs[k] = (PyObject *)tensor;
        if (tensor != NULL) {
            *own = aot_array_operand_of(tensor);
        }
        return tensor != NULL;
    }
    PyObject *shape = own->ndim == 1 ? PyLong_FromSsize_t(elements) : aot_tuple_of_sizes(own->ndim, call->shapes[k]);
    if (shape != NULL) {
        call->outputs[k] =
            PyObject_CallFunctionObjArgs(call->state->numpy.empty, shape, call->state->numpy.dtypes[dtype], NULL);
        Py_DECREF(shape);
    }
    Py_buffer *view = &call->buffers[call->n_buffers];
    if (call->outputs[k] == NULL || PyObject_GetBuffer(call->outputs[k], view, PyBUF_WRITABLE) < 0) {
        return false;
    }
    call->n_buffers++;
    own->data = view->buf;
    own->shape = call->shapes[k];
    own->strides = call->strides[k];
    own->unit = 1;
    Py_ssize_t stride = itemsize;
    for (int axis = own->ndim - 1; axis >= 0; axis--) {
        call->strides[k][axis] = stride;
        stride *= call->shapes[k][axis];
    }
    return view->len == elements * itemsize;
}

/* Makes the outputs. */
static bool make_outputs(fast_call *call)
{
    const aot_named_array_kernel *kernel = call->kernel;
    const uint8_t *axes = kernel->axes;
    for (int k = 0; k < call->arguments; k++) {
        axes += kernel->ranks[k];
    }
    for (int k = call->arguments; k < call->inputs + kernel->outputs; k++) {
        Py_ssize_t *shape = call->shapes[k];
        call->operands[k].ndim = call->rank + kernel->ranks[k];
        if (call->operands[k].ndim > AOT_MAX_RANK) {
            return false;
        }
        memcpy(shape, call->batch, sizeof *shape * (size_t)call->rank);
        for (int axis = 0; axis < kernel->ranks[k]; axis++) {
            shape[call->rank + axis] = (Py_ssize_t)call->sizes[*axes++];
        }
        int dtype = aot_dtype_of_stable(kernel->dtypes[k]);
        Py_ssize_t elements = aot_count_elements(dtype, call->operands[k].ndim, shape, call->self->name);
        if (elements < 0 || !make_output(call, k, dtype, elements)) {
            return false;
        }
    }
    return true;
}

/* Returns one output as the caller gets it. */
static PyObject *taken(fast_call *call, int k)
{
    PyObject *own = call->outputs[k];
    call->outputs[k] = NULL;
    if (call->any_array && !call->any_tensor && Py_TYPE(own) != call->state->numpy.array) {
        PyObject *array = PyObject_CallFunctionObjArgs(call->state->numpy.asarray, own, NULL);
        Py_DECREF(own);
        return array;
    }
    return own;
}

static PyObject *result_of(fast_call *call)
{
    int count = call->inputs + call->kernel->outputs - call->arguments;
    if (count == 0) {
        return Py_NewRef(Py_None);
    }
    if (count == 1) {
        return taken(call, call->arguments);
    }
    PyObject *all = PyTuple_New(count);
    for (int k = 0; all != NULL && k < count; k++) {
        PyObject *own = taken(call, call->arguments + k);
        if (own == NULL || PyTuple_SetItem(all, k, own) < 0) {
            Py_CLEAR(all);
        }
    }
    return all;
}

PyObject *aot_array_kernel_path(const aot_function *function, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    fast_call call; /* 15 kB, of which what is used is set where it is */
    call.state = function->state;
    call.self = count > 1 && names == NULL ? aot_as_array_kernel(call.state, args[0]) : NULL;
    if (call.self == NULL || call.self->library == NULL || call.self->count == 0 ||
        count - 1 != call.self->arguments || count - 1 < call.self->signatures[0]->inputs) {
        return NULL;
    }
    call.kernel = NULL;
    call.inputs = call.self->signatures[0]->inputs;
    call.arguments = (int)count - 1;
    call.n_buffers = call.rank = 0;
    call.any_tensor = call.any_array = false;
    memset(call.outputs, 0, sizeof call.outputs);
    bool plain = true;
    for (int k = 0; plain && k < call.arguments; k++) {
        plain = read_argument(&call, argument(&call, args + 1, k), k);
    }
    PyObject *result = NULL;
    plain = plain && choose(&call, args + 1) && find_sizes(&call) && are_apart(&call) && make_outputs(&call);
    for (int k = call.inputs; plain && k < call.arguments; k++) {
        if (call.written[k] != NULL) {
            call.written[k]->writes++;
        }
    }
    if (plain &&
        aot_launch_array_object(call.state, call.self, call.kernel, call.operands) == 0) {
        result = result_of(&call);
    }
    PyObject *type, *value, *traceback; /* releasing may run anyone's code */
    PyErr_Fetch(&type, &value, &traceback);
    for (int k = 0; k < call.n_buffers; k++) {
        PyBuffer_Release(&call.buffers[k]);
    }
    for (int k = 0; k < AOT_MAX_OPERANDS; k++) {
        Py_XDECREF(call.outputs[k]);
    }
    PyErr_Restore(type, value, traceback);
    return result;
}
