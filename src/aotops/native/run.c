/* Running a plan: the GIL, memory per thread, and distributing work over threads. In Python:
 *
 *     def run(runner, work):
 *         memory = shared_bytes for all threads together, and scratch_bytes for each of them
 *         with the GIL released if there are enough elements:
 *             work(runner)                                  # may call share any number of times
 *
 *     def share(items, compute):
 *         for first, last in pool.run(items in parts):      # an idle thread takes the next part
 *             compute(first, last, the thread's own scratch memory)
 *
 * All launches pass through here; interruption and tracing belong here.
 */
#include "native.h"

#include "pool.h"

/* Items that threads share, as a job of the pool. */
typedef struct {
    const aot_runner *runner;
    int64_t items, shares;
    aot_compute compute;
} shared_items;

static void compute_part(const aot_runner *runner, int64_t first, int64_t last, aot_compute compute, int thread)
{
    int64_t begin = runner->work != NULL ? aot_now() : 0;
    compute(runner, first, last, runner->scratch + (size_t)thread * runner->scratch_bytes);
    if (runner->work != NULL) {
        aot_watch_part(&runner->work[thread], begin);
    }
}

static void compute_share(const void *argument, int64_t share, int thread)
{
    const shared_items *own = argument;
    int64_t first = own->items / own->shares * share + aot_smaller(share, own->items % own->shares);
    int64_t last = first + own->items / own->shares + (share < own->items % own->shares);
    compute_part(own->runner, first, last, own->compute, thread);
}

void aot_share(const aot_runner *runner, int64_t items, aot_compute compute)
{
    if (runner->threads < 2) {
        compute_part(runner, 0, items, compute, 0);
        return;
    }
    shared_items own = {runner, items, aot_smaller(items, runner->total / runner->part + 1), compute};
    const aot_job job = {.compute = compute_share,
                         .argument = &own,
                         .parts = own.shares,
                         .threads = runner->threads,
                         .eager = runner->eager};
    aot_pool_run(&job);
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + AOT_ALIGNMENT - 1) / AOT_ALIGNMENT * AOT_ALIGNMENT;
}

bool aot_run(aot_runner *runner, aot_work work)
{
    _Alignas(AOT_ALIGNMENT) char stack[AOT_PLAN_STACK_BYTES];
    runner->shared_bytes = whole_lines(runner->shared_bytes);
    runner->scratch_bytes = whole_lines(runner->scratch_bytes);
    runner->threads = (int)aot_smaller(runner->threads, runner->total / runner->part + 1);
    size_t bytes = runner->shared_bytes + runner->scratch_bytes * (size_t)runner->threads;
    char *memory = stack, *allocated = NULL;
    if (bytes > sizeof stack) {
        allocated = PyMem_Malloc(bytes + AOT_ALIGNMENT);
        if (allocated == NULL) {
            return false;
        }
        memory = allocated + AOT_ALIGNMENT - (uintptr_t)allocated % AOT_ALIGNMENT;
    }
    runner->shared = memory;
    runner->scratch = memory + runner->shared_bytes;
    if (runner->watch != NULL) {
        aot_watch_work(runner->watch, runner);
    }
    PyThreadState *saved = runner->total < AOT_PLAN_GRAIN ? NULL : PyEval_SaveThread();
    work(runner);
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    PyMem_Free(allocated);
    return true;
}

int64_t aot_seek(const aot_plan *plan, int grid, int64_t tile, int operands, char **data)
{
    int rank = (int)plan->grid_ranks[grid];
    int64_t size = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        const aot_grid_axis *own = &plan->grids[grid][axis];
        int64_t index = tile % own->count;
        tile /= own->count;
        for (int k = 0; k < operands; k++) {
            data[k] = aot_moved(data[k], index * own->steps[k]);
        }
        if (axis == rank - 1) {
            size = aot_smaller(own->size, own->length - index * own->size);
        }
    }
    return size;
}

void aot_plan_view(aot_plan *plan, int operand, const aot_view *view, int dtype)
{
    plan->addresses[operand] = (int64_t)(uintptr_t)view->data;
    if (dtype == AOT_INDEX) {
        plan->roles[operand] = AOT_PLAN_INDEX;
        plan->itemsizes[operand] = 1; /* a stride is added to the position itself */
    } else {
        plan->roles[operand] = view->dtype == dtype ? AOT_PLAN_PLAIN : AOT_PLAN_CAST;
        plan->itemsizes[operand] = aot_dtypes[view->dtype].itemsize;
    }
    for (int64_t axis = 0; axis < plan->rank; axis++) {
        plan->strides[operand][axis] = view->strides[axis];
    }
}

void aot_make_plan(aot_planner planner, aot_plan *plan)
{
    void *exception = NULL;
    int64_t unused;
    plan->allowed = plan->threads;
    planner(&unused, &exception, (int64_t *)plan);
}
