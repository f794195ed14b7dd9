/* Launching elementwise kernels: from operands over an iteration space to kernel calls over two-dimensional tiles. In
 * Python:
 *
 *     def launch(kernel, views, shape):
 *         plan = plan_map(shape, views)                     # loops/plan/map.py
 *         for tile in share(plan.grids[0]):
 *             kernel(size of the tile, [cast or packed(view) for view in views], strides)
 *             for each output that was cast or packed: copy the tile back
 *
 * Elements are independent, so threads may share out the tiles in any order.
 */
#include "native.h"

#include <string.h>
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define STREAMS 1
#else
#define STREAMS 0
#endif

#define LINE AOT_PLAN_LINE
/* Up to this many elements are copied without a launch. */
#define FEW 256
/* From this many elements on a row begins at a cache line: the first few are computed by a call of their own. */
#define FEWEST_ALIGNED 1024

typedef struct {
    const aot_plan *plan;
    aot_kernel kernel;
    int operands, first_out;
    char *data[AOT_MAX_OPERANDS];
    int64_t strides[2 * AOT_MAX_OPERANDS];   /* passed to the kernel */
    int64_t itemsizes[AOT_MAX_OPERANDS];     /* in the kernel's dtypes */
    aot_kernel copies[AOT_MAX_OPERANDS];     /* casting or packing operands: to scratch memory, or back */
} map_job;

static bool in_scratch(const aot_plan *plan, int k)
{
    return plan->roles[k] == AOT_PLAN_CAST || plan->roles[k] == AOT_PLAN_PACK;
}

/* Runs a kernel over some rows. Vectors that cross cache lines take up to twice as long to load, so where a row becomes
 * much narrower it begins with those elements that precede a line of the first input: 48,000 float64 that NumPy has placed
 * 16 bytes behind a line are compared in 9.0 us in place of 11.5. Results as wide as the inputs gain nothing, since stores
 * would cross lines instead. */
static void run_rows(aot_kernel kernel, int64_t n0, int64_t n1, int operands, char **data, const int64_t *strides,
                     const int64_t *itemsizes)
{
    int64_t size = itemsizes[0], past = (int64_t)((uintptr_t)data[0] % LINE);
    if (n0 > 1 || n1 < FEWEST_ALIGNED || past % size != 0 || past == 0 || strides[0] != 1 ||
        size < 4 * itemsizes[operands - 1]) {
        aot_run_kernel(kernel, n0, n1, data, strides);
        return;
    }
    int64_t head = (LINE - past) / size;
    char *rest[AOT_MAX_OPERANDS];
    for (int k = 0; k < operands; k++) {
        rest[k] = aot_moved(data[k], head * strides[k] * itemsizes[k]);
    }
    aot_run_kernel(kernel, 1, head, data, strides);
    aot_run_kernel(kernel, 1, n1 - head, rest, strides);
}

/* Copies between an operand's tile and its packed form, with the longer axis innermost. */
static void copy_packed(const map_job *job, int k, int64_t n0, int64_t n1, char *operand, char *packed, bool back)
{
    const aot_plan *plan = job->plan;
    char *data[] = {back ? packed : operand, back ? operand : packed};
    const int64_t inner[] = {plan->memory_inner[k], plan->inner[k]};
    const int64_t outer[] = {plan->memory_outer[k], plan->outer[k]};
    n1 = inner[1] == 0 ? 1 : n1; /* a repeated element is packed once */
    n0 = outer[1] == 0 ? 1 : n0;
    if (n1 < AOT_PLAN_NARROW && n0 > n1) {
        const int64_t strides[] = {outer[back], outer[!back], inner[back], inner[!back]};
        aot_run_kernel(job->copies[k], n1, n0, data, strides);
    } else {
        const int64_t strides[] = {inner[back], inner[!back], outer[back], outer[!back]};
        aot_run_kernel(job->copies[k], n0, n1, data, strides);
    }
}

