/* Running functions of whole arrays, and making objects of what they return. In Python:
 *
 *     def run(function, operands):
 *         check the operands' dtypes and ranks, and what the function's flags ask of each
 *         words = function(*operands)            # without the GIL; raises what it raises
 *         return object_of(words)
 *
 *     def object_of(words):
 *         a number, None, or a tuple of such objects, or an array:
 *             in memory that the function has allocated: a tensor that takes it over
 *             inside of an argument: a view of that
 *             elsewhere, which is a constant: a copy
 */
#include "array_kernel.h"

#include "system.h"

#include <string.h>

typedef struct {
    aot_array_kernel function;
    int arguments;
    const int64_t *flags;             /* what it does with each argument: see aot_array_read_flags */
    char *data[AOT_MAX_OPERANDS + 1]; /* of the arguments, and of what is returned */
    int64_t numbers[AOT_MAX_OPERANDS + 2 * AOT_MOST_DIMENSIONS];
    int64_t words[AOT_RESULT_WORDS];
    aot_array_error error;
    void *kept; /* what it has allocated and not freed */
    int64_t at; /* of the words: the next one to read */
    /* the tensors whose memory was taken over, by the address of its count, since two arrays may share it */
    int taken;
    int64_t counts[AOT_RESULT_WORDS / 5];
    aot_storage *storages[AOT_RESULT_WORDS / 5];
} call;

static void run_function(const aot_runner *runner)
{
    call *own = (call *)runner->job;
    aot_array_call passed;
    aot_prepare_array_call(&passed);
    void *unused[2] = {NULL};
    void *outer = aot_array_memory_begin();
    aot_array_note(runner->work);
    int32_t status = own->function(unused, &passed, 1, own->data, own->numbers);
    aot_array_note(NULL);
    own->kept = aot_array_memory_leave(outer);
    if (status != 0 && status != AOT_STOPPED) {
        own->error = aot_array_error_of(&passed);
    }
    aot_array_take_place(); /* what was told to stop is noted as well */
}

void aot_array_read_flags(aot_array_kernel function, int arguments, int64_t *flags)
{
    char *data[AOT_MAX_OPERANDS + 1] = {NULL};
    aot_array_call passed;
    aot_prepare_array_call(&passed);
    void *unused[2] = {NULL};
    const int64_t numbers[1] = {0}; /* it does not read them */
    memset(flags, 0, AOT_MAX_OPERANDS * sizeof *flags);
    data[arguments] = (char *)flags;
    function(unused, &passed, 0, data, numbers);
}

/* --- arguments ----------------------------------------------------------------------------------- */

bool aot_array_has_order(const aot_tensor *tensor, int64_t flags)
{
    return ((flags & AOT_ROW_MAJOR) == 0 || tensor->contiguous) &&
           ((flags & AOT_COLUMN_MAJOR) == 0 || aot_is_column_major(tensor));
}

/* Checks an argument against its flags; `name` and `parameter` are for messages. */
static int check_argument(const aot_tensor *tensor, int64_t flags, const char *name, const char *parameter)
{
    if ((flags & AOT_WRITES) != 0 && aot_check_writable(tensor, name, parameter) < 0) {
        return -1;
    }
    if (!aot_array_has_order(tensor, flags)) {
        aot_raise("wrong_order", "(ssi)", name, parameter, (flags & AOT_ROW_MAJOR) != 0);
        return -1;
    }
    return 0;
}

