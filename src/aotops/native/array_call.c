/* Calling array kernels: the object behind aotops.ArrayKernel, and the fast path of its calls. In Python:
 *
 *     class ArrayKernelBase:
 *         def bind(self, library, symbols): self.signatures = [library[symbol] for symbol in symbols]
 *
 *     def fast_path(self, *inputs):                         # tensors, NumPy's arrays, and numbers
 *         signature = the first whose dtypes the inputs have exactly
 *         sizes = those of the layout's dimensions
 *         batch = broadcast of what the inputs have in front of their own axes
 *         outputs = [empty(batch + the sizes of its axes) for each output]
 *         launch(signature, inputs, outputs)
 *
 * It declines whatever needs a cast, lists, keywords, and what does not fit: Python does that, and has the messages.
 */
#include "array_kernel.h"

#include <stddef.h>
#include <string.h>

/* NumPy's arrays of up to so many bytes are made by NumPy; larger ones have memory of aotops, whose pages are reused. */
#define OF_NUMPY_BYTES 32768

typedef struct {
    PyObject_HEAD
    PyObject *library;      /* the capsule; NULL: not bound yet */
    PyObject *spelled_name; /* the string that `name` points to */
    PyObject *sizes;        /* a function: see bind_array_kernel */
    const char *name;
    int level, count;
    Py_ssize_t arguments; /* of calls */
    const aot_array_library *table;
    const aot_named_array_kernel **signatures;
    double cost; /* see aot_launch_array_kernel */
    /* what `sizes` has returned last, and for what; of the kernel's number of dimensions, or NULL */
    int64_t *known, *computed;
} array_kernel;

const aot_array_library *aot_array_library_of(PyObject *capsule)
{
    const aot_array_library *library = PyCapsule_GetPointer(capsule, AOT_ARRAY_CAPSULE);
    if (library == NULL) {
        return NULL;
    }
    if (library->version != AOTOPS_ARRAY_KERNEL_VERSION ||
        library->services > sizeof(aot_array_services) / sizeof(void *)) {
        PyErr_Format(PyExc_ImportError, "the array kernels are of version %u, and this aotops takes version %d",
                     library->version, AOTOPS_ARRAY_KERNEL_VERSION);
        return NULL;
    }
    return library;
}

int aot_array_level(const aot_state *state, const aot_array_library *library)
{
    for (int own = state->level; own >= 0; own--) {
        for (uint32_t k = 0; k < library->n_levels; k++) {
            if (strcmp(library->levels[k], aot_builtin_table.levels[own]) == 0) {
                return (int)k;
            }
        }
    }
    PyErr_SetString(PyExc_ImportError, "the array kernels are for other CPU levels than this aotops");
    return -1;
}

static const aot_named_array_kernel *find(const aot_array_library *library, const char *symbol)
{
    for (uint32_t k = 0; k < library->n_kernels; k++) {
        const aot_named_array_kernel *own = &library->kernels[k];
        if (strcmp(own->symbol, symbol) == 0 && own->outputs > 0 && own->inputs + own->outputs <= AOT_MAX_OPERANDS) {
            return own;
        }
    }
    PyErr_Format(PyExc_ImportError, "there is no array kernel %s", symbol);
    return NULL;
}

/* Returns an object as an array kernel, borrowed, or NULL. */
static array_kernel *as_array_kernel(const aot_state *state, PyObject *object)
{
    return PyType_IsSubtype(Py_TYPE(object), state->array_kernel_type) ? (array_kernel *)object : NULL;
}

PyObject *aot_bind_array_kernel(aot_state *state, PyObject *args)
{
    PyObject *object, *capsule, *name, *symbols, *sizes, *order;
    if (!PyArg_ParseTuple(args, "OOUO!OO!:bind_array_kernel", &object, &capsule, &name, &PyTuple_Type, &symbols, &sizes,
                          &PyTuple_Type, &order)) {
        return NULL;
    }
    array_kernel *self = as_array_kernel(state, object);
    const aot_array_library *library = self != NULL ? aot_array_library_of(capsule) : NULL;
    if (library == NULL) {
        return self != NULL ? NULL
                            : aot_raise("wrong_type", "(sssO)", "bind_array_kernel", "kernel", "an ArrayKernel", object);
    }
    Py_ssize_t count = PyTuple_Size(symbols);
    int level = aot_array_level(state, library);
    const char *spelled = PyUnicode_AsUTF8AndSize(name, NULL);
    if (level < 0 || spelled == NULL) {
        return NULL;
    }
    const aot_named_array_kernel **signatures = PyMem_Calloc((size_t)count + 1, sizeof *signatures);
    int64_t *computed = PyMem_Calloc(2 * AOT_MOST_DIMENSIONS, sizeof *computed);
    bool failed = signatures == NULL || computed == NULL;
    if (failed) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t k = 0; !failed && k < count; k++) {
        const char *symbol = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(symbols, k), NULL);
        signatures[k] = symbol != NULL ? find(library, symbol) : NULL;
        failed = signatures[k] == NULL;
    }
    if (failed || self->library != NULL) { /* a thread that runs it may have its code already */
        PyMem_Free(signatures);
        PyMem_Free(computed);
        return failed ? NULL : Py_NewRef(Py_None);
    }
    self->level = level;
    self->table = library;
    self->count = (int)count;
    self->arguments = PyTuple_Size(order);
    self->signatures = signatures;
    self->computed = computed;
    self->known = computed + AOT_MOST_DIMENSIONS;
    self->known[0] = -2; /* nothing yet */
    self->name = spelled;
    self->spelled_name = Py_NewRef(name);
    self->sizes = Py_NewRef(sizes);
    self->library = Py_NewRef(capsule);
    return Py_NewRef(Py_None);
}