/* Writes bytes with streaming stores, in whole cache lines: each partial line would cost a memory transaction of its
 * own. */
static void stream(char *target, const char *source, int64_t bytes)
{
#if STREAMS
    int64_t head = (int64_t)(-(uintptr_t)target % LINE);
    if (head < bytes) {
        memcpy(target, source, (size_t)head);
        int64_t end = bytes - (bytes - head) % LINE;
        for (int64_t at = head; at < end; at += 16) {
            __m128i value = _mm_loadu_si128((const __m128i *)(const void *)(source + at));
            _mm_stream_si128((__m128i *)(void *)(target + at), value);
        }
        target += end;
        source += end;
        bytes -= end;
    }
#endif
    memcpy(target, source, (size_t)bytes);
}

/* Runs the kernel on one tile, piece by piece, and streams each piece to the output. A copy of contiguous rows needs no
 * kernel: it streams the rows themselves. */
static void run_streaming(const map_job *job, int64_t n0, int64_t n1, char *const *data)
{
    _Alignas(LINE) char results[AOT_PLAN_STREAMED_PIECE];
    char *operands[AOT_MAX_OPERANDS];
    int out = job->operands - 1;
    const int64_t *inner = job->strides, *outer = job->strides + job->operands;
    int64_t size = job->itemsizes[out], strides[2 * AOT_MAX_OPERANDS];
    if (job->plan->copies && inner[0] == 1) {
        for (int64_t i = 0; i < n0; i++) {
            stream(data[out] + i * outer[out] * size, data[0] + i * outer[0] * size, n1 * size);
        }
        return;
    }
    int64_t width = aot_smaller(n1, AOT_PLAN_STREAMED_PIECE / size);
    int64_t rows = aot_smaller(n0, AOT_PLAN_STREAMED_PIECE / size / width);
    memcpy(strides, job->strides, 2 * (size_t)job->operands * sizeof *strides);
    strides[out + job->operands] = width;
    operands[out] = results;
    for (int64_t i = 0; i < n0; i += rows) {
        int64_t here = aot_smaller(rows, n0 - i);
        /* pieces of a row end at cache-line boundaries of the output */
        uintptr_t row = (uintptr_t)(data[out] + i * outer[out] * size);
        int64_t past = width < n1 ? (int64_t)(row % LINE) / size : 0;
        for (int64_t j = 0, end = aot_smaller(width - past, n1); j < n1; j = end, end = aot_smaller(end + width, n1)) {
            for (int k = 0; k < out; k++) {
                operands[k] = aot_moved(data[k], (i * outer[k] + j * inner[k]) * job->itemsizes[k]);
            }
            aot_run_kernel(job->kernel, here, end - j, operands, strides);
            for (int64_t r = 0; r < here; r++) {
                stream(data[out] + ((i + r) * outer[out] + j) * size, results + r * width * size, (end - j) * size);
            }
        }
    }
}

/* Runs the kernel on one tile. `scratch` holds the packed operands; `from` and `rows` record which tile each one
 * holds. */
static void run_tile(const map_job *job, int64_t n0, int64_t n1, char *const *data, char *scratch, const char **from,
                     int64_t *rows)
{
    const aot_plan *plan = job->plan;
    char *operands[AOT_MAX_OPERANDS];
    memcpy(operands, data, (size_t)job->operands * sizeof *operands);
    for (int k = 0; plan->packed > 0 && k < job->operands; k++) {
        if (in_scratch(plan, k)) {
            operands[k] = scratch;
            scratch += plan->packed_bytes;
            if (k < job->first_out && (from[k] != data[k] || rows[k] < n0 || n1 < plan->sizes[1])) { /* not packed */
                copy_packed(job, k, n0, n1, data[k], operands[k], false);
                from[k] = n1 < plan->sizes[1] ? NULL : data[k];
                rows[k] = n0;
            }
        }
    }
    int64_t kernel_rows = plan->one_row ? 1 : n0, length = plan->one_row ? n0 * n1 : n1;
    if (plan->streams) {
        run_streaming(job, kernel_rows, length, operands);
        return;
    }
    run_rows(job->kernel, kernel_rows, length, job->operands, operands, job->strides, job->itemsizes);
    for (int k = job->first_out; plan->packed > 0 && k < job->operands; k++) {
        if (in_scratch(plan, k)) {
            copy_packed(job, k, n0, n1, data[k], operands[k], true);
        }
    }
}