static int read_arguments(const aot_named_array_kernel *kernel, int level, aot_tensor *const *tensors, call *own,
                          const char *name, PyObject *parameters)
{
    int64_t *sizes = own->numbers + kernel->inputs, *strides = sizes + kernel->dimensions;
    bool contiguous = true;
    for (int k = 0; k < kernel->inputs; k++) {
        const aot_tensor *tensor = tensors[k];
        if (tensor == NULL || aot_dtypes[tensor->dtype].stable != kernel->dtypes[k] ||
            tensor->ndim != kernel->ranks[k]) {
            aot_raise("wrong_array_operands", "(ss)", name, "have the function's dtypes and ranks");
            return -1;
        }
        const char *parameter = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(parameters, k), NULL);
        if (parameter == NULL || check_argument(tensor, own->flags[k], name, parameter) < 0) {
            return -1;
        }
        for (int axis = 0; axis < tensor->ndim; axis++) {
            if (tensor->shape[axis] >= AOT_LONGEST_AXIS) {
                aot_raise("wrong_array_operands", "(ss)", name, "have fewer than 2**60 elements along each axis");
                return -1;
            }
            *sizes++ = tensor->shape[axis];
            *strides++ = tensor->strides[axis] * aot_dtypes[tensor->dtype].itemsize;
        }
        contiguous = contiguous && (tensor->contiguous || (own->flags[k] & AOT_COLUMN_MAJOR) != 0);
        own->data[k] = tensor->data;
    }
    own->data[kernel->inputs] = (char *)own->words;
    own->function = (contiguous ? kernel->contiguous : kernel->strided)[level];
    return 0;
}

/* --- results ------------------------------------------------------------------------------------- */

static void release_taken(Py_buffer *source)
{
    aot_array_memory_free(source->internal);
}

static void release_nothing(Py_buffer *Py_UNUSED(source))
{
}

/* Returns a storage of memory that is given back by `release`, or given back here if that fails. */
static aot_storage *storage_of(aot_state *state, char *data, size_t nbytes, void *block, aot_release release)
{
    Py_buffer *source = PyMem_Calloc(1, sizeof *source);
    if (source == NULL) {
        aot_array_memory_free(block);
        PyErr_NoMemory();
        return NULL;
    }
    source->internal = block;
    source->readonly = release == release_nothing;
    return aot_storage_of_memory(state, source, release, data, (Py_ssize_t)nbytes);
}

/* Returns the storage that takes over what the function has allocated, borrowed. */
static aot_storage *taken_over(aot_state *state, call *own, int64_t count, const char *name)
{
    for (int k = 0; k < own->taken; k++) {
        if (own->counts[k] == count) {
            return own->storages[k];
        }
    }
    char *data;
    size_t nbytes;
    void *block = aot_array_memory_take(&own->kept, (void *)(uintptr_t)count, &data, &nbytes);
    if (block == NULL) {
        aot_raise("wrong_array_operands", "(ss)", name, "be arrays of the function's own");
        return NULL;
    }
    aot_storage *storage = storage_of(state, data, nbytes, block, release_taken);
    if (storage != NULL) {
        own->counts[own->taken] = count;
        own->storages[own->taken++] = storage;
    }
    return storage;
}

/* Finds the lowest address of an array that has elements, and how many bytes it spans. */
static char *lowest(char *data, int ndim, const Py_ssize_t *shape, const int64_t *strides, size_t itemsize, size_t *span)
{
    *span = itemsize;
    for (int axis = 0; axis < ndim; axis++) {
        int64_t reach = strides[axis] * (int64_t)(shape[axis] - 1);
        data = reach < 0 ? aot_moved(data, reach) : data;
        *span += (size_t)(reach < 0 ? -reach : reach);
    }
    return data;
}

static aot_tensor *array_of(aot_state *state, call *own, aot_tensor *const *arguments, const char *name)
{
    const int64_t *words = own->words + own->at;
    int dtype = aot_dtype_of_stable((int)words[0]), ndim = (int)words[1];
    Py_ssize_t shape[AOT_MAX_RANK], strides[AOT_MAX_RANK];
    if (aot_dtypes[dtype].stable != words[0] || ndim > AOT_MAX_RANK) {
        aot_raise("wrong_array_operands", "(ss)", name, "return arrays that tensors can be");
        return NULL;
    }
    bool has_elements = true;
    for (int axis = 0; axis < ndim; axis++) {
        shape[axis] = (Py_ssize_t)words[4 + axis];
        strides[axis] = (Py_ssize_t)words[4 + ndim + axis] / aot_dtypes[dtype].itemsize;
        has_elements = has_elements && shape[axis] > 0;
    }
    own->at += 4 + 2 * ndim;
    if (!has_elements) {
        return aot_tensor_new(state, dtype, ndim, shape, name);
    }
    char *data = (char *)(uintptr_t)words[2];
    if (words[3] != 0) {
        aot_storage *storage = taken_over(state, own, words[3], name);
        return storage == NULL
                   ? NULL
                   : aot_tensor_view(state, storage, data - storage->data, dtype, ndim, shape, strides, name);
    }
    for (int k = 0; k < own->arguments; k++) {
        char *low, *high;
        aot_tensor_extent(arguments[k], &low, &high);
        if (low <= data && data < high && arguments[k]->ndim > 0) {
            aot_storage *storage = arguments[k]->storage;
            return aot_tensor_view(state, storage, data - storage->data, dtype, ndim, shape, strides, name);
        }
    }
    size_t span;
    char *low = lowest(data, ndim, shape, words + 4 + ndim, aot_dtypes[dtype].itemsize, &span);
    aot_storage *storage = storage_of(state, low, span, NULL, release_nothing);
    if (storage == NULL) {
        return NULL;
    }
    aot_tensor *constant = aot_tensor_view(state, storage, data - low, dtype, ndim, shape, strides, name);
    Py_DECREF((PyObject *)storage);
    aot_tensor *copied = constant == NULL ? NULL : aot_tensor_new(state, dtype, ndim, shape, name);
    if (copied != NULL && aot_copy(copied, constant) < 0) {
        Py_CLEAR(copied);
    }
    Py_XDECREF((PyObject *)constant);
    return copied;
}

