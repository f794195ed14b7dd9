/* Sorting rows by keys. In Python:
 *
 *     def sort(x, descending, positions):         # of each row, the last axis of a contiguous tensor
 *         for rows in pieces:                     # which threads share out
 *             keys, flags = the routine "keys"
 *             if positions: "sort_pairs", whose positions are the result
 *             else: "sort_keys", "values", and "restore" if some are NaN or negative zeros
 *
 * Memory for keys is that of tensors, which comes from the cache of freed blocks: twice 8 bytes per element, and as much
 * again for positions.
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"

#define PIECE 16384

typedef struct {
    const aot_tensor *x, *out;
    char *keys, *scratch, *places; /* places: of scratch, for positions; else NULL */
    int64_t rows, length, rows_each;
    int64_t descending;
} job;

static void run_rows(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    int level = own->x->state->level, dtype = own->x->dtype;
    int64_t itemsize = aot_dtypes[dtype].itemsize, key = sizeof(int64_t);
    aot_kernel_call call = {NULL, aot_poll};
    for (int64_t piece = first; piece < last && !aot_is_stopped(); piece++) {
        int64_t row = piece * own->rows_each, rows = aot_smaller(own->rows_each, own->rows - row);
        int64_t start = row * own->length, flags = 0;
        char *unused = NULL, *x = own->x->data + start * itemsize, *keys = own->keys + start * key;
        char *scratch = own->scratch + start * key, *out = own->out->data;
        char *to_keys[] = {x, keys, (char *)&flags};
        aot_keys_routine[dtype][level](&unused, &call, rows, own->length, to_keys, &own->descending);
        if (own->places != NULL) {
            char *pairs[] = {keys, out + start * key, scratch, own->places + start * key};
            aot_sort_pairs_routine[level](&unused, &call, rows, own->length, pairs, &own->descending);
            continue;
        }
        char *alone[] = {keys, keys, scratch, scratch};
        aot_sort_keys_routine[level](&unused, &call, rows, own->length, alone, &own->descending);
        char *to_values[] = {keys, out + start * itemsize};
        aot_values_routine[dtype][level](&unused, &call, rows, own->length, to_values, &own->descending);
        if (flags != 0) {
            char *restored[] = {x, out + start * itemsize};
            aot_restore_routine[dtype][level](&unused, &call, rows, own->length, restored, &own->descending);
        }
    }
}

static void run_all(const aot_runner *runner)
{
    const job *own = runner->job;
    aot_share(runner, (own->rows - 1) / own->rows_each + 1, run_rows);
}

aot_tensor *aot_sort(aot_tensor *x, bool descending, bool positions, const char *function)
{
    aot_state *state = x->state;
    if (aot_keys_routine[x->dtype][state->level] == NULL || !x->contiguous || x->ndim == 0) {
        return NULL; /* no exception */
    }
    aot_tensor *out = aot_tensor_new(state, positions ? AOT_INT64 : x->dtype, x->ndim, x->shape, function);
    aot_tensor *memory[3] = {NULL};
    bool failed = out == NULL;
    for (int k = 0; !failed && k < (positions ? 3 : 2); k++) {
        memory[k] = aot_tensor_new(state, AOT_INT64, x->ndim, x->shape, function);
        failed = memory[k] == NULL;
    }
    if (!failed && x->size > 0) {
        job own = {.x = x, .out = out, .keys = memory[0]->data, .scratch = memory[1]->data,
                   .places = positions ? memory[2]->data : NULL, .length = x->shape[x->ndim - 1], .descending = descending};
        own.rows = x->size / own.length;
        own.rows_each = aot_larger(PIECE / own.length, 1);
        aot_runner runner = {.job = &own, .total = x->size, .threads = aot_threads(state, x->size, true, false),
                             .compute_bound = true};
        enum aot_outcome outcome = aot_run(state, &runner, run_all);
        if (outcome == AOT_NO_MEMORY) {
            PyErr_NoMemory();
        }
        failed = outcome != AOT_DONE;
    }
    for (int k = 0; k < 3; k++) {
        Py_XDECREF((PyObject *)memory[k]);
    }
    if (failed) {
        Py_CLEAR(out);
    }
    return out;
}

/* sort(x, descending, positions, function): rows of a contiguous tensor, sorted, or the positions that sort them. */
PyObject *aot_sort_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object;
    int descending, positions;
    const char *function;
    if (!PyArg_ParseTuple(args, "Opps:sort", &object, &descending, &positions, &function)) {
        return NULL;
    }
    aot_tensor *x = aot_as_tensor(object), *out = x != NULL ? aot_sort(x, descending, positions, function) : NULL;
    if (out == NULL && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "sort: x must be a contiguous tensor of a dtype that has an order");
    }
    return (PyObject *)out;
}
