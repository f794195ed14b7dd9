/* Folding: running a reduction's kernels over tiles, and their results into a fixed tree. In Python:
 *
 *     def fold(inputs, out):                         # out has step 0 along the axes that fold
 *         for columns in tiles of the axes that are kept:
 *             rows = tiles of the axes that fold
 *             parts = [tree(columns, rows[s * len(rows) // S : (s + 1) * len(rows) // S]) for s in range(S)]
 *             while len(parts) > 1: combine neighbours, the first with the second, the third with the fourth, ...
 *             out[columns] = parts[0]
 *
 *     def tree(columns, rows):
 *         if len(rows) == 1: return kernel(inputs[rows, columns], full(columns, start))
 *         elif a vector is folded and len(rows) <= BATCH: return batch(rows)
 *         else: return combine(tree(columns, first half), tree(columns, second half))
 *
 *     def batch(rows):                               # one call of a kernel for many rows takes less than a call for each
 *         results = kernel(inputs[rows], full(len(rows), start))
 *         while len(results) > 1:
 *             middle = (len(results) + 1) // 2
 *             results[:len(results) - middle] = combine(results[:len(results) - middle], results[middle:])
 *             results = results[:middle]
 *         return results[0]
 *
 * Threads share out pairs of columns and s. Which tile meets which is a matter of the shape, not of who computes it:
 * the same bits on any number of threads, and errors that grow with the depth of the tree.
 *
 * The space has at least one element, and at most 2**63 - 1: aot_reduce sees to it.
 *
 * A result is one value, or for an argreduce two: the best value and its position.
 */
#include "native.h"

#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define LEAF 8192
#define COLUMNS 1024   /* kept elements of a tile: their results stay in the nearest cache */
#define ROWS 256       /* folding elements of a tile of columns: 64 rounds of four rows */
#define SINGLE_ROWS 64 /* and of a tile of less than WIDE columns, whose rows a kernel adds one by one */
#define WIDE 512
#define NARROW 16
#define MOST_PARTS 32
#define BATCH 8

typedef struct {
    int64_t count;  /* of tiles along the axis */
    int64_t length; /* of the axis */
    int64_t size;   /* of a tile */
    int64_t steps[AOT_MAX_OPERANDS]; /* bytes from a tile to the next one */
} grid_axis;

typedef struct {
    aot_kernel fold, combine, fill[2], finish;
    int inputs;   /* tensors */
    int results;  /* 1, or 2: the best value and its position */
    int itemsize[2];
    aot_element start[2];
    const void *absorbing;  /* the value that ends the work early, or NULL */
    bool inner_folds;
    bool outer_folds_too; /* the tile's outer axis, where none is kept */
    char *data[AOT_MAX_OPERANDS];          /* inputs, then the output */
    int64_t strides[2 * AOT_MAX_OPERANDS]; /* of the inputs along a tile's inner and outer axis, in elements */
    bool in_batches;                       /* one axis folds, in rows, to one value */
    int64_t out_step;                      /* along the kept one of them */
    int n_kept, n_folding;
    grid_axis kept[AOT_MAX_RANK + 1], folding[AOT_MAX_RANK + 1]; /* the tile's own axis is the last one of each */
    int64_t columns, rows; /* tiles of each grid */
    int64_t parts;
    size_t row_bytes[2], result_bytes; /* of a tile's results */
} fold_job;

/* Moves operand pointers to a tile of a grid; returns the tile's size along the grid's last axis. */
static int64_t seek(const grid_axis *axes, int n_axes, int64_t tile, int operands, char **data)
{
    int64_t size = 1;
    for (int axis = n_axes - 1; axis >= 0; axis--) {
        int64_t index = tile % axes[axis].count;
        tile /= axes[axis].count;
        for (int k = 0; k < operands; k++) {
            data[k] += index * axes[axis].steps[k];
        }
        if (axis == n_axes - 1) {
            size = aot_smaller(axes[axis].size, axes[axis].length - index * axes[axis].size);
        }
    }
    return size;
}

static void fill_start(const fold_job *job, char *results, int64_t width)
{
    const int64_t strides[] = {0, 1, 0, 0};
    for (int r = 0; r < job->results; r++) {
        char *data[] = {(char *)&job->start[r], results};
        aot_run_kernel(job->fill[r], 1, width, data, strides);
        results += job->row_bytes[0];
    }
}

