/* Nodes: their memory, what they keep, and what tensors tell of theirs. See tape.h.
 *
 * A node is freed by a loop: the nodes that only it has kept alive wait in a list, since a chain of a million of them
 * would overflow the stack.
 */
#include "tape.h"

#include <stddef.h>
#include <string.h>

aot_node *aot_node_new(aot_state *state, enum aot_node_kind kind, PyObject *function, uint32_t inputs, uint16_t kept,
                       aot_tensor *const *results, uint32_t outputs, int ndim)
{
    size_t sizes = (size_t)ndim;
    for (uint32_t k = 0; k < outputs; k++) {
        sizes += results[k]->ndim;
    }
    size_t bytes = inputs * sizeof(aot_edge) + kept * sizeof(aot_kept) + outputs * sizeof(aot_result) +
                   sizes * sizeof(Py_ssize_t);
    aot_node *self = PyObject_Malloc(sizeof *self + bytes);
    if (self == NULL) {
        return (aot_node *)PyErr_NoMemory();
    }
    PyObject_Init((PyObject *)self, state->tape.node_type);
    self->state = state;
    self->next = NULL;
    self->kind = (uint8_t)kind;
    self->keepdims = false;
    self->is_spent = false;
    self->n_kept = kept;
    self->n_inputs = inputs;
    self->n_outputs = outputs;
    self->axes = 0;
    self->ndim = ndim;
    Py_XINCREF(function);
    self->function = function;
    self->rule = NULL;
    self->grads = NULL;
    self->inputs = (aot_edge *)(self + 1);
    self->kept = (aot_kept *)(self->inputs + inputs);
    self->results = (aot_result *)(self->kept + kept);
    self->sizes = (Py_ssize_t *)(self->results + outputs);
    memset(self->inputs, 0, inputs * sizeof *self->inputs);
    memset(self->kept, 0, kept * sizeof *self->kept);
    Py_ssize_t *shape = self->sizes + ndim;
    for (uint32_t k = 0; k < outputs; k++) {
        self->results[k] = (aot_result){results[k]->dtype, results[k]->ndim, shape};
        memcpy(shape, results[k]->shape, results[k]->ndim * sizeof *shape);
        shape += results[k]->ndim;
    }
    state->tape.nodes++;
    return self;
}

void aot_node_attach(aot_node *node, aot_tensor *tensor, uint32_t output)
{
    PyObject *before = (PyObject *)tensor->node;
    Py_INCREF((PyObject *)node);
    tensor->node = node;
    tensor->output = output;
    Py_XDECREF(before);
}

void aot_node_link(aot_node *node, uint32_t input, const aot_tensor *tensor)
{
    if (tensor != NULL && tensor->node != NULL) {
        Py_INCREF((PyObject *)tensor->node);
        node->inputs[input] = (aot_edge){tensor->node, tensor->output};
    }
}

aot_tensor *aot_alias(const aot_tensor *tensor)
{
    return aot_tensor_part(tensor, 0, tensor->ndim, tensor->shape, tensor->strides);
}

int aot_node_keep(aot_node *node, int slot, PyObject *value)
{
    const aot_tensor *tensor = aot_as_tensor(value);
    if (tensor == NULL) {
        Py_INCREF(value);
        node->kept[slot].value = value;
        return 0;
    }
    aot_tensor *alias = aot_alias(tensor);
    if (alias == NULL) {
        return -1;
    }
    alias->storage->kept++;
    node->kept[slot] = (aot_kept){(PyObject *)alias, alias->storage->writes};
    return 0;
}

/* Drops the tensors that a node has kept, and the numbers too if it is being freed. */
static void drop(aot_node *node, bool all)
{
    for (int k = 0; k < node->n_kept; k++) {
        PyObject *value = node->kept[k].value;
        const aot_tensor *tensor = value != NULL ? aot_as_tensor(value) : NULL;
        if (tensor != NULL) {
            tensor->storage->kept--;
            node->is_spent = true;
        }
        if (tensor != NULL || all) {
            node->kept[k].value = NULL;
            Py_XDECREF(value);
        }
    }
}

