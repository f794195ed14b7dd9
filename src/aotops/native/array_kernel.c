/* Running array kernels: checking operands, distributing a batch over threads, raising what a kernel raises. In Python:
 *
 *     def run(kernel, operands):
 *         check dtypes, the sizes of the axes that items have, and that the inputs broadcast to the outputs' batch
 *         kernel = the contiguous one if all items are in row-major order, else the strided one
 *         for first, last in parts of the batch, on threads:
 *             for row of the batch's last axis, in first to last:
 *                 kernel(items in the row)
 *         raise the error of the first part that has one
 *
 * Whoever calls has checked all this before, in words of its own; here nothing depends on that.
 */
#include "array_kernel.h"

#include "system.h"

#include <string.h>

#define MOST_AXES (AOT_MAX_RANK * AOT_MAX_OPERANDS)
/* What recursion may take of the stack: half of a thread's of the pool (AOT_THREAD_STACK), thousands of calls. */
#define RECURSION_STACK ((uintptr_t)1 << 19)

typedef struct {
    aot_array_kernel kernel;
    int operands, rank;                               /* of the batch */
    int64_t shape[AOT_MAX_RANK];                      /* of the batch */
    int64_t steps[AOT_MAX_OPERANDS][AOT_MAX_RANK];    /* in bytes, of each operand along the batch */
    char *data[AOT_MAX_OPERANDS];
    int64_t numbers[AOT_MAX_OPERANDS + AOT_MOST_DIMENSIONS + MOST_AXES];
} batch;

/* The error of the part that begins first. */
typedef struct {
    aot_atomic lock;
    int64_t first;
    aot_array_error error;
    aot_atomic failed; /* where the first part with an error begins, plus 1; 0: none has failed */
} shared_failure;

typedef struct {
    const batch *over;
    shared_failure *failure;
} job;

/* --- running ------------------------------------------------------------------------------------- */

void aot_prepare_array_call(aot_array_call *call)
{
    static AOT_THREAD_LOCAL uintptr_t end = UINTPTR_MAX; /* of this thread's stack; asking takes up to 50 us */
    if (end == UINTPTR_MAX) {
        end = aot_stack_end();
    }
    /* stacks grow downwards on all platforms of aotops */
    uintptr_t here = (uintptr_t)call, limit = here - RECURSION_STACK;
    /* a thread that Python's threading.stack_size made a small stack for, or one that is nearly used up */
    if (end != 0 && end < here && limit < end + (here - end) / 2) {
        limit = end + (here - end) / 2;
    }
    *call = (aot_array_call){NULL, &aot_array_services_of_this, limit};
}

/* NULL whenever no exception is on its way through a kernel of this thread. */
static AOT_THREAD_LOCAL const char *noted_place;

void aot_array_note_place(const char *place)
{
    noted_place = noted_place != NULL ? noted_place : place;
}

const char *aot_array_take_place(void)
{
    const char *place = noted_place;
    noted_place = NULL;
    return place;
}

aot_array_error aot_array_error_of(const aot_array_call *call)
{
    const char *text = call->error != NULL ? *call->error : "RuntimeError\n\n0\nit has failed without a reason";
    return (aot_array_error){text, aot_array_take_place()};
}

PyObject *aot_array_raise(const char *name, aot_array_error error)
{
    return aot_raise("raised_by_kernel", "(sss)", name, error.text, error.place != NULL ? error.place : "");
}

static void fail(shared_failure *failure, int64_t first, aot_array_error error)
{
    int64_t expected = 0;
    while (!aot_atomic_exchange(&failure->lock, &expected, 1)) {
        expected = 0;
        aot_pause();
    }
    if (failure->error.text == NULL || first < failure->first) {
        failure->first = first;
        failure->error = error;
        aot_atomic_store(&failure->failed, first + 1);
    }
    aot_atomic_store(&failure->lock, 0);
}

