/* Launching kernels: from operands over an iteration space to kernel calls over two-dimensional tiles. In Python:
 *
 *     def launch(kernel, views, shape):
 *         shape, strides, tile = plan(shape, [view.strides for view in views])
 *         grid = all but the last two axes, and the last two cut into pieces of the tile's size
 *         for index in parallel(grid):
 *             kernel(size of the tile, [pack(view.data + index @ steps) for ...], strides of the last two axes)
 *
 * Elements are independent of each other, so threads may share out the tiles in any way.
 */
#include "native.h"

#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define STREAMS 1
#else
#define STREAMS 0
#endif

/* A kernel's turn to a new row costs as much as some 10 elements. */
#define NARROW 16

/* Pieces of a launch for each thread, so that the last one to finish has little left to do. */
#define SHARES 8

/* Elements of a tile whose operands are packed: 16 KiB of float64. */
#define PACKED_ELEMENTS 2048
/* And of one whose operands are cast and contiguous. */
#define CAST_ELEMENTS 1024
/* Packed operands of up to so many bytes lie on the stack, which is also the room for them where memory is short. */
#define STACK_BYTES 4096
/* Fewer elements than these are not worth the packing. */
#define FEWEST_PACKED 256
/* So few elements are copied without a launch. */
#define FEW 256

/* A launch that reads and writes more than this writes its output past the caches, where it would not stay anyway:
 * through them a processor reads each line before it writes it, a fourth of the traffic of an addition. Of 2e6 float64
 * additions with 48 MB gain a tenth so, negations with 32 MB nothing; with 16 MB they take 1.4 times as long. */
#define STREAMED_BYTES ((int64_t)32 << 20)
/* Bytes that are computed before they are written so: few enough for the processor to read on meanwhile. 1e7 float64
 * are added in 6.5 ms by 1 or 2 KiB, in 7.9 by 4 KiB, in 12.5 by 16 KiB, and in 8.3 through the caches. */
#define STREAMED_PIECE 2048
#define LINE 64

/* An operand that the kernel gets as contiguous memory, copied or cast there before, or back after. */
typedef struct {
    int operand;
    aot_kernel copy;
    int64_t strides[2]; /* of the operand along the tile's inner and outer axis */
    int64_t packed[2];  /* of its packed form; 0 where it is repeated, and packed once */
} packed_operand;

/* An iteration space cut into tiles: what one call of a kernel covers. */
typedef struct {
    aot_kernel kernel;
    int operands;
    int outputs;                    /* the last ones of the operands */
    int rank;                       /* axes of the grid of tiles, of which the last two cut the tile's own axes */
    int64_t counts[AOT_MAX_RANK + 1];                  /* tiles along each axis of the grid */
    int64_t steps[AOT_MAX_OPERANDS][AOT_MAX_RANK + 1]; /* bytes from a tile to the next one */
    int64_t lengths[2];                                /* of the whole space along the tile's outer and inner axis */
    int64_t sizes[2];                                  /* of a tile along them */
    int64_t strides[2 * AOT_MAX_OPERANDS];             /* for the kernel */
    char *data[AOT_MAX_OPERANDS];
    int64_t itemsizes[AOT_MAX_OPERANDS]; /* of the elements that the kernel gets */
    int n_packed;
    packed_operand packed[AOT_MAX_OPERANDS];
    size_t packed_bytes;            /* room for one packed operand */
    bool streams;                   /* the output is written past the caches */
    bool is_row;                    /* the tile's rows follow each other in all operands: one row for the kernel */
} tiling;

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Copies between an operand's tile and its packed form, the longer axis inside. */
static void copy_packed(const packed_operand *packing, int64_t n0, int64_t n1, char *operand, char *packed, bool back)
{
    char *data[] = {back ? packed : operand, back ? operand : packed};
    const int64_t inner[] = {packing->strides[0], packing->packed[0]};
    const int64_t outer[] = {packing->strides[1], packing->packed[1]};
    n1 = inner[1] == 0 ? 1 : n1;
    n0 = outer[1] == 0 ? 1 : n0;
    if (n1 < NARROW && n0 > n1) {
        const int64_t strides[] = {outer[back], outer[!back], inner[back], inner[!back]};
        aot_run_kernel(packing->copy, n1, n0, data, strides);
    } else {
        const int64_t strides[] = {inner[back], inner[!back], outer[back], outer[!back]};
        aot_run_kernel(packing->copy, n0, n1, data, strides);
    }
}