/* Combines a row of results into another one. */
static void merge(const fold_job *job, int64_t width, char *target, char *other)
{
    if (job->results == 1) {
        const int64_t strides[] = {1, 1, 1, 0, 0, 0};
        char *data[] = {target, other, target};
        aot_run_kernel(job->combine, 1, width, data, strides);
    } else { /* the kernel itself: the other row's values are elements at the other row's positions */
        const int64_t strides[] = {1, 1, 1, 1, 0, 0, 0, 0};
        char *data[] = {other, other + job->row_bytes[0], target, target + job->row_bytes[0]};
        aot_run_kernel(job->fold, 1, width, data, strides);
    }
}

/* Folds one tile into results that hold the start and lie `step` elements apart. */
static void fold_tile(const fold_job *job, char *const *column, int64_t width, int64_t row, char *results,
                      int64_t step)
{
    char *data[AOT_MAX_OPERANDS];
    int64_t strides[2 * AOT_MAX_OPERANDS];
    memcpy(data, column, (size_t)job->inputs * sizeof *data);
    int64_t depth = seek(job->folding, job->n_folding, row, job->inputs, data);
    int64_t place = row * job->folding[job->n_folding - 1].size; /* an argreduce folds one axis only */
    int operands = job->inputs;
    if (job->results == 2) {
        data[operands++] = (char *)&place;
        data[operands++] = results;
        results += job->row_bytes[0];
    }
    data[operands++] = results;
    memset(strides, 0, sizeof strides);
    for (int k = 0; k < job->inputs; k++) {
        strides[k] = job->strides[k];
        strides[operands + k] = job->strides[AOT_MAX_OPERANDS + k];
    }
    for (int k = operands - job->results; k < operands; k++) { /* results step along the kept axis */
        strides[job->inner_folds ? operands + k : k] = job->outer_folds_too ? 0 : step;
    }
    int64_t n0 = job->inner_folds ? width : depth;
    if (job->outer_folds_too) {
        const grid_axis *outer = &job->folding[job->n_folding - 2];
        int64_t index = row / job->folding[job->n_folding - 1].count % outer->count;
        n0 = aot_smaller(outer->size, outer->length - index * outer->size);
    }
    aot_run_kernel(job->fold, n0, job->inner_folds ? depth : width, data, strides);
}

static bool is_absorbed(const fold_job *job, int64_t width, const char *results)
{
    return job->absorbing != NULL && width == 1 && memcmp(results, job->absorbing, (size_t)job->itemsize[0]) == 0;
}

/* Folds rows of a vector into results that hold something, for an argreduce: positions in order need no tree, and a row
 * that is no better than those before it need not be searched for the place. */
static void fold_in_order(const fold_job *job, char *const *column, int64_t first, int64_t last, char *results)
{
    const grid_axis *axis = &job->folding[0];
    int64_t place[BATCH];
    for (int64_t row = first; row < last;) {
        int64_t rest = axis->length - row * axis->size, count = aot_smaller(aot_smaller(BATCH, last - row), rest / axis->size);
        count = count > 0 ? count : 1;
        for (int64_t k = 0; k < count; k++) {
            place[k] = (row + k) * axis->size;
        }
        char *data[] = {column[0] + row * axis->steps[0], (char *)place, results, results + job->row_bytes[0]};
        const int64_t strides[] = {job->strides[0], 0, 0, 0, job->strides[0] * axis->size, 1, 0, 0};
        aot_run_kernel(job->fold, count, aot_smaller(rest, axis->size), data, strides);
        row += count;
    }
}

/* Leaves what a batch of rows folds into in `result`. */
static void batch(const fold_job *job, char *const *column, int64_t first, int64_t last, char *result)
{
    aot_element results[BATCH];
    char *data[AOT_MAX_OPERANDS], *values = (char *)results;
    int64_t strides[2 * AOT_MAX_OPERANDS], count = last - first;
    const grid_axis *axis = &job->folding[0];
    int out = job->inputs;
    for (int k = 0; k < out; k++) {
        data[k] = column[k] + first * axis->steps[k];
        strides[k] = job->strides[k];
        strides[out + 1 + k] = job->strides[k] * axis->size;
    }
    data[out] = values;
    strides[out] = 0;
    strides[2 * out + 1] = 1;
    fill_start(job, values, count);
    int64_t rest = axis->length - (last - 1) * axis->size; /* the very last row may be shorter */
    int64_t whole = rest < axis->size ? count - 1 : count;
    aot_run_kernel(job->fold, whole, axis->size, data, strides);
    if (whole < count) {
        for (int k = 0; k < out; k++) {
            data[k] += whole * axis->steps[k];
        }
        data[out] += whole * job->itemsize[0];
        aot_run_kernel(job->fold, 1, rest, data, strides);
    }
    while (count > 1) {
        int64_t middle = (count + 1) / 2;
        merge(job, count - middle, values, values + middle * job->itemsize[0]);
        count = middle;
    }
    memcpy(result, values, (size_t)job->itemsize[0]);
}

