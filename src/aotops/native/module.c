/* The module aotops._native: private; the Python files beside it re-export what is public. In Python:
 *
 *     dtypes, operators = (DType, ...), MappingProxyType({name: Operator, ...})
 *     def empty(shape, dtype): ...
 *     def full(shape, value, dtype): ...
 *     def astype(x, dtype, /, *, copy=True): ...
 *     def is_number(object): ...
 *     def from_buffer(exporter, copy): ...
 *     def to_dlpack(x, versioned, copied), from_dlpack(capsule, copy): ...
 *     def arrow_schema(dtype), to_arrow(x), from_arrow(schema, array, copy): ...
 *     def register_tensor_type(type, choose, dot): ... # once: the class of the tensors that operators return
 *     def take_at(...), put_at(...), take_along(...): see gather.c
 *     def compress(...), expand(...), positions(...), spread(...), search(...): see masks.c
 *     def sort(...): see sort.c
 *     def cpu_level(): ...
 *     def get_num_threads(), set_num_threads(n): ...
 *     def memory_stats(), memory_limit(bytes), memory_release(): ...
 *     def fast_path(*operators): ...          # a decorator, see function.c
 *     def declare(...), bind(...), set_fallback(...), rename(...): see declare.c
 *     def trace(watcher), explain(watcher, function, args, kwargs), forget_other_threads(): see see.c
 *     kernel_version, library_capsule, array_kernel_version, array_capsule: constants of aotops_kernel.h
 */
#include "native.h"

#include "array_kernel.h"
#include "arrays.h"
#include "exchange.h"
#include "pool.h"
#include "tape.h"

#include <string.h>

static aot_state *state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

static aot_tensor *new_from_arguments(aot_state *state, PyObject *shape_tuple, PyObject *dtype_object,
                                      const char *function)
{
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = aot_read_sizes(shape_tuple, shape, function, "shape");
    int dtype = ndim < 0 ? -1 : aot_dtype_code(state, dtype_object, function);
    return dtype < 0 ? NULL : aot_tensor_new(state, dtype, ndim, shape, function);
}

static PyObject *native_empty(PyObject *module, PyObject *args)
{
    PyObject *shape, *dtype;
    const char *function = "empty"; /* that of aotops which asks: what errors name */
    if (!PyArg_ParseTuple(args, "OO|s:empty", &shape, &dtype, &function)) {
        return NULL;
    }
    return (PyObject *)new_from_arguments(state_of(module), shape, dtype, function);
}

static PyObject *native_generate(PyObject *module, PyObject *args)
{
    return aot_generate(state_of(module), args);
}

