/* Recording calls: see tape.h. A recorded call runs as any other, while this thread does not record; then its result
 * becomes an output of a new node.
 */
#include "tape.h"

#include "system.h"

#include <string.h>

static AOT_THREAD_LOCAL bool is_off; /* of this thread: no_grad, or a call that is being recorded */

bool aot_is_recording(void)
{
    return !is_off;
}

bool aot_set_recording(bool flag)
{
    bool before = !is_off;
    is_off = !flag;
    return before;
}

bool aot_is_recorded(const aot_state *state, PyObject *const *args, Py_ssize_t count)
{
    for (Py_ssize_t k = 0; k < count; k++) {
        if (aot_tracked(state, args[k]) != NULL) {
            return !is_off;
        }
    }
    return false;
}

/* Returns whether an object is a tracked tensor, or a list or a tuple that holds one, at any depth that a tensor has. */
static bool holds_tracked(const aot_state *state, PyObject *object, int depth)
{
    if (object == NULL || aot_tracked(state, object) != NULL) {
        return object != NULL;
    }
    bool is_list = PyList_CheckExact(object), held = false;
    Py_ssize_t items = is_list ? PyList_Size(object) : PyTuple_Check(object) ? PyTuple_Size(object) : 0;
    for (Py_ssize_t item = 0; item < items && depth < AOT_MAX_RANK && !held; item++) {
        held = holds_tracked(state, is_list ? PyList_GetItem(object, item) : PyTuple_GetItem(object, item), depth + 1);
    }
    return held;
}

bool aot_is_recorded_in_lists(const aot_state *state, PyObject *const *args, Py_ssize_t count)
{
    for (Py_ssize_t k = 0; k < count && !is_off; k++) {
        if (holds_tracked(state, args[k], 0)) {
            return true;
        }
    }
    return false;
}

bool aot_is_recorded_in(const aot_state *state, PyObject *args, PyObject *kwargs)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    for (Py_ssize_t k = 0; k < PyTuple_Size(args); k++) {
        value = PyTuple_GetItem(args, k);
        if (aot_is_recorded_in_lists(state, &value, 1)) {
            return true;
        }
    }
    while (kwargs != NULL && PyDict_Next(kwargs, &position, &key, &value)) {
        if (aot_is_recorded_in_lists(state, &value, 1)) {
            return true;
        }
    }
    return false;
}

PyObject *aot_record_in_python(aot_state *state, PyObject *function, PyObject *args, PyObject *kwargs)
{
    if (args == NULL) {
        return NULL;
    }
    return PyObject_CallFunctionObjArgs(state->tape.call, function, args, kwargs != NULL ? kwargs : Py_None, NULL);
}

/* --- elementwise operators ----------------------------------------------------------------------- */

const aot_operator_object *aot_derivative_of(aot_operator_object *operator)
{
    if (operator->derivative == NULL) {
        PyObject *found = PyObject_GetAttrString((PyObject *)operator, "derivative");
        if (found == NULL && !PyErr_ExceptionMatches(PyExc_AttributeError)) {
            return NULL;
        }
        PyErr_Clear();
        if (found != NULL && Py_TYPE(found) == operator->state->operator_type) {
            aot_operator_object *derivative = (aot_operator_object *)found;
            if (derivative->own != NULL && derivative->own->reads == 0) { /* one declared in Python: its code tells */
                PyObject *told = aot_call("derivative_reads", "(O)", found);
                unsigned short reads, passes;
                bool valid = told != NULL && PyArg_ParseTuple(told, "HH:derivative_reads", &reads, &passes);
                Py_XDECREF(told);
                if (!valid) {
                    Py_DECREF(found);
                    return NULL;
                }
                derivative->own->reads = reads;
                derivative->own->passes = passes;
            }
            operator->derivative = found;
            return derivative;
        }
        Py_XDECREF(found); /* the decorator that declares one */
    }
    return (const aot_operator_object *)operator->derivative;
}

/* Returns the arguments of an operator as a tuple, without those that are left out at its end. */
static PyObject *as_tuple(PyObject *const *inputs, int count)
{
    while (count > 0 && inputs[count - 1] == NULL) {
        count--;
    }
    PyObject *tuple = PyTuple_New(count);
    for (int k = 0; tuple != NULL && k < count; k++) {
        PyObject *item = inputs[k] != NULL ? inputs[k] : Py_None;
        Py_INCREF(item);
        PyTuple_SetItem(tuple, k, item);
    }
    return tuple;
}

