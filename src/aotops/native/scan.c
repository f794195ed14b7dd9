/* Scans: running kernels over pieces of an axis, each with the result of all before it. In Python:
 *
 *     def scan(x, out):                              # along one axis
 *         for columns in tiles of the other axes:
 *             pieces = the axis in pieces of PIECE elements
 *             totals = [fold(x[columns, piece]) for piece in pieces]
 *             for k, piece in enumerate(pieces):
 *                 kernel(x[columns, piece], carry=prefix(totals, k), out[columns, piece])
 *
 *     def prefix(totals, k):                         # of totals[:k], in a fixed tree: a Fenwick tree
 *         if k == 0: return start
 *         last = the largest power of two that divides k
 *         return combine(prefix(totals, k - last), tree of totals[k - last : k])
 *
 * Threads share out tiles of columns, or if there are fewer of them than threads, the pieces of one after another.
 * What a piece gets is a matter of the shape alone: the same bits on any number of threads.
 */
#include "native.h"

#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define ROW_PIECE 2048  /* elements of a piece along a row: 16 KiB of float64 are read twice from the nearest cache */
#define STRIDED_PIECE 512 /* where each element may lie in a line of its own */
#define COLUMN_PIECE 64 /* and across rows, of at most WIDTH columns: 256 KiB from the second cache */
#define WIDTH 512

typedef struct {
    aot_kernel scan, fold, combine, fill;
    int itemsizes[2]; /* of the elements and of the results */
    aot_element start;
    int rank;                         /* other axes, of which the last one is the tile's */
    int64_t lengths[AOT_MAX_RANK];
    int64_t strides[2][AOT_MAX_RANK]; /* in elements, of x and out */
    int64_t length, step[2];          /* of the axis */
    char *data[2];
    bool across;                      /* the axis is the tile's outer one */
    int64_t piece, pieces;
    int64_t width, tiles;             /* columns of a tile, and tiles */
    size_t row_bytes;                 /* of the results of a tile's columns */
} scan_job;

/* The operands' first elements in a tile of columns; returns its width. */
static int64_t seek(const scan_job *job, int64_t tile, char **data)
{
    int last = job->rank - 1;
    memcpy(data, job->data, sizeof job->data);
    if (last < 0) {
        return 1;
    }
    int64_t in_last = (job->lengths[last] + job->width - 1) / job->width;
    int64_t first = tile % in_last * job->width;
    int64_t rest = tile / in_last;
    for (int axis = last; axis >= 0; axis--) {
        int64_t index = axis == last ? first : rest % job->lengths[axis];
        rest = axis == last ? rest : rest / job->lengths[axis];
        for (int k = 0; k < 2; k++) {
            data[k] += index * job->strides[k][axis] * job->itemsizes[k];
        }
    }
    return aot_smaller(job->width, job->lengths[last] - first);
}

static int64_t column_stride(const scan_job *job, int operand)
{
    return job->rank > 0 ? job->strides[operand][job->rank - 1] : 0;
}

static int64_t piece_length(const scan_job *job, int64_t piece)
{
    return aot_smaller(job->piece, job->length - piece * job->piece);
}

static char *piece_data(const scan_job *job, char *const *data, int operand, int64_t piece)
{
    return data[operand] + piece * job->piece * job->step[operand] * job->itemsizes[operand];
}

/* Fills a row of results with the start. */
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

static void fold_piece(const scan_job *job, char *const *data, int64_t width, int64_t piece, char *row)
{
    int64_t length = piece_length(job, piece), column = column_stride(job, 0);
    char *operands[] = {piece_data(job, data, 0, piece), row};
    fill_start(job, width, row);
    if (job->across) {
        const int64_t strides[] = {column, 1, job->step[0], 0};
        aot_run_kernel(job->fold, length, width, operands, strides);
    } else {
        const int64_t strides[] = {job->step[0], 0, column, 1};
        aot_run_kernel(job->fold, width, length, operands, strides);
    }
}

static void scan_piece(const scan_job *job, char *const *data, int64_t width, int64_t piece, char *carry)
{
    int64_t length = piece_length(job, piece), column = column_stride(job, 0), out_column = column_stride(job, 1);
    char *operands[] = {piece_data(job, data, 0, piece), carry, piece_data(job, data, 1, piece)};
    if (job->across) {
        const int64_t strides[] = {column, 1, out_column, job->step[0], 0, job->step[1]};
        aot_run_kernel(job->scan, length, width, operands, strides);
    } else {
        const int64_t strides[] = {job->step[0], 0, job->step[1], column, 1, out_column};
        aot_run_kernel(job->scan, width, length, operands, strides);
    }
}

/* Rows of the tree are counted from 1: row k holds the total of as many pieces up to the k-th one as the largest
 * power of two that divides k. This completes row k, which holds the total of its piece. */
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

/* All pieces of a tile of columns, on one thread. `tree` has a row for each piece, and one for the carry. */
static void scan_tile(const scan_job *job, int64_t tile, char *tree)
{
    char *data[2];
    int64_t width = seek(job, tile, data);
    for (int64_t piece = 0; piece < job->pieces; piece++) {
        prefix(job, width, piece, tree, tree); /* row 0 is free */
        if (piece + 1 < job->pieces) { /* before the piece is scanned, which may be in place */
            fold_piece(job, data, width, piece, tree + (size_t)(piece + 1) * job->row_bytes);
            complete(job, width, piece + 1, tree);
        }
        scan_piece(job, data, width, piece, tree);
    }
}