static PyObject *native_full(PyObject *module, PyObject *args)
{
    PyObject *shape, *value, *dtype;
    const char *function = "full", *argument = "fill_value"; /* what errors name */
    if (!PyArg_ParseTuple(args, "OOO|ss:full", &shape, &value, &dtype, &function, &argument)) {
        return NULL;
    }
    if (!aot_is_number(value)) {
        return aot_raise("wrong_type", "(sssO)", function, argument, "a Python number", value);
    }
    aot_tensor *self = new_from_arguments(state_of(module), shape, dtype, function);
    if (self == NULL) {
        return NULL;
    }
    aot_element element;
    if (aot_element_of(value, self->dtype, &element, function, argument) < 0) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    if (aot_fill(self, element, self->dtype) < 0) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static PyObject *native_copy_to_out(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name;
    PyObject *result, *out;
    int broadcasts = 0;
    if (!PyArg_ParseTuple(args, "sOO|p:copy_to_out", &name, &result, &out, &broadcasts)) {
        return NULL;
    }
    return aot_copy_computed(name, result, out, broadcasts);
}

static PyObject *native_is_number(PyObject *Py_UNUSED(module), PyObject *object)
{
    return PyBool_FromLong(aot_is_number(object));
}

static PyObject *native_from_buffer(PyObject *module, PyObject *args)
{
    PyObject *exporter;
    int copy;
    const char *function = "asarray", *argument = "obj"; /* what errors name */
    if (!PyArg_ParseTuple(args, "Op|ss:from_buffer", &exporter, &copy, &function, &argument)) {
        return NULL;
    }
    return aot_from_buffer(state_of(module), exporter, copy != 0, function, argument);
}

static PyObject *native_from_bytes(PyObject *module, PyObject *args)
{
    PyObject *exporter, *dtype_object, *shape_tuple;
    Py_ssize_t offset, shape[AOT_MAX_RANK];
    const char *function, *argument; /* what errors name */
    if (!PyArg_ParseTuple(args, "OnOOss:from_bytes", &exporter, &offset, &dtype_object, &shape_tuple, &function,
                          &argument)) {
        return NULL;
    }
    int ndim = aot_read_sizes(shape_tuple, shape, function, "shape");
    int dtype = ndim < 0 ? -1 : aot_dtype_code(state_of(module), dtype_object, function);
    return dtype < 0 ? NULL : aot_from_bytes(state_of(module), exporter, offset, dtype, ndim, shape, function, argument);
}

/* Returns what True, False and None say about copies, an enum aot_copying; -1 with an exception. */
static int copying_of(PyObject *copy)
{
    int copies = copy == Py_None ? 0 : PyObject_IsTrue(copy);
    return copies < 0 ? -1 : copy == Py_None ? AOT_COPY_IF_NEEDED : copies > 0 ? AOT_COPY_ALWAYS : AOT_COPY_NEVER;
}

static PyObject *native_to_dlpack(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object;
    int is_versioned, copied;
    if (!PyArg_ParseTuple(args, "Opp:to_dlpack", &object, &is_versioned, &copied)) {
        return NULL;
    }
    aot_tensor *tensor = aot_as_tensor(object);
    if (tensor == NULL) {
        return aot_raise("wrong_type", "(sssO)", "to_dlpack", "x", "a Tensor", object);
    }
    return aot_to_dlpack(tensor, is_versioned != 0, copied != 0);
}

static PyObject *native_from_dlpack(PyObject *module, PyObject *args)
{
    PyObject *capsule, *copy;
    const char *function, *argument; /* what errors name */
    if (!PyArg_ParseTuple(args, "OOss:from_dlpack", &capsule, &copy, &function, &argument)) {
        return NULL;
    }
    int copying = copying_of(copy);
    return copying < 0 ? NULL : aot_from_dlpack(state_of(module), capsule, (enum aot_copying)copying, function, argument);
}

static PyObject *native_arrow_schema(PyObject *module, PyObject *dtype)
{
    int code = aot_dtype_code(state_of(module), dtype, "arrow_schema");
    return code < 0 ? NULL : aot_arrow_schema(code);
}

static PyObject *native_to_arrow(PyObject *Py_UNUSED(module), PyObject *object)
{
    aot_tensor *tensor = aot_as_tensor(object);
    return tensor != NULL ? aot_to_arrow(tensor)
                          : aot_raise("wrong_type", "(sssO)", "to_arrow", "x", "a Tensor", object);
}

static PyObject *native_from_arrow(PyObject *module, PyObject *args)
{
    PyObject *schema, *array, *copy;
    const char *function, *argument; /* what errors name */
    if (!PyArg_ParseTuple(args, "OOOss:from_arrow", &schema, &array, &copy, &function, &argument)) {
        return NULL;
    }
    int copying = copying_of(copy);
    return copying < 0 ? NULL
                       : aot_from_arrow(state_of(module), schema, array, (enum aot_copying)copying, function, argument);
}

static PyObject *native_astype(PyObject *module, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    aot_state *state = state_of(module);
    Py_ssize_t keywords = names == NULL ? 0 : PyTuple_Size(names);
    if (count != 2) {
        return aot_raise("wrong_count", "(ssin)", "astype", "x dtype", 2, count);
    }
    int copy = 1;
    for (Py_ssize_t k = 0; k < keywords; k++) {
        PyObject *name = PyTuple_GetItem(names, k);
        if (aot_is_keyword(name, "device")) {
            if (args[count + k] != Py_None && !aot_is_keyword(args[count + k], "cpu")) {
                return aot_raise("wrong_value", "(sssO)", "astype", "device", "'cpu' or None, the only device",
                                 args[count + k]);
            }
            continue;
        }
        if (!aot_is_keyword(name, "copy")) {
            return aot_raise("unexpected_keyword", "(sOs)", "astype", name, "copy, device");
        }
        copy = aot_read_flag(args[count + k], "astype", "copy");
        if (copy < 0) {
            return NULL;
        }
    }
    aot_tensor *source = aot_as_tensor(args[0]);
    if (source == NULL) {
        return aot_call("foreign_astype", "(OOO)", args[0], args[1], copy ? Py_True : Py_False);
    }
    int dtype = aot_dtype_code(state, args[1], "astype");
    if (dtype < 0) {
        return NULL;
    }
    PyObject *result = (PyObject *)aot_astype(source, dtype, copy != 0, "astype");
    return source->node == NULL ? result : aot_record_view(source, AOT_NODE_PASS, NULL, result);
}

static PyObject *native_register(PyObject *module, PyObject *args)
{
    aot_state *state = state_of(module);
    PyObject *type, *choose, *dot;
    if (!PyArg_ParseTuple(args, "OO!O!:register_tensor_type", &type, state->operator_type, &choose,
                          state->operator_type, &dot)) {
        return NULL;
    }
    if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, state->base_type) ||
        type == (PyObject *)state->base_type) {
        return aot_raise("wrong_type", "(sssO)", "register_tensor_type", "type", "a subclass of TensorBase", type);
    }
    if (state->tensor_type != NULL) {
        PyErr_SetString(PyExc_SystemError, "the tensor type is registered already");
        return NULL;
    }
    Py_INCREF((PyObject *)type);
    state->tensor_type = (PyTypeObject *)type;
    Py_INCREF(choose);
    state->choose = choose;
    Py_INCREF(dot);
    state->dot = dot;
    Py_RETURN_NONE;
}