/* Writes bytes past the caches: whole lines, since parts of a line would each go to memory by themselves. */
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

/* Runs the kernel on one tile, a piece at a time, and writes each past the caches. */
static void run_streaming(const tiling *tiles, int64_t n0, int64_t n1, char *const *data)
{
    _Alignas(LINE) char results[STREAMED_PIECE];
    char *operands[AOT_MAX_OPERANDS];
    int out = tiles->operands - 1;
    const int64_t *inner = tiles->strides, *outer = tiles->strides + tiles->operands;
    int64_t size = tiles->itemsizes[out], strides[2 * AOT_MAX_OPERANDS];
    int64_t width = aot_smaller(n1, STREAMED_PIECE / size), rows = aot_smaller(n0, STREAMED_PIECE / size / width);
    memcpy(strides, tiles->strides, 2 * (size_t)tiles->operands * sizeof *strides);
    strides[out + tiles->operands] = width;
    operands[out] = results;
    for (int64_t i = 0; i < n0; i += rows) {
        int64_t here = aot_smaller(rows, n0 - i);
        /* pieces of a row end where lines of the output do */
        uintptr_t row = (uintptr_t)(data[out] + i * outer[out] * size);
        int64_t past = width < n1 ? (int64_t)(row % LINE) / size : 0;
        for (int64_t j = 0, end = aot_smaller(width - past, n1); j < n1; j = end, end = aot_smaller(end + width, n1)) {
            for (int k = 0; k < out; k++) {
                operands[k] = data[k] + (i * outer[k] + j * inner[k]) * tiles->itemsizes[k];
            }
            aot_run_kernel(tiles->kernel, here, end - j, operands, strides);
            for (int64_t r = 0; r < here; r++) {
                stream(data[out] + ((i + r) * outer[out] + j) * size, results + r * width * size, (end - j) * size);
            }
        }
    }
}

/* Runs the kernel on one tile. `scratch` is room for the packed operands; `from` and `rows` say what is in there. */
static void run_tile(const tiling *tiles, int64_t n0, int64_t n1, char *const *data, char *scratch,
                     const char **from, int64_t *rows)
{
    char *operands[AOT_MAX_OPERANDS];
    int first_out = tiles->operands - tiles->outputs;
    memcpy(operands, data, (size_t)tiles->operands * sizeof *operands);
    for (int p = 0; p < tiles->n_packed; p++) {
        const packed_operand *packing = &tiles->packed[p];
        int k = packing->operand;
        operands[k] = scratch + (size_t)p * tiles->packed_bytes;
        if (k < first_out && (from[p] != data[k] || rows[p] < n0 || n1 < tiles->sizes[1])) { /* not what is there already */
            copy_packed(packing, n0, n1, data[k], operands[k], false);
            from[p] = n1 < tiles->sizes[1] ? NULL : data[k];
            rows[p] = n0;
        }
    }
    int64_t kernel_rows = tiles->is_row ? 1 : n0, length = tiles->is_row ? n0 * n1 : n1;
    if (tiles->streams) {
        run_streaming(tiles, kernel_rows, length, operands);
        return;
    }
    aot_run_kernel(tiles->kernel, kernel_rows, length, operands, tiles->strides);
    for (int p = 0; p < tiles->n_packed; p++) {
        int k = tiles->packed[p].operand;
        if (k >= first_out) {
            copy_packed(&tiles->packed[p], n0, n1, data[k], operands[k], true);
        }
    }
}