/* Runs some items of one row of the batch; returns the kernel's error, whose text is NULL if there is none. */
static aot_array_error run_row(const batch *over, int64_t item, int64_t count)
{
    char *data[AOT_MAX_OPERANDS];
    memcpy(data, over->data, sizeof data);
    for (int axis = over->rank - 1; axis >= 0; axis--) {
        int64_t at = item % over->shape[axis];
        item /= over->shape[axis];
        for (int k = 0; k < over->operands; k++) {
            data[k] = aot_moved(data[k], at * over->steps[k][axis]);
        }
    }
    aot_array_call call;
    aot_prepare_array_call(&call);
    void *unused[2] = {NULL};
    void *outer = aot_array_memory_begin();
    int32_t status = over->kernel(unused, &call, count, data, over->numbers);
    aot_array_memory_end(outer);
    if (status == 0 || status == AOT_STOPPED) {
        aot_array_take_place(); /* what was told to stop is noted as well */
        return (aot_array_error){NULL, NULL};
    }
    return aot_array_error_of(&call);
}

static void run_items(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    const batch *over = own->over;
    int64_t row = over->rank > 0 ? over->shape[over->rank - 1] : 1;
    for (int64_t item = first; item < last;) {
        int64_t failed = aot_atomic_load(&own->failure->failed);
        if (aot_is_stopped() || (failed != 0 && failed - 1 <= first)) {
            return;
        }
        int64_t count = aot_smaller(last - item, row - item % row);
        aot_array_error error = run_row(over, item, count);
        if (error.text != NULL) {
            fail(own->failure, first, error);
            return;
        }
        item += count;
    }
}

static void run_all(const aot_runner *runner)
{
    const batch *over = ((const job *)runner->job)->over;
    int64_t items = 1;
    for (int axis = 0; axis < over->rank; axis++) {
        items *= over->shape[axis];
    }
    if (items == 1) { /* what is told of threads is the work of its loops */
        aot_array_note(runner->work);
        run_items(runner, 0, 1, NULL);
        aot_array_note(NULL);
    } else {
        aot_share(runner, items, run_items);
    }
}

/* Raises a ValueError in the name of a kernel, whose operands must be as `wanted` says; returns -1. */
static int reject(const char *name, const char *wanted)
{
    aot_raise("wrong_array_operands", "(ss)", name, wanted);
    return -1;
}

/* Reads the operands' own axes: the sizes of dimensions and the strides; returns whether items are contiguous, or -1. */
static int read_items(const aot_named_array_kernel *kernel, const aot_array_operand *operands, batch *over,
                      const char *name)
{
    int64_t *sizes = over->numbers + over->operands, *strides = sizes + kernel->dimensions;
    const uint8_t *axes = kernel->axes;
    bool contiguous = true;
    for (int k = 0; k < kernel->dimensions; k++) {
        sizes[k] = kernel->sizes[k];
    }
    for (int k = 0; k < over->operands; k++) {
        const aot_array_operand *own = &operands[k];
        int64_t expected = aot_dtypes[own->dtype].itemsize;
        int rank = kernel->ranks[k], first = own->ndim - rank;
        if (aot_dtypes[own->dtype].stable != kernel->dtypes[k] || first < 0) {
            return reject(name, "have the kernel's dtypes and at least its axes");
        }
        for (int axis = 0; axis < rank; axis++) {
            int64_t *size = &sizes[axes[axis]], length = own->shape[first + axis];
            *size = *size < 0 ? length : *size;
            if (*size != length) {
                return reject(name, "have the sizes of the layout");
            }
            if (length >= AOT_LONGEST_AXIS) { /* which has broadcast elements */
                return reject(name, "have fewer than 2**60 elements along each axis");
            }
            strides[axis] = own->strides[first + axis] * own->unit;
        }
        for (int axis = rank - 1; axis >= 0; axis--) {
            int64_t length = own->shape[first + axis];
            contiguous = contiguous && (strides[axis] == expected || length == 1);
            expected *= length;
        }
        axes += rank;
        strides += rank;
    }
    return contiguous;
}