static PyObject *native_cpu_level(PyObject *module, PyObject *Py_UNUSED(unused))
{
    return PyUnicode_FromString(aot_builtin_table.levels[state_of(module)->level]);
}

static PyObject *native_get_num_threads(PyObject *module, PyObject *Py_UNUSED(unused))
{
    return PyLong_FromLong(aot_threads(state_of(module), INT64_MAX, false, false));
}

static PyObject *native_set_num_threads(PyObject *module, PyObject *count)
{
    long threads = PyLong_Check(count) ? PyLong_AsLong(count) : -1;
    if (PyBool_Check(count) || !PyLong_Check(count)) {
        return aot_raise("wrong_type", "(sssO)", "set_num_threads", "n", "an int", count);
    }
    if (threads < 1 || threads > AOT_MOST_THREADS) {
        PyErr_Clear(); /* raised for an int beyond long */
        return aot_raise("out_of_range", "(ssiiO)", "set_num_threads", "n", 1, AOT_MOST_THREADS, count);
    }
    state_of(module)->threads = (int)threads;
    Py_RETURN_NONE;
}

/* For tests: sets from how many elements on a launch uses all threads, even if that does not pay; 0 ends it. */
static PyObject *native_share_from(PyObject *module, PyObject *count)
{
    long elements = PyLong_Check(count) ? PyLong_AsLong(count) : -1;
    if (elements < 0) {
        PyErr_Clear();
        return aot_raise("wrong_value", "(sssO)", "share_from", "elements", "an int from 0 on", count);
    }
    state_of(module)->shared_from = elements;
    Py_RETURN_NONE;
}

/* (used, peak, cached, limit, hits, misses) */
static PyObject *native_memory_stats(PyObject *module, PyObject *Py_UNUSED(unused))
{
    const aot_memory *memory = &state_of(module)->memory;
    aot_storage_learn_limit(state_of(module));
    return Py_BuildValue("(nnnnnn)", memory->used, memory->peak, memory->cached, memory->limit, memory->hits,
                         memory->misses);
}

static PyObject *native_memory_limit(PyObject *module, PyObject *bytes)
{
    aot_memory *memory = &state_of(module)->memory;
    Py_ssize_t limit = PyLong_AsSsize_t(bytes);
    if (limit == -1 && PyErr_Occurred()) {
        return NULL;
    }
    aot_memory_set_limit(memory, limit < 0 ? 0 : limit);
    Py_RETURN_NONE;
}

