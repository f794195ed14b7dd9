/* Running reductions: their kernels over tiles, whose results are combined in a fixed tree. In Python:
 *
 *     def fold(inputs, out):                         # out has stride 0 along the reduced axes
 *         for columns in tiles of the kept axes:
 *             rows = tiles of the reduced axes
 *             parts = [tree(columns, rows[s * len(rows) // S : (s + 1) * len(rows) // S]) for s in range(S)]
 *             while len(parts) > 1: combine neighbours, the first with the second, the third with the fourth, ...
 *             out[columns] = parts[0]
 *
 *     def tree(columns, rows):
 *         if len(rows) == 1: return kernel(inputs[rows, columns], full(columns, start))
 *         elif the input is a vector and len(rows) <= BATCH: return batch(rows)
 *         else: return combine(tree(columns, first half), tree(columns, second half))
 *         # where a first half gives the absorbing result, its second half is left out; where it is the only result,
 *         # so are all trees of other parts
 *
 *     def batch(rows):                               # one kernel call for many rows is cheaper than one call per row
 *         results = kernel(inputs[rows], full(len(rows), start))
 *         while len(results) > 1:
 *             middle = (len(results) + 1) // 2
 *             results[:len(results) - middle] = combine(results[:len(results) - middle], results[middle:])
 *             results = results[:middle]
 *         return results[0]
 *
 * The plan (loops/plan/fold.py) chooses the tiles and S. Inputs whose dtype is not the kernel's are cast a few rows of
 * a tile at a time. Threads share out pairs of columns and s. The shape alone decides which tiles are combined, not the
 * threads that compute them: results have the same bits on any number of threads, and errors grow with the depth of the
 * tree.
 *
 * Invariant: the space has at least one element, and at most 2**63 - 1 (checked by aot_reduce).
 *
 * While it is computed, a result is one value, or for an argreduce two: the best value and its position; or the numbers
 * of a state, of which a kernel makes the result at the end. A row of results is a row of each of these.
 *
 * A product whose parts leave the range is computed in another way (aotops/retry.py), from all elements: so a thread that
 * notices leaves out all that has not been computed, in `tree`.
 */
#include "native.h"

#include "fold_copy.h"
#include "retry.h"
#include "system.h"

#include <string.h>

#define BATCH AOT_PLAN_BATCH
enum { KEPT, FOLDING };

typedef struct {
    const aot_plan *plan;
    aot_kernel fold, combine, fill[AOT_MAX_STATES], finish;
    aot_fold_copied copied;
    int inputs;   /* tensors */
    int results;     /* 1; 2: the best value and its position; or the numbers of a state */
    bool positions;  /* an argreduce */
    bool has_states;
    char *const *states;   /* where to write the states themselves, laid out as the output would be; NULL: results */
    aot_element start[AOT_MAX_STATES];
    const void *absorbing;  /* the value that ends the reduction early, or NULL */
    aot_atomic *absorbed;   /* 1 once the only result is known to be it, so that all may end; NULL for several results */
    const void *initial;    /* what each result is combined with at its end, or NULL: tiles start from it */
    char *data[AOT_MAX_OPERANDS];          /* inputs, then the output */
    const char *starts;    /* rows of start values, of which those of tiles are copies */
    size_t starts_bytes;   /* of each of these rows */
    unsigned watched;      /* the floating-point exceptions after which the reduction is done again */
    aot_atomic *useless;   /* 1 once one was raised, after which nothing is needed; NULL: other results are */
    size_t flags_at;       /* where in shared memory each item has a byte for them */
    bool *raised;          /* whether there was one */
    size_t result_bytes; /* of the results of one tile */
    size_t tree_bytes;   /* of all results in a tree; memory for casting follows */
} fold_job;

static void fill_start(const fold_job *job, char *const *rows, int64_t width)
{
    for (int r = 0; r < job->results; r++) {
        memcpy(rows[r], job->starts + (size_t)r * job->starts_bytes,
               (size_t)(width * job->plan->result_itemsizes[r]));
    }
}