/* Reads the batch, whose shape the outputs have; returns its number of items, or -1. */
static int64_t read_batch(const aot_named_array_kernel *kernel, const aot_array_operand *operands, batch *over,
                          const char *name)
{
    const aot_array_operand *out = &operands[kernel->inputs];
    int64_t items = 1;
    over->rank = out->ndim - kernel->ranks[kernel->inputs];
    for (int axis = 0; axis < over->rank; axis++) {
        over->shape[axis] = out->shape[axis];
        items *= out->shape[axis];
    }
    for (int k = 0; k < over->operands; k++) {
        const aot_array_operand *own = &operands[k];
        int rank = own->ndim - kernel->ranks[k], missing = over->rank - rank;
        bool is_output = k >= kernel->inputs;
        if (missing < 0 || (is_output && missing != 0)) {
            return reject(name, "have no more dimensions than the batch");
        }
        for (int axis = 0; axis < over->rank; axis++) {
            int64_t length = axis < missing ? 1 : own->shape[axis - missing];
            if (length != over->shape[axis] && (length != 1 || is_output)) {
                return reject(name, "broadcast to the shape of the outputs");
            }
            over->steps[k][axis] = length == 1 ? 0 : own->strides[axis - missing] * own->unit;
        }
        over->data[k] = own->data;
        over->numbers[k] = over->rank > 0 ? over->steps[k][over->rank - 1] : 0;
    }
    return items;
}

/* Returns the number of elements of the largest item, which stands for how much one takes. */
static int64_t largest_item(const aot_named_array_kernel *kernel, const aot_array_operand *operands)
{
    int64_t largest = 1;
    for (int k = 0; k < kernel->inputs + kernel->outputs; k++) {
        int64_t own = 1;
        for (int axis = operands[k].ndim - kernel->ranks[k]; axis < operands[k].ndim; axis++) {
            own *= operands[k].shape[axis];
        }
        largest = aot_larger(largest, own);
    }
    return largest;
}

/* A batch that takes less than this on one thread stays there: waking another takes 50 us. */
#define GRAIN_NS 65536
/* How long a thread computes before it takes more items. */
#define PART_NS 8192

/* Returns how long a batch will take in nanoseconds: an element as long as in batches before, at first one. */
static int64_t expected_time(int64_t items, int64_t elements, double cost)
{
    double expected = (double)items * (double)elements * (cost > 0.0 ? cost : 1.0);
    return expected < 1e18 ? (int64_t)expected : INT64_C(1000000000000000000);
}

/* --- telling of launches ------------------------------------------------------------------------- */

/* Returns what is told of each operand: its dtype twice, its strides in elements, its shape, and whether it is written. */
static PyObject *described(const aot_array_launch *launch)
{
    int count = launch->kernel->inputs + launch->kernel->outputs;
    PyObject *all = PyTuple_New(count);
    for (int k = 0; all != NULL && k < count; k++) {
        const aot_array_operand *own = &launch->operands[k];
        const char *dtype = aot_dtypes[own->dtype].name;
        bool writes = launch->flags != NULL ? (launch->flags[k] & AOT_WRITES) != 0 : k >= launch->kernel->inputs;
        Py_ssize_t strides[AOT_MAX_RANK];
        for (int axis = 0; axis < own->ndim; axis++) {
            strides[axis] = own->strides[axis] * own->unit / aot_dtypes[own->dtype].itemsize;
        }
        PyObject *operand = Py_BuildValue("(ssNNi)", dtype, dtype, aot_tuple_of_sizes(own->ndim, strides),
                                          aot_tuple_of_sizes(own->ndim, own->shape), (int)writes);
        if (operand == NULL || PyTuple_SetItem(all, k, operand) < 0) {
            Py_CLEAR(all);
        }
    }
    return all;
}

