/* Gradients flow back. In Python:
 *
 *     def backward(outputs, gradients):
 *         waiting = for each node that the outputs' nodes lead to: how many of its uses have no gradient yet
 *         ready = [the outputs' nodes that nothing waits for]
 *         while ready:
 *             node = ready.pop()
 *             if it is a leaf: add to its gradient
 *             for (input, gradient) in pull(node): add to the gradients of input's node; if that was the last: ready
 *
 * The order depends on the graph alone, and so do the bits of sums of gradients. There is no recursion: a graph may be as
 * deep as memory allows. A gradient that only this call holds is added to in place.
 */
#include "tape.h"

#include <string.h>

typedef struct {
    aot_node *node;      /* owned */
    Py_ssize_t waiting;  /* uses by nodes that have not been visited */
    PyObject *gradient;  /* by the node's first output: owned, or NULL */
    PyObject **others;   /* by all its outputs but the first; NULL if there are none */
} visit;

typedef struct {
    aot_state *state;
    visit *visits;
    Py_ssize_t count, room;
    Py_ssize_t *table; /* positions among the visits, by node: -1 where there is none */
    size_t places;     /* of the table, a power of two; at least twice as many as there are visits */
} walk;

/* --- the table ----------------------------------------------------------------------------------- */

static size_t place_of(const walk *self, const aot_node *node)
{
    size_t place = (size_t)(((uint64_t)(uintptr_t)node >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (self->places - 1);
    while (self->table[place] >= 0 && self->visits[self->table[place]].node != node) {
        place = (place + 1) & (self->places - 1);
    }
    return place;
}

static int grow(walk *self)
{
    Py_ssize_t room = self->room > 0 ? 4 * self->room : 64;
    size_t places = 2 * (size_t)room;
    visit *visits = PyMem_Realloc(self->visits, (size_t)room * sizeof *visits);
    if (visits == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->visits = visits;
    Py_ssize_t *table = PyMem_Malloc(places * sizeof *table);
    if (table == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyMem_Free(self->table);
    self->table = table;
    self->places = places;
    self->room = room;
    memset(table, 0xFF, places * sizeof *table); /* all -1 */
    for (Py_ssize_t k = 0; k < self->count; k++) {
        table[place_of(self, visits[k].node)] = k;
    }
    return 0;
}

/* Returns the position of the visit of a node, a new one for a node that has none; -1 with an exception. */
static Py_ssize_t visit_of(walk *self, aot_node *node)
{
    if (self->count == self->room && grow(self) < 0) {
        return -1;
    }
    size_t place = place_of(self, node);
    if (self->table[place] < 0) {
        PyObject **others = NULL;
        if (node->n_outputs > 1) {
            others = PyMem_Calloc(node->n_outputs - 1, sizeof *others);
            if (others == NULL) {
                PyErr_NoMemory();
                return -1;
            }
        }
        Py_INCREF((PyObject *)node);
        self->table[place] = self->count;
        self->visits[self->count++] = (visit){.node = node, .others = others};
    }
    return self->table[place];
}

static PyObject **gradient_of(visit *own, uint32_t output)
{
    return output == 0 ? &own->gradient : &own->others[output - 1];
}

static void forget(visit *own)
{
    for (uint32_t k = 0; k < own->node->n_outputs && (k == 0 || own->others != NULL); k++) {
        Py_CLEAR(*gradient_of(own, k));
    }
    PyMem_Free(own->others);
    own->others = NULL;
}

static void end(walk *self)
{
    for (Py_ssize_t k = 0; k < self->count; k++) {
        forget(&self->visits[k]);
        Py_DECREF((PyObject *)self->visits[k].node);
    }
    PyMem_Free(self->visits);
    PyMem_Free(self->table);
}

/* --- adding gradients ---------------------------------------------------------------------------- */

/* Returns whether nobody but the holder of one reference can see a tensor's memory. */
static bool is_alone(const aot_tensor *tensor)
{
    return Py_REFCNT((PyObject *)tensor) == 1 && Py_REFCNT((PyObject *)tensor->storage) == 1 && tensor->contiguous &&
           tensor->storage->source == NULL;
}

static PyObject *sum_of(aot_state *state, PyObject *a, PyObject *b)
{
    const aot_operator_object *add = (const aot_operator_object *)state->slots[AOT_SLOT_ADD];
    PyObject *inputs[] = {a, b};
    bool in_place = is_alone((aot_tensor *)a);
    return aot_apply_plain(add, inputs, in_place ? a : NULL, in_place);
}

/* Sums a gradient over the axes along which an input was broadcast. Takes over `gradient`. */
static PyObject *summed(aot_state *state, PyObject *gradient, const aot_result *wanted, PyObject *function)
{
    const aot_tensor *given = (const aot_tensor *)gradient;
    int missing = given->ndim - wanted->ndim;
    Py_ssize_t axes[AOT_MAX_RANK], size = 1;
    int count = 0;
    bool fits = true;
    for (int axis = 0; axis < wanted->ndim; axis++) {
        size *= wanted->shape[axis];
    }
    if (size == given->size) { /* only axes of length 1 differ */
        Py_ssize_t kept[AOT_MAX_RANK];
        memcpy(kept, wanted->shape, (size_t)wanted->ndim * sizeof *kept);
        PyObject *shaped = (PyObject *)aot_reshaped((aot_tensor *)gradient, wanted->ndim, kept, AOT_COPY_IF_NEEDED, "backward");
        Py_DECREF(gradient);
        return shaped;
    }
    for (int axis = 0; axis < given->ndim; axis++) {
        Py_ssize_t own = axis < missing ? 1 : wanted->shape[axis - missing];
        if (own != given->shape[axis]) {
            fits = fits && own == 1;
            axes[count++] = axis;
        } else if (axis < missing) {
            axes[count++] = axis;
        }
    }
    if (!fits || missing < 0) {
        aot_raise("wrong_gradient_shape", "(ONN)", function != NULL ? function : Py_None, aot_tuple_of_sizes(given->ndim, given->shape),
                  aot_tuple_of_sizes(wanted->ndim, wanted->shape));
        Py_DECREF(gradient);
        return NULL;
    }
    PyObject *args = Py_BuildValue("(NN)", gradient, aot_tuple_of_sizes(count, axes));
    PyObject *total = args != NULL ? aot_reduce((const aot_operator_object *)state->tape.sum, args, NULL) : NULL;
    Py_XDECREF(args);
    const aot_tensor *made = (const aot_tensor *)total;
    if (made == NULL || made->ndim == wanted->ndim) {
        return total;
    }
    PyObject *shaped = (PyObject *)aot_reshaped((aot_tensor *)total, wanted->ndim, wanted->shape, AOT_COPY_NEVER, "backward");
    Py_DECREF(total);
    return shaped;
}

/* Adds a gradient to that by an output of a node, in its shape and dtype. Takes over `gradient`. */
static int add(walk *self, Py_ssize_t position, uint32_t output, PyObject *gradient, PyObject *function)
{
    const aot_result *wanted = &self->visits[position].node->results[output];
    const aot_tensor *given = (const aot_tensor *)gradient;
    if (given->ndim != wanted->ndim ||
        memcmp(given->shape, wanted->shape, (size_t)wanted->ndim * sizeof *wanted->shape) != 0) {
        gradient = summed(self->state, gradient, wanted, function);
        given = (const aot_tensor *)gradient;
    }
    bool halves = gradient != NULL && aot_dtypes[given->dtype].kind == AOT_KIND_COMPLEX &&
                  aot_dtypes[wanted->dtype].kind == AOT_KIND_REAL;
    if (halves) { /* what a real number would do to the imaginary part, it does not do */
        PyObject *real = aot_call("real_part", "(O)", gradient);
        Py_DECREF(gradient);
        gradient = real;
        given = (const aot_tensor *)gradient;
    }
    if (gradient != NULL && given->dtype != wanted->dtype) {
        PyObject *cast = (PyObject *)aot_astype((aot_tensor *)gradient, wanted->dtype, true, "backward");
        Py_DECREF(gradient);
        gradient = cast;
    }
    if (gradient == NULL) {
        return -1;
    }
    PyObject **total = gradient_of(&self->visits[position], output);
    if (*total == NULL) {
        *total = gradient;
        return 0;
    }
    PyObject *before = *total, *both = sum_of(self->state, before, gradient);
    Py_DECREF(gradient);
    if (both == NULL) {
        return -1;
    }
    *total = both;
    Py_DECREF(before);
    return 0;
}

/* Adds a gradient to that which a tensor shows as its `grad`, which is replaced: whoever holds the earlier one sees no
 * change. Other threads may do so at the same time. */
static int store(aot_node *node, uint32_t output, PyObject **gradient)
{
    PyObject **grad = &node->grads[output];
    while (*grad != Py_None) {
        PyObject *before = *grad;
        Py_INCREF(before);
        const aot_operator_object *plus = (const aot_operator_object *)node->state->slots[AOT_SLOT_ADD];
        PyObject *inputs[] = {before, *gradient};
        PyObject *total = aot_apply_plain(plus, inputs, NULL, false);
        bool is_same = *grad == before;
        Py_DECREF(before);
        if (total != NULL && is_same) {
            *grad = total;
            Py_DECREF(before); /* the one that was stored */
            return 0;
        }
        Py_XDECREF(total);
        if (total == NULL) {
            return -1;
        }
    }
    aot_tensor *given = (aot_tensor *)*gradient;
    if (!is_alone(given)) {
        aot_tensor *copy = aot_astype(given, given->dtype, true, "backward");
        if (copy == NULL) {
            return -1;
        }
        Py_DECREF(*gradient);
        *gradient = (PyObject *)copy;
        if (*grad != Py_None) { /* another thread has been here while the copy was made */
            return store(node, output, gradient);
        }
    }
    PyObject *none = *grad;
    Py_INCREF(*gradient);
    *grad = *gradient;
    Py_DECREF(none);
    return 0;
}

/* --- the walk ------------------------------------------------------------------------------------ */

/* Finds all nodes that some lead to, and how often each is used. */
static int explore(walk *self)
{
    for (Py_ssize_t k = 0; k < self->count; k++) {
        const aot_node *node = self->visits[k].node;
        for (uint32_t input = 0; input < node->n_inputs; input++) {
            if (node->inputs[input].node != NULL) {
                Py_ssize_t found = visit_of(self, node->inputs[input].node);
                if (found < 0) {
                    return -1;
                }
                self->visits[found].waiting++;
            }
        }
    }
    return 0;
}

/* Stores gradients that tensors keep; `leaves`: of leaves too. */
static int store_all(walk *self, Py_ssize_t position, bool leaves)
{
    visit *own = &self->visits[position];
    aot_node *node = own->node;
    if (node->kind == AOT_NODE_LEAF && !leaves) {
        return 0;
    }
    for (uint32_t k = 0; node->grads != NULL && k < node->n_outputs; k++) {
        PyObject **gradient = gradient_of(own, k);
        if (node->grads[k] != NULL && *gradient != NULL && store(node, k, gradient) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Adds the gradient by x[key] to that by x, in place, where that is possible: a loop over the rows of a tensor would
 * make one of its size for each row otherwise. Returns 1 if it is not. */
static int add_selected(walk *self, const aot_node *node, PyObject *gradient)
{
    const aot_edge *edge = &node->inputs[0];
    if (node->kind != AOT_NODE_SELECTED || edge->node == NULL) {
        return 1;
    }
    Py_ssize_t input = visit_of(self, edge->node);
    PyObject *total = *gradient_of(&self->visits[input], edge->output);
    if (total == NULL || !is_alone((aot_tensor *)total) || ((aot_tensor *)total)->dtype != ((aot_tensor *)gradient)->dtype) {
        return 1;
    }
    PyObject *part = aot_subscript(total, node->rule);
    if (part == NULL) {
        return -1;
    }
    const aot_operator_object *plus = (const aot_operator_object *)self->state->slots[AOT_SLOT_ADD];
    bool is_view = ((aot_tensor *)part)->storage == ((aot_tensor *)total)->storage; /* a single element is a copy */
    PyObject *inputs[] = {part, gradient}, *both = aot_apply_plain(plus, inputs, is_view ? part : NULL, is_view);
    int failed = both == NULL ? -1 : is_view ? 0 : aot_assign_subscript(total, node->rule, both);
    Py_XDECREF(both);
    Py_DECREF(part);
    return failed;
}

#define FEW 8

/* Computes the gradients by a node's inputs, and adds them to those of their nodes. */
static int advance(walk *self, Py_ssize_t position, bool retains, Py_ssize_t *ready, Py_ssize_t *n_ready)
{
    aot_node *node = self->visits[position].node;
    uint32_t count = node->n_inputs, outputs = node->n_outputs;
    PyObject *few[2 * FEW] = {NULL}, **all = few;
    if (count > FEW || outputs > FEW) {
        all = PyMem_Calloc((size_t)count + outputs, sizeof *all);
        if (all == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    PyObject **found = all, **gradients = all + count;
    bool any = false;
    for (uint32_t k = 0; k < outputs; k++) {
        gradients[k] = *gradient_of(&self->visits[position], k);
        any = any || gradients[k] != NULL;
    }
    int added = any && count > 0 ? add_selected(self, node, gradients[0]) : 0;
    bool failed = added < 0 || (added > 0 && aot_pull(node, gradients, found) < 0);
    if (any && !failed && !retains) {
        aot_node_spend(node);
    }
    forget(&self->visits[position]);
    for (uint32_t k = 0; k < count; k++) {
        if (failed || node->inputs[k].node == NULL) {
            Py_XDECREF(found[k]);
            continue;
        }
        Py_ssize_t input = visit_of(self, node->inputs[k].node);
        failed = found[k] != NULL && add(self, input, node->inputs[k].output, found[k], node->function) < 0;
        if (--self->visits[input].waiting == 0) {
            ready[(*n_ready)++] = input;
        }
    }
    if (all != few) {
        PyMem_Free(all);
    }
    return failed ? -1 : 0;
}

/* Lets gradients flow; `wanted` is NULL, or a list that the gradients by some inputs, of these tensors, are put into. */
static int flow(walk *self, bool retains, PyObject *inputs, PyObject *wanted)
{
    Py_ssize_t *ready = PyMem_Malloc((size_t)(self->count > 0 ? self->count : 1) * sizeof *ready), n_ready = 0;
    int failed = ready == NULL ? -1 : 0;
    if (ready == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t k = 0; failed == 0 && k < self->count; k++) {
        if (self->visits[k].waiting == 0) {
            ready[n_ready++] = k;
        }
    }
    while (failed == 0 && n_ready > 0) {
        Py_ssize_t position = ready[--n_ready];
        for (Py_ssize_t k = 0; wanted != NULL && k < PyTuple_Size(inputs); k++) {
            const aot_tensor *input = (const aot_tensor *)PyTuple_GetItem(inputs, k);
            PyObject *gradient = input->node == self->visits[position].node
                                     ? *gradient_of(&self->visits[position], input->output)
                                     : NULL;
            if (gradient != NULL) {
                Py_INCREF(gradient);
                PyList_SetItem(wanted, k, gradient);
            }
        }
        failed = store_all(self, position, wanted == NULL);
        failed = failed < 0 ? failed : advance(self, position, retains, ready, &n_ready);
    }
    PyMem_Free(ready);
    return failed;
}

PyObject *aot_backward(aot_state *state, PyObject *args)
{
    PyObject *outputs, *gradients, *inputs;
    int retains;
    if (!PyArg_ParseTuple(args, "O!O!pO:backward", &PyTuple_Type, &outputs, &PyTuple_Type, &gradients, &retains, &inputs)) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_Size(outputs);
    bool valid = PyTuple_Size(gradients) == count && (inputs == Py_None || PyTuple_Check(inputs));
    for (Py_ssize_t k = 0; valid && k < count; k++) {
        valid = aot_tracked(state, PyTuple_GetItem(outputs, k)) != NULL &&
                aot_as_tensor(PyTuple_GetItem(gradients, k)) != NULL;
    }
    for (Py_ssize_t k = 0; valid && inputs != Py_None && k < PyTuple_Size(inputs); k++) {
        valid = aot_tracked(state, PyTuple_GetItem(inputs, k)) != NULL;
    }
    if (!valid) {
        return aot_raise("wrong_type", "(sssO)", "backward", "outputs", "tensors that require gradients", outputs);
    }
    PyObject *wanted = NULL;
    if (inputs != Py_None) {
        wanted = PyList_New(PyTuple_Size(inputs));
        for (Py_ssize_t k = 0; wanted != NULL && k < PyTuple_Size(inputs); k++) {
            Py_INCREF(Py_None);
            PyList_SetItem(wanted, k, Py_None);
        }
        if (wanted == NULL) {
            return NULL;
        }
    }
    walk own = {.state = state};
    bool before = aot_set_recording(false);
    int failed = 0;
    for (Py_ssize_t k = 0; failed == 0 && k < count; k++) {
        const aot_tensor *output = (const aot_tensor *)PyTuple_GetItem(outputs, k);
        PyObject *gradient = PyTuple_GetItem(gradients, k);
        Py_ssize_t position = visit_of(&own, output->node);
        Py_INCREF(gradient);
        failed = position < 0 ? -1 : add(&own, position, output->output, gradient, NULL);
    }
    failed = failed < 0 || explore(&own) < 0 ? -1 : flow(&own, retains != 0, inputs, wanted);
    end(&own);
    aot_set_recording(before);
    if (failed < 0) {
        Py_XDECREF(wanted);
        return NULL;
    }
    if (wanted == NULL) {
        Py_RETURN_NONE;
    }
    return wanted;
}