/* Runs the tiles from `first` up to, not including, `last`, counted in row-major order over the grid. */
static void run_tiles(const tiling *tiles, int64_t first, int64_t last, char *scratch)
{
    int64_t index[AOT_MAX_RANK + 1], rows[AOT_MAX_OPERANDS];
    char *data[AOT_MAX_OPERANDS];
    const char *from[AOT_MAX_OPERANDS] = {NULL};
    memcpy(data, tiles->data, (size_t)tiles->operands * sizeof *data);
    int64_t rest = first;
    for (int axis = tiles->rank - 1; axis >= 0; axis--) {
        index[axis] = rest % tiles->counts[axis];
        rest /= tiles->counts[axis];
        for (int k = 0; k < tiles->operands; k++) {
            data[k] += index[axis] * tiles->steps[k][axis];
        }
    }
    int a0 = tiles->rank - 2, a1 = tiles->rank - 1;
    for (int64_t tile = first; tile < last; tile++) {
        int64_t n0 = aot_smaller(tiles->sizes[0], tiles->lengths[0] - index[a0] * tiles->sizes[0]);
        int64_t n1 = aot_smaller(tiles->sizes[1], tiles->lengths[1] - index[a1] * tiles->sizes[1]);
        run_tile(tiles, n0, n1, data, scratch, from, rows);
        for (int axis = a1; axis >= 0; axis--) {
            bool wraps = ++index[axis] == tiles->counts[axis];
            int64_t by = wraps ? 1 - tiles->counts[axis] : 1;
            for (int k = 0; k < tiles->operands; k++) {
                data[k] += by * tiles->steps[k][axis];
            }
            if (!wraps) {
                break;
            }
            index[axis] = 0;
        }
    }
#if STREAMS
    if (tiles->streams) {
        _mm_sfence(); /* such writes are not ordered with the one that tells another thread of their end */
    }
#endif
}

static void run_all(const tiling *tiles, int64_t count, int threads, char *scratch)
{
#ifdef _OPENMP
    if (threads > 1) {
        /* whoever is free takes the next share: on machines with other work, threads are not equally fast */
        int64_t shares = aot_smaller(count, SHARES * (int64_t)threads);
        aot_threads_begin();
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (int64_t share = 0; share < shares; share++) {
            size_t here = (size_t)omp_get_thread_num() * (size_t)tiles->n_packed;
            run_tiles(tiles, count / shares * share + aot_smaller(share, count % shares),
                      count / shares * (share + 1) + aot_smaller(share + 1, count % shares),
                      scratch + here * tiles->packed_bytes);
        }
        return;
    }
#endif
    (void)threads;
    run_tiles(tiles, 0, count, scratch);
}

/* Why an operand should be packed: it walks across the output's cache lines, its steps keep the kernel from using whole
 * vectors (which only compute-bound operators gain from), or its narrow rows do not follow each other. */
static bool wants_packing(const tiling *tiles, int k, bool narrow, bool compute_bound)
{
    int64_t inner = tiles->strides[k], outer = tiles->strides[tiles->operands + k];
    if (narrow) {
        return !(inner == 1 && outer == tiles->sizes[1]) && !(inner == 0 && outer == 0);
    }
    bool strided = inner != 1 && inner != 0, is_out = k >= tiles->operands - tiles->outputs;
    return strided && (compute_bound || (outer == 1 && !is_out));
}

/* Whether the output should be written past the caches: it is the only one, large, contiguous along rows of whole lines,
 * or of many, and not an input as well. */
static bool wants_streaming(const tiling *tiles, const aot_view *views, int64_t rank, const int64_t *lengths,
                            int64_t (*strides)[AOT_MAX_RANK], bool narrow)
{
    int out = tiles->operands - 1;
    int64_t bytes = 0, written = 0;
    for (int k = 0; k <= out; k++) {
        written = tiles->itemsizes[k];
        for (int axis = 0; axis < rank; axis++) {
            written *= strides[k][axis] == 0 ? 1 : lengths[axis];
        }
        bytes += written;
        if (k < out && views[k].data == views[out].data) {
            return false;
        }
    }
    int64_t width = tiles->sizes[1] * tiles->itemsizes[out], row = tiles->strides[tiles->operands + out];
    bool lines = ((uintptr_t)views[out].data | (uintptr_t)(row * tiles->itemsizes[out]) | (uintptr_t)width) % LINE == 0;
    bool in_order = narrow ? row == tiles->sizes[1] : lines || width >= 2 * STREAMED_PIECE;
    return STREAMS && tiles->outputs == 1 && bytes > STREAMED_BYTES && written >= bytes / 8 && tiles->strides[out] == 1 && in_order;
}

