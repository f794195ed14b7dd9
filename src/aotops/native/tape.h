/* Gradients: the nodes that tracked tensors point to, how calls are recorded, and how gradients flow back.
 *
 * A tensor that takes part has a pointer to its node, and the number of the node's output that it is. A node points to
 * the nodes of its inputs, never to a tensor that has a node: there are no cycles, so that reference counts free a graph
 * at once. What a formula reads is kept as aliases: tensors on the same storage without a node, together with the number
 * of writes to the storage so far, which backward compares. In Python:
 *
 *     class Node:
 *         kind, function               # what was called
 *         inputs: list[(Node, output) | None]
 *         kept: list[(Tensor without a node, writes)]
 *         results: list[(dtype, shape)]
 *
 *     def apply(operator, *inputs):                    # and likewise for all other calls
 *         if nodes == 0 or not recording or no input is tracked: return plain_apply(operator, *inputs)
 *         result = plain_apply(operator, *inputs)
 *         result.node = Node(operator, [x.node for x in inputs], what operator.derivative reads)
 *
 * Python's part is aotops.autograd: it is called for every function without a kind of node here.
 */
#ifndef AOTOPS_TAPE_H
#define AOTOPS_TAPE_H

#include "native.h"

enum aot_node_kind {
    AOT_NODE_LEAF,        /* takes the gradient itself */
    AOT_NODE_ELEMENTWISE, /* an operator with a derivative */
    AOT_NODE_FOLD,        /* a reduction with a derivative for each element */
    AOT_NODE_SPREAD,      /* a sum or a mean: the gradient is repeated */
    AOT_NODE_PASS,        /* a copy: the gradient itself, in the input's dtype */
    AOT_NODE_RESHAPED,
    AOT_NODE_PERMUTED,
    AOT_NODE_SELECTED,    /* x[key] */
    AOT_NODE_ASSIGNED,    /* x[key] = value: the inputs are x before, and the value */
    AOT_NODE_PRODUCT,     /* of matrices */
    AOT_NODE_RULE,        /* a function of Python */
    AOT_NODE_UNKNOWN,     /* no derivative: an error, if a gradient arrives */
};

typedef struct {
    aot_node *node; /* owned; NULL: not tracked */
    uint32_t output;
} aot_edge;

typedef struct {
    PyObject *value; /* owned: a tensor without a node, or a Python number; NULL: nothing */
    uint64_t writes; /* to the tensor's storage when it was kept */
} aot_kept;

typedef struct {
    uint8_t dtype, ndim;
    Py_ssize_t *shape;
} aot_result;

struct aot_node {
    PyObject_HEAD
    aot_state *state;
    aot_node *next; /* in the list of dying nodes */
    uint8_t kind;
    bool keepdims;    /* of a reduction */
    bool is_spent;    /* what it kept has been dropped */
    uint16_t n_kept;
    uint32_t n_inputs, n_outputs;
    uint32_t axes;    /* of a reduction: those that fold, as a bit mask */
    int ndim;         /* of a reduction: of `sizes`, the shape that it folds; of a permutation: of its order */
    PyObject *function; /* what was called, for messages */
    PyObject *rule;   /* the operator of the derivative, the key of an index, the count of a mean, Python's pull; or NULL */
    PyObject **grads; /* of the outputs that keep theirs: NULL: it is not kept, None: none yet; NULL: of none */
    aot_edge *inputs;
    aot_kept *kept;
    aot_result *results;
    Py_ssize_t *sizes;
};

/* node.c */
extern PyType_Spec aot_node_spec;
/* Returns a new node that has no inputs yet and keeps nothing, with room for so many; `results` tells dtype and shape of
 * each output. */
aot_node *aot_node_new(aot_state *state, enum aot_node_kind kind, PyObject *function, uint32_t inputs, uint16_t kept,
                       aot_tensor *const *results, uint32_t outputs, int ndim);
/* Makes a tensor an output of a node. */
void aot_node_attach(aot_node *node, aot_tensor *tensor, uint32_t output);
/* Makes an input of a node of a tensor's node, if it has one. */
void aot_node_link(aot_node *node, uint32_t input, const aot_tensor *tensor);
/* Keeps an alias of a tensor, or a number; -1 with an exception. */
int aot_node_keep(aot_node *node, int slot, PyObject *value);
/* Drops what a node has kept. */
void aot_node_spend(aot_node *node);
/* Raises a GradientError if something that was kept has been written to since, or has been dropped. */
int aot_node_check(const aot_node *node);
/* Returns a view of all elements of a tensor that has no node. */
aot_tensor *aot_alias(const aot_tensor *tensor);
/* Makes a leaf of a tensor, or an untracked one: x.requires_grad = flag. */
int aot_set_requires_grad(aot_tensor *tensor, bool flag);
PyObject *aot_tensor_requires_grad(PyObject *self, void *closure);
int aot_tensor_set_requires_grad(PyObject *self, PyObject *value, void *closure);
PyObject *aot_tensor_is_leaf(PyObject *self, void *closure);
PyObject *aot_tensor_grad(PyObject *self, void *closure);
int aot_tensor_set_grad(PyObject *self, PyObject *value, void *closure);
PyObject *aot_tensor_grad_fn(PyObject *self, void *closure);

