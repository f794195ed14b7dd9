/* Taking reductions apart, for data of which no process has all: what is known of each part, which is combined elsewhere
 * and finished at the end. In Python:
 *
 *     def fold_states(operator, variant, inputs, axes):    # tensors of the variant's dtypes; axes in a bit mask
 *         return the numbers of the states that the reduction makes of them, with the axes of length 1
 *     def combine_states(operator, variant, a, b):         # also of scans: two results, or the numbers of two states
 *         return combine(a, b)                             # broadcast, as an elementwise operator
 *     def finish_states(operator, variant, states):
 *         return finish(*states)
 *
 * `variant` is the number of a signature, as in operator.dtypes. Dtypes are not cast: the caller sees to them.
 */
#include "native.h"

#include <string.h>

typedef struct {
    const aot_operator_object *operator;
    const aot_variant *variant;
    int numbers;             /* of a state; 1 where results are combined themselves */
    const uint8_t *dtypes;   /* of these numbers */
} parts;

/* Reads an operator and the number of one of its signatures; -1 with an exception for an operator without them. */
static int read_parts(PyObject *object, int variant, const char *function, bool wants_states, parts *read)
{
    const aot_operator_object *operator = (const aot_operator_object *)object; /* loaded by runs_as_python */
    const aot_operator *definition = operator->definition;
    bool folds = definition->kind == AOT_REDUCE || definition->kind == AOT_SCAN;
    if (!folds || (wants_states && (definition->states == 0 || definition->kind == AOT_SCAN))) {
        aot_raise("wrong_type", "(sssO)", function, "operator",
                  wants_states ? "a compiled reduction with a state" : "a compiled reduction or scan", object);
        return -1;
    }
    if (variant < 0 || variant >= definition->n_variants) {
        aot_raise("out_of_range", "(ssiii)", function, "variant", 0, definition->n_variants - 1, variant);
        return -1;
    }
    *read = (parts){.operator = operator, .variant = &definition->variants[variant]};
    read->numbers = definition->states > 0 ? definition->states : 1;
    read->dtypes = read->variant->dtypes + definition->inputs + (definition->states > 0 ? 1 : 0);
    return 0;
}

/* Reads a tuple of tensors with these dtypes; -1 with an exception for anything else. */
static int read_tensors(PyObject *tuple, int count, const uint8_t *dtypes, const char *function, const char *argument,
                        aot_tensor **tensors)
{
    bool valid = PyTuple_Size(tuple) == count;
    for (int k = 0; valid && k < count; k++) {
        tensors[k] = aot_as_tensor(PyTuple_GetItem(tuple, k));
        valid = tensors[k] != NULL && tensors[k]->dtype == dtypes[k];
    }
    if (!valid) {
        aot_raise("wrong_type", "(sssO)", function, argument, "a tuple of tensors with the dtypes of the signature", tuple);
    }
    return valid ? 0 : -1;
}

/* Raises ValueError for the shapes of tensors; returns -1. */
static int wrong_shapes(aot_tensor *const *tensors, int count, const char *function, const char *wanted)
{
    PyObject *shapes = aot_shapes_of(tensors, count);
    if (shapes != NULL) {
        aot_raise("wrong_value", "(sssN)", function, "the tensors", wanted, shapes);
    }
    return -1;
}

/* Returns the rank that tensors broadcast to, or -1 with an exception. */
static int broadcast(aot_tensor *const *tensors, int count, const char *function, Py_ssize_t *shape)
{
    int ndim = aot_common_shape(tensors, count, shape);
    if (ndim < 0) {
        return wrong_shapes(tensors, count, function, "of shapes that broadcast together");
    }
    Py_ssize_t left = PY_SSIZE_T_MAX;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] > 0 && (left /= shape[axis]) == 0) {
            return wrong_shapes(tensors, count, function, "of fewer than 2**63 elements together");
        }
    }
    return ndim;
}

/* Makes tensors of a shape in a tuple, new, and their views. */
static PyObject *new_tensors(aot_state *state, int count, const uint8_t *dtypes, int ndim, const Py_ssize_t *shape,
                             const char *function, aot_view *views)
{
    PyObject *tuple = PyTuple_New(count);
    for (int k = 0; tuple != NULL && k < count; k++) {
        aot_tensor *tensor = aot_tensor_new(state, dtypes[k], ndim, shape, function);
        if (tensor == NULL) {
            Py_CLEAR(tuple);
            break;
        }
        views[k] = (aot_view){tensor->data, tensor->strides, tensor->dtype};
        PyTuple_SetItem(tuple, k, (PyObject *)tensor);
    }
    return tuple;
}

