/* Running scans: their kernels over pieces of an axis, each starting from the result of all pieces before it. In
 * Python:
 *
 *     def scan(x, out):                              # along one axis
 *         for columns in tiles of the other axes:
 *             pieces = the axis in pieces of PIECE elements
 *             totals = [fold(x[columns, piece]) for piece in pieces]
 *             for k, piece in enumerate(pieces):         # of integers: carry = the last result of the piece before
 *                 kernel(x[columns, piece], carry=prefix(totals, k), out[columns, piece])
 *
 *     def prefix(totals, k):                         # of totals[:k], in a fixed tree: a Fenwick tree
 *         if k == 0: return start
 *         last = the largest power of two that divides k
 *         return combine(prefix(totals, k - last), tree of totals[k - last : k])
 *
 * The plan (loops/plan/scan.py) chooses the tiles and pieces; elements whose dtype is not the kernel's are cast piece
 * by piece. Threads share out tiles of columns or, if there are fewer tiles than threads, the pieces of one tile after
 * another. The shape alone decides how totals are combined: results have the same bits on any number of threads.
 */
#include "native.h"

#include <string.h>

enum { COLUMNS, PIECES };

typedef struct {
    const aot_plan *plan;
    aot_kernel scan, fold, combine, fill, cast; /* cast: of the elements, or NULL if none is needed */
    aot_element start;
    char *data[2];
    size_t row_bytes;  /* of the results of one tile's columns */
    size_t tree_bytes; /* of one row per piece, and one for the carry; memory for casting follows */
    int64_t tile;      /* the tile whose pieces threads share out */
    bool in_order;     /* integers give the same bits in any order: each piece goes on where the one before has ended */
} scan_job;

/* A piece of a tile of columns, as passed to kernels. */
typedef struct {
    int64_t n0, n1;
    char *x, *out;
    int64_t x_strides[2]; /* along the inner and the outer axis */
} scan_piece;

/* Finds the operands' first elements in a tile of columns; returns its width. */
static int64_t seek_columns(const scan_job *job, int64_t tile, char **data)
{
    memcpy(data, job->data, sizeof job->data);
    return aot_seek(job->plan, COLUMNS, tile, 2, data);
}

/* Returns a piece, with its elements cast into `room` if necessary. */
static scan_piece piece_of(const scan_job *job, char *const *columns, int64_t width, int64_t number, char *room)
{
    const aot_plan *plan = job->plan;
    char *data[] = {columns[0], columns[1]};
    int64_t length = aot_seek(plan, PIECES, number, 2, data);
    scan_piece piece = {.n0 = plan->across ? length : width,
                        .n1 = plan->across ? width : length,
                        .x = data[0],
                        .out = data[1],
                        .x_strides = {plan->inner[0], plan->outer[0]}};
    if (job->cast != NULL) {
        char *pair[] = {piece.x, room};
        const int64_t strides[] = {piece.x_strides[0], 1, piece.x_strides[1], piece.n1};
        aot_run_kernel(job->cast, piece.n0, piece.n1, pair, strides);
        piece.x = room;
        piece.x_strides[0] = 1;
        piece.x_strides[1] = piece.n1;
    }
    return piece;
}

/* Fills a row of results with the start value. */
static void fill_start(const scan_job *job, int64_t width, char *row)
{
    const int64_t strides[] = {0, 1, 0, 0};
    char *data[] = {(char *)&job->start, row};
    aot_run_kernel(job->fill, 1, width, data, strides);
}

/* row = combine(before, row) */
static void combine(const scan_job *job, int64_t width, char *before, char *row)
{
    const int64_t strides[] = {1, 1, 1, 0, 0, 0};
    char *data[] = {before, row, row};
    aot_run_kernel(job->combine, 1, width, data, strides);
}

/* Returns the stride of a row of results along the inner (0) or the outer (1) axis: 0 along the scanned one. */
static int64_t row_stride(const scan_job *job, int axis)
{
    return job->plan->across == (axis == 0);
}

static void fold_piece(const scan_job *job, const scan_piece *piece, int64_t width, char *row)
{
    char *operands[] = {piece->x, row};
    const int64_t strides[] = {piece->x_strides[0], row_stride(job, 0), piece->x_strides[1], row_stride(job, 1)};
    fill_start(job, width, row);
    aot_run_kernel(job->fold, piece->n0, piece->n1, operands, strides);
}