/* The same over threads; `carries` has a row for each thread. */
static void scan_tile_in_parallel(const scan_job *job, int64_t tile, char *tree, char *carries, int threads)
{
    char *data[2];
    int64_t width = seek(job, tile, data);
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(threads)
#endif
    for (int64_t piece = 0; piece < job->pieces - 1; piece++) {
        fold_piece(job, data, width, piece, tree + (size_t)(piece + 1) * job->row_bytes);
    }
    for (int64_t k = 1; k < job->pieces; k++) {
        complete(job, width, k, tree);
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(threads)
#endif
    for (int64_t piece = 0; piece < job->pieces; piece++) {
        char *carry = carries;
#ifdef _OPENMP
        carry += (size_t)omp_get_thread_num() * job->row_bytes;
#endif
        prefix(job, width, piece, tree, carry);
        scan_piece(job, data, width, piece, carry);
    }
    (void)threads;
}

/* Runs all tiles over threads; false if there is no memory for the trees. */
static bool run(const scan_job *job, int threads, bool release)
{
    size_t of_tree = (size_t)(job->pieces + 1) * job->row_bytes;
    bool share_tiles = job->tiles >= threads;
    size_t total = share_tiles ? of_tree * (size_t)threads : of_tree + (size_t)threads * job->row_bytes;
    char small[4096];
    char *memory = total + AOT_ALIGNMENT <= sizeof small ? small : PyMem_Malloc(total + AOT_ALIGNMENT);
    if (memory == NULL) {
        return false;
    }
    char *trees = memory + AOT_ALIGNMENT - (uintptr_t)memory % AOT_ALIGNMENT;
    if (threads > 1) {
        aot_threads_begin();
    }
    PyThreadState *saved = release ? PyEval_SaveThread() : NULL;
    for (int64_t tile = 0; tile < job->tiles && !share_tiles; tile++) {
        scan_tile_in_parallel(job, tile, trees, trees + of_tree, threads);
    }
#ifdef _OPENMP
    if (share_tiles && threads > 1) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (int64_t tile = 0; tile < job->tiles; tile++) {
            scan_tile(job, tile, trees + (size_t)omp_get_thread_num() * of_tree);
        }
    }
#endif
    for (int64_t tile = 0; tile < job->tiles && threads == 1; tile++) {
        scan_tile(job, tile, trees);
    }
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    if (memory != small) {
        PyMem_Free(memory);
    }
    return true;
}

int aot_scan(aot_state *state, const aot_variant *variant, const aot_view *views, int ndim, const Py_ssize_t *shape,
             int axis)
{
    scan_job job = {.start = variant->constants[AOT_CONSTANT_INITIAL], .length = shape[axis]};
    int level = state->level, result = variant->dtypes[1];
    int64_t total = shape[axis], rank = 0;
    for (int other = 0; other < ndim; other++) {
        if (other != axis) {
            job.lengths[rank] = shape[other];
            job.strides[0][rank] = views[0].strides[other];
            job.strides[1][rank++] = views[1].strides[other];
            total *= shape[other];
        }
    }
    if (total == 0) {
        return 0;
    }
    if (rank > 0) {
        int64_t tile[2];
        void *exception = NULL;
        aot_builtin_planners[level](&rank, &exception, rank, 2, job.lengths, job.strides[0], tile);
    }
    job.rank = (int)rank;
    job.scan = variant->kernels[level];
    job.fold = variant->fold[level];
    job.combine = variant->combine[level];
    job.fill = aot_builtin_convert[result][result][level];
    for (int k = 0; k < 2; k++) {
        job.itemsizes[k] = aot_dtypes[variant->dtypes[k]].itemsize;
        job.data[k] = views[k].data;
        job.step[k] = views[k].strides[axis];
    }
    /* across rows where that walks along memory, and there are enough columns for whole vectors */
    int64_t columns = rank > 0 ? job.lengths[rank - 1] : 1;
    int64_t column = column_stride(&job, 0), step = job.step[0];
    job.across = columns >= 8 && (column < 0 ? -column : column) < (step < 0 ? -step : step);
    bool contiguous = job.step[0] == 1 && job.step[1] == 1;
    job.piece = aot_smaller(job.length, job.across ? COLUMN_PIECE : contiguous ? ROW_PIECE : STRIDED_PIECE);
    job.pieces = (job.length + job.piece - 1) / job.piece;
    job.width = aot_smaller(columns, job.across ? WIDTH : 1 + ROW_PIECE / job.piece);
    job.row_bytes = ((size_t)(job.width * job.itemsizes[1]) + AOT_ALIGNMENT - 1) / AOT_ALIGNMENT * AOT_ALIGNMENT;
    job.tiles = (columns + job.width - 1) / job.width;
    for (int other = 0; other < job.rank - 1; other++) {
        job.tiles *= job.lengths[other];
    }
    int64_t shares = job.tiles > job.pieces ? job.tiles : job.pieces; /* more threads would have nothing to do */
    /* a running sum waits for the addition before, and so takes as long as a long function */
    int threads = (int)aot_smaller(aot_threads(state, total, AOT_SHARED_IF_COMPUTE_BOUND), shares);
    if (job.tiles >= threads && aot_dtypes[result].category < AOT_CATEGORY_FLOAT) {
        /* integers give the same bits in any order: one after another, each is read once */
        job.piece = job.length;
        job.pieces = 1;
    }
    if (!run(&job, threads, total >= AOT_GRAIN)) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
