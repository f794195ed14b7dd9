/* Running scans: their kernels over pieces of an axis, whose results are combined with those of the pieces before. In
 * Python:
 *
 *     def scan(x, out):                              # along one axis
 *         for columns in tiles of the other axes:
 *             carries = [None] * LEVELS              # of the pieces of a block, of the blocks of a block, of those
 *             for k, piece in enumerate(pieces of the axis):
 *                 kernel(x[columns, piece], carry=start, out[columns, piece])    # of integers: carry=total, and no others
 *                 total = out[columns, piece][-1]
 *                 for carry in carries:              # the innermost first; None changes nothing
 *                     out[columns, piece] = combine(carry, out[columns, piece])
 *                 advance(carries, k, total)
 *
 *     def advance(carries, k, total):                # RADIX pieces are a block, RADIX blocks a block of the next level
 *         for level in range(LEVELS):
 *             carries[level] = total = combine(carries[level], total)
 *             if level == LEVELS - 1 or (k + 1) % RADIX ** (level + 1) != 0: break
 *             carries[level] = None                  # goes into the next level as a whole
 *
 * Every result is combined from the totals of runs that follow one another, nested as the carries are: the last result
 * of a piece is what the carries after it combine to. So running sums of positive numbers never fall, rounded as they
 * are, and errors grow with RADIX per level, not with the length of the axis.
 *
 * Of a scan whose state is several numbers, a piece's states are computed in memory of the thread's own:
 *
 *     states = map(x[columns, piece])                # kernel, in place: carry=start, states
 *     out[columns, piece] = finish(states)           # after all carries
 *
 * The plan (loops/plan/scan.py) chooses the tiles and pieces; elements whose dtype is not the kernel's are cast piece
 * by piece. Threads share out tiles of columns or, if there are fewer tiles than threads, the pieces of one tile, in
 * waves of WAVE pieces, which stay in the caches between the kernel and the carries. The shape alone decides how totals
 * are combined: results have the same bits on any number of threads.
 */
#include "retry.h"
#include "system.h"

#include <string.h>

enum { LEVELS = 3, RADIX = 32, WAVE = 64 };
enum { COLUMNS, PIECES };

typedef struct {
    const aot_plan *plan;
    aot_kernel scan, combine, cast; /* cast: of the elements, or NULL if none is needed */
    aot_kernel copy[AOT_MAX_STATES], map, finish;
    aot_element start[AOT_MAX_STATES];
    char *data[2];
    int results;       /* 1, or the numbers of a state */
    bool has_states;
    size_t row_bytes;  /* of the results of one tile's columns: a row of each number */
    size_t room_bytes; /* of cast elements; the states of a piece follow */
    size_t total_at;   /* where in a thread's memory there is a row of results for nobody, if pieces are shared out */
    int64_t tile;     /* the tile whose pieces threads share out */
    int64_t piece;    /* the first piece of a wave */
    unsigned watched; /* the floating-point exceptions after which a scan is done again */
    size_t flags_at;  /* where in shared memory each tile, or piece of a wave, has a byte for them */
    bool *raised;     /* whether there was one */
    aot_atomic *useless; /* 1 once there was one, after which nothing is needed; NULL: other results are */
    bool from_first;  /* of complex numbers: infinite ones, multiplied by 1, become NaN */
    bool in_order;    /* integers give the same bits in any order: each piece goes on where the one before has ended */
} scan_job;

/* Rows of results of a tile: the start value; the total of a piece; the carries. */
enum { START, TOTAL, CARRIES, N_ROWS = CARRIES + LEVELS };

/* A piece of a tile of columns, as passed to kernels. */
typedef struct {
    int64_t n0, n1;
    char *x, *out, *results[AOT_MAX_STATES]; /* results: `out`, or states */
    int64_t x_strides[2], strides[2];        /* along the inner and the outer axis; of the results */
} scan_piece;

/* Finds the operands' first elements in a tile of columns; returns its width. */
static int64_t seek_columns(const scan_job *job, int64_t tile, char **data)
{
    memcpy(data, job->data, sizeof job->data);
    return aot_seek(job->plan, COLUMNS, tile, 2, data);
}