/* tape.c: recording */
/* Whether calls of this thread are recorded; sets it, and returns what it was. */
bool aot_is_recording(void);
bool aot_set_recording(bool flag);
/* Returns an object's tensor if it is tracked, borrowed, or NULL. */
static inline aot_tensor *aot_tracked(const aot_state *state, PyObject *object)
{
    aot_tensor *tensor = object == NULL ? NULL : Py_TYPE(object) == state->tensor_type ? (aot_tensor *)object : aot_as_tensor(object);
    return tensor != NULL && tensor->node != NULL ? tensor : NULL;
}
/* Returns whether a tensor, which may be NULL, is of floats or of complex numbers. */
static inline bool aot_takes_gradients(const aot_tensor *tensor)
{
    return tensor != NULL &&
           (aot_dtypes[tensor->dtype].kind == AOT_KIND_REAL || aot_dtypes[tensor->dtype].kind == AOT_KIND_COMPLEX);
}
/* Returns whether a call with these arguments, some of which may be NULL, is recorded; with elements of lists and tuples
 * among them as well. */
bool aot_is_recorded(const aot_state *state, PyObject *const *args, Py_ssize_t count);
bool aot_is_recorded_in(const aot_state *state, PyObject *args, PyObject *kwargs);
bool aot_is_recorded_in_lists(const aot_state *state, PyObject *const *args, Py_ssize_t count);
/* Calls Python for a function that Python records; `names` are those of the last arguments, or NULL. */
PyObject *aot_record_in_python(aot_state *state, PyObject *function, PyObject *args, PyObject *kwargs);
PyObject *aot_record_apply(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out, bool in_place);
/* Returns whether aot_record_fold records a call of a reduction, which Python does otherwise; -1 with an exception. */
int aot_records_fold(const aot_operator_object *operator, PyObject *const *inputs, PyObject *out);
/* Makes a new reduction's result an output of a node. Takes over `result`. */
PyObject *aot_record_fold(const aot_operator_object *operator, PyObject *const *inputs, uint32_t axes, bool keepdims,
                          PyObject *result);
/* The same for views and copies of a tensor, whose kind has no more to it; `result` may be the tensor itself. */
PyObject *aot_record_view(const aot_tensor *x, enum aot_node_kind kind, PyObject *function, PyObject *result);
PyObject *aot_record_permuted(const aot_tensor *x, const int *order, PyObject *function, PyObject *result);
PyObject *aot_record_selected(const aot_tensor *x, PyObject *key, PyObject *result);
/* x[key], and x[key] = value, where the key is one of positions or a mask. */
PyObject *aot_record_item(PyObject *x, PyObject *key);
int aot_record_assigned_in_python(PyObject *x, PyObject *key, PyObject *value);
PyObject *aot_record_function(const aot_function *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *aot_record_product(PyObject *x1, PyObject *x2);
/* Checks that a tensor's elements may be replaced by others that have a gradient: it is no leaf, and nobody else has a
 * view of them. */
int aot_check_recorded_write(const aot_tensor *tensor, const char *function);
/* Makes a tensor that has been written to by x[key] = value an output of a new node. */
int aot_record_assigned(aot_tensor *x, PyObject *key, PyObject *value);
/* For Python: record(function, results, inputs, saved, pull). */
PyObject *aot_record_call(aot_state *state, PyObject *args);

/* The operator of an operator's derivative, borrowed; NULL without an exception if it has none. */
const aot_operator_object *aot_derivative_of(aot_operator_object *operator);

/* pull.c */
/* Computes the gradients by a node's inputs, new references; NULL for those without one, and where no gradient flows. */
int aot_pull(const aot_node *node, PyObject *const *gradients, PyObject **found);

/* backward.c */
/* For Python: backward(outputs, gradients, retain_graph, inputs): adds to the leaves' gradients, or if inputs is not
 * None, returns those by its tensors. */
PyObject *aot_backward(aot_state *state, PyObject *args);

/* tape_methods.c: adds all of this to the module. */
int aot_add_tape(PyObject *module, aot_state *state);

#endif