/* Returns what the next words describe. */
static PyObject *object_of(aot_state *state, call *own, aot_tensor *const *arguments, const char *name)
{
    int64_t code = own->words[own->at++];
    if (code == AOT_RESULT_NUMBER) {
        int dtype = aot_dtype_of_stable((int)own->words[own->at]);
        own->at += 3;
        return aot_number_of((const char *)(own->words + own->at - 2), dtype);
    }
    if (code == AOT_RESULT_ARRAY) {
        return (PyObject *)array_of(state, own, arguments, name);
    }
    if (code == AOT_RESULT_OPTIONAL) {
        int64_t is_there = own->words[own->at], after = own->at + 2 + own->words[own->at + 1];
        own->at += 2;
        PyObject *value = is_there ? object_of(state, own, arguments, name) : Py_NewRef(Py_None);
        own->at = after;
        return value;
    }
    if (code != AOT_RESULT_TUPLE && code != AOT_RESULT_NAMED) {
        return Py_NewRef(Py_None);
    }
    const char *named = code == AOT_RESULT_NAMED ? (const char *)(uintptr_t)own->words[own->at++] : NULL;
    Py_ssize_t count = (Py_ssize_t)own->words[own->at++];
    PyObject *members = PyTuple_New(count);
    for (Py_ssize_t k = 0; members != NULL && k < count; k++) {
        PyObject *member = object_of(state, own, arguments, name);
        if (member == NULL || PyTuple_SetItem(members, k, member) < 0) {
            Py_CLEAR(members);
        }
    }
    if (members == NULL || named == NULL) {
        return members;
    }
    PyObject *result = aot_call("named_tuple", "(ssO)", name, named, members);
    Py_DECREF(members);
    return result;
}

/* --- calls --------------------------------------------------------------------------------------- */

static PyObject *run(aot_state *state, const aot_array_library *library, const aot_named_array_kernel *kernel, int level,
                     aot_tensor *const *tensors, call *own, const char *name, PyObject *parameters)
{
    if (read_arguments(kernel, level, tensors, own, name, parameters) < 0) {
        return NULL;
    }
    aot_runner runner = {.job = own, .total = 1, .threads = 1, .compute_bound = true, .unbounded = true};
    aot_array_operand operands[AOT_MAX_OPERANDS];
    for (int k = 0; state->watched && k < kernel->inputs; k++) {
        operands[k] = aot_array_operand_of(tensors[k]);
    }
    const aot_array_launch launch = {.library = library,
                                     .kernel = kernel,
                                     .level = level,
                                     .name = name,
                                     .declared = parameters,
                                     .operands = operands,
                                     .flags = own->flags,
                                     .threads = 1,
                                     .loop_threads = aot_array_threads(state, library),
                                     .contiguous = own->function == kernel->contiguous[level]};
    int failed = aot_run_array(state, &launch, &runner, run_function);
    PyObject *result = failed > 0 ? Py_NewRef(Py_None) : NULL; /* only explained */
    if (!failed) {
        result = own->error.text != NULL ? aot_array_raise(name, own->error) : object_of(state, own, tensors, name);
    }
    for (int k = 0; k < own->taken; k++) {
        Py_DECREF((PyObject *)own->storages[k]);
    }
    aot_array_memory_drop(own->kept);
    return result;
}