/* Runs tiles `first` up to `last`, numbered in row-major order over the grid. */
static void run_tiles(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const map_job *job = runner->job;
    const aot_plan *plan = job->plan;
    const aot_grid_axis *axes = plan->grids[0];
    int rank = (int)plan->grid_ranks[0];
    int64_t index[AOT_MAX_RANK + 1], rows[AOT_MAX_OPERANDS];
    char *data[AOT_MAX_OPERANDS];
    const char *from[AOT_MAX_OPERANDS] = {NULL};
    memcpy(data, job->data, (size_t)job->operands * sizeof *data);
    aot_seek(plan, 0, first, job->operands, data);
    int64_t rest = first;
    for (int axis = rank - 1; axis >= 0; axis--) {
        index[axis] = rest % axes[axis].count;
        rest /= axes[axis].count;
    }
    for (int64_t tile = first; tile < last && !aot_is_stopped(); tile++) {
        int64_t n0 = plan->sizes[0], n1 = plan->sizes[1];
        if (rank > 0) { /* a single tile has no grid */
            n0 = aot_smaller(n0, axes[rank - 2].length - index[rank - 2] * n0);
            n1 = aot_smaller(n1, axes[rank - 1].length - index[rank - 1] * n1);
        }
        run_tile(job, n0, n1, data, scratch, from, rows);
        for (int axis = rank - 1; axis >= 0; axis--) {
            bool wraps = ++index[axis] == axes[axis].count;
            int64_t by = wraps ? 1 - axes[axis].count : 1;
            for (int k = 0; k < job->operands; k++) {
                data[k] = aot_moved(data[k], by * axes[axis].steps[k]);
            }
            if (!wraps) {
                break;
            }
            index[axis] = 0;
        }
    }
#if STREAMS
    if (plan->streams) {
        _mm_sfence(); /* streaming stores are weakly ordered: fence before other threads learn that the work is done */
    }
#endif
}

static void run_map(const aot_runner *runner)
{
    const map_job *job = runner->job;
    aot_share(runner, job->plan->tiles[0], run_tiles);
}

/* Casts a few elements along one axis, from one dtype and stride to another; a repeated element is cast once. */
static void cast_flat(const aot_state *state, int from, int to, char *source, int64_t source_stride, char *target,
                      int64_t target_stride, int64_t n)
{
    char *data[] = {source, target};
    const int64_t strides[] = {source_stride, target_stride, 0, 0};
    aot_run_kernel(aot_builtin_convert[from][to][state->level], 1, source_stride == 0 ? 1 : n, data, strides);
}

/* Fast path without a plan: a few elements along one axis; operands that must be cast are cast on the stack. Returns
 * false if it does not apply. */