/* Leaves what rows `first` up to `last` fold into in `results`; behind it there is room for each level below. */
static void tree(const fold_job *job, char *const *column, int64_t width, int64_t first, int64_t last, char *results)
{
    if (last - first == 1) {
        fill_start(job, results, width);
        fold_tile(job, column, width, first, results, 1);
        return;
    }
    if (job->in_batches && job->results == 2) {
        fill_start(job, results, 1);
        fold_in_order(job, column, first, last, results);
        return;
    }
    if (job->in_batches && last - first <= BATCH) {
        batch(job, column, first, last, results);
        return;
    }
    int64_t middle = first + (last - first + 1) / 2;
    tree(job, column, width, first, middle, results);
    if (!is_absorbed(job, width, results)) {
        tree(job, column, width, middle, last, results + job->result_bytes);
        merge(job, width, results, results + job->result_bytes);
    }
}

/* Writes the results of a tile of columns to the output. */
static void finish(const fold_job *job, char *const *column, int64_t width, char *results)
{
    const int64_t strides[] = {1, job->out_step, 0, 0};
    char *data[] = {results + (job->results - 1) * job->row_bytes[0], column[job->inputs]};
    aot_run_kernel(job->finish, 1, width, data, strides);
}

/* Where part `part` of the rows begins: rows * part / parts, whose product could overflow. */
static int64_t first_row(const fold_job *job, int64_t part)
{
    return job->rows / job->parts * part + job->rows % job->parts * part / job->parts;
}

/* One unit of work: part `item % parts` of column tile `item / parts`. */
static void run_item(const fold_job *job, int64_t item, char *partials, char *scratch)
{
    char *column[AOT_MAX_OPERANDS];
    memcpy(column, job->data, (size_t)(job->inputs + 1) * sizeof *column);
    int64_t width = seek(job->kept, job->n_kept, item / job->parts, job->inputs + 1, column);
    int64_t part = item % job->parts;
    if (job->rows == 1 && job->results == 1) { /* nothing to combine: into the output itself */
        const int64_t strides[] = {0, job->out_step, 0, 0};
        char *data[] = {(char *)&job->start[0], column[job->inputs]};
        aot_run_kernel(job->fill[0], 1, width, data, strides);
        fold_tile(job, column, width, 0, column[job->inputs], job->out_step);
        return;
    }
    tree(job, column, width, first_row(job, part), first_row(job, part + 1), scratch);
    if (job->parts == 1) {
        finish(job, column, width, scratch);
    } else {
        memcpy(partials + (size_t)item * job->result_bytes, scratch, job->result_bytes);
    }
}

/* Combines the parts of each tile of columns. */
static void merge_parts(const fold_job *job, char *partials)
{
    for (int64_t tile = 0; tile < job->columns; tile++) {
        char *column[AOT_MAX_OPERANDS];
        memcpy(column, job->data, (size_t)(job->inputs + 1) * sizeof *column);
        int64_t width = seek(job->kept, job->n_kept, tile, job->inputs + 1, column);
        char *parts = partials + (size_t)(tile * job->parts) * job->result_bytes;
        for (int64_t count = job->parts; count > 1; count = (count + 1) / 2) {
            /* neighbours meet, so that positions stay in order */
            for (int64_t k = 0; k + 1 < count; k += 2) {
                merge(job, width, parts + (size_t)k * job->result_bytes, parts + (size_t)(k + 1) * job->result_bytes);
            }
            for (int64_t k = 1; 2 * k < count; k++) {
                memcpy(parts + (size_t)k * job->result_bytes, parts + (size_t)(2 * k) * job->result_bytes,
                       job->result_bytes);
            }
        }
        finish(job, column, width, parts);
    }
}