/* Decides what is packed: operands that are cast, and those that want it if `packs`. */
static void choose_packed(const aot_state *state, tiling *tiles, const uint8_t *dtypes, const aot_view *views, bool packs,
                          bool narrow, bool compute_bound)
{
    int64_t *inner = tiles->strides, *outer = tiles->strides + tiles->operands;
    int first_out = tiles->operands - tiles->outputs;
    tiles->n_packed = 0;
    tiles->is_row = packs && narrow;
    for (int k = 0; k < tiles->operands; k++) {
        if (views[k].dtype != dtypes[k] || (packs && wants_packing(tiles, k, narrow, compute_bound))) {
            int from = k < first_out ? views[k].dtype : dtypes[k], to = k < first_out ? dtypes[k] : views[k].dtype;
            packed_operand *packing = &tiles->packed[tiles->n_packed++];
            packing->operand = k;
            packing->copy = aot_builtin_convert[from][to][state->level];
            packing->strides[0] = inner[k];
            packing->strides[1] = outer[k];
            /* in a single row, an operand is repeated everywhere or nowhere */
            bool repeats[] = {inner[k] == 0 && !(tiles->is_row && outer[k] != 0),
                              outer[k] == 0 && !(tiles->is_row && inner[k] != 0)};
            packing->packed[0] = repeats[0] ? 0 : 1;
            packing->packed[1] = repeats[1] ? 0 : repeats[0] ? 1 : tiles->sizes[1];
            inner[k] = packing->packed[0];
            outer[k] = packing->packed[1];
        }
    }
}