/* Calls Python for an operator that has no derivative: a rule may know more, or it is one through which no gradient
 * flows. */
static PyObject *apply_in_python(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out)
{
    PyObject *args = as_tuple(inputs, operator->definition->inputs);
    PyObject *kwargs = out != NULL ? Py_BuildValue("{sO}", "out", out) : NULL;
    PyObject *result = args == NULL || (out != NULL && kwargs == NULL)
                           ? NULL
                           : aot_record_in_python(operator->state, (PyObject *)operator, args, kwargs);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    return result;
}

/* Returns whether a derivative reads the inputs, one result and its gradient, of the inputs' dtype: of several results,
 * with the numbers of a state, and for complex results of real numbers, Python has a rule. */
static bool reads_one_result(const aot_operator_object *operator, const aot_operator_object *derivative)
{
    const aot_operator *definition = operator->definition, *own = derivative->definition;
    return !definition->returns_tuple && own->inputs == definition->inputs + 2 &&
           own->fixed[own->inputs - 1] == AOT_NO_DTYPE;
}

static bool is_complex(const aot_tensor *tensor)
{
    return tensor != NULL && aot_dtypes[tensor->dtype].kind == AOT_KIND_COMPLEX;
}

/* Returns whether there are complex numbers among operands: Python has the rules of these. */
static bool involves_complex(PyObject *const *operands, int count, PyObject *out)
{
    bool found = out != NULL && is_complex(aot_as_tensor(out));
    for (int k = 0; k < count && !found; k++) {
        found = operands[k] != NULL && (PyComplex_Check(operands[k]) || is_complex(aot_as_tensor(operands[k])));
    }
    return found;
}

/* Returns whether a call is recorded. */
static bool records(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out)
{
    const aot_state *state = operator->state;
    return state->tape.nodes != 0 &&
           (aot_is_recorded_in_lists(state, inputs, operator->definition->inputs) || aot_is_recorded(state, &out, 1));
}

PyObject *aot_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out)
{
    return records(operator, inputs, out) ? aot_record_apply(operator, inputs, out, false)
                                          : aot_apply_plain(operator, inputs, out, false);
}

PyObject *aot_apply_in_place(const aot_operator_object *operator, PyObject *const *inputs)
{
    return records(operator, inputs, NULL) ? aot_record_apply(operator, inputs, inputs[0], true)
                                           : aot_apply_plain(operator, inputs, inputs[0], true);
}

int aot_check_recorded_write(const aot_tensor *tensor, const char *function)
{
    if (!aot_takes_gradients(tensor)) {
        return 0;
    }
    if (tensor->node != NULL && tensor->node->kind == AOT_NODE_LEAF) {
        aot_raise("leaf_is_written", "(s)", function);
        return -1;
    }
    if (Py_REFCNT((PyObject *)tensor->storage) - tensor->storage->kept != 1) {
        aot_raise("view_is_written", "(s)", function);
        return -1;
    }
    return 0;
}