/* Returns a function in a library, and the level to run; NULL with an exception if there is none. */
static const aot_named_array_kernel *function_at(aot_state *state, const aot_array_library *library, Py_ssize_t number,
                                                 int *level)
{
    *level = library != NULL ? aot_array_level(state, library) : -1;
    if (*level < 0) {
        return NULL;
    }
    const aot_named_array_kernel *own =
        number >= 0 && number < (Py_ssize_t)library->n_kernels ? &library->kernels[number] : NULL;
    if (own == NULL || own->outputs != 0 || own->inputs > AOT_MAX_OPERANDS) {
        PyErr_SetString(PyExc_ImportError, "there is no such function of whole arrays");
        return NULL;
    }
    return own;
}

PyObject *aot_array_run_once(aot_state *state, const aot_array_library *library, const aot_named_array_kernel *kernel,
                          int level, const int64_t *flags, aot_tensor *const *tensors, const char *name,
                          PyObject *parameters)
{
    call *own = PyMem_Malloc(sizeof *own); /* 12 kB, which are not cleared */
    if (own == NULL) {
        return PyErr_NoMemory();
    }
    own->arguments = kernel->inputs;
    own->flags = flags;
    own->error = (aot_array_error){NULL, NULL};
    own->kept = NULL;
    own->at = own->taken = 0;
    PyObject *result = run(state, library, kernel, level, tensors, own, name, parameters);
    PyMem_Free(own);
    return result;
}

PyObject *aot_run_array_function(aot_state *state, PyObject *args)
{
    PyObject *capsule, *parameters, *operands;
    Py_ssize_t number;
    const char *name;
    if (!PyArg_ParseTuple(args, "OnsO!O!:run_array_function", &capsule, &number, &name, &PyTuple_Type, &parameters,
                          &PyTuple_Type, &operands)) {
        return NULL;
    }
    int level;
    const aot_array_library *library = aot_array_library_of(capsule);
    const aot_named_array_kernel *kernel = function_at(state, library, number, &level);
    if (kernel == NULL) {
        return NULL;
    }
    if (PyTuple_Size(operands) != kernel->inputs || PyTuple_Size(parameters) < kernel->inputs) {
        return aot_raise("wrong_array_operands", "(ss)", name, "be as many as the function's");
    }
    aot_tensor *tensors[AOT_MAX_OPERANDS];
    for (int k = 0; k < kernel->inputs; k++) {
        tensors[k] = aot_as_tensor(PyTuple_GetItem(operands, k));
    }
    int64_t flags[AOT_MAX_OPERANDS];
    aot_array_read_flags(kernel->strided[level], kernel->inputs, flags);
    return aot_array_run_once(state, library, kernel, level, flags, tensors, name, parameters);
}

PyObject *aot_find_array_function(aot_state *state, PyObject *args)
{
    PyObject *capsule;
    const char *symbol;
    if (!PyArg_ParseTuple(args, "Os:find_array_function", &capsule, &symbol)) {
        return NULL;
    }
    const aot_array_library *library = aot_array_library_of(capsule);
    Py_ssize_t number = 0, count = library != NULL ? (Py_ssize_t)library->n_kernels : 0;
    while (number < count && strcmp(library->kernels[number].symbol, symbol) != 0) {
        number++;
    }
    int level;
    const aot_named_array_kernel *kernel = function_at(state, library, number, &level);
    if (kernel == NULL) {
        return NULL;
    }
    int64_t flags[AOT_MAX_OPERANDS];
    aot_array_read_flags(kernel->strided[level], kernel->inputs, flags);
    PyObject *result = PyTuple_New(1 + kernel->inputs);
    for (int k = 0; result != NULL && k <= kernel->inputs; k++) {
        PyObject *own = PyLong_FromLongLong(k > 0 ? flags[k - 1] : number);
        if (own == NULL || PyTuple_SetItem(result, k, own) < 0) {
            Py_CLEAR(result);
        }
    }
    return result;
}