/* Runs an elementwise kernel on tensors that broadcast; returns its outputs in a tuple. */
static PyObject *launch(const parts *of, const aot_kernel *kernels, aot_tensor *const *inputs, int count,
                        const uint8_t *dtypes, int outputs, const char *function)
{
    Py_ssize_t shape[AOT_MAX_RANK], strides[2 * AOT_MAX_STATES][AOT_MAX_RANK];
    aot_view views[AOT_MAX_OPERANDS];
    int ndim = broadcast(inputs, count, function, shape);
    if (ndim < 0) {
        return NULL;
    }
    for (int k = 0; k < count; k++) {
        aot_broadcast_strides(inputs[k], ndim, shape, strides[k]);
        views[k] = (aot_view){inputs[k]->data, strides[k], inputs[k]->dtype};
    }
    aot_state *state = of->operator->state;
    PyObject *results = new_tensors(state, outputs, dtypes + count, ndim, shape, function, views + count);
    if (results != NULL &&
        aot_launch(state, of->operator, kernels, dtypes, count, outputs, views, ndim, shape) < 0) {
        Py_CLEAR(results);
    }
    return results;
}

/* Whether an operator runs as plain Python (AOTOPS_PYTHON=1): aotops.user.plain_python then does the same without
 * kernels. -1 with an exception if it cannot be loaded. */
static int runs_as_python(PyObject *object)
{
    aot_operator_object *operator = (aot_operator_object *)object;
    if (operator->unbound && aot_load(operator) < 0) {
        return -1;
    }
    return operator->fallback != NULL;
}

static PyObject *native_combine_states(PyObject *module, PyObject *args)
{
    static const char *const name = "combine_states";
    aot_state *state = PyModule_GetState(module);
    PyObject *operator, *a, *b;
    int variant;
    parts of;
    aot_tensor *inputs[2 * AOT_MAX_STATES];
    uint8_t dtypes[3 * AOT_MAX_STATES];
    int plain;
    if (!PyArg_ParseTuple(args, "O!iO!O!:combine_states", state->operator_type, &operator, &variant, &PyTuple_Type, &a,
                          &PyTuple_Type, &b) ||
        (plain = runs_as_python(operator)) < 0) {
        return NULL;
    }
    if (plain) {
        return aot_call("plain_combined", "(OiOO)", operator, variant, a, b);
    }
    if (read_parts(operator, variant, name, false, &of) < 0 ||
        read_tensors(a, of.numbers, of.dtypes, name, "a", inputs) < 0 ||
        read_tensors(b, of.numbers, of.dtypes, name, "b", inputs + of.numbers) < 0) {
        return NULL;
    }
    for (int k = 0; k < 3; k++) {
        memcpy(dtypes + k * of.numbers, of.dtypes, (size_t)of.numbers);
    }
    return launch(&of, of.variant->combine, inputs, 2 * of.numbers, dtypes, of.numbers, name);
}

static PyObject *native_finish_states(PyObject *module, PyObject *args)
{
    static const char *const name = "finish_states";
    aot_state *state = PyModule_GetState(module);
    PyObject *operator, *states, *result = NULL;
    int variant;
    parts of;
    aot_tensor *inputs[AOT_MAX_STATES];
    uint8_t dtypes[AOT_MAX_STATES + 1];
    int plain;
    if (!PyArg_ParseTuple(args, "O!iO!:finish_states", state->operator_type, &operator, &variant, &PyTuple_Type,
                          &states) ||
        (plain = runs_as_python(operator)) < 0) {
        return NULL;
    }
    if (plain) {
        return aot_call("plain_finished", "(OiO)", operator, variant, states);
    }
    if (read_parts(operator, variant, name, true, &of) < 0 ||
        read_tensors(states, of.numbers, of.dtypes, name, "states", inputs) < 0) {
        return NULL;
    }
    memcpy(dtypes, of.dtypes, (size_t)of.numbers);
    dtypes[of.numbers] = of.dtypes[-1]; /* that of the result stands before those of the state */
    PyObject *results = launch(&of, of.variant->finish, inputs, of.numbers, dtypes, 1, name);
    if (results != NULL) {
        result = Py_NewRef(PyTuple_GetItem(results, 0));
    }
    Py_XDECREF(results);
    return result;
}