/* Returns what is told of the kernel: see aotops.see.launches. */
static PyObject *launched(const aot_array_launch *launch)
{
    PyObject *names = PyTuple_Check(launch->declared) ? Py_NewRef(launch->declared)
                                                      : PyObject_GetAttrString(launch->declared, "_names");
    return names == NULL ? NULL
                         : Py_BuildValue("(sssiiiN)", launch->name, launch->kernel->symbol,
                                         launch->library->levels[launch->level], (int)launch->contiguous, launch->threads,
                                         launch->loop_threads, names);
}

static void watch_begin(aot_watch *watch, aot_state *state, const aot_array_launch *launch)
{
    aot_watch_begin(watch, state, NULL, NULL, launch->kernel->inputs, launch->kernel->inputs + launch->kernel->outputs,
                    NULL, launch->ndim, launch->shape);
    if (watch->watcher == NULL) {
        return;
    }
    watch->loop_threads = launch->loop_threads;
    watch->launched = launched(launch);
    watch->described = watch->launched != NULL ? described(launch) : NULL;
    if (watch->described == NULL) {
        PyErr_WriteUnraisable(watch->watcher);
        Py_CLEAR(watch->launched);
        Py_CLEAR(watch->watcher);
    }
}

int aot_run_array(aot_state *state, const aot_array_launch *launch, aot_runner *runner, aot_work work)
{
    aot_watch watch;
    bool skips = false;
    if (state->watched) {
        watch_begin(&watch, state, launch);
        runner->watch = &watch;
        skips = aot_watch_plan(&watch, NULL);
    }
    int before = aot_array_allow(launch->threads > 1 ? 1 : launch->loop_threads);
    int failed = skips ? 0 : aot_run_or_raise(state, runner, work);
    aot_array_allow(before);
    if (runner->watch != NULL) {
        aot_watch_end(&watch);
    }
    return skips ? 1 : failed;
}

/* --- launches ------------------------------------------------------------------------------------ */

int aot_launch_array_kernel(aot_state *state, aot_array_launch *launch, double *cost)
{
    const aot_named_array_kernel *kernel = launch->kernel;
    const aot_array_operand *operands = launch->operands;
    batch over; /* 10 kB, which are not cleared: that would take as long as a small kernel */
    over.operands = kernel->inputs + kernel->outputs;
    int contiguous = read_items(kernel, operands, &over, launch->name);
    int64_t items = contiguous < 0 ? -1 : read_batch(kernel, operands, &over, launch->name);
    if (items <= 0) {
        return items < 0 ? -1 : 0;
    }
    over.kernel = (contiguous ? kernel->contiguous : kernel->strided)[launch->level];
    launch->contiguous = over.kernel == kernel->contiguous[launch->level];
    launch->threads = 1;
    launch->ndim = over.rank;
    launch->shape = operands[kernel->inputs].shape;
    int64_t expected = 0, elements = 1;
    if (items > 1) {
        elements = largest_item(kernel, operands);
        expected = expected_time(items, elements, *cost);
        launch->threads = (int)aot_threads(state, expected / GRAIN_NS * AOT_PLAN_GRAIN, true, false);
    }
    shared_failure failure = {.error = {NULL, NULL}};
    const job own = {&over, &failure};
    aot_runner runner = {.job = &own,
                         .total = expected / PART_NS * AOT_PLAN_PART_IF_UNBOUNDED,
                         .threads = launch->threads,
                         .compute_bound = true,
                         .unbounded = true};
    int64_t began = items > 1 && launch->threads == 1 ? aot_now() : 0;
    int failed = aot_run_array(state, launch, &runner, run_all);
    if (failed != 0) {
        return failed < 0 ? -1 : 0;
    }
    if (failure.error.text != NULL) {
        aot_array_raise(launch->name, failure.error);
        return -1;
    }
    if (began != 0) { /* with the GIL held, as whenever costs are read */
        double measured = (double)(aot_now() - began) / ((double)items * (double)elements);
        *cost = *cost > 0.0 ? 0.75 * *cost + 0.25 * measured : measured;
    }
    return 0;
}