static PyObject *native_memory_release(PyObject *module, PyObject *Py_UNUSED(unused))
{
    aot_memory *memory = &state_of(module)->memory;
    Py_ssize_t before = memory->cached;
    aot_memory_trim(memory, 0);
    return PyLong_FromSsize_t(before - memory->cached);
}

static PyObject *native_declare(PyObject *module, PyObject *args)
{
    return aot_declare(state_of(module), args);
}

static PyObject *native_bind(PyObject *module, PyObject *args)
{
    return aot_bind(state_of(module), args);
}

static PyObject *native_bind_array_kernel(PyObject *module, PyObject *args)
{
    return aot_bind_array_kernel(state_of(module), args);
}

static PyObject *native_run_array_kernel(PyObject *module, PyObject *args)
{
    return aot_run_array_kernel(state_of(module), args);
}

static PyObject *native_run_array_function(PyObject *module, PyObject *args)
{
    return aot_run_array_function(state_of(module), args);
}

static PyObject *native_find_array_function(PyObject *module, PyObject *args)
{
    return aot_find_array_function(state_of(module), args);
}

static PyObject *native_check_out(PyObject *module, PyObject *args)
{
    return aot_check_out_call(state_of(module), args);
}

static PyObject *native_check_written(PyObject *Py_UNUSED(module), PyObject *args)
{
    return aot_check_written_call(args);
}

static PyObject *native_load_array_kernel(PyObject *Py_UNUSED(module), PyObject *kernel)
{
    return aot_load_array_kernel(kernel);
}

static PyObject *native_set_fallback(PyObject *module, PyObject *args)
{
    return aot_set_fallback(state_of(module), args);
}

static PyObject *native_rename(PyObject *module, PyObject *args)
{
    return aot_rename(state_of(module), args);
}

static PyObject *native_trace(PyObject *module, PyObject *watcher)
{
    return aot_trace(state_of(module), watcher);
}

static PyObject *native_explain(PyObject *module, PyObject *args)
{
    return aot_explain(state_of(module), args);
}

static PyObject *native_forget_other_threads(PyObject *module, PyObject *Py_UNUSED(unused))
{
    return aot_forget_other_threads(state_of(module));
}

/* The decorator that fast_path(*operators) returns, with `module` and the operators bound to it. */
static PyObject *decorate(PyObject *module_and_operators, PyObject *function)
{
    aot_state *state = state_of(PyTuple_GetItem(module_and_operators, 0));
    return aot_with_fast_path(state, function, PyTuple_GetItem(module_and_operators, 1));
}

static PyMethodDef decorator = {"decorator", decorate, METH_O, NULL};

static PyObject *native_fast_path(PyObject *module, PyObject *operators)
{
    PyObject *bound = PyTuple_Pack(2, module, operators);
    PyObject *result = bound != NULL ? PyCFunction_New(&decorator, bound) : NULL;
    Py_XDECREF(bound);
    return result;
}