static void run_piece(const scan_job *job, const scan_piece *piece, char *carry)
{
    const aot_plan *plan = job->plan;
    char *operands[] = {piece->x, carry, piece->out};
    const int64_t strides[] = {piece->x_strides[0], row_stride(job, 0), plan->inner[1],
                               piece->x_strides[1], row_stride(job, 1), plan->outer[1]};
    aot_run_kernel(job->scan, piece->n0, piece->n1, operands, strides);
}

/* carry = the last results of a piece that has been scanned */
static void carry_on(const scan_job *job, const scan_piece *piece, int64_t width, char *carry)
{
    const aot_plan *plan = job->plan;
    int64_t along = plan->across ? plan->outer[1] : plan->inner[1], last = (plan->across ? piece->n0 : piece->n1) - 1;
    char *data[] = {aot_moved(piece->out, last * along * plan->itemsizes[1]), carry};
    const int64_t strides[] = {plan->across ? plan->inner[1] : plan->outer[1], 1, 0, 0};
    aot_run_kernel(job->fill, 1, width, data, strides);
}

/* Rows of the Fenwick tree are numbered from 1: row k holds the total of the last p pieces up to the k-th, where p is
 * the largest power of two that divides k. This completes row k, which so far holds the total of its own piece. */
static void complete(const scan_job *job, int64_t width, int64_t k, char *tree)
{
    for (int64_t below = 1; k % (2 * below) == 0; below *= 2) {
        combine(job, width, tree + (size_t)(k - below) * job->row_bytes, tree + (size_t)k * job->row_bytes);
    }
}

/* carry = the total of the first k pieces */
static void prefix(const scan_job *job, int64_t width, int64_t k, char *tree, char *carry)
{
    if (k == 0) {
        fill_start(job, width, carry);
        return;
    }
    memcpy(carry, tree + (size_t)k * job->row_bytes, job->row_bytes);
    for (k &= k - 1; k > 0; k &= k - 1) {
        combine(job, width, tree + (size_t)k * job->row_bytes, carry);
    }
}

/* Scans some tiles of columns, each piece by piece. `tree` has a row per piece, and one for the carry. */
static void scan_tiles(const aot_runner *runner, int64_t first, int64_t last, char *tree)
{
    const scan_job *job = runner->job;
    int64_t pieces = job->plan->tiles[PIECES];
    for (int64_t tile = first; tile < last; tile++) {
        char *columns[2];
        int64_t width = seek_columns(job, tile, columns);
        for (int64_t number = 0; number < pieces && !aot_is_stopped(); number++) {
            scan_piece piece = piece_of(job, columns, width, number, tree + job->tree_bytes);
            if (number == 0 || !job->in_order) {
                prefix(job, width, number, tree, tree); /* row 0 is the carry */
            }
            if (number + 1 < pieces && !job->in_order) { /* before the piece is scanned, possibly in place */
                fold_piece(job, &piece, width, tree + (size_t)(number + 1) * job->row_bytes);
                complete(job, width, number + 1, tree);
            }
            run_piece(job, &piece, tree);
            if (job->in_order) {
                carry_on(job, &piece, width, tree);
            }
        }
    }
}

/* Reduces some pieces of one tile of columns into the tree that all threads share. */
static void fold_pieces(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const scan_job *job = runner->job;
    char *columns[2];
    int64_t width = seek_columns(job, job->tile, columns);
    for (int64_t number = first; number < last && !aot_is_stopped(); number++) {
        scan_piece piece = piece_of(job, columns, width, number, scratch + job->row_bytes);
        fold_piece(job, &piece, width, runner->shared + (size_t)(number + 1) * job->row_bytes);
    }
}

/* Scans some pieces of one tile, once the tree is complete. */
static void scan_pieces(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const scan_job *job = runner->job;
    char *columns[2];
    int64_t width = seek_columns(job, job->tile, columns);
    for (int64_t number = first; number < last && !aot_is_stopped(); number++) {
        scan_piece piece = piece_of(job, columns, width, number, scratch + job->row_bytes);
        prefix(job, width, number, runner->shared, scratch);
        run_piece(job, &piece, scratch);
    }
}