static void add_axis(fold_job *job, bool folds, int64_t length, int64_t size, const int64_t *const *strides, int axis,
                     const int *itemsizes)
{
    grid_axis *added = folds ? &job->folding[job->n_folding++] : &job->kept[job->n_kept++];
    added->length = length;
    added->size = size;
    added->count = (length + size - 1) / size;
    for (int k = 0; k <= job->inputs; k++) {
        added->steps[k] = axis < 0 ? 0 : strides[k][axis] * size * itemsizes[k];
    }
}

/* Cuts the iteration space into tiles; `strides` are the inputs' and, last, the output's. */
static void make_grid(fold_job *job, int rank, const int64_t *lengths, const int64_t *const *strides,
                      const int *itemsizes)
{
    int inner = rank - 1, other = -1; /* `other`: the innermost axis of the other kind */
    job->inner_folds = inner < 0 || strides[job->inputs][inner] == 0;
    for (int axis = 0; axis < inner; axis++) {
        if ((strides[job->inputs][axis] == 0) != job->inner_folds) {
            other = axis;
        }
    }
    int64_t n1 = inner < 0 ? 1 : lengths[inner], n0 = other < 0 ? 1 : lengths[other];
    if (!job->inner_folds && n1 < NARROW && n0 >= 4 * n1) { /* few columns: fold each by itself */
        int other_axis = other;
        int64_t other_length = n0;
        other = inner, n0 = n1;
        inner = other_axis, n1 = other_length;
        job->inner_folds = true;
    }
    job->outer_folds_too = job->inner_folds && other < 0 && rank > 1 && job->results == 1;
    if (job->outer_folds_too) { /* short rows, so many to a tile that it is worth one */
        bool narrow = n1 < NARROW && lengths[rank - 2] > n1;
        inner = narrow ? rank - 2 : rank - 1;
        other = narrow ? rank - 1 : rank - 2;
        n1 = lengths[inner], n0 = lengths[other];
    }
    int64_t size1 = aot_smaller(n1, job->inner_folds ? LEAF : COLUMNS);
    /* of rows longer than a tile, one after the other: five of them at a time, which a processor fetches ahead worse,
     * take a tenth longer out of memory */
    int64_t short_rows = n1 > size1 ? 1 : aot_smaller(COLUMNS, 1 + LEAF * 4 / size1);
    int64_t size0 = aot_smaller(n0, job->inner_folds ? short_rows : size1 < WIDE ? SINGLE_ROWS : ROWS);
    for (int axis = 0; axis < rank; axis++) {
        if (axis != inner && axis != other) {
            add_axis(job, strides[job->inputs][axis] == 0, lengths[axis], 1, strides, axis, itemsizes);
        }
    }
    if (job->outer_folds_too) {
        add_axis(job, true, n0, aot_smaller(n0, aot_smaller(SINGLE_ROWS, 1 + LEAF / size1)), strides, other, itemsizes);
        add_axis(job, false, 1, 1, strides, -1, itemsizes); /* nothing is kept */
    } else {
        add_axis(job, !job->inner_folds, n0, size0, strides, other, itemsizes);
    }
    add_axis(job, job->inner_folds, n1, size1, strides, inner, itemsizes);
    for (int k = 0; k < job->inputs; k++) {
        job->strides[k] = inner < 0 ? 0 : strides[k][inner];
        job->strides[AOT_MAX_OPERANDS + k] = other < 0 ? 0 : strides[k][other];
    }
    job->in_batches = job->inner_folds && job->n_folding == 1 && n0 == 1;
    int kept = job->outer_folds_too ? -1 : job->inner_folds ? other : inner;
    job->out_step = kept < 0 ? 1 : strides[job->inputs][kept];
    job->columns = job->rows = 1;
    for (int axis = 0; axis < job->n_kept; axis++) {
        job->columns *= job->kept[axis].count;
    }
    for (int axis = 0; axis < job->n_folding; axis++) {
        job->rows *= job->folding[axis].count;
    }
}

static int64_t round_up(int64_t bytes)
{
    return (bytes + AOT_ALIGNMENT - 1) / AOT_ALIGNMENT * AOT_ALIGNMENT;
}

