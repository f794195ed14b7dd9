/* The gradients by the inputs of one node, from those by its outputs. In Python:
 *
 *     def pull(node, gradient):
 *         elementwise: node.operator.derivative(*inputs, result, gradient)
 *         a reduction: the same of each element, with the result and the gradient repeated along the axes that folded
 *         a sum: the gradient, repeated; a copy: the gradient; a view: the gradient in the shape and order of the input
 *         x[key]: zeros, with the gradient at the key
 *         a function of Python: node.pull(gradient, kept)
 *
 * A gradient may have other axes and another dtype than the input: backward.c sums and casts it. Nothing is recorded here.
 */
#include "tape.h"

#include <string.h>

/* Returns whether an input of a node takes a gradient. */
static bool is_wanted(const aot_node *node, uint32_t input)
{
    return node->inputs[input].node != NULL;
}

/* Returns the dtype and shape of an input that takes a gradient. */
static const aot_result *input_of(const aot_node *node, uint32_t input)
{
    return &node->inputs[input].node->results[node->inputs[input].output];
}

static PyObject *referenced(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

/* --- derivatives --------------------------------------------------------------------------------- */

/* Calls an operator, which may not be bound yet. */
static PyObject *call_operator(const aot_operator_object *operator, PyObject *const *objects)
{
    if (!operator->unbound && operator->fallback == NULL) {
        return aot_apply_plain(operator, objects, NULL, false);
    }
    int count = operator->definition->inputs;
    PyObject *args = PyTuple_New(count);
    for (int k = 0; args != NULL && k < count; k++) {
        PyTuple_SetItem(args, k, referenced(objects[k] != NULL ? objects[k] : Py_None));
    }
    PyObject *result = args != NULL ? PyObject_Call((PyObject *)operator, args, NULL) : NULL;
    Py_XDECREF(args);
    return result;
}

/* Returns what to pass for inputs that a formula does not read, borrowed: what it reads instead, in the shape and dtype of
 * the gradient, so that the row's strides are those of a loop in vectors; a number has the stride 0, as the gradient
 * behind a sum has, and only one of them may: 100,000 products took 8 times as long. */
static PyObject *unread(const aot_node *node, unsigned reads, int count, PyObject *y, PyObject *g)
{
    const aot_tensor *like = (const aot_tensor *)g;
    for (int k = 0; k <= count; k++) {
        PyObject *object = !(reads >> k & 1) ? NULL : k < count ? node->kept[k].value : y;
        const aot_tensor *own = object != NULL ? aot_as_tensor(object) : NULL;
        if (own != NULL && own->dtype == like->dtype && own->ndim == like->ndim &&
            memcmp(own->shape, like->shape, (size_t)own->ndim * sizeof *own->shape) == 0) {
            return object;
        }
    }
    return Py_False;
}

/* Computes the derivative of an operator from what the node has kept of its inputs and its result, and stores the
 * gradients. `y` and `g` are those to pass; y may be NULL if the formula does not read it. */
static int derive(const aot_node *node, PyObject *y, PyObject *g, PyObject **found)
{
    const aot_operator_object *derivative = (const aot_operator_object *)node->rule;
    const aot_operator *definition = ((const aot_operator_object *)node->function)->definition;
    unsigned reads = derivative->definition->reads, passes = derivative->definition->passes;
    int count = definition->inputs, output = 0;
    bool all_pass = true;
    for (int k = 0; k < count; k++) {
        bool differs = definition->fixed[k] != AOT_NO_DTYPE;
        all_pass = all_pass && (differs || !is_wanted(node, (uint32_t)k) || passes >> output & 1);
        output += !differs;
    }
    if (all_pass) {
        for (int k = 0; k < count; k++) {
            found[k] = is_wanted(node, (uint32_t)k) ? referenced(g) : NULL;
        }
        return 0;
    }
    PyObject *objects[AOT_MAX_OPERANDS], *any = unread(node, reads, count, y, g);
    for (int k = 0; k < count; k++) {
        objects[k] = reads >> k & 1 ? node->kept[k].value : definition->fixed[k] == AOT_NO_DTYPE ? any : Py_False;
    }
    objects[count] = reads >> count & 1 ? y : any;
    objects[count + 1] = g;
    for (int k = 0; k < count + 2; k++) {
        Py_XINCREF(objects[k]); /* another thread may spend the node */
    }
    PyObject *result = call_operator(derivative, objects);
    for (int k = 0; k < count + 2; k++) {
        Py_XDECREF(objects[k]);
    }
    if (result == NULL) {
        return -1;
    }
    output = 0;
    for (int k = 0; k < count; k++) {
        if (definition->fixed[k] != AOT_NO_DTYPE) {
            continue;
        }
        if (is_wanted(node, (uint32_t)k) && result != Py_None) { /* None where a call is explained */
            found[k] = referenced(PyTuple_Check(result) ? PyTuple_GetItem(result, output) : result);
        }
        output++;
    }
    Py_DECREF(result);
    return 0;
}

/* Returns a view of a reduction's result, or of the gradient by it, repeated along the axes that were folded. */
static PyObject *repeated(const aot_node *node, PyObject *object)
{
    const aot_tensor *tensor = (const aot_tensor *)object;
    Py_ssize_t strides[AOT_MAX_RANK];
    int own = 0;
    for (int axis = 0; axis < node->ndim; axis++) {
        bool folds = node->axes >> axis & 1;
        strides[axis] = folds ? 0 : tensor->strides[own];
        own += !folds || node->keepdims;
    }
    return (PyObject *)aot_tensor_part(tensor, 0, node->ndim, node->sizes, strides);
}

static int pull_fold(const aot_node *node, PyObject *gradient, PyObject **found)
{
    int count = ((const aot_operator_object *)node->function)->definition->inputs;
    PyObject *result = node->kept[count].value;
    PyObject *y = result != NULL ? repeated(node, result) : NULL, *g = repeated(node, gradient);
    int failed = g == NULL || (result != NULL && y == NULL) ? -1 : derive(node, y, g, found);
    Py_XDECREF(y);
    Py_XDECREF(g);
    return failed;
}

static int pull_spread(const aot_node *node, PyObject *gradient, PyObject **found)
{
    PyObject *share = gradient, *inputs[] = {gradient, node->rule};
    if (node->rule != NULL) { /* of a mean */
        const aot_operator_object *divide = (const aot_operator_object *)node->state->slots[AOT_SLOT_TRUE_DIVIDE];
        share = aot_apply_plain(divide, inputs, NULL, false);
    }
    found[0] = share != NULL ? repeated(node, share) : NULL;
    if (share != gradient) {
        Py_XDECREF(share);
    }
    return found[0] != NULL ? 0 : -1;
}

/* --- views --------------------------------------------------------------------------------------- */

static aot_tensor *zeros(aot_state *state, const aot_result *like)
{
    static const aot_element zero = {{0}};
    aot_tensor *made = aot_tensor_new(state, like->dtype, like->ndim, like->shape, "backward");
    if (made != NULL && aot_fill(made, zero, made->dtype) < 0) {
        Py_CLEAR(made);
    }
    return made;
}

static int pull_permuted(const aot_node *node, PyObject *gradient, PyObject **found)
{
    int order[AOT_MAX_RANK];
    for (int axis = 0; axis < node->ndim; axis++) {
        order[node->sizes[axis]] = axis;
    }
    found[0] = (PyObject *)aot_permuted((const aot_tensor *)gradient, order);
    return found[0] != NULL ? 0 : -1;
}

static int pull_reshaped(const aot_node *node, PyObject *gradient, PyObject **found)
{
    const aot_result *input = input_of(node, 0);
    found[0] = (PyObject *)aot_reshaped((aot_tensor *)gradient, input->ndim, input->shape, AOT_COPY_IF_NEEDED, "backward");
    return found[0] != NULL ? 0 : -1;
}

static int pull_selected(const aot_node *node, PyObject *gradient, PyObject **found)
{
    found[0] = (PyObject *)zeros(node->state, input_of(node, 0));
    return found[0] != NULL ? aot_assign_subscript(found[0], node->rule, gradient) : -1;
}

static int pull_assigned(const aot_node *node, PyObject *gradient, PyObject **found)
{
    const aot_tensor *whole = (const aot_tensor *)gradient;
    if (is_wanted(node, 1)) {
        found[1] = aot_subscript(gradient, node->rule);
        if (found[1] == NULL) {
            return -1;
        }
    }
    if (is_wanted(node, 0)) {
        found[0] = (PyObject *)aot_astype((aot_tensor *)gradient, whole->dtype, true, "backward");
        return found[0] != NULL ? aot_assign_subscript(found[0], node->rule, Py_False) : -1;
    }
    return 0;
}

/* --- products ------------------------------------------------------------------------------------ */

static int pull_product(const aot_node *node, PyObject *gradient, PyObject **found)
{
    for (uint32_t k = 0; k < 2; k++) {
        if (!is_wanted(node, k)) {
            continue;
        }
        PyObject *other = (PyObject *)aot_transposed((const aot_tensor *)node->kept[1 - k].value);
        if (other != NULL) {
            found[k] = PyObject_CallFunctionObjArgs(node->state->tape.matmul, k == 0 ? gradient : other,
                                                    k == 0 ? other : gradient, NULL);
            Py_DECREF(other);
        }
        if (found[k] == NULL) {
            return -1;
        }
    }
    return 0;
}

/* --- functions of Python ------------------------------------------------------------------------- */

/* Stores what Python's pull has returned: for each input a gradient, None, or a function that computes it. */
static int take_returned(const aot_node *node, PyObject *returned, PyObject **found)
{
    if (!PyTuple_Check(returned) || PyTuple_Size(returned) != (Py_ssize_t)node->n_inputs) {
        aot_raise("wrong_gradients", "(OIO)", node->function, node->n_inputs, returned);
        return -1;
    }
    for (uint32_t k = 0; k < node->n_inputs; k++) {
        PyObject *item = PyTuple_GetItem(returned, (Py_ssize_t)k);
        if (!is_wanted(node, k) || item == Py_None) {
            continue;
        }
        PyObject *made = aot_as_tensor(item) != NULL ? referenced(item) : PyObject_CallFunctionObjArgs(item, NULL);
        if (made == Py_None) {
            Py_CLEAR(made);
            continue;
        }
        if (made == NULL || aot_as_tensor(made) == NULL) {
            if (made != NULL) {
                aot_raise("wrong_gradients", "(OIO)", node->function, node->n_inputs, returned);
            }
            Py_XDECREF(made);
            return -1;
        }
        found[k] = made;
    }
    return 0;
}

static int pull_rule(const aot_node *node, PyObject *const *gradients, PyObject **found)
{
    PyObject *saved = PyTuple_New(node->n_kept), *given = NULL;
    for (int k = 0; saved != NULL && k < node->n_kept; k++) {
        PyTuple_SetItem(saved, k, referenced(node->kept[k].value));
    }
    if (node->n_outputs == 1) {
        given = referenced(gradients[0]);
    } else {
        given = PyTuple_New((Py_ssize_t)node->n_outputs);
        for (uint32_t k = 0; given != NULL && k < node->n_outputs; k++) {
            PyTuple_SetItem(given, (Py_ssize_t)k, referenced(gradients[k] != NULL ? gradients[k] : Py_None));
        }
    }
    PyObject *returned =
        saved != NULL && given != NULL ? PyObject_CallFunctionObjArgs(node->rule, given, saved, NULL) : NULL;
    int failed = returned != NULL ? take_returned(node, returned, found) : -1;
    Py_XDECREF(returned);
    Py_XDECREF(saved);
    Py_XDECREF(given);
    return failed;
}

/* Returns whether a result or a tracked input of a node is of complex numbers. */
static bool has_complex(const aot_node *node)
{
    bool found = false;
    for (uint32_t k = 0; k < node->n_outputs; k++) {
        found = found || aot_dtypes[node->results[k].dtype].kind == AOT_KIND_COMPLEX;
    }
    for (uint32_t k = 0; k < node->n_inputs; k++) {
        found = found || (is_wanted(node, k) && aot_dtypes[input_of(node, k)->dtype].kind == AOT_KIND_COMPLEX);
    }
    return found;
}

int aot_pull(const aot_node *node, PyObject *const *gradients, PyObject **found)
{
    PyObject *gradient = gradients[0];
    if (aot_node_check(node) < 0) {
        return -1;
    }
    switch ((enum aot_node_kind)node->kind) {
    case AOT_NODE_LEAF:
        return 0;
    case AOT_NODE_ELEMENTWISE:
        return derive(node, node->kept[node->n_kept - 1].value, gradient, found);
    case AOT_NODE_FOLD:
        return pull_fold(node, gradient, found);
    case AOT_NODE_SPREAD:
        return pull_spread(node, gradient, found);
    case AOT_NODE_PASS:
        found[0] = referenced(gradient);
        return 0;
    case AOT_NODE_RESHAPED:
        return pull_reshaped(node, gradient, found);
    case AOT_NODE_PERMUTED:
        return pull_permuted(node, gradient, found);
    case AOT_NODE_SELECTED:
        return pull_selected(node, gradient, found);
    case AOT_NODE_ASSIGNED:
        return pull_assigned(node, gradient, found);
    case AOT_NODE_PRODUCT:
        return pull_product(node, gradient, found);
    case AOT_NODE_RULE:
        return pull_rule(node, gradients, found);
    case AOT_NODE_UNKNOWN:
        break;
    }
    aot_raise("no_derivative", "(OO)", node->function, has_complex(node) ? Py_True : Py_False);
    return -1;
}