/* Returns the memory that a number of the states of a piece needs, in whole cache lines. */
static size_t state_bytes(const aot_plan *plan, int number)
{
    return aot_whole_lines((size_t)(plan->sizes[0] * plan->sizes[1] * plan->result_itemsizes[number]));
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
                        .results = {data[1]},
                        .x_strides = {plan->inner[0], plan->outer[0]},
                        .strides = {plan->inner[1], plan->outer[1]}};
    if (job->has_states) {
        char *states = room + job->room_bytes;
        for (int r = 0; r < job->results; r++) {
            piece.results[r] = states;
            states += state_bytes(plan, r);
        }
        piece.strides[0] = 1;
        piece.strides[1] = piece.n1;
    }
    if (job->cast != NULL) {
        char *pair[] = {piece.x, room};
        const int64_t strides[] = {piece.x_strides[0], 1, piece.x_strides[1], piece.n1};
        aot_call_kernel(job->cast, piece.n0, piece.n1, pair, strides);
        piece.x = room;
        piece.x_strides[0] = 1;
        piece.x_strides[1] = piece.n1;
    }
    return piece;
}

/* Copies results that lie `step` apart to a row of results; 0 repeats one. */
static void copy_row(const scan_job *job, int64_t width, char *const *sources, int64_t step, char *row)
{
    const int64_t strides[] = {step, 1, 0, 0};
    char *rows[AOT_MAX_STATES];
    aot_rows_of(job->plan, row, rows);
    for (int r = 0; r < job->results; r++) {
        char *data[] = {sources[r], rows[r]};
        aot_call_kernel(job->copy[r], 1, width, data, strides);
    }
}

/* Fills a row with the result that all begin with. */
static void fill_row(const scan_job *job, int64_t width, char *row)
{
    char *sources[AOT_MAX_STATES];
    for (int r = 0; r < job->results; r++) {
        sources[r] = (char *)&job->start[r];
    }
    copy_row(job, width, sources, 0, row);
}

/* results = combine(before, results), over n0 times n1 of them; the strides are those along the inner and the outer
 * axis. */
static void combine(const scan_job *job, int64_t n0, int64_t n1, char *before, const int64_t *before_strides,
                    char *const *results, const int64_t *result_strides)
{
    int n = job->results;
    char *data[3 * AOT_MAX_STATES];
    int64_t strides[6 * AOT_MAX_STATES];
    aot_rows_of(job->plan, before, data);
    for (int k = 0; k < 3 * n; k++) {
        const int64_t *own = k < n ? before_strides : result_strides;
        strides[k] = own[0];
        strides[3 * n + k] = own[1];
        if (k >= n) {
            data[k] = results[k % n];
        }
    }
    aot_call_kernel(job->combine, n0, n1, data, strides);
}

/* Returns the stride of a row of results along the inner (0) or the outer (1) axis: 0 along the scanned one. */
static int64_t row_stride(const scan_job *job, int axis)
{
    return job->plan->across == (axis == 0);
}

/* Makes states of the elements of a piece, and runs the scan's kernel on them. */
static void scan_states(const scan_job *job, const scan_piece *piece, char *start)
{
    int n = job->results;
    char *data[2 * AOT_MAX_STATES + 1];
    int64_t strides[2 * (2 * AOT_MAX_STATES + 1)];
    data[0] = piece->x;
    for (int axis = 0; axis < 2; axis++) {
        strides[axis * (1 + n)] = piece->x_strides[axis];
        for (int r = 0; r < n; r++) {
            data[1 + r] = piece->results[r];
            strides[axis * (1 + n) + 1 + r] = piece->strides[axis];
        }
    }
    aot_call_kernel(job->map, piece->n0, piece->n1, data, strides);
    aot_rows_of(job->plan, start, data);
    for (int axis = 0; axis < 2; axis++) {
        for (int r = 0; r < n; r++) {
            data[n + r] = piece->results[r];
            strides[axis * 2 * n + r] = row_stride(job, axis);
            strides[axis * 2 * n + n + r] = piece->strides[axis];
        }
    }
    aot_call_kernel(job->scan, piece->n0, piece->n1, data, strides);
}

/* Runs the scan's kernel on a piece but for its first elements, of which there are `skipped`: 0 or 1 along the axis. */
static void scan_elements(const scan_job *job, const scan_piece *piece, char *carry, int64_t skipped)
{
    const aot_plan *plan = job->plan;
    int axis = plan->across ? 1 : 0;
    int64_t n0 = piece->n0 - (plan->across ? skipped : 0), n1 = piece->n1 - (plan->across ? 0 : skipped);
    char *operands[] = {piece->x + skipped * piece->x_strides[axis] * plan->result_itemsizes[0], carry,
                        piece->out + skipped * piece->strides[axis] * plan->result_itemsizes[0]};
    const int64_t strides[] = {piece->x_strides[0], row_stride(job, 0), piece->strides[0],
                               piece->x_strides[1], row_stride(job, 1), piece->strides[1]};
    if (n0 > 0 && n1 > 0) {
        aot_call_kernel(job->scan, n0, n1, operands, strides);
    }
}