static bool launch_flat(const aot_state *state, aot_kernel kernel, const uint8_t *dtypes, int inputs, int operands,
                        const aot_view *views, int ndim, const Py_ssize_t *shape, aot_watch *watch)
{
    int64_t n = ndim > 0 ? shape[0] : 1, strides[2 * AOT_MAX_OPERANDS], itemsizes[AOT_MAX_OPERANDS];
    char *data[AOT_MAX_OPERANDS];
    int casts = 0;
    if (ndim > 1 || n >= AOT_PLAN_GRAIN) {
        return false;
    }
    for (int k = 0; k < operands; k++) {
        strides[k] = ndim > 0 ? views[k].strides[0] : 0;
        strides[operands + k] = 0;
        data[k] = views[k].data;
        itemsizes[k] = dtypes[k] < AOT_N_DTYPES ? aot_dtypes[dtypes[k]].itemsize : 1;
        casts += views[k].dtype != dtypes[k];
        if (n >= AOT_PLAN_FEWEST_PACKED && strides[k] != 0 && strides[k] != 1) {
            return false;
        }
    }
    aot_element scratch[AOT_PLAN_STACK_BYTES / sizeof(aot_element)], *room = scratch;
    if (casts * n > (int64_t)(sizeof scratch / sizeof *scratch)) {
        return false;
    }
    if (aot_plans_only(watch, NULL)) {
        return true;
    }
    if (casts == 0) {
        run_rows(kernel, 1, n, operands, data, strides, itemsizes);
        return true;
    }
    for (int k = 0; k < operands; k++) {
        if (views[k].dtype != dtypes[k]) {
            data[k] = (char *)room;
            room += n;
            if (k < inputs) {
                cast_flat(state, views[k].dtype, dtypes[k], views[k].data, strides[k], data[k], 1, n);
            }
            strides[k] = strides[k] == 0 ? 0 : 1;
        }
    }
    aot_run_kernel(kernel, 1, n, data, strides);
    for (int k = inputs; k < operands; k++) {
        if (views[k].dtype != dtypes[k]) {
            int64_t stride = ndim > 0 ? views[k].strides[0] : 0;
            cast_flat(state, dtypes[k], views[k].dtype, data[k], strides[k], views[k].data, stride, n);
        }
    }
    return true;
}

/* Launches a kernel over `total` elements. */
static int launch(aot_state *state, const aot_operator *definition, const aot_kernel *kernels, const uint8_t *dtypes,
                  int inputs, int outputs, const aot_view *views, int ndim, const Py_ssize_t *shape, int64_t total,
                  aot_watch *watch)
{
    int operands = inputs + outputs;
    bool compute_bound = definition != NULL && definition->compute_bound;
    bool unbounded = definition != NULL && definition->unbounded;
    aot_kernel kernel = kernels[state->level];
    if (!unbounded && launch_flat(state, kernel, dtypes, inputs, operands, views, ndim, shape, watch)) {
        return 0;
    }
    aot_plan plan;
    map_job job;
    job.plan = &plan;
    job.kernel = kernel;
    job.operands = operands;
    job.first_out = inputs;
    enum aot_outcome outcome = AOT_NO_MEMORY;
    for (plan.frugal = 0; outcome == AOT_NO_MEMORY; plan.frugal++) { /* no memory to pack in: try again with smaller pieces */
        plan.rank = ndim;
        plan.inputs = inputs;
        plan.outputs = outputs;
        plan.compute_bound = compute_bound;
        plan.unbounded = unbounded;
        plan.copies = dtypes[0] < AOT_N_DTYPES && kernels == aot_builtin_convert[dtypes[0]][dtypes[0]];
        plan.threads = aot_threads(state, total, compute_bound, unbounded);
        for (int axis = 0; axis < ndim; axis++) {
            plan.shape[axis] = shape[axis];
        }
        for (int k = 0; k < operands; k++) {
            aot_plan_view(&plan, k, &views[k], dtypes[k]);
        }
        aot_make_plan(aot_plan_map, &plan);
        for (int k = 0; k < operands; k++) {
            job.data[k] = views[k].data;
            job.strides[k] = plan.inner[k];
            job.strides[operands + k] = plan.outer[k];
            job.itemsizes[k] = plan.roles[k] == AOT_PLAN_INDEX ? 1 : aot_dtypes[dtypes[k]].itemsize;
            if (in_scratch(&plan, k)) {
                int from = k < inputs ? views[k].dtype : dtypes[k], to = k < inputs ? dtypes[k] : views[k].dtype;
                job.copies[k] = aot_builtin_convert[from][to][state->level];
            }
        }
        if (aot_plans_only(watch, &plan)) {
            return 0;
        }
        if (plan.tiles[0] == 1 && plan.packed == 0 && !plan.streams && total < AOT_PLAN_GRAIN && !unbounded) {
            run_rows(kernel, plan.sizes[0], plan.sizes[1], operands, job.data, job.strides, job.itemsizes);
            return 0;
        }
        aot_runner runner = {.job = &job,
                             .watch = watch,
                             .total = total,
                             .threads = (int)plan.threads,
                             .compute_bound = compute_bound,
                             .unbounded = unbounded,
                             .scratch_bytes = (size_t)(plan.packed * plan.packed_bytes)};
        outcome = aot_run(state, &runner, run_map);
    }
    return outcome == AOT_DONE ? 0 : -1;
}