/* Fills the rows that fill_start copies. */
static void fill_starts(const fold_job *job, char *starts)
{
    const int64_t strides[] = {0, 1, 0, 0};
    for (int r = 0; r < job->results; r++) {
        char *data[] = {(char *)&job->start[r], starts + (size_t)r * job->starts_bytes};
        int64_t width = job->plan->row_bytes[r] / job->plan->result_itemsizes[r];
        aot_call_kernel(job->fill[r], 1, aot_larger(width, BATCH), data, strides);
    }
}

/* Combines one row of results into another. */
static void merge(const fold_job *job, int64_t width, char *const *targets, char *const *others)
{
    static const int64_t strides[6 * AOT_MAX_STATES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    char *data[3 * AOT_MAX_STATES];
    int n = job->results;
    if (job->positions) { /* an argreduce reuses its kernel: the other row's values are elements at the other row's
                             positions */
        const int64_t argreduce_strides[] = {1, 1, 1, 1, 0, 0, 0, 0};
        char *operands[] = {others[0], others[1], targets[0], targets[1]};
        aot_call_kernel(job->fold, 1, width, operands, argreduce_strides);
        return;
    }
    for (int r = 0; r < n; r++) {
        data[r] = data[2 * n + r] = targets[r];
        data[n + r] = others[r];
    }
    /* of a single row, the strides along the outer axis do not matter */
    aot_call_kernel(job->combine, 1, width, data, strides);
}

/* Runs the kernel of a reduction on rows of its inputs. */
static void fold_rows(const fold_job *job, int64_t n0, int64_t n1, int operands, char **data,
                      const int64_t *strides, char *room)
{
    if (job->plan->packed > 0) {
        aot_fold_copies(&job->copied, n0, n1, operands, data, strides, room);
    } else {
        aot_call_kernel(job->fold, n0, n1, data, strides);
    }
}

/* Reduces one tile into results that already hold the start value and lie `step` elements apart. */
static void fold_tile(const fold_job *job, char *const *column, int64_t width, int64_t row, char *const *rows, int64_t step,
                      char *room)
{
    const aot_plan *plan = job->plan;
    const aot_grid_axis *inner = &plan->grids[FOLDING][plan->grid_ranks[FOLDING] - 1];
    char *data[AOT_MAX_OPERANDS];
    int64_t strides[2 * AOT_MAX_OPERANDS];
    memcpy(data, column, (size_t)job->inputs * sizeof *data);
    int64_t depth = aot_seek(plan, FOLDING, row, job->inputs, data);
    int64_t place = row * inner->size; /* an argreduce has one reduced axis */
    int operands = job->inputs;
    if (job->positions) {
        data[operands++] = (char *)&place;
    }
    for (int r = 0; r < job->results; r++) {
        data[operands++] = rows[r];
    }
    memset(strides, 0, sizeof strides);
    for (int k = 0; k < job->inputs; k++) {
        strides[k] = plan->inner[k];
        strides[operands + k] = plan->outer[k];
    }
    for (int k = operands - job->results; k < operands; k++) { /* results advance along the kept axis */
        strides[plan->inner_folds ? operands + k : k] = plan->both_fold ? 0 : step;
    }
    int64_t n0 = plan->inner_folds ? width : depth, n1 = plan->inner_folds ? depth : width;
    if (plan->both_fold) {
        const aot_grid_axis *outer = inner - 1;
        int64_t index = row / inner->count % outer->count;
        n0 = aot_smaller(outer->size, outer->length - index * outer->size);
    }
    fold_rows(job, n0, n1, operands, data, strides, room);
}

/* Returns whether results are final already; if so, tells the other threads. */
static bool is_absorbed(const fold_job *job, int64_t width, const char *results)
{
    bool absorbed = job->absorbing != NULL && width == 1 &&
                    memcmp(results, job->absorbing, (size_t)job->plan->result_itemsizes[0]) == 0;
    if (absorbed && job->absorbed != NULL) {
        aot_atomic_store(job->absorbed, 1);
    }
    return absorbed;
}

/* Reduces rows of a vector, in order, into results that already hold a value. Used for argreductions: positions in
 * order need no tree, and a row that contains no better value is not searched for its position. */
static void fold_in_order(const fold_job *job, char *const *column, int64_t first, int64_t last, char *results)
{
    const aot_plan *plan = job->plan;
    const aot_grid_axis *axis = &plan->grids[FOLDING][0];
    int64_t place[BATCH];
    for (int64_t row = first; row < last && !aot_is_stopped();) {
        int64_t rest = axis->length - row * axis->size;
        int64_t count = aot_smaller(aot_smaller(BATCH, last - row), rest / axis->size);
        count = count > 0 ? count : 1;
        for (int64_t k = 0; k < count; k++) {
            place[k] = (row + k) * axis->size;
        }
        char *data[] = {column[0] + row * axis->steps[0], (char *)place, results, results + plan->row_bytes[0]};
        const int64_t strides[] = {plan->inner[0], 0, 0, 0, plan->inner[0] * axis->size, 1, 0, 0};
        aot_call_kernel(job->fold, count, aot_smaller(rest, axis->size), data, strides);
        row += count;
    }
}

/* Returns whether nothing more is needed, since a part has left the range; if so, tells the other threads. */
static bool is_useless(const fold_job *job)
{
    if (job->useless == NULL) {
        return false;
    }
    if (aot_raised_flags(job->watched) != 0) {
        aot_atomic_store(job->useless, 1);
    }
    return aot_atomic_load(job->useless) != 0;
}

/* Reduces a batch of rows into `rows`. */
static void batch(const fold_job *job, char *const *column, int64_t first, int64_t last, char *const *rows, char *room)
{
    aot_element results[AOT_MAX_STATES][BATCH];
    char *data[AOT_MAX_OPERANDS], *values[AOT_MAX_STATES], *others[AOT_MAX_STATES];
    int64_t strides[2 * AOT_MAX_OPERANDS], count = last - first;
    const int64_t *sizes = job->plan->result_itemsizes;
    const aot_grid_axis *axis = &job->plan->grids[FOLDING][0];
    int inputs = job->inputs, operands = inputs + job->results;
    for (int k = 0; k < inputs; k++) {
        data[k] = column[k] + first * axis->steps[k];
        strides[k] = job->plan->inner[k];
        strides[operands + k] = job->plan->inner[k] * axis->size;
    }
    for (int r = 0; r < job->results; r++) {
        data[inputs + r] = values[r] = (char *)results[r];
        strides[inputs + r] = 0;
        strides[operands + inputs + r] = 1;
    }
    fill_start(job, values, count);
    int64_t rest = axis->length - (last - 1) * axis->size; /* the last row of the axis may be shorter */
    int64_t whole = rest < axis->size ? count - 1 : count;
    /* a product that leaves the range does so in its first row, most often */
    int64_t alone = job->useless != NULL && whole > 1;
    if (alone) {
        fold_rows(job, 1, axis->size, operands, data, strides, room);
        for (int k = 0; k < operands; k++) {
            data[k] += k < inputs ? axis->steps[k] : sizes[k - inputs];
        }
    }
    if (!is_useless(job)) {
        fold_rows(job, whole - alone, axis->size, operands, data, strides, room);
    }
    if (whole < count) {
        for (int r = 0; r < job->results; r++) {
            others[r] = values[r] + whole * sizes[r];
        }
        fold_tile(job, column, 1, last - 1, others, 1, room);
    }
    while (count > 1) {
        int64_t middle = (count + 1) / 2;
        for (int r = 0; r < job->results; r++) {
            others[r] = values[r] + middle * sizes[r];
        }
        merge(job, count - middle, values, others);
        count = middle;
    }
    for (int r = 0; r < job->results; r++) {
        memcpy(rows[r], values[r], (size_t)sizes[r]);
    }
}

/* Reduces rows `first` up to `last` into `results`; the memory behind holds one row of results per level below. */
static void tree(const fold_job *job, char *const *column, int64_t width, int64_t first, int64_t last, char *results,
                 char *room)
{
    char *rows[AOT_MAX_STATES], *others[AOT_MAX_STATES];
    if (aot_is_stopped()) {
        return;
    }
    aot_rows_of(job->plan, results, rows);
    if (job->absorbed != NULL && aot_atomic_load(job->absorbed) != 0) { /* another thread has found the result */
        memcpy(results, job->absorbing, (size_t)job->plan->result_itemsizes[0]);
        return;
    }
    if (is_useless(job)) {
        fill_start(job, rows, width);
        return;
    }
    if (last - first == 1) {
        fill_start(job, rows, width);
        fold_tile(job, column, width, first, rows, 1, room);
        return;
    }
    if (job->plan->in_batches && job->positions) {
        fill_start(job, rows, 1);
        fold_in_order(job, column, first, last, results);
        return;
    }
    if (job->plan->in_batches && last - first <= BATCH) {
        batch(job, column, first, last, rows, room);
        return;
    }
    int64_t middle = first + (last - first + 1) / 2;
    tree(job, column, width, first, middle, results, room);
    if (!is_absorbed(job, width, results)) {
        tree(job, column, width, middle, last, results + job->result_bytes, room);
        aot_rows_of(job->plan, results + job->result_bytes, others);
        merge(job, width, rows, others);
    }
}

/* Finds the operands' first elements in a tile of columns; returns its width. */
static int64_t seek_column(const fold_job *job, int64_t tile, char **column)
{
    memcpy(column, job->data, (size_t)(job->inputs + 1) * sizeof *column);
    return aot_seek(job->plan, KEPT, tile, job->inputs + 1, column);
}

/* Combines results with an initial value that must enter each of them once. */
static void merge_initial(const fold_job *job, int64_t width, char *results)
{
    const int64_t strides[] = {0, 1, 1, 0, 0, 0};
    char *data[] = {(char *)job->initial, results, results};
    aot_call_kernel(job->combine, 1, width, data, strides);
}

/* Several tiles may start from an initial value that changes nothing when it is combined with itself. From any other
 * one, such as 10 for a sum, no tile starts: they start from the identity, where there is one. A build rejects such an
 * initial value without an identity (aot/pack/probe.py). */
static void choose_start(fold_job *job, const aot_operator *definition, const aot_variant *variant)
{
    const int64_t none[] = {0, 0, 0, 0, 0, 0};
    aot_element twice;
    job->start[0] = variant->constants[AOT_CONSTANT_INITIAL];
    job->start[1] = (aot_element){{0}};
    job->initial = NULL;
    if (job->has_states) {
        memcpy(job->start, &variant->constants[AOT_CONSTANT_DEFAULTS], (size_t)job->results * sizeof *job->start);
        return;
    }
    if (definition->has_identity && job->results == 1 && job->plan->tiles[FOLDING] > 1) {
        char *data[] = {(char *)&job->start[0], (char *)&job->start[0], (char *)&twice};
        aot_run_kernel(job->combine, 1, 1, data, none);
        if (memcmp(&twice, &job->start[0], (size_t)job->plan->result_itemsizes[0]) != 0) {
            job->start[0] = variant->constants[AOT_CONSTANT_IDENTITY];
            job->initial = &variant->constants[AOT_CONSTANT_INITIAL];
        }
    }
}

/* Writes the results of a tile of columns to the output. Returns whether a part has left the range: not what is made of
 * a state, which may do so in earnest. */
static bool finish(const fold_job *job, char *const *column, int64_t width, char *results)
{
    if (job->initial != NULL) {
        merge_initial(job, width, results);
    }
    bool raised = aot_raised_flags(job->watched) != 0;
    char *data[AOT_MAX_STATES + 1];
    int64_t strides[2 * (AOT_MAX_STATES + 1)] = {0};
    int operands = job->has_states ? job->results : 1;
    aot_rows_of(job->plan, results, data);
    if (job->positions) {
        data[0] = data[1];
    }
    data[operands] = column[job->inputs];
    if (width == 1 && !job->has_states) {
        memcpy(data[operands], data[0], (size_t)job->plan->result_itemsizes[job->positions ? 1 : 0]);
        return raised;
    }
    if (job->states != NULL) {
        int64_t place = (data[operands] - job->data[job->inputs]) / job->plan->itemsizes[job->inputs];
        const int64_t copied[] = {1, job->plan->out_stride, 0, 0};
        for (int r = 0; r < operands; r++) {
            char *pair[] = {data[r], job->states[r] + place * job->plan->result_itemsizes[r]};
            aot_call_kernel(job->fill[r], 1, width, pair, copied);
        }
        return raised;
    }
    for (int k = 0; k < operands; k++) {
        strides[k] = 1;
    }
    strides[operands] = job->plan->out_stride;
    aot_call_kernel(job->finish, 1, width, data, strides);
    return raised;
}

/* Returns the first row of part `part`: rows * part / parts, without the overflow of the product. */
static int64_t first_row(const aot_plan *plan, int64_t part)
{
    int64_t rows = plan->tiles[FOLDING];
    return rows / plan->parts * part + rows % plan->parts * part / plan->parts;
}

/* Runs one unit of work: part `item % parts` of column tile `item / parts`. Returns whether a part has left the range. */
static bool run_item(const fold_job *job, int64_t item, char *partials, char *scratch)
{
    const aot_plan *plan = job->plan;
    char *column[AOT_MAX_OPERANDS], *room = scratch + job->tree_bytes;
    int64_t width = seek_column(job, item / plan->parts, column);
    int64_t part = item % plan->parts;
    if (plan->tiles[FOLDING] == 1 && job->results == 1 && !job->has_states) { /* nothing to combine: write directly to the output */
        const int64_t strides[] = {0, plan->out_stride, 0, 0};
        char *data[] = {(char *)&job->start[0], column[job->inputs]}, *const *out = &column[job->inputs];
        if (plan->out_stride == 1) {
            fill_start(job, out, width);
        } else {
            aot_call_kernel(job->fill[0], 1, width, data, strides);
        }
        fold_tile(job, column, width, 0, out, plan->out_stride, room);
        return aot_raised_flags(job->watched) != 0;
    }
    tree(job, column, width, first_row(plan, part), first_row(plan, part + 1), scratch, room);
    if (plan->parts == 1) {
        return finish(job, column, width, scratch);
    }
    memcpy(partials + (size_t)item * job->result_bytes, scratch, job->result_bytes);
    (void)is_absorbed(job, width, scratch);
    return aot_raised_flags(job->watched) != 0;
}

static void run_items(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const fold_job *job = runner->job;
    int64_t parts = job->plan->parts;
    for (int64_t item = first; item < last && !aot_is_stopped(); item++) {
        char *column[AOT_MAX_OPERANDS], *before = runner->shared;
        bool follows = item > first && item % parts > 0; /* another part of the same tile, which has just been computed */
        if (follows) {
            before += (size_t)(item - 1) * job->result_bytes;
        }
        bool raised = false;
        aot_clear_flags(job->watched);
        if (follows && is_absorbed(job, seek_column(job, item / parts, column), before)) {
            memcpy(before + job->result_bytes, before, job->result_bytes);
        } else {
            raised = run_item(job, item, runner->shared, scratch);
        }
        runner->shared[job->flags_at + (size_t)item] = (char)raised;
    }
}

/* Combines the parts of each tile of columns. Returns whether a part has left the range. */
static bool merge_parts(const fold_job *job, char *partials)
{
    bool raised = false;
    for (int64_t tile = 0; tile < job->plan->tiles[KEPT] && !aot_is_stopped(); tile++) {
        char *column[AOT_MAX_OPERANDS];
        int64_t width = seek_column(job, tile, column);
        char *parts = partials + (size_t)(tile * job->plan->parts) * job->result_bytes;
        aot_clear_flags(job->watched);
        for (int64_t count = job->plan->parts; count > 1; count = (count + 1) / 2) {
            /* combine neighbours, so that positions stay in order */
            for (int64_t k = 0; k + 1 < count; k += 2) {
                char *targets[AOT_MAX_STATES], *others[AOT_MAX_STATES];
                aot_rows_of(job->plan, parts + (size_t)k * job->result_bytes, targets);
                aot_rows_of(job->plan, parts + (size_t)(k + 1) * job->result_bytes, others);
                merge(job, width, targets, others);
            }
            for (int64_t k = 1; 2 * k < count; k++) {
                memcpy(parts + (size_t)k * job->result_bytes, parts + (size_t)(2 * k) * job->result_bytes,
                       job->result_bytes);
            }
        }
        raised |= finish(job, column, width, parts);
    }
    return raised;
}

static void run_fold(const aot_runner *runner)
{
    fold_job job = *(const fold_job *)runner->job;
    aot_runner own = *runner;
    int64_t items = job.plan->tiles[KEPT] * job.plan->parts;
    char *starts = runner->shared + job.flags_at + aot_whole_lines((size_t)items);
    fill_starts(&job, starts);
    job.starts = starts;
    own.job = &job;
    aot_share(&own, items, run_items);
    *job.raised = memchr(runner->shared + job.flags_at, 1, (size_t)items) != NULL;
    if (job.plan->parts > 1) {
        *job.raised |= merge_parts(&job, runner->shared);
    }
}

static int fold(aot_state *state, const aot_operator *definition, const aot_variant *variant, const aot_view *views,
                int ndim, const Py_ssize_t *shape, char *const *states, aot_watch *watch)
{
    int inputs = definition->inputs, level = state->level, result = variant->dtypes[inputs];
    int64_t total = 1;
    bool raised = false;
    if (aot_fold_flat(state, definition, variant, views, ndim, shape, watch, &raised)) {
        return raised;
    }
    aot_plan plan;
    fold_job job;
    job.plan = &plan;
    job.inputs = inputs;
    job.positions = definition->kind == AOT_ARGREDUCE;
    job.has_states = definition->states > 0;
    job.states = states;
    job.results = job.positions ? 2 : job.has_states ? definition->states : 1;
    const uint8_t position[] = {variant->dtypes[0], (uint8_t)result};
    const uint8_t *numbers = job.positions ? position : &variant->dtypes[inputs + (job.has_states ? 1 : 0)];
    plan.rank = ndim;
    plan.inputs = inputs;
    plan.outputs = 1;
    plan.results = job.results;
    plan.positions = job.positions;
    for (int r = 0; r < job.results; r++) {
        plan.result_itemsizes[r] = aot_dtypes[numbers[r]].itemsize;
        job.fill[r] = aot_builtin_convert[numbers[r]][numbers[r]][level];
    }
    for (int axis = 0; axis < ndim; axis++) {
        plan.shape[axis] = shape[axis];
        total *= shape[axis];
    }
    for (int k = 0; k <= inputs; k++) {
        int own = variant->dtypes[k];
        aot_plan_view(&plan, k, &views[k], own);
        job.data[k] = views[k].data;
        job.copied.casts[k] = views[k].dtype == own ? NULL : aot_builtin_convert[views[k].dtype][own][level];
    }
    plan.exact = aot_folds_in_any_order(definition, variant);
    plan.threads = aot_threads(state, total, definition->compute_bound, definition->unbounded);
    aot_make_plan(aot_plan_fold, &plan);
    for (int k = 0; k < inputs; k++) {
        bool packs = plan.roles[k] == AOT_PLAN_PACK || plan.roles[k] == AOT_PLAN_PACK_AND_CAST;
        job.copied.packs[k] = packs ? aot_builtin_convert[views[k].dtype][views[k].dtype][level] : NULL;
    }
    if (aot_plans_only(watch, &plan)) {
        static const aot_element origin;
        memcpy(views[inputs].data, job.positions ? &origin : &variant->constants[AOT_CONSTANT_INITIAL],
               aot_dtypes[result].itemsize);
        return 0;
    }
    job.fold = variant->kernels[level];
    job.copied.plan = &plan;
    job.copied.kernel = job.fold;
    job.copied.inputs = inputs;
    job.copied.results = job.results;
    job.combine = variant->combine[level];
    job.finish = job.has_states ? variant->finish[level] : aot_builtin_convert[result][result][level];
    choose_start(&job, definition, variant);
    job.absorbing = definition->has_absorbing ? &variant->constants[AOT_CONSTANT_ABSORBING] : NULL;
    aot_atomic absorbed = {0}, useless = {0};
    job.useless = aot_retry_of(definition, result) == AOT_RETRY_APART ? &useless : NULL;
    /* A NaN is left to its own part: of several NaNs, which one is the result must not depend on the threads. */
    bool ends_all = job.absorbing != NULL && job.results == 1 && plan.tiles[KEPT] == 1 && plan.parts > 1 &&
                    aot_dtypes[result].category < AOT_CATEGORY_FLOAT;
    job.absorbed = ends_all ? &absorbed : NULL;
    job.result_bytes = 0;
    job.starts_bytes = BATCH * sizeof(aot_element);
    for (int r = 0; r < job.results; r++) {
        size_t row = (size_t)plan.row_bytes[r];
        job.result_bytes += row;
        job.starts_bytes = row > job.starts_bytes ? row : job.starts_bytes;
    }
    int depth = 1;
    for (int64_t rows = plan.tiles[FOLDING]; rows > 1; rows = (rows + 1) / 2) {
        depth++;
    }
    job.tree_bytes = (size_t)depth * job.result_bytes;
    size_t partials = plan.parts > 1 ? (size_t)(plan.tiles[KEPT] * plan.parts) * job.result_bytes : 0;
    size_t room = (size_t)(plan.packed * plan.packed_bytes);
    size_t items = aot_whole_lines((size_t)(plan.tiles[KEPT] * plan.parts));
    job.watched = aot_flags_of(definition, result);
    job.flags_at = partials;
    job.raised = &raised;
    aot_runner runner = {.job = &job,
                         .watch = watch,
                         .total = total,
                         .threads = (int)plan.threads,
                         .compute_bound = definition->compute_bound,
                         .unbounded = definition->unbounded,
                         .shared_bytes = partials + items + (size_t)job.results * job.starts_bytes,
                         .scratch_bytes = job.tree_bytes + room};
    return aot_run_or_raise(state, &runner, run_fold) < 0 ? -1 : raised || aot_atomic_load(&useless) != 0;
}

int aot_fold(const aot_operator_object *operator, const aot_variant *variant, const aot_view *views, int ndim,
             const Py_ssize_t *shape, char *const *states)
{
    aot_state *state = operator->state;
    const aot_operator *definition = operator->definition;
    aot_watch seen, *watch = state->watched ? &seen : NULL;
    int inputs = definition->inputs;
    if (watch != NULL) {
        aot_watch_begin(watch, state, operator, variant->dtypes, inputs, inputs + 1, views, ndim, shape);
    }
    aot_view turned[AOT_MAX_OPERANDS];
    Py_ssize_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    views = aot_folds_in_any_order(definition, variant) ? aot_forwards(views, inputs, ndim, shape, turned, strides) : views;
    int failed = fold(state, definition, variant, views, ndim, shape, states, watch);
    if (watch != NULL) {
        aot_watch_end(watch);
    }
    return failed;
}