static PyMethodDef module_methods[] = {
    {"empty", native_empty, METH_VARARGS, "empty(shape, dtype): a tensor with undefined contents."},
    {"copy_to_out", native_copy_to_out, METH_VARARGS,
     "copy_to_out(function, result, out): out, holding the result or the tuple of results of a function; the result\n"
     "itself if out is None."},
    {"generate", native_generate, METH_VARARGS,
     "generate(operator, dtype, out, first, strides, inputs): a tensor filled by an operator that takes positions."},
    {"full", native_full, METH_VARARGS, "full(shape, value, dtype): a tensor of one value."},
    {"astype", (PyCFunction)(void (*)(void))native_astype, METH_FASTCALL | METH_KEYWORDS,
     "astype(x, dtype, /, *, copy=True, device=None)\n--\n\nCast the elements of a tensor to a dtype.\n\n"
     "Parameters:\n    x: A tensor.\n    dtype: A dtype or its name.\n"
     "    copy: With False, a tensor that already has the dtype is returned itself.\n"
     "    device: \"cpu\" or None, which mean the same: there is one device.\n\n"
     "Returns:\n    A tensor of the same shape, in row-major order.\n\n"
     "Raises:\n    TypeError: ``x`` is not a tensor, or the dtype is unknown.\n"
     "    ValueError: The device is another one.\n\n"
     "Special cases:\n    Floats are truncated to integers; NaN, and what int64 cannot hold, become its smallest\n"
     "    value. Nonzero values are True, NaN included.\n\n"
     "Example:\n    >>> import aotops as ao\n    >>> ao.astype(ao.tensor([1.7, -1.7]), ao.int64)\n"
     "    tensor([ 1, -1])\n"},
    {"from_buffer", native_from_buffer, METH_VARARGS,
     "from_buffer(exporter, copy): a tensor on an exporter's memory, or None if only a copy is possible."},
    {"from_bytes", native_from_bytes, METH_VARARGS,
     "from_bytes(exporter, offset, dtype, shape, function, argument): a tensor on an exporter's bytes from an offset on;\n"
     "a copy if they are not aligned."},
    {"to_dlpack", native_to_dlpack, METH_VARARGS,
     "to_dlpack(x, versioned, copied): a DLPack capsule of a tensor's memory."},
    {"from_dlpack", native_from_dlpack, METH_VARARGS,
     "from_dlpack(capsule, copy, function, argument): a tensor on a capsule's memory, or a copy; None where copy is\n"
     "False and only a copy is possible. copy is True, False or None, as needed."},
    {"arrow_schema", native_arrow_schema, METH_O, "arrow_schema(dtype): a capsule of Arrow's type for a dtype."},
    {"to_arrow", native_to_arrow, METH_O, "to_arrow(x): a capsule of an Arrow array on a vector's memory."},
    {"from_arrow", native_from_arrow, METH_VARARGS,
     "from_arrow(schema, array, copy, function, argument): a tensor on an Arrow array's memory, as from_dlpack."},
    {"is_number", native_is_number, METH_O,
     "is_number(object): whether it is a Python number, which adopts the dtype of the tensors beside it."},
    {"register_tensor_type", native_register, METH_VARARGS,
     "register_tensor_type(type, choose, dot): once, the class of all tensors, and the operators that choose by a mask\n"
     "and add up products."},
    {"take_at", aot_take_at, METH_VARARGS, "take_at(x, indices, place, function, axes): see arrays.h."},
    {"put_at", aot_put_at, METH_VARARGS, "put_at(x, indices, place, function, axes, value, adds=False): see arrays.h."},
    {"take_along", aot_take_along_call, METH_VARARGS, "take_along(x, index, axis): x at positions along an axis."},
    {"compress", aot_compress_call, METH_VARARGS, "compress(x, mask): the elements that a mask of its shape selects."},
    {"expand", aot_expand_call, METH_VARARGS, "expand(x, mask, value): write one element for each True."},
    {"positions", aot_positions_call, METH_O, "positions(mask): (rows or None, columns) of what is True."},
    {"sort", aot_sort_call, METH_VARARGS, "sort(x, descending, positions, function): rows of a contiguous tensor."},
    {"triangle", aot_triangle_call, METH_VARARGS, "triangle(x, k, lower, function): zeros beyond a diagonal."},
    {"spread", aot_spread, METH_VARARGS, "spread(counts, total): each position as often as its count says."},
    {"search", aot_search, METH_VARARGS, "search(ordered, values, right): where values belong among ordered ones."},
    {"draw", aot_draw, METH_VARARGS, "draw(generator, normal, a, b, shape, dtype): see random.c."},
    {"draw_integers", aot_draw_integers, METH_VARARGS, "draw_integers(generator, least, bound, shape): see random.c."},
    {"update", aot_update, METH_VARARGS, "update(outputs, gradient, numbers): see optimiser.c."},
    {"shuffle", aot_shuffle, METH_VARARGS, "shuffle(generator, x, count, size): see random.c."},
    {"matmul", aot_matmul_call, METH_VARARGS,
     "matmul(function, x1, x2, out=None, start=None): start + x1 @ x2; None unless these are tensors of one dtype with a kernel."},
    {"cpu_level", native_cpu_level, METH_NOARGS,
     "cpu_level()\n--\n\nReturn the CPU level whose kernels run.\n\n"
     "Returns:\n    A string: 'x86-64-v2', 'x86-64-v3' or 'x86-64-v4' on x86-64.\n\n"
     "Example:\n    >>> import aotops as ao\n    >>> isinstance(ao.cpu_level(), str)\n    True\n"},
    {"get_num_threads", native_get_num_threads, METH_NOARGS,
     "get_num_threads()\n--\n\nReturn the number of threads that an operation may use.\n\n"
     "Returns:\n    An int from 1 to 1024.\n\n"
     "Example:\n    >>> import aotops as ao\n    >>> 1 <= ao.get_num_threads() <= 1024\n    True\n"},
    {"share_from", native_share_from, METH_O, NULL},
    {"set_num_threads", native_set_num_threads, METH_O,
     "set_num_threads(n)\n--\n\nSet the number of threads that an operation may use.\n\n"
     "Parameters:\n    n: An int from 1 to 1024.\n\n"
     "Raises:\n    TypeError: ``n`` is not an int.\n    ValueError: It is out of range.\n\n"
     "Example:\n    >>> import aotops as ao\n    >>> before = ao.get_num_threads()\n"
     "    >>> ao.set_num_threads(2)\n    >>> ao.get_num_threads()\n    2\n    >>> ao.set_num_threads(before)\n"},
    {"memory_stats", native_memory_stats, METH_NOARGS, "(used, peak, cached, limit, hits, misses)"},
    {"memory_limit", native_memory_limit, METH_O, "memory_limit(bytes): how much freed memory may be cached."},
    {"memory_release", native_memory_release, METH_NOARGS, "Free all cached memory; returns the number of bytes."},
    {"fast_path", native_fast_path, METH_VARARGS,
     "fast_path(*operators): a decorator of a function that has a fast path in C, which calls the operators."},
    {"declare", native_declare, METH_VARARGS, "declare(record, name, parameters, fields, variants)"},
    {"bind", native_bind, METH_VARARGS, "bind(operator, library, symbols): give a declared operator its kernels."},
    {"bind_array_kernel", native_bind_array_kernel, METH_VARARGS,
     "bind_array_kernel(kernel, library, name, symbols, sizes): see array_kernel.h."},
    {"run_array_kernel", native_run_array_kernel, METH_VARARGS,
     "run_array_kernel(kernel, number, operands): see array_kernel.h."},
    {"find_array_function", native_find_array_function, METH_VARARGS,
     "find_array_function(library, symbol): see array_kernel.h."},
    {"run_array_function", native_run_array_function, METH_VARARGS,
     "run_array_function(library, number, name, parameters, operands): see array_kernel.h."},
    {"check_out", native_check_out, METH_VARARGS, "check_out(name, out, dtype, shape, others): see native.h."},
    {"check_written", native_check_written, METH_VARARGS, "check_written(name, argument, x, others): see native.h."},
    {"load_array_kernel", native_load_array_kernel, METH_O, "load_array_kernel(kernel): find its code."},
    {"set_fallback", native_set_fallback, METH_VARARGS,
     "set_fallback(operator, function): call a Python function instead."},
    {"rename", native_rename, METH_VARARGS, "rename(operator, name): of a declared operator."},
    {"trace", native_trace, METH_O, "trace(watcher): call it with a record of each launch from now on; None ends this."},
    {"explain", native_explain, METH_VARARGS,
     "explain(watcher, function, args, kwargs): call a function whose launches are planned and reported, but not run."},
    {"forget_other_threads", native_forget_other_threads, METH_NOARGS, "In the child of a fork: only this thread may be in explain()."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name, PyTypeObject *base)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, (PyObject *)base);
    if (type != NULL && PyModule_AddObjectRef(module, name, type) < 0) {
        Py_CLEAR(type);
    }
    return (PyTypeObject *)type;
}