void aot_node_spend(aot_node *node)
{
    drop(node, false);
}

int aot_node_check(const aot_node *node)
{
    if (node->is_spent) {
        aot_raise("graph_is_spent", "(O)", node->function);
        return -1;
    }
    for (int k = 0; k < node->n_kept; k++) {
        const aot_tensor *tensor = node->kept[k].value != NULL ? aot_as_tensor(node->kept[k].value) : NULL;
        if (tensor != NULL && tensor->storage->writes != node->kept[k].writes) {
            aot_raise("written_since", "(ON)", node->function, aot_tuple_of_sizes(tensor->ndim, tensor->shape));
            return -1;
        }
    }
    return 0;
}

/* --- the type ------------------------------------------------------------------------------------ */

static void free_node(aot_node *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (uint32_t k = 0; k < self->n_inputs; k++) {
        Py_XDECREF((PyObject *)self->inputs[k].node); /* may add it to the list */
    }
    drop(self, true);
    Py_XDECREF(self->function);
    Py_XDECREF(self->rule);
    for (uint32_t k = 0; self->grads != NULL && k < self->n_outputs; k++) {
        Py_XDECREF(self->grads[k]);
    }
    PyMem_Free(self->grads);
    self->state->tape.nodes--;
    PyObject_Free(self);
    Py_DECREF((PyObject *)type);
}

static void node_dealloc(PyObject *object)
{
    aot_node *self = (aot_node *)object;
    aot_tape *tape = &self->state->tape;
    self->next = tape->dying;
    tape->dying = self;
    if (tape->is_freeing) {
        return;
    }
    tape->is_freeing = true;
    while (tape->dying != NULL) {
        self = tape->dying;
        tape->dying = self->next;
        free_node(self);
    }
    tape->is_freeing = false;
}

static PyObject *node_function(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *function = ((aot_node *)self)->function;
    function = function != NULL ? function : Py_None;
    Py_INCREF(function);
    return function;
}

/* Returns (Node, output) of each input; None for one without a gradient. */
static PyObject *node_inputs(PyObject *object, void *Py_UNUSED(closure))
{
    const aot_node *self = (const aot_node *)object;
    PyObject *inputs = PyTuple_New((Py_ssize_t)self->n_inputs);
    for (uint32_t k = 0; inputs != NULL && k < self->n_inputs; k++) {
        const aot_edge *edge = &self->inputs[k];
        PyObject *item = edge->node != NULL ? Py_BuildValue("(OI)", edge->node, edge->output) : Py_BuildValue("O", Py_None);
        if (item == NULL || PyTuple_SetItem(inputs, (Py_ssize_t)k, item) < 0) {
            Py_CLEAR(inputs);
        }
    }
    return inputs;
}

static PyObject *node_repr(PyObject *self)
{
    return aot_call("node_name", "(O)", self);
}