/* Scans a piece from its first elements on, which are results as they are; `total` is overwritten. */
static void scan_from_first(const scan_job *job, const scan_piece *piece, int64_t width, char *total)
{
    int across = job->plan->across ? 0 : 1;
    char *x[] = {piece->x}, *pair[] = {total, piece->out};
    const int64_t strides[] = {1, piece->strides[across], 0, 0};
    copy_row(job, width, x, piece->x_strides[across], total);
    aot_call_kernel(job->copy[0], 1, width, pair, strides);
    scan_elements(job, piece, total, 1);
}

/* Scans a piece as if it were the first, and copies its last results to `total`. */
static void scan_alone(const scan_job *job, const scan_piece *piece, int64_t width, char *start, char *total)
{
    const aot_plan *plan = job->plan;
    if (job->has_states) {
        scan_states(job, piece, start);
    } else if (job->from_first) {
        scan_from_first(job, piece, width, total);
    } else {
        scan_elements(job, piece, start, 0);
    }
    char *last[AOT_MAX_STATES];
    int64_t steps = plan->across ? (piece->n0 - 1) * piece->strides[1] : (piece->n1 - 1) * piece->strides[0];
    for (int r = 0; r < job->results; r++) {
        last[r] = piece->results[r] + steps * plan->result_itemsizes[r];
    }
    copy_row(job, width, last, piece->strides[plan->across ? 0 : 1], total);
}

/* Writes the results of a piece, if they are not written yet. */
static void finish(const scan_job *job, const scan_piece *piece)
{
    char *data[AOT_MAX_STATES + 1];
    int64_t strides[2 * (AOT_MAX_STATES + 1)];
    int n = job->results;
    if (!job->has_states) {
        return;
    }
    for (int axis = 0; axis < 2; axis++) {
        for (int r = 0; r < n; r++) {
            data[r] = piece->results[r];
            strides[axis * (n + 1) + r] = piece->strides[axis];
        }
        strides[axis * (n + 1) + n] = axis == 0 ? job->plan->inner[1] : job->plan->outer[1];
    }
    data[n] = piece->out;
    aot_call_kernel(job->finish, piece->n0, piece->n1, data, strides);
}

/* Returns the size of a block of a level, in pieces. */
static int64_t block_size(int level)
{
    return level == 0 ? 1 : RADIX * block_size(level - 1);
}

/* Returns whether there is a carry of a level before piece `number`. */
static bool has_carry(int64_t number, int level)
{
    int64_t blocks = number / block_size(level);
    return (level == LEVELS - 1 ? blocks : blocks % RADIX) != 0;
}

/* Combines the carries before piece `number` with all of its results. */
static void add_carries(const scan_job *job, const scan_piece *piece, int64_t number, char *carries)
{
    const int64_t strides[] = {row_stride(job, 0), row_stride(job, 1)};
    for (int level = 0; level < LEVELS; level++) {
        if (has_carry(number, level)) {
            combine(job, piece->n0, piece->n1, carries + (size_t)level * job->row_bytes, strides, piece->results,
                    piece->strides);
        }
    }
}

/* Takes the total of piece `number` into the carries; `total` changes. */
static void advance(const scan_job *job, int64_t width, int64_t number, char *carries, char *total)
{
    static const int64_t strides[] = {1, 0};
    char *rows[AOT_MAX_STATES];
    aot_rows_of(job->plan, total, rows);
    for (int level = 0; level < LEVELS; level++) {
        char *carry = carries + (size_t)level * job->row_bytes;
        if (has_carry(number, level)) {
            combine(job, 1, width, carry, strides, rows, strides);
        }
        memcpy(carry, total, job->row_bytes);
        if ((number + 1) % block_size(level + 1) != 0) {
            return;
        }
    }
}

/* Returns whether nothing more is needed: the launch is interrupted, or a product has left the range, so that all of it
 * is computed in another way (aotops/retry.py). */
