/* Running a plan: the GIL, memory per thread, and distributing work over threads. In Python:
 *
 *     def run(work, job, shared_bytes, scratch_bytes):
 *         memory = shared_bytes for all threads together, and scratch_bytes for each of them
 *         with the GIL released if the work is large enough:
 *             work(job)                                     # may call share any number of times
 *
 *     def share(items, compute):
 *         for first, last in parallel(items in shares):     # an idle thread takes the next share
 *             compute(first, last, the thread's own scratch memory)
 *
 * All launches pass through here; interruption and tracing belong here.
 */
#include "native.h"

#ifdef _OPENMP
#include <omp.h>
#endif

void aot_share(const aot_runner *runner, int64_t items, int64_t shares, aot_compute compute)
{
#ifdef _OPENMP
    if (runner->threads > 1) {
        aot_threads_begin();
        shares = aot_smaller(shares, items);
#pragma omp parallel for schedule(dynamic) num_threads(runner->threads)
        for (int64_t share = 0; share < shares; share++) {
            int64_t first = items / shares * share + aot_smaller(share, items % shares);
            int64_t last = items / shares * (share + 1) + aot_smaller(share + 1, items % shares);
            compute(runner, first, last, runner->scratch + (size_t)omp_get_thread_num() * runner->scratch_bytes);
        }
        return;
    }
#else
    (void)shares;
#endif
    compute(runner, 0, items, runner->scratch);
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + AOT_ALIGNMENT - 1) / AOT_ALIGNMENT * AOT_ALIGNMENT;
}

bool aot_run(const void *job, aot_work work, int64_t total, int threads, size_t shared_bytes, size_t scratch_bytes)
{
    _Alignas(AOT_ALIGNMENT) char stack[AOT_PLAN_STACK_BYTES];
    shared_bytes = whole_lines(shared_bytes);
    aot_runner runner = {.job = job, .threads = threads, .scratch_bytes = whole_lines(scratch_bytes)};
    size_t bytes = shared_bytes + runner.scratch_bytes * (size_t)threads;
    char *memory = stack, *allocated = NULL;
    if (bytes > sizeof stack) {
        allocated = PyMem_Malloc(bytes + AOT_ALIGNMENT);
        if (allocated == NULL) {
            return false;
        }
        memory = allocated + AOT_ALIGNMENT - (uintptr_t)allocated % AOT_ALIGNMENT;
    }
    runner.shared = memory;
    runner.scratch = memory + shared_bytes;
    PyThreadState *saved = total < AOT_PLAN_GRAIN ? NULL : PyEval_SaveThread();
    work(&runner);
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