int aot_launch(aot_state *state, const aot_operator_object *operator, const aot_kernel *kernels,
               const uint8_t *dtypes, int inputs, int outputs, const aot_view *views, int ndim,
               const Py_ssize_t *shape)
{
    const aot_operator *definition = operator != NULL ? operator->definition : NULL;
    int64_t total = 1;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 0) {
            return 0;
        }
        total *= shape[axis];
    }
    aot_watch seen, *watch = state->watched ? &seen : NULL;
    if (watch != NULL) {
        aot_watch_begin(watch, state, operator, dtypes, inputs, inputs + outputs, views, ndim, shape);
    }
    int failed = launch(state, definition, kernels, dtypes, inputs, outputs, views, ndim, shape, total, watch);
    if (watch != NULL) {
        aot_watch_end(watch);
    }
    return failed;
}

const Py_ssize_t aot_no_strides[AOT_MAX_RANK] = {0};

bool aot_broadcast_strides(const aot_tensor *tensor, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides)
{
    int missing = ndim - tensor->ndim;
    if (missing < 0) {
        return false;
    }
    for (int axis = 0; axis < ndim; axis++) {
        Py_ssize_t length = axis < missing ? 1 : tensor->shape[axis - missing];
        if (length != shape[axis] && length != 1) {
            return false;
        }
        strides[axis] = length == 1 ? 0 : tensor->strides[axis - missing];
    }
    return true;
}

bool aot_may_overlap(const aot_tensor *a, const aot_tensor *b)
{
    char *low_a, *high_a, *low_b, *high_b;
    aot_tensor_extent(a, &low_a, &high_a);
    aot_tensor_extent(b, &low_b, &high_b);
    return low_a < high_b && low_b < high_a;
}

bool aot_same_elements(const aot_tensor *a, const aot_tensor *b)
{
    if (a->data != b->data || a->dtype != b->dtype || a->ndim != b->ndim) {
        return false;
    }
    size_t bytes = a->ndim * sizeof *a->shape;
    return memcmp(a->shape, b->shape, bytes) == 0 && memcmp(a->strides, b->strides, bytes) == 0;
}

int aot_check_writable(const aot_tensor *tensor, const char *function, const char *argument)
{
    if (tensor->storage->readonly) {
        aot_raise("read_only", "(ss)", function, argument);
        return -1;
    }
    tensor->storage->writes++;
    return 0;
}

/* Copies a few elements between contiguous tensors of one size, or tensors of one shape with at most two axes; returns
 * false for any others. A launch would cost 25 ns more for the former, 150 ns for the latter. */