PyObject *aot_record_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out, bool in_place)
{
    aot_state *state = operator->state;
    operator = aot_chosen(operator, inputs);
    const aot_operator *definition = operator->definition;
    int count = definition->inputs;
    aot_tensor *target = out != NULL ? aot_as_tensor(out) : NULL;
    if (target != NULL && aot_check_recorded_write(target, definition->name) < 0) {
        return NULL;
    }
    const aot_operator_object *derivative = aot_derivative_of((aot_operator_object *)operator);
    if (derivative == NULL || !reads_one_result(operator, derivative)) {
        return PyErr_Occurred() ? NULL : apply_in_python(operator, inputs, out);
    }
    /* inputs may be lists or arrays: the formula reads them as tensors, and a list may hold tracked ones */
    PyObject *read[AOT_MAX_OPERANDS] = {NULL}, *objects[AOT_MAX_OPERANDS];
    bool failed = false;
    for (int k = 0; k < count && !failed; k++) {
        objects[k] = inputs[k];
        if (inputs[k] != NULL && aot_as_tensor(inputs[k]) == NULL && !aot_is_number(inputs[k])) {
            read[k] = (PyObject *)aot_read_operand(state, inputs[k]);
            if (read[k] == NULL && !PyErr_Occurred()) {
                read[k] = aot_call("as_operand_tensor", "(ssO)", definition->name, "each operand", inputs[k]);
            }
            objects[k] = read[k];
            failed = read[k] == NULL;
        }
    }
    if (!failed && involves_complex(objects, count, out)) {
        PyObject *result = apply_in_python(operator, objects, out);
        for (int k = 0; k < count; k++) {
            Py_XDECREF(read[k]);
        }
        return result;
    }
    bool before = aot_set_recording(false);
    unsigned reads = derivative->definition->reads;
    aot_tensor *copies[AOT_MAX_OPERANDS] = {NULL}; /* of inputs that the result is written over */
    for (int k = 0; k < count && !failed && target != NULL; k++) {
        aot_tensor *tensor = reads >> k & 1 && objects[k] != NULL ? aot_as_tensor(objects[k]) : NULL;
        if (tensor != NULL && tensor->storage == target->storage) {
            copies[k] = aot_astype(tensor, tensor->dtype, true, "backward");
            failed = copies[k] == NULL;
        }
    }
    PyObject *result = failed ? NULL : aot_apply_plain(operator, objects, out, in_place);
    aot_tensor *made = result != NULL ? aot_as_tensor(result) : NULL;
    aot_node *node = NULL;
    if (aot_takes_gradients(made)) {
        node = aot_node_new(state, AOT_NODE_ELEMENTWISE, (PyObject *)operator, (uint32_t)count, (uint16_t)(count + 1),
                            &made, 1, 0);
        failed = node == NULL;
    }
    if (node != NULL) {
        Py_INCREF((PyObject *)derivative);
        node->rule = (PyObject *)derivative;
        for (int k = 0; k < count && !failed; k++) {
            bool has_gradient = objects[k] != NULL && definition->fixed[k] == AOT_NO_DTYPE;
            aot_node_link(node, (uint32_t)k, has_gradient ? aot_tracked(state, objects[k]) : NULL);
            if (reads >> k & 1 && objects[k] != NULL) {
                failed = aot_node_keep(node, k, copies[k] != NULL ? (PyObject *)copies[k] : objects[k]) < 0;
            }
        }
        if (!failed && reads >> count & 1) {
            failed = aot_node_keep(node, count, result) < 0;
        }
        if (!failed) {
            aot_node_attach(node, made, 0);
        }
        Py_DECREF((PyObject *)node);
    }
    if (failed) {
        Py_CLEAR(result);
    }
    for (int k = 0; k < count; k++) {
        Py_XDECREF(read[k]);
        Py_XDECREF((PyObject *)copies[k]);
    }
    aot_set_recording(before);
    return result;
}

/* --- reductions ---------------------------------------------------------------------------------- */

int aot_records_fold(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out)
{
    bool here = operator->definition->kind != AOT_SCAN && out == NULL;
    for (int k = 0; k < operator->definition->inputs; k++) {
        here = here && aot_as_tensor(inputs[k]) != NULL;
    }
    if (!here || operator->definition->kind == AOT_ARGREDUCE || (PyObject *)operator == operator->state->tape.sum) {
        return here;
    }
    if (involves_complex(inputs, operator->definition->inputs, NULL)) {
        return false;
    }
    const aot_operator_object *derivative = aot_derivative_of((aot_operator_object *)operator);
    return PyErr_Occurred() ? -1 : derivative != NULL && reads_one_result(operator, derivative);
}