/* Runs all items over threads; false if there is no memory for their results. */
static bool run_items(const fold_job *job, int threads, bool release)
{
    int depth = 1;
    for (int64_t rows = job->rows; rows > 1; rows = (rows + 1) / 2) {
        depth++;
    }
    int64_t items = job->columns * job->parts;
    size_t of_scratch = (size_t)depth * job->result_bytes;
    size_t of_partials = job->parts > 1 ? (size_t)items * job->result_bytes : 0;
    size_t total = of_partials + of_scratch * (size_t)threads;
    char small[4096];
    char *memory = total + AOT_ALIGNMENT <= sizeof small ? small : PyMem_Malloc(total + AOT_ALIGNMENT);
    if (memory == NULL) {
        return false;
    }
    char *partials = memory + AOT_ALIGNMENT - (uintptr_t)memory % AOT_ALIGNMENT;
    char *scratch = partials + of_partials;
    PyThreadState *saved = release ? PyEval_SaveThread() : NULL;
#ifdef _OPENMP
    if (threads > 1) {
        aot_threads_begin();
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (int64_t item = 0; item < items; item++) {
            run_item(job, item, partials, scratch + (size_t)omp_get_thread_num() * of_scratch);
        }
        items = 0;
    }
#endif
    for (int64_t item = 0; item < items; item++) {
        run_item(job, item, partials, scratch);
    }
    if (job->parts > 1) {
        merge_parts(job, partials);
    }
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    if (memory != small) {
        PyMem_Free(memory);
    }
    return true;
}

int aot_fold(aot_state *state, const aot_operator *definition, const aot_variant *variant, const aot_view *views,
             int ndim, const Py_ssize_t *shape)
{
    int inputs = definition->inputs, level = state->level;
    int64_t lengths[AOT_MAX_RANK], planned[AOT_MAX_OPERANDS][AOT_MAX_RANK], total = 1;
    const int64_t *strides[AOT_MAX_OPERANDS];
    int itemsizes[AOT_MAX_OPERANDS];
    fold_job job;
    for (int axis = 0; axis < ndim; axis++) {
        lengths[axis] = shape[axis];
        total *= shape[axis];
    }
    for (int k = 0; k <= inputs; k++) {
        itemsizes[k] = aot_dtypes[variant->dtypes[k]].itemsize;
        job.data[k] = views[k].data;
        /* the planner heeds its last operand most: that is the first input here */
        strides[k] = planned[inputs - k];
        for (int axis = 0; axis < ndim; axis++) {
            planned[inputs - k][axis] = views[k].strides[axis];
        }
    }
    int64_t rank = ndim, tile[2];
    void *exception = NULL;
    aot_builtin_planners[level](&rank, &exception, ndim, inputs + 1, lengths, planned[0], tile);
    int result = variant->dtypes[inputs];
    job.inputs = inputs;
    job.results = definition->kind == AOT_ARGREDUCE ? 2 : 1;
    job.fold = variant->kernels[level];
    job.combine = variant->combine[level];
    job.finish = aot_builtin_convert[result][result][level];
    int first = job.results == 1 ? result : variant->dtypes[0];
    job.fill[0] = aot_builtin_convert[first][first][level];
    job.fill[1] = job.finish;
    job.itemsize[0] = aot_dtypes[first].itemsize;
    job.itemsize[1] = itemsizes[inputs];
    job.start[0] = variant->constants[AOT_CONSTANT_INITIAL];
    job.start[1] = (aot_element){{0}};
    job.absorbing = definition->has_absorbing ? &variant->constants[AOT_CONSTANT_ABSORBING] : NULL;
    job.n_kept = job.n_folding = 0;
    make_grid(&job, (int)rank, lengths, strides, itemsizes);
    int64_t width = job.kept[job.n_kept - 1].size;
    job.row_bytes[0] = (size_t)round_up(width * job.itemsize[0]);
    job.row_bytes[1] = (size_t)round_up(width * job.itemsize[1]);
    job.result_bytes = job.row_bytes[0] + (job.results == 2 ? job.row_bytes[1] : 0);
    job.parts = total < AOT_GRAIN || job.columns >= MOST_PARTS ? 1 : aot_smaller(job.rows, MOST_PARTS);
    if (job.results == 2 && job.in_batches) {
        job.parts = aot_smaller(job.parts, (job.rows + BATCH - 1) / BATCH); /* the first row of each is searched */
    }
    int threads = aot_threads(state, total, definition->compute_bound ? AOT_SHARED_IF_COMPUTE_BOUND : AOT_SHARED);
    threads = (int)aot_smaller(threads, job.columns * job.parts);
    if (!run_items(&job, threads, total >= AOT_GRAIN)) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