/* Creates `operators`, a read-only mapping. Also fills the tables of slots and retries, and adds the methods of TensorBase. */
static int add_operators(PyObject *module, aot_state *state)
{
    PyObject *operators = PyDict_New();
    int failed = operators == NULL;
    for (uint32_t k = 0; !failed && k < aot_builtin_table.n_operators; k++) {
        const aot_operator *definition = &aot_builtin_table.operators[k];
        PyObject *operator = (PyObject *)aot_operator_new(state, definition);
        failed = operator == NULL || PyDict_SetItemString(operators, definition->name, operator) < 0;
        if (!failed && definition->is_method) {
            failed = PyObject_SetAttrString((PyObject *)state->base_type, definition->name, operator) < 0;
        }
        if (!failed && definition->slot != AOT_SLOT_NONE) {
            Py_INCREF(operator);
            state->slots[definition->slot] = operator;
        }
        if (!failed && definition->redoes != AOT_RETRY_NONE) {
            Py_INCREF(operator);
            state->redoing[definition->redoes] = operator;
        }
        Py_XDECREF(operator);
    }
    for (uint32_t k = 0; !failed && k < aot_builtin_table.n_operators; k++) {
        const aot_operator *definition = &aot_builtin_table.operators[k];
        if (definition->square != NULL) {
            aot_operator_object *operator =
                (aot_operator_object *)PyDict_GetItemString(operators, definition->name);
            operator->square = PyDict_GetItemString(operators, definition->square);
            Py_XINCREF(operator->square);
        }
    }
    PyObject *read_only = failed ? NULL : PyDictProxy_New(operators);
    failed = read_only == NULL || PyModule_AddObjectRef(module, "operators", read_only) < 0;
    Py_XDECREF(operators);
    Py_XDECREF(read_only);
    return failed ? -1 : 0;
}