void aot_launch(aot_state *state, const aot_kernel *kernels, const uint8_t *dtypes, int inputs, int outputs,
                const aot_view *views, int ndim, const Py_ssize_t *shape, bool compute_bound)
{
    int operands = inputs + outputs;
    int64_t lengths[AOT_MAX_RANK];
    int64_t strides[AOT_MAX_OPERANDS][AOT_MAX_RANK];
    int64_t total = 1;
    for (int axis = 0; axis < ndim; axis++) {
        if (shape[axis] == 0) {
            return;
        }
        lengths[axis] = shape[axis];
        total *= shape[axis];
    }
    for (int k = 0; k < operands; k++) {
        for (int axis = 0; axis < ndim; axis++) {
            strides[k][axis] = views[k].strides[axis];
        }
    }
    int64_t rank = ndim, tile[2] = {INT64_MAX, INT64_MAX};
    if (ndim > 1) {
        void *exception = NULL;
        aot_builtin_planners[state->level](&rank, &exception, ndim, operands, lengths, strides[0], tile);
    }
    int64_t n0 = rank >= 2 ? lengths[rank - 2] : 1, n1 = rank >= 1 ? lengths[rank - 1] : 1;
    tiling tiles;
    bool strided = false, casts = false;
    for (int k = 0; k < operands; k++) {
        tiles.data[k] = views[k].data;
        tiles.itemsizes[k] = aot_dtypes[dtypes[k]].itemsize;
        tiles.strides[k] = rank >= 1 ? strides[k][rank - 1] : 0;
        tiles.strides[operands + k] = rank >= 2 ? strides[k][rank - 2] : 0;
        strided = strided || (tiles.strides[k] != 0 && tiles.strides[k] != 1);
        casts = casts || views[k].dtype != dtypes[k];
    }
    bool crossing = tile[0] < INT64_MAX / 2, worth_packing = total >= FEWEST_PACKED;
    bool narrow = worth_packing && n1 < NARROW && n0 >= 4 * n1;
    bool packs = narrow || (worth_packing && strided && (compute_bound || crossing));
    bool copies = kernels == aot_builtin_convert[dtypes[0]][dtypes[0]];
    if (copies) {
        packs = narrow = false; /* copy kernels transpose on their own, and packing itself uses them */
    }
    if ((packs || casts) && !crossing) {
        int64_t most = packs ? PACKED_ELEMENTS : CAST_ELEMENTS;
        tile[1] = aot_smaller(n1, most);
        tile[0] = most / tile[1];
    }
    int threads = aot_threads(state, total, compute_bound ? AOT_SHARED_IF_COMPUTE_BOUND : AOT_SHARED);
    if (threads > 1) {
        /* in whole cache lines */
        int64_t most = divide_up(divide_up(total, SHARES * (int64_t)threads), 64) * 64;
        tile[1] = aot_smaller(aot_smaller(tile[1], n1), most);
        tile[0] = aot_smaller(tile[0], divide_up(most, tile[1]));
    }
    if (rank < 3 && n0 <= tile[0] && n1 <= tile[1] && total < AOT_GRAIN && !packs && !casts) {
        aot_run_kernel(kernels[state->level], n0, n1, tiles.data, tiles.strides);
        return;
    }
    tiles.kernel = kernels[state->level];
    tiles.operands = operands;
    tiles.outputs = outputs;
    tiles.lengths[0] = n0;
    tiles.lengths[1] = n1;
    tiles.sizes[0] = aot_smaller(n0, tile[0]);
    tiles.sizes[1] = aot_smaller(n1, tile[1]);
    int64_t steps[2 * AOT_MAX_OPERANDS]; /* in memory, along the tile's axes */
    memcpy(steps, tiles.strides, 2 * (size_t)operands * sizeof *steps);
    /* compute-bound kernels gain nothing, since they compute while the memory is busy; A + A.T loses a tenth */
    tiles.streams = !compute_bound && (copies || !crossing) && views[operands - 1].dtype == dtypes[operands - 1] &&
                    wants_streaming(&tiles, views, rank, lengths, strides, narrow);
    choose_packed(state, &tiles, dtypes, views, packs, narrow, compute_bound);
    _Alignas(AOT_ALIGNMENT) char stack[STACK_BYTES];
    char *scratch = stack, *allocated = NULL;
    tiles.packed_bytes = (size_t)(tiles.sizes[0] * tiles.sizes[1]) * sizeof(aot_element);
    if (tiles.n_packed > 0 && (threads > 1 || (size_t)tiles.n_packed * tiles.packed_bytes > sizeof stack)) {
        scratch = allocated = PyMem_Malloc((size_t)(tiles.n_packed * threads) * tiles.packed_bytes);
        if (allocated == NULL) { /* no memory: in small pieces, slower but correct */
            scratch = stack;
            threads = 1;
            tiles.sizes[0] = 1;
            tiles.sizes[1] = aot_smaller(tiles.sizes[1], STACK_BYTES / (int64_t)sizeof(aot_element) / tiles.n_packed);
            tiles.packed_bytes = (size_t)tiles.sizes[1] * sizeof(aot_element);
        }
    }
    tiles.rank = rank > 2 ? (int)rank : 2;
    int64_t count = 1;
    for (int axis = 0; axis < tiles.rank; axis++) {
        int own = axis - (tiles.rank - 2); /* 0 and 1: the tile's axes */
        tiles.counts[axis] = own < 0 ? lengths[axis] : divide_up(tiles.lengths[own], tiles.sizes[own]);
        count *= tiles.counts[axis];
        for (int k = 0; k < operands; k++) {
            int64_t step = own < 0 ? strides[k][axis] : steps[own == 1 ? k : operands + k] * tiles.sizes[own];
            tiles.steps[k][axis] = step * aot_dtypes[views[k].dtype].itemsize;
        }
    }
    threads = (int)aot_smaller(threads, count);
    PyThreadState *saved = total < AOT_GRAIN ? NULL : PyEval_SaveThread();
    run_all(&tiles, count, threads, scratch);
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    PyMem_Free(allocated);
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

int aot_check_writable(const aot_tensor *tensor, const char *argument)
{
    if (tensor->storage->readonly) {
        PyErr_Format(PyExc_ValueError, "%s is read-only: its memory belongs to an object that forbids writing", argument);
        return -1;
    }
    return 0;
}

/* Copies a few elements between contiguous tensors of one size, or tensors of one shape and at most two axes; false if they
 * are not such. A launch takes 25 ns more for the former, 150 for the latter. */
static bool copy_few(aot_tensor *target, const aot_tensor *source)
{
    if (source->size != target->size || source->size > FEW) {
        return false;
    }
    int ndim = source->ndim;
    int64_t n0 = 1, n1 = source->size, strides[] = {1, 1, 0, 0}; /* steps of both along n1, then along n0 */
    if (!source->contiguous || !target->contiguous) {
        if (ndim != target->ndim || ndim > 2 || memcmp(source->shape, target->shape, (size_t)ndim * sizeof n1) != 0) {
            return false;
        }
        n0 = ndim > 1 ? source->shape[0] : 1;
        n1 = source->shape[ndim - 1]; /* there is an axis: of none both would be contiguous */
        strides[0] = source->strides[ndim - 1];
        strides[1] = target->strides[ndim - 1];
        strides[2] = source->strides[0];
        strides[3] = target->strides[0];
    }
    char *data[] = {source->data, target->data};
    aot_kernel kernel = aot_builtin_convert[source->dtype][target->dtype][target->state->level];
    aot_run_kernel(kernel, n0, n1, data, strides);
    return true;
}

/* As aot_broadcast_strides, also of a tensor with more axes than its target, if the first ones have one element. */
static bool assigned_strides(const aot_tensor *source, const aot_tensor *target, Py_ssize_t *strides)
{
    aot_tensor trimmed = *source;
    while (trimmed.ndim > target->ndim && *trimmed.shape == 1) {
        trimmed.ndim--;
        trimmed.shape++;
        trimmed.strides++;
    }
    return aot_broadcast_strides(&trimmed, target->ndim, target->shape, strides);
}

int aot_copy(aot_tensor *target, aot_tensor *source)
{
    Py_ssize_t strides[AOT_MAX_RANK];
    if (aot_check_writable(target, "the target") < 0) {
        return -1;
    }
    if (!assigned_strides(source, target, strides)) {
        PyObject *from = aot_tuple_of_sizes(source->ndim, source->shape);
        PyObject *to = aot_tuple_of_sizes(target->ndim, target->shape);
        aot_raise("cannot_assign_shape", "(NN)", from, to);
        return -1;
    }
    if (aot_same_elements(target, source)) {
        return 0;
    }
    if (aot_may_overlap(target, source)) {
        aot_tensor *copy = aot_tensor_new(source->state, source->dtype, source->ndim, source->shape);
        int failed = copy == NULL || aot_copy(copy, source) < 0 || aot_copy(target, copy) < 0;
        Py_XDECREF((PyObject *)copy);
        return failed ? -1 : 0;
    }
    if (copy_few(target, source)) {
        return 0;
    }
    aot_view views[] = {{source->data, strides, source->dtype}, {target->data, target->strides, target->dtype}};
    uint8_t dtypes[] = {source->dtype, target->dtype};
    aot_launch(target->state, aot_builtin_convert[source->dtype][target->dtype], dtypes, 1, 1, views, target->ndim,
               target->shape, false);
    return 0;
}

void aot_fill(aot_tensor *target, aot_element value, int dtype)
{
    aot_view views[] = {{(char *)&value, aot_no_strides, (uint8_t)dtype}, {target->data, target->strides, target->dtype}};
    uint8_t dtypes[] = {(uint8_t)dtype, target->dtype};
    aot_launch(target->state, aot_builtin_convert[dtype][target->dtype], dtypes, 1, 1, views, target->ndim,
               target->shape, false);
}

bool aot_is_number(PyObject *object)
{
    if (PyFloat_CheckExact(object) || PyLong_CheckExact(object)) {
        return true;
    }
    return (PyFloat_Check(object) || PyLong_Check(object)) && !PyObject_CheckBuffer(object); /* bool is an int */
}

int aot_natural_dtype(PyObject *number)
{
    return PyFloat_Check(number) ? AOT_FLOAT64 : PyBool_Check(number) ? AOT_BOOL : AOT_INT64;
}

int aot_element_of(PyObject *number, int dtype, aot_element *element)
{
    element->bits = 0;
    if (dtype == AOT_BOOL) {
        int truth = PyObject_IsTrue(number);
        element->as_bool = truth > 0;
        return truth < 0 ? -1 : 0;
    }
    if (dtype == AOT_INT64) {
        int overflow = 0;
        long long value = 0;
        if (PyFloat_Check(number)) { /* towards zero; a NaN is beyond all bounds */
            double real = PyFloat_AsDouble(number);
            overflow = !(real >= -9223372036854775808.0 && real < 9223372036854775808.0);
            value = overflow ? 0 : (long long)real;
        } else {
            value = PyLong_AsLongLongAndOverflow(number, &overflow);
        }
        if (overflow != 0) {
            aot_raise("out_of_bounds", "(Os)", number, aot_dtypes[dtype].name);
            return -1;
        }
        element->as_int64 = value;
        return value == -1 && PyErr_Occurred() ? -1 : 0;
    }
    double value = PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
            PyErr_Clear();
            aot_raise("out_of_bounds", "(Os)", number, aot_dtypes[dtype].name);
        }
        return -1;
    }
    if (dtype == AOT_FLOAT32) {
        element->as_float32 = (float)value;
    } else {
        element->as_float64 = value;
    }
    return 0;
}