/* Returns whether there is a tile for each thread. */
static bool shares_tiles(const aot_plan *plan)
{
    return plan->tiles[COLUMNS] >= plan->threads;
}

static void run_scan(const aot_runner *runner)
{
    scan_job job = *(const scan_job *)runner->job;
    int64_t tiles = job.plan->tiles[COLUMNS], pieces = job.plan->tiles[PIECES];
    if (shares_tiles(job.plan)) {
        aot_share(runner, tiles, scan_tiles);
        return;
    }
    aot_runner own = *runner;
    own.job = &job;
    for (job.tile = 0; job.tile < tiles; job.tile++) {
        char *columns[2];
        int64_t width = seek_columns(&job, job.tile, columns);
        aot_share(&own, pieces - 1, fold_pieces);
        for (int64_t k = 1; k < pieces; k++) {
            complete(&job, width, k, runner->shared);
        }
        aot_share(&own, pieces, scan_pieces);
    }
}

static int scan(aot_state *state, const aot_variant *variant, bool unbounded, const aot_view *views, int ndim,
                const Py_ssize_t *shape, int axis, aot_watch *watch)
{
    int level = state->level, result = variant->dtypes[1], own = variant->dtypes[0];
    int64_t total = 1;
    aot_plan plan;
    plan.rank = ndim;
    plan.inputs = 1;
    plan.outputs = 1;
    plan.axis = axis;
    plan.exact = aot_dtypes[result].category < AOT_CATEGORY_FLOAT;
    for (int k = 0; k < ndim; k++) {
        plan.shape[k] = shape[k];
        total *= shape[k];
    }
    for (int k = 0; k < 2; k++) {
        aot_plan_view(&plan, k, &views[k], variant->dtypes[k]);
    }
    /* a running sum is bound by the latency of its additions, so it is treated as compute-bound */
    plan.threads = aot_threads(state, total, true, unbounded);
    aot_make_plan(aot_plan_scan, &plan);
    if (aot_plans_only(watch, &plan)) {
        return 0;
    }
    scan_job job = {.plan = &plan, .start = variant->constants[AOT_CONSTANT_INITIAL], .data = {views[0].data, views[1].data}};
    job.in_order = plan.exact && plan.roles[0] == AOT_PLAN_PLAIN;
    job.scan = variant->kernels[level];
    job.fold = variant->fold[level];
    job.combine = variant->combine[level];
    job.fill = aot_builtin_convert[result][result][level];
    job.cast = views[0].dtype == own ? NULL : aot_builtin_convert[views[0].dtype][own][level];
    job.row_bytes = (size_t)plan.row_bytes[0];
    job.tree_bytes = (size_t)(plan.tiles[PIECES] + 1) * job.row_bytes;
    size_t room = (size_t)plan.packed_bytes;
    bool tiles = shares_tiles(&plan);
    aot_runner runner = {.job = &job,
                         .watch = watch,
                         .total = total,
                         .threads = (int)plan.threads,
                         .compute_bound = true,
                         .unbounded = unbounded,
                         .shared_bytes = tiles ? 0 : job.tree_bytes,
                         .scratch_bytes = (tiles ? job.tree_bytes : job.row_bytes) + room};
    enum aot_outcome outcome = aot_run(state, &runner, run_scan);
    if (outcome == AOT_NO_MEMORY) {
        PyErr_NoMemory();
    }
    return outcome == AOT_DONE ? 0 : -1;
}

int aot_scan(const aot_operator_object *operator, const aot_variant *variant, const aot_view *views, int ndim,
             const Py_ssize_t *shape, int axis)
{
    aot_state *state = operator->state;
    for (int k = 0; k < ndim; k++) {
        if (shape[k] == 0) {
            return 0;
        }
    }
    aot_watch seen, *watch = state->watched ? &seen : NULL;
    if (watch != NULL) {
        aot_watch_begin(watch, state, operator, variant->dtypes, 1, 2, views, ndim, shape);
    }
    int failed = scan(state, variant, operator->definition->unbounded, views, ndim, shape, axis, watch);
    if (watch != NULL) {
        aot_watch_end(watch);
    }
    return failed;
}