static bool copy_few(aot_tensor *target, const aot_tensor *source)
{
    if (source->size != target->size || source->size > FEW) {
        return false;
    }
    int ndim = source->ndim;
    int64_t n0 = 1, n1 = source->size, strides[] = {1, 1, 0, 0}; /* strides of both along n1, then along n0 */
    if (!source->contiguous || !target->contiguous) {
        if (ndim != target->ndim || ndim > 2 || memcmp(source->shape, target->shape, (size_t)ndim * sizeof n1) != 0) {
            return false;
        }
        n0 = ndim > 1 ? source->shape[0] : 1;
        n1 = source->shape[ndim - 1]; /* there is an axis, since tensors without axes are contiguous */
        strides[0] = source->strides[ndim - 1];
        strides[1] = target->strides[ndim - 1];
        strides[2] = source->strides[0];
        strides[3] = target->strides[0];
    }
    char *data[] = {source->data, target->data};
    aot_state *state = target->state;
    aot_kernel kernel = aot_builtin_convert[source->dtype][target->dtype][state->level];
    if (!state->watched) {
        aot_run_kernel(kernel, n0, n1, data, strides);
        return true;
    }
    aot_watch watch;
    const Py_ssize_t shape[] = {n0, n1}, from[] = {strides[2], strides[0]}, to[] = {strides[3], strides[1]};
    const aot_view views[] = {{source->data, from, source->dtype}, {target->data, to, target->dtype}};
    const uint8_t dtypes[] = {source->dtype, target->dtype};
    aot_watch_begin(&watch, state, NULL, dtypes, 1, 2, views, 2, shape);
    if (!aot_watch_plan(&watch, NULL)) {
        aot_run_kernel(kernel, n0, n1, data, strides);
    }
    aot_watch_end(&watch);
    return true;
}

int aot_assigned_strides(const aot_tensor *source, int ndim, const Py_ssize_t *shape, Py_ssize_t *strides)
{
    aot_tensor trimmed = *source;
    while (trimmed.ndim > ndim && *trimmed.shape == 1) {
        trimmed.ndim--;
        trimmed.shape++;
        trimmed.strides++;
    }
    if (!aot_broadcast_strides(&trimmed, ndim, shape, strides)) {
        aot_raise("cannot_assign_shape", "(NN)", aot_tuple_of_sizes(source->ndim, source->shape),
                  aot_tuple_of_sizes(ndim, shape));
        return -1;
    }
    return 0;
}

int aot_copy(aot_tensor *target, aot_tensor *source)
{
    Py_ssize_t strides[AOT_MAX_RANK];
    if (aot_check_writable(target, "assignment", "x") < 0 ||
        aot_check_converts(source->dtype, target->dtype, "assignment", "value") < 0) {
        return -1;
    }
    if (aot_assigned_strides(source, target->ndim, target->shape, strides) < 0) {
        return -1;
    }
    if (aot_same_elements(target, source)) {
        return 0;
    }
    if (aot_may_overlap(target, source)) {
        aot_tensor *copy = aot_tensor_new(source->state, source->dtype, source->ndim, source->shape, "assignment");
        int failed = copy == NULL || aot_copy(copy, source) < 0 || aot_copy(target, copy) < 0;
        Py_XDECREF((PyObject *)copy);
        return failed ? -1 : 0;
    }
    if (copy_few(target, source)) {
        return 0;
    }
    static const Py_ssize_t unit[] = {1};
    bool flat = source->contiguous && target->contiguous && source->size == target->size;
    aot_view views[] = {{source->data, flat ? unit : strides, source->dtype},
                        {target->data, flat ? unit : target->strides, target->dtype}};
    uint8_t dtypes[] = {source->dtype, target->dtype};
    return aot_launch(target->state, NULL, aot_builtin_convert[source->dtype][target->dtype], dtypes, 1, 1, views,
                      flat ? 1 : target->ndim, flat ? &target->size : target->shape);
}

int aot_fill(aot_tensor *target, aot_element value, int dtype)
{
    aot_view views[] = {{(char *)&value, aot_no_strides, (uint8_t)dtype}, {target->data, target->strides, target->dtype}};
    uint8_t dtypes[] = {(uint8_t)dtype, target->dtype};
    return aot_launch(target->state, NULL, aot_builtin_convert[dtype][target->dtype], dtypes, 1, 1, views,
                      target->ndim, target->shape);
}