static int module_exec(PyObject *module)
{
    aot_state *state = state_of(module);
    aot_memory_init(&state->memory);
    state->level = aot_choose_level(&aot_builtin_table);
    if (state->level < 0 || aot_threads_init(state) < 0) {
        return -1;
    }
    state->storage_type = add_type(module, &aot_storage_spec, "Storage", NULL);
    state->dtype_type = state->storage_type ? add_type(module, &aot_dtype_spec, "DType", NULL) : NULL;
    PyTypeObject *core = state->dtype_type ? add_type(module, &aot_tensor_spec, "TensorCore", NULL) : NULL;
    state->base_type = core ? add_type(module, &aot_tensor_base_spec, "TensorBase", core) : NULL;
    Py_XDECREF((PyObject *)core);
    state->operator_type = state->base_type ? add_type(module, &aot_operator_spec, "Operator", NULL) : NULL;
    state->function_type = state->operator_type ? add_type(module, &aot_function_spec, "Function", NULL) : NULL;
    state->iterator_type = state->function_type ? add_type(module, &aot_iterator_spec, "Iterator", NULL) : NULL;
    state->array_kernel_type =
        state->iterator_type ? add_type(module, &aot_array_kernel_spec, "ArrayKernelBase", NULL) : NULL;
    if (state->array_kernel_type == NULL || aot_dtype_make_all(state) < 0 || add_operators(module, state) < 0 ||
        aot_add_methods(state) < 0 || aot_add_tape(module, state) < 0 || aot_add_states(module) < 0) {
        return -1;
    }
    PyObject *dtypes = PyTuple_New(AOT_N_DTYPES);
    for (int code = 0; dtypes != NULL && code < AOT_N_DTYPES; code++) {
        Py_INCREF(state->dtypes[code]);
        PyTuple_SetItem(dtypes, code, state->dtypes[code]);
    }
    int failed = dtypes == NULL || PyModule_AddObjectRef(module, "dtypes", dtypes) < 0 ||
                 PyModule_AddIntConstant(module, "kernel_version", AOTOPS_KERNEL_VERSION) < 0 ||
                 PyModule_AddStringConstant(module, "library_capsule", AOT_LIBRARY_CAPSULE) < 0 ||
                 PyModule_AddIntConstant(module, "array_kernel_version", AOTOPS_ARRAY_KERNEL_VERSION) < 0 ||
                 PyModule_AddStringConstant(module, "array_capsule", AOT_ARRAY_CAPSULE) < 0 ||
                 PyModule_AddIntConstant(module, "max_rank", AOT_MAX_RANK) < 0;
    Py_XDECREF(dtypes);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "aotops._native",
    .m_doc = "The native half of aotops; everything public is in the package itself.",
    .m_size = sizeof(aot_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    /* There is no m_traverse and no m_clear: the collector must not clear what the state refers to (through its types,
     * the module too). Every object has a pointer to the state and may be used as long as any Python code runs. */
};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&module_definition);
}