static PyGetSetDef node_getset[] = {
    {"function", node_function, NULL, "What was called: an operator or a function; None of a tensor that takes gradients.",
     NULL},
    {"inputs", node_inputs, NULL, "For each input its node and the number of that node's output; None without one.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot node_slots[] = {
    {Py_tp_dealloc, node_dealloc},
    {Py_tp_repr, node_repr},
    {Py_tp_getset, node_getset},
    {0, NULL},
};

PyType_Spec aot_node_spec = {
    .name = "aotops._native.Node",
    .basicsize = sizeof(aot_node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = node_slots,
};

/* --- what tensors tell --------------------------------------------------------------------------- */

static bool is_leaf(const aot_tensor *tensor)
{
    return tensor->node == NULL || tensor->node->kind == AOT_NODE_LEAF;
}

/* Returns where the gradient of a tensor with a node is stored, making room for it; NULL without memory. */
static PyObject **grad_of(const aot_tensor *tensor)
{
    aot_node *node = tensor->node;
    if (node->grads == NULL) {
        node->grads = PyMem_Calloc(node->n_outputs, sizeof *node->grads);
        if (node->grads == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
    }
    return &node->grads[tensor->output];
}

int aot_set_requires_grad(aot_tensor *tensor, bool flag)
{
    if (!is_leaf(tensor)) {
        if (!flag) {
            aot_raise("not_a_leaf", "(O)", tensor->node->function);
        }
        return flag ? 0 : -1;
    }
    if (flag == (tensor->node != NULL)) {
        return 0;
    }
    if (!flag) {
        aot_node *node = tensor->node;
        tensor->node = NULL;
        Py_DECREF((PyObject *)node);
        return 0;
    }
    if (!aot_takes_gradients(tensor)) {
        aot_raise("no_gradients_of", "(s)", aot_dtypes[tensor->dtype].name);
        return -1;
    }
    if (tensor->state->tape.call == NULL) { /* the first one: importing aotops.autograd registers it */
        PyObject *done = aot_call("start_tape", "()");
        Py_XDECREF(done);
        if (done == NULL) {
            return -1;
        }
    }
    aot_node *node = aot_node_new(tensor->state, AOT_NODE_LEAF, NULL, 0, 0, &tensor, 1, 0);
    if (node == NULL) {
        return -1;
    }
    aot_node_attach(node, tensor, 0);
    Py_DECREF((PyObject *)node);
    PyObject **grad = grad_of(tensor);
    if (grad == NULL) {
        return -1;
    }
    Py_INCREF(Py_None);
    *grad = Py_None;
    return 0;
}

PyObject *aot_tensor_requires_grad(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((aot_tensor *)self)->node != NULL);
}

int aot_tensor_set_requires_grad(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (value == NULL) {
        aot_raise("no_deletion_of", "(s)", "requires_grad");
        return -1;
    }
    int flag = aot_read_flag(value, "requires_grad", "value");
    return flag < 0 ? -1 : aot_set_requires_grad((aot_tensor *)self, flag != 0);
}

PyObject *aot_tensor_is_leaf(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(is_leaf((aot_tensor *)self));
}

PyObject *aot_tensor_grad(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_tensor *tensor = (const aot_tensor *)self;
    bool stored = tensor->node != NULL && tensor->node->grads != NULL && tensor->node->grads[tensor->output] != NULL;
    PyObject *grad = stored ? tensor->node->grads[tensor->output] : Py_None;
    Py_INCREF(grad);
    return grad;
}

/* Deletion sets it to None, as in `del x.grad`. */
int aot_tensor_set_grad(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    aot_tensor *tensor = (aot_tensor *)self;
    value = value == NULL ? Py_None : value;
    if (tensor->node == NULL) {
        if (value != Py_None) {
            aot_raise("not_tracked", "(s)", "grad");
        }
        return value != Py_None ? -1 : 0;
    }
    aot_tensor *given = value != Py_None ? aot_as_tensor(value) : NULL;
    if (value != Py_None && given == NULL) {
        aot_raise("wrong_type", "(sssO)", "grad", "value", "a Tensor or None", value);
        return -1;
    }
    if (given != NULL && (given->dtype != tensor->dtype || given->ndim != tensor->ndim ||
                          memcmp(given->shape, tensor->shape, tensor->ndim * sizeof *tensor->shape) != 0)) {
        aot_raise("wrong_gradient", "(sOO)", "grad", value, self);
        return -1;
    }
    PyObject **grad = grad_of(tensor);
    PyObject *stored = grad == NULL ? NULL : given != NULL && given->node != NULL ? (PyObject *)aot_alias(given) : value;
    if (stored == NULL) {
        return -1;
    }
    if (stored == value) {
        Py_INCREF(stored);
    }
    PyObject *before = *grad;
    *grad = stored;
    Py_XDECREF(before);
    return 0;
}

PyObject *aot_tensor_grad_fn(PyObject *self, void *Py_UNUSED(closure))
{
    const aot_tensor *tensor = (const aot_tensor *)self;
    PyObject *node = is_leaf(tensor) ? Py_None : (PyObject *)tensor->node;
    Py_INCREF(node);
    return node;
}