static int kernel_traverse(PyObject *object, visitproc visit, void *arg)
{
    array_kernel *self = (array_kernel *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->sizes);
    return 0;
}

/* There is no tp_clear, as for Operator. */
static void kernel_dealloc(PyObject *object)
{
    array_kernel *self = (array_kernel *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->sizes);
    Py_CLEAR(self->spelled_name);
    PyMem_Free(self->signatures);
    PyMem_Free(self->computed);
    Py_CLEAR(self->library);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF((PyObject *)type);
}

static PyType_Slot kernel_slots[] = {
    {Py_tp_dealloc, kernel_dealloc},
    {Py_tp_traverse, kernel_traverse},
    {Py_tp_new, PyType_GenericNew},
    {0, NULL},
};

PyType_Spec aot_array_kernel_spec = {
    .name = "aotops._native.ArrayKernelBase",
    .basicsize = sizeof(array_kernel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = kernel_slots,
};

/* --- calls from Python --------------------------------------------------------------------------- */

static int launch(aot_state *state, array_kernel *self, const aot_named_array_kernel *kernel,
                  const aot_array_operand *operands)
{
    aot_array_launch own = {.library = self->table,
                            .kernel = kernel,
                            .level = self->level,
                            .name = self->name,
                            .declared = (PyObject *)self,
                            .operands = operands,
                            .loop_threads = aot_array_threads(state, self->table)};
    return aot_launch_array_kernel(state, &own, &self->cost);
}

/* Raises a ValueError in the name of a kernel, whose operands must be as `wanted` says; returns NULL. */
static PyObject *reject(const char *name, const char *wanted)
{
    return aot_raise("wrong_array_operands", "(ss)", name, wanted);
}

PyObject *aot_run_array_kernel(aot_state *state, PyObject *args)
{
    PyObject *object, *given, *names;
    Py_ssize_t number;
    if (!PyArg_ParseTuple(args, "OnO!O!:run_array_kernel", &object, &number, &PyTuple_Type, &given, &PyTuple_Type,
                          &names)) {
        return NULL;
    }
    array_kernel *self = as_array_kernel(state, object);
    if (self == NULL || self->library == NULL) {
        return aot_raise("wrong_type", "(sssO)", "run_array_kernel", "kernel", "an ArrayKernel with code", object);
    }
    const aot_named_array_kernel *kernel = number >= 0 && number < self->count ? self->signatures[number] : NULL;
    if (kernel == NULL || PyTuple_Size(given) != kernel->inputs + kernel->outputs) {
        return reject(self->name, "be as many as those of one of its signatures");
    }
    aot_array_operand operands[AOT_MAX_OPERANDS];
    for (int k = 0; k < kernel->inputs + kernel->outputs; k++) {
        const aot_tensor *tensor = aot_as_tensor(PyTuple_GetItem(given, k));
        if (tensor == NULL) {
            return reject(self->name, "be tensors");
        }
        const char *called = k < PyTuple_Size(names) ? PyUnicode_AsUTF8AndSize(PyTuple_GetItem(names, k), NULL) : "out";
        if (called == NULL || (k >= kernel->inputs && aot_check_writable(tensor, self->name, called) < 0)) {
            return NULL;
        }
        operands[k] = aot_array_operand_of(tensor);
    }
    return launch(state, self, kernel, operands) < 0 ? NULL : Py_NewRef(Py_None);
}

PyObject *aot_load_array_kernel(PyObject *kernel)
{
    return aot_call("load_array_kernel", "(O)", kernel);
}

/* --- the fast path ------------------------------------------------------------------------------- */

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
    array_kernel *self;
    const aot_named_array_kernel *kernel;
    int inputs;
    aot_array_operand operands[AOT_MAX_OPERANDS];
    PyObject *outputs[AOT_MAX_OPERANDS]; /* by their number among the operands; owned */
    Py_buffer buffers[AOT_MAX_OPERANDS]; /* of inputs and outputs */
    int n_buffers;
    bool any_tensor, any_array;
    aot_element numbers[AOT_MAX_OPERANDS]; /* inputs that are Python numbers */
    int64_t sizes[AOT_MOST_DIMENSIONS];
    int rank; /* of the batch, whose shape is at the start of each output's */
    Py_ssize_t shapes[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
} fast_call;

/* Reads a buffer of a dtype; AOT_NO_DTYPE: of the one that it says. Returns false for what tensors cannot share. */
static bool read_buffer(fast_call *call, PyObject *object, int dtype, aot_array_operand *operand)
{
    Py_buffer *view = &call->buffers[call->n_buffers];
    if (PyObject_GetBuffer(object, view, dtype == AOT_NO_DTYPE ? PyBUF_RECORDS_RO : PyBUF_STRIDED_RO) < 0) {
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

/* Reads an input; numbers have no dtype yet. Returns false for what the fast path does not take. */
static bool read_input(fast_call *call, PyObject *object, int k)
{
    aot_state *state = call->state;
    if (state->numpy.array != NULL && Py_TYPE(object) == state->numpy.array) {
        call->any_array = true;
        return read_buffer(call, object, dtype_of_array(state, object), &call->operands[k]);
    }
    if (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object)) {
        call->operands[k] = (aot_array_operand){(char *)&call->numbers[k], NULL, NULL, 1, AOT_NO_DTYPE, 0};
        return true;
    }
    const aot_tensor *tensor = aot_as_tensor(object);
    if (tensor != NULL) {
        call->any_tensor = true;
        call->operands[k] = aot_array_operand_of(tensor);
        return true;
    }
    if (state->numpy.array == NULL) {
        return aot_know_numpy(state) && read_input(call, object, k);
    }
    return PyType_IsSubtype(Py_TYPE(object), state->numpy.scalar) &&
           read_buffer(call, object, AOT_NO_DTYPE, &call->operands[k]);
}

/* Whether the inputs have a signature's dtypes. */
static bool has_dtypes(const fast_call *call, PyObject *const *args, const aot_named_array_kernel *kernel)
{
    for (int k = 0; k < call->inputs; k++) {
        int dtype = call->operands[k].dtype;
        if (dtype != AOT_NO_DTYPE ? aot_dtypes[dtype].stable != kernel->dtypes[k]
                                  : aot_number_category(args[k]) > aot_dtypes[aot_dtype_of_stable(kernel->dtypes[k])].category) {
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
            if (!aot_number_fits(args[k], own->dtype) ||
                aot_element_of(args[k], own->dtype, &call->numbers[k], call->self->name, "") < 0) {
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
    array_kernel *self = call->self;
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

/* Finds the sizes of the dimensions, and the shape of the batch, at the start of the first output's. */
static bool find_sizes(fast_call *call)
{
    const aot_named_array_kernel *kernel = call->kernel;
    const uint8_t *axes = kernel->axes;
    Py_ssize_t *batch = call->shapes[call->inputs];
    for (int k = 0; k < kernel->dimensions; k++) {
        call->sizes[k] = kernel->sizes[k];
    }
    for (int k = 0; k < call->inputs; k++) {
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
    for (int k = 0; k < kernel->dimensions; k++) {
        if (call->sizes[k] < 0) {
            return compute_sizes(call);
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
    for (int k = 0; k < call->inputs; k++) {
        axes += kernel->ranks[k];
    }
    for (int k = call->inputs; k < call->inputs + kernel->outputs; k++) {
        Py_ssize_t *shape = call->shapes[k];
        call->operands[k].ndim = call->rank + kernel->ranks[k];
        if (call->operands[k].ndim > AOT_MAX_RANK) {
            return false;
        }
        memcpy(shape, call->shapes[call->inputs], sizeof *shape * (size_t)call->rank);
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
    if (call->kernel->outputs == 1) {
        return taken(call, call->inputs);
    }
    PyObject *all = PyTuple_New(call->kernel->outputs);
    for (int k = 0; all != NULL && k < call->kernel->outputs; k++) {
        PyObject *own = taken(call, call->inputs + k);
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
    call.self = count > 1 && names == NULL ? as_array_kernel(call.state, args[0]) : NULL;
    if (call.self == NULL || call.self->library == NULL || call.self->count == 0 ||
        count - 1 != call.self->arguments || count - 1 != call.self->signatures[0]->inputs) {
        return NULL;
    }
    call.kernel = NULL;
    call.inputs = (int)count - 1;
    call.n_buffers = call.rank = 0;
    call.any_tensor = call.any_array = false;
    memset(call.outputs, 0, sizeof call.outputs);
    bool plain = true;
    for (int k = 0; plain && k < call.inputs; k++) {
        plain = read_input(&call, args[1 + k], k);
    }
    PyObject *result = NULL;
    if (plain && choose(&call, args + 1) && find_sizes(&call) && make_outputs(&call) &&
        launch(call.state, call.self, call.kernel, call.operands) == 0) {
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