PyObject *aot_record_fold(const aot_operator_object *operator, PyObject *const *inputs, uint32_t axes, bool keepdims,
                          PyObject *result)
{
    aot_state *state = operator->state;
    const aot_operator *definition = operator->definition;
    aot_tensor *made = result != NULL ? aot_as_tensor(result) : NULL;
    if (!aot_takes_gradients(made)) {
        return result;
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    aot_tensor *tensors[AOT_MAX_OPERANDS];
    for (int k = 0; k < definition->inputs; k++) {
        tensors[k] = aot_as_tensor(inputs[k]);
    }
    int ndim = aot_broadcast(definition, tensors, shape);
    if (ndim < 0) {
        Py_DECREF(result);
        return NULL;
    }
    bool adds = (PyObject *)operator == state->tape.sum;
    const aot_operator_object *derivative = adds ? NULL : aot_derivative_of((aot_operator_object *)operator);
    unsigned reads = derivative != NULL ? derivative->definition->reads : 0;
    int count = definition->inputs;
    aot_node *node = aot_node_new(state, adds ? AOT_NODE_SPREAD : AOT_NODE_FOLD, (PyObject *)operator, (uint32_t)count,
                                  (uint16_t)(adds ? 0 : count + 1), &made, 1, ndim);
    bool failed = node == NULL || (!adds && derivative == NULL);
    if (node != NULL) {
        memcpy(node->sizes, shape, (size_t)ndim * sizeof *shape);
        node->axes = axes;
        node->keepdims = keepdims;
        Py_XINCREF((PyObject *)derivative);
        node->rule = (PyObject *)derivative;
        for (int k = 0; k < count && !failed; k++) {
            aot_node_link(node, (uint32_t)k, aot_tracked(state, inputs[k]));
            failed = (reads >> k & 1) && aot_node_keep(node, k, inputs[k]) < 0;
        }
        failed = failed || ((reads >> count & 1) && aot_node_keep(node, count, result) < 0);
        if (!failed) {
            aot_node_attach(node, made, 0);
        }
        Py_DECREF((PyObject *)node);
    }
    if (failed) {
        Py_CLEAR(result);
    }
    return result;
}

/* --- views --------------------------------------------------------------------------------------- */

/* Makes a result that is not the tensor itself the output of a new node with one input; returns the node, borrowed. */
static aot_node *node_of_view(const aot_tensor *x, enum aot_node_kind kind, PyObject *function, PyObject *result, int ndim)
{
    aot_tensor *made = aot_as_tensor(result);
    aot_node *node = aot_node_new(x->state, kind, function, 1, 0, &made, 1, ndim);
    if (node != NULL) {
        aot_node_link(node, 0, x);
        aot_node_attach(node, made, 0);
        Py_DECREF((PyObject *)node);
    }
    return node;
}

PyObject *aot_record_view(const aot_tensor *x, enum aot_node_kind kind, PyObject *function, PyObject *result)
{
    aot_tensor *made = result != NULL ? aot_as_tensor(result) : NULL;
    if (made == NULL || made == x || x->node == NULL || is_off) {
        return result;
    }
    if (aot_takes_gradients(made) && node_of_view(x, kind, function, result, 0) == NULL) {
        Py_CLEAR(result);
    }
    return result;
}

PyObject *aot_record_permuted(const aot_tensor *x, const int *order, PyObject *function, PyObject *result)
{
    if (result == NULL || x->node == NULL || is_off) {
        return result;
    }
    aot_node *node = node_of_view(x, AOT_NODE_PERMUTED, function, result, x->ndim);
    if (node == NULL) {
        Py_CLEAR(result);
    }
    for (int axis = 0; node != NULL && axis < x->ndim; axis++) {
        node->sizes[axis] = order[axis];
    }
    return result;
}

PyObject *aot_record_selected(const aot_tensor *x, PyObject *key, PyObject *result)
{
    if (result == NULL) {
        return NULL;
    }
    aot_node *node = node_of_view(x, AOT_NODE_SELECTED, NULL, result, 0);
    if (node == NULL) {
        Py_CLEAR(result);
    } else {
        Py_INCREF(key);
        node->rule = key;
    }
    return result;
}

int aot_record_assigned(aot_tensor *x, PyObject *key, PyObject *value)
{
    if (!aot_takes_gradients(x)) {
        return 0;
    }
    aot_node *node = aot_node_new(x->state, AOT_NODE_ASSIGNED, NULL, 2, 0, &x, 1, 0);
    if (node == NULL) {
        return -1;
    }
    Py_INCREF(key);
    node->rule = key;
    aot_node_link(node, 0, x);
    aot_node_link(node, 1, aot_tracked(x->state, value));
    aot_node_attach(node, x, 0);
    Py_DECREF((PyObject *)node);
    return 0;
}

PyObject *aot_record_item(PyObject *x, PyObject *key)
{
    const aot_state *state = ((aot_tensor *)x)->state;
    PyObject *method = PyObject_GetAttrString((PyObject *)state->tensor_type, "_select");
    PyObject *args = method != NULL ? PyTuple_Pack(2, x, key) : NULL;
    PyObject *result = aot_record_in_python(((aot_tensor *)x)->state, method, args, NULL);
    Py_XDECREF(args);
    Py_XDECREF(method);
    return result;
}

int aot_record_assigned_in_python(PyObject *x, PyObject *key, PyObject *value)
{
    PyObject *done = aot_call("recorded_assignment", "(OOO)", x, key, value);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* --- items and products ----------------------------------------------------------------------------------- */

/* Makes a product of matrices the output of a node. */
static PyObject *record_product(aot_tensor *x1, aot_tensor *x2, PyObject *result)
{
    aot_state *state = x1->state;
    aot_tensor *made = result != NULL ? aot_as_tensor(result) : NULL;
    if (!aot_takes_gradients(made)) {
        return result;
    }
    aot_node *node = aot_node_new(state, AOT_NODE_PRODUCT, state->tape.matmul, 2, 2, &made, 1, 0);
    bool failed = node == NULL;
    if (node != NULL) {
        aot_node_link(node, 0, x1);
        aot_node_link(node, 1, x2);
        failed = (x2->node != NULL && aot_node_keep(node, 0, (PyObject *)x1) < 0) ||
                 (x1->node != NULL && aot_node_keep(node, 1, (PyObject *)x2) < 0);
        if (!failed) {
            aot_node_attach(node, made, 0);
        }
        Py_DECREF((PyObject *)node);
    }
    if (failed) {
        Py_CLEAR(result);
    }
    return result;
}

PyObject *aot_record_product(PyObject *first, PyObject *second)
{
    aot_tensor *x1 = aot_as_tensor(first), *x2 = aot_as_tensor(second);
    aot_state *state = x1 != NULL ? x1->state : x2->state;
    if (x1 == NULL || x2 == NULL || x1->ndim < 2 || x2->ndim < 2 || is_complex(x1) || is_complex(x2)) {
        PyObject *args = PyTuple_Pack(2, first, second);
        PyObject *result = aot_record_in_python(state, state->tape.matmul, args, NULL);
        Py_XDECREF(args);
        return result;
    }
    bool before = aot_set_recording(false);
    PyObject *result = PyObject_CallFunctionObjArgs(state->tape.matmul, first, second, NULL);
    result = record_product(x1, x2, result);
    aot_set_recording(before);
    return result;
}

/* --- for Python ---------------------------------------------------------------------------------- */

/* record(function, results, inputs, saved, pull): makes results, a tensor or a tuple of them, outputs of one node.
 * `inputs` are tensors or None. pull(gradient, saved) returns the gradients by the inputs; None: there are none. */
PyObject *aot_record_call(aot_state *state, PyObject *args)
{
    PyObject *function, *results, *inputs, *saved, *pull;
    if (!PyArg_ParseTuple(args, "OOO!O!O:record", &function, &results, &PyTuple_Type, &inputs, &PyTuple_Type, &saved,
                          &pull)) {
        return NULL;
    }
    bool several = PyTuple_Check(results);
    Py_ssize_t outputs = several ? PyTuple_Size(results) : 1, count = PyTuple_Size(inputs), n_saved = PyTuple_Size(saved);
    aot_tensor **made = PyMem_Calloc((size_t)outputs + 1, sizeof *made);
    if (made == NULL) {
        return PyErr_NoMemory();
    }
    for (Py_ssize_t k = 0; k < outputs; k++) {
        made[k] = aot_as_tensor(several ? PyTuple_GetItem(results, k) : results);
        if (made[k] == NULL) {
            PyMem_Free(made);
            return aot_raise("wrong_type", "(sssO)", "record", "results", "tensors", results);
        }
    }
    enum aot_node_kind kind = pull == Py_None ? AOT_NODE_UNKNOWN : AOT_NODE_RULE;
    aot_node *node = n_saved > UINT16_MAX ? (aot_node *)PyErr_NoMemory()
                                          : aot_node_new(state, kind, function, (uint32_t)count, (uint16_t)n_saved, made,
                                                         (uint32_t)outputs, 0);
    bool failed = node == NULL;
    for (Py_ssize_t k = 0; !failed && k < count; k++) {
        aot_node_link(node, (uint32_t)k, aot_tracked(state, PyTuple_GetItem(inputs, k)));
    }
    for (Py_ssize_t k = 0; !failed && k < n_saved; k++) {
        failed = aot_node_keep(node, (int)k, PyTuple_GetItem(saved, k)) < 0;
    }
    if (!failed && kind == AOT_NODE_RULE) {
        Py_INCREF(pull);
        node->rule = pull;
    }
    for (Py_ssize_t k = 0; !failed && k < outputs; k++) {
        if (aot_takes_gradients(made[k])) {
            aot_node_attach(node, made[k], (uint32_t)k);
        }
    }
    Py_XDECREF((PyObject *)node);
    PyMem_Free(made);
    if (failed) {
        return NULL;
    }
    Py_INCREF(results);
    return results;
}