/* Writes the state of no elements into tensors. Returns -1 with an exception if there is no memory for that. */
static int fill_identity(const parts *of, PyObject *states)
{
    for (int k = 0; k < of->numbers; k++) {
        aot_element number = of->variant->constants[AOT_CONSTANT_DEFAULTS + k];
        if (aot_fill(aot_as_tensor(PyTuple_GetItem(states, k)), number, of->dtypes[k]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Folds inputs of a shape into states; `out` lends them its strides. */
static int fold(const parts *of, aot_tensor *const *inputs, int ndim, const Py_ssize_t *shape, uint32_t mask,
                const aot_tensor *out, const aot_view *states)
{
    int count = of->operator->definition->inputs;
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    aot_view views[AOT_MAX_OPERANDS];
    char *data[AOT_MAX_STATES];
    for (int k = 0; k < count; k++) {
        aot_broadcast_strides(inputs[k], ndim, shape, strides[k]);
        views[k] = (aot_view){inputs[k]->data, strides[k], inputs[k]->dtype};
    }
    for (int axis = 0; axis < ndim; axis++) {
        strides[count][axis] = mask >> axis & 1 ? 0 : out->strides[axis];
    }
    views[count] = (aot_view){out->data, strides[count], out->dtype};
    for (int k = 0; k < of->numbers; k++) {
        data[k] = states[k].data;
    }
    return aot_fold(of->operator, of->variant, views, ndim, shape, data);
}

static PyObject *native_fold_states(PyObject *module, PyObject *args)
{
    static const char *const name = "fold_states";
    aot_state *state = PyModule_GetState(module);
    PyObject *operator, *tuple;
    int variant;
    unsigned mask;
    parts of;
    aot_tensor *inputs[AOT_MAX_OPERANDS];
    aot_view views[AOT_MAX_STATES];
    Py_ssize_t shape[AOT_MAX_RANK], folded[AOT_MAX_RANK];
    int plain;
    if (!PyArg_ParseTuple(args, "O!iO!I:fold_states", state->operator_type, &operator, &variant, &PyTuple_Type, &tuple,
                          &mask) ||
        (plain = runs_as_python(operator)) < 0) {
        return NULL;
    }
    if (plain) {
        return aot_call("plain_states", "(OOI)", operator, tuple, mask);
    }
    if (read_parts(operator, variant, name, true, &of) < 0 ||
        read_tensors(tuple, of.operator->definition->inputs, of.variant->dtypes, name, "inputs", inputs) < 0) {
        return NULL;
    }
    int ndim = broadcast(inputs, of.operator->definition->inputs, name, shape);
    if (ndim < 0) {
        return NULL;
    }
    bool is_empty = false;
    for (int axis = 0; axis < ndim; axis++) {
        folded[axis] = mask >> axis & 1 ? 1 : shape[axis];
        is_empty = is_empty || shape[axis] == 0;
    }
    PyObject *states = new_tensors(state, of.numbers, of.dtypes, ndim, folded, name, views);
    /* no result is written to it */
    aot_tensor *out = states != NULL ? aot_tensor_new(state, of.dtypes[-1], ndim, folded, name) : NULL;
    int failed = out == NULL  ? -1
                 : is_empty ? fill_identity(&of, states)
                            : fold(&of, inputs, ndim, shape, mask, out, views);
    if (failed < 0) {
        Py_CLEAR(states);
    }
    Py_XDECREF((PyObject *)out);
    return states;
}

static PyMethodDef methods[] = {
    {"fold_states", native_fold_states, METH_VARARGS,
     "fold_states(operator, variant, inputs, axes): the states that a reduction makes of tensors."},
    {"combine_states", native_combine_states, METH_VARARGS,
     "combine_states(operator, variant, a, b): two states, or two results, of a reduction or a scan combined."},
    {"finish_states", native_finish_states, METH_VARARGS,
     "finish_states(operator, variant, states): the results of states."},
    {NULL, NULL, 0, NULL},
};

int aot_add_states(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