static bool is_over(const scan_job *job)
{
    if (job->useless != NULL && aot_raised_flags(job->watched) != 0) {
        aot_atomic_store(job->useless, 1);
    }
    return aot_is_stopped() || (job->useless != NULL && aot_atomic_load(job->useless) != 0);
}

/* Scans some tiles of columns, each piece by piece. */
static void scan_tiles(const aot_runner *runner, int64_t first, int64_t last, char *rows)
{
    const scan_job *job = runner->job;
    int64_t pieces = job->plan->tiles[PIECES];
    char *start = rows + START * job->row_bytes, *total = rows + TOTAL * job->row_bytes;
    char *carries = rows + CARRIES * job->row_bytes;
    for (int64_t tile = first; tile < last; tile++) {
        char *columns[2];
        int64_t width = seek_columns(job, tile, columns);
        aot_clear_flags(job->watched);
        fill_row(job, width, start);
        for (int64_t number = 0; number < pieces && !is_over(job); number++) {
            scan_piece piece = piece_of(job, columns, width, number, rows + N_ROWS * job->row_bytes);
            if (job->in_order) {
                scan_alone(job, &piece, width, number == 0 ? start : total, total);
                continue;
            }
            scan_alone(job, &piece, width, start, total);
            add_carries(job, &piece, number, carries);
            finish(job, &piece);
            advance(job, width, number, carries, total);
        }
        runner->shared[job->flags_at + (size_t)tile] = (char)(aot_raised_flags(job->watched) != 0);
    }
}

/* The rows of a piece of a wave, shared by all threads: its total, later the carries before it. */
static char *rows_in_wave(const aot_runner *runner, const scan_job *job, int64_t index)
{
    return runner->shared + (size_t)(N_ROWS + index * LEVELS) * job->row_bytes;
}

/* Scans some pieces of a wave, each as if it were the first. */
static void begin_pieces(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const scan_job *job = runner->job;
    char *columns[2];
    int64_t width = seek_columns(job, job->tile, columns);
    aot_clear_flags(job->watched); /* of what this thread has computed before */
    for (int64_t index = first; index < last && !is_over(job); index++) {
        scan_piece piece = piece_of(job, columns, width, job->piece + index, scratch);
        aot_clear_flags(job->watched);
        scan_alone(job, &piece, width, runner->shared + START * job->row_bytes, rows_in_wave(runner, job, index));
        (void)is_over(job); /* while the flags are still raised: the next piece clears them */
        runner->shared[job->flags_at + (size_t)index] = (char)(aot_raised_flags(job->watched) != 0);
    }
}

/* Combines some pieces of a wave with the carries before them. */
static void end_pieces(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    scan_job job = *(const scan_job *)runner->job;
    char *columns[2];
    int64_t width = seek_columns(&job, job.tile, columns);
    aot_clear_flags(job.watched);
    if (!job.has_states) {
        job.cast = NULL; /* the elements are not needed */
    }
    for (int64_t index = first; index < last && !is_over(&job); index++) {
        scan_piece piece = piece_of(&job, columns, width, job.piece + index, scratch);
        aot_clear_flags(job.watched);
        if (job.has_states) { /* again, since they were in the memory of a thread */
            scan_alone(&job, &piece, width, runner->shared + START * job.row_bytes, scratch + job.total_at);
        }
        add_carries(&job, &piece, job.piece + index, rows_in_wave(runner, &job, index));
        finish(&job, &piece);
        runner->shared[job.flags_at + (size_t)index] |= (char)(aot_raised_flags(job.watched) != 0);
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
        *job.raised = memchr(runner->shared + job.flags_at, 1, (size_t)tiles) != NULL;
        return;
    }
    aot_runner own = *runner;
    own.job = &job;
    char *total = runner->shared + TOTAL * job.row_bytes, *carries = runner->shared + CARRIES * job.row_bytes;
    for (job.tile = 0; job.tile < tiles; job.tile++) {
        char *columns[2];
        int64_t width = seek_columns(&job, job.tile, columns);
        fill_row(&job, width, runner->shared + START * job.row_bytes);
        aot_clear_flags(job.watched);
        for (job.piece = 0; job.piece < pieces && !is_over(&job); job.piece += WAVE) {
            int64_t count = aot_smaller(WAVE, pieces - job.piece);
            aot_share(&own, count, begin_pieces);
            aot_clear_flags(job.watched);
            for (int64_t index = 0; index < count; index++) {
                char *rows = rows_in_wave(runner, &job, index);
                memcpy(total, rows, job.row_bytes);
                memcpy(rows, carries, LEVELS * job.row_bytes);
                advance(&job, width, job.piece + index, carries, total);
            }
            *job.raised |= aot_raised_flags(job.watched) != 0;
            aot_share(&own, count, end_pieces);
            *job.raised |= memchr(runner->shared + job.flags_at, 1, (size_t)count) != NULL;
        }
    }
}

static int scan(aot_state *state, const aot_operator *definition, const aot_variant *variant, const aot_view *views,
                int ndim, const Py_ssize_t *shape, int axis, aot_watch *watch)
{
    bool raised = false;
    int level = state->level, result = variant->dtypes[1], own = variant->dtypes[0];
    int64_t total = 1;
    aot_plan plan;
    plan.rank = ndim;
    plan.inputs = 1;
    plan.outputs = 1;
    plan.axis = axis;
    bool has_states = definition->states > 0;
    const uint8_t *numbers = &variant->dtypes[has_states ? 2 : 1];
    plan.exact = !has_states && aot_dtypes[result].category < AOT_CATEGORY_FLOAT;
    plan.results = has_states ? definition->states : 1;
    for (int r = 0; r < plan.results; r++) {
        plan.result_itemsizes[r] = aot_dtypes[numbers[r]].itemsize;
    }
    for (int k = 0; k < ndim; k++) {
        plan.shape[k] = shape[k];
        total *= shape[k];
    }
    for (int k = 0; k < 2; k++) {
        aot_plan_view(&plan, k, &views[k], variant->dtypes[k]);
    }
    /* a running sum is bound by the latency of its additions, so it is treated as compute-bound */
    plan.threads = aot_threads(state, total, true, definition->unbounded);
    aot_make_plan(aot_plan_scan, &plan);
    if (aot_plans_only(watch, &plan)) {
        return 0;
    }
    scan_job job = {.plan = &plan, .data = {views[0].data, views[1].data}, .has_states = has_states};
    size_t states = 0;
    job.results = (int)plan.results;
    job.row_bytes = 0;
    for (int r = 0; r < job.results; r++) {
        job.start[r] = variant->constants[has_states ? AOT_CONSTANT_DEFAULTS + r : AOT_CONSTANT_INITIAL];
        job.copy[r] = aot_builtin_convert[numbers[r]][numbers[r]][level];
        job.row_bytes += (size_t)plan.row_bytes[r];
        states += state_bytes(&plan, r);
    }
    job.in_order = plan.exact && plan.roles[0] == AOT_PLAN_PLAIN;
    job.from_first = !has_states && aot_dtypes[result].category == AOT_CATEGORY_COMPLEX;
    job.scan = variant->kernels[level];
    job.combine = variant->combine[level];
    aot_atomic useless = {0};
    job.useless = aot_retry_of(definition, result) == AOT_RETRY_APART ? &useless : NULL;
    job.map = variant->map[level];
    job.finish = variant->finish[level];
    job.cast = views[0].dtype == own ? NULL : aot_builtin_convert[views[0].dtype][own][level];
    job.watched = aot_flags_of(definition, result);
    job.raised = &raised;
    size_t rows = N_ROWS * job.row_bytes, wave = WAVE * LEVELS * job.row_bytes, room = (size_t)plan.packed_bytes;
    bool tiles = shares_tiles(&plan);
    job.room_bytes = room;
    room += has_states ? states : 0;
    job.total_at = room;
    room += has_states && !tiles ? job.row_bytes : 0;
    size_t flags = (size_t)aot_larger(plan.tiles[COLUMNS], WAVE);
    job.flags_at = tiles ? 0 : rows + wave;
    aot_runner runner = {.job = &job,
                         .watch = watch,
                         .total = total,
                         .threads = (int)plan.threads,
                         .compute_bound = true,
                         .unbounded = definition->unbounded,
                         .shared_bytes = job.flags_at + flags,
                         .scratch_bytes = (tiles ? rows : 0) + room};
    return aot_run_or_raise(state, &runner, run_scan) < 0 ? -1 : raised || aot_atomic_load(&useless) != 0;
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
    int failed = scan(state, operator->definition, variant, views, ndim, shape, axis, watch);
    if (watch != NULL) {
        aot_watch_end(watch);
    }
    return failed;
}
